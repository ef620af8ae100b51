"""A network is loaded from a file that says what it is, or not at all."""

import onnx
import pytest
from onnx import TensorProto, helper

from osteon.errors import FolderNotFound, RunFault
from osteon.inference.network import Network
from osteon.release import NETWORK_CARD_KEY, NetworkCard, Preparation


def write_network(path, card):
    films = helper.make_tensor_value_info("films", TensorProto.FLOAT, ["n", 1, 16, 16])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])
    node = helper.make_node("ReduceMean", ["films", "axes"], ["logits"], keepdims=0)
    axes = helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3])
    graph = helper.make_graph([node], "mean", [films], [logits], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if card is not None:
        model.metadata_props.add(key=NETWORK_CARD_KEY, value=card)
    onnx.save(model, str(path))
    return path


GOOD = NetworkCard(recipe="x", preparation=Preparation(rows=16, columns=16)).model_dump_json()


def test_a_network_with_its_card_is_loaded(tmp_path):
    """The card's preparation is the network's."""
    network = Network.load(write_network(tmp_path / "n.onnx", GOOD))
    assert network.card.preparation == Preparation(rows=16, columns=16)


def test_a_graph_without_boxes_gives_none(tmp_path):
    """No box head and no evidence: None, which is not "no box found"."""
    import numpy as np

    network = Network.load(write_network(tmp_path / "n.onnx", GOOD))
    outputs = network.look(np.ones((2, 1, 16, 16), np.float32))
    assert (outputs.boxes, outputs.evidence) == (None, None)
    assert outputs.logits.tolist() == [1.0, 1.0]
    assert not network.has_boxes


def test_one_film_and_many_films_have_the_same_logit(tmp_path):
    """A film's logit does not depend on the batch it is read in."""
    import numpy as np

    from osteon.terms import Radiograph

    network = Network.load(write_network(tmp_path / "n.onnx", GOOD))
    pixels = np.random.default_rng(0).integers(0, 256, (70, 16, 16), dtype=np.uint8)
    told = []
    many = network.measure_logits(pixels, batch=32, progress=lambda *a: told.append(a))
    one = Radiograph(pixels=pixels[7].astype(np.float32) / 255, source="seven")
    assert network.measure_logit(one) == pytest.approx(float(many[7]), abs=1e-6)
    assert [done for _, done, _ in told] == [32, 64, 70]


@pytest.mark.parametrize(
    "card",
    [None, "{}", GOOD.replace('"fracture"', '"no fracture"'), GOOD.replace("letterbox", "crop")],
    ids=["no card", "empty card", "inverted class", "unknown preparation"],
)
def test_a_network_without_a_card_that_holds_is_refused(tmp_path, card):
    """No card, or one that names another class or preparation, is refused: nothing is assumed."""
    with pytest.raises(RunFault, match="must carry Osteon's card"):
        Network.load(write_network(tmp_path / "n.onnx", card))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    """Bytes that are not ONNX are refused by name."""
    (tmp_path / "n.onnx").write_bytes(b"no network")
    with pytest.raises(RunFault, match=r"n\.onnx: a readable ONNX network"):
        Network.load(tmp_path / "n.onnx")


def test_a_network_that_is_not_there_is_refused(tmp_path):
    """A missing file is refused by name."""
    with pytest.raises(FolderNotFound, match=r"gone\.onnx"):
        Network.load(tmp_path / "gone.onnx")
