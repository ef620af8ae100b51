"""Fit the guards and measure them: `python benchmarks/guards.py fit`, then `measure`, then `leave`.

fit      draws what they are fitted to, fits the network, chooses the limits on the tune split and
         writes both into `src/osteon/inference/data/`.
measure  applies what the package holds to the test split and to real strangers; prints tables.
leave    fits again without each family of drawn strangers in turn, and asks how it fares.

Needs `osteon[train]`, pydicom and a split manifest of FracAtlas.
"""

import argparse
import hashlib
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

import guard_disguises as worn
from guard_fitting import choose_limits, fit_network
from guard_pictures import (
    FAMILIES,
    Pictures,
    draw_pictures,
    keep_film,
    list_real_strangers,
    read_films,
    read_picture,
    shrink_all,
)
from osteon.collection.manifest import Manifest, read_manifest
from osteon.inference.guard_network import (
    load_guard_network,
    parse_guard_network,
    run_network,
)
from osteon.inference.guards import build_guards, measure_guards
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.release.guards import Guards
from osteon.statistics.auroc import delong_interval, measure_auroc
from osteon.statistics.intervals import Proportion
from osteon.terms import Pixels8, Radiograph

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT / "src" / "osteon" / "inference" / "data"
N_STEPS: Final = 3600
N_STEPS_LEFT: Final = 900
TRAIN_SEED, TUNE_SEED, TEST_SEED = 1, 2, 3

Logits = npt.NDArray[np.float64]

CHANGES: Final = MappingProxyType(
    {
        "as it is": lambda film: film,
        "turned by 15°": lambda film: worn.turn_to(film, 15),
        "turned by 45°": lambda film: worn.turn_to(film, 45),
        "turned by 90°": lambda film: worn.turn_to(film, 90),
        "middle 70 % of each side": lambda film: worn.keep_middle(film, 0.7),
        "middle 50 % of each side": lambda film: worn.keep_middle(film, 0.5),
        "gamma 0.5": lambda film: worn.bend_greys(film, 0.5),
        "gamma 2": lambda film: worn.bend_greys(film, 2.0),
        "JPEG of quality 15": lambda film: worn.save_again(film, 15),
        "black frame, 15 %": lambda film: worn.put_frame(film, share=0.15, tone=0),
        "white frame, 15 %": lambda film: worn.put_frame(film, share=0.15, tone=255),
        "letterbox, black": lambda film: worn.letterbox(film, tone=0),
        "letterbox, white": lambda film: worn.letterbox(film, tone=255),
    }
)
"""One change at a time, all with the polarity kept."""


def main() -> None:
    """Run one of the three steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["fit", "measure", "leave"])
    parser.add_argument("--manifest", type=Path, required=True, help="FracAtlas, split")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--multiregion", type=Path, help="manifest: measured on, never fitted to")
    parser.add_argument("--pictures", type=Path, help="folder of pictures that are no films")
    asked = parser.parse_args()
    manifest = read_manifest(asked.manifest)
    if asked.step == "fit":
        fit(manifest)
    elif asked.step == "leave":
        leave_families_out(manifest)
    else:
        films = measure_test(manifest)
        measure_real(films, shared=asked.shared, folder=asked.pictures)
        if asked.multiregion:
            measure_multiregion(read_manifest(asked.multiregion))
        measure_speed()


def fit(manifest: Manifest) -> None:
    """Fit the network, choose the limits, write both into the package.

    Args:
        manifest: FracAtlas, split.
    """
    started = time.monotonic()
    train = draw_pictures(read_films(manifest, "train"), seed=TRAIN_SEED)
    tune = draw_pictures(read_films(manifest, "tune"), seed=TUNE_SEED, share=0.2)
    print(
        f"{train.kinds.size:,} and {tune.kinds.size:,} pictures, {time.monotonic() - started:.0f} s"
    )
    packed = fit_network(train, n_steps=N_STEPS, seed=0)
    guards = choose_limits(
        parse_guard_network(packed), tune, sha256=hashlib.sha256(packed).hexdigest()
    )
    DATA.mkdir(exist_ok=True)
    (DATA / "guards.npz").write_bytes(packed)
    (DATA / "guards.json").write_text(guards.model_dump_json(indent=2) + "\n", "utf-8")
    print(f"{len(packed):,} bytes, {guards}, {time.monotonic() - started:.0f} s")


def measure_test(manifest: Manifest) -> Logits:
    """Print how the films of the test split fare, changed and unchanged, against drawn strangers.

    Args:
        manifest: FracAtlas, split.

    Returns:
        The films' scope logits.
    """
    films = read_films(manifest, "test")
    guards = build_guards()
    print(
        "\n| films | n | turned away | called negative | negatives called so |"
        "\n|---|--:|--:|--:|--:|"
    )
    for name, change in CHANGES.items():
        changed = [change(film) for film in films]
        print(f"| {name} | {len(films)} | {_count_films(changed, guards)} |", flush=True)
    halved = [_halve(film) for film in films]
    print(f"| 128 pixels | {len(films)} | {_count_films(halved, guards)} |")
    upright = measure_all(films)
    negative = measure_all([255 - film for film in films])
    print(f"\npolarity, AUROC: {_compare(upright[:, 1], negative[:, 1])}")
    drawn = draw_pictures(films, seed=TEST_SEED, share=0.2)
    logits = run_network(drawn.small, load_guard_network())
    _print_kinds(drawn, logits, upright[:, 0], guards.max_scope_logit)
    return upright[:, 0]


def measure_real(films: Logits, *, shared: Path, folder: Path | None) -> None:
    """Print what the guards say of real pictures that are no films of a limb.

    Args:
        films: Scope logits of films, to compare with.
        shared: The folder of real films.
        folder: Of further pictures, all alike counted as diagrams and screenshots.
    """
    found = list(list_real_strangers(shared))
    if folder is not None:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        found += [("diagram or screenshot", path.name, read_picture(path)) for path in paths]
    measured = measure_all([grey for _, _, grey in found])
    guards = build_guards()
    logits = measured[:, 0]
    is_caught = (logits > guards.max_scope_logit) | (measured[:, 2] < guards.min_spread)
    of_kind = defaultdict(list)
    for (kind, name, _), caught, logit in zip(found, is_caught, logits, strict=True):
        of_kind[kind].append((caught, name, logit))
    print("\n| real pictures | n | turned away | missed (logit) |\n|---|--:|--:|---|")
    for kind, seen in of_kind.items():
        missed = ", ".join(f"{name} ({logit:.1f})" for caught, name, logit in seen if not caught)
        print(f"| {kind} | {len(seen)} | {sum(caught for caught, *_ in seen)} | {missed} |")
    print(f"| all | {len(found)} | {_tell(int(is_caught.sum()), len(found))} | |")
    print(f"\nreal pictures, AUROC: {_compare(films, logits)}")


def measure_multiregion(manifest: Manifest) -> None:
    """Print what the guards say of another collection, one film per group.

    Args:
        manifest: The multi-region set, as it was published: limbs and hips, and some strangers.
    """
    groups = {row.group: row for row in reversed(manifest.rows) if row.state == "readable"}
    assert manifest.root is not None
    films = [keep_film(read_film(manifest.root / row.path).pixels) for row in groups.values()]
    logits = measure_all(films)
    guards = build_guards()
    is_refused = logits[:, 0] > guards.max_scope_logit
    is_negative = ~is_refused & (logits[:, 1] > guards.max_polarity_logit)
    print(f"\nmulti-region, turned away: {_tell(int(is_refused.sum()), len(films))}")
    print(f"multi-region, called negative: {_tell(int(is_negative.sum()), len(films))}")
    for word, chosen in (("turned away", is_refused), ("negative", is_negative)):
        for row, logit, is_chosen in zip(groups.values(), logits, chosen, strict=True):
            if is_chosen:
                print(f"  {word} {logit[0]:.1f} {logit[1]:.1f} {row.path}")


def leave_families_out(manifest: Manifest) -> None:
    """Print how each family of drawn strangers fares with a network that never saw it.

    Args:
        manifest: FracAtlas, split.
    """
    train = draw_pictures(read_films(manifest, "train"), seed=TRAIN_SEED, share=0.4)
    test_films = read_films(manifest, "test")
    test = draw_pictures(test_films, seed=TEST_SEED, share=0.2)
    tune = draw_pictures(read_films(manifest, "tune"), seed=TUNE_SEED, share=0.1)
    plain = shrink_all(test_films)
    print("| family left out | n | AUROC, as drawn | turned away at 0.5 % of tune films |")
    print("|---|--:|--:|--:|")
    for family, kinds in FAMILIES.items():
        packed = fit_network(train.keep(~np.isin(train.kinds, kinds)), n_steps=N_STEPS_LEFT, seed=0)
        network = parse_guard_network(packed)
        limit = choose_limits(network, tune, sha256="0" * 64).max_scope_logit
        left = test.small[np.isin(test.kinds, kinds) & test.is_plain]
        strange = run_network(left, network)[:, 0]
        auroc = _compare(run_network(plain, network)[:, 0], strange)
        caught = _tell(int((strange > limit).sum()), strange.size)
        print(f"| {family} | {strange.size} | {auroc} | {caught} |", flush=True)


def measure_speed() -> None:
    """Print what the guards cost, in CPU time: a busy machine is no fault of theirs."""
    for rows, columns in ((454, 373), (2000, 2500)):
        drawn = draw_phantom(1, has_fracture=False, rows=rows, columns=columns).radiograph
        radiograph = Radiograph(pixels=drawn.pixels, source="speed")
        took = []
        for _ in range(25):
            started = time.process_time()
            measure_guards(radiograph)
            took.append(1e3 * (time.process_time() - started))
        print(f"{rows}x{columns}: median {np.median(took[5:]):.1f} ms of CPU time")


def measure_all(films: list[Pixels8]) -> Logits:
    """Measure films as a reading does.

    Args:
        films: Shape `(rows, columns)` each.

    Returns:
        Scope logit, polarity logit and spread, shape `(films, 3)`.
    """
    measured = []
    for film in films:
        pixels = film.astype(np.float32) / np.float32(255)
        seen = measure_guards(Radiograph(pixels=pixels, source="measured"))
        measured.append((seen.scope_logit, seen.polarity_logit, seen.spread))
    return np.array(measured)


def _count_films(films: list[Pixels8], guards: Guards) -> str:
    upright = measure_all(films)
    negative = measure_all([255 - film for film in films])
    n_refused = int((upright[:, 0] > guards.max_scope_logit).sum())
    n_false = int((upright[:, 1] > guards.max_polarity_logit).sum())
    n_found = int((negative[:, 1] > guards.max_polarity_logit).sum())
    return " | ".join(_tell(n, len(films)) for n in (n_refused, n_false, n_found))


def _print_kinds(drawn: Pictures, logits: Logits, films: Logits, limit: float) -> None:
    print("\n| drawn strangers | n | AUROC, as drawn | turned away | AUROC, disguised |")
    print("|---|--:|--:|--:|--:|")
    kinds = sorted(Counter(drawn.kinds[drawn.is_stranger].tolist()))
    for kind in [*kinds, "all"]:
        own = drawn.is_stranger if kind == "all" else drawn.kinds == kind
        plain, disguised = logits[own & drawn.is_plain, 0], logits[own & ~drawn.is_plain, 0]
        caught = _tell(int((plain > limit).sum()), plain.size)
        print(
            f"| {kind} | {plain.size} | {_compare(films, plain)} | {caught} "
            f"| {_compare(films, disguised)} |"
        )
    n_refused = int((logits[drawn.kinds == "phantom", 0] > limit).sum())
    print(f"\nphantoms, disguised: {_tell(n_refused, int((drawn.kinds == 'phantom').sum()))}")
    seeds = range(700_000, 700_200)
    plain_phantoms = [draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph for seed in seeds]
    seen = [measure_guards(phantom) for phantom in plain_phantoms]
    n_refused = sum(own.scope_logit > limit for own in seen)
    n_negative = sum(own.polarity_logit > build_guards().max_polarity_logit for own in seen)
    print(f"phantoms as drawn, turned away: {_tell(n_refused, len(seen))}")
    print(f"phantoms as drawn, called negative: {_tell(n_negative, len(seen))}")


def _compare(films: Logits, others: Logits) -> str:
    answers = np.concatenate([films, others])
    references = np.concatenate([np.zeros(films.size, bool), np.ones(others.size, bool)])
    auroc = measure_auroc(answers, references)
    assert auroc is not None
    sure = delong_interval(auroc, n_fractured=others.size, n_films=answers.size)
    return f"{auroc.value:.4f} ({sure.low:.4f}–{sure.high:.4f})"


def _tell(hits: int, n: int) -> str:
    sure = Proportion(hits=hits, n=n).interval()
    assert sure is not None
    return f"{hits}/{n} = {hits / n:.1%} ({sure.low:.1%}–{sure.high:.1%})"


def _halve(film: Pixels8) -> Pixels8:
    rows, columns = (length // 2 for length in film.shape)
    blocks = film[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


if __name__ == "__main__":
    main()
