"""Who takes part in a benchmark, and whether it is fair: the same films, learnt from by none."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from osteon.collection.groups import read_grouped_manifest
from osteon.collection.manifest import Manifest, read_manifest
from osteon.errors import LeakFound, ManifestFault, RunFault, SettingsFault
from osteon.inference.bundled import locate_release
from osteon.jobs.evaluate import describe_run
from osteon.release import SUFFIX, ReleaseCard, read_release
from osteon.runs import RunFolder, hash_manifest
from osteon.terms import ManifestRow
from osteon.wording import say_count

UNKNOWN_FILMS: Final = (
    "The films that this network learnt from are unknown. If any of the films here, or copies of "
    "them, are among those, every number here flatters it; nothing in the file can tell."
)
OTHER_COLLECTION: Final = (
    "It learnt from another collection than these films are of; its promises were certified there. "
    "Whether some of these films are copies of its own, `osteon audit --against` tells."
)
OTHER_PROMISES: Final = "Its calibration and its promises rest on other films than these."


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One model that is to be measured.

    Attributes:
        name: In the table.
        kind: "run" is exported for this; "release" is taken as it is.
        path: As the person gave it.
        identity: SHA-256 of what it is: the release's file, or the run's best weights and recipe.
        epochs: How many were trained, and the best of them; None where that is not known.
        notes: What a reader of its numbers must know.
    """

    name: str
    kind: Literal["run", "release"]
    path: Path
    identity: str
    epochs: tuple[int, int] | None
    notes: tuple[str, ...]


def choose_manifest(
    paths: Sequence[Path], collection: Path | None, *, films: Path | None = None
) -> Manifest:
    """Return the collection that everybody is measured on.

    Args:
        paths: Runs and releases.
        collection: The manifest that the person named; None is the first run's.
        films: Where its films lie, if not where it says.

    Raises:
        SettingsFault: If only releases were given, and no collection.
        RunFault: If the first of the others is no run.
        ManifestFault: If it has no test split.
    """
    if collection is None:
        runs = [path for path in paths if not _is_release(path)]
        if not runs:
            raise SettingsFault(
                "--collection",
                "a manifest is needed where only releases are compared",
                advice="A release does not bring its films: name the manifest whose test films "
                "are to be read.",
            )
        collection = RunFolder(path=runs[0]).manifest
        if not collection.is_file():
            raise RunFault(str(runs[0]), "must be the folder of a run, or a release")
    manifest = read_grouped_manifest(collection, films=films)
    if not any(row.split == "test" for row in manifest.rows):
        raise ManifestFault(
            str(collection),
            "a benchmark is measured on a test split",
            found="none",
            advice="Split the collection with `osteon split`, and train on that.",
        )
    return manifest


def find_contenders(
    paths: Sequence[Path], names: Sequence[str], manifest: Manifest
) -> tuple[Contender, ...]:
    """Return the models, each under a name of its own, after the checks that the race is fair.

    Args:
        paths: Runs and releases, in the order of the table.
        names: One for each, or none: then folders and files give them.
        manifest: The collection of the benchmark.

    Raises:
        SettingsFault: If names are too few, too many or not unlike.
        RunFault: If a folder is no finished run.
        ReleaseFault: If a release does not stand its checks.
        ManifestFault: If one was split otherwise than the collection.
        LeakFound: If one has learnt from a test film, or nobody can tell.
    """  # noqa: DOC502 — opening them raises some
    if names and len(names) != len(paths):
        raise SettingsFault(
            "--name", f"must be given {len(paths)} times, once for each model", found=len(names)
        )
    told = list(names) or [path.stem if _is_release(path) else path.name for path in paths]
    twice = sorted({name for name in told if told.count(name) > 1})
    if twice:
        raise SettingsFault(
            "--name", "every model needs a name of its own", found=twice[0], advice="Name them all."
        )
    if unsafe := [name for name in told if not name or name != Path(name).name or name[0] == "."]:
        raise SettingsFault("--name", "must be able to name a file", found=unsafe[0])
    return tuple(
        _open_release(path, name, manifest)
        if _is_release(path)
        else _open_run(path, name, manifest)
        for path, name in zip(paths, told, strict=True)
    )


def check_films(rows: Sequence[ManifestRow], manifest: Manifest, *, where: str) -> None:
    """Make sure that a run was split as the collection of the benchmark is.

    Args:
        rows: Of the run's own manifest.
        manifest: The collection of the benchmark.
        where: Starts a refusal.

    Raises:
        LeakFound: If the run learnt from a test film of the benchmark, or from a copy of one.
        ManifestFault: If its films differ otherwise.
    """
    if hash_manifest(Manifest(root=manifest.root, rows=tuple(rows))) == hash_manifest(manifest):
        return
    test = [row for row in manifest.rows if row.split == "test"]
    known = {row.sha256 for row in rows if row.split in {"train", "tune"}}
    # Another manifest may number its groups otherwise: they are ours that are asked.
    groups = {row.group for row in manifest.rows if row.group and row.sha256 in known}
    leaks = [row for row in test if row.sha256 in known or row.group in groups]
    if leaks:
        raise LeakFound(
            where,
            "must not have learnt from the benchmark's test films, nor from films of their groups",
            found=f"{len(leaks)} of {len(test)} that it has, such as {leaks[0].path}",
            advice="Train it on the collection that the others were trained on.",
        )
    raise ManifestFault(
        where,
        "must have been trained on the collection of the benchmark, split as it is",
        found="; ".join(_tell_differences(rows, manifest.rows)),
        advice="Give the manifest with --collection, or train it anew on the same one.",
    )


def _is_release(path: Path) -> bool:
    return path.suffix == SUFFIX or (not path.is_dir() and locate_release(path) != path)


def _open_run(path: Path, name: str, manifest: Manifest) -> Contender:
    run = RunFolder(path=path)
    facts = run.read_facts()
    best = run.checkpoints / "best.ckpt"
    if not best.is_file():
        raise RunFault(str(path), "must be a finished run, with its best weights", found="none")
    rows = read_manifest(run.manifest, must_exist=False).rows
    check_films(rows, manifest, where=str(path))
    digest = hashlib.sha256(best.read_bytes())
    digest.update(run.recipe.read_bytes())
    n_epochs = max(0, len(run.history.read_text(encoding="utf-8").splitlines()) - 1)
    return Contender(
        name=name,
        kind="run",
        path=path,
        identity=digest.hexdigest(),
        epochs=(n_epochs, int(facts.get("best_epoch", 0))),
        notes=describe_run(facts),
    )


def _open_release(path: Path, name: str, manifest: Manifest) -> Contender:
    file = locate_release(path)
    card = read_release(file).card
    return Contender(
        name=name,
        kind="release",
        path=file,
        identity=hashlib.sha256(file.read_bytes()).hexdigest(),
        epochs=None,
        notes=(*_check_release(card, manifest, where=str(path)), *card.notes),
    )


def _check_release(card: ReleaseCard, manifest: Manifest, *, where: str) -> tuple[str, ...]:
    """Return what must be said of a release on these films.

    Raises:
        LeakFound: If it learnt from this collection under another split: nobody can tell then
            whether from a test film.
    """
    ours = hash_manifest(manifest)
    if card.trained_on is None:
        own = card.tested_on.manifest_sha256 == ours
        # Its own notes say UNKNOWN_FILMS where it was adopted by this version.
        known = () if UNKNOWN_FILMS in card.notes else (UNKNOWN_FILMS,)
        return known if own else (*known, OTHER_PROMISES)
    if card.trained_on.manifest_sha256 == ours:
        same = card.tested_on.manifest_sha256 == ours
        return () if same else (OTHER_PROMISES,)
    theirs = set(card.trained_on.collection.split(", "))
    shared = sorted(theirs & {row.collection for row in manifest.rows})
    if shared:
        raise LeakFound(
            where,
            "must not have learnt from the benchmark's test films",
            found=f"a release trained on {', '.join(shared)} under another split: manifest "
            f"{card.trained_on.manifest_sha256[:16]}, the benchmark's {ours[:16]}",
            advice="Its file does not list its films, so nobody can tell. Give its run's folder, "
            "or its own manifest with --collection.",
        )
    return (OTHER_COLLECTION,)


def _tell_differences(theirs: Sequence[ManifestRow], ours: Sequence[ManifestRow]) -> Iterator[str]:
    mine, its = {row.path: row for row in ours}, {row.path: row for row in theirs}
    kinds = (
        ("only in its manifest", sorted(its.keys() - mine.keys())),
        ("only in the benchmark's", sorted(mine.keys() - its.keys())),
        ("of other content", _unlike(mine, its, "sha256")),
        ("with another label", _unlike(mine, its, "has_fracture")),
        ("in another split", _unlike(mine, its, "split")),
    )
    for what, paths in kinds:
        if paths:
            yield f"{say_count(len(paths), 'film')} {what}, such as {paths[0]}"


def _unlike(mine: dict[str, ManifestRow], its: dict[str, ManifestRow], fact: str) -> list[str]:
    return sorted(
        path
        for path in mine.keys() & its.keys()
        if getattr(mine[path], fact) != getattr(its[path], fact)
    )


def hash_settings(*parts: object) -> str:
    """Return the SHA-256 of plain values: equal parts, equal hash.

    Args:
        parts: What a result depends on, as JSON can hold it.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
