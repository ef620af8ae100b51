"""What befalls a picture on its way to a reader: turned, cropped, framed, saved again."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from scipy.ndimage import uniform_filter

from guard_bodies import Rng
from guard_treatments import collimate, keep_bone, treat, write_on
from osteon.terms import Pixels8

_SIDE = 192
_MIN_SPREAD, _MIN_LOCAL_SPREAD, _MIN_SHOWN = 12, 4, 0.2


def disguise(
    grey: Pixels8, rng: Rng, *, is_inverted: bool = False, min_kept: float = 0.5
) -> Pixels8:
    """Return the picture as it might arrive.

    Frames and letters come after the inversion and in any grey: they say nothing of polarity.

    Args:
        grey: The picture, shape `(rows, columns)`.
        rng: Luck.
        is_inverted: Whether to turn white into black on the way.
        min_kept: Share of each side that a crop leaves at least.
    """
    picture = Image.fromarray(grey)
    picture = _turn(_crop(picture, rng, min_kept), rng)
    picture = picture.resize(_choose_size(picture, rng), Image.Resampling.BILINEAR)
    picture = _expose(picture, rng)
    luck = rng.random()
    if luck < 0.55:
        picture = Image.fromarray(treat(np.asarray(picture, dtype=np.uint8), rng))
    if is_inverted:
        picture = ImageOps.invert(picture)
    picture = _frame(picture, rng)
    if luck > 0.92:  # the machine treats what was framed, too
        picture = Image.fromarray(treat(np.asarray(picture, dtype=np.uint8), rng))
    if rng.random() < 0.1:
        picture = Image.fromarray(write_on(np.asarray(picture, dtype=np.uint8), rng))
    return np.asarray(_degrade(picture, rng), dtype=np.uint8)


def is_telling(grey: Pixels8) -> bool:
    """Return whether a picture still shows something: it is neither faint nor nearly empty.

    Args:
        grey: Shape `(rows, columns)`.
    """
    film = grey.astype(np.float32)
    mean = uniform_filter(film, 5)
    spread = np.sqrt(np.clip(uniform_filter(film**2, 5) - mean**2, 0, None))
    return bool(film.std() > _MIN_SPREAD and (spread > _MIN_LOCAL_SPREAD).mean() > _MIN_SHOWN)


def narrow(grey: Pixels8, others: list[Pixels8], rng: Rng) -> Pixels8:
    """Return the part of a film that another hospital would have exposed, or two films as one.

    Args:
        grey: A film with light bone, shape `(rows, columns)`.
        others: Films from which a neighbour is taken.
        rng: Luck.
    """
    match rng.random():
        case luck if luck < 0.4:
            return keep_bone(grey, rng, share=rng.uniform(0.2, 0.7))
        case luck if luck < 0.58:
            tone = int(rng.choice([0, 255]))
            return collimate(grey, rng, tone=tone, share=rng.uniform(0.45, 0.9))
        case luck if luck < 0.72:
            other = others[int(rng.integers(len(others)))]
            pair = [grey, grey[:, ::-1]] if rng.random() < 0.3 else [grey, other]
            if rng.random() < 0.6:
                pair = [keep_bone(own, rng, share=rng.uniform(0.35, 1)) for own in pair]
            return join(pair, gap=int(rng.integers(0, 6)), is_stacked=bool(rng.random() < 0.3))
        case _:
            return grey


def join(films: list[Pixels8], *, gap: int = 0, is_stacked: bool = False) -> Pixels8:
    """Return films side by side in one picture, as two views are often kept.

    Args:
        films: Shape `(rows, columns)` each.
        gap: Between them, in pixels, black.
        is_stacked: Whether one stands above the other.
    """
    upright = [own.T if is_stacked else own for own in films]
    tall = max(own.shape[0] for own in upright)
    laid: list[Pixels8] = []
    for own in upright:
        wide = max(1, round(own.shape[1] * tall / own.shape[0]))
        picture = Image.fromarray(own).resize((wide, tall), Image.Resampling.BILINEAR)
        laid += [np.zeros((tall, gap), np.uint8)] if laid else []
        laid.append(np.asarray(picture, dtype=np.uint8))
    joined = np.concatenate(laid, axis=1)
    return joined.T if is_stacked else joined


def turn_to(grey: Pixels8, angle_deg: float, *, fill: int = 0) -> Pixels8:
    """Return the picture turned about its middle, whole, with corners of one grey.

    Args:
        grey: Shape `(rows, columns)`.
        angle_deg: Counter-clockwise.
        fill: Grey of the corners.
    """
    turned = Image.fromarray(grey).rotate(
        angle_deg, Image.Resampling.BILINEAR, expand=True, fillcolor=fill
    )
    return np.asarray(turned, dtype=np.uint8)


def bend_greys(grey: Pixels8, gamma: float) -> Pixels8:
    """Return the picture with its greys raised to a power.

    Args:
        grey: Any shape.
        gamma: Above 1 darkens.
    """
    return np.rint(255 * (grey / 255.0) ** gamma).astype(np.uint8)


def save_again(grey: Pixels8, quality: int) -> Pixels8:
    """Return the picture after a JPEG of low quality.

    Args:
        grey: Shape `(rows, columns)`.
        quality: 1 to 95.
    """
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), dtype=np.uint8)


def put_frame(grey: Pixels8, *, share: float, tone: int) -> Pixels8:
    """Return the picture with a frame painted over its rim.

    Args:
        grey: Shape `(rows, columns)`.
        share: Width of the frame, of the shorter side.
        tone: Grey of the frame.
    """
    wide = round(share * min(grey.shape))
    framed = np.full_like(grey, tone)
    rows, columns = grey.shape
    inside = (slice(wide, rows - wide), slice(wide, columns - wide))
    framed[inside] = grey[inside]
    return framed


def letterbox(grey: Pixels8, *, tone: int) -> Pixels8:
    """Return the picture in the middle of a square.

    Args:
        grey: Shape `(rows, columns)`.
        tone: Grey of the rest.
    """
    side = max(grey.shape)
    top, left = ((side - length) // 2 for length in grey.shape)
    square = np.full((side, side), tone, dtype=np.uint8)
    square[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
    return square


def keep_middle(grey: Pixels8, share: float) -> Pixels8:
    """Return the middle of a picture.

    Args:
        grey: Shape `(rows, columns)`.
        share: Of each side that is kept.
    """
    rows, columns = grey.shape
    top, left = round(rows * (1 - share) / 2), round(columns * (1 - share) / 2)
    return grey[top : rows - top, left : columns - left]


def _crop(picture: Image.Image, rng: Rng, min_kept: float) -> Image.Image:
    if min_kept == 1 or rng.random() < 0.5:
        return picture
    width, height = picture.size
    wide, tall = (max(16, side * rng.uniform(min_kept, 1)) for side in (width, height))
    x, y = rng.uniform(0, max(0, width - wide)), rng.uniform(0, max(0, height - tall))
    return picture.crop((round(x), round(y), round(x + wide), round(y + tall)))


def _turn(picture: Image.Image, rng: Rng) -> Image.Image:
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    picture = picture.rotate(90 * int(rng.integers(4)), expand=True)
    if rng.random() < 0.5:
        ground = int(np.median(np.asarray(picture)[[0, -1]]))
        fill = int(rng.choice([0, 0, ground, 255]))
        angle, expand = rng.uniform(-45, 45), bool(rng.random() < 0.6)
        picture = picture.rotate(angle, Image.Resampling.BILINEAR, expand=expand, fillcolor=fill)
    return picture


def _choose_size(picture: Image.Image, rng: Rng) -> tuple[int, int]:
    long_side = _SIDE * (rng.uniform(0.4, 1.0) if rng.random() < 0.2 else 1.0)
    scale = long_side / max(picture.size)
    stretch = np.exp(rng.uniform(-0.25, 0.25))
    width, height = picture.size
    return max(16, round(width * scale * stretch)), max(16, round(height * scale / stretch))


def _expose(picture: Image.Image, rng: Rng) -> Image.Image:
    grey = np.asarray(picture, dtype=np.float32) / 255
    if rng.random() < 0.6:
        grey = grey ** np.exp(rng.uniform(-0.8, 0.8))
    if rng.random() < 0.3:  # a window, narrow or wide
        low, high = np.quantile(grey, [rng.uniform(0, 0.1), rng.uniform(0.9, 1)])
        grey = np.clip((grey - low) / (high - low + 0.02), 0, 1)
    if rng.random() < 0.3:
        low, high = rng.uniform(0, 0.4), rng.uniform(0.6, 1)
        grey = low + grey * (high - low)
    return Image.fromarray(np.rint(grey * 255).astype(np.uint8))


def _frame(picture: Image.Image, rng: Rng) -> Image.Image:
    pen = ImageDraw.Draw(picture)
    width, height = picture.size
    tone = int(rng.choice([0, 0, 255, 255, rng.integers(256)]))
    if rng.random() < 0.3:  # collimated: straight, on any of the four sides
        widest = rng.choice([0.15, 0.36])
        x0, y0, x1, y1 = rng.uniform(0, widest, 4) * (rng.random(4) < 0.6)
        pen.rectangle([-1, -1, x0 * width - 1, height], fill=tone)
        pen.rectangle([width - x1 * width, -1, width, height], fill=tone)
        pen.rectangle([-1, -1, width, y0 * height - 1], fill=tone)
        pen.rectangle([-1, height - y1 * height, width, height], fill=tone)
    if rng.random() < 0.03:  # collimated to a circle
        hole = Image.new("L", picture.size, 255)
        ImageDraw.Draw(hole).ellipse([2, 2, width - 3, height - 3], fill=0)
        picture.paste(tone, (0, 0), hole)
    if rng.random() < 0.25:  # a letter, or a few
        font = ImageFont.load_default(int(rng.integers(8, 24)))
        words = str(rng.choice(["L", "R", "LEFT", "R 12", "KNEE AP", "A-1048"]))
        at = (rng.uniform(0, 0.85) * width, rng.uniform(0, 0.85) * height)
        pen.text(at, words, font=font, fill=int(rng.choice([0, 255, 255])))
    if rng.random() < 0.2:
        sides = (max(width, height),) * 2 if rng.random() < 0.7 else (width + 30, height + 30)
        boxed = Image.new("L", sides, int(rng.choice([0, 0, 255, rng.integers(256)])))
        boxed.paste(picture, ((sides[0] - width) // 2, (sides[1] - height) // 2))
        picture = boxed
    return picture


def _degrade(picture: Image.Image, rng: Rng) -> Image.Image:
    if rng.random() < 0.15:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    if rng.random() < 0.2:
        grey = np.asarray(picture, dtype=np.float32)
        grey = grey + rng.normal(0, rng.uniform(1, 10), grey.shape)
        picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        again = save_again(np.asarray(picture), int(rng.integers(8, 85)))
        picture = Image.fromarray(again)
    return picture
