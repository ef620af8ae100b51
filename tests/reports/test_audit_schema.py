"""The published schema of audit.json takes what an audit writes, and refuses what is broken."""

import copy
import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.audits import link

from osteon.audit.run import RULES, find_flaws
from osteon.collection.flaws import summarise_audit
from osteon.collection.manifest import Manifest
from osteon.reports.pages.audit.rules import EXPLANATIONS
from osteon.terms import ManifestRow

SCHEMA = json.loads(files("osteon.reports").joinpath("audit.schema.json").read_text("utf-8"))
LINK = link(
    "a.png",
    "b.png",
    angle_deg=35.2,
    is_mirrored=True,
    scale=0.8,
    matrix=[[1.0, 0.0, 2.5], [0.0, 1.0, -3.0]],
)


def row(path, number, **known):
    sha256 = f"{number:064x}"
    given = {
        "path": path,
        "sha256": sha256,
        "film_id": sha256[:16],
        "rows": 90,
        "columns": 70,
        "has_fracture": True,
    }
    return ManifestRow(**(given | known))


def make_document():
    """What an audit of a small, thoroughly broken collection writes."""
    broken = {"rows": 0, "columns": 0, "sha256": "", "film_id": ""}
    box = ((1.0, 2.0, 30.0, 40.0),)
    rows = (
        row("a.png", 1, split="test", boxes=box),
        row("b.png", 1, split="train", has_fracture=False),
        row("c.png", 2, state="truncated", state_reason="cut short", boxes=box),
        row("t.png", 11, state="torn", state_reason="one block", boxes=box),
        row("d.png", 3, state="unreadable", state_reason=None, **broken),
        row("e.png", 4, has_fracture=False, has_fracture_in_table=True, boxes=box),
        row("f.png", 5, annotation_rows=70, annotation_columns=90, boxes=box),
        row("g.png", 6, boxes=((1.0, 2.0, 99.0, 40.0),)),
        row("h.png", 7),
        row("p.png", 8, split="train", patient_key="p", boxes=box),
        row("q.png", 9, split="test", patient_key="p", boxes=box),
    )
    manifest = Manifest(rows=rows, root=Path())
    flaws = find_flaws(manifest)
    summary = summarise_audit(manifest, flaws)
    whole = {"summary": asdict(summary), "flaws": [asdict(flaw) for flaw in flaws]}
    return json.loads(json.dumps(whole))


def add(document, rule, **evidence):
    flaw = {
        "rule": rule,
        "films": ["a.png", "b.png"],
        "film_ids": ["0" * 16] * 2,
        "evidence": evidence,
        "advice": "Look.",
    }
    return document | {"flaws": [*document["flaws"], flaw]}


def find_faults(document):
    return [fault.json_path for fault in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_schema_is_one():
    """It keeps to the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


def test_what_the_audit_writes_is_taken():
    """Every rule that reads the manifest alone is met, and its evidence fits."""
    document = make_document()
    assert not find_faults(document)
    met = {flaw["rule"] for flaw in document["flaws"]}
    assert met >= {rule.name for rule in RULES if rule.find}


def test_a_rule_of_tomorrow_is_taken():
    """A reader of today's files need not refuse tomorrow's."""
    document = make_document()
    document["summary"]["n_moons"] = 1
    assert not find_faults(add(document, "moon-phase", phase="full"))


def test_links_are_described():
    """A group of copies holds its links, each whole."""
    group = {
        "n_films": 2,
        "n_files": 2,
        "n_links": 1,
        "links": [LINK],
        "n_fractured": 1,
        "n_not_fractured": 1,
    }
    assert not find_faults(add(make_document(), "same-picture", **group))
    for broken in (
        {"matrix": [[1.0, 0.0], [0.0, 1.0]]},
        {"scale": 0},
        {"residual": 1.5},
        {"is_mirrored": "yes"},
    ):
        wrong = add(make_document(), "same-picture", **group | {"links": [LINK | broken]})
        assert len(find_faults(wrong)) >= 1, broken


@pytest.mark.parametrize(
    "breaking",
    [
        lambda document: document.pop("summary"),
        lambda document: document["summary"].pop("rules"),
        lambda document: document["summary"].update(n_films=-1),
        lambda document: document["summary"]["leaks"]["test"].update(share=2),
        lambda document: document["summary"]["leaks"].update(val={}),
        lambda document: document["flaws"][0].pop("evidence"),
        lambda document: document["flaws"][0].update(films=[]),
        lambda document: document["flaws"][0].update(films=["a.png", "a.png"]),
        lambda document: document["flaws"][0].update(film_ids=["short"]),
        lambda document: document["flaws"][0].update(rule="Two words"),
    ],
)
def test_a_broken_audit_is_refused(breaking):
    """What every flaw and every summary must hold is asked for."""
    document = make_document()
    breaking(document)
    assert find_faults(document)


def test_evidence_that_is_missing_is_refused():
    """Each rule's evidence is asked for by the rule's own name."""
    document = make_document()
    for place, flaw in enumerate(document["flaws"]):
        for key in flaw["evidence"]:
            broken = copy.deepcopy(document)
            del broken["flaws"][place]["evidence"][key]
            is_free = key == "links" or (key == "n_boxes" and flaw["rule"] != "box-on-negative")
            if not is_free:
                assert find_faults(broken) == [f"$.flaws[{place}].evidence"], (flaw["rule"], key)


def test_every_rule_that_is_explained_is_described():
    """The page and the schema know the same rules, and the audit's own are among them."""
    described = {
        choice["if"]["properties"]["rule"]["const"] for choice in SCHEMA["$defs"]["flaw"]["allOf"]
    }
    assert described == set(EXPLANATIONS)
    assert {rule.name for rule in RULES} <= described
