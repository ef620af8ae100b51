"""Drawn medical pictures that are no limb: what the scope guard learns to turn away.

They are rough on purpose and vary widely: the guard is to learn what a limb is not, and real
pictures of these kinds are kept for measuring.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from osteon.terms import Floats

Rng = np.random.Generator
Points = list[tuple[float, float]]

SIZE = 144
"""Longer side that pictures are drawn at, in pixels."""


def draw_cloud(rng: Rng, rows: int, columns: int, *, grain: float) -> Floats:
    """Draw smooth noise of mean 0 and spread 1.

    Args:
        rng: Luck.
        rows: Height.
        columns: Width.
        grain: Size of its lumps in pixels.
    """
    shape = (max(2, round(rows / grain)) + 2, max(2, round(columns / grain)) + 2)
    coarse = Image.fromarray(rng.normal(0, 1, shape).astype(np.float32))
    fine = np.asarray(coarse.resize((columns, rows), Image.Resampling.BICUBIC))
    return np.asarray((fine - fine.mean()) / (fine.std() + 1e-6), dtype=np.float32)


def draw_blob(
    size: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float], *, soft: float
) -> Floats:
    """Draw an ellipse: 1 inside, 0 outside, with an edge that is `soft` pixels wide.

    Args:
        size: Rows and columns.
        centre: (x, y) as shares of the width and the height.
        radii: Along x and y, as shares of the width and the height.
        soft: In pixels.
    """
    rows, columns = size
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    across = (x / columns - centre[0]) / radii[0]
    along = (y / rows - centre[1]) / radii[1]
    away = (1 - np.hypot(across, along)) * min(radii[0] * columns, radii[1] * rows)
    return np.asarray(np.clip(away / soft + 0.5, 0, 1), dtype=np.float32)


def draw_lines(size: tuple[int, int], lines: list[Points], *, width: int, blur: float) -> Floats:
    """Draw bent lines, 1 on a ground of 0.

    Args:
        size: Rows and columns.
        lines: Points (x, y) in pixels.
        width: Of the pen, in pixels.
        blur: Radius in pixels.
    """
    canvas = Image.new("L", (size[1], size[0]))
    pen = ImageDraw.Draw(canvas)
    for line in lines:
        pen.line(line, fill=255, width=width, joint="curve")
    blurred = canvas.filter(ImageFilter.GaussianBlur(blur))
    return np.asarray(blurred, dtype=np.float32) / 255


def draw_chest(rng: Rng) -> Floats:
    """Draw a chest from the front: two dark lungs under ribs, a bright middle and a heart."""
    rows = SIZE
    columns = int(SIZE * rng.uniform(0.75, 1.25))
    size = (rows, columns)
    near = rng.uniform(0.92, 1.15)  # how much of the trunk the film holds
    trunk = draw_blob(size, (0.5, 0.62), (0.52 * near, 0.68 * near), soft=rng.uniform(4, 14))
    film = trunk * rng.uniform(0.45, 0.75)
    middle = 0.5 + rng.normal(0, 0.02)
    width, height = rng.uniform(0.13, 0.2) * near, rng.uniform(0.26, 0.38) * near
    top = rng.uniform(0.4, 0.5)
    lungs = np.zeros(size, np.float32)
    for side in (-1, 1):
        at = (middle + side * rng.uniform(0.19, 0.25) * near, top + rng.normal(0, 0.015))
        tall = height * rng.uniform(0.9, 1.05)
        lungs = np.maximum(lungs, draw_blob(size, at, (width, tall), soft=rng.uniform(4, 12)))
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    floor = top + height * rng.uniform(0.55, 0.85)
    dome = floor + 0.5 * (np.linspace(-1, 1, columns, dtype=np.float32)[None, :] ** 2 - 0.3) * 0.3
    lungs = lungs * np.clip((dome - y) * rows / 6, 0, 1)
    film = film - lungs * rng.uniform(0.25, 0.5) * (1 + 0.12 * draw_cloud(rng, *size, grain=7))
    spine = np.exp(-(((np.arange(columns) / columns - middle) / rng.uniform(0.03, 0.06)) ** 2))
    film = film + trunk * spine[None, :].astype(np.float32) * rng.uniform(0.05, 0.25)
    heart_at = (middle + rng.uniform(0.03, 0.08), top + height * rng.uniform(0.25, 0.45))
    heart = draw_blob(size, heart_at, (rng.uniform(0.1, 0.17), rng.uniform(0.12, 0.2)), soft=6)
    film = film + heart * lungs * rng.uniform(0.25, 0.45)
    film = film + _draw_ribs(rng, size, middle=middle, near=near) * trunk * rng.uniform(0.05, 0.16)
    return finish(rng, film)


def _draw_ribs(rng: Rng, size: tuple[int, int], *, middle: float, near: float) -> Floats:
    rows, columns = size
    lines: list[Points] = []
    for number in range(int(rng.integers(8, 12))):
        start = (0.1 + number * rng.uniform(0.055, 0.075)) * rows
        for side in (-1, 1):
            reach = rng.uniform(0.32, 0.4) * near * columns
            sag = rng.uniform(0.05, 0.2) * rows
            t = np.linspace(0, 1, 14)
            x = middle * columns + side * reach * np.sin(t * 1.75)
            lines.append(list(zip(x.tolist(), (start + sag * t**1.6).tolist(), strict=True)))
    collar = rng.uniform(0.08, 0.16) * rows
    for side in (-1, 1):
        far = (middle + side * 0.38 * near) * columns
        lines.append([(middle * columns, collar), (far, collar - rng.uniform(-6, 14))])
    return draw_lines(size, lines, width=int(rng.integers(3, 7)), blur=rng.uniform(0.6, 1.6))


def draw_chest_side(rng: Rng) -> Floats:
    """Draw a trunk from the side: a spine behind, a dark lung between ribs, a dense belly."""
    rows, columns = int(SIZE * rng.uniform(0.7, 1.0)), SIZE
    size = (rows, columns)
    film = np.full(size, rng.uniform(0.4, 0.7), np.float32)
    film *= draw_blob(size, (0.5, 0.5), (0.75, rng.uniform(0.45, 0.7)), soft=12)
    at = (rng.uniform(0.35, 0.6), rng.uniform(0.45, 0.6))
    lung = draw_blob(size, at, (rng.uniform(0.25, 0.38), rng.uniform(0.22, 0.34)), soft=10)
    film = film - lung * rng.uniform(0.2, 0.45) * (1 + 0.15 * draw_cloud(rng, *size, grain=6))
    heart = draw_blob(size, (at[0], at[1] + 0.1), (0.12, 0.13), soft=8)
    film = film + heart * rng.uniform(0.1, 0.3)
    lines: list[Points] = []
    lean = rng.uniform(-0.2, 0.2)
    for number in range(int(rng.integers(8, 14))):
        x = (0.08 + number * rng.uniform(0.06, 0.08)) * columns
        reach = np.linspace(0.2, 0.85, 9)
        bend = x + columns * (0.12 * np.sin(reach * 3) + lean * reach)
        lines.append(list(zip(bend.tolist(), (reach * rows).tolist(), strict=True)))
    ribs = draw_lines(size, lines, width=int(rng.integers(2, 5)), blur=1.0)
    film = film + ribs * rng.uniform(0.05, 0.16)
    back = rng.uniform(0.1, 0.22)
    block = ((np.arange(columns) % rng.uniform(11, 17)) > 2.5).astype(np.float32)
    band = np.exp(-(((np.arange(rows) / rows - back) / 0.06) ** 2)).astype(np.float32)
    film = film + band[:, None] * block[None, :] * rng.uniform(0.15, 0.35)
    return finish(rng, film if rng.random() < 0.5 else film.T)


def draw_panorama(rng: Rng) -> Floats:
    """Draw a dental panorama: two rows of teeth in a wide film, above a curved jaw."""
    columns = SIZE
    rows = int(SIZE * rng.uniform(0.42, 0.62))
    size = (rows, columns)
    x = np.linspace(-1, 1, columns, dtype=np.float32)
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    smile = rng.uniform(0.0, 0.18)
    bite = rng.uniform(0.42, 0.52) - smile * (x**2 - 0.3)[None, :]
    jaw = bite + rng.uniform(0.24, 0.34) - rng.uniform(0.1, 0.3) * (x**4)[None, :]
    film = 0.25 + rng.uniform(0.01, 0.08) * draw_cloud(rng, *size, grain=18)
    film = film + rng.uniform(0.15, 0.3) * np.exp(-(((y - jaw) / 0.05) ** 2))
    film = film + rng.uniform(0.1, 0.25) * np.exp(-(((y - bite) / 0.28) ** 2))
    for side in (-1, 1):  # the rising part of the jaw, and the spine's shadow
        ramus = np.exp(-(((x - side * rng.uniform(0.68, 0.82)) / 0.08) ** 2))[None, :]
        film = film + ramus * rng.uniform(0.1, 0.25) * (y < bite + 0.25)
    film = film + np.exp(-((x / rng.uniform(0.08, 0.2)) ** 2))[None, :] * rng.uniform(0, 0.2)
    film = film + _draw_teeth(rng, size, bite[0]) * rng.uniform(0.25, 0.5)
    film = film - rng.uniform(0.05, 0.3) * np.exp(-(((y - bite) / 0.025) ** 2))
    film = film + rng.uniform(0, 0.04) * draw_cloud(rng, *size, grain=3)
    return finish(rng, np.asarray(film, dtype=np.float32))


def _draw_teeth(rng: Rng, size: tuple[int, int], bite: npt.NDArray[np.floating]) -> Floats:
    rows, columns = size
    canvas = Image.new("L", (columns, rows))
    pen = ImageDraw.Draw(canvas)
    spread = rng.uniform(0.55, 0.8)
    n = int(rng.integers(12, 17))
    edges = (np.linspace(-spread, spread, n + 1) + 1) / 2 * columns
    for upward in (-1, 1):
        for left, right in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if rng.random() < 0.08:
                continue  # a tooth is missing
            start = float(bite[min(int((left + right) / 2), columns - 1)]) * rows + upward * 1.5
            tall = rows * rng.uniform(0.15, 0.22)
            crown, root = start + upward * tall * 0.45, start + upward * tall
            thin = (right - left) * 0.28
            bright = int(rng.uniform(170, 255))
            shape = [(left + 0.6, start), (right - 0.6, start), (right - 0.6, crown)]
            shape += [(right - thin, root), (left + thin, root), (left + 0.6, crown)]
            pen.polygon(shape, fill=bright)
            if rng.random() < 0.15:  # a filling
                pen.rectangle([left + 1, min(start, crown), right - 1, max(start, crown)], fill=255)
    blurred = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.2)))
    return np.asarray(blurred, dtype=np.float32) / 255


def draw_skull(rng: Rng) -> Floats:
    """Draw a head from the front or the side: a bright shell, sockets, a jaw."""
    size = (SIZE, int(SIZE * rng.uniform(0.8, 1.1)))
    at = (0.5 + rng.normal(0, 0.04), rng.uniform(0.38, 0.48))
    radii = (rng.uniform(0.3, 0.44), rng.uniform(0.28, 0.38))
    thick = rng.uniform(0.02, 0.05)
    outer = draw_blob(size, at, radii, soft=3)
    inner = draw_blob(size, at, (radii[0] - thick, radii[1] - thick), soft=4)
    film = outer * 0.75 - inner * rng.uniform(0.2, 0.4)
    face = draw_blob(size, (at[0] + rng.uniform(-0.15, 0.15), at[1] + 0.32), (0.2, 0.24), soft=8)
    film = np.maximum(film, face * rng.uniform(0.35, 0.6))
    for side in (-1, 1):
        socket = (at[0] + side * rng.uniform(0.09, 0.14), at[1] + rng.uniform(0.1, 0.18))
        hole = draw_blob(size, socket, (rng.uniform(0.05, 0.09), 0.06), soft=5)
        film = film - hole * rng.uniform(0.1, 0.3)
    film = film + outer * 0.06 * draw_cloud(rng, *size, grain=rng.uniform(4, 10))
    neck = draw_blob(size, (at[0], 1.0), (rng.uniform(0.12, 0.2), 0.3), soft=8)
    return finish(rng, np.maximum(film, neck * 0.4))


def draw_body_slice(rng: Rng) -> Floats:
    """Draw a slice through a trunk, as of CT or MR: an oval of organs about a vertebra."""
    size = (SIZE, int(SIZE * rng.uniform(1.0, 1.5)))
    at, radii = (0.5, 0.5), (rng.uniform(0.34, 0.5), rng.uniform(0.34, 0.49))
    body = draw_blob(size, at, radii, soft=2)
    skin = rng.uniform(0.02, 0.09)
    inside = draw_blob(size, at, (radii[0] - skin, radii[1] - skin), soft=3)
    film = body * rng.uniform(0.1, 0.8) * 0.6 + inside * rng.uniform(-0.3, 0.3)
    for _ in range(int(rng.integers(6, 26))):
        organ_at = (rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8))
        organ = draw_blob(size, organ_at, tuple(rng.uniform(0.02, 0.17, 2)), soft=2)
        film = film + inside * organ * rng.uniform(-0.35, 0.45)
    bone = (0.5, at[1] + radii[1] * rng.uniform(0.3, 0.6))
    film = np.maximum(film, draw_blob(size, bone, (0.06, 0.07), soft=2) * rng.uniform(0.6, 1))
    film = film - draw_blob(size, (0.5, bone[1] + 0.08), (0.025, 0.03), soft=2) * 0.4
    film = film + inside * 0.07 * draw_cloud(rng, *size, grain=rng.uniform(1.5, 6))
    if rng.random() < 0.4:  # the table
        y = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
        film = film + np.exp(-(((y - rng.uniform(0.88, 0.97)) / 0.01) ** 2)) * 0.4
    return finish(rng, film)


def draw_head_slice(rng: Rng) -> Floats:
    """Draw a slice through a head, as of CT or MR: a ring of bone or scalp about a brain."""
    size = (SIZE, int(SIZE * rng.uniform(0.8, 1.2)))
    at = (0.5 + rng.normal(0, 0.03), 0.5 + rng.normal(0, 0.03))
    radii = (rng.uniform(0.28, 0.45), rng.uniform(0.33, 0.46))
    scalp = draw_blob(size, at, radii, soft=2)
    shell = draw_blob(size, at, (radii[0] - 0.02, radii[1] - 0.02), soft=2)
    thick = rng.uniform(0.02, 0.06)
    brain = draw_blob(size, at, (radii[0] - thick, radii[1] - thick), soft=2)
    film = scalp * rng.uniform(0.1, 0.7)
    film = film + shell * (rng.uniform(-0.2, 0.9) - film)
    fill = rng.uniform(0.25, 0.65)
    folds = draw_cloud(rng, *size, grain=rng.uniform(3, 12))
    folds = np.abs(folds) if rng.random() < 0.5 else folds
    film = film + brain * (fill + rng.uniform(0.02, 0.15) * folds - film)
    for _ in range(int(rng.integers(1, 6))):
        hollow = (at[0] + rng.normal(0, 0.08), at[1] + rng.normal(0, 0.12))
        shape = draw_blob(size, hollow, tuple(rng.uniform(0.01, 0.09, 2)), soft=2)
        film = film + brain * shape * rng.uniform(-0.35, 0.3)
    if rng.random() < 0.5:  # the two halves
        x = np.linspace(0, 1, size[1], dtype=np.float32)[None, :]
        film = film - brain * np.exp(-(((x - at[0]) / 0.008) ** 2)) * rng.uniform(0.05, 0.3)
    return finish(rng, film)


def draw_spine(rng: Rng) -> Floats:
    """Draw a spine, as of a slice or a film: a bent column of blocks with gaps between them."""
    size = rows, columns = SIZE, int(SIZE * rng.uniform(0.35, 0.9))
    film = 0.35 + rng.uniform(0.02, 0.12) * draw_cloud(rng, *size, grain=rng.uniform(8, 40))
    film = film + rng.uniform(0.0, 0.08) * draw_cloud(rng, *size, grain=rng.uniform(1.5, 5))
    n = int(rng.integers(4, 13))
    tall, wide = rows / n, columns * rng.uniform(0.14, 0.3)
    lean, bend = rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15)
    middle = columns * (0.5 + rng.uniform(-0.12, 0.12))
    canvas, shell = Image.new("L", (columns, rows)), Image.new("L", (columns, rows))
    pen, rim = ImageDraw.Draw(canvas), ImageDraw.Draw(shell)
    for number in range(-1, n + 1):
        t = (number + 0.5) / n
        x = middle + columns * (lean * (t - 0.5) + bend * np.sin(t * np.pi))
        box = [x - wide, t * rows - tall * 0.38, x + wide, t * rows + tall * 0.38]
        pen.rounded_rectangle(box, radius=tall * 0.1, fill=255)
        rim.rounded_rectangle(box, radius=tall * 0.1, outline=255, width=1)
        tail = x + wide * rng.uniform(1.4, 2.4)
        pen.ellipse([tail - wide * 0.5, box[1] + 3, tail + wide * 0.5, box[3]], fill=140)
    blocks, edges = (
        np.asarray(own.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32) / 255
        for own in (canvas, shell)
    )
    film = film + blocks * rng.uniform(-0.25, 0.4) + edges * rng.uniform(0, 0.4)
    return finish(rng, film)


def draw_ultrasound(rng: Rng) -> Floats:
    """Draw an ultrasound picture: speckle in a fan or a box, on black, with scales."""
    rows, columns = SIZE, int(SIZE * rng.uniform(1.0, 1.5))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    top = (rng.uniform(0.4, 0.6) * columns, -rng.uniform(0.02, 0.3) * rows)
    radius, angle = np.hypot(x - top[0], y - top[1]), np.arctan2(x - top[0], y - top[1])
    fan = (np.abs(angle) < rng.uniform(0.35, 0.9)) & (radius < rows * rng.uniform(0.8, 1.2))
    if rng.random() < 0.3:
        fan = (np.abs(x / columns - 0.5) < 0.35) & (np.abs(y / rows - 0.5) < 0.42)
    speckle = np.abs(draw_cloud(rng, rows, columns, grain=rng.uniform(1, 3)))
    tissue = 0.4 + 0.25 * draw_cloud(rng, rows, columns, grain=rng.uniform(12, 40))
    film = fan * np.clip(tissue, 0.05, 1) * speckle
    return finish(rng, np.asarray(film, dtype=np.float32))


def finish(rng: Rng, film: Floats) -> Floats:
    """Return a drawing stretched to [0, 1], with the grain of a film.

    Args:
        rng: Luck.
        film: In any units.
    """
    grain = rng.normal(0, rng.uniform(0.0, 0.03), film.shape).astype(np.float32)
    low, high = np.quantile(film, [0.005, 0.995])
    return np.asarray(np.clip((film - low) / (high - low + 1e-6) + grain, 0, 1), dtype=np.float32)
