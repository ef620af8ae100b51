"""How often a certified promise is broken, in worlds whose truth is known.

Run: `python benchmarks/certification.py`. Writes `docs/results/certification.md` (minutes).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.special import logit as to_logit
from scipy.stats import binom, norm

from osteon.evaluation.certification import certify, count_allowed
from osteon.release.decisions import Promise

REPETITIONS: Final = 10_000
PAGE: Final = Path(__file__).parents[1] / "docs" / "results" / "certification.md"

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Films of one class, as a network might answer them.

    Attributes:
        name: In words.
        draw: Probabilities of so many independent pictures.
        share_below: The true share of pictures with a probability below a threshold.
        most_copies: A picture has 1 to so many films, all with its probability.
    """

    name: str
    draw: Callable[[np.random.Generator, int], Floats]
    share_below: Callable[[float], float]
    most_copies: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One line of the table.

    Attributes:
        world: Where films come from.
        n_pictures: Of the class, in each repetition.
        promise: What is certified.
        at_least: The share that is promised.
        by_group: False counts every film, as is never done: to show why.
    """

    world: World
    n_pictures: int
    promise: Promise
    at_least: float
    by_group: bool = True


def make_plateaus(name: str, levels: list[float], shares: list[float]) -> World:
    """Return a world of few probabilities, as isotonic calibration gives them."""
    edges = np.cumsum(shares)

    def draw(rng: np.random.Generator, n: int) -> Floats:
        return np.take(levels, np.searchsorted(edges, rng.random(n)))

    return World(
        name=name,
        draw=draw,
        share_below=lambda threshold: float(np.dot(np.less(levels, threshold), shares)),
    )


def make_worlds() -> tuple[World, ...]:
    """Return smooth worlds, rounded ones, plateaus and copies."""
    return (
        World(
            name="even: any probability as likely as any other",
            draw=lambda rng, n: rng.uniform(1e-9, 1, n),
            share_below=lambda threshold: threshold,
        ),
        World(
            name="sure of most films, wrong about some",
            draw=lambda rng, n: expit(rng.normal(2, 2, n)),
            share_below=lambda threshold: float(norm.cdf((to_logit(threshold) - 2) / 2)),
        ),
        World(
            name="even, rounded to 50 values",
            draw=lambda rng, n: (rng.integers(0, 50, n) + 0.5) / 50,
            share_below=lambda threshold: float(np.mean((np.arange(50) + 0.5) / 50 < threshold)),
        ),
        make_plateaus("four plateaus", [0.05, 0.2, 0.6, 0.9], [0.04, 0.07, 0.30, 0.59]),
        make_plateaus("a cliff just past 0.10", [0.1, 0.8], [0.1001, 0.8999]),
        make_plateaus("a cliff just past 0.05", [0.1, 0.8], [0.0501, 0.9499]),
        World(
            name="even, each picture in 1 to 8 copies",
            draw=lambda rng, n: rng.uniform(1e-9, 1, n),
            share_below=lambda threshold: threshold,
            most_copies=8,
        ),
    )


def count_broken(case: Case, *, seed: int) -> int:
    """Return in how many repetitions the certified threshold breaks its promise.

    Args:
        case: Of the table.
        seed: Equal seeds give equal counts.
    """
    rng = np.random.default_rng(seed)
    is_fractured = case.promise == "sensitivity"
    n_broken = 0
    for _ in range(REPETITIONS):
        pictures = case.world.draw(rng, case.n_pictures)
        n_films = rng.integers(1, case.world.most_copies + 1, case.n_pictures)
        films = np.repeat(pictures, n_films)
        numbers = np.repeat(np.arange(case.n_pictures), n_films)
        films = films if is_fractured else 1 - films  # the same world, seen from the other class
        point = certify(
            films,
            np.full(films.size, is_fractured),
            [f"picture {number}" for number in numbers] if case.by_group else [None] * films.size,
            promise=case.promise,
            at_least=case.at_least,
        )
        if point.threshold is None:
            continue
        threshold = point.threshold if is_fractured else 1 - point.threshold
        n_broken += case.world.share_below(threshold) > 1 - case.at_least
    return n_broken


def list_cases() -> list[Case]:
    """Return the table's lines."""
    worlds = make_worlds()
    cases = [
        Case(world=world, n_pictures=n, promise=promise, at_least=at_least)
        for world in worlds
        for n, promise, at_least in (
            (59, "sensitivity", 0.95),
            (103, "sensitivity", 0.90),
            (400, "specificity", 0.95),
        )
    ]
    careless = Case(
        world=worlds[-1], n_pictures=103, promise="sensitivity", at_least=0.90, by_group=False
    )
    return [*cases, careless]


INTRO: Final = (
    "A release promises a sensitivity and a specificity, each certified at 95 % confidence on test"
    " films that also choose its threshold. Here films are drawn from worlds whose truth is known,"
    " certified by the function that releases are certified with, and the threshold is held"
    " against the truth: the promise is broken where more than 1 - the promised share of all films"
    " of the class would be called wrongly."
)
OUTRO: Final = (
    "Smooth worlds and cliffs come close to the bound that the exact test has for so many films"
    " (4.8 % for 103 films and five misses): the promise is exact, not merely safe. Plateaus move"
    " together, so that most of them break it less often."
)


def build_page(lines: list[tuple[Case, int]], seconds: float) -> str:
    """Return the page.

    Args:
        lines: Each case with its count.
        seconds: That all took.
    """
    most = float(binom.ppf(0.999, REPETITIONS, 0.05)) / REPETITIONS
    worst = max(n for case, n in lines if case.by_group) / REPETITIONS
    found = (
        f"{REPETITIONS:,} repetitions each. Broken in no more than 5 % is what is promised; up to"
        f" {100 * most:.2f} % is within what an honest simulation of so many repetitions shows once"
        f" in a thousand times. The largest here is {100 * worst:.2f} %, with one film asked of"
        " each group. The last line is what is never done."
    )
    rows = [
        f"| {case.world.name}{'' if case.by_group else ', **each copy counted as a film**'}"
        f" | {case.promise} {case.at_least:.2f} | {case.n_pictures}"
        f" | {_say_allowed(case)} | {100 * n / REPETITIONS:.2f} % |"
        for case, n in lines
    ]
    made = f"Made by `python benchmarks/certification.py` in {seconds:.0f} s."
    head = "| world | promise | pictures | misses allowed | broken in |\n|---|---|---|---|---|"
    title = "# How often a certified promise is broken"
    table = "\n".join([head, *rows])
    return f"{title}\n\n{INTRO}\n\n{found}\n\n{table}\n\n{OUTRO}\n\n{made}\n"


def _say_allowed(case: Case) -> str:
    if not case.by_group:
        return "more than it may"
    return str(count_allowed(case.n_pictures, case.at_least))


def main() -> None:
    """Run every case and write the page."""
    start = time.perf_counter()
    lines = []
    for seed, case in enumerate(list_cases()):
        lines.append((case, count_broken(case, seed=seed)))
        print(case.world.name, case.promise, case.n_pictures, lines[-1][1] / REPETITIONS)
    PAGE.write_text(build_page(lines, time.perf_counter() - start), "utf-8")


if __name__ == "__main__":
    main()
