"""A release is one file: a zip with a network, its card and a self-test, and nothing else.

    model.onnx      the network, weights inside
    release.json    the card (`ReleaseCard`), with the SHA-256 of the other two
    selftest.npz    drawn films, prepared, and what the network must answer

Members are stored and dated alike, so that equal content gives equal bytes. The card's own hash
stands in the zip's comment: a slip of the disk is found anywhere in the file. Against intent only a
signature helps, for which the card keeps a place.
"""

import hashlib
import io
import json
import math
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from osteon.errors import FolderNotFound, ReleaseDamaged, ReleaseInverted, ReleaseUnknown
from osteon.release.card import SCHEMA_VERSION, ReleaseCard
from osteon.release.preparation import POSITIVE_CLASS
from osteon.release.weights import check_weights
from osteon.terms import Floats

MODEL: Final = "model.onnx"
CARD: Final = "release.json"
SELF_TEST: Final = "selftest.npz"
SUFFIX: Final = ".osteon"
"""How a release's file name ends."""

MAX_BYTES: Final = 2 << 30
_MAX_CARD_BYTES: Final = 4 << 20
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_COMMENT: Final = b"osteon release, card sha256 "
_AGAIN: Final = "Fetch or export the release again."
# What the zip reader and numpy say of broken bytes.
_FAULTS: Final = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SelfTest:
    """Drawn films and what a network must answer to them.

    Attributes:
        films: As `fit_pixels` makes them, uint8, shape `(films, rows, columns)`.
        logits: Shape `(films,)`.
        evidence: In the network's units, shape `(films, map rows, map columns)`; empty where the
            network gives none.
    """

    films: npt.NDArray[np.uint8]
    logits: npt.NDArray[np.float32]
    evidence: Floats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Release:
    """A release that was checked, except for its self-test, which needs a runtime.

    Attributes:
        card: What it says about itself.
        model: The network's bytes.
        self_test: What it must answer.
        source: Where it came from.
        sha256: Of its file.
    """

    card: ReleaseCard
    model: bytes
    self_test: SelfTest
    source: str
    sha256: str


def pack_release(card: ReleaseCard, model: bytes, self_test: SelfTest) -> tuple[ReleaseCard, bytes]:
    """Return a release's card with its hashes, and its file's bytes.

    Args:
        card: The card; its `members` are filled in.
        model: The network.
        self_test: What it must answer.
    """
    members = {MODEL: model, SELF_TEST: _pack_arrays(self_test)}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    card = card.model_copy(update={"members": hashes})
    text = (json.dumps(card.model_dump(mode="json"), indent=2, sort_keys=True) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, content in sorted({**members, CARD: text}.items()):
            file.writestr(_entry(name), content)
        file.comment = _COMMENT + hashlib.sha256(text).hexdigest().encode()
    return card, buffer.getvalue()


def read_release(path: str | Path) -> Release:
    """Open a release and check it: members, hashes, schema, direction and weights.

    Args:
        path: The file.

    Raises:
        FolderNotFound: If there is no such file.
        ReleaseDamaged: If anything in it is not what was written.
        ReleaseUnknown: If its schema is of another version.
        ReleaseInverted: If its positive class is not "fracture".
    """
    file, where = Path(path), str(path)
    if not file.is_file():
        raise FolderNotFound(where, "a release is needed here", advice="It ends in .osteon.")
    if file.stat().st_size > MAX_BYTES:
        raise ReleaseDamaged(where, f"must be at most {MAX_BYTES:,} bytes")
    members = _read_members(file)
    card = _parse_card(members[CARD], where)
    for name in (MODEL, SELF_TEST):
        if hashlib.sha256(members[name]).hexdigest() != card.members.get(name):
            raise ReleaseDamaged(
                where, f"{name} must be the one that its card names", advice=_AGAIN
            )
    check_weights(members[MODEL], where=f"{where}, {MODEL}")
    return Release(
        card=card,
        model=members[MODEL],
        self_test=_read_arrays(members[SELF_TEST], where),
        source=where,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )


def _read_array(file: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """Return an array, whose file must be as long as its header says.

    `np.load` would set memory aside for whatever the header claims, and unpack what is compressed.

    Raises:
        ValueError: If it is no such array.
    """
    entry = file.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError("compressed")
    content = file.read(entry)
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("of another version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    start = stream.tell()
    if dtype.kind not in "uf" or len(content) - start != math.prod(shape) * dtype.itemsize:
        raise ValueError("no numbers, or not as many as it says")
    return np.ndarray(shape, dtype, content, start)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_DATE)
    entry.create_system = 3  # Unix, whatever this is: the bytes must not depend on it
    entry.external_attr = 0o644 << 16
    return entry


def _pack_arrays(self_test: SelfTest) -> bytes:
    buffer = io.BytesIO()
    arrays = {
        "films": self_test.films,
        "logits": self_test.logits,
        "evidence": self_test.evidence,
    }
    # np.savez writes the hour into the file.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            file.writestr(_entry(f"{name}.npy"), content.getvalue())
    return buffer.getvalue()


def _read_members(file: Path) -> dict[str, bytes]:
    where = str(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = sorted(entry.filename for entry in entries)
            if names != sorted((CARD, MODEL, SELF_TEST)):
                raise ReleaseDamaged(
                    where,
                    f"must hold {MODEL}, {CARD} and {SELF_TEST}, and nothing else",
                    found=names[:6],
                    advice=_AGAIN,
                )
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ReleaseDamaged(where, "its members must be stored, not compressed")
            if archive.getinfo(CARD).file_size > _MAX_CARD_BYTES:
                raise ReleaseDamaged(where, f"{CARD} must be at most {_MAX_CARD_BYTES:,} bytes")
            members = {entry.filename: archive.read(entry) for entry in entries}
            comment = archive.comment
    except _FAULTS as fault:
        raise ReleaseDamaged(
            where, "must be a release that can be read whole", advice=_AGAIN
        ) from fault
    except zipfile.BadZipFile as fault:
        raise ReleaseDamaged(
            where, "must be a release: a zip file that is whole", advice=_AGAIN
        ) from fault
    if comment != _COMMENT + hashlib.sha256(members[CARD]).hexdigest().encode():
        raise ReleaseDamaged(where, f"{CARD} must be as it was written", advice=_AGAIN)
    return members


def _parse_card(text: bytes, where: str) -> ReleaseCard:
    """Return the card; its version is looked at before anything else in it.

    Raises:
        ReleaseDamaged: If it is no card.
        ReleaseUnknown: If it is of another version.
        ReleaseInverted: If its positive class is not "fracture".
    """
    try:
        said = json.loads(text)
        version, positive = said["schema_version"], said["positive_class"]
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise ReleaseDamaged(where, f"{CARD} must be a release's card", advice=_AGAIN) from fault
    if version != SCHEMA_VERSION:
        raise ReleaseUnknown(
            where,
            f"this version of Osteon reads releases of schema {SCHEMA_VERSION}",
            found=version,
            advice="Install the version of Osteon that made it, or export it again.",
        )
    if positive != POSITIVE_CLASS:
        raise ReleaseInverted(
            where,
            f'its positive class must be "{POSITIVE_CLASS}"',
            found=positive,
            advice="Its answers would be read the wrong way round; it is not read with.",
        )
    try:
        return ReleaseCard.model_validate_json(text)
    except ValidationError as fault:
        problem = fault.errors()[0]
        raise ReleaseDamaged(
            f"{where}, {CARD}",
            f"{'.'.join(str(part) for part in problem['loc']) or 'the card'} must hold",
            found=problem["msg"],
            advice=_AGAIN,
        ) from fault


def _read_arrays(content: bytes, where: str) -> SelfTest:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            test = SelfTest(
                films=_read_array(file, "films"),
                logits=_read_array(file, "logits"),
                evidence=_read_array(file, "evidence"),
            )
    except (*_FAULTS, zipfile.BadZipFile) as fault:
        raise ReleaseDamaged(
            f"{where}, {SELF_TEST}", "must hold arrays of numbers alone", advice=_AGAIN
        ) from fault
    fits = (
        test.films.dtype == np.uint8
        and test.films.ndim == 3
        and test.logits.dtype == test.evidence.dtype == np.float32
        and len(test.films) == len(test.logits) > 0
        and bool(np.isfinite(test.logits).all() and np.isfinite(test.evidence).all())
    )
    if not fits:
        raise ReleaseDamaged(f"{where}, {SELF_TEST}", "must hold films and finite answers")
    return test
