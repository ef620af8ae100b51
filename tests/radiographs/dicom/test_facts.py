"""What a header says of its film is read tolerantly; what it should not say is dropped."""

from typing import Any

import pytest
from tests.dicoms import EXPLICIT, IMPLICIT, draw_values, encode_film

from osteon.radiographs.dicom import InstanceFacts, decode_dicom


def facts(syntax: str = EXPLICIT, **attributes: Any) -> InstanceFacts:
    return decode_dicom(encode_film(draw_values(), syntax, **attributes), source="film").instance


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_header_says_what_it_can(syntax: str):
    """All facts, with or without VRs in the file."""
    assert facts(
        syntax,
        BodyPartExamined="HAND",
        ViewPosition="PA",
        ImageLaterality="L",
        ImagerPixelSpacing=["0.15", "0.16"],
        PixelSpacing=["0.14", "0.14"],
        Manufacturer="ACME",
        PatientAge="006M",
        PatientSex="F",
    ) == InstanceFacts(
        sop_instance_uid="1.2.3.1",
        study_instance_uid="1.2.3.2",
        series_instance_uid="1.2.3.3",
        modality="DX",
        body_part_examined="HAND",
        view_position="PA",
        image_laterality="L",
        imager_pixel_spacing_mm=(0.15, 0.16),
        pixel_spacing_mm=(0.14, 0.14),
        manufacturer="ACME",
        age=0.5,
        sex="female",
    )


def test_a_bare_header_is_no_fault():
    """Absent is None."""
    bare = facts(StudyInstanceUID=None, SeriesInstanceUID=None, Modality=None)
    assert bare == InstanceFacts(sop_instance_uid="1.2.3.1")


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("PatientSex", "X", "sex"),
        ("PixelSpacing", ["0", "0.1"], "pixel_spacing_mm"),
        ("ImagerPixelSpacing", "0.1", "imager_pixel_spacing_mm"),
        ("ImageLaterality", "Q", "image_laterality"),
    ],
)
def test_unusable_values_count_as_absent(name: str, value: Any, fact: str):
    """A header with one odd value is still a film."""
    assert getattr(facts(**{name: value}), fact) is None


def test_an_age_without_its_unit_means_years():
    """As people write it who do not know the standard."""
    data = encode_film(draw_values(), PatientAge="045Y").replace(b"045Y", b"45  ")
    assert decode_dicom(data, source="film").instance.age == 45.0


def test_the_series_side_stands_in_for_the_image_s():
    """CR has no other."""
    assert facts(Laterality="R").image_laterality == "R"
