"""A film with what was read in it: evidence as a veil of colour, boxes, and the decision in words.

Grey values stay as they are wherever the evidence is low. Small films are enlarged smoothly, by a
whole factor; only films beyond `MAX_SIDE` are reduced. The colours span what maps really reach: the
release says between which evidence, fitted on its tune films.

The colours run from violet over red to yellow and grow lighter all the way: more evidence is
brighter also for an eye, or a printer, that tells no hues apart. Boxes are sky blue, which is
apart from all of them in every common form of colour blindness.
"""

import io
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from osteon.errors import UnreadableFilm
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import square_pixels
from osteon.release.card import NOT_A_DEVICE
from osteon.terms import Finding, Floats, Pixels8, Probability, Radiograph, Reading
from osteon.wording import name_release

MIN_SIDE: Final = 900
"""Smaller films are enlarged, by a whole factor, until their longer side has so many pixels."""

MAX_SIDE: Final = 3000
"""Larger films are reduced, by a whole factor, until theirs has no more."""

MIN_WIDTH: Final = 560
"""Narrower pictures get a margin: words need room."""

COLOURS: Final = (0.2, 1.0)
"""Evidence at which colours begin and are full, where a reading does not say it."""

VEIL: Final = 0.5
"""How much of a pixel is colour where the evidence is highest."""

DASH: Final = 5
"""Length of a dash and of a gap in the outline of a best place, in widths of the line."""

BOX_COLOUR: Final = (86, 180, 233)  # Okabe & Ito, "Color Universal Design", 2008: sky blue

_ANCHORS: Final = (
    (0.0, (84, 2, 163)),
    (0.4, (177, 42, 144)),
    (0.7, (225, 100, 98)),
    (1.0, (240, 249, 33)),
)
_WORDS: Final = {
    "fracture": "Fracture",
    "doubt": "Doubt",
    "no fracture": "No fracture",
    "not read": "Not read",
}
_BLACK, _DARK, _WHITE, _DIM = (0, 0, 0), (18, 18, 20), (245, 245, 245), (190, 190, 190)
_MOST_DIGITS: Final = 5
"""After the point, of a percentage that must be told from another."""

_PER_LETTER: Final = 0.52
"""Width of a letter of the default font, over its size; a little more than the mean."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OverlayOrder:
    """What a child process is asked to draw.

    Attributes:
        path: Of the film.
        reading: What was read in it.
    """

    path: Path
    reading: Reading


def render_overlay(order: OverlayOrder) -> bytes:
    """Decode a film and draw what was read in it: what a child does.

    Args:
        order: The film and its reading.

    Returns:
        The picture as PNG.

    Raises:
        FilmFault: If the film cannot be used, or is another one than was read.
    """  # noqa: DOC502 — reading and drawing raise it
    radiograph = read_film(order.path)
    held = io.BytesIO()
    draw_overlay(radiograph, order.reading).save(held, "PNG", compress_level=3)
    return held.getvalue()


def draw_overlay(radiograph: Radiograph, reading: Reading) -> Image.Image:
    """Draw a film with what was read in it, and a strip of words below.

    Args:
        radiograph: The film that was read.
        reading: What was read in it.

    Returns:
        The picture, in colour.

    Raises:
        UnreadableFilm: If the film is another one than was read.
    """
    evidence = reading.evidence
    if evidence is not None and evidence.shape != radiograph.pixels.shape:
        raise UnreadableFilm(
            radiograph.source, "must be the film that was read", found="one of another size"
        )
    film = _draw_film(radiograph, reading)
    width = max(film.width, MIN_WIDTH)
    size = max(15, round(width / 42))
    strip = _draw_words(reading, width, size)
    picture = Image.new("RGB", (width, film.height + strip.height), _BLACK)
    picture.paste(film, ((width - film.width) // 2, 0))
    picture.paste(strip, (0, film.height))
    return picture


def say_probability(probability: Probability | None) -> str:
    """Return a probability in percent, never as certainty.

    Args:
        probability: In (0, 1), or None.

    Example:
        >>> [say_probability(Probability(p)) for p in (0.832, 0.99999, 1e-5)]
        ['83.2 %', '> 99.9 %', '< 0.1 %']
    """
    if probability is None:
        return "–"
    if probability > 0.999:
        return "> 99.9 %"
    return "< 0.1 %" if probability < 0.001 else f"{100 * probability:.1f} %"


def place_on_colours(evidence: Floats, ends: tuple[float, float]) -> Pixels8:
    """Return where evidence lies on the scale of colours, of 255; 0 leaves the film as it is.

    Args:
        evidence: In [0, 1], any shape.
        ends: Evidence at which the colours begin, and at which they are full.
    """
    low, full = ends
    steps = (evidence - np.float32(low)) * np.float32(255 / (full - low))
    return np.asarray(np.rint(np.clip(steps, 0, 255)), dtype=np.uint8)


def colour_evidence(grey: Pixels8, steps: Pixels8) -> Pixels8:
    """Lay colour over grey values.

    The share of colour rises with the root of the step, so that little is seen as well.

    Args:
        grey: Shape `(rows, columns)`.
        steps: On the scale of colours, from `place_on_colours`, the same shape.

    Returns:
        Shape `(rows, columns, 3)`.
    """
    share = VEIL * np.sqrt(np.arange(256) / 255)
    kept, added = (1 - share).astype(np.float32), (share[:, np.newaxis] * colours()).astype("f4")
    laid = np.empty((*grey.shape, 3), np.uint8)
    for channel in range(3):
        laid[..., channel] = np.rint(grey * kept[steps] + added[steps, channel])
    return laid


def colours() -> npt.NDArray[np.float64]:
    """Return the colour of each step of evidence, shape `(256, 3)`, of 255."""
    steps = np.arange(256) / 255
    places = [place for place, _ in _ANCHORS]
    held = [
        np.interp(steps, places, [colour[channel] for _, colour in _ANCHORS])
        for channel in range(3)
    ]
    return np.stack(held, axis=1)


def _draw_film(radiograph: Radiograph, reading: Reading) -> Image.Image:
    pixels = square_pixels(radiograph.pixels, radiograph.pixel_aspect)
    grey = np.rint(np.clip(pixels, 0, 1) * np.float32(255)).astype(np.uint8)
    steps = np.zeros_like(grey)
    if reading.evidence is not None:
        shown = square_pixels(reading.evidence, radiograph.pixel_aspect)
        steps = place_on_colours(shown, reading.colours or COLOURS)
    film = Image.fromarray(colour_evidence(_resize(grey), _resize(steps)))
    scale = (film.width / radiograph.columns, film.height / radiograph.rows)
    for finding in reversed(reading.findings):  # the likeliest lies on top
        _draw_finding(film, finding, scale)
    return film


def _resize(layer: Pixels8) -> Pixels8:
    """Enlarge a small film's layer smoothly, or reduce a large one's, by a whole factor."""
    image, long_side = Image.fromarray(layer), max(layer.shape)
    shrink, grow = -(-long_side // MAX_SIDE), -(-MIN_SIDE // long_side)
    if shrink > 1:
        return np.asarray(image.reduce(shrink))
    if grow > 1:
        size = (image.width * grow, image.height * grow)
        return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    return layer


def _draw_finding(film: Image.Image, finding: Finding, scale: tuple[float, float]) -> None:
    # The one place that draws into a picture it was given: the film under construction.
    pen = ImageDraw.Draw(film)
    line = max(2, max(film.size) // 450)
    x0, y0, x1, y1 = (side * scale[number % 2] for number, side in enumerate(finding.box))
    corners = (x0, y0, max(x0, x1 - 1), max(y0, y1 - 1))
    if finding.is_best_place:
        _draw_dashed(pen, corners, line)
    else:
        pen.rectangle(_grown(corners, line), outline=_BLACK, width=3 * line)
        pen.rectangle(corners, outline=BOX_COLOUR, width=line)
    font = ImageFont.load_default(max(13, round(max(film.size) / 60)))
    words = say_probability(finding.probability)
    if finding.is_best_place:
        words = f"best place, {words}"
    _, _, wide, high = pen.textbbox((0, 0), words, font=font)
    pad = line + 2
    left = min(max(0.0, x0 - line), max(0.0, film.width - wide - 2 * pad))
    top = y0 - high - 2 * pad - line
    if top < 0:  # no room above
        top = min(y1 + line, film.height - high - 2.0 * pad)
    pen.rectangle((left, top, left + wide + 2 * pad, top + high + 2 * pad), fill=_DARK)
    pen.text((left + pad, top + pad), words, fill=BOX_COLOUR, font=font)


def _draw_dashed(
    pen: ImageDraw.ImageDraw, corners: tuple[float, float, float, float], line: int
) -> None:
    """Draw an outline in dashes, each in black first, so that it is seen on bone as well."""
    x0, y0, x1, y1 = corners
    step = DASH * line
    dashes = [
        (x, y, min(x + step, x1), y) for y in (y0, y1) for x in np.arange(x0, x1, 2 * step)
    ] + [(x, y, x, min(y + step, y1)) for x in (x0, x1) for y in np.arange(y0, y1, 2 * step)]
    for colour, width in ((_BLACK, 3 * line), (BOX_COLOUR, line)):
        for dash in dashes:
            pen.line(dash, fill=colour, width=width)


def _grown(box: tuple[float, float, float, float], by: int) -> tuple[float, float, float, float]:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def say_limits(reading: Reading) -> str:
    """Return where the release's limits lie, or nothing where the reading does not say.

    Args:
        reading: With its limits.
    """
    low, high = reading.doubt_from, reading.fracture_from
    if low is None:
        return ""
    if high is None:
        clears = "every film" if low <= 0 else f"films from {_beside(low, reading)} on"
        return f"Limits: {clears} in doubt; this release calls no film a fracture."
    fracture = f"fracture from {_beside(high, reading)}"
    if low <= 0:
        return f"Limits: {fracture}, doubt below it; this release clears no film."
    if low == high:
        return f"Limit: {fracture}."
    return f"Limits: doubt from {_beside(low, reading)}, {fracture}."


def _beside(probability: float, reading: Reading) -> str:
    """Return a film's probability or a limit, with digits enough to be told from the others."""
    known = (reading.probability, reading.doubt_from, reading.fracture_from)
    others = [value for value in known if value is not None and value != probability]
    digits = 1
    while digits < _MOST_DIGITS and f"{100 * probability:.{digits}f}" in {
        f"{100 * value:.{digits}f}" for value in others
    }:
        digits += 1
    if digits == 1 or not 0.001 <= probability <= 0.999:  # never as certainty
        return say_probability(Probability(probability))
    return f"{100 * probability:.{digits}f} %"


def _draw_words(reading: Reading, width: int, size: int) -> Image.Image:
    said = _WORDS[reading.decision]
    if reading.probability is not None:
        said += f", probability {_beside(reading.probability, reading)}"
    small = round(0.72 * size)
    room = max(20, round((width - 2 * size) / (_PER_LETTER * small)))
    lines = [(said, size, _WHITE)]
    sentences = (
        say_limits(reading),
        *map(str, reading.reasons),
        f"Read by {name_release(reading.release)}. {NOT_A_DEVICE}",
    )
    for sentence in sentences:
        lines += [(line, small, _DIM) for line in textwrap.wrap(sentence, room)]
    height = sum(round(1.45 * high) for _, high, _ in lines) + size
    bar = 0 if reading.evidence is None else round(1.6 * small)
    strip = Image.new("RGB", (width, height + bar), _DARK)
    pen = ImageDraw.Draw(strip)
    top = size // 2
    for number, (line, high, colour) in enumerate(lines):
        pen.text((size, top), line, fill=colour, font=ImageFont.load_default(high))
        top += round(1.45 * high)
        if number == 0 and bar:
            _draw_scale(strip, size, top, small)
            top += bar
    return strip


def _draw_scale(strip: Image.Image, left: int, top: int, size: int) -> None:
    """Draw the colours' scale, as they look on a dark film, into the strip under construction."""
    pen, font = ImageDraw.Draw(strip), ImageFont.load_default(size)
    words = "Where the network saw a fracture:  little "
    pen.text((left, top), words, fill=_DIM, font=font)
    left += round(pen.textlength(words, font=font))
    steps = np.linspace(0, 255, 8 * size).astype(np.uint8)
    ramp = np.repeat(steps[np.newaxis], size, axis=0)
    strip.paste(Image.fromarray(colour_evidence(np.full_like(ramp, 90), ramp)), (left, top + 2))
    pen.text((left + ramp.shape[1], top), "  much", fill=_DIM, font=font)
