"""Fit the guards' network, in torch, and hand it over as arrays for numpy."""

import io
import zipfile
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from sklearn.covariance import LedoitWolf
from torch import nn

from guard_pictures import Pictures
from osteon.inference.guard_network import GuardNetwork, run_network, standardise
from osteon.release.guards import Guards
from osteon.terms import Floats

_CHANNELS: Final = (16, 32, 48, 64)
_HIDDEN: Final = 48
ODDNESS: Final = 2.0
"""Weight of the distance from films in the scope's logit."""
_BATCH: Final = 128
_LEARNING_RATE: Final = 4e-3


class Looker(nn.Module):
    """Four convolutions in steps of two, mean and maximum of each map, two answers."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = 1
        for number, n_out in enumerate(_CHANNELS):
            side = 5 if number == 0 else 3
            layers += [nn.Conv2d(n_in, n_out, side, stride=2, padding=side // 2)]
            layers += [nn.BatchNorm2d(n_out), nn.ReLU()]
            n_in = n_out
        self.body = nn.Sequential(*layers)
        self.mix = nn.Linear(2 * n_in, _HIDDEN)
        self.answer = nn.Linear(_HIDDEN, 2)

    def hide(self, films: torch.Tensor) -> torch.Tensor:
        """Return what lies before the answers.

        Args:
            films: Shape `(films, 1, side, side)`.
        """
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            maps = self.body(films)
        pooled = torch.cat([maps.float().mean((2, 3)), maps.float().amax((2, 3))], 1)
        return torch.relu(self.mix(pooled))

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Return the scope and polarity logits.

        Args:
            films: Shape `(films, 1, side, side)`.
        """
        answers: torch.Tensor = self.answer(self.hide(films))
        return answers


def fit_network(pictures: Pictures, *, n_steps: int, seed: int) -> bytes:
    """Fit the network to pictures.

    Args:
        pictures: Films of both polarities, and strangers.
        n_steps: Batches of 128.
        seed: Of the weights and of the order.

    Returns:
        The bytes of its `.npz` file, the same for the same pictures on the same processor.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    looker = Looker().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(looker.parameters(), weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=_LEARNING_RATE, total_steps=n_steps
    )
    rng = np.random.default_rng([seed, 9])
    order = np.empty(0, dtype=np.int64)
    looker.train()
    for _ in range(n_steps):
        if order.size < _BATCH:
            order = rng.permutation(pictures.kinds.size)
        batch, order = order[:_BATCH], order[_BATCH:]
        small = np.rot90(pictures.small[batch], int(rng.integers(4)), (1, 2))
        small = small[:, :, ::-1] if rng.random() < 0.5 else small
        loss = _measure_loss(looker, np.ascontiguousarray(small), pictures, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        pace.step()
    return _pack(looker.eval(), pictures)


def _measure_loss(
    looker: Looker,
    small: npt.NDArray[np.uint8],
    pictures: Pictures,
    batch: npt.NDArray[np.int64],
) -> torch.Tensor:
    films = torch.from_numpy(standardise(small))[:, None]
    answers = looker(films.to(memory_format=torch.channels_last))
    strange = torch.from_numpy(pictures.is_stranger[batch].astype(np.float32))
    inverted = torch.from_numpy(pictures.is_inverted[batch].astype(np.float32))
    blame = nn.functional.binary_cross_entropy_with_logits
    scope = blame(answers[:, 0], strange)
    # A stranger has no polarity.
    polarity = blame(answers[:, 1], inverted, weight=1 - strange, reduction="sum")
    return torch.as_tensor(scope + polarity / (1 - strange).sum().clamp(min=1))


def _pack(looker: Looker, pictures: Pictures) -> bytes:
    arrays: dict[str, Floats] = {}
    for number in range(len(_CHANNELS)):
        kernel, norm = looker.body[3 * number], looker.body[3 * number + 1]
        assert isinstance(kernel, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_var is not None
        assert norm.running_mean is not None
        assert kernel.bias is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        arrays[f"kernel_{number}"] = _take(kernel.weight * scale[:, None, None, None])
        shift = (kernel.bias - norm.running_mean) * scale + norm.bias
        arrays[f"shift_{number}"] = _take(shift)
    arrays |= {"mix": _take(looker.mix.weight.T), "mix_shift": _take(looker.mix.bias)}
    arrays |= {"answer": _take(looker.answer.weight.T), "answer_shift": _take(looker.answer.bias)}
    films = pictures.small[pictures.kinds == "film"][::3]
    with torch.no_grad():
        chunks = np.array_split(films, max(1, len(films) // 512))
        hidden = [looker.hide(torch.from_numpy(standardise(own))[:, None]) for own in chunks]
    typical = LedoitWolf().fit(np.sqrt(torch.cat(hidden).numpy().astype(np.float64)))
    arrays["typical"] = typical.location_.astype(np.float32)
    arrays["side"] = np.array(pictures.small.shape[1], dtype=np.float32)
    arrays["oddness"] = np.array(ODDNESS, dtype=np.float32)
    arrays["whiten"] = np.linalg.cholesky(typical.precision_).astype(np.float32)
    return _save(arrays)


def _take(tensor: torch.Tensor) -> Floats:
    taken: Floats = tensor.detach().numpy().astype(np.float32)
    return taken


def _save(arrays: dict[str, Floats]) -> bytes:
    # `np.savez` writes the clock into the file; the same arrays are to give the same bytes.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            halved = array.astype(np.float16) if name.startswith(("kernel", "mix")) else array
            np.save(member, halved, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return packed.getvalue()


def choose_limits(network: GuardNetwork, tune: Pictures, *, sha256: str) -> Guards:
    """Choose the limits on pictures that the network was not fitted to.

    The scope's limit lets 0.5 % of the films be turned away; the polarity's lies in the middle
    between the films and their negatives, each at the 0.5 % that come nearest, disguised ones too.

    Args:
        network: Fitted.
        tune: Pictures of the tune split.
        sha256: Of the network's file.
    """
    is_film = tune.kinds == "film"
    logits = run_network(tune.small, network)
    is_upright = is_film & ~tune.is_inverted
    scope = float(np.quantile(logits[is_upright & tune.is_plain, 0], 0.995))
    upright = float(np.quantile(logits[is_upright, 1], 0.995))
    negative = float(np.quantile(logits[is_film & tune.is_inverted, 1], 0.005))
    spreads = tune.small[is_film & tune.is_plain].std(axis=(1, 2))
    return Guards(
        network=sha256,
        min_spread=round(float(spreads.min()) / 4, 2),
        max_scope_logit=round(scope, 3),
        max_polarity_logit=round((upright + negative) / 2, 3),
    )
