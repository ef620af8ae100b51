"""When a film is not read: the limits that travel inside a release."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class SiteScope(BaseModel):
    """How a site came to its own limit of the scope.

    Attributes:
        released: The limit before, as the release had it.
        max_share: Of the site's films that were to be turned away at most; None where a person
            set the limit.
        n_films: Of the site's films that chose the limit or, where it was set, were looked at.
        n_refused: Of them, turned away by the new limit.
        n_refused_before: Of them, turned away by the limit before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    released: _Finite
    max_share: float | None = Field(default=None, ge=0, le=1)
    n_films: int = Field(gt=0)
    n_refused: int = Field(ge=0)
    n_refused_before: int = Field(ge=0)


class Guards(BaseModel):
    """The limits at which a film is doubted, turned away, or turned about.

    Attributes:
        network: SHA-256 of the guards' own network, 64 hex digits: its limits fit no other.
        min_spread: Films whose greys spread by less, of 255, show nothing.
        doubt_scope_logit: Above it a film may be no radiograph of a limb or hip: it is read, and
            the reading says so. None in releases from before there was such a limit.
        max_scope_logit: Above it a picture is no radiograph of a limb or hip.
        doubt_polarity_logit: Above it bone may be dark: the film is read as it is, and the reading
            says so. None in releases from before there was such a limit.
        max_polarity_logit: Above it bone is dark and the film is a negative.
        on_inverted: "refuse" a negative, or "correct" it, read it, and say so.
        on_stranger: "refuse" what is no radiograph of a limb or hip, or "read" it and say so.
        site_scope: How a site came to `max_scope_logit`; None where it is the one fitted to films.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str = Field(pattern=r"^[0-9a-f]{64}$")
    min_spread: float = Field(ge=0, allow_inf_nan=False)
    doubt_scope_logit: _Finite | None = None
    max_scope_logit: _Finite
    doubt_polarity_logit: _Finite | None = None
    max_polarity_logit: _Finite
    on_inverted: Literal["refuse", "correct"] = "refuse"
    on_stranger: Literal["refuse", "read"] = "refuse"
    site_scope: SiteScope | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        for name in ("scope", "polarity"):
            doubt, most = getattr(self, f"doubt_{name}_logit"), getattr(self, f"max_{name}_logit")
            if doubt is not None and doubt > most:
                raise ValueError(f"doubt_{name}_logit must not lie above max_{name}_logit")
        return self
