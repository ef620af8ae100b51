"""Films as small pictures inside a page: reduced, laid on one another, marked, written as text."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from osteon.geometry import Box
from osteon.terms import Pixels8

LONG_SIDE = 240
"""Pixels along the longer side of a picture."""

WORKING_SIDE = 720
"""Films are held at no more than this while a page is made: enough to lay one on another."""

QUALITY = 72
"""Of the JPEG: films keep their trabeculae, and a picture takes about 6 kB."""

MARK = (255, 205, 40)
"""Boxes are drawn in this colour; no radiograph holds it."""

NOT_SHOWN = (52, 74, 104)
"""Fills what the second film does not show; a slate that no radiograph holds."""

_MAX_REACH = 0.5

Matrix = Sequence[Sequence[float]]
"""Two rows of three: a pixel centre (x, y) of one film to another film."""

ReadFilm = Callable[[str], Pixels8]

ReadTorn = Callable[[str], tuple[Pixels8, Box | None]]
"""A film of which a part is made up, and that part in pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldFilm:
    """A film, reduced for a page.

    Attributes:
        pixels: Grey values, shape `(rows, columns)` of the reduced film.
        rows: Height of the source in pixels.
        columns: Width of the source in pixels.
    """

    pixels: Pixels8
    rows: int
    columns: int


def hold_film(pixels: Pixels8) -> HeldFilm:
    """Reduce a film to what a page needs.

    Args:
        pixels: Grey values, shape `(rows, columns)`, upright.
    """
    rows, columns = pixels.shape
    image = Image.fromarray(pixels)
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return HeldFilm(pixels=np.asarray(image), rows=rows, columns=columns)


def draw_film(film: HeldFilm, *, long_side: int = LONG_SIDE) -> Pixels8:
    """Return a film as a picture.

    Args:
        film: The film.
        long_side: Of the picture, in pixels; a smaller film is enlarged to it.

    Returns:
        Grey values, shape `(rows, columns)` of the picture.
    """
    width, height = _fit(film.columns, film.rows, long_side)
    image = Image.fromarray(film.pixels)
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def align_film(
    film: HeldFilm, onto: HeldFilm, *, matrix: Matrix, is_inverted: bool, long_side: int = LONG_SIDE
) -> tuple[Pixels8, npt.NDArray[np.bool_]]:
    """Lay one film on another.

    Args:
        film: The film that is moved.
        onto: The film that stays; the picture has its proportions.
        matrix: Takes a pixel centre (x, y) of `onto` to `film`, in pixels of the sources.
        is_inverted: Whether black and white of `film` are to be swapped back.
        long_side: Of the picture, in pixels.

    Returns:
        Grey values, and where `film` shows anything at all, both of the picture's shape.
    """
    width, height = _fit(onto.columns, onto.rows, long_side)
    linear = np.asarray(matrix, dtype=np.float64)
    # In units of edges rather than of centres, reducing a film is a plain factor: centre + 1/2.
    moved = np.vstack([linear, [0.0, 0.0, 1.0]])
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    from_picture = np.diag([onto.columns / width, onto.rows / height, 1.0])
    in_source = half @ moved @ np.linalg.inv(half) @ from_picture
    # One pixel of the picture must not step over many of the film, or fine bone turns to noise.
    step = float(np.sqrt(abs(np.linalg.det(in_source[:2, :2]))))
    side = max(1, round(max(film.rows, film.columns) / max(step, 1e-6)))
    size = _fit(film.columns, film.rows, min(side, max(film.pixels.shape)))
    held = Image.fromarray(film.pixels).resize(size, Image.Resampling.BOX)
    to_held = np.diag([size[0] / film.columns, size[1] / film.rows, 1.0]) @ in_source
    data = tuple(float(number) for number in to_held[:2].ravel())
    laid = held.transform(
        (width, height), Image.Transform.AFFINE, data, resample=Image.Resampling.BILINEAR
    )
    shown = Image.new("L", size, 255).transform((width, height), Image.Transform.AFFINE, data)
    grey = np.asarray(laid)
    return (255 - grey if is_inverted else grey), np.asarray(shown) > 0


def fill_outside(grey: Pixels8, shown: npt.NDArray[np.bool_]) -> Pixels8:
    """Return an aligned film in colour, with slate where it shows nothing.

    Args:
        grey: Shape `(rows, columns)`.
        shown: Of the same shape.

    Returns:
        Shape `(rows, columns, 3)`.
    """
    colours = np.repeat(grey[:, :, None], 3, axis=2)
    colours[~shown] = NOT_SHOWN
    return colours


def draw_difference(still: Pixels8, laid: Pixels8, shown: npt.NDArray[np.bool_]) -> Pixels8:
    """Return what is left when an aligned film is taken from the other: black where they agree.

    Brightness and contrast are matched first, as a copy may differ in both.

    Args:
        still: The film that stayed, shape `(rows, columns)`.
        laid: The film laid on it, of the same shape.
        shown: Where `laid` shows anything, of the same shape.

    Returns:
        Shape `(rows, columns, 3)`; slate where there is nothing to compare.
    """
    left, right = still.astype(np.float64), laid.astype(np.float64)
    difference = np.zeros_like(left)
    if shown.any():
        mean, spread = right[shown].mean(), max(right[shown].std(), 1.0)
        matched = (right - mean) * (left[shown].std() / spread) + left[shown].mean()
        difference = np.abs(left - matched)
    return fill_outside(np.clip(difference, 0, 255).astype(np.uint8), shown)


def draw_boxes(film: HeldFilm, boxes: Sequence[Box], *, long_side: int = LONG_SIDE) -> Pixels8:
    """Return a film with boxes drawn on it, and with room around it for a box that reaches out.

    Args:
        film: The film.
        boxes: In pixels of the source.
        long_side: Of the whole picture, in pixels.

    Returns:
        Colours, shape `(rows, columns, 3)`; slate beside the film.
    """
    reach_x, reach_y = _MAX_REACH * film.columns, _MAX_REACH * film.rows
    left = max(-reach_x, min([0.0, *(box[0] for box in boxes)]))
    top = max(-reach_y, min([0.0, *(box[1] for box in boxes)]))
    right = min(film.columns + reach_x, max([film.columns, *(box[2] for box in boxes)]))
    bottom = min(film.rows + reach_y, max([film.rows, *(box[3] for box in boxes)]))
    width, height = _fit(right - left, bottom - top, long_side)
    scale = width / (right - left)
    canvas = Image.new("RGB", (width, height), NOT_SHOWN)
    inner = draw_film(film, long_side=max(1, round(scale * max(film.rows, film.columns))))
    canvas.paste(Image.fromarray(inner).convert("RGB"), (round(-left * scale), round(-top * scale)))
    pen = ImageDraw.Draw(canvas)
    for x0, y0, x1, y1 in boxes:
        # A mark that leaves the picture ends just beside it: the pen would walk all the way.
        across = sorted(_clip((x - left) * scale, width) for x in (x0, x1))
        down = sorted(_clip((y - top) * scale, height) for y in (y0, y1))
        pen.rectangle((across[0], down[0], across[1], down[1]), outline=MARK, width=2)
    return np.asarray(canvas)


def draw_begin(pixels: Pixels8, part: Box, *, long_side: int = LONG_SIDE) -> Pixels8:
    """Return a film enlarged where a part of it begins that reaches to an edge.

    Args:
        pixels: The film, not reduced, shape `(rows, columns)`.
        part: In its pixels.
        long_side: Of the picture, in pixels.

    Returns:
        Grey values, shape `(rows, columns)` of the picture; each pixel of the film is a square.
    """
    rows, columns = pixels.shape
    left, top, right, bottom = part
    if right - left >= columns:
        x, y = columns / 2, top if top > 0 else bottom
    else:
        x, y = left if left > 0 else right, rows / 2
    side = min(rows, columns, long_side // 2)
    x0 = round(min(max(x - side / 2, 0), columns - side))
    y0 = round(min(max(y - side / 2, 0), rows - side))
    shown = Image.fromarray(np.ascontiguousarray(pixels[y0 : y0 + side, x0 : x0 + side]))
    return np.asarray(shown.resize((long_side, long_side), Image.Resampling.NEAREST))


def encode_picture(picture: Pixels8) -> str:
    """Return a picture as a data URI that a page can hold.

    Args:
        picture: Shape `(rows, columns)`, or `(rows, columns, 3)`.
    """
    held = io.BytesIO()
    Image.fromarray(picture).save(held, format="JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(held.getvalue()).decode("ascii")


def _fit(width: float, height: float, long_side: int) -> tuple[int, int]:
    scale = long_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _clip(place: float, side: int) -> int:
    return round(min(max(place, -4.0), side + 4.0))
