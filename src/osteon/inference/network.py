"""An exported network: films of the network's size go in, logits and evidence come out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from pydantic import ValidationError

from osteon.errors import FolderNotFound, RunFault
from osteon.radiographs.preparation import fit_pixels, scale_pixels
from osteon.release import NETWORK_CARD_KEY, NetworkCard
from osteon.terms import Floats, Logit, Pixels8, Progress, Radiograph, no_progress

BATCH = 32
"""Films in one forward pass of `measure_logits`."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NetworkOutputs:
    """What a network says of prepared films.

    Attributes:
        logits: Of a fracture, shape `(films,)`.
        evidence: Shape `(films, map rows, map columns)`, not negative, in the network's own units;
            None where it gives none.
        boxes: `(x0, y0, x1, y1, score)`, the best-scored first, overlapping ones among them, in
            pixels of the network's input, shape `(films, boxes, 5)`; the score, in [0, 1], is no
            probability. None where the network has no box head.
    """

    logits: npt.NDArray[np.float32]
    evidence: Floats | None
    boxes: Floats | None


class Network:
    """An ONNX network, its preparation, and the direction of its answer.

    Safe to use from several threads.

    Args:
        session: The network, loaded.
        card: What it says about itself.
    """

    def __init__(self, session: onnxruntime.InferenceSession, card: NetworkCard) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = tuple(output.name for output in session.get_outputs())
        self.card = card

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> "Network":
        """Return the network in an ONNX file that Osteon exported.

        Args:
            path: The file, such as `runs/NAME/models/best_model.onnx`.
            threads: CPU threads; None takes every core.

        Raises:
            FolderNotFound: If there is no such file.
            RunFault: If it is no network that Osteon exported.
        """
        file = Path(path)
        if not file.is_file():
            raise FolderNotFound(str(path), "an exported network is needed here")
        session = open_session(file.read_bytes(), where=str(path), threads=threads)
        card = session.get_modelmeta().custom_metadata_map.get(NETWORK_CARD_KEY, "")
        try:
            return cls(session, NetworkCard.model_validate_json(card))
        except ValidationError as fault:
            raise RunFault(
                str(path),
                "the network must carry Osteon's card: its preparation and its positive class",
                found="no card" if not card else "a card that is not ours",
                advice="Export it with `osteon train`, which writes one.",
            ) from fault

    @property
    def has_evidence(self) -> bool:
        """Whether the network says where it looked."""
        return "evidence" in self._outputs

    @property
    def has_boxes(self) -> bool:
        """Whether the network gives boxes of its own."""
        return "boxes" in self._outputs

    def answer(self, films: Floats) -> tuple[npt.NDArray[np.float32], Floats | None]:
        """Return logits and evidence of prepared films, in one forward pass.

        Args:
            films: Shape `(films, channels, rows, columns)`, float32 in [0, 1].

        Returns:
            Logits of a fracture, shape `(films,)`; evidence, shape `(films, map rows, map
            columns)`, not negative, in the network's own units, or None where it gives none.
        """
        outputs = self.look(films)
        return outputs.logits, outputs.evidence

    def look(self, films: Floats) -> NetworkOutputs:
        """Return all that the network says of prepared films, in one forward pass.

        Args:
            films: Shape `(films, channels, rows, columns)`, float32 in [0, 1].
        """
        wanted = [name for name in ("logits", "evidence", "boxes") if name in self._outputs]
        said = dict(zip(wanted, self._session.run(wanted, {self._input: films}), strict=True))
        return NetworkOutputs(
            logits=said["logits"], evidence=said.get("evidence"), boxes=said.get("boxes")
        )

    def measure_logit(self, radiograph: Radiograph) -> Logit:
        """Return the logit of a fracture in one film."""
        pixels = fit_pixels(radiograph, self.card.preparation)
        return Logit(float(self.measure_logits(pixels[np.newaxis])[0]))

    def measure_logits(
        self, pixels: Pixels8, *, batch: int = BATCH, progress: Progress = no_progress
    ) -> npt.NDArray[np.float32]:
        """Return the logits of films that `fit_pixels` has brought to the network's size.

        Args:
            pixels: uint8, shape `(films, rows, columns)`; a memory-mapped array serves.
            batch: Films per forward pass.
            progress: Told after every batch.

        Returns:
            Logits of a fracture, shape `(films,)`.
        """
        logits = np.empty(len(pixels), dtype=np.float32)
        for start in range(0, len(pixels), batch):
            films = scale_pixels(pixels[start : start + batch], self.card.preparation)
            logits[start : start + len(films)] = self._session.run(
                ["logits"], {self._input: films}
            )[0]
            progress("reading films", start + len(films), len(pixels))
        return logits


def open_session(
    model: bytes, *, where: str, threads: int | None = None
) -> onnxruntime.InferenceSession:
    """Return an ONNX network, ready to run on the CPU.

    Args:
        model: The file's bytes; weights in other files are never looked for.
        where: Starts the refusal.
        threads: CPU threads; None takes every core.

    Raises:
        RunFault: If it is no ONNX network.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    # Idle threads that spin in wait for work would take it from the processes that decode films.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # onnxruntime's faults share no base class
        raise RunFault(
            where, "a readable ONNX network is needed", found=type(fault).__name__
        ) from fault
