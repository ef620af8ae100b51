"""Whether a training that learns boxes is worth going on with: its gate, from a checkpoint.

    python benchmarks/box_gate.py runs/osteon-2/run
    python benchmarks/box_gate.py runs/osteon-2/run --checkpoint best --views 4

Reads the run's tune films with the averaged weights and tells AUROC, average precision, FROC,
pointing, and how often the best-scored box of a fracture meets it, on tune and on films that were
learnt from: where both are low the boxes are underfitted, where only tune is, they are overfitted.
Test films are not opened. One thread.

With four views (as it is, and mirrored along either side and both) logits and maps are averaged,
and boxes are fused with one vote per view: boxes of the views that overlap by 0.35 are one, its
sides the mean of each view's best box, its score their sum over four.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from osteon.collection.cache import Cache, build_cache
from osteon.collection.manifest import read_manifest
from osteon.geometry import Box
from osteon.learning.data.loader import reduce_films
from osteon.learning.heads.boxes import BoxOutputs, choose_boxes, decode_boxes
from osteon.learning.loop.box_loss import measure_iou
from osteon.learning.loop.checkpoints import read_checkpoint
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import Recipe, find_recipe
from osteon.radiographs.preparation import fit_letterbox, scale_pixels
from osteon.runs import RunFolder
from osteon.statistics.auroc import delong_interval, measure_auroc
from osteon.statistics.detection import MarkedFilm, measure_average_precision, measure_froc
from osteon.statistics.intervals import Interval, wilson_interval
from osteon.statistics.pointing import measure_pointing
from osteon.terms import ManifestRow

Floats = npt.NDArray[np.float32]

VIEWS: Final[tuple[tuple[int, ...], ...]] = ((), (3,), (2,), (2, 3))
"""The axes along which each view is mirrored."""

N_CANDIDATES: Final = 300
N_SHOWN: Final = 30
N_OF_VIEW: Final = 15
SUPPRESSED_FROM: Final = 0.4
FUSED_FROM: Final = 0.35
N_TRAINING_BOXES: Final = 150
GATE: Final = "at 30,000 films: training share above 60 %, tune AP50 0.33"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Seen:
    """What the network says of one film.

    Attributes:
        logit: Mean over the views.
        evidence: The map's probabilities, mean over the views.
        boxes: `(x0, y0, x1, y1, score)`, the best first, in pixels of the network's input.
        met: For each fracture, the IoU of the best-scored box among the cells that lie in it, as
            the film is; empty where none has a cell.
    """

    logit: float
    evidence: Floats
    boxes: Floats
    met: tuple[float, ...]


def suppress(boxes: Floats, *, from_iou: float, at_most: int) -> Floats:
    """Return the best of boxes that overlap.

    Args:
        boxes: `(x0, y0, x1, y1, score)`, the best first, shape `(boxes, 5)`.
        from_iou: Overlap from which the worse of two goes.
        at_most: How many to keep.
    """
    kept: list[int] = []
    alive = np.ones(len(boxes), dtype=bool)
    for place in range(len(boxes)):
        if alive[place]:
            kept.append(place)
            alive &= overlaps(boxes, boxes[place]) <= from_iou
        if len(kept) == at_most:
            break
    return boxes[kept]


def fuse(views: Sequence[Floats], *, from_iou: float, at_most: int) -> Floats:
    """Return the boxes of several views of one film, put together with one vote per view.

    Args:
        views: Of each, boxes `(x0, y0, x1, y1, score)` in the film's own pixels, of which no two
            overlap much.
        from_iou: Overlap from which boxes of two views are one.
        at_most: How many to keep.

    Returns:
        The best first. A box's sides are the mean of each view's best one, weighed by score; a view
        that has none counts with a score of nothing.
    """
    every = np.concatenate(views)
    of_view = np.repeat(np.arange(len(views)), [len(view) for view in views])
    order = np.argsort(-every[:, 4], kind="stable")
    every, of_view = every[order], of_view[order]
    free = np.ones(len(every), dtype=bool)
    fused = []
    for place in range(len(every)):
        if not free[place]:
            continue
        one = free & (overlaps(every, every[place]) > from_iou)
        one[place] = True
        free &= ~one
        members = np.flatnonzero(one)
        best = [members[of_view[members] == view][:1] for view in range(len(views))]
        votes = every[np.concatenate(best)]
        sides = np.average(votes[:, :4], axis=0, weights=votes[:, 4] + 1e-9)
        fused.append([*sides, votes[:, 4].sum() / len(views)])
    found = np.array(fused, dtype=np.float32).reshape(-1, 5)
    return found[np.argsort(-found[:, 4], kind="stable")][:at_most]


def overlaps(boxes: Floats, one: Floats) -> Floats:
    """Return the IoU of boxes with one."""
    found: Floats = measure_iou(torch.from_numpy(boxes[:, :4]), torch.from_numpy(one[:4])).numpy()
    return found


@torch.no_grad()
def see_film(
    network: FractureNetwork, film: torch.Tensor, fractures: Sequence[Box], *, n_views: int
) -> Seen:
    """Return what a network says of a film.

    Args:
        network: With a box head.
        film: Shape `(1, channels, rows, columns)`.
        fractures: In pixels of `film`.
        n_views: 1 or 4.
    """
    logits, maps, of_views = [], [], []
    met: tuple[float, ...] = ()
    for axes in VIEWS[:n_views]:
        look = network.look(film.flip(axes))
        assert look.marks is not None
        assert look.boxes is not None
        if not axes:
            met = tuple(measure_best(look.boxes, fractures))
        logits.append(float(look.logits))
        maps.append(torch.sigmoid(look.marks).flip([axis - 1 for axis in axes])[0])
        boxes = choose_boxes(look.boxes, N_CANDIDATES)[0]
        rows, columns = film.shape[-2:]
        if 3 in axes:
            boxes[:, [0, 2]] = columns - boxes[:, [2, 0]]
        if 2 in axes:
            boxes[:, [1, 3]] = rows - boxes[:, [3, 1]]
        at_most = N_SHOWN if n_views == 1 else N_OF_VIEW
        of_views.append(suppress(boxes.numpy(), from_iou=SUPPRESSED_FROM, at_most=at_most))
    boxes_found = of_views[0]
    if n_views > 1:
        boxes_found = fuse(of_views, from_iou=FUSED_FROM, at_most=N_SHOWN)
    return Seen(
        logit=float(np.mean(logits)),
        evidence=torch.stack(maps).mean(dim=0).numpy(),
        boxes=boxes_found,
        met=met,
    )


def measure_best(outputs: BoxOutputs, fractures: Sequence[Box]) -> Iterator[float]:
    """Yield, for each fracture, the IoU of the best-scored box among the cells that lie in it."""
    every = decode_boxes(outputs.sides[0], outputs.middles, outputs.strides)
    for fracture in fractures:
        goal = torch.tensor(fracture)
        middles = outputs.middles
        inside = ((middles > goal[:2]) & (middles < goal[2:])).all(dim=1)
        if inside.any():
            best = torch.where(inside, outputs.scores[0], -torch.inf).argmax()
            yield float(measure_iou(every[best], goal))


def mark_film(row: ManifestRow, seen: Seen, recipe: Recipe) -> MarkedFilm:
    """Return a film's boxes and the map's peak in its own pixels, beside its fractures."""
    how = recipe.preparation
    place = fit_letterbox(row.rows, row.columns, how)
    y, x = np.unravel_index(int(seen.evidence.argmax()), seen.evidence.shape)
    cell = how.rows / seen.evidence.shape[0]
    middle = place.to_source(((x + 0.5) * cell, (y + 0.5) * cell) * 2)
    return MarkedFilm(
        marks=tuple(
            (place.to_source(tuple(box[:4].tolist())), float(box[4])) for box in seen.boxes
        ),
        peak=middle[:2],
        boxes=row.boxes,
        group=row.group,
        rows=row.rows,
        columns=row.columns,
    )


def see_films(
    rows: Sequence[ManifestRow],
    cache: Cache,
    network: FractureNetwork,
    recipe: Recipe,
    *,
    share: float,
    n_views: int,
) -> list[Seen]:
    """Return what the network says of films, boxes and maps in pixels of the whole input.

    Args:
        rows: The films.
        cache: That holds them.
        network: With a box head.
        recipe: That it was made by.
        share: Of the side, at which films are read.
        n_views: 1 or 4.
    """
    places = {path: place for place, path in enumerate(cache.paths)}
    how = recipe.preparation
    found = []
    for row in rows:
        film = torch.from_numpy(scale_pixels(cache.pixels[[places[row.path]]], how))
        film = reduce_films(film, share) if share < 1 else film
        by = film.shape[-1] / how.columns
        place = fit_letterbox(row.rows, row.columns, how)
        fractures = [tuple(side * by for side in place.to_network(box)) for box in row.boxes]
        seen = see_film(network, film, fractures, n_views=n_views)  # type: ignore[arg-type]
        seen.boxes[:, :4] /= by
        found.append(seen)
    return found


def tell(name: str, value: float | None, interval: Interval | None, of: str) -> None:
    """Print one number with its interval and what it is of."""
    if value is None or interval is None:
        print(f"{name:44s} not defined ({of})")
        return
    print(f"{name:44s} {value:.3f} ({interval.low:.3f} to {interval.high:.3f}; {of})")


def tell_met(name: str, seen: Sequence[Seen]) -> None:
    """Print the share of best-scored boxes above an IoU of 0.5."""
    met = [iou for film in seen for iou in film.met]
    if not met:
        print(f"{name}: no box")
        return
    share = float(np.mean([iou > 0.5 for iou in met]))
    tell(name, share, wilson_interval(share, n=len(met)), f"{len(met)} boxes")


def measure(rows: Sequence[ManifestRow], seen: Sequence[Seen], recipe: Recipe) -> None:
    """Print what the gate and the bars ask for, of tune films."""
    references = np.array([row.has_fracture for row in rows])
    auroc = measure_auroc(np.array([film.logit for film in seen]), references)
    if auroc is not None:
        interval = delong_interval(auroc, n_fractured=int(references.sum()), n_films=len(rows))
        tell("AUROC", auroc.value, interval, f"{references.sum()} fractured of {len(rows)} films")
    marked = [mark_film(row, film, recipe) for row, film in zip(rows, seen, strict=True)]
    boxed = [film for film in marked if film.boxes]
    for at_iou in (0.5, 0.3):
        for films, which in ((boxed, "fractured films"), (marked, "all films")):
            found = measure_average_precision(films, at_iou=at_iou)
            of = f"{found.denominator} boxes of {len(films)} films"
            tell(f"AP at IoU {at_iou:g}, {which}", found.value, found.interval, of)
    froc = measure_froc(marked, at=(0.5,)).at[0]
    tell(
        "FROC at 0.5 false marks a film, all films",
        froc.value,
        froc.interval,
        f"{froc.denominator} boxes",
    )
    for margin, which in ((0.0, "strict"), (0.05, "within a margin of 5 %")):
        found = measure_pointing(marked, margin=margin)
        tell(f"pointing of the map, {which}", found.value, found.interval, f"{len(boxed)} films")


def main(arguments: list[str]) -> int:
    """Do what is asked; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("run", type=Path)
    parser.add_argument("--checkpoint", choices=("last", "best"), default="last")
    parser.add_argument("--views", type=int, choices=(1, 4), default=1)
    parser.add_argument("--share", type=float, help="of the side; if not given, as it learns now")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    run = RunFolder(path=asked.run)
    recipe = find_recipe(str(run.recipe))
    state = read_checkpoint(run.checkpoints / f"{asked.checkpoint}.ckpt")
    network = build_network(recipe, download=False).eval()
    network.load_state_dict(state["network"])
    schedule = recipe.schedule
    share = asked.share or (schedule.small_share if state["epoch"] <= schedule.small_epochs else 1)
    n_shown = (state["epoch"] - 1) * recipe.sampling.films
    n_shown += state.get("partial", {}).get("step", 0) * schedule.batch
    manifest = read_manifest(run.manifest)
    cache = build_cache(manifest, recipe.preparation, asked.run.parent / "cache")
    readable = set(cache.paths)
    tune = [row for row in manifest.rows if row.split == "tune" and row.path in readable]
    train = [r for r in manifest.rows if r.split == "train" and r.boxes and r.path in readable]
    chance = np.random.default_rng(0)
    learnt = [train[place] for place in chance.permutation(len(train))]
    n_films = int(np.searchsorted(np.cumsum([len(r.boxes) for r in learnt]), N_TRAINING_BOXES)) + 1
    print(f"{asked.checkpoint}.ckpt: {n_shown:,} films shown; read at {share:g} of the side,")
    print(f"{asked.views} view(s); {GATE}\n")
    started = time.monotonic()
    seen = see_films(tune, cache, network, recipe, share=share, n_views=asked.views)
    measure(tune, seen, recipe)
    tell_met("best boxes above IoU 0.5, tune", seen)
    seen = see_films(learnt[:n_films], cache, network, recipe, share=share, n_views=1)
    tell_met("best boxes above IoU 0.5, learnt from", seen)
    print(f"\n{time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
