import csv
import json
from collections import Counter, defaultdict

import numpy as np
import pytest

from osteon.audit.run import find_flaws
from osteon.errors import OutputFault
from osteon.jobs.import_ import import_films
from osteon.phantoms.collection import COLUMNS, write_phantoms
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantoms(folder, n_films=40, seed=4)
    return folder


@pytest.fixture(scope="module")
def table(folder) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_film_of_the_table_is_there_and_reads(folder, table):
    """The table names every film once, and each is a film of the size its boxes lie in."""
    assert tuple(table[0]) == COLUMNS
    films = sorted(path.relative_to(folder).as_posix() for path in folder.glob("films/*.png"))
    assert films == sorted(row["path"] for row in table)
    assert len(films) == 40
    for row in table:
        film = read_film(folder / row["path"])
        boxes = json.loads(row["boxes"])
        assert bool(boxes) == (row["label"] == "fracture")
        assert len(json.loads(row["polygons"])) == len(boxes)
        for x0, y0, x1, y1 in boxes:
            assert 0 <= x0 < x1 <= film.columns
            assert 0 <= y0 < y1 <= film.rows


def test_both_classes_are_even_and_words_say_which_is_which(table):
    """Half of the films are fractured, and the label is a word, never 1 and 0."""
    counts = Counter(row["label"] for row in table)
    assert set(counts) == {"fracture", "no fracture"}
    assert abs(counts["fracture"] - 20) <= 1


def test_some_patients_have_two_films_that_agree(table):
    """Groups matter: some patients have two films, of one region and under one label."""
    by_patient = defaultdict(list)
    for row in table:
        by_patient[row["patient"]].append((row["region"], row["label"]))
    sizes = Counter(len(films) for films in by_patient.values())
    assert set(sizes) == {1, 2}
    assert sizes[2] >= 3
    assert all(len(set(films)) == 1 for films in by_patient.values())


def test_the_folder_says_that_it_is_drawn(folder):
    """A person who finds the folder is told that nobody is shown in it."""
    told = (folder / "README.txt").read_text(encoding="utf-8")
    assert "drawn, not taken" in told
    assert "40 films" in told


def test_the_same_seed_writes_the_same_films(folder, table, tmp_path):
    """A second call gives the same table and the same greys; another seed gives others."""
    seen: list[int] = []
    write_phantoms(
        tmp_path / "a", n_films=6, seed=4, progress=lambda _, done, __: seen.append(done)
    )
    write_phantoms(tmp_path / "b", n_films=6, seed=5)
    assert seen == [1, 2, 3, 4, 5, 6]
    first = (tmp_path / "a" / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert first[:6] == (folder / "labels.csv").read_text(encoding="utf-8").splitlines()[:6]
    film = table[0]["path"]
    again = read_film(tmp_path / "a" / film).pixels
    np.testing.assert_array_equal(again, read_film(folder / film).pixels)
    assert first != (tmp_path / "b" / "labels.csv").read_text(encoding="utf-8").splitlines()


def test_a_folder_that_cannot_be_written_is_a_fault_of_the_output(tmp_path):
    """A file where the folder should be is refused in our words."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputFault, match="room for the drawn films"):
        write_phantoms(tmp_path / "taken", n_films=1, seed=1)


def test_the_auditor_finds_nothing_wrong_with_drawn_films(tmp_path):
    """A drawn collection passes the audit: every outline lies on its film, no label contradicts."""
    write_phantoms(tmp_path / "drawn", n_films=24, seed=1)
    assert find_flaws(import_films(tmp_path / "drawn").manifest) == ()


def test_every_outline_lies_on_its_film():
    """Fractures drawn at the border are outlined no further than the border."""
    for seed in range(161, 1_000_003 + 1_173, 50_051):
        phantom = draw_phantom(seed, has_fracture=True)
        columns, rows = phantom.radiograph.columns, phantom.radiograph.rows
        for x, y in (corner for polygon in phantom.polygons for corner in polygon):
            assert 0 <= x <= columns
            assert 0 <= y <= rows
    known = draw_phantom(1 * 1_000_003 + 161, has_fracture=True)  # reached two pixels too far once
    assert min(x for polygon in known.polygons for x, _ in polygon) >= 0
