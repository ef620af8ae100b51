"""DICOM files as people reported them elsewhere: read rightly, or not read and why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from osteon.inference.detector import Detector
from osteon.terms import Reading

pytestmark = pytest.mark.shared

FRACTURED, NORMAL = 0.958, 0.007
"""What osteon-1 says of the two films where nothing is wrong."""


@pytest.fixture(scope="module")
def cases(shared: Path) -> Path:
    """The folder of cases beside that of the real films."""
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip("needs the real films of shared/cases")
    return folder


@pytest.fixture(scope="module")
def detector() -> Iterator[Detector]:
    with Detector.default(threads=1) as default:
        yield default


def read(detector: Detector, cases: Path, start: str) -> tuple[Reading, list[str]]:
    """Read the case whose name starts so; its reading, and the codes of its reasons."""
    (path,) = cases.glob(f"{start}*.dcm")
    reading = detector.read(path)
    return reading, [reason.code for reason in reading.reasons]


@pytest.mark.parametrize(
    ("case", "probability", "decision"),
    [
        ("B00_reference_A", FRACTURED, "fracture"),
        ("B00_reference_N", NORMAL, "no fracture"),
        ("B02_reference", 0.012, "no fracture"),
        ("B04_reference", 0.936, "fracture"),
    ],
)
def test_where_nothing_is_wrong_nothing_changed(
    detector: Detector, cases: Path, case: str, probability: float, decision: str
):
    """And nothing is remarked on."""
    reading, codes = read(detector, cases, case)
    assert (reading.decision, codes) == (decision, [])
    assert reading.probability == pytest.approx(probability, abs=5e-4)


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("B01a", ["lut-depth"]),
        ("B03", ["lut-first-value"]),
        ("B05a", []),
        ("B06a", ["voi"]),
        ("B09a", ["sequence-delimiter"]),
        ("B10", []),
        ("B17b", ["frame-depth", "voi"]),
        ("B18b", ["frames"]),
    ],
)
def test_the_fractured_film_is_fractured(
    detector: Detector, cases: Path, case: str, codes: list[str]
):
    """A hip with a displaced fracture, whatever is wrong with its file; and that is said."""
    reading, said = read(detector, cases, case)
    assert (reading.decision, said) == ("fracture", codes)
    assert reading.probability == pytest.approx(FRACTURED, abs=0.02)
    assert reading.evidence is not None


@pytest.mark.parametrize(
    ("case", "like"),
    [
        ("B01a", "B00_reference_A"),
        ("B03", "B00_reference_A"),
        ("B10", "B00_reference_A"),
        ("B18b", "B00_reference_A"),
        ("B04b", "B04_reference"),
    ],
)
def test_a_lossless_case_is_its_reference(detector: Detector, cases: Path, case: str, like: str):
    """The same picture, to the last digits of its probability."""
    reading, _ = read(detector, cases, case)
    reference, _ = read(detector, cases, like)
    assert reading.probability == pytest.approx(reference.probability, abs=1e-3)


def test_what_overshoots_is_white(detector: Detector, cases: Path):
    """B02a: a lossy frame of 16 bits under a header of 12, on a saturated film."""
    reading, codes = read(detector, cases, "B02a")
    assert (reading.decision, codes) == ("no fracture", ["frame-depth"])
    assert reading.probability == pytest.approx(0.012, abs=0.01)


def test_padding_is_black(detector: Detector, cases: Path):
    """B04b: its value is written as not signed, on a film that is."""
    reading, codes = read(detector, cases, "B04b")
    assert (reading.decision, codes) == ("fracture", ["padding-value"])


def test_boxes_are_in_stored_pixels(detector: Detector, cases: Path):
    """B05a: 248 rows stand for 384, and the fracture lies where it lies on the square film."""
    reading, _ = read(detector, cases, "B05a")
    square, _ = read(detector, cases, "B00_reference_A")
    assert reading.evidence is not None
    assert reading.evidence.shape == (248, 307)
    here, there = reading.findings[0].box, square.findings[0].box
    scales = (1.0, 248 / 384, 1.0, 248 / 384)
    assert here == pytest.approx(
        [side * scale for side, scale in zip(there, scales, strict=True)], abs=12
    )


def test_bits_stored_that_lie_are_the_reason(detector: Detector, cases: Path):
    """B07: 10 bits, and values of 12: masked, a normal knee was a fracture with 99.5 %."""
    reading, codes = read(detector, cases, "B07")
    assert (reading.decision, codes) == ("not read", ["bits-stored"])
    assert "BitsStored 10" in str(reading.reasons[0])
