"""A release on somebody else's films: every film is counted once, and what is not read is seen."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, write_manifest
from osteon.inference.guard_network import hash_guard_network, hash_guard_networks
from osteon.terms import Reading, Reason
from tests.films import draw_film, list_film
from tests.releases import build_card, build_release
from tests.rows import audited, film
from tests.scripts import load_script

elsewhere = load_script("elsewhere")


@pytest.fixture
def there(tmp_path):
    """Twenty films, half of them with a bright spot, one of them blank."""
    rows = []
    for number in range(20):
        film = (draw_film(number, (120, 90)) * 0.5).astype(np.uint8)
        if number % 2:
            film[40:70, 30:54] = 255
        if number == 4:
            film[:] = 3
        Image.fromarray(film).save(tmp_path / f"{number:02}.png")
        facts = {"has_fracture": bool(number % 2), "collection": "there"}
        rows.append(list_film(tmp_path, f"{number:02}.png", **facts))
    return audited(Manifest(rows=tuple(rows), root=tmp_path))


def read(has_fracture, decision, probability=None, code=None):
    row = film("x.png", has_fracture=has_fracture)
    reasons = (Reason(code=code, text="so it is"),) if code else ()
    reading = Reading(
        source="x",
        decision=decision,
        probability=probability,
        findings=(),
        evidence=None,
        reasons=reasons,
        release="r 1",
    )
    return row, reading


def test_shares_are_of_the_films_that_were_read_and_the_others_are_counted():
    """Four fractured films, of which one is not read: three are what flags and doubts are of."""
    films = [
        read(True, "fracture", 0.9),
        read(True, "doubt", 0.3, "scope-doubtful"),
        read(True, "no fracture", 0.02),
        read(True, "not read", code="out-of-scope"),
        read(False, "no fracture", 0.01),
        read(False, "fracture", 0.8),
    ]
    table = "\n".join(elsewhere.write_table({"one": films}))
    assert "6 films, one of each group of copies: 4 with a fracture, 2 without." in table
    assert "| fractured films not read | 1 of 4, 25.0 % (" in table.replace("%", " %")
    said = {line.split(" | ")[0].strip("| "): line for line in table.splitlines() if " | " in line}
    for name, counted in {
        "normal films not read": "0 of 2",
        "fractured films flagged (fracture or doubt)": "2 of 3",
        'fractured films called "fracture"': "1 of 3",
        "fractured films cleared": "1 of 3",
        "normal films cleared": "1 of 2",
        'normal films called "fracture"': "1 of 2",
        "films left in doubt": "1 of 5",
        "read, and said to be perhaps no limb": "1 of 5",
        "why not read": "out-of-scope 1",
    }.items():
        assert counted in said[name], name
    # Three fractures against two others: of six pairs four are in the right order.
    assert "0.667" in said["AUROC of the films read"]


def test_films_of_which_copies_were_never_looked_for_are_refused(there):
    """Copies would count twice, and nobody would know."""
    assert len(elsewhere.choose_rows(there)) == 20
    grouped = tuple(replace(row, group="g") for row in there.rows[:2]) + there.rows[2:]
    assert len(elsewhere.choose_rows(replace(there, rows=grouped))) == 19
    rows = (replace(there.rows[0], audit=None), *there.rows[1:])
    with pytest.raises(SystemExit, match="audited"):
        elsewhere.choose_rows(replace(there, rows=rows))


def test_a_release_is_tried_behind_its_own_guards_and_behind_the_newest(there, tmp_path):
    """The films are read as `osteon read` does; `+guards` exchanges nothing but the guards."""
    strict = build_card().guards.model_copy(
        update={"network": next(iter(hash_guard_networks())), "max_scope_logit": -1e6}
    )
    path = build_release(tmp_path, card={"guards": strict})
    rows = elsewhere.choose_rows(there)
    films = elsewhere.read_all(str(path), there, rows)
    assert [reading.decision for _, reading in films] == ["not read"] * 20
    assert [row.path for row, _ in films] == [row.path for row in rows]
    renewed = elsewhere._renew_guards(elsewhere.read_release(path)).card
    assert renewed.guards.network == hash_guard_network()
    old = elsewhere.read_release(path).card
    assert renewed.model_copy(update={"guards": strict}) == old


def test_the_table_is_printed_and_written_into_its_place(there, tmp_path, monkeypatch, capsys):
    """One command from a manifest to the page; the rest of the page stays."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{elsewhere.START}\nold\n{elsewhere.END}\nafter\n", "utf-8")
    monkeypatch.setattr(elsewhere, "PAGE", page)
    release = build_release(tmp_path)
    write_manifest(there, tmp_path / "there.parquet")
    words = ["elsewhere", str(release), str(tmp_path / "there.parquet"), "--write", "--list"]
    monkeypatch.setattr("sys.argv", words)
    elsewhere.main()
    said = capsys.readouterr().out
    assert "20 films, one of each group of copies: 10 with a fracture, 10 without." in said
    written = page.read_text("utf-8")
    assert written.startswith(f"before\n{elsewhere.START}\n\n20 films")
    assert written.endswith(f"{elsewhere.END}\nafter\n")
    assert "old" not in written
