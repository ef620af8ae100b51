"""A release in a process of its own, timed from its start: what `reading.py` calls.

    python benchmarks/reading_ours.py RELEASE FOLDER --times 60 --since SECONDS

It imports what a user's own program would, and no more.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import osteon

Measured = dict[str, float]


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--since", type=float, required=True)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.release, chosen.folder, chosen)))


def measure(release: Path, folder: Path, chosen: argparse.Namespace) -> Measured:
    """Read films, as a program does that was just started."""
    jpegs, dicoms = sorted(folder.glob("*.jpg")), sorted(folder.glob("*.dcm"))
    detector = osteon.Detector.load(release, threads=chosen.threads)
    first = detector.read(jpegs[0])
    told = {"first_s": time.time() - chosen.since}
    assert first.decision == "doubt", first.reasons
    told |= _quantiles("jpeg", _time_each(detector, jpegs, chosen.times))
    told |= _quantiles("dicom", _time_each(detector, dicoms, max(6, chosen.times // 3)))
    many = jpegs * max(1, chosen.times // 20)
    start = time.perf_counter()
    n_read = sum(reading.decision != "not read" for reading in detector.read_many(many))
    told["many"] = n_read / (time.perf_counter() - start)
    told["memory_mb"] = _memory_mb()
    told["memory_all_mb"] = told["memory_mb"] + _children_mb()
    detector.close()
    return told


def _time_each(detector: osteon.Detector, films: Sequence[Path], times: int) -> list[float]:
    took = []
    for number in range(times + 3):
        start = time.perf_counter()
        reading = detector.read(films[number % len(films)])
        took.append(1000 * (time.perf_counter() - start))
        assert reading.evidence is not None, reading.reasons
    return took[3:]  # what is read first, warms up


def _quantiles(what: str, took: Sequence[float]) -> Measured:
    p50, p95 = np.percentile(took, [50, 95]).tolist()
    return {f"{what}_p50_ms": p50, f"{what}_p95_ms": p95}


def _memory_mb() -> float:
    """Return the most memory that this process held."""
    status = Path("/proc/self/status")
    if status.is_file():  # the other count starts with what the starting process held
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1.024e-3
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _children_mb() -> float:
    """Return the memory that child processes hold and share with nobody, where Linux tells it."""
    held = 0
    for tasks in Path("/proc/self/task").glob("*/children"):
        for child in tasks.read_text().split():
            lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
            held += sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return held * 1024 / 1e6


if __name__ == "__main__":
    main()
