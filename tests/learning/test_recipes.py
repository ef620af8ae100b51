"""Recipes are settings, and the seeds' recipes are the seeds' networks."""

import re
from importlib.resources import files

import pytest
import torch

from osteon.errors import SettingsFault
from osteon.learning.networks.build import build_network
from osteon.learning.recipes import (
    AugmentationSettings,
    LossSettings,
    NetworkSettings,
    OptimiserSettings,
    Recipe,
    SamplingSettings,
    ScheduleSettings,
    find_recipe,
    parse_settings,
    recipe_names,
    write_recipe,
)
from osteon.learning.recipes.reference import describe_recipe, read_meanings
from osteon.release import Preparation


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_of_the_package_is_whole_and_survives_writing(name):
    """A recipe written with its defaults filled in reads back as the same recipe."""
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.about
    assert parse_settings(write_recipe(recipe), Recipe, where="written") == recipe


def test_the_recipes_that_the_readme_promises_are_there():
    """The package holds both seeds, four pretrained networks, a transformer and attention."""
    promised = {"seed-cnn4", "seed-cnn2", "mobilenetv2", "resnet50", "vgg19", "inceptionv3", "vit"}
    assert promised | {"cnn4-attention", "demo"} <= set(recipe_names())


@pytest.mark.parametrize(
    ("name", "n_all", "n_trainable"),
    [("seed-cnn4", 685_345, 683_169), ("seed-cnn2", 23_907_521, 23_907_521)],
)
def test_the_seeds_networks_have_the_parameters_that_their_reports_count(name, n_all, n_trainable):
    """Parameters are counted as Keras does: running statistics of batch norm included."""
    network = build_network(find_recipe(name))
    learnt = sum(p.numel() for p in network.parameters())
    running = sum(b.numel() for key, b in network.named_buffers() if "running" in key)
    assert (learnt + running, learnt) == (n_all, n_trainable)


def test_one_key_can_be_set_from_outside_and_a_wrong_one_is_refused():
    """`--set schedule.epochs=8` changes that key; a key that does not exist is refused by path."""
    assert find_recipe("seed-cnn4", {"schedule.epochs": "8"}).schedule.epochs == 8
    assert find_recipe("demo", {"preparation.fit": "squash"}).preparation.fit == "squash"
    with pytest.raises(SettingsFault, match=r"--set, schedule.epoch: unknown key"):
        find_recipe("seed-cnn4", {"schedule.epoch": "8"})


def test_an_unknown_recipe_is_answered_with_the_known_ones():
    """A recipe's name that does not exist is answered with those that do."""
    with pytest.raises(SettingsFault, match="seed-cnn2, seed-cnn4"):
        find_recipe("resnet")


@pytest.mark.parametrize("attention", ["squeeze-excite", "cbam"])
def test_attention_is_added_to_the_four_block_network(attention):
    """Attention adds weights, and the network still gives one logit per film."""
    plain = find_recipe("demo")
    recipe = find_recipe("demo", {"network.attention": f'"{attention}"'})
    network = build_network(recipe).eval()
    n_plain = sum(p.numel() for p in build_network(plain).parameters())
    assert sum(p.numel() for p in network.parameters()) > n_plain
    assert network(torch.zeros(2, 1, 96, 96)).shape == (2,)


def test_osteon_2_learns_boxes_at_448_pixels_for_90_000_films():
    """The recipe's budget, and the first two fifths of it on films of 320 pixels."""
    recipe = find_recipe("osteon-2")
    assert recipe.network.box_head
    assert recipe.sampling.films * recipe.schedule.epochs == 90_000
    assert recipe.schedule.small_epochs == 0.4 * recipe.schedule.epochs
    assert 32 * round(448 * recipe.schedule.small_share / 32) == 320


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("network.localiser_width", "0", "box_head needs localiser_width"),
        ("preparation.fit", "squash", 'turned_share needs preparation.fit = "letterbox"'),
    ],
)
def test_settings_that_need_others_are_refused_without_them(key, value, says):
    """Boxes are read from the decoder, and films are turned as the letterbox shows them."""
    with pytest.raises(SettingsFault, match=says):
        find_recipe("osteon-2", {key: value})


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_is_printed_with_every_key_and_reads_back_as_the_same(name):
    """What `osteon recipe` prints is a recipe: no key is lost, and none changes its value."""
    recipe = find_recipe(name, {"about": '"Two  spaces, a \\" and [ 1, ]"'})
    text = describe_recipe(recipe)
    assert parse_settings(text, Recipe, where="printed") == recipe
    for table in (recipe, recipe.network, recipe.augmentation, recipe.schedule, recipe.loss):
        for key in type(table).model_fields:
            assert re.search(rf"^(# {key} is not set|{key} = .*|\[{key}\])$", text, re.MULTILINE)


@pytest.mark.parametrize(
    "kind",
    [
        *(Recipe, NetworkSettings, AugmentationSettings, SamplingSettings, LossSettings),
        *(OptimiserSettings, ScheduleSettings, Preparation),
    ],
)
def test_every_key_of_a_recipe_says_what_it_means(kind):
    """A key is explained in words of its own, and nothing is explained that is no key."""
    meanings = read_meanings(kind)
    assert set(meanings) == set(kind.model_fields)
    assert all(len(text) > 10 and "See there" not in text for text in meanings.values())


def test_no_recipe_of_the_package_speaks_of_a_folder_outside_it():
    """Who has only the wheel has no `../shared`."""
    for name in recipe_names():
        text = files("osteon.learning.recipes").joinpath(f"{name}.toml").read_text("utf-8")
        assert "../" not in text
