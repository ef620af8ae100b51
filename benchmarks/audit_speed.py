"""How fast an audit is, end to end, and where its time goes."""

import hashlib
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import cv2

from audit_films import build_table, list_distinct
from osteon.audit.duplicates.descriptors import measure_fingerprint
from osteon.audit.file_features import measure_facts
from osteon.audit.rules.burned_in_text import find_lettering
from osteon.audit.rules.outliers import measure_oddity
from osteon.collection.manifest import Manifest, read_manifest
from osteon.jobs.audit import audit_collection
from osteon.radiographs.films import read_grey
from osteon.radiographs.raster import read_film_bytes

N_SAMPLE: Final = 300
PARTS: Final = ("reading and hashing files", "decoding", "facts", "lettering", "oddities")
PHASES: Final = ("look", "search", "compare")


def time_audit(manifest: Path, *, workers: int) -> dict[str, Any]:
    """Audit a collection, page and all, and see when its phases end.

    Args:
        manifest: The collection.
        workers: Threads.

    Returns:
        Films, flaws, and seconds of each phase; "shortcut" is everything between comparing and the
        page: groups, the shortcut's model, the rules.
    """
    ended: dict[str, float] = {}
    began: dict[str, float] = {}

    def note(phase: str, _done: int, _whole: int) -> None:
        ended[phase] = perf_counter()
        began.setdefault(phase, ended[phase])

    with TemporaryDirectory() as folder:
        start = perf_counter()
        result = audit_collection(manifest, Path(folder) / "audit", workers=workers, progress=note)
        stop = perf_counter()
    seconds, before = {}, start
    for phase in PHASES:
        after = ended.get(phase, before)  # nothing to compare: no time was spent
        seconds[phase], before = after - before, after
    seconds["shortcut"] = began["report"] - before
    seconds["report"] = stop - began["report"]
    return {
        "n_films": sum(row.state == "readable" for row in read_manifest(manifest).rows),
        "n_flaws": len(result.flaws),
        "seconds": stop - start,
        "phases": seconds,
    }


def time_parts(manifest: Manifest, n: int = N_SAMPLE) -> dict[str, float]:
    """Time the parts of a look on one core, on films spread evenly over the collection.

    Returns:
        Seconds for all of them, by part.
    """
    rows = list_distinct(manifest)
    rows = rows[:: max(1, len(rows) // n)][:n]
    seconds = dict.fromkeys((*PARTS, "fingerprint"), 0.0)

    def timed(part: str, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        start = perf_counter()
        made = work(*given, **named)
        seconds[part] += perf_counter() - start
        return made

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    for row in rows:
        data = timed(PARTS[0], read_film_bytes, manifest.films_path(row))
        timed(PARTS[0], lambda held: hashlib.sha256(held).hexdigest(), data)
        grey = timed(PARTS[1], read_grey, data, source=row.path)
        timed(PARTS[2], measure_facts, data, grey)
        timed(PARTS[3], find_lettering, grey)
        timed(PARTS[4], measure_oddity, data, grey)
        timed(PARTS[0], lambda held: hashlib.sha256(held).hexdigest(), grey.tobytes())
        timed("fingerprint", measure_fingerprint, grey)
    cv2.setNumThreads(threads)
    return seconds | {"n": float(len(rows))}


def measure_speed(
    paths: Sequence[Path], *, rounds: int, workers: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Audit each collection in turns.

    Returns:
        By the manifest's name: its rounds, and the parts of its looks.
    """
    found: dict[str, Any] = {path.name: {"rounds": []} for path in paths}
    for number in range(rounds):
        for path in paths:
            tell(f"turn {number + 1} of {rounds}: {path.name}")
            found[path.name]["rounds"].append(time_audit(path, workers=workers))
    for path in paths:
        found[path.name]["parts"] = time_parts(read_manifest(path))
    return found


def tell_speed(found: dict[str, Any], *, workers: int) -> str:
    """Return the table: films/s, and shares of the time."""
    columns = {name: _list_shares(own) for name, own in found.items()}
    names = list(columns)
    labels = list(columns[names[0]])
    table = build_table(
        ("", *names), [(label, *(columns[name][label] for name in names)) for label in labels]
    )
    n = int(found[names[0]]["parts"]["n"])
    return (
        f"{workers} workers; turns: {len(found[names[0]]['rounds'])}, median (lowest–highest); "
        f"shares are of the median turn's parts. The phases are as the audit reports them; within "
        f"the look, its time is apportioned as {n} films took on one core.\n\n{table}"
    )


def _list_shares(own: dict[str, Any]) -> dict[str, str]:
    rounds, parts = own["rounds"], dict(own["parts"])
    parts.pop("n")
    rates = [turn["n_films"] / turn["seconds"] for turn in rounds]
    seconds = [turn["seconds"] for turn in rounds]
    phases = {
        phase: statistics.median(turn["phases"][phase] for turn in rounds)
        for phase in rounds[0]["phases"]
    }
    whole, looking = sum(phases.values()), sum(parts.values())
    lines = {
        "films": f"{rounds[0]['n_films']:,}",
        "films/s": _spread(rates),
        "seconds": _spread(seconds),
    }
    for part, spent in parts.items():
        lines[f"share: {part}"] = f"{100 * phases['look'] / whole * spent / looking:.1f} %"
    called = {"shortcut": "shortcut, groups, rules", "report": "the page"}
    for phase in ("search", "compare", "shortcut", "report"):
        lines[f"share: {called.get(phase, phase)}"] = f"{100 * phases[phase] / whole:.1f} %"
    return lines


def _spread(values: Sequence[float]) -> str:
    middle = statistics.median(values)
    return f"{middle:.1f} ({min(values):.1f}–{max(values):.1f})"
