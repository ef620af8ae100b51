"""Films are guarded, asked about in batches, and answered in order."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.releases import (
    GREY,
    SHIFT,
    SLOPE,
    build_card,
    build_model,
    build_release,
    draw_spot,
)

from osteon.inference.guard_network import hash_guard_networks
from osteon.inference.guards import measure_guards
from osteon.inference.network import Network, open_session
from osteon.inference.opening import open_film
from osteon.inference.predictor import Answer, Predictor, Rejection
from osteon.phantoms.phantom import draw_phantom
from osteon.release import NetworkCard, Preparation
from osteon.sandbox import WorkerPool
from osteon.terms import Radiograph


@pytest.fixture(scope="module")
def pool():
    """One child that decodes."""
    with WorkerPool(workers=1) as children:
        children.warm_up(open_film)
        yield children


def build(pool, *, evidence="in the network", fit="letterbox", **guards):
    how = Preparation(rows=64, columns=64, fit=fit)
    card = build_card(preparation=how)
    network = Network(
        open_session(build_model(), where="m", threads=1),
        NetworkCard(recipe="x", preparation=how),
    )
    limits = card.guards.model_copy(update=guards)
    return Predictor(network, limits, pool, evidence=evidence)


def encode(film):
    held = io.BytesIO()
    Image.fromarray(film).save(held, "PNG")
    return held.getvalue()


def test_the_answer_is_the_networks(pool):
    """A white spot exceeds the network's grey by a quarter: worked by hand."""
    answer = build(pool).answer(draw_spot(64, 64, box=(16, 16, 32, 32)))
    assert isinstance(answer, Answer)
    assert answer.logit == pytest.approx(SLOPE * (1 - GREY) + SHIFT, abs=1e-4)
    assert answer.evidence.shape == (16, 16)
    assert answer.evidence[4:8, 4:8].min() == pytest.approx(1 - GREY)
    assert answer.reasons == ()


def test_many_films_have_the_answers_of_each_alone(pool):
    """Batches change nothing: neither the order nor an answer, wherever refusals stand."""
    answerer = build(pool)
    films = [draw_spot(60 + n, 80, box=(n, n, 20 + n, 20 + n)) for n in range(19)]
    films[3], films[8], films[18] = b"nonsense", b"", np.zeros((3, 3))
    alone = [answerer.answer(film) for film in films]
    together = list(answerer.predict_many(iter(films)))
    assert len(together) == len(films)
    for number, (one, other) in enumerate(zip(alone, together, strict=True)):
        assert type(one) is type(other)
        assert one.source == other.source
        if number in {3, 8, 18}:
            assert isinstance(one, Rejection)
            assert one.reasons == other.reasons
            assert one.reasons[0].text.strip()
            assert one.reasons[0].code
            continue
        assert one.logit == pytest.approx(other.logit, abs=1e-5)
        assert np.allclose(one.evidence, other.evidence, atol=1e-6)


def test_no_film_is_no_answer(pool):
    """An empty list of films is read in no time."""
    assert list(build(pool).predict_many([])) == []


@pytest.mark.parametrize("guard", ["scope", "polarity", "blank"])
def test_a_guard_that_fires_leaves_no_answer(pool, guard):
    """Each guard has its own reason, and the network is not asked."""
    limits = {
        "scope": {"max_scope_logit": -1e6},
        "polarity": {"max_polarity_logit": -1e6},
        "blank": {"min_spread": 1e6},
    }
    words = {"scope": "limb or hip", "polarity": "negative", "blank": "blank"}
    refusal = build(pool, **limits[guard]).answer(draw_spot())
    assert isinstance(refusal, Rejection)
    assert words[guard] in refusal.reasons[0].text


def test_a_film_at_the_edge_of_the_scope_is_answered_and_doubted(pool):
    """Between the two limits the answer is the network's, and a reason stands beside it."""
    film = draw_spot(64, 64, box=(16, 16, 32, 32))
    doubted = build(pool, doubt_scope_logit=-1e6).answer(film)
    assert doubted.logit == build(pool).answer(film).logit
    assert [reason.code for reason in doubted.reasons] == ["scope-doubtful"]


def test_a_stranger_is_answered_where_that_is_asked_for(pool):
    """The answer is the network's, and its reason says that the film is none."""
    answer = build(pool, max_scope_logit=-1e6, on_stranger="read").answer(draw_spot())
    assert isinstance(answer, Answer)
    assert [reason.code for reason in answer.reasons] == ["out-of-scope"]


@pytest.mark.parametrize("sha256", hash_guard_networks())
def test_a_release_is_guarded_by_the_network_that_it_names(pool, sha256):
    """Old limits are held against the old network's numbers, new ones against the new one's."""
    film = draw_spot()
    radiograph = Radiograph(pixels=film.astype(np.float32) / np.float32(255), source="drawn")
    scope = measure_guards(radiograph, network=sha256).scope_logit
    above, below = (
        build(pool, network=sha256, max_scope_logit=scope + change).answer(film)
        for change in (0.01, -0.01)
    )
    assert isinstance(above, Answer)
    assert isinstance(below, Rejection)


def test_a_negative_is_turned_about_where_that_is_asked_for(pool):
    """A corrected negative has the answer of the film it was made from, and says so."""
    film = draw_spot(100, 64)
    turned = build(pool, max_polarity_logit=-1e6, on_inverted="correct")
    corrected = turned.answer(255 - film)
    plain = build(pool).answer(film)
    assert corrected.logit == pytest.approx(plain.logit, abs=1e-4)
    assert np.allclose(corrected.evidence, plain.evidence, atol=1e-6)
    assert "inverted before reading" in corrected.reasons[0].text


def test_what_the_letterbox_adds_is_black_on_a_negative_too(pool):
    """Beside a corrected film there is no white margin for the network to see."""
    answerer = build(pool, max_polarity_logit=-1e6, on_inverted="correct")
    corrected = answerer.answer(255 - draw_spot(160, 40, box=None))
    assert corrected.evidence.max() == 0


@pytest.mark.parametrize("how", ["occlusion", "none"])
def test_evidence_is_made_where_the_network_gives_none(pool, how):
    """By covering pieces, or not at all."""
    answer = build(pool, evidence=how).answer(encode(draw_spot(64, 64, box=(0, 0, 16, 16))))
    if how == "none":
        assert answer.evidence is None
        return
    assert answer.evidence.shape == (8, 8)
    assert answer.evidence[0, 0] == answer.evidence.max() > 0
    assert answer.evidence[4:, 4:].max() == 0


def test_a_drawn_radiograph_is_answered(pool):
    """A phantom passes the guards of the card and has an answer."""
    film = draw_phantom(3, has_fracture=True, rows=227, columns=187).radiograph
    assert isinstance(build(pool).answer(film), Answer)


def test_the_release_that_tests_are_read_with_is_in_order(tmp_path):
    """The helper of these tests writes what the package accepts."""
    assert build_release(tmp_path).stat().st_size < 60_000
