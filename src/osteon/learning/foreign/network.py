"""A network from elsewhere, read and held against what was declared of it."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto

from osteon.errors import FolderNotFound, ReleaseFault, SettingsFault
from osteon.learning.foreign.declared import AdoptSettings

OLDEST_OPSET: Final = 8
"""Since then the operators that are put around a network stretch a constant to any shape."""

NUMBERS: Final = MappingProxyType(
    {
        int(TensorProto.FLOAT): np.float32,
        int(TensorProto.DOUBLE): np.float64,
        int(TensorProto.FLOAT16): np.float16,
        int(TensorProto.UINT8): np.uint8,
    }
)
"""Kinds of numbers that a network may take: ONNX's number for them, and numpy's name."""

AXES: Final = MappingProxyType({"NCHW": (0, 1, 2, 3), "NHWC": (0, 2, 3, 1), "flat": (0, 2, 3, 1)})
"""Layout → the order in which it has the axes films, channels, rows, columns."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ForeignNetwork:
    """A network from elsewhere, read and looked at.

    Attributes:
        model: Its graph, with all weights inside.
        session: The same, ready to run.
        input: Name of its input.
        output: Name of its answer.
        n_columns: Of the answer, 1 or 2.
        how: What was declared of it.
        where: How its file is spoken of.
    """

    model: onnx.ModelProto
    session: onnxruntime.InferenceSession
    input: str
    output: str
    n_columns: int
    how: AdoptSettings
    where: str

    @property
    def number(self) -> int:
        """ONNX's number for the kind of numbers that it takes."""
        (taken,) = (entry for entry in self.model.graph.input if entry.name == self.input)
        return int(taken.type.tensor_type.elem_type)


def read_foreign(path: Path, how: AdoptSettings) -> ForeignNetwork:
    """Read a network from elsewhere and hold it against what was declared.

    Args:
        path: An ONNX file; weights in files beside it are taken in.
        how: What was declared.

    Raises:
        FolderNotFound: If there is no such file.
        ReleaseFault: If it is no ONNX network that can run here.
        SettingsFault: If it contradicts what was declared.
    """
    if not path.is_file():
        raise FolderNotFound(str(path), "an ONNX network is needed here")
    try:
        model = onnx.load(str(path))
        session = open_graph(model.SerializeToString(deterministic=True))
    except Exception as fault:  # neither onnx nor onnxruntime has one base class for its faults
        raise ReleaseFault(
            str(path),
            "must be an ONNX network that ONNX Runtime can run, all its weights there",
            found=type(fault).__name__,
        ) from fault
    opset = next((held.version for held in model.opset_import if held.domain in {"", "ai.onnx"}), 0)
    if 0 < opset < OLDEST_OPSET:
        raise ReleaseFault(
            str(path),
            f"must be of opset {OLDEST_OPSET} or newer",
            found=opset,
            advice="Export it again with a newer one.",
        )
    taken = _find_input(model, how, str(path))
    answer = _find_output(model, how, str(path))
    n_columns = _count_columns(session, taken, answer, how, str(path))
    return ForeignNetwork(
        model=model,
        session=session,
        input=taken.name,
        output=answer,
        n_columns=n_columns,
        how=how,
        where=str(path),
    )


def open_graph(model: bytes) -> onnxruntime.InferenceSession:
    """Return an ONNX graph, ready to run on the CPU.

    Args:
        model: The file's bytes.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _find_input(model: onnx.ModelProto, how: AdoptSettings, where: str) -> Any:
    """Return the one input, after it was held against the declared layout.

    Raises:
        ReleaseFault: If it takes other numbers, more than films, or one film only.
        SettingsFault: If its shape is not the declared one.
    """
    weights = {held.name for held in model.graph.initializer}
    inputs = {entry.name: entry for entry in model.graph.input if entry.name not in weights}
    name = how.input.name or next(iter(inputs), "")
    if name not in inputs:
        raise SettingsFault(
            "--recipe, input.name",
            f"must be an input of the network: {', '.join(inputs)}",
            found=name,
        )
    if len(inputs) > 1:
        raise ReleaseFault(where, "must take films and nothing else", found=sorted(inputs))
    tensor = inputs[name].type.tensor_type
    if tensor.elem_type not in NUMBERS:
        raise ReleaseFault(
            where, "must take float or uint8 numbers", found=f"kind {tensor.elem_type} of ONNX"
        )
    if tensor.elem_type == TensorProto.UINT8 and (
        how.input.range != (0, 255) or how.input.mean or how.input.std
    ):
        raise SettingsFault(
            "--recipe, input.range",
            "must be [0, 255], without mean and std, for a network that takes uint8",
        )
    if tensor.HasField("shape"):
        _check_shape([dim.dim_value for dim in tensor.shape.dim], how, where)
    return inputs[name]


def _check_shape(shape: list[int], how: AdoptSettings, where: str) -> None:
    """Hold an input's shape, in which 0 is any length, against the declared one.

    Raises:
        ReleaseFault: If it takes a fixed number of films.
        SettingsFault: If a film has another shape.
    """
    size = how.preparation
    channels_first = (0, size.channels, size.rows, size.columns)
    wanted = [channels_first[axis] for axis in AXES[how.input.layout]]
    if how.input.layout == "flat":
        wanted = [0, size.rows * size.columns * size.channels]
    fits = len(shape) == len(wanted) and all(
        not held or held == asked for held, asked in zip(shape[1:], wanted[1:], strict=True)
    )
    if not fits:
        raise SettingsFault(
            "--recipe, preparation and input.layout",
            f"must be as the network's input, which is {_spell(shape)}",
            found=_spell(wanted),
        )
    if shape[0]:
        raise ReleaseFault(
            where,
            "must take any number of films at once",
            found=f"{shape[0]} only",
            advice="Export it with a dynamic first axis (dynamic_shapes or dynamic_axes in torch).",
        )


def _spell(shape: list[int]) -> str:
    return " x ".join(str(length or "any") for length in shape)


def _find_output(model: onnx.ModelProto, how: AdoptSettings, where: str) -> str:
    """Return the name of the answer.

    Raises:
        ReleaseFault: If the network gives no tensor of numbers.
        SettingsFault: If it is not clear which output is meant.
    """
    shown = how.output.evidence
    outputs = {entry.name: entry.type for entry in model.graph.output}
    if shown and shown not in outputs:
        raise SettingsFault(
            "--recipe, output.evidence", f"must be an output: {', '.join(outputs)}", found=shown
        )
    possible = [
        name
        for name, kind in outputs.items()
        if kind.tensor_type.elem_type in NUMBERS and name != shown
    ]
    if not possible:
        raise ReleaseFault(
            where,
            "must answer with a tensor of float numbers",
            found=sorted(outputs),
            advice='With skl2onnx, convert with options={"zipmap": False}.',
        )
    name = how.output.name or (possible[0] if len(possible) == 1 else "")
    if name not in possible:
        raise SettingsFault(
            "--recipe, output.name",
            f"must be one of the outputs: {', '.join(possible)}",
            found=name,
        )
    return name


def _count_columns(
    session: onnxruntime.InferenceSession, taken: Any, answer: str, how: AdoptSettings, where: str
) -> int:
    """Ask about two black films, and return how many numbers each is answered with.

    Raises:
        ReleaseFault: If it cannot be asked about two films, or answers otherwise.
        SettingsFault: If its evidence is no map.
    """
    size = how.preparation
    shape = (2, size.channels, size.rows, size.columns)
    films: npt.NDArray[Any] = np.zeros(shape, NUMBERS[taken.type.tensor_type.elem_type])
    films = films.transpose(AXES[how.input.layout])
    if how.input.layout == "flat":
        films = films.reshape(2, -1)
    wanted = [answer, how.output.evidence] if how.output.evidence else [answer]
    try:
        answers = session.run(wanted, {taken.name: np.ascontiguousarray(films)})
    except Exception as fault:  # onnxruntime's faults share no base class
        raise ReleaseFault(
            where,
            "must take two films of the declared preparation at once",
            found=type(fault).__name__,
            advice="Compare preparation and input.layout with its training, and export it with a "
            "dynamic first axis.",
        ) from fault
    answered = list(answers[0].shape)
    if not answered or answered[0] != 2 or answers[0].size not in {2, 4}:
        raise ReleaseFault(
            where,
            "must answer each film with one number, or two: one per class",
            found=f"shape {_spell(answered)} for 2 films",
        )
    if len(wanted) > 1 and (answers[1].ndim != 3 or len(answers[1]) != 2):
        raise SettingsFault(
            "--recipe, output.evidence",
            "must have the shape films x map rows x map columns",
            found=_spell(list(answers[1].shape)),
        )
    return int(answers[0].size // 2)
