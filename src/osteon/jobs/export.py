"""A trained run becomes a release: exported, calibrated, certified, packed, and read once."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import torch

from osteon.collection.cache import build_cache
from osteon.collection.fetch.sources import attribute
from osteon.collection.manifest import Manifest
from osteon.collection.recognition import build_list, identify_own_films
from osteon.errors import ManifestFault, ReleaseFault
from osteon.evaluation.certify import (
    Certificate,
    PerformanceGoals,
    calibrate_and_certify,
    films_may_certify,
)
from osteon.evaluation.detection import measure_detection
from osteon.evaluation.localisation import Method, fit_evidence, measure_places, name_method
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
from osteon.evaluation.run_films import RunFilms, read_run_films
from osteon.evaluation.scope import choose_guards
from osteon.inference.network import Network, open_session
from osteon.inference.predictor import Evidence, Predictor
from osteon.learning.export.network import export_onnx
from osteon.learning.export.quantise import quantise
from osteon.learning.loop.checkpoints import read_checkpoint
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import Recipe, find_recipe, name_evidence
from osteon.machine import count_cores, name_cpu
from osteon.radiographs.preparation import scale_pixels
from osteon.release import NetworkCard, Preparation, ReleaseCard
from osteon.release.card import NOT_STATED, Latency, Precision, Statement
from osteon.reports.figures.calibration import draw_release
from osteon.runs import RunFolder, describe_run, describe_versions, is_drawn
from osteon.sandbox import WorkerPool
from osteon.settings import Settings
from osteon.statistics.metrics import measure
from osteon.terms import Progress, no_progress

FILMS_FOR_PARITY: Final = 256
MAX_AUROC_LOST: Final = 0.005
"""Of a network in fewer bits against the full one, on the test films."""

_TIMED: Final = 20


class ExportRequest(Settings):
    """What a person asked for.

    Attributes:
        run: The run's folder.
        out: The release's file, ending in `.osteon`.
        name: Of the release; the file's name if None.
        version: Of the release.
        films: Where the collection's films lie, if not where the manifest says.
        promises: What is to be proven on the test films.
        precision: Of the network's numbers.
        on_inverted: What is done about a negative.
        licence: Of the weights, in their maker's words.
        attribution: Whom to name; None names the collections, with what is known of theirs.
        audit: What `osteon audit` wrote of the run's own manifest, if copies were looked for after
            the training: tune and test films that it condemns certify nothing.
        unaudited: Certify although copies were never looked for; the release says so for good.
        without_films: Leave out the hashes by which the release knows its films again.
        statement: A TOML file with what the maker says of the release (`Statement`).
    """

    run: Path
    out: Path
    name: str | None = None
    version: str = "1"
    films: Path | None = None
    promises: PerformanceGoals = PerformanceGoals()
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    on_inverted: Literal["refuse", "correct"] = "refuse"
    licence: str = NOT_STATED
    attribution: str | None = None
    audit: Path | None = None
    unaudited: bool = False
    without_films: bool = False
    statement: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportReport:
    """What came out.

    Attributes:
        release: The file.
        card: What it says about itself.
        figure: The reliability diagram of the test films.
        largest_difference: Of a logit between torch and ONNX, on `n_compared` films.
        n_compared: Films that both were asked about.
        not_read: Reasons of films of tune and test that were refused, with their counts.
    """

    release: Path
    card: ReleaseCard
    figure: Path
    largest_difference: float
    n_compared: int
    not_read: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trained:
    """A run, opened."""

    recipe: Recipe
    manifest: Manifest
    network: FractureNetwork
    card: NetworkCard
    notes: tuple[str, ...]
    films: RunFilms
    statement: Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class _Proof:
    """What a network did on the films that fit it and the films that prove it."""

    tune: Predictions
    test: Predictions
    certificate: Certificate
    precision: Precision


def export_release(request: ExportRequest, *, progress: Progress = no_progress) -> ExportReport:
    """Make a release of a run.

    Args:
        request: What was asked.
        progress: Told of every step of long work.

    Raises:
        RunFault: If this is no finished run.
        ManifestFault: If the run has no films to certify on, or the audit is of others.
        OneClassOnly: If a split holds films of one class only.
        ParityBroken: If ONNX and torch disagree.
        ReleaseFault: If fewer bits cost too much.
        OutputFault: If the release cannot be written.
    """
    check_name(request.out)
    trained = _open_run(request)
    prepared = _prepare_some(trained, request, progress)
    model, difference = _export(trained, prepared)
    full = Network(open_session(model, where=str(request.out)), trained.card)
    proof = _prove(full, model, trained, request, progress)
    network = full
    if request.precision != "fp32":
        model = quantise(model, request.precision, prepared)
        network = Network(open_session(model, where=str(request.out)), trained.card)
        before = proof
        proof = _prove(network, model, trained, request, progress)
        proof = _check_cost(request, before=before, after=proof)
        cost = {"latency": _time(network, prepared), "full_latency": _time(full, prepared)}
        proof = replace(proof, precision=proof.precision.model_copy(update=cost))
    card = _build_card(request, trained, proof, method=name_method(network))
    self_test = build_self_test(network, trained.recipe.preparation)
    films = None
    if not request.without_films:
        films = build_list(identify_own_films(trained.manifest, progress=progress))
    card = write_release(card, model, self_test, request.out, films=films)
    figure = draw_release(
        card, proof.certificate.reliability, request.out, is_drawn=card.trained_on_phantoms
    )
    return ExportReport(
        release=request.out,
        card=card,
        figure=figure,
        largest_difference=difference,
        n_compared=min(len(prepared), FILMS_FOR_PARITY),
        not_read=count_reasons((proof.tune, proof.test)),
    )


def _open_run(request: ExportRequest) -> _Trained:
    run = RunFolder(path=request.run)
    facts = run.read_facts()
    recipe = find_recipe(str(run.recipe))
    statement = read_statement(request.statement)
    films = read_run_films(run, films=request.films, audit=request.audit)
    manifest = films.manifest
    if not any(row.split == "test" for row in manifest.rows):
        raise ManifestFault(
            str(run.manifest),
            "a release is certified on a test split",
            found="train and tune alone",
            advice="Split the collection with `osteon split`, and train on that.",
        )
    network = build_network(recipe, download=False)
    network.load_state_dict(read_checkpoint(run.checkpoints / "best.ckpt")["network"])
    card = NetworkCard(
        recipe=recipe.name,
        preparation=recipe.preparation,
        evidence=name_evidence(recipe),
        trained_on_phantoms=is_drawn(manifest),
    )
    return _Trained(
        recipe=recipe,
        manifest=manifest,
        network=network.eval(),
        card=card,
        notes=(*describe_run(facts), *films.notes),
        films=films,
        statement=statement,
    )


def _prepare_some(
    trained: _Trained, request: ExportRequest, progress: Progress
) -> npt.NDArray[np.float32]:
    """Return tune films first, then others, as the network takes them."""
    cache = build_cache(
        trained.manifest,
        trained.recipe.preparation,
        request.run.parent / "cache",
        progress=progress,
    )
    split_of = {row.path: row.split for row in trained.manifest.rows}
    order = sorted(
        range(len(cache.paths)), key=lambda place: (split_of[cache.paths[place]] != "tune", place)
    )
    pixels = cache.pixels[order[:FILMS_FOR_PARITY]]
    return scale_pixels(pixels, trained.recipe.preparation)


def _export(trained: _Trained, films: npt.NDArray[np.float32]) -> tuple[bytes, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        with torch.no_grad():
            difference = export_onnx(trained.network, trained.card, path, films=films)
        return path.read_bytes(), difference


def _read_both(
    network: Network, trained: _Trained, request: ExportRequest, progress: Progress
) -> tuple[Predictions, Predictions]:
    """Read tune, with evidence, and test."""
    guards = choose_guards(trained.manifest, request.on_inverted)
    method = name_method(network)
    with WorkerPool() as pool:
        asked: tuple[tuple[str, Evidence], ...] = (
            ("tune", method),
            ("test", "none" if method == "occlusion" else method),
        )
        tune, test = (
            measure_films(
                Predictor(network, guards, pool, evidence=evidence),
                trained.manifest,
                trained.films.choose(split),
                split=split,
                progress=progress,
            )
            for split, evidence in asked
        )
    return tune, test


def _auroc_of(films: Predictions) -> float:
    area = measure(films.logits, films.references, films.groups, threshold=0.0).auroc.value
    assert area is not None  # both classes are there
    return area


def _prove(
    network: Network, model: bytes, trained: _Trained, request: ExportRequest, progress: Progress
) -> _Proof:
    tune, test = _read_both(network, trained, request, progress)
    return _Proof(
        tune=tune,
        test=test,
        certificate=calibrate_and_certify(
            tune,
            test,
            request.promises,
            may_certify=films_may_certify(trained.films.independence, unaudited=request.unaudited),
        ),
        precision=Precision(n_bytes=len(model)),
    )


def _check_cost(request: ExportRequest, *, before: _Proof, after: _Proof) -> _Proof:
    """Refuse fewer bits where they cost more than they may; return the proof with their cost.

    Raises:
        ReleaseFault: If AUROC falls by more than `MAX_AUROC_LOST`, or a promise falls.
    """
    where, advice = f"--precision {request.precision}", "Export it as fp32, or as fp16."
    lost = _auroc_of(before.test) - _auroc_of(after.test)
    if lost > MAX_AUROC_LOST:
        raise ReleaseFault(
            where,
            f"AUROC on the test films must fall by at most {MAX_AUROC_LOST}",
            found=round(lost, 4),
            advice=advice,
        )
    for name in ("high_sensitivity", "high_specificity"):
        stood, stands = (
            getattr(proof.certificate.points, name).threshold for proof in (before, after)
        )
        if stood is not None and stands is None:
            promise = name.replace("_", " ")
            raise ReleaseFault(where, f"{promise} must still be certified", advice=advice)
    precision = after.precision.model_copy(
        update={
            "name": request.precision,
            "full_bytes": before.precision.n_bytes,
            "auroc_lost": round(lost, 6),
        }
    )
    return replace(after, precision=precision)


def _time(network: Network, films: npt.NDArray[np.float32]) -> Latency:
    one = films[:1]
    network.answer(one)
    took = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        network.answer(one)
        took.append(1e3 * (time.perf_counter() - start))
    return Latency(
        one_film_ms=round(float(np.median(took)), 2),
        machine=name_cpu(),
        threads=count_cores(),
    )


def _build_card(
    request: ExportRequest,
    trained: _Trained,
    proof: _Proof,
    *,
    method: Method,
) -> ReleaseCard:
    how: Preparation = trained.recipe.preparation
    certificate = proof.certificate
    collections = {row.collection for row in trained.manifest.rows}
    evidence = fit_evidence(proof.tune, certificate.calibrator, how, method=method)
    detection = measure_detection(proof.test, certificate.calibrator, how=how, settings=evidence)
    places = measure_places(
        proof.test, certificate.calibrator, certificate.points, how=how, settings=evidence
    )
    return ReleaseCard(
        name=request.name or request.out.stem,
        version=request.version,
        positive_class="fracture",
        preparation=how,
        calibrator=certificate.calibrator,
        operating_points=certificate.points,
        evidence=evidence,
        guards=choose_guards(trained.manifest, request.on_inverted),
        recipe=trained.recipe.name,
        statement=trained.statement,
        independence=trained.films.independence,
        trained_on=describe_rows(
            choose_rows(trained.manifest, "train"), trained.manifest, split="train"
        ),
        tuned_on=proof.tune.describe(),
        tested_on=proof.test.describe(),
        metrics=certificate.metrics + places + detection,
        notes=trained.notes,
        precision=proof.precision,
        trained_on_phantoms=trained.card.trained_on_phantoms,
        software=describe_versions(),
        licence=request.licence,
        attribution=request.attribution or attribute(collections),
        members={},
    )
