"""Hold one row of a benchmark against the bars that were set for the default model.

    python benchmarks/bars.py runs/default/benchmark/benchmark.json osteon-1

Prints the table of docs/results/default-model.md: what was asked, what was reached, met or missed.
A bar is met where the number itself reaches it; the interval stands beside it.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEBIBYTE = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """What was asked of one number.

    Attributes:
        says: In words.
        name: Of the measure in the row.
        least: It must be at least this.
        most: Or at most this.
        low: The interval's lower end must be at least this.
        in_percent: How it is written.
    """

    says: str
    name: str
    least: float | None = None
    most: float | None = None
    low: float | None = None
    in_percent: bool = True


BARS = (
    Bar(says="AUROC by film", name="auroc", least=0.955, low=0.93, in_percent=False),
    Bar(
        says='fractures not called "no fracture"',
        name='fractured, not called "no fracture"',
        least=0.90,
    ),
    Bar(says="normals cleared", name='normal, called "no fracture"', least=0.70),
    Bar(says="films left in doubt", name='called "doubt"', most=0.25),
    Bar(says="AP50, fractured films", name="ap50, fractured films", least=0.58, in_percent=False),
    Bar(says="AP at IoU 0.3, fractured films", name="ap30, fractured films", in_percent=False),
    Bar(
        says="lesions found at 0.5 false marks a film, all films",
        name="lesions found at 0.5 false marks per film",
        least=0.75,
    ),
    Bar(says="pointing game, strict", name="pointing game, strict", least=0.67),
    Bar(says="pointing game, margin 5 %", name="pointing game, margin 5 %", least=0.75),
    Bar(
        says="calibration error (ECE), bias-corrected",
        name="ece, bias-corrected",
        most=0.03,
        in_percent=False,
    ),
    Bar(
        says="turned: mean change of probability",
        name="turned, mean change of probability",
        most=0.03,
        in_percent=False,
    ),
    Bar(says="turned: decisions that change", name="turned, decisions that change", most=0.05),
)


def main() -> None:
    """Print the table."""
    file, name = sys.argv[1:]
    rows = json.loads(Path(file).read_text("utf-8"))["rows"]
    row = next(one for one in rows if one["name"] == name)
    lines = ["| measure | bar | reached (95 % interval) | of | |", "|---|---|---|---|---|"]
    for bar in BARS:
        lines.append(_line(bar, row))
        if bar.name.startswith("ece") and row["by_region"]:
            lines.append(_line_of_regions(row))
    size, speed = row["n_bytes"] / MEBIBYTE, row["speed"]
    lines.append(
        f"| release | ≤ 16 MB | {size:.1f} MiB | 1 file | {_verdict(size * MEBIBYTE <= 16e6)} |"
    )
    lines.append(
        f"| one film, file to reading, p50 | ≤ 80 ms | {speed['median_ms']:.0f} ms "
        f"({speed['machine']}, {speed['threads']} cores, load {speed['load']}) | "
        f"{speed['n_films']} films | {_verdict(speed['median_ms'] <= 80)} |"
    )
    sys.stdout.write("\n".join(lines) + "\n")


def _line_of_regions(row: dict[str, Any]) -> str:
    worst = max(row["by_region"], key=lambda one: one["value"])
    return (
        f"| the same, worst region ({worst['name']}) | ≤ 0.06 | {_number(worst)} | "
        f"{worst['n']} films | {_verdict(worst['value'] <= 0.06)} |"
    )


def _line(bar: Bar, row: dict[str, Any]) -> str:
    found = next((one for one in row["measures"] if one["name"] == bar.name), None)
    asked = _asked(bar)
    if found is None or found["value"] is None:
        return f"| {bar.says} | {asked} | – | | {'missed' if asked else ''} |"
    verdict = ""
    if bar.least is not None:
        is_met = found["value"] >= bar.least and (bar.low is None or found["low"] >= bar.low)
        verdict = _verdict(is_met)
    elif bar.most is not None:
        verdict = _verdict(found["value"] <= bar.most)
    reached = _number(found, in_percent=bar.in_percent)
    return f"| {bar.says} | {asked} | {reached} | {found['n']} | {verdict} |"


def _asked(bar: Bar) -> str:
    said = ""
    if bar.least is not None:
        said = f"≥ {_write(bar.least, in_percent=bar.in_percent)}"
    elif bar.most is not None:
        said = f"≤ {_write(bar.most, in_percent=bar.in_percent)}"
    return said + (f", low ≥ {bar.low}" if bar.low is not None else "")


def _number(measure: dict[str, Any], *, in_percent: bool = False) -> str:
    value = _write(measure["value"], in_percent=in_percent)
    if measure["low"] is None:
        return value
    ends = [_write(measure[end], in_percent=in_percent) for end in ("low", "high")]
    return f"{value} ({ends[0]} to {ends[1]})"


def _write(value: float, *, in_percent: bool) -> str:
    return f"{100 * value:.1f} %" if in_percent else f"{value:.3f}"


def _verdict(is_met: bool) -> str:  # noqa: FBT001 — one answer in one word
    return "met" if is_met else "missed"


if __name__ == "__main__":
    main()
