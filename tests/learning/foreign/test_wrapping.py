"""A wrapped network takes Osteon's films and gives the log-odds of a fracture, whatever it was."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from tests.foreign import SIDE, answer_by_hand, build_foreign, declare

from osteon.inference.network import Network, open_session
from osteon.learning.foreign import check_parity, read_foreign, wrap
from osteon.release import NetworkCard
from osteon.release.weights import check_weights

FILMS = np.random.default_rng(5).random((6, 1, SIDE, SIDE), np.float32)
THREE = np.repeat(FILMS, 3, axis=1)


def wrapped(path, how):
    foreign = read_foreign(path, how)
    card = NetworkCard(recipe="adopted", preparation=how.preparation)
    model = wrap(foreign, card)
    check_weights(model, where=path.name)
    onnx.checker.check_model(onnx.load_from_string(model))
    return foreign, model, Network(open_session(model, where=path.name), card)


def logits_of(path, how, films=THREE):
    foreign, model, network = wrapped(path, how)
    check_parity(foreign, model, films)
    logits, evidence = network.answer(films)
    assert evidence is None
    assert logits.shape == (len(films),)
    assert logits.dtype == np.float32
    return logits


@pytest.mark.parametrize(
    ("end", "columns", "kind"),
    [
        ("sigmoid", 1, "probability"),
        ("none", 1, "logit"),
        ("softmax", 2, "probability"),
        ("none", 2, "logit"),
    ],
)
@pytest.mark.parametrize("positive", ["fractured", "normal"])
def test_every_kind_of_answer_becomes_the_same_logit(tmp_path, end, columns, kind, positive):
    """One column or two, probability or logit: the log-odds of the declared class, by hand."""
    path = build_foreign(tmp_path / "model.onnx", end=end, columns=columns)
    logits = logits_of(path, declare(output__kind=kind, output__positive=positive))
    sign = 1 if positive == "fractured" else -1
    np.testing.assert_allclose(logits, sign * answer_by_hand(THREE), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ({"range": [0, 1]}, FILMS),
        ({"range": [-1, 1]}, FILMS * 2 - 1),
        ({"range": [0, 255], "mean": [104, 117, 124]}, FILMS * 255 - [[[104]], [[117]], [[124]]]),
        (
            {"range": [0, 1], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
            (FILMS - [[[0.485]], [[0.456]], [[0.406]]]) / [[[0.229]], [[0.224]], [[0.225]]],
        ),
    ],
)
def test_values_go_in_as_they_were_trained(tmp_path, told, values):
    """Ranges and per-channel normalisation are what the network gets, and nothing twice."""
    path = build_foreign(tmp_path / "model.onnx", end="none")
    how = declare(output__kind="logit", **{f"input__{key}": value for key, value in told.items()})
    wanted = answer_by_hand(np.broadcast_to(values, THREE.shape))
    np.testing.assert_allclose(logits_of(path, how), wanted, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("NCHW", ("n", 3, SIDE, SIDE)),
        ("NHWC", ("n", SIDE, SIDE, 3)),
        ("flat", ("n", SIDE * SIDE * 3)),
        ("NHWC", ("n", "r", "c", "k")),
    ],
)
@pytest.mark.parametrize("number", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_axes_and_numbers_are_the_network_s_own(tmp_path, layout, shape, number):
    """Channels first, last or all in a row, in 32 or 64 bits."""
    path = build_foreign(tmp_path / "model.onnx", shape=shape, number=number)
    logits = logits_of(path, declare(input__layout=layout))
    np.testing.assert_allclose(logits, answer_by_hand(THREE), rtol=1e-4, atol=1e-5)


def test_sixteen_bits_are_enough_for_a_network_of_sixteen_bits(tmp_path):
    """A network in half precision gets films in half precision, and answers as well as it can."""
    path = build_foreign(tmp_path / "model.onnx", number=TensorProto.FLOAT16)
    np.testing.assert_allclose(logits_of(path, declare()), answer_by_hand(THREE), atol=0.02)


def test_each_pixel_goes_where_it_belongs(tmp_path):
    """A network that looks at one pixel of one channel finds it after the axes are turned."""
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", SIDE, SIDE, 3])
    asked = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    places = [onnx.numpy_helper.from_array(np.array(at, np.int64), f"at{at}") for at in (3, 7, 2)]
    nodes = [
        helper.make_node("Gather", ["x", "at3"], ["row"], axis=1),
        helper.make_node("Gather", ["row", "at7"], ["pixel"], axis=1),
        helper.make_node("Gather", ["pixel", "at2"], ["y"], axis=1),
    ]
    graph = helper.make_graph(nodes, "one pixel", [given], [asked], places)
    path = tmp_path / "pixel.onnx"
    opset = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    how = declare(output__kind="logit", input__mean=[0, 0, 0.25])
    np.testing.assert_allclose(logits_of(path, how), FILMS[:, 0, 3, 7] - 0.25, atol=1e-6)


def test_bytes_are_the_film_s_own_greys(tmp_path):
    """A network that takes uint8 gets the eight bits of the film, not one less by rounding."""
    shape = ("n", SIDE, SIDE, 3)
    path = build_foreign(tmp_path / "model.onnx", number=TensorProto.UINT8, end="none", shape=shape)
    greys = np.arange(256, dtype=np.uint8).reshape(1, 1, SIDE, SIDE)
    films = np.repeat(greys.astype(np.float32) / np.float32(255), 3, axis=1)
    how = declare(input__range=[0, 255], output__kind="logit")
    wanted = answer_by_hand(np.repeat(greys.astype(np.float64), 3, axis=1))
    np.testing.assert_allclose(logits_of(path, how, films), wanted, rtol=1e-5)


@pytest.mark.parametrize("opset", [8, 9, 11, 13, 17])
def test_old_and_new_graphs_are_wrapped_alike(tmp_path, opset):
    """What stands around a network means the same in every opset that is accepted."""
    path = build_foreign(tmp_path / "model.onnx", opset=opset)
    np.testing.assert_allclose(
        logits_of(path, declare()), answer_by_hand(THREE), rtol=1e-4, atol=1e-5
    )


def test_a_sure_probability_stays_finite(tmp_path):
    """A sigmoid that has run into 0 or 1 becomes a large logit, never an infinite one."""
    path = build_foreign(tmp_path / "model.onnx")
    logits = logits_of(path, declare(input__range=[-30, 30]))
    assert np.isfinite(logits).all()
    assert np.abs(logits).max() < 16.2


def test_evidence_of_the_graph_is_kept(tmp_path):
    """Where the graph gives a map, it comes out beside the logit, and never below zero."""
    path = build_foreign(tmp_path / "model.onnx")
    model = onnx.load(str(path))
    axis = onnx.numpy_helper.from_array(np.array([3], np.int64), "axis")
    model.graph.initializer.append(axis)
    model.graph.node.append(
        helper.make_node("ReduceMean", ["input_1"], ["map"], axes=[3], keepdims=0)
    )
    shown = helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", SIDE, SIDE])
    model.graph.output.append(shown)
    onnx.save(model, str(path))
    how = declare(output__evidence="map", output__name="dense", input__range=[-1, 1])
    *_, network = wrapped(path, how)
    _, evidence = network.answer(THREE)
    np.testing.assert_allclose(evidence, np.maximum(FILMS[:, 0] * 2 - 1, 0), atol=1e-6)


def test_nothing_of_the_stranger_s_machine_travels(tmp_path):
    """Paths that an exporter noted are left out, and equal networks give equal bytes."""
    path = build_foreign(tmp_path / "model.onnx")
    first, second = (wrapped(path, declare())[1] for _ in range(2))
    assert b"secret" not in first
    assert first == second


def test_a_torch_network_answers_as_in_torch(tmp_path):
    """A torch export with channels first and two classes gives torch's own log-odds."""
    torch.manual_seed(3)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 2),
    ).eval()
    path = tmp_path / "torch.onnx"
    rows = {"x": {0: torch.export.Dim("n", min=1)}}
    program = torch.export.export(
        _Named(network), (torch.from_numpy(THREE[:2]),), dynamic_shapes=rows
    )
    export_quietly(program, path)
    how = declare(input__layout="NCHW", output__kind="logit", output__positive="normal")
    with torch.no_grad():
        theirs = network(torch.from_numpy(THREE)).numpy()
    np.testing.assert_allclose(logits_of(path, how), theirs[:, 0] - theirs[:, 1], atol=1e-5)


class _Named(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)


def export_quietly(program, path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own internals
        torch.onnx.export(program, (), str(path), external_data=False, verbose=False)


def test_a_forest_of_scikit_learn_is_wrapped(tmp_path):
    """A tree in the operators that skl2onnx writes: flat input, two probabilities, and a label."""
    n = SIDE * SIDE * 3
    path = tmp_path / "tree.onnx"
    nodes = [
        helper.make_node(
            "TreeEnsembleClassifier",
            ["X"],
            ["label", "probabilities"],
            domain="ai.onnx.ml",
            classlabels_int64s=[0, 1],
            nodes_treeids=[0, 0, 0],
            nodes_nodeids=[0, 1, 2],
            nodes_featureids=[5, 0, 0],
            nodes_values=[0.5, 0.0, 0.0],
            nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
            nodes_truenodeids=[1, 0, 0],
            nodes_falsenodeids=[2, 0, 0],
            nodes_missing_value_tracks_true=[0, 0, 0],
            nodes_hitrates=[1.0, 1.0, 1.0],
            class_treeids=[0, 0, 0, 0],
            class_nodeids=[1, 1, 2, 2],
            class_ids=[0, 1, 0, 1],
            class_weights=[0.75, 0.25, 0.1, 0.9],
            post_transform="NONE",
        )
    ]
    graph = helper.make_graph(
        nodes,
        "tree",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, n])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
        ],
    )
    opsets = [helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(path))
    logits = logits_of(path, declare(input__layout="flat"))
    bright = FILMS[:, 0, 0, 1] > 0.5  # feature 5 is the third channel of the second pixel
    wanted = np.where(bright, np.log(0.9 / 0.1), np.log(0.25 / 0.75))
    np.testing.assert_allclose(logits, wanted, rtol=1e-5)


def test_the_wrapped_network_has_one_input_and_one_output(tmp_path):
    """A release's network is asked for `films` and gives `logits`, even if names clashed inside."""
    _, model, _ = wrapped(build_foreign(tmp_path / "model.onnx"), declare())
    session = onnxruntime.InferenceSession(model)
    assert [entry.name for entry in session.get_inputs()] == ["films"]
    assert [entry.name for entry in session.get_outputs()] == ["logits"]
