"""The guards' own networks: small squares in, the logits of scope and polarity out.

Releases name the network that their limits were fitted to, so each one that was ever released stays
in the package: `guards-1.npz`, four convolutions in numpy, and `guards-2.onnx`, which ONNX Runtime
runs. How they were fitted stands in `benchmarks/guards.py`.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from osteon.inference.guard_arrays import ArrayNetwork, parse_array_network
from osteon.inference.guard_looks import GUARD_SIDE
from osteon.terms import Floats, Pixels8

NOISE_FLOOR: Final = 5.0
"""Added to the spread of greys that a film is divided by: noise on a blank stays faint."""

GREY, SPREAD = 127.5, 60.0
"""The mean and the spread that every film is given before the newest network looks at it."""

NETWORKS: Final = ("guards-1.npz", "guards-2.onnx")
"""Files of the package, the newest last."""

_PLACES: Final = 1e4  # a logit is rounded: the last bits depend on the processor


class GuardNetwork(Protocol):
    """A network of the guards."""

    @property
    def side(self) -> int:
        """It looks at squares of so many pixels a side."""

    def answer(self, looks: Pixels8) -> Floats:
        """Return the scope and polarity logits of squares.

        Args:
            looks: Shape `(looks, side, side)`.

        Returns:
            Shape `(looks, 2)`.
        """


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SessionNetwork:
    """A guards' network that ONNX Runtime runs. Safe to use from several threads.

    Attributes:
        session: Takes "films", float32 of shape `(films, 1, side, side)`; gives "logits".
        side: Of the squares that it looks at, in pixels.
    """

    session: onnxruntime.InferenceSession
    side: int

    def answer(self, looks: Pixels8) -> Floats:
        """Return the scope and polarity logits of squares.

        Args:
            looks: Shape `(looks, side, side)`.

        Returns:
            Shape `(looks, 2)`.
        """
        films = standardise(looks)[:, np.newaxis]
        # One by one: what a film is answered does not depend on its company.
        answers = [
            self.session.run(["logits"], {"films": films[i : i + 1]})[0] for i in range(len(films))
        ]
        return np.concatenate(answers).astype(np.float32)


def standardise(looks: Pixels8) -> Floats:
    """Give films one mean and one spread: brightness and contrast say nothing.

    Args:
        looks: Shape `(looks, side, side)`.

    Returns:
        Of the same shape, in greys about `GREY`.
    """
    grey = looks.astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    spread = grey.std(axis=(1, 2), keepdims=True)
    evened = (grey - mean) / (spread + np.float32(NOISE_FLOOR))
    return np.asarray(evened * np.float32(SPREAD) + np.float32(GREY), dtype=np.float32)


def run_network(looks: Pixels8, network: GuardNetwork) -> npt.NDArray[np.float64]:
    """Return the scope and polarity logits of films.

    Args:
        looks: From `take_looks`, shape `(looks, side, side)`.
        network: The guards' network.

    Returns:
        Shape `(looks, 2)`, rounded to four places.
    """
    logits = np.asarray(network.answer(looks), dtype=np.float64).reshape(-1, 2)
    return np.rint(logits * _PLACES) / _PLACES


@cache
def load_guard_network(sha256: str) -> GuardNetwork:
    """Return one of the networks that lie in the package, read once.

    Args:
        sha256: Of its file, one of `hash_guard_networks()`.
    """
    name = hash_guard_networks()[sha256]
    if name.endswith(".npz"):
        network: ArrayNetwork = parse_array_network(read_fitted(name))
        return network
    return open_guard_network(read_fitted(name))


def open_guard_network(model: bytes) -> SessionNetwork:
    """Return a network of the guards that ONNX Runtime runs.

    Args:
        model: The network, as ONNX.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # it is small
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return SessionNetwork(session=session, side=GUARD_SIDE)


@cache
def hash_guard_networks() -> MappingProxyType[str, str]:
    """Return every network that lies in the package: SHA-256, 64 hex digits, and file; newest last.

    Releases name the network that their limits were fitted to, so none is ever taken out.
    """
    return MappingProxyType(
        {hashlib.sha256(read_fitted(name)).hexdigest(): name for name in NETWORKS}
    )


def hash_guard_network() -> str:
    """Return the SHA-256 of the newest network's file, 64 hex digits."""
    return list(hash_guard_networks())[-1]


def read_fitted(name: str) -> bytes:
    """Return a file that was fitted and lies in the package.

    Args:
        name: Of the file.
    """
    return (files("osteon.inference") / "data" / name).read_bytes()
