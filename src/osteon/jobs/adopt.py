"""A network from elsewhere becomes a release: wrapped, held against films, calibrated, certified.

What cannot be known of it is said: the films it learnt from, and so whether these are among them.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from osteon.collection.manifest import Manifest, read_manifest
from osteon.collection.recognition import OwnFilm, build_list, identify_own_films
from osteon.errors import ManifestFault, MeasurementFault, ReleaseInverted
from osteon.evaluation.certify import (
    Certificate,
    PerformanceGoals,
    calibrate_and_certify,
    films_may_certify,
)
from osteon.evaluation.cohort import (
    FILMS_FOR_OCCLUSION,
    USED,
    choose_some,
    describe_used,
    measure_polarity,
    read_labelled,
)
from osteon.evaluation.learnt import LearntFilms, check_left, judge_films
from osteon.evaluation.localisation import fit_evidence, measure_places, name_method
from osteon.evaluation.predictions import (
    Predictions,
    choose_rows,
    count_reasons,
    describe_rows,
    measure_films,
)
from osteon.evaluation.release_builder import (
    build_self_test,
    check_name,
    read_statement,
    write_release,
)
from osteon.evaluation.scope import choose_guards
from osteon.inference.network import Network, open_session
from osteon.inference.opening import OpenedFilm, open_in_order
from osteon.inference.predictor import Predictor
from osteon.learning.foreign import AdoptSettings, check_parity, read_foreign, wrap
from osteon.radiographs.preparation import scale_pixels
from osteon.release import LocalisationSettings, NetworkCard, ReleaseCard
from osteon.release.card import UNKNOWN_FILMS, Films, Precision
from osteon.reports.figures.calibration import draw_release
from osteon.runs import describe_versions, is_drawn
from osteon.sandbox import WorkerPool
from osteon.settings import Settings, read_settings
from osteon.statistics.proportions import Metric
from osteon.terms import Floats, Progress, no_progress

RECIPE: Final = "adopted"
"""What stands in a card for the recipe of a network that was trained elsewhere."""

SAID_FILMS: Final = (
    "The films that this network learnt from are those of a manifest that its adopter gave; "
    "nothing in the network can confirm it."
)

FILMS_FOR_PARITY: Final = 32


class AdoptRequest(Settings):
    """What a person asked for.

    Attributes:
        model: The network, as ONNX.
        recipe: What is declared of it, as TOML (`AdoptSettings`).
        manifest: Labelled films with a tune and a test split.
        out: The release's file, ending in `.osteon`.
        films: Where the films lie, if not where the manifest says.
        name: Of the release; the file's name if None.
        version: Of the release.
        promises: What is to be proven on the test films.
        on_inverted: What is done about a negative.
        unaudited: Certify although copies were never looked for; the release says so for good.
        learnt: The manifest of the films that the network learnt from, if somebody has it. Without
            splits, it learnt from them all.
        without_films: Leave out the hashes by which the release knows films again.
        statement: A TOML file with what the maker says of the release (`Statement`).
    """

    model: Path
    recipe: Path
    manifest: Path
    out: Path
    films: Path | None = None
    name: str | None = None
    version: str = "1"
    promises: PerformanceGoals = PerformanceGoals()
    on_inverted: Literal["refuse", "correct"] = "refuse"
    unaudited: bool = False
    learnt: Path | None = None
    without_films: bool = False
    statement: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptReport:
    """What came out.

    Attributes:
        release: The file.
        card: What it says about itself.
        figure: The reliability diagram of the test films.
        largest_difference: Of an answer between the network as it came and as it was wrapped, on
            `n_compared` films, film by film.
        n_compared: Films that both were asked about.
        tune_auroc: What showed that its answers point the declared way.
        not_read: Reasons of films of tune and test that were refused, with their counts.
    """

    release: Path
    card: ReleaseCard
    figure: Path
    largest_difference: float
    n_compared: int
    tune_auroc: Metric
    not_read: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Adopted:
    """A network that was wrapped."""

    how: AdoptSettings
    manifest: Manifest
    model: bytes
    network: Network
    notes: tuple[str, ...]
    largest_difference: float
    n_compared: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _OwnFilms:
    """The films that a network is calibrated and certified on, held against those it learnt from.

    Attributes:
        known_by: What the release will know its films by: those learnt from, and these.
        trained_on: Those learnt from; None where nobody says which.
        learnt: Those among these that the network learnt from.
    """

    known_by: tuple[OwnFilm, ...]
    trained_on: Films | None
    learnt: LearntFilms


def adopt_network(request: AdoptRequest, *, progress: Progress = no_progress) -> AdoptReport:
    """Make a release of a network that was trained elsewhere.

    Args:
        request: What was asked.
        progress: Told of every step of long work.

    Raises:
        SettingsFault: If the recipe says something impossible, or the network contradicts it.
        ReleaseFault: If the network cannot become a release.
        ReleaseInverted: If the labelled films say that the declared class is the other one.
        MeasurementFault: If they do not say which way its answers point.
        ParityBroken: If it answers otherwise once it is wrapped.
        ManifestFault: If the films are not split, or leak.
        OneClassOnly: If a split holds films of one class only.
        OutputFault: If the release cannot be written.
    """
    check_name(request.out)
    how, statement = read_settings(request.recipe, AdoptSettings), read_statement(request.statement)
    manifest = read_labelled(request.manifest, films=request.films)
    films = _compare_films(request, manifest, progress)
    known = describe_used(replace(manifest, rows=films.learnt.leave_out(manifest.rows)))
    guards = choose_guards(manifest, request.on_inverted)
    adopted = _wrap(request, how, manifest)
    with WorkerPool() as pool:
        answerer = Predictor(adopted.network, guards, pool, evidence=name_method(adopted.network))
        numbers = answerer.for_numbers()
        tune, test = (
            measure_films(
                numbers,
                manifest,
                films.learnt.leave_out(choose_rows(manifest, split)),
                split=split,
                progress=progress,
            )
            for split in USED
        )
        direction = _check_direction(tune, request, how)
        certificate = calibrate_and_certify(
            tune,
            test,
            request.promises,
            may_certify=films_may_certify(known, unaudited=request.unaudited),
        )
        shown = tune
        if not adopted.network.has_evidence:  # tune was read without occlusion
            some = choose_some(tune.rows, FILMS_FOR_OCCLUSION)
            shown = measure_films(answerer, manifest, some, split="tune", progress=progress)
    evidence = fit_evidence(
        shown, certificate.calibrator, how.preparation, method=name_method(adopted.network)
    )
    card = _build_card(request, adopted, (tune, test), certificate, evidence)
    self_test = build_self_test(adopted.network, how.preparation)
    told = {
        "independence": known,
        "statement": statement,
        "trained_on": films.trained_on,
        "learnt": films.learnt.count(),
    }
    card = write_release(
        card.model_copy(update=told),
        adopted.model,
        self_test,
        request.out,
        films=None if request.without_films else build_list(films.known_by),
    )
    figure = draw_release(
        card, certificate.reliability, request.out, is_drawn=card.trained_on_phantoms
    )
    return AdoptReport(
        release=request.out,
        card=card,
        figure=figure,
        largest_difference=adopted.largest_difference,
        n_compared=adopted.n_compared,
        tune_auroc=direction,
        not_read=count_reasons((tune, test)),
    )


def _compare_films(request: AdoptRequest, manifest: Manifest, progress: Progress) -> _OwnFilms:
    """Hold the labelled films against those that the network learnt from, where these are given.

    Raises:
        LeakFound: If they are nearly all, or all of a split.
    """
    used = replace(manifest, rows=tuple(row for row in manifest.rows if row.split in USED))
    is_asked = not request.without_films or request.learnt is not None
    own = identify_own_films(used, progress=progress) if is_asked else ()
    if request.learnt is None:
        nothing = LearntFilms(is_known=False)
        return _OwnFilms(known_by=own, trained_on=None, learnt=nothing)
    theirs = read_manifest(request.learnt, must_exist=False)
    before = identify_own_films(theirs, progress=progress)
    rows = [row for row, _, _ in own]
    found = judge_films(build_list(before), manifest, rows, known_by=[film for _, film, _ in own])
    check_left(
        found, {split: choose_rows(manifest, split) for split in USED}, where=str(request.manifest)
    )
    return _OwnFilms(
        known_by=(*before, *(one for one in own if one[0].path not in found.out)),
        trained_on=describe_rows(
            [row for row, _, role in before if role == "train"], theirs, split="train"
        ),
        learnt=found,
    )


def _wrap(request: AdoptRequest, how: AdoptSettings, manifest: Manifest) -> _Adopted:
    foreign = read_foreign(request.model, how)
    card = NetworkCard(
        recipe=RECIPE, preparation=how.preparation, trained_on_phantoms=is_drawn(manifest)
    )
    model = wrap(foreign, card)
    films = _prepare_some(request, manifest, how)
    difference = check_parity(foreign, model, films)
    content = hashlib.sha256(request.model.read_bytes()).hexdigest()
    told = how.output
    return _Adopted(
        how=how,
        manifest=manifest,
        model=model,
        network=Network(open_session(model, where=str(request.model)), card),
        notes=(
            UNKNOWN_FILMS if request.learnt is None else SAID_FILMS,
            (
                f"Adopted from {request.model.name} (SHA-256 {content}). Its class "
                f'"{told.positive}" '
                f'was declared to mean a fracture, "{told.negative}" none; the tune films agree.'
            ),
        ),
        largest_difference=difference,
        n_compared=len(films),
    )


def _prepare_some(request: AdoptRequest, manifest: Manifest, how: AdoptSettings) -> Floats:
    """Return some tune films as the network takes them.

    Raises:
        ManifestFault: If none of them can be opened.
    """
    rows = choose_rows(manifest, "tune")[:FILMS_FOR_PARITY]
    paths = (manifest.films_path(row) for row in rows)
    with WorkerPool(workers=1) as pool:
        opened = [film for _, film in open_in_order(paths, pool, how.preparation)]
    pixels = [film.pixels for film in opened if isinstance(film, OpenedFilm)]
    if not pixels:
        raise ManifestFault(
            str(request.manifest), "tune films are needed that can be read", found="none"
        )
    return scale_pixels(np.stack(pixels), how.preparation)


def _check_direction(tune: Predictions, request: AdoptRequest, how: AdoptSettings) -> Metric:
    """Return what shows that the declared class is the right one.

    Raises:
        ReleaseInverted: If it is the other one.
        MeasurementFault: If the films cannot tell.
    """
    told, where = how.output, f"{request.recipe.name}, output.positive"
    direction = measure_polarity(tune)
    if direction.is_inverted:
        raise ReleaseInverted(
            where,
            f'"{told.positive}" must be the class that means a fracture',
            found=direction.words,
            advice=f'Set positive = "{told.negative}", or put classes in the order in which the '
            "network was trained: class 0, then class 1.",
        )
    if not direction.is_sure:
        raise MeasurementFault(
            where,
            f'labelled films must show that "{told.positive}" means a fracture',
            found=direction.words,
            advice="Osteon does not guess. Compare preparation, input.range and input.layout with "
            "the network's training, or bring more films; else it knows nothing about these.",
        )
    return direction.auroc


def _build_card(
    request: AdoptRequest,
    adopted: _Adopted,
    films: tuple[Predictions, Predictions],
    certificate: Certificate,
    evidence: LocalisationSettings,
) -> ReleaseCard:
    tune, test = films
    how, calibrator, points = adopted.how.preparation, certificate.calibrator, certificate.points
    places = measure_places(test, calibrator, points, how=how, settings=evidence)
    return ReleaseCard(
        name=request.name or request.out.stem,
        version=request.version,
        positive_class="fracture",
        preparation=how,
        calibrator=calibrator,
        operating_points=points,
        evidence=evidence,
        guards=choose_guards(tune.manifest, request.on_inverted),
        recipe=RECIPE,
        trained_on=None,
        tuned_on=tune.describe(),
        tested_on=test.describe(),
        metrics=(*certificate.metrics, *places),
        notes=adopted.notes,
        precision=Precision(n_bytes=len(adopted.model)),
        trained_on_phantoms=adopted.network.card.trained_on_phantoms,
        software=describe_versions(),
        licence=adopted.how.licence,
        attribution=adopted.how.attribution,
        members={},
    )
