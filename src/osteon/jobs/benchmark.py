"""Many models, one set of test films, one table: `osteon benchmark`.

A run is exported first, just as `osteon export` does it, so that every number belongs to a network
that could be shipped. What was measured lies in `rows/NAME.json` under the hash of all that it
depends on: a benchmark that was stopped goes on where it was, and one model more costs one row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from osteon.collection.groups import choose_counted, read_grouped_manifest
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.stamps import describe_independence
from osteon.errors import LeakFound, ManifestFault, SettingsFault
from osteon.evaluation.benchmark.entrants import (
    Entrant,
    choose_manifest,
    find_entrants,
    find_learnt_films,
    hash_settings,
)
from osteon.evaluation.benchmark.measure import SampleSizes, Task, score_release, time_release
from osteon.evaluation.benchmark.rows import ROW_SCHEMA, BenchmarkRow
from osteon.evaluation.cohort import choose_some
from osteon.evaluation.comparison import compare_rows
from osteon.evaluation.predictions import choose_rows
from osteon.release.card import Independence
from osteon.release.file import SUFFIX
from osteon.reports.pages.benchmark import Benchmark, render_benchmark
from osteon.reports.pages.learnt import say_learnt
from osteon.reports.pictures.benchmark import draw_benchmark, draw_galleries
from osteon.runs import RunFolder, hash_manifest, is_drawn, write_text
from osteon.settings import Settings
from osteon.terms import ManifestRow, Progress, no_progress


class BenchmarkRequest(Settings):
    """What a person asked for.

    Attributes:
        models: Folders of runs, and releases, in the order of the table.
        out: The folder for everything that comes out.
        collection: The manifest whose test films are read; None is the first run's.
        films: Where its films lie, if not where it says.
        names: One for each model, or none.
        reference: Name of the model that the others are compared with; None is the last.
        limit: At most so many test films, for a first look; None is all of them.
        retime: Whether rows that lie there are timed anew, as on a machine that is quiet now.
        unaudited: Certify runs although copies were never looked for; every page says so.
        with_learnt: Count films that a release learnt from; every page says so.
        effort: For the dearer numbers.
    """

    models: tuple[Path, ...]
    out: Path
    collection: Path | None = None
    films: Path | None = None
    names: tuple[str, ...] = ()
    reference: str | None = None
    limit: int | None = None
    retime: bool = False
    unaudited: bool = False
    with_learnt: bool = False
    effort: SampleSizes = SampleSizes()


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarkReport:
    """What came out.

    Attributes:
        benchmark: The numbers.
        table: The file of the table.
        data: The file of the numbers.
        figures: ROC and reliability.
        galleries: The folder of pictures of films: not for sharing.
        n_measured: Rows that were measured now; the others lay there already.
    """

    benchmark: Benchmark
    table: Path
    data: Path
    figures: tuple[Path, ...]
    galleries: Path
    n_measured: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Measured:
    """A model's row, and the release that was measured."""

    row: BenchmarkRow
    release: Path
    is_new: bool = False


def run_benchmark(
    request: BenchmarkRequest, *, progress: Progress = no_progress
) -> BenchmarkReport:
    """Measure models on the same test films and set them side by side.

    Args:
        request: What was asked.
        progress: Told of every step of long work.

    Raises:
        SettingsFault: If there is no model, a name twice, or a reference that is none of them.
        RunFault: If a folder is no finished run.
        ReleaseFault: If a release does not stand its checks.
        ManifestFault: If a run was trained on another collection, or split otherwise.
        LeakFound: If a model learnt from a test film, or nobody can tell.
        OneClassOnly: If the test films are all alike.
        OutputFault: If the results cannot be written.
    """
    manifest = choose_manifest(request.models, request.collection, films=request.films)
    contenders = find_entrants(request.models, request.names, manifest)
    reference = _find_reference(contenders, request.reference)
    chosen = _choose_films(manifest, request.limit)
    contenders, films = _leave_out_learnt(contenders, manifest, chosen, request, progress)
    found = [
        _measure(contender, manifest, films, request=request, progress=progress)
        for contender in contenders
    ]
    rows = tuple(one.row for one in found)
    benchmark = Benchmark(
        collection=", ".join(sorted({row.collection for row in films})),
        manifest_sha256=hash_manifest(manifest),
        n_films=len(films),
        n_fractured=sum(row.has_fracture for row in films),
        n_groups=len({row.group or row.sha256 for row in films}),
        independence=_describe_independence(manifest),
        n_learnt=len(chosen) - len(films),
        is_sample=len(chosen) < len(choose_rows(manifest, "test")),
        is_drawn=is_drawn(manifest),
        reference=reference,
        rows=rows,
        differences=compare_rows(rows, reference, manifest, progress=progress),
    )
    return _publish(benchmark, manifest, found, out=request.out, progress=progress)


def _describe_independence(manifest: Manifest) -> Independence:
    """Return what is known of all placed films: the runs learnt from those that are not test."""
    return describe_independence(choose_counted(manifest.rows), n_leaks=len(find_leaks(manifest)))


def _find_reference(contenders: Sequence[Entrant], asked: str | None) -> str:
    names = [contender.name for contender in contenders]
    if not names:
        raise SettingsFault("MODEL", "at least one run or release is needed", found="none")
    if asked is not None and asked not in names:
        raise SettingsFault(
            "--reference", f"must be one of the models: {', '.join(names)}", found=asked
        )
    return asked or names[-1]


def _choose_films(manifest: Manifest, limit: int | None) -> tuple[ManifestRow, ...]:
    films = choose_rows(manifest, "test")
    if not films:
        raise ManifestFault(str(manifest.root), "readable test films are needed", found="none")
    if limit is not None and limit < 2:
        raise SettingsFault("--limit", "must be at least 2: one film of each class", found=limit)
    return films if limit is None else choose_some(films, limit)


def _leave_out_learnt(
    contenders: Sequence[Entrant],
    manifest: Manifest,
    films: tuple[ManifestRow, ...],
    request: BenchmarkRequest,
    progress: Progress,
) -> tuple[tuple[Entrant, ...], tuple[ManifestRow, ...]]:
    """Return the models, with what is to be said of them, and the films that none learnt from.

    Raises:
        LeakFound: If one of them learnt from nearly all films, or they did together from all.
    """
    kept, told = films, []
    found = find_learnt_films(contenders, manifest, films, progress=progress)
    for contender in contenders:
        learnt = found.get(contender.name)
        if learnt is None:
            told.append(contender)
            continue
        if not request.with_learnt:
            learnt.refuse_if_nearly_all(
                where=str(contender.path),
                advice="Benchmark it on films of another collection; --with-learnt measures it on "
                "these too, and says so.",
            )
            kept = learnt.leave_out(kept)
        count = learnt.count(are_left_out=not request.with_learnt)
        told.append(replace(contender, notes=(*say_learnt(count), *contender.notes)))
    if not kept:
        raise LeakFound(
            str(manifest.root),
            "test films are needed that none of the models learnt from",
            found=f"none of {len(films)}",
            advice="Benchmark them on films of another collection, or fewer of them together.",
        )
    return tuple(told), kept


def _measure(
    contender: Entrant,
    manifest: Manifest,
    films: Sequence[ManifestRow],
    *,
    request: BenchmarkRequest,
    progress: Progress,
) -> _Measured:
    """Return a model's row, measured now or before."""

    def tell(what: str, done: int, total: int) -> None:
        progress(f"{contender.name}: {what}", done, total)

    release = _find_release(contender, request, tell)
    place = request.out / "rows" / f"{contender.name}.json"
    key = hash_settings(
        ROW_SCHEMA,
        contender.identity,
        hash_manifest(manifest),
        [(film.path, film.boxes, film.group, film.body_region) for film in films],
        _name_proof(contender, request),
        request.effort.model_dump(),
    )
    task = Task(
        contender=contender,
        release=release,
        manifest=manifest,
        rows=tuple(films),
        effort=request.effort,
        key=key,
    )
    known = _read_row(place, key)
    if known is not None:
        known = known.model_copy(update={"notes": contender.notes})
    if known is not None and not request.retime:
        return _Measured(row=known, release=release)
    if known is None:
        row = score_release(task, progress=tell)
    else:
        row = known.model_copy(update={"speed": time_release(task, progress=tell)})
    write_text(place, row.model_dump_json(indent=1) + "\n")
    return _Measured(row=row, release=release, is_new=known is None)


def _read_row(place: Path, key: str) -> BenchmarkRow | None:
    try:
        row = BenchmarkRow.model_validate_json(place.read_bytes())
    except (OSError, ValidationError):  # none yet, or of another version: it is measured again
        return None
    return row if row.key == key else None


def _find_release(contender: Entrant, request: BenchmarkRequest, progress: Progress) -> Path:
    """Return the release to be measured; a run's is made here, and kept beside the rows."""
    if contender.kind == "release":
        return contender.path
    release = request.out / "releases" / f"{contender.name}{SUFFIX}"
    stamp = release.with_suffix(".of")
    proof = _name_proof(contender, request)
    if release.is_file() and stamp.is_file() and stamp.read_text("utf-8") == proof:
        return release
    # torch is needed here and nowhere else in a benchmark: releases alone need none.
    from osteon.jobs.export import ExportRequest, export_release

    asked = ExportRequest(
        run=contender.path, out=release, films=request.films, unaudited=request.unaudited
    )
    export_release(asked, progress=progress)
    write_text(stamp, proof)
    return release


def _name_proof(contender: Entrant, request: BenchmarkRequest) -> str:
    """Return what a run's promises rest on, so that none is kept that would be made otherwise."""
    if contender.kind == "release":
        return contender.identity
    known = _describe_independence(
        read_grouped_manifest(RunFolder(path=contender.path).manifest, must_exist=False)
    )
    told = f"audit {known.audit or 'none'}, leaks {known.n_leaks}, unaudited {request.unaudited}"
    return f"{contender.identity} {told}"


def _publish(
    benchmark: Benchmark,
    manifest: Manifest,
    found: Sequence[_Measured],
    *,
    out: Path,
    progress: Progress,
) -> BenchmarkReport:
    data, table, galleries = out / "benchmark.json", out / "benchmark.md", out / "galleries"
    write_text(data, f"{benchmark.summarise()}\n")
    write_text(table, render_benchmark(benchmark))
    figures = draw_benchmark(benchmark, out)
    for one in found:
        folder = galleries / one.row.name
        stamp = folder / "drawn-of.txt"
        if stamp.is_file() and stamp.read_text("utf-8") == one.row.key:
            continue
        draw_galleries(one.row, one.release, manifest, folder, progress=progress)
        write_text(stamp, one.row.key)
    return BenchmarkReport(
        benchmark=benchmark,
        table=table,
        data=data,
        figures=figures,
        galleries=galleries,
        n_measured=sum(one.is_new for one in found),
    )
