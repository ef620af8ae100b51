import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from osteon.errors import InvertedAnswers, MeasurementFault, OneClassOnly
from osteon.evaluation.calibration import fit_calibrator

METHODS = ("temperature", "platt", "isotonic")


def draw(n, *, slope=1.0, intercept=0.0, seed=0):
    """Films whose true probability is the sigmoid of slope × logit + intercept."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, n) / slope - intercept / slope
    return logits, rng.random(n) < expit(slope * logits + intercept)


def fit(logits, truths, groups=None, **asked):
    return fit_calibrator(logits, truths, groups or [None] * len(logits), **asked)


def test_platt_finds_the_sigmoid_that_made_the_films():
    """From many films the fitted slope and intercept are the true ones."""
    logits, truths = draw(50_000, slope=2, intercept=-1)
    held = fit(logits, truths, method="platt")
    assert (held.slope, held.intercept) == pytest.approx((2, -1), abs=0.05)


def test_temperature_finds_the_slope_and_has_no_intercept():
    """From many films the fitted temperature is the true one."""
    logits, truths = draw(50_000, slope=0.4)
    held = fit(logits, truths, method="temperature")
    assert held.slope == pytest.approx(0.4, abs=0.01)
    assert held.intercept == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_sigmoid_is_the_likeliest_one(seed):
    """A general optimiser finds no better slope and intercept for Platt's targets."""
    logits, truths = draw(60, slope=3, intercept=2, seed=seed)
    n_yes, n_no = truths.sum(), (~truths).sum()
    targets = np.where(truths, (n_yes + 1) / (n_yes + 2), 1 / (n_no + 2))

    def loss(line):
        straight = line[0] * logits + line[1]
        return np.sum(np.logaddexp(0, straight) - targets * straight)

    held = fit(logits, truths, method="platt")
    best = minimize(loss, [1.0, 0.0], tol=1e-10).x
    assert (held.slope, held.intercept) == pytest.approx(tuple(best), abs=1e-4)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_scale_of_logits_does_not_matter(scale):
    """Answers that are a million times larger are calibrated to the same probabilities."""
    logits, truths = draw(200, slope=2, intercept=-1)
    for method in METHODS:
        held = fit(logits * scale, truths, method=method)
        plain = fit(logits, truths, method=method)
        assert held.calibrate(logits * scale) == pytest.approx(plain.calibrate(logits), abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_classes_that_lie_wholly_apart_are_calibrated_without_certainty(method):
    """Ten films parted without a fault give probabilities well off 0 and 1."""
    truths = np.arange(10) >= 5
    held = fit(np.arange(10.0) - 4.5, truths, method=method)
    low, high = held.calibrate([-4.5, 4.5])
    assert 0.01 < low < 0.2
    assert 0.8 < high < 0.99


def test_isotonic_by_hand():
    """Films N N F N F F, with an imagined fracture below them and an imagined normal above."""
    held = fit(np.arange(6.0), np.array([0, 0, 1, 0, 1, 1], bool), method="isotonic")
    assert [knot.logit for knot in held.knots] == list(range(6))
    # (F) N N is 1/3, F N is 1/2, F F (N) is 2/3.
    assert [knot.probability for knot in held.knots] == pytest.approx(
        [1 / 3, 1 / 3, 1 / 2, 1 / 2, 2 / 3, 2 / 3]
    )


def test_isotonic_agrees_with_scikit_learn_away_from_the_ends():
    """Where many films lie, the imagined ones at the ends change nothing."""
    logits, truths = draw(2_000)
    held = fit(logits, truths, method="isotonic")
    theirs = IsotonicRegression(out_of_bounds="clip").fit(logits, truths)
    inside = np.linspace(-2.5, 2.5, 50)
    assert held.calibrate(inside) == pytest.approx(theirs.predict(inside), abs=1e-9)


def test_isotonic_gives_films_of_equal_logit_one_probability():
    """Tied logits are one level, whatever order their films come in."""
    logits, truths = np.repeat([0.0, 1.0], 10), np.arange(20) % 10 < np.repeat([2, 7], 10)
    held = fit(logits, truths, method="isotonic")
    assert [knot.probability for knot in held.knots] == pytest.approx([3 / 11, 7 / 11])
    order = np.random.default_rng(0).permutation(20)
    assert fit(logits[order], truths[order], method="isotonic") == held


@pytest.mark.parametrize(
    ("world", "chosen"), [("true slope", "temperature"), ("shifted", "platt"), ("bent", "isotonic")]
)
def test_the_films_choose_the_method_that_errs_least_on_films_it_has_not_seen(world, chosen):
    """A pure slope needs one number, a shift two, and a bent answer more than a sigmoid."""
    logits, truths = draw(6_000, intercept={"shifted": 2.0}.get(world, 0.0), seed=2)
    if world == "true slope":  # every film has its mirror image, so that no intercept helps
        logits, truths = np.r_[logits, -logits], np.r_[truths, ~truths]
    if world == "bent":
        logits = np.where(logits > 1, logits + 9, logits) ** 3
    held = fit(logits, truths)
    assert held.method == chosen
    assert [trial.method for trial in held.trials] == list(METHODS)
    assert min(held.trials, key=lambda trial: trial.brier).method == chosen
    assert held.n_films == logits.size
    assert (held.fitted_on, held.n_fractured) == ("tune", truths.sum())


def test_few_films_are_not_asked_for_more_than_they_know():
    """Under five groups of a class only the temperature is tried, under a hundred no isotonic."""
    logits, truths = draw(60, seed=3)
    assert [trial.method for trial in fit(logits, truths).trials] == ["temperature", "platt"]
    few = np.array([0.5, 1.0, 2.0, -1.0, -2.0, 0.7]), np.array([1, 1, 1, 0, 0, 0], bool)
    assert (fit(*few).method, fit(*few).trials) == ("temperature", ())


def test_copies_do_not_make_films_enough():
    """A hundred copies of three pictures are three groups: no more than a temperature is fitted."""
    logits, truths = np.repeat([-2.0, -1.0, 1.0, 2.0], 50), np.repeat([0, 0, 1, 1], 50) > 0
    groups = [f"picture {place // 50}" for place in range(200)]
    assert fit(logits, truths, groups).trials == ()
    assert len(fit(logits, truths).trials) == 2 + 1


def test_copies_of_one_picture_never_lie_on_both_sides_of_a_fold():
    """Grouped, a picture's copies cannot vouch for a step that fits that picture alone."""
    logits, truths = draw(300, slope=1, seed=4)
    logits, truths = np.repeat(logits, 20), np.repeat(truths, 20)
    groups = [str(place // 20) for place in range(logits.size)]
    alone = {t.method: t.brier for t in fit(logits, truths).trials}
    grouped = {t.method: t.brier for t in fit(logits, truths, groups).trials}
    assert grouped["isotonic"] > alone["isotonic"] + 0.01


@pytest.mark.parametrize("method", [None, *METHODS])
def test_inverted_answers_are_refused_with_the_remedy(method):
    """A network whose high logit means no fracture is not quietly turned round."""
    logits, truths = draw(200, slope=2)
    with pytest.raises(InvertedAnswers, match="positive class the other way round"):
        fit(-logits, truths, method=method)


def test_one_film_does_not_hide_an_inversion():
    """Where nine of ten fractures lie below, a tenth far above makes the answers no better."""
    logits, truths = np.r_[np.zeros(10), np.full(9, -1.0), 1_000.0], np.arange(20) >= 10
    with pytest.raises(InvertedAnswers, match=r"AUROC 0\.100"):
        fit(logits, truths)


def test_answers_that_say_nothing_are_refused():
    """One answer for all films cannot be calibrated."""
    with pytest.raises(InvertedAnswers, match=r"AUROC 0\.500"):
        fit(np.ones(20), np.arange(20) < 7)


def test_logits_on_one_side_of_zero_are_no_inversion():
    """Where no temperature can help because every logit is negative, the intercept does."""
    logits, truths = np.array([-5.0, -5.1, -4.0, -4.1, -4.2, -3.9, -4.3]), np.arange(7) > 1
    held = fit(logits, truths)
    assert held.method == "platt"
    assert held.calibrate(-5.0) < held.calibrate(-4.0)
    with pytest.raises(InvertedAnswers, match="temperature"):
        fit(logits, truths, method="temperature")


@pytest.mark.parametrize("truths", [[True] * 5, [False] * 5, []])
def test_films_that_are_all_alike_are_refused(truths):
    """One class cannot say what a probability of the other is."""
    with pytest.raises(OneClassOnly, match="calibration on site"):
        fit(np.arange(float(len(truths))), np.array(truths, bool), fitted_on="site")


def test_a_logit_that_is_no_number_is_refused():
    """A diverged network is not calibrated."""
    with pytest.raises(MeasurementFault, match="finite"):
        fit(np.array([0.0, np.nan]), np.array([True, False]))


@given(
    st.lists(st.tuples(st.floats(-30, 30, width=32), st.booleans()), min_size=2, max_size=30),
    st.sampled_from([None, *METHODS]),
)
def test_whatever_the_films_a_higher_logit_never_has_a_lower_probability(rows, method):
    """Every calibrator that comes out keeps the order of the answers; the others are refused."""
    logits, truths = np.array([x for x, _ in rows]), np.array([yes for _, yes in rows])
    try:
        held = fit(logits, truths, method=method)
    except (InvertedAnswers, OneClassOnly):
        return
    probabilities = held.calibrate(np.linspace(-40, 40, 200))
    assert (np.diff(probabilities) >= 0).all()
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_equal_films_give_equal_calibrators():
    """Nothing is drawn at random."""
    logits, truths = draw(400, seed=7)
    assert fit(logits, truths) == fit(logits, truths)
