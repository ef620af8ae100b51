"""A loaded release reads films: the one way to read, for users and for evaluation alike.

film → opened in a child → guards → network → calibrated → decided → `Reading`
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt

from osteon.errors import ReleaseDamaged, ReleaseInverted, RunFault
from osteon.inference.answering import Answer, Answerer, Refusal
from osteon.inference.bundled import find_default_release
from osteon.inference.evidence import Place, find_places, lay_on_film, scale_evidence
from osteon.inference.guards import check_guards
from osteon.inference.network import Network, open_session
from osteon.inference.opening import Film
from osteon.radiographs.isolation import ChildPool, Limits
from osteon.radiographs.prepare import scale_pixels
from osteon.release import NetworkCard, Release, ReleaseCard, read_release
from osteon.terms import Finding, Probability, Reading

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
        on_stranger: What is done about what looks like no limb or hip, if not what the release says.

    Raises:
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
        card = NetworkCard(
            recipe=release.card.recipe,
            preparation=release.card.preparation,
            trained_on_phantoms=release.card.trained_on_phantoms,
        )
        network = Network(session, card)
        _test_itself(network, release)
        self._pool = ChildPool(workers=threads, limits=limits or Limits())
        self.answerer = Answerer(network, guards, self._pool, evidence=release.card.evidence.method)
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
            path: The release, such as `wrist.osteon`.
            threads: CPU threads; None takes every core.
            limits: What the reading of one film may use.
            on_inverted: "refuse" a negative, or "correct" it and say so; None as the release says.
            on_stranger: "refuse" what looks like no limb or hip, or "read" it and say so; None as
                the release says.

        Raises:
            FolderNotFound: If there is no such file.
            ReleaseFault: If it is damaged, of another schema, or answers the other way round.
        """  # noqa: DOC502 — the functions called raise them
        return cls(
            read_release(path),
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
        """  # noqa: DOC502 — the functions called raise them
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

    def close(self) -> None:
        """End the child processes that decode films; no film is read after that."""
        self._pool.close()

    def warm_up(self) -> None:
        """Start a child already, without waiting for it."""
        self.answerer.warm_up()

    def read(self, film: Film) -> Reading:
        """Read one film. A fault of the film is no exception but its `Reading`'s reason.

        Args:
            film: A path, a file's bytes, a 2-D array of greys (bright bone), a `Radiograph`, or a
                `pydicom.Dataset`.
        """
        return self.build_reading(self.answerer.answer(film))

    def read_many(self, films: Iterable[Film]) -> Iterator[Reading]:
        """Read films as they come, several at once and a few ahead; memory stays bounded.

        Args:
            films: As for `read`; taken one by one.

        Yields:
            One reading per film, in order.
        """
        for answer in self.answerer.answer_many(films):
            yield self.build_reading(answer)

    def build_reading(self, answer: Answer | Refusal) -> Reading:
        """Calibrate and decide.

        Args:
            answer: Of this release's network.
        """
        if isinstance(answer, Refusal):
            return Reading(
                source=answer.source,
                decision="not read",
                probability=None,
                findings=(),
                evidence=None,
                reasons=answer.reasons,
                release=self._name,
                instance=answer.instance,
            )
        card, place = self.card, answer.place
        probability = float(card.calibrator.calibrate(answer.logit))
        decision = card.operating_points.decide(probability)
        assert answer.evidence is not None  # a release always has some
        evidence = scale_evidence(answer.evidence, card.evidence)
        return Reading(
            source=answer.source,
            decision=decision,
            probability=Probability(probability),
            findings=()
            if decision == "no fracture"
            else self._rate(
                find_places(evidence, place, card.preparation, settings=card.evidence),
                probability,
            ),
            evidence=lay_on_film(evidence, place, card.preparation),
            reasons=answer.reasons,
            release=self._name,
            instance=answer.instance,
        )

    def _rate(self, places: Iterable[Place], film: float) -> tuple[Finding, ...]:
        rule = self.card.evidence.finding
        rated = [
            Finding(
                box=place.box,
                probability=Probability(rule.rate(film, place.peak) if rule else film),
            )
            for place in places
        ]
        return tuple(sorted(rated, key=lambda finding: -finding.probability))


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
