"""A release is what was written, or it is refused with a reason that has a type."""

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import onnx
import pytest
from onnx import external_data_helper
from tests.releases import (
    answer_films,
    build_card,
    build_model,
    build_release,
    draw_test_films,
    repack,
)

from osteon.errors import FolderNotFound, ReleaseDamaged, ReleaseInverted, ReleaseUnknown
from osteon.release import SelfTest, pack_release, read_release

MODEL, CARD, SELF_TEST = "model.onnx", "release.json", "selftest.npz"


@pytest.fixture
def release(tmp_path):
    """A release that is in order."""
    return build_release(tmp_path)


def change_card(content, **changes):
    """Write a release anew with entries of its card changed and every hash made to fit."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        card = json.loads(file.read(CARD))
    text = json.dumps(card | changes).encode()
    comment = b"osteon release, card sha256 " + hashlib.sha256(text).hexdigest().encode()
    return repack(content, **{CARD: text, "comment": comment})


def change_member(content, name, value):
    """Replace a member and make every hash fit: what remains is to look inside."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        card = json.loads(file.read(CARD))
    members = card["members"] | {name: hashlib.sha256(value).hexdigest()}
    return change_card(repack(content, **{name: value}), members=members)


def test_a_release_comes_back_as_it_was_written(release):
    """Card, network and self-test are those that were packed."""
    read = read_release(release)
    packed = build_card(members=read.card.members)
    assert read.card == packed
    assert read.model == build_model()
    expected = answer_films(draw_test_films())
    assert np.array_equal(read.self_test.films, expected.films)
    assert np.array_equal(read.self_test.evidence, expected.evidence)
    assert read.source == str(release)


def test_equal_content_gives_equal_bytes(monkeypatch):
    """A release is reproducible: neither the hour nor the machine is written into it."""
    card, model, test = build_card(), build_model(), answer_films(draw_test_films())
    first = pack_release(card, model, test)[1]
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 1, 1, 1, 1, 1, 0, 1, 0))
    assert pack_release(card, model, test)[1] == first
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert file.namelist() == [MODEL, CARD, SELF_TEST]
        assert {entry.compress_type for entry in file.infolist()} == {zipfile.ZIP_STORED}


def test_a_flipped_bit_is_found_wherever_it_is(release, tmp_path):
    """No byte of the content, and none of the card's hash, can change unnoticed.

    What a zip file says twice, or keeps unused, is changed without effect: then the release read
    is still the one that was written.
    """
    content = release.read_bytes()
    good = read_release(release)
    broken = tmp_path / "broken.osteon"
    places = np.random.default_rng(3).choice(len(content), 300, replace=False).tolist()
    last = range(len(content) - 420, len(content))  # the zip's directory and its comment
    n_refused = 0
    for place in sorted({*places, *last, 0, 10, 30}):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place % 8)
        broken.write_bytes(flipped)
        try:
            read = read_release(broken)
        except ReleaseDamaged:
            n_refused += 1
            continue
        assert read.card == good.card, place
        assert read.model == good.model, place
        assert np.array_equal(read.self_test.logits, good.self_test.logits), place
    assert n_refused > 400


@pytest.mark.parametrize("n_bytes", [0, 1, 30, 5000, -1, -30])
def test_a_release_that_was_cut_short_is_refused(release, n_bytes):
    """Half a download is no release."""
    release.write_bytes(release.read_bytes()[:n_bytes])
    with pytest.raises(ReleaseDamaged, match=r"bright\.osteon"):
        read_release(release)


def test_a_release_that_is_not_there_is_refused(tmp_path):
    """A missing file is refused by name, and so is a folder."""
    with pytest.raises(FolderNotFound, match=r"gone\.osteon"):
        read_release(tmp_path / "gone.osteon")
    with pytest.raises(FolderNotFound):
        read_release(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"no zip", pickle.dumps({"model": 1}), b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(300)],
    ids=["text", "pickle", "empty zip", "half a zip"],
)
def test_a_file_that_is_no_release_is_refused(tmp_path, content):
    """Neither text, nor a pickle, nor a zip with nothing in it."""
    (tmp_path / "r.osteon").write_bytes(content)
    with pytest.raises(ReleaseDamaged):
        read_release(tmp_path / "r.osteon")


@pytest.mark.parametrize("name", [MODEL, CARD, SELF_TEST])
def test_a_missing_member_is_refused(release, name):
    """All three parts must be there."""
    release.write_bytes(repack(release.read_bytes(), **{name: None}))
    with pytest.raises(ReleaseDamaged, match="and nothing else"):
        read_release(release)


@pytest.mark.parametrize("name", ["weights.bin", "../model.onnx", "__main__.py"])
def test_a_further_member_is_refused(release, name):
    """Nothing rides along in a release."""
    release.write_bytes(repack(release.read_bytes(), **{name: b"x"}))
    with pytest.raises(ReleaseDamaged, match="and nothing else"):
        read_release(release)


def test_a_member_that_is_there_twice_is_refused(release):
    """Of two networks under one name nobody knows which is meant."""
    content = release.read_bytes()
    buffer = io.BytesIO(content)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as file,
    ):
        file.writestr(MODEL, build_model(slope=3.0))
    release.write_bytes(buffer.getvalue())
    with pytest.raises(ReleaseDamaged, match="and nothing else"):
        read_release(release)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (MODEL, build_model(slope=39.0)),
        (SELF_TEST, b""),
        (CARD, b"{}"),
    ],
)
def test_a_swapped_member_is_refused(release, name, other):
    """A part of another release does not fit the hashes of this one."""
    release.write_bytes(repack(release.read_bytes(), **{name: other}))
    with pytest.raises(ReleaseDamaged):
        read_release(release)


def test_a_compressed_member_is_refused(release):
    """Members are stored: what decompresses could be made to fill the memory."""
    content = repack(release.read_bytes(), compression=zipfile.ZIP_DEFLATED)
    release.write_bytes(content)
    with pytest.raises(ReleaseDamaged, match="stored, not compressed"):
        read_release(release)


def test_a_zip_bomb_is_refused_before_it_unpacks(release):
    """60 MB of zeros in 60 kB are not unpacked to be looked at."""
    import tracemalloc

    bomb = repack(
        release.read_bytes(), compression=zipfile.ZIP_DEFLATED, **{MODEL: bytes(60_000_000)}
    )
    release.write_bytes(bomb)
    tracemalloc.start()
    with pytest.raises(ReleaseDamaged):
        read_release(release)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_self_test_that_unpacks_to_much_is_refused(release):
    """The arrays inside are stored too, or they are not read."""
    buffer = io.BytesIO()
    films = np.zeros((1, 6_000, 5_000), np.uint8)
    np.savez_compressed(buffer, films=films, logits=np.zeros(1, np.float32), evidence=films[0])
    release.write_bytes(change_member(release.read_bytes(), SELF_TEST, buffer.getvalue()))
    with pytest.raises(ReleaseDamaged, match="selftest"):
        read_release(release)


def test_an_array_that_claims_to_be_huge_is_refused(release):
    """A header of 128 bytes does not make the loader ask for a terabyte."""
    header = io.BytesIO()
    told = {"descr": "|u1", "fortran_order": False, "shape": (1 << 20, 1 << 10, 1 << 10)}
    np.lib.format.write_array_header_1_0(header, told)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for name in ("films", "logits", "evidence"):
            file.writestr(f"{name}.npy", header.getvalue())
    release.write_bytes(change_member(release.read_bytes(), SELF_TEST, held.getvalue()))
    with pytest.raises(ReleaseDamaged, match="selftest"):
        read_release(release)


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
def test_an_unknown_schema_is_refused(release, version):
    """A card of another version is not guessed at, whatever else it holds."""
    release.write_bytes(change_card(release.read_bytes(), schema_version=version))
    with pytest.raises(ReleaseUnknown, match="schema 1"):
        read_release(release)


def test_an_inverted_positive_class_is_refused(release):
    """A network whose high answer means no fracture is not read with."""
    release.write_bytes(change_card(release.read_bytes(), positive_class="no fracture"))
    with pytest.raises(ReleaseInverted, match="wrong way round"):
        read_release(release)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("calibrator", {"method": "platt", "slope": -1.0}),
        ("preparation", {"rows": 0, "columns": 64}),
        ("unknown", 1),
        ("signature", "forged"),
        ("members", {"model.onnx": 3}),
        ("evidence", {"method": "in the network", "scale": 0.0, "threshold": 0.4}),
    ],
)
def test_a_card_that_does_not_hold_is_refused_with_the_key(release, key, value):
    """The refusal names the entry that is at fault."""
    release.write_bytes(change_card(release.read_bytes(), **{key: value}))
    with pytest.raises(ReleaseDamaged, match=key):
        read_release(release)


def test_a_promise_that_its_counts_do_not_prove_is_refused(release):
    """Nobody can write a promise into a card that its films do not keep."""
    content = release.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        points = json.loads(file.read(CARD))["operating_points"]
    points["high_sensitivity"]["n_kept"] -= 30
    release.write_bytes(change_card(content, operating_points=points))
    with pytest.raises(ReleaseDamaged, match="high_sensitivity"):
        read_release(release)


@pytest.mark.parametrize("text", [b"[", b"[]", b"7", b"[" * 100_000, b'{"schema_version": 1}'])
def test_a_card_that_is_no_card_is_refused(release, text):
    """Neither broken JSON nor JSON of another kind is a card."""
    comment = b"osteon release, card sha256 " + hashlib.sha256(text).hexdigest().encode()
    content = repack(release.read_bytes(), **{CARD: text, "comment": comment})
    release.write_bytes(content)
    with pytest.raises(ReleaseDamaged):
        read_release(release)


def test_a_pickle_in_the_self_test_is_never_opened(release):
    """An array of objects is a pickle, and a pickle runs what its writer wishes."""
    told = []

    class Trap:
        def __reduce__(self):
            return told.append, ("sprung",)

    buffer = io.BytesIO()
    objects = np.array([Trap(), Trap()], dtype=object)
    np.savez(buffer, films=objects, logits=np.zeros(2, np.float32), evidence=np.zeros(2))
    release.write_bytes(change_member(release.read_bytes(), SELF_TEST, buffer.getvalue()))
    with pytest.raises(ReleaseDamaged, match="numbers alone"):
        read_release(release)
    release.write_bytes(change_member(release.read_bytes(), SELF_TEST, pickle.dumps(Trap())))
    with pytest.raises(ReleaseDamaged, match="numbers alone"):
        read_release(release)
    assert told == []


def _films(**changes):
    good = answer_films(draw_test_films())
    held = {"films": good.films, "logits": good.logits, "evidence": good.evidence}
    return SelfTest(**(held | changes))


@pytest.mark.parametrize(
    "test",
    [
        _films(logits=np.full(4, np.nan, np.float32)),
        _films(logits=np.zeros(3, np.float32)),
        _films(logits=np.float32(0.0)),
        _films(films=draw_test_films().astype(np.float32)),
        _films(films=draw_test_films()[:0], logits=np.zeros(0, np.float32)),
        _films(evidence=np.full((4, 16, 16), np.inf, np.float32)),
    ],
    ids=["no numbers", "too few", "no list", "floats", "none", "infinite"],
)
def test_a_self_test_without_films_and_answers_is_refused(tmp_path, test):
    """Films and finite answers must stand in it, one answer to each."""
    path = build_release(tmp_path, self_test=test)
    with pytest.raises(ReleaseDamaged, match="selftest"):
        read_release(path)


def test_a_network_with_a_weight_that_is_no_number_is_refused(tmp_path):
    """Every hash may fit: the weights are looked at too."""
    path = build_release(tmp_path, model=build_model(slope=float("nan")))
    with pytest.raises(ReleaseDamaged, match=r"model\.onnx: all weights must be finite"):
        read_release(path)


def test_a_network_whose_weights_lie_elsewhere_is_refused(tmp_path):
    """What is not in the release is not opened."""
    model = onnx.ModelProto.FromString(build_model())
    weight = next(held for held in model.graph.initializer if held.name == "slope")
    external_data_helper.set_external_data(weight, location="weights.bin")
    weight.ClearField("raw_data")
    (tmp_path / "weights.bin").write_bytes(bytes(4))
    path = build_release(tmp_path, model=model.SerializeToString())
    with pytest.raises(ReleaseDamaged, match="inside the file"):
        read_release(path)
