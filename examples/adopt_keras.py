"""A network made with Keras, as a stranger would make it, for `osteon adopt` (see docs/adopt.md).

It runs in an environment of its own: `pip install tensorflow-cpu onnx tf2onnx pillow`. Osteon is
not needed here. The films are the train split of a manifest that `osteon split` wrote as CSV.

    python examples/adopt_keras.py manifest.csv FILMS -o keras-cnn4.onnx --side 96 --epochs 6
"""

import argparse
import csv
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

CLASSES = ("fractured", "not fractured")
"""By name, as `flow_from_directory` numbers class folders: 0 and 1. A sigmoid then answers how
likely a film is *not* fractured, which is what adopt.toml must say."""


def read_films(
    manifest: Path, folder: Path, split: str, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return films, shape (n, side, side, 3), uint8, and labels 0 and 1 of a manifest's split."""
    lines = manifest.read_text(encoding="utf-8").splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("# osteon-manifest"))
    rows = [row for row in table if row["split"] == split and row["state"] == "readable"]
    films = np.empty((len(rows), side, side, 3), np.uint8)
    for place, row in enumerate(rows):
        with Image.open(folder / row["path"]) as film:
            small = film.convert("L").resize((side, side), Image.Resampling.BILINEAR)
        films[place] = np.asarray(small)[:, :, np.newaxis]
    labels = [row["has_fracture"].lower() not in {"true", "1"} for row in rows]
    return films, np.array(labels, np.float32)


def build_network(side: int) -> keras.Model:
    """Return the four-block network of the first seed."""
    layers = keras.layers
    network = keras.Sequential([layers.Input((side, side, 3))])
    for filters, convolutions in ((32, 2), (64, 2), (128, 2), (256, 1)):
        for _ in range(convolutions):
            network.add(layers.Conv2D(filters, 3, padding="same"))
            # Keras's own 0.99 needs thousands of steps before the averages mean anything.
            network.add(layers.BatchNormalization(momentum=0.9))
            network.add(layers.Activation("relu"))
        network.add(layers.MaxPooling2D())
        network.add(layers.Dropout(0.25))
    network.add(layers.GlobalAveragePooling2D())
    for units in (256, 128):
        network.add(layers.Dense(units))
        network.add(layers.BatchNormalization(momentum=0.9))
        network.add(layers.Activation("relu"))
        network.add(layers.Dropout(0.5))
    network.add(layers.Dense(1, activation="sigmoid"))
    return network


def main() -> None:
    """Train for a few epochs and export."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("manifest", type=Path)
    options.add_argument("films", type=Path)
    options.add_argument("-o", "--out", type=Path, required=True)
    options.add_argument("--side", type=int, default=96)
    options.add_argument("--epochs", type=int, default=6)
    asked = options.parse_args()

    keras.utils.set_random_seed(42)
    films, labels = read_films(asked.manifest, asked.films, "train", asked.side)
    sys.stderr.write(f"{len(films)} films, {int((labels == 0).sum())} {CLASSES[0]}\n")
    network = build_network(asked.side)
    network.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    n_of = np.bincount(labels.astype(int))
    chance = np.random.default_rng(42)
    for epoch in range(asked.epochs):
        seen = films.astype(np.float32) / 255
        flipped = chance.random(len(seen)) < 0.5
        seen[flipped] = seen[flipped, :, ::-1]
        weights = {place: len(labels) / (2 * n) for place, n in enumerate(n_of)}
        past = network.fit(seen, labels, batch_size=32, class_weight=weights, verbose=0)
        sys.stderr.write(f"epoch {epoch + 1}: loss {past.history['loss'][0]:.3f}\n")
    network.export(asked.out, format="onnx", verbose=False)


if __name__ == "__main__":
    main()
