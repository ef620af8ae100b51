"""Why a trained network says what it says: a sheet per film, and what each method is worth."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from osteon.collection.manifest import Manifest, read_manifest
from osteon.errors import FilmFault, ManifestFault
from osteon.evaluation.deletion import Ask, delete_evidence
from osteon.evaluation.predictions import choose_rows
from osteon.inference.evidence import find_peak, lay_on_film
from osteon.learning.explanations.methods import METHODS, ExplanationMethod, explain, has_own_map
from osteon.learning.loop.checkpoints import read_checkpoint
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import find_recipe
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import (
    Placement,
    choose_tile,
    fit_pixels,
    place_film,
    scale_pixels,
)
from osteon.release import Preparation
from osteon.reports.pictures.explanations import ExplainedFilm, Panel, draw_explanations
from osteon.reports.tables import write_json
from osteon.runs import RunFolder, footnote_pictures
from osteon.statistics.deletion import (
    DeletionCurves,
    DeletionTest,
    measure_areas,
    measure_deletion,
)
from osteon.statistics.detection import MarkedFilm
from osteon.statistics.pointing import MARGIN, is_pointed, measure_pointing
from osteon.statistics.proportions import Metric
from osteon.terms import (
    Floats,
    ManifestRow,
    Pixels8,
    Progress,
    Radiograph,
    SetAside,
    Split,
    no_progress,
)

TILE_SIDE: Final = 520
"""Pixels along the long side of a film on its sheet."""

FRACTURED_SHARE: Final = 0.75
"""Of the films that are chosen: what is missed and found says more than what is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainingRequest:
    """What a person asked for.

    Attributes:
        run: The run's folder.
        out: Folder for the sheets; they show films.
        methods: How; empty is every method that the network has.
        n_films: How many films, where none is named.
        paths: Of films, as the manifest names them; empty for a choice by chance.
        split: Which films to choose from.
        films: Where the films lie, if not where the manifest says.
        seed: Of the choice, and of what is random in a method.
    """

    run: Path
    out: Path
    methods: tuple[ExplanationMethod, ...] = ()
    n_films: int = 8
    paths: tuple[str, ...] = ()
    split: Split = "test"
    films: Path | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodWorth:
    """What a method was worth on these films.

    Attributes:
        method: Which.
        pointing: Boxed films whose highest point lies in a box.
        pointing_near: The same, or within 5 % of the film's long side.
        deletion: Of films with a fracture; None where there are none.
    """

    method: ExplanationMethod
    pointing: Metric
    pointing_near: Metric
    deletion: DeletionTest | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainingReport:
    """What came out.

    Attributes:
        sheets: One per film.
        n_fractured: Films with a fracture among them.
        worth: One per method; few films give wide intervals.
        numbers: The file that holds them.
        not_read: Films that would not open.
    """

    sheets: tuple[Path, ...]
    n_fractured: int
    worth: tuple[MethodWorth, ...]
    numbers: Path
    not_read: tuple[SetAside, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Film:
    """One film, opened and fitted to the network."""

    row: ManifestRow
    radiograph: Radiograph
    pixels: Pixels8
    place: Placement


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Explained:
    """What one method says of one film."""

    evidence: Floats
    marked: MarkedFilm
    curves: DeletionCurves | None


class _Explainer:
    """A run's network, ready to be asked why."""

    def __init__(self, network: FractureNetwork, how: Preparation, seed: int) -> None:
        self._network = network
        self.how = how
        self._seed = seed

    def ask(self, pixels: Pixels8) -> Floats:
        """Return probabilities, not calibrated, of films `(films, rows, columns)`."""
        with torch.no_grad():
            answers: Floats = torch.sigmoid(self._network(self._prepare(pixels))).numpy()
        return answers

    def choose_methods(self, asked: Sequence[ExplanationMethod]) -> tuple[ExplanationMethod, ...]:
        """Return what was asked for, or all that the network has."""
        if asked:
            return tuple(dict.fromkeys(asked))
        black = np.zeros((1, self.how.rows, self.how.columns), np.uint8)
        return METHODS if has_own_map(self._network, self._prepare(black)) else METHODS[1:]

    def explain(self, film: _Film, method: ExplanationMethod) -> _Explained:
        """Return a method's map of a film, and what covering by it does."""
        maps = explain(
            self._network, self._prepare(film.pixels[np.newaxis]), method=method, seed=self._seed
        )
        evidence: Floats = maps[0].numpy()
        curves = None
        if film.row.has_fracture:
            ask: Ask = self.ask
            curves = delete_evidence(
                ask, film.pixels[np.newaxis], [evidence], places=[film.place], seed=self._seed
            )
        marked = MarkedFilm(
            marks=(),
            peak=find_peak(evidence, film.place, self.how),
            boxes=film.row.boxes,
            group=film.row.group,
            rows=film.radiograph.rows,
            columns=film.radiograph.columns,
        )
        return _Explained(evidence=evidence, marked=marked, curves=curves)

    def _prepare(self, pixels: Pixels8) -> Tensor:
        return torch.from_numpy(scale_pixels(pixels, self.how))


def explain_run(
    request: ExplainingRequest, *, progress: Progress = no_progress
) -> ExplainingReport:
    """Explain a run's answers to some films, and draw a sheet of each.

    Args:
        request: What was asked.
        progress: Told after each film and method.

    Raises:
        RunFault: If this is no finished run.
        ManifestFault: If the run has no such films, or none of them opens.
        SettingsFault: If the network has not what a method needs.
        OutputFault: If a sheet cannot be written.
    """  # noqa: DOC502 — raised by the functions called
    explainer = _open_network(request)
    manifest = read_manifest(RunFolder(path=request.run).manifest, films=request.films)
    films, not_read = _open_films(manifest, _choose(manifest, request), explainer.how)
    methods = explainer.choose_methods(request.methods)
    note = footnote_pictures(manifest)
    sheets, found = [], []
    for number, film in enumerate(films):
        explained: dict[ExplanationMethod, _Explained] = {}
        for place, method in enumerate(methods):
            explained[method] = explainer.explain(film, method)
            progress("explaining", number * len(methods) + place + 1, len(films) * len(methods))
        found.append(explained)
        probability = float(explainer.ask(film.pixels[np.newaxis])[0])
        sheets.append(request.out / f"{film.row.film_id}.png")
        draw_explanations(
            _build_sheet(film, explained, explainer.how),
            sheets[-1],
            title=_say_title(film.row, probability),
            note=f"{request.run.name}, {request.split} films. {note}",
        )
    worth = tuple(_rate(method, [one[method] for one in found]) for method in methods)
    numbers = request.out / "explanations.json"
    write_json(worth, numbers)
    return ExplainingReport(
        sheets=tuple(sheets),
        n_fractured=sum(film.row.has_fracture for film in films),
        worth=worth,
        numbers=numbers,
        not_read=not_read,
    )


def _open_network(request: ExplainingRequest) -> _Explainer:
    run = RunFolder(path=request.run)
    run.read_facts()
    recipe = find_recipe(str(run.recipe))
    network = build_network(recipe, download=False)
    network.load_state_dict(read_checkpoint(run.checkpoints / "best.ckpt")["network"])
    return _Explainer(network.eval(), recipe.preparation, request.seed)


def _choose(manifest: Manifest, request: ExplainingRequest) -> list[ManifestRow]:
    """Return the films that were named, or a choice by chance, the same at every call.

    Raises:
        ManifestFault: If there is no such film.
    """
    where = str(RunFolder(path=request.run).manifest)
    if request.paths:
        known = {row.path: row for row in manifest.rows if row.state == "readable"}
        unknown = [path for path in request.paths if path not in known]
        if unknown:
            raise ManifestFault(
                where, "readable films are named as the manifest does", found=unknown[0]
            )
        return [known[path] for path in dict.fromkeys(request.paths)]
    rows = sorted(choose_rows(manifest, request.split), key=lambda row: row.path)
    chance = random.Random(request.seed)  # noqa: S311 — a sample to look at
    mixed = chance.sample(rows, len(rows))
    fractured = [row for row in mixed if row.has_fracture]
    others = [row for row in mixed if not row.has_fracture]
    n_fractured = max(round(FRACTURED_SHARE * request.n_films), request.n_films - len(others))
    chosen = fractured[:n_fractured]
    chosen += others[: request.n_films - len(chosen)]
    if not chosen:
        raise ManifestFault(where, f"readable {request.split} films are needed", found="none")
    return chosen


def _open_films(
    manifest: Manifest, rows: Sequence[ManifestRow], how: Preparation
) -> tuple[list[_Film], tuple[SetAside, ...]]:
    """Return the films that open, and the others.

    Raises:
        ManifestFault: If none opens.
    """
    films, not_read = [], []
    for row in rows:
        try:
            radiograph = read_film(manifest.films_path(row))
        except FilmFault as fault:
            not_read.append(SetAside(path=row.path, reason=fault.must))
            continue
        place = place_film(
            radiograph.rows, radiograph.columns, how, pixel_aspect=radiograph.pixel_aspect
        )
        pixels = fit_pixels(radiograph, how)
        films.append(_Film(row=row, radiograph=radiograph, pixels=pixels, place=place))
    if not films:
        raise ManifestFault(
            "films",
            "must open",
            found=f"{len(not_read)} that do not",
            advice="Say with --films where they lie.",
        )
    return films, tuple(not_read)


def _build_sheet(
    film: _Film, explained: dict[ExplanationMethod, _Explained], how: Preparation
) -> ExplainedFilm:
    tile = choose_tile(film.radiograph, TILE_SIDE)
    on_tile = place_film(film.radiograph.rows, film.radiograph.columns, tile)
    panels = []
    for method, one in explained.items():
        highest = float(one.evidence.max())
        scaled = one.evidence / np.float32(highest) if highest > 0 else one.evidence
        laid = Image.fromarray(lay_on_film(scaled, film.place, how))
        shown = np.asarray(laid.resize((tile.columns, tile.rows), Image.Resampling.BILINEAR))
        peak = one.marked.peak and on_tile.to_network((*one.marked.peak, *one.marked.peak))[:2]
        panels.append(Panel(name=method, caption=_say_worth(one), evidence=shown, peak=peak))
    row = film.row
    known = [*row.body_region, *row.view, *(("hardware",) if row.hardware else ())]
    return ExplainedFilm(
        pixels=fit_pixels(film.radiograph, tile),
        boxes=tuple(on_tile.to_network(box) for box in row.boxes),
        caption="\n".join([PurePosixPath(row.path).name, ", ".join(known)]),
        panels=panels,
    )


def _say_title(row: ManifestRow, probability: float) -> str:
    truth = "A film with a fracture" if row.has_fracture else "A film without a fracture"
    return f"{truth}, to which the network gives {probability:.2f} (not calibrated)"


def _say_worth(one: _Explained) -> str:
    said = []
    if one.marked.peak is None:
        said.append("nothing stands out")
    elif one.marked.boxes:
        near = "points near it" if is_pointed(one.marked, margin=MARGIN) else "points elsewhere"
        said.append("points at it" if is_pointed(one.marked) else near)
    if one.curves is not None:
        area, by_chance = (
            float(measure_areas(curve)[0]) for curve in (one.curves.deletion, one.curves.random)
        )
        said.append(f"deletion {area:.2f}, by chance {by_chance:.2f}")
    return "\n".join(said)


def _rate(method: ExplanationMethod, films: Sequence[_Explained]) -> MethodWorth:
    marked = [film.marked for film in films]
    covered = [(film.curves, film.marked.group) for film in films if film.curves is not None]
    deletion = None
    if covered:
        joined = DeletionCurves(
            deletion=np.concatenate([curves.deletion for curves, _ in covered]),
            insertion=np.concatenate([curves.insertion for curves, _ in covered]),
            random=np.concatenate([curves.random for curves, _ in covered]),
        )
        deletion = measure_deletion(joined, [group for _, group in covered])
    return MethodWorth(
        method=method,
        pointing=measure_pointing(marked),
        pointing_near=measure_pointing(marked, margin=MARGIN),
        deletion=deletion,
    )
