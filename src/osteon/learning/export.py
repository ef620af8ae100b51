"""Trained weights → an ONNX file with its card; refused where ONNX and torch disagree."""

import logging
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch

from osteon.errors import OutputFault, ParityBroken
from osteon.learning.networks import FractureNetwork
from osteon.release import NETWORK_CARD_KEY, NetworkCard

MAX_LOGIT_DIFFERENCE = 1e-4
OPSET = 20


def export_onnx(
    network: FractureNetwork, card: NetworkCard, path: Path, *, films: npt.NDArray[np.float32]
) -> float:
    """Write the network as ONNX, with its card inside, and check it against torch.

    Args:
        network: The trained network; moved to the CPU in 32 bits for this.
        card: What the file says about itself.
        path: The file to write; nothing stands there unless the check passes.
        films: Prepared films to check on, shape `(films, channels, rows, columns)`, in [0, 1].

    Returns:
        The largest difference between a torch logit and an ONNX logit.

    Raises:
        ParityBroken: If they differ by more than `MAX_LOGIT_DIFFERENCE` on any film.
        OutputFault: If the file cannot be written.
    """
    network = network.to("cpu").to(memory_format=torch.contiguous_format).float().eval()
    model = _traced(network, torch.from_numpy(films[:2]))
    model.metadata_props.add(key=NETWORK_CARD_KEY, value=card.model_dump_json())
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(model.SerializeToString())
    except OSError as fault:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputFault(
            str(path), "the exported network must be writable", found=type(fault).__name__
        ) from fault
    difference = _largest_difference(network, part, films)
    if not difference <= MAX_LOGIT_DIFFERENCE:
        part.unlink()
        raise ParityBroken(
            str(path),
            f"ONNX and torch must agree to {MAX_LOGIT_DIFFERENCE} in logit on {len(films)} films",
            found=difference,
            advice="The network was not exported; its checkpoints are kept.",
        )
    part.replace(path)
    return difference


def _traced(network: FractureNetwork, films: torch.Tensor) -> onnx.ModelProto:
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # torch's exporter warns about its own deprecated internals, which nobody here can mend
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network,
                (films,),
                dynamo=True,
                input_names=["films"],
                output_names=["logits"],
                dynamic_shapes={"films": {0: torch.export.Dim("n_films", min=1)}},
                opset_version=OPSET,
                verbose=False,
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return model


@torch.no_grad()
def _largest_difference(
    network: FractureNetwork, path: Path, films: npt.NDArray[np.float32]
) -> float:
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    largest = 0.0
    for start in range(0, len(films), 32):
        batch = films[start : start + 32]
        ours = network(torch.from_numpy(batch)).numpy()
        theirs = session.run(["logits"], {"films": batch})[0]
        largest = max(largest, float(np.abs(ours - theirs).max()))
        if not np.isfinite(ours).all():
            return float("nan")
    return largest
