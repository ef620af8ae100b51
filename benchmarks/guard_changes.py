"""What is done to films before the guards are measured on them: one change at a time, then several.

All of them keep the polarity. Strengths are fixed here and drawn at random where the guards are
fitted (`guard_treatments.treat`, `guard_disguises.disguise`).
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

import guard_disguises as worn
import guard_treatments as treated
from guard_bodies import Rng
from osteon.terms import Pixels8

Change = Callable[[Pixels8, Rng], Pixels8]


def add_noise(grey: Pixels8, rng: Rng, *, spread: float) -> Pixels8:
    """Return a film with noise.

    Args:
        grey: Shape `(rows, columns)`.
        rng: Luck.
        spread: Its standard deviation, of 255.
    """
    return np.clip(grey + rng.normal(0, spread, grey.shape), 0, 255).astype(np.uint8)


def blur(grey: Pixels8, share: float) -> Pixels8:
    """Return a film out of focus.

    Args:
        grey: Shape `(rows, columns)`.
        share: Radius, of the longer side.
    """
    picture = Image.fromarray(grey).filter(ImageFilter.GaussianBlur(share * max(grey.shape)))
    return np.asarray(picture, dtype=np.uint8)


def process_elsewhere(grey: Pixels8, rng: Rng) -> Pixels8:
    """Return a film as another hospital's machine would give it: details raised, ground black.

    Args:
        grey: Shape `(rows, columns)`.
        rng: Luck, unused: every film is processed alike.
    """
    del rng
    raised = treated.boost_bands(grey, [2.5, 3, 3, 2], base=0.6)
    return treated.sharpen(treated.window(raised, 0.15, 0.9), radius=0.01, amount=1.5)


def crop_and_process(grey: Pixels8, rng: Rng) -> Pixels8:
    """Return a part about the bone, processed as elsewhere.

    Args:
        grey: Shape `(rows, columns)`.
        rng: Luck.
    """
    return process_elsewhere(treated.keep_bone(grey, rng, share=0.45), rng)


CHANGES: Final[MappingProxyType[str, Change]] = MappingProxyType(
    {
        "as it is": lambda film, _: film,
        "sharpened: radius 0.8 %, × 1": lambda film, _: treated.sharpen(
            film, radius=0.008, amount=1
        ),
        "sharpened: radius 0.8 %, × 3": lambda film, _: treated.sharpen(
            film, radius=0.008, amount=3
        ),
        "sharpened: radius 3 %, × 2": lambda film, _: treated.sharpen(film, radius=0.03, amount=2),
        "sharpened: radius 10 %, × 2": lambda film, _: treated.sharpen(film, radius=0.1, amount=2),
        "sharpened: radius 15 %, × 4": lambda film, _: treated.sharpen(film, radius=0.15, amount=4),
        "edges raised, scale by scale": lambda film, _: treated.boost_bands(
            film, [2, 3, 3, 2], base=0.4
        ),
        "local contrast evened, 5 %": lambda film, _: treated.flatten(film, radius=0.05),
        "local contrast evened, 15 %": lambda film, _: treated.flatten(film, radius=0.15),
        "CLAHE, 8 × 8, clip 2": lambda film, _: treated.equalise_tiles(film, tiles=8, clip=2),
        "CLAHE, 8 × 8, clip 4": lambda film, _: treated.equalise_tiles(film, tiles=8, clip=4),
        "CLAHE, 4 × 4, clip 10": lambda film, _: treated.equalise_tiles(film, tiles=4, clip=10),
        "histogram equalised": lambda film, _: treated.equalise(film),
        "gamma 0.4": lambda film, _: worn.bend_greys(film, 0.4),
        "gamma 2.5": lambda film, _: worn.bend_greys(film, 2.5),
        "logarithm, k = 20": lambda film, _: treated.bend_log(film, 20),
        "exponential, k = 20": lambda film, _: treated.bend_log(film, -20),
        "narrow window, 30–70 %": lambda film, _: treated.window(film, 0.3, 0.7),
        "narrow window, 10–60 %": lambda film, _: treated.window(film, 0.1, 0.6),
        "wide window, three times": lambda film, _: treated.window(film, -1, 2),
        "cropped to bone, 60 % of each side": lambda film, rng: treated.keep_bone(
            film, rng, share=0.6
        ),
        "cropped to bone, 45 %": lambda film, rng: treated.keep_bone(film, rng, share=0.45),
        "cropped to bone, 40 %": lambda film, rng: treated.keep_bone(film, rng, share=0.4),
        "cropped to bone, 25 %": lambda film, rng: treated.keep_bone(film, rng, share=0.25),
        "middle 70 %": lambda film, _: worn.keep_middle(film, 0.7),
        "middle 50 %": lambda film, _: worn.keep_middle(film, 0.5),
        "collimated at a slant, black": lambda film, rng: treated.collimate(
            film, rng, tone=0, share=0.6
        ),
        "collimated at a slant, white": lambda film, rng: treated.collimate(
            film, rng, tone=255, share=0.6
        ),
        "black frame, 15 %": lambda film, _: worn.put_frame(film, share=0.15, tone=0),
        "white frame, 15 %": lambda film, _: worn.put_frame(film, share=0.15, tone=255),
        "letterbox, black": lambda film, _: worn.letterbox(film, tone=0),
        "letterbox, white": lambda film, _: worn.letterbox(film, tone=255),
        "two films in one picture": lambda film, _: worn.join([film, film[:, ::-1]], gap=3),
        "96 pixels": lambda film, _: treated.resample(film, 96),
        "96 pixels, enlarged to 2,500": lambda film, _: treated.resample(
            treated.resample(film, 96), 2500
        ),
        "JPEG of quality 10": lambda film, _: worn.save_again(film, 10),
        "noise, 10 of 255": lambda film, rng: add_noise(film, rng, spread=10),
        "blurred, 1 %": lambda film, _: blur(film, 0.01),
        "text and ruler burned in": treated.write_on,
        "turned by 15°": lambda film, _: worn.turn_to(film, 15),
        "turned by 45°": lambda film, _: worn.turn_to(film, 45),
        "turned by 90°": lambda film, _: worn.turn_to(film, 90),
        "turned by 180°": lambda film, _: worn.turn_to(film, 180),
        "processed as elsewhere": process_elsewhere,
        "cropped to 45 % and processed": crop_and_process,
    }
)
"""Name → change. Shares are of the longer side unless said otherwise."""

EXTREME: Final = frozenset(
    {
        "cropped to bone, 40 %",
        "cropped to bone, 25 %",
        "two films in one picture",
        "sharpened: radius 15 %, × 4",
        "narrow window, 30–70 %",
        "JPEG of quality 10",
    }
)
"""Changes that no limit is drawn for: they are measured, and nothing is promised of them."""
