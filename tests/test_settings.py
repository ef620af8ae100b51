"""TOML becomes settings, or a refusal with an address."""

from pathlib import Path

import pytest

from osteon.errors import SettingsFault
from osteon.learning.recipes import Recipe
from osteon.settings import parse_settings, read_settings

WHOLE = 'name = "x"\n[network]\nname = "cnn4"\n'


def test_a_typing_mistake_is_answered_with_the_key_s_path_and_the_word_that_was_meant():
    """A misspelt key is refused with its path, the known keys and the nearest of them."""
    with pytest.raises(SettingsFault) as refusal:
        parse_settings(WHOLE + "[optimiser]\nlearning_rat = 1\n", Recipe, where="recipe.toml")
    said = str(refusal.value)
    assert said.startswith(
        "recipe.toml, optimiser.learning_rat: unknown key; known: name, learning_rate"
    )
    assert said.endswith("Did you mean learning_rate?")


@pytest.mark.parametrize(
    ("line", "address", "found"),
    [
        ("[schedule]\nepochs = 0\n", "recipe.toml, schedule.epochs", "0"),
        ("[schedule]\nbatch = 1\n", "recipe.toml, schedule.batch", "1"),
        ("[preparation]\nchannels = 2\n", "recipe.toml, preparation.channels", "2"),
        ("[targets]\nrecall = 0.9\n", "recipe.toml, targets.recall", "recall"),
    ],
)
def test_an_impossible_value_is_refused_with_its_path_and_what_was_found(line, address, found):
    """A value outside its range is named by path, and shown."""
    with pytest.raises(SettingsFault) as refusal:
        parse_settings(WHOLE + line, Recipe, where="recipe.toml")
    assert str(refusal.value).startswith(address)
    assert found in str(refusal.value)


def test_a_missing_key_is_named():
    """A key that must be there is named when it is not."""
    with pytest.raises(SettingsFault, match=r"recipe.toml, network: field required"):
        parse_settings('name = "x"\n', Recipe, where="recipe.toml")


def test_text_that_is_not_toml_is_refused_with_its_line():
    """A text that is not TOML is refused with the place of the mistake."""
    with pytest.raises(SettingsFault, match="line 2"):
        parse_settings('name = "x"\nepochs ==\n', Recipe, where="recipe.toml")


def test_a_missing_file_is_refused_by_name(tmp_path: Path):
    """A settings file that does not exist is refused by name."""
    with pytest.raises(SettingsFault, match=r"gone\.toml"):
        read_settings(tmp_path / "gone.toml", Recipe)
