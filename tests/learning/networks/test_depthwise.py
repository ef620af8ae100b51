"""Depthwise convolutions that bf16 slows down run in 32 bits, and are otherwise what they were."""

import copy

import pytest
import torch
from torch import nn

from osteon.learning.networks.depthwise import keep_depthwise_whole


def convolutions():
    torch.manual_seed(0)
    return nn.ModuleDict(
        {
            "steps": nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8),
            "large": nn.Conv2d(8, 8, 5, padding=2, groups=8),
            "fast": nn.Conv2d(8, 8, 3, padding=1, groups=8),
            "dense": nn.Conv2d(8, 8, 3, stride=2, padding=1),
        }
    )


def test_the_slow_ones_are_found_once():
    """Those that step or are larger than 3 x 3; asked again, none is left."""
    network = convolutions()
    assert keep_depthwise_whole(network) == 2
    assert keep_depthwise_whole(network) == 0


@pytest.mark.parametrize(("name", "is_whole"), [("steps", True), ("large", True), ("fast", False)])
def test_under_autocast_they_answer_in_32_bits(name, is_whole):
    """The others answer in bf16 as before; without autocast nothing differs."""
    plain, network = convolutions(), convolutions()
    keep_depthwise_whole(network)
    films = torch.rand(2, 8, 9, 9)
    assert torch.equal(network[name](films), plain[name](films))
    with torch.autocast("cpu", torch.bfloat16):
        answer = network[name](films.bfloat16())
    assert answer.dtype == (torch.float32 if is_whole else torch.bfloat16)


def test_weights_keep_their_names_and_copies_their_own():
    """A checkpoint fits, and a copy (the running mean) answers with its own weights."""
    network = convolutions()
    names = list(network.state_dict())
    keep_depthwise_whole(network)
    assert list(network.state_dict()) == names
    other = copy.deepcopy(network)
    with torch.no_grad():
        network["steps"].weight.zero_()
    films = torch.rand(1, 8, 9, 9)
    assert not torch.equal(other["steps"](films), network["steps"](films))
