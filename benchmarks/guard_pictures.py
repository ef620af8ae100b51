"""The pictures that the guards are fitted to and measured on: films, drawn strangers, real ones."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image

import guard_bodies as bodies
import guard_pages as pages
import guard_scans as scans
import guard_screens as screens
from guard_bodies import Rng
from guard_disguises import disguise, is_telling, narrow
from osteon.collection.manifest import Manifest
from osteon.inference.guard_looks import GUARD_SIDE, reduce_film, squeeze_film
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.terms import Floats, Pixels8

N_DISGUISES: Final = 6
N_DRAWN: Final = 250
N_PHANTOMS: Final = 600
_KEPT_SIDE: Final = 256
_TRIES: Final = 6

DRAWN: Final = MappingProxyType(
    {
        "chest": bodies.draw_chest,
        "trunk from the side": bodies.draw_chest_side,
        "dental panorama": bodies.draw_panorama,
        "skull": bodies.draw_skull,
        "slice of a trunk": bodies.draw_body_slice,
        "slice of a head": bodies.draw_head_slice,
        "spine": bodies.draw_spine,
        "slice along a spine": scans.draw_spine_slice,
        "slices on a sheet": scans.draw_slices,
        "ultrasound": bodies.draw_ultrasound,
        "belly": scans.draw_belly,
        "breast": scans.draw_breast,
        "single teeth": scans.draw_teeth,
        "animal's trunk": scans.draw_animal,
        "back of an eye": scans.draw_fundus,
        "cells": scans.draw_cells,
        "text": pages.draw_text,
        "chart": pages.draw_chart,
        "shapes": pages.draw_shapes,
        "table": screens.draw_table,
        "curves": screens.draw_strip,
        "bar code": screens.draw_code,
        "scene": pages.draw_scene,
        "surface": screens.draw_texture,
        "noise": pages.draw_noise,
        "blank": pages.draw_blank,
    }
)
MADE_OF_FILMS: Final = MappingProxyType(
    {
        "collage": pages.draw_collage,
        "torn film": pages.draw_torn,
        "web page": screens.draw_web_page,
        "viewer": screens.draw_viewer,
        "form": screens.draw_form,
    }
)

FAMILIES: Final = MappingProxyType(
    {
        "trunks": ("chest", "trunk from the side", "belly", "animal's trunk"),
        "heads": ("dental panorama", "single teeth", "skull"),
        "slices and spines": (
            "slice of a trunk",
            "slice of a head",
            "slice along a spine",
            "slices on a sheet",
            "spine",
        ),
        "soft parts": ("ultrasound", "breast", "back of an eye", "cells"),
        "pages": ("text", "chart", "shapes", "table", "curves", "bar code"),
        "screens": ("web page", "viewer", "form"),
        "scenes": ("scene", "surface"),
        "nothing": ("noise", "blank"),
        "torn films": ("collage", "torn film"),
    }
)
"""Kinds that are left out together, to see how a kind fares that nobody thought of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """Pictures as the guards see them.

    Attributes:
        small: Shape `(pictures, side, side)`, uint8.
        kinds: "film", "phantom" or a kind of stranger, shape `(pictures,)`.
        is_inverted: Shape `(pictures,)`.
        is_plain: Whether the picture came as it was made, shape `(pictures,)`.
    """

    small: Pixels8
    kinds: npt.NDArray[np.str_]
    is_inverted: npt.NDArray[np.bool_]
    is_plain: npt.NDArray[np.bool_]

    @property
    def is_stranger(self) -> npt.NDArray[np.bool_]:
        """Whether a picture is no film of a limb, shape `(pictures,)`."""
        return ~np.isin(self.kinds, ("film", "phantom"))

    def keep(self, chosen: npt.NDArray[np.bool_]) -> "Pictures":
        """Return some of the pictures.

        Args:
            chosen: Shape `(pictures,)`.
        """
        return Pictures(
            small=self.small[chosen],
            kinds=self.kinds[chosen],
            is_inverted=self.is_inverted[chosen],
            is_plain=self.is_plain[chosen],
        )


def save_pictures(pictures: Pictures, path: Path) -> None:
    """Write pictures into a file, so that they are drawn once.

    Args:
        pictures: Drawn.
        path: Ends in `.npz`.
    """
    np.savez(
        path,
        small=pictures.small,
        kinds=pictures.kinds,
        is_inverted=pictures.is_inverted,
        is_plain=pictures.is_plain,
    )


def load_pictures(path: Path) -> Pictures:
    """Return what `save_pictures` wrote.

    Args:
        path: Of the file.
    """
    with np.load(path, allow_pickle=False) as stored:
        return Pictures(**{name: stored[name] for name in stored.files})


_Row = tuple[Pixels8, str, bool, bool]


def read_films(manifest: Manifest, split: str) -> list[Pixels8]:
    """Read a split's films, reduced to 256 pixels.

    Args:
        manifest: With splits.
        split: Which.
    """
    assert manifest.root is not None
    rows = [row for row in manifest.rows if row.split == split and row.state == "readable"]
    return [keep_film(read_film(manifest.root / row.path).pixels) for row in rows]


def keep_film(pixels: Floats) -> Pixels8:
    """Reduce a film's longer side to 256 pixels at most.

    Args:
        pixels: Shape `(rows, columns)`, in [0, 1].
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    scale = min(1.0, _KEPT_SIDE / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


def shrink_all(pictures: Iterable[Pixels8]) -> Pixels8:
    """Return pictures as the guards see them.

    Args:
        pictures: Shape `(rows, columns)` each.

    Returns:
        Shape `(pictures, side, side)`.
    """
    return np.stack([_shrink(own) for own in pictures])


def draw_pictures(films: list[Pixels8], *, seed: int, share: float = 1.0) -> Pictures:
    """Draw what the guards are fitted to, or their limits chosen on.

    Args:
        films: Of one split.
        seed: Of the drawing; another for each split.
        share: Of the drawn pictures' number.
    """
    rows: list[_Row] = []
    rows += _disguise_films(films, seed=seed, n=max(1, round(N_DISGUISES * share)))
    rows += _draw_phantoms(seed=seed, n=round(N_PHANTOMS * share))
    rows += _draw_strangers(films, seed=seed, n=round(N_DRAWN * share))
    pictures, kinds, inverted, plain = zip(*rows, strict=True)
    return Pictures(
        small=np.stack(pictures),
        kinds=np.array(kinds),
        is_inverted=np.array(inverted),
        is_plain=np.array(plain),
    )


def _shrink(grey: Pixels8) -> Pixels8:
    return squeeze_film(
        reduce_film(grey.astype(np.float32) / np.float32(255), GUARD_SIDE), GUARD_SIDE
    )


def _disguise_films(films: list[Pixels8], *, seed: int, n: int) -> Iterator[_Row]:
    for number, film in enumerate(films):
        for is_inverted in (False, True):
            yield _shrink(255 - film if is_inverted else film), "film", is_inverted, True
            for again in range(n):
                rng = np.random.default_rng([seed, 1, number, again, int(is_inverted)])
                worn = _wear(film, films, rng, is_inverted=is_inverted)
                yield _shrink(worn), "film", is_inverted, False


def _wear(film: Pixels8, films: list[Pixels8], rng: Rng, *, is_inverted: bool) -> Pixels8:
    """Return a film as it might arrive, and still show something."""
    for _ in range(_TRIES):
        part = narrow(film, films, rng)
        # A film cut down once is not cut down again.
        worn = disguise(part, rng, is_inverted=is_inverted, min_kept=0.6 if part is film else 1)
        if is_telling(worn):
            return worn
    return 255 - film if is_inverted else film


def _draw_phantoms(*, seed: int, n: int) -> Iterator[_Row]:
    for number in range(n):
        drawn = draw_phantom(seed * 100_003 + number, has_fracture=number % 2 == 0)
        film = np.rint(drawn.radiograph.pixels * 255).astype(np.uint8)
        for is_inverted in (False, True):
            for again in range(2):
                rng = np.random.default_rng([seed, 2, number, again, int(is_inverted)])
                worn = _wear(film, [film], rng, is_inverted=is_inverted)
                yield _shrink(worn), "phantom", is_inverted, False


def _draw_strangers(films: list[Pixels8], *, seed: int, n: int) -> Iterator[_Row]:
    for index, kind in enumerate((*DRAWN, *MADE_OF_FILMS)):
        for number in range(n):
            rng = np.random.default_rng([seed, 3, index, number])
            drawn = DRAWN[kind](rng) if kind in DRAWN else MADE_OF_FILMS[kind](rng, films)
            grey = np.rint(drawn * 255).astype(np.uint8)
            yield _shrink(grey), kind, False, True
            for is_inverted in (False, True):
                worn = disguise(grey, rng, is_inverted=is_inverted, min_kept=0.75)
                yield _shrink(worn), kind, is_inverted, False


_IN_PYDICOM: Final = MappingProxyType(
    {
        "693_J2KI": "slice",
        "J2K_pixelrep_mismatch": "slice",
        "CT_small": "slice",
        "MR_small": "slice",
        "examples_overlay": "slice",
        "JPEG2000": "scintigram",
        "examples_jpeg2k": "ultrasound",
        "examples_palette": "ultrasound",
        "examples_rgb_color": "ultrasound",
        "GDCMJ2K_TextGBR": "text",
        "image_dfl": "test pattern",
        "liver_1frame": "mask",
    }
)
_IN_PACKAGES: Final = MappingProxyType(
    {
        ("sklearn", "datasets/images/china.jpg"): "photograph",
        ("sklearn", "datasets/images/flower.jpg"): "photograph",
        ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"): "photograph",
        ("matplotlib", "mpl-data/sample_data/Minduka_Present_Blue_Pack.png"): "icon or logo",
        ("matplotlib", "mpl-data/sample_data/logo2.png"): "icon or logo",
    }
)


def list_real_strangers(shared: Path) -> Iterator[tuple[str, str, Pixels8]]:
    """Yield real pictures that are no film of a limb: kind, name and picture.

    They come from the project's sample files and from packages that are installed anyway. None is
    fitted to, and none is copied.

    Args:
        shared: The folder of real films.
    """
    for name, kind in _IN_PYDICOM.items():
        yield kind, name, read_dicom(_find("pydicom") / "data" / "test_files" / f"{name}.dcm")
    yield "trunk", "CHEST_dx (a dog)", read_dicom(shared / "dicom" / "CHEST_dx_mono1_small.dcm")
    dental = shared / "dicom" / "CR_mono1_modalityLUT.dcm"
    yield "dental", "CR_mono1_modalityLUT", read_dicom(dental)
    for (package, inside), kind in _IN_PACKAGES.items():
        yield kind, Path(inside).name, read_picture(_find(package) / inside)
    brain = gzip.decompress(
        (_find("matplotlib") / "mpl-data/sample_data/s1045.ima.gz").read_bytes()
    )
    yield "slice", "s1045", _stretch(np.frombuffer(brain, np.uint16).reshape(256, 256))


def read_picture(path: Path) -> Pixels8:
    """Read any picture, in grey.

    Args:
        path: The file.
    """
    grey = Image.open(path).convert("RGB").convert("L")
    return keep_film(np.asarray(grey, dtype=np.float32) / np.float32(255))


def read_dicom(path: Path) -> Pixels8:
    """Read a DICOM picture, roughly: greys stretched, MONOCHROME1 inverted.

    Args:
        path: The file.
    """
    ds = pydicom.dcmread(path, force=True)
    pixels = ds.pixel_array.astype(np.float32)
    if pixels.ndim == 3 and pixels.shape[-1] == 3:
        pixels = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    grey = _stretch(pixels if pixels.ndim == 2 else pixels[0])
    return 255 - grey if ds.get("PhotometricInterpretation") == "MONOCHROME1" else grey


def _stretch(pixels: npt.NDArray[np.generic]) -> Pixels8:
    values = pixels.astype(np.float32)
    low, high = np.percentile(values, [0.5, 99.5])
    return keep_film(np.clip((values - low) / max(high - low, 1e-6), 0, 1))


def _find(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
