"""Are boxes coherent with their films, and do their probabilities come true?

    python benchmarks/box_probabilities.py split.parquet osteon-1 OLD.osteon

Reads the tune and test films once with the first release, and rates what it shows by its own rule
and by that of the second, which must hold the same network: `git show REVISION:PATH > OLD.osteon`
gives the one that was shipped before. Prints Markdown. Tune fitted the rule; test says what it is
worth.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from osteon.collection.manifest import read_manifest
from osteon.evaluation.decisions import decide_films
from osteon.evaluation.marks import maps_of, show
from osteon.evaluation.predictions import Predictions, choose_rows, measure_films
from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.inference.evidence import measure_peak, scale_evidence
from osteon.release import LocalisationSettings, ReleaseCard, read_release
from osteon.statistics.calibration_error import measure_calibration
from osteon.statistics.overlap import is_right

RANGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One box that is shown, with the probability that its rule gives it."""

    film: float
    probability: float
    is_right: bool
    is_best_place: bool
    group: str


def list_boxes(films: Predictions, card: ReleaseCard, rule: LocalisationSettings) -> list[Box]:
    """Return the boxes that a card shows, rated by a rule as it stands, whatever it says.

    Args:
        films: With evidence.
        card: Of the release that shows them.
        rule: The settings whose rule rates them.
    """
    probabilities = card.calibrator.calibrate(films.logits)
    called = decide_films(probabilities, card.operating_points)
    shown = show(films, card.preparation, card.evidence, called=called)
    return [
        Box(
            film=film,
            probability=film if rule.finding is None else rule.finding.rate(film, place.peak),
            is_right=is_right(place.box, row.boxes),
            is_best_place=place.is_best_place,
            group=group,
        )
        for row, group, places, film in zip(
            films.rows, films.groups, shown, probabilities.tolist(), strict=True
        )
        for place in places
    ]


def tell_boxes(name: str, boxes: Sequence[Box]) -> tuple[str, ...]:
    """Return one rule's row: how many boxes are surer than their film, and how wrong they are."""
    rated, hits = [box.probability for box in boxes], [box.is_right for box in boxes]
    measured = measure_calibration(rated, hits, [box.group for box in boxes])
    brier, ece = measured.brier, measured.ece_corrected
    ends = [
        "" if one.interval is None else f" ({one.interval.low:.3f}–{one.interval.high:.3f})"
        for one in (brier, ece)
    ]
    surer = sum(box.probability > box.film for box in boxes)
    return (
        name,
        f"{surer} of {len(boxes)}",
        f"{np.mean(rated):.3f}",
        f"{np.mean(hits):.3f} ({sum(hits)} of {len(boxes)})",
        f"{brier.value:.3f}{ends[0]}",
        f"{ece.value:.3f}{ends[1]}",
    )


def tell_ranges(boxes: Sequence[Box]) -> Iterator[tuple[str, ...]]:
    """Yield how often boxes of each range of probability were right."""
    for low, high in pairwise(RANGES):
        here = [box for box in boxes if low <= box.probability < high]
        if here:
            held = measure_calibration(
                [box.probability for box in here],
                [box.is_right for box in here],
                [box.group for box in here],
                n_bins=1,
                resamples=1,
            ).bins[0]
            assert held.interval is not None
            ends = f"{100 * held.interval.low:.1f}–{100 * held.interval.high:.1f}"
            yield (
                f"{100 * low:.0f} to {100 * high:.0f} %",
                f"{len(here)}",
                f"{100 * np.mean([box.probability for box in here]):.1f} %",
                f"{100 * held.fractured.hits / held.fractured.n:.1f} % ({ends})",
            )


def tell_films(films: Predictions, card: ReleaseCard) -> Iterator[tuple[str, str]]:
    """Yield what is drawn on films, and where the map and the decision disagree."""
    settings, how = card.evidence, card.preparation
    called = decide_films(card.calibrator.calibrate(films.logits), card.operating_points)
    shown = show(films, how, settings, called=called)
    plain = show(films, how, settings, called=["doubt"] * len(called))
    is_fracture = [one == "fracture" for one in called]
    n_called = sum(is_fracture)
    for name, drawn in (("without a finding", plain), ("with nothing drawn", shown)):
        n = sum(one and not boxes for one, boxes in zip(is_fracture, drawn, strict=True))
        yield f'called "fracture", {name}', f"{n} of {n_called}"
    best = [
        is_right(boxes[0].box, row.boxes)
        for row, boxes in zip(films.rows, shown, strict=True)
        if boxes and boxes[0].is_best_place
    ]
    yield "best places that meet a fracture", f"{sum(best)} of {len(best)}"
    peaks = [
        measure_peak(scale_evidence(raw, settings), answer.place, how, settings=settings)
        for answer, raw in zip(films.answers, maps_of(films), strict=True)
    ]
    level = settings.shown.contradiction
    for name, disagrees in (("disagrees", True), ("agrees", False)):
        here = [
            row.has_fracture
            for row, peak, one in zip(films.rows, peaks, called, strict=True)
            if one == "no fracture" and (peak >= level) is disagrees
        ]
        yield (
            f'called "no fracture" whose map {name}, of them fractured',
            f"{len(here)}, {sum(here)} ({100 * np.mean(here):.1f} %)",
        )


def put_table(head: Sequence[str], rows: Rows) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: list[str]) -> int:
    """Read the films, and print what the rules say of them."""
    if len(arguments) != 3:
        print(__doc__)
        return 2
    manifest = read_manifest(Path(arguments[0]))
    old = read_release(locate_release(Path(arguments[2]))).card
    with Detector.load(locate_release(Path(arguments[1]))) as detector:
        card = detector.card
        for split in ("tune", "test"):
            films = measure_films(
                detector.answerer.for_numbers(),
                manifest,
                choose_rows(manifest, split),
                split=split,
            )
            boxes = list_boxes(films, card, card.evidence)
            before = list_boxes(films, card, old.evidence)
            head = (
                "rule",
                "surer than their film",
                "mean",
                "right",
                "Brier",
                "ECE, bias-corrected",
            )
            rows = [tell_boxes(f"before, {split}", before), tell_boxes(f"now, {split}", boxes)]
            print(f"\n## {split}: {len(films.rows)} films\n")
            print(put_table(head, rows), "", sep="\n")
            print(put_table(("probability", "boxes", "mean", "right"), list(tell_ranges(boxes))))
            print("", put_table(("films", split), list(tell_films(films, card))), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
