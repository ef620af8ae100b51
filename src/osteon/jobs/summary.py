"""A recipe becomes a table of layers."""

from collections.abc import Mapping
from dataclasses import dataclass

from osteon.learning.networks.build import build_network
from osteon.learning.networks.summary import Layer, count_parameters, list_layers
from osteon.learning.recipes import find_recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A recipe's network in numbers.

    Attributes:
        recipe: Its name.
        about: Its sentence.
        layers: In the order in which a film passes them.
        n_parameters: All, running statistics of batch norm included, as Keras counts.
        n_trainable: Those that learn.
    """

    recipe: str
    about: str
    layers: tuple[Layer, ...]
    n_parameters: int
    n_trainable: int


def summarise(name: str, *, overrides: Mapping[str, str] | None = None) -> Summary:
    """Build a recipe's network, without its pretrained weights, and count.

    Args:
        name: A recipe of the package, or a TOML file.
        overrides: Recipe keys with dots, and their TOML values.

    Raises:
        SettingsFault: If there is no such recipe, or its network cannot be built.
    """
    recipe = find_recipe(name, overrides)
    network = build_network(recipe, download=False)
    n_parameters, n_trainable = count_parameters(network)
    return Summary(
        recipe=recipe.name,
        about=recipe.about,
        layers=list_layers(network, recipe.preparation),
        n_parameters=n_parameters,
        n_trainable=n_trainable,
    )
