"""Where findings begin and how far they reach is chosen on tune, from what readers boxed."""

import numpy as np
import pytest
from tests.releases import build_model, certify
from tests.rows import collection

from osteon.evaluation.detection import mark_films, measure_detection
from osteon.evaluation.localisation import (
    CELLS,
    FLOOR,
    PEAKS,
    fit_evidence,
    measure_places,
    name_method,
)
from osteon.evaluation.marks import locate, show
from osteon.evaluation.predictions import Predictions
from osteon.geometry import Box
from osteon.inference.evidence import measure_peak
from osteon.inference.network import Network, open_session
from osteon.inference.predictor import Answer
from osteon.radiographs.preparation import fit_letterbox
from osteon.release import (
    Calibrator,
    FindingRule,
    LocalisationSettings,
    NetworkCard,
    OperatingPoints,
    Preparation,
)
from osteon.statistics.overlap import is_right
from osteon.terms import ManifestRow

HOW = Preparation(rows=128, columns=128)
CALIBRATOR = Calibrator(
    method="platt", slope=1.0, intercept=0.0, fitted_on="tune", n_films=60, n_fractured=30
)
ROWS, COLUMNS = 320, 256
AROUND = 2.0
"""A reader's box is so much wider than what the map shows at half its height."""


def draw_answer(chance, box):
    """Draw a map of 32 by 32: a bell on the fracture, if there is one, and fainter bells."""
    place = fit_letterbox(ROWS, COLUMNS, HOW)
    y, x = np.mgrid[0:32, 0:32] * 4 + 2.0
    evidence = 0.02 * chance.random((32, 32))
    spots = [(*chance.uniform(30, 98, 2), 5.0, 5.0, height) for height in chance.uniform(0, 0.4, 2)]
    if box is not None:
        x0, y0, x1, y1 = place.to_network(box)
        half = 1.1774 * 2 * AROUND  # a bell is half as high at 1.1774 of its width
        size = (x1 - x0) / half, (y1 - y0) / half
        spots.append(((x0 + x1) / 2, (y0 + y1) / 2, *size, chance.uniform(0.25, 0.95)))
    for x_mid, y_mid, wide, high, height in spots:
        bell = np.exp(-(((x - x_mid) / wide) ** 2) / 2 - (((y - y_mid) / high) ** 2) / 2)
        evidence = np.maximum(evidence, height * bell)
    peak = float(evidence.max())
    return Answer(
        source="drawn",
        logit=float(np.log(peak / (1 - peak)) + 0.3 * chance.normal()),
        evidence=evidence.astype(np.float32),
        place=place,
        reasons=(),
        instance=None,
    )


def draw_films(split="tune", n=60, *, boxed=True):
    """Return films that a network with a learnt map has read, half of them fractured."""
    chance = np.random.default_rng(0 if split == "tune" else 1)
    rows, answers = [], []
    for number in range(n):
        boxes = ()
        if number % 2 == 0:
            (x, y), (wide, high) = chance.uniform(20, 130, 2), chance.uniform(50, 90, 2)
            boxes = ((x, y, x + wide, y + high),)
        rows.append(
            ManifestRow(
                path=f"{split}{number}.png",
                film_id=f"{number:016}",
                sha256=f"{number:064}",
                rows=ROWS,
                columns=COLUMNS,
                has_fracture=bool(boxes),
                boxes=boxes if boxed else (),
                group=f"g{number // 4}",
            )
        )
        answers.append(draw_answer(chance, boxes[0] if boxes else None))
    return Predictions(
        split=split,
        manifest=collection(*rows),
        rows=tuple(rows),
        answers=tuple(answers),
        not_read=(),
    )


@pytest.fixture(scope="module")
def fitted():
    """What is chosen on sixty tune films."""
    return fit_evidence(draw_films(), CALIBRATOR, HOW, method="learnt map")


def test_a_learnt_map_is_its_own_scale(fitted):
    """A map learnt from masks is a probability already, and is looked at closely."""
    assert (fitted.method, fitted.scale, fitted.cells) == ("learnt map", 1.0, CELLS)
    assert fitted.threshold in PEAKS
    assert fitted.finding is not None
    assert fitted.finding.fitted_on == "tune"


def test_boxes_are_shaped_as_readers_draw_them(fitted):
    """Edge and growth are chosen together so that boxes of other films fit as well."""
    test = draw_films("test")
    boxed = test.choose([bool(row.boxes) for row in test.rows])
    plain = fitted.model_copy(update={"edge": 0.5, "grow": 1.0})

    def fit_of(settings):
        found = locate(boxed, HOW, settings.model_copy(update={"threshold": 0.2}))
        return np.mean(
            [
                max((place.box.overlap(Box(*row.boxes[0])) for place in places), default=0)
                for places, row in zip(found, boxed.rows, strict=True)
            ]
        )

    assert fit_of(fitted) > 0.75
    assert fit_of(fitted) > fit_of(plain) + 0.1


def test_without_boxes_nothing_is_fitted():
    """Where nobody boxed a film, a middle threshold stands, and no finding is rated."""
    told = fit_evidence(draw_films(boxed=False), CALIBRATOR, HOW, method="learnt map")
    assert (told.threshold, told.scale, told.grow, told.finding) == (0.5, 1.0, 1.0, None)


def test_grad_cam_is_scaled_as_before():
    """Evidence in units of its own keeps its scale, its cells, and places cut at the threshold."""
    told = fit_evidence(draw_films(), CALIBRATOR, HOW, method="in the network")
    assert (told.cells, told.edge, told.grow) == (64, None, 1.0)
    assert told.scale < 1


def test_detection_is_measured_on_faint_places_too(fitted):
    """AP and FROC look at all thresholds, so that the release's own moves neither."""
    test = draw_films("test")
    higher = fitted.model_copy(update={"threshold": 0.7})
    numbers = measure_detection(test, CALIBRATOR, how=HOW, settings=fitted)
    assert [one.name for one in numbers] == [
        "ap50, fractured films",
        "ap30, fractured films",
        "ap50, all films",
        "lesions found at 0.5 false marks per film",
        "pointing game, strict",
        "pointing game, margin 5 %",
    ]
    assert numbers == measure_detection(test, CALIBRATOR, how=HOW, settings=higher)
    ap50, ap30, ap50_all, froc, strict, nearly = (one.value for one in numbers)
    assert 0.6 < ap50 <= ap30
    assert ap50_all < ap50
    assert froc > 0.75
    assert 0.7 < strict <= nearly
    for one in numbers:
        assert one.low <= one.value <= one.high
        assert one.n == 30


def test_marks_are_scored_by_the_findings_rule(fitted):
    """A mark's score is its finding's probability, or the film's times the peak without a rule."""
    test = draw_films("test", n=6)
    probabilities = CALIBRATOR.calibrate(test.logits).tolist()
    faint = fitted.model_copy(update={"threshold": FLOOR})
    plain = fitted.model_copy(update={"finding": None})
    for settings in (fitted, plain):
        marked = mark_films(test, CALIBRATOR, how=HOW, settings=settings)
        for film, places, probability in zip(
            marked, locate(test, HOW, faint), probabilities, strict=True
        ):
            has_rule = settings.finding is not None
            scores = [
                settings.rate(probability, one.peak) if has_rule else probability * one.peak
                for one in places
            ]
            assert [score for _, score in film.marks] == scores
            assert [box for box, _ in film.marks] == [one.box for one in places]


def test_colours_span_what_tune_films_reach(fitted):
    """Half of the normals stay below them, nine of ten fractured films below their end."""
    tune = draw_films()
    peaks = np.array(
        [
            measure_peak(answer.evidence, answer.place, HOW, settings=fitted)
            for answer in tune.answers
        ]
    )
    shown, fractured = fitted.picture, tune.references
    assert abs((peaks[~fractured] < shown.low).mean() - 0.5) <= 1 / 30
    assert abs((peaks[fractured] < shown.full).mean() - 0.9) <= 1 / 30
    assert abs((peaks[fractured] >= shown.contradiction).mean() - 0.9) <= 1 / 30
    assert shown.normals_reaching == (peaks[~fractured] >= shown.contradiction).mean()
    assert (shown.fitted_on, shown.n_fractured, shown.n_normal) == ("tune", 30, 30)
    unboxed = fit_evidence(draw_films(boxed=False), CALIBRATOR, HOW, method="learnt map")
    assert unboxed.picture is not None  # which needs no boxes


def test_findings_are_rated_on_films_that_have_a_fracture(fitted):
    """How likely a place is right is asked of fractured films alone: the film says the rest."""
    rule = fitted.finding
    assert isinstance(rule, FindingRule)
    tune = draw_films()
    fractured = tune.choose(tune.references)
    # Too few of those that are shown are wrong here: the faint places of these films helped.
    faint = locate(fractured, HOW, fitted.model_copy(update={"threshold": FLOOR}))
    assert (rule.n_films, rule.n_findings) == (30, sum(map(len, faint)))
    assert rule.n_right >= 25
    assert rule.rate(1 - 1e-9, 0.9) > 0.9


def test_what_is_measured_is_what_is_shown(fitted):
    """A film called "fracture" without a finding counts with its best place, as its reading."""
    test = draw_films("test")
    hidden = fitted.model_copy(update={"threshold": 0.7})
    points = OperatingPoints(
        high_sensitivity=certify("sensitivity", 0.90, 131, 129, 0.2),
        high_specificity=certify("specificity", 0.95, 269, 264, 0.5),
    )
    called = [points.decide(p) for p in CALIBRATOR.calibrate(test.logits).tolist()]
    shown = show(test, HOW, hidden, called=called)
    assert sum(bool(places) and places[0].is_best_place for places in shown) > 2
    found, right, best, ece = measure_places(test, CALIBRATOR, points, how=HOW, settings=hidden)
    assert [one.name for one in (found, right, best, ece)] == [
        "boxed films with a right finding",
        "findings that meet a fracture",
        "best places that meet a fracture",
        "ece of boxes, bias-corrected",
    ]
    judged = [
        (place.is_best_place, is_right(place.box, row.boxes))
        for row, places in zip(test.rows, shown, strict=True)
        for place in places
    ]
    assert (right.hits, right.n) == (judged.count((False, True)), right.n)
    assert (best.hits, best.n) == (judged.count((True, True)), best.n)
    assert right.n + best.n == ece.n == len(judged)
    assert found.hits <= right.hits  # a best place is no finding
    assert 0 <= ece.low <= ece.value <= ece.high


def test_nothing_is_detected_where_nothing_is_known(fitted):
    """Without boxes, or without evidence, there are no numbers; unboxed fractures are left out."""
    test = draw_films("test")
    measured = measure_detection(test, CALIBRATOR, how=HOW, settings=fitted)
    assert measure_detection(draw_films(boxed=False), CALIBRATOR, how=HOW, settings=fitted) == ()
    rows = list(test.rows)
    answers = list(test.answers)
    dark = Answer(
        source="drawn", logit=0.0, evidence=None, place=answers[0].place, reasons=(), instance=None
    )
    lacking = Predictions(
        split="test",
        manifest=test.manifest,
        rows=test.rows,
        answers=(dark, *answers[1:]),
        not_read=(),
    )
    assert measure_detection(lacking, CALIBRATOR, how=HOW, settings=fitted) == ()
    unboxed = draw_films("tune", n=10, boxed=False)
    more = Predictions(
        split="test",
        manifest=collection(*rows, *unboxed.rows[::2]),
        rows=(*rows, *unboxed.rows[::2]),
        answers=(*answers, *unboxed.answers[::2]),
        not_read=(),
    )
    assert measure_detection(more, CALIBRATOR, how=HOW, settings=fitted) == measured


def test_a_network_says_what_its_evidence_is():
    """The card tells a learnt map from Grad-CAM; without evidence, films are covered."""
    told = {}
    for kind, has_evidence in (("map", True), ("grad-cam", True), ("map", False)):
        session = open_session(build_model(evidence=has_evidence), where="drawn", threads=1)
        card = NetworkCard(
            recipe="drawn", preparation=Preparation(rows=64, columns=64), evidence=kind
        )
        told[kind, has_evidence] = name_method(Network(session, card))
    assert told == {
        ("map", True): "learnt map",
        ("grad-cam", True): "in the network",
        ("map", False): "occlusion",
    }


def test_what_was_written_before_reads_as_it_was_meant():
    """Cards of older releases and networks say nothing of cells, edges and maps."""
    old = LocalisationSettings.model_validate(
        {"method": "in the network", "scale": 2.0, "threshold": 0.3, "finding": None}
    )
    assert (old.cells, old.edge, old.grow) == (64, None, 1.0)
    card = NetworkCard.model_validate({"recipe": "demo", "preparation": {}})
    assert card.evidence == "grad-cam"
