"""Networks from elsewhere are refused by name where they are not what was declared."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.foreign import SIDE, build_foreign, declare

from osteon.errors import FolderNotFound, ReleaseFault, SettingsFault
from osteon.learning.foreign import read_foreign


def test_one_input_and_one_answer_need_no_names(tmp_path):
    """A network with one input and one output is understood without naming them."""
    foreign = read_foreign(build_foreign(tmp_path / "model.onnx"), declare())
    assert (foreign.input, foreign.output, foreign.n_columns) == ("input_1", "dense", 1)


def test_two_classes_are_two_columns(tmp_path):
    """A softmax over both classes is told from a sigmoid by asking."""
    path = build_foreign(tmp_path / "model.onnx", end="softmax", columns=2)
    assert read_foreign(path, declare()).n_columns == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"preparation__rows": 32}, "input, which is any x 16 x 16 x 3; found 'any x 32 x 16 x 3'"),
        ({"input__layout": "NCHW"}, "found 'any x 3 x 16 x 16'"),
        ({"input__layout": "flat"}, "found 'any x 768'"),
        ({"preparation__channels": 1}, "found 'any x 16 x 16 x 1'"),
        ({"input__name": "films"}, "must be an input of the network: input_1; found 'films'"),
        ({"output__name": "films"}, "must be one of the outputs: dense; found 'films'"),
        ({"output__evidence": "map"}, "must be an output: dense; found 'map'"),
        ({"output__evidence": "dense"}, "must answer with a tensor"),
    ],
)
def test_what_contradicts_the_file_is_refused(tmp_path, changes, words):
    """A declaration that the file itself contradicts is named, with what the file says."""
    path = build_foreign(tmp_path / "model.onnx")
    with pytest.raises((SettingsFault, ReleaseFault)) as refused:
        read_foreign(path, declare(**changes))
    assert words in str(refused.value)


def test_a_network_of_one_film_is_refused(tmp_path):
    """A first axis that was frozen on export would need a pass per film; the remedy is said."""
    path = build_foreign(tmp_path / "model.onnx", shape=(1, SIDE, SIDE, 3))
    with pytest.raises(ReleaseFault, match=r"any number of films at once; found '1 only'.*dynamic"):
        read_foreign(path, declare())


def test_whole_numbers_go_in_as_they_are(tmp_path):
    """A network that takes bytes has black at 0 and white at 255, and nothing else."""
    path = build_foreign(tmp_path / "model.onnx", number=TensorProto.UINT8)
    with pytest.raises(SettingsFault, match=r"input\.range: must be \[0, 255\]"):
        read_foreign(path, declare())
    assert read_foreign(path, declare(input__range=[0, 255])).n_columns == 1


def test_too_old_a_graph_is_refused(tmp_path):
    """What stands around the network needs operators of opset 8."""
    path = build_foreign(tmp_path / "model.onnx", opset=7)
    with pytest.raises(ReleaseFault, match="opset 8 or newer; found 7"):
        read_foreign(path, declare())


def test_what_is_no_network_is_refused(tmp_path):
    """A missing file, a text and a truncated network are told apart from a network."""
    with pytest.raises(FolderNotFound):
        read_foreign(tmp_path / "none.onnx", declare())
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ReleaseFault, match="must be an ONNX network"):
        read_foreign(tmp_path / "text.onnx", declare())
    whole = build_foreign(tmp_path / "model.onnx").read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReleaseFault, match="must be an ONNX network"):
        read_foreign(tmp_path / "half.onnx", declare())


def test_weights_in_another_file_come_along_or_are_missed(tmp_path):
    """External weights are taken in; without their file there is no network."""
    model = onnx.load(str(build_foreign(tmp_path / "inside.onnx")))
    outside = tmp_path / "outside.onnx"
    onnx.save(model, str(outside), save_as_external_data=True, location="w.bin", size_threshold=0)
    foreign = read_foreign(outside, declare())
    assert not any(held.external_data for held in foreign.model.graph.initializer)
    (tmp_path / "w.bin").unlink()
    with pytest.raises(ReleaseFault, match="all its weights there"):
        read_foreign(outside, declare())


def test_a_network_that_takes_more_than_films_is_refused(tmp_path):
    """A network that also wants an age cannot be asked about a film alone."""
    path = build_foreign(tmp_path / "model.onnx")
    model = onnx.load(str(path))
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, ["n"]))
    onnx.save(model, str(path))
    with pytest.raises(ReleaseFault, match="films and nothing else"):
        read_foreign(path, declare())


def test_three_classes_are_refused(tmp_path):
    """A network of three classes has no single class that means a fracture."""
    path = build_foreign(tmp_path / "model.onnx")
    model = onnx.load(str(path))
    for held in model.graph.initializer:
        if held.name in {"slope", "shift"}:
            shape = (1, 3) if held.name == "slope" else (3,)
            held.CopyFrom(onnx.numpy_helper.from_array(np.ones(shape, np.float32), held.name))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    onnx.save(model, str(path))
    with pytest.raises(ReleaseFault, match="one number, or two: one per class; found 'shape 2 x 3"):
        read_foreign(path, declare())
