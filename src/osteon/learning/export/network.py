"""Trained weights → an ONNX file with its card; refused where ONNX and torch disagree.

The graph gives the logit and, where `evidence` has a closed form for the network, the evidence map,
in one forward pass; and the boxes of a network that has a box head. Equal weights give equal bytes:
what the exporter notes about the machine it ran on, such as paths in traces, is taken out.
"""

import logging
import math
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch

from osteon.errors import ParityBroken
from osteon.files import write_whole
from osteon.learning.export.evidence import ExplainedNetwork, look_at_map, measure_grad_cam
from osteon.learning.export.graphs import forget_the_machine
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.release import NETWORK_CARD_KEY, NetworkCard

MAX_LOGIT_DIFFERENCE = 1e-4
MAX_EVIDENCE_DIFFERENCE = 1e-4
"""Of the evidence map against a backward pass in torch, as a share of the films' highest peak."""

MAX_BOX_DIFFERENCE = 0.05
"""Of a box's sides in pixels of the network's input."""

MAX_SCORE_DIFFERENCE = 1e-4
"""Of a box's score; boxes whose scores are nearer than this may come in another order."""

NEARLY_ALL = 0.98
"""Share of the films that must hold to it: where a ReLU of the head is within rounding of zero it
may be on in one runtime and off in the other, which no logit notices, and a gradient does."""

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
        ParityBroken: If logits differ by more than `MAX_LOGIT_DIFFERENCE` on any film, the
            evidence by more than `MAX_EVIDENCE_DIFFERENCE` on more than a few, or a box by more
            than `MAX_BOX_DIFFERENCE` or `MAX_SCORE_DIFFERENCE` on any.
        OutputFault: If the file cannot be written.
    """
    network = network.to("cpu").to(memory_format=torch.contiguous_format).float().eval()
    explained = ExplainedNetwork(network, films.shape[1:]).eval()
    model = _traced(explained, torch.from_numpy(films[:2]))
    model.metadata_props.add(key=NETWORK_CARD_KEY, value=card.model_dump_json())
    content = model.SerializeToString(deterministic=True)
    of_logits, of_evidence, of_boxes = _largest_differences(explained, content, films)
    agrees = of_logits <= MAX_LOGIT_DIFFERENCE and of_evidence <= MAX_EVIDENCE_DIFFERENCE
    if not (agrees and of_boxes <= 1.0):
        raise ParityBroken(
            str(path),
            f"ONNX and torch must agree to {MAX_LOGIT_DIFFERENCE} in logit and "
            f"{MAX_EVIDENCE_DIFFERENCE} of the evidence's peak on {len(films)} films, and boxes to "
            f"once what {MAX_BOX_DIFFERENCE} pixels and {MAX_SCORE_DIFFERENCE} in score allow",
            found=(of_logits, of_evidence, of_boxes),
            advice="The network was not exported; its checkpoints are kept.",
        )
    write_whole(path, content)
    return of_logits


def _traced(network: ExplainedNetwork, films: torch.Tensor) -> onnx.ModelProto:
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
                output_names=network.output_names,
                dynamic_shapes={"films": {0: torch.export.Dim("n_films", min=1)}},
                opset_version=OPSET,
                verbose=False,
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    forget_the_machine(model)
    return model


def _largest_differences(
    network: ExplainedNetwork, content: bytes, films: npt.NDArray[np.float32]
) -> tuple[float, float, float]:
    """Return the largest difference of a logit, of `NEARLY_ALL` films' evidence, and of a box.

    The last is a share of what is allowed.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    of_logits, of_boxes, peak = 0.0, 0.0, 1e-12
    of_evidence: list[float] = []
    for start in range(0, len(films), 32):
        batch = films[start : start + 32]
        answers = session.run(network.output_names, {"films": batch})
        ours = _answer(network, torch.from_numpy(batch))
        if not all(np.isfinite(answer).all() for answer in (*ours, *answers)):
            return float("nan"), float("nan"), float("nan")
        of_logits = max(of_logits, float(np.abs(ours[0] - answers[0]).max()))
        if network.has_evidence:
            of_evidence += np.abs(ours[1] - answers[1]).max(axis=(1, 2)).tolist()
            peak = max(peak, float(ours[1].max()))
        if network.has_boxes:
            of_boxes = max(of_boxes, *map(compare_boxes, ours[2], answers[2]))
    if not of_evidence:
        return of_logits, 0.0, of_boxes
    worst = sorted(of_evidence)[math.ceil(NEARLY_ALL * len(films)) - 1]
    return of_logits, worst / peak, of_boxes


def compare_boxes(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> float:
    """Return how far one film's boxes are from another runtime's, as a share of what is allowed.

    Each is held against the likest of the other's, because rounding may swap two of them; those
    that are scored as the last one may stand on one side alone.

    Args:
        ours: `(x0, y0, x1, y1, score)`, the best first, shape `(boxes, 5)`.
        theirs: Of the same shape.
    """
    allowed = np.array([*[MAX_BOX_DIFFERENCE] * 4, MAX_SCORE_DIFFERENCE])
    apart = (np.abs(ours[:, None] - theirs[None]) / allowed).max(axis=2)
    last = max(ours[-1, 4], theirs[-1, 4]) + MAX_SCORE_DIFFERENCE
    worst = [0.0]
    for boxes, nearest in ((ours, apart.min(axis=1)), (theirs, apart.min(axis=0))):
        worst += nearest[boxes[:, 4] > last].tolist()
    return float(max(*worst, abs(ours[0, 4] - theirs[0, 4]) / MAX_SCORE_DIFFERENCE))


def _answer(network: ExplainedNetwork, films: torch.Tensor) -> tuple[npt.NDArray[np.float32], ...]:
    """Return torch's own answers: the evidence by a backward pass where it is not learnt."""
    if network.has_map:
        with torch.no_grad():
            return tuple(part.numpy() for part in look_at_map(network.network, films))
    if network.has_evidence:
        logits, evidence = measure_grad_cam(network.network, films)
        return logits.numpy(), evidence.numpy()
    with torch.no_grad():
        return (network(films).numpy(),)
