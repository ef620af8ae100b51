"""A release meets a hospital's own labelled films: calibrated and certified again, for there.

Network and evidence stay as they are, and so do the guards unless the hospital sets where a film is
turned away as no limb. The card keeps what the release promised before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from osteon.collection.groups import read_grouped_manifest
from osteon.collection.manifest import Manifest
from osteon.collection.splits import Shares, split_manifest
from osteon.errors import InvertedAnswers, LeakFound, MeasurementFault, SettingsFault
from osteon.evaluation.certify import (
    Certificate,
    PerformanceGoals,
    calibrate_and_certify,
    films_may_certify,
)
from osteon.evaluation.cohort import (
    FILMS_FOR_OCCLUSION,
    USED,
    check_splits,
    choose_some,
    describe_used,
    measure_polarity,
)
from osteon.evaluation.learnt import LearntFilms, check_left, find_learnt
from osteon.evaluation.localisation import measure_places, refit_evidence
from osteon.evaluation.predictions import Predictions, choose_rows, count_reasons, measure_films
from osteon.evaluation.release_builder import check_name, read_statement, write_release
from osteon.evaluation.scope import ScopeRequest, fit_scope, measure_scope
from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.release import LocalisationSettings, OperatingPoints, Release, ReleaseCard, read_release
from osteon.release.card import Site
from osteon.reports.figures.calibration import draw_release
from osteon.runs import describe_versions, hash_manifest, is_drawn
from osteon.settings import Settings
from osteon.statistics.proportions import Metric
from osteon.terms import Progress, no_progress
from osteon.wording import name_collection

SHARES: Final = Shares(train=0, tune=50, test=50)
"""Of a collection that was not split: half calibrates, half certifies."""

_SAID_BEFORE: Final = ("Calibrated again on ", "Calibrated and certified anew on ")

SALT: Final = "recalibrate"
"""Its split is the one of `osteon split --train 0 --tune 50 --test 50 --salt recalibrate`."""


class RecalibrationRequest(Settings):
    """What a person asked for.

    Attributes:
        release: The release's file, or the name of the one that comes with Osteon.
        manifest: The hospital's labelled films.
        out: The new release's file, ending in `.osteon`.
        films: Where the films lie, if not where the manifest says.
        name: Of the new release; the file's name if None.
        promises: What is to be proven on the hospital's test films.
        scope: Where a film is turned away as no limb or hip; None as the release says.
        unaudited: Certify although copies were never looked for; the release says so for good.
        statement: A TOML file with what the hospital says of its release (`Statement`).
    """

    release: Path
    manifest: Path
    out: Path
    films: Path | None = None
    name: str | None = None
    promises: PerformanceGoals = PerformanceGoals()
    scope: ScopeRequest | None = None
    unaudited: bool = False
    statement: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecalibrationReport:
    """What came out.

    Attributes:
        release: The new file.
        card: What it says about itself; `site` holds what the release promised before.
        figure: The reliability diagram of the hospital's test films.
        was_split: Whether the films came split; if not, half of them calibrated.
        tune_auroc: What showed that the network reads fractures there.
        not_read: Reasons of films that were refused, with their counts.
    """

    release: Path
    card: ReleaseCard
    figure: Path
    was_split: bool
    tune_auroc: Metric
    not_read: dict[str, int]


def recalibrate_release(
    request: RecalibrationRequest, *, progress: Progress = no_progress
) -> RecalibrationReport:
    """Make a release for a hospital: the same network, calibrated and certified on its own films.

    Args:
        request: What was asked.
        progress: Told of every step of long work.

    Raises:
        ReleaseFault: If the release does not stand its checks.
        ManifestFault: If the films are split, but not into tune and test.
        LeakFound: If films stand in both, the release was made of this very collection, or it
            learnt from nearly all of these films.
        OneClassOnly: If a split holds films of one class only.
        InvertedAnswers: If fractured films have the lower answers there.
        MeasurementFault: If the films are too few to tell, or it reads no fractures there.
        OutputFault: If the release cannot be written.
    """
    request = request.model_copy(update={"release": locate_release(request.release)})
    _check_out(request)
    statement = read_statement(request.statement)
    release = read_release(request.release)
    manifest = read_grouped_manifest(request.manifest, films=request.films)
    was_split = any(row.split for row in manifest.rows)
    _refuse_own_films(request, manifest, release.card)
    if not was_split:
        manifest = split_manifest(manifest, shares=SHARES, salt=manifest.salt or SALT).manifest
    check_splits(manifest, where=str(request.manifest))
    learnt = _find_learnt(request, release, manifest, progress)
    known = describe_used(replace(manifest, rows=learnt.leave_out(manifest.rows)))
    release = _set_scope(release, manifest, request, learnt, progress)
    with Detector(release) as detector:
        tune, test = (
            measure_films(
                detector.answerer.for_numbers(),
                manifest,
                learnt.leave_out(choose_rows(manifest, split)),
                split=split,
                progress=progress,
            )
            for split in USED
        )
        direction = _check_direction(tune, request)
        certificate = calibrate_and_certify(
            tune,
            test,
            request.promises,
            may_certify=films_may_certify(known, unaudited=request.unaudited),
        )
        evidence = _refit_evidence(detector, tune, progress)
    card = _build_card(request, release.card, (tune, test), certificate, evidence)
    told = {"independence": known, "statement": statement, "learnt": learnt.count()}
    card = write_release(
        card.model_copy(update=told),
        release.model,
        release.self_test,
        request.out,
        films=release.films,
    )
    figure = draw_release(card, certificate.reliability, request.out, is_drawn=is_drawn(manifest))
    return RecalibrationReport(
        release=request.out,
        card=card,
        figure=figure,
        was_split=was_split,
        tune_auroc=direction,
        not_read=count_reasons((tune, test)),
    )


def _find_learnt(
    request: RecalibrationRequest, release: Release, manifest: Manifest, progress: Progress
) -> LearntFilms:
    """Find the films that the release learnt from among those of tune and test.

    Raises:
        LeakFound: If they are nearly all, or all of a split.
    """
    chosen = {split: choose_rows(manifest, split) for split in USED}
    rows = [row for rows in chosen.values() for row in rows]
    found = find_learnt(release.films, manifest, rows, progress=progress)
    check_left(found, chosen, where=str(request.manifest))
    return found


def _set_scope(
    release: Release,
    manifest: Manifest,
    request: RecalibrationRequest,
    learnt: LearntFilms,
    progress: Progress,
) -> Release:
    """Return the release with the scope's limit that the hospital asked for."""
    if request.scope is None:
        return release
    card = release.card
    rows = learnt.leave_out(choose_rows(manifest, "tune"))
    logits = measure_scope(manifest, rows, card.guards, card.preparation, progress=progress)
    guards = fit_scope(request.scope, card.guards, logits)
    return replace(release, card=card.model_copy(update={"guards": guards}))


def _check_out(request: RecalibrationRequest) -> None:
    """Refuse a file name that is no release's, or the release's own.

    Raises:
        SettingsFault: If the new release would take the old one's place.
    """
    check_name(request.out)
    if request.out.exists() and request.release.exists() and request.out.samefile(request.release):
        raise SettingsFault(
            "--out",
            "must be another file than the release, which is kept",
            found=request.out.name,
        )


def _refuse_own_films(request: RecalibrationRequest, manifest: Manifest, card: ReleaseCard) -> None:
    """Refuse the collection that the release was made of, as far as it can be known.

    Raises:
        LeakFound: If it is that collection: the same paths, content, labels and splits.
    """
    known = [card.trained_on, card.tuned_on, card.tested_on, card.site and card.site.tested_on]
    if hash_manifest(manifest) in {films.manifest_sha256 for films in known if films}:
        raise LeakFound(
            str(request.manifest),
            "films are needed that the release has not seen",
            found="the collection it was made of",
            advice="Use films of your own.",
        )


def _refit_evidence(
    detector: Detector, tune: Predictions, progress: Progress
) -> LocalisationSettings:
    """Fit how the map is shown there and, where a reader has boxed films, how likely a finding."""
    card, shown = detector.card, tune
    if card.evidence.method == "occlusion":  # tune was read without it
        if not tune.has_boxes:  # fifty passes a film for the colours alone would be too dear
            return card.evidence
        shown = measure_films(
            detector.answerer,
            tune.manifest,
            choose_some(tune.rows, FILMS_FOR_OCCLUSION),
            split=tune.split,
            progress=progress,
        )
    return refit_evidence(shown, card.preparation, card.evidence)


def _check_direction(tune: Predictions, request: RecalibrationRequest) -> Metric:
    """Return what shows that the network reads fractures there.

    Raises:
        InvertedAnswers: If fractured films have the lower answers.
        MeasurementFault: If the films cannot tell.
    """
    where = f"{request.manifest}, tune films"
    direction = measure_polarity(tune)
    if direction.is_inverted:
        raise InvertedAnswers(
            where,
            "fractured films must have the higher answers",
            found=direction.words,
            advice="Is has_fracture the right way round in this manifest?",
        )
    if not direction.is_sure:
        raise MeasurementFault(
            where,
            "the films must show that the network reads fractures in them",
            found=direction.words,
            advice="Bring more films of both classes; if many of them do not show it, the release "
            "is not for this hospital.",
        )
    return direction.auroc


def _keep_notes(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield what was said of the release before; what an earlier hospital measured is over."""
    for note in old:
        if note not in new and not note.startswith(_SAID_BEFORE):
            yield note


def _say_what_holds(points: OperatingPoints, collection: str) -> str:
    """Return what was done on the hospital's films, and no more than that."""
    there = name_collection(collection)
    proven = [
        point.promise
        for point in (points.high_sensitivity, points.high_specificity)
        if point.threshold is not None
    ]
    before = "What the release promised before is kept under `site`; it does not hold here."
    if not proven:
        return f"Calibrated again on {there}; neither promise was certified there. {before}"
    what = "both promises were" if len(proven) > 1 else f"the {proven[0]} alone was"
    return f"Calibrated again on {there}; {what} certified there. {before}"


def _build_card(
    request: RecalibrationRequest,
    old: ReleaseCard,
    films: tuple[Predictions, Predictions],
    certificate: Certificate,
    evidence: LocalisationSettings,
) -> ReleaseCard:
    tune, test = films
    how, calibrator, points = old.preparation, certificate.calibrator, certificate.points
    places = measure_places(test, calibrator, points, how=how, settings=evidence)
    as_released = Site(
        calibrator=old.calibrator,
        operating_points=old.operating_points,
        tested_on=old.tested_on,
        metrics=old.metrics,
        release=f"{old.name} {old.version}",
        scope=old.scope,
        statement=old.statement,
        independence=old.independence,
    )
    tested_on = test.describe()
    notes = [_say_what_holds(points, tested_on.collection)]
    if is_drawn(tune.manifest):
        notes.append("Those films are drawn phantoms: the numbers say nothing about patients.")
    if evidence.finding is not None and evidence.finding == old.evidence.finding:
        notes.append(
            "Too few films there were boxed: how likely a finding is right was fitted on the films "
            "that the release was made of."
        )
    return old.model_copy(
        update={
            "name": request.name or request.out.stem,
            "calibrator": calibrator,
            "operating_points": points,
            "evidence": evidence,
            "tuned_on": tune.describe(),
            "tested_on": tested_on,
            "scope": "",
            "metrics": (*certificate.metrics, *places),
            # A second calibration takes the first one's place; what was released stays.
            "site": old.site or as_released,
            "notes": (*notes, *_keep_notes(old.notes, notes)),
            "software": describe_versions(),
            "members": {},
        }
    )
