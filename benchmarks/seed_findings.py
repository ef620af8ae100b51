"""What the numbers of the seeds' runs say, and what they leave open."""

from collections import Counter
from collections.abc import Mapping

from osteon.collection.manifest import Manifest
from osteon.learning.recipes import find_recipe
from seed_runs import Pair, Result, do_overlap, prevalence

FIRST_SEED_AUROC = 0.899
LOWEST_CLAIM = 0.84
"""Of the accuracies in public notebooks on these films, which reach 0.99."""


def discuss_pairs(pairs: Mapping[str, Pair]) -> list[str]:
    """Return what the multi-region runs decide."""
    said = []
    for name, (published, grouped) in pairs.items():
        if published is None or grouped is None:
            continue
        one, other = (r.evaluation["metrics"]["auroc"] for r in (published, grouped))
        by = one["value"] - other["value"]
        if do_overlap(one, other):
            verdict = "the intervals overlap, so these films do not show that copies flattered it"
        elif by > 0:
            verdict = "the intervals are apart: the published splits flatter it"
        else:
            verdict = "the intervals are apart, and the published splits are the harder ones"
        said.append(
            f"**{name}**: AUROC {one['value']:.3f} on the published splits, {other['value']:.3f} "
            f"regrouped ({by:+.3f}); {verdict}. {against_claims(grouped)}"
        )
    return said


def against_claims(result: Result) -> str:
    """Return how a regrouped run stands to what is claimed for such networks."""
    found = result.evaluation["metrics"]
    auroc, accuracy = found["auroc"]["interval"], found["accuracy"]["interval"]
    return (
        f"Regrouped, the first seed's AUROC of {FIRST_SEED_AUROC} lies "
        f"{place(FIRST_SEED_AUROC, auroc)} the interval, and the lowest accuracy of the notebooks, "
        f"{100 * LOWEST_CLAIM:.0f} %, {place(LOWEST_CLAIM, accuracy)} it."
    )


def place(number: float, interval: Mapping[str, float]) -> str:
    """Return where a number lies."""
    if number > interval["high"]:
        return "above"
    return "below" if number < interval["low"] else "within"


def discuss_honest(honest: Mapping[str, Result | None]) -> list[str]:
    """Return what the FracAtlas runs decide."""
    said = []
    for name, result in honest.items():
        if result is None:
            continue
        found = result.evaluation["metrics"]
        chance = place(0.5, found["auroc"]["interval"])
        skill = {
            "below": "better than chance",
            "within": "not told apart from chance",
            "above": "worse than chance",
        }[chance]
        constant = 1 - prevalence(result)
        use = {"below": "more", "within": "not shown to be more", "above": "less"}[
            place(constant, found["accuracy"]["interval"])
        ]
        said.append(
            f"**{name} on FracAtlas**: AUROC {found['auroc']['value']:.3f}, {skill}. Its accuracy "
            f"of {100 * found['accuracy']['value']:.1f} % is {use} than the "
            f"{100 * constant:.1f} % of calling no film fractured, where "
            f"{100 * prevalence(result):.1f} % are: at this prevalence accuracy says little."
        )
    return said


def measured_caveats(ready: list[Result], pairs: Mapping[str, Pair]) -> list[str]:
    """Return the caveats that the runs decide."""
    said = []
    for result in ready:
        whole = find_recipe(result.name)
        given, asked = result.recipe.preparation.rows, whole.preparation.rows
        short, full = result.recipe.schedule.epochs, whole.schedule.epochs
        if (given, short) != (asked, full):
            said.append(
                f"{result.name} was shortened to {given} pixels and {short} epochs, from {asked} "
                f"and {full}: a fracture line of a pixel is gone at {given}, and the training may "
                "not have ended where the seeds' did."
            )
    if any("bf16" in str(r.facts.get("machine", {}).get("precision")) for r in ready):
        said.append(
            "Trained in bf16 where the processor multiplies it (`docs/decisions/0008`); the "
            "exported network, and every number here, is 32 bits."
        )
    grouped = [pair[1] for pair in pairs.values() if pair[1]]
    if grouped:
        said.append(describe_groups(grouped[0].manifest))
    return list(dict.fromkeys(said))


def describe_groups(manifest: Manifest) -> str:
    """Return how few pictures stand behind the films."""
    rows = [row for row in manifest.rows if row.split]
    sizes = sorted(Counter(row.group or row.path for row in rows).values(), reverse=True)
    n_half, held = 0, 0
    while held < len(rows) / 2:
        held += sizes[n_half]
        n_half += 1
    return (
        f"Intervals resample groups, because only {len(sizes):,} groups stand behind "
        f"{len(rows):,} films, and {n_half} of them hold half of the films. They are as wide as "
        "that is few."
    )
