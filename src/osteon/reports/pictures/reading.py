"""A reading as a picture: for a notebook, a window or a file."""

import base64
import html
import io
from dataclasses import replace
from os import PathLike
from pathlib import Path

from PIL import Image

from osteon.errors import FilmFault
from osteon.files import write_whole
from osteon.inference.opening import build_order, decode_order
from osteon.release import Preparation
from osteon.reports.pictures.overlay import draw_overlay
from osteon.sandbox import Limits, WorkerPool
from osteon.terms import Reading


def plot_reading(reading: Reading) -> Image.Image:
    """Return the film with its map, boxes and decision; the film is decoded again, in a child.

    Args:
        reading: What was read in it.

    Raises:
        FilmFault: If the film is not there any more, or cannot be shown.
    """
    film = reading.source if reading.film is None else reading.film
    limits = Limits()
    order = build_order(film, Preparation(), limits)
    with WorkerPool(workers=1, limits=limits) as pool:
        radiograph, _ = pool.call(decode_order, order, name=order.source)
    return draw_overlay(radiograph, replace(reading, film=None))


def save_reading(reading: Reading, path: str | PathLike[str]) -> None:
    """Write the picture of a reading as PNG.

    Args:
        reading: What was read.
        path: Of the picture.

    Raises:
        FilmFault: If the film is not there any more, or cannot be shown.
        OutputFault: If the picture cannot be written.
    """
    write_whole(Path(path), _encode(plot_reading(reading)))


def render_html(reading: Reading) -> str:
    """Return the picture as HTML, or the reading in words where the film cannot be shown.

    Args:
        reading: What was read.
    """
    try:
        picture = base64.b64encode(_encode(plot_reading(reading))).decode("ascii")
    except FilmFault:
        reasons = "".join(f"<li>{html.escape(reason.text)}</li>" for reason in reading.reasons)
        return f"<p>{html.escape(repr(reading))}</p><ul>{reasons}</ul>"
    alt = html.escape(f"{reading.decision}: {reading.source}", quote=True)
    return f'<img alt="{alt}" style="max-width:100%" src="data:image/png;base64,{picture}">'


def _encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
