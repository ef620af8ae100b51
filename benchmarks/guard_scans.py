"""More drawn medical pictures that are no limb: bellies, breasts, single teeth, animals."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from guard_bodies import (
    SIZE,
    Points,
    Rng,
    draw_blob,
    draw_body_slice,
    draw_cloud,
    draw_head_slice,
    draw_lines,
    draw_spine,
    finish,
)
from osteon.terms import Floats


def draw_belly(rng: Rng) -> Floats:
    """Draw a belly from the front: a spine, the lowest ribs, bowels full of gas, a pelvis' rim."""
    size = rows, columns = SIZE, int(SIZE * rng.uniform(0.75, 1.2))
    film = draw_blob(size, (0.5, 0.5), (rng.uniform(0.5, 0.9), 0.95), soft=10)
    film = film * rng.uniform(0.4, 0.6) + 0.03 * draw_cloud(rng, *size, grain=20)
    middle = columns * (0.5 + rng.normal(0, 0.03))
    n = int(rng.integers(5, 9))
    wide, tall = columns * rng.uniform(0.05, 0.09), rows * 0.8 / n
    spine, pen = _canvas(size)
    for number in range(n):
        y = rows * 0.02 + number * tall
        pen.rounded_rectangle([middle - wide, y, middle + wide, y + 0.86 * tall], 3, fill=170)
        pen.line([(middle - 2.4 * wide, y + tall / 2), (middle + 2.4 * wide, y + tall / 2)], 90, 3)
        pen.ellipse([middle - 3, y + 0.3 * tall, middle + 3, y + 0.8 * tall], fill=230)
    film = film + _soften(spine, 1.2) * rng.uniform(0.2, 0.45)
    lines: list[Points] = []
    for number in range(int(rng.integers(2, 5))):
        for side in (-1, 1):
            t = np.linspace(0.1, 1, 9)
            x = middle + side * columns * 0.42 * np.sin(1.6 * t)
            y = rows * (0.02 + 0.07 * number + rng.uniform(0.15, 0.3) * t**1.5)
            lines.append(list(zip(x.tolist(), y.tolist(), strict=True)))
    film = film + draw_lines(size, lines, width=4, blur=1) * rng.uniform(0.08, 0.2)
    for _ in range(int(rng.integers(6, 40))):  # gas
        at = (rng.uniform(0.1, 0.9), rng.uniform(0.2, 0.85))
        bubble = draw_blob(size, at, tuple(rng.uniform(0.02, 0.1, 2)), soft=rng.uniform(2, 6))
        film = film - bubble * rng.uniform(0.05, 0.25)
    if rng.random() < 0.6:
        for side in (-1, 1):
            wing = draw_blob(size, (0.5 + side * 0.3, 1.0), (0.2, rng.uniform(0.1, 0.3)), soft=5)
            film = film + wing * rng.uniform(0.1, 0.25)
    return finish(rng, film)


def draw_breast(rng: Rng) -> Floats:
    """Draw a breast: a half disc of strands at one edge of a black film."""
    size = SIZE, int(SIZE * rng.uniform(0.7, 1.0))
    at = (rng.uniform(-0.05, 0.05), rng.uniform(0.4, 0.6))
    skin = draw_blob(size, at, (rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.5)), soft=4)
    strands = draw_cloud(rng, *size, grain=rng.uniform(3, 9)) + draw_cloud(rng, *size, grain=16)
    film = skin * (rng.uniform(0.3, 0.6) + rng.uniform(0.05, 0.2) * strands)
    if rng.random() < 0.6:  # the chest's muscle, a triangle
        canvas, pen = _canvas(size)
        reach = (size[1] * rng.uniform(0.3, 0.6), size[0] * rng.uniform(0.4, 0.7))
        pen.polygon([(0, 0), (reach[0], 0), (0, reach[1])], fill=255)
        film = film + _soften(canvas, 2) * rng.uniform(0.2, 0.4)
    return finish(rng, film[:, ::-1] if rng.random() < 0.5 else film)


def draw_teeth(rng: Rng) -> Floats:
    """Draw a small dental film: three to five teeth with crowns, roots and fillings."""
    size = rows, columns = int(SIZE * rng.uniform(0.65, 0.85)), SIZE
    film = rng.uniform(0.2, 0.4) + 0.05 * draw_cloud(rng, *size, grain=rng.uniform(2, 6))
    film = film * (np.linspace(1.1, 0.5, rows)[:, None] if rng.random() < 0.5 else 1)
    n = int(rng.integers(3, 6))
    wide = columns / n
    canvas, pen = _canvas(size)
    arches = (1, -1) if rng.random() < 0.5 else (1,)
    for arch in arches:
        bite = rows * (0.5 if len(arches) == 2 else rng.uniform(0.15, 0.35))
        for number in range(n):
            x = number * wide + rng.normal(0, 1)
            crown, root = bite + arch * rows * 0.2, bite + arch * rows * rng.uniform(0.45, 0.75)
            pen.polygon(
                [
                    (x + 2, bite + arch * 2),
                    (x + wide - 2, bite + arch * 2),
                    (x + 0.95 * wide, crown),
                    (x + 0.7 * wide, root),
                    (x + 0.5 * wide, crown),
                    (x + 0.3 * wide, root),
                    (x + 0.05 * wide, crown),
                ],
                fill=int(rng.integers(150, 220)),
            )
            if rng.random() < 0.3:
                top, foot = sorted((bite + arch * 2, bite + arch * rows * 0.08))
                pen.rectangle([x + 0.25 * wide, top, x + 0.8 * wide, foot], fill=255)
    return finish(rng, film + _soften(canvas, 1.2) * rng.uniform(0.4, 0.6))


def draw_animal(rng: Rng) -> Floats:
    """Draw an animal's trunk from the side: a spine along the top, ribs, dark lungs, a belly."""
    rows, columns = int(SIZE * rng.uniform(0.55, 0.95)), SIZE
    size = (rows, columns)
    trunk = draw_blob(size, (0.5, 0.52), (rng.uniform(0.6, 1.2), rng.uniform(0.36, 0.6)), soft=8)
    film = trunk * rng.uniform(0.45, 0.65) + 0.03 * draw_cloud(rng, *size, grain=14)
    front = rng.uniform(0.2, 0.45)
    lung = draw_blob(size, (front + 0.12, 0.45), (rng.uniform(0.22, 0.34), 0.3), soft=6)
    lung = lung * draw_blob(size, (front, 0.5), (0.36, 0.6), soft=4)
    film = film - lung * rng.uniform(0.2, 0.4)
    heart = draw_blob(size, (front + 0.02, 0.6), (rng.uniform(0.09, 0.15), 0.2), soft=5)
    film = film + heart * rng.uniform(0.15, 0.35)
    lines: list[Points] = []
    top = rng.uniform(0.12, 0.25)
    for number in range(int(rng.integers(8, 14))):
        x = (front - 0.22 + number * rng.uniform(0.04, 0.05)) * columns
        t = np.linspace(0, 1, 9)
        bend = x + columns * rng.uniform(0.05, 0.16) * t**1.4
        down = (top + rng.uniform(0.45, 0.6) * t) * rows
        lines.append(list(zip(bend.tolist(), down.tolist(), strict=True)))
    film = film + draw_lines(size, lines, width=2, blur=0.7) * rng.uniform(0.1, 0.25)
    spine, pen = _canvas(size)
    tall, sag = rows * rng.uniform(0.05, 0.09), rng.uniform(-0.1, 0.1)
    for x in np.arange(0, columns, rng.uniform(7, 12)).tolist():
        y = rows * (top - 0.02 + sag * np.sin(np.pi * x / columns))
        pen.rounded_rectangle([x, y - tall / 2, x + 6, y + tall / 2], 2, fill=255)
        pen.line([(x + 3, y), (x + 6, y - 1.6 * tall)], fill=140, width=2)
    film = film + _soften(spine, 0.8) * rng.uniform(0.25, 0.45)
    if rng.random() < 0.5:  # the forelegs, drawn forward
        legs = [[(front * columns * 0.6, rows * 0.7), (0.0, rows * rng.uniform(0.75, 1.0))]]
        film = film + draw_lines(size, legs, width=7, blur=1.2) * rng.uniform(0.15, 0.35)
    for _ in range(int(rng.integers(0, 9))):
        at = (rng.uniform(0.6, 1.0), rng.uniform(0.35, 0.75))
        gas = draw_blob(size, at, tuple(rng.uniform(0.03, 0.1, 2)), soft=4)
        film = film + gas * rng.uniform(-0.2, 0.12)
    return finish(rng, film[:, ::-1] if rng.random() < 0.5 else film)


def draw_fundus(rng: Rng) -> Floats:
    """Draw the back of an eye or a scope's view: a lit disc on black, with vessels."""
    size = rows, columns = SIZE, int(SIZE * rng.uniform(0.95, 1.3))
    disc = draw_blob(
        size, (0.5, 0.5), (0.5 * rows / columns * rng.uniform(0.85, 1.1), 0.49), soft=2
    )
    film = disc * (rng.uniform(0.35, 0.6) + 0.06 * draw_cloud(rng, *size, grain=25))
    at = np.array([rng.uniform(0.3, 0.7) * columns, rng.uniform(0.4, 0.6) * rows])
    lines: list[Points] = []
    for _ in range(int(rng.integers(6, 18))):
        heading = rng.uniform(0, 2 * np.pi)
        place, line = at.copy(), [tuple(at.tolist())]
        for _ in range(int(rng.integers(8, 26))):
            heading += rng.normal(0, 0.3)
            place = place + 4 * np.array([np.cos(heading), np.sin(heading)])
            line.append(tuple(place.tolist()))
        lines.append(line)
    vessels = draw_lines(size, lines, width=int(rng.integers(1, 4)), blur=0.7)
    film = film - disc * vessels * rng.uniform(0.15, 0.4)
    nerve = draw_blob(size, (at[0] / columns, at[1] / rows), (0.06, 0.07), soft=4)
    return finish(rng, film + disc * nerve * rng.uniform(0.1, 0.5))


def draw_cells(rng: Rng) -> Floats:
    """Draw a microscope's view: many small round cells with kernels on a light ground."""
    size = SIZE, int(SIZE * rng.uniform(0.9, 1.35))
    film = rng.uniform(0.75, 0.95) + 0.05 * draw_cloud(rng, *size, grain=rng.uniform(6, 30))
    radius = SIZE * rng.uniform(0.015, 0.05)
    (bodies, body), (kernels, kernel) = _canvas(size), _canvas(size)
    for x, y in (rng.uniform(0, 1, (int(min(160, 7000 / radius**2)), 2)) * size[::-1]).tolist():
        wide, tall = radius * rng.uniform(0.7, 1.3, 2)
        body.ellipse([x - wide, y - tall, x + wide, y + tall], fill=int(rng.integers(60, 256)))
        wide, tall = wide * 0.45, tall * 0.45
        kernel.ellipse([x - wide, y - tall, x + wide, y + tall], fill=int(rng.integers(120, 256)))
    film = film - _soften(bodies, 1) * rng.uniform(0.1, 0.25)
    return finish(rng, film - _soften(kernels, 0.7) * rng.uniform(0.25, 0.5))


def draw_spine_slice(rng: Rng) -> Floats:
    """Draw a slice along a spine, as of CT or MR: blocks, discs, a canal, organs before, skin."""
    size = rows, columns = SIZE, int(SIZE * rng.uniform(0.45, 1.0))
    y = np.linspace(0, 1, rows, dtype=np.float32)
    bend = rng.uniform(-0.12, 0.12) * np.sin(np.pi * (y * rng.uniform(1, 2) + rng.uniform(0, 1)))
    axis = columns * (rng.uniform(0.35, 0.65) + bend)
    wide, n = columns * rng.uniform(0.07, 0.14), int(rng.integers(5, 14))
    x = np.arange(columns, dtype=np.float32)[None, :] - axis[:, None]
    film = rng.uniform(0.15, 0.5) + rng.uniform(0.02, 0.1) * draw_cloud(
        rng, *size, grain=rng.uniform(5, 25)
    )
    film = film + rng.uniform(-0.2, 0.25) * (x < -wide)  # the organs in front
    for _ in range(int(rng.integers(2, 10))):
        at = (rng.uniform(0, 0.4), rng.uniform(0, 1))
        organ = draw_blob(size, at, tuple(rng.uniform(0.04, 0.2, 2)), soft=3)
        film = film + organ * (x < -wide) * rng.uniform(-0.3, 0.3)
    turn = (y[:, None] * n + rng.uniform(0, 1)) % 1
    is_disc = turn < rng.uniform(0.12, 0.3)
    block, disc = rng.uniform(0.1, 0.9, 2)
    inside = np.clip((wide - np.abs(x)) / 1.5, 0, 1)
    grain = rng.uniform(0, 0.05) * draw_cloud(rng, *size, grain=3)
    film = film + inside * (np.where(is_disc, disc, block + grain) - film)
    rim = np.exp(-(((np.abs(x) - wide) / 1.2) ** 2)) * rng.uniform(-0.4, 0.5)
    film = film + rim
    canal = np.exp(-(((x - 1.5 * wide) / (0.35 * wide)) ** 2))
    film = film + canal * (rng.uniform(0, 1) - film)
    tails = np.clip((2.2 * wide - np.abs(x - 3.6 * wide)) / 3, 0, 1) * (turn > 0.45)
    film = film + tails * rng.uniform(-0.1, 0.4)
    skin = wide * rng.uniform(5, 9)
    film = film * (x < skin) + np.exp(-(((x - skin + 3) / 2.5) ** 2)) * rng.uniform(0, 0.6)
    return finish(rng, film[:, ::-1] if rng.random() < 0.5 else film)


def draw_slices(rng: Rng) -> Floats:
    """Draw a sheet of slices, as of CT or MR, of one body side by side."""
    n_down, n_across = int(rng.integers(2, 5)), int(rng.integers(2, 6))
    draw = (draw_head_slice, draw_body_slice, draw_spine)[int(rng.integers(3))]
    canvas = Image.new("L", (SIZE, int(SIZE * n_down / n_across * rng.uniform(0.8, 1.2)) + 1))
    wide, tall = canvas.width // n_across, canvas.height // n_down
    for down in range(n_down):
        for across in range(n_across):
            slice_ = Image.fromarray(np.rint(255 * draw(rng)).astype(np.uint8))
            slice_ = slice_.resize((max(2, wide - 1), max(2, tall - 1)))
            canvas.paste(slice_, (across * wide, down * tall))
    return np.asarray(canvas, dtype=np.float32) / 255


def _canvas(size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (size[1], size[0]))
    return canvas, ImageDraw.Draw(canvas)


def _soften(canvas: Image.Image, radius: float) -> Floats:
    blurred = canvas.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred, dtype=np.float32) / 255
