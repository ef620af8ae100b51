"""Cleaning: what leaves, what stays, what stays together."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rows import audited, collection, film, flaw

from osteon.audit.audit_file import SearchRecord, build_search_record
from osteon.audit.cleaning import CleanedCollection, clean_manifest
from osteon.audit.cleaning_rules import EXCLUDABLE, EXCLUDED, CleaningRules
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.splits import Shares, split_manifest
from osteon.collection.stamps import read_stamp
from osteon.errors import ManifestFault, SettingsFault
from osteon.terms import Flaw

SHARES = Shares(train=60, tune=20, test=20)
ONE_EACH = CleaningRules(deduplicate=True)


def clean(
    manifest: Manifest, *flaws: Flaw, how: CleaningRules | None = None, **sizes: int
) -> CleanedCollection:
    file_bytes = {f"{name}.png": n_bytes for name, n_bytes in sizes.items()}
    return clean_manifest(manifest, flaws, how or CleaningRules(), file_bytes=file_bytes)


def paths_of(cleaned: CleanedCollection) -> list[str]:
    return [row.path for row in cleaned.manifest.rows]


def groups_of(cleaned: CleanedCollection) -> dict[str, str | None]:
    return {row.path: row.group for row in cleaned.manifest.rows}


@pytest.mark.parametrize("rule", ["identical-pixels", "same-picture"])
def test_a_cleaned_collection_keeps_copies_in_one_group(rule):
    """Copies that only the audit knows share a group, with their patients' other films."""
    cleaned = clean(
        collection(
            film("a.png"), film("b.png", patient_key="p"), film("c.png", patient_key="p"), film("d")
        ),
        flaw(rule, "a.png", "b.png"),
    )
    groups = groups_of(cleaned)
    assert groups["a.png"] == groups["b.png"] == groups["c.png"] != groups["d"]
    assert not cleaned.excluded
    assert cleaned.n_pictures == 3


def test_a_patients_flaw_makes_no_copies():
    """Films listed by a rule that is not about copies are not tied together."""
    cleaned = clean(
        collection(film("a.png"), film("b.png")), flaw("outlier", "a.png", "b.png", why="a drawing")
    )
    assert len(set(groups_of(cleaned).values())) == 2
    assert cleaned.doubts == {"outlier": 2}


def test_two_labels_of_one_picture_leave_with_their_reason():
    """Every copy of a picture under both labels leaves, and a reader is asked to decide."""
    cleaned = clean(
        collection(film("a.png"), film("b.png", has_fracture=False), film("c.png"), film("d.png")),
        flaw("same-picture", "a.png", "b.png", "c.png"),
        flaw("same-picture-two-labels", "a.png", "b.png"),
    )
    assert paths_of(cleaned) == ["d.png"]
    assert [film.path for film in cleaned.set_aside] == ["a.png", "b.png", "c.png"]
    for left in cleaned.excluded:
        assert left.rules == ("same-picture-two-labels",)
        assert "both labels" in left.reason
        assert "a reader must decide" in left.reason


@pytest.mark.parametrize("rule", sorted(EXCLUDABLE - {"same-picture-two-labels"}))
def test_each_rule_takes_its_films_out_or_leaves_them_as_asked(rule):
    """A rule acts by default or on request, and `keep` spares its films; a kept doubt is told."""
    manifest = collection(film("a.png"), film("b.png"))
    found = flaw(rule, "a.png")
    assert ("a.png" in paths_of(clean(manifest, found))) is (rule not in EXCLUDED)
    forced = clean(manifest, found, how=CleaningRules(exclude=(rule,)))
    assert [(left.path, left.rules) for left in forced.excluded] == [("a.png", (rule,))]
    spared = clean(manifest, found, how=CleaningRules(keep=(rule,)))
    assert not spared.excluded
    assert spared.doubts == {rule: 1}


def test_a_film_with_two_reasons_is_named_once_with_both():
    """A film that two rules condemn leaves once, with both reasons."""
    (left,) = clean(
        collection(film("a.png", state="truncated"), film("b.png")),
        flaw("truncated", "a.png", reason="ends early"),
        flaw("box-on-negative", "a.png"),
    ).excluded
    assert left.rules == ("truncated", "box-on-negative")
    assert left.reason.startswith("truncated: ends early; ")


def test_deduplicate_keeps_the_largest_copy():
    """Of copies, one with boxes stays; then the largest, the least compressed, the first."""
    copies = flaw("same-picture", "a.png", "b.png", "c.png")
    rows = (film("a.png"), film("b.png", rows=200), film("c.png", rows=200), film("z.png"))
    best = clean(collection(*rows), copies, how=ONE_EACH, a=9000, b=500, c=900)
    assert paths_of(best) == ["c.png", "z.png"]
    assert {left.path: left.stands_in for left in best.excluded} == dict.fromkeys(
        ["a.png", "b.png"], "c.png"
    )
    assert best.excluded[0].rules == ("copy",)
    assert "c.png" in best.excluded[0].reason
    equal = clean(collection(*rows), copies, how=ONE_EACH, b=900, c=900)
    assert paths_of(equal) == ["b.png", "z.png"]
    marked = replace(rows[0], boxes=((0.0, 0.0, 5.0, 5.0),))
    assert paths_of(clean(collection(marked, *rows[1:]), copies, how=ONE_EACH, c=900)) == [
        "a.png",
        "z.png",
    ]


def test_one_patients_different_films_all_stay():
    """Deduplication drops copies; the films of a patient, or of a group, are no copies."""
    rows = [film(f"{n}.png", patient_key="p", group="g") for n in range(4)]
    cleaned = clean(collection(*rows), flaw("same-picture", "0.png", "1.png"), how=ONE_EACH)
    assert paths_of(cleaned) == ["0.png", "2.png", "3.png"]


def test_copies_without_a_verdict_on_their_label_do_not_stand_for_each_other():
    """Where both labels are spared, one copy of each label stays."""
    cleaned = clean(
        collection(film("a.png"), film("b.png", has_fracture=False), film("c.png")),
        flaw("same-picture-two-labels", "a.png", "b.png", "c.png"),
        how=CleaningRules(deduplicate=True, keep=("same-picture-two-labels",)),
    )
    assert paths_of(cleaned) == ["a.png", "b.png"]


def test_a_placed_film_never_moves():
    """Splits stay as they were, and a placed film stands for its unplaced, larger copies."""
    manifest = collection(
        film("a.png", split="test"), film("b.png", rows=900), film("c.png", split="train")
    )
    copies = flaw("same-picture", "a.png", "b.png")
    for how in (CleaningRules(), ONE_EACH):
        cleaned = clean(manifest, copies, how=how)
        placed = {row.path: row.split for row in cleaned.manifest.rows if row.split}
        assert placed == {"a.png": "test", "c.png": "train"}
    assert paths_of(cleaned) == ["a.png", "c.png"]


def test_copies_in_two_splits_stay_and_are_told_as_a_leak():
    """Deduplication mixes no splits: copies placed in two of them stay, and leak aloud."""
    cleaned = clean(
        collection(
            film("a.png", split="train"), film("b.png", split="test"), film("c.png", split="test")
        ),
        flaw("same-picture", "a.png", "b.png", "c.png"),
        how=ONE_EACH,
    )
    assert paths_of(cleaned) == ["a.png", "b.png"]
    (leak,) = cleaned.leaks
    assert leak.rule == "copies-across-splits"
    (known_without_the_audit,) = find_leaks(cleaned.manifest)
    assert known_without_the_audit.films == leak.films


def test_an_unplaced_film_that_ties_two_splits_leaves():
    """A copy of a training film that shows a test patient leaves with the words of `split`."""
    cleaned = clean(
        collection(
            film("a.png", split="train"),
            film("b.png", patient_key="p", split="test"),
            film("tie.png", patient_key="p"),
        ),
        flaw("same-picture", "a.png", "tie.png"),
    )
    assert paths_of(cleaned) == ["a.png", "b.png"]
    (left,) = cleaned.excluded
    assert (left.rules, left.reason) == (("ties-splits",), "ties films in train and test together")
    assert not cleaned.leaks


def test_films_joined_through_one_that_leaves_stay_together():
    """A truncated copy still joins its patient with the whole copy."""
    cleaned = clean(
        collection(
            film("a.png"),
            film("cut.png", patient_key="p", state="truncated"),
            film("c.png", patient_key="p"),
        ),
        flaw("truncated", "cut.png"),
        flaw("same-picture", "a.png", "cut.png"),
    )
    assert len(set(groups_of(cleaned).values())) == 1
    assert paths_of(cleaned) == ["a.png", "c.png"]


def test_an_audit_of_another_collection_is_refused():
    """A film id that differs, or no film in common, is another collection's audit."""
    manifest = collection(film("a.png"), film("b.png"))
    with pytest.raises(ManifestFault, match=r"audit, truncated, a\.png: must be of this"):
        clean(manifest, flaw("truncated", "a.png", ids=("0123456789abcdef",)))
    with pytest.raises(ManifestFault, match="none of its 1 films"):
        clean(manifest, flaw("truncated", "elsewhere.png"))
    assert clean(manifest).n_absent == 0


def test_unknown_rules_are_passed_over_and_counted():
    """A newer audit's rule takes nothing out, whatever films it lists, and is told."""
    cleaned = clean(
        collection(film("a.png")), flaw("haunted", "a.png"), flaw("haunted", "elsewhere.png")
    )
    assert cleaned.unknown_rules == {"haunted": 2}
    assert paths_of(cleaned) == ["a.png"]


def test_a_collection_with_nothing_left_is_refused():
    """A manifest without films helps nobody."""
    with pytest.raises(ManifestFault, match="at least one film"):
        clean(collection(film("a.png")), flaw("truncated", "a.png"))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"exclude": ("outlyer",)}, "Did you mean outlier"),
        ({"exclude": ("same-picture",)}, "--deduplicate"),
        ({"exclude": ("shortcut",)}, "whole collection"),
        ({"keep": ("nothing-like-it",)}, "--keep nothing-like-it"),
        ({"keep": ("outlier",), "exclude": ("outlier",)}, "--exclude too"),
    ],
)
def test_a_rule_that_takes_no_film_out_is_refused(how, says):
    """A rule that is unknown, or about no single film, is refused with what to do instead."""
    with pytest.raises(SettingsFault, match=says):
        CleaningRules(**how)


FACTS = st.tuples(
    st.integers(0, 8),
    st.booleans(),
    st.sampled_from([None, "p", "q", "r"]),
    st.sampled_from([None, None, None, "train", "test"]),
)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(FACTS, min_size=1, max_size=14),
    st.lists(st.sets(st.integers(0, 13), min_size=2), max_size=4),
    st.booleans(),
)
def test_cleaning_twice_changes_nothing_more_and_a_split_has_no_new_leak(
    facts, copies, deduplicate
):
    """Whatever the collection: the second cleaning is idle, films add up, and no split leaks."""
    manifest = collection(
        *(
            film(f"{n}.png", content=str(content), has_fracture=label, patient_key=patient, split=s)
            for n, (content, label, patient, s) in enumerate(facts)
        ),
        film("alone.png"),
    )
    of_path = {row.path: row for row in manifest.rows}
    flaws = []
    for same in copies:
        paths = sorted(path for n in same if (path := f"{n}.png") in of_path)
        if len(paths) > 1:
            ids = tuple(of_path[path].film_id for path in paths)
            flaws.append(flaw("same-picture", *paths, ids=ids))
    flaws.append(flaw("outlier", "alone.png"))
    once = clean(manifest, *flaws, how=CleaningRules(deduplicate=deduplicate))
    again = clean(once.manifest, *flaws, how=CleaningRules(deduplicate=deduplicate))
    assert again.manifest == once.manifest
    assert not again.excluded
    left = [gone.path for gone in once.excluded]
    assert sorted([*left, *paths_of(once)]) == sorted(of_path)
    assert all(row.split == of_path[row.path].split for row in once.manifest.rows)
    placed = split_manifest(once.manifest, shares=SHARES, salt="s")
    crossing = {leak.films for leak in once.leaks}
    for leak in find_leaks(placed.manifest):
        assert any(set(films) <= set(leak.films) for films in crossing)


def search(manifest: Manifest, *paths: str) -> SearchRecord:
    ids = [row.film_id for row in manifest.rows if not paths or row.path in paths]
    return build_search_record(ids, date="2026-11-29", osteon="0.1.0", limits={})


def test_cleaning_stamps_what_the_audit_searched():
    """The films that stay are audited, and the picture of a copy is named by its content."""
    manifest = collection(film("a.png"), film("b.png"), film("c.png"), film("d.png"))
    flaws = [flaw("same-picture", "a.png", "b.png"), flaw("box-on-negative", "d.png")]
    cleaned = clean_manifest(manifest, flaws, CleaningRules(), searched=search(manifest))
    assert cleaned.was_searched
    assert cleaned.independence.copies_looked_for
    names = {row.path: read_stamp(row).picture for row in cleaned.manifest.rows}
    assert names["a.png"] == names["b.png"] == min(film(p).film_id for p in ("a.png", "b.png"))
    assert names["c.png"] == film("c.png").film_id
    assert len(cleaned.grouped.rows) == 4


def test_a_film_that_the_audit_did_not_see_is_not_stamped():
    """It joined after the audit: the collection is not audited, and one more film says why."""
    manifest = collection(film("a.png"), film("b.png"), film("late.png"))
    seen = search(manifest, "a.png", "b.png")
    cleaned = clean_manifest(manifest, [], CleaningRules(), searched=seen)
    assert not cleaned.independence.copies_looked_for
    assert cleaned.independence.n_not_audited == 1


@pytest.mark.parametrize("rule", ["identical-files", "moon-phase"])
def test_no_film_is_stamped_by_an_audit_that_cannot_vouch_for_it(rule):
    """One that opened no film, and one whose rules are not known here: they may be of copies."""
    manifest = collection(film("a.png"), film("b.png"))
    searched = search(manifest) if rule == "moon-phase" else None
    told = [flaw(rule, "a.png", "b.png")]
    cleaned = clean_manifest(manifest, told, CleaningRules(), searched=searched)
    assert not cleaned.was_searched
    assert not cleaned.independence.copies_looked_for


def test_an_audit_without_a_search_leaves_earlier_stamps():
    """What was searched together was, whatever is asked of the manifest later."""
    manifest = audited(collection(film("a.png"), film("b.png"), film("c.png")))
    cleaned = clean_manifest(manifest, [], CleaningRules(exclude=("outlier",)))
    assert not cleaned.was_searched
    assert cleaned.independence.copies_looked_for


def test_an_audit_of_other_films_is_refused_though_it_found_nothing():
    """Without a flaw there is no film to compare; the films that it searched tell."""
    other = search(collection(film("x.png"), film("y.png")))
    with pytest.raises(ManifestFault, match="must be of this collection; found '2 films, none"):
        clean_manifest(collection(film("a.png")), [], CleaningRules(), searched=other)


def test_a_copy_that_was_renamed_since_the_audit_is_still_one():
    """Films are known by content: the audit's stamps and its groups go together."""
    manifest = collection(film("a.png"), film("b.png"), film("c.png"))
    renamed = replace(manifest.rows[1], path="moved/b.png")
    told = [flaw("same-picture", "a.png", "b.png")]
    cleaned = clean_manifest(
        replace(manifest, rows=(manifest.rows[0], renamed, manifest.rows[2])),
        told,
        CleaningRules(),
        searched=search(manifest),
    )
    groups = groups_of(cleaned)
    assert groups["a.png"] == groups["moved/b.png"] != groups["c.png"]
    assert cleaned.independence.copies_looked_for
