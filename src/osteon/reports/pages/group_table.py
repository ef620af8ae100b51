"""A release's numbers by kind of film, as tables."""

from collections.abc import Iterator
from typing import Final

from osteon.evaluation.groups import GroupMeasures, GroupReport
from osteon.release import Measure
from osteon.release.card import ECE

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
