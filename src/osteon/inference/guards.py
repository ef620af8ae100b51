"""Guards: when Osteon does not answer, because a film is no limb or hip, or is a negative.

What they were built from, what they are worth and where they are weak stands in
`docs/results/guards.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from osteon.errors import ReleaseFault
from osteon.inference.guard_looks import take_looks
from osteon.inference.guard_network import (
    hash_guard_network,
    hash_guard_networks,
    load_guard_network,
    read_fitted,
    run_network,
)
from osteon.release.guards import Guards
from osteon.terms import Pixels8, Radiograph, Reason

_STRANGER: Final = "This does not look like a radiograph of a limb or hip"
_LIMITS: Final = "guards-2.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardMeasures:
    """What the guards measured of one film.

    Attributes:
        network: SHA-256 of the network that measured.
        spread: Standard deviation of the reduced film's greys, of 255.
        scope_logit: Higher is less like a radiograph of a limb or hip.
        polarity_logit: Higher is more like a negative, on which bone is dark.
    """

    network: str
    spread: float
    scope_logit: float
    polarity_logit: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the guards say of one film.

    Attributes:
        reasons: For a radiologist; empty where nothing is wrong.
        is_refused: Whether the film is not to be read.
        is_inverted: Whether bone is dark; where the film is not refused, its negative is read.
    """

    reasons: tuple[Reason, ...]
    is_refused: bool
    is_inverted: bool


def measure_guards(radiograph: Radiograph, *, network: str | None = None) -> GuardMeasures:
    """Measure whether a film is one that Osteon reads.

    Args:
        radiograph: The film, whole.
        network: SHA-256 of the network that a release's limits were fitted to; the newest if None.

    Returns:
        Plain numbers; `judge` says what they mean.
    """
    sha256 = network or hash_guard_network()
    return measure_looks(take_looks(radiograph.pixels, load_guard_network(sha256).side), sha256)


def measure_looks(looks: Pixels8, network: str) -> GuardMeasures:
    """Measure whether a film is one that Osteon reads, by what was kept of it.

    Args:
        looks: From `take_looks`, shape `(looks, side, side)`.
        network: SHA-256 of the network.
    """
    logits = run_network(looks, load_guard_network(network))
    return GuardMeasures(
        network=network,
        spread=round(float(looks[0].std()), 4),
        scope_logit=float(logits[0, 0]),
        # A wide light frame makes a film look like a negative; a negative looks like one without.
        polarity_logit=float(logits[:, 1].min()),
    )


def judge(measures: GuardMeasures, guards: Guards) -> Verdict:
    """Return whether a film is to be read, and why not, or what is to be said of it.

    Args:
        measures: From `measure_guards`, by the network that the limits were fitted to.
        guards: The release's limits.
    """
    assert measures.network == guards.network
    if measures.spread < guards.min_spread:
        return _refuse("blank", "The picture is blank: there is nothing on it to read.")
    is_stranger = measures.scope_logit > guards.max_scope_logit
    if is_stranger and guards.on_stranger == "refuse":
        return _refuse("out-of-scope", f"{_STRANGER}, and Osteon reads nothing else.")
    reasons = tuple(_doubt(measures, guards))
    if measures.polarity_logit <= guards.max_polarity_logit:
        return Verdict(reasons=reasons, is_refused=False, is_inverted=False)
    if guards.on_inverted == "refuse":
        return _refuse(
            "inverted",
            "The film looks like a negative: bone is dark. Invert it, or correct the header's "
            "photometric interpretation, and read it again.",
            is_inverted=True,
        )
    reason = Reason(
        code="inverted",
        text="The film looked like a negative, with dark bone; it was inverted before reading.",
    )
    return Verdict(reasons=(*reasons, reason), is_refused=False, is_inverted=True)


def build_guards(
    on_inverted: Literal["refuse", "correct"] = "refuse",
    on_stranger: Literal["refuse", "read"] = "refuse",
) -> Guards:
    """Return the limits that were fitted with this version's network.

    Args:
        on_inverted: What is done with a negative.
        on_stranger: What is done with what is no radiograph of a limb or hip.

    Raises:
        ReleaseFault: If the package's network is not the one that they were fitted to.
    """
    fitted = Guards.model_validate_json(read_fitted(_LIMITS))
    check_guards(fitted)
    return fitted.model_copy(update={"on_inverted": on_inverted, "on_stranger": on_stranger})


def check_guards(guards: Guards) -> None:
    """Make sure that a release's limits were fitted to a network that this Osteon has.

    Args:
        guards: The release's limits.

    Raises:
        ReleaseFault: If they belong to another network.
    """
    if guards.network not in hash_guard_networks():
        raise ReleaseFault(
            "release.json, guards.network",
            "must name guards that this version of Osteon brings",
            found=guards.network[:16],
            advice="Export the release again with this version, or install the one that made it.",
        )


def _doubt(measures: GuardMeasures, guards: Guards) -> Iterator[Reason]:
    """Yield what is to be said of a film that is read although it may be no limb, or a negative."""
    if measures.scope_logit > guards.max_scope_logit:
        yield Reason(
            code="out-of-scope",
            text=f"{_STRANGER}; it was read all the same, as was asked for. The answer means "
            "nothing unless the film shows one.",
        )
    elif guards.doubt_scope_logit is not None and measures.scope_logit > guards.doubt_scope_logit:
        yield Reason(
            code="scope-doubtful",
            text="This may not be a radiograph of a limb or hip, or it is an unusual one: look at "
            "the film before the answer.",
        )
    doubt = guards.doubt_polarity_logit
    if doubt is not None and doubt < measures.polarity_logit <= guards.max_polarity_logit:
        yield Reason(
            code="polarity-doubtful",
            text="This may be a negative, with dark bone; it was read as it is. If bone is dark, "
            "invert it and read it again.",
        )


def _refuse(code: str, text: str, *, is_inverted: bool = False) -> Verdict:
    reason = Reason(code=code, text=text)
    return Verdict(reasons=(reason,), is_refused=True, is_inverted=is_inverted)
