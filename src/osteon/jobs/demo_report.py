"""What a demo says: its stages, its numbers, what to open and what to run next."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.collection.groups import COPY_RULES
from osteon.inference.bundled import DEFAULT_RELEASE
from osteon.jobs.audit import PAGE_FILE
from osteon.jobs.evaluate import EvaluationReport
from osteon.phantoms.collection import name_film
from osteon.phantoms.copies import PlantedCopy
from osteon.statistics.proportions import Metric
from osteon.terms import Flaw

SPLIT: Final = "split.parquet"
RELEASE: Final = "demo.osteon"
READINGS: Final = "readings"
"""Of a demo's folder: the collection as it was split, the release, and what was read."""

TWO_LABELS: Final = "same-picture-two-labels"
"""Rule of the audit that names copies of which one must be labelled wrongly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One step of the demo, done.

    Attributes:
        name: What was done.
        words: What came out, in a sentence.
        seconds: It took.
        was_kept: Whether its result was there from an earlier demo.
    """

    name: str
    words: str
    seconds: float
    was_kept: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """Something to look at, or to run, next.

    Attributes:
        what: A path, or a command that can be pasted.
        why: What is seen there, or what it does.
    """

    what: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoReport:
    """What a demo leaves behind.

    Attributes:
        folder: Everything it made.
        is_drawn: Whether the films were phantoms, whose numbers say nothing about patients.
        stages: What was done, in order.
        evaluation: The numbers.
        figures: Every figure of the evaluation.
        readings: Folder of what a release read in some of the test films, with pictures; None
            where there was no release to read with.
        look_at: What to open first.
        next_commands: What to run next.
    """

    folder: Path
    is_drawn: bool
    stages: tuple[Stage, ...]
    evaluation: EvaluationReport
    figures: tuple[Path, ...]
    readings: Path | None
    look_at: tuple[Pointer, ...]
    next_commands: tuple[Pointer, ...]


def describe_hunt(copies: Sequence[PlantedCopy], flaws: Sequence[Flaw], *, n_films: int) -> str:
    """Return in words which of the hidden copies an audit found, and what it took for one besides.

    Args:
        copies: That were hidden.
        flaws: What the audit found.
        n_films: Of the collection without its copies.
    """
    groups = {frozenset(flaw.films) for flaw in flaws if flaw.rule in COPY_RULES}
    disputed = {path for flaw in flaws if flaw.rule == TWO_LABELS for path in flaw.films}
    pairs = [frozenset({name_film(copy.number), name_film(copy.original)}) for copy in copies]
    n_found = sum(any(pair <= films for films in groups) for pair in pairs)
    wrong = {name_film(copy.number) for copy in copies if copy.has_other_label}
    mistaken: set[str] = set()
    for films in groups:
        mistaken |= films - next((pair for pair in pairs if pair <= films), frozenset())
    return (
        f"{n_found} of {len(copies)} hidden copies found, and {len(disputed & wrong)} of "
        f"{len(wrong)} wrong labels among them; of the {n_films:,} different films "
        f"{len(mistaken)} were taken for copies"
    )


def format_number(metric: Metric) -> str:
    """Return a number with its interval."""
    if metric.value is None or metric.interval is None:
        return "not defined"
    return f"{metric.value:.3f} ({metric.interval.low:.3f} to {metric.interval.high:.3f})"


def format_share(metric: Metric) -> str:
    """Return a share in percent with its interval."""
    if metric.value is None or metric.interval is None:
        return "a share that is not defined"
    low, high = 100 * metric.interval.low, 100 * metric.interval.high
    return f"{100 * metric.value:.1f} % ({low:.1f} to {high:.1f} %)"


def choose_pictures(folder: Path, results: Path) -> tuple[Pointer, ...]:
    """Return what is worth opening first, as far as it is there.

    Args:
        folder: Everything that the demo made.
        results: The evaluation's part of it.
    """
    pictures = {
        folder / PAGE_FILE: "what the audit found, with pictures of every copy",
        results / "sample_grid.png": "films of the collection, fractures boxed",
        results / "roc_curve.png": "sensitivity against specificity, with its interval",
        results / "errors_gallery.png": "the films that the network got most wrong",
        folder / READINGS / "overlays": "test films with what the release saw in them",
    }
    there = {path: why for path, why in pictures.items() if path.exists()}
    return tuple(Pointer(what=str(path), why=why) for path, why in there.items())


def choose_commands(folder: Path, out: Path, *, is_drawn: bool) -> tuple[Pointer, ...]:
    """Return what to run next, ready to be pasted.

    Args:
        folder: Everything that the demo made.
        out: The folder that the person named.
        is_drawn: Whether the films were drawn.
    """
    if is_drawn:
        real = "films/fracatlas"
        return (
            Pointer(
                what="osteon read YOUR_FILM",
                why=f"{DEFAULT_RELEASE}, which learnt from real films, reads one of yours",
            ),
            Pointer(
                what=f"osteon inspect {_quote(folder / RELEASE)}",
                why="the card of the network that you have just trained",
            ),
            Pointer(what=f"osteon fetch fracatlas -o {real}", why="real films, free to use"),
            Pointer(
                what=f"osteon demo {real} -o {_quote(out)}",
                why="this demo on them; it takes longer",
            ),
        )
    run = _quote(Path("runs") / folder.name)
    return (
        Pointer(what=f"osteon inspect {DEFAULT_RELEASE}", why="the card of what read your films"),
        Pointer(
            what=f"osteon train seed-cnn4 {_quote(folder / SPLIT)} -o {run}",
            why="a larger network on your films",
        ),
        Pointer(what=f"osteon evaluate {run}", why="what that one is worth"),
    )


def _quote(path: Path) -> str:
    return shlex.quote(path.as_posix())
