"""From a folder of films to a collection that can be learnt from: import, audit, clean, split."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from osteon.api import AnyPath, to_path
from osteon.errors import SettingsFault, missing_extras_named
from osteon.terms import Progress, no_progress

if TYPE_CHECKING:
    from osteon.jobs.audit import AuditResult
    from osteon.jobs.clean import CleaningOutcome
    from osteon.jobs.import_ import Imported
    from osteon.jobs.split import SplitOutcome


def import_films(
    folder: AnyPath,
    out: AnyPath | None = None,
    *,
    positive: Sequence[str] = (),
    negative: Sequence[str] = (),
    films: AnyPath | None = None,
    patient_salt: str | None = None,
    progress: Progress = no_progress,
) -> "Imported":
    """Make a manifest of a folder of films, as `osteon import` does.

    Args:
        folder: The collection, or its table where that is a `.csv`.
        out: The manifest to write, `.parquet` or `.csv`; None writes nothing.
        positive: Names of classes that mean a fracture, where their names do not say it.
        negative: Names of classes that mean none.
        films: Where a table's films lie.
        patient_salt: Equal salts turn equal patients into equal pseudonyms; by default it is new
            every time and kept nowhere.
        progress: Called once per film.

    Returns:
        `manifest`, and `summary` with the counts and everything that was left out.

    Raises:
        FolderNotFound: If there is no such folder.
        LayoutFault: If the folder cannot be understood.
        MissingExtra: If `osteon[audit]` is not installed.
        OutputFault: If `out` cannot be written.
        SettingsFault: If one name is given for both classes.
    """
    with missing_extras_named("osteon.import_films"):
        from osteon.jobs import import_

        imported = import_.import_films(
            Path(folder),
            positive=positive,
            negative=negative,
            films=to_path(films),
            patient_salt=patient_salt,
            progress=progress,
        )
        if out is not None:
            imported.manifest.write(out)
        return imported


def audit(
    manifest: AnyPath,
    out: AnyPath | None = None,
    *,
    against: AnyPath | None = None,
    quick: bool = False,
    films: AnyPath | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> "AuditResult":
    """Find what is wrong with a collection, as `osteon audit` does.

    Args:
        manifest: The collection's manifest.
        out: A folder for `report.html` and `audit.json`; None writes nothing.
        against: The manifest of another collection: which of these films does it hold too?
        quick: Whether to ask the manifest alone, and open no film.
        films: The films' folder, where it is not the one that the manifest names.
        workers: Threads; None for one on each core. They change no result.
        progress: Called as the work goes on.

    Returns:
        `flaws` one by one, and `summary` with the counts.

    Raises:
        FolderNotFound: If a manifest or `films` does not exist.
        ManifestFault: If a file is not a manifest, or none of its films can be looked at.
        MissingExtra: If `osteon[audit]` is not installed.
        OutputFault: If the folder cannot be written.
        SettingsFault: If `quick` is asked for together with `against`.
    """
    with missing_extras_named("osteon.audit"):
        from osteon.jobs.audit import audit_collection

        return audit_collection(
            Path(manifest),
            to_path(out),
            films=to_path(films),
            against=to_path(against),
            quick=quick,
            workers=workers,
            progress=progress,
        )


def clean(
    manifest: AnyPath,
    audit: AnyPath,
    out: AnyPath,
    *,
    exclude: Sequence[str] = (),
    keep: Sequence[str] = (),
    deduplicate: bool = False,
    films: AnyPath | None = None,
) -> "CleaningOutcome":
    """Group copies and take out films that cannot be learnt from, as `osteon clean` does.

    Args:
        manifest: The collection's manifest.
        audit: The folder that the audit of this manifest wrote.
        out: The manifest to write; `NAME.excluded.csv` is written beside it.
        exclude: Rules to take films out for, beside those that always do.
        keep: Rules that always take films out, and shall not here.
        deduplicate: Whether to keep one copy of each picture.
        films: The films' folder, where it is not the one that the manifest names.

    Returns:
        What stays, and what left with its reasons.

    Raises:
        FolderNotFound: If the manifest, the audit or `films` does not exist.
        ManifestFault: If the manifest or the audit is broken, or they do not belong together.
        MissingExtra: If `osteon[audit]` is not installed.
        OutputFault: If `out` cannot be written, or is the manifest itself.
        SettingsFault: If a rule is unknown.
    """
    with missing_extras_named("osteon.clean"):
        from osteon.audit.cleaning_rules import CleaningRules
        from osteon.jobs.clean import clean_collection

        rules = CleaningRules(exclude=tuple(exclude), keep=tuple(keep), deduplicate=deduplicate)
        return clean_collection(
            Path(manifest), Path(audit), Path(out), how=rules, films=to_path(films)
        )


def split(
    manifest: AnyPath,
    out: AnyPath,
    *,
    train: float = 65,
    tune: float = 15,
    test: float = 20,
    salt: str = "osteon",
    same_picture: str | None = None,
    films: AnyPath | None = None,
) -> "SplitOutcome":
    """Place every film in train, tune or test, for good, as `osteon split` does.

    Copies of a picture and films of a patient stay together.

    Args:
        manifest: The collection's manifest.
        out: The manifest to write; may be the same file.
        train: Percent of the films to learn from.
        tune: Percent to choose on.
        test: Percent to measure on, once.
        salt: Any text; another salt gives another split.
        same_picture: A regular expression: films whose paths agree in its first group are one
            picture.
        films: The films' folder, where it is not the one that the manifest names.

    Returns:
        What each split holds, and what was set aside.

    Raises:
        FolderNotFound: If the manifest or `films` does not exist.
        ManifestFault: If the manifest is broken, or was split with another salt.
        MissingExtra: If `osteon[audit]` is not installed.
        OutputFault: If `out` cannot be written.
        SettingsFault: If the shares, the salt or the expression cannot be used.
    """
    with missing_extras_named("osteon.split"):
        from osteon.collection.splits import Shares
        from osteon.jobs.split import split_collection

        return split_collection(
            Path(manifest),
            Path(out),
            shares=Shares(train=train, tune=tune, test=test),
            salt=salt,
            same_picture=_pattern(same_picture),
            films=to_path(films),
        )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    """Return a regular expression.

    Raises:
        SettingsFault: If the text is none.
    """
    try:
        return None if text is None else re.compile(text)
    except re.error as fault:
        raise SettingsFault(
            "same_picture",
            f"must be a regular expression; it breaks at character {fault.pos}",
            found=text,
        ) from fault
