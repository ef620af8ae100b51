"""A release is one file: a zip with a network, its card and a self-test, and nothing else.

    model.onnx      the network, weights inside
    release.json    the card (`ReleaseCard`), with the SHA-256 of the others
    selftest.npz    drawn films, prepared, and what the network must answer
    films.npz       hashes by which the films it was made of are known again; not in every release

Members are stored and dated alike, so that equal content gives equal bytes. The card's own hash
stands in the zip's comment: a slip of the disk is found anywhere in the file. Against intent only a
signature helps, for which the card keeps a place.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from osteon.errors import FolderNotFound, ReleaseDamaged, ReleaseInverted, ReleaseUnknown
from osteon.release.arrays import AGAIN, FAULTS, build_entry, pack_arrays, read_arrays
from osteon.release.card import SCHEMA_VERSION, ReleaseCard
from osteon.release.films import FilmList, pack_films, read_films
from osteon.release.preparation import POSITIVE_CLASS
from osteon.release.weights import check_weights
from osteon.terms import Floats

MODEL: Final = "model.onnx"
CARD: Final = "release.json"
SELF_TEST: Final = "selftest.npz"
FILMS: Final = "films.npz"
_ALWAYS: Final = (CARD, MODEL, SELF_TEST)
SUFFIX: Final = ".osteon"
"""How a release's file name ends."""

MAX_BYTES: Final = 2 << 30
_MAX_CARD_BYTES: Final = 4 << 20
_COMMENT: Final = b"osteon release, card sha256 "
_TESTED: Final = ("films", "logits", "evidence")


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
        films: Those that it was made of; None where it does not list them.
    """

    card: ReleaseCard
    model: bytes
    self_test: SelfTest
    source: str
    sha256: str
    films: FilmList | None = None


def pack_release(
    card: ReleaseCard, model: bytes, self_test: SelfTest, *, films: FilmList | None = None
) -> tuple[ReleaseCard, bytes]:
    """Return a release's card with its hashes, and its file's bytes.

    Args:
        card: The card; its `members` and its `films` are filled in.
        model: The network.
        self_test: What it must answer.
        films: Those that it was made of; None leaves them out.
    """
    members = {
        MODEL: model,
        SELF_TEST: pack_arrays({name: getattr(self_test, name) for name in _TESTED}),
        **({} if films is None else {FILMS: pack_films(films)}),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    listed = None if films is None else films.describe()
    card = card.model_copy(update={"members": hashes, "films": listed})
    text = (json.dumps(card.model_dump(mode="json"), indent=2, sort_keys=True) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, content in sorted({**members, CARD: text}.items()):
            file.writestr(build_entry(name), content)
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
    if (FILMS in members) != (card.films is not None):
        raise ReleaseDamaged(where, f"{FILMS} must be there where its card says so", advice=AGAIN)
    for name in members.keys() - {CARD}:
        if hashlib.sha256(members[name]).hexdigest() != card.members.get(name):
            raise ReleaseDamaged(where, f"{name} must be the one that its card names", advice=AGAIN)
    check_weights(members[MODEL], where=f"{where}, {MODEL}")
    return Release(
        card=card,
        model=members[MODEL],
        self_test=_read_self_test(members[SELF_TEST], f"{where}, {SELF_TEST}"),
        films=None
        if card.films is None
        else read_films(members[FILMS], card.films, where=f"{where}, {FILMS}"),
        source=where,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )


def _read_members(file: Path) -> dict[str, bytes]:
    where = str(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = sorted(entry.filename for entry in entries)
            if names not in (sorted(_ALWAYS), sorted((*_ALWAYS, FILMS))):
                raise ReleaseDamaged(
                    where,
                    f"must hold {MODEL}, {CARD}, {SELF_TEST} and perhaps {FILMS}, once each, and "
                    "nothing else",
                    found=names[:6],
                    advice=AGAIN,
                )
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ReleaseDamaged(where, "its members must be stored, not compressed")
            if archive.getinfo(CARD).file_size > _MAX_CARD_BYTES:
                raise ReleaseDamaged(where, f"{CARD} must be at most {_MAX_CARD_BYTES:,} bytes")
            members = {entry.filename: archive.read(entry) for entry in entries}
            comment = archive.comment
    except zipfile.BadZipFile as fault:
        raise ReleaseDamaged(
            where, "must be a release: a zip file that is whole", advice=AGAIN
        ) from fault
    except FAULTS as fault:
        raise ReleaseDamaged(
            where, "must be a release that can be read whole", advice=AGAIN
        ) from fault
    if comment != _COMMENT + hashlib.sha256(members[CARD]).hexdigest().encode():
        raise ReleaseDamaged(where, f"{CARD} must be as it was written", advice=AGAIN)
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
        raise ReleaseDamaged(where, f"{CARD} must be a release's card", advice=AGAIN) from fault
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
            advice=AGAIN,
        ) from fault


def _read_self_test(content: bytes, where: str) -> SelfTest:
    films, logits, evidence = read_arrays(content, _TESTED, where=where)
    test = SelfTest(films=films, logits=logits, evidence=evidence)
    fits = (
        test.films.dtype == np.uint8
        and test.films.ndim == 3
        and test.logits.dtype == test.evidence.dtype == np.float32
        and len(test.films) == len(test.logits) > 0
        and bool(np.isfinite(test.logits).all() and np.isfinite(test.evidence).all())
    )
    if not fits:
        raise ReleaseDamaged(where, "must hold films and finite answers")
    return test
