"""Damaged and hostile films, made from drawn ones: by bytes, and by what the bytes mean.

Film number k of a seed is the same on every machine. A mutation may go against the format (bytes
are flipped, cut, doubled, spliced) or along it (a length, a tag, a count or a table is changed and
the checksum mended), for only the latter gets past the first check of a decoder.
"""

import io
import random
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from osteon.errors import FilmFault
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import decode_film
from osteon.sandbox import WorkerPool

ODD = (0, 1, 2, 3, 7, 8, 15, 16, 31, 127, 128, 255, 256, 32767, 32768, 65535, 2**24, 2**31 - 1)
ODDER = (*ODD, 2**31, 2**32 - 2, 2**32 - 1)

UNNAMED = "a film"
"""How the pool speaks of bytes; what a reader refuses is called "film" here."""

BURSTS = tuple(zlib.compress(bytes(n << 20), 9) for n in (1, 4, 16))
"""Some kilobytes each that inflate to megabytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Films of one format.

    Attributes:
        name: Of the format.
        films: Whole files.
        mutate: Changes one along the lines of its format.
    """

    name: str
    films: tuple[bytes, ...]
    mutate: Callable[[bytes, random.Random], bytes]


def look(data: bytes) -> tuple[int, int]:
    """Decode a film and hold it to what a radiograph is; return its size."""
    film = decode_film(data, source="film", max_pixels=4_000_000)
    pixels = film.pixels
    assert pixels.dtype == np.float32
    assert pixels.ndim == 2
    assert np.isfinite(pixels).all()
    assert pixels.min() >= 0.0
    assert pixels.max() <= 1.0
    return film.rows, film.columns


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of damaged films.

    Attributes:
        counts: Films by what they gave: "read", or the class of the refusal.
        n_lost: Films whose process was lost.
        bugs: By number of the film, what nobody foresaw.
    """

    counts: Counter[str]
    n_lost: int
    bugs: dict[int, str]


def read_all(films: Iterable[bytes], *, pool: WorkerPool) -> Outcomes:
    """Read damaged films, each in a child, and hold each to the promise."""
    counts: Counter[str] = Counter()
    bugs: dict[int, str] = {}
    n_lost = 0
    for number, outcome in enumerate(pool.map_in_order(look, films)):
        if isinstance(outcome, tuple):
            counts["read"] += 1
            continue
        assert isinstance(outcome, FilmFault), outcome
        counts[type(outcome).__name__] += 1
        n_lost += outcome.where == UNNAMED
        if "report it" in outcome.advice:
            bugs[number] = str(outcome.found)
    return Outcomes(counts=counts, n_lost=n_lost, bugs=bugs)


def make_films(kinds: tuple[Kind, ...], *, seed: int, start: int = 0) -> Iterator[bytes]:
    """Yield damaged films without end, from number `start` on."""
    number = start
    while True:
        yield make_film(kinds, seed=seed, number=number)
        number += 1


def make_film(kinds: tuple[Kind, ...], *, seed: int, number: int) -> bytes:
    """Return one damaged film."""
    rng = random.Random(seed * 10_000_019 + number)
    kind = rng.choice(kinds)
    data = rng.choice(kind.films)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if rng.random() < 0.6:
            data = kind.mutate(data, rng)
        else:
            data = mutate_bytes(data, rng, other=rng.choice(kind.films))
    return data


def mutate_bytes(data: bytes, rng: random.Random, *, other: bytes) -> bytes:
    """Change a file without regard to its format; its first bytes more often than its last."""
    if len(data) < 8:
        return other
    reach = rng.choice((64, 512, len(data)))
    at = rng.randrange(min(reach, len(data)))
    length = min(rng.choice((1, 2, 4, 16, 256)), len(data) - at)
    whole = bytearray(data)
    match rng.randrange(7):
        case 0:
            whole[at] ^= 1 << rng.randrange(8)
        case 1:
            whole[at : at + length] = rng.randbytes(length)
        case 2:
            del whole[at : at + length]
        case 3:
            whole[at:at] = whole[at : at + length] * rng.choice((1, 2, 100))
        case 4:
            del whole[at + 1 :]
        case 5:
            order = rng.choice("<>")
            form, limit = rng.choice((("B", 2**8), ("H", 2**16), ("I", 2**32)))
            number = struct.pack(order + form, rng.choice(ODDER) % limit)
            whole[at : at + len(number)] = number
        case _:
            begin = rng.randrange(len(other))
            whole[at:] = other[begin:]
    return bytes(whole)


def mutate_number(form: str, body: bytes, at: int, rng: random.Random) -> bytes:
    """Put an odd number where one stands."""
    size = struct.calcsize(form)
    if at + size > len(body):
        return body
    (old,) = struct.unpack_from(form, body, at)
    new = rng.choice((*ODDER, old + 1, old - 1, old * 2)) % 2 ** (8 * size)
    return body[:at] + struct.pack(form, new) + body[at + size :]


# PNG (W3C REC-png, 5): chunks of length, name, body and checksum.


def mutate_png(data: bytes, rng: random.Random) -> bytes:
    """Change a chunk and mend its checksum, or change the order of chunks."""
    chunks = _cut_png(data)
    if not chunks:
        return data
    k = rng.randrange(len(chunks))
    name, body = chunks[k]
    match rng.randrange(8):
        case 0:
            chunks.pop(k)
        case 1:
            chunks.insert(rng.randrange(len(chunks)), (name, body))
        case 2:
            rng.shuffle(chunks)
        case 3 | 4 if name == b"IHDR":
            form, at = rng.choice(((">I", 0), (">I", 4), ("B", 8), ("B", 9), ("B", 12)))
            chunks[k] = name, mutate_number(form, body, at, rng)
        case 3 | 4 | 5 if body:
            chunks[k] = name, mutate_bytes(body, rng, other=body)
        case 6:
            chunks = [(n, _pack_again(b, rng) if n == b"IDAT" else b) for n, b in chunks]
        case _:
            extra = rng.choice((b"tRNS", b"PLTE", b"gAMA", b"iCCP", b"zTXt", b"eXIf", b"acTL"))
            body = rng.choice(
                (b"", rng.randbytes(6), rng.randbytes(768), b"a\0\0" + rng.choice(BURSTS))
            )
            chunks.insert(1, (extra, body))
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def _cut_png(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def _pack_again(packed: bytes, rng: random.Random) -> bytes:
    """Change what a deflated stream holds."""
    try:
        raw = zlib.decompress(packed)
    except zlib.error:
        return packed
    return zlib.compress(
        rng.choice((raw[: len(raw) // 2], raw * 3, mutate_bytes(raw, rng, other=raw)))
    )


# JPEG (ITU-T T.81, B.1): marker segments, then scans.


def mutate_jpeg(data: bytes, rng: random.Random) -> bytes:
    """Change a marker segment, keeping its length true or not, or put markers into a scan."""
    segments, scan = _cut_jpeg(data)
    if not segments:
        return data
    k = rng.randrange(len(segments))
    marker, body = segments[k]
    lie = 0
    match rng.randrange(8):
        case 0:
            segments.pop(k)
        case 1:
            segments.insert(rng.randrange(len(segments)), (marker, body))
        case 2:
            rng.shuffle(segments)
        case 3 | 4 if 0xC0 <= marker <= 0xC2:
            form, at = rng.choice((("B", 0), (">H", 1), (">H", 3), ("B", 5), ("B", 7)))
            segments[k] = marker, mutate_number(form, body, at, rng)
        case 3 | 4 | 5 if body:
            segments[k] = marker, mutate_bytes(body, rng, other=body)
        case 6:
            lie = rng.choice((-2, -1, 1, 2, 1000))
        case 7:
            at = rng.randrange(len(scan)) if scan else 0
            scan = scan[:at] + bytes((0xFF, rng.randrange(256))) + scan[at:]
        case _:
            segments[k] = rng.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xE1, 0xEE, 0xDD)), body
    told = [
        bytes((0xFF, marker)) + struct.pack(">H", max(len(body) + 2 + lie * (j == k), 0) % 65536)
        for j, (marker, body) in enumerate(segments)
    ]
    return b"\xff\xd8" + b"".join(t + b for t, (_, b) in zip(told, segments, strict=True)) + scan


def _cut_jpeg(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    segments, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        (length,) = struct.unpack_from(">H", data, at + 2)
        segments.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + max(length, 2)
        if segments[-1][0] == 0xDA:
            break
    return segments, data[at:]


# TIFF 6.0, section 2: a directory of 12-byte entries: tag, type, count, value or offset.

TIFF_TAGS = (
    254,
    256,
    257,
    258,
    259,
    262,
    266,
    273,
    274,
    277,
    278,
    279,
    284,
    317,
    320,
    322,
    338,
    339,
)


def mutate_tiff(data: bytes, rng: random.Random) -> bytes:
    """Change a field of an entry of the first directory, or the directory's place or length."""
    if len(data) < 16:
        return data
    order = "<" if data[:1] == b"I" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    if at + 14 > len(data):
        return mutate_number(order + "I", data, 4, rng)
    (count,) = struct.unpack_from(order + "H", data, at)
    entry = at + 2 + 12 * rng.randrange(max(min(count, (len(data) - at - 2) // 12), 1))
    choice = rng.randrange(8)
    if choice == 0:
        return data[:entry] + data[entry + 12 :]
    if choice == 1:
        tag = struct.pack(order + "H", rng.choice(TIFF_TAGS))
        return data[:entry] + tag + data[entry + 2 :]
    places = (("H", at), ("H", entry + 2), ("I", entry + 4), ("H", entry + 8), ("I", entry + 8))
    form, place = rng.choice(places)
    return mutate_number(order + form, data, place, rng)


def mutate_plain(data: bytes, rng: random.Random) -> bytes:
    """Change one number in the header of a BMP or GIF."""
    return mutate_number(rng.choice(("<H", "<I", "B")), data, rng.randrange(60), rng)


def _encode(picture: Image.Image, container: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, container, **options)
    return file.getvalue()


def make_raster_kinds() -> tuple[Kind, ...]:
    """Return drawn films as JPEG, PNG, TIFF, BMP and GIF, in several flavours each."""
    pixels = draw_phantom(3, has_fracture=True, rows=48, columns=40).radiograph.pixels
    grey = Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    deep = Image.fromarray(np.rint(pixels * 4095).astype(np.uint16))
    colour = Image.merge("RGB", [grey, grey, grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM)])
    exif = Image.Exif()
    exif[274] = 6
    png = [_encode(p, "PNG") for p in (grey, deep, colour, grey.convert("P"), grey.convert("LA"))]
    jpeg = [_encode(grey, "JPEG", quality=80, exif=exif), _encode(colour, "JPEG")]
    jpeg += [_encode(grey, "JPEG", progressive=True), _encode(colour.convert("CMYK"), "JPEG")]
    tiff = [
        _encode(picture, "TIFF", compression=compression)
        for picture in (grey, deep, Image.fromarray(pixels))
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
    ]
    plain = [_encode(grey, "BMP"), _encode(colour, "BMP"), _encode(grey, "GIF")]
    return (
        Kind(name="PNG", films=tuple(png), mutate=mutate_png),
        Kind(name="JPEG", films=tuple(jpeg), mutate=mutate_jpeg),
        Kind(name="TIFF", films=tuple(tiff), mutate=mutate_tiff),
        Kind(name="BMP and GIF", films=tuple(plain), mutate=mutate_plain),
    )
