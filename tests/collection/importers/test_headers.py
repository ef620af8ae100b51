"""A DICOM header adds what the table leaves open, and never overrules it."""

from osteon.collection.importers.headers import fill_from_header
from osteon.collection.importers.listing import ListedFilm
from osteon.radiographs.dicom import InstanceFacts

FACTS = InstanceFacts(
    body_part_examined="HAND", view_position="PA", manufacturer="ACME", age=45.0, sex="female"
)


def test_a_header_fills_what_is_open():
    """Region, view, manufacturer, age, sex and the patient's pseudonym."""
    film = ListedFilm(path="a.dcm", has_fracture=True)
    assert fill_from_header(film, FACTS, patient_key="ab12") == ListedFilm(
        path="a.dcm",
        has_fracture=True,
        body_region=("hand",),
        view=("frontal",),
        manufacturer="ACME",
        age=45.0,
        sex="female",
        patient_key="ab12",
    )


def test_the_table_holds_where_both_speak():
    """A person wrote it for this collection."""
    film = ListedFilm(
        path="a.dcm",
        has_fracture=True,
        body_region=("wrist",),
        view=("lateral",),
        manufacturer="Other",
        age=0.0,
        sex="male",
        patient_key="cd34",
    )
    assert fill_from_header(film, FACTS, patient_key="ab12") == film


def test_a_view_without_a_word_of_ours_keeps_its_own():
    """And a silent header adds nothing."""
    film = ListedFilm(path="a.dcm", has_fracture=True)
    sunrise = fill_from_header(film, InstanceFacts(view_position="SUNRISE"), patient_key=None)
    assert sunrise.view == ("sunrise",)
    assert fill_from_header(film, InstanceFacts(), patient_key=None) == film
