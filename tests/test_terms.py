"""Records that are kept outlast the version that made them."""

import pickle

import numpy as np

from osteon.terms import Finding, Reading


def build_reading():
    return Reading(
        source="film.png",
        decision="doubt",
        probability=0.2,
        findings=(Finding(box=(0.0, 0.0, 5.0, 5.0), probability=0.1),),
        evidence=np.zeros((2, 2), np.float32),
        reasons=(),
        release="bright 1",
        doubt_from=0.1,
        fracture_from=0.5,
        colours=(0.2, 0.9),
    )


def test_a_pickled_reading_comes_back_whole():
    """Every attribute survives."""
    told = build_reading()
    back = pickle.loads(pickle.dumps(told))
    for name in Reading.__slots__:
        if name != "evidence":
            assert getattr(back, name) == getattr(told, name)
    assert np.array_equal(back.evidence, told.evidence)


def test_a_reading_of_an_older_version_knows_no_limits():
    """What was pickled before readings carried limits says that it does not know them."""
    state = build_reading().__getstate__()[:8]
    back = object.__new__(Reading)
    back.__setstate__(state)
    assert (back.source, back.probability, back.instance) == ("film.png", 0.2, None)
    assert (back.doubt_from, back.fracture_from, back.colours) == (None, None, None)
