"""Damaged and hostile DICOM files: written element by element, without any DICOM library."""

import io
import random
import struct
import zlib

import jpeg_ls
import numpy as np
from PIL import Image
from tests.radiographs.fuzzing import (
    Kind,
    make_raster_kinds,
    mutate_bytes,
    mutate_jpeg,
    mutate_number,
)

from osteon.phantoms.phantom import draw_phantom

Elements = list[tuple[int, bytes, bytes]]
"""Tag, VR, value; pixel data of an encapsulated film with their item headers."""

LONG = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR", b"OF"}  # PS3.5 7.1.2
VRS = (b"US", b"SS", b"DS", b"IS", b"CS", b"UI", b"LO", b"AT", b"OB", b"OW", b"SQ", b"UN", b"??")
PIXEL_DATA = 0x7FE00010
SYNTAX = 0x00020010
OPEN = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

UID = "1.2.840.10008.1.2"
SYNTAXES = ("", ".1", ".2", ".1.99", ".5", ".4.50", ".4.51", ".4.70", ".4.80", ".4.90", ".4.201")

# What decides how pixels are read: each may be there or not, and hold what it should not.
TELLING = (
    (0x00280002, b"US"), (0x00280004, b"CS"), (0x00280006, b"US"), (0x00280008, b"IS"),
    (0x00280010, b"US"), (0x00280011, b"US"), (0x00280100, b"US"), (0x00280101, b"US"),
    (0x00280102, b"US"), (0x00280103, b"US"), (0x00280120, b"US"), (0x00280121, b"US"),
    (0x00281050, b"DS"), (0x00281051, b"DS"), (0x00281052, b"DS"), (0x00281053, b"DS"),
    (0x00281056, b"CS"), (0x20500020, b"CS"), (0x00080016, b"UI"), (0x00080060, b"CS"),
    (0x00080068, b"CS"), (0x00283002, b"US"), (0x00283006, b"OW"), (0x00101010, b"AS"),
)  # fmt: skip
MANY = [(0x00090000 + j, b"LO", b"") for j in range(30_000)]
ODD_TEXT = (
    b"", b"0", b"-1", b"1", b"99999999999999999999", b"1e400", b"nan", b"inf", b"1\\2\\3",
    b"MONOCHROME1", b"MONOCHROME2", b"PALETTE COLOR", b"RGB", b"SIGMOID", b"LINEAR_EXACT",
    b"INVERSE", b"\\" * 9, b"FOR PROCESSING", b"CT", b"DX", b"\xff\xfe\x00",
    b"A" * 5000, b"0.0000001", b"-32768",
)  # fmt: skip


def write_elements(elements: Elements, *, is_explicit: bool = True, order: str = "<") -> bytes:
    """Write elements as PS3.5 7.1 has them."""
    parts = []
    for tag, vr, value in elements:
        is_open = tag == PIXEL_DATA and value[:4] == struct.pack("<HH", 0xFFFE, 0xE000)
        length = OPEN if is_open else len(value)
        parts.append(struct.pack(order + "HH", tag >> 16, tag & 0xFFFF))
        if not is_explicit:
            parts.append(struct.pack(order + "I", length % 2**32))
        elif vr in LONG:
            parts.append(vr + bytes(2) + struct.pack(order + "I", length % 2**32))
        else:
            parts.append(vr + struct.pack(order + "H", length % 2**16))
        parts.append(value)
    return b"".join(parts)


def write_file(elements: Elements, syntax: str) -> bytes:
    """Write a file of this transfer syntax, PS3.10 7.1."""
    uid = (UID + syntax).encode()
    meta = write_elements([(SYNTAX, b"UI", uid + bytes(len(uid) % 2))])
    body = write_elements(elements, is_explicit=bool(syntax), order=">" if syntax == ".2" else "<")
    if syntax == ".1.99":
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(body) + packer.flush()
    return bytes(128) + b"DICM" + meta + body


def cut_file(data: bytes) -> tuple[Elements, str] | None:
    """Take a file apart that is explicit, little endian; None where it is not, or no more."""
    meta, at = _cut_elements(data[132:], until=0x00020010)
    if not meta or meta[-1][0] != SYNTAX:
        return None
    syntax = meta[-1][2].rstrip(b"\0").decode("ascii", "replace").removeprefix(UID)
    body = data[132 + at :]
    if syntax in {"", ".2"}:
        return None
    if syntax == ".1.99":
        try:
            body = zlib.decompressobj(wbits=-15).decompress(body, 1 << 20)
        except zlib.error:
            return None
    return _cut_elements(body)[0], syntax


def _cut_elements(body: bytes, *, until: int = PIXEL_DATA) -> tuple[Elements, int]:
    elements: Elements = []
    at = 0
    while at + 8 <= len(body):
        group, element, vr, length = struct.unpack_from("<HH2sH", body, at)
        at += 8
        if vr in LONG and at + 4 <= len(body):
            (length,) = struct.unpack_from("<I", body, at)
            at += 4
        if length == OPEN:
            length = len(body) - at
        elements.append((group << 16 | element, vr, body[at : at + length]))
        at += length
        if elements[-1][0] == until:
            break
    return elements, at


def mutate_dicom(data: bytes, rng: random.Random) -> bytes:
    """Change an element, add one, tell another transfer syntax, or damage the pixel data."""
    apart = cut_file(data)
    if apart is None or not apart[0]:
        return mutate_bytes(data, rng, other=data)
    elements, syntax = apart
    k = rng.randrange(len(elements))
    tag, vr, value = elements[k]
    match rng.randrange(11):
        case 0:
            elements.pop(k)
        case 1:
            elements.insert(rng.randrange(len(elements)), elements[k])
        case 2:
            elements[k] = tag, rng.choice(VRS), value
        case 3:
            syntax = rng.choice(SYNTAXES)
        case 4:
            elements.insert(k, _nest(rng))
        case 5:
            elements[k:k] = MANY[
                : rng.choice((9, 99, 999, len(MANY)) if rng.random() < 0.1 else (9,))
            ]
        case 6:
            elements[k] = tag, vr, mutate_bytes(value, rng, other=value or b"0")
        case 7 | 8:
            tag, vr = rng.choice(TELLING)
            _put(elements, tag, vr, _odd_value(vr, rng))
        case _:
            elements[-1] = (*elements[-1][:2], _mutate_pixels(elements[-1][2], rng))
    return write_file(elements, syntax)


def _put(elements: Elements, tag: int, vr: bytes, value: bytes) -> None:
    for k, element in enumerate(elements):
        if element[0] >= tag:
            elements[k : k + (element[0] == tag)] = [(tag, vr, value)]
            return


def _odd_value(vr: bytes, rng: random.Random) -> bytes:
    if vr in {b"US", b"OW"}:
        number = mutate_number("<H", struct.pack("<H", rng.randrange(20)), 0, rng)
        return number * rng.choice((0, 1, 1, 1, 1, 3, 4096))
    text = rng.choice(ODD_TEXT)
    return text + b" " * (len(text) % 2)


def _nest(rng: random.Random) -> tuple[int, bytes, bytes]:
    """Return a sequence in a sequence in a sequence, with its ends or without."""
    depth = rng.choice((1, 3, 17, 1_000, 20_000))
    tag = struct.pack("<HH", 0x0040, 0x0275)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, OPEN)
    ends = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    inner = (item + tag + b"SQ\0\0" + struct.pack("<I", OPEN)) * depth
    return 0x00400275, b"SQ", inner + (ends * depth if rng.random() < 0.5 else b"")


def _mutate_pixels(value: bytes, rng: random.Random) -> bytes:
    """Change pixel data: their length, or in a fragment the code stream or the item's length."""
    start = 16  # an empty offset table, then the header of the only fragment
    if value[:4] != struct.pack("<HH", 0xFFFE, 0xE000) or len(value) < start + 8:
        return value[: rng.randrange(len(value) + 1)] + rng.randbytes(rng.choice((0, 1, 200)))
    if rng.random() < 0.2:
        return mutate_number("<I", value, rng.choice((4, 12)), rng)
    (length,) = struct.unpack_from("<I", value, 12)
    frame = value[start : start + length]
    mutate = rng.choice((mutate_jpeg, lambda f, r: mutate_bytes(f, r, other=f)))
    return _encapsulate(mutate(frame, rng))


def _encapsulate(frame: bytes) -> bytes:
    """Return pixel data of one fragment, PS3.5 A.4."""
    whole = frame + bytes(len(frame) % 2)
    return (
        struct.pack("<HHI", 0xFFFE, 0xE000, 0)
        + struct.pack("<HHI", 0xFFFE, 0xE000, len(whole))
        + whole
        + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    )


def _describe(codes: np.ndarray, *, bits: int) -> Elements:
    numbers = ((2, 1), (0x10, codes.shape[0]), (0x11, codes.shape[1]), (0x100, 8 * codes.itemsize))
    known = {0x280000 | e: (b"US", struct.pack("<H", n)) for e, n in numbers}
    known |= {
        0x280101: (b"US", struct.pack("<H", bits)),
        0x280102: (b"US", struct.pack("<H", bits - 1)),
    }
    known |= {
        0x00080016: (b"UI", b"1.2.840.10008.5.1.4.1.1.1\0"),
        0x00080060: (b"CS", b"CR"),
        0x00180015: (b"CS", b"WRIST "),
        0x00280004: (b"CS", b"MONOCHROME2 "),
        0x00280103: (b"US", bytes(2)),
        0x00281050: (b"DS", str(2 ** (bits - 1)).encode().ljust(4)),
        0x00281051: (b"DS", str(2**bits).encode().ljust(4)),
    }
    return [(tag, *known[tag]) for tag in sorted(known)]


def _turn_numbers(elements: Elements) -> Elements:
    """Return elements with their 16-bit numbers in the other byte order."""
    return [
        (
            tag,
            vr,
            np.frombuffer(value, "<u2").astype(">u2").tobytes() if vr in {b"US", b"OW"} else value,
        )
        for tag, vr, value in elements
    ]


def _encode_rle(codes: np.ndarray) -> bytes:
    """Return an RLE frame of literal runs, PS3.5 annex G: the high bytes first."""
    planes = codes.astype(f">u{codes.itemsize}").view(np.uint8).reshape(-1, codes.itemsize).T
    packed = [
        b"".join(
            bytes((len(run) - 1,)) + run for run in (p[i : i + 128] for i in range(0, len(p), 128))
        )
        for p in (plane.tobytes() for plane in planes)
    ]
    packed = [p + bytes(len(p) % 2) for p in packed]
    starts = np.cumsum([64, *(len(p) for p in packed)])[:-1]
    return struct.pack("<16I", len(packed), *starts, *[0] * (15 - len(packed))) + b"".join(packed)


def _encode_lossless_jpeg(codes: np.ndarray, *, bits: int) -> bytes:
    """Return a JPEG of process 14, first-order prediction (ITU-T T.81, annex H)."""
    values = codes.astype(int)
    guess = np.empty_like(values)
    guess[:, 1:] = values[:, :-1]  # H.1.2.1: the pixel to the left
    guess[1:, 0] = values[:-1, 0]
    guess[0, 0] = 1 << (bits - 1)
    stream = []
    for step in (values - guess).ravel().tolist():
        size = abs(step).bit_length()
        stream.append(f"{size:05b}")  # the table below: 17 codes of five bits, in order
        if size:
            stream.append(f"{step if step > 0 else step + (1 << size) - 1:0{size}b}")
    text = "".join(stream)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    frame = struct.pack(">BHHBBBB", bits, *codes.shape, 1, 1, 0x11, 0)
    table = bytes((0, 0, 0, 0, 0, 17)) + bytes(11) + bytes(range(17))
    parts = ((0xC3, frame), (0xC4, table), (0xDA, bytes((1, 1, 0, 1, 0, 0))))
    told = (bytes((0xFF, m)) + struct.pack(">H", len(b) + 2) + b for m, b in parts)
    return b"\xff\xd8" + b"".join(told) + scan + b"\xff\xd9"


def make_dicom_films() -> dict[str, bytes]:
    """Return a drawn film in many transfer syntaxes, by the end of the syntax's UID."""
    pixels = draw_phantom(3, has_fracture=True, rows=48, columns=40).radiograph.pixels
    deep, grey = np.rint(pixels * 4095).astype(np.uint16), np.rint(pixels * 255).astype(np.uint8)
    raw = [*_describe(deep, bits=12), (PIXEL_DATA, b"OW", deep.astype("<u2").tobytes())]
    films = {syntax: write_file(raw, syntax) for syntax in ("", ".1", ".1.99")}
    films[".2"] = write_file(_turn_numbers(raw), ".2")
    jpeg, j2k = io.BytesIO(), io.BytesIO()
    Image.fromarray(grey).save(jpeg, "JPEG", quality=90)
    fine = np.rint(pixels * 65535).astype(np.uint16)  # Pillow writes 16 bits, whatever is used
    Image.fromarray(fine).save(j2k, "JPEG2000", no_jp2=True)
    frames = {
        ".5": (deep, 12, _encode_rle(deep)),
        ".4.50": (grey, 8, jpeg.getvalue()),
        ".4.70": (deep, 12, _encode_lossless_jpeg(deep, bits=12)),
        ".4.80": (deep, 12, bytes(jpeg_ls.encode_array(deep))),
        ".4.90": (fine, 16, j2k.getvalue()),
    }
    for syntax, (codes, bits, frame) in frames.items():
        pixel_data = (PIXEL_DATA, b"OB", _encapsulate(frame))
        films[syntax] = write_file([*_describe(codes, bits=bits), pixel_data], syntax)
    return films


def make_kinds() -> tuple[Kind, ...]:
    """Return all kinds of films, DICOM as often as all others together."""
    dicom = Kind(name="DICOM", films=tuple(make_dicom_films().values()), mutate=mutate_dicom)
    raster = make_raster_kinds()
    return (*raster, *(dicom for _ in raster))
