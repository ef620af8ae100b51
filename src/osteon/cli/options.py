"""Options that several commands share, each explained once."""

from pathlib import Path
from typing import Annotated

import typer

JsonTo = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the answer as JSON too; - for standard output."
    ),
]

Films = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where the films lie, if not where the manifest says."),
]

ManifestPath = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="Table of films: .parquet or .csv.")
]

ManifestOut = Annotated[
    Path, typer.Option("-o", "--out", metavar="FILE", help="Manifest to write: .parquet or .csv.")
]

Unaudited = Annotated[
    bool,
    typer.Option(
        "--unaudited",
        help="Certify although copies were never looked for; the release says so for good.",
    ),
]

WithoutFilms = Annotated[
    bool,
    typer.Option(
        "--without-films",
        help="Leave out the hashes by which the release knows its films again; then nobody can "
        "ask it whether a film was among them, and no command can leave such films out.",
    ),
]

WithLearnt = Annotated[
    bool,
    typer.Option(
        "--with-learnt",
        help="Count films that a release learnt from, instead of leaving them out; every result "
        "says so.",
    ),
]

StatementFile = Annotated[
    Path | None,
    typer.Option(
        "--card",
        metavar="FILE",
        help="What you say of the release, as TOML: intended_use, population, labels, not_for, "
        "not_tested_on, contact. What is left out is shown as not stated.",
    ),
]

RecipeName = Annotated[
    str,
    typer.Argument(metavar="RECIPE", help="A recipe's name, such as seed-cnn4, or a .toml file."),
]
