"""What was seen of films, kept in files while an audit goes on, so that a killed one resumes.

A shard holds the looks of up to 256 files. Its name is a hash of everything that decides what it
holds: the measures and the files' content. It is written whole; one that is damaged counts as none.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from osteon.audit.duplicates.descriptors import Fingerprint
from osteon.audit.file_features import FilmFacts
from osteon.audit.rules.outliers import Oddity
from osteon.files import write_whole
from osteon.geometry import Box

MEASURES: Final = 3
"""Raised when a measure changes: what an older Osteon saw then counts no more."""

_DAMAGED: Final = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What was seen of one file.

    Attributes:
        facts: Of the file, the frame and the greys.
        lettering: Boxes around burned-in text and markers, in source pixels.
        oddity: What tells it from a bone radiograph.
        pixel_sha256: Of the picture: its rows, its columns and its upright 8-bit greys.
        fingerprint: To find the picture again.
    """

    facts: FilmFacts
    lettering: tuple[Box, ...]
    oddity: Oddity
    pixel_sha256: str
    fingerprint: Fingerprint


def name_shard(sha256s: Sequence[str]) -> str:
    """Return the file name of the shard that holds these files.

    Args:
        sha256s: Of the files, in order.
    """
    kinds = (FilmFacts, Oddity, Fingerprint)
    measured = [[field.name for field in fields(kind)] for kind in kinds]
    key = json.dumps([MEASURES, cv2.__version__, measured, list(sha256s)])
    return f"looks-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def write_shard(path: Path, looks: Mapping[str, Look]) -> None:
    """Write a shard, whole or not at all.

    Args:
        path: Of the shard; its folder is made where there is none.
        looks: By the SHA-256 of the file.

    Raises:
        OutputFault: If the place cannot be written.
    """
    held = list(looks.values())
    told = [
        {
            "sha256": sha256,
            "facts": asdict(look.facts),
            "lettering": look.lettering,
            "oddity": asdict(look.oddity),
            "pixel_sha256": look.pixel_sha256,
            "size": (look.fingerprint.rows, look.fingerprint.columns),
            "picture": look.fingerprint.picture.shape,
            "n_keypoints": len(look.fingerprint.keypoints),
        }
        for sha256, look in looks.items()
    ]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        told=np.frombuffer(json.dumps(told).encode(), dtype=np.uint8),
        keypoints=np.concatenate([look.fingerprint.keypoints for look in held]),
        components=np.concatenate([look.fingerprint.components for look in held]),
        pictures=np.concatenate([look.fingerprint.picture.ravel() for look in held]),
    )
    write_whole(path, buffer.getvalue())


def read_shard(path: Path) -> dict[str, Look]:
    """Read a shard back.

    Args:
        path: Of the shard.

    Returns:
        The looks by the SHA-256 of the file; empty where there is no shard, or a damaged one.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            told = json.loads(arrays["told"].tobytes())
            return _parse_looks(told, arrays)
    except _DAMAGED:
        return {}


def _parse_looks(told: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any]) -> dict[str, Look]:
    keypoints, components, pictures = (
        arrays[name] for name in ("keypoints", "components", "pictures")
    )
    looks: dict[str, Look] = {}
    n_keypoints = n_pixels = 0
    for own in told:
        kept = slice(n_keypoints, n_keypoints + own["n_keypoints"])
        rows, columns = own["picture"]
        # Copied: a look must not hold the whole shard in memory.
        picture = pictures[n_pixels : n_pixels + rows * columns].reshape(rows, columns).copy()
        n_keypoints, n_pixels = kept.stop, n_pixels + rows * columns
        looks[own["sha256"]] = Look(
            facts=FilmFacts(**own["facts"]),
            lettering=tuple(map(Box._make, own["lettering"])),
            oddity=Oddity(**own["oddity"]),
            pixel_sha256=own["pixel_sha256"],
            fingerprint=Fingerprint(
                keypoints=keypoints[kept].copy(),
                components=components[kept].copy(),
                picture=picture,
                rows=own["size"][0],
                columns=own["size"][1],
            ),
        )
    return looks
