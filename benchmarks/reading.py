"""From a film's file to its reading, against the first seed's Keras network alone, in one call.

    python benchmarks/reading.py --peer-python KERAS/bin/python

Prints the tables of `docs/performance.md`. The networks have random weights: speed does not depend
on them. Each measurement is a process of its own; ours and the peer take turns, so that a machine
that slows down slows both, and ratios are formed within a turn. The peer is the model of
`shared/peers/keras_seed` and answers an array that is in memory already: it opens no film, draws no
map and finds no box.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from osteon.machine import count_cores, name_cpu

SHARED: Final = Path(__file__).parents[2] / "shared"
PEER: Final = SHARED / "peers" / "keras_seed" / "bench.py"
SIDE: Final = 224

PEER_TIMING: Final = """
import json, statistics
import numpy as np
films = np.random.default_rng(0).random((32, 224, 224, 3), dtype=np.float32)
def timed(act, times):
    act(); act()
    took = []
    for _ in range(times):
        start = time.perf_counter(); act(); took.append(time.perf_counter() - start)
    return statistics.median(took)
print(json.dumps({
    "predict_one_ms": 1000 * timed(lambda: m.predict(films[:1], verbose=0), TIMES),
    "call_one_ms": 1000 * timed(lambda: m(films[:1], training=False).numpy(), TIMES),
    "predict_many": 32 / timed(lambda: m.predict(films, verbose=0), max(2, TIMES // 6)),
}))
"""

Measured = dict[str, float]


class Goal(NamedTuple):
    """One number that the issue asks for.

    Attributes:
        label: What, with its unit.
        key: Among ours.
        goal: The most, or with `is_floor` the least, that is asked for; None for a mere report.
        is_floor: Whether more is better.
        peer_key: The peer's number to be compared with.
        ratio: How many times better ours should be.
    """

    label: str
    key: str
    goal: float | None = None
    is_floor: bool = False
    peer_key: str | None = None
    ratio: float | None = None


GOALS: Final = (
    Goal("454×373 JPEG, p50, ms", "jpeg_p50_ms", 50, peer_key="predict_one_ms", ratio=4),
    Goal("454×373 JPEG, p95, ms", "jpeg_p95_ms"),
    Goal("2000×2500 DICOM of 16 bits, p50, ms", "dicom_p50_ms", 150),
    Goal("2000×2500 DICOM of 16 bits, p95, ms", "dicom_p95_ms"),
    Goal("`read_many`, films/s", "many", None, True, peer_key="predict_many", ratio=2.5),
    Goal("start to first reading, s", "first_s", 1.5),
    Goal("resident memory, MB", "memory_mb", 500),
    Goal("with its child processes, MB", "memory_all_mb"),
)


def main() -> None:
    """Measure in turns and print the tables."""
    chosen = _parse()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        setup = Path(__file__).with_name("reading_setup.py")
        subprocess.run([sys.executable, str(setup), str(folder)], check=True)
        releases = {path.stem: path for path in sorted(folder.glob("*.osteon"))}
        turns: list[dict[str, Measured]] = []
        for number in range(chosen.rounds):
            print(f"turn {number + 1} of {chosen.rounds}", file=sys.stderr)
            turn = (
                {"peer": run_peer(chosen.peer_python, chosen.times)} if chosen.peer_python else {}
            )
            for recipe, release in releases.items():
                turn[recipe] = run_ours(release, folder, chosen)
            turns.append(turn)
    print(header(chosen))
    for recipe in releases:
        print(table(recipe, turns))
    if chosen.json:
        chosen.json.write_text(json.dumps(turns, indent=2) + "\n", encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    peer = os.environ.get("PEER_PYTHON")
    parser.add_argument("--peer-python", default=peer, help="Python with tensorflow; none: no peer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=60, help="readings of a JPEG in a turn")
    parser.add_argument("--threads", type=int, help="of ours; all cores if not given")
    parser.add_argument("--json", type=Path, help="where the raw measurements go")
    return parser.parse_args()


def run_peer(python: str, times: int) -> Measured:
    """Time the peer's own model; it is built by the peer's own lines, and not trained."""
    lines = PEER.read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("def block"))
    last = next(n for n, line in enumerate(lines) if line.startswith("m.add(layers.Dense(1,"))
    head = [line for line in lines[:first] if line.startswith(("import", "from", "os.environ"))]
    text = "\n".join(
        [*head, *lines[first : last + 1], f"TIMES = {max(6, times // 3)}", PEER_TIMING]
    )
    return _last_json([python, "-c", text])


def run_ours(release: Path, folder: Path, chosen: argparse.Namespace) -> Measured:
    """Time a release in a fresh process, its start included."""
    script = Path(__file__).with_name("reading_ours.py")
    command = [sys.executable, str(script), str(release), str(folder)]
    command += ["--times", str(chosen.times), "--since", repr(time.time())]
    return _last_json(command + (["--threads", str(chosen.threads)] if chosen.threads else []))


def _last_json(command: Sequence[str]) -> Measured:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    told: Measured = json.loads(done.stdout.splitlines()[-1])
    return told


def header(chosen: argparse.Namespace) -> str:
    """Say what was measured on what."""
    threads = chosen.threads or count_cores()
    return (
        f"{name_cpu()}, {count_cores()} cores, {platform.system()} {platform.release()}, Python "
        f"{platform.python_version()}. {chosen.rounds} turns, {chosen.times} readings each, "
        f"{threads} threads; median (lowest–highest) of the turns. Drawn films, random weights."
    )


def table(recipe: str, turns: Sequence[dict[str, Measured]]) -> str:
    """Return one network's table in markdown."""
    lines = [
        f"\n**{recipe}** at {SIDE}×{SIDE}\n",
        "| | ours | goal | Keras, model alone | ratio | goal |",
        "|---|---|---|---|---|---|",
    ]
    for goal in GOALS:
        ours = [turn[recipe][goal.key] for turn in turns]
        asked = "–" if goal.goal is None else f"≤ {goal.goal:g}"
        peers = [turn["peer"][goal.peer_key] for turn in turns if goal.peer_key and "peer" in turn]
        ratios = [
            mine / his if goal.is_floor else his / mine
            for mine, his in zip(ours, peers, strict=False)
        ]
        wanted = "–" if goal.ratio is None else f"≥ {goal.ratio:g}×"
        cells = [goal.label, _spread(ours), asked, _spread(peers), _spread(ratios, "×"), wanted]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: Sequence[float], unit: str = "") -> str:
    if not values:
        return "–"
    middle = f"{statistics.median(values):.3g}{unit}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3g}–{max(values):.3g})"


if __name__ == "__main__":
    main()
