"""DICOM films of a drawn array, written by pydicom: what reads them shares no code with it."""

import base64
import io
from pathlib import Path
from typing import Any

import gdcm
import jpeg_ls
import numpy as np
import numpy.typing as npt
import openjpeg
import pydicom
import rle
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate

DX = "1.2.840.10008.5.1.4.1.1.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
JPEG_2000_LOSSY = "1.2.840.10008.1.2.4.91"
HTJ2K = "1.2.840.10008.1.2.4.201"
RLE = "1.2.840.10008.1.2.5"

NATIVE = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})
WINDOW = {"WindowCenter": "2048", "WindowWidth": "4096"}

Values = npt.NDArray[np.integer[Any]]


def draw_values(rows: int = 40, columns: int = 32) -> npt.NDArray[np.uint16]:
    """Draw a bone of 12 bits, the same on every machine: bright in the middle, with a texture."""
    y, x = np.mgrid[:rows, :columns]
    c = columns // 2
    return np.asarray(600 + 2400 * (c * c - (x - c) ** 2) // (c * c) + 37 * y % 61, dtype=np.uint16)


def build_dataset(values: Values, *, bits: int = 12, **attributes: Any) -> Dataset:
    """Build a DX instance of stored values, uncompressed; an attribute of None is left out."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = DX, "1.2.3.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.2", "1.2.3.3"
    ds.Modality, ds.PresentationIntentType = "DX", "FOR PRESENTATION"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Roentgen^Anna", "4711", "18390122"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape
    ds.BitsAllocated = 8 * values.dtype.itemsize
    ds.BitsStored, ds.HighBit = bits, bits - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    ds.PixelData = values.tobytes()
    ds["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    for name, value in attributes.items():
        if value is None:
            ds.pop(name, None)
        else:
            setattr(ds, name, value)
    return ds


def encode_dataset(ds: Dataset, syntax: str = EXPLICIT, frame: bytes | None = None) -> bytes:
    """Write a data set as a file, its pixel data replaced by a compressed frame where given."""
    if frame is not None:
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    elif syntax == BIG_ENDIAN and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, "1.2.3.1"
    meta.ImplementationClassUID = "1.2.3"
    file = FileDataset("", ds, file_meta=meta, preamble=b"\0" * 128)
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, file, enforce_file_format=True)
    return buffer.getvalue()


def encode_film(
    values: Values, syntax: str = EXPLICIT, *, bits: int = 12, **attributes: Any
) -> bytes:
    """Write stored values as a DX film with a window over 12 bits, in any transfer syntax."""
    ds = build_dataset(values, bits=bits, **(WINDOW | attributes))
    frame = None if syntax in NATIVE else compress(values, syntax, bits=bits)
    return encode_dataset(ds, syntax, frame)


def compress(values: Values, syntax: str, *, bits: int) -> bytes:
    """Compress stored values into one frame."""
    if syntax == RLE:
        rows, columns = values.shape
        options = {"samples_per_pixel": 1, "number_of_frames": 1, "byteorder": "<"}
        allocated = 8 * values.dtype.itemsize
        return bytes(
            rle.encode_pixel_data(
                values.tobytes(), rows=rows, columns=columns, bits_allocated=allocated, **options
            )
        )
    if syntax in {JPEG_LS, JPEG_LS_NEAR}:
        return bytes(jpeg_ls.encode_array(values, lossy_error=8 * (syntax == JPEG_LS_NEAR)))
    if syntax in {JPEG_2000, JPEG_2000_LOSSY}:
        ratios = {"compression_ratios": [4]} if syntax == JPEG_2000_LOSSY else {}
        return bytes(openjpeg.utils.encode_array(values, bits_stored=bits, **ratios))
    if syntax == JPEG_BASELINE:
        buffer = io.BytesIO()
        Image.fromarray(values).save(buffer, "JPEG", quality=95)
        return buffer.getvalue()
    raise NotImplementedError(syntax)


def encode_jpeg_lossless(ds: Dataset, folder: Path) -> bytes:
    """Write a data set with lossless JPEG; GDCM does it from file to file."""
    plain, packed = folder / "plain.dcm", folder / "packed.dcm"
    plain.write_bytes(encode_dataset(ds))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return packed.read_bytes()


HTJ2K_FRAME = base64.b64decode(
    "/0//UQApQAAAAAAgAAAAKAAAAAAAAAAAAAAAIAAAACgAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB"
    "/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAA04AAf+TwAAqAAfw9+8F"
    "C3QAwAATwAASgORP/gMLdAD+AEd0AMAAFbAABKCuuHLXu7py1wOZQbUAdvchswDAABdDAABagCoqVaqopFLBBauoVKmi"
    "kkoFF6xSRaWCAGfzzi4wgLG6ABUlKiqeeeaZZzjn/ABZ1Ax6FrgAwAAXr8AAF6MACBKJIAiCIAiCIIFEF10gSCSCIAiC"
    "IAiCBBJddIEgkQiCIAiCIAgSSHTRBYJEIgiCIAiCIEgg0UUXCBKJIAiCIAiCIIFEF138Bna/WXztfrL52v1l87X6y44i"
    "xuQxtwFerry8vLy8vOpa61rXmlq0RVvUoi1q0Ra1aqmlllpqqaWWWuqvv/7666+//voMEHBj0CDQMcAAOfMAAObevfa9"
    "zoQqFrkBwAAv0OgABfoMACEAAAAAAAAAAAAAAABAgPDhA0AIAAAAAAAAAAAAAAAAECB8+AAQAgAAAAAAAAAAAAAAAAQI"
    "Hz4AhAAAAAAAAAAAAAAAAAABwocPACEAAAAAAAAAAAAAAABAgPDhA0AIAAAAAAAAAAAAAAAAECB8+AAQAgAAAAAAAAAA"
    "AAAAAAQIHz4AhAAAAAAAAAAAAAAAAAABwocPACEAAAAAAAAAAAAAAABAgPDhA0AIAAAAAAAAAAAAAAAAECB8+PAADO1+"
    "vX69frL52v16/Xr9ZfO1+vX69frL52v16/Xr9ZfO1+vX69frL52v16/Xr9ZfO1+vX69frL52v16/Xr9ZfO1+vX69frLi"
    "EsajGoxqMbIFnOc555xzzjnnnHPOOeecc84555zvfd9777333nvvvffee++99957783zPM/zPM/zPM/zPM93fvPNN998"
    "880333zzzTfffPPN9773vve9733ve98753me5znP85znec7zPOd5nvM8z3me5/ze97333nvvvffee++9995777333jzP"
    "8zzP8zzP8zzP83vf995777333nvvvffee++99957I5FIJBKJRCKRSCQSiUT+ACqaappqmmqbfXr9ev16/WX6aemnpp6b"
    "fXr9ev16/WXAADnzAADnzAADnzAADm3/ff3399/c/Xr9ev16/WX6aemnpp6bfXr9ev16/WXJDGJDGJDGJDG4Bf/Z"
)
"""`draw_values()` in lossless HTJ2K: no library here encodes it, so it was made once."""

EXTENDED_FRAME = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYG"
    "CAsICQoKCgoKBggLDAsKDAkKCgr/wQALDAAoACABAREA/8QAFwABAQEBAAAAAAAAAAAAAAAADQkKDP/EACsQAAACBQsF"
    "AQAAAAAAAAAAAAUGAAQZRVMCAwgLIiY2REZiZAcMDScpY//aAAgBAQAAPwDnkPHqKuUGWFCC5mmi9mwiFNbET7Kn+Vyg"
    "yw6X3M00p5sIhSdiUsrK1XKDLA/3M00s5sIhStiHNffrSuUGWFM65mmh/NhEKd2JiU8eojvywoQe6dNF59/lNcRE+yp/"
    "h35YdL/dOmlN9/lJ4iUsrK0d+WB/906aWX3+UriIc19+tDvywpne6dND77/Kd4iYlPHqKub2WFCC5mmi9mxeFNbET7Kn"
    "+Vzeyw6X3M00p5sXhSdiUsrK1XN7LA/3M00s5sXhStiHNffrSub2WFM65mmh/Ni8Kd2Jh18eogxeZYUILA/hovOYQhTX"
    "JRPtqf4GLzLDpfYH8NKbmEIUnkpSysrQYvMsD/YH8NLLmEIUrkoc1d+tAxeZYUzrA/hofcwhCneSmFfx6iDF5lhQgsD+"
    "Gi85hCFNclE+2p/gYvMsOl9gfw0puYQhSeSlLKytBi8ywP8AYH8NLLmEIUrkoc1d+tAxeZYUzrA/hofcwhCneSn/2Q=="
)
"""`draw_values()` in JPEG extended, 12 bits, quality 95, made once."""
