"""Draw a collection full of flaws, and audit it: what the report looks like, without a patient.

python examples/audit_phantoms.py audit-demo

Sixty drawn films in train and test folders, among which the script hides what public collections
hide: films turned and mirrored, cropped, as a negative, with words on them, under the other label,
in the other split, cut off in the middle.

The picture of it in the README is made so:

chromium --headless --hide-scrollbars --window-size=1000,1880
--screenshot=docs/images/audit-report.png audit-demo/audit/report.html
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from osteon.collection.manifest import write_manifest
from osteon.jobs.audit import audit_collection
from osteon.jobs.import_ import import_films
from osteon.phantoms.phantom import draw_phantom

N_FILMS = 60


def main(folder: Path) -> None:
    """Draw, import, audit, and say where the report is.

    Args:
        folder: Where everything goes.
    """
    films = folder / "films"
    for number in range(N_FILMS):
        is_fractured = number % 2 == 0
        film = draw_phantom(number, has_fracture=is_fractured, rows=420, columns=360)
        split = "test" if number % 5 == 0 else "train"
        save(film.radiograph.pixels, films / split / name_of(is_fractured) / f"{number:03}.png")
    hide_copies(films)
    result = import_films(films)
    write_manifest(result.manifest, folder / "manifest.parquet")
    audit = audit_collection(folder / "manifest.parquet", folder / "audit")
    for rule, count in audit.summary.rules.items():
        print(f"{rule}: {count.n_flaws}, {count.n_films} films")  # noqa: T201 — a script's answer
    print(f"Look at {folder / 'audit' / 'report.html'}")  # noqa: T201


def name_of(is_fractured: bool) -> str:  # noqa: FBT001 — a label, not a switch
    """Return the class folder's name."""
    return "fractured" if is_fractured else "not fractured"


def hide_copies(films: Path) -> None:
    """Plant the copies.

    Args:
        films: Where the drawn films are.
    """
    for number in range(1, N_FILMS, 6):
        is_fractured = number % 2 == 0
        source = films / ("test" if number % 5 == 0 else "train") / name_of(is_fractured)
        film = Image.open(source / f"{number:03}.png")
        turned = film.rotate(17 * number, Image.Resampling.BICUBIC, expand=True)
        mirrored = ImageOps.mirror(film).rotate(-40, Image.Resampling.BICUBIC)
        negative = ImageOps.invert(film).crop((30, 40, 340, 400))
        written = film.resize((240, 280), Image.Resampling.LANCZOS)
        ImageDraw.Draw(written).text(
            (20, 10), "PORTABLE 14:05", fill=255, font=ImageFont.load_default(20)
        )
        place(turned, films / "train" / name_of(is_fractured) / f"{number:03}-rotated1.jpg")
        place(mirrored, films / "test" / name_of(is_fractured) / f"{number:03}-copy.jpg")
        place(negative, films / "train" / name_of(is_fractured) / f"{number:03}-inv.jpg")
        label = is_fractured if number % 4 == 1 else not is_fractured
        place(written, films / "train" / name_of(label) / f"{number:03}-portable.jpg")
    cut = (films / "train" / "fractured" / "002.png").read_bytes()
    (films / "train" / "fractured" / "002-cut.png").write_bytes(cut[: len(cut) // 2])


def place(picture: Image.Image, path: Path) -> None:
    """Save a copy as augmentation scripts do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=80)


def save(pixels: np.ndarray, path: Path) -> None:
    """Save a drawn film, greys in [0, 1]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "audit-demo"))
