"""A detector reads films with a release that it has checked, and never stops at one of them."""

import io
import json
import subprocess
import sys
import threading
import time

import numpy as np
import pydicom
import pytest
from PIL import Image
from tests.dicoms import draw_values, encode_film
from tests.releases import (
    build_card,
    build_model,
    build_release,
    certify,
    draw_spot,
)

from osteon.errors import (
    DecoderUnavailable,
)
from osteon.inference.detector import Detector
from osteon.inference.guards import build_guards
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.release import (
    Calibrator,
    CertifiedThreshold,
    FindingCalibrator,
    LocalisationSettings,
    OperatingPoints,
    Preparation,
    read_release,
)
from osteon.sandbox import Limits
from osteon.terms import Reading


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """A detector whose guards let everything pass."""
    with Detector.load(build_release(tmp_path_factory.mktemp("release")), threads=2) as loaded:
        yield loaded


def encode(film, kind="PNG"):
    held = io.BytesIO()
    Image.fromarray(film).save(held, kind)
    return held.getvalue()


def same(one, other):
    """Say whether two readings say the same."""
    return (
        (one.source, one.decision, one.findings, one.reasons, one.release, one.instance)
        == (
            other.source,
            other.decision,
            other.findings,
            other.reasons,
            other.release,
            other.instance,
        )
        and one.probability == pytest.approx(other.probability, abs=1e-6)
        and (
            (one.evidence is None and other.evidence is None)
            or np.allclose(one.evidence, other.evidence, atol=1e-5)
        )
    )


def test_a_film_is_read_whole(detector, tmp_path):
    """A bright spot is called a fracture, its box lies on it, and the map covers the film."""
    film = draw_spot(box=(30, 40, 54, 70))
    (tmp_path / "wrist.png").write_bytes(encode(film))
    reading = detector.read(tmp_path / "wrist.png")
    assert isinstance(reading, Reading)
    assert reading.decision == "fracture"
    assert reading.source == str(tmp_path / "wrist.png")
    assert reading.release == "bright 1.0.0"
    assert reading.reasons == ()
    assert reading.instance is None
    assert reading.probability == pytest.approx(1 / (1 + np.exp(-8.0)), abs=1e-3)
    (finding,) = reading.findings
    x0, y0, x1, y1 = finding.box
    assert np.abs(np.array((x0, y0, x1, y1)) - (30, 40, 54, 70)).max() <= 8  # a cell is 7.5 pixels
    assert finding.probability == reading.probability
    assert reading.evidence.shape == film.shape
    assert reading.evidence.dtype == np.float32
    assert 0 <= reading.evidence.min() <= reading.evidence.max() <= 1
    assert reading.evidence[55, 42] > 0.9
    assert reading.evidence[100, 10] == 0


@pytest.mark.parametrize(
    ("grey", "decision"), [(80, "no fracture"), (205, "doubt"), (255, "fracture")]
)
def test_what_is_called_what(detector, grey, decision):
    """Below the one threshold no fracture, above the other a fracture, and doubt between."""
    film = np.where(draw_spot() == 255, grey, draw_spot()).astype(np.uint8)
    reading = detector.read(film)
    assert reading.decision == decision
    points = detector.card.operating_points
    assert points.decide(reading.probability) == decision
    if decision == "no fracture":
        assert reading.findings == ()


def test_without_promises_there_is_only_doubt(tmp_path):
    """A release whose films certified nothing calls nothing."""
    none = {"threshold": None, "lower_bound": None, "n_films": 20, "n_kept": 20, "n_more": 9}
    points = OperatingPoints(
        high_sensitivity=CertifiedThreshold(
            promise="sensitivity", at_least=0.9, certified_on="test", **none
        ),
        high_specificity=certify("specificity", 0.95, 269, 264, 0.8),
    )
    path = build_release(tmp_path, card={"operating_points": points})
    with Detector.load(path, threads=1) as careful:
        assert careful.read(draw_spot(box=None)).decision == "doubt"


def test_a_finding_has_a_probability_of_its_own_where_boxes_were_learnt(tmp_path):
    """The likelier of two places comes first."""
    rule = FindingCalibrator(
        of_film=0.2, of_peak=2.0, intercept=0.0, fitted_on="tune", n_findings=9, n_right=5
    )
    evidence = LocalisationSettings(
        method="in the network", scale=0.25, threshold=0.4, finding=rule
    )
    film = draw_spot(200, 200, box=(10, 10, 50, 50))
    film[120:170, 120:170] = 225
    with Detector.load(build_release(tmp_path, card={"evidence": evidence}), threads=1) as learnt:
        reading = learnt.read(film)
    first, second = reading.findings
    assert first.box[0] < 60 < second.box[0]
    assert first.probability > second.probability
    assert first.probability == pytest.approx(rule.rate(reading.probability, 1.0), abs=1e-6)


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
@pytest.mark.parametrize("size", [(150, 60), (60, 150), (500, 400)])
def test_a_box_lands_on_the_spot_however_the_film_is_fitted(tmp_path, fit, size):
    """Boxes are in the film's own pixels, whatever its shape and the network's."""
    rows, columns = size
    spot = (columns // 2, rows // 5, columns // 2 + columns // 4, rows // 5 + rows // 4)
    how = Preparation(rows=64, columns=64, fit=fit)
    with Detector.load(build_release(tmp_path, card={"preparation": how}), threads=1) as fitted:
        reading = fitted.read(draw_spot(rows, columns, box=spot))
    x0, y0, x1, y1 = reading.findings[0].box
    assert spot[0] < (x0 + x1) / 2 < spot[2]
    assert spot[1] < (y0 + y1) / 2 < spot[3]
    assert 0 <= x0 < x1 <= columns
    assert 0 <= y0 < y1 <= rows
    row, column = np.unravel_index(reading.evidence.argmax(), reading.evidence.shape)
    assert spot[1] <= row < spot[3]
    assert spot[0] <= column < spot[2]


@pytest.fixture
def bad_films(tmp_path):
    """What people hand in by mistake, and what is handed in on purpose."""
    (tmp_path / "note.txt").write_text("the film is in the other folder")
    (tmp_path / "cut.jpg").write_bytes(encode(draw_spot(), "JPEG")[:-200])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.dcm").write_bytes(encode_film(draw_values())[:-900])
    return {
        "missing": tmp_path / "nowhere.png",
        "text": tmp_path / "note.txt",
        "truncated": tmp_path / "cut.jpg",
        "empty": tmp_path / "empty.png",
        "truncated DICOM": tmp_path / "cut.dcm",
        "folder": tmp_path,
        "nonsense": np.random.default_rng(0).bytes(5000),
        "no numbers": np.full((20, 20), np.nan),
        "a pixel": np.zeros((1, 1), np.uint8),
        "nul": "a\0b.png",
        "no pixels": pydicom.Dataset(),
    }


def test_a_film_at_fault_is_not_read_and_says_why(detector, bad_films):
    """No fault of a film is an exception: nothing is answered, and the reason is in words."""
    for what, film in bad_films.items():
        reading = detector.read(film)
        assert reading.decision == "not read", what
        assert reading.probability is None
        assert reading.evidence is None
        assert reading.findings == ()
        assert len(reading.reasons) == 1
        assert reading.reasons[0].text.endswith("."), reading.reasons
        assert "Traceback" not in reading.reasons[0].text


def test_many_films_are_read_in_order_whatever_is_among_them(detector, bad_films):
    """One reading per film, in order, the same as each alone."""
    good = [draw_spot(80 + n, 90, box=(n, n, n + 30, n + 30)) for n in range(7)]
    films = [part for pair in zip(bad_films.values(), good * 3, strict=False) for part in pair]
    alone = [detector.read(film) for film in films]
    together = list(detector.read_many(iter(films)))
    assert len(together) == len(films)
    assert all(same(one, other) for one, other in zip(alone, together, strict=True))
    assert [reading.decision for reading in together[1::2]] == ["fracture"] * len(bad_films)


def test_a_dicom_film_finds_its_way_back(detector):
    """The reading of a Dataset or of bytes names its instance, its series and its study."""
    content = encode_film(draw_values())
    for film in (content, pydicom.dcmread(io.BytesIO(content))):
        reading = detector.read(film)
        assert reading.source == "1.2.3.1"
        assert reading.instance.study_instance_uid == "1.2.3.2"
        assert reading.instance.series_instance_uid == "1.2.3.3"
        assert reading.evidence.shape == (40, 32)


def test_a_guard_that_fires_is_a_film_not_read(tmp_path):
    """With the package's own limits a page of noise is turned away, and a radiograph is not."""
    with Detector.load(
        build_release(tmp_path, card={"guards": build_guards()}), threads=1
    ) as guarded:
        noise = np.random.default_rng(0).integers(0, 256, (300, 200), dtype=np.uint8)
        reading = guarded.read(noise)
        assert reading.decision == "not read"
        assert "limb or hip" in reading.reasons[0].text
        assert guarded.read(np.full((90, 90), 7, np.uint8)).decision == "not read"


def test_the_person_decides_what_is_done_about_a_negative(tmp_path):
    """A negative is refused or corrected, as the release says or the person."""
    guards = build_card().guards.model_copy(update={"max_polarity_logit": -1e6})
    path = build_release(tmp_path, card={"guards": guards})
    negative = 255 - draw_spot()
    with Detector.load(path, threads=1) as careful:
        assert "negative" in careful.read(negative).reasons[0].text
    with Detector.load(path, threads=1, on_inverted="correct") as correcting:
        reading = correcting.read(negative)
    assert reading.decision == "fracture"
    assert "inverted before reading" in reading.reasons[0].text


def test_the_person_decides_what_is_done_about_a_stranger(tmp_path):
    """What looks like no limb is refused or read, as the release says or the person."""
    guards = build_card().guards.model_copy(update={"max_scope_logit": -1e6})
    path = build_release(tmp_path, card={"guards": guards})
    with Detector.load(path, threads=1) as careful:
        assert careful.read(draw_spot()).reasons[0].code == "out-of-scope"
        assert careful.read(draw_spot()).probability is None
    with Detector.load(path, threads=1, on_stranger="read") as reading_all:
        reading = reading_all.read(draw_spot())
    assert reading.decision == "fracture"
    assert [reason.code for reason in reading.reasons] == ["out-of-scope"]
    lax = guards.model_copy(update={"on_stranger": "read"})
    path = build_release(tmp_path, name="lax.osteon", card={"guards": lax})
    with Detector.load(path, threads=1) as told:
        assert told.read(draw_spot()).decision == "fracture"
    with Detector.load(path, threads=1, on_stranger="refuse") as careful:
        assert careful.read(draw_spot()).decision == "not read"


def test_several_threads_read_with_one_detector(detector):
    """Six threads get what one gets, each its own films."""
    films = [draw_spot(70 + n, 64, box=(n, n, n + 24, n + 24)) for n in range(12)]
    handed = [encode(film) if n % 2 else film for n, film in enumerate(films)]
    expected = [detector.read(film) for film in handed]
    results: dict[int, list[Reading]] = {}

    def read(number):
        if number % 2:
            results[number] = list(detector.read_many(handed))
        else:
            results[number] = [detector.read(film) for film in handed]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    for readings in results.values():
        assert all(same(one, other) for one, other in zip(expected, readings, strict=True))


def test_films_are_taken_only_a_few_ahead(detector):
    """Of ten thousand films, only those whose turn is near are in memory."""
    taken = []

    def hand_in():
        for number in range(10_000):
            taken.append(number)
            yield draw_spot(40, 40)

    stream = detector.read_many(hand_in())
    for _ in range(20):
        next(stream)
    assert len(taken) < 70
    stream.close()


def test_a_detector_that_was_closed_says_so(tmp_path):
    """Closing ends the children; a film after that is no film's fault, but the program's."""
    with Detector.load(build_release(tmp_path), threads=1) as detector:
        film = encode(draw_spot())
        assert detector.read(film).decision == "fracture"
    with pytest.raises(DecoderUnavailable, match="closed"):
        detector.read(film)


def test_a_limit_is_the_callers_to_set(tmp_path):
    """A film with more pixels than allowed is not decoded."""
    path = build_release(tmp_path)
    with Detector.load(path, threads=1, limits=Limits(max_pixels=1000)) as strict:
        assert "1,000" in strict.read(encode(draw_spot())).reasons[0].text


def test_occlusion_serves_where_the_network_gives_no_evidence(tmp_path):
    """A network with one output has a map and boxes all the same."""
    evidence = LocalisationSettings(method="occlusion", scale=4.0, threshold=0.5)
    path = build_release(tmp_path, card={"evidence": evidence}, model=build_model(evidence=False))
    with Detector.load(path, threads=1) as covering:
        reading = covering.read(draw_spot(64, 64, box=(40, 8, 56, 24)))
    x0, y0, x1, y1 = reading.findings[0].box
    assert 36 < (x0 + x1) / 2 < 60
    assert 4 < (y0 + y1) / 2 < 28


def test_a_calibrator_stands_between_logit_and_probability(tmp_path):
    """Half the slope halves the log-odds."""
    gentle = Calibrator(method="temperature", slope=0.5, fitted_on="tune", n_films=9, n_fractured=4)
    film = draw_spot(64, 64, box=(16, 16, 32, 32))
    with Detector.load(build_release(tmp_path, card={"calibrator": gentle}), threads=1) as soft:
        assert soft.read(film).probability == pytest.approx(1 / (1 + np.exp(-4.0)), abs=1e-4)


def test_a_phantom_is_read_through_the_guards_of_a_release_for_drawings(tmp_path):
    """Drawn radiographs are read, taken for limbs or not, so that the demo can be read."""
    path = build_release(tmp_path, card={"guards": build_guards(on_stranger="read")})
    films = [draw_phantom(seed, has_fracture=bool(seed % 2)).radiograph for seed in range(6)]
    with Detector.load(path, threads=1) as guarded:
        decisions = [reading.decision for reading in guarded.read_many(films)]
    assert decisions.count("not read") <= 1


def test_loading_takes_less_than_a_second(tmp_path):
    """A release of the size of a MobileNet is checked whole in under a second."""
    rng = np.random.default_rng(0)
    path = build_release(tmp_path, model=pad_model(rng.standard_normal(2_300_000)))
    read_release(path)  # the disk's cache
    start = time.process_time()
    Detector.load(path, threads=1)
    assert time.process_time() - start < 1.0


def pad_model(weights):
    import onnx
    from onnx import numpy_helper

    model = onnx.ModelProto.FromString(build_model())
    model.graph.initializer.append(numpy_helper.from_array(weights.astype(np.float32), "unused"))
    return model.SerializeToString()


def test_a_script_needs_no_main_guard(tmp_path):
    """Five lines at a prompt read a film, though children are started for it."""
    path = build_release(tmp_path)
    (tmp_path / "f.png").write_bytes(encode(draw_spot()))
    code = (
        "import json, sys, osteon\n"
        "detector = osteon.Detector.load(sys.argv[1], threads=1)\n"
        "reading = detector.read(sys.argv[2])\n"
        "print(json.dumps([reading.decision, reading.source]))\n"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "f.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["fracture", str(tmp_path / "f.png")]
    assert done.stderr == ""


@pytest.mark.parametrize("as_radiograph", [False, True])
def test_a_box_lands_on_stored_pixels_that_are_not_square(tmp_path, as_radiograph):
    """The film is looked at with square pixels, and answered in its own; its notes are reasons."""
    spot = (50, 60, 78, 160)
    values = draw_spot(200, 80, box=spot).astype(np.uint16) << np.uint16(4)
    values |= np.random.default_rng(0).integers(0, 16, values.shape, dtype=np.uint16)
    path = tmp_path / "film.dcm"
    said = {"PixelSpacing": ["0.1", "0.2"], "NumberOfFrames": "0"}
    path.write_bytes(encode_film(values, **said))
    how = Preparation(rows=64, columns=64)
    with Detector.load(build_release(tmp_path, card={"preparation": how}), threads=1) as boxed:
        reading = boxed.read(read_film(path) if as_radiograph else path)
        squared = boxed.read(draw_spot(200, 160, box=(100, 60, 156, 160)))
    assert [reason.code for reason in reading.reasons] == ["frames"]
    assert reading.evidence.shape == (200, 80)
    assert reading.findings[0].box == pytest.approx(
        [side / scale for side, scale in zip(squared.findings[0].box, (2, 1, 2, 1), strict=True)],
        abs=4,
    )
    assert reading.probability == pytest.approx(squared.probability, abs=0.02)


def test_what_is_no_film_is_the_programs_fault(detector):
    """A pipeline with a bug hears of it at its first film, alone or among many."""
    for thing in (None, 3.14, [1, 2]):
        with pytest.raises(TypeError, match="a film must be"):
            detector.read(thing)
        with pytest.raises(TypeError, match="a film must be"):
            list(detector.read_many([draw_spot(), thing]))
