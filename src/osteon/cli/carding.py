"""`osteon card`: a release's model card, as a page."""

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.words import console_for, say


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(epilog="Example: osteon card osteon-1 results/ -o model-card.md")(card)


def card(
    release: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="A release: NAME.osteon, or osteon-1.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The page, Markdown.")],
    results: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULTS]",
            help="What `osteon evaluate RELEASE MANIFEST` wrote, for the numbers by kind of film.",
        ),
    ] = None,
    seen: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What a person saw in its errors, as Markdown."),
    ] = None,
) -> None:
    """Write a release's model card: what it is for, what was measured on whom, what it misses.

    Results of another release are refused: every number belongs to this file.
    """
    from osteon.jobs.model_card import CardRequest, write_model_card

    page = write_model_card(CardRequest(release=release, out=out, results=results, seen=seen))
    say(console_for(), f"Model card: {page}")
