"""What a command prints as the next step can be pasted, whatever the files are called."""

import shlex
from pathlib import Path
from typing import Annotated

import polars as pl
import pytest
import typer
from tests.films import draw_film, write_film
from tests.releases import build_release

from osteon.cli.app import run
from osteon.cli.steps import name_clean, name_split, retype


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder whose name has a space, and in it films and a release."""
    home = tmp_path / "my home"
    for seed in range(12):
        for number, name in enumerate(("fractured", "not fractured")):
            film = draw_film(2 * seed + number) // 2
            if name == "fractured":
                film[80 + seed : 130 + seed, 60:110] = 255
            write_film(home / "my films" / name / f"{seed}.png", film)
    build_release(home, name="my release.osteon")
    monkeypatch.chdir(home)
    return home


def read_steps(said: str) -> list[list[str]]:
    """Return the commands of the next steps, as a shell takes them apart."""
    lines, is_next = [], False
    for line in said.splitlines():
        is_next = line.startswith("Next: ") or (is_next and line.startswith("      osteon "))
        if is_next:
            lines.append(shlex.split(line.removeprefix("Next: ")))
    assert all(line[0] == "osteon" for line in lines)
    return [line[1:] for line in lines]


def follow(capsys, *words: str) -> list[list[str]]:
    assert run(list(words)) == 0, capsys.readouterr().err
    return read_steps(capsys.readouterr().out)


def count_splits(path: str) -> dict[str | None, int]:
    return dict(pl.read_parquet(path)["split"].value_counts().iter_rows())


def test_the_way_from_films_to_a_split_is_pasted_line_by_line(home, capsys):
    """Import says how to audit, the audit how to clean, and cleaning how to split."""
    steps = follow(capsys, "import", "my films", "-o", "my films.parquet")
    seen = []
    while steps:
        (step,) = steps
        seen.append(step[0])
        steps = follow(capsys, *step)
    assert seen == ["audit", "clean", "split"]
    assert sum(count_splits("my films-split.parquet").values()) == 24
    written = [path.name for path in home.iterdir()]
    assert sorted(name for name in written if name.endswith(".parquet")) == [
        "my films-clean.parquet",
        "my films-split.parquet",
        "my films.parquet",
    ]


def test_a_split_that_nobody_audited_says_how_to_make_the_same_one_audited(home, capsys):
    """With the shares and the salt that were asked for, and where the films lie."""
    follow(capsys, "import", "my films", "-o", "-m.parquet")
    options = ["--train", "0", "--tune", "50", "--test", "50", "--salt", "a 'b"]
    options += ["--films", "my films"]
    (home / "-m.parquet").rename(home / "-m m.parquet")
    steps = follow(capsys, "split", "./-m m.parquet", "-o", "my split.parquet", *options)
    assert [step[0] for step in steps] == ["audit", "clean", "split"]
    assert all("--films" in step for step in steps)
    before = count_splits("my split.parquet")
    (home / "my split.parquet").unlink()
    for step in steps:
        follow(capsys, *step)
    assert count_splits("my split.parquet") == before == {"tune": 12, "test": 12}


def test_a_release_that_was_recalibrated_on_unaudited_films_is_so_again(home, capsys):
    """With every option that was given."""
    follow(capsys, "import", "my films", "-o", "my films.parquet")
    options = ["--name", "a b", "--sensitivity", "0.8"]
    steps = follow(
        capsys,
        *("recalibrate", "my release.osteon", "my films.parquet", "-o", "my site.osteon"),
        *options,
    )
    assert [step[0] for step in steps] == ["audit", "clean", "recalibrate"]
    assert steps[-1][1:3] == ["my release.osteon", "my films-clean.parquet"]
    for step in steps:
        follow(capsys, *step)
    capsys.readouterr()
    assert run(["inspect", "my site.osteon"]) == 0
    assert "80 %" in capsys.readouterr().out


def test_an_audit_whose_result_was_not_kept_says_how_to_keep_it(home, capsys):
    """Under the manifest's own name."""
    follow(capsys, "import", "my films", "-o", "my films.parquet")
    assert follow(capsys, "audit", "my films.parquet") == [
        ["audit", "my films.parquet", "-o", "my films-audit"]
    ]


def test_a_command_is_typed_again_as_it_was(capsys):
    """Arguments in order, options that were given and no others, and what was changed."""
    app = typer.Typer()
    told = []

    @app.command()
    def other() -> None: ...

    @app.command()
    def do(
        context: typer.Context,
        films: list[Path],
        out: Annotated[Path, typer.Option("-o", "--out")] = Path("out"),
        share: float = 0.5,
        name: list[str] | None = None,
        is_new: Annotated[bool, typer.Option("--new")] = False,  # noqa: FBT002
        audit: Path | None = None,
    ) -> None:
        told.append(retype(context, audit=Path("my audit")))

    words = ["do", "a b", "./-c", "--share", "0.25", "--name", "x y", "--name", "z", "--new"]
    app(words, standalone_mode=False)
    assert told == [
        "osteon do 'a b' ./-c --share 0.25 --name 'x y' --name z --new --audit 'my audit'"
    ]


def test_names_of_what_comes_next_do_not_pile_up():
    """A cleaned manifest's split is named as the manifest was."""
    assert name_split(name_clean(Path("a/films.csv"))) == Path("a/films-split.csv")
    assert name_split(Path("films.parquet")) == Path("films-split.parquet")
