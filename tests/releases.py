"""Small releases whose network is known: it sees a fracture wherever a film is very bright."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.stats import beta

from osteon.inference.guard_network import hash_guard_network
from osteon.release import (
    Calibrator,
    CertifiedThreshold,
    Guards,
    LocalisationSettings,
    OperatingPoints,
    Preparation,
    ReleaseCard,
    SelfTest,
    pack_release,
)
from osteon.release.card import Films, Independence, Measure, Precision

SIDE = 64
CELL = 4
GREY = 0.75
"""The network sees nothing in cells that are not brighter."""

SLOPE, SHIFT = 40.0, -2.0
"""Its logit is so many times the brightest cell's excess, and this more."""


def build_model(
    *,
    channels: int = 1,
    side: int = SIDE,
    slope: float = SLOPE,
    shift: float = SHIFT,
    **options: Any,
) -> bytes:
    """Build the ONNX network: its evidence is the mean brightness of a cell beyond `GREY`."""
    films = helper.make_tensor_value_info("films", TensorProto.FLOAT, ["n", channels, side, side])
    cells = side // CELL
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])]
    if options.get("evidence", True):
        shape = ["n", cells, cells]
        outputs.append(helper.make_tensor_value_info("evidence", TensorProto.FLOAT, shape))
    nodes = [
        helper.make_node("ReduceMean", ["films", "channel"], ["grey"]),
        helper.make_node(
            "AveragePool", ["grey"], ["cells"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]
        ),
        helper.make_node("Sub", ["cells", "threshold"], ["excess"]),
        helper.make_node("Relu", ["excess"], ["bright"]),
        helper.make_node("Squeeze", ["bright", "channel"], ["evidence"]),
        helper.make_node("ReduceMax", ["evidence", "places"], ["peak"], keepdims=0),
        helper.make_node("Mul", ["peak", "slope"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["logits"]),
    ]
    weights = {
        "channel": np.array([1], np.int64),
        "places": np.array([1, 2], np.int64),
        "threshold": np.array(GREY, np.float32),
        "slope": np.array([slope], np.float32),
        "shift": np.array([shift], np.float32),
    }
    held = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "bright", [films], outputs, held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def answer_films(films: np.ndarray, *, slope: float = SLOPE, shift: float = SHIFT) -> SelfTest:
    """Say what the network must answer, worked out without a runtime."""
    n, side, _ = films.shape
    grey = films.astype(np.float32) / np.float32(255)
    cells = grey.reshape(n, side // CELL, CELL, side // CELL, CELL).mean(axis=(2, 4))
    evidence = np.maximum(cells - np.float32(GREY), 0).astype(np.float32)
    logits = (evidence.max(axis=(1, 2)) * slope + shift).astype(np.float32)
    return SelfTest(films=films, logits=logits, evidence=evidence)


def draw_test_films(side: int = SIDE) -> np.ndarray:
    """Draw four films for the self-test: dark, and with spots of rising brightness."""
    films = np.full((4, side, side), 60, np.uint8)
    for number, grey in enumerate((60, 200, 225, 250)):
        films[number, 16:24, 24:32] = grey
    return films


def certify(
    promise: str, at_least: float, n_films: int, n_kept: int, threshold: float
) -> CertifiedThreshold:
    """Build a promise with counts that prove it."""
    bound = float(beta.ppf(0.05, n_kept, n_films - n_kept + 1))
    return CertifiedThreshold(
        promise=promise,
        at_least=at_least,
        threshold=threshold,
        n_films=n_films,
        n_kept=n_kept,
        lower_bound=bound,
        n_more=0,
        certified_on="test",
    )


def independence(**changes: Any) -> Independence:
    """Return what is known of four hundred films that one audit searched for copies."""
    told: dict[str, Any] = {
        "copies_looked_for": True,
        "audit": "2026-11-29 osteon 0.1.0 audit 0123456789abcdef",
        "n_films": 400,
        "n_not_audited": 0,
        "n_audits": 1,
        "n_without_patient": 400,
    }
    if not changes.get("copies_looked_for", True):
        told |= {"audit": "", "n_not_audited": 400, "n_audits": 0}
    return Independence(**(told | changes))


def build_card(**changes: Any) -> ReleaseCard:
    """Build a card whose guards let any film pass; keyword arguments replace its entries."""
    films = {"collection": "drawn", "manifest_sha256": "0" * 64, "n_films": 400, "n_groups": 390}
    told: dict[str, Any] = {
        "name": "bright",
        "version": "1.0.0",
        "positive_class": "fracture",
        "preparation": Preparation(rows=SIDE, columns=SIDE),
        "calibrator": Calibrator(
            method="platt", slope=1.0, fitted_on="tune", n_films=400, n_fractured=131
        ),
        "operating_points": OperatingPoints(
            high_sensitivity=certify("sensitivity", 0.90, 131, 129, 0.2),
            high_specificity=certify("specificity", 0.95, 269, 264, 0.8),
        ),
        "evidence": LocalisationSettings(method="in the network", scale=0.25, threshold=0.4),
        "guards": Guards(
            network=hash_guard_network(),
            min_spread=0.0,
            max_scope_logit=1e6,
            max_polarity_logit=1e6,
        ),
        "recipe": "by hand",
        "trained_on": None,
        "tuned_on": Films(split="tune", n_fractured=131, **films),
        "tested_on": Films(split="test", n_fractured=131, n_not_read=3, **films),
        "metrics": (
            Measure(
                name="sensitivity", value=0.9, low=0.83, high=0.94, hits=118, n=131, method="exact"
            ),
            Measure(name="auroc", value=0.91, low=0.88, high=0.94, n=400, method="bootstrap"),
        ),
        "precision": Precision(n_bytes=1000),
        "trained_on_phantoms": True,
        "software": {"osteon": "0.1.0"},
        "licence": "CC BY 4.0",
        "attribution": "nobody",
        "members": {},
    }
    return ReleaseCard(**(told | changes))


def build_release(folder: Path, *, name: str = "bright.osteon", **parts: Any) -> Path:
    """Write a release and return its path.

    `card` takes changes of the card; `model` and `self_test` replace what is packed; `films` are
    those that it lists.
    """
    card = build_card(**parts.get("card", {}))
    how = card.preparation
    model = parts.get("model") or build_model(channels=how.channels, side=how.rows)
    self_test = parts.get("self_test") or answer_films(draw_test_films(how.rows))
    if card.evidence.method == "occlusion" and "self_test" not in parts:
        none = np.zeros((0, 0, 0), np.float32)
        self_test = SelfTest(films=self_test.films, logits=self_test.logits, evidence=none)
    _, content = pack_release(card, model, self_test, films=parts.get("films"))
    path = folder / name
    path.write_bytes(content)
    return path


def repack(content: bytes, *, compression: int = zipfile.ZIP_STORED, **members: Any) -> bytes:
    """Write a release's zip again with members replaced, added, or left out where None."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        held = {entry.filename: file.read(entry) for entry in file.infolist()}
        comment = file.comment
    held |= {name: value for name, value in members.items() if name != "comment"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, value in held.items():
            if value is not None:
                file.writestr(name, value)
        file.comment = members.get("comment", comment)
    return buffer.getvalue()


def draw_spot(
    rows: int = 120, columns: int = 90, *, box: tuple[int, int, int, int] | None = (30, 40, 54, 70)
) -> np.ndarray:
    """Draw a dull film, uint8, with a very bright spot in a box (x0, y0, x1, y1)."""
    film = np.full((rows, columns), 70, np.uint8)
    film[:, columns // 3 : columns // 2] = 110
    if box is not None:
        x0, y0, x1, y1 = box
        film[y0:y1, x0:x1] = 255
    return film
