"""The page on the seeds' recipes, from the runs that `runs/seed_reproduction.sh` makes.

python benchmarks/seed_table.py runs/seeds-96 > docs/results/seed-reproduction.md
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from osteon.collection.manifest import Manifest
from seed_findings import discuss_honest, discuss_pairs, measured_caveats
from seed_runs import Pair, Result, do_overlap, prevalence, read_result

RECIPES = ("seed-cnn2", "seed-cnn4", "mobilenetv2")
METRICS = ("auroc", "sensitivity", "specificity", "accuracy")
NOT_RUN = "not run yet"

INTRODUCTION = """\
# The seeds' recipes on real films

The public collections that the seeds and many notebooks learn from hold rotated copies of a few \
hundred pictures, in train and test alike. Here the seeds' two networks and MobileNetV2 learn from \
one of them twice: with its published splits, and regrouped so that copies of a picture stay on \
one side. Then from FracAtlas, split by groups. Every number is that of the exported network on \
test films, with its 95 % interval, made by resampling groups."""

CLAIMS = """\
## What is claimed

| source | sensitivity | specificity | AUROC | accuracy | measured on |
|---|---|---|---|---|---|
| first seed's report | 92.8 % | 70.4 % | 0.899 | not quoted here | \
the very films that stopped the training |
| public notebooks on these films | | | | 84–99 % | the published splits |

No interval is given with any of them."""

LASTING_CAVEATS = """\
- Groups are the audit's (`docs/results/audit.md`): films that were aligned and found to be one \
picture, and identical files. No file name is believed. Different views of one patient are not \
tied, because nothing says whose films they are: films not fractured 27 and 28, 52 and 53, and 42 \
to 45 look like such.
- The films of the multi-region collection were reduced to 256 pixels before they came here, and \
most were saved again as JPEG.
- Test films differ between the two columns: the columns compare protocols, not networks on the \
same films.
- The ImageNet weights that the networks started from had their batch-norm statistics \
re-estimated on FracAtlas films, our test films perhaps among them, without labels.
- The three runs on the published splits were trained before the audit existed, on the same films \
in the same splits; their counts of copies go by file name and identical bytes. The audit finds \
a copy in another split for 493 of 500 test films.
- One seed of the random numbers: how far a second training would differ was not measured."""


def build_page(folder: Path) -> str:
    """Return the page as Markdown.

    Args:
        folder: Its runs are named published-RECIPE, grouped-RECIPE and honest-RECIPE.
    """
    found = {
        (kind, name): read_result(folder / f"{kind}-{name}", name)
        for kind in ("published", "grouped", "honest")
        for name in RECIPES
    }
    pairs = {name: (found["published", name], found["grouped", name]) for name in RECIPES}
    honest = {name: found["honest", name] for name in RECIPES}
    ready = [result for result in found.values() if result]
    parts = [
        INTRODUCTION,
        describe_making(ready, len(found)),
        CLAIMS,
        "## The multi-region collection: published splits against groups",
        compare(pairs),
        "## FracAtlas, split by groups",
        list_honest(honest),
        "## What the numbers say",
        bullets([*discuss_pairs(pairs), *discuss_honest(honest)] or ["Nothing yet: no run ended."]),
        "## What they do not say",
        "\n".join([bullets(measured_caveats(ready, pairs)), LASTING_CAVEATS]).strip(),
    ]
    return "\n\n".join(parts) + "\n"


def describe_making(ready: list[Result], n_wanted: int) -> str:
    """Return how the runs were made, as they tell it themselves."""
    if not ready:
        return f"None of the {n_wanted} runs has ended yet. `runs/seed_reproduction.sh` makes them."
    sides = sorted({result.recipe.preparation.rows for result in ready})
    epochs = sorted({result.recipe.schedule.epochs for result in ready})
    asked = f"SIDE={sides[0]} EPOCHS={epochs[0] if len(epochs) == 1 else 'full'}"
    machines = sorted({describe_machine(result.facts) for result in ready})
    days = sorted({result.day for result in ready})
    versions = sorted({name_versions(result.facts) for result in ready})
    return (
        f"Made by `{asked} runs/seed_reproduction.sh`: {', '.join(map(str, sides))} pixels, at "
        f"most {', '.join(map(str, epochs))} epochs; {'; '.join(machines)}; "
        f"{days[0]}{f' to {days[-1]}' if len(days) > 1 else ''}; {'; '.join(versions)}. "
        f"{len(ready)} of {n_wanted} runs have results; this page is written by "
        "`benchmarks/seed_table.py`, which the script calls last."
    )


def name_versions(facts: Mapping[str, Any]) -> str:
    """Return the versions that a run was made with."""
    versions = facts.get("versions", {})
    names = ("osteon", "torch", "onnxruntime")
    return ", ".join(f"{name} {versions.get(name, '?')}" for name in names)


def describe_machine(facts: Mapping[str, Any]) -> str:
    """Return what a run says of its machine."""
    machine = facts.get("machine", {})
    names = [machine.get("device"), machine.get("cpu")]
    what = " of ".join(name for name in names if name) or "a machine that was not noted"
    return f"{what}, {machine.get('threads', '?')} threads, {machine.get('precision', '?')}"


def compare(pairs: Mapping[str, Pair]) -> str:
    """Return published and regrouped side by side."""
    lines = ["| | published splits | regrouped | difference |", "|---|---|---|---|"]
    for name, pair in pairs.items():
        if pair == (None, None):
            lines.append(f"| **{name}** | {NOT_RUN} | {NOT_RUN} | |")
            continue
        rows = [
            [metric_name(key), *(cell(r, key) for r in pair), gap(*pair, key)] for key in METRICS
        ]
        rows += [[label, *(told(tell, r) for r in pair), ""] for label, tell in TELLERS.items()]
        rows[0][0] = f"**{name}** {rows[0][0]}"
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def list_honest(honest: Mapping[str, Result | None]) -> str:
    """Return the recipes side by side."""
    tellers = {"accuracy of “no fracture”": tell_constant, **TELLERS}
    rows = {metric_name(key): [cell(r, key) for r in honest.values()] for key in METRICS}
    rows |= {label: [told(tell, r) for r in honest.values()] for label, tell in tellers.items()}
    lines = [f"| | {' | '.join(honest)} |", "|---" * (len(honest) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | {' | '.join(row)} |" for name, row in rows.items()])


def metric_name(key: str) -> str:
    """Return a metric's name as the table writes it."""
    return "AUROC" if key == "auroc" else key


def cell(result: Result | None, key: str) -> str:
    """Return a number with its interval."""
    if result is None:
        return NOT_RUN
    metric = result.evaluation["metrics"][key]  # evaluation refuses films of one class only
    bounds = metric["interval"]
    if key == "auroc":
        return f"{metric['value']:.3f} ({bounds['low']:.3f}–{bounds['high']:.3f})"
    value, low, high = (100 * n for n in (metric["value"], bounds["low"], bounds["high"]))
    return f"{value:.1f} % ({low:.1f}–{high:.1f})"


def gap(published: Result | None, grouped: Result | None, key: str) -> str:
    """Return how much higher the published splits are, and whether the intervals overlap."""
    if published is None or grouped is None:
        return ""
    one, other = (r.evaluation["metrics"][key] for r in (published, grouped))
    by = one["value"] - other["value"]
    size = f"{by:+.3f}" if key == "auroc" else f"{100 * by:+.1f} points"
    return f"{size}, {'intervals overlap' if do_overlap(one, other) else 'intervals apart'}"


def told(tell: Callable[[Result], str], result: Result | None) -> str:
    """Return what `tell` says of a run, if there is one."""
    return NOT_RUN if result is None else tell(result)


def count_films(result: Result) -> str:
    """Return the test films, their groups and their fractures."""
    n_films, n_groups, n_fractured = (
        result.evaluation["metrics"][key] for key in ("n_films", "n_groups", "n_fractured")
    )
    return f"{n_films:,} in {n_groups:,} groups, {n_fractured:,} fractured"


def count_copies(result: Result) -> str:
    """Return how many test films have a film of their group in train."""
    n_copies, n_test = find_copies(result.manifest)
    return f"{n_copies:,} of {n_test:,}"


def find_copies(manifest: Manifest) -> tuple[int, int]:
    """Return test films that share a group with a training film, and all test films."""
    readable = [row for row in manifest.rows if row.state == "readable"]
    learnt = {row.group for row in readable if row.split == "train" and row.group}
    test = [row for row in readable if row.split == "test"]
    return sum(row.group in learnt for row in test), len(test)


def count_training(result: Result) -> str:
    """Return the training films and the groups behind them."""
    rows = [row for row in result.manifest.rows if row.split == "train"]
    n_groups = len({row.group or row.path for row in rows})
    return f"{len(rows):,} films in {n_groups:,} groups"


def count_epochs(result: Result) -> str:
    """Return the epoch whose weights were measured, and how many were allowed."""
    return f"{result.facts.get('best_epoch', '?')} of {result.recipe.schedule.epochs}"


def tell_threshold(result: Result) -> str:
    """Return where a film is called fractured, and who decided that."""
    point = result.evaluation["operating_point"]
    rule = "the sigmoid at 0.5" if point["rule"] == "half" else f"{point['rule']} on tune"
    return f"{point['threshold']:.2f} ({rule})"


TELLERS = {
    "called fractured from a logit of": tell_threshold,
    "test films": count_films,
    "of them with a copy in train": count_copies,
    "learnt from": count_training,
    "best epoch": count_epochs,
}


def tell_constant(result: Result) -> str:
    """Return the accuracy of a network that calls no film fractured."""
    return f"{100 * (1 - prevalence(result)):.1f} %"


def bullets(lines: Iterable[str]) -> str:
    """Return a list in Markdown."""
    return "\n".join(f"- {line}" for line in lines)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(build_page(Path(sys.argv[1])))
