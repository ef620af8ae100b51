"""Does the wrapped network answer as the foreign one does, whose input was made by hand?"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.errors import ParityBroken, SettingsFault
from osteon.learning.foreign.network import AXES, NUMBERS, ForeignNetwork, open_graph
from osteon.terms import Floats

MAX_DIFFERENCE: Final = 1e-4
"""Of an answer between the wrapped network and the foreign one, on the foreign one's own scale."""

MAX_HALF_DIFFERENCE: Final = 5e-3
"""The same for a network that takes 16-bit numbers: the runtime rounds fewer of them once they are
among others, and each rounding is worth up to 5e-4 of a number."""


def check_parity(foreign: ForeignNetwork, wrapped: bytes, films: Floats) -> float:
    """Ask both networks about films: the foreign one film by film, with the input made by hand.

    Args:
        foreign: The network.
        wrapped: From `wrap`.
        films: Prepared, shape `(films, channels, rows, columns)`, in [0, 1].

    Returns:
        The largest difference of an answer, on the foreign network's own scale.

    Raises:
        ParityBroken: If it is above the limit, or an answer is no finite number.
        SettingsFault: If the answers are declared as probabilities and are none.
    """
    told = foreign.how.output
    takes = prepare_by_hand(foreign, films)
    answers = [
        foreign.session.run([foreign.output], {foreign.input: film[np.newaxis]}) for film in takes
    ]
    theirs = np.array([np.ravel(answer) for (answer,) in answers], dtype=np.float64)
    (logits,) = open_graph(wrapped).run(["logits"], {"films": films})
    ours = np.asarray(logits, dtype=np.float64)
    if not (np.isfinite(theirs).all() and np.isfinite(ours).all()):
        raise ParityBroken(foreign.where, f"must answer {len(films)} films with finite numbers")
    place = told.classes.index(told.positive)
    if told.kind == "probability":
        _check_probabilities(theirs, foreign)
        wanted = theirs[:, place] if foreign.n_columns == 2 else np.abs(1 - place - theirs[:, 0])
        ours = 1 / (1 + np.exp(-ours))
    else:
        sign = 1 if place else -1
        wanted = sign * (theirs[:, 1] - theirs[:, 0] if foreign.n_columns == 2 else theirs[:, 0])
    # 32 bits hold seven digits: of a logit beyond 1 the difference is taken as a share.
    difference = float((np.abs(ours - wanted) / np.maximum(1, np.abs(wanted))).max())
    is_half = NUMBERS[foreign.number] is np.float16
    limit = MAX_HALF_DIFFERENCE if is_half else MAX_DIFFERENCE
    if not difference <= limit:
        raise ParityBroken(
            foreign.where,
            f"must answer within {limit} of itself when wrapped, on {len(films)} films",
            found=difference,
        )
    return difference


def prepare_by_hand(foreign: ForeignNetwork, films: Floats) -> npt.NDArray[Any]:
    """Return films as the foreign network takes them, worked out step by step without its graph.

    Args:
        foreign: The network.
        films: Prepared, shape `(films, channels, rows, columns)`, in [0, 1].
    """
    told = foreign.how.input
    low, high = told.range
    values = films.astype(np.float64) * (high - low) + low
    if told.mean:
        values -= np.array(told.mean)[:, np.newaxis, np.newaxis]
    if told.std:
        values /= np.array(told.std)[:, np.newaxis, np.newaxis]
    number = NUMBERS[foreign.number]
    if number is np.uint8:
        values = np.rint(values)
    values = values.transpose(AXES[told.layout])
    if told.layout == "flat":
        values = values.reshape(len(values), -1)
    return np.ascontiguousarray(values, dtype=number)


def _check_probabilities(answers: npt.NDArray[np.float64], foreign: ForeignNetwork) -> None:
    """Refuse answers that are no probabilities.

    Raises:
        SettingsFault: If they leave [0, 1], or two columns do not add up to 1.
    """
    low, high = float(answers.min()), float(answers.max())
    if low < -MAX_DIFFERENCE or high > 1 + MAX_DIFFERENCE:
        raise SettingsFault(
            "--recipe, output.kind",
            f'must be "logit": the answers of {foreign.where} are no probabilities',
            found=f"{low:.4g} to {high:.4g}",
        )
    off = float(np.abs(answers.sum(axis=1) - 1).max()) if foreign.n_columns == 2 else 0.0
    if off > 1e-3:
        raise SettingsFault(
            "--recipe, output.kind",
            f"both probabilities of {foreign.where} must add up to 1, as a softmax's do",
            found=f"a sum {off:.3g} off",
        )
