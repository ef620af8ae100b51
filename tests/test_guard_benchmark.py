"""What the guards are fitted to, and that what is fitted is what is shipped."""

import hashlib
import re

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from osteon.inference.guard_looks import GUARD_SIDE
from osteon.inference.guard_network import open_guard_network, run_network, standardise
from osteon.phantoms.phantom import draw_phantom
from tests.scripts import load_script

fitting, pictures, disguises, treatments, changes, limits, script = (
    load_script(name)
    for name in (
        "guard_fitting",
        "guard_pictures",
        "guard_disguises",
        "guard_treatments",
        "guard_changes",
        "guard_limits",
        "guards",
    )
)


def draw_films(n):
    drawn = [draw_phantom(seed, has_fracture=False).radiograph.pixels for seed in range(n)]
    return [np.rint(255 * pixels).astype(np.uint8) for pixels in drawn]


@pytest.fixture(scope="module")
def few():
    return pictures.draw_pictures(draw_films(3), seed=5, share=1 / 250)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The encoder's file, with weights of a die."""
    torch.manual_seed(3)
    encoder = timm.create_model(fitting.ENCODER, pretrained=False)
    path = tmp_path_factory.mktemp("weights") / fitting.WEIGHTS
    save_file({name: own.half() for name, own in encoder.state_dict().items()}, path)
    return path


@pytest.fixture
def one_thread():
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)


def test_every_kind_is_drawn_and_belongs_to_one_family(few):
    """No drawn kind is missing from what is fitted to, nor from what is left out in turn."""
    kinds = {*pictures.DRAWN, *pictures.MADE_OF_FILMS}
    assert set(few.kinds.tolist()) == kinds | {"film", "phantom"}
    listed = [kind for family in pictures.FAMILIES.values() for kind in family]
    assert sorted(listed) == sorted(kinds)
    assert few.small.shape == (few.kinds.size, GUARD_SIDE, GUARD_SIDE)


def test_the_same_seed_draws_the_same_pictures(few):
    """What is fitted to can be drawn again, to the last grey."""
    again = pictures.draw_pictures(draw_films(3), seed=5, share=1 / 250)
    assert np.array_equal(few.small, again.small)


@pytest.mark.parametrize("kind", [*pictures.DRAWN, *pictures.MADE_OF_FILMS])
def test_a_stranger_can_be_drawn_whatever_the_luck(kind):
    """Small pages and narrow columns are drawn as well as any."""
    films = draw_films(2)
    for seed in range(4):
        rng = np.random.default_rng([41, seed])
        drawer = pictures.DRAWN.get(kind)
        drawn = drawer(rng) if drawer else pictures.MADE_OF_FILMS[kind](rng, films)
        assert np.isfinite(drawn).all()
        assert 0 <= drawn.min() <= drawn.max() <= 1


def test_films_come_in_both_polarities_and_as_often(few):
    """Nothing but the greys tells a film from its negative."""
    is_film = few.kinds == "film"
    assert 2 * few.is_inverted[is_film].sum() == is_film.sum()


def fit(few, weights, kept):
    return fitting.fit_head(fitting.measure_features(few, weights, kept))


@pytest.mark.usefixtures("one_thread")
def test_what_is_shipped_answers_as_what_was_fitted(few, weights, tmp_path):
    """One file holds encoder and head, in half precision, and answers as torch does."""
    head = fit(few, weights, tmp_path / "seen.npy")
    network = open_guard_network(fitting.pack_network(head, weights))
    whole = nn.Sequential(fitting.Looker(weights), head).eval()
    with torch.no_grad():
        fitted = whole(torch.from_numpy(standardise(few.small[:40]))[:, None]).numpy()
    shipped = run_network(few.small[:40], network)
    assert np.abs(shipped - fitted).max() < 0.05 * fitted.std()


@pytest.mark.usefixtures("one_thread")
def test_a_fit_repeats_to_the_byte(few, weights, tmp_path):
    """The same pictures and seed give one file, whatever the clock says."""
    hashes = {
        hashlib.sha256(
            fitting.pack_network(fit(few, weights, tmp_path / f"{time}.npy"), weights)
        ).hexdigest()
        for time in range(2)
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("name", changes.CHANGES)
def test_a_change_gives_a_film(name):
    """Each change of the table keeps a film a film: two axes, greys, and something to see."""
    film = draw_films(1)[0]
    changed = changes.CHANGES[name](film, np.random.default_rng(2))
    assert changed.dtype == np.uint8
    assert changed.ndim == 2
    assert changed.std() > 5
    again = changes.CHANGES[name](film, np.random.default_rng(2))
    assert np.array_equal(changed, again)


def test_changes_keep_what_they_promise():
    """Turned films are whole, a frame is as wide as it says, and a letterbox is square."""
    film = np.full((40, 20), 100, np.uint8)
    assert disguises.turn_to(film, 90).shape == (20, 40)
    assert disguises.letterbox(film, tone=7).shape == (40, 40)
    assert disguises.letterbox(film, tone=7)[0, 0] == 7
    assert (disguises.put_frame(film, share=0.1, tone=0) == 0).sum() == 40 * 20 - 36 * 16
    assert disguises.keep_middle(film, 0.5).shape == (20, 10)


def test_sharpening_raises_edges_and_leaves_level_ground():
    """An unsharp mask overshoots on both sides of an edge, and nowhere else."""
    film = np.full((64, 64), 80, np.uint8)
    film[:, 32:] = 160
    sharp = treatments.sharpen(film, radius=0.03, amount=1)
    assert sharp[:, 31].max() < 80
    assert sharp[:, 32].min() > 160
    assert (sharp[:, 0] == 80).all()
    assert (sharp[:, -1] == 160).all()


def test_tiles_are_equalised_each_for_itself():
    """A faint pattern on either of two grounds is spread, and the clip bounds how far."""
    film = np.tile(np.array([[40, 44], [44, 40]], np.uint8), (32, 64))
    film[:, 64:] += 150
    little, much = (treatments.equalise_tiles(film, tiles=4, clip=clip) for clip in (2, 100))
    assert np.ptp(film[8:24, 8:24]) == 4
    assert np.ptp(much[8:24, 8:24]) > np.ptp(little[8:24, 8:24]) > 4


def test_a_limit_leaves_the_share_above_it_that_it_may():
    """Of four hundred films one may lie above a limit of a quarter of a percent."""
    ordered = np.arange(400.0)
    limit = limits._find_high(ordered, 0.0025)
    assert (ordered > limit).sum() == 1


def test_limits_are_drawn_on_all_changes_but_the_extreme_ones():
    """The scope follows the change that comes nearest; the rest goes by all of them together."""
    chance = np.random.default_rng(0)

    def fall(scope, polarity):
        logits = np.column_stack([chance.normal(scope, 1, 400), chance.normal(polarity, 1, 400)])
        return np.column_stack([logits, np.full(400, 30.0)]), -logits

    extreme = next(iter(changes.EXTREME))
    measured = {"as it is": fall(-8, -8), "sharpened": fall(-3, -5), extreme: fall(9, 9)}
    guards = limits.choose_limits(measured, "0" * 64)
    sharpened, together = (
        measured["sharpened"][0],
        np.concatenate([measured["as it is"][0], measured["sharpened"][0]]),
    )
    assert (sharpened[:, 0] > guards.max_scope_logit).sum() == 1
    assert (together[:, 0] > guards.doubt_scope_logit).sum() in {7, 8}
    assert (together[:, 1] > guards.doubt_polarity_logit).sum() in {7, 8}
    assert (together[:, 1] > guards.max_polarity_logit).sum() == 0
    assert guards.max_polarity_logit < 0
    assert guards.min_spread == 15


def test_tables_are_written_into_their_place_and_nowhere_else(tmp_path, monkeypatch):
    """What people wrote about a table stays; a place that is not there is missed."""
    page = tmp_path / "page.md"
    mark = "<!-- films: written by benchmarks/guards.py -->"
    page.write_text(f"before\n{mark}\nold\n<!-- end -->\nafter\n", "utf-8")
    monkeypatch.setattr(script, "PAGE", page)
    script.write_block("films", ["| new |"])
    script.write_block("films", ["| newer |"])
    said = page.read_text("utf-8")
    assert re.fullmatch(r"before\n<!--.*-->\n\n\| newer \|\n\n<!-- end -->\nafter\n", said)
    with pytest.raises(SystemExit, match="times"):
        script.write_block("times", [])
