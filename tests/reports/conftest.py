"""Answers, histories and films that every figure's test can draw."""

import numpy as np
import pytest
from tests.releases import certify

from osteon.evaluation.decisions import measure_decisions
from osteon.release import OperatingPoints
from osteon.reports.figures import canvas
from osteon.runs import HistoryRow
from osteon.statistics.metrics import measure
from osteon.statistics.roc import roc_points

POINTS = OperatingPoints(
    high_sensitivity=certify("sensitivity", 0.90, 131, 129, 0.2),
    high_specificity=certify("specificity", 0.95, 269, 264, 0.8),
)


@pytest.fixture
def metrics():
    """Twenty films: 6 of 8 fractures found, 9 of 12 others cleared."""
    truths = np.arange(20) < 8
    called = np.isin(np.arange(20), [0, 1, 2, 3, 4, 5, 8, 9, 10])
    return measure(np.where(called, 1.0, -1.0), truths, [None] * 20, threshold=0)


@pytest.fixture
def decisions():
    """The same twenty films decided by a release: of 8 fractures 5 found, 2 in doubt, 1 missed."""
    probabilities = np.array([0.9] * 5 + [0.4] * 2 + [0.1] + [0.9] * 1 + [0.4] * 3 + [0.1] * 8)
    return measure_decisions(
        probabilities, np.arange(20) < 8, [None] * 20, points=POINTS, n_not_read=(1, 2)
    )


@pytest.fixture
def roc():
    """The curve of the same twenty films, with a band."""
    truths = np.arange(20) < 8
    called = np.isin(np.arange(20), [0, 1, 2, 3, 4, 5, 8, 9, 10])
    return roc_points(np.where(called, 1.0, -1.0), truths, groups=[None] * 20)


@pytest.fixture
def history():
    """Six epochs: tune loss turns in the third."""
    tune_loss = (0.6, 0.5, 0.45, 0.55, 0.6, 0.7)
    return tuple(
        HistoryRow(
            epoch=place + 1,
            train_loss=0.6 - 0.05 * place,
            train_auroc=0.6 + 0.05 * place,
            tune_loss=loss,
            tune_auroc=0.6 + 0.04 * place - 0.01 * place**2,
            learning_rate=1e-3 if place < 4 else 5e-4,
            seconds=1.0,
        )
        for place, loss in enumerate(tune_loss)
    )


@pytest.fixture
def drawn(monkeypatch):
    """The figures saved during a test, so that their axes can be looked at.

    The real function still writes the file; the list only remembers what it was given.
    """
    figures = []

    def remember(figure, path):
        figures.append(figure)
        canvas.save_figure(figure, path)

    for module in (
        "figures.benchmark",
        "figures.calibration",
        "figures.counts",
        "figures.curves",
        "figures.decision_matrix",
        "pictures.evidence_sheets",
        "pictures.galleries",
    ):
        monkeypatch.setattr(f"osteon.reports.{module}.save_figure", remember)
    return figures


@pytest.fixture
def words():
    """A function that gives all words of a figure."""

    def gather(figure):
        texts = [text.get_text() for text in figure.texts]
        for axes in figure.axes:
            texts += [text.get_text() for text in axes.texts]
            texts += [axes.get_xlabel(), axes.get_ylabel()]
        return "\n".join(texts).replace("\u00a0", " ")

    return gather
