"""A network with two answers: where a fracture shows, and whether the film has one.

An encoder's features are brought down to one map of a quarter of the film's side (a feature
pyramid: Lin et al., CVPR 2017). The map is learnt from masks. The film's logit is made of it: its
highest places, and what the encoder sees at those places, joined with one look at the whole film.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osteon.errors import SettingsFault
from osteon.learning.heads.boxes import STRIDES as BOX_STRIDES
from osteon.learning.heads.boxes import BoxHead
from osteon.learning.networks.fracture_network import FractureNetwork, Look, take_out_of_autocast

STRIDES: Final = (4, 8, 16, 32)
"""Pixels per cell of the features that are used, fine to coarse."""

PEAK_SHARES: Final = (0.0, 1 / 2304, 1 / 576, 1 / 144)
"""Shares of the map whose highest cells are averaged; the first is one cell alone."""

RARE: Final = -4.6
"""Logit at which every cell starts: a fracture covers one cell in a hundred at most."""


class PyramidDecoder(nn.Module):
    """Features of several strides, each joined with what the coarser ones say."""

    def __init__(self, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(
            nn.Sequential(nn.Conv2d(w, width, 1, bias=False), nn.BatchNorm2d(width)) for w in widths
        )
        self.smoothers = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(width, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            )
            for _ in widths[:-1]
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Return a map of each feature's size, shape `(films, width, rows, columns)`."""
        decoded: Tensor = self.laterals[-1](features[-1])
        levels = [decoded]
        for level in reversed(range(len(features) - 1)):
            finer = F.interpolate(decoded, size=features[level].shape[-2:], mode="nearest")
            decoded = self.smoothers[level](self.laterals[level](features[level]) + finer)
            levels.append(decoded)
        return levels[::-1]


class EvidenceHead(nn.Module):
    """Two logits of a film, to be added: one of what the evidence points at, one of all of it.

    Args:
        at_places: Channels of the features that are looked up at the places.
        of_film: Channels of the encoder's last features.
        hidden: Of the local branch.
        n_scores: How many scores of boxes the local branch is given.
    """

    def __init__(
        self, at_places: int, of_film: int, *, hidden: int = 128, n_scores: int = 0
    ) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(1.0))
        width = len(PEAK_SHARES) + at_places + n_scores
        self.local = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, 1),
        )
        self.whole = nn.Sequential(nn.Dropout(0.2), nn.Linear(of_film, 1))

    def forward(
        self, marks: Tensor, features: list[Tensor], last: Tensor, scores: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return both logits, shape `(films,)` each.

        Args:
            marks: Logits of the map, shape `(films, rows, columns)`.
            features: Looked up at the places, each of the map's size or a whole fraction of it.
            last: The encoder's last features, averaged over the film.
            scores: The highest scores of boxes, shape `(films, n_scores)`; None without.
        """
        cells = marks.flatten(1)
        sizes = [max(1, round(share * cells.shape[1])) for share in PEAK_SHARES]
        highest = cells.topk(max(sizes), dim=1).values
        seen = [highest[:, :size].mean(dim=1, keepdim=True) for size in sizes]
        weight = torch.softmax(cells * self.sharpness, dim=1).view_as(marks).unsqueeze(1)
        for feature in features:
            step = marks.shape[-1] // feature.shape[-1]
            coarse = F.avg_pool2d(weight, step) * step**2 if step > 1 else weight
            seen.append((feature * coarse).sum(dim=(2, 3)))
        if scores is not None:
            seen.append(scores)
        local = self.local(torch.cat(seen, dim=1)).flatten()
        return local, self.whole(last.mean(dim=(2, 3))).flatten()


class LocalisingNetwork(FractureNetwork):
    """Encoder, decoder and head; see the module.

    Args:
        backbone: One of timm's with `forward_intermediates`.
        width: Channels of the decoder.
        mean: Subtracted from pixels in [0, 1].
        std: Divided by afterwards.
        with_boxes: Whether a box head reads the decoder's two finest maps.
    """

    def __init__(
        self,
        backbone: nn.Module,
        *,
        width: int,
        mean: float,
        std: float,
        with_boxes: bool = False,
    ) -> None:
        stages = _find_stages(backbone)
        widths = tuple(stage["num_chs"] for stage in stages)
        of_film: int = getattr(backbone, "head_hidden_size", None) or backbone.num_features  # type: ignore[assignment]
        n_scores = len(BOX_STRIDES) if with_boxes else 0
        head = EvidenceHead(width + sum(widths[2:]), of_film, n_scores=n_scores)
        super().__init__(backbone, head, mean=mean, std=std)
        self.indices = [stage["index"] for stage in stages]
        self.decoder = PyramidDecoder(widths, width)
        self.marks = nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.marks.bias, RARE)  # type: ignore[arg-type]
        self.boxes = BoxHead(width) if with_boxes else None

    def forward(self, films: Tensor) -> Tensor:
        """Return logits, shape `(films,)`, of films, shape `(films, channels, rows, columns)`."""
        return self.look(films).logits

    def look(self, films: Tensor) -> Look:
        """Return the film's logits, the map and the boxes behind them, and the two branches.

        Args:
            films: Shape `(films, channels, rows, columns)`, in [0, 1]; sides that 32 divides.
        """
        encode: Any = self.backbone.forward_intermediates
        last, features = encode((films - self.mean) / self.std, indices=self.indices)
        levels = self.decoder(features)
        marks = self.marks(levels[0]).squeeze(1)
        boxes = scores = None
        if self.boxes is not None:
            boxes = self.boxes(levels[: len(BOX_STRIDES)])
            scores = boxes.peaks
        with take_out_of_autocast(marks):
            at_places = [one.float() for one in (levels[0], *features[2:])]
            local, whole = self.head(marks.float(), at_places, last.float(), scores)
        return Look(local + whole, marks.float(), (local, whole), boxes)


def _find_stages(backbone: nn.Module) -> list[dict[str, Any]]:
    """Return timm's description of the last feature map of each of `STRIDES`.

    Raises:
        SettingsFault: If the network has no such maps.
    """
    described: Any = getattr(backbone, "feature_info", [])
    info = described.get_dicts() if hasattr(described, "get_dicts") else list(described)
    found = {one["reduction"]: {**one, "index": index} for index, one in enumerate(info)}
    missing = [stride for stride in STRIDES if stride not in found]
    if missing or not hasattr(backbone, "forward_intermediates"):
        raise SettingsFault(
            "network.model",
            f"a network that localises needs feature maps of strides {STRIDES}",
            found=sorted(found),
            advice="Take a convolutional network, such as mobilenetv2_100 or resnet50.",
        )
    return [found[stride] for stride in STRIDES]
