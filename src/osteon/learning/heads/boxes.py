"""A box head: every cell of two strides says how likely it lies in a fracture, and how far it goes.

One stage and no anchors (Tian et al., FCOS, ICCV 2019). Each side of a box is a distribution over
whole distances, whose mean is the distance (Li et al., Generalized Focal Loss, NeurIPS 2020): the
sides of a fracture are vague, and a distribution may say so.
"""

from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDES: Final = (4, 8)
"""Pixels per cell of the features that boxes are read from; in FracAtlas the best-scored cell of a
box lies at stride 16 in one of forty."""

BINS: Final = 12
"""Distances, in cells, that a side is a distribution over: 0 to 11."""

RARE: Final = -7.0
"""Logit at which every cell's score starts: a dozen cells of 15,680 answer for a fracture."""

_USUAL: Final = (2.5, 1.5)
"""Mean and standard deviation, in cells, of the distribution with which every side starts."""


class BoxOutputs(NamedTuple):
    """What a box head says of films, cell by cell, the finest stride first.

    Coordinates are edges in pixels of the network's input: pixel 0 lies between 0 and 1.

    Attributes:
        scores: Logits that a cell's box goes round a fracture, shape `(films, cells)`.
        sides: Logits of each distance from a cell's middle to left, top, right and bottom, shape
            `(films, cells, 4, BINS)`.
        middles: Of the cells, `(x, y)` in pixels, shape `(cells, 2)`.
        strides: Pixels per cell, shape `(cells,)`.
        peaks: The highest score of each stride, shape `(films, strides)`.
    """

    scores: Tensor
    sides: Tensor
    middles: Tensor
    strides: Tensor
    peaks: Tensor


class BoxHead(nn.Module):
    """Convolutions shared over the strides, with batch statistics of each stride's own.

    Args:
        width: Channels of the features.
        strides: Pixels per cell of each of them, fine to coarse.
    """

    def __init__(self, width: int, strides: tuple[int, ...] = STRIDES) -> None:
        super().__init__()
        self.strides = strides
        self.convolutions = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2)
        )
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(width) for _ in self.convolutions) for _ in strides
        )
        self.score = nn.Conv2d(width, 1, 1)
        self.sides = nn.Conv2d(width, 4 * BINS, 1)
        mean, spread = _USUAL
        usual = -0.5 * ((torch.arange(BINS) - mean) / spread) ** 2
        with torch.no_grad():
            self.score.bias.fill_(RARE)  # type: ignore[union-attr]
            self.sides.bias.copy_(usual.repeat(4))  # type: ignore[union-attr]

    def forward(self, levels: list[Tensor]) -> BoxOutputs:
        """Return what each cell says.

        Args:
            levels: One feature map per stride, shape `(films, width, rows, columns)`.
        """
        scores, sides, middles, strides = [], [], [], []
        for place, (features, stride) in enumerate(zip(levels, self.strides, strict=True)):
            norms: Any = self.norms[place]
            seen = features
            for convolution, norm in zip(self.convolutions, norms, strict=True):
                seen = F.relu(norm(convolution(seen)))
            scores.append(self.score(seen).flatten(1))
            sides.append(self.sides(seen).flatten(2).transpose(1, 2).unflatten(2, (4, BINS)))
            rows, columns = features.shape[-2:]
            middles.append(list_middles(rows, columns, stride, device=features.device))
            strides.append(torch.full((rows * columns,), float(stride), device=features.device))
        return BoxOutputs(
            scores=torch.cat(scores, dim=1).float(),
            sides=torch.cat(sides, dim=1).float(),
            middles=torch.cat(middles),
            strides=torch.cat(strides),
            peaks=torch.stack([of_stride.amax(dim=1) for of_stride in scores], dim=1).float(),
        )


def list_middles(rows: int, columns: int, stride: int, *, device: torch.device) -> Tensor:
    """Return the middles `(x, y)` of cells, row by row, shape `(rows x columns, 2)`."""
    y, x = torch.meshgrid(
        (torch.arange(rows, device=device) + 0.5) * stride,
        (torch.arange(columns, device=device) + 0.5) * stride,
        indexing="ij",
    )
    return torch.stack([x.flatten(), y.flatten()], dim=1)


def decode_boxes(sides: Tensor, middles: Tensor, strides: Tensor) -> Tensor:
    """Return boxes `(x0, y0, x1, y1)` in pixels, shape `(..., 4)`.

    Args:
        sides: Logits, shape `(..., 4, BINS)`.
        middles: Of their cells, shape `(..., 2)`.
        strides: Of their cells, shape `(...)`.
    """
    distances = torch.arange(BINS, dtype=sides.dtype, device=sides.device)
    away = (sides.softmax(dim=-1) * distances).sum(dim=-1) * strides[..., None]
    return torch.cat([middles - away[..., :2], middles + away[..., 2:]], dim=-1)


def choose_boxes(outputs: BoxOutputs, n_boxes: int) -> Tensor:
    """Return each film's best-scored boxes, overlapping ones among them.

    Args:
        outputs: Of a box head.
        n_boxes: How many; fewer where there are fewer cells.

    Returns:
        `(x0, y0, x1, y1, score)`, the best first, shape `(films, boxes, 5)`; the score in [0, 1].
    """
    n_boxes = min(n_boxes, outputs.scores.shape[1])
    scores, cells = outputs.scores.topk(n_boxes, dim=1)
    wanted = cells[:, :, None, None].expand(-1, -1, 4, BINS)
    sides = outputs.sides.gather(1, wanted)
    boxes = decode_boxes(sides, outputs.middles[cells], outputs.strides[cells])
    return torch.cat([boxes, scores.sigmoid()[:, :, None]], dim=2)
