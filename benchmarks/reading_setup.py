"""What `reading.py` reads with and what it reads: releases with random weights, drawn films.

python benchmarks/reading_setup.py FOLDER
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from osteon.evaluation.release_builder import build_self_test
from osteon.inference.guards import build_guards
from osteon.inference.network import Network
from osteon.learning.export.network import export_onnx
from osteon.learning.networks.build import build_network
from osteon.learning.recipes import find_recipe
from osteon.phantoms.phantom import draw_phantom
from osteon.release import (
    Calibrator,
    CertifiedThreshold,
    Guards,
    LocalisationSettings,
    NetworkCard,
    OperatingPoints,
    Preparation,
    ReleaseCard,
    pack_release,
)
from osteon.release.card import Films, Precision
from osteon.release.decisions import Promise

RECIPES: Final = ("seed-cnn4", "mobilenetv2")
N_JPEG, N_DICOM = 48, 6
SIDE: Final = 224


def main() -> None:
    """Write everything into the folder that the command names."""
    folder = Path(sys.argv[1])
    write_films(folder)
    for recipe in RECIPES:
        write_release(recipe, folder)


def write_films(folder: Path) -> None:
    """Draw the films: JPEG as a phone or a web page has them, DICOM as a detector gives them."""
    for seed in range(N_JPEG):
        film = draw_phantom(seed, has_fracture=bool(seed % 2), rows=454, columns=373).radiograph
        grey = np.rint(film.pixels * 255).astype(np.uint8)
        Image.fromarray(grey).save(folder / f"{seed:03d}.jpg", quality=92)
    for seed in range(N_DICOM):
        film = draw_phantom(seed, has_fracture=bool(seed % 2), rows=2500, columns=2000).radiograph
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.1", generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        ds.Modality, ds.PresentationIntentType = "DX", "FOR PRESENTATION"
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.Rows, ds.Columns = film.pixels.shape
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
        ds.WindowCenter, ds.WindowWidth = 32768, 65536
        ds.PixelData = np.rint(film.pixels * 65535).astype("<u2").tobytes()
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = ds.SOPClassUID
        meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        file = FileDataset("", ds, file_meta=meta, preamble=bytes(128))
        file.save_as(folder / f"{seed:03d}.dcm", enforce_file_format=True)


def write_release(recipe_name: str, folder: Path) -> Path:
    """Export a recipe's network with random weights at 224×224 and pack it with a made-up card."""
    size = {"preparation.rows": str(SIDE), "preparation.columns": str(SIDE)}
    recipe = find_recipe(recipe_name, size)
    torch.manual_seed(0)
    network = build_network(recipe, download=False)
    how = recipe.preparation
    shape = (4, how.channels, how.rows, how.columns)
    films = np.random.default_rng(0).random(shape, dtype=np.float32)
    path = folder / f"{recipe_name}.onnx"
    export_onnx(network, NetworkCard(recipe=recipe_name, preparation=how), path, films=films)
    open_all = {"min_spread": 0.0, "max_scope_logit": 1e6, "max_polarity_logit": 1e6}
    guards = build_guards().model_copy(update=open_all)
    self_test = build_self_test(Network.load(path), how)
    card = make_up_card(recipe_name, how, guards, path.stat().st_size)
    release = folder / f"{recipe_name}.osteon"
    release.write_bytes(pack_release(card, path.read_bytes(), self_test)[1])
    return release


def make_up_card(name: str, how: Preparation, guards: Guards, n_bytes: int) -> ReleaseCard:
    """Make a card that promises nothing: every film is in doubt, and so is searched for places."""

    def promise(what: Promise) -> CertifiedThreshold:
        return CertifiedThreshold(
            promise=what,
            at_least=0.9,
            threshold=None,
            n_films=0,
            n_kept=0,
            lower_bound=None,
            n_more=29,
            certified_on="nothing",
        )

    none = Films(
        split="test",
        collection="none",
        manifest_sha256="0" * 64,
        n_films=0,
        n_fractured=0,
        n_groups=0,
    )
    return ReleaseCard(
        name=name,
        version="0",
        positive_class="fracture",
        preparation=how,
        calibrator=Calibrator(method="temperature", fitted_on="nothing", n_films=0, n_fractured=0),
        operating_points=OperatingPoints(
            high_sensitivity=promise("sensitivity"), high_specificity=promise("specificity")
        ),
        evidence=LocalisationSettings(method="in the network", scale=1e-3, threshold=0.3),
        guards=guards,
        recipe=name,
        trained_on=None,
        tuned_on=none,
        tested_on=none,
        metrics=(),
        precision=Precision(n_bytes=n_bytes),
        trained_on_phantoms=True,
        software={},
        licence="none",
        attribution="nobody",
        members={},
    )


if __name__ == "__main__":
    main()
