"""A recipe: network, augmentation, optimiser and schedule, as settings; ours lie here."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import Field, model_validator

from osteon.errors import SettingsFault
from osteon.release import Preparation
from osteon.settings import Settings, build_settings, parse_settings, read_settings

Fill = Literal["edge", "black"]
TargetMetric = Literal["accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "auroc"]


class NetworkSettings(Settings):
    """Which network, and where its first weights come from.

    Attributes:
        name: "cnn4", "cnn2", or "timm" for any network that timm knows.
        model: timm's name of the network, where `name` is "timm".
        arguments: Passed on to timm's builder, such as `pad_type = "same"`.
        pretrained: Start from ImageNet weights (a download, or `--init-weights FILE`).
        attention: Squeeze-excite or CBAM after each block of "cnn4".
        batch_norm: Momentum and epsilon of "cnn4": "keras" keeps 0.99 of the running statistics at
            each step and needs hundreds of steps to settle; "torch" keeps 0.9.
        pooling: How "cnn4" sums up its last map: "average" as the seed, or "max", which finds small
            things wherever they lie and learns them from fewer films.
        dropout: Whether "cnn4" drops features while it learns, as the seed does.
        mean: Subtracted from grey values in [0, 1], inside the network.
        std: Grey values less the mean are divided by this, inside the network.
        linear_first_block: Take the activation out of the first block's first convolution, as
            Google's MobileNetEdgeTPU has it and timm's has not.
        frozen_stages: How many of timm's first stages keep the weights they start with.
        localiser_width: Channels of the decoder of a network that learns from outlines where
            fractures show; 0 learns from labels of whole films alone.
        box_head: Whether such a network learns boxes too; needs `localiser_width`.
    """

    name: Literal["cnn4", "cnn2", "timm"]
    model: str = ""
    arguments: dict[str, str | int | float | bool] = Field(default_factory=dict)
    pretrained: bool = False
    attention: Literal["none", "squeeze-excite", "cbam"] = "none"
    batch_norm: Literal["keras", "torch"] = "torch"
    pooling: Literal["average", "max"] = "average"
    dropout: bool = True
    mean: float = 0.0
    std: float = Field(default=1.0, gt=0)
    linear_first_block: bool = False
    frozen_stages: int = Field(default=0, ge=0, le=4)
    localiser_width: int = Field(default=0, ge=0, le=512)
    box_head: bool = False

    @model_validator(mode="after")
    def _names_a_model(self) -> "NetworkSettings":
        if (self.name == "timm") != bool(self.model):
            raise ValueError('model is given exactly when name is "timm"')
        if self.name != "timm" and (
            self.linear_first_block or self.frozen_stages or self.localiser_width
        ):
            raise ValueError(
                "linear_first_block, frozen_stages and localiser_width are for timm's networks"
            )
        if self.box_head and not self.localiser_width:
            raise ValueError("box_head needs localiser_width: boxes are read from its decoder")
        return self


class AugmentationSettings(Settings):
    """Random changes to training films, drawn for each film; zero or false turns one off.

    Attributes:
        rotation_degrees: Films are rotated by an angle drawn from ± this.
        shift_share: Horizontal and vertical shift, drawn from ± this share of the side.
        zoom_share: Horizontal and vertical zoom, each drawn from 1 ± this.
        zoom: Both sides are zoomed alike by a factor drawn from this range, as often between 1/2
            and 1 as between 1 and 2.
        turned_share: Share of the films that are no close-ups, shown turned by any angle in the way
            that turned films are measured: whole, on a black canvas enlarged to hold them, which
            the letterbox then reduces; not shifted, not zoomed, not sheared.
        shear_degrees: Films are sheared by an angle drawn from ± this. Keras reads the seed's 0.2
            as degrees, and so do we.
        horizontal_flip: Mirror left and right, every second film.
        vertical_flip: Mirror top and bottom, every second film.
        fill: What a moved film shows where it ends: its edge, repeated, or black.
        brightness: Grey values are multiplied by a factor drawn from this range.
        gamma: Grey values are raised to a power drawn from this range.
        cap: On every second film, what is brighter than a level drawn from this range is made
            equal to it, and all is stretched again: metal is then as bright as bone.
        coarsen: Every second film is reduced to a share of its side drawn from this range, and
            enlarged again: sharpness then does not tell where a film comes from.
        close_zoom: How far a close-up zooms in: a factor drawn from this range; see
            `sampling.close_share`.
    """

    rotation_degrees: float = Field(default=0, ge=0, le=180)
    shift_share: float = Field(default=0, ge=0, lt=1)
    zoom_share: float = Field(default=0, ge=0, lt=1)
    zoom: tuple[float, float] = (1.0, 1.0)
    turned_share: float = Field(default=0, ge=0, le=1)
    shear_degrees: float = Field(default=0, ge=0, lt=45)
    horizontal_flip: bool = False
    vertical_flip: bool = False
    fill: Fill = "edge"
    brightness: tuple[float, float] = (1.0, 1.0)
    gamma: tuple[float, float] = (1.0, 1.0)
    cap: tuple[float, float] = (1.0, 1.0)
    coarsen: tuple[float, float] = (1.0, 1.0)
    close_zoom: tuple[float, float] = (1.25, 2.5)


class SamplingSettings(Settings):
    """Which films an epoch shows.

    Attributes:
        films: How many films an epoch shows; 0 shows every film once, and nothing else here counts.
        fractured_share: Share of these films with a fracture.
        hardware_weight: How often a film with hardware is drawn, against one without: in FracAtlas
            nearly every film with hardware is fractured.
        close_share: Share of these films shown as close-ups: of a fracture where there is one, of
            any place where there is none, so that a close-up says nothing about the label.
        hard_share: Share of the films without a fracture that are drawn by the loss that they last
            had: the higher, the oftener.
        hard_after: Share of the epochs after which `hard_share` begins.
    """

    films: int = Field(default=0, ge=0)
    fractured_share: float = Field(default=0.5, gt=0, lt=1)
    hardware_weight: float = Field(default=1.0, ge=0, le=1)
    close_share: float = Field(default=0.0, ge=0, le=1)
    hard_share: float = Field(default=0.0, ge=0, le=1)
    hard_after: float = Field(default=1 / 3, ge=0, le=1)


class LossSettings(Settings):
    """What a network that learns places is asked for beside the film's label.

    Attributes:
        focal_weight: Weight of the focal loss over the map's cells.
        dice_weight: Weight of the overlap with the mask, on films that have one.
        branch_weight: Weight of each branch's own cross-entropy.
        box_weight: Weight of all that is asked of a box head, whose parts have weights of their
            own.
        box_score_weight: Weight of the cross-entropy of scores against the IoU that they promise.
        box_overlap_weight: Weight of one minus the complete IoU.
        box_sides_weight: Weight of the cross-entropy of the distances to the sides.
        consistency_weight: Weight of the squared difference of the logits of one film, shown twice.
        consistency_films: How many films of a batch are shown twice, changed differently each
            time, where `consistency_weight` is not 0; close-ups are not.
    """

    focal_weight: float = Field(default=1.0, ge=0)
    dice_weight: float = Field(default=1.0, ge=0)
    branch_weight: float = Field(default=0.3, ge=0)
    box_weight: float = Field(default=0.5, ge=0)
    box_score_weight: float = Field(default=1.0, ge=0)
    box_overlap_weight: float = Field(default=7.5, ge=0)
    box_sides_weight: float = Field(default=1.5, ge=0)
    consistency_weight: float = Field(default=0.0, ge=0)
    consistency_films: int = Field(default=4, ge=1)


class OptimiserSettings(Settings):
    """How weights move.

    Attributes:
        name: "adam" or "adamw".
        learning_rate: Learning rate of the first epochs.
        epsilon: Added to the denominator of Adam's step; Keras uses 1e-7, torch 1e-8.
        weight_decay: Weight decay; only "adamw" uses it.
        backbone_learning_rate: Learning rate of the backbone; if not set, that of the rest.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    epsilon: float = Field(default=1e-7, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    backbone_learning_rate: float | None = Field(default=None, gt=0)


class ScheduleSettings(Settings):
    """How long, and when to stop.

    Attributes:
        epochs: At most this many passes over the training films.
        batch: Films per step, over all devices together.
        frozen_epochs: At first only the new head learns, for this many epochs.
        fine_tune_learning_rate: Learning rate after the frozen epochs; if not set, the optimiser's.
        patience: Stop after this many epochs without a better tune AUROC.
        halve_after: Halve the learning rate after this many epochs without a better tune loss.
        learning_rate_floor: The learning rate never falls below this.
        one_cycle: Let the learning rate rise over the first tenth of the steps, and fall to nothing
            over the rest (Smith & Topin 2019); `halve_after` and `fine_tune_learning_rate` then do
            nothing.
        average: Share that a running mean of the weights keeps at each step; the mean is what is
            read with and exported. 0 takes the weights themselves.
        average_rises: Let that share rise with the steps done, (1 + steps) / (10 + steps), until
            it is reached, so that the first weights are soon forgotten.
        small_epochs: How many of the first epochs see films reduced to `small_share` of their side.
        small_share: How far `small_epochs` reduces the side of a film.
        seed: Seed of weights, order of films and augmentation.
    """

    epochs: int = Field(default=30, ge=1)
    batch: int = Field(default=32, ge=2)
    frozen_epochs: int = Field(default=0, ge=0)
    fine_tune_learning_rate: float | None = Field(default=None, gt=0)
    patience: int = Field(default=10, ge=1)
    halve_after: int = Field(default=5, ge=1)
    learning_rate_floor: float = Field(default=1e-7, ge=0)
    seed: int = Field(default=42, ge=0)
    one_cycle: bool = False
    average: float = Field(default=0.0, ge=0, lt=1)
    average_rises: bool = False
    small_epochs: int = Field(default=0, ge=0)
    small_share: float = Field(default=2 / 3, gt=0, le=1)


class Recipe(Settings):
    """Everything that a training run was asked to do.

    Attributes:
        name: Short name of the recipe.
        about: What it is, in one sentence.
        preparation: How a film becomes network input.
        network: Which network, and where its first weights come from.
        augmentation: Random changes to training films.
        optimiser: How weights move.
        schedule: How long it trains, and when it stops.
        sampling: Which films an epoch shows.
        loss: What is asked of a network that learns places.
        class_weights: Weigh films by n / (2 · n of their class) in the loss.
        operating_point: "youden" takes the threshold with the highest sensitivity + specificity on
            the tune split; "equal-error" the one at which they are nearest each other there, which
            varies less where tune films are few; "half" the sigmoid at 0.5, as the seeds did.
        targets: What is hoped for, such as `sensitivity = 0.90`; evaluation says of each
            whether it was met, missed or left undecided.
    """

    name: str
    about: str = ""
    preparation: Preparation = Preparation()
    network: NetworkSettings
    augmentation: AugmentationSettings = AugmentationSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    sampling: SamplingSettings = SamplingSettings()
    loss: LossSettings = LossSettings()
    class_weights: bool = True
    operating_point: Literal["youden", "equal-error", "half"] = "youden"
    targets: dict[TargetMetric, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _turns_letterboxed_films(self) -> "Recipe":
        if self.augmentation.turned_share and self.preparation.fit != "letterbox":
            raise ValueError('augmentation.turned_share needs preparation.fit = "letterbox"')
        return self


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes in the package, sorted."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def find_recipe(name_or_path: str, overrides: Mapping[str, str] | None = None) -> Recipe:
    """Return a recipe of the package by name, or one from a TOML file.

    Args:
        name_or_path: "seed-cnn4", or the path of a file that ends in `.toml`.
        overrides: Keys with dots and their TOML values, such as `{"schedule.epochs": "8"}`.

    Raises:
        SettingsFault: If there is no such recipe, or it says something impossible.
    """
    if name_or_path.endswith(".toml"):
        recipe = read_settings(Path(name_or_path), Recipe)
    elif name_or_path in recipe_names():
        text = (files(__name__) / f"{name_or_path}.toml").read_text(encoding="utf-8")
        recipe = parse_settings(text, Recipe, where=f"{name_or_path}.toml")
    else:
        raise SettingsFault(
            "recipe",
            f"the name of a recipe or a .toml file is needed; known: {', '.join(recipe_names())}",
            found=name_or_path,
        )
    return _override(recipe, overrides) if overrides else recipe


def write_recipe(recipe: Recipe) -> str:
    """Return the recipe as TOML, with every default filled in."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))


def name_evidence(recipe: Recipe) -> Literal["grad-cam", "map"]:
    """Return what the exported graph of a recipe gives as evidence."""
    return "map" if recipe.network.localiser_width else "grad-cam"


def _override(recipe: Recipe, overrides: Mapping[str, str]) -> Recipe:
    table: dict[str, Any] = recipe.model_dump(mode="json", exclude_none=True)
    for key, value in overrides.items():
        *parents, last = key.split(".")
        place = table
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _parse_value(value)
    return build_settings(table, Recipe, where="--set")


def _parse_value(value: str) -> Any:
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value
