"""What the guards are fitted to, and that what is fitted is what is shipped."""

import hashlib

import numpy as np
import pytest
import torch

from osteon.inference.guard_network import parse_guard_network, run_network, standardise
from osteon.phantoms.phantom import draw_phantom
from tests.scripts import load_script

fitting, pictures, disguises = (
    load_script(f"guard_{part}") for part in ("fitting", "pictures", "disguises")
)


def draw_films(n):
    drawn = [draw_phantom(seed, has_fracture=False).radiograph.pixels for seed in range(n)]
    return [np.rint(255 * pixels).astype(np.uint8) for pixels in drawn]


@pytest.fixture(scope="module")
def few():
    return pictures.draw_pictures(draw_films(3), seed=5, share=1 / 300)


def test_every_kind_is_drawn_and_belongs_to_one_family(few):
    """No drawn kind is missing from what is fitted to, nor from what is left out in turn."""
    kinds = {*pictures.DRAWN, *pictures.TORN}
    assert set(few.kinds.tolist()) == kinds | {"film", "phantom"}
    listed = [kind for family in pictures.FAMILIES.values() for kind in family]
    assert sorted(listed) == sorted(kinds)
    assert few.small.shape == (few.kinds.size, 64, 64)


def test_the_same_seed_draws_the_same_pictures(few):
    """What is fitted to can be drawn again, to the last grey."""
    again = pictures.draw_pictures(draw_films(3), seed=5, share=1 / 300)
    assert np.array_equal(few.small, again.small)


def test_films_come_in_both_polarities_and_as_often(few):
    """Nothing but the greys tells a film from its negative."""
    is_film = few.kinds == "film"
    assert 2 * few.is_inverted[is_film].sum() == is_film.sum()


def test_what_is_shipped_answers_as_what_was_fitted(few):
    """The arrays, in half precision, polarity for polarity as torch has it."""
    torch.manual_seed(1)
    looker = fitting.Looker().train()
    with torch.no_grad():  # the norms see some films, and are no longer idle
        looker(torch.from_numpy(standardise(few.small))[:, None])
    network = parse_guard_network(fitting._pack(looker.eval(), few))
    with torch.no_grad():
        fitted = looker(torch.from_numpy(standardise(few.small))[:, None]).numpy()
    shipped = run_network(few.small, network)
    assert np.abs(shipped[:, 1] - fitted[:, 1]).max() < 5e-3


def test_a_fit_repeats_to_the_byte(few):
    """The same pictures and seed give one file, whatever the clock says."""
    n_threads = torch.get_num_threads()
    hashes = {
        hashlib.sha256(fitting.fit_network(few, n_steps=2, seed=0)).hexdigest() for _ in range(2)
    }
    torch.set_num_threads(n_threads)
    assert len(hashes) == 1


def test_changes_keep_what_they_promise():
    """Turned films are whole, a frame is as wide as it says, and a letterbox is square."""
    film = np.full((40, 20), 100, np.uint8)
    assert disguises.turn_to(film, 90).shape == (20, 40)
    assert disguises.letterbox(film, tone=7).shape == (40, 40)
    assert disguises.letterbox(film, tone=7)[0, 0] == 7
    assert (disguises.put_frame(film, share=0.1, tone=0) == 0).sum() == 40 * 20 - 36 * 16
    assert disguises.keep_middle(film, 0.5).shape == (20, 10)
