"""Drawn pictures that are not medical at all, and films that were torn to pieces."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from guard_bodies import SIZE, Rng, draw_blob, draw_cloud, draw_lines
from osteon.terms import Floats, Pixels8

LETTERS = np.array(
    list("aaabcdeeeefghiiijklmnnooopqrrsssttttuuvwxyzABCDEFGHIJKLMNOPRST0123456789.,")
)


def draw_text(rng: Rng) -> Floats:
    """Draw a page: lines of print in one or two columns, headings, sometimes a few big words."""
    rows, columns = _choose_size(rng)
    canvas = Image.new("L", (columns, rows), 255)
    pen = ImageDraw.Draw(canvas)
    is_large = rng.random() < 0.3
    height = int(rng.integers(20, 60)) if is_large else int(rng.integers(5, 13))
    font = ImageFont.load_default(height)
    n_columns = 1 if is_large else int(rng.integers(1, 3))
    margin = int(rng.integers(4, 24))
    wide = (columns - 2 * margin) // n_columns
    for column in range(n_columns):
        y = float(margin)
        while y < rows - margin:
            share = rng.uniform(0.3, 1.0) if rng.random() < 0.25 else rng.uniform(0.9, 1.0)
            n = max(1, int(share * (wide - 8) / (0.52 * height)))
            letters = rng.choice(LETTERS, n)
            letters[rng.random(n) < 0.16] = " "
            at = (margin + column * wide, y)
            pen.text(at, "".join(letters), font=font, fill=int(rng.integers(0, 90)))
            y += height * rng.uniform(1.1, 1.5) + (height if rng.random() < 0.1 else 0)
    return _as_grey(canvas)


def draw_chart(rng: Rng) -> Floats:
    """Draw a chart, a table or a window of a program: boxes, lines, bars and labels."""
    rows, columns = _choose_size(rng)
    canvas = Image.new("L", (columns, rows), int(rng.choice([255, 245, 40, 20])))
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(int(rng.integers(6, 12)))
    for _ in range(int(rng.integers(3, 25))):
        x0, y0 = rng.uniform(0, columns * 0.9), rng.uniform(0, rows * 0.9)
        x1 = min(columns - 1, x0 + rng.uniform(4, columns * 0.5))
        y1 = min(rows - 1, y0 + rng.uniform(4, rows * 0.4))
        tone = int(rng.integers(0, 256))
        match int(rng.integers(5)):
            case 0:
                pen.rectangle([x0, y0, x1, y1], fill=tone)
            case 1:
                pen.rectangle([x0, y0, x1, y1], outline=tone, width=int(rng.integers(1, 4)))
            case 2:
                pen.ellipse([x0, y0, x1, y1], fill=tone)
            case 3:
                steps = np.linspace(x0, x1, 12)
                heights = y0 + np.abs(np.cumsum(rng.normal(0, 6, 12)))
                pen.line(list(zip(steps.tolist(), heights.tolist(), strict=True)), fill=tone)
            case _:
                words = "".join(rng.choice(LETTERS, int(rng.integers(3, 20))))
                pen.text((x0, y0), words, font=font, fill=tone)
    if rng.random() < 0.4:  # bars
        n = int(rng.integers(4, 14))
        for x in np.linspace(8, columns - 20, n).tolist():
            pen.rectangle([x, rows - rng.uniform(10, rows * 0.8), x + 8, rows - 6], fill=90)
    return _as_grey(canvas)


def draw_scene(rng: Rng) -> Floats:
    """Draw what a photograph is like: things in front of one another, of many sizes and textures.

    Reference:
        Lee, Mumford & Huang, Int. J. Comput. Vis. 41 (2001) 35: occlusion makes the statistics.
    """
    size = rows, columns = _choose_size(rng)
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    film = rng.uniform(0.3, 0.9) + rng.uniform(-0.5, 0.5) * y + np.zeros(size, np.float32)
    if rng.random() < 0.5:  # ground under a sky
        line = rng.uniform(0.3, 0.8) + 0.05 * draw_cloud(rng, 1, columns, grain=20)[0]
        ground = rng.uniform(0.1, 0.6) + rng.uniform(0.02, 0.2) * draw_cloud(
            rng, *size, grain=rng.uniform(2, 8)
        )
        film = np.where(y > line[None, :], ground, film)
    for _ in range(int(rng.integers(8, 90))):
        scale = min(0.5, 0.03 / rng.uniform(0.05, 1.0))
        at = (rng.uniform(0, 1), rng.uniform(0, 1))
        radii = (scale * rng.uniform(0.3, 1.2), scale * rng.uniform(0.3, 1.2))
        if rng.random() < 0.6:
            shape = draw_blob(size, at, radii, soft=rng.uniform(1, 4))
        else:
            x = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
            inside = (np.abs(x - at[0]) < radii[0]) & (np.abs(y - at[1]) < radii[1])
            shape = inside.astype(np.float32)
        light = rng.uniform(-0.2, 0.2) * (np.linspace(-1, 1, columns)[None, :] + y)
        texture = rng.uniform(0, 0.12) * draw_cloud(rng, *size, grain=rng.uniform(1.5, 12))
        film = film + shape * (rng.uniform(0, 1) + light + texture - film)
    return _clip(film + rng.normal(0, rng.uniform(0, 0.02), size))


def draw_noise(rng: Rng) -> Floats:
    """Draw noise of any grain, stripes, checks or rings."""
    size = rows, columns = _choose_size(rng)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    match int(rng.integers(5)):
        case 0:
            film = rng.uniform(0, 1, size)
        case 1:
            film = 0.5 + rng.uniform(0.1, 0.3) * draw_cloud(rng, *size, grain=rng.uniform(1, 50))
        case 2:
            octaves = [2.0**power for power in range(1, 7)]
            clouds = [g ** rng.uniform(0.3, 1.2) * draw_cloud(rng, *size, grain=g) for g in octaves]
            film = 0.5 + 0.2 * np.sum(clouds, axis=0) / np.std(np.sum(clouds, axis=0))
        case 3:
            turn, period = rng.uniform(0, np.pi), rng.uniform(3, 60)
            wave = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period)
            check = np.sin(x * 2 * np.pi / period) * np.sin(y * 2 * np.pi / period)
            film = 0.5 + 0.5 * (wave if rng.random() < 0.6 else check)
            film = np.sign(film - 0.5) * 0.4 + 0.5 if rng.random() < 0.5 else film
        case _:
            away = np.hypot(x - rng.uniform(0, columns), y - rng.uniform(0, rows))
            film = 0.5 + 0.5 * np.sin(away / rng.uniform(1, 15))
    return _clip(film + rng.normal(0, rng.uniform(0, 0.1), size))


def draw_blank(rng: Rng) -> Floats:
    """Draw a film with nothing on it: one grey, a slope, a vignette or an empty field of light."""
    size = rows, columns = _choose_size(rng)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    level, slope = rng.uniform(0, 1), rng.uniform(-1, 1, 2)
    film = np.full(size, level, np.float32)
    match int(rng.integers(4)):
        case 0:
            pass
        case 1:
            film = film + slope[0] * (x / columns - 0.5) + slope[1] * (y / rows - 0.5)
        case 2:
            at = (rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8))
            radii = (rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9))
            film = film + slope[0] * draw_blob(size, at, radii, soft=rng.uniform(1, 120))
        case _:
            box = np.sort(rng.uniform(0, 1, (2, 2)), axis=1)
            is_lit = (x / columns > box[0, 0]) & (x / columns < box[0, 1])
            film = film + slope[0] * (is_lit & (y / rows > box[1, 0]) & (y / rows < box[1, 1]))
    return _clip(film + rng.normal(0, rng.choice([0, 0.005, 0.02]), size))


def draw_shapes(rng: Rng) -> Floats:
    """Draw a sign, a mask or a scribble: a few flat shapes or lines on an even ground."""
    size = rows, columns = _choose_size(rng)
    film = np.full(size, rng.uniform(0, 1), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        corners = rng.uniform(0.1, 0.9, (int(rng.integers(3, 9)), 2)) * (columns, rows)
        canvas = Image.new("L", (columns, rows))
        pen = ImageDraw.Draw(canvas)
        points = [tuple(corner) for corner in corners.tolist()]
        if rng.random() < 0.5:
            pen.polygon(points, fill=255)
            shape = np.asarray(canvas, dtype=np.float32) / 255
        elif rng.random() < 0.5:
            width = int(rng.integers(1, 14))
            shape = draw_lines(size, [points], width=width, blur=0.5)
        else:
            at, radii = tuple(rng.uniform(0.3, 0.7, 2)), tuple(rng.uniform(0.1, 0.4, 2))
            shape = draw_blob(size, at, radii, soft=1)
        film = film + shape * (rng.uniform(0, 1) - film)
    return _clip(film)


def draw_collage(rng: Rng, films: list[Pixels8]) -> Floats:
    """Join films into a contact sheet of at least six.

    Args:
        rng: Luck.
        films: From which to choose.
    """
    n_down, n_across = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    canvas = Image.new("L", (SIZE, SIZE), int(rng.choice([0, 30, 128, 255])))
    tall, wide = SIZE // n_down, SIZE // n_across
    gap = int(rng.integers(0, 5))
    for down in range(n_down):
        for across in range(n_across):
            film = Image.fromarray(films[int(rng.integers(len(films)))])
            film = film.resize((max(2, wide - gap), max(2, tall - gap)))
            canvas.paste(film, (across * wide + gap // 2, down * tall + gap // 2))
    return _as_grey(canvas)


def draw_torn(rng: Rng, films: list[Pixels8]) -> Floats:
    """Tear a film: its tiles shuffled, or its phases scrambled.

    Args:
        rng: Luck.
        films: From which to choose.
    """
    picture = Image.fromarray(films[int(rng.integers(len(films)))]).resize((SIZE, SIZE))
    film = np.asarray(picture, dtype=np.float32) / 255
    if rng.random() < 0.6:
        n = int(rng.integers(4, 9))
        side = SIZE // n
        whole = film[: n * side, : n * side].reshape(n, side, n, side).swapaxes(1, 2)
        tiles = rng.permutation(whole.reshape(n * n, side, side))
        return _clip(tiles.reshape(n, n, side, side).swapaxes(1, 2).reshape(n * side, n * side))
    wave = np.fft.fft2(film)
    luck = np.angle(np.fft.fft2(rng.normal(0, 1, film.shape)))
    return _clip(np.real(np.fft.ifft2(np.abs(wave) * np.exp(1j * luck))))


def _choose_size(rng: Rng) -> tuple[int, int]:
    short = int(SIZE * rng.uniform(0.6, 1.0))
    return (SIZE, short) if rng.random() < 0.5 else (short, SIZE)


def _as_grey(canvas: Image.Image) -> Floats:
    return np.asarray(canvas, dtype=np.float32) / 255


def _clip(film: object) -> Floats:
    return np.clip(np.asarray(film, dtype=np.float32), 0, 1)
