"""Films of a collection, read through a network and its guards: answers beside references."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.collection.groups import take_each_file_once
from osteon.collection.manifest import Manifest
from osteon.errors import OneClassOnly
from osteon.inference.predictor import Answer, Predictor, Rejection
from osteon.release.card import NOT_RECORDED, Films
from osteon.runs import hash_manifest
from osteon.terms import ManifestRow, Progress, SetAside, no_progress

KINDS: Final = ("body_region", "view", "hardware", "age", "sex")
"""What a card counts of its films, by the manifest's columns."""

AGES: Final = ((18.0, "under 18"), (65.0, "18 to 64"))
"""Years below which an age has a name."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Predictions:
    """What a network said of films whose reference is known.

    Attributes:
        split: "train", "tune", "test" or "all".
        manifest: The collection.
        rows: The films that were read.
        answers: Theirs, in the same order.
        not_read: The others, with the reason.
    """

    split: str
    manifest: Manifest
    rows: tuple[ManifestRow, ...]
    answers: tuple[Answer, ...]
    not_read: tuple[SetAside, ...]

    @property
    def logits(self) -> npt.NDArray[np.float64]:
        """Shape `(films,)`."""
        return np.array([answer.logit for answer in self.answers], dtype=np.float64)

    @property
    def references(self) -> npt.NDArray[np.bool_]:
        """True where a fracture is present, shape `(films,)`."""
        return np.array([row.has_fracture for row in self.rows], dtype=bool)

    @property
    def groups(self) -> list[str]:
        """What belongs together; a film without a group stands for itself."""
        return [row.group or row.sha256 for row in self.rows]

    @property
    def has_boxes(self) -> bool:
        """Whether a reader has boxed the fractures."""
        return any(row.boxes for row in self.rows)

    def choose(self, wanted: Sequence[bool]) -> "Predictions":
        """Return some of the films that were read.

        Args:
            wanted: One per film, in order.
        """
        kept = [place for place, is_wanted in enumerate(wanted) if is_wanted]
        return replace(
            self,
            rows=tuple(self.rows[place] for place in kept),
            answers=tuple(self.answers[place] for place in kept),
        )

    def describe(self) -> Films:
        """Return what a release's card says about them."""
        return describe_rows(
            self.rows, self.manifest, split=self.split, n_not_read=len(self.not_read)
        )


def describe_rows(
    rows: Sequence[ManifestRow], manifest: Manifest, *, split: str, n_not_read: int = 0
) -> Films:
    """Return what a release's card says about films: counts, and what the manifest knows of them.

    Args:
        rows: The films, each file once.
        manifest: The collection.
        split: How they are spoken of.
        n_not_read: How many others were refused.
    """
    return Films(
        split=split,
        collection=", ".join(sorted({row.collection for row in rows})),
        manifest_sha256=hash_manifest(manifest),
        n_films=len(rows),
        n_fractured=sum(row.has_fracture for row in rows),
        n_groups=len({row.group or row.sha256 for row in rows}),
        n_not_read=n_not_read,
        kinds=count_kinds(rows),
    )


def measure_films(
    answerer: Predictor,
    manifest: Manifest,
    rows: Sequence[ManifestRow],
    *,
    split: str,
    progress: Progress = no_progress,
) -> Predictions:
    """Read films as a user's are read.

    Args:
        answerer: The network behind its guards.
        manifest: The collection.
        rows: Its films that are to be read.
        split: How they are spoken of.
        progress: Called once per film.

    Raises:
        OneClassOnly: If the films that could be read are all alike.
    """
    read: list[tuple[ManifestRow, Answer]] = []
    not_read: list[SetAside] = []
    answers = answerer.predict_many(manifest.films_path(row) for row in rows)
    for done, (row, answer) in enumerate(zip(rows, answers, strict=True), 1):
        if isinstance(answer, Rejection):
            not_read.append(SetAside(path=row.path, reason=" ".join(map(str, answer.reasons))))
        else:
            read.append((row, answer))
        progress(f"reading {split} films", done, len(rows))
    n_fractured = sum(row.has_fracture for row, _ in read)
    if not 0 < n_fractured < len(read):
        raise OneClassOnly(
            f"{split} films",
            "films with a fracture and films without are needed",
            found=f"{n_fractured} fractured of {len(read)} that could be read",
        )
    return Predictions(
        split=split,
        manifest=manifest,
        rows=tuple(row for row, _ in read),
        answers=tuple(answer for _, answer in read),
        not_read=tuple(not_read),
    )


def choose_rows(manifest: Manifest, split: str) -> tuple[ManifestRow, ...]:
    """Return a split's readable films, each file once; "all" for every film."""
    return take_each_file_once(
        [row for row in manifest.rows if row.state == "readable" and split in {"all", row.split}]
    )


def count_copies(manifest: Manifest, split: str) -> int:
    """Return how many readable files of a split are copies of another, byte for byte.

    Args:
        manifest: The collection.
        split: As in `choose_rows`.
    """
    n_files = sum(row.state == "readable" and split in {"all", row.split} for row in manifest.rows)
    return n_files - len(choose_rows(manifest, split))


def count_kinds(rows: Sequence[ManifestRow]) -> dict[str, dict[str, int]]:
    """Return how many films of each region, view, hardware, age and sex a manifest lists.

    Args:
        rows: The films; one of two regions counts under both.
    """
    kinds: dict[str, Counter[str]] = {name: Counter() for name in KINDS}
    for row in rows:
        hardware = {True: ("seen",), False: ("not seen",), None: ()}[row.hardware]
        of_row = {
            "body_region": row.body_region,
            "view": row.view,
            "hardware": hardware,
            "age": () if row.age is None else (_name_age(row.age),),
            "sex": () if row.sex is None else (row.sex,),
        }
        for name, values in of_row.items():
            kinds[name].update(values or (NOT_RECORDED,))
    return {name: dict(sorted(counts.items())) for name, counts in kinds.items()}


def _name_age(years: float) -> str:
    return next((name for limit, name in AGES if years < limit), "65 and over")


def count_reasons(measured: Sequence[Predictions]) -> dict[str, int]:
    """Return why films were not read, and how often."""
    counts: dict[str, int] = {}
    for films in measured:
        for film in films.not_read:
            counts[film.reason] = counts.get(film.reason, 0) + 1
    return dict(sorted(counts.items()))
