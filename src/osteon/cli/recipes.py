"""`osteon recipe` and `osteon summary`: what a recipe says, and the network it makes."""

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.options import JsonTo, RecipeName
from osteon.cli.steps import quote
from osteon.cli.words import console_for, say, show_table, write_json

Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change the recipe: --set schedule.epochs=8. Repeatable."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon summary seed-cnn4")(summary)
    app.command(epilog="Example: osteon recipe mobilenetv2 -o mine.toml")(recipe)


def summary(recipe: RecipeName, change: Changes = None, json_to: JsonTo = None) -> None:
    """Show a recipe's layers and count its parameters."""
    from osteon.jobs.summary import summarise

    told = summarise(recipe, overrides=parse_changes(change or []))
    console = console_for(json_to)
    rows = [(layer.name, layer.kind, layer.output, layer.n_parameters) for layer in told.layers]
    show_table(console, ("layer", "kind", "output", "parameters"), rows)
    say(
        console,
        "",
        f"{told.n_parameters:,} parameters, {told.n_trainable:,} of them trainable",
    )
    write_json(told, json_to)


def recipe(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[RECIPE]", help="A recipe's name, or a .toml file; all names if not given."
        ),
    ] = None,
    change: Changes = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.toml", help="Write it there.")
    ] = None,
) -> None:
    """List the recipes, or print one: every key with its value and what it means."""
    from osteon.files import write_whole
    from osteon.learning.recipes import find_recipe, recipe_names
    from osteon.learning.recipes.reference import describe_recipe

    console = console_for()
    if name is None:
        told = [(one, find_recipe(one).about) for one in recipe_names()]
        show_table(console, ("recipe", "what it is"), told)
        say(console, "", f"Next: osteon recipe {told[0][0]}")
        return
    text = describe_recipe(find_recipe(name, parse_changes(change or [])))
    if out is None:
        say(console, text.rstrip("\n"))
        return
    write_whole(out, text.encode())
    say(console, f"Written: {out}", f"Next: osteon train {quote(out)} MANIFEST -o runs/NAME")


def parse_changes(changes: list[str]) -> dict[str, str]:
    """Return the recipe keys that `--set KEY=VALUE` names, with their values as text.

    Raises:
        BadParameter: If one of them is no such pair.
    """
    pairs = [change.partition("=") for change in changes]
    for key, sign, _ in pairs:
        if not (key and sign):
            raise typer.BadParameter(
                f"{key!r} must look like schedule.epochs=8", param_hint="--set"
            )
    return {key.strip(): value.strip() for key, _, value in pairs}
