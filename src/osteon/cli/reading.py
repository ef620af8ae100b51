"""`osteon read` and `osteon inspect`: films become readings, a release shows its card."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from osteon.cli.options import JsonTo
from osteon.cli.passed_over import describe_beside
from osteon.cli.progress import shown_progress
from osteon.cli.streams import read_standard_input
from osteon.cli.words import STANDARD_OUTPUT, console_for, counted, say, show_table, write_json

if TYPE_CHECKING:
    from osteon.jobs.read import ReadingReport
    from osteon.reports.readings import ReadingRecord

REASONS_SHOWN = 8
NOT_ALL_READ = 1

ReleasePath = Annotated[
    Path | None,
    typer.Option(
        "-r",
        "--release",
        metavar="FILE",
        help="The release to read with: NAME.osteon; the one that comes with Osteon if not given.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon read wrist.jpg; osteon read films/ -o read")(read)
    app.command(epilog="Example: osteon inspect; osteon inspect wrist.osteon")(inspect)


def read(
    films: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Films and folders; - takes one film, or a list of paths, from standard input.",
        ),
    ],
    release: ReleasePath = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help="Folder for readings.jsonl, readings.csv and overlays/; those of an earlier run "
            "are replaced.",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the readings as a table.")
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(
            "--overlay",
            metavar="DIR|FILE.png",
            help="Draw each film with its evidence and boxes: into a folder, or one into a file.",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads; all cores if not given.")
    ] = None,
    on_inverted: Annotated[
        str | None,
        typer.Option(
            metavar="refuse|correct",
            help="What is done about a negative; as the release says if not given.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 if a path is missing or a film was not read."),
    ] = False,
    json_to: JsonTo = None,
) -> None:
    """Read films: one line for each, whatever becomes of it.

    The exit code is 0 when every film was handled, also when some could not be read; with
    --strict it is 1 then. docs/readings.md describes the files. Research use only; not a medical
    device.
    """
    from osteon.jobs.read import ReadingRequest, read_films
    from osteon.wording import name_release

    paths, piped = _take_list(films)
    is_picture = overlay is not None and overlay.suffix.lower() == ".png" and not overlay.is_dir()
    request = ReadingRequest(
        films=paths,
        piped=piped,
        release=release,
        threads=threads,
        on_inverted=parse_on_inverted(on_inverted),
        lines=out / "readings.jsonl" if out else None,
        table=csv or (out / "readings.csv" if out else None),
        overlays=(None if is_picture else overlay) or (out / "overlays" if out else None),
        overlay=overlay if is_picture else None,
    )
    console = console_for(json_to)
    with shown_progress() as progress:
        report = read_films(
            request, progress=progress, tell=lambda record: say(console, put_reading(record))
        )
    say(console, "")
    show_table(console, ("decision", "films"), list(report.counts.items()))
    say(console, "", *_say_reasons(report))
    say(console, *describe_beside(report.passed_over, report.other_endings))
    if report.n_overlays:
        where = request.overlay or f"{counted(report.n_overlays, 'picture')} in {request.overlays}"
        say(console, str(where))
    if report.n_replaced:
        say(console, f"Replaced: {counted(report.n_replaced, 'reading')} of an earlier run there")
    places = [str(place) for place in (request.lines, request.table) if place]
    if places:
        say(console, f"Written: {', '.join(places)}")
    say(
        console, f"Read by {name_release(report.release)}. Research use only; not a medical device."
    )
    say(console, *report.remarks)
    told = {
        "release": report.release,
        "remarks": report.remarks,
        "readings": report.readings,
        "passed_over": report.passed_over,
        "other_files": report.other_endings,
    }
    write_json(told, json_to)
    if strict and any(record.decision == "not read" for record in report.readings):
        raise typer.Exit(NOT_ALL_READ)


def inspect(
    release: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RELEASE]",
            help="NAME.osteon; the release that comes with Osteon if not given.",
        ),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Check a release and show its card: promises, numbers, scope and limits.

    A release that is damaged, of another schema, or inverted is refused.
    """
    from osteon.jobs.inspect import inspect_release
    from osteon.reports.pages.release_card import describe_card

    report = inspect_release(release)
    console = console_for(json_to)
    for section in describe_card(report.card):
        say(console, section.title, *(f"  {sentence}" for sentence in section.sentences))
        if section.rows:
            say(console, "")
            show_table(console, section.columns, section.rows)
        say(console, "")
    say(console, f"{report.path}: {report.n_bytes:,} bytes, SHA-256 {report.sha256}")
    write_json(report, json_to)


def put_reading(record: "ReadingRecord") -> str:
    """Return one film's line: decision, probability, path, and why."""
    from osteon.reports.pictures.overlay import say_probability
    from osteon.terms import Probability

    probability = None if record.probability is None else Probability(record.probability)
    line = f"{record.decision:<11}  {say_probability(probability):>8}  {record.path}"
    return f"{line}  ({' '.join(record.reasons)})" if record.reasons else line


def parse_on_inverted(text: str | None) -> Literal["refuse", "correct"] | None:
    """Return what the person wants done about negatives.

    Raises:
        BadParameter: If it is neither "refuse" nor "correct".
    """
    match text:
        case None | "refuse" | "correct":
            return text
    raise typer.BadParameter(f"{text!r} must be refuse or correct", param_hint="--on-inverted")


def _take_list(films: list[Path]) -> tuple[list[Path], bytes | None]:
    """Return the paths that are meant, and the film that came on standard input, if one did."""
    from osteon.jobs.film_lists import is_film, parse_film_list

    taken: list[Path] = []
    piped = None
    for film in films:
        if film != STANDARD_OUTPUT:
            taken.append(film)
            continue
        content = read_standard_input()
        if is_film(content):
            piped = content
        else:
            taken += parse_film_list(content, where="standard input")
    return taken, piped


def _say_reasons(report: "ReadingReport") -> list[str]:
    """Return how many films were not read, and the commonest reasons."""
    unread = [record for record in report.readings if record.decision == "not read"]
    if not unread:
        return []
    reasons = Counter(" ".join(record.reasons) for record in unread)
    said = [f"{counted(len(unread), 'film')} not read:"]
    said += [f"  {n:,} × {reason}" for reason, n in reasons.most_common(REASONS_SHOWN)]
    rest = len(reasons) - REASONS_SHOWN
    return [*said, f"  and {counted(rest, 'further reason')}"] if rest > 0 else said
