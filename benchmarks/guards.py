"""Fit the guards and measure them: `python benchmarks/guards.py fit`, then `measure`, then `leave`.

fit      draws pictures, fits the network to them, chooses the limits on the tune split and writes
         both into `src/osteon/inference/data/`.
measure  applies what the package holds to the test split, to drawn strangers and to real ones, and
         writes its tables into `docs/results/guards.md`.
leave    fits again without each family of drawn strangers in turn, asks how it fares, and writes
         that table there too.

What is drawn, and what the encoder sees of it, is kept in the folder `--cache`. Needs
`osteon[train]`, pydicom, the encoder's ImageNet weights and a split manifest of FracAtlas
(`benchmarks/films_used.py place`).
"""

import argparse
import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from guard_fitting import WEIGHTS, Seen, fit_head, measure_features, pack_network, run_head
from guard_limits import choose_limits, measure_changes, measure_films, tell_strangers
from guard_pictures import (
    FAMILIES,
    Pictures,
    draw_pictures,
    load_pictures,
    read_films,
    save_pictures,
)
from guard_tables import (
    compare,
    list_changes,
    list_multiregion,
    list_real,
    list_strangers,
    list_times,
    tell,
)
from osteon.collection.manifest import Manifest, read_manifest
from osteon.inference.guard_network import open_guard_network, run_network
from osteon.inference.guards import build_guards

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT / "src" / "osteon" / "inference" / "data"
PAGE: Final = ROOT / "docs" / "results" / "guards.md"
NETWORK: Final = "guards-2.onnx"
LIMITS: Final = "guards-2.json"
SEEDS: Final = {"train": 1, "tune": 2, "test": 3}
SHARES: Final = {"train": 1.0, "tune": 0.3, "test": 0.3}


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["fit", "measure", "leave"])
    parser.add_argument("--manifest", type=Path, required=True, help="FracAtlas, split")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is drawn")
    parser.add_argument("--weights", type=Path, help=f"{WEIGHTS}, for fit and leave")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--multiregion", type=Path, help="manifest: measured on, never fitted to")
    parser.add_argument("--pictures", type=Path, help="folder of pictures that are no films")
    asked = parser.parse_args()
    manifest = read_manifest(asked.manifest)
    if asked.step == "fit":
        fit(manifest, asked.weights, asked.cache)
    elif asked.step == "leave":
        leave_families_out(manifest, asked.weights, asked.cache)
    else:
        measure(manifest, asked)


def fit(manifest: Manifest, weights: Path, cache: Path) -> None:
    """Fit the network, choose the limits, write both into the package.

    Args:
        manifest: FracAtlas, split.
        weights: The encoder's file.
        cache: For what is drawn and seen.
    """
    seen = _see(manifest, "train", weights, cache)
    started = time.monotonic()
    packed = pack_network(fit_head(seen), weights)
    print(f"{seen.pictures.kinds.size:,} pictures fitted in {time.monotonic() - started:.0f} s")
    network, sha256 = open_guard_network(packed), hashlib.sha256(packed).hexdigest()
    drawn = _draw(manifest, "tune", cache)
    films = read_films(manifest, "tune")
    measured = {name: both for name, *both in measure_changes(films, network)}
    guards = choose_limits(measured, sha256)
    tell_strangers(guards, drawn, run_network(drawn.small, network))
    (DATA / NETWORK).write_bytes(packed)
    kept = guards.model_dump_json(indent=2, exclude_none=True)
    (DATA / LIMITS).write_text(kept + "\n", "utf-8")
    print(f"{len(packed):,} bytes, {guards}, {time.monotonic() - started:.0f} s")


def measure(manifest: Manifest, asked: argparse.Namespace) -> None:
    """Measure what the package holds, and write the tables.

    Args:
        manifest: FracAtlas, split.
        asked: Where the cache and the other pictures lie.
    """
    films, guards = read_films(manifest, "test"), build_guards()
    write_block("films", list_changes(films, guards))
    plain = measure_films(films)
    drawn = _draw(manifest, "test", asked.cache)
    write_block("drawn strangers", list_strangers(drawn, plain[:, 0], guards))
    write_block("real strangers", list_real(plain[:, 0], asked.shared, asked.pictures, guards))
    if asked.multiregion:
        write_block("multi-region", list_multiregion(read_manifest(asked.multiregion), guards))
    write_block("times", list_times())


def leave_families_out(manifest: Manifest, weights: Path, cache: Path) -> None:
    """Tell how each family of drawn strangers fares with a head that never saw it.

    The limits are drawn again on the tune split's disguised films, at the share of them that the
    package's own limits turn away or doubt.

    Args:
        manifest: FracAtlas, split.
        weights: The encoder's file.
        cache: For what is drawn and seen.
    """
    train, tune, test = (_see(manifest, split, weights, cache) for split in SEEDS)
    films = (tune.pictures.kinds == "film") & ~tune.pictures.is_inverted
    whole = run_head(fit_head(train), tune)[films, 0]
    guards = build_guards()
    shares = [
        (whole <= limit).mean()
        for limit in (guards.max_scope_logit, guards.doubt_scope_logit)
        if limit is not None
    ]
    lines = [
        "| family left out | n | AUROC, as drawn | turned away | turned away or doubted |",
        "|---|--:|--:|--:|--:|",
    ]
    plain = (test.pictures.kinds == "film") & ~test.pictures.is_inverted & test.pictures.is_plain
    for family, kinds in FAMILIES.items():
        head = fit_head(train.keep(~np.isin(train.pictures.kinds, kinds)))
        limits = np.quantile(run_head(head, tune)[films, 0], shares)
        left = np.isin(test.pictures.kinds, kinds) & test.pictures.is_plain
        logits = run_head(head, test)[:, 0]
        strange = logits[left]
        away, doubted = (tell(int((strange > limit).sum()), strange.size) for limit in limits)
        auroc = compare(logits[plain], strange)
        lines.append(f"| {family} | {strange.size} | {auroc} | {away} | {doubted} |")
    write_block("families", lines)


def write_block(name: str, lines: Iterable[str]) -> None:
    """Put lines into their place on the page, between two remarks that nobody sees.

    Args:
        name: Of the place.
        lines: Of the table.

    Raises:
        SystemExit: If the page has no such place.
    """
    start, end = f"<!-- {name}: written by benchmarks/guards.py -->", "<!-- end -->"
    page = PAGE.read_text("utf-8")
    place = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not place.search(page):
        raise SystemExit(f"{PAGE}: there must be a place for {name!r}: {start} and {end}.")
    print(f"\n{name}", flush=True)
    block = "\n".join([start, "", *_show(lines), "", end])
    PAGE.write_text(place.sub(lambda _: block, page), "utf-8")


def _show(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        print(line, flush=True)
        yield line


def _see(manifest: Manifest, split: str, weights: Path, cache: Path) -> Seen:
    drawn = _draw(manifest, split, cache)
    return measure_features(drawn, weights, cache / f"seen-{split}.npy")


def _draw(manifest: Manifest, split: str, cache: Path) -> Pictures:
    kept = cache / f"guards-{split}.npz"
    if not kept.is_file():
        films = read_films(manifest, split)
        cache.mkdir(parents=True, exist_ok=True)
        save_pictures(draw_pictures(films, seed=SEEDS[split], share=SHARES[split]), kept)
    return load_pictures(kept)


if __name__ == "__main__":
    main()
