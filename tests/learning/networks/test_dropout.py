"""Dropout zeroes the share it was told to, each value on its own, and nothing when reading."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.learning.networks.dropout import Dropout


def dropped(share: float, features: torch.Tensor, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return Dropout(share).train()(features)


@settings(deadline=None, max_examples=20)
@given(sides=st.integers(1, 128), seed=st.integers(0, 99))
def test_the_share_that_was_asked_for_is_zeroed_and_the_rest_keeps_the_mean(sides, seed):
    """Values are zero with the share asked for, else larger by 1 / (1 - share)."""
    share, n = sides / 256, 40_000
    answer = dropped(share, torch.ones(n), seed)
    zeroed = float((answer == 0).float().mean())
    assert abs(zeroed - share) < 5 * (share * (1 - share) / n) ** 0.5
    torch.testing.assert_close(answer.max(), torch.tensor(1 / (1 - share)))


def test_every_place_is_zeroed_as_often_as_any_other():
    """All eight bytes of a draw are fair: no place of a film is spared."""
    answer = torch.stack([dropped(0.25, torch.ones(16), seed) for seed in range(2000)])
    zeroed = (answer == 0).float().mean(dim=0)
    assert float((zeroed - 0.25).abs().max()) < 0.05


def test_neighbours_are_zeroed_independently():
    """That a value is zero says nothing about the next one, nor the one eight places on."""
    zeroed = (dropped(0.5, torch.ones(100_000)) == 0).float() - 0.5
    for step in (1, 2, 4, 8):
        assert abs(float((zeroed[:-step] * zeroed[step:]).mean()) * 4) < 0.02


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("number", [torch.float32, torch.bfloat16])
def test_layout_and_number_format_stay_and_the_slope_is_zero_where_the_value_is(layout, number):
    """The gradient passes exactly where the value passed, in the features' layout and type."""
    features = torch.rand(2, 3, 5, 7).add(0.1).to(number).contiguous(memory_format=layout)
    features.requires_grad_()
    answer = dropped(0.5, features)
    answer.sum().backward()
    assert answer.dtype == number
    assert answer.is_contiguous(memory_format=layout)
    assert torch.equal(answer, features * features.grad)
    assert set(features.grad.unique().tolist()) == {0.0, 2.0}


def test_the_same_seed_zeroes_the_same_values():
    """A resumed run repeats the killed one: the seed decides."""
    assert torch.equal(dropped(0.5, torch.ones(99), 7), dropped(0.5, torch.ones(99), 7))
    assert not torch.equal(dropped(0.5, torch.ones(99), 7), dropped(0.5, torch.ones(99), 8))


def test_features_that_repeat_one_value_in_memory_are_decided_one_by_one():
    """An expanded tensor is no excuse: each of its places has its own fate."""
    answer = dropped(0.5, torch.ones(1, 1).expand(100, 100))
    assert 0.45 < float((answer == 0).float().mean()) < 0.55


def test_reading_changes_nothing():
    """In evaluation the features come back as they are."""
    features = torch.rand(4, 8)
    assert torch.equal(Dropout(0.5).eval()(features), features)
