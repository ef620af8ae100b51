"""A loaded network: Radiograph → logit. The one way to read, for users and for evaluation alike."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from pydantic import ValidationError

from osteon.errors import FolderNotFound, RunFault
from osteon.radiographs.prepare import fit_pixels, scale_pixels
from osteon.release import NETWORK_CARD_KEY, NetworkCard
from osteon.terms import Logit, Pixels8, Progress, Radiograph, no_progress


class Detector:
    """An exported network, its preparation, and the direction of its answer.

    Safe to use from several threads.
    """

    def __init__(self, session: onnxruntime.InferenceSession, card: NetworkCard) -> None:
        self._session = session
        self.card = card

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> "Detector":
        """Return the detector in an ONNX file that Osteon exported.

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
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                file.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as fault:  # onnxruntime's faults share no base class
            raise RunFault(
                str(path), "a readable ONNX network is needed", found=type(fault).__name__
            ) from fault
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

    def measure_logit(self, radiograph: Radiograph) -> Logit:
        """Return the logit of a fracture in one film."""
        pixels = fit_pixels(radiograph, self.card.preparation)
        return Logit(float(self.measure_logits(pixels[np.newaxis])[0]))

    def measure_logits(
        self, pixels: Pixels8, *, batch: int = 32, progress: Progress = no_progress
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
            logits[start : start + len(films)] = self._session.run(["logits"], {"films": films})[0]
            progress("reading films", start + len(films), len(pixels))
        return logits
