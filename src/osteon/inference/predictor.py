"""Films → the network's answers, before anything is calibrated or decided.

A release is read with through this, and it is fitted and measured through this: the numbers belong
to what is shipped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from osteon.errors import FilmFault
from osteon.geometry import Letterbox
from osteon.inference.evidence import measure_occlusion
from osteon.inference.guard_network import load_guard_network
from osteon.inference.guards import Verdict, judge, measure_looks
from osteon.inference.network import Network
from osteon.inference.opening import OpenedFilm, open_film, open_in_order, open_one
from osteon.inference.sources import Film
from osteon.radiographs.preparation import fit_letterbox, scale_pixels
from osteon.release import Guards, Preparation
from osteon.sandbox import WorkerPool
from osteon.terms import Floats, Instance, Logit, Pixels8, Reason

BATCH: Final = 8
"""Films in one forward pass."""

Evidence = Literal["learnt map", "in the network", "occlusion", "none"]

_Opened = tuple[str, OpenedFilm | FilmFault]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rejection:
    """A film that was not read.

    Attributes:
        source: How the film is spoken of.
        reasons: Why.
        instance: Of a DICOM film that decoded.
    """

    source: str
    reasons: tuple[Reason, ...]
    instance: Instance | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answer:
    """What the network said of one film.

    Attributes:
        source: How the film is spoken of.
        logit: Of a fracture, not calibrated.
        evidence: In the network's own units, shape `(map rows, map columns)` over its whole
            input; None where none was asked for.
        place: Where the film lies in that input.
        reasons: What was decided about the film before it was read.
        instance: Of a DICOM film.
    """

    source: str
    logit: Logit
    evidence: Floats | None
    place: Letterbox
    reasons: tuple[Reason, ...]
    instance: Instance | None


class Predictor:
    """A network and the guards before it. Safe to use from several threads.

    Args:
        network: The network.
        guards: When it is not asked.
        pool: Where films are opened.
        evidence: How evidence is had, if at all.
    """

    def __init__(
        self, network: Network, guards: Guards, pool: WorkerPool, *, evidence: Evidence
    ) -> None:
        self._network = network
        self._guards = guards
        self._side = load_guard_network(guards.network).side
        self._pool = pool
        self._evidence = evidence

    @property
    def preparation(self) -> Preparation:
        """How films are brought to the network's size."""
        return self._network.card.preparation

    def for_numbers(self) -> "Predictor":
        """Return the same without occlusion, which would cost fifty passes a film."""
        evidence: Evidence = "none" if self._evidence == "occlusion" else self._evidence
        return Predictor(self._network, self._guards, self._pool, evidence=evidence)

    def warm_up(self) -> None:
        """Start a child already, without waiting for it."""
        self._pool.warm_up(open_film)

    def answer(self, film: Film) -> Answer | Rejection:
        """Ask about one film.

        Args:
            film: A path, bytes, an array, a radiograph or a dataset.
        """
        return self._answer_batch([open_one(film, self._pool, self.preparation, side=self._side)])[
            0
        ]

    def predict_many(self, films: Iterable[Film]) -> Iterator[Answer | Rejection]:
        """Ask about films as they come.

        Args:
            films: As for `answer`; taken one by one.

        Yields:
            One answer per film, in order.
        """
        batch: list[_Opened] = []
        for opened in open_in_order(films, self._pool, self.preparation, side=self._side):
            batch.append(opened)
            if len(batch) == BATCH:
                yield from self._answer_batch(batch)
                batch = []
        if batch:
            yield from self._answer_batch(batch)

    def _answer_batch(self, batch: Sequence[_Opened]) -> list[Answer | Rejection]:
        judged = [self._judge(source, opened) for source, opened in batch]
        asked = [one for one in judged if not isinstance(one, Rejection)]
        answers = iter(self._ask([_turn(*one[1:]) for one in asked]))
        results: list[Answer | Rejection] = []
        for one in judged:
            if isinstance(one, Rejection):
                results.append(one)
                continue
            source, opened, place, verdict = one
            logit, evidence = next(answers)
            results.append(
                Answer(
                    source=source,
                    logit=logit,
                    evidence=evidence,
                    place=place,
                    reasons=(*opened.notes, *verdict.reasons),
                    instance=opened.instance,
                )
            )
        return results

    def _judge(
        self, source: str, opened: OpenedFilm | FilmFault
    ) -> Rejection | tuple[str, OpenedFilm, Letterbox, Verdict]:
        if isinstance(opened, FilmFault):
            return Rejection(source=source, reasons=(_give_reason(opened),))
        instance = opened.instance
        if source in {"bytes", "dataset"} and instance and instance.sop_instance_uid:
            source = instance.sop_instance_uid
        verdict = judge(measure_looks(opened.looks, self._guards.network), self._guards)
        if verdict.is_refused:
            reasons = (*opened.notes, *verdict.reasons)
            return Rejection(source=source, reasons=reasons, instance=instance)
        place = fit_letterbox(
            opened.rows, opened.columns, self.preparation, pixel_aspect=opened.pixel_aspect
        )
        return source, opened, place, verdict

    def _ask(self, films: Sequence[Pixels8]) -> list[tuple[Logit, Floats | None]]:
        if not films:
            return []
        prepared = scale_pixels(np.stack(films), self.preparation)
        logits, evidence = self._network.answer(prepared)
        maps: Sequence[Floats | None] = [None] * len(films)
        if self._evidence in {"learnt map", "in the network"} and evidence is not None:
            maps = list(evidence)
        elif self._evidence == "occlusion":
            maps = [
                measure_occlusion(film, float(logit), lambda films: self._network.answer(films)[0])
                for film, logit in zip(prepared, logits, strict=True)
            ]
        return [(Logit(float(logit)), one) for logit, one in zip(logits, maps, strict=True)]


def _give_reason(fault: FilmFault) -> Reason:
    """Return why a film cannot be used, without its address, which the answer has already."""
    if fault.code == "missing":
        return Reason(code=fault.code, text=f"There is no such file. {fault.advice}".strip())
    seen = "" if fault.found is None else f"; found {fault.found}"
    text = f"The film {fault.must}{seen}." + (f" {fault.advice}" if fault.advice else "")
    return Reason(code=fault.code, text=text)


def _turn(opened: OpenedFilm, place: Letterbox, verdict: Verdict) -> Pixels8:
    """Return a film's pixels, a negative turned round; what the letterbox adds stays black."""
    if not verdict.is_inverted:
        return opened.pixels
    pixels = opened.pixels.copy()
    film = np.s_[place.top : place.top + place.rows, place.left : place.left + place.columns]
    pixels[film] = 255 - pixels[film]
    return pixels
