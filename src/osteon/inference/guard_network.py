"""The guards' own network: a few convolutions over a small square, in numpy.

It runs in numpy so that it can look where the film was decoded. Its weights lie beside this module,
and so do those of earlier versions, which earlier releases name; how they were fitted stands in
`benchmarks/guards.py`.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from osteon.terms import Floats, Pixels8

NOISE_FLOOR: Final = 5.0
"""Added to the spread of greys that a film is divided by: noise on a blank stays faint."""

_FIRST_SIDE: Final = 64  # the first network's file does not say them
_FIRST_ODDNESS: Final = 2.0
_LIGHT: Final = 0.9  # nine tenths of a row of a light frame are lighter
_MIN_INSIDE: Final = 0.35
_NETWORKS: Final = ("guards-1.npz", "guards-2.npz")
_PLACES: Final = 1e4  # a logit is rounded: the last bits depend on the processor


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardNetwork:
    """The guards' network, as arrays.

    Attributes:
        side: It looks at films squeezed to a square of so many pixels.
        oddness: Weight of the logarithm of the distance from films of the right kind in the
            scope's logit.
        kernels: One per convolution, shape `(channels out, channels in, side, side)`.
        shifts: One per convolution, shape `(channels out,)`.
        mix: Shape `(features, hidden)`.
        mix_shift: Shape `(hidden,)`.
        answer: Shape `(hidden, 2)`: scope and polarity.
        answer_shift: Shape `(2,)`.
        typical: What is hidden of a film of the right kind, its square roots, shape `(hidden,)`.
        whiten: Turns what differs from it into uncorrelated units, shape `(hidden, hidden)`.
    """

    side: int
    oddness: float
    kernels: tuple[Floats, ...]
    shifts: tuple[Floats, ...]
    mix: Floats
    mix_shift: Floats
    answer: Floats
    answer_shift: Floats
    typical: Floats
    whiten: Floats


def reduce_film(pixels: Floats, side: int) -> Floats:
    """Average a film's pixels in blocks, down to two to four times the side; none is left out.

    Args:
        pixels: Shape `(rows, columns)`, in [0, 1].
        side: Of the square that the film will be squeezed to.

    Returns:
        The film, smaller, or as it was where it is small already.
    """
    film = np.ascontiguousarray(pixels, dtype=np.float32)
    rows, columns = (max(1, length // (2 * side)) for length in film.shape)
    if rows == columns == 1:
        return film
    return np.asarray(Image.fromarray(film).reduce((columns, rows)), dtype=np.float32)


def squeeze_film(film: Floats, side: int) -> Pixels8:
    """Squeeze a film to the square that the network looks at.

    Args:
        film: From `reduce_film` or `trim_light_frame`.
        side: Of the square, in pixels.

    Returns:
        Shape `(side, side)`, uint8.
    """
    square = Image.fromarray(film).resize((side, side), Image.Resampling.BILINEAR)
    grey = np.clip(np.asarray(square), 0.0, 1.0) * np.float32(255.0)
    squeezed: Pixels8 = np.rint(grey).astype(np.uint8)
    return squeezed


def trim_light_frame(film: Floats) -> Floats:
    """Cut off the light margins of a film, such as a plate shows beyond a collimated field.

    Args:
        film: Shape `(rows, columns)`, in [0, 1].

    Returns:
        What is inside; the whole height or width where too little of it would be left.
    """
    spans = []
    for axis in (1, 0):
        is_inside = np.quantile(film, 0.1, axis=axis) <= _LIGHT
        inside = np.flatnonzero(is_inside)
        is_frame = inside.size > 0 and inside[-1] + 1 - inside[0] >= _MIN_INSIDE * is_inside.size
        spans.append(slice(int(inside[0]), int(inside[-1]) + 1) if is_frame else slice(None))
    return np.ascontiguousarray(film[spans[0], spans[1]])


def standardise(small: Pixels8) -> Floats:
    """Give films one mean and one spread: brightness and contrast say nothing.

    Args:
        small: Shape `(films, side, side)`.

    Returns:
        Of the same shape, mean 0.
    """
    grey = small.astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    spread = grey.std(axis=(1, 2), keepdims=True)
    return np.asarray((grey - mean) / (spread + np.float32(NOISE_FLOOR)), dtype=np.float32)


def run_network(small: Pixels8, network: GuardNetwork) -> npt.NDArray[np.float64]:
    """Return the scope and polarity logits of films.

    Args:
        small: From `squeeze_film`, shape `(films, side, side)`.
        network: The guards' network.

    Returns:
        Shape `(films, 2)`, rounded to four places.
    """
    logits = [_run_one(film, network) for film in standardise(small)]
    return np.rint(np.array(logits, dtype=np.float64).reshape(-1, 2) * _PLACES) / _PLACES


@cache
def load_guard_network(sha256: str) -> GuardNetwork:
    """Return one of the networks that lie in the package, read once.

    Args:
        sha256: Of its file, one of `hash_guard_networks()`.
    """
    return parse_guard_network(read_fitted(hash_guard_networks()[sha256]))


@cache
def hash_guard_networks() -> MappingProxyType[str, str]:
    """Return every network that lies in the package: SHA-256, 64 hex digits, and file; newest last.

    Releases name the network that their limits were fitted to, so none is ever taken out.
    """
    return MappingProxyType(
        {hashlib.sha256(read_fitted(name)).hexdigest(): name for name in _NETWORKS}
    )


def hash_guard_network() -> str:
    """Return the SHA-256 of the newest network's file, 64 hex digits."""
    return list(hash_guard_networks())[-1]


def parse_guard_network(data: bytes) -> GuardNetwork:
    """Return the network in the bytes of an `.npz` file, of which nothing is unpickled.

    Args:
        data: The file.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files}
    numbers = range(sum(name.startswith("kernel_") for name in arrays))
    return GuardNetwork(
        side=int(arrays.get("side", _FIRST_SIDE)),
        oddness=float(arrays.get("oddness", _FIRST_ODDNESS)),
        kernels=tuple(arrays[f"kernel_{number}"] for number in numbers),
        shifts=tuple(arrays[f"shift_{number}"] for number in numbers),
        mix=arrays["mix"],
        mix_shift=arrays["mix_shift"],
        answer=arrays["answer"],
        answer_shift=arrays["answer_shift"],
        typical=arrays["typical"],
        whiten=arrays["whiten"],
    )


def read_fitted(name: str) -> bytes:
    """Return a file that was fitted and lies in the package.

    Args:
        name: Of the file.
    """
    return (files("osteon.inference") / "data" / name).read_bytes()


def _run_one(film: Floats, network: GuardNetwork) -> Floats:
    layer = film[np.newaxis]
    for kernel, shift in zip(network.kernels, network.shifts, strict=True):
        layer = _convolve(layer, kernel, shift)
    features = np.concatenate([layer.mean(axis=(1, 2)), layer.max(axis=(1, 2))])
    hidden = np.maximum(features @ network.mix + network.mix_shift, np.float32(0))
    scope, polarity = hidden @ network.answer + network.answer_shift
    # The network knows the strangers that it was shown; the distance from films, any stranger.
    away = np.linalg.norm((np.sqrt(hidden) - network.typical) @ network.whiten)
    return np.array([scope + network.oddness * np.log(away + 1e-3), polarity], dtype=np.float32)


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
