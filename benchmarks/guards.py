"""Fit the guards and measure them: `python benchmarks/guards.py fit`, then `measure`, then `leave`.

draw     draws what they are fitted to, once, into the folder `--cache`.
fit      fits the network, chooses the limits on the tune split and writes both into
         `src/osteon/inference/data/`.
measure  applies what the package holds to the test split, to drawn strangers and to real ones;
         prints tables.
leave    fits again without each family of drawn strangers in turn, and asks how it fares.

Needs `osteon[train]`, pydicom and a split manifest of FracAtlas
(`benchmarks/films_used.py place`).
"""

import argparse
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from guard_changes import CHANGES, Change
from guard_fitting import (
    WEIGHTS,
    Head,
    Seen,
    fit_head,
    measure_features,
    pack_network,
    run_head,
)
from guard_pictures import (
    FAMILIES,
    Pictures,
    draw_pictures,
    keep_film,
    list_real_strangers,
    load_pictures,
    read_films,
    read_picture,
    save_pictures,
    shrink_all,
)
from osteon.collection.manifest import Manifest, read_manifest
from osteon.evaluation.auroc import delong_interval, measure_auroc
from osteon.evaluation.intervals import Proportion
from osteon.inference.guard_network import (
    hash_guard_network,
    load_guard_network,
    parse_guard_network,
    run_network,
)
from osteon.inference.guards import build_guards, measure_guards
from osteon.radiographs.phantom import draw_phantom
from osteon.radiographs.raster import read_raster
from osteon.release.guards import Guards
from osteon.terms import Pixels8, Radiograph

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT / "src" / "osteon" / "inference" / "data"
NETWORK: Final = "guards-2.onnx"
LIMITS: Final = "guards-2.json"
SEEDS: Final = {"train": 1, "tune": 2, "test": 3}
SHARES: Final = {"train": 1.0, "tune": 0.3, "test": 0.3}

Logits = npt.NDArray[np.float64]


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["draw", "fit", "measure", "leave"])
    parser.add_argument("--manifest", type=Path, required=True, help="FracAtlas, split")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is drawn")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--multiregion", type=Path, help="manifest: measured on, never fitted to")
    parser.add_argument("--pictures", type=Path, help="folder of pictures that are no films")
    asked = parser.parse_args()
    manifest = read_manifest(asked.manifest)
    drawn = {split: _draw(manifest, split, asked.cache) for split in SEEDS}
    if asked.step == "fit":
        fit(drawn["train"], drawn["tune"], read_films(manifest, "tune"))
    elif asked.step == "leave":
        leave_families_out(drawn, read_films(manifest, "test"))
    elif asked.step == "measure":
        films = measure_test(read_films(manifest, "test"), drawn["test"])
        measure_real(films, shared=asked.shared, folder=asked.pictures)
        if asked.multiregion:
            measure_multiregion(read_manifest(asked.multiregion))
        measure_speed()


def fit(train: Pictures, tune: Pictures, films: list[Pixels8]) -> None:
    """Fit the network, choose the limits, write both into the package.

    Args:
        train: What the network is fitted to.
        tune: What the limits are chosen on.
        films: Of the tune split.
    """
    started = time.monotonic()
    packed = fit_network(train, n_steps=N_STEPS, seed=0)
    sha256 = hashlib.sha256(packed).hexdigest()
    guards = choose_limits(parse_guard_network(packed), tune, films, sha256=sha256)
    (DATA / "guards-2.npz").write_bytes(packed)
    kept = guards.model_dump_json(indent=2, exclude_none=True)
    (DATA / "guards-2.json").write_text(kept + "\n", "utf-8")
    print(f"{train.kinds.size:,} pictures, {len(packed):,} bytes, {guards}")
    print(f"{time.monotonic() - started:.0f} s")


def measure_test(films: list[Pixels8], drawn: Pictures) -> Logits:
    """Print how the films of the test split fare, changed and unchanged, against drawn strangers.

    Args:
        films: Of the test split.
        drawn: Pictures of the test split.

    Returns:
        The films' scope logits.
    """
    guards = build_guards()
    print(
        "\n| films | turned away | read with a doubt | called negative | negatives called so |"
        "\n|---|--:|--:|--:|--:|"
    )
    for name, change in CHANGES.items():
        print(f"| {name} | {_count_films(films, change, guards)} |", flush=True)
    upright = measure_all(films)
    negative = measure_all(255 - film for film in films)
    print(f"\npolarity, AUROC: {_compare(upright[:, 1], negative[:, 1])}")
    _print_kinds(drawn, upright[:, 0])
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
    is_refused, is_doubted = find_refused(measured, guards), find_doubted(measured, guards)
    of_kind = defaultdict(list)
    for (kind, name, _), *seen in zip(found, is_refused, is_doubted, logits, strict=True):
        of_kind[kind].append((name, *seen))
    print("\n| real pictures | n | turned away | read with a doubt | read without |")
    print("|---|--:|--:|---|---|")
    for kind, seen in of_kind.items():
        doubted = ", ".join(f"{name} ({logit:.1f})" for name, _, doubt, logit in seen if doubt)
        missed = ", ".join(
            f"{name} ({logit:.1f})" for name, refused, doubt, logit in seen if not refused | doubt
        )
        n_refused = sum(refused for _, refused, *_ in seen)
        print(f"| {kind} | {len(seen)} | {n_refused} | {doubted} | {missed} |")
    print(
        f"| all | {len(found)} | {_tell(int(is_refused.sum()), len(found))} "
        f"| {_tell(int(is_doubted.sum()), len(found))} | |"
    )
    print(f"\nreal pictures, AUROC: {_compare(films, logits)}")


def measure_multiregion(manifest: Manifest) -> None:
    """Print what the guards say of another collection, one film per group.

    Args:
        manifest: The multi-region set, audited and deduplicated: limbs and hips, some strangers.
    """
    groups = {row.group: row for row in reversed(manifest.rows) if row.state == "readable"}
    assert manifest.root is not None
    films = [keep_film(read_raster(manifest.root / row.path).pixels) for row in groups.values()]
    measured = measure_all(films)
    guards = build_guards()
    is_refused, is_doubted = find_refused(measured, guards), find_doubted(measured, guards)
    is_negative = ~is_refused & (measured[:, 1] > guards.max_polarity_logit)
    marked = {"turned away": is_refused, "doubted": is_doubted, "negative": is_negative}
    for word, chosen in marked.items():
        print(f"\nmulti-region, {word}: {_tell(int(chosen.sum()), len(films))}")
        for row, seen, is_chosen in zip(groups.values(), measured, chosen, strict=True):
            if is_chosen:
                print(f"  {word} {seen[0]:.1f} {seen[1]:.1f} {row.path}")


def leave_families_out(drawn: dict[str, Pictures], films: list[Pixels8]) -> None:
    """Print how each family of drawn strangers fares with a network that never saw it.

    Args:
        drawn: Pictures of each split.
        films: Of the test split.
    """
    train, tune, test = (drawn[split] for split in ("train", "tune", "test"))
    plain = shrink_all(films)
    print("| family left out | n | AUROC, as drawn | turned away | turned away or doubted |")
    print("|---|--:|--:|--:|--:|")
    for family, kinds in FAMILIES.items():
        packed = fit_network(train.keep(~np.isin(train.kinds, kinds)), n_steps=N_STEPS_LEFT, seed=0)
        network = parse_guard_network(packed)
        limits = choose_limits(network, tune, sha256="0" * 64)
        left = test.small[np.isin(test.kinds, kinds) & test.is_plain]
        strange = run_network(left, network)[:, 0]
        auroc = _compare(run_network(plain, network)[:, 0], strange)
        assert limits.doubt_scope_logit is not None
        caught = _tell(int((strange > limits.max_scope_logit).sum()), strange.size)
        doubted = _tell(int((strange > limits.doubt_scope_logit).sum()), strange.size)
        print(f"| {family} | {strange.size} | {auroc} | {caught} | {doubted} |", flush=True)


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


def measure_all(films: Iterable[Pixels8]) -> Logits:
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


def find_refused(measured: Logits, guards: Guards) -> npt.NDArray[np.bool_]:
    """Return which pictures are turned away as blank or as no limb, shape `(films,)`.

    Args:
        measured: From `measure_all`.
        guards: The limits.
    """
    return (measured[:, 0] > guards.max_scope_logit) | (measured[:, 2] < guards.min_spread)


def find_doubted(measured: Logits, guards: Guards) -> npt.NDArray[np.bool_]:
    """Return which pictures are read with a doubt about what they show, shape `(films,)`.

    Args:
        measured: From `measure_all`.
        guards: The limits.
    """
    assert guards.doubt_scope_logit is not None
    is_refused = find_refused(measured, guards)
    return ~is_refused & (measured[:, 0] > guards.doubt_scope_logit)


def _count_films(films: list[Pixels8], change: Change, guards: Guards) -> str:
    def apply() -> Iterator[Pixels8]:
        for number, film in enumerate(films):
            yield change(film, np.random.default_rng([7, number]))

    upright = measure_all(apply())
    negative = measure_all(255 - film for film in apply())
    counted = (
        find_refused(upright, guards),
        find_doubted(upright, guards),
        upright[:, 1] > guards.max_polarity_logit,
        negative[:, 1] > guards.max_polarity_logit,
    )
    return " | ".join(_tell(int(one.sum()), len(films)) for one in counted)


def _print_kinds(drawn: Pictures, films: Logits) -> None:
    guards = build_guards()
    logits = run_network(drawn.small, load_guard_network(hash_guard_network()))
    spreads = drawn.small.std(axis=(1, 2))
    measured = np.column_stack([logits, spreads])
    is_refused, is_doubted = find_refused(measured, guards), find_doubted(measured, guards)
    print("\n| drawn strangers | n | AUROC | turned away | read with a doubt | disguised: away |")
    print("|---|--:|--:|--:|--:|--:|")
    kinds = sorted(Counter(drawn.kinds[drawn.is_stranger].tolist()))
    for kind in [*kinds, "all"]:
        own = drawn.is_stranger if kind == "all" else drawn.kinds == kind
        plain, disguised = own & drawn.is_plain, own & ~drawn.is_plain
        cells = [
            _compare(films, logits[plain, 0]),
            _tell(int(is_refused[plain].sum()), int(plain.sum())),
            _tell(int(is_doubted[plain].sum()), int(plain.sum())),
            _tell(int(is_refused[disguised].sum()), int(disguised.sum())),
        ]
        print(f"| {kind} | {plain.sum()} | {' | '.join(cells)} |")
    disguised = (drawn.kinds == "film") & ~drawn.is_plain & ~drawn.is_inverted
    for word, own in (("films, disguised", disguised), ("phantoms, disguised", None)):
        chosen = (drawn.kinds == "phantom") & ~drawn.is_inverted if own is None else own
        n = int(chosen.sum())
        print(f"\n{word}, turned away: {_tell(int(is_refused[chosen].sum()), n)}")
        print(f"{word}, doubted: {_tell(int(is_doubted[chosen].sum()), n)}")
    seeds = range(700_000, 700_400)
    phantoms = (draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph for seed in seeds)
    seen = measure_all(np.rint(255 * phantom.pixels).astype(np.uint8) for phantom in phantoms)
    for word, one in (
        ("turned away", find_refused(seen, guards)),
        ("doubted", find_doubted(seen, guards)),
        ("called negative", seen[:, 1] > guards.max_polarity_logit),
    ):
        print(f"phantoms as drawn, {word}: {_tell(int(one.sum()), len(seen))}")


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


def _draw(manifest: Manifest, split: str, cache: Path) -> Pictures:
    kept = cache / f"guards-{split}.npz"
    if not kept.is_file():
        films = read_films(manifest, split)
        cache.mkdir(parents=True, exist_ok=True)
        save_pictures(draw_pictures(films, seed=SEEDS[split], share=SHARES[split]), kept)
    return load_pictures(kept)


if __name__ == "__main__":
    main()
