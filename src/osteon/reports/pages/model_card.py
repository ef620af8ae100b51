"""The model card: a page for whoever thinks of using a release, written from what was measured.

What a machine can know comes from the release and from the results of `osteon evaluate`, so that no
number is typed. What only a person can see, in the pictures of its errors, is given as text.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from osteon.evaluation.groups import GroupMeasures, GroupReport
from osteon.release import ReleaseCard
from osteon.release.card import NOT_STATED, Statement
from osteon.reports.pages.group_table import (
    CLEARED,
    COLUMNS,
    DOUBT,
    NOT_ACCUSED,
    NOT_CLEARED,
    TITLES,
    lay_out_groups,
    say_measure,
)
from osteon.reports.pages.independence import say_copies
from osteon.reports.pages.release_card import (
    MEASURE_COLUMNS,
    Section,
    describe_card,
    describe_films,
    describe_kinds,
    describe_statement,
)
from osteon.wording import name_collection

_EMPTY: Final = f"{NOT_STATED.capitalize()}: whoever made the release left this field empty."

ELSEWHERE: Final = """\
Films should be like those it was made of, which are counted below. Before using it elsewhere, \
measure it on labelled films from that site (`osteon evaluate`), and calibrate and certify it on \
them (`osteon recalibrate`)."""

NOT_FOR: Final = (
    "deciding about a patient: it is not a medical device",
    "fractures that one view does not show, or that only an older film gives away",
    "how old a fracture is, of what kind, or whether it has healed",
    "anything but radiographs: photographs of a screen, sheets of several films, ultrasound, CT",
)

MANY: Final = """\
Shares have their counts and 95 % intervals that resample groups. Many rows are many \
comparisons: a row that stands out is a question for more films, not an answer. A dash stands \
where there is nothing to divide by, or the films are too few to tell."""


def build_model_card(
    card: ReleaseCard,
    groups: GroupReport | None = None,
    *,
    stated: Statement | None = None,
    seen: str = "",
    name: str = "",
    films_list: str = "",
) -> str:
    """Return the model card as Markdown.

    Args:
        card: Of the release.
        groups: Its numbers by kind of film; None where it was not measured so.
        stated: What its makers say of it, where the release itself does not hold it.
        seen: What a person saw in its errors, as Markdown.
        name: The release as it is named in commands; the card's name if empty.
        films_list: The published list of the films it was made of, if there is one.
    """
    said = card.statement or stated or Statement()
    first, *others = describe_card(card.model_copy(update={"statement": said}))
    fields = describe_statement(said)
    parts = [
        f"# Model card: {first.title}",
        *(sentence for sentence in first.sentences if sentence not in fields),
        f"## Intended use\n\n{said.intended_use.strip() or _EMPTY}\n\n{ELSEWHERE}",
        f"## Made of\n\n{_bullets(tuple(_tell_population(card, said)))}",
        f"## Not for\n\n{_bullets((*said.not_for, *NOT_FOR))}",
        f"## Not tested on\n\n{_bullets(said.not_tested_on or (_EMPTY,))}",
        "\n\n".join(_lay_out(section) for section in others[:2]),
        *_tell_groups(groups),
        *_tell_misses(groups),
        *([seen.strip()] if seen.strip() else []),
        _show_errors(name or card.name, films_list),
        "\n\n".join(_lay_out(section) for section in others[2:]),
        *_tell_data(card),
        "Written by `osteon card` from the release and its results; no number here was typed.",
    ]
    return "\n\n".join(parts) + "\n"


def lay_out_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown.

    Args:
        columns: The header.
        rows: Its cells.
    """
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in lines)


def _tell_population(card: ReleaseCard, said: Statement) -> Iterator[str]:
    """Say whose films it was made of, as far as its makers and the manifest tell."""
    yield f"Population: {said.population.strip().rstrip('.') or NOT_STATED}."
    yield f"Labelled by: {said.labels.strip().rstrip('.') or NOT_STATED}."
    if card.trained_on is not None:
        yield describe_films("Trained on", card.trained_on)
        yield from describe_kinds(card.trained_on)
    yield f"Contact: {said.contact.strip().rstrip('.') or NOT_STATED}."


def _lay_out(section: Section) -> str:
    parts = [f"## {section.title}", _bullets(section.sentences)]
    if section.rows:
        parts.append(lay_out_table(section.columns or MEASURE_COLUMNS, section.rows))
    return "\n\n".join(part for part in parts if part)


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _tell_groups(report: GroupReport | None) -> Iterator[str]:
    yield "## By kind of film"
    if report is None:
        yield "Not measured: `osteon evaluate` has not been run for this card."
        return
    which = (
        "the films that certified it"
        if report.certified_it
        else f"films of {name_collection(report.collection)} that had no part in making it"
    )
    yield (
        f"At the thresholds above, on {which} ({report.split}, manifest "
        f"{report.manifest_sha256[:16]}). {MANY}"
    )
    yield say_copies(report.independence)
    for title, rows in lay_out_groups(report):
        yield f"### {title}\n\n{lay_out_table(COLUMNS, rows)}"


def _tell_misses(report: GroupReport | None) -> Iterator[str]:
    """Say in words what is missed, called wrongly or left in doubt, and where most."""
    yield "## What it misses"
    if report is None:
        yield "Not measured."
        return
    whole = report.whole
    yield _bullets(
        [
            *_say_wrong(whole, NOT_CLEARED, 'fractured films were called "no fracture"'),
            *_say_wrong(whole, NOT_ACCUSED, 'films without one were called "fracture"'),
            *_say_doubt(whole),
            *_spread(report.groups, NOT_CLEARED, 'Fractures called "no fracture"'),
            *_spread(report.groups, NOT_ACCUSED, 'Others called "fracture"'),
            *_stand_out(report),
        ]
    )


def _say_wrong(whole: GroupMeasures, name: str, words: str) -> Iterator[str]:
    share = whole.find(name)
    if share is not None and share.hits is not None:
        yield f"{share.n - share.hits:,} of {share.n:,} {words}."


def _say_doubt(whole: GroupMeasures) -> Iterator[str]:
    share = whole.find(DOUBT)
    if share is not None and share.hits is not None:
        yield f"{share.hits:,} of {share.n:,} films were left in doubt."


def _spread(groups: Sequence[GroupMeasures], name: str, words: str) -> Iterator[str]:
    """Say of each covariate on which kinds of film a promise was broken, and how often."""
    for covariate in dict.fromkeys(group.covariate for group in groups):
        told = [
            f"{group.value} {share.n - share.hits:,} of {share.n:,}"
            for group in groups
            if group.covariate == covariate
            and (share := group.find(name)) is not None
            and share.hits is not None
        ]
        if len(told) > 1:
            yield f"{words}, by {TITLES.get(covariate, covariate).lower()}: {', '.join(told)}."


def _stand_out(report: GroupReport) -> Iterator[str]:
    """Name the kinds of film whose whole interval lies below the number of all films."""
    for name in ("auroc", NOT_CLEARED, CLEARED, NOT_ACCUSED):
        of_all = report.whole.find(name)
        if of_all is None or of_all.value is None:
            continue
        for group in report.groups:
            one = group.find(name)
            if one is not None and one.high is not None and one.high < of_all.value:
                yield (
                    f"Weaker than on all films, {group.value}: {name}, {say_measure(one)}; all "
                    f"films: {say_measure(of_all)}."
                )


def _show_errors(name: str, films_list: str) -> str:
    splits = ""
    if films_list:
        splits = (
            f" The splits it was made with are in `{films_list}` of Osteon's repository; "
            "`benchmarks/films_used.py` there lays them on your copy, so that its test films "
            "alone are read."
        )
    return (
        "## Look at its errors yourself\n\n"
        "With a copy of the films, this draws the worst misses and false alarms, each with the "
        f"network's evidence, its boxes and the reader's.{splits}\n\n"
        "```\nosteon import DIR -o films.parquet\n"
        f"osteon evaluate {name} films.parquet --worst 24 -o errors/\n```"
    )


def _tell_data(card: ReleaseCard) -> Iterator[str]:
    yield f"## Data and licence\n\n{card.attribution}\n\nWeights: {card.licence.rstrip('.')}."
