"""What machines and people do to a film's greys, and the part of it that they keep.

Sharpened, tone-mapped, windowed, cropped to the bone: films of another hospital differ from ours in
such things first. Radii are shares of the film's longer side, so that a treatment is the same
whatever the film's size.
"""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from scipy.ndimage import gaussian_filter, uniform_filter

from guard_bodies import Rng
from osteon.terms import Floats, Pixels8

_N_BINS = 256
_SEARCH_SIDE = 96


def sharpen(grey: Pixels8, *, radius: float, amount: float) -> Pixels8:
    """Return an unsharp mask's film: what differs from its blur is added again.

    Args:
        grey: Shape `(rows, columns)`.
        radius: Of the blur, as a share of the longer side.
        amount: How many times the difference is added.
    """
    film = grey.astype(np.float32)
    return _round(film + amount * (film - _blur(film, radius * max(grey.shape))))


def boost_bands(grey: Pixels8, gains: Sequence[float], *, base: float) -> Pixels8:
    """Return a film whose details are raised, scale by scale, as manufacturers' processing does.

    Args:
        grey: Shape `(rows, columns)`.
        gains: Of the details between blurs of 1, 2, 4 ... 256ths of the longer side.
        base: Gain of what is left when they are taken off; below 1 the film becomes flat.

    Reference:
        Vuylsteke & Schoeters, Proc. SPIE 2167 (1994) 551.
    """
    film = grey.astype(np.float32)
    mean = film.mean()
    boosted, sigma = np.zeros_like(film), max(grey.shape) / 256
    for gain in gains:
        smooth = _blur(film, sigma)
        band = film - smooth
        # Faint details are raised more than strong ones, or edges would burn out.
        boosted += gain * np.sign(band) * 24 * (np.abs(band) / 24) ** np.float32(0.8)
        film, sigma = smooth, 2 * sigma
    return _stretch(boosted + mean + base * (film - mean))


def flatten(grey: Pixels8, *, radius: float, floor: float = 8.0) -> Pixels8:
    """Return a film of even brightness and contrast: local mean taken off, local spread divided by.

    Args:
        grey: Shape `(rows, columns)`.
        radius: Of what is local, as a share of the longer side.
        floor: Added to the local spread: what is fainter stays faint.
    """
    film = grey.astype(np.float32)
    sigma = radius * max(grey.shape)
    away = film - _blur(film, sigma)
    return _stretch(away / (np.sqrt(np.clip(_blur(away**2, sigma), 0, None)) + floor))


def equalise_tiles(grey: Pixels8, *, tiles: int, clip: float) -> Pixels8:
    """Return a film equalised tile by tile with limited contrast (CLAHE).

    Args:
        grey: Shape `(rows, columns)`.
        tiles: Along each side.
        clip: Highest count of a grey, in multiples of an even histogram's.

    Reference:
        Zuiderveld, Graphics Gems IV (1994) 474.
    """
    rows, columns = grey.shape
    tall, wide = -(-rows // tiles), -(-columns // tiles)
    padded = np.pad(grey, ((0, tall * tiles - rows), (0, wide * tiles - columns)), mode="edge")
    cut = padded.reshape(tiles, tall, tiles, wide).swapaxes(1, 2).reshape(tiles * tiles, -1)
    offset = np.arange(tiles * tiles)[:, None] * _N_BINS
    counts = np.bincount((cut + offset).ravel(), minlength=tiles * tiles * _N_BINS)
    counts = counts.reshape(-1, _N_BINS).astype(np.float32)
    limit = clip * tall * wide / _N_BINS
    over = np.clip(counts - limit, 0, None).sum(axis=1, keepdims=True)
    curves = np.cumsum(np.minimum(counts, limit) + over / _N_BINS, axis=1) * 255 / (tall * wide)
    curves = curves.reshape(tiles, tiles, _N_BINS)
    down, share_down = _locate_tiles(rows, tall, tiles)
    across, share_across = _locate_tiles(columns, wide, tiles)
    film = np.zeros(grey.shape, np.float32)
    for step_down, weight_down in ((0, 1 - share_down), (1, share_down)):
        for step_across, weight_across in ((0, 1 - share_across), (1, share_across)):
            tile_down = np.minimum(down + step_down, tiles - 1)[:, None]
            tile_across = np.minimum(across + step_across, tiles - 1)[None, :]
            weight = weight_down[:, None] * weight_across[None, :]
            film += weight * curves[tile_down, tile_across, grey]
    return _round(film)


def equalise(grey: Pixels8) -> Pixels8:
    """Return a film whose greys are all equally frequent.

    Args:
        grey: Shape `(rows, columns)`.
    """
    return np.asarray(ImageOps.equalize(Image.fromarray(grey)), dtype=np.uint8)


def bend_log(grey: Pixels8, strength: float) -> Pixels8:
    """Return a film through a logarithm: dark greys are spread, light ones squeezed.

    Args:
        grey: Any shape.
        strength: Below 0 the other way round.
    """
    film = grey.astype(np.float32) / 255
    k = abs(strength)
    bent = np.log1p(k * film) / np.log1p(k) if strength > 0 else np.expm1(np.log1p(k) * film) / k
    return _round(255 * bent)


def window(grey: Pixels8, low: float, high: float) -> Pixels8:
    """Return a film through a window: narrow ones burn out, and ones beyond [0, 1] make it faint.

    Args:
        grey: Any shape.
        low: What becomes black: 0 is the film's darkest grey, 1 its lightest.
        high: What becomes white.
    """
    darkest, lightest = np.quantile(grey, [0.01, 0.99])
    share = (grey.astype(np.float32) - darkest) / max(lightest - darkest, 1.0)
    return _round(255 * (share - low) / (high - low))


def find_bone(grey: Pixels8, rng: Rng) -> tuple[int, int]:
    """Return a place of a film, row and column, that shows much detail: bone, most of the time.

    Args:
        grey: A film with light bone, shape `(rows, columns)`.
        rng: Luck: places with more detail are likelier.
    """
    small = resample(grey, _SEARCH_SIDE)
    film = small.astype(np.float32)
    detail = np.abs(film - _blur(film, 0.02 * _SEARCH_SIDE))
    is_plate = film > 245  # what lies beyond the collimated field is white, and its edge no bone
    detail[_blur(is_plate.astype(np.float32) * 255, 0.015 * _SEARCH_SIDE) > 25] = 0
    rim = max(1, round(0.06 * min(small.shape)))
    inner = np.zeros_like(detail)
    inner[rim:-rim, rim:-rim] = _blur(detail, 0.03 * _SEARCH_SIDE)[rim:-rim, rim:-rim]
    weight = np.clip(inner, 0, None).astype(np.float64) ** 2
    if weight.sum() == 0:
        return grey.shape[0] // 2, grey.shape[1] // 2
    chosen = int(rng.choice(weight.size, p=(weight / weight.sum()).ravel()))
    row, column = chosen // small.shape[1], chosen % small.shape[1]
    return (
        round((row + 0.5) * grey.shape[0] / small.shape[0]),
        round((column + 0.5) * grey.shape[1] / small.shape[1]),
    )


def keep_bone(grey: Pixels8, rng: Rng, *, share: float) -> Pixels8:
    """Return a film as it would be taken of one finger, hand or joint.

    Args:
        grey: A film with light bone, shape `(rows, columns)`.
        rng: Luck.
        share: Of each side that is kept.
    """
    rows, columns = grey.shape
    at = find_bone(grey, rng)
    tall, wide = max(24, round(share * rows)), max(24, round(share * columns))
    top = int(np.clip(at[0] - tall // 2, 0, max(0, rows - tall)))
    left = int(np.clip(at[1] - wide // 2, 0, max(0, columns - wide)))
    return grey[top : top + tall, left : left + wide]


def collimate(grey: Pixels8, rng: Rng, *, tone: int, share: float) -> Pixels8:
    """Return a film of which a field about the bone was exposed, at a slant, the rest of one grey.

    Args:
        grey: A film with light bone, shape `(rows, columns)`.
        rng: Luck.
        tone: Of the rest.
        share: Of each side that the field takes up.
    """
    rows, columns = grey.shape
    y, x = find_bone(grey, rng)
    slant = rng.uniform(-0.3, 0.3)
    half = np.array([share * columns / 2, share * rows / 2])
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    turn = np.array([[np.cos(slant), -np.sin(slant)], [np.sin(slant), np.cos(slant)]])
    y = int(np.clip(y, half[1] * 0.8, rows - half[1] * 0.8))
    x = int(np.clip(x, half[0] * 0.8, columns - half[0] * 0.8))
    field = Image.new("L", (columns, rows), 0)
    ImageDraw.Draw(field).polygon([(x + a, y + b) for a, b in (corners @ turn).tolist()], fill=255)
    return np.where(np.asarray(field) > 0, grey, np.uint8(tone)).astype(np.uint8)


def write_on(grey: Pixels8, rng: Rng) -> Pixels8:
    """Return a film with what viewers burn in: lines of text in the corners, and a ruler.

    Args:
        grey: Shape `(rows, columns)`.
        rng: Luck.
    """
    picture = Image.fromarray(grey)
    pen = ImageDraw.Draw(picture)
    width, height = picture.size
    size = max(6, round(rng.uniform(0.03, 0.05) * height))
    font = ImageFont.load_default(size)
    words = ("W 4095 L 2047", "Zoom 71%", "L", "AP", "12-03-2021 10:41", "Im: 1/2", "60 kV 4 mAs")
    for at_right in (False, True):
        for at_foot in (False, True):
            n = int(rng.integers(0, 4))
            for line in range(n):
                text = str(rng.choice(words))
                x = width - 4 - 0.55 * size * len(text) if at_right else 4
                y = height - (n - line) * 1.2 * size - 4 if at_foot else 4 + line * 1.2 * size
                pen.text((x, y), text, font=font, fill=int(rng.choice([255, 255, 220])))
    if rng.random() < 0.7:
        x = width - 6 if rng.random() < 0.5 else 6
        low, high = 0.2 * height, 0.8 * height
        pen.line([(x, low), (x, high)], fill=255)
        for tick, y in enumerate(np.linspace(low, high, 21).tolist()):
            long = 8 if tick % 5 == 0 else 4
            pen.line([(x, y), (x - long if x > width / 2 else x + long, y)], fill=255)
    return np.asarray(picture, dtype=np.uint8)


def resample(grey: Pixels8, side: int) -> Pixels8:
    """Return a film brought to another size.

    Args:
        grey: Shape `(rows, columns)`.
        side: Its longer side, in pixels.
    """
    scale = side / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    picture = Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.uint8)


def treat(grey: Pixels8, rng: Rng) -> Pixels8:
    """Return a film through one or two treatments of its greys, of any strength.

    Args:
        grey: Shape `(rows, columns)`.
        rng: Luck.
    """
    for number in rng.choice(len(_TREATMENTS), int(rng.integers(1, 3)), replace=False).tolist():
        grey = _TREATMENTS[number](grey, rng)
    return grey


def _sharpen_somehow(grey: Pixels8, rng: Rng) -> Pixels8:
    radius = float(np.exp(rng.uniform(np.log(0.004), np.log(0.2))))
    return sharpen(grey, radius=radius, amount=float(np.exp(rng.uniform(-0.7, 1.6))))


def _boost_somehow(grey: Pixels8, rng: Rng) -> Pixels8:
    gains = np.exp(rng.uniform(-0.2, 1.6, int(rng.integers(3, 7))))
    return boost_bands(grey, gains.tolist(), base=rng.uniform(0.1, 1.0))


def _flatten_somehow(grey: Pixels8, rng: Rng) -> Pixels8:
    return flatten(grey, radius=rng.uniform(0.03, 0.25), floor=float(np.exp(rng.uniform(1, 3.5))))


def _equalise_somehow(grey: Pixels8, rng: Rng) -> Pixels8:
    if rng.random() < 0.2:
        return equalise(grey)
    return equalise_tiles(grey, tiles=int(rng.integers(2, 13)), clip=rng.uniform(1.5, 12))


def _bend_somehow(grey: Pixels8, rng: Rng) -> Pixels8:
    strength = float(np.exp(rng.uniform(0, 4.5)))
    return bend_log(grey, strength if rng.random() < 0.6 else -strength)


def _window_somehow(grey: Pixels8, rng: Rng) -> Pixels8:
    if rng.random() < 0.5:
        return window(grey, rng.uniform(0, 0.4), rng.uniform(0.6, 1))
    return window(grey, -rng.uniform(0, 2), 1 + rng.uniform(0, 2))


_TREATMENTS: tuple[Callable[[Pixels8, Rng], Pixels8], ...] = (
    _sharpen_somehow,
    _boost_somehow,
    _flatten_somehow,
    _equalise_somehow,
    _bend_somehow,
    _window_somehow,
)


def _locate_tiles(length: int, size: int, tiles: int) -> tuple[Floats, Floats]:
    place = np.clip((np.arange(length) + 0.5) / size - 0.5, 0, tiles - 1).astype(np.float32)
    first = np.floor(place).astype(np.int64)
    return first, (place - first).astype(np.float32)


def _blur(film: Floats, sigma: float) -> Floats:
    if sigma < 2:
        return np.asarray(gaussian_filter(film, sigma), dtype=np.float32)
    size = round(float(np.sqrt(4 * sigma**2 + 1)))  # three means of this width are as wide
    for _ in range(3):
        film = uniform_filter(film, size, mode="nearest")
    return np.asarray(film, dtype=np.float32)


def _round(film: Floats) -> Pixels8:
    return np.rint(np.clip(film, 0, 255)).astype(np.uint8)


def _stretch(film: Floats) -> Pixels8:
    low, high = np.quantile(film, [0.005, 0.995])
    return _round(255 * (film - low) / max(float(high - low), 1e-3))
