"""Osteon's training against the first seed's Keras pipeline, on one machine, in one call.

    python benchmarks/training.py --peer-python KERAS/bin/python

Prints the tables of `docs/performance.md`. The peer runs unchanged, in an environment of its own;
without --peer-python (or $PEER_PYTHON) one is made. Peer and ours take turns, so that a machine
that slows down slows both; ratios are formed within a turn.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import venv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from osteon.errors import FilmFault
from osteon.learning.devices import multiplies_bf16
from osteon.machine import count_cores, measure_memory, name_cpu
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.runs import describe_versions

SHARED = Path(__file__).parents[2] / "shared"
PEER = SHARED / "peers" / "keras_seed" / "bench.py"
PEER_PACKAGES = ("tensorflow-cpu", "scipy", "pillow")
PEER_LINES = {
    "loader": r"loader img/s ([\d.]+)",
    "training": r"train-only img/s ([\d.]+)",
    "fit": r"fit\(gen\) img/s ([\d.]+)",
    "reading": r"predict b32 img/s ([\d.]+)",
    "one_film_ms": r"call b1 ms ([\d.]+)",
}
N_FILMS = 320
"""The peer divides by this number, whatever it finds: its folder must hold exactly as many."""

SIDE = 224
FORWARD_FLOP, TRAINING_FLOP = 4.25e9, 12.7e9
"""Of `seed-cnn4` for one film at 224×224, counted from its layers."""

Round = dict[str, dict[str, float]]
"""One turn: "peer" and each of our precisions, with what was measured."""


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        label: What, with its unit.
        precision: Which of our processes measured it.
        key: Ours.
        peer_key: The peer's; None where it does nothing of the kind.
        goal: The ratio hoped for.
        unit: Divides both numbers.
        is_cost: Whether less is better; the ratio is then the peer's by ours.
    """

    label: str
    precision: str
    key: str
    peer_key: str | None
    goal: float | None = None
    unit: float = 1.0
    is_cost: bool = False


def main() -> None:
    """Measure in turns and print the tables."""
    chosen = _parse()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = lay_out_films(chosen.films, folder)
        peer = chosen.peer_python or make_peer(folder / "keras")
        precisions = ["bf16-mixed", "32-true"] if multiplies_bf16("cpu") else ["32-true"]
        rounds = []
        for number in range(chosen.rounds):
            print(f"turn {number + 1} of {chosen.rounds}", file=sys.stderr)
            turn: Round = {"peer": run_peer(peer, folder, chosen.side)}
            for precision in precisions:
                turn[precision] = run_ours(folder, precision, chosen.side)
            rounds.append(turn)
        facts = describe(peer, source, chosen)
        on_gpu = None
        if torch.cuda.is_available():
            on_gpu = run_ours(folder, "bf16-mixed", chosen.side, accelerator="cuda")
    print(header(facts))
    print(table(rounds, precisions, chosen.side))
    if on_gpu:
        print(gpu_table(on_gpu))
    if chosen.json:
        told = {"facts": facts, "rounds": rounds, "gpu": on_gpu}
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _parse() -> argparse.Namespace:
    environment = os.environ.get("PEER_PYTHON")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", default=environment, help="Python with tensorflow")
    parser.add_argument("--films", type=Path, default=SHARED / "data" / "multiregion" / "train")
    parser.add_argument("--side", type=int, default=SIDE, help="pixels; the peer's is changed too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where the raw measurements go")
    return parser.parse_args()


def lay_out_films(films: Path, folder: Path) -> str:
    """Put 160 films of each class where the peer looks for them; drawn ones if there are none.

    Returns:
        What they are, in words.
    """
    classes = ("fractured", "not fractured")
    for name in classes:
        target = folder / "data" / "train" / name
        target.mkdir(parents=True)
        found = sorted((films / name).glob("*.jpg")) if (films / name).is_dir() else []
        chosen = found[:: max(1, len(found) // N_FILMS)]
        kept = 0
        while kept < N_FILMS // len(classes):
            if not found:
                _draw(target / f"{kept:03d}.jpg", kept, has_fracture=name == "fractured")
                kept += 1
            elif _decodes(film := chosen.pop(0)):
                shutil.copy(film, target / f"{kept:03d}.jpg")
                kept += 1
    if films.is_dir():
        return f"{N_FILMS} JPEG films of the multi-region collection, reduced to 256 pixels"
    return f"{N_FILMS} drawn phantoms as JPEG"


def _draw(path: Path, seed: int, *, has_fracture: bool) -> None:
    grey = draw_phantom(seed, has_fracture=has_fracture, rows=256, columns=256).radiograph.pixels
    Image.fromarray(np.rint(grey * 255).astype(np.uint8)).save(path, quality=78)


def _decodes(film: Path) -> bool:
    try:
        read_film(film)
    except FilmFault:
        return False
    return True


def make_peer(folder: Path) -> str:
    """Make an environment for the peer, with pip, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if platform.system() == "Windows" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *PEER_PACKAGES], check=True)
    return str(python)


def run_peer(python: str, folder: Path, side: int) -> dict[str, float]:
    """Run the peer as it stands (only its picture size may be changed) and read what it prints."""
    script = folder / "bench.py"
    script.write_text(PEER.read_text(encoding="utf-8").replace("224", str(side)), encoding="utf-8")
    text, memory = run([python, script.name], folder)
    found = {name: re.search(line, text) for name, line in PEER_LINES.items()}
    return {name: float(m[1]) for name, m in found.items() if m} | {"memory_all": memory}


def run_ours(
    folder: Path, precision: str, side: int, *, accelerator: str = "cpu"
) -> dict[str, float]:
    """Run our side; what is read with is 32 bits, so it is read with once, at that precision."""
    script = Path(__file__).with_name("training_ours.py")
    command = [sys.executable, str(script), str(folder), "--side", str(side)]
    command += ["--precision", precision, "--accelerator", accelerator]
    text, _ = run(command + (["--read"] if precision == "32-true" else []), folder)
    measured: dict[str, float] = json.loads(text.splitlines()[-1])
    return measured


def run(command: Sequence[str], folder: Path) -> tuple[str, float]:
    """Run a program; return what it printed and the most memory it held, in bytes."""
    memory = 0.0
    with TemporaryFile("w+") as out, TemporaryFile("w+") as complaints:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=complaints, text=True)
        if hasattr(os, "wait4"):  # tells the memory of this child, which nothing else does
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            memory = usage.ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)
        if process.wait():
            complaints.seek(0)
            sys.exit(f"{' '.join(command)}\n{complaints.read()[-2000:]}")
        out.seek(0)
        return out.read(), memory


def describe(peer: str, source: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what a reader must know: date, machine, versions, films."""
    ask = (
        "import importlib.metadata as m, platform;"
        "print(platform.python_version(), m.version('tensorflow-cpu'), m.version('keras'))"
    )
    told = subprocess.run([peer, "-c", ask], check=True, capture_output=True, text=True).stdout
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": name_cpu(),
        "cores": count_cores(),
        "memory_bytes": measure_memory(),
        "versions": describe_versions(),
        "peer_versions": dict(
            zip(("python", "tensorflow-cpu", "keras"), told.split(), strict=True)
        ),
        "films": source,
        "rounds": chosen.rounds,
        "side": chosen.side,
    }


def header(facts: dict[str, Any]) -> str:
    """Return the lines above the table."""
    ours, peer = facts["versions"], facts["peer_versions"]
    memory = facts["memory_bytes"] or 0
    return f"""\
{facts["date"]}, {facts["cpu"]}, {facts["cores"]} cores, {memory / 2**30:.0f} GiB memory, \
{ours["system"]}.
Ours: osteon {ours["osteon"]}, Python {ours["python"]}, torch {ours["torch"]}, \
onnxruntime {ours["onnxruntime"]}. \
Peer: Python {peer["python"]}, tensorflow-cpu {peer["tensorflow-cpu"]}, keras {peer["keras"]}.
{facts["films"]}, read at {facts["side"]}×{facts["side"]}, three channels. \
Turns: {facts["rounds"]}; median (lowest–highest), each ratio of one turn.
"""


def list_rows(precisions: Sequence[str]) -> list[Row]:
    """Return the lines of the table; the first precision is what `auto` takes."""
    auto, plain = precisions[0], "32-true"
    rows = [
        Row("decode once, films/s", auto, "decoding", None),
        Row("loader with all eight augmentations, films/s", auto, "loader", "loader", 5.0),
    ]
    for precision in precisions:
        goal = 3.3 if precision == auto else None
        name = f"training, {precision}, films/s"
        rows.append(Row(name, precision, "training", "training", goal))
    rows += [Row(f"loader and training, {p}, films/s", p, "fit", "fit") for p in precisions]
    rows += [
        Row("reading in batches of 32, films/s", plain, "reading", "reading"),
        Row("reading one film, ms", plain, "one_film_ms", "one_film_ms", is_cost=True),
    ]
    for precision in precisions:
        name, key = f"most memory while training, {precision}, GB", "memory_training"
        rows.append(Row(name, precision, key, "memory_all", unit=1e9, is_cost=True))
    return rows


def table(rounds: Sequence[Round], precisions: Sequence[str], side: int) -> str:
    """Return both tables as Markdown."""
    lines = ["| | ours | peer | ratio | goal |", "|---|---|---|---|---|"]
    for row in list_rows(precisions):
        ours = [turn[row.precision][row.key] / row.unit for turn in rounds]
        cells = [row.label, spread(ours), "–", "–", "–"]
        if row.peer_key:
            peers = [turn["peer"][row.peer_key] / row.unit for turn in rounds]
            ratios = [a / b for a, b in zip(ours, peers, strict=True)]
            if row.is_cost:
                ratios = [1 / ratio for ratio in ratios]
            cells[2:4] = spread(peers), spread(ratios, "×")
        if row.goal:
            cells[4] = f"≥ {row.goal}×"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *share_table(rounds, precisions, side)])


def share_table(rounds: Sequence[Round], precisions: Sequence[str], side: int) -> list[str]:
    """Return what share of the machine's arithmetic each reaches."""
    scale = (side / SIDE) ** 2
    work = [(f"training, ours, {p}", p, p, "training", TRAINING_FLOP) for p in precisions]
    work += [
        ("training, peer, 32 bits", "peer", "32-true", "training", TRAINING_FLOP),
        ("reading, ours, 32 bits", "32-true", "32-true", "reading", FORWARD_FLOP),
        ("reading, peer, 32 bits", "peer", "32-true", "reading", FORWARD_FLOP),
    ]
    lines = ["| | GFLOP per film | GFLOP/s | the machine's | share |", "|---|---|---|---|---|"]
    for label, who, peak_of, key, flop in work:
        reached = [turn[who][key] * flop * scale / 1e9 for turn in rounds]
        peaks = [turn[peak_of]["peak_flops"] / 1e9 for turn in rounds]
        share = [100 * a / b for a, b in zip(reached, peaks, strict=True)]
        cells = (label, f"{flop * scale / 1e9:.3g}", spread(reached), spread(peaks))
        lines.append(f"| {' | '.join(cells)} | {spread(share, ' %')} |")
    return lines


def gpu_table(found: dict[str, float]) -> str:
    """Return what the GPU of this machine does with the first seed's training."""
    limit = found["bandwidth"] / found["traffic_per_film"]
    rows = {
        "training, films/s": f"{found['training']:.0f}",
        "20 epochs over 8,863 films, s (goal ≤ 54 on an H200; the seed took 5,400)": (
            f"{found['seed_training_s']:.1f}"
        ),
        "compiling, once, s": f"{found['compiling_s']:.1f}",
        "loader alone, films/s": f"{found['loader']:.0f}",
        "memory of the device, GB": f"{found['memory_device'] / 1e9:.1f}",
        f"share of the bandwidth limit ({limit:.0f} films/s)": (
            f"{100 * found['training'] / limit:.0f} %"
        ),
        f"share of peak arithmetic ({found['peak_flops'] / 1e12:.0f} TFLOP/s)": (
            f"{100 * found['training'] * TRAINING_FLOP / found['peak_flops']:.0f} %"
        ),
    }
    lines = [f"\n| {torch.cuda.get_device_name()} | |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in rows.items()])


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the median, and the lowest and highest behind it, to three digits."""
    middle, low, high = (
        f"{v:,.0f}" if v >= 100 else f"{v:.3g}"
        for v in (statistics.median(values), min(values), max(values))
    )
    return f"{middle}{unit} ({low}–{high})" if len(values) > 1 else f"{middle}{unit}"


if __name__ == "__main__":
    main()
