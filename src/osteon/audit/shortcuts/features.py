"""What a label may be guessed from: features of a film, as numbers and as words.

Some are facts of the file, the frame and the greys; the others the manifest knows. What exists on
account of the label, or of our own work, is not among them: boxes, polygons, fracture type, what a
table says of the label, the size that an annotation claims, and the splits, ours or published
(FracAtlas places fractured films only).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.audit.file_features import FilmFacts
from osteon.terms import ManifestRow

FEATURE_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "n_bytes": "file size",
        "container": "file format",
        "mode": "colour mode",
        "rows": "height",
        "columns": "width",
        "aspect": "aspect",
        "bits_per_pixel": "bits per pixel",
        "jpeg_quality": "JPEG quality",
        "jpeg_tables": "JPEG tables",
        "jpeg_chroma": "JPEG chroma subsampling",
        "is_progressive": "progressive JPEG",
        "density": "claimed pixel density",
        "metadata": "metadata beside the picture",
        "border_grey": "grey of the border",
        "border_above_below": "bands above and below",
        "border_left_right": "bands at the left and right",
        "mean_grey": "mean grey",
        "spread_grey": "spread of grey",
        "black_share": "share of black",
        "white_share": "share of white",
        "n_greys": "number of greys",
        "sharpness": "sharpness",
        "hardware": "hardware",
        "view": "view",
        "body_region": "body region",
        "age": "age",
        "sex": "sex",
        "manufacturer": "manufacturer",
    }
)
"""The features, in the words of a report; those of the file come first."""

COVARIATES: Final = ("hardware", "view", "body_region", "age", "sex", "manufacturer")
"""The features that the manifest knows."""

CATEGORIES: Final = frozenset(
    {
        "container",
        "mode",
        "jpeg_tables",
        "jpeg_chroma",
        "is_progressive",
        "density",
        "metadata",
        "hardware",
        "view",
        "body_region",
        "sex",
        "manufacturer",
    }
)
"""The features that are words, of which none is more than another."""

_MAX_CATEGORIES: Final = 30
_OTHER: Final = "other"
_NOT_KNOWN: Final = "not known"
_SHOWN_CATEGORIES: Final = 6

Column = list[float | str | None]
"""One feature of every film: numbers, or words where it is a category; None is not known."""


def read_column(name: str, rows: Sequence[ManifestRow], facts: Mapping[str, FilmFacts]) -> Column:
    """Return one feature of every film.

    Args:
        name: One of `FEATURE_WORDS`.
        rows: The films.
        facts: By the SHA-256 of the file, at least those of the films.
    """
    column: Column = []
    for row in rows:
        value = getattr(row if name in COVARIATES else facts[row.sha256], name)
        if isinstance(value, tuple):
            value = ", ".join(sorted(value)) or None
        if isinstance(value, bool):
            value = "yes" if value else "no"
        column.append(value)
    return column


def encode_columns(columns: Mapping[str, Column]) -> npt.NDArray[np.float64]:
    """Return features as one table of numbers.

    Args:
        columns: From `read_column`, by name.

    Returns:
        Shape `(films, features)`. A category is its number, the most common 0, and the rarest
        share one; what is not known is NaN.
    """
    coded = [
        _encode(column) if name in CATEGORIES else np.array(column, dtype=np.float64)
        for name, column in columns.items()
    ]
    return np.stack(coded, axis=1)


def describe_classes(
    name: str, column: Column, has_fracture: npt.NDArray[np.bool_]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a feature is like in the fractured films and in the others, as JSON values.

    Args:
        name: One of `FEATURE_WORDS`.
        column: From `read_column`.
        has_fracture: Shape `(films,)`, both classes present.

    Returns:
        For each class `n_films`, `n_known`, and `quartiles` of a number (None where none is
        known) or `shares` of a category's most common words, the same words in both.
    """
    describe = _describe_words if name in CATEGORIES else _describe_numbers
    fractured, not_fractured = describe(column, has_fracture)
    return fractured, not_fractured


def _encode(column: Column) -> npt.NDArray[np.float64]:
    """Return the number of each category; the rarest ones share a number, None is NaN."""
    numbers = {word: float(i) for i, word in enumerate(_most_common(column)[:_MAX_CATEGORIES])}
    rest = float(len(numbers))
    return np.array([np.nan if word is None else numbers.get(word, rest) for word in column])


def _most_common(words: Column) -> list[float | str]:
    counts = Counter(word for word in words if word is not None)
    return sorted(counts, key=lambda word: (-counts[word], str(word)))


def _describe_numbers(column: Column, has_fracture: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    values = np.array(column, dtype=np.float64)
    described = []
    for own in (values[has_fracture], values[~has_fracture]):
        known = own[~np.isnan(own)]
        quartiles = np.quantile(known, [0.25, 0.5, 0.75]).tolist() if known.size else None
        described.append({"n_films": own.size, "n_known": known.size, "quartiles": quartiles})
    return described


def _describe_words(column: Column, has_fracture: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    words = [_NOT_KNOWN if word is None else str(word) for word in column]
    shown = [str(word) for word in _most_common(list(words))[:_SHOWN_CATEGORIES]]
    described = []
    for wanted in (True, False):
        own = [word for word, label in zip(words, has_fracture, strict=True) if label == wanted]
        counts = Counter(word if word in shown else _OTHER for word in own)
        kinds = [*shown, _OTHER] if len(set(words)) > len(shown) else shown
        shares = {word: counts[word] / len(own) for word in kinds}
        described.append(
            {"n_films": len(own), "n_known": len(own) - own.count(_NOT_KNOWN), "shares": shares}
        )
    return described
