"""Films that the network of a release learnt from prove nothing about it: found and left out.

What tune is to a release, calibrated it or chose its epoch: that counts as learnt from too. Of a
group of copies, or of one patient's films, one film that was learnt from takes the others along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from osteon.collection.manifest import Manifest
from osteon.collection.recognition import identify_films, recognise_files, recognise_films
from osteon.errors import LeakFound
from osteon.radiographs.recognition import FilmIdentity
from osteon.release import FilmList
from osteon.release.card import LearntCount
from osteon.terms import ManifestRow, Progress, no_progress
from osteon.wording import say_count

NEARLY_ALL: Final = 0.9
"""Share of films from which what is left is not believed to be new: likelier copies that were cut
or turned, which are not known again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LearntFilms:
    """Which films of a collection a release learnt from, as far as it knows them.

    Attributes:
        is_known: Whether the release says which films its network learnt from.
        n_films: Films that were compared with them.
        learnt: Paths of those among them that the release learnt from, or copies of such.
        related: Paths of the others among them that share a group with a film that it learnt from.
        out: Paths of all films of the collection that prove nothing.
    """

    is_known: bool
    n_films: int = 0
    learnt: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    out: frozenset[str] = frozenset()

    def leave_out(self, rows: Sequence[ManifestRow]) -> tuple[ManifestRow, ...]:
        """Return films without those that prove nothing.

        Args:
            rows: Of the manifest that was compared.
        """
        return tuple(row for row in rows if row.path not in self.out)

    def count(self, *, are_left_out: bool = True) -> LearntCount:
        """Return the numbers, as they stand beside what was measured.

        Args:
            are_left_out: Whether those films are; if not, they are counted with the others.
        """
        return LearntCount(
            is_known=self.is_known,
            n_films=self.n_films,
            n_learnt=len(self.learnt),
            n_related=len(self.related),
            are_left_out=are_left_out,
        )

    def refuse_if_nearly_all(self, *, where: str, advice: str) -> None:
        """Make sure that enough films are left for the rest to be believed to be new.

        Args:
            where: Starts the refusal.
            advice: What the person can do.

        Raises:
            LeakFound: If nearly all films were learnt from.
        """
        n_out = len(self.learnt) + len(self.related)
        if n_out and n_out >= NEARLY_ALL * self.n_films:
            raise LeakFound(
                where,
                "films are needed that the release has not learnt from",
                found=f"{n_out:,} of {say_count(self.n_films, 'film')} that it learnt from, copies "
                "of them and films of their groups among these",
                advice=advice,
            )


def find_learnt(
    listed: FilmList | None,
    manifest: Manifest,
    rows: Sequence[ManifestRow],
    *,
    progress: Progress = no_progress,
) -> LearntFilms:
    """Find the films that a release learnt from among those that are to measure it.

    Args:
        listed: The films that it was made of; None where it does not list them.
        manifest: The collection, with groups.
        rows: Its films that are to be read.
        progress: Called once per film that is compared.
    """
    if listed is None:
        return LearntFilms(is_known=False)
    known_by = identify_films(manifest, rows, progress=progress)
    return judge_films(listed, manifest, rows, known_by=known_by)


def judge_films(
    listed: FilmList | None,
    manifest: Manifest,
    rows: Sequence[ManifestRow],
    *,
    known_by: Sequence[FilmIdentity],
) -> LearntFilms:
    """Find the films that a release learnt from among films that were opened already.

    Args:
        listed: The films that it was made of; None where it does not list them.
        manifest: The collection, with groups.
        rows: Its films that are to be read.
        known_by: What they are known by, in their order.
    """
    if listed is None:
        return LearntFilms(is_known=False)
    found = recognise_films(known_by, listed)
    learnt = {
        row.path
        for row, film in zip(rows, found, strict=True)
        if film is not None and film.role in {"train", "tune"}
    }
    # A film that is not to be read may be learnt from too, and share its group with one that is.
    sources = learnt | recognise_files(manifest.rows, listed)
    ties = {tie for row in manifest.rows if row.path in sources for tie in _tie(row)}
    out = {row.path for row in manifest.rows if not ties.isdisjoint(_tie(row))}
    return LearntFilms(
        is_known=listed.has_training,
        n_films=len(rows),
        learnt=frozenset(learnt),
        related=frozenset({row.path for row in rows} & out - learnt),
        out=frozenset(out),
    )


def check_left(
    found: LearntFilms, chosen: Mapping[str, Sequence[ManifestRow]], *, where: str
) -> None:
    """Make sure that films are left to calibrate and to certify with.

    Args:
        found: Those that were learnt from.
        chosen: The films of each split.
        where: Starts a refusal.

    Raises:
        LeakFound: If nearly all films were learnt from, or all of a split.
    """
    found.refuse_if_nearly_all(
        where=where,
        advice="Use films of your own. The few that are left are likelier copies that were cut or "
        "turned, which are not known again.",
    )
    gone = [split for split, rows in chosen.items() if rows and not found.leave_out(rows)]
    if gone:
        raise LeakFound(
            where,
            "films are needed in each split that the network has not learnt from",
            found=f"none in {' and '.join(gone)}",
            advice="Split films of your own with `osteon split --train 0 --tune 50 --test 50`.",
        )


def _tie(row: ManifestRow) -> set[str]:
    """Return what a film shares with its copies and its group."""
    return {row.sha256} if row.group is None else {row.sha256, row.group}
