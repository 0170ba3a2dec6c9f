"""DICOM files: attributes by pydicom, pixels by the GDCM inside SimpleITK.

GDCM decodes transfer syntaxes that pydicom's plugins do not, but ITK also applies what it believes the
attributes mean (it inverts MONOCHROME1 and rescales). So GDCM is handed a file that holds one frame and
only what is needed to decode it: the stored values come out, and `photometric` says what they mean.
"""

import os
import tempfile

import numpy as np

from ..errors import RadiographError
from .attributes import read_attributes
from .checks import check_frame, check_size
from .codestream import told_by_stream
from .quiet import quiet_libraries

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MOST_SAMPLES = 4  # a pixel, of a compressed picture
PIXEL_DATA_TAG = b"\xe0\x7f\x10\x00"
DECODING_KEYWORDS = (
    "SamplesPerPixel",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
)


def read_dicom(data: bytes, name: str, frame: int, max_megapixels: float):
    """Attributes and stored values of one frame.

    Parameters
    ----------
    data : bytes
        The file, with or without preamble and file meta information.
    name : str
        What to call it in messages.
    frame : int
        From 0.
    max_megapixels : float
        Rows x columns that are refused above this, before they are decoded.

    Returns
    -------
    tags : pydicom.Dataset
    stored : (rows, columns) or (rows, columns, 3) array
        Stored values before modality and VOI transformation; colours as RGB.

    Raises
    ------
    RadiographError
        If the file has no pixel data, is truncated, too large or has no such frame.
    Exception
        Of any kind, where a damaged attribute is met: pydicom reads attributes when they are asked for.
    """
    tags = read_attributes(data, force=True)
    if tags.get("PixelData") is None:
        if PIXEL_DATA_TAG in data:
            raise RadiographError(f"{name}: the DICOM file is truncated within its pixel data; export it again.")
        raise RadiographError(
            f"{name}: the DICOM file holds no pixel data (it is no picture, or was cut off); export the picture itself."
        )
    rows, columns = _integer(tags, "Rows", name, 0), _integer(tags, "Columns", name, 0)
    check_size(rows, columns, max_megapixels, name)
    frames = max(_integer(tags, "NumberOfFrames", name, 1), 1)
    frame = check_frame(frame, frames, name)
    stored = _decode(_one_frame(tags, frame, frames, name), name)
    if stored.shape[:2] != (rows, columns):
        raise RadiographError(
            f"{name}: the decoded picture has {stored.shape[1]} x {stored.shape[0]} pixels, but the file declares "
            f"{columns} x {rows}; export it again."
        )
    return tags, stored


def _short(error) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _integer(tags, keyword: str, name: str, default: int) -> int:
    try:
        value = tags.get(keyword)
        return default if value is None or value == "" else int(value)
    except Exception:
        raise RadiographError(f"{name}: DICOM {keyword} is not a number; export the file again.") from None


def _one_frame(tags, frame: int, frames: int, name: str):
    """A new dataset with one frame, and nothing that would change its values when it is read."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    one = Dataset()
    for keyword in DECODING_KEYWORDS:
        if tags.get(keyword) is not None:
            one[keyword] = tags[keyword]
    photometric = str(tags.get("PhotometricInterpretation") or "MONOCHROME2").strip().upper()
    one.PhotometricInterpretation = "MONOCHROME2" if photometric == "MONOCHROME1" else photometric
    one.SOPClassUID, one.SOPInstanceUID = SECONDARY_CAPTURE, generate_uid()
    for keyword, default in (("SamplesPerPixel", 1), ("BitsAllocated", 16), ("PixelRepresentation", 0)):
        setattr(one, keyword, _integer(tags, keyword, name, default))
    one.BitsStored = _integer(tags, "BitsStored", name, one.BitsAllocated)
    one.HighBit = _integer(tags, "HighBit", name, one.BitsStored - 1)
    if one.BitsAllocated not in (8, 16, 32) or not 0 < one.BitsStored <= one.BitsAllocated:
        raise RadiographError(
            f"{name}: {one.BitsStored} of {one.BitsAllocated} bits per value are not supported; export as 8 or 16 bit."
        )
    if one.SamplesPerPixel not in (1, 3):
        raise RadiographError(f"{name}: {one.SamplesPerPixel} samples per pixel are not supported; export as gray.")

    meta = getattr(tags, "file_meta", None) or Dataset()
    syntax = meta.get("TransferSyntaxUID")
    one.file_meta = FileMetaDataset()
    if syntax is not None and syntax.is_encapsulated:
        # A single frame may be spread over fragments; joined they are the whole stream.
        one.file_meta.TransferSyntaxUID = syntax
        stream = _encapsulated_frame(tags.PixelData, frame, frames, name)
        _check_stream(stream, one, name)
        one.PixelData = encapsulate([stream])
        one["PixelData"].VR = "OB"
        one["PixelData"].is_undefined_length = True
    else:
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.PixelData = _native_frame(tags, one, syntax, frame, name)
        one["PixelData"].VR = "OB" if one.BitsAllocated == 8 else "OW"
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    return one


def _native_frame(tags, one, syntax, frame: int, name: str) -> bytes:
    samples = one.SamplesPerPixel
    if one.PhotometricInterpretation == "YBR_FULL_422":
        samples = 2  # two neighbouring pixels share their colour
    length = one.Rows * one.Columns * samples * one.BitsAllocated // 8
    start = frame * length
    values = tags.PixelData[start : start + length]
    if len(values) < length:
        raise RadiographError(
            f"{name}: the DICOM file is truncated ({len(tags.PixelData)} bytes of pixel data, "
            f"{start + length} expected); export it again."
        )
    if syntax is not None and not syntax.is_little_endian and one.BitsAllocated > 8:
        values = np.frombuffer(values, f">u{one.BitsAllocated // 8}").astype(f"<u{one.BitsAllocated // 8}").tobytes()
    return values + b"\0" * (length % 2)


def _encapsulated_frame(pixel_data: bytes, frame: int, frames: int, name: str) -> bytes:
    try:
        try:
            from pydicom.encaps import get_frame

            return get_frame(pixel_data, frame, number_of_frames=frames)
        except ImportError:  # pydicom 2
            from itertools import islice

            from pydicom.encaps import generate_pixel_data_frame

            return next(islice(generate_pixel_data_frame(pixel_data, frames), frame, None))
    except Exception as error:
        raise RadiographError(
            f"{name}: frame {frame} of the DICOM file is truncated or damaged ({_short(error)}); export it again."
        ) from None


def _check_stream(stream: bytes, one, name: str) -> None:
    """Refuse a stream of another size than the file declares, before a decoder takes memory for it."""
    told = told_by_stream(stream)
    if told and ((told.rows, told.columns) != (one.Rows, one.Columns) or told.samples > _MOST_SAMPLES):
        raise RadiographError(
            f"{name}: the compressed picture has {told.columns} x {told.rows} pixels of {told.samples} samples, but "
            f"the file declares {one.Columns} x {one.Rows} of {one.SamplesPerPixel}; export it again."
        )


def _decode(one, name: str) -> np.ndarray:
    import SimpleITK as sitk  # noqa: N813  (its usual name)

    handle, path = tempfile.mkstemp(suffix=".dcm")
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    try:
        with os.fdopen(handle, "wb") as file:
            write_dicom(file, one)
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        reader = sitk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(path)
        with quiet_libraries():
            stored = sitk.GetArrayFromImage(reader.Execute())
    except OSError:  # SimpleITK's own errors are others
        raise RadiographError(
            f"{name}: the file of one frame that decoding needs could not be written; "
            f"make room in {tempfile.gettempdir()}."
        ) from None
    except Exception as error:
        reason = _short(str(error).rsplit("\n", 1)[-1])
        raise RadiographError(
            f"{name}: the pixel data cannot be decoded (truncated, damaged or in an unknown form: {reason}); "
            "export it again."
        ) from None
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
        os.unlink(path)
    return stored[0] if stored.shape[0] == 1 and stored.ndim >= 3 else stored


def write_dicom(file, dataset) -> None:
    """Write a little-endian explicit dataset with its file meta to a file or path, with pydicom 2 or 3."""
    import pydicom

    if int(pydicom.__version__.split(".")[0]) >= 3:
        pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    else:
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
        pydicom.dcmwrite(file, dataset, write_like_original=False)
