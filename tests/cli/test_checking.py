"""`osteon split` and `osteon merge`: what is said of copies, and of splits that differ."""

import json
import shlex

from tests.films import draw_film, list_films, turn_film, write_film
from tests.rows import audited, place_film

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, read_manifest, write_manifest

NEVER = "Copies were never looked for among these films"


def write_films(folder, n_films=8):
    """Drawn films, half of each label; the last is the first, turned."""
    films = folder / "my films"
    for number in range(n_films - 1):
        write_film(films / f"{number}.png", draw_film(number))
    write_film(films / f"{n_films - 1}.png", turn_film(draw_film(0), 40))
    # The turned copy has the label of its original: it stays.
    facts = {f"{n}.png": {"has_fracture": n in {1, 2, 3}} for n in range(n_films)}
    path = folder / "m.parquet"
    write_manifest(list_films(films, facts), path)
    return path


def test_a_split_of_films_that_nobody_audited_says_so_and_how_to(tmp_path, capsys):
    """The commands that it prints end in a split in which the copy stays with its original."""
    path, out = write_films(tmp_path), tmp_path / "split.parquet"
    told = tmp_path / "told.json"
    shares = ["--train", "50", "--tune", "0", "--test", "50"]
    assert run(["split", str(path), *shares, "-o", str(out), "--json", str(told)]) == 0
    said = capsys.readouterr().out
    assert NEVER in said
    assert json.loads(told.read_text())["copies_looked_for"] is False
    lines = [line.removeprefix("Next: ").strip() for line in said.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("osteon ")]
    assert [command[1] for command in commands] == ["audit", "clean", "split"]
    for command in commands:
        assert run([*command[1:], *(shares if command[1] == "split" else [])]) == 0
    said = capsys.readouterr().out
    assert "Copies were looked for among all of these films" in said
    homes = {row.path: row.split for row in read_manifest(out).rows}
    assert homes["0.png"] == homes["7.png"]


def test_a_merge_of_two_audited_collections_is_not_audited(tmp_path, capsys):
    """Each was searched, and no one of both; the next step is an audit of the whole."""
    paths = []
    for name in ("one", "other"):
        folder = tmp_path / name
        rows = [place_film(folder, f"{n}.png", f"{name} {n}".encode()) for n in range(3)]
        paths.append(tmp_path / f"{name}.csv")
        write_manifest(audited(Manifest(rows=tuple(rows), root=folder)), paths[-1])
    both = tmp_path / "both.parquet"
    assert run(["merge", *map(str, paths), "-o", str(both)]) == 0
    said = capsys.readouterr().out
    assert "Copies were never looked for across these films: they were audited in 2 parts." in said
    assert f"Next: osteon audit {both} -o {tmp_path / 'both-audit'}" in said


def test_splits_of_different_prevalence_are_told_with_numbers(tmp_path, capsys):
    """One large group goes to one split whole; the numbers, the group and a way out are said."""
    rows = [
        place_film(
            tmp_path / "films",
            f"{n:02}.png",
            f"{n}".encode(),
            has_fracture=n < 25,
            group="g" if n < 20 else None,
        )
        for n in range(60)
    ]
    path = tmp_path / "m.parquet"
    write_manifest(audited(Manifest(rows=tuple(rows), root=tmp_path / "films")), path)
    assert run(["split", str(path), "-o", str(tmp_path / "s.parquet")]) == 0
    said = capsys.readouterr().out
    assert "percentage points between splits: train" in said
    assert "The largest group holds 20 of 60 films" in said
    assert "--deduplicate" in said
