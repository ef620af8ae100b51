"""A data set in memory reads as its file would."""

import numpy as np
import pydicom
import pytest
from tests.dicoms import JPEG_LS, WINDOW, build_dataset, draw_values, encode_film

from osteon.errors import UnreadableFilm
from osteon.radiographs.dicom import decode_dicom, write_dataset

VALUES = draw_values()


def test_a_data_set_from_a_file_keeps_its_compression(tmp_path):
    """And reads as the file does."""
    data = encode_film(VALUES, JPEG_LS)
    (tmp_path / "film.dcm").write_bytes(data)
    written = write_dataset(pydicom.dcmread(tmp_path / "film.dcm"), source="dataset")
    assert written is not None
    np.testing.assert_array_equal(
        decode_dicom(written, source="a").radiograph.pixels,
        decode_dicom(data, source="b").radiograph.pixels,
    )


def test_a_data_set_made_in_memory_needs_no_meta_header():
    """It is written uncompressed, as its pixels are."""
    written = write_dataset(build_dataset(VALUES, **WINDOW), source="dataset")
    assert written is not None
    np.testing.assert_array_equal(
        decode_dicom(written, source="a").radiograph.pixels,
        decode_dicom(encode_film(VALUES), source="b").radiograph.pixels,
    )


@pytest.mark.parametrize("thing", [None, 7, object(), {"Rows": 5}])
def test_other_things_are_no_data_sets(thing: object):
    """The caller decides what else they may be."""
    assert write_dataset(thing, source="thing") is None


def test_what_cannot_be_written_is_unreadable():
    """A value that fits no VR."""
    ds = build_dataset(VALUES)
    ds["Rows"]._value = "wide"  # pydicom itself lets nobody set it
    with pytest.raises(UnreadableFilm, match="pydicom can write"):
        write_dataset(ds, source="dataset")
