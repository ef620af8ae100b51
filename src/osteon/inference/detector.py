"""A loaded release reads films: the one way to read, for users and for evaluation alike.

film → opened in a child → guards → network → calibrated → decided → `Reading`
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt

from osteon.errors import ReleaseDamaged, ReleaseInverted, RunFault, SettingsFault
from osteon.inference.bundled import find_default_release, locate_release
from osteon.inference.evidence import lay_on_film, scale_evidence
from osteon.inference.findings import find_contradictions, rate_findings, show_places
from osteon.inference.guards import check_guards
from osteon.inference.network import Network, open_session
from osteon.inference.predictor import Answer, Predictor, Rejection
from osteon.inference.sources import Film, is_stream, list_films
from osteon.radiographs.preparation import scale_pixels
from osteon.release import NetworkCard, Release, ReleaseCard, read_release
from osteon.sandbox import Limits, WorkerPool
from osteon.terms import Probability, Reading

SELF_TEST_TOLERANCES: Final = MappingProxyType({"fp32": 2e-3, "fp16": 0.05, "int8": 0.5})
"""How far a logit may lie from the self-test's: processors round differently, faults do not."""

EVIDENCE_TOLERANCES: Final = MappingProxyType({"fp32": 0.01, "fp16": 0.1, "int8": 0.5})
"""How far evidence may lie from the self-test's, as a share of the highest that counts."""


class Detector:
    """A release, ready to read. Safe to use from several threads.

    Films are decoded in child processes, which start with the first film and end with the detector
    or the program.

    Args:
        release: Checked, as `read_release` returns it.
        threads: CPU threads of the network; None takes every core.
        limits: What the reading of one film may use.
        on_inverted: What is done about a negative, if not what the release says.
        on_stranger: What is done about what looks like no limb or hip, if not what the release
            says.

    Raises:
        TypeError: If it is no release.
        SettingsFault: If an option says something impossible.
        ReleaseDamaged: If the network does not answer as its self-test says.
        ReleaseInverted: If it answers the other way round.
        ReleaseFault: If its guards are not this version's.
    """

    def __init__(
        self,
        release: Release,
        *,
        threads: int | None = None,
        limits: Limits | None = None,
        on_inverted: Literal["refuse", "correct"] | None = None,
        on_stranger: Literal["refuse", "read"] | None = None,
    ) -> None:
        if not isinstance(release, Release):
            raise TypeError(
                "Detector takes a release that was read; a path or a name goes to "
                f"Detector.load(...); found {type(release).__qualname__}"
            )
        _check_options(threads, on_inverted, on_stranger)
        self.card: ReleaseCard = release.card
        guards = release.card.guards
        if on_inverted is not None:
            guards = guards.model_copy(update={"on_inverted": on_inverted})
        if on_stranger is not None:
            guards = guards.model_copy(update={"on_stranger": on_stranger})
        check_guards(guards)
        try:
            session = open_session(release.model, where=release.source, threads=threads)
        except RunFault as fault:
            raise ReleaseDamaged(
                f"{release.source}, model.onnx", "must be a network that ONNX Runtime can run"
            ) from fault
        self._sha256 = release.sha256
        card = NetworkCard(
            recipe=release.card.recipe,
            preparation=release.card.preparation,
            trained_on_phantoms=release.card.trained_on_phantoms,
        )
        network = Network(session, card)
        _test_itself(network, release)
        self._pool = WorkerPool(workers=threads, limits=limits or Limits())
        self.answerer = Predictor(
            network, guards, self._pool, evidence=release.card.evidence.method
        )
        self._name = f"{release.card.name} {release.card.version}"

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        threads: int | None = None,
        limits: Limits | None = None,
        on_inverted: Literal["refuse", "correct"] | None = None,
        on_stranger: Literal["refuse", "read"] | None = None,
    ) -> Self:
        """Return the detector of a release, after every check that it can stand.

        Args:
            path: The release, such as `wrist.osteon`, or `osteon-1` for the one in the package.
            threads: CPU threads; None takes every core.
            limits: What the reading of one film may use.
            on_inverted: "refuse" a negative, or "correct" it and say so; None as the release says.
            on_stranger: "refuse" what looks like no limb or hip, or "read" it and say so; None as
                the release says.

        Raises:
            FolderNotFound: If there is no such file.
            ReleaseFault: If it is damaged, of another schema, or answers the other way round.
        """
        file = locate_release(path)
        return cls(
            read_release(file),
            threads=threads,
            limits=limits,
            on_inverted=on_inverted,
            on_stranger=on_stranger,
        )

    @classmethod
    def default(
        cls,
        *,
        threads: int | None = None,
        limits: Limits | None = None,
        on_inverted: Literal["refuse", "correct"] | None = None,
        on_stranger: Literal["refuse", "read"] | None = None,
    ) -> Self:
        """Return the detector of the release that comes with the package, checked like any other.

        Args:
            threads: CPU threads; None takes every core.
            limits: What the reading of one film may use.
            on_inverted: "refuse" a negative, or "correct" it and say so; None as the release says.
            on_stranger: "refuse" what looks like no limb or hip, or "read" it and say so; None as
                the release says.

        Raises:
            ReleaseMissing: If this Osteon was built without it.
            ReleaseFault: If it is damaged, of another schema, or answers the other way round.
        """
        path = find_default_release()
        return cls.load(
            path,
            threads=threads,
            limits=limits,
            on_inverted=on_inverted,
            on_stranger=on_stranger,
        )

    def __enter__(self) -> Self:
        """Return the detector, whose children end with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the children."""
        self.close()

    @property
    def release_sha256(self) -> str:
        """The SHA-256 of the release's file, as readings hold it."""
        return self._sha256

    def close(self) -> None:
        """End the child processes that decode films; no film is read after that."""
        self._pool.close()

    def warm_up(self) -> None:
        """Start a child already, without waiting for it."""
        self.answerer.warm_up()

    def read(self, film: Film) -> Reading:
        """Read one film. A fault of the film is no exception but its `Reading`'s reason.

        Args:
            film: A path, bytes, a file opened in binary mode, a PIL image, a NumPy array of greys
                (bright bone) of shape `(rows, columns)` or `(rows, columns, 1, 3 or 4)`, a torch
                tensor, a `pydicom.Dataset` or a `Radiograph`.

        Raises:
            TypeError: If it is none of these: a fault of the program, not of a film.
        """
        reading = self.build_reading(self.answerer.answer(film))
        return replace(reading, film=None if is_stream(film) else film)  # a stream is at its end

    def read_many(self, films: Iterable[Film] | str | PathLike[str]) -> Iterator[Reading]:
        """Read films as they come, several at once and a few ahead; memory stays bounded.

        Args:
            films: A folder, a pattern such as `films/*.png`, or an iterable of what `read` takes,
                taken one by one.

        Returns:
            One reading per film, in order, as they come.

        Raises:
            TypeError: If it is none of these, or an element is no film.
            NoFilms: If the folder or pattern holds no film.
        """
        return self._read_each(list_films(films))

    def _read_each(self, films: Iterable[Film]) -> Iterator[Reading]:
        for answer in self.answerer.predict_many(films):
            yield self.build_reading(answer)

    def build_reading(self, answer: Answer | Rejection) -> Reading:
        """Calibrate and decide.

        Args:
            answer: Of this release's network.
        """
        if isinstance(answer, Rejection):
            return Reading(
                source=answer.source,
                decision="not read",
                probability=None,
                findings=(),
                evidence=None,
                reasons=answer.reasons,
                release=self._name,
                instance=answer.instance,
                release_sha256=self._sha256,
                read_at=_now(),
            )
        card, place, settings = self.card, answer.place, self.card.evidence
        how, points = card.preparation, card.operating_points
        probability = float(card.calibrator.calibrate(answer.logit))
        called = points.decide(probability)
        assert answer.evidence is not None  # a release always has some
        evidence = scale_evidence(answer.evidence, settings)
        shown = show_places(evidence, place, how, settings=settings, called=called)
        contradictions = find_contradictions(
            evidence, place, how, settings=settings, called=called, shown=shown
        )
        doubt_from, fracture_from = points.cuts
        return Reading(
            source=answer.source,
            decision=called,
            probability=Probability(probability),
            findings=rate_findings(shown, probability, settings),
            evidence=lay_on_film(evidence, place, how),
            reasons=(*answer.reasons, *contradictions),
            release=self._name,
            instance=answer.instance,
            release_sha256=self._sha256,
            read_at=_now(),
            doubt_from=Probability(doubt_from or 0.0),
            fracture_from=None if fracture_from is None else Probability(fracture_from),
            colours=(settings.shown.low, settings.shown.full),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_options(threads: object, on_inverted: object, on_stranger: object) -> None:
    """Make sure that options say something possible.

    Raises:
        SettingsFault: If one does not.
    """
    is_count = isinstance(threads, int) and not isinstance(threads, bool) and threads >= 1
    if threads is not None and not is_count:
        raise SettingsFault("threads", "must be a whole number from 1, or None", found=threads)
    if on_inverted not in {None, "refuse", "correct"}:
        raise SettingsFault("on_inverted", 'must be "refuse", "correct" or None', found=on_inverted)
    if on_stranger not in {None, "refuse", "read"}:
        raise SettingsFault("on_stranger", 'must be "refuse", "read" or None', found=on_stranger)


def _test_itself(network: Network, release: Release) -> None:
    """Make sure that the network answers as it did when it was released.

    Raises:
        ReleaseDamaged: If it does not.
        ReleaseInverted: If it answers the other way round.
    """
    test, where = release.self_test, f"{release.source}, self-test"
    how = release.card.preparation
    if test.films.shape[1:] != (how.rows, how.columns):
        raise ReleaseDamaged(where, f"its films must be {how.rows} x {how.columns} pixels")
    try:
        logits, evidence = network.answer(scale_pixels(test.films, how))
    except Exception as fault:  # onnxruntime's faults share no base class
        raise ReleaseDamaged(
            where, "the network must take its films", found=type(fault).__name__
        ) from fault
    if logits.shape != test.logits.shape or not np.isfinite(logits).all():
        raise ReleaseDamaged(where, "the network must give one finite logit per film")
    precision = release.card.precision.name
    tolerance = SELF_TEST_TOLERANCES[precision]
    off = _largest(logits - test.logits)
    if off > tolerance and _largest(logits + test.logits) <= tolerance:
        raise ReleaseInverted(
            where,
            "a high logit must mean a fracture",
            found="the self-test's answers with the other sign",
            advice="Its answers would be read the wrong way round; it is not read with.",
        )
    if off > tolerance:
        raise ReleaseDamaged(
            where,
            f"the network must answer within {tolerance:g} of what it answered when released",
            found=off,
            advice="Fetch or export the release again.",
        )
    has_evidence = release.card.evidence.method != "occlusion"
    if has_evidence != (evidence is not None) or (
        evidence is not None and evidence.shape != test.evidence.shape
    ):
        raise ReleaseDamaged(where, "the network must give the evidence that its card says")
    if evidence is not None:
        highest = max(release.card.evidence.scale, _largest(test.evidence))
        if not _largest(evidence - test.evidence) <= EVIDENCE_TOLERANCES[precision] * highest:
            raise ReleaseDamaged(where, "the network must give the evidence it gave when released")


def _largest(values: npt.NDArray[np.float32]) -> float:
    return float(np.abs(values).max())
