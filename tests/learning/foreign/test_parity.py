"""A wrapped network that does not answer as it came is refused, and so is a false declaration."""

import numpy as np
import pytest
from tests.foreign import SIDE, build_foreign, declare

from osteon.errors import ParityBroken, SettingsFault
from osteon.learning.foreign import check_parity, read_foreign, wrap
from osteon.release import NetworkCard

FILMS = np.random.default_rng(7).random((5, 1, SIDE, SIDE), np.float32).repeat(3, axis=1)


def parity_of(path, how, *, wrapped_as=None):
    foreign = read_foreign(path, how)
    other = read_foreign(path, wrapped_as) if wrapped_as else foreign
    return check_parity(
        foreign, wrap(other, NetworkCard(recipe="adopted", preparation=how.preparation)), FILMS
    )


def test_the_wrapped_network_answers_as_it_came(tmp_path):
    """Asked film by film and in one batch, both agree far below the limit."""
    assert parity_of(build_foreign(tmp_path / "model.onnx"), declare()) < 1e-6


@pytest.mark.parametrize(
    "other",
    [
        {"input__range": [0, 1.01]},
        {"input__mean": [0.01, 0.01, 0.01]},
        {"output__positive": "normal"},
    ],
)
def test_a_network_that_was_wrapped_otherwise_is_found_out(tmp_path, other):
    """Another range, another mean, the other class: none of them passes."""
    path = build_foreign(tmp_path / "model.onnx")
    with pytest.raises(ParityBroken, match=r"within 0\.0001 of itself"):
        parity_of(path, declare(), wrapped_as=declare(**other))


def test_logits_declared_as_probabilities_are_refused(tmp_path):
    """Answers outside 0 and 1 are no probabilities, whatever the recipe says."""
    path = build_foreign(tmp_path / "model.onnx", end="none")
    with pytest.raises(SettingsFault, match=r'output\.kind: must be "logit"'):
        parity_of(path, declare(input__range=[0, 10]))


def test_two_probabilities_add_up_to_one(tmp_path):
    """Two sigmoids are no softmax, and their log-odds no log-odds of a class."""
    path = build_foreign(tmp_path / "model.onnx", end="sigmoid", columns=2)
    import onnx

    model = onnx.load(str(path))
    for held in model.graph.initializer:
        if held.name == "shift":
            held.CopyFrom(onnx.numpy_helper.from_array(np.array([0, 1], np.float32), "shift"))
    onnx.save(model, str(path))
    with pytest.raises(SettingsFault, match="must add up to 1"):
        parity_of(path, declare())


def test_answers_that_are_no_numbers_are_refused(tmp_path):
    """A network that answers with NaN is no network."""
    path = build_foreign(tmp_path / "model.onnx", end="none")
    with pytest.raises(ParityBroken, match="finite numbers"):
        parity_of(path, declare(output__kind="logit", input__range=[0, 3e38]))
