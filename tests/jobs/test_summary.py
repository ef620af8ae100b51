"""A recipe's layers, as a person would count them."""

import pytest

from osteon.errors import SettingsFault
from osteon.jobs.summary import summarise


def test_the_first_seed_s_table_adds_up_to_its_report():
    """The layers' parameters add up to 685,345, of which 683,169 learn."""
    told = summarise("seed-cnn4")
    assert sum(layer.n_parameters for layer in told.layers) == told.n_parameters == 685_345
    assert told.n_trainable == 683_169


def test_shapes_follow_the_film_through_the_network():
    """Each block halves the sides; the last layer gives one number."""
    told = summarise("cnn4-small")
    pools = [layer.output for layer in told.layers if layer.kind == "MaxPool2d"]
    assert pools == ["32 × 48 × 48", "64 × 24 × 24", "128 × 12 × 12", "256 × 6 × 6"]
    assert told.layers[-1].output == "1"


def test_a_changed_recipe_is_counted_as_changed():
    """`--set` reaches the table: three channels instead of one add 2·9·32 weights."""
    grey = summarise("cnn4-small").n_parameters
    colour = summarise("cnn4-small", overrides={"preparation.channels": "3"}).n_parameters
    assert colour - grey == 2 * 9 * 32


def test_an_unknown_recipe_is_refused():
    """A recipe that does not exist is refused with those that do."""
    with pytest.raises(SettingsFault, match="known: "):
        summarise("seed-cnn5")
