"""Fit the guards' network: the first blocks of an ImageNet network, frozen, and a small head.

What the blocks see is measured once; the head is fitted to it in seconds. Both become one ONNX
file, whose larger arrays are kept in half precision.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import timm
import torch
from onnx import numpy_helper
from safetensors.torch import load_file
from torch import nn

from guard_pictures import Pictures
from osteon.inference.guard_looks import GUARD_SIDE
from osteon.inference.guard_network import SessionNetwork, open_guard_network, standardise
from osteon.terms import Floats

ENCODER: Final = "tf_efficientnet_lite0"
WEIGHTS: Final = f"{ENCODER}.imagenet.safetensors"
_LAST_BLOCK: Final = 4
_FIRST_POOLED: Final = 1
_HIDDEN: Final = 128
_DROPPED: Final = 0.2
_BATCH: Final = 256
_EPOCHS: Final = 15
_LEARNING_RATE: Final = 4e-3
_HALVED: Final = 1024  # arrays of more numbers are kept in half precision


class Looker(nn.Module):
    """Means and maxima of the maps of an encoder's first blocks.

    The mean of the middle is taken too: what a film shows there, and its rim does not.

    Args:
        weights: The encoder's file.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        encoder = timm.create_model(ENCODER, pretrained=False)
        encoder.load_state_dict({name: own.float() for name, own in load_file(weights).items()})
        self.stem = encoder.conv_stem
        # One channel: all three would be alike.
        self.stem.weight = nn.Parameter(self.stem.weight.data.sum(1, keepdim=True))
        self.stem.in_channels = 1
        self.norm = encoder.bn1
        self.blocks = nn.ModuleList(encoder.blocks[: _LAST_BLOCK + 1])

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Return what is seen.

        Args:
            films: From `standardise`, shape `(films, 1, side, side)`.
        """
        maps = self.norm(self.stem((films - 127.0) / 128.0))
        seen = []
        for number, block in enumerate(self.blocks):
            maps = block(maps)
            if number >= _FIRST_POOLED:
                rim = maps.shape[-1] // 4
                middle = maps[:, :, rim:-rim, rim:-rim]
                seen += [maps.mean((2, 3)), maps.amax((2, 3)), middle.mean((2, 3))]
        return torch.cat(seen, 1)


class Head(nn.Module):
    """What is seen, evened, through one hidden layer to two answers: scope and polarity.

    Args:
        mean: Of what is seen, shape `(features,)`.
        spread: Of what is seen, shape `(features,)`.
    """

    def __init__(self, mean: Floats, spread: Floats) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("spread", torch.from_numpy(spread))
        self.layers = nn.Sequential(
            nn.Linear(mean.size, _HIDDEN), nn.ReLU(), nn.Dropout(_DROPPED), nn.Linear(_HIDDEN, 2)
        )

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """Return the logits.

        Args:
            seen: Shape `(films, features)`.
        """
        answers: torch.Tensor = self.layers((seen - self.mean) / self.spread)
        return answers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Seen:
    """Pictures, by what the encoder saw of them.

    Attributes:
        features: float16, shape `(pictures, features)`.
        pictures: The pictures.
    """

    features: npt.NDArray[np.float16]
    pictures: Pictures

    def keep(self, chosen: npt.NDArray[np.bool_]) -> "Seen":
        """Return some of the pictures.

        Args:
            chosen: Shape `(pictures,)`.
        """
        return Seen(features=self.features[chosen], pictures=self.pictures.keep(chosen))


def measure_features(pictures: Pictures, weights: Path, kept: Path) -> Seen:
    """Measure what the encoder sees of pictures, once.

    Args:
        pictures: Drawn.
        weights: The encoder's file.
        kept: Where it is kept, `.npy`.
    """
    if not kept.is_file():
        torch.set_num_threads(1)
        looker = Looker(weights).eval()
        buffer = io.BytesIO()
        film = torch.zeros(2, 1, GUARD_SIDE, GUARD_SIDE)
        _export(looker, film, buffer)
        network = open_guard_network(buffer.getvalue())  # faster than torch by half
        np.save(kept, _run(network, pictures))
    return Seen(features=np.load(kept), pictures=pictures)


def fit_head(seen: Seen, *, seed: int = 0) -> Head:
    """Fit the head.

    Args:
        seen: Films of both polarities, and strangers.
        seed: Of the weights and of the order.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    features = seen.features.astype(np.float32)
    head = Head(features.mean(axis=0), features.std(axis=0) + np.float32(1e-3)).train()
    inputs = torch.from_numpy(features)
    strange = torch.from_numpy(seen.pictures.is_stranger.astype(np.float32))
    inverted = torch.from_numpy(seen.pictures.is_inverted.astype(np.float32))
    n_batches = max(1, len(features) // _BATCH)
    optimiser = torch.optim.AdamW(head.parameters(), weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=_LEARNING_RATE, total_steps=_EPOCHS * n_batches
    )
    rng = np.random.default_rng([seed, 9])
    for _ in range(_EPOCHS):
        order = rng.permutation(len(features))
        for batch in np.array_split(order[: n_batches * _BATCH], n_batches):
            chosen = torch.from_numpy(batch)
            loss = _measure_loss(head(inputs[chosen]), strange[chosen], inverted[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            pace.step()
    return head.eval()


def run_head(head: Head, seen: Seen) -> npt.NDArray[np.float64]:
    """Return the scope and polarity logits of pictures that the encoder saw.

    Args:
        head: Fitted.
        seen: The pictures.
    """
    with torch.no_grad():
        logits = head(torch.from_numpy(seen.features.astype(np.float32)))
    return logits.numpy().astype(np.float64)


def pack_network(head: Head, weights: Path) -> bytes:
    """Return encoder and head as one ONNX network.

    Args:
        head: Fitted.
        weights: The encoder's file.
    """
    whole = nn.Sequential(Looker(weights), head).eval()
    buffer = io.BytesIO()
    _export(whole, torch.zeros(2, 1, GUARD_SIDE, GUARD_SIDE), buffer)
    return _halve(buffer.getvalue())


def _measure_loss(
    answers: torch.Tensor, strange: torch.Tensor, inverted: torch.Tensor
) -> torch.Tensor:
    blame = nn.functional.binary_cross_entropy_with_logits
    scope = blame(answers[:, 0], strange)
    # A stranger has no polarity.
    polarity = blame(answers[:, 1], inverted, weight=1 - strange, reduction="sum")
    return torch.as_tensor(scope + polarity / (1 - strange).sum().clamp(min=1))


def _export(network: nn.Module, film: torch.Tensor, buffer: io.BytesIO) -> None:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter that traces
        torch.onnx.export(
            network,
            (film,),
            buffer,
            input_names=["films"],
            output_names=["logits"],
            dynamic_axes={"films": {0: "films"}, "logits": {0: "films"}},
            opset_version=17,
            dynamo=False,
        )


def _halve(model: bytes) -> bytes:
    """Return a network whose larger arrays are kept in half precision and widened when loaded."""
    proto = onnx.load_from_string(model)
    graph = proto.graph
    casts = []
    for stored in list(graph.initializer):
        array = numpy_helper.to_array(stored)
        if array.dtype != np.float32 or array.size <= _HALVED:
            continue
        half = f"{stored.name}.half"
        casts.append(
            onnx.helper.make_node("Cast", [half], [stored.name], to=onnx.TensorProto.FLOAT)
        )
        graph.initializer.remove(stored)
        graph.initializer.append(numpy_helper.from_array(array.astype(np.float16), half))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


def _run(network: SessionNetwork, pictures: Pictures) -> npt.NDArray[np.float16]:
    rows = []
    for start in range(0, len(pictures.small), 32):
        films = standardise(pictures.small[start : start + 32])[:, np.newaxis]
        rows.append(network.session.run(None, {"films": films})[0].astype(np.float16))
    return np.concatenate(rows)
