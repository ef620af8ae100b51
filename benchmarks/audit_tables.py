"""The tables of what was planted: by kind and strength, and over all."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from audit_films import Originals, build_table, tell_share
from audit_planted import Found

HEAD = (
    "what was done",
    "strength",
    "recall",
    "lost in search",
    "lost in comparing",
    "false links",
    "angle off by, °",
    "scale off by, %",
    "place off by, px",
    f"pHash ≤ {10}",
    f"pHash ≤ {10}, 8 orientations",
)

_RESAMPLES = 2000


def tell_kinds(found: Sequence[Found]) -> str:
    """Return one line for each kind of copy."""
    lines = []
    for kind in found:
        n = len(kind.is_hit)
        met = int(kind.is_met.sum())
        off = [tell_error(kind.errors[:, column]) for column in range(3)]
        hashed = [tell_share(int((own <= 10).sum()), n) for own in kind.distances.own]
        lines.append(
            [
                kind.kind.name,
                kind.kind.strength or "–",
                tell_share(int(kind.is_hit.sum()), n),
                str(n - met),
                str(met - int(kind.is_hit.sum())),
                str(int(kind.n_false.sum())),
                *off,
                *hashed,
            ]
        )
    return build_table(HEAD, lines)


def tell_error(errors: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Return the median and the 95th percentile."""
    if not len(errors):
        return "–"
    return f"{np.median(errors):.2f} ({np.percentile(errors, 95):.2f})"


def tell_overall(found: Sequence[Found]) -> str:
    """Return recall and precision over all copies, with both kinds of intervals."""
    parts: dict[str, Callable[[Found], bool]] = {
        "all copies": lambda _: True,
        "single steps": lambda kind: not kind.kind.is_combined,
        "combined": lambda kind: kind.kind.is_combined,
    }
    lines = []
    for name, belongs in parts.items():
        own = [kind for kind in found if belongs(kind)]
        if not own:
            continue
        hits = np.stack([kind.is_hit for kind in own])
        true, false = (np.stack([getattr(k, of) for k in own]) for of in ("n_true", "n_false"))
        n_links = int((true + false).sum())
        lines.append(
            [
                name,
                f"{hits.size:,}",
                tell_share(int(hits.sum()), hits.size),
                resample(hits.sum(axis=0), np.full(hits.shape[1], len(own))),
                f"{n_links:,}",
                tell_share(int(true.sum()), n_links),
                resample(true.sum(axis=0), (true + false).sum(axis=0)),
            ]
        )
    head = ("", "copies", "recall", "films resampled", "links", "precision", "films resampled")
    return build_table(head, lines)


def resample(
    hits: np.ndarray[Any, np.dtype[np.int64]], of: np.ndarray[Any, np.dtype[np.int64]]
) -> str:
    """Return the interval of a share when whole films are drawn again, with all their copies.

    Args:
        hits: Of each film.
        of: Out of how many.
    """
    if not of.sum():
        return "–"
    drawn = np.random.default_rng(0).integers(len(hits), size=(_RESAMPLES, len(hits)))
    whole = of[drawn].sum(axis=1)
    shares = 100 * hits[drawn].sum(axis=1)[whole > 0] / whole[whole > 0]
    low, high = np.percentile(shares, [2.5, 97.5])
    return f"{low:.2f}–{high:.2f} %"


def tell_collection(originals: Originals) -> str:
    """Return what the copies were planted among."""
    n_joined = len(originals.rows) - int(originals.pictures.max() + 1)
    return (
        f"{len(originals.rows):,} films with different bytes are searched; {len(originals.links)} "
        f"links join {n_joined} of them to others before anything is planted. Measured on "
        f"{len(originals.chosen)} films; {originals.n_left_out} more were drawn and left out, as "
        "copies of chosen ones. Intervals of 95 %: Wilson's, as if copies of one film were "
        "independent, and of 2,000 draws of whole films. Errors: median (95th percentile)."
    )


def tell_false(found: Sequence[Found]) -> str:
    """Return every link between two pictures."""
    links = [link for kind in found for link in kind.false_links]
    if not links:
        return "No false link."
    lines = [
        (
            link["kind"],
            link["strength"],
            link["a"],
            link["b"],
            f"{link['residual']:.3f}",
            f"{link['overlap']:.2f}",
        )
        for link in links
    ]
    return build_table(("what was done", "strength", "a", "b", "residual", "overlap"), lines)


def tell_union(whole: dict[str, Any]) -> str:
    """Return what the audit itself made of all copies of some films at once."""
    lines = [f"- {link['a']} and {link['b']}" for link in whole["false_links"]]
    said = (
        f"All kinds of copies of {whole['n_films']} films at once, by `find_copies` itself: "
        f"{tell_share(whole['n_hits'], whole['n_copies'])} of {whole['n_copies']:,} copies are in "
        f"the group of their film; {whole['n_false']} of {whole['n_links']:,} links are false."
    )
    return "\n".join([said, *lines])


def as_json(kind: Found) -> dict[str, Any]:
    """Return what was found, in plain values."""
    return {
        "kind": kind.kind.name,
        "strength": kind.kind.strength,
        "is_met": kind.is_met.tolist(),
        "is_hit": kind.is_hit.tolist(),
        "n_true": kind.n_true.tolist(),
        "n_false": kind.n_false.tolist(),
        "false_links": list(kind.false_links),
        "missed": list(kind.missed),
        "errors": np.round(kind.errors, 4).tolist(),
        "n_turned_wrong": kind.n_turned_wrong,
        "hash_own": kind.distances.own.tolist(),
        "hash_nearest_other": kind.distances.other.tolist(),
        "hash_others": kind.distances.n_others.tolist(),
    }
