"""The tree of faults."""

import copy
import inspect
import pickle

import pytest

from osteon import errors
from osteon.errors import OsteonError

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, OsteonError)
]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_a_fault_survives_another_process(kind):
    """A pickled fault keeps its address, its words and its class."""
    fault = kind("film.png", "must decode", found=3, advice="Leave it out.")
    for again in (pickle.loads(pickle.dumps(fault)), copy.copy(fault)):
        assert type(again) is kind
        assert str(again) == str(fault)
        assert (again.where, again.must, again.found, again.advice) == (
            "film.png",
            "must decode",
            3,
            "Leave it out.",
        )


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_each_fault_stands_in_the_drawing(kind):
    """The picture at the top of the file shows the whole tree."""
    assert f" {kind.__name__} " in f" {errors.__doc__} ".replace("\n", " ")
