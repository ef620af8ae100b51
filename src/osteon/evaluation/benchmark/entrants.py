"""Who takes part in a benchmark, and whether it is fair: the same films, learnt from by none."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from osteon.collection.groups import read_grouped_manifest
from osteon.collection.manifest import Manifest, read_manifest
from osteon.collection.recognition import identify_films
from osteon.errors import LeakFound, ManifestFault, RunFault, SettingsFault
from osteon.evaluation.learnt import LearntFilms, judge_films
from osteon.inference.bundled import locate_release
from osteon.release import SUFFIX, FilmList, Release, read_release
from osteon.release.card import UNKNOWN_FILMS
from osteon.runs import RunFolder, describe_differences, describe_run, hash_manifest
from osteon.terms import ManifestRow, Progress, no_progress

OTHER_COLLECTION: Final = (
    "It was made of another manifest than this one; its promises were certified there. It may have "
    "learnt from some of these films, or from copies of them: `osteon audit --against` tells."
)
OTHER_PROMISES: Final = "Its calibration and its promises rest on other films than these."


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Entrant:
    """One model that is to be measured.

    Attributes:
        name: In the table.
        kind: "run" is exported for this; "release" is taken as it is.
        path: As the person gave it.
        identity: SHA-256 of what it is: the release's file, or the run's best weights and recipe.
        epochs: How many were trained, and the best of them; None where that is not known.
        notes: What a reader of its numbers must know.
        films: Those that a release was made of; None where it does not list them, and for a run.
        is_own: Whether it was trained and split as the benchmark is, which settles that it learnt
            from none of the test films.
    """

    name: str
    kind: Literal["run", "release"]
    path: Path
    identity: str
    epochs: tuple[int, int] | None
    notes: tuple[str, ...]
    films: FilmList | None = None
    is_own: bool = True


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


def find_entrants(
    paths: Sequence[Path], names: Sequence[str], manifest: Manifest
) -> tuple[Entrant, ...]:
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
    """
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
        found="; ".join(
            describe_differences(rows, manifest.rows, ("its manifest", "the benchmark's"))
        ),
        advice="Give the manifest with --collection, or train it again on the same one.",
    )


def find_learnt_films(
    contenders: Sequence[Entrant],
    manifest: Manifest,
    films: Sequence[ManifestRow],
    *,
    progress: Progress = no_progress,
) -> dict[str, LearntFilms]:
    """Find the test films that releases learnt from which were not split as the benchmark is.

    Args:
        contenders: The models.
        manifest: The collection of the benchmark, with groups.
        films: Its test films.
        progress: Called once per film that is compared.

    Returns:
        By the name of each such release, what it learnt from.
    """
    strangers = [contender for contender in contenders if not contender.is_own]
    if all(contender.films is None for contender in strangers):
        return {contender.name: LearntFilms(is_known=False) for contender in strangers}
    known_by = identify_films(manifest, films, progress=progress)
    return {
        contender.name: judge_films(contender.films, manifest, films, known_by=known_by)
        for contender in strangers
    }


def _is_release(path: Path) -> bool:
    return path.suffix == SUFFIX or (not path.is_dir() and locate_release(path) != path)


def _open_run(path: Path, name: str, manifest: Manifest) -> Entrant:
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
    return Entrant(
        name=name,
        kind="run",
        path=path,
        identity=digest.hexdigest(),
        epochs=(n_epochs, int(facts.get("best_epoch", 0))),
        notes=describe_run(facts),
    )


def _open_release(path: Path, name: str, manifest: Manifest) -> Entrant:
    file = locate_release(path)
    release = read_release(file)
    card = release.card
    return Entrant(
        name=name,
        kind="release",
        path=file,
        identity=hashlib.sha256(file.read_bytes()).hexdigest(),
        epochs=None,
        notes=(*_check_release(release, manifest, where=str(path)), *card.notes),
        films=release.films,
        is_own=card.trained_on is not None
        and card.trained_on.manifest_sha256 == hash_manifest(manifest),
    )


def _check_release(release: Release, manifest: Manifest, *, where: str) -> tuple[str, ...]:
    """Return what must be said of a release on these films.

    Raises:
        LeakFound: If it learnt from this collection under another split, and does not list its
            films: nobody can tell then whether from a test film.
    """
    card, is_listed = release.card, release.films is not None and release.films.has_training
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
    if shared and is_listed:
        return (OTHER_PROMISES,)
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


def hash_settings(*parts: object) -> str:
    """Return the SHA-256 of plain values: equal parts, equal hash.

    Args:
        parts: What a result depends on, as JSON can hold it.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
