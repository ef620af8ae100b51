import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.special import logit as to_logit
from scipy.stats import beta, norm

from osteon.errors import MeasurementFault
from osteon.evaluation.certification import (
    certify,
    certify_nothing,
    certify_points,
    count_allowed,
    count_needed,
)

REPETITIONS = 2_000
TOLERANCE = 0.05 + 3.09 * np.sqrt(0.05 * 0.95 / REPETITIONS)
"""One honest simulation in a thousand finds the promise broken more often: 6.5 % of repetitions."""


def ask(probabilities, promise="sensitivity", at_least=0.9, groups=None):
    """Certify films of one class alone; the other class has no say."""
    truths = np.full(len(probabilities), promise == "sensitivity")
    groups = groups or [None] * len(probabilities)
    return certify(probabilities, truths, groups, promise=promise, at_least=at_least)


def test_59_fractures_without_a_miss_certify_95_percent():
    """The threshold lies under the lowest of them, and 58 are one too few."""
    answers = np.linspace(0.4, 0.9, 59)
    point = ask(answers, at_least=0.95)
    assert point.threshold == pytest.approx(0.4, rel=1e-3)
    assert point.threshold < 0.4
    assert (point.n_films, point.n_kept, point.n_more) == (59, 59, 0)
    assert point.lower_bound == pytest.approx(0.05 ** (1 / 59))
    fewer = ask(answers[1:], at_least=0.95)
    assert (fewer.threshold, fewer.lower_bound, fewer.n_more) == (None, None, 1)


def test_103_fractures_with_five_misses_certify_90_percent():
    """Five are called otherwise, the sixth is not; of 102 only four may be."""
    answers = np.linspace(0.01, 0.99, 103)
    point = ask(answers)
    assert (point.n_films, point.n_kept) == (103, 98)
    assert answers[4] < point.threshold < answers[5]
    assert point.lower_bound == pytest.approx(beta.ppf(0.05, 98, 6))
    assert ask(answers[1:]).n_kept == 98


def test_specificity_is_certified_from_the_other_end():
    """Of 93 others one may be called fractured: the threshold lies above the second highest."""
    answers = np.linspace(0.1, 0.9, 93)
    point = ask(answers, "specificity", 0.95)
    assert answers[-2] < point.threshold < answers[-1]
    assert (point.n_films, point.n_kept) == (93, 92)
    few = ask(answers[:59], "specificity", 0.95)
    assert answers[58] < few.threshold < 1
    assert few.n_kept == 59


@pytest.mark.parametrize("promise", ["sensitivity", "specificity"])
def test_films_of_equal_probability_move_together(promise):
    """Where the films that may be missed share a plateau with others, none of it is missed."""
    answers = np.r_[np.full(3, 0.1), np.full(40, 0.3), np.full(60, 0.8)]
    answers = answers if promise == "sensitivity" else 1 - answers
    point = ask(answers, promise)
    assert point.n_kept == 100  # five would be allowed, but with the fourth 40 films fall
    low, high = sorted([0.1, 0.3] if promise == "sensitivity" else [0.9, 0.7])
    assert low < point.threshold < high


@pytest.mark.parametrize("promise", ["sensitivity", "specificity"])
def test_films_that_are_all_equal_are_kept_together(promise):
    """One plateau certifies a threshold that misses none of it."""
    point = ask(np.full(60, 0.5), promise)
    assert point.n_kept == 60
    assert (point.threshold < 0.5) == (promise == "sensitivity")


@pytest.mark.parametrize("promise", ["sensitivity", "specificity"])
def test_neighbouring_numbers_still_have_a_threshold_between_them(promise):
    """Two probabilities with no number between them fall on different sides all the same."""
    one = 0.5
    other = np.nextafter(one, 1 if promise == "specificity" else 0)
    answers = np.r_[np.full(5, other), np.full(98, one)]
    point = ask(answers, promise)
    missed = answers < point.threshold if promise == "sensitivity" else answers >= point.threshold
    assert (point.n_kept, int(missed.sum())) == (98, 5)


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 99).map(lambda n: n / 100), max_size=130),
    st.sampled_from([0.5, 0.8, 0.9, 0.95]),
    st.sampled_from(["sensitivity", "specificity"]),
)
def test_the_last_threshold_that_passes_is_taken(answers, at_least, promise):
    """The threshold misses no more films than is allowed, and one level further it would."""
    point = ask(answers, promise, at_least)
    films = np.array(answers)
    allowed = count_allowed(films.size, at_least)
    if point.threshold is None:
        assert allowed is None
        return
    is_missed = films < point.threshold if promise == "sensitivity" else films >= point.threshold
    assert films.size - point.n_kept == is_missed.sum() <= allowed
    assert point.lower_bound >= at_least
    kept = films[~is_missed]
    next_level = kept.min() if promise == "sensitivity" else kept.max()
    assert is_missed.sum() + (kept == next_level).sum() > allowed


@given(
    st.integers(0, 70),
    st.sampled_from([0.8, 0.9, 0.95]),
    st.sampled_from(["sensitivity", "specificity"]),
)
def test_so_many_more_films_certify_and_one_fewer_does_not(n_films, at_least, promise):
    """`n_more` films suffice whatever is answered on them; with one fewer nothing is promised."""
    rng = np.random.default_rng(n_films)
    answers = rng.uniform(0.01, 0.99, n_films)
    point = ask(answers, promise, at_least)
    if point.threshold is not None:
        assert point.n_more == 0
        return
    more = rng.uniform(0.01, 0.99, point.n_more)
    assert ask(np.r_[answers, more], promise, at_least).threshold is not None
    again = ask(np.r_[answers, more[1:]], promise, at_least)
    assert (again.threshold, again.n_more) == (None, 1)


def test_one_film_of_each_group_is_asked_and_it_is_the_first():
    """Copies add no proof: 59 pictures in four copies are 59 films, each with its first answer."""
    first = np.linspace(0.4, 0.9, 59)
    answers = np.stack([first, first / 10, first / 10, first / 10], axis=1).ravel()
    groups = [f"picture {place // 4}" for place in range(answers.size)]
    point = ask(answers, at_least=0.95, groups=groups)
    assert point.n_films == 59
    assert point.threshold == pytest.approx(0.4, rel=1e-3)
    assert ask(answers[4:], at_least=0.95, groups=groups[4:]).threshold is None


def test_a_group_with_films_of_both_classes_speaks_for_both():
    """A patient's fractured film and normal film each count once, for their own promise."""
    answers, truths = np.tile([0.2, 0.9, 0.95], 60), np.tile([False, True, True], 60)
    groups = [f"patient {place // 3}" for place in range(180)]
    points = certify_points(answers, truths, groups, certified_on="external")
    assert points.high_sensitivity.n_films == points.high_specificity.n_films == 60
    assert 0.8999 < points.high_sensitivity.threshold < 0.9
    assert 0.2 < points.high_specificity.threshold < 0.201
    assert points.high_sensitivity.certified_on == "external"
    assert [points.decide(p) for p in (0.2, 0.9)] == ["no fracture", "fracture"]


def test_films_of_the_other_class_change_nothing():
    """Sensitivity is promised of fractured films, so the others cannot move its threshold."""
    fractured = np.linspace(0.2, 0.9, 80)
    others = np.linspace(0.01, 0.99, 50)
    point = certify(
        np.r_[others, fractured],
        np.arange(130) >= 50,
        [None] * 130,
        promise="sensitivity",
        at_least=0.9,
    )
    assert point == ask(fractured)


@pytest.mark.parametrize("promise", ["sensitivity", "specificity"])
def test_no_films_certify_nothing(promise):
    """Without a film of the class the point says how many it takes from the start."""
    point = ask([], promise)
    assert (point.threshold, point.n_films, point.n_more) == (None, 0, 29)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.2, 1.3, np.nan])
def test_what_no_calibrator_gives_is_refused(wrong):
    """A logit, a certainty or no number at all is not certified."""
    with pytest.raises(MeasurementFault):
        ask([0.5, wrong])


@pytest.mark.parametrize("facts", [{"at_least": 0}, {"at_least": 1}, {"confidence": 0.4}])
def test_a_promise_that_is_none_is_refused(facts):
    """Nothing can prove a share of all, and a confidence below one half proves nothing."""
    with pytest.raises(MeasurementFault, match="promise of sensitivity"):
        certify([0.5], [True], [None], promise="sensitivity", **({"at_least": 0.9} | facts))


def test_more_films_allow_more_misses():
    """What is allowed never falls with more films, nor rises with a larger promise."""
    allowed = [count_allowed(n, 0.9) or 0 for n in range(400)]
    assert np.diff(allowed).min() >= 0
    assert count_allowed(400, 0.95) < count_allowed(400, 0.9) < 40
    assert [count_needed(x) for x in (0.5, 0.9, 0.95, 0.99)] == [5, 29, 59, 299]
    assert count_needed(0.5, confidence=0.9375) == 4  # exactly at the confidence


def make_plateaus(levels, shares):
    """Probabilities that take few values, as isotonic calibration gives them."""
    edges = np.cumsum(shares)
    return (
        lambda rng, n: np.take(levels, np.searchsorted(edges, rng.random(n))),
        lambda threshold: float(np.dot(np.less(levels, threshold), shares)),
    )


WORLDS = {
    "even": (lambda rng, n: rng.uniform(1e-9, 1, n), lambda threshold: threshold),
    "sure of most": (
        lambda rng, n: expit(rng.normal(2, 2, n)),
        lambda threshold: norm.cdf((to_logit(threshold) - 2) / 2),
    ),
    "rounded to 1/50": (
        lambda rng, n: (rng.integers(0, 50, n) + 0.5) / 50,
        lambda threshold: np.mean((np.arange(50) + 0.5) / 50 < threshold),
    ),
    "plateaus": make_plateaus([0.05, 0.2, 0.6, 0.9], [0.04, 0.07, 0.3, 0.59]),
    "a cliff just past the promise": make_plateaus([0.1, 0.8], [0.1001, 0.8999]),
}


@pytest.mark.parametrize("promise", ["sensitivity", "specificity"])
@pytest.mark.parametrize("world", WORLDS)
def test_a_promise_is_broken_in_no_more_than_5_percent_of_repetitions(world, promise):
    """In worlds whose truth is known, thresholds from 103 films rarely break what they promise."""
    draw, share_below = WORLDS[world]
    rng = np.random.default_rng(20)
    n_broken = 0
    for _ in range(REPETITIONS):
        answers = draw(rng, 103)
        if promise == "sensitivity":
            n_broken += share_below(ask(answers).threshold) > 0.1
        else:
            n_broken += share_below(1 - ask(1 - answers, promise).threshold) > 0.1
    assert n_broken / REPETITIONS <= TOLERANCE
    if world in {"even", "a cliff just past the promise"}:
        assert n_broken / REPETITIONS > 0.035  # the bound is exact, not merely safe: 4.8 % here


def test_films_that_nothing_makes_independent_certify_nothing():
    """No threshold, no film counted, and what it would take from nothing: 29 and 59."""
    points = certify_nothing(
        sensitivity=0.9, specificity=0.95, confidence=0.95, certified_on="test"
    )
    asked = (points.high_sensitivity, points.high_specificity)
    assert [(p.threshold, p.n_films, p.n_more) for p in asked] == [(None, 0, 29), (None, 0, 59)]
    assert points.cuts == (None, None)
    assert points.decide(0.999) == points.decide(0.001) == "doubt"
