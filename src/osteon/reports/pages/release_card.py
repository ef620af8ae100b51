"""A release's card for a person: what it is, what it promises, and what that stands on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from osteon.release import (
    FindingRule,
    Guards,
    LocalisationSettings,
    Measure,
    OperatingPoints,
    ReleaseCard,
)
from osteon.release.card import (
    NOT_RECORDED,
    NOT_STATED,
    Films,
    Independence,
    Latency,
    Precision,
    Site,
    Statement,
)
from osteon.reports.pages.independence import NEVER, say_independence
from osteon.reports.pages.learnt import say_learnt, say_listed
from osteon.reports.pages.promises import describe_promises
from osteon.wording import name_collection, name_counted, name_release, say_count

OWN_RELEASE: Final = "osteon-1"
"""The release that comes with Osteon; what its makers say of it is said of no other."""

KIND_WORDS: Final = {
    "body_region": "regions",
    "view": "views",
    "hardware": "hardware (metal)",
    "age": "ages",
    "sex": "sexes",
}

MEASURE_COLUMNS: Final = ("metric", "value", "95 % interval", "counted on", "how")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of the card.

    Attributes:
        title: Its heading.
        sentences: What it says.
        columns: Of its table, if it has one.
        rows: Of its table.
    """

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def describe_card(card: ReleaseCard) -> tuple[Section, ...]:
    """Return the card in sections, the most important first.

    Args:
        card: Of a release that was checked.
    """
    sections = [
        Section(
            title=name_release(f"{card.name} {card.version}"), sentences=tuple(_introduce(card))
        ),
        Section(
            title="PerformanceGoals",
            sentences=(
                *_promise(card.operating_points, card.independence),
                *say_learnt(card.learnt),
            ),
        ),
        Section(
            title="Measured on the test films",
            sentences=tuple(_tell_tested(card.tested_on, card.independence)),
            columns=MEASURE_COLUMNS if card.metrics else (),
            rows=tuple(_lay_out(measure) for measure in card.metrics),
        ),
        Section(title="When it does not answer", sentences=tuple(_guard(card))),
        Section(title="How it was made", sentences=tuple(_tell_making(card))),
    ]
    if card.site is not None:
        sections.append(_describe_site(card.site))
    return tuple(sections)


def describe_films(what: str, films: Films) -> str:
    """Return a sentence about films.

    Args:
        what: How it starts, such as "Tested on".
        films: The films.
    """
    said = (
        f"{what} {say_count(films.n_films, 'film')} ({films.n_fractured:,} fractured) in "
        f"{say_count(films.n_groups, 'group')}: {films.split} films of "
        f"{name_collection(films.collection)}"
    )
    if films.n_not_read:
        others = "1 other was" if films.n_not_read == 1 else f"{films.n_not_read:,} others were"
        said += f"; {others} not read"
    return f"{said}. Manifest {films.manifest_sha256[:16]}."


def describe_kinds(films: Films) -> tuple[str, ...]:
    """Return what the manifest knows of films, a sentence for each thing; also where it is silent.

    Args:
        films: The films.
    """
    if films.kinds is None:
        return ("Regions, views and hardware of these films were not recorded.",)
    silent = [
        KIND_WORDS.get(name, name)
        for name, counts in films.kinds.items()
        if set(counts) <= {NOT_RECORDED}
    ]
    told = [
        f"{KIND_WORDS.get(name, name).capitalize()}: {_list_counts(counts)}."
        for name, counts in films.kinds.items()
        if not set(counts) <= {NOT_RECORDED}
    ]
    if silent:
        told.append(
            f"Not recorded of any film: {', '.join(silent)}. So nothing here says on what it was "
            "tested, and on what not, in these."
        )
    return tuple(told)


def describe_statement(statement: Statement) -> tuple[str, ...]:
    """Return what a release's maker says of it, a sentence for each field, the empty ones too.

    Args:
        statement: The fields.
    """
    fields = (
        ("Intended use", statement.intended_use),
        ("Made of films of", statement.population),
        ("Fractures were labelled by", statement.labels),
        ("Not for", "; ".join(statement.not_for)),
        ("Not tested on", "; ".join(statement.not_tested_on)),
        ("Contact", statement.contact),
    )
    return tuple(f"{name}: {text.strip().rstrip('.') or NOT_STATED}." for name, text in fields)


def name_scope(card: ReleaseCard) -> str:
    """Return what an older Osteon said that a release is for; empty where that is not known.

    Every release of that Osteon said what is true of osteon-1 alone.

    Args:
        card: The release's.
    """
    return card.scope if card.name == OWN_RELEASE else ""


def _describe_site(site: Site) -> Section:
    rows = tuple(_lay_out(measure) for measure in site.metrics)
    before = (
        "It was calibrated again with films of another site; before, it was "
        f"{name_release(site.release) or 'another release'}, and what follows held elsewhere:"
    )
    made_for = site.scope if site.release.startswith(f"{OWN_RELEASE} ") else ""
    return Section(
        title="As released",
        sentences=(
            before,
            *((f"It was for: {made_for}",) if made_for else ()),
            *(describe_statement(site.statement) if site.statement is not None else ()),
            describe_films("Tested on", site.tested_on),
            *_promise(site.operating_points, site.independence),
        ),
        columns=MEASURE_COLUMNS if rows else (),
        rows=rows,
    )


def _introduce(card: ReleaseCard) -> Iterator[str]:
    yield card.notice
    if card.statement is not None:
        yield from describe_statement(card.statement)
    else:
        yield f"For: {name_scope(card) or NOT_STATED + '.'}"
    if card.trained_on_phantoms:
        yield "It was trained on drawn films: it says nothing about patients."
    yield from card.notes


def _promise(points: OperatingPoints, known: Independence | None) -> Iterator[str]:
    yield from describe_promises(points, known)
    yield from say_independence(known)
    low, high = points.cuts
    if low is None and high is None:  # said already: every film is in doubt
        return
    yield (
        'No film is called "no fracture".'
        if low is None
        else f'A film with a probability below {low:.4g} is called "no fracture".'
    )
    yield (
        'No film is called "fracture".'
        if high is None
        else f'From {high:.4g} on it is called "fracture".'
    )
    if low != high or low is None:
        yield 'Everything else is called "doubt".'


def _tell_tested(films: Films, known: Independence | None) -> Iterator[str]:
    yield describe_films("Tested on", films)
    yield from describe_kinds(films)
    if known is not None and not known.copies_looked_for:
        yield f"{NEVER}: the intervals below may be too narrow."


def _list_counts(counts: Mapping[str, int]) -> str:
    """Return counts in words, the largest first; what is not recorded last."""
    ordered = sorted(counts.items(), key=lambda one: (one[0] == NOT_RECORDED, -one[1], one[0]))
    return ", ".join(f"{name} {n:,}" for name, n in ordered)


def _guard(card: ReleaseCard) -> Iterator[str]:
    guards = card.guards
    done = "refused" if guards.on_inverted == "refuse" else "inverted, read, and said to be so"
    if guards.on_stranger == "refuse":
        yield "What is no radiograph of a limb or hip is refused, and so is a blank picture."
    else:
        yield (
            "What is no radiograph of a limb or hip is read all the same, and the reading says so; "
            "a blank picture is refused."
        )
    if guards.doubt_scope_logit is not None and guards.doubt_scope_logit < guards.max_scope_logit:
        yield (
            "A film that may be none, with a scope logit between "
            f"{guards.doubt_scope_logit:g} and {guards.max_scope_logit:g}, is read, and the "
            "reading says so."
        )
    yield f"A film that looks like a negative, with dark bone, is {done}."
    if guards.doubt_polarity_logit is not None:
        yield (
            "A film that may be one, with a polarity logit between "
            f"{guards.doubt_polarity_logit:g} and {guards.max_polarity_logit:g}, is read as it is, "
            "and the reading says so."
        )
    yield (
        f"Limits: scope {guards.max_scope_logit:g}, polarity {guards.max_polarity_logit:g}, spread "
        f"of greys {guards.min_spread:g}; guards {guards.network[:16]}."
    )
    yield from describe_site_scope(guards)


def describe_site_scope(guards: Guards) -> Iterator[str]:
    """Yield how a site came to its own limit of the scope; nothing where it is the release's.

    Args:
        guards: Of a release.
    """
    site = guards.site_scope
    if site is None:
        return
    how = (
        "set by hand"
        if site.max_share is None
        else f"fitted so that at most {100 * site.max_share:g} % of the films there are turned away"
    )
    yield (
        f"The scope's limit, {guards.max_scope_logit:g}, is the site's own, {how}; as released it "
        f"was {site.released:g}. Of {say_count(site.n_films, 'tune film')} there it turns away "
        f"{site.n_refused:,}; the limit before, {site.n_refused_before:,}."
    )


def _tell_making(card: ReleaseCard) -> Iterator[str]:
    how, fitted = card.preparation, card.calibrator
    yield (
        f"Recipe {card.recipe}; films at {how.columns} x {how.rows} in "
        f"{say_count(how.channels, 'channel')}, {how.fit}."
    )
    if card.trained_on is not None:
        yield describe_films("Trained on", card.trained_on)
    yield describe_films("Tuned on", card.tuned_on)
    yield from say_listed(card.films)
    yield (
        f"Calibrated ({fitted.method}) on "
        f"{say_count(fitted.n_films, f'{fitted.fitted_on} film'.strip())}, "
        f"{fitted.n_fractured:,} fractured."
    )
    yield from _tell_evidence(card.evidence)
    yield _weigh(card.precision)
    yield f"Licence: {card.licence}. Attribution: {card.attribution.rstrip(chr(46))}."
    made_with = ", ".join(f"{name} {version}" for name, version in sorted(card.software.items()))
    yield f"Made with {made_with}."
    yield from (f"{name}: SHA-256 {digest}" for name, digest in sorted(card.members.items()))
    yield "Not signed: the hashes show accidental damage, not tampering."


def _tell_evidence(evidence: LocalisationSettings) -> Iterator[str]:
    rule, picture = evidence.finding, evidence.picture
    if rule is None:
        said = "A finding carries the probability of its film."
    else:
        films = rule.n_films if isinstance(rule, FindingRule) else None
        of_films = "" if films is None else f" of {say_count(films, 'fractured film')}"
        said = (
            "Findings have probabilities of their own, never above their film's, fitted on "
            f"{rule.n_findings:,} places{of_films}, {rule.n_right:,} of them fractures."
        )
    yield f"Evidence: {evidence.method}. {said}"
    if picture is not None:
        yield (
            f"A map is coloured from {picture.low:.2f}, which half of the films without a fracture "
            f"stay below, to {picture.full:.2f}; from {picture.contradiction:.2f} on, which nine "
            f"of ten films with a fracture reach and {100 * picture.normals_reaching:.0f} % of "
            'those without, it is said to disagree with "no fracture".'
        )


def _weigh(precision: Precision) -> str:
    said = f"Network: {precision.name}, {precision.n_bytes / 1e6:.1f} MB{_time(precision.latency)}"
    if precision.full_bytes is not None:
        full = f"{precision.full_bytes / 1e6:.1f} MB{_time(precision.full_latency)}"
        lost = precision.auroc_lost
        cost = "" if lost is None else f", for {lost:.4f} of AUROC"
        said += f"; made from fp32 with {full}{cost}"
    return f"{said}."


def _time(latency: Latency | None) -> str:
    if latency is None:
        return ""
    threads = say_count(latency.threads, "thread")
    return f", {latency.one_film_ms:.1f} ms for a film on {threads} of {latency.machine}"


def _lay_out(measure: Measure) -> tuple[str, ...]:
    is_share = measure.hits is not None and measure.name != "auroc"

    def put(value: float) -> str:
        return f"{100 * value:.1f} %" if is_share else f"{value:.3f}"

    interval = ""
    if measure.low is not None and measure.high is not None:
        interval = f"{put(measure.low)} to {put(measure.high)}"
    counted = say_count(measure.n, name_counted(measure.name))
    if measure.hits is not None:
        counted = f"{measure.hits:,} of {counted}"
    value = "not defined" if measure.value is None else put(measure.value)
    return measure.name, value, interval, counted, measure.method
