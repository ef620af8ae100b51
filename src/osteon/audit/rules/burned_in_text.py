"""Text and side markers that were burned into a film: where they stand, never what they say.

A letter is thin, stands out sharply, and stands on ground that is even. Bone, skin and plaster
fade into what surrounds them; screws and wires stand on bone, which is not even.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.audit.sizes import fit_long_side
from osteon.collection.flaws import build_flaw
from osteon.collection.manifest import Manifest
from osteon.geometry import Box
from osteon.statistics.intervals import wilson_interval
from osteon.terms import Flaw, ManifestRow, Pixels8

LONG_SIDE: Final = 640
"""Larger films are reduced to this long side: a letter that can be read then is still 6 px high."""

_MIN_CONTRAST: Final = 34
"""Grey levels that a stroke stands above its ground: under it lie noise and trabeculae."""

_MAX_CANDIDATES: Final = 250
"""Looked at per film and polarity, the largest first: a page of text needs no more to be found."""

_MAX_STROKE: Final = 0.7
"""Widest stroke of a letter, as a share of its narrower side; a screw or a bead is all stroke."""

_SQUARE3: Final = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
_SQUARE5: Final = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layer:
    """What stands out from a film in one direction: brighter, or darker, than its ground.

    Attributes:
        ground: The film without its thin structures, shape `(rows, columns)`.
        relief: How far the film stands out from it, shape `(rows, columns)`.
        edges: Range of grey in each pixel's neighbourhood, shape `(rows, columns)`.
        labels: Number of the connected piece each pixel belongs to, 0 for none.
        boxes: x, y, width, height and pixels of each piece, shape `(pieces + 1, 5)`; 0 is no piece.
        is_dark: Whether the pieces are darker than their ground.
    """

    ground: Pixels8
    relief: Pixels8
    edges: Pixels8
    labels: npt.NDArray[Any]
    boxes: Ints
    is_dark: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """One connected piece that may be a letter.

    Attributes:
        box: In pixels of the reduced film.
        is_dark: Whether it is darker than its ground.
        is_sure: Whether it alone looks like a letter; others need neighbours that do.
        may_stand_alone: Whether it is large and clear enough to be a side marker.
    """

    box: tuple[int, int, int, int]
    is_dark: bool
    is_sure: bool
    may_stand_alone: bool

    @property
    def size(self) -> int:
        """The longer side of its box."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


def find_lettering(grey: Pixels8) -> tuple[Box, ...]:
    """Find burned-in text and side markers. It does not read them.

    Args:
        grey: The film, upright, shape `(rows, columns)`.

    Returns:
        A box around each word or marker, in pixels of `grey`, sorted; empty where there is none.
    """
    film = fit_long_side(grey, LONG_SIDE)
    zoom = min(1.0, LONG_SIDE / max(grey.shape))
    marks = [mark for layer in _build_layers(film) for mark in _find_marks(layer)]
    boxes = [_join(group) for group in _group(marks) if _is_text(group)]
    rows, columns = grey.shape
    return tuple(
        sorted(
            Box(
                float(int(x0 / zoom)),
                float(int(y0 / zoom)),
                float(min(columns, round(x1 / zoom + 0.49))),
                float(min(rows, round(y1 / zoom + 0.49))),
            )
            for x0, y0, x1, y1 in boxes
        )
    )


def _build_layers(film: Pixels8) -> Iterator[_Layer]:
    # Strokes of lead letters reach 3 % of a film's long side; what is wider than that is ground.
    side = max(7, int(max(film.shape) / 21) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    edges = np.asarray(cv2.morphologyEx(film, cv2.MORPH_GRADIENT, _SQUARE3), dtype=np.uint8)
    for is_dark, operation in ((False, cv2.MORPH_OPEN), (True, cv2.MORPH_CLOSE)):
        ground = np.asarray(cv2.morphologyEx(film, operation, kernel), dtype=np.uint8)
        relief = cv2.subtract(ground, film) if is_dark else cv2.subtract(film, ground)
        _, thin = cv2.threshold(relief, _MIN_CONTRAST, 255, cv2.THRESH_BINARY)
        # Pieces that do not touch number a quarter of the pixels at most: 16 bits count them, and
        # are twice as fast.
        counter = cv2.CV_16U if film.size < 250_000 else cv2.CV_32S
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(thin, connectivity=8, ltype=counter)
        yield _Layer(
            ground=ground,
            relief=np.asarray(relief, dtype=np.uint8),
            edges=edges,
            labels=np.asarray(labels),
            boxes=np.asarray(boxes, dtype=np.int32),
            is_dark=is_dark,
        )


def _find_marks(layer: _Layer) -> Iterator[_Mark]:
    long_side = max(layer.labels.shape)
    width, height, area = layer.boxes[:, 2], layer.boxes[:, 3], layer.boxes[:, 4]
    size = np.maximum(width, height)
    fits = (size >= max(5, long_side / 70)) & (size <= 0.26 * long_side)
    fits &= (np.minimum(width, height) >= 2) & (area >= 8)
    fits[0] = False
    pieces = np.flatnonzero(fits)
    largest = pieces[np.argsort(-area[pieces], kind="stable")][:_MAX_CANDIDATES]
    for piece in largest.tolist():
        mark = _judge(layer, piece)
        if mark is not None:
            yield mark


def _judge(layer: _Layer, piece: int) -> _Mark | None:
    """Return the piece as a mark where it is sharp and stands on even ground.

    The limits part the letters of 300 films of a collection that is full of them from the bones,
    casts and screws of 300 films of one that has nearly none.
    """
    x, y, width, height, _ = layer.boxes[piece].tolist()
    inside = np.s_[y : y + height, x : x + width]
    strongest = cv2.minMaxLoc(layer.relief[inside])[1]
    darkest, lightest, _, _ = cv2.minMaxLoc(layer.ground[inside])
    if strongest < 55 or lightest - darkest > 0.5 * strongest:
        return None
    around = np.s_[max(0, y - 3) : y + height + 3, max(0, x - 3) : x + width + 3]
    own = (layer.labels[around] == piece).astype(np.uint8)
    near = cv2.dilate(own, _SQUARE3)
    ring = (cv2.dilate(near, _SQUARE5) > near) & (layer.labels[around] == 0)
    rim = own > cv2.erode(own, _SQUARE3, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    inked = np.sort(layer.relief[around][own > 0])
    contrast = float(inked[int(0.8 * (inked.size - 1))])
    ground = np.sort(layer.ground[around][near > 0])
    unevenness = float(ground[int(0.95 * (ground.size - 1))]) - float(ground[ground.size // 20])
    beside = layer.relief[around][ring].astype(np.float32)
    steepness = float(layer.edges[around][rim].mean())
    if beside.size < 0.5 * np.count_nonzero(rim) or contrast < 50:
        return None
    fog = max(float(beside.mean()), float(beside.std()))
    if fog > 0.16 * contrast or unevenness > 0.35 * contrast or steepness < 0.8 * contrast:
        return None
    is_clear = contrast >= 80 and fog <= 0.11 * contrast
    is_sure = (
        is_clear
        and _has_strokes(own, width=width, height=height)
        and not _is_rim(layer, piece, steepness=steepness / contrast)
    )
    is_large = max(width, height) >= max(7, 0.022 * max(layer.labels.shape))
    return _Mark(
        box=(x, y, x + width, y + height),
        is_dark=layer.is_dark,
        is_sure=is_sure,
        may_stand_alone=is_sure and not layer.is_dark and contrast >= 85 and is_large,
    )


def _has_strokes(own: Pixels8, *, width: int, height: int) -> bool:
    """Tell a letter from what is solid, as a screw is, and from what fills little, as a wire."""
    narrow, wide = sorted((width, height))
    stroke = 2 * float(cv2.distanceTransform(own, cv2.DIST_L2, 3).max()) - 1
    fills = int(own.sum()) >= 0.3 * width * height
    return fills and narrow >= 0.25 * wide and stroke <= _MAX_STROKE * narrow


def _is_rim(layer: _Layer, piece: int, *, steepness: float) -> bool:
    """Tell a letter cut by the edge from a scan's rims: those are small, slim or fade inwards."""
    x, y, width, height, _ = layer.boxes[piece].tolist()
    rows, columns = layer.labels.shape
    if x > 1 and y > 1 and x + width < columns - 1 and y + height < rows - 1:
        return False
    narrow, wide = sorted((width, height))
    return steepness < 0.88 or narrow < 0.3 * wide or wide < 0.03 * max(rows, columns)


def _group(marks: Sequence[_Mark]) -> list[list[_Mark]]:
    """Put marks together that stand side by side, as the letters of a line do."""
    groups: list[list[_Mark]] = []
    for mark in marks:
        beside = [group for group in groups if any(_are_beside(mark, other) for other in group)]
        apart = [group for group in groups if group not in beside]
        groups = [*apart, [*(other for group in beside for other in group), mark]]
    return groups


def _are_beside(one: _Mark, other: _Mark) -> bool:
    small, large = sorted((one.size, other.size))
    if one.is_dark != other.is_dark or large > 2.5 * small:
        return False
    across = max(one.box[0], other.box[0]) - min(one.box[2], other.box[2])
    along = max(one.box[1], other.box[1]) - min(one.box[3], other.box[3])
    return max(across, along) <= 0.8 * large


def _is_text(group: Sequence[_Mark]) -> bool:
    # The holes of a plate are dark, sharp and side by side too, so dark letters must be more.
    enough = 3 if group[0].is_dark else 2
    n_sure = sum(mark.is_sure for mark in group)
    return any(mark.may_stand_alone for mark in group) or n_sure >= enough


def _join(group: Sequence[_Mark]) -> tuple[int, int, int, int]:
    corners = np.array([mark.box for mark in group])
    x0, y0 = corners[:, :2].min(axis=0).tolist()
    x1, y1 = corners[:, 2:].max(axis=0).tolist()
    return x0, y0, x1, y1


def find_burned_in_text(
    manifest: Manifest, lettering: Mapping[str, tuple[Box, ...]]
) -> Iterator[Flaw]:
    """Yield one flaw where films carry text or markers, with its share in each class.

    Films that must stay together count once, and as carrying text where at least half of them
    do: copies of a film with a marker are no further evidence that the marker goes with a class.

    Args:
        manifest: The collection.
        lettering: What `find_lettering` found, by SHA-256; films that it lacks are not counted.

    Reference:
        Newcombe, Stat. Med. 17 (1998) 873, method 10: the interval of the difference of shares.
    """
    measured = sorted(
        (row for row in manifest.rows if row.sha256 in lettering), key=lambda row: row.path
    )
    marked = [row for row in measured if lettering[row.sha256]]
    if not marked:
        return
    fractured, without = (_count(measured, lettering, has_fracture=has) for has in (True, False))
    difference = _difference(fractured, without)
    differs = difference is not None and not difference["low"] <= 0 <= difference["high"]
    yield build_flaw(
        "burned-in-text",
        marked,
        evidence={
            "n_with_text": len(marked),
            "n_films": len(measured),
            "fractured": fractured,
            "not_fractured": without,
            "difference": difference,
            "differs_by_class": differs,
            "boxes": [[list(box) for box in lettering[row.sha256]] for row in marked],
        },
        advice=_ADVICE_DIFFERS if differs else _ADVICE,
    )


_ADVICE: Final = (
    "Look at the boxes before sharing the films: text is found, not read, so a name cannot be told "
    "from a side marker. Cover what identifies a person."
)
_ADVICE_DIFFERS: Final = (
    "Cover the boxes in both classes, or a model may learn the marker instead of the bone. Text is "
    "found, not read: look whether any of it is a name before sharing the films."
)


def _count(
    rows: Sequence[ManifestRow], lettering: Mapping[str, tuple[Box, ...]], *, has_fracture: bool
) -> dict[str, Any]:
    """Count one class, in films and in groups; the share and its Wilson interval are of groups."""
    of_class = [row for row in rows if row.has_fracture == has_fracture]
    groups: dict[str, list[bool]] = {}
    for row in of_class:
        groups.setdefault(row.group or row.sha256, []).append(bool(lettering[row.sha256]))
    n, hits = len(groups), sum(2 * sum(texts) >= len(texts) for texts in groups.values())
    counts: dict[str, Any] = {
        "n_with_text": sum(bool(lettering[row.sha256]) for row in of_class),
        "n_films": len(of_class),
        "n_groups_with_text": hits,
        "n_groups": n,
    }
    if n == 0:
        return counts | {"share": None, "low": None, "high": None}
    interval = wilson_interval(hits / n, n=n)
    return counts | {"share": hits / n, "low": interval.low, "high": interval.high}


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float] | None:
    """Return the first share less the second with Newcombe's interval; None where one is none."""
    if one["share"] is None or other["share"] is None:
        return None
    value = one["share"] - other["share"]
    below = np.hypot(one["share"] - one["low"], other["high"] - other["share"])
    above = np.hypot(one["high"] - one["share"], other["share"] - other["low"])
    return {"value": value, "low": float(value - below), "high": float(value + above)}
