"""The audit: what is wrong with a collection.

The audit reports and never changes anything; a person decides. A rule is a function to flaws, from
the manifest alone or also from what was seen of the films; the table at the end lists them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from osteon.audit.examination import Examination
from osteon.audit.rules.burned_in_text import find_burned_in_text
from osteon.audit.rules.copies import (
    find_copies_elsewhere,
    find_identical_pixels,
    find_same_pictures,
    find_unseen,
)
from osteon.audit.rules.outliers import find_outliers
from osteon.audit.rules.two_labels import find_two_labels
from osteon.audit.shortcuts.search import build_shortcut_flaw
from osteon.collection.flaws import build_flaw
from osteon.collection.groups import name_pictures
from osteon.collection.leaks import find_any_leaks
from osteon.collection.manifest import Manifest
from osteon.geometry import Box
from osteon.terms import Flaw, ManifestRow

BOX_SLACK_PX = 1.0
"""How far a box may reach over the film's edge before it counts: annotators round to pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One question that the audit asks of a collection.

    Attributes:
        name: Short and stable, for a person who searches for it.
        find: Yields the flaws that the manifest alone tells; may use more than one name where it
            tells two kinds apart. None where films must be opened.
        find_seen: Yields the flaws where the films were opened, in place of `find`; None where
            they add nothing.
    """

    name: str
    find: Callable[[Manifest], Iterator[Flaw]] | None = None
    find_seen: Callable[[Manifest, Examination], Iterator[Flaw]] | None = None


def find_flaws(manifest: Manifest, seen: Examination | None = None) -> tuple[Flaw, ...]:
    """Ask every rule of a collection. No film is opened here.

    Args:
        manifest: The collection.
        seen: What its films showed; without it, only the manifest is asked.

    Returns:
        The flaws, in the order of the rules and, within a rule, of the films' paths.
    """
    return tuple(
        flaw for rule in RULES for flaw in sorted(_ask(rule, manifest, seen), key=_first_film)
    )


def _ask(rule: Rule, manifest: Manifest, seen: Examination | None) -> Iterator[Flaw]:
    if seen is not None and rule.find_seen is not None:
        return rule.find_seen(manifest, seen)
    return iter(()) if rule.find is None else rule.find(manifest)


def _first_film(flaw: Flaw) -> tuple[str, ...]:
    return flaw.films[:1]


def _find_unreadable(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        if row.state == "unreadable":
            yield build_flaw(
                "unreadable",
                [row],
                evidence={"reason": row.state_reason},
                advice="Fetch the file again, or leave it out; nothing learns from it.",
            )


def _find_truncated(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        if row.state == "truncated":
            yield build_flaw(
                "truncated",
                [row],
                evidence={"reason": row.state_reason},
                advice="Fetch the file again; until then it is not trained, tuned or tested on.",
            )


def _find_torn(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        if row.state == "torn":
            yield build_flaw(
                "torn",
                [row],
                evidence={"reason": row.state_reason},
                advice="Fetch the film again from where it was made, or leave it out: the file is"
                " whole, so no copy of it helps. Until then nothing learns from it.",
            )


def _identical_sets(manifest: Manifest) -> Iterator[list[ManifestRow]]:
    """Yield the sets of identical files; unreadable ones hold no picture to repeat."""
    sets: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        if row.state != "unreadable":
            sets.setdefault(row.sha256, []).append(row)
    yield from (rows for rows in sets.values() if len(rows) > 1)


def _find_identical_files(manifest: Manifest) -> Iterator[Flaw]:
    for rows in _identical_sets(manifest):
        yield build_flaw(
            "identical-files",
            rows,
            evidence={"sha256": rows[0].sha256, "n_films": len(rows)},
            advice="Keep one of them: a copy adds weight to a film, not knowledge.",
        )


def _find_identical_pixels(_: Manifest, seen: Examination) -> Iterator[Flaw]:
    return find_identical_pixels(seen.groups)


def _find_same_pictures(_: Manifest, seen: Examination) -> Iterator[Flaw]:
    return find_same_pictures(seen.groups)


def _find_two_labels(manifest: Manifest) -> Iterator[Flaw]:
    return find_two_labels(manifest, name_pictures(manifest, ()))


def _find_two_labels_seen(manifest: Manifest, seen: Examination) -> Iterator[Flaw]:
    links = {seen.pictures[group.rows[0].path]: group.links for group in seen.groups}
    return find_two_labels(manifest, seen.pictures, links=links)


def _find_leaks_seen(manifest: Manifest, seen: Examination) -> Iterator[Flaw]:
    return find_any_leaks(manifest, pictures=seen.pictures)


def _find_copies_elsewhere(_: Manifest, seen: Examination) -> Iterator[Flaw]:
    overlap = seen.overlap
    return iter(()) if overlap is None else find_copies_elsewhere(seen.groups, overlap)


def _find_shortcuts(_: Manifest, seen: Examination) -> Iterator[Flaw]:
    return (build_shortcut_flaw(shortcut) for shortcut in seen.shortcuts if shortcut.is_flaw)


def _find_burned_in_text(_: Manifest, seen: Examination) -> Iterator[Flaw]:
    lettering = {sha256: file.lettering for sha256, file in seen.looks.files.items()}
    return find_burned_in_text(seen.grouped, lettering)


def _find_outliers(manifest: Manifest, seen: Examination) -> Iterator[Flaw]:
    return find_outliers(
        manifest, {sha256: file.oddity for sha256, file in seen.looks.files.items()}
    )


def _find_unseen(manifest: Manifest, seen: Examination) -> Iterator[Flaw]:
    return find_unseen(manifest, seen.looks)


def _find_label_contradictions(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        if row.has_fracture_in_table not in {None, row.has_fracture}:
            yield build_flaw(
                "label-contradicts-folder",
                [row],
                evidence={
                    "has_fracture_by_folder": row.has_fracture,
                    "has_fracture_in_table": row.has_fracture_in_table,
                },
                advice="The folder holds until a reader has looked; correct one of the two.",
            )


def _find_size_mismatches(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        claimed = (row.annotation_rows, row.annotation_columns)
        if None in claimed or row.state == "unreadable" or claimed == (row.rows, row.columns):
            continue
        yield build_flaw(
            "annotation-size-mismatch",
            [row],
            evidence={
                "film_rows": row.rows,
                "film_columns": row.columns,
                "annotation_rows": row.annotation_rows,
                "annotation_columns": row.annotation_columns,
                "is_transposed": claimed == (row.columns, row.rows),
                "n_boxes": len(row.boxes),
            },
            advice="Its boxes and polygons were drawn on another picture: check them by eye.",
        )


def _find_boxes_outside(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        if row.state == "unreadable":
            continue
        boxes = [*map(Box._make, row.boxes), *map(Box.around, row.polygons)]
        outside = [
            list(box) for box in boxes if not box.is_within(row.columns, row.rows, BOX_SLACK_PX)
        ]
        if outside:
            yield build_flaw(
                "box-outside-film",
                [row],
                evidence={"film_rows": row.rows, "film_columns": row.columns, "boxes": outside},
                advice="Correct the annotation; clipping it would invent a place for the fracture.",
            )


def _find_boxes_on_negatives(manifest: Manifest) -> Iterator[Flaw]:
    for row in manifest.rows:
        if not row.has_fracture and (row.boxes or row.polygons):
            yield build_flaw(
                "box-on-negative",
                [row],
                evidence={"n_boxes": len(row.boxes), "n_polygons": len(row.polygons)},
                advice="Either the label or the annotation is wrong: let a reader decide.",
            )


def _find_positives_without_box(manifest: Manifest) -> Iterator[Flaw]:
    """Yield one flaw for each collection that marks most of its fractures, but not all."""
    positives: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        if row.has_fracture and row.state != "unreadable":
            positives.setdefault(row.collection, []).append(row)
    for rows in positives.values():
        without = [row for row in rows if not (row.boxes or row.polygons)]
        if without and 2 * len(without) < len(rows):
            yield build_flaw(
                "no-box-on-positive",
                without,
                evidence={"n_without": len(without), "n_fractured": len(rows)},
                advice="Leave these out of localisation, where a missing box reads as no fracture.",
            )


RULES: tuple[Rule, ...] = (
    Rule(name="unreadable", find=_find_unreadable),
    Rule(name="truncated", find=_find_truncated),
    Rule(name="torn", find=_find_torn),
    Rule(name="changed-since-import", find_seen=_find_unseen),
    Rule(name="identical-files", find=_find_identical_files),
    Rule(name="identical-pixels", find_seen=_find_identical_pixels),
    Rule(name="same-picture", find_seen=_find_same_pictures),
    Rule(name="same-picture-two-labels", find=_find_two_labels, find_seen=_find_two_labels_seen),
    Rule(name="copies-across-splits", find=find_any_leaks, find_seen=_find_leaks_seen),
    Rule(name="copy-in-other-collection", find_seen=_find_copies_elsewhere),
    Rule(name="label-contradicts-folder", find=_find_label_contradictions),
    Rule(name="annotation-size-mismatch", find=_find_size_mismatches),
    Rule(name="box-outside-film", find=_find_boxes_outside),
    Rule(name="box-on-negative", find=_find_boxes_on_negatives),
    Rule(name="no-box-on-positive", find=_find_positives_without_box),
    Rule(name="shortcut", find_seen=_find_shortcuts),
    Rule(name="burned-in-text", find_seen=_find_burned_in_text),
    Rule(name="outlier", find_seen=_find_outliers),
)
