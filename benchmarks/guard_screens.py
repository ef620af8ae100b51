"""Drawn screens and papers: web pages, viewers with several panes, forms, tables, strips."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from guard_bodies import SIZE, Rng, draw_chest, draw_cloud, draw_head_slice, draw_panorama
from guard_pages import LETTERS, draw_scene
from osteon.terms import Floats, Pixels8

_WIDE = 240
"""Longer side of a screen, in pixels: letters are small on it."""

Draw = Callable[[Rng], Floats]


def draw_web_page(rng: Rng, films: list[Pixels8]) -> Floats:
    """Draw a web page: a bar, a menu, columns of text, and pictures among them.

    Args:
        rng: Luck.
        films: Of which some are pictures on it, as on a page about fractures.
    """
    width = int(_WIDE * rng.uniform(0.6, 1.0))
    height = int(_WIDE * rng.uniform(0.6, 1.0))
    is_dark = rng.random() < 0.25
    ground, ink = (int(rng.integers(10, 50)), 225) if is_dark else (int(rng.integers(240, 256)), 30)
    canvas = Image.new("L", (width, height), ground)
    pen = ImageDraw.Draw(canvas)
    bar = int(rng.integers(8, 30))
    pen.rectangle([0, 0, width, bar], fill=int(rng.integers(0, 256)))
    _write(pen, rng, (6, 2), n=int(rng.integers(8, 30)), size=8, ink=int(rng.choice([0, 255])))
    left = int(rng.choice([0, 0, rng.integers(25, 60)]))
    for line in range(int(rng.integers(0, 12)) if left else 0):
        _write(pen, rng, (4, bar + 8 + 12 * line), n=8, size=6, ink=ink)
    n_columns = int(rng.integers(1, 4))
    wide = (width - left) // n_columns
    for column in range(n_columns):
        x, y = left + column * wide + 6, bar + int(rng.integers(4, 16))
        while y < height - 6:
            match int(rng.integers(6)):
                case 0:
                    tall = int(rng.integers(20, 80))
                    share = rng.uniform(0.4, 1.0)
                    _paste(canvas, rng, films, (x, y, x + int(share * (wide - 12)), y + tall))
                    y += tall + 6
                case 1:
                    _write(
                        pen, rng, (x, y), n=int(wide / 8), size=int(rng.integers(9, 16)), ink=ink
                    )
                    y += 20
                case 2:
                    box = [x, y, x + rng.uniform(0.3, 0.9) * wide, y + 11]
                    pen.rounded_rectangle(box, 3, fill=int(rng.integers(60, 200)))
                    y += 16
                case _:
                    for _ in range(int(rng.integers(2, 8))):
                        n = int((wide - 12) / 3.2 * rng.uniform(0.7, 1))
                        _write(pen, rng, (x, y), n=n, size=6, ink=ink)
                        y += 8
                    y += 4
    return _as_grey(canvas)


def draw_viewer(rng: Rng, films: list[Pixels8]) -> Floats:
    """Draw a viewer's screen: tool bars and lists about several panes of films and slices.

    Args:
        rng: Luck.
        films: Which some of the panes show.
    """
    width, height = _WIDE, int(_WIDE * rng.uniform(0.5, 0.8))
    ground = int(rng.choice([0, 25, 45, 60, 200]))
    canvas = Image.new("L", (width, height), ground)
    pen = ImageDraw.Draw(canvas)
    bar = int(rng.integers(8, 26))
    tone = int(np.clip(ground + rng.integers(15, 90), 0, 255))
    pen.rectangle([0, 0, width, bar], fill=tone)
    for x in range(4, width, int(rng.integers(9, 20))):
        pen.rectangle([x, 3, x + 5, bar - 3], fill=int(rng.integers(0, 256)))
    left, right = (int(rng.choice([0, rng.integers(25, 70)])) for _ in range(2))
    for x0, x1 in ((0, left), (width - right, width)):
        pen.rectangle([x0, bar, x1, height], fill=tone)
        y = bar + 4
        while x1 > x0 and y < height - 12:
            if rng.random() < 0.5:
                tall = int(rng.integers(12, 36))
                _paste(canvas, rng, films, (x0 + 3, y, x1 - 3, y + tall))
                y += tall + 4
            else:
                _write(pen, rng, (x0 + 3, y), n=int((x1 - x0) / 4), size=6, ink=230)
                y += 9
    n_down, n_across = [(1, 2), (1, 3), (2, 2), (2, 3), (2, 1), (1, 1)][int(rng.integers(6))]
    if n_down * n_across == 1 and not left:  # one pane alone is nearly a film
        n_across = 2
    wide, tall = (width - left - right) // n_across, (height - bar) // n_down
    for down in range(n_down):
        for across in range(n_across):
            x, y = left + across * wide, bar + down * tall
            _paste(canvas, rng, films, (x + 1, y + 1, x + wide - 1, y + tall - 1), ground=0)
            for line in range(int(rng.integers(0, 5))):
                _write(pen, rng, (x + 3, y + 2 + 7 * line), n=10, size=6, ink=255)
            pen.rectangle([x, y, x + wide - 1, y + tall - 1], outline=int(rng.choice([90, 255])))
    return _as_grey(canvas)


def draw_form(rng: Rng, films: list[Pixels8]) -> Floats:
    """Draw a paper: a letter or a form with fields, a stamp, handwriting, perhaps a picture.

    Args:
        rng: Luck.
        films: Of which one may be printed on it.
    """
    width, height = int(_WIDE * rng.uniform(0.65, 0.8)), _WIDE
    canvas = Image.new("L", (width, height), int(rng.integers(225, 256)))
    pen = ImageDraw.Draw(canvas)
    margin = int(rng.integers(8, 24))
    _write(pen, rng, (margin, margin), n=int(rng.integers(8, 20)), size=12, ink=20)
    y = margin + 24
    while y < height - margin:
        kind = rng.random()
        if kind < 0.35:
            _write(pen, rng, (margin, y), n=int(rng.integers(5, 16)), size=7, ink=40)
            pen.line([(width * 0.4, y + 8), (width - margin, y + 8)], fill=90)
            if rng.random() < 0.6:
                _scribble(pen, rng, (width * 0.42, y + 4), reach=width * 0.4)
            y += 13
        elif kind < 0.9:
            n = int((width - 2 * margin) / 3.4 * rng.uniform(0.5, 1))
            _write(pen, rng, (margin, y), n=n, size=6, ink=30)
            y += 8
        else:
            tall = int(rng.integers(20, 60))
            _paste(canvas, rng, films, (margin, y, margin + int(1.2 * tall), y + tall))
            y += tall + 6
    if rng.random() < 0.4:
        x, y = rng.uniform(0.4, 0.7) * width, rng.uniform(0.5, 0.85) * height
        pen.ellipse([x, y, x + 40, y + 30], outline=100, width=2)
    return _as_grey(canvas)


def draw_table(rng: Rng) -> Floats:
    """Draw a sheet of numbers, a calendar or a terminal: rows and columns of short words."""
    width, height = int(_WIDE * rng.uniform(0.6, 1.0)), int(_WIDE * rng.uniform(0.5, 0.9))
    is_dark = rng.random() < 0.35
    canvas = Image.new("L", (width, height), int(rng.integers(0, 40)) if is_dark else 255)
    pen = ImageDraw.Draw(canvas)
    size = int(rng.integers(6, 11))
    wide, tall = int(rng.integers(22, 60)), size + int(rng.integers(2, 8))
    has_lines = rng.random() < 0.6
    for row, y in enumerate(range(2, height, tall)):
        if row == 0 or (row % 2 and rng.random() < 0.4):
            shade = 60 if is_dark else int(rng.integers(190, 235))
            pen.rectangle([0, y - 1, width, y + tall - 2], fill=shade)
        for x in range(2, width, wide):
            if rng.random() < 0.85:
                n = max(1, int(wide / size * rng.uniform(0.6, 1.5)))
                _write(pen, rng, (x, y), n=n, size=size, ink=220 if is_dark else 20)
            if has_lines:
                pen.line([(x - 2, 0), (x - 2, height)], fill=130)
        if has_lines:
            pen.line([(0, y - 2), (width, y - 2)], fill=130)
    return _as_grey(canvas)


def draw_strip(rng: Rng) -> Floats:
    """Draw an ECG or a plot of many curves, on squared paper."""
    width, height = _WIDE, int(_WIDE * rng.uniform(0.4, 0.8))
    is_dark = rng.random() < 0.3
    canvas = Image.new("L", (width, height), 10 if is_dark else 250)
    pen = ImageDraw.Draw(canvas)
    step = int(rng.integers(5, 14))
    tone = 50 if is_dark else int(rng.integers(190, 225))
    for at in range(0, max(width, height), step):
        pen.line([(at, 0), (at, height)], fill=tone)
        pen.line([(0, at), (width, at)], fill=tone)
    n, x = int(rng.integers(1, 7)), np.arange(width)
    for number in range(n):
        base, tall = height * (number + 0.5) / n, height / n * 0.4
        beat = rng.uniform(14, 50)
        phase = (x % beat) / beat
        curve = np.exp(-(((phase - 0.4) / 0.03) ** 2)) - 0.3 * np.exp(
            -(((phase - 0.46) / 0.03) ** 2)
        )
        curve = curve + 0.25 * np.exp(-(((phase - 0.7) / 0.07) ** 2)) + rng.normal(0, 0.02, width)
        points = list(zip(x.tolist(), (base - tall * curve).tolist(), strict=True))
        pen.line(points, fill=235 if is_dark else 10, width=int(rng.integers(1, 3)))
    return _as_grey(canvas)


def draw_code(rng: Rng) -> Floats:
    """Draw a bar code or a square code, alone or on a label."""
    side = SIZE
    canvas = Image.new("L", (side, int(side * rng.uniform(0.5, 1.0))), 255)
    pen = ImageDraw.Draw(canvas)
    margin = int(rng.integers(4, 30))
    if rng.random() < 0.5:
        x = float(margin)
        while x < side - margin:
            wide = float(rng.integers(1, 6))
            pen.rectangle([x, margin, x + wide - 1, canvas.height - margin - 8], fill=0)
            x += wide + float(rng.integers(1, 6))
        _write(pen, rng, (margin, canvas.height - margin - 6), n=12, size=8, ink=0)
    else:
        cell = int(rng.integers(3, 9))
        for y in range(margin, canvas.height - margin, cell):
            for x in range(margin, canvas.height - margin, cell):
                if rng.random() < 0.5:
                    pen.rectangle([x, y, x + cell - 1, y + cell - 1], fill=0)
        _write(pen, rng, (canvas.height - margin + 6, margin), n=8, size=8, ink=0)
    return _as_grey(canvas)


def draw_texture(rng: Rng) -> Floats:
    """Draw a surface as a camera sees it: cloth, bricks, leaves or wood under a slant light."""
    size = rows, columns = SIZE, int(SIZE * rng.uniform(0.75, 1.33))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    warp = rng.uniform(0, 4) * draw_cloud(rng, *size, grain=rng.uniform(10, 40))
    period = rng.uniform(4, 24)
    match int(rng.integers(5)):
        case 0:
            film = np.sin((x + warp) * 6.28 / period) * np.sin((y + warp) * 6.28 / period)
        case 1:
            shift = (np.floor(y / period) % 2) * period
            is_gap = (y % period < 1.5) | ((x + shift) % (2 * period) < 1.5)
            film = np.where(is_gap, -1.0, 0.6) + 0.3 * draw_cloud(rng, *size, grain=4)
        case 2:
            film = np.abs(np.sin((x + 6 * warp) * 3.14 / period)) ** 0.5
            film = film + 0.3 * draw_cloud(rng, *size, grain=2)
        case 3:
            film = np.zeros(size, np.float32)
            for _ in range(70):
                leaf = _draw_leaf(rng, x, y)
                film = np.where(leaf > 0, leaf * rng.uniform(0.4, 1.4), film)
        case _:
            grains = [draw_cloud(rng, *size, grain=g) for g in (1.2, 2.5, 5, 10, 25)]
            film = np.sum([g * rng.uniform(0.3, 1) for g in grains], axis=0)
    light = rng.uniform(-1, 1) * x / columns + rng.uniform(-1, 1) * y / rows
    film = film / (np.std(film) + 1e-6) + light
    low, high = np.quantile(film, [0.01, 0.99])
    return np.asarray(np.clip((film - low) / (high - low + 1e-6), 0, 1), dtype=np.float32)


def _draw_leaf(rng: Rng, x: Floats, y: Floats) -> Floats:
    turn, long, wide = rng.uniform(0, 3.14), rng.uniform(10, 34), rng.uniform(4, 12)
    across = x - rng.uniform(0, x.shape[1])
    along = y - rng.uniform(0, x.shape[0])
    a = (across * np.cos(turn) + along * np.sin(turn)) / long
    b = (along * np.cos(turn) - across * np.sin(turn)) / wide
    return np.asarray(np.clip(1 - a**2 - b**2, 0, 1) * (0.6 + 0.4 * np.sign(b)), dtype=np.float32)


def _paste(
    canvas: Image.Image,
    rng: Rng,
    films: list[Pixels8],
    box: tuple[int, int, int, int],
    *,
    ground: int | None = None,
) -> None:
    wide, tall = box[2] - box[0], box[3] - box[1]
    if wide < 4 or tall < 4:
        return
    kind = rng.random()
    if kind < 0.5:
        picture = Image.fromarray(films[int(rng.integers(len(films)))])
    else:
        draws: tuple[Draw, ...] = (draw_scene, draw_chest, draw_head_slice, draw_panorama)
        drawn = draws[int(rng.integers(len(draws)))](rng)
        picture = Image.fromarray(np.rint(255 * drawn).astype(np.uint8))
    if ground is not None:
        canvas.paste(ground, box)
        picture.thumbnail((wide, tall))
        left = box[0] + (wide - picture.width) // 2
        canvas.paste(picture, (left, box[1] + (tall - picture.height) // 2))
    else:
        canvas.paste(picture.resize((wide, tall)), box[:2])


def _write(
    pen: ImageDraw.ImageDraw,
    rng: Rng,
    at: tuple[float, float],
    *,
    n: int,
    size: int,
    ink: int,
) -> None:
    letters = rng.choice(LETTERS, max(1, n))
    letters[rng.random(letters.size) < 0.16] = " "
    pen.text(at, "".join(letters), font=ImageFont.load_default(size), fill=ink)


def _scribble(pen: ImageDraw.ImageDraw, rng: Rng, at: tuple[float, float], *, reach: float) -> None:
    x = np.linspace(0, reach * rng.uniform(0.4, 1), 24)
    y = at[1] + 4 * np.sin(x * rng.uniform(0.3, 0.9)) + rng.normal(0, 1, x.size)
    pen.line(list(zip((at[0] + x).tolist(), y.tolist(), strict=True)), fill=50)


def _as_grey(canvas: Image.Image) -> Floats:
    return np.asarray(canvas, dtype=np.float32) / 255
