"""What a DICOM header adds to what the table says of its film; the table holds where both speak."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from osteon.collection.importers.listing import ListedFilm
from osteon.radiographs.dicom import InstanceFacts

# PS3.16 CID 4010 and the terms of PS3.3 C.8.11.5.1.1: the collection's words for a projection.
_VIEWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("AP", "PA"), "frontal"),
        **dict.fromkeys(("LL", "RL", "LAT", "LATERAL", "LLD", "RLD"), "lateral"),
        **dict.fromkeys(
            ("OBL", "OBLIQUE", "LAO", "RAO", "LPO", "RPO", "LLO", "RLO", "LO", "RO"), "oblique"
        ),
    }
)


def fill_from_header(
    film: ListedFilm, instance: InstanceFacts, *, patient_key: str | None
) -> ListedFilm:
    """Fill in what the table leaves open.

    Args:
        film: What the table says.
        instance: What the film's header says.
        patient_key: The pseudonym of the header's patient.

    Returns:
        The film with body region, view, manufacturer, age, sex and patient from the header where
        the table has none. Regions keep the header's word, in lower case.
    """
    region, view = instance.body_part_examined, instance.view_position
    return replace(
        film,
        body_region=film.body_region or ((region.casefold(),) if region else ()),
        view=film.view or ((_VIEWS.get(view, view.casefold()),) if view else ()),
        manufacturer=film.manufacturer or instance.manufacturer,
        age=instance.age if film.age is None else film.age,
        sex=film.sex or instance.sex,
        patient_key=film.patient_key or patient_key,
    )
