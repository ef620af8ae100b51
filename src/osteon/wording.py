"""How numbers are said in figures and texts: one way, everywhere."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a release's card is shown by the base install, which measures nothing
    from osteon.evaluation.decisions import DecisionMetrics
    from osteon.statistics.intervals import Interval
    from osteon.statistics.metrics import Metric, Metrics

NONE = "not defined"

DRAWN = "Drawn phantoms, not patients."

DO_NOT_SHARE = "Contains patient images: do not share."


def say_share(value: float | None) -> str:
    """Return a share in percent.

    Args:
        value: In [0, 1], or None.

    Example:
        >>> say_share(0.8134), say_share(None)
        ('81.3 %', 'not defined')
    """
    return NONE if value is None else f"{100 * value:.1f} %"


def say_interval(interval: "Interval | None") -> str:
    """Return an interval of a share in percent; empty where there is none.

    Args:
        interval: Its ends in [0, 1].

    Example:
        >>> from osteon.statistics.intervals import Interval
        >>> say_interval(Interval(low=0.5, high=0.75, confidence=0.95, method="Wilson"))
        '50.0 to 75.0 %'
    """
    return "" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"


def say_confidence(interval: "Interval | None") -> str:
    """Return how sure an interval is, such as "95 % interval"; empty where there is none.

    Args:
        interval: Any.
    """
    return "" if interval is None else f"{100 * interval.confidence:g} % interval"


def say_area(metric: "Metric") -> str:
    """Return an AUROC with its interval.

    Args:
        metric: Its value in [0, 1], or None.
    """
    if metric.value is None or metric.interval is None:
        return f"AUROC {NONE}: {metric.reason}"
    interval = metric.interval
    return (
        f"AUROC {metric.value:.3f} ({say_confidence(interval)} {interval.low:.3f} to"
        f" {interval.high:.3f})"
    )


def say_films(metrics: "Metrics | DecisionMetrics") -> str:
    """Return how many films in how many groups, the number on which intervals rest.

    Args:
        metrics: Of those films.
    """
    films = say_count(metrics.n_films, "film")
    if metrics.n_groups == metrics.n_films:
        return f"{films}, each a group of its own"
    return f"{films} in {say_count(metrics.n_groups, 'group')}"


def name_collection(name: str) -> str:
    """Return a collection's name so that it reads as one.

    Args:
        name: As the manifest has it; several are parted by commas.

    Example:
        >>> name_collection("films"), name_collection("a, b"), name_collection("")
        ('the collection "films"', 'the collections "a", "b"', 'a collection without a name')
    """
    names = [one for one in name.split(", ") if one]
    if not names:
        return "a collection without a name"
    told = ", ".join(f'"{one}"' for one in names)
    return f"the collection{'s' if len(names) > 1 else ''} {told}"


def name_counted(measure: str) -> str:
    """Return what a measure of a release was counted on, in the singular: not all count films.

    Args:
        measure: Its name.

    Example:
        >>> name_counted("auroc"), name_counted("ap50, all films"), name_counted("brier")
        ('pair', 'lesion', 'film')
    """
    counted = {"auroc": "pair", "findings": "finding", "ece of boxes": "finding"}
    counted |= {"lesions": "lesion", "ap50": "lesion", "ap30": "lesion"}
    return next((what for start, what in counted.items() if measure.startswith(start)), "film")


def name_release(release: str) -> str:
    """Return a release as a person reads it; readings hold its name and its version in one field.

    Args:
        release: The two, parted by a space.

    Example:
        >>> name_release("osteon-1 1"), name_release("wrist of Riga 2.0")
        ('osteon-1, version 1', 'wrist of Riga, version 2.0')
    """
    name, _, version = release.rpartition(" ")
    return f"{name}, version {version}" if name else release


def say_count(n: int, what: str) -> str:
    """Return a count with its noun, such as "1 film" or "2,390 films".

    Args:
        n: How many.
        what: The noun's singular; its plural takes an s.
    """
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
