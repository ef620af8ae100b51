"""The pictures of an audit's page: a film, or a copy laid on the film that it was made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osteon.errors import FilmFault
from osteon.geometry import Box
from osteon.radiographs.preparation import square_box
from osteon.reports.pictures.film import (
    HeldFilm,
    ReadFilm,
    ReadTorn,
    align_film,
    draw_begin,
    draw_boxes,
    draw_difference,
    draw_film,
    encode_picture,
    fill_outside,
    hold_film,
)
from osteon.terms import ManifestRow, Pixels8
from osteon.wording import spell

N_LINK_SHOTS = 4
"""Pictures of a link: the two films, one laid on the other, and what is left between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One picture of an example.

    Attributes:
        alt: What the picture shows, for a reader who does not see it.
        caption: Under the picture.
        src: A data URI; empty where the film could not be opened.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        missing: Why there is no picture.
        has_fracture: The film's label, where it is to be shown.
    """

    alt: str
    caption: str
    src: str = ""
    width: int = 0
    height: int = 0
    missing: str = ""
    has_fracture: bool | None = None


class Shelf:
    """The films of a page, each opened once and held reduced.

    Args:
        read_film: Opens a film by its path in the collection.
        rows: What the manifest says about films, by path; may lack any.
        beside: The films of the collection that this one was compared with; None without one.
        read_torn: Opens a film of which a part is made up; None shows none.
    """

    def __init__(
        self,
        read_film: ReadFilm,
        rows: Mapping[str, ManifestRow],
        *,
        beside: "Shelf | None" = None,
        read_torn: ReadTorn | None = None,
    ) -> None:
        self._read_film = read_film
        self._read_torn = read_torn
        self._held: dict[str, HeldFilm | FilmFault] = {}
        self._rows = rows
        self.beside = self if beside is None else beside

    def take(self, path: str) -> HeldFilm | FilmFault:
        """Return a film, or why it cannot be opened.

        Args:
            path: Relative to the collection.
        """
        if path not in self._held:
            try:
                self._held[path] = hold_film(self._read_film(path))
            except FilmFault as fault:
                self._held[path] = fault
        return self._held[path]

    def label(self, path: str) -> bool | None:
        """Return whether a film is labelled as fractured; None where nobody says.

        Args:
            path: Relative to the collection.
        """
        row = self._rows.get(path)
        return None if row is None else row.has_fracture

    def boxes(self, path: str) -> tuple[Box, ...]:
        """Return the marks on a film, those drawn as polygons by their outline.

        Args:
            path: Relative to the collection.
        """
        row = self._rows.get(path)
        if row is None:
            return ()
        return row.boxes or tuple(map(Box.around, row.polygons))

    def shoot(
        self, path: str, *, boxes: Sequence[Box] = (), label: bool | None = None, before: str = ""
    ) -> Shot:
        """Return a picture of a film.

        Args:
            path: Relative to the collection.
            boxes: Drawn on it, in source pixels.
            label: Shown under it; by default the manifest's.
            before: Put before the film's name in the caption.
        """
        film, name = self.take(path), spell(path)
        said = self.label(path) if label is None else label
        caption = f"{before}{name}"
        if isinstance(film, FilmFault):
            return Shot(alt=name, caption=caption, missing=_say_fault(film), has_fracture=said)
        marked = f", {len(boxes)} marked" if boxes else ""
        row = self._rows.get(path)
        if row is not None and row.pixel_aspect is not None:
            boxes = [square_box(box, row.pixel_aspect) for box in boxes]
        picture = draw_boxes(film, boxes) if boxes else draw_film(film)
        return _shot(picture, alt=f"Film {name}{marked}", caption=caption, has_fracture=said)

    def shoot_torn(self, path: str) -> tuple[Shot, ...]:
        """Return a torn film with its made-up part marked, and enlarged where that begins.

        Args:
            path: Relative to the collection.
        """
        name = spell(path)
        if self._read_torn is None:
            return ()
        try:
            pixels, part = self._read_torn(path)
        except FilmFault as fault:
            missing = _say_fault(fault)
            return (Shot(alt=name, caption=name, missing=missing, has_fracture=self.label(path)),)
        film = hold_film(pixels)
        marked = draw_film(film) if part is None else draw_boxes(film, (part,))
        alt = f"Film {name}, its made-up part marked"
        whole = _shot(marked, alt=alt, caption=name, has_fracture=self.label(path))
        if part is None:
            return (whole,)
        begin = draw_begin(pixels, part)
        alt = f"Film {name}, enlarged where the made-up part begins"
        return whole, _shot(begin, alt=alt, caption="Where the made-up part begins, enlarged")


def shoot_link(
    link: Mapping[str, Any],
    shelf: Shelf,
    labels: Mapping[str, bool] | None = None,
    *,
    shelf_of_b: Shelf | None = None,
) -> tuple[Shot, ...]:
    """Return both films of a link, the second laid on the first, and what is left between them.

    Args:
        link: As it stands in the evidence.
        shelf: Where films are taken from.
        labels: Of films, by path; by default the manifest's.
        shelf_of_b: Where the second film is taken from; by default the same.
    """
    told = labels or {}
    shelves = (shelf, shelf if shelf_of_b is None else shelf_of_b)
    path_a, path_b = str(link["a"]), str(link["b"])
    pair = tuple(
        own.shoot(path, label=told.get(path), before=f"{letter}: ")
        for own, letter, path in zip(shelves, "AB", (path_a, path_b), strict=True)
    )
    still, film = shelves[0].take(path_a), shelves[1].take(path_b)
    if isinstance(still, FilmFault) or isinstance(film, FilmFault):
        return pair
    laid, shown = align_film(
        film, still, matrix=link["matrix"], is_inverted=bool(link["is_inverted"])
    )
    difference = draw_difference(draw_film(still), laid, shown)
    aligned = f"Film {spell(path_b)} laid on film {spell(path_a)}"
    return (
        *pair,
        _shot(fill_outside(laid, shown), alt=aligned, caption="B laid on A"),
        _shot(difference, alt=f"{aligned}: what differs", caption="Difference (black: equal)"),
    )


def _shot(picture: Pixels8, *, alt: str, caption: str, has_fracture: bool | None = None) -> Shot:
    height, width = picture.shape[:2]
    return Shot(
        alt=alt,
        caption=caption,
        src=encode_picture(picture),
        width=width,
        height=height,
        has_fracture=has_fracture,
    )


def _say_fault(fault: FilmFault) -> str:
    # Without the fault's address, a folder of this machine; the caption names the film.
    found = "" if fault.found is None else f"; found {fault.found}"
    return f"Could not be opened: {fault.must}{found}."
