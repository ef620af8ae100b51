"""What a program may hand in as a film, and as several films.

A bad film is no exception: its reading says why it was not read. A thing that is no film at all is
a fault of the program, and a `TypeError` says so at once.
"""

import glob
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps

from osteon.collection.folders import walk_folder
from osteon.errors import NoFilms, TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.terms import Radiograph

Film = str | PathLike[str] | bytes | npt.NDArray[Any] | Radiograph | Any
"""What `read` takes; see `FILMS`."""

FILMS: Final = (
    "a path, bytes, a file opened in binary mode, a PIL image, a NumPy array of greys of shape "
    "(rows, columns) or (rows, columns, 1, 3 or 4), a torch tensor of shape (rows, columns) or "
    "(1, 3 or 4, rows, columns), a pydicom Dataset, or an osteon.Radiograph"
)

_CHANNELS: Final = frozenset({1, 3, 4})
_LUMINANCE: Final = (0.299, 0.587, 0.114)  # ITU-R BT.601, as for files in colour
_NAMES: Final = (
    (bytes | bytearray | memoryview, "bytes"),
    (np.ndarray, "array"),
    (Image.Image, "image"),
)
_MAGIC: Final = frozenset("*?[")


def name_film(film: Film) -> str:
    """Return how a film is called in its reading: its path, or what it is.

    Args:
        film: As it was handed in.
    """
    if isinstance(film, Radiograph):
        return film.source
    if isinstance(film, str | PathLike):
        return str(film)
    for kind, name in _NAMES:
        if isinstance(film, kind):
            return name
    if _is_tensor(film):
        return "tensor"
    if is_stream(film):
        given = getattr(film, "name", None)
        return given if isinstance(given, str) else "file"
    return "dataset"


def is_stream(film: object) -> bool:
    """Return whether a film is a file object, which can be read once.

    Args:
        film: As it was handed in.
    """
    return callable(getattr(film, "read", None))


def simplify_film(film: Film, *, max_bytes: int) -> Path | bytes | npt.NDArray[Any] | Any:
    """Return a film as one of four kinds: a path, bytes, a 2-D array, or whatever else it is.

    Args:
        film: As it was handed in.
        max_bytes: A file object is read no further than one byte beyond this.

    Returns:
        A path, bytes, an array of shape `(rows, columns)`, a `Radiograph` or a `pydicom.Dataset`.

    Raises:
        TypeError: If it is no film.
        TruncatedFilm: If it is a PIL image whose file ends too early.
        UnreadableFilm: If it is a PIL image that does not decode.
        UnsupportedRadiograph: If an array's transparency, or mask, leaves open what is shown.
    """
    if isinstance(film, str | PathLike):
        return Path(film)
    if isinstance(film, bytes | bytearray | memoryview):
        return bytes(film)
    stored = _read_stored(film, max_bytes)
    if stored is not None:
        return stored
    if isinstance(film, np.ndarray | Image.Image) or _is_tensor(film):
        return _flatten(_take_array(film))
    if isinstance(film, Radiograph) or _is_dataset(film):
        return film
    if is_stream(film):
        content = film.read(max_bytes + 1)
        if isinstance(content, bytes | bytearray):
            return bytes(content)
    raise TypeError(f"a film must be {FILMS}; found {_describe(film)}")


def list_films(films: Any) -> Iterable[Film]:
    """Return the films that `read_many` was asked for.

    Args:
        films: A folder, a pattern such as `films/*.png`, one path, or an iterable of films.

    Raises:
        TypeError: If it is a single film that is no path, or nothing that can be iterated over.
        NoFilms: If a folder or a pattern holds no film.
    """
    if isinstance(films, str | PathLike):
        return _list_paths(Path(films))
    is_one = isinstance(films, bytes | bytearray | memoryview | np.ndarray | Image.Image)
    if is_one or isinstance(films, Radiograph) or not isinstance(films, Iterable):
        raise TypeError(
            "read_many takes a folder, a pattern such as films/*.png, or an iterable of films; "
            f"found {_describe(films)}. For one film there is read."
        )
    return films


def _list_paths(path: Path) -> list[Path]:
    if path.is_dir():
        contents = walk_folder(path)
        names = sorted([*contents.films, *(one.path for one in contents.objects)])
        found = [path / name for name in names]
    elif not path.exists() and _MAGIC & set(str(path)):
        # A pattern may be absolute and may start anywhere; Path.glob takes neither.
        found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
        found = [name for name in found if not name.is_dir()]
    else:
        return [path]  # also where nothing is there: its reading says so
    if not found:
        raise NoFilms(str(path), "must hold films", advice="Name a folder or pattern of films.")
    return found


def _is_tensor(film: object) -> bool:
    # torch is never imported here: who has a tensor has torch.
    return type(film).__module__.partition(".")[0] == "torch" and hasattr(film, "detach")


def _read_stored(film: object, max_bytes: int) -> bytes | None:
    """Return the file behind a PIL image that was opened and not decoded; None for all others.

    Pillow keeps 8 of 16 bits of a colour and makes up what a damaged JPEG lacks, and says neither:
    such a file is read like any other.
    """
    if not (isinstance(film, ImageFile.ImageFile) and film.tile):
        return None
    stream = film.fp
    if stream is None or stream.closed or not stream.seekable():
        return None
    at = stream.tell()
    stream.seek(0)
    content = stream.read(max_bytes + 1)
    stream.seek(at)
    return content


def _is_dataset(film: object) -> bool:
    return any(kind.__module__.startswith("pydicom.") for kind in type(film).__mro__)


def _take_array(film: Any) -> npt.NDArray[Any]:
    if isinstance(film, np.ma.MaskedArray):
        return _unmask(film)
    if isinstance(film, np.ndarray):
        return film
    if isinstance(film, Image.Image):
        return _decode_image(film)
    tensor = film.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.float()  # NumPy knows no bfloat16
    array: npt.NDArray[Any] = tensor.numpy()
    if array.ndim == 3 and array.shape[0] in _CHANNELS:
        return np.moveaxis(array, 0, -1)
    if array.ndim != 2:
        raise TypeError(f"a film must be {FILMS}; found {_describe(film)}")
    return array


def _unmask(film: np.ma.MaskedArray[Any, Any]) -> npt.NDArray[Any]:
    """Return an array whose mask hides nothing; arithmetic would leave what it hides as it is.

    Raises:
        UnsupportedRadiograph: If it hides something.
    """
    n_hidden = int(np.count_nonzero(np.ma.getmaskarray(film)))
    if n_hidden:
        raise UnsupportedRadiograph(
            "array",
            "must have a grey in every place",
            found=f"{n_hidden:,} places that are masked",
            advice="Fill them, as black or as they are meant, and read that.",
            code="masked",
        )
    return np.asarray(film.data)


def _decode_image(image: Image.Image) -> npt.NDArray[Any]:
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in upright.info:
            upright = upright.convert("RGBA")
        elif upright.mode in {"P", "CMYK", "YCbCr", "HSV", "LAB"}:
            upright = upright.convert("RGB")
        return np.asarray(upright)
    except (OSError, SyntaxError, ValueError) as fault:
        if "truncated" in str(fault):
            raise TruncatedFilm("image", "must hold the whole picture") from fault
        raise UnreadableFilm("image", "must decode") from fault


def _flatten(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return greys, shape `(rows, columns)`, of an array that may hold them in colour.

    Raises:
        TypeError: If it holds no picture.
        UnsupportedRadiograph: If it is transparent in places.
    """
    is_grey = array.ndim == 2
    if array.dtype.kind not in "buif" or not (
        is_grey or (array.ndim == 3 and array.shape[2] in _CHANNELS)
    ):
        raise TypeError(
            f"a film must be {FILMS}; found an array of shape {array.shape} of {array.dtype}"
        )
    if is_grey:
        return array
    if array.shape[2] == 4 and array.size and (array[..., 3] != array[0, 0, 3]).any():
        raise UnsupportedRadiograph(
            "array",
            "must be opaque: its transparency differs from place to place",
            advice="Lay it over black or white, as it is meant, and read that.",
            code="transparent",
        )
    first = array[..., 0]
    colours = array[..., :3]
    if array.shape[2] == 1 or (colours == first[..., np.newaxis]).all():
        return first
    mixed = colours.astype(np.float64) @ np.array(_LUMINANCE)
    grey: npt.NDArray[Any] = np.rint(mixed) if array.dtype.kind in "bui" else mixed
    return grey.astype(array.dtype)


def _describe(film: object) -> str:
    shape = getattr(film, "shape", None)
    kind = f"{type(film).__module__}.{type(film).__qualname__}".removeprefix("builtins.")
    return kind if shape is None else f"{kind} of shape {tuple(shape)}"
