"""Small networks as strangers export them: each says how bright the middle of a film is."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from osteon.learning.foreign import AdoptSettings
from osteon.settings import build_settings

SIDE = 16
SLOPE, SHIFT = 8.0, -3.0
"""The logit of class 1 is so many times the mean of what goes in, and this more."""


def declare(**changes: Any) -> AdoptSettings:
    """Declare a network of `build_foreign`; "input.layout"="NHWC" replaces an entry."""
    told: dict[str, dict[str, Any]] = {
        "preparation": {"rows": SIDE, "columns": SIDE, "channels": 3, "fit": "squash"},
        "input": {"layout": "NHWC", "range": [0, 1]},
        "output": {
            "kind": "probability",
            "classes": ["normal", "fractured"],
            "positive": "fractured",
        },
    }
    for key, value in changes.items():
        part, _, name = key.partition("__")
        told[part][name] = value
    return build_settings(told, AdoptSettings, where="adopt.toml")


def write_toml(how: AdoptSettings, path: Path) -> Path:
    """Write down what was declared."""
    import tomli_w

    path.write_text(tomli_w.dumps(how.model_dump(mode="json")), encoding="utf-8")
    return path


def build_foreign(
    path: Path,
    *,
    end: str = "sigmoid",
    columns: int = 1,
    shape: tuple[Any, ...] = ("n", SIDE, SIDE, 3),
    number: int = TensorProto.FLOAT,
    opset: int = 15,
    names: tuple[str, str] = ("input_1", "dense"),
) -> Path:
    """Write a network whose class 1 is bright; `columns` 2 gives class 0 the opposite answer."""
    numpy_kind = helper.tensor_dtype_to_np_dtype(number)
    given, asked = names
    axes = list(range(1, len(shape)))
    weights = {
        "slope": np.array([[-SLOPE / 2, SLOPE / 2]] if columns == 2 else [[SLOPE]]),
        "shift": np.array([-SHIFT / 2, SHIFT / 2] if columns == 2 else [SHIFT]),
    }
    if number == TensorProto.UINT8:
        numpy_kind = np.dtype(np.float32)
    inner = helper.np_dtype_to_tensor_dtype(numpy_kind)
    last = {"sigmoid": "Sigmoid", "softmax": "Softmax", "none": "Identity"}[end]
    attributes = {"axis": 1} if last == "Softmax" else {}
    nodes = [
        helper.make_node("Cast", [given], ["logits"], to=inner),  # a name that Osteon wants too
        helper.make_node("ReduceMean", ["logits"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("Reshape", ["mean", "column"], ["films"]),  # and another
        helper.make_node("MatMul", ["films", "slope"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["evidence"]),
        helper.make_node(last, ["evidence"], [asked], **attributes),
    ]
    held = [numpy_helper.from_array(v.astype(numpy_kind), k) for k, v in weights.items()]
    held.append(numpy_helper.from_array(np.array([-1, 1], np.int64), "column"))
    graph = helper.make_graph(
        nodes,
        "bright",
        [helper.make_tensor_value_info(given, number, shape)],
        [helper.make_tensor_value_info(asked, inner, ["n", columns])],
        held,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    model.metadata_props.add(key="where", value="./somebody/secret")
    onnx.save(model, str(path))
    return path


def answer_by_hand(values: np.ndarray) -> np.ndarray:
    """Return the logit of class 1 for what goes into the network, shape `(films, …)`."""
    return SLOPE * values.reshape(len(values), -1).mean(axis=1) + SHIFT
