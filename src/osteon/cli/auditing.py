"""`osteon audit`: is the collection sound?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.faults import THE_INPUT
from osteon.cli.options import Films, JsonTo, ManifestPath
from osteon.cli.progress import shown_progress
from osteon.cli.steps import name_audit, name_clean, quote, spell_films
from osteon.cli.words import console_for, say, show_table, write_json
from osteon.wording import say_count, spell

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.collection.flaws import AuditSummary
    from osteon.jobs.audit import AuditResult
    from osteon.terms import Flaw

EXAMPLES_SHOWN = 3


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(epilog="Example: osteon audit manifest.parquet -o audit/")(audit)


def audit(
    manifest: ManifestPath,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder for report.html and audit.json."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST",
            help="Another collection: which of these films does it hold too?",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Ask the manifest alone: no film is opened or compared."),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads; one on each core if not given. No result depends on it."
        ),
    ] = None,
    films: Films = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 2 where there is a flaw.")
    ] = False,
    json_to: JsonTo = None,
) -> None:
    """Find what is wrong with a collection: copies at any angle, contradictions, leaks, shortcuts.

    Every film is opened and compared with all others. The audit changes nothing: it reports, and a
    person decides. Stopped half-way, the same command with -o resumes where it stopped.
    """
    from osteon.jobs.audit import audit_collection

    with shown_progress() as progress:
        result = audit_collection(
            manifest,
            out,
            films=films,
            against=against,
            quick=quick,
            workers=workers,
            progress=progress,
        )
    console = console_for(json_to)
    say(console, *say_summary(result.summary))
    if result.summary.rules:
        say(console, "")
        rows = [(rule, n.n_flaws, n.n_films) for rule, n in result.summary.rules.items()]
        show_table(console, ("flaw", "times", "films concerned"), rows)
        _show_examples(console, result.flaws)
    where = quote(manifest) + spell_films(films)
    _show_next(console, result, where, manifest=manifest, out=out)
    write_json(result.as_json(), json_to)
    if strict and result.flaws:
        raise typer.Exit(THE_INPUT)


def say_summary(summary: "AuditSummary") -> list[str]:
    """Return an audit in sentences: how much there is, then what spoils a result."""
    n_films, n_files = summary.n_films, summary.n_distinct_files
    size = f"{say_count(n_films, 'film')}, {say_count(n_files, 'different file')}"
    whole = f"{summary.n_readable:,} decode whole, {summary.n_fractured:,} of these with a fracture"
    told = [f"{size}; {whole}.", _say_pictures(summary)]
    if summary.n_not_seen:
        told.append(
            f"{say_count(summary.n_not_seen, 'film')} could not be looked at: the folder has "
            "changed since it was imported."
        )
    for split, leak in summary.leaks.items():
        if leak.n_leaking:
            films = say_count(leak.n_films, "film")
            words = f"{split}: {leak.n_leaking:,} of {films} ({leak.share:.1%})"
            have = "has a copy" if leak.n_leaking == 1 else "have a copy"
            told.append(f"{words} {have}, or a film of the same patient, in another split.")
    for name, auroc in (summary.shortcut or {}).items():
        told.append(
            f"{spell(name) or 'The label'}: without looking at bone, the label is guessed with an "
            f"AUROC of {auroc['value']:.2f} ({auroc['low']:.2f} to {auroc['high']:.2f}; 0.5 is a "
            "coin toss)."
        )
    if summary.against is not None:
        own = summary.against
        told.append(
            f"{own.n_with_copy:,} of {say_count(own.n_films, 'film')} ({own.share:.1%}) are in "
            f"{spell(own.collection)} too, which has {say_count(own.n_other_films, 'film')}."
        )
    if not summary.rules:
        told.append("No flaw was found.")
    return [sentence for sentence in told if sentence]


def _say_pictures(summary: "AuditSummary") -> str:
    if summary.n_pictures is None:
        return (
            "No film was opened: copies that are other files, text and shortcuts were not sought."
        )
    n_seen = summary.n_readable - summary.n_not_seen
    if summary.n_pictures == n_seen:
        return "No two of them show the same picture."
    n_copies = n_seen - summary.n_pictures
    others = "film is a copy" if n_copies == 1 else f"{n_copies:,} films are copies"
    return f"They show {say_count(summary.n_pictures, 'different picture')}; the other {others}."


def _show_examples(console: "Console", flaws: "tuple[Flaw, ...]") -> None:
    first: dict[str, Flaw] = {}
    for flaw in flaws:
        first.setdefault(flaw.rule, flaw)
    for rule, flaw in first.items():
        more = f" and {len(flaw.films) - EXAMPLES_SHOWN:,} more"
        names = ", ".join(spell(path) for path in flaw.films[:EXAMPLES_SHOWN])
        names += more if len(flaw.films) > EXAMPLES_SHOWN else ""
        say(console, "", f"{rule}, for example {names}", f"  {flaw.advice}")


def _show_next(
    console: "Console", result: "AuditResult", where: str, *, manifest: Path, out: Path | None
) -> None:
    from osteon.audit.cleaning_rules import CLEANED

    if result.path:
        say(console, "")
    if result.page:
        say(console, f"Look at the pictures: {result.page}")
    if result.path:
        say(console, f"Every film concerned: {result.path}")
    # A collection without a flaw is cleaned too: that is how its films get their stamps.
    if result.searched is None and CLEANED.isdisjoint(result.summary.rules):
        return
    if out is None:
        say(console, "", f"Next: osteon audit {where} -o {quote(name_audit(manifest))}")
    else:
        clean = quote(name_clean(manifest))
        say(console, f"Next: osteon clean {where} --audit {quote(out)} -o {clean}")
