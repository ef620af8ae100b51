"""A smaller network: 8-bit integers or 16-bit floats, made by ONNX Runtime's own tools."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

Precision = Literal["fp32", "fp16", "int8"]

FILMS_FOR_RANGES: Final = 128
"""Films from which the ranges of 8-bit numbers are learnt."""

_BATCH: Final = 16
_QUANTISED: Final = ["Conv", "Add", "Relu", "Clip", "MaxPool"]


class _Films(CalibrationDataReader):  # type: ignore[misc]
    """Hands prepared films to the quantiser, a few at a time."""

    def __init__(self, films: npt.NDArray[np.float32], name: str) -> None:
        self._batches: Iterator[npt.NDArray[np.float32]] = iter(
            films[start : start + _BATCH] for start in range(0, len(films), _BATCH)
        )
        self._name = name

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """Return the next batch; None at the end."""
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def quantise(model: bytes, precision: Precision, films: npt.NDArray[np.float32]) -> bytes:
    """Return a network in fewer bits. What that costs is for the caller to measure.

    Args:
        model: An exported network of 32-bit floats.
        precision: "fp16" keeps inputs and outputs in 32 bits; "int8" quantises weights channel by
            channel and activations by the ranges they have on the films.
        films: Prepared films, shape `(films, channels, rows, columns)`, of the tune split.
    """
    full = onnx.load_from_string(model)
    if precision == "fp32":
        return model
    if precision == "fp16":
        half: Any = convert_float_to_float16(full, keep_io_types=True)
        return _with_card(half, full)
    quiet = logging.getLogger()
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # the quantiser's advice is followed below, and it repeats it
    try:
        with tempfile.TemporaryDirectory() as folder:
            before, clean, after = (Path(folder) / name for name in ("a.onnx", "b.onnx", "c.onnx"))
            before.write_bytes(model)
            quant_pre_process(str(before), str(clean), skip_symbolic_shape=True)
            quantize_static(
                str(clean),
                str(after),
                _Films(films[:FILMS_FOR_RANGES], full.graph.input[0].name),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                # The head stays in floats: it is small, and the logit and the evidence hang on it.
                op_types_to_quantize=_QUANTISED,
            )
            return _with_card(onnx.load(str(after)), full)
    finally:
        quiet.setLevel(level)


def _with_card(model: onnx.ModelProto, full: onnx.ModelProto) -> bytes:
    """Return the file with the card of the network that it was made from."""
    del model.metadata_props[:]
    model.metadata_props.extend(full.metadata_props)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
