"""What a child process says of a film that is imported."""

import hashlib

from osteon.collection.opening import open_lost_film
from osteon.errors import UnreadableFilm


def test_a_film_whose_process_was_lost_keeps_its_hash_and_says_why(tmp_path):
    """The file is named by its content although nobody could look into it."""
    path = tmp_path / "film.dcm"
    path.write_bytes(b"what killed its decoder")
    fault = UnreadableFilm(str(path), "must decode", found="a decoder that ended (SIGSEGV)")
    opening = open_lost_film(path, fault)
    assert opening.sha256 == hashlib.sha256(b"what killed its decoder").hexdigest()
    assert (opening.state, opening.rows, opening.columns) == ("unreadable", 0, 0)
    assert opening.reason == "must decode; found a decoder that ended (SIGSEGV)"
    path.unlink()
    assert open_lost_film(path, fault).sha256 == ""
