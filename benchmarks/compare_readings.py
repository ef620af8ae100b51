"""Compare two tables of `osteon read --csv` by path, and give each change its cause.

    python benchmarks/compare_readings.py before.csv after.csv [--list]

A change is another decision, a probability that moved by more than 1e-4, or another number of
findings. Its cause is the codes of the reasons in the second table. Exit code 1 where a change has
none.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

TOLERANCE = 1e-4


def read_table(path: Path) -> dict[str, dict[str, str]]:
    """Return the rows of a table by the film's path."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def find_change(before: dict[str, str], after: dict[str, str]) -> str:
    """Return what changed between two readings of a film; empty where nothing did."""
    if before["decision"] != after["decision"]:
        return f"{before['decision']} -> {after['decision']}"
    moved = abs(float(before["probability"] or 0) - float(after["probability"] or 0))
    if moved > TOLERANCE:
        return f"probability moved by {moved:.4f}"
    if before["n_findings"] != after["n_findings"]:
        return f"{before['n_findings']} -> {after['n_findings']} findings"
    return ""


def main() -> int:
    """Print the changes with their causes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--list", action="store_true", help="name every changed film")
    options = parser.parse_args()
    before, after = read_table(options.before), read_table(options.after)
    causes: Counter[tuple[str, str]] = Counter()
    for path in sorted(before.keys() & after.keys()):
        change = find_change(before[path], after[path])
        if not change:
            continue
        cause = after[path]["reason_codes"] or "unexplained"
        causes[change.split(" by ", maxsplit=1)[0], cause] += 1
        if options.list:
            print(f"{path}: {change} ({cause})")
    print(f"{len(before.keys() & after.keys()):,} films in both tables")
    for (change, cause), n in causes.most_common():
        print(f"{n:>6,}  {change}: {cause}")
    only = before.keys() ^ after.keys()
    if only:
        print(f"{len(only):,} films in one table alone")
    return int(bool(only) or any(cause == "unexplained" for _, cause in causes))


if __name__ == "__main__":
    raise SystemExit(main())
