"""Pictures that are no plain bone radiograph, as far as a few plain numbers can tell.

Every limit below was set on 7,472 different films of two public collections and stands where
the films that are meant and all others lie apart. What it cannot tell: a single slice of a
tomogram that is as smooth as a film, a chest or dental radiograph, a photograph without colour.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from osteon.audit.sizes import fit_long_side
from osteon.collection.flaws import build_flaw
from osteon.collection.manifest import Manifest
from osteon.terms import Flaw, ManifestRow, Pixels8

Kind = Literal["blank", "colour picture", "collage", "drawing", "tomogram or scan slice"]

MIN_SPREAD: Final = 6.0
"""Standard deviation of grey under which nothing is to be seen; the faintest real film has 12."""

MAX_COMMONEST: Final = 0.99
"""Share of one grey (two levels either way) above which a film is blank; real films reach 0.84."""

MIN_COLOURED: Final = 0.0015
"""Share of coloured pixels: grey films have none, a marker of one letter 0.0005, an arrow 0.002."""

MIN_COMMONEST_FOUR: Final = 0.95
"""Share of the four commonest of 64 greys above which a picture was drawn; real films reach 0.9."""

MIN_TEXTURE: Final = 0.63
"""Fineness of a tomogram; of plain films only those with external fixators are as fine."""

MIN_FINE_GROUND: Final = 0.3
"""Fineness of half of the picture at least: a fixator is fine, the ground it stands on is not."""

_COLOURED: Final = 40
"""Grey levels between a pixel's largest and smallest channel; JPEG makes up to 30 out of none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Oddity:
    """What tells a bone radiograph from other pictures.

    Attributes:
        coloured: Share of pixels that are coloured, in [0, 1].
        spread: Standard deviation of grey, in grey levels.
        commonest: Share of the commonest grey, two levels either way, in [0, 1].
        commonest_four: Share of the four commonest of 64 greys, in [0, 1].
        texture: Mean curvature of grey in the middle of the picture, over its spread.
        fine_ground: Median curvature of grey there, over its spread.
        n_panels: Pictures that straight dividers part it into; 1 where there is none.
    """

    coloured: float
    spread: float
    commonest: float
    commonest_four: float
    texture: float
    fine_ground: float
    n_panels: int


def measure_oddity(data: bytes, grey: Pixels8) -> Oddity:
    """Measure how unlike a bone radiograph a picture is.

    Args:
        data: The whole file, for its colours.
        grey: The same picture, decoded, upright, shape `(rows, columns)`.

    Returns:
        The measures, as plain numbers.
    """
    small = _shrink(grey)
    shares = cv2.calcHist([small], [0], None, [256], [0, 256]).ravel() / small.size
    texture, fine_ground = _measure_texture(small)
    return Oddity(
        coloured=_share_coloured(data),
        spread=float(cv2.meanStdDev(small)[1][0, 0]),
        commonest=float(np.convolve(shares, np.ones(5), mode="same").max()),
        commonest_four=float(np.sort(shares.reshape(64, 4).sum(axis=1))[-4:].sum()),
        texture=texture,
        fine_ground=fine_ground,
        n_panels=(1 + _count_dividers(small))
        * (1 + _count_dividers(np.ascontiguousarray(small.T))),
    )


def _shrink(grey: Pixels8) -> Pixels8:
    """Reduce a film by a whole number, which is quick, to a long side of 192 to 383 pixels."""
    factor = max(1, max(grey.shape) // 192)
    columns, rows = max(1, grey.shape[1] // factor), max(1, grey.shape[0] // factor)
    whole = grey[: rows * factor, : columns * factor]
    shrunk = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def _share_coloured(data: bytes) -> float:
    """Return the share of coloured pixels; 0 where the file holds no colours."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode not in {"RGB", "RGBA", "P", "PA", "CMYK", "YCbCr", "LAB"}:
                return 0.0
            # A JPEG is decoded at an eighth of its size, and at no less than 56 pixels.
            shrink = max(1, max(image.size) // 56)
            image.draft("RGB", (image.width // shrink, image.height // shrink))
            channels = np.asarray(image.convert("RGB"))
    except OSError:  # the film itself was decoded already: only its colours are left out
        return 0.0
    step = max(1, max(channels.shape) // 512)
    red, green, blue = cv2.split(np.ascontiguousarray(channels[::step, ::step]))
    largest = cv2.max(cv2.max(red, green), blue)
    smallest = cv2.min(cv2.min(red, green), blue)
    return float((cv2.subtract(largest, smallest) > _COLOURED).mean())


def _measure_texture(small: Pixels8) -> tuple[float, float]:
    """Return the mean and median curvature of the middle of a picture, over its spread."""
    tiny = fit_long_side(small, 96)
    rows, columns = tiny.shape
    # Frames and letters stand at the edges.
    middle = tiny[rows // 8 : rows - rows // 8, columns // 8 : columns - columns // 8]
    curvature = np.abs(cv2.Laplacian(np.ascontiguousarray(middle), cv2.CV_16S))
    spread = float(middle.std()) + 4.0  # noise on a flat picture is no texture
    return float(curvature.mean()) / spread, float(np.median(curvature)) / spread


def _count_dividers(small: Pixels8) -> int:
    """Count upright dividers: white bars, or straight seams between two bright pictures.

    A lead rubber between two exposures on one cassette leans, tapers and lies in the dark; the
    bar of an editor stands upright to the pixel.
    """
    columns = small.shape[1]
    if columns < 40:
        return 0
    seam = np.zeros(columns)
    seam[1:-1] = _share_above(cv2.absdiff(small[:, 2:], small[:, :-2]), 14)
    lit = np.concatenate([[0.0], np.cumsum(_share_above(small, 50))])
    span = columns // 6
    at = np.arange(span + 1, columns - span - 2)
    lit_before = (lit[at - 1] - lit[at - 1 - span]) / span
    lit_behind = (lit[at + 2 + span] - lit[at + 2]) / span
    is_divider = np.zeros(columns, dtype=bool)
    is_divider[at] = (seam[at] >= 0.985) & (np.minimum(lit_before, lit_behind) >= 0.72)
    is_divider |= _find_bars(small, seam)
    places = np.flatnonzero(is_divider)
    return int(places.size > 0) + int((np.diff(places) > columns // 10).sum())


def _share_above(grey: npt.NDArray[Any], limit: int) -> npt.NDArray[np.float64]:
    """Return the share of each column that is lighter than a limit, shape `(columns,)`."""
    is_above = cv2.threshold(grey, limit, 1, cv2.THRESH_BINARY)[1]
    shares = cv2.reduce(is_above, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return np.asarray(shares, dtype=np.float64).ravel() / len(grey)


def _find_bars(grey: Pixels8, seam: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    columns = grey.shape[1]
    darkest, lightest = grey.min(axis=0), grey.max(axis=0)
    is_white = np.concatenate([[False], (darkest >= 200) & (lightest - darkest <= 40), [False]])
    ends = np.flatnonzero(np.diff(is_white.astype(np.int8))).reshape(-1, 2)
    bars = np.zeros(columns, dtype=bool)
    for start, stop in ends.tolist():
        is_inside = start >= columns // 8 and stop <= columns - columns // 8
        if is_inside and stop - start <= 0.08 * columns:
            bars[start:stop] = bool(seam[start - 3 : stop + 3].max() >= 0.97)
    return bars


def find_outliers(manifest: Manifest, oddities: Mapping[str, Oddity]) -> Iterator[Flaw]:
    """Yield one flaw for each different file that seems to be no plain bone radiograph.

    Args:
        manifest: The collection.
        oddities: What `measure_oddity` returned, by the file's SHA-256; other films are passed by.
    """
    files: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        if row.sha256 in oddities:
            files.setdefault(row.sha256, []).append(row)
    for sha256, rows in files.items():
        oddity = oddities[sha256]
        kind = _name_kind(oddity)
        if kind is not None:
            yield build_flaw(
                "outlier",
                rows,
                evidence={"kind": kind, "measures": asdict(oddity), "why": _explain(kind, oddity)},
                advice=_ADVICE[kind],
            )


def _name_kind(oddity: Oddity) -> Kind | None:
    if oddity.spread < MIN_SPREAD or oddity.commonest >= MAX_COMMONEST:
        return "blank"
    if oddity.coloured >= MIN_COLOURED:
        return "colour picture"
    if oddity.n_panels > 1:
        return "collage"
    if oddity.commonest_four >= MIN_COMMONEST_FOUR:
        return "drawing"
    if oddity.texture >= MIN_TEXTURE and oddity.fine_ground >= MIN_FINE_GROUND:
        return "tomogram or scan slice"
    return None


def _explain(kind: Kind, oddity: Oddity) -> str:
    match kind:
        case "blank":
            return (
                f"{oddity.commonest:.0%} of the picture has one grey, and its greys spread by "
                f"{oddity.spread:.1f} of 255 levels: there is nothing to see."
            )
        case "colour picture":
            return (
                f"{oddity.coloured:.1%} of the picture is coloured: a photograph, or a film on "
                "which somebody drew."
            )
        case "collage":
            return f"Straight dividers part it into {oddity.n_panels} pictures."
        case "drawing":
            return (
                f"Four of 64 greys make {oddity.commonest_four:.0%} of the picture, as in a "
                "drawing or a diagram."
            )
        case "tomogram or scan slice":
            return (
                f"It is fine-grained all over (texture {oddity.texture:.2f}, where plain films "
                f"stay under {MIN_TEXTURE}), as slices of CT and MRI are."
            )


_ADVICE: Final[Mapping[Kind, str]] = {
    "blank": "Leave it out: there is nothing to learn from it.",
    "colour picture": (
        "Look at it. An arrow or a ring drawn on a film gives its fracture away; a photograph of a "
        "film differs from what a detector sends."
    ),
    "collage": "Look at it. Cut it into films, or leave it out: one label cannot hold for several.",
    "drawing": "Look at it, and leave it out where it is no radiograph.",
    "tomogram or scan slice": "Look at it, and leave it out where it is no radiograph.",
}
