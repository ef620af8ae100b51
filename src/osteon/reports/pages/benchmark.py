"""A benchmark as a page: models side by side, their differences, regions, and the literature."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from osteon.evaluation.benchmark.rows import BenchmarkRow, Difference, Record
from osteon.release import CertifiedThreshold, Measure
from osteon.release.card import ECE, Independence
from osteon.reports.pages.independence import NEVER, footnote_copies, say_independence
from osteon.reports.pages.literature import Published, read_literature
from osteon.wording import name_collection, say_count

AUROC: Final = "auroc"
NOT_CLEARED: Final = 'fractured, not called "no fracture"'
CLEARED: Final = 'normal, called "no fracture"'
DOUBT: Final = 'called "doubt"'
DELETION: Final = "deletion, better than chance by"
INSERTION: Final = "insertion, better than chance by"

MEASURES: Final = (
    (AUROC, "AUROC"),
    (NOT_CLEARED, 'Fractures not called "no fracture"'),
    (CLEARED, 'Normals cleared: called "no fracture"'),
    (DOUBT, 'Called "doubt"'),
    (ECE, "ECE, bias-corrected"),
    ("pointing game, strict", "Pointing game, strict"),
    ("pointing game, margin 5 %", "Pointing game, 5 % margin"),
    ("ap50, fractured films", "AP50, fractured films"),
    ("ap30, fractured films", "AP at IoU 0.3, fractured films"),
    ("ap50, all films", "AP50, all films"),
    ("lesions found at 0.5 false marks per film", "FROC: lesions found at 0.5 false marks a film"),
    ("boxed films with a right finding", "Boxed films with a right finding"),
    ("findings that meet a fracture", "Findings that meet a fracture"),
    (DELETION, "Deletion: better than chance by"),
    (INSERTION, "Insertion: better than chance by"),
    ("turned, mean change of probability", "Turned: mean change of probability"),
    ("turned, decisions that change", "Turned: decisions that change"),
    ("turned, not read", "Turned: not read"),
)
"""What the table shows, in its order: the name of a measure, and how it is headed."""

NOTHING: Final = "–"

_EXPLANATIONS: Final = {
    "in the network": "Grad-CAM",
    "learnt map": "its map, learnt from masks",
    "occlusion": "occlusion",
}
_METHOD: Final = (
    "All models read the same films through the same guards. Intervals are of 95 %, by resampling "
    "groups. Promises of a run are calibrated on its tune films and certified on these, as "
    "`osteon export` does it: where copies were looked for."
)
_PAIRED: Final = (
    "Each number less the reference's, on the films that both read: AUROC by DeLong's paired test, "
    "the others by resampling groups, both models alike. Bold: the interval excludes zero. Many "
    "comparisons: one in twenty is bold by chance."
)
_COVERED: Final = (
    "Deletion and insertion: fractured films are covered, and laid open, from the most to the "
    "least evident cell; the area under the curve of the probability, less that of a random order, "
    "so that zero is chance (Petsiuk et al., BMVC 2018). Turned: by every 30 degrees, and mirrored "
    "both ways."
)
_OTHERS: Final = (
    "None of these was measured on the films above; the columns say on what. What was not seen in "
    "a source is left out."
)


class Benchmark(Record):
    """Models measured on the same films.

    Attributes:
        collection: Of the films.
        manifest_sha256: Of paths, content, labels and splits.
        n_films: Test films, those that some model refused among them.
        n_fractured: Those with a fracture.
        n_groups: Copies and patients together.
        independence: Of all placed films: were copies looked for among them? None in a benchmark
            of an Osteon that did not record it.
        n_learnt: Other test films that one of the releases had learnt from; left out for all.
        is_sample: Whether only some of the test films were read.
        is_drawn: Whether they are drawn phantoms.
        reference: Name of the model that the others are compared with.
        rows: The models, in the order of the table.
        differences: Of each model to the reference.
        literature: What others published.
    """

    collection: str
    manifest_sha256: str
    n_films: int
    n_fractured: int
    n_groups: int
    independence: Independence | None = None
    n_learnt: int = 0
    is_sample: bool
    is_drawn: bool
    reference: str
    rows: tuple[BenchmarkRow, ...]
    differences: tuple[Difference, ...]
    literature: tuple[Published, ...] = read_literature()

    def summarise(self) -> str:
        """Return it as JSON, without what was said film by film, which the rows' files hold."""
        return self.model_dump_json(indent=1, exclude={"rows": {"__all__": {"films"}}})


def describe_films(benchmark: Benchmark) -> str:
    """Return the films in a sentence.

    Args:
        benchmark: On them.
    """
    where = name_collection(benchmark.collection)
    films = f"{say_count(benchmark.n_films, 'test film')} of {where}"
    held = f"{benchmark.n_fractured:,} fractured, in {say_count(benchmark.n_groups, 'group')}"
    learnt = ""
    if benchmark.n_learnt:
        others = say_count(benchmark.n_learnt, "other")
        learnt = f" {others} left out, which one of the releases learnt from."
    sample = " A sample for a first look: no result." if benchmark.is_sample else ""
    drawn = " Drawn phantoms, not patients." if benchmark.is_drawn else ""
    copies = footnote_copies(benchmark.independence)
    return f"{films}, {held}.{' ' if copies else ''}{copies}{learnt}{sample}{drawn}"


def render_benchmark(benchmark: Benchmark) -> str:
    """Return the page, as Markdown.

    Args:
        benchmark: What was measured.
    """
    reasons = _Reasons()
    names = [row.name for row in benchmark.rows]
    parts = [
        "# Benchmark",
        f"{describe_films(benchmark)} {_METHOD} Manifest {benchmark.manifest_sha256[:16]}.",
        " ".join(say_independence(benchmark.independence)),
        "## The models",
        _table(("", *names), _lay_out_models(benchmark.rows, reasons)),
        _COVERED,
        *_tell_reasons(reasons),
        *_tell_notes(benchmark.rows),
        f"## Against {benchmark.reference}",
        _PAIRED,
        *_compare(benchmark),
        *_tell_regions(benchmark.rows),
        "## What others published",
        _OTHERS,
        _table(
            ("who", "what", "figures", "films", "split", "leak", "seen in", "not seen"),
            [_cite(entry) for entry in benchmark.literature],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def put_measure(measure: Measure, *, is_signed: bool = False) -> str:
    """Return a number with its interval: shares in percent, others as they are.

    Args:
        measure: The number.
        is_signed: Whether a number below zero means something.
    """
    if measure.value is None:
        return NOTHING
    scale, unit, digits = (100, " %", 1) if _is_share(measure) else (1, "", 3)
    floor = -1.0 if is_signed else 0.0

    def put(value: float) -> str:
        return f"{scale * max(value, floor):.{digits}f}"

    ends = ""
    if measure.low is not None and measure.high is not None:
        ends = f" ({put(measure.low)}–{put(measure.high)})"
    return f"{put(measure.value)}{unit}{ends}"


class _Reasons:
    """Holds why cells are empty, each reason under one number."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def put(self, reason: str) -> str:
        if reason not in self.told:
            self.told.append(reason)
        return f"{NOTHING} [{self.told.index(reason) + 1}]"


def _is_share(measure: Measure) -> bool:
    return measure.hits is not None and measure.name != AUROC


def _lay_out_models(rows: Sequence[BenchmarkRow], reasons: _Reasons) -> list[tuple[str, ...]]:
    facts: tuple[tuple[str, Callable[[BenchmarkRow], str]], ...] = (
        ("Given as", lambda row: row.kind),
        ("Recipe", lambda row: row.recipe),
        ("Input", _put_input),
        ("Epochs trained", lambda row: _put_epochs(row, reasons)),
        ("Explanation", lambda row: _EXPLANATIONS.get(row.evidence, row.evidence)),
    )
    costs: tuple[tuple[str, Callable[[BenchmarkRow], str]], ...] = (
        ("Certified: fractures not cleared", lambda row: _put_point(row.points[0], row)),
        ("Certified: normals not accused", lambda row: _put_point(row.points[1], row)),
        ("Release, MB", lambda row: f"{row.n_bytes / 1e6:.1f}"),
        ("Parameters in the file", lambda row: f"{row.n_parameters:,}"),
        ("One film, file to reading, ms", _put_speed),
        ("Films not read", lambda row: f"{row.n_not_read:,}"),
    )
    laid = [(label, *(put(row) for row in rows)) for label, put in facts]
    for name, label in MEASURES:
        cells = [_put_cell(row, name, reasons) for row in rows]
        laid.append((label, *cells))
        if name == ECE:
            laid.append(("ECE of the worst region", *(_put_worst(row, reasons) for row in rows)))
    return laid + [(label, *(put(row) for row in rows)) for label, put in costs]


def _put_cell(row: BenchmarkRow, name: str, reasons: _Reasons) -> str:
    measure = row.find(name)
    if measure is None or measure.value is None:
        return reasons.put(row.missing.get(name, "not measured"))
    return put_measure(measure, is_signed="chance by" in name)


def _put_input(row: BenchmarkRow) -> str:
    how = row.preparation
    return f"{how.columns}×{how.rows}, {how.fit}"


def _put_epochs(row: BenchmarkRow, reasons: _Reasons) -> str:
    if row.epochs is None:
        return reasons.put("a release does not say how long it was trained")
    return f"{row.epochs[0]}, best {row.epochs[1]}"


def _put_worst(row: BenchmarkRow, reasons: _Reasons) -> str:
    known = [one for one in row.by_region if one.value is not None]
    if not known:
        return reasons.put("no region has ten films of each class")
    worst = max(known, key=lambda one: one.value or 0.0)
    return f"{worst.name}: {put_measure(worst)}"


def _put_point(point: CertifiedThreshold, row: BenchmarkRow) -> str:
    known = row.independence
    unknown = known is not None and not known.copies_looked_for
    if point.threshold is None or point.lower_bound is None:
        if known is not None and known.n_leaks:
            return "not certified: groups are in several splits"
        if unknown and not point.n_films:
            return f"not certified: {NEVER[0].lower()}{NEVER[1:]}"
        return f"not at {100 * point.at_least:g} %: {point.n_more:,} more films are needed"
    said = (
        f"≥ {100 * point.at_least:g} %, proven > {100 * point.lower_bound:.1f} % "
        f"({point.n_kept} of {point.n_films})"
    )
    return f"{said}; {NEVER[0].lower()}{NEVER[1:]}" if unknown else said


def _put_speed(row: BenchmarkRow) -> str:
    speed = row.speed
    busy = "" if speed.load is None else f", load {speed.load:.1f}"
    return f"{speed.median_ms:.0f} ({speed.machine}, {speed.threads} cores{busy})"


def _tell_reasons(reasons: _Reasons) -> Iterator[str]:
    if reasons.told:
        yield "\n".join(f"[{place}] {reason}." for place, reason in enumerate(reasons.told, 1))


def _tell_notes(rows: Sequence[BenchmarkRow]) -> Iterator[str]:
    told = [f"- **{row.name}**: {note}" for row in rows for note in row.notes]
    if told:
        yield "\n".join(told)


def _compare(benchmark: Benchmark) -> Iterator[str]:
    others = [row.name for row in benchmark.rows if row.name != benchmark.reference]
    if not others:
        yield "There is no other model."
        return
    (base,) = [row for row in benchmark.rows if row.name == benchmark.reference]
    known = {(one.measure, one.row): one for one in benchmark.differences}
    rows = []
    for name, label in MEASURES:
        if not any((name, other) in known for other in others):
            continue
        measure = base.find(name)
        share = measure is not None and _is_share(measure)
        cells = [_put_difference(known.get((name, other)), is_share=share) for other in others]
        rows.append((label, *cells))
    yield _table(("", *others), rows)


def _put_difference(difference: Difference | None, *, is_share: bool) -> str:
    if difference is None or difference.value is None:
        return NOTHING
    scale, digits = (100, 1) if is_share else (1, 3)
    said = f"{scale * difference.value:+.{digits}f}" + (" points" if is_share else "")
    low, high = difference.low, difference.high
    if low is None or high is None:
        return said
    said += f" ({scale * low:+.{digits}f} to {scale * high:+.{digits}f})"
    if difference.p is not None:
        said += ", p < 0.001" if difference.p < 0.001 else f", p {difference.p:.3f}"
    return f"**{said}**" if low > 0 or high < 0 else said


def _tell_regions(rows: Sequence[BenchmarkRow]) -> Iterator[str]:
    regions = dict.fromkeys(one.name for row in rows for one in row.by_region)
    if not regions:
        return
    yield "## Calibration by region"
    yield (
        "Bias-corrected ECE of regions with at least ten test films of each class; a film "
        "of two regions counts under both."
    )
    laid = []
    for region in regions:
        found = [next((one for one in row.by_region if one.name == region), None) for row in rows]
        n_films = max(one.n for one in found if one is not None)
        cells = (NOTHING if one is None else put_measure(one) for one in found)
        laid.append((f"{region} ({say_count(n_films, 'film')})", *cells))
    yield _table(("", *(row.name for row in rows)), laid)


def _cite(entry: Published) -> tuple[str, ...]:
    who = f"[{entry.who}]({entry.address})" if entry.address else entry.who
    figures = "; ".join(f"{figure.measure} {figure.value}" for figure in entry.figures)
    return (
        *(who, entry.what, figures or NOTHING, entry.films),
        *(entry.split, entry.leak, entry.seen, entry.missing),
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell would end it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
