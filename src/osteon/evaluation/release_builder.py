"""A card and a network become a release file, which is opened again before anybody else does."""

from pathlib import Path
from typing import Final

import numpy as np

from osteon.errors import SettingsFault
from osteon.files import write_whole
from osteon.inference.detector import Detector
from osteon.inference.network import Network
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.preparation import fit_pixels, scale_pixels
from osteon.release import SUFFIX, Preparation, ReleaseCard, SelfTest, pack_release
from osteon.release.card import Statement
from osteon.reports.figures.calibration import draw_reliability
from osteon.reports.pages.independence import footnote_copies
from osteon.settings import read_settings
from osteon.statistics.calibration_error import Reliability
from osteon.wording import name_collection, name_release

SELF_TEST_SEEDS: Final = (101, 102, 103, 104)
"""Of the drawn films of a self-test: no patient is in a release."""

NO_MAP: Final = (0, 0, 0)


def build_self_test(network: Network, how: Preparation) -> SelfTest:
    """Draw films and write down what the network answers to them.

    Args:
        network: The network.
        how: The preparation.
    """
    phantoms = [
        draw_phantom(seed, has_fracture=bool(place % 2))
        for place, seed in enumerate(SELF_TEST_SEEDS)
    ]
    films = np.stack([fit_pixels(phantom.radiograph, how) for phantom in phantoms])
    logits, evidence = network.answer(scale_pixels(films, how))
    none = np.zeros(NO_MAP, dtype=np.float32)
    return SelfTest(films=films, logits=logits, evidence=none if evidence is None else evidence)


def write_release(card: ReleaseCard, model: bytes, self_test: SelfTest, path: Path) -> ReleaseCard:
    """Write a release whole or not at all, and open it as a stranger would.

    Args:
        card: The card.
        model: The network.
        self_test: What it must answer.
        path: The file; its name ends in `.osteon`.

    Returns:
        The card with the hashes of its members.

    Raises:
        OutputFault: If the place cannot be written.
        ReleaseFault: If what was written does not stand its own checks.
    """  # noqa: DOC502 — raised by the functions called
    check_name(path)
    card, content = pack_release(card, model, self_test)
    unproven = path.with_name(f".unproven-{path.name}")
    write_whole(unproven, content)
    try:
        Detector.load(unproven, threads=1).close()
        unproven.replace(path)
    finally:
        unproven.unlink(missing_ok=True)
    return card


def publish(
    card: ReleaseCard,
    model: bytes,
    self_test: SelfTest,
    path: Path,
    *,
    reliability: Reliability,
    is_drawn: bool,
) -> tuple[ReleaseCard, Path]:
    """Write a release, and the reliability diagram of its test films beside it.

    Args:
        card: The card.
        model: The network.
        self_test: What it must answer.
        path: The release's file.
        reliability: Of the test films' probabilities.
        is_drawn: Whether a reader of the diagram must know of phantoms.

    Returns:
        The card with the hashes of its members, and the diagram's file.
    """
    card = write_release(card, model, self_test, path)
    figure = path.with_suffix(".reliability.png")
    name = name_release(f"{card.name} {card.version}")
    notes = [
        f"{name}: test films of {name_collection(card.tested_on.collection)}.",
        footnote_copies(card.independence),
        "Drawn phantoms, not patients." if is_drawn else "",
    ]
    draw_reliability(reliability, figure, note=" ".join(note for note in notes if note))
    return card, figure


def read_statement(path: Path | None) -> Statement:
    """Return what the maker of a release says of it; nothing where no file is given.

    Args:
        path: A TOML file with the keys of `Statement`.

    Raises:
        SettingsFault: If the file is missing, is not TOML, or has a key that no statement has.
    """  # noqa: DOC502 — reading raises it
    return Statement() if path is None else read_settings(path, Statement)


def check_name(path: Path) -> None:
    """Refuse a file name that is no release's.

    Args:
        path: The file.

    Raises:
        SettingsFault: If it does not end in `.osteon`.
    """
    if path.suffix != SUFFIX:
        raise SettingsFault("--out", f"a release's file name ends in {SUFFIX}", found=path.name)
