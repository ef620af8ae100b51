"""`osteon fetch`, `osteon import` and `osteon merge`: films become a manifest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.options import JsonTo, ManifestOut
from osteon.cli.passed_over import (
    PASSED_OVER,
    describe_endings,
    describe_set_aside,
    describe_some,
)
from osteon.cli.progress import shown_progress
from osteon.cli.steps import quote, show_audit_steps
from osteon.cli.words import console_for, say, show_table, write_json
from osteon.wording import say_count

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.jobs.import_ import ImportSummary

Names = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="A class's name. Repeatable.")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon fetch fracatlas -o films/fracatlas")(fetch)
    app.command("import", epilog="Example: osteon import films/fracatlas -o manifest.parquet")(
        import_
    )
    app.command(epilog="Example: osteon merge a.parquet b.parquet -o both.parquet")(merge)


def fetch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="fracatlas, or kaggle:OWNER/NAME.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="A folder that does not exist yet.")
    ],
    json_to: JsonTo = None,
) -> None:
    """Fetch a public collection; its folder appears whole, or not at all."""
    from osteon.jobs.fetch import fetch_collection

    with shown_progress() as progress:
        fetched = fetch_collection(source, out, progress=progress)
    say(
        console_for(json_to),
        f"{say_count(fetched.n_files, 'file')}, {fetched.n_bytes / 1e6:,.0f} MB, "
        f"in {fetched.folder}",
        f"{fetched.licence} {fetched.page}",
        f"Next: {fetched.next_command}",
    )
    write_json(fetched, json_to)


def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder of films, or a table such as labels.csv.")
    ],
    out: ManifestOut,
    positive: Names = None,
    negative: Names = None,
    films: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where a table's films lie.")
    ] = None,
    patient_salt: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar="OSTEON_PATIENT_SALT",
            help="Secret for pseudonyms, so that two imports give a patient the same one; "
            "if not given, a new one is drawn and forgotten.",
        ),
    ] = None,
    rename_to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also copy the films there, named after their content."),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Make a manifest of a folder of films; the layout is found by itself.

    Class folders, FracAtlas, or a table. --positive and --negative name classes that mean a
    fracture, or none, where their names do not say it.
    """
    from osteon.collection.manifest import write_manifest
    from osteon.jobs.import_ import import_films, rename_collection

    with shown_progress() as progress:
        imported = import_films(
            folder,
            positive=positive or (),
            negative=negative or (),
            films=films,
            patient_salt=patient_salt,
            progress=progress,
        )
        manifest = imported.manifest
        if rename_to:
            manifest = rename_collection(manifest, rename_to, progress=progress)
    write_manifest(manifest, out)
    console = console_for(json_to)
    _show_import(console, imported.summary)
    audit = out.with_name(f"{out.stem}-audit")
    say(console, "", f"Written: {out}", f"Next: osteon audit {quote(out)} -o {quote(audit)}")
    write_json(imported.summary, json_to)


def merge(
    manifests: Annotated[
        list[Path], typer.Argument(metavar="MANIFEST...", help="Manifests of several institutions.")
    ],
    out: ManifestOut,
    json_to: JsonTo = None,
) -> None:
    """Join the collections of several institutions.

    Identical files and films of one patient share a group; other copies between the collections are
    looked for by an audit of the whole.
    """
    from osteon.collection.manifest import write_manifest
    from osteon.collection.splits import describe_split
    from osteon.collection.stamps import describe_independence
    from osteon.jobs.import_ import merge_collections
    from osteon.reports.pages.independence import say_independence

    merged = merge_collections(manifests)
    write_manifest(merged, out)
    console = console_for(json_to)
    counts = describe_split(merged)
    rows = [(c.split, c.n_films, c.n_groups, c.n_fractured, c.n_not_fractured) for c in counts]
    show_table(console, ("split", "films", "groups", "fractured", "not fractured"), rows)
    n_copies = sum(count.n_copies for count in counts)
    if n_copies:
        say(console, f"{say_count(n_copies, 'file')} equal to another byte for byte, counted once.")
    known = describe_independence(merged.rows)
    say(console, "", *say_independence(known), f"Written: {out}")
    show_audit_steps(console, known, out)
    write_json({"path": out, "counts": counts, "independence": known}, json_to)


def _show_import(console: "Console", summary: "ImportSummary") -> None:
    films = say_count(summary.n_films, "film")
    words = f"{summary.layout}: {films} of collection {summary.collection!r}"
    say(console, words, "")
    rows: list[tuple[object, ...]] = [
        (counts.split, counts.n_fractured, counts.n_not_fractured) for counts in summary.by_split
    ]
    total = ("all", summary.n_fractured, summary.n_not_fractured)
    show_table(console, ("published split", "fractured", "not fractured"), [*rows, total])
    say(console, "")
    remarks = (
        (summary.n_unreadable, "film", "unreadable, and never used"),
        (summary.n_truncated, "film", "truncated, and never used"),
        (summary.n_torn, "film", "torn, a part of the picture made up, and never used"),
        (summary.n_copies, "film", "a copy of another, byte for byte"),
        (summary.n_contradictions, "film", "where folder and table disagree; the folder holds"),
        (
            summary.n_other_files,
            "other file",
            f"passed over: {describe_endings(summary.other_endings)}",
        ),
    )
    say(console, *(f"{say_count(n, noun)} {what}" for n, noun, what in remarks if n))
    for remark in summary.remarks:
        places = describe_some(remark.examples, remark.n)
        say(console, f"{say_count(remark.n, remark.noun)} {remark.what}: {places}")
    if summary.ignored_columns:
        say(console, f"Columns passed over: {', '.join(summary.ignored_columns)}")
    said = describe_set_aside(summary.set_aside, one="film set aside", many="films set aside")
    say(console, *said)
    say(console, *describe_set_aside(summary.passed_over, **PASSED_OVER))
