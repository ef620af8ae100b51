"""A release's numbers by kind of film: the record that `osteon evaluate` writes, and its tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from osteon.errors import FolderNotFound, ManifestFault
from osteon.release import Measure
from osteon.release.card import ECE, Independence
from osteon.settings import Settings

GROUPS_FILE: Final = "groups.json"
"""Its name in a folder of results."""

TITLES: Final = {
    "body_region": "Region",
    "view": "View",
    "hardware": "Hardware (metal)",
    "film_size": "Film size, longer side",
}

NOT_CLEARED: Final = 'fractured, not called "no fracture"'
CLEARED: Final = 'normal, called "no fracture"'
NOT_ACCUSED: Final = 'normal, not called "fracture"'
DOUBT: Final = 'called "doubt"'
CALIBRATION: Final = ECE

COLUMNS: Final = (
    "",
    "films (fractured)",
    "AUROC",
    NOT_CLEARED,
    CLEARED,
    NOT_ACCUSED,
    "in doubt",
    "ECE, bias-corrected",
)
_SHOWN: Final = ("auroc", NOT_CLEARED, CLEARED, NOT_ACCUSED, DOUBT, CALIBRATION)


class GroupMeasures(Settings):
    """What was measured on the films of one kind.

    Attributes:
        covariate: Such as "body_region".
        value: Such as "hand".
        n_films: Films of this kind; a film of two kinds counts under both.
        n_fractured: Those with a fracture.
        n_groups: Copies and patients together.
        measures: As in a release's card; those that so few films cannot tell are left out.
    """

    covariate: str
    value: str
    n_films: int
    n_fractured: int
    n_groups: int
    measures: tuple[Measure, ...]

    def find(self, name: str) -> Measure | None:
        """Return one number, or None where it was not measured.

        Args:
            name: Such as "auroc".
        """
        return next((one for one in self.measures if one.name == name), None)


class GroupReport(Settings):
    """A release's numbers by kind of film, with what they belong to.

    Attributes:
        release: Name and version of the release.
        release_sha256: Of its file.
        collection: The films' name.
        manifest_sha256: Of paths, content, labels and splits.
        split: "train", "tune", "test" or "all".
        certified_it: Whether these films certified the release.
        independence: Of the films; None in results of an Osteon that did not record it.
        whole: On all of them: `covariate` and `value` are "all".
        groups: By kind; many numbers are many comparisons.
    """

    release: str
    release_sha256: str
    collection: str
    manifest_sha256: str
    split: str
    certified_it: bool
    independence: Independence | None = None
    whole: GroupMeasures
    groups: tuple[GroupMeasures, ...]


def read_groups(results: Path) -> GroupReport:
    """Return the numbers by kind of film that lie in a folder of results.

    Args:
        results: The folder that `osteon evaluate NAME.osteon MANIFEST` wrote, or the file in it.

    Raises:
        FolderNotFound: If there is no such file.
        ManifestFault: If it is not what was written.
    """
    path = results / GROUPS_FILE if results.is_dir() else results
    advice = "Make it with `osteon evaluate NAME.osteon MANIFEST`."
    if not path.is_file():
        raise FolderNotFound(str(path), "results of a release are needed here", advice=advice)
    try:
        return GroupReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as fault:
        raise ManifestFault(
            str(path), "must be results of a release, as they were written", advice=advice
        ) from fault


def lay_out_groups(report: GroupReport) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Yield a title and a table, in the columns `COLUMNS`, for each thing that sets films apart.

    Args:
        report: The numbers.
    """
    for covariate in dict.fromkeys(group.covariate for group in report.groups):
        of_it = [group for group in report.groups if group.covariate == covariate]
        rows = [_lay_out(group) for group in of_it]
        yield TITLES.get(covariate, covariate), (*rows, _lay_out(report.whole))


def say_measure(measure: Measure | None) -> str:
    """Return a number in a table's cell, with its counts and its interval; a dash for none.

    Args:
        measure: Of a release.

    Example:
        >>> say_measure(Measure(name="x", value=0.9, low=0.5, high=0.95, hits=9, n=10))
        '90.0 % (50.0–95.0), 9 of 10'
    """
    if measure is None or measure.value is None:
        return "–"
    is_share = measure.hits is not None and measure.name != "auroc"
    scale, places, sign = (100, 1, " %") if is_share else (1, 3, "")
    said = f"{scale * measure.value:.{places}f}{sign}"
    if measure.low is not None and measure.high is not None:
        said += f" ({scale * measure.low:.{places}f}–{scale * measure.high:.{places}f})"
    return f"{said}, {measure.hits:,} of {measure.n:,}" if is_share else said


def _lay_out(group: GroupMeasures) -> tuple[str, ...]:
    return (
        group.value,
        f"{group.n_films:,} ({group.n_fractured:,})",
        *(say_measure(group.find(name)) for name in _SHOWN),
    )
