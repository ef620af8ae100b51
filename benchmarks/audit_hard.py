"""Hard pairs: different films of one region in one view, compared without the mercy of a search."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import product
from typing import Any, Final

import numpy as np

from audit_films import Originals, build_table, tell_share
from osteon.audit.duplicates.registration import align_films
from osteon.audit.duplicates.search import Link, compare_films

N_TOLD: Final = 10
"""Pairs with the highest score that are listed."""


def choose_pairs(originals: Originals, n: int, *, seed: int) -> list[tuple[int, int]]:
    """Choose pairs of different pictures, the first film among the chosen ones.

    Args:
        originals: The films.
        n: Pairs wanted; there may be fewer.
        seed: Of the drawing.
    """
    alike = defaultdict(list)
    for number, row in enumerate(originals.rows):
        alike[tuple(sorted(row.body_region)), tuple(sorted(row.view))].append(number)
    rng = np.random.default_rng([seed, 2])
    pairs: dict[tuple[int, int], None] = {}
    pools = {}
    for a in originals.chosen:
        row = originals.rows[a]
        same = np.array(alike[tuple(sorted(row.body_region)), tuple(sorted(row.view))])
        others = same[originals.pictures[same] != originals.pictures[a]]
        pools[a] = rng.permutation(others).tolist()
    # In turns, so that every chosen film is in about as many pairs.
    while len(pairs) < n and any(pools.values()):
        for a, pool in pools.items():
            if pool and len(pairs) < n:
                b = pool.pop()
                pairs[min(a, b), max(a, b)] = None
    return list(pairs)


def measure_pairs(
    originals: Originals, pairs: list[tuple[int, int]], *, workers: int
) -> list[dict[str, Any]]:
    """Compare pairs as the audit does its candidates, by each of their fingerprints.

    Returns:
        For each pair: the films, their score by the first look (None where nothing aligned), and
        whether they were called one picture.
    """

    def compare(pair: tuple[int, int]) -> tuple[float | None, Link | None]:
        score, link = None, None
        prints = (originals.list_prints(number) for number in pair)
        for a, b in product(*prints):
            found = align_films(a, b)
            if found is not None and (score is None or found.fit.score > score):
                score = found.fit.score
            link = link or compare_films(
                pair, (a, b), open_a=originals.open_film, open_b=originals.open_film
            )
        return score, link

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(compare, pairs))
    return [
        {
            "a": originals.rows[a].path,
            "b": originals.rows[b].path,
            "score": score,
            "is_linked": link is not None,
            "link": None if link is None else asdict(link),
        }
        for (a, b), (score, link) in zip(pairs, results, strict=True)
    ]


def tell_pairs(found: list[dict[str, Any]]) -> str:
    """Return how many pairs were called one picture, and those that came nearest."""
    n_linked = sum(pair["is_linked"] for pair in found)
    n_aligned = sum(pair["score"] is not None for pair in found)
    scored = [pair for pair in found if pair["score"] is not None]
    nearest = sorted(scored, key=lambda pair: -pair["score"])[:N_TOLD]
    table = build_table(
        ("film", "film", "score of the first look", "called one picture"),
        [
            (pair["a"], pair["b"], f"{pair['score']:.2f}", "yes" if pair["is_linked"] else "no")
            for pair in nearest
        ],
    )
    return (
        f"{len(found):,} hard pairs: {n_linked} called one picture, "
        f"{tell_share(n_linked, len(found))}; {n_aligned:,} could be aligned at all, the others "
        f"not even roughly.\n\n{table}"
    )
