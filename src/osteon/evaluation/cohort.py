"""Labelled films that calibrate and certify a network which was not trained on them here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from osteon.collection.groups import read_grouped_manifest
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.stamps import describe_independence
from osteon.errors import LeakFound, ManifestFault
from osteon.evaluation.predictions import Predictions
from osteon.release.card import Independence
from osteon.statistics.metrics import measure
from osteon.statistics.proportions import Metric
from osteon.terms import ManifestRow

USED: Final = ("tune", "test")

FILMS_FOR_OCCLUSION: Final = 256
"""Tune films that are enough to fit evidence that is had by occlusion: fifty passes for each."""


def read_labelled(path: Path, *, films: Path | None = None) -> Manifest:
    """Read a manifest whose tune films are to calibrate, and whose test films are to certify.

    Args:
        path: The manifest.
        films: Where its films lie, if not where it says.

    Raises:
        FolderNotFound: If it or its films are not there.
        ManifestFault: If it has no tune or no test split.
        LeakFound: If films of one group stand in both.
    """
    manifest = read_grouped_manifest(path, films=films)
    check_splits(manifest, where=str(path))
    return manifest


def check_splits(manifest: Manifest, *, where: str) -> None:
    """Make sure that there are films to calibrate with, and others to certify with.

    Args:
        manifest: Labelled films.
        where: Starts a refusal.

    Raises:
        ManifestFault: If it has no tune or no test split.
        LeakFound: If films of one group stand in both.
    """
    used = tuple(row for row in manifest.rows if row.split in USED)
    missing = [split for split in USED if not any(row.split == split for row in used)]
    if missing:
        raise ManifestFault(
            where,
            "needs a tune split, which calibrates, and a test split, which certifies",
            found=f"no {' and no '.join(missing)} film",
            advice="Split it with `osteon split --train 0 --tune 50 --test 50`.",
        )
    leaks = find_leaks(replace(manifest, rows=used))
    if leaks:
        raise LeakFound(
            where,
            "no picture and no patient may be both in tune and in test",
            found=f"{len(leaks)} of them do, such as {leaks[0].films[0]}",
            advice="Split it again with `osteon split`, which keeps them together.",
        )


def describe_used(manifest: Manifest) -> Independence:
    """Return what is known of the independence of the films that calibrate and certify.

    Args:
        manifest: Labelled films that stood `check_splits`.
    """
    return describe_independence([row for row in manifest.rows if row.split in USED])


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorePolarity:
    """Which way a network's answers point, as far as films can tell.

    Attributes:
        auroc: Of its answers, with its interval.
        words: The same, and what it was measured on.
        is_sure: Whether all of the interval lies above 0.5: fractured films have higher answers.
        is_inverted: Whether all of it lies below.
    """

    auroc: Metric
    words: str
    is_sure: bool
    is_inverted: bool


def measure_polarity(films: Predictions) -> ScorePolarity:
    """Measure whether fractured films have the higher answers.

    Args:
        films: Whose reference is known, of both classes.
    """
    area = measure(films.logits, films.references, films.groups, threshold=0.0).auroc
    assert area.interval is not None  # both classes are there
    low, high = area.interval.low, area.interval.high
    return ScorePolarity(
        auroc=area,
        words=f"AUROC {area.value:.3f} ({low:.3f} to {high:.3f}) on {len(films.rows)} "
        f"{films.split} films, {int(films.references.sum())} fractured",
        is_sure=low > 0.5,
        is_inverted=high < 0.5,
    )


def choose_some(rows: Sequence[ManifestRow], n_films: int) -> tuple[ManifestRow, ...]:
    """Return at most so many films, of each class its share, chosen by nothing but their content.

    Args:
        rows: Films of both classes.
        n_films: How many are wanted, at least 2.
    """
    if len(rows) <= n_films:
        return tuple(rows)
    chosen: set[str] = set()
    for has_fracture in (True, False):
        of_class = sorted(row.sha256 for row in rows if row.has_fracture == has_fracture)
        share = max(1, round(n_films * len(of_class) / len(rows)))
        chosen.update(of_class[:share])
    return tuple(row for row in rows if row.sha256 in chosen)
