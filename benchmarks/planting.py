"""Plant copies whose history is known: what the audit is measured on.

A copy is made as augmentation scripts, picture viewers and web sites make them: turned, mirrored,
zoomed, shifted, cropped, written on, blurred, resized, made darker, inverted, saved as JPEG. Each
step has a strength, and the table by strength shows where finding ends.
"""

from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels8 = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What was done to a film.

    Attributes:
        angle_deg: Turned by, counter-clockwise.
        is_mirrored: Left for right, before turning (up for down is this and half a turn).
        zoom: Larger than 1 shows less of the film.
        shift: Moved by, as shares of the sides, `(across, down)`.
        keeps_corners: Whether the frame grows so that turning loses no corner.
        fill: Grey of what the turn uncovers, 0 to 255.
        crop: Share of the area kept.
        crop_at: Where, in [0, 1] of the play, `(across, down)`.
        squeeze: Width over height is changed by this factor.
        side_px: Long side of the copy; 0 keeps it.
        contrast: Factor about the mean grey, as torchvision's ColorJitter and Pillow have it.
        brightness: Factor, as there.
        gamma: Exponent.
        is_inverted: Black for white.
        blur_px: Sigma, in pixels of a film with a long side of 454.
        has_marker: Whether words were written on it.
        jpeg_quality: 0 saves as PNG.
    """

    angle_deg: float = 0.0
    is_mirrored: bool = False
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    keeps_corners: bool = False
    fill: int = 0
    crop: float = 1.0
    crop_at: tuple[float, float] = (0.5, 0.5)
    squeeze: float = 1.0
    side_px: int = 0
    contrast: float = 1.0
    brightness: float = 1.0
    gamma: float = 1.0
    is_inverted: bool = False
    blur_px: float = 0.0
    has_marker: bool = False
    jpeg_quality: int = 92

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values."""
        return asdict(self)


SINGLES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("turned", "90°", {"angle_deg": 90.0}),
    ("turned", "180°", {"angle_deg": 180.0}),
    ("turned", "15°, corners lost", {"angle_deg": 15.0}),
    ("turned", "45°, corners lost", {"angle_deg": 45.0}),
    ("turned", "77°, frame grown, black", {"angle_deg": 77.0, "keeps_corners": True}),
    (
        "turned",
        "133°, frame grown, white",
        {"angle_deg": 133.0, "keeps_corners": True, "fill": 255},
    ),
    ("mirrored", "left for right", {"is_mirrored": True}),
    ("mirrored", "up for down", {"is_mirrored": True, "angle_deg": 180.0}),
    ("zoomed", "0.7", {"zoom": 0.7}),
    ("zoomed", "0.85", {"zoom": 0.85}),
    ("zoomed", "1.2", {"zoom": 1.2}),
    ("zoomed", "1.4", {"zoom": 1.4}),
    ("cropped", "to 90 %", {"crop": 0.9, "crop_at": (0.0, 1.0)}),
    ("cropped", "to 80 %", {"crop": 0.8, "crop_at": (1.0, 1.0)}),
    ("cropped", "to 70 %", {"crop": 0.7, "crop_at": (0.0, 0.0)}),
    ("shifted", "by 10 %", {"shift": (0.1, -0.1)}),
    ("shifted", "by 20 %", {"shift": (-0.2, 0.2)}),
    ("contrast", "0.5", {"contrast": 0.5}),
    ("contrast", "1.6", {"contrast": 1.6}),
    ("brightness", "0.5", {"brightness": 0.5}),
    ("brightness", "1.5", {"brightness": 1.5}),
    ("gamma", "0.5", {"gamma": 0.5}),
    ("gamma", "2.0", {"gamma": 2.0}),
    ("inverted", "", {"is_inverted": True}),
    ("JPEG", "quality 60", {"jpeg_quality": 60}),
    ("JPEG", "quality 30", {"jpeg_quality": 30}),
    ("resized", "long side 224", {"side_px": 224}),
    ("resized", "long side 128", {"side_px": 128}),
    ("resized", "long side 900", {"side_px": 900}),
    ("resized", "squeezed by 1.25", {"squeeze": 1.25}),
    ("blurred", "sigma 1", {"blur_px": 1.0}),
    ("blurred", "sigma 2", {"blur_px": 2.0}),
    ("marker", "written on", {"has_marker": True}),
)
"""Kind, strength and settings of every single step that is measured."""

COMBINED: Final = ("two or three steps", "four to six steps", "every step at once")


def draw_recipe(rng: np.random.Generator, n_steps: int) -> Recipe:
    """Draw a copy's history from the whole range.

    Args:
        rng: The source of chance.
        n_steps: How many of the kinds of steps to take.
    """
    uniform = rng.uniform
    steps: tuple[dict[str, Any], ...] = (
        {
            "angle_deg": float(uniform(-180, 180)),
            "keeps_corners": bool(rng.integers(2)),
            "fill": int(rng.choice([0, 255])),
        },
        {"is_mirrored": True},
        {"zoom": float(np.exp(uniform(np.log(0.7), np.log(1.4))))},
        {"shift": (float(uniform(-0.2, 0.2)), float(uniform(-0.2, 0.2)))},
        {"crop": float(uniform(0.7, 1.0)), "crop_at": (float(uniform()), float(uniform()))},
        {"contrast": float(uniform(0.6, 1.5)), "brightness": float(uniform(0.6, 1.4))},
        {"gamma": float(np.exp(uniform(np.log(0.6), np.log(1.7))))},
        {"is_inverted": True},
        {"side_px": int(rng.integers(160, 700)), "squeeze": float(uniform(0.85, 1.18))},
        {"blur_px": float(uniform(0.5, 1.5))},
        {"has_marker": True},
        {"jpeg_quality": int(rng.integers(30, 90))},
    )
    settings: dict[str, Any] = {}
    for index in rng.permutation(len(steps))[:n_steps]:
        settings |= steps[index]
    return Recipe(**settings)


def plant_copy(film: Pixels8, recipe: Recipe) -> tuple[Pixels8, Matrix]:
    """Make the copy.

    Args:
        film: Grey values, shape `(rows, columns)`.
        recipe: What to do.

    Returns:
        The copy as its decoder will give it, and the 3 by 3 matrix from the film's pixels `(x, y)`
        to the copy's.
    """
    picture, matrix = _move(film, recipe)
    picture, matrix = _crop(picture, matrix, recipe)
    picture, matrix = _resize(picture, matrix, recipe)
    picture = _change_greys(picture, recipe)
    if recipe.has_marker:
        picture = _write_on(picture)
    return _save(picture, recipe.jpeg_quality), matrix


def _move(film: Pixels8, recipe: Recipe) -> tuple[Pixels8, Matrix]:
    rows, columns = film.shape
    turn = np.deg2rad(recipe.angle_deg)
    cos, sin = np.cos(turn) * recipe.zoom, np.sin(turn) * recipe.zoom
    linear = np.array([[cos, sin], [-sin, cos]])
    if recipe.is_mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    if np.allclose(linear, np.eye(2)) and recipe.shift == (0.0, 0.0):
        return film, np.eye(3)
    size = np.array([columns, rows], dtype=np.float64)
    # A quarter turn swaps the sides, as every viewer does.
    is_quarter = abs(recipe.angle_deg) % 180 == 90
    grown = np.abs(linear) @ size if recipe.keeps_corners else size
    out = np.ceil(np.abs(linear) @ size / recipe.zoom if is_quarter else grown)
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = (out - 1) / 2 + np.array(recipe.shift) * size - linear @ ((size - 1) / 2)
    is_smaller = recipe.zoom < 0.9
    moved = cv2.warpAffine(
        cv2.GaussianBlur(film, (0, 0), 0.5) if is_smaller else film,
        matrix[:2],
        (int(out[0]), int(out[1])),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=recipe.fill,
    )
    return np.asarray(moved, dtype=np.uint8), matrix


def _crop(picture: Pixels8, matrix: Matrix, recipe: Recipe) -> tuple[Pixels8, Matrix]:
    if recipe.crop >= 1.0:
        return picture, matrix
    rows, columns = picture.shape
    side = np.sqrt(recipe.crop)
    height, width = round(rows * side), round(columns * side)
    left = round((columns - width) * recipe.crop_at[0])
    top = round((rows - height) * recipe.crop_at[1])
    moved = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]]) @ matrix
    return picture[top : top + height, left : left + width], moved


def _resize(picture: Pixels8, matrix: Matrix, recipe: Recipe) -> tuple[Pixels8, Matrix]:
    rows, columns = picture.shape
    by = recipe.side_px / max(rows, columns) if recipe.side_px else 1.0
    width = round(columns * by * np.sqrt(recipe.squeeze))
    height = round(rows * by / np.sqrt(recipe.squeeze))
    if (width, height) == (columns, rows):
        return picture, matrix
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
    fx, fy = width / columns, height / rows
    scaled = np.array([[fx, 0.0, fx / 2 - 0.5], [0.0, fy, fy / 2 - 0.5], [0.0, 0.0, 1.0]]) @ matrix
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8), scaled


def _change_greys(picture: Pixels8, recipe: Recipe) -> Pixels8:
    grey = picture.astype(np.float32)
    if recipe.blur_px:
        grey = cv2.GaussianBlur(grey, (0, 0), recipe.blur_px * max(picture.shape) / 454)
    grey = 255.0 * np.power(np.clip(grey, 0, 255) / 255.0, recipe.gamma)
    grey = np.clip(grey * recipe.brightness, 0, 255)
    grey = np.clip((grey - grey.mean()) * recipe.contrast + grey.mean(), 0, 255)
    if recipe.is_inverted:
        grey = 255.0 - grey
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _write_on(picture: Pixels8) -> Pixels8:
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    size = max(10, max(picture.shape) // 14)
    font = ImageFont.load_default(size)
    pen.text((picture.shape[1] // 20, picture.shape[0] // 20), "R  12/2023", fill=255, font=font)
    pen.text((picture.shape[1] // 2, picture.shape[0] - 2 * size), "AP supine", fill=255, font=font)
    return np.asarray(image)


def _save(picture: Pixels8, quality: int) -> Pixels8:
    if not quality:
        return picture
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
