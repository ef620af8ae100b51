"""The first of the guards' networks: four convolutions over 64 by 64 pixels, in numpy.

Releases that were made before `guards-2.onnx` name it, and are read with it.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from osteon.terms import Floats, Pixels8

NOISE_FLOOR: Final = 5.0
"""Added to the spread of greys that a film is divided by: noise on a blank stays faint."""

ODDNESS: Final = 2.0
"""Weight of the logarithm of the distance from films of the right kind in the scope's logit."""

_SIDE: Final = 64
_N_CONVOLUTIONS: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ArrayNetwork:
    """A guards' network, as arrays.

    Attributes:
        kernels: One per convolution, shape `(channels out, channels in, side, side)`.
        shifts: One per convolution, shape `(channels out,)`.
        mix: Shape `(features, hidden)`.
        mix_shift: Shape `(hidden,)`.
        answers: Shape `(hidden, 2)`: scope and polarity.
        answer_shift: Shape `(2,)`.
        typical: What is hidden of a film of the right kind, its square roots, shape `(hidden,)`.
        whiten: Turns what differs from it into uncorrelated units, shape `(hidden, hidden)`.
        side: Of the squares that it looks at, in pixels.
    """

    kernels: tuple[Floats, ...]
    shifts: tuple[Floats, ...]
    mix: Floats
    mix_shift: Floats
    answers: Floats
    answer_shift: Floats
    typical: Floats
    whiten: Floats
    side: int = _SIDE

    def answer(self, looks: Pixels8) -> Floats:
        """Return the scope and polarity logits of squares.

        Args:
            looks: Shape `(looks, side, side)`.

        Returns:
            Shape `(looks, 2)`.
        """
        logits = [_run_one(film, self) for film in _standardise(looks)]
        return np.array(logits, dtype=np.float32).reshape(-1, 2)


def parse_array_network(data: bytes) -> ArrayNetwork:
    """Return the network in the bytes of an `.npz` file, of which nothing is unpickled.

    Args:
        data: The file.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files}
    numbers = range(_N_CONVOLUTIONS)
    return ArrayNetwork(
        kernels=tuple(arrays[f"kernel_{number}"] for number in numbers),
        shifts=tuple(arrays[f"shift_{number}"] for number in numbers),
        mix=arrays["mix"],
        mix_shift=arrays["mix_shift"],
        answers=arrays["answer"],
        answer_shift=arrays["answer_shift"],
        typical=arrays["typical"],
        whiten=arrays["whiten"],
    )


def _standardise(looks: Pixels8) -> Floats:
    grey = looks.astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    spread = grey.std(axis=(1, 2), keepdims=True)
    return np.asarray((grey - mean) / (spread + np.float32(NOISE_FLOOR)), dtype=np.float32)


def _run_one(film: Floats, network: ArrayNetwork) -> Floats:
    layer = film[np.newaxis]
    for kernel, shift in zip(network.kernels, network.shifts, strict=True):
        layer = _convolve(layer, kernel, shift)
    features = np.concatenate([layer.mean(axis=(1, 2)), layer.max(axis=(1, 2))])
    hidden = np.maximum(features @ network.mix + network.mix_shift, np.float32(0))
    scope, polarity = hidden @ network.answers + network.answer_shift
    # The network knows the strangers that it was shown; the distance from films, any stranger.
    away = np.linalg.norm((np.sqrt(hidden) - network.typical) @ network.whiten)
    return np.array([scope + ODDNESS * np.log(away + 1e-3), polarity], dtype=np.float32)


def _convolve(layer: Floats, kernel: Floats, shift: Floats) -> Floats:
    """Convolve in steps of two, and cut off what is negative; shape `(channels, rows, columns)`."""
    n_out, _, side, _ = kernel.shape
    margin = side // 2
    padded = np.pad(layer, ((0, 0), (margin, margin), (margin, margin)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::2, ::2]
    rows, columns = windows.shape[1:3]
    patches = windows.transpose(0, 3, 4, 1, 2).reshape(-1, rows * columns)
    summed = kernel.reshape(n_out, -1) @ patches + shift[:, np.newaxis]
    maps: Floats = np.maximum(summed, np.float32(0)).reshape(n_out, rows, columns)
    return maps
