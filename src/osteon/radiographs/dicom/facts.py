"""What a header says about its film, tolerantly, and whether it is a film that is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from osteon.errors import UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header
from osteon.radiographs.dicom.values import (
    read_code,
    read_numbers,
    read_text,
    read_uid,
    read_whole,
)
from osteon.radiographs.patients import SEXES, parse_age
from osteon.terms import Reason, Sex

# PS3.4 B.5: the storage classes that are read
_CR: Final = "1.2.840.10008.5.1.4.1.1.1"
_DX: Final = "1.2.840.10008.5.1.4.1.1.1.1"
_DX_FOR_PROCESSING: Final = "1.2.840.10008.5.1.4.1.1.1.1.1"
XA_AND_RF: Final = frozenset({"1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"})
"""X-ray angiographic and radiofluoroscopic images."""
_CAPTURES: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.7",
        "1.2.840.10008.5.1.4.1.1.7.2",  # multi-frame by name; read where it has one frame
        "1.2.840.10008.5.1.4.1.1.7.3",
    }
)
_READ: Final = frozenset({_CR, _DX, _DX_FOR_PROCESSING}) | XA_AND_RF | _CAPTURES

# PS3.3 C.7.3.1.1.1; an original's modality stays on its secondary capture, so a captured CT slice
# says CT. OT, other, is what most captures say.
_MODALITIES: Final = frozenset({"CR", "DX", "RG", "RF", "XA", "OT", "SC", "DR"})
_KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CT": "a CT slice",
        "MR": "an MR slice",
        "PT": "a PET slice",
        "NM": "a nuclear medicine picture",
        "US": "an ultrasound picture",
        "MG": "a mammogram",
        "IO": "an intra-oral dental film",
        "PX": "a dental panorama",
        "SR": "a structured report",
        "PR": "a presentation state",
        "KO": "a selection of objects",
        "DOC": "a document",
        "SEG": "a segmentation",
        "ECG": "an electrocardiogram",
        "ES": "an endoscopic photograph",
        "XC": "a photograph",
        "GM": "a microscopic photograph",
        "SM": "a microscopic slide",
        "OP": "an ophthalmic photograph",
        "RTIMAGE": "a radiotherapy picture",
        "RTDOSE": "a radiotherapy dose",
        "RTPLAN": "a radiotherapy plan",
        "RTSTRUCT": "radiotherapy contours",
        "BMD": "a bone density measurement",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceFacts:
    """What a DICOM instance says about itself; None where it says nothing usable.

    Attributes:
        sop_instance_uid: Of the instance.
        study_instance_uid: Of its study.
        series_instance_uid: Of its series.
        modality: For example "DX".
        body_part_examined: For example "HAND".
        view_position: For example "AP".
        image_laterality: "R", "L", "U" (unpaired) or "B" (both).
        imager_pixel_spacing_mm: At the detector, (between rows, between columns).
        pixel_spacing_mm: In the patient where calibrated, (between rows, between columns).
        manufacturer: Of the machine that made the film.
        age: In years.
        sex: "female", "male" or "other".
    """

    sop_instance_uid: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    modality: str | None = None
    body_part_examined: str | None = None
    view_position: str | None = None
    image_laterality: str | None = None
    imager_pixel_spacing_mm: tuple[float, float] | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    manufacturer: str | None = None
    age: float | None = None
    sex: Sex | None = None


def read_facts(header: Header) -> InstanceFacts:
    """Read what the header says about its film; nothing that it may say stops a film.

    Args:
        header: The data set.

    Returns:
        The facts. Names, Patient IDs, dates and free text are not among them.
    """
    return InstanceFacts(
        sop_instance_uid=read_uid(header, tags.SOP_INSTANCE_UID),
        study_instance_uid=read_uid(header, tags.STUDY_INSTANCE_UID),
        series_instance_uid=read_uid(header, tags.SERIES_INSTANCE_UID),
        modality=read_code(header, tags.MODALITY),
        body_part_examined=read_code(header, tags.BODY_PART_EXAMINED),
        view_position=read_code(header, tags.VIEW_POSITION),
        image_laterality=_read_laterality(header),
        imager_pixel_spacing_mm=_read_spacing(header, tags.IMAGER_PIXEL_SPACING),
        pixel_spacing_mm=_read_spacing(header, tags.PIXEL_SPACING),
        manufacturer=read_text(header, tags.MANUFACTURER),
        age=parse_age(read_code(header, tags.PATIENT_AGE) or ""),
        sex=SEXES.get((read_code(header, tags.PATIENT_SEX) or "").lower()),
    )


def refuse_other_objects(header: Header) -> None:
    """Refuse, by name, what is no radiograph for reading.

    Args:
        header: The data set.

    Raises:
        UnsupportedRadiograph: If it is another kind of object, unprocessed, several frames, in
            colour, or has no pixels.
    """
    sop_class = read_uid(header, tags.SOP_CLASS_UID)
    modality = read_code(header, tags.MODALITY)
    if (sop_class and sop_class not in _READ) or (modality and modality not in _MODALITIES):
        raise UnsupportedRadiograph(
            header.source,
            "must be a radiograph (CR, DX, RF, XA, or a secondary capture of one)",
            found=_name_object(sop_class, modality),
            advice="Leave it out.",
        )
    intent = read_code(header, tags.PRESENTATION_INTENT_TYPE)
    # PS3.3 C.8.11.1.1.1: an image for processing is not made to be looked at.
    if sop_class == _DX_FOR_PROCESSING or intent == "FOR PROCESSING":
        raise UnsupportedRadiograph(
            header.source,
            "must be an image for presentation",
            found="FOR PROCESSING",
            advice="Send the processed image of the same exposure.",
        )
    if tags.PIXEL_DATA not in header.elements:
        raise UnsupportedRadiograph(
            header.source, "must hold pixels", found="none", advice="Leave it out."
        )
    _refuse_frames_and_colour(header)


def note_frames(header: Header) -> tuple[Reason, ...]:
    """Return what is wrong with the number of frames of a film that has one.

    Args:
        header: The data set, already found to hold one picture at most.
    """
    element = header.elements.get(tags.NUMBER_OF_FRAMES)
    if element is None or not bytes(element.value).strip(b" \0"):
        return ()
    if read_whole(header, tags.NUMBER_OF_FRAMES) == 1:
        return ()
    # PS3.3 C.7.6.6.1.1: a whole number above zero. The pixels of one frame can be nothing else.
    text = "NumberOfFrames is no number above zero; the one picture that is there was read."
    return (Reason(code="frames", text=text),)


def _refuse_frames_and_colour(header: Header) -> None:
    """Refuse what is not one grey picture.

    Raises:
        UnsupportedRadiograph: If it is not.
    """
    n_frames = read_whole(header, tags.NUMBER_OF_FRAMES)
    if n_frames is not None and n_frames > 1:
        raise UnsupportedRadiograph(
            header.source,
            "must hold one picture",
            found=f"{n_frames} frames",
            advice="Save the frame that is the radiograph as an instance of its own.",
            code="frames",
        )
    photometric = read_code(header, tags.PHOTOMETRIC_INTERPRETATION)
    n_samples = read_whole(header, tags.SAMPLES_PER_PIXEL)
    is_grey = photometric in {"MONOCHROME1", "MONOCHROME2"} and n_samples in {None, 1}
    if not is_grey:  # PS3.3 C.7.6.3.1.2: without it nothing says whether bone is bright
        raise UnsupportedRadiograph(
            header.source,
            "must be grey, MONOCHROME1 or MONOCHROME2, with one sample per pixel",
            found=f"{photometric}, {n_samples} samples per pixel"
            if photometric in {"MONOCHROME1", "MONOCHROME2"}
            else photometric or "no PhotometricInterpretation",
            advice="Colour holds marks or a photograph; send the film itself.",
            code="colour",
        )


def _name_object(sop_class: str | None, modality: str | None) -> str:
    if sop_class is not None and sop_class.startswith("1.2.840.10008.5.1.4.1.1.88."):
        return _KNOWN["SR"]
    if modality is not None and modality not in _MODALITIES:
        return _KNOWN.get(modality, f"modality {modality}")
    return f"SOP class {sop_class}"


def _read_laterality(header: Header) -> str | None:
    # (0020,0060) is the series' side, PS3.3 C.7.3.1; CR has no other.
    for tag in (tags.IMAGE_LATERALITY, tags.LATERALITY):
        side = read_code(header, tag)
        if side in {"R", "L", "U", "B"}:
            return side
    return None


def _read_spacing(header: Header, tag: int) -> tuple[float, float] | None:
    spacing = read_numbers(header, tag)  # PS3.3 10.7.1.3: first between rows, then columns
    if len(spacing) != 2 or min(spacing) <= 0.0:
        return None
    return spacing[0], spacing[1]
