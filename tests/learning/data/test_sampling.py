"""What an epoch shows is drawn as the recipe asks, and a resumed run draws it again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from osteon.learning.data.sampling import (
    HARDEST,
    Draw,
    draw_films,
    measure_hardness,
    order_films,
    repeat_films,
    split_draw,
    split_order,
    step_seed,
)
from osteon.learning.recipes import SamplingSettings

FRACTURED = torch.arange(400) % 8 == 0
HARDWARE = torch.arange(400) % 16 == 0  # half of the fractured


def draw(seed=1, epoch=1, hardware=HARDWARE, hardness=None, **asked):
    how = SamplingSettings(**asked)
    return draw_films(FRACTURED, hardware, how, seed=seed, epoch=epoch, hardness=hardness)


@given(st.integers(2, 200), st.integers(6, 40), st.integers(1, 3))
def test_every_device_gets_its_own_share_of_every_batch(n_films, batch, world):
    """Over all devices no film comes twice, shares are equal, and only a rest is left out."""
    order = order_films(n_films, seed=1, epoch=1)
    shares = [split_order(order, batch, rank=rank, world=world) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    for parts in zip(*shares, strict=True):
        assert len({len(part) for part in parts}) == 1
        assert len(parts[0]) >= 2
    seen = [film for share in shares for part in share for film in part.tolist()]
    assert len(seen) == len(set(seen))
    n_batches = -(-n_films // batch)
    assert n_films - len(seen) <= n_batches * (world - 1) + 2 * world - 1


def test_an_epoch_s_order_is_the_same_again_and_differs_between_epochs():
    """The order depends on seed and epoch alone."""
    assert torch.equal(order_films(50, seed=1, epoch=2), order_films(50, seed=1, epoch=2))
    assert not torch.equal(order_films(50, seed=1, epoch=2), order_films(50, seed=1, epoch=3))
    seeds = {step_seed(s, e, t) for s in range(3) for e in range(20) for t in range(200)}
    assert len(seeds) == 3 * 20 * 200


def test_without_a_number_every_film_is_shown_once_and_whole():
    """A recipe that draws nothing shows each film once, in the order it always had."""
    drawn = draw()
    assert torch.equal(drawn.films, order_films(400, seed=1, epoch=1))
    assert not drawn.close.any()


def test_as_many_films_are_fractured_and_close_as_was_asked():
    """The share of fractures is exact; close-ups are drawn, whatever the label."""
    drawn = draw(films=2000, fractured_share=0.4, close_share=0.3)
    fractured = FRACTURED[drawn.films]
    assert int(fractured.sum()) == 800
    of_fractured, of_others = (
        drawn.close[which].float().mean() for which in (fractured, ~fractured)
    )
    assert abs(float(of_fractured) - 0.3) < 0.06
    assert abs(float(of_others) - 0.3) < 0.06


def test_films_with_hardware_are_drawn_as_rarely_as_was_asked():
    """At a weight of a quarter, four films without hardware come for each with it."""
    drawn = draw(films=4000, hardware_weight=0.25)
    fractured = drawn.films[FRACTURED[drawn.films]]
    assert abs(float(HARDWARE[fractured].float().mean()) - 0.2) < 0.03
    never = draw(films=400, hardware_weight=0.0)
    assert not HARDWARE[never.films].any()


def test_a_draw_depends_on_seed_and_epoch_alone():
    """The same again for the same epoch, another for the next."""
    one, again, other = draw(films=64), draw(films=64), draw(films=64, epoch=2)
    assert torch.equal(one.films, again.films)
    assert torch.equal(one.close, again.close)
    assert not torch.equal(one.films, other.films)


def test_a_draw_is_split_in_its_order():
    """Batches put together again are the draw, close-ups with their films."""
    drawn = draw(films=100, close_share=0.5)
    parts = split_draw(drawn, 24)
    assert [len(part) for part in parts] == [24, 24, 24, 24, 4]
    assert torch.equal(torch.cat([part.films for part in parts]), drawn.films)
    assert torch.equal(torch.cat([part.close for part in parts]), drawn.close)


def test_half_of_the_films_without_a_fracture_are_drawn_by_how_hard_they_were():
    """One film in 350 that alone is hard fills half of what is drawn of its class."""
    hardness = torch.zeros(400, dtype=torch.float64)
    hardness[[0, 9]] = 1.0  # a fractured film, whose hardness counts nothing, and a normal one
    drawn = draw(films=4000, hard_share=0.5, hardness=hardness)
    assert int(FRACTURED[drawn.films].sum()) == 2000
    assert int((drawn.films == 9).sum()) == pytest.approx(1000 + 1000 / 350, abs=8)
    assert len(set(drawn.films.tolist())) > 350  # the other half comes from all


def test_before_hardness_is_known_the_draw_is_the_usual_one():
    """None draws what a recipe without hard films draws."""
    assert torch.equal(draw(films=64, hard_share=0.5).films, draw(films=64).films)


def test_hardness_is_the_loss_last_seen():
    """Shown twice: the mean of both; never shown: the mean of all; not now: as it was."""
    films, logits = torch.tensor([0, 0, 2]), torch.tensor([0.0, 1.0, 50.0])
    first = measure_hardness(None, films, logits, n_films=4)
    ln2, other = 0.693147, 1.313262
    assert first[0] == pytest.approx((ln2 + other) / 2, abs=1e-5)
    assert first[2] == HARDEST  # its label may be wrong: it is not drawn the oftener for it
    assert first[1] == first[3] == pytest.approx((ln2 + other + HARDEST) / 3, abs=1e-5)
    second = measure_hardness(first, torch.tensor([3]), torch.tensor([-50.0]), n_films=4)
    assert second[:3].tolist() == first[:3].tolist()
    assert second[3] == pytest.approx(0.0, abs=1e-9)


def test_whole_films_are_repeated_at_a_batch_s_end():
    """Close-ups are not: two of one film show other things."""
    batch = Draw(films=torch.tensor([7, 8, 9]), close=torch.tensor([False, True, False]))
    longer, twins = repeat_films(batch, 4)
    assert longer.films.tolist() == [7, 8, 9, 7, 9]
    assert not longer.close[3:].any()
    assert twins.tolist() == [[0, 3], [2, 4]]
