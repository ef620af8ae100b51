"""Tables of what the guards are worth: films under every change, strangers drawn and real."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from guard_changes import EXTREME
from guard_limits import Logits, measure_changes, measure_films
from guard_pictures import Pictures, keep_film, list_real_strangers, read_picture
from osteon.collection.manifest import Manifest
from osteon.inference.guard_looks import take_looks
from osteon.inference.guard_network import (
    GuardNetwork,
    hash_guard_networks,
    load_guard_network,
    run_network,
)
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.release.guards import Guards
from osteon.statistics.auroc import delong_interval, measure_auroc
from osteon.statistics.intervals import Proportion
from osteon.terms import Pixels8

N_PHANTOMS: Final = 400
N_TIMED: Final = 40

_Chosen = npt.NDArray[np.bool_]


def list_changes(films: list[Pixels8], guards: Guards) -> Iterator[str]:
    """Yield how films fare, changed and unchanged, one change a line.

    Args:
        films: Of the test split.
        guards: The limits.
    """
    yield f"Each line of {len(films)} films; † marks a change that no limit was drawn for."
    yield ""
    yield (
        "| films | no limb: turned away | doubted | called negative | perhaps | "
        "negatives: turned away | read without a word |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, upright, negative in measure_changes(films, load_guard_network(guards.network)):
        is_called, is_perhaps = find_negative(upright, guards)
        is_stopped, is_told = find_negative(negative, guards)
        is_stopped |= find_refused(negative, guards)
        is_told |= find_doubted(negative, guards)
        counts = (
            find_refused(upright, guards),
            find_doubted(upright, guards),
            is_called,
            is_perhaps,
            is_stopped,
            ~is_stopped & ~is_told,
        )
        cells = " | ".join(tell(int(one.sum()), len(films)) for one in counts)
        yield f"| {name}{' †' if name in EXTREME else ''} | {cells} |"


def list_strangers(drawn: Pictures, films: Logits, guards: Guards) -> Iterator[str]:
    """Yield how drawn strangers fare, one kind a line, then the drawings that are no strangers.

    Args:
        drawn: Pictures of the test split.
        films: Scope logits of films, to compare with.
        guards: The limits.
    """
    logits = run_network(drawn.small, load_guard_network(guards.network))
    measured = np.column_stack([logits, drawn.small.std(axis=(1, 2))])
    is_refused, is_doubted = find_refused(measured, guards), find_doubted(measured, guards)
    yield "| drawn strangers | n | AUROC | turned away | read with a doubt | disguised: away |"
    yield "|---|--:|--:|--:|--:|--:|"
    for kind in [*sorted(Counter(drawn.kinds[drawn.is_stranger].tolist())), "all"]:
        own = drawn.is_stranger if kind == "all" else drawn.kinds == kind
        plain, disguised = own & drawn.is_plain, own & ~drawn.is_plain
        cells = (
            compare(films, logits[plain, 0]),
            _count(is_refused, plain),
            _count(is_doubted, plain),
            _count(is_refused, disguised),
        )
        yield f"| {kind} | {plain.sum()} | {' | '.join(cells)} |"
    yield ""
    yield "| drawings that are no strangers | turned away | read with a doubt |"
    yield "|---|--:|--:|"
    for word, kind in (("films, disguised at random", "film"), ("phantoms, disguised", "phantom")):
        own = (drawn.kinds == kind) & ~drawn.is_plain & ~drawn.is_inverted
        yield f"| {word} | {_count(is_refused, own)} | {_count(is_doubted, own)} |"
    seeds = range(700_000, 700_000 + N_PHANTOMS)
    phantoms = (draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph for seed in seeds)
    seen = measure_films(np.rint(255 * phantom.pixels).astype(np.uint8) for phantom in phantoms)
    cells = " | ".join(
        tell(int(found.sum()), N_PHANTOMS)
        for found in (find_refused(seen, guards), find_doubted(seen, guards))
    )
    yield f"| phantoms, as drawn | {cells} |"


def list_real(films: Logits, shared: Path, folder: Path | None, guards: Guards) -> Iterator[str]:
    """Yield how real pictures fare that are no films of a limb.

    Args:
        films: Scope logits of films, to compare with.
        shared: The folder of real films.
        folder: Of further pictures, all alike counted as diagrams and screenshots.
        guards: The limits.
    """
    found = list(list_real_strangers(shared))
    if folder is not None:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        found += [("diagram or screenshot", path.name, read_picture(path)) for path in paths]
    measured = measure_films(grey for _, _, grey in found)
    is_refused, is_doubted = find_refused(measured, guards), find_doubted(measured, guards)
    of_kind = defaultdict(list)
    for (kind, name, _), *seen in zip(found, is_refused, is_doubted, measured[:, 0], strict=True):
        of_kind[kind].append((name, *seen))
    yield "| real pictures | n | turned away | read with a doubt (logit) | read without (logit) |"
    yield "|---|--:|--:|---|---|"
    for kind, seen in of_kind.items():
        doubted = ", ".join(f"{name} ({logit:.1f})" for name, _, doubt, logit in seen if doubt)
        missed = ", ".join(
            f"{name} ({logit:.1f})" for name, refused, doubt, logit in seen if not refused | doubt
        )
        n_refused = sum(refused for _, refused, *_ in seen)
        yield f"| {kind} | {len(seen)} | {n_refused} | {doubted} | {missed} |"
    doubts = tell(int(is_doubted.sum()), len(found))
    yield f"| all | {len(found)} | {tell(int(is_refused.sum()), len(found))} | {doubts} | |"
    yield ""
    yield f"AUROC against the films of the test split: {compare(films, measured[:, 0])}."


def list_multiregion(manifest: Manifest, guards: Guards) -> Iterator[str]:
    """Yield what the guards say of another collection, one film of each group of copies.

    Args:
        manifest: The multi-region set, audited and deduplicated: limbs and hips, some strangers.
        guards: The limits.
    """
    groups = {row.group: row for row in reversed(manifest.rows) if row.state == "readable"}
    films = [keep_film(read_film(manifest.films_path(row)).pixels) for row in groups.values()]
    measured = measure_films(films)
    is_refused, is_doubted = find_refused(measured, guards), find_doubted(measured, guards)
    is_negative = ~is_refused & (measured[:, 1] > guards.max_polarity_logit)
    yield "| multi-region | films | which: name (scope logit, polarity logit) |"
    yield "|---|--:|---|"
    marked = {"turned away": is_refused, "doubted": is_doubted, "called negative": is_negative}
    for word, chosen in marked.items():
        named = sorted(
            (
                f"`{Path(row.path).name}` ({scope:.1f}, {polarity:.1f})"
                for row, (scope, polarity, _), is_it in zip(
                    groups.values(), measured, chosen, strict=True
                )
                if is_it
            )
        )
        yield f"| {word} | {tell(int(chosen.sum()), len(films))} | {', '.join(named)} |"


def list_times() -> Iterator[str]:
    """Yield what each of the guards' networks costs a film, in CPU time, in turn about."""
    networks = {name: load_guard_network(sha) for sha, name in hash_guard_networks().items()}
    yield "| CPU time a film, median (ms) | " + " | ".join(f"`{name}`" for name in networks) + " |"
    yield "|---|" + "--:|" * len(networks)
    for rows, columns in ((454, 373), (2000, 2500)):
        pixels = draw_phantom(1, has_fracture=False, rows=rows, columns=columns).radiograph.pixels
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in networks}
        for _ in range(N_TIMED):
            for name, network in networks.items():
                took[name].append(_time(pixels, network))
        cells = []
        for own in took.values():
            reduced, asked = np.median(np.array(own[5:]), axis=0)
            cells.append(f"{reduced:.1f} + {asked:.1f}")
        yield f"| {rows} × {columns}: reduced + looked at | {' | '.join(cells)} |"


def find_refused(measured: Logits, guards: Guards) -> _Chosen:
    """Return which pictures are turned away as blank or as no limb, shape `(films,)`.

    Args:
        measured: From `measure_films`.
        guards: The limits.
    """
    return (measured[:, 0] > guards.max_scope_logit) | (measured[:, 2] < guards.min_spread)


def find_doubted(measured: Logits, guards: Guards) -> _Chosen:
    """Return which pictures are read with a doubt about what they show, shape `(films,)`.

    Args:
        measured: From `measure_films`.
        guards: The limits.
    """
    assert guards.doubt_scope_logit is not None
    return ~find_refused(measured, guards) & (measured[:, 0] > guards.doubt_scope_logit)


def find_negative(measured: Logits, guards: Guards) -> tuple[_Chosen, _Chosen]:
    """Return which pictures are called negatives, and which perhaps, shape `(films,)` each.

    Args:
        measured: From `measure_films`.
        guards: The limits.
    """
    assert guards.doubt_polarity_logit is not None
    is_called = measured[:, 1] > guards.max_polarity_logit
    is_read = ~find_refused(measured, guards) & ~is_called
    is_perhaps = is_read & (measured[:, 1] > guards.doubt_polarity_logit)
    return is_called & ~find_refused(measured, guards), is_perhaps


def compare(films: Logits, others: Logits) -> str:
    """Return the AUROC between films and others, with its interval.

    Args:
        films: Their logits.
        others: Theirs, which are to be higher.
    """
    answers = np.concatenate([films, others])
    references = np.concatenate([np.zeros(films.size, bool), np.ones(others.size, bool)])
    auroc = measure_auroc(answers, references)
    assert auroc is not None
    sure = delong_interval(auroc, n_fractured=others.size, n_films=answers.size)
    return f"{auroc.value:.4f} ({sure.low:.4f}–{sure.high:.4f})"


def tell(hits: int, n: int) -> str:
    """Return a share with its counts and Wilson's interval.

    Args:
        hits: Counted.
        n: Of so many.
    """
    sure = Proportion(hits=hits, n=n).interval()
    assert sure is not None
    return f"{hits}/{n} = {hits / n:.1%} ({sure.low:.1%}–{sure.high:.1%})"


def _count(found: _Chosen, own: _Chosen) -> str:
    return tell(int(found[own].sum()), int(own.sum()))


def _time(pixels: npt.NDArray[np.float32], network: GuardNetwork) -> tuple[float, float]:
    clock: Callable[[], float] = time.process_time
    started = clock()
    looks = take_looks(pixels, network.side)
    reduced = clock()
    run_network(looks, network)
    return 1e3 * (reduced - started), 1e3 * (clock() - reduced)
