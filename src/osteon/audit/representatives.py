"""One copy that stands for all copies of a picture."""

from collections.abc import Mapping, Sequence

from osteon.terms import ManifestRow, Split

_Rank = tuple[bool, bool, bool, int, float, str]


def choose_representatives(
    rows: Sequence[ManifestRow],
    pictures: Mapping[str, str],
    *,
    file_bytes: Mapping[str, int],
) -> dict[str, str]:
    """Choose, for every film that has a better copy, the copy that stands for it.

    A placed film wins, so that a picture keeps its split; then one that is whole, one with an
    outline of the fracture, the one with most pixels, the one with most bytes per pixel (the least
    lossy), the smallest path. Copies placed in different splits do not stand for each other, nor do
    copies under different labels: which of these is right is not for a rule to say.

    Args:
        rows: Films of a collection.
        pictures: Path → the name of the film's picture, from `groups.name_pictures`.
        file_bytes: Path → size of the file; a film that is missing here counts as most compressed.

    Returns:
        Path of each film that can leave → path of the copy that stands for it.
    """
    copies: dict[tuple[str, bool], list[ManifestRow]] = {}
    for row in rows:
        if row.path in pictures:
            copies.setdefault((pictures[row.path], row.has_fracture), []).append(row)
    stands_for: dict[str, str] = {}
    for same in copies.values():
        for members in _by_split(same):
            best = min(members, key=lambda row: _rank(row, file_bytes.get(row.path, 0)))
            stands_for.update({row.path: best.path for row in members if row.path != best.path})
    return stands_for


def _by_split(rows: Sequence[ManifestRow]) -> list[list[ManifestRow]]:
    """Part copies by split; unplaced ones go with the placed where these agree."""
    parts: dict[Split | None, list[ManifestRow]] = {}
    for row in rows:
        parts.setdefault(row.split, []).append(row)
    if len(parts) == 2 and None in parts:
        return [list(rows)]
    return list(parts.values())


def _rank(row: ManifestRow, n_bytes: int) -> _Rank:
    n_pixels = row.rows * row.columns
    return (
        row.split is None,
        row.state != "readable",
        not (row.boxes or row.polygons),
        -n_pixels,
        -n_bytes / n_pixels if n_pixels else 0.0,
        row.path,
    )
