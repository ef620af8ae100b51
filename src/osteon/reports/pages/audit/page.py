"""The audit as one page that a radiologist can read: no network, pictures inside."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from markupsafe import Markup, escape

from osteon.audit.cleaning_rules import CLEANED
from osteon.collection.flaws import AuditSummary
from osteon.files import write_whole
from osteon.reports.pages.audit.charts import (
    LeakTable,
    build_feature_bars,
    build_leak_table,
    say_leaks,
)
from osteon.reports.pages.audit.examples import SHOWN_BY_FILM, Example, build_examples
from osteon.reports.pages.audit.rules import EXPLANATIONS, RuleText, explain_rule, order_rules
from osteon.reports.pages.audit.shortcut import say_shortcut, say_verdict
from osteon.reports.pages.audit.shots import N_LINK_SHOTS, Shelf
from osteon.reports.pages.audit.words import say_split
from osteon.reports.pictures.film import ReadFilm, ReadTorn
from osteon.terms import Flaw, ManifestRow
from osteon.wording import say_count, say_share, spell

COUNTED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("same-picture", "identical-pixels", "identical-files"), "group"),
        **dict.fromkeys(("copies-across-splits", "patient-across-splits"), "group"),
        **dict.fromkeys(("same-picture-two-labels", "copy-in-other-collection"), "picture"),
    }
)
"""What is counted where a rule finds films that belong together; other rules count times."""

MAX_LISTED = 200
"""Films of one rule that are listed with their reason; the others stand in audit.json."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditPage:
    """What the page is made from.

    Attributes:
        name: Of the collection.
        summary: The audit in numbers.
        flaws: What the audit found.
        read_film: Opens a film by its path in the collection: grey values, shape
            `(rows, columns)`, upright; raises `FilmFault` where it cannot.
        date: Of the audit, as it is to be read.
        version: Of Osteon.
        n_pictures: Different pictures, copies counted once; None where copies were not sought.
        shortcut: The shortcut's measurement, also where it is below the limit; None without one.
        rows: What the manifest says about films, by path, for labels and marks; may lack any.
        read_other: Opens a film of the collection that this one was compared with; None without.
        read_torn: Opens a film of which a part is made up, with that part; None shows none.
        other_rows: What that collection's manifest says about its films, by path.
        explanations: Of the rules.
        manifest: The manifest that was audited, as it is to be named in a command.
        folder: Where the audit is written, in the same way.
        films: Where the films lie, if it was not where the manifest says.
        is_beside: Whether commands are to be typed in the manifest's folder, and not where the
            audit was.
    """

    name: str
    summary: AuditSummary
    flaws: Sequence[Flaw]
    read_film: ReadFilm
    date: str = ""
    version: str = ""
    n_pictures: int | None = None
    shortcut: Mapping[str, Any] | None = None
    rows: Mapping[str, ManifestRow] = field(default_factory=dict)
    read_other: ReadFilm | None = None
    read_torn: ReadTorn | None = None
    other_rows: Mapping[str, ManifestRow] = field(default_factory=dict)
    explanations: Mapping[str, RuleText] = field(default_factory=lambda: EXPLANATIONS)
    manifest: Path = Path("manifest.parquet")
    folder: Path = Path("audit")
    films: Path | None = None
    is_beside: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One rule on the page.

    Attributes:
        rule: Its stable name.
        text: What it means.
        advice: What a person can do, as the flaws say it.
        n_flaws: Flaws found.
        n_films: Films concerned.
        examples: Some of the flaws, shown.
        listed: Film and reason, where there is nothing to look at.
        leaks: The table of splits; None for other rules.
        burned_in: How often each class carries text; None for other rules.
        shortcuts: What was measured, one for each collection; empty for other rules.
    """

    rule: str
    text: RuleText
    advice: tuple[str, ...]
    n_flaws: int
    n_films: int
    examples: tuple[Example, ...] = ()
    listed: tuple[tuple[str, str], ...] = ()
    leaks: LeakTable | None = None
    burned_in: Mapping[str, Any] | None = None
    shortcuts: tuple[Mapping[str, Any], ...] = ()

    @property
    def found(self) -> str:
        """How often, in the rule's own words: groups of copies, or times."""
        return f"{say_count(self.n_flaws, COUNTED.get(self.rule, 'time'))}"

    @property
    def n_pictured(self) -> int:
        """Flaws that could be shown as examples; where one flaw holds all films, those films."""
        return self.n_films if self.rule in SHOWN_BY_FILM else self.n_flaws

    @property
    def n_left(self) -> int:
        """Flaws, or films, that stand in audit.json only."""
        n_shown = len(self.examples) + len(self.listed)
        return self.n_pictured - n_shown if n_shown else 0

    @property
    def is_linked(self) -> bool:
        """Whether an example lays one film on another."""
        return any(len(example.shots) == N_LINK_SHOTS for example in self.examples)


def write_audit_page(page: AuditPage, path: Path) -> None:
    """Write the page, whole or not at all; the same audit gives the same bytes.

    Args:
        page: What it is made from.
        path: Where; its folder is made where there is none.

    Raises:
        OutputFault: If the place cannot be written.
    """
    write_whole(path, build_audit_page(page).encode("utf-8"))


def build_audit_page(page: AuditPage) -> str:
    """Return the page as HTML that needs nothing from elsewhere.

    Args:
        page: What it is made from.
    """
    by_rule: dict[str, list[Flaw]] = {}
    for flaw in page.flaws:
        by_rule.setdefault(flaw.rule, []).append(flaw)
    beside = None if page.read_other is None else Shelf(page.read_other, page.other_rows)
    shelf = Shelf(page.read_film, page.rows, beside=beside, read_torn=page.read_torn)
    sections = [_build_section(rule, by_rule[rule], page, shelf) for rule in order_rules(by_rule)]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("osteon.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=say_count, share=say_share, ticked=_mark_commands)
    environment.globals.update(
        split_word=say_split, feature_bars=build_feature_bars, verdict=say_verdict
    )
    html = environment.get_template("audit.html.j2").render(
        page=page,
        name=spell(page.name),
        sections=sections,
        sentences=_say_findings(page, sections),
        must_clean=any(section.rule in CLEANED for section in sections),
        commands=build_commands(page),
        is_placed=page.summary.split_column == "split",
    )
    # An evidence's text may hold half a letter, from a name that is no UTF-8; the page must not.
    return html.lstrip().encode("utf-8", "backslashreplace").decode("utf-8")


def build_commands(page: AuditPage) -> list[str]:
    """Return what to type next, whole, with the files' real names, quoted for a shell.

    Args:
        page: What it is made from.
    """
    stem = page.manifest.stem
    clean = page.manifest.with_name(f"{stem}-clean.parquet")
    split = page.manifest.with_name(f"{stem}-split.parquet")
    films: list[str | Path] = [] if page.films is None else ["--films", page.films]
    commands: list[list[str | Path]] = [
        ["osteon", "clean", page.manifest, "--audit", page.folder, *films, "-o", clean]
    ]
    if page.summary.split_column != "split":  # films that are placed never move
        commands.append(["osteon", "split", clean, *films, "-o", split])
    return [shlex.join(_spell_argument(word) for word in command) for command in commands]


def _spell_argument(word: str | Path) -> str:
    """Return a word of a command; a file whose name begins with a dash is no option."""
    is_option_like = isinstance(word, Path) and str(word).startswith("-")
    return f"./{word}" if is_option_like else str(word)


def _mark_commands(text: str) -> Markup:
    """Return a text in which what stands between backticks is set as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _build_section(rule: str, flaws: Sequence[Flaw], page: AuditPage, shelf: Shelf) -> Section:
    is_list = rule in {"unreadable", "truncated", "changed-since-import"}
    reasons = [
        (spell(path), str(flaw.evidence.get("reason") or "no reason given"))
        for flaw in flaws[:MAX_LISTED]
        for path in flaw.films
    ]
    n_films: dict[str, int] = {split: leak.n_films for split, leak in page.summary.leaks.items()}
    return Section(
        rule=rule,
        text=explain_rule(rule, page.explanations),
        advice=tuple(dict.fromkeys(flaw.advice for flaw in flaws))[:3],
        n_flaws=len(flaws),
        n_films=len({path for flaw in flaws for path in flaw.films}),
        examples=build_examples(rule, flaws, shelf),
        listed=tuple(reasons) if is_list else (),
        leaks=build_leak_table(flaws, n_films) if rule.endswith("-across-splits") else None,
        burned_in=flaws[0].evidence if rule == "burned-in-text" else None,
        shortcuts=tuple(flaw.evidence for flaw in flaws if rule == "shortcut"),
    )


def _say_findings(page: AuditPage, sections: Sequence[Section]) -> list[str]:
    """Return the audit in sentences: how much there is, then what spoils a result."""
    counts = {section.rule: section for section in sections}
    told = [_say_size(page.summary), _say_pictures(page), _say_leaks(counts)]
    told.append(_say_overlap(page.summary))
    if "same-picture-two-labels" in counts:
        found = counts["same-picture-two-labels"]
        told.append(
            f"{say_count(found.n_flaws, 'picture')} {'is' if found.n_flaws == 1 else 'are'} in the"
            " collection under both labels, once with and once without a fracture."
        )
    found_shortcuts = counts["shortcut"].shortcuts if "shortcut" in counts else ()
    told += [say_shortcut(shortcut) for shortcut in found_shortcuts or (page.shortcut,)]
    if not sections:
        told.append(
            "The audit found nothing wrong. That is no proof that nothing is: it sees what"
            " its rules look for."
        )
    return [sentence for sentence in told if sentence]


def _say_size(summary: AuditSummary) -> str:
    shut = summary.n_films - summary.n_readable
    do = "does" if shut == 1 else "do"
    whole = (
        "all of them open whole"
        if not shut
        else f"{summary.n_readable:,} of them open whole and {shut:,} {do} not"
    )
    gone = summary.n_not_seen
    changed = (
        f" {say_count(gone, 'film')} could not be looked at: the folder has changed since it was"
        " imported."
        if gone
        else ""
    )
    return (
        f"The collection lists {say_count(summary.n_films, 'film')}; {whole}."
        f" {summary.n_fractured:,} of those that open are labelled with a fracture.{changed}"
    )


def _say_pictures(page: AuditPage) -> str:
    summary = page.summary
    if page.n_pictures is None:
        if summary.n_distinct_files == summary.n_films:
            return ""
        return (
            f"Only {summary.n_distinct_files:,} of the files differ; the others repeat them"
            " to the last byte."
        )
    if page.n_pictures >= summary.n_readable - summary.n_not_seen:
        return "No two films show the same picture."
    n_copies = summary.n_readable - summary.n_not_seen - page.n_pictures
    others = "the other film is a copy" if n_copies == 1 else f"{n_copies:,} films are copies"
    changed = "perhaps" if n_copies == 1 else "some"
    return (
        f"They show {say_count(page.n_pictures, 'different picture')}: {others},"
        f" {changed} turned, mirrored, resized or changed in contrast."
    )


def _say_leaks(counts: Mapping[str, Section]) -> str:
    found = counts.get("copies-across-splits")
    if found is None or found.leaks is None:
        return ""
    told = say_leaks(found.leaks)
    if not told:
        return f"Copies of {say_count(found.n_flaws, 'picture')} are in more than one split."
    return (
        f"{told} A result measured on them rewards remembering a picture, and says little about a"
        " new patient's film."
    )


def _say_overlap(summary: AuditSummary) -> str:
    against = summary.against
    if against is None:
        return ""
    if not against.n_with_copy:
        return f"No film of it was found in the collection {spell(against.collection)}."
    return (
        f"{against.n_with_copy:,} of its films ({say_share(against.share)}) are in the collection"
        f" {spell(against.collection)} too: for a model that has seen the one, the other is no"
        " external test."
    )
