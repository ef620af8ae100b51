"""The long fuzz test, by hand: `python benchmarks/fuzz.py --minutes 60 --seed 7`.

The films are those of tests/radiographs/test_fuzz.py, of other seeds. What nobody foresaw is told
by seed and number, and `--show` writes that film to standard output.
"""

import argparse
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.radiographs.fuzzing import make_film, make_films, read_all
from tests.radiographs.fuzzing_dicom import make_kinds

from osteon.sandbox import Limits, WorkerPool

ROUND = 5_000


def main() -> int:
    """Read damaged films until the time is over; the exit code says whether a bug was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cpu-s", type=float, default=0.3)
    parser.add_argument("--show", type=int, metavar="NUMBER")
    asked = parser.parse_args()
    kinds = make_kinds()
    if asked.show is not None:
        sys.stdout.buffer.write(make_film(kinds, seed=asked.seed, number=asked.show))
        return 0
    counts: Counter[str] = Counter()
    start, end, n_bugs = 0, monotonic() + 60 * asked.minutes, 0
    with WorkerPool(limits=Limits(cpu_s=asked.cpu_s)) as pool:
        while monotonic() < end:
            films = islice(make_films(kinds, seed=asked.seed, start=start), ROUND)
            outcomes = read_all(films, pool=pool)
            counts += outcomes.counts
            for number, bug in outcomes.bugs.items():
                print(f"seed {asked.seed}, film {start + number}: {bug}")
            n_bugs += len(outcomes.bugs)
            start += ROUND
            print(f"{start} films: {dict(counts)}; children lost: {pool.losses}", flush=True)
    return int(n_bugs > 0)


if __name__ == "__main__":
    sys.exit(main())
