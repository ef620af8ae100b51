"""A release meets labelled films that it has not seen: what are its promises worth there?"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from osteon.collection.groups import choose_counted, read_grouped_manifest
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.stamps import describe_independence
from osteon.errors import LeakFound, ManifestFault
from osteon.evaluation.certify import decide, measure_release
from osteon.evaluation.decisions import CALLED, DecisionMetrics, decide_films
from osteon.evaluation.detection import measure_detection
from osteon.evaluation.groups import GROUPS_FILE, GroupReport
from osteon.evaluation.learnt import find_learnt
from osteon.evaluation.localisation import measure_places
from osteon.evaluation.predictions import (
    Predictions,
    choose_rows,
    count_copies,
    count_reasons,
    measure_films,
)
from osteon.evaluation.subgroup_measures import measure_groups
from osteon.evaluation.subgroups import describe_film, measure_subgroups
from osteon.inference.bundled import is_default_release, locate_release
from osteon.inference.detector import Detector
from osteon.release import Measure, Release, ReleaseCard, read_release
from osteon.release.card import Independence, LearntCount
from osteon.reports.classification import Evaluation, write_classification_report
from osteon.reports.figures.calibration import draw_reliability
from osteon.reports.pages.independence import footnote_copies, say_independence
from osteon.reports.pages.learnt import say_learnt
from osteon.reports.pictures.evaluation import Study, draw_results
from osteon.reports.pictures.overlay import say_probability
from osteon.reports.pictures.tiles import draw_worst
from osteon.reports.tables import write_json, write_metrics_summary, write_rows
from osteon.runs import hash_manifest
from osteon.statistics.films import FilmAnswer
from osteon.terms import ManifestRow, Probability, Progress, Split, no_progress
from osteon.wording import name_collection, name_release, say_count

PREDICTION_COLUMNS: Final = (
    "path",
    "film_id",
    "group",
    "has_fracture",
    "probability",
    "decision",
    "reasons",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationRequest:
    """What a person asked for.

    Attributes:
        release: The release's file, or the name of the one that comes with Osteon.
        manifest: Labelled films.
        films: Where they lie, if not where the manifest says.
        split: Which of them; None is test where there is one, and all otherwise.
        out: The folder for results; None is beside the release, or, for the one that comes with
            Osteon, `osteon-1-results` where the person works.
        worst: How many of the worst misses, and of the worst false alarms, are drawn.
        with_learnt: Count films that the release learnt from; every result says so.
    """

    release: Path
    manifest: Path
    films: Path | None = None
    split: Split | None = None
    out: Path | None = None
    worst: int = 0
    with_learnt: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationReport:
    """What came out.

    Attributes:
        results: The folder that holds it.
        split: Which films were read.
        metrics: What the films were called at the release's two limits.
        measures: The numbers that a release's card has, on these films.
        groups: The same by region, view, hardware and film size.
        decisions: How many films of each reference were given each decision, "not read" among
            them: keys such as ("fractured", "doubt").
        not_read: Reasons, with their counts.
        notes: What a reader of the numbers must know.
        independence: Of the films that count together: were copies looked for among them?
        learnt: How many of the films the release had learnt from, and whether they were left out;
            None where they are its own test films, of which it does not say more.
        sheets: Pictures of the films that were read worst: not for sharing.
    """

    results: Path
    split: str
    metrics: DecisionMetrics
    measures: tuple[Measure, ...]
    groups: GroupReport
    decisions: dict[tuple[str, str], int]
    not_read: dict[str, int]
    notes: tuple[str, ...]
    independence: Independence
    learnt: LearntCount | None
    sheets: tuple[Path, ...] = ()


def validate_release(
    request: ValidationRequest, *, progress: Progress = no_progress
) -> ValidationReport:
    """Read labelled films with a release and measure how well it did.

    Args:
        request: What was asked.
        progress: Told of every step of long work.

    Raises:
        ReleaseFault: If the release does not stand its checks.
        ManifestFault: If the collection has no readable film of the split.
        LeakFound: If the release learnt from these films, or from nearly all of them.
        OneClassOnly: If the films are all alike.
        OutputFault: If the results cannot be written.
    """
    request = replace(request, release=locate_release(request.release))
    manifest = read_grouped_manifest(request.manifest, films=request.films)
    release = read_release(request.release)
    with Detector(release) as detector:
        card = detector.card
        split, notes = _choose(request, manifest, card)
        rows, learnt = _choose_rows(request, manifest, release, split, progress)
        notes += say_learnt(learnt)
        known = _describe_independence(manifest, rows, card)
        notes += say_independence(known)
        n_copies = count_copies(manifest, split)
        if n_copies:
            files = say_count(n_copies, "file")
            notes.append(f"{files} equal to another byte for byte: a film is counted once.")
        films = measure_films(
            detector.answerer.for_numbers(), manifest, rows, split=split, progress=progress
        )
        results = request.out or _choose_place(request, split)
        sheets = draw_worst(
            detector, films, results / "worst", n_films=request.worst, progress=progress
        )
    measures, reliability = measure_release(films, card.calibrator, card.operating_points)
    measures += measure_places(
        films,
        card.calibrator,
        card.operating_points,
        how=card.preparation,
        settings=card.evidence,
    )
    measures += measure_detection(
        films, card.calibrator, how=card.preparation, settings=card.evidence
    )
    decided = decide(films, card.calibrator, card.operating_points)
    evaluation = replace(_evaluate(request, card, films, decided, notes=notes), independence=known)
    _write(evaluation, card, films, results)
    groups = _measure_groups(request, card, films).model_copy(update={"independence": known})
    write_json(groups.model_dump(mode="json"), results / GROUPS_FILE)
    write_json(
        {"measures": measures, "not_read": count_reasons([films])}, results / "measures.json"
    )
    study = _illustrate(card, films, manifest.root, evaluation)
    draw_results(study, results, progress=progress)
    name = name_release(f"{card.name} {card.version}")
    footnotes = [
        f"{name}: {split} films of {name_collection(evaluation.collection)}.",
        footnote_copies(known),
        "Trained on drawn phantoms." if card.trained_on_phantoms else "",
    ]
    note = " ".join(line for line in footnotes if line)
    draw_reliability(reliability, results / "reliability.png", note=note)
    return ValidationReport(
        results=results,
        split=split,
        metrics=decided,
        measures=measures,
        groups=groups,
        decisions=_count_decisions(decided),
        not_read=count_reasons([films]),
        notes=evaluation.notes,
        independence=known,
        learnt=learnt,
        sheets=sheets,
    )


def _choose(
    request: ValidationRequest, manifest: Manifest, card: ReleaseCard
) -> tuple[str, list[str]]:
    """Return which films to read, and what must be said about them.

    Raises:
        LeakFound: If the release learnt from them.
    """
    is_own = _is_own(manifest, card)
    has_test = any(row.split == "test" for row in manifest.rows)
    split = request.split or ("test" if has_test else "all")
    if is_own and split != "test" and not request.with_learnt:
        raise LeakFound(
            f"{request.manifest}, {split}",
            "films are needed that the release has not learnt from",
            found="the collection it was made of",
            advice="Read its test split, or another collection; --with-learnt measures them, and "
            "says so.",
        )
    if is_own and split == "test":
        return split, ["These films certified the release: its promises hold on them by choice."]
    if is_own:
        return split, ["These films made the release: they say nothing about others."]
    return split, [
        (
            "The release's own thresholds, on films of another manifest than it was made of. "
            "External validation only if it learnt from none of them, nor from copies of them: "
            "`osteon audit --against` tells."
        )
    ]


def _choose_rows(
    request: ValidationRequest,
    manifest: Manifest,
    release: Release,
    split: str,
    progress: Progress,
) -> tuple[tuple[ManifestRow, ...], LearntCount | None]:
    """Return the films to be read, and how many of them the release had learnt from.

    Raises:
        ManifestFault: If there is no film of the split.
        LeakFound: If the release learnt from nearly all of them.
    """
    rows = choose_rows(manifest, split)
    if not rows:
        raise ManifestFault(
            str(request.manifest), f"readable {split} films are needed", found="none"
        )
    if release.films is None and split == "test" and _is_own(manifest, release.card):
        return rows, None
    found = find_learnt(release.films, manifest, rows, progress=progress)
    if request.with_learnt:
        return rows, found.count(are_left_out=False)
    found.refuse_if_nearly_all(
        where=f"{request.manifest}, {split}",
        advice="Read other films; --with-learnt measures these too, and says so.",
    )
    return found.leave_out(rows), found.count()


def _is_own(manifest: Manifest, card: ReleaseCard) -> bool:
    """Return whether a collection is the one that certified the release."""
    return hash_manifest(manifest) == card.tested_on.manifest_sha256


def _describe_independence(
    manifest: Manifest, rows: Sequence[ManifestRow], card: ReleaseCard
) -> Independence:
    """Return what is known of the films; of its own collection, train and tune count with them."""
    if not _is_own(manifest, card):
        return describe_independence(rows)
    counted = choose_counted(manifest.rows)
    return describe_independence(counted, n_leaks=len(find_leaks(manifest)))


def _choose_place(request: ValidationRequest, split: str) -> Path:
    name = request.manifest.stem + (f"-{split}" if split != "all" else "")
    if is_default_release(request.release):  # nothing is written into the installed package
        return Path(f"{request.release.stem}-results") / name
    return request.release.with_suffix("") / f"results-{name}"


def _measure_groups(
    request: ValidationRequest, card: ReleaseCard, films: Predictions
) -> GroupReport:
    whole, groups = measure_groups(films, card.calibrator, card.operating_points)
    about = films.describe()
    return GroupReport(
        release=f"{card.name} {card.version}",
        release_sha256=hashlib.sha256(request.release.read_bytes()).hexdigest(),
        collection=about.collection,
        manifest_sha256=about.manifest_sha256,
        split=films.split,
        certified_it=about.manifest_sha256 == card.tested_on.manifest_sha256,
        whole=whole,
        groups=groups,
    )


def _evaluate(
    request: ValidationRequest,
    card: ReleaseCard,
    films: Predictions,
    decided: DecisionMetrics,
    *,
    notes: Sequence[str],
) -> Evaluation:
    low, high = decided.cuts
    answers: list[FilmAnswer] = [
        describe_film(row, probability)
        for row, probability in zip(
            films.rows, card.calibrator.calibrate(films.logits).tolist(), strict=True
        )
    ]
    n_lost = len(films.not_read)
    were = "was not read, and is" if n_lost == 1 else "were not read, and are"
    left_out = [f"{say_count(n_lost, 'film')} {were} not among these numbers."] if n_lost else []
    return Evaluation(
        model=f"{request.release} ({name_release(f'{card.name} {card.version}')})",
        collection=", ".join(sorted({row.collection for row in films.rows})),
        split=films.split,
        metrics=decided,
        # Nothing lies below 0 or above infinity: what is not promised, no film is called.
        subgroups=measure_subgroups(
            answers,
            threshold=0.0 if low is None else low,
            alarm_from=math.inf if high is None else high,
        ),
        notes=(*notes, *left_out, *card.notes),
    )


def _illustrate(card: ReleaseCard, films: Predictions, root: Path, evaluation: Evaluation) -> Study:
    probabilities = card.calibrator.calibrate(films.logits)
    called = decide_films(probabilities, card.operating_points)
    return Study(
        evaluation=evaluation,
        manifest=Manifest(root=root, rows=films.rows),
        # A rising function of the logits, in which a release's limits are said.
        logits=tuple(probabilities.tolist()),
        called=called,
        said=tuple(
            f"{say_probability(Probability(one))}, {what}"
            for one, what in zip(probabilities.tolist(), called, strict=True)
        ),
        history=None,
        run_manifest=None,
        is_drawn=card.trained_on_phantoms,
    )


def _write(evaluation: Evaluation, card: ReleaseCard, films: Predictions, folder: Path) -> None:
    write_json(evaluation, folder / "metrics.json")
    write_metrics_summary(evaluation.metrics, folder / "metrics_summary.csv")
    write_classification_report(evaluation, folder / "classification_report.txt")
    rows = {row.path: row for row in films.manifest.rows}
    probabilities = card.calibrator.calibrate(films.logits).tolist()
    read: list[tuple[object, ...]] = [
        (
            *(row.path, row.film_id, row.group, row.has_fracture, probability),
            card.operating_points.decide(probability),
            "",
        )
        for row, probability in zip(films.rows, probabilities, strict=True)
    ]
    for film in films.not_read:
        row = rows[film.path]
        known = (row.path, row.film_id, row.group, row.has_fracture)
        read.append((*known, None, "not read", film.reason))
    write_rows(PREDICTION_COLUMNS, read, folder / "predictions.csv")


def _count_decisions(metrics: DecisionMetrics) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for reference, name, lost in zip(
        (True, False), ("fractured", "normal"), metrics.n_not_read, strict=True
    ):
        counts |= {(name, called): metrics.count(reference, called) for called in CALLED}
        counts[name, "not read"] = lost
    return {key: n for key, n in counts.items() if n}
