"""Screenshots of viewers, and what hospitals burn into films: the same on films of all sorts."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from osteon.terms import Pixels8

SIZE = (960, 720)
WINDOW = (220, 110, 640, 640)


def draw_screen(film: Pixels8, *, zoom: float = 1.0, shift: tuple[int, int] = (0, 0)) -> Pixels8:
    """Draw a viewer's screen: tool bar, series, letters, and a film in the middle.

    Args:
        film: What is shown.
        zoom: How much larger than it fits.
        shift: By which it is moved, in the screen's pixels.
    """
    screen = Image.new("L", SIZE, 0)
    drawn = ImageDraw.Draw(screen)
    font = ImageFont.load_default(size=15)
    drawn.rectangle((0, 0, SIZE[0], 45), fill=70)
    for number in range(14):
        left = 150 + 52 * number
        drawn.rectangle((left, 8, left + 36, 36), outline=220, width=2)
    drawn.rectangle((0, 45, 140, SIZE[1]), fill=45)
    for number in range(9):
        lines = f"Series {number + 1}\nDX 2 img"
        drawn.text((10, 70 + 68 * number), lines, font=font, fill=230)
    drawn.rectangle((700, 45, *SIZE), fill=45)
    for number in range(11):
        lines = f"View {number + 1} of 11\nkV 55  mAs {number}.5\nPrint  Export"
        drawn.text((715, 60 + 58 * number), lines, font=font, fill=230)
    drawn.text((560, 55), "R", font=ImageFont.load_default(size=44), fill=255)
    drawn.text((230, 660), "WL 2048 WW 4096  Zoom 0.8", font=font, fill=240)
    left, top, right, bottom = WINDOW
    scale = zoom * min((right - left) / film.shape[1], (bottom - top) / film.shape[0])
    size = (round(scale * film.shape[1]), round(scale * film.shape[0]))
    shown = Image.new("L", (right - left, bottom - top), 0)
    place = ((right - left - size[0]) // 2 + shift[0], (bottom - top - size[1]) // 2 + shift[1])
    shown.paste(Image.fromarray(film).resize(size, Image.Resampling.LANCZOS), place)
    screen.paste(shown, (left, top))
    return np.asarray(screen, np.uint8)


def burn_in(film: Pixels8) -> Pixels8:
    """Draw a border, a ruler, a logo and a name over a film of a fixed size."""
    image = Image.fromarray(film).resize((600, 760), Image.Resampling.LANCZOS)
    drawn = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=18)
    drawn.rectangle((0, 0, 599, 759), outline=255, width=8)
    for mark in range(51):
        reach = 22 if mark % 10 == 0 else 12
        drawn.line((8, 15 * mark, 8 + reach, 15 * mark), fill=255, width=2)
        drawn.line((592 - reach, 15 * mark, 592, 15 * mark), fill=255, width=2)
    drawn.rectangle((480, 660, 570, 740), fill=255)
    drawn.ellipse((490, 670, 560, 730), fill=90)
    drawn.text((490, 690), "CLINIC", font=font, fill=255)
    drawn.text((120, 14), "HOSPITAL OF THE TOWN  RADIOLOGY", font=font, fill=255)
    return np.asarray(image, np.uint8)
