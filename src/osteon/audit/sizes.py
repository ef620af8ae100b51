"""A film brought to a long side: what is measured on small films is measured on this."""

import cv2
import numpy as np

from osteon.terms import Pixels8


def fit_long_side(grey: Pixels8, long_side: int, *, grows: bool = False) -> Pixels8:
    """Reduce a film to a long side, in proportion; no side falls below one pixel.

    Args:
        grey: The film, shape `(rows, columns)`.
        long_side: In pixels.
        grows: Whether a smaller film grows to it; otherwise it stays as it is.

    Returns:
        The film, contiguous; it may be the one that was given, where its size is right already.
    """
    by = long_side / max(grey.shape)
    if by == 1 or (by > 1 and not grows):
        return np.ascontiguousarray(grey)
    rows, columns = (max(1, round(side * by)) for side in grey.shape)
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (columns, rows), interpolation=how), dtype=np.uint8)
