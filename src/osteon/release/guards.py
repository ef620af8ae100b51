"""When a film is not read: the limits that travel inside a release."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Guards(BaseModel):
    """The limits at which a film is turned away, or turned about.

    Attributes:
        network: SHA-256 of the guards' own network, 64 hex digits: its limits fit no other.
        min_spread: Films whose greys spread by less, of 255, show nothing.
        max_scope_logit: Above it a picture is no radiograph of a limb or hip.
        max_polarity_logit: Above it bone is dark and the film is a negative.
        on_inverted: "refuse" a negative, or "correct" it, read it, and say so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str = Field(pattern=r"^[0-9a-f]{64}$")
    min_spread: float = Field(ge=0, allow_inf_nan=False)
    max_scope_logit: float = Field(allow_inf_nan=False)
    max_polarity_logit: float = Field(allow_inf_nan=False)
    on_inverted: Literal["refuse", "correct"] = "refuse"
