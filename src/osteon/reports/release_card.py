"""A release's card for a person: what it is, what it promises, and what that stands on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from osteon.release import CertifiedPoint, Guards, Measure, OperatingPoints, ReleaseCard
from osteon.release.card import Films, Latency, Precision

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
        Section(title=f"{card.name} {card.version}", sentences=tuple(_introduce(card))),
        Section(title="Promises", sentences=tuple(_promise(card.operating_points))),
        Section(
            title="Measured on the test films",
            sentences=(describe_films("Tested on", card.tested_on),),
            columns=MEASURE_COLUMNS if card.metrics else (),
            rows=tuple(_lay_out(measure) for measure in card.metrics),
        ),
        Section(title="When it does not answer", sentences=tuple(_guard(card))),
        Section(title="How it was made", sentences=tuple(_tell_making(card))),
    ]
    if card.site is not None:
        site = card.site
        told = (
            "A hospital calibrated it anew with its own films; as released it was so:",
            describe_films("Tested on", site.tested_on),
            *_promise(site.operating_points),
        )
        rows = tuple(_lay_out(measure) for measure in site.metrics)
        sections.append(
            Section(
                title="As released",
                sentences=told,
                columns=MEASURE_COLUMNS if rows else (),
                rows=rows,
            )
        )
    return tuple(sections)


def describe_point(point: CertifiedPoint) -> str:
    """Return a promise, with the counts that stand behind it, or what it would take.

    Args:
        point: The promise.
    """
    kind, wrong = (
        ("fractures", "no fracture")
        if point.promise == "sensitivity"
        else ("films without a fracture", "fracture")
    )
    broken = "missed" if point.promise == "sensitivity" else "called so wrongly"
    films = "fractured film" if point.promise == "sensitivity" else "film without a fracture"
    promise = f'At least {_percent(point.at_least)} of {kind} are not called "{wrong}"'
    if point.threshold is None or point.lower_bound is None:
        return (
            f"{promise}: this cannot be promised. {_count(point.n_more, films)} more, one of each "
            f"patient, would do; {_count(point.n_films, films)} of {point.certified_on} were too "
            "few or too hard."
        )
    n_missed = point.n_films - point.n_kept
    return (
        f"{promise}: certified on {_count(point.n_films, films)} of {point.certified_on}, one of "
        f"each patient or group of copies, {n_missed:,} {broken}; with "
        f"{_percent(point.confidence)} confidence it is more than {100 * point.lower_bound:.1f} %."
    )


def describe_promises(points: OperatingPoints) -> tuple[str, str]:
    """Return both promises, each with what stands behind it.

    Args:
        points: The release's.
    """
    return describe_point(points.high_sensitivity), describe_point(points.high_specificity)


def describe_films(what: str, films: Films) -> str:
    """Return a sentence about films.

    Args:
        what: How it starts, such as "Tested on".
        films: The films.
    """
    known = f"{what} {_count(films.n_films, 'film')} ({films.n_fractured:,} fractured) in "
    known += f"{_count(films.n_groups, 'group')} of {films.collection}, {films.split}"
    if films.n_not_read:
        known += f"; {films.n_not_read:,} more were not read"
    return f"{known}. Manifest {films.manifest_sha256[:16]}."


def _introduce(card: ReleaseCard) -> Iterator[str]:
    yield card.notice
    yield f"For: {card.scope}"
    if card.trained_on_phantoms:
        yield "It was trained on drawn films: it says nothing about patients."
    yield from card.notes


def _promise(points: OperatingPoints) -> Iterator[str]:
    yield from describe_promises(points)
    low, high = points.cuts
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
        f"was {site.released:g}. Of {_count(site.n_films, 'tune film')} there it turns away "
        f"{site.n_refused:,}; the limit before, {site.n_refused_before:,}."
    )


def _tell_making(card: ReleaseCard) -> Iterator[str]:
    how, fitted = card.preparation, card.calibrator
    yield (
        f"Recipe {card.recipe}; films at {how.columns} x {how.rows} in "
        f"{_count(how.channels, 'channel')}, {how.fit}."
    )
    if card.trained_on is not None:
        yield describe_films("Trained on", card.trained_on)
    yield describe_films("Tuned on", card.tuned_on)
    yield (
        f"Calibrated ({fitted.method}) on {_count(fitted.n_films, 'film')} of {fitted.fitted_on}, "
        f"{fitted.n_fractured:,} fractured."
    )
    boxes = card.evidence.finding
    yield f"Evidence: {card.evidence.method}. " + (
        "A finding carries the probability of its film."
        if boxes is None
        else f"Findings have probabilities of their own, fitted on {boxes.n_findings:,} places, "
        f"{boxes.n_right:,} of them fractures."
    )
    yield _weigh(card.precision)
    yield f"Licence: {card.licence}. Attribution: {card.attribution.rstrip(chr(46))}."
    made_with = ", ".join(f"{name} {version}" for name, version in sorted(card.software.items()))
    yield f"Made with {made_with}."
    yield from (f"{name}: SHA-256 {digest}" for name, digest in sorted(card.members.items()))
    yield "Not signed: the hashes tell accidents, not intent."


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
    threads = _count(latency.threads, "thread")
    return f", {latency.one_film_ms:.1f} ms for a film on {threads} of {latency.machine}"


def _lay_out(measure: Measure) -> tuple[str, ...]:
    is_share = measure.hits is not None and measure.name != "auroc"

    def put(value: float) -> str:
        return f"{100 * value:.1f} %" if is_share else f"{value:.3f}"

    interval = ""
    if measure.low is not None and measure.high is not None:
        interval = f"{put(measure.low)} to {put(measure.high)}"
    counted = f"{measure.n:,}" if measure.hits is None else f"{measure.hits:,} of {measure.n:,}"
    value = "not defined" if measure.value is None else put(measure.value)
    return measure.name, value, interval, counted, measure.method


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _count(n: int, noun: str) -> str:
    """Return a count with its noun; the plural goes to the first word that is a noun."""
    if n == 1:
        return f"1 {noun}"
    head, film, rest = noun.partition("film")
    return f"{n:,} {head}{film}s{rest}" if film else f"{n:,} {noun}s"
