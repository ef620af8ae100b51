"""A network's weights are inside its file, and finite; no library is needed to see it."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, external_data_helper, helper, numpy_helper
from tests.releases import build_model

from osteon.errors import ReleaseDamaged
from osteon.release.weights import check_weights, count_weights


def build(*tensors, nodes=()):
    """Build a network that holds these weights."""
    films = helper.make_tensor_value_info("films", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [films], [films], list(tensors))
    return helper.make_model(graph)


def tensor(value, kind=np.float32, name="w"):
    return numpy_helper.from_array(np.array([1.0, value, -2.0], kind), name)


def refuse(model, match):
    with pytest.raises(ReleaseDamaged, match=match):
        check_weights(model.SerializeToString(), where="r.osteon, model.onnx")


def test_a_network_in_order_passes():
    """Weights of the usual kinds, and no weights at all, are accepted."""
    check_weights(build_model(), where="m")
    check_weights(build().SerializeToString(), where="m")
    kinds = (np.float16, np.float32, np.float64, np.int64, np.int8)
    held = [tensor(2, kind, f"w{number}") for number, kind in enumerate(kinds)]
    check_weights(build(*held).SerializeToString(), where="m")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_finite_number_is_refused(kind, value):
    """One weight among many is enough, in whatever precision."""
    refuse(build(tensor(1.0), tensor(value, kind, "v")), "finite numbers")


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_a_weight_that_is_written_one_by_one_is_looked_at_too(kind):
    """ONNX has a second way to write weights, in fields of their own."""
    written = helper.make_tensor("w", kind, [3], [1.0, float("nan"), 2.0])
    assert not written.raw_data
    refuse(build(written), "finite numbers")


def test_a_half_that_is_written_as_a_whole_number_is_refused():
    """ONNX allows a 16-bit weight to stand as its bits, where it would go unseen."""
    written = helper.make_tensor("w", TensorProto.FLOAT16, [2], np.array([1, np.nan], np.float16))
    assert written.int32_data
    refuse(build(written), "ONNX network")


def test_a_constant_inside_a_node_is_a_weight():
    """Neither a constant nor the branch of a condition hides one."""
    constant = helper.make_node("Constant", [], ["c"], value=tensor(np.nan))
    refuse(build(nodes=[constant]), "finite numbers")
    out = helper.make_tensor_value_info("c", TensorProto.FLOAT, [3])
    branch = helper.make_graph([constant], "branch", [], [out])
    choice = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    refuse(build(nodes=[choice]), "finite numbers")


def test_weights_in_another_file_are_refused():
    """A release is one file: nothing beside it is ever opened."""
    linked = tensor(1.0)
    external_data_helper.set_external_data(linked, location="../secrets.bin")
    linked.ClearField("raw_data")
    refuse(build(linked), "inside the file")


def test_sparse_weights_are_refused():
    """No exporter of ours writes them, and their values would go unseen."""
    model = build()
    sparse = helper.make_sparse_tensor(tensor(1.0), helper.make_tensor("i", 7, [3], [0, 1, 2]), [9])
    model.graph.sparse_initializer.append(sparse)
    refuse(model, "ONNX network")


def test_bytes_that_are_no_network_are_refused_or_hold_no_weights():
    """Whatever the bytes, the answer is yes or a refusal, and never another exception."""
    rng = np.random.default_rng(7)
    good = bytearray(build_model())
    n_refused = 0
    for _ in range(400):
        broken = good.copy()
        for place in rng.integers(0, len(good), 3).tolist():
            broken[place] = int(rng.integers(256))
        cut = bytes(broken[: int(rng.integers(1, len(good)))])
        for content in (bytes(broken), cut, rng.bytes(60)):
            try:
                check_weights(content, where="m")
            except ReleaseDamaged:
                n_refused += 1
    assert n_refused > 300


def test_a_function_of_the_model_holds_no_hidden_weight():
    """A network may bring operators of its own; their constants are weights too."""
    constant = helper.make_node("Constant", [], ["c"], value=tensor(np.nan))
    opset = [helper.make_opsetid("", 18)]
    function = helper.make_function("ours", "F", [], ["c"], [constant], opset)
    model = build(nodes=[helper.make_node("F", [], ["c"], domain="ours")])
    model.functions.append(function)
    refuse(model, "finite numbers")
    assert onnx.ModelProto.FromString(model.SerializeToString()).functions


def test_weights_are_counted_as_they_are_stored():
    """Floats and bytes count, of any shape; whole numbers, which are shapes, do not."""
    assert count_weights(build_model()) == 3
    tensors = (
        numpy_helper.from_array(np.zeros((3, 5), np.float32), "f"),
        numpy_helper.from_array(np.zeros((2, 4), np.int8), "b"),
        numpy_helper.from_array(np.zeros(7, np.int64), "shape"),
        numpy_helper.from_array(np.array(1.0, np.float16), "scalar"),
    )
    assert count_weights(build(*tensors).SerializeToString()) == 15 + 8 + 1
