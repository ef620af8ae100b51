"""What is declared of a network from elsewhere: whole, possible, and by name."""

import pytest
from tests.foreign import declare

from osteon.errors import SettingsFault


def test_the_other_class_is_known_by_name():
    """Who declares which class means a fracture has declared which one does not."""
    assert declare().output.negative == "normal"
    assert declare(output__positive="normal").output.negative == "fractured"


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"preparation__fit": None}, "adopt.toml, preparation.fit"),
        ({"preparation": None}, "adopt.toml, preparation"),
        ({"input__range": [1, 0]}, "adopt.toml, input.range"),
        ({"input__std": [0.2, 0, 0.2]}, "adopt.toml, input.std"),
        ({"output__classes": ["a", "a"]}, "adopt.toml, output"),
        ({"output__classes": ["a", "b", "c"]}, "adopt.toml, output.classes"),
        ({"output__positive": "fractures"}, "adopt.toml, output"),
        ({"output__polarity": "up"}, "adopt.toml, output.polarity"),
        ({"input__layout": "NWHC"}, "adopt.toml, input.layout"),
    ],
)
def test_the_impossible_is_refused_where_it_stands(changes, address):
    """Every refusal starts with the file and the key."""
    if "preparation" in changes:
        from osteon.learning.foreign import AdoptSettings
        from osteon.settings import build_settings

        told = declare().model_dump()
        del told["preparation"]["fit"]
        with pytest.raises(SettingsFault, match="missing: fit") as refused:
            build_settings(told, AdoptSettings, where="adopt.toml")
    else:
        with pytest.raises(SettingsFault) as refused:
            declare(**changes)
    assert refused.value.where == address


def test_normalisation_has_one_value_per_channel():
    """Three means for one channel would stretch the film over three."""
    with pytest.raises(SettingsFault, match=r"input\.mean must have one value"):
        declare(preparation__channels=1, input__mean=[0.4, 0.4, 0.4])
