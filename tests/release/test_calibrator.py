import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from osteon.errors import MeasurementFault
from osteon.release.calibrator import Calibrator

FACTS = {"fitted_on": "tune", "n_films": 10, "n_fractured": 4}
KNOTS = [
    {"logit": -1.0, "probability": 0.1},
    {"logit": 0.0, "probability": 0.1},
    {"logit": 2.0, "probability": 0.8},
]
CALIBRATORS = (
    Calibrator(method="temperature", slope=0.5, **FACTS),
    Calibrator(method="platt", slope=2.0, intercept=-3.0, **FACTS),
    Calibrator(method="isotonic", knots=KNOTS, **FACTS),
)


def test_a_sigmoid_by_hand():
    """Slope 2 and intercept -3 bring logit 1.5 to one half, and logit 2 to e / (1 + e)."""
    probabilities = CALIBRATORS[1].calibrate([1.5, 2.0])
    assert probabilities == pytest.approx([0.5, np.e / (1 + np.e)])


def test_an_isotonic_calibration_by_hand():
    """It is level outside its knots and on a step, and straight between them."""
    probabilities = CALIBRATORS[2].calibrate([-9.0, -0.5, 1.0, 2.0, 9.0])
    assert probabilities == pytest.approx([0.1, 0.1, 0.45, 0.8, 0.8])


@pytest.mark.parametrize("calibrator", CALIBRATORS, ids=lambda held: held.method)
def test_no_logit_is_certain(calibrator):
    """However far a logit lies out, its probability is neither 0 nor 1."""
    ends = calibrator.calibrate([-1e300, -800.0, 800.0, 1e300])
    assert (ends > 0).all()
    assert (ends < 1).all()


@pytest.mark.parametrize("calibrator", CALIBRATORS, ids=lambda held: held.method)
@given(logits=st.lists(st.floats(-50, 50), min_size=2, max_size=20))
def test_a_higher_logit_never_has_a_lower_probability(calibrator, logits):
    """The order of films is kept, though films may become equal."""
    assert (np.diff(calibrator.calibrate(sorted(logits))) >= 0).all()


def test_probabilities_have_the_shape_of_the_logits():
    """One logit gives one probability, a table of them a table."""
    assert CALIBRATORS[0].calibrate(0.0).shape == ()
    assert CALIBRATORS[2].calibrate(np.zeros((2, 3), np.float32)).dtype == np.float64
    assert CALIBRATORS[2].calibrate(np.zeros((2, 3))).shape == (2, 3)


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_a_logit_that_is_no_number_is_refused(lost):
    """No probability is made of what is no number."""
    with pytest.raises(MeasurementFault, match="finite"):
        CALIBRATORS[0].calibrate([0.0, lost])


@pytest.mark.parametrize("calibrator", CALIBRATORS, ids=lambda held: held.method)
def test_a_calibrator_survives_its_file(calibrator):
    """Written as JSON and read back it is the same, to the last bit."""
    assert Calibrator.model_validate_json(calibrator.model_dump_json()) == calibrator


@pytest.mark.parametrize(
    "broken",
    [
        {"method": "platt", "slope": -1.0},
        {"method": "platt", "slope": 0.0},
        {"method": "platt", "slope": float("inf")},
        {"method": "platt", "intercept": float("nan")},
        {"method": "temperature", "intercept": 1.0},
        {"method": "temperature", "knots": KNOTS},
        {"method": "isotonic"},
        {"method": "isotonic", "knots": KNOTS, "slope": 2.0},
        {"method": "isotonic", "knots": KNOTS[::-1]},
        {"method": "isotonic", "knots": [KNOTS[0], KNOTS[0]]},
        {"method": "isotonic", "knots": [{"logit": 0.0, "probability": 0.0}]},
        {"method": "isotonic", "knots": [{"logit": 0.0, "probability": 1.0}]},
        {"method": "platt", "n_fractured": 11},
        {"method": "platt", "curve": 3},
    ],
)
def test_a_calibrator_that_would_invert_or_invent_is_refused(broken):
    """A file cannot hold a calibrator that turns answers round, or claims certainty."""
    with pytest.raises(ValidationError):
        Calibrator.model_validate(FACTS | broken)


def test_applying_a_release_takes_neither_scipy_nor_scikit_learn():
    """What reading needs of a release is numpy and pydantic; fitting stays elsewhere."""
    code = (
        "import sys, osteon.release;"
        "print([name for name in ('scipy', 'sklearn', 'torch', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
