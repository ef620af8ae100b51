"""A site sets where a picture is turned away as no limb or hip, by its own films or by hand."""

import math
import re
from collections.abc import Sequence
from typing import Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from osteon.collection.manifest import Manifest
from osteon.errors import MeasurementFault, SettingsFault
from osteon.inference.guard_network import load_guard_network
from osteon.inference.guards import build_guards, measure_looks
from osteon.inference.opening import OpenedFilm, open_in_order
from osteon.release import Guards, Preparation
from osteon.release.guards import SiteScope
from osteon.runs import is_drawn
from osteon.sandbox import WorkerPool
from osteon.settings import Settings
from osteon.terms import ManifestRow, Progress, no_progress

_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_LIMIT: Final = re.compile(r"limit=(-?\d+(?:\.\d+)?)")


class ScopeRequest(Settings):
    """How a site wants the scope's limit: one of the two.

    Attributes:
        max_share: Of the site's films that may be turned away, as no limb or hip, at most.
        limit: The limit itself.
    """

    max_share: float | None = Field(default=None, ge=0, le=0.5)
    limit: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.max_share is None) == (self.limit is None):
            raise ValueError("either a share or a limit is needed")
        return self


def choose_guards(manifest: Manifest, on_inverted: Literal["refuse", "correct"]) -> Guards:
    """Return the guards of a release that is made from a collection.

    Where the collection is drawn, what is no limb is read and said to be none: the guards were
    fitted to films, and a network that learnt drawings is asked about drawings.

    Args:
        manifest: What the release's network learnt from, or is calibrated on.
        on_inverted: What is done with a negative.
    """
    return build_guards(on_inverted, "read" if is_drawn(manifest) else "refuse")


def parse_scope(text: str) -> ScopeRequest:
    """Return what a person asked for in `--scope`.

    Args:
        text: "0.5%", or "limit=4.2".

    Raises:
        SettingsFault: If it is neither.
    """
    share, limit = _SHARE.fullmatch(text), _LIMIT.fullmatch(text)
    if share and float(share[1]) <= 50:
        return ScopeRequest(max_share=float(share[1]) / 100)
    if limit:
        return ScopeRequest(limit=float(limit[1]))
    raise SettingsFault(
        "--scope",
        "must be a share of films such as 0.5%, at most 50%, or a limit such as limit=4.2",
        found=text,
        advice="The share is of your own films that may be turned away as no limb or hip; the "
        "limit stands in `osteon inspect`.",
    )


def fit_scope(
    asked: ScopeRequest,
    guards: Guards,
    logits: Sequence[float],
) -> Guards:
    """Return guards with the limit that a site asked for.

    A share never makes the limit stricter than it was: the site's films have to be read, and say
    nothing of the strangers that the limit keeps out.

    Args:
        asked: A share or a limit.
        guards: The release's.
        logits: Scope logits of the site's films, by the release's own network.

    Raises:
        MeasurementFault: If there are no films.
    """
    if not logits:
        raise MeasurementFault("--scope", "films that can be opened are needed", found="none")
    measured = np.sort(np.asarray(logits, dtype=np.float64))
    limit = asked.limit
    if limit is None:
        assert asked.max_share is not None
        n_refused = math.floor(asked.max_share * measured.size)
        limit = max(guards.max_scope_logit, float(measured[-1 - n_refused]))
    doubt = guards.doubt_scope_logit
    scope = SiteScope(
        released=guards.site_scope.released if guards.site_scope else guards.max_scope_logit,
        max_share=asked.max_share,
        n_films=measured.size,
        n_refused=int((measured > limit).sum()),
        n_refused_before=int((measured > guards.max_scope_logit).sum()),
    )
    return guards.model_copy(
        update={
            "max_scope_logit": limit,
            "doubt_scope_logit": None if doubt is None else min(doubt, limit),
            "site_scope": scope,
        }
    )


def measure_scope(
    manifest: Manifest,
    rows: Sequence[ManifestRow],
    guards: Guards,
    preparation: Preparation,
    *,
    progress: Progress = no_progress,
) -> list[float]:
    """Return how little each film that opens looks like a limb or hip, by a release's own guards.

    Args:
        manifest: The site's films.
        rows: Those that are to be measured.
        guards: The release's.
        preparation: The release's.
        progress: Called once per film.
    """
    logits: list[float] = []
    with WorkerPool() as pool:
        paths = (manifest.films_path(row) for row in rows)
        side = load_guard_network(guards.network).side
        for done, (_, film) in enumerate(open_in_order(paths, pool, preparation, side=side), 1):
            if isinstance(film, OpenedFilm):
                measures = measure_looks(film.looks, guards.network)
                if measures.spread >= guards.min_spread:
                    logits.append(measures.scope_logit)
            progress("measuring the scope", done, len(rows))
    return logits
