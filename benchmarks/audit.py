"""The audit's recall, precision, speed and growth: the tables of docs/results/audit.md.

    python benchmarks/audit.py planted --films FRACATLAS.parquet -o OUT
    python benchmarks/audit.py hard --films FRACATLAS.parquet -o OUT
    python benchmarks/audit.py speed MULTIREGION.parquet FRACATLAS.parquet -o OUT
    python benchmarks/audit.py growth --films FRACATLAS.parquet -o OUT

Each writes OUT/NAME.md and, with the raw numbers, OUT/NAME.json; `planted` measures the hard pairs
too, since the anchors need both. Manifests are made by `osteon import`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
from threadpoolctl import threadpool_limits

from audit_films import MAX_CHOSEN, Originals, describe_machine, read_originals, tell_machine
from audit_growth import N_SEARCHING, SIZES, measure_growth, tell_growth
from audit_hard import choose_pairs, measure_pairs, tell_pairs
from audit_hashes import measure_hashes, sweep, tell_anchors
from audit_hashes import measure_pairs as measure_hash_pairs
from audit_planted import list_kinds, plant, seek, seek_all
from audit_speed import measure_speed, tell_speed
from audit_tables import as_json, tell_collection, tell_false, tell_kinds, tell_overall, tell_union

N_UNION = 50
"""Films whose copies of all kinds are sought at once."""


def main() -> None:
    """Measure what is asked for."""
    chosen = _parse()
    chosen.measure(chosen)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    planted = _add(commands, "planted", run_planted)
    planted.add_argument("--n", type=int, default=500, help=f"films, at most {MAX_CHOSEN}")
    planted.add_argument("--pairs", type=int, default=2000, help="hard pairs, for the anchors")
    planted.add_argument("--kinds", type=int, help="only the first and the last so many kinds")
    hard = _add(commands, "hard", run_hard)
    hard.add_argument("--n", type=int, default=2000, help="pairs", dest="pairs")
    growth = _add(commands, "growth", run_growth)
    growth.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    whole = f"let all films search, not {N_SEARCHING:,} of them"
    growth.add_argument("--whole", action="store_true", help=whole)
    for command in (planted, hard, growth):
        command.add_argument("--films", type=Path, required=True, help="FracAtlas' manifest")
    speed = _add(commands, "speed", run_speed)
    speed.add_argument("manifests", type=Path, nargs="+")
    speed.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _add(commands: Any, name: str, work: Callable[..., None]) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=work.__doc__)
    command.set_defaults(measure=work)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--workers", type=int, default=2)
    command.add_argument("-o", "--out", type=Path, required=True)
    return command


def run_planted(chosen: argparse.Namespace) -> None:
    """Recall and precision on planted copies, with hard pairs and anchors."""
    with _one_thread_each():
        originals = read_originals(chosen.films, chosen.n, workers=chosen.workers, tell=tell)
        tell("hashes of all films")
        hashes = measure_hashes(originals.greys)
        kinds = list_kinds()
        if chosen.kinds is not None:
            kinds = kinds[: chosen.kinds] + kinds[max(chosen.kinds, len(kinds) - chosen.kinds) :]
        found, planted = [], []
        for number, kind in enumerate(kinds, 1):
            start = perf_counter()
            copies = plant(originals, kind, seed=chosen.seed, workers=chosen.workers)
            found.append(seek(originals, kind, copies, hashes, workers=chosen.workers))
            planted.append((kind, copies))
            hits = f"{int(found[-1].is_hit.sum())} of {len(copies.greys)}"
            name = f"{kind.name} {kind.strength}".strip()
            told = f"{number}/{len(kinds)} {name}: {hits}, {found[-1].n_false.sum()} false"
            tell(f"{told}, {perf_counter() - start:.0f} s")
        tell(f"all kinds of {N_UNION} films at once")
        whole = seek_all(originals, planted, N_UNION, workers=chosen.workers)
        pairs, compared = _compare_hard(originals, chosen)
    swept = sweep([kind.distances for kind in found], measure_hash_pairs(hashes, pairs))
    parts = {
        "": tell_collection(originals),
        "Over all": tell_overall(found),
        "By what was done": tell_kinds(found),
        "Links between two pictures": tell_false(found),
        "Everything at once": tell_union(whole),
        "Hard pairs": tell_pairs(compared),
        "Anchors": tell_anchors(swept),
    }
    raw = {
        "films": [originals.rows[number].path for number in originals.chosen],
        "kinds": [as_json(kind) for kind in found],
        "union": whole,
        "hard": compared,
        "anchors": swept,
    }
    write(chosen.out, "planted", parts, raw, manifest=chosen.films)


def run_hard(chosen: argparse.Namespace) -> None:
    """Different films of one region and view: how many are called one picture."""
    with _one_thread_each():
        originals = read_originals(chosen.films, MAX_CHOSEN, workers=chosen.workers, tell=tell)
        _, compared = _compare_hard(originals, chosen)
    parts = {"Hard pairs": tell_pairs(compared)}
    write(chosen.out, "hard", parts, {"pairs": compared}, manifest=chosen.films)


def _compare_hard(
    originals: Originals, chosen: argparse.Namespace
) -> tuple[list[tuple[int, int]], list[dict[str, Any]]]:
    tell("hard pairs")
    pairs = choose_pairs(originals, chosen.pairs, seed=chosen.seed)
    return pairs, measure_pairs(originals, pairs, workers=chosen.workers)


def run_speed(chosen: argparse.Namespace) -> None:
    """Films per second, end to end, and where the time goes."""
    found = measure_speed(chosen.manifests, rounds=chosen.rounds, workers=chosen.workers, tell=tell)
    parts = {"Speed": tell_speed(found, workers=chosen.workers)}
    write(chosen.out, "speed", parts, found)


def run_growth(chosen: argparse.Namespace) -> None:
    """Search among 1,000 to 1,000,000 fingerprints."""

    def keep(measured: list[dict[str, Any]]) -> None:
        parts = {"Growth": tell_growth(measured)}
        write(chosen.out, "growth", parts, {"sizes": measured}, manifest=chosen.films)

    measure_growth(
        chosen.films,
        chosen.sizes,
        workers=chosen.workers,
        is_whole=chosen.whole,
        tell=tell,
        keep=keep,
    )


def write(
    folder: Path,
    name: str,
    parts: dict[str, str],
    raw: dict[str, Any],
    *,
    manifest: Path | None = None,
) -> None:
    """Write the tables and the numbers behind them, and print the tables."""
    facts = describe_machine(manifest)
    command = " ".join(["python benchmarks/audit.py", *(Path(word).name for word in sys.argv[1:])])
    pieces = [tell_machine(facts), f"    {command}"]
    for title, text in parts.items():
        pieces += [f"### {title}", text] if title else [text]
    page = "\n\n".join(pieces) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(page, encoding="utf-8")
    told = json.dumps({"facts": facts, "command": command, **raw}, indent=1, allow_nan=False)
    (folder / f"{name}.json").write_text(told + "\n", encoding="utf-8")
    print(page)


def tell(what: str) -> None:
    """Say what goes on to whoever waits."""
    print(what, file=sys.stderr, flush=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Leave the cores to the workers, as the audit does."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        cv2.setNumThreads(threads)


if __name__ == "__main__":
    main()
