"""Whether reading became slower: the same films by two checkouts, turn and turn about.

    python benchmarks/reading_before.py BEFORE/python AFTER/python FOLDER --films 60 --rounds 12

Each Python imports its own Osteon and reads with its own default release. Both processes live all
the time, and one of them reads while the other waits; who begins changes from round to round. Of
each film each side keeps its shortest time: what is longer is other programs' doing. The number is
the median over the films of AFTER / BEFORE, with a 95 % interval by a bootstrap over films.

Time is by the clock, or with `--processor` what the process and the children that decode for it
spent of the processor (Linux): that can be measured on a machine that is busy.
"""

import argparse
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

RESAMPLES: Final = 10_000

WORKER: Final = """
import json, sys, time
from pathlib import Path
import osteon

def spend():
    if sys.argv[2] == "clock":
        return {0: 1000 * time.perf_counter()}
    spent = {0: 1000 * time.process_time()}
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text().split():
            threads = Path(f"/proc/{child}/task").glob("*/schedstat")
            spent[int(child)] = sum(int(one.read_text().split()[0]) for one in threads) / 1e6
    return spent

threads = int(sys.argv[1]) or None
with osteon.Detector.default(threads=threads) as detector:
    films = json.loads(sys.stdin.readline())
    for film in films[:5]:
        detector.read(film)
    print("ready", flush=True)
    for _ in sys.stdin:
        took = []
        for film in films:
            before = spend()
            reading = detector.read(film)
            after = spend()
            took.append(sum(after[one] - before.get(one, 0.0) for one in after))
            assert reading.release, reading
        print(json.dumps(took), flush=True)
"""

Times = npt.NDArray[np.float64]


class Side:
    """One checkout's process.

    Args:
        python: Its interpreter.
        films: To read.
        threads: Of the network; 0 for all cores.
        clock: "clock" or "processor".
    """

    def __init__(self, python: str, films: Sequence[Path], *, threads: int, clock: str) -> None:
        self._process = subprocess.Popen(
            [python, "-c", WORKER, str(threads), clock],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps([str(film.resolve()) for film in films]))
        assert self._hear() == "ready\n"

    def read(self) -> list[float]:
        """Read every film once; return milliseconds, film by film."""
        self._say("go")
        took: list[float] = json.loads(self._hear())
        return took

    def end(self) -> None:
        """End the process."""
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--processor", action="store_true")
    chosen = parser.parse_args()
    films = choose_evenly(sorted(chosen.folder.rglob("*.jpg")), chosen.films)
    clock = "processor" if chosen.processor else "clock"
    sides = [
        Side(python, films, threads=chosen.threads, clock=clock)
        for python in (chosen.before, chosen.after)
    ]
    took: tuple[list[list[float]], list[list[float]]] = ([], [])
    for number in range(chosen.rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            took[which].append(sides[which].read())
    for side in sides:
        side.end()
    before, after = (np.array(rounds).min(axis=0) for rounds in took)
    ratio, low, high = compare(before, after)
    print(
        f"{len(films)} films, {chosen.rounds} rounds: before {np.median(before):.1f} ms, after "
        f"{np.median(after):.1f} ms; after / before {ratio:.3f} ({low:.3f} to {high:.3f})"
    )


def choose_evenly(films: Sequence[Path], n: int) -> list[Path]:
    """Return so many films, from the first to the last at even distances."""
    places = np.linspace(0, len(films) - 1, min(n, len(films))).round().astype(int)
    return [films[place] for place in places]


def compare(before: Times, after: Times, *, seed: int = 0) -> tuple[float, float, float]:
    """Return the median ratio of two times per film, and its 95 % interval.

    Args:
        before: Milliseconds, shape `(films,)`.
        after: Of the same films.
        seed: Of the bootstrap.
    """
    ratios = after / before
    chosen = np.random.default_rng(seed).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    medians = np.median(ratios[chosen], axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(np.median(ratios)), float(low), float(high)


if __name__ == "__main__":
    main()
