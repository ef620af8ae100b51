"""What learning hands to reading: how a film is prepared, and which way the answer points.

The frozen records and how they are applied live here, with numpy only; how they are fitted lives
in `evaluation` and `learning`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

POSITIVE_CLASS = "fracture"
"""The class whose probability a network gives. Carried by name; no folder order decides it."""


class Preparation(BaseModel):
    """How a film becomes network input. Settings travel inside the recipe, the run and the release.

    Attributes:
        rows: Height of the network's input in pixels.
        columns: Width of the network's input in pixels.
        channels: 1, or 3 equal channels for networks that were made for colour.
        fit: "squash" stretches the film to the input as both seeds did; "letterbox" keeps its
            aspect and fills the rest with black.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=224, ge=16, le=2048)
    columns: int = Field(default=224, ge=16, le=2048)
    channels: Literal[1, 3] = 1
    fit: Literal["squash", "letterbox"] = "letterbox"


class NetworkCard(BaseModel):
    """What an exported network says about itself, inside its own file.

    Attributes:
        recipe: Name of the recipe that made it.
        positive_class: What a high logit means; anything but "fracture" is refused on loading.
        preparation: How a film becomes its input.
        trained_on_phantoms: Whether its films were drawn; then it says nothing about patients.
        evidence: What its graph gives as evidence, where it gives any: "grad-cam", in units of its
            own, or a "map" learnt from masks: per cell, how likely a fracture shows, in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    positive_class: Literal["fracture"] = "fracture"
    preparation: Preparation
    trained_on_phantoms: bool = False
    evidence: Literal["grad-cam", "map"] = "grad-cam"


NETWORK_CARD_KEY = "osteon"
"""Where the card lies in the ONNX file's metadata, as JSON."""
