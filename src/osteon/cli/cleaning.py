"""`osteon clean`: what an audit found becomes a collection that can be split."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.options import Films, JsonTo, ManifestOut, ManifestPath
from osteon.cli.steps import name_run, name_split, quote, show_audit_steps, spell_films
from osteon.cli.words import console_for, say, show_table, write_json
from osteon.wording import say_count, spell

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.jobs.clean import CleaningOutcome

FILMS_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(
        epilog="Example: osteon clean manifest.parquet --audit audit/ -o clean.parquet "
        "--deduplicate"
    )(clean)


def clean(
    manifest: ManifestPath,
    out: ManifestOut,
    audit: Annotated[
        Path,
        typer.Option(metavar="DIR", help="What `osteon audit -o DIR` wrote for this manifest."),
    ],
    deduplicate: Annotated[
        bool, typer.Option("--deduplicate", help="Keep one copy of each picture.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE", help="Take films out for this rule too, such as outlier. Repeatable."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Leave films in despite this rule. Repeatable."),
    ] = None,
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Put copies into groups, and take out films that cannot be learnt from.

    Out go films that do not decode whole, and films whose label is disputed: copies under both
    labels, folder against table, a marked fracture under "no fracture". Each stands with its reason
    in NAME.excluded.csv beside the new manifest. No film is changed, or moved from its split.
    """
    from osteon.audit.cleaning_rules import CleaningRules
    from osteon.jobs.clean import clean_collection

    how = CleaningRules(
        exclude=tuple(exclude or ()), keep=tuple(keep or ()), deduplicate=deduplicate
    )
    outcome = clean_collection(manifest, audit, out, how=how, films=films)
    console = console_for(json_to)
    _show_films(console, outcome)
    _show_doubts(console, outcome)
    _show_search(console, outcome)
    _show_next(console, outcome, films)
    write_json(outcome.as_json(), json_to)


def _show_films(console: "Console", outcome: "CleaningOutcome") -> None:
    cleaned = outcome.cleaned
    rows = cleaned.manifest.rows
    n_groups = len({row.group or row.path for row in rows})
    say(
        console,
        f"{len(rows):,} of {say_count(cleaned.n_films_before, 'film')} stay: "
        f"{say_count(cleaned.n_pictures, 'different picture')} in {say_count(n_groups, 'group')}; "
        f"{sum(row.has_fracture for row in rows):,} with a fracture",
    )
    if not cleaned.excluded:
        return
    say(console, "")
    show_table(console, ("taken out for", "films"), list(outcome.count_by_rule().items()))
    # Copies are many and alike; what a reader must decide comes before them.
    shown = sorted(cleaned.excluded, key=lambda film: film.stands_in is not None)[:FILMS_SHOWN]
    say(console, "", *(f"  {spell(film.path)}: {film.reason}" for film in shown))
    if len(cleaned.excluded) > FILMS_SHOWN:
        say(console, f"  and {len(cleaned.excluded) - FILMS_SHOWN:,} more")
    say(console, f"Every one of them, with its reason: {outcome.excluded_path}")


def _show_search(console: "Console", outcome: "CleaningOutcome") -> None:
    """Print whether copies were looked for among the films that stay."""
    from osteon.reports.pages.independence import say_independence

    cleaned = outcome.cleaned
    if not cleaned.was_searched:
        why = (
            "it has rules that this Osteon does not know"
            if cleaned.unknown_rules
            else "it opened no film (--quick), or an older Osteon wrote it"
        )
        say(console, f"This audit does not say which films it searched for copies: {why}.")
    say(console, *say_independence(cleaned.independence))


def _show_doubts(console: "Console", outcome: "CleaningOutcome") -> None:
    cleaned = outcome.cleaned
    for rule, n_films in cleaned.doubts.items():
        way = "" if rule == "shortcut" else f"; --exclude {rule} takes them out"
        say(console, f"{rule}: {say_count(n_films, 'film')} kept, see the audit{way}")
    if cleaned.n_absent:
        words = f"{say_count(cleaned.n_absent, 'film')} of the audit are not in this manifest"
        say(console, f"{words}: taken out before, or never in it")
    for rule, n_flaws in cleaned.unknown_rules.items():
        say(console, f"{rule}: a rule that this Osteon does not know; its {n_flaws:,} passed over")


def _show_next(console: "Console", outcome: "CleaningOutcome", films: Path | None) -> None:
    from osteon.audit.cleaning_rules import DISPUTED

    cleaned = outcome.cleaned
    n_disputed = sum(not DISPUTED.keys().isdisjoint(film.rules) for film in cleaned.excluded)
    if n_disputed:
        say(
            console,
            f"A reader must decide the label of {say_count(n_disputed, 'film')}: correct folder or "
            "table, then import and audit again, and they stay.",
        )
    say(console, "", f"Written: {outcome.path}")
    where = quote(outcome.path) + spell_films(films)
    if not cleaned.independence.copies_looked_for:
        show_audit_steps(console, cleaned.independence, outcome.path, films=films)
    elif cleaned.leaks:
        words = say_count(len(cleaned.leaks), "group")
        say(
            console,
            f"{words} of copies or patients are in two splits, and placed films never move: "
            "clean the manifest from before the split, then split it.",
        )
    elif all(row.split for row in cleaned.manifest.rows):
        say(console, f"Next: osteon train seed-cnn4 {where} -o {quote(name_run(outcome.path))}")
    else:
        say(console, f"Next: osteon split {where} -o {quote(name_split(outcome.path))}")
