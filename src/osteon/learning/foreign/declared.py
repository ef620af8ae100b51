"""What a person says of a network from elsewhere: how it takes films and what its answer means.

Nothing of it can be told from the file, and a wrong word is not an error but a wrong answer. So
nothing has a default that a network could contradict.
"""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from osteon.release import Preparation
from osteon.settings import Settings


class ForeignInput(Settings):
    """How the network takes films.

    Attributes:
        name: Of the graph's input; empty where it has one only.
        layout: Order of the axes: films, channels, rows, columns ("NCHW", as torch) or films, rows,
            columns, channels ("NHWC", as Keras); "flat" is the latter with all but the films in
            one axis (scikit-learn).
        range: The values of black and white, such as [0, 1], [0, 255] or [-1, 1].
        mean: Subtracted afterwards, one per channel; empty for none.
        std: Divided by after that, one per channel; empty for none.
    """

    name: str = ""
    layout: Literal["NCHW", "NHWC", "flat"]
    range: tuple[float, float]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @field_validator("range")
    @classmethod
    def _rises(cls, values: tuple[float, float]) -> tuple[float, float]:
        if not values[0] < values[1]:
            raise ValueError("black must have the lower value: Osteon's films have bright bone")
        return values

    @field_validator("std")
    @classmethod
    def _divides(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not all(value > 0 for value in values):
            raise ValueError("every one must be above 0")
        return values


class ForeignOutput(Settings):
    """What the network's answer means.

    Attributes:
        name: Of the graph's output; empty where it has one only that could be the answer.
        kind: "probability" where a sigmoid or softmax stands at its end, "logit" where none does.
        classes: Names of the classes 0 and 1, as it was trained. An answer of two columns has one
            for each, in this order; the higher an answer of one column, the surer is class 1.
        positive: The one of them that means a fracture.
        evidence: Name of an output, shape (films, map rows, map columns), that is high where the
            network sees a fracture; empty for none: evidence is then had by occlusion.
    """

    name: str = ""
    kind: Literal["logit", "probability"]
    classes: tuple[str, str]
    positive: str
    evidence: str = ""

    @model_validator(mode="after")
    def _names_a_class(self) -> Self:
        if self.classes[0] == self.classes[1]:
            raise ValueError("classes must be two different names")
        if self.positive not in self.classes:
            raise ValueError(f"positive must be one of the classes: {', '.join(self.classes)}")
        return self

    @property
    def negative(self) -> str:
        """The other class."""
        return self.classes[1 - self.classes.index(self.positive)]


class AdoptSettings(Settings):
    """`adopt.toml`: what is declared of a network from elsewhere.

    Attributes:
        preparation: How a film becomes a picture of the network's size; all four keys are needed.
        input: How the network takes it.
        output: What its answer means.
        licence: Of the weights.
        attribution: Whom to name.
    """

    preparation: Preparation
    input: ForeignInput
    output: ForeignOutput
    licence: str = Field(default="not stated", min_length=1)
    attribution: str = Field(default="not stated", min_length=1)

    @field_validator("preparation")
    @classmethod
    def _is_whole(cls, how: Preparation) -> Preparation:
        missing = [name for name in type(how).model_fields if name not in how.model_fields_set]
        if missing:
            raise ValueError(f"must say how the network was trained; missing: {', '.join(missing)}")
        return how

    @model_validator(mode="after")
    def _fits_the_channels(self) -> Self:
        channels = self.preparation.channels
        for name in ("mean", "std"):
            values = getattr(self.input, name)
            if values and len(values) != channels:
                raise ValueError(
                    f"input.{name} must have one value for each of {channels} channels"
                )
        return self
