"""A run's own films: those it learnt from, and those that prove it, as an audit saw them since."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from osteon.audit.audit_file import read_audit, read_search_record
from osteon.audit.cleaning import Exclusion, clean_manifest
from osteon.audit.cleaning_rules import CleaningRules
from osteon.collection.groups import choose_counted, read_grouped_manifest
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.stamps import describe_independence
from osteon.evaluation.predictions import choose_rows
from osteon.release.card import Independence
from osteon.runs import RunFolder
from osteon.terms import ManifestRow
from osteon.wording import say_count


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFilms:
    """A run's films.

    Attributes:
        manifest: All of them, with groups.
        independence: Of train, tune and test together.
        left_out: Paths of tune and test films that an audit condemns.
        notes: What a reader of the numbers must know.
    """

    manifest: Manifest
    independence: Independence
    left_out: frozenset[str]
    notes: tuple[str, ...]

    def choose(self, split: str) -> tuple[ManifestRow, ...]:
        """Return the films of a split that are learnt from or measured, each file once.

        Args:
            split: "train", "tune" or "test".
        """
        rows = choose_rows(self.manifest, split)
        return tuple(row for row in rows if row.path not in self.left_out)


def read_run_films(run: RunFolder, *, films: Path | None, audit: Path | None) -> RunFilms:
    """Read a run's manifest, and what an audit of it found after the training.

    The network has learnt from its train films, whatever is found in them; tune and test films that
    an audit condemns are left out. No film changes its place, so copies that stand in several
    splits are leaks.

    Args:
        run: The run.
        films: Where its films lie, if not where its manifest says.
        audit: What `osteon audit` wrote of the run's manifest; None where nobody asked.

    Raises:
        FolderNotFound: If the manifest, its films or the audit is not there.
        ManifestFault: If the manifest or the audit is broken, or they do not belong together.
    """
    manifest = read_grouped_manifest(run.manifest, films=films)
    condemned: list[Exclusion] = []
    if audit is not None:
        cleaned = clean_manifest(
            manifest, read_audit(audit), CleaningRules(), searched=read_search_record(audit)
        )
        manifest = cleaned.grouped
        proving = {row.path for row in manifest.rows if row.split in {"tune", "test"}}
        condemned = [film for film in cleaned.excluded if film.path in proving]
    leaks = find_leaks(manifest)
    notes = []
    if condemned:
        rules = Counter(rule for film in condemned for rule in film.rules)
        told = ", ".join(f"{rule} {n:,}" for rule, n in sorted(rules.items()))
        notes.append(
            f"{say_count(len(condemned), 'film')} of tune and test left out after an audit: {told}."
        )
    if leaks:
        in_test = sum(int(leak.evidence["test_films"]) for leak in leaks)
        notes.append(
            f"Nothing is certified: {say_count(len(leaks), 'group')} of copies or patients stand "
            f"in several splits, among them {say_count(in_test, 'film')} of the test split. The "
            "numbers reward remembering pictures and are inflated."
        )
    return RunFilms(
        manifest=manifest,
        independence=describe_independence(choose_counted(manifest.rows), n_leaks=len(leaks)),
        left_out=frozenset(film.path for film in condemned),
        notes=tuple(notes),
    )
