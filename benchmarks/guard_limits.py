"""The limits of the guards: what they measure of films under every change, and where the lines go.

All lines are drawn on films of the tune split, under each change that a hospital makes.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from guard_changes import CHANGES, EXTREME, Change
from guard_pictures import Pictures
from osteon.inference.guard_looks import take_looks
from osteon.inference.guard_network import (
    GuardNetwork,
    hash_guard_network,
    load_guard_network,
    run_network,
)
from osteon.release.guards import Guards
from osteon.terms import Pixels8

MAX_REFUSED: Final = 0.0025
"""Share of tune films above the scope's limit under each change: half of what is promised."""

MAX_CALLED: Final = 0.001
"""Share of tune films above the polarity's limit, over all changes together."""

MAX_DOUBTED: Final = 0.01
"""Share of tune films above either limit of doubt, over all changes together."""

MIN_SPREAD: Final = 0.5
"""Films whose greys spread by half of the least that a tune film has are blank."""

Logits = npt.NDArray[np.float64]


def measure_films(films: Iterable[Pixels8], network: GuardNetwork | None = None) -> Logits:
    """Measure films as a reading does.

    Args:
        films: Shape `(rows, columns)` each.
        network: The guards'; the package's newest if None.

    Returns:
        Scope logit, polarity logit and spread, shape `(films, 3)`.
    """
    network, measured = network or load_guard_network(hash_guard_network()), []
    for film in films:
        looks = take_looks(film.astype(np.float32) / np.float32(255), network.side)
        logits = run_network(looks, network)
        measured.append((logits[0, 0], logits[:, 1].min(), looks[0].std()))
    return np.array(measured)


def change_films(films: list[Pixels8], change: Change) -> Iterator[Pixels8]:
    """Yield films after a change; the same luck each time.

    Args:
        films: Shape `(rows, columns)` each.
        change: One of `CHANGES`.
    """
    for number, film in enumerate(films):
        yield change(film, np.random.default_rng([7, number]))


def measure_changes(
    films: list[Pixels8], network: GuardNetwork
) -> Iterator[tuple[str, Logits, Logits]]:
    """Yield what is measured of films and of their negatives, change by change.

    Args:
        films: Shape `(rows, columns)` each.
        network: The guards'.
    """
    for name, change in CHANGES.items():
        changed = list(change_films(films, change))
        upright = measure_films(changed, network)
        yield name, upright, measure_films((255 - film for film in changed), network)


def choose_limits(measured: Mapping[str, Sequence[Logits]], network: str) -> Guards:
    """Choose the limits on the tune split.

    Args:
        measured: Of films and of their negatives, by change.
        network: SHA-256 of the network that measured.
    """
    kept = [both for name, both in measured.items() if name not in EXTREME]
    together = np.concatenate([upright for upright, _ in kept])
    return Guards(
        network=network,
        min_spread=round(MIN_SPREAD * float(together[:, 2].min()), 2),
        doubt_scope_logit=_find_high(together[:, 0], MAX_DOUBTED),
        max_scope_logit=max(_find_high(upright[:, 0], MAX_REFUSED) for upright, _ in kept),
        doubt_polarity_logit=_find_high(together[:, 1], MAX_DOUBTED),
        max_polarity_logit=_find_high(together[:, 1], MAX_CALLED),
    )


def tell_strangers(guards: Guards, drawn: Pictures, seen: Logits) -> None:
    """Print what the limits let pass of drawn strangers.

    Args:
        guards: The limits.
        drawn: Pictures of the tune split.
        seen: Their logits, shape `(pictures, 2)`.
    """
    assert guards.doubt_scope_logit is not None
    for word, own in (("plain", drawn.is_plain), ("disguised", ~drawn.is_plain)):
        chosen = drawn.is_stranger & own
        logits = seen[chosen, 0]
        away = (logits > guards.max_scope_logit).mean()
        told = (logits > guards.doubt_scope_logit).mean()
        print(f"strangers of tune, {word}: {away:.1%} turned away, {told:.1%} with the doubted")


def _find_high(values: Logits, share: float) -> float:
    """Return the least limit, of two places, above which at most a share of the values lies."""
    ordered = np.sort(values)
    return math.ceil(100 * float(ordered[-1 - int(share * ordered.size)])) / 100
