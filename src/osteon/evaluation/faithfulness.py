"""What evidence is worth to the network it explains: a release's deletion test on test films."""

from pathlib import Path
from typing import Final

import numpy as np

from osteon.evaluation.certify import name_measured
from osteon.evaluation.deletion import delete_evidence
from osteon.evaluation.predictions import Predictions
from osteon.inference.network import Network, open_session
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import fit_pixels, scale_pixels
from osteon.release import Measure, NetworkCard, read_release
from osteon.statistics.deletion import measure_areas, measure_deletion
from osteon.terms import Floats, Pixels8, Progress, no_progress

BY_DELETION: Final = "deletion, better than chance by"
BY_INSERTION: Final = "insertion, better than chance by"


def cover_films(
    release: Path, shown: Predictions, *, n_films: int, progress: Progress = no_progress
) -> tuple[dict[str, float], tuple[Measure, ...]]:
    """Cover and lay open fractured films in the order of their evidence.

    Args:
        release: The file.
        shown: Films with evidence, as the release read them.
        n_films: How many at most, of those with a fracture: the same ones for every release.
        progress: Told after each film.

    Returns:
        By each film's path, how much smaller the area under the probability's curve is than in
        random order; and the means over films: `BY_DELETION` and `BY_INSERTION`. Nothing where no
        film has a fracture.

    Raises:
        ReleaseFault: If the release does not stand its checks.
        FilmFault: If a film can no longer be read from its file.
    """
    opened = read_release(release)
    how, calibrator = opened.card.preparation, opened.card.calibrator
    card = NetworkCard(recipe=opened.card.recipe, preparation=how)
    network = Network(open_session(opened.model, where=str(release)), card)

    def ask(films: Pixels8) -> Floats:
        logits, _ = network.answer(scale_pixels(films, how))
        return calibrator.calibrate(logits).astype(np.float32)

    some = _choose(shown, n_films)
    if not some.rows:
        return {}, ()
    pixels = [fit_pixels(read_film(some.manifest.films_path(row)), how) for row in some.rows]
    curves = delete_evidence(
        ask,
        np.stack(pixels),
        [answer.evidence for answer in some.answers if answer.evidence is not None],
        places=[answer.place for answer in some.answers],
        progress=progress,
    )
    tested = measure_deletion(curves, some.groups)
    gains = measure_areas(curves.random) - measure_areas(curves.deletion)
    measures = tuple(
        name_measured(name, measured, len(some.rows))
        for name, measured in (
            (BY_DELETION, tested.deletion_gain),
            (BY_INSERTION, tested.insertion_gain),
        )
    )
    paths = [row.path for row in some.rows]
    return dict(zip(paths, gains.tolist(), strict=True)), measures


def _choose(shown: Predictions, n_films: int) -> Predictions:
    """Return fractured films by their content's hash; those that were inverted first are not."""
    could = [
        row.has_fracture and answer.evidence is not None and not answer.reasons
        for row, answer in zip(shown.rows, shown.answers, strict=True)
    ]
    hashes = sorted(row.sha256 for row, is_one in zip(shown.rows, could, strict=True) if is_one)
    wanted = set(hashes[:n_films])
    return shown.choose(
        [is_one and row.sha256 in wanted for row, is_one in zip(shown.rows, could, strict=True)]
    )
