"""What a newcomer does first: read real films with the release that lies in the repository."""

from pathlib import Path

import numpy as np
import pytest

from osteon.inference.detector import Detector

RELEASE = Path(__file__).parent.parent / "releases" / "fracatlas-mobilenetv2.osteon"
LOSSLESS = ("RG3_UNC", "RG3_RLE", "RG3_JPLL", "RG3_JLSL", "RG3_J2KR")


@pytest.fixture(scope="module")
def detector():
    with Detector.load(RELEASE) as detector:
        yield detector


@pytest.mark.shared
def test_one_film_in_five_lossless_encodings_has_one_probability(detector, shared):
    """Five transfer syntaxes of one ankle give one probability, to a millionth, and one map."""
    paths = [shared / "dicom" / f"{name}.dcm" for name in LOSSLESS]
    readings = list(detector.read_many(paths))
    assert [reading.source for reading in readings] == [str(path) for path in paths]
    first = readings[0]
    assert first.decision != "not read"
    for reading in readings[1:]:
        assert reading.probability == pytest.approx(first.probability, abs=1e-6)
        assert np.allclose(reading.evidence, first.evidence, atol=1e-6)
    (lossy,) = detector.read_many([shared / "dicom" / "RG3_J2KI.dcm"])
    assert lossy.probability == pytest.approx(first.probability, abs=0.02)


@pytest.mark.shared
def test_what_is_no_radiograph_is_not_read(detector, shared):
    """Slices, reports, ultrasound, colour and teeth have a reason and no probability."""
    names = ("CT_small", "MR_small", "reportsi_SR", "examples_palette", "SC_rgb_small_odd")
    paths = [shared / "dicom" / f"{name}.dcm" for name in (*names, "CR_mono1_modalityLUT")]
    for reading in detector.read_many(paths):
        assert reading.decision == "not read"
        assert reading.probability is None
        assert reading.evidence is None
        assert reading.reasons


def test_the_release_promises_what_its_counts_prove(detector):
    """The shipped card certifies both promises, says what it was made of, and fits in 16 MB."""
    card = detector.card
    assert card.operating_points.high_sensitivity.lower_bound >= 0.90
    assert card.operating_points.high_specificity.lower_bound >= 0.95
    assert not card.trained_on_phantoms
    assert "CC BY 4.0" in card.attribution
    assert RELEASE.stat().st_size <= 16_000_000
