"""Connected pieces are those that a walk from cell to cell would find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.inference.components import find_pieces


def walk(values, level):
    """Find the pieces cell by cell: boxes, peaks and cells of each."""
    waiting = {(int(row), int(column)) for row, column in np.argwhere(values >= level)}
    pieces = []
    while waiting:
        piece = [waiting.pop()]
        for row, column in piece:  # grows as it is walked
            near = {(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & waiting
            waiting -= near
            piece.extend(near)
        rows, columns = zip(*piece, strict=True)
        box = (min(columns), min(rows), max(columns) + 1, max(rows) + 1)
        pieces.append((box, max(float(values[cell]) for cell in piece), sorted(piece)))
    return sorted(pieces)


def tell(values, level):
    """Say the same of what was found in one go."""
    pieces = find_pieces(values, level)
    rows, columns = values.shape
    cells = np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)
    of_cell = pieces.find(cells.ravel()).reshape(values.shape)
    return sorted(
        (tuple(box), peak, sorted(map(tuple, np.argwhere(of_cell == number).tolist())))
        for number, (box, peak) in enumerate(
            zip(pieces.boxes.tolist(), pieces.peaks.tolist(), strict=True)
        )
    )


@given(
    st.integers(1, 14), st.integers(1, 14), st.sampled_from([0.2, 0.5, 0.8]), st.integers(0, 10**6)
)
def test_pieces_are_those_of_a_walk(rows, columns, level, seed):
    """Boxes, peaks and cells agree with the slow way, whatever the map."""
    values = np.random.default_rng(seed).random((rows, columns)).astype(np.float32)
    assert tell(values, level) == walk(values, level)


@pytest.mark.parametrize("level", [0.55, 0.6, 0.65])
def test_winding_pieces_of_a_large_map_are_joined_whole(level):
    """Where noise is about to join from edge to edge, pieces wind; they are found all the same."""
    values = np.random.default_rng(4).random((90, 80)).astype(np.float32)
    assert tell(values, level) == walk(values, level)


def test_a_snake_is_one_piece():
    """A path that turns at every second row is one piece, however long it is."""
    values = np.zeros((41, 30), np.float32)
    values[::2] = 1.0
    values[1::4, -1] = values[3::4, 0] = 1.0
    ((box, peak, cells),) = tell(values, 0.5)
    assert (box, peak) == ((0, 0, 30, 41), 1.0)
    assert len(cells) == int(values.sum())


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_a_dark_map_has_no_piece_and_a_bright_one_has_one(shape):
    """Nothing is found where nothing reaches the level, and all of it where all does."""
    nothing = find_pieces(np.zeros(shape, np.float32), 0.5)
    assert nothing.boxes.shape == (0, 4)
    assert nothing.find(np.array([0])).tolist() == [-1]
    assert find_pieces(np.ones(shape, np.float32), 0.5).boxes.tolist() == [[0, 0, *shape[::-1]]]
