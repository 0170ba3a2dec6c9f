"""Synthetic pictures and DICOM files."""

import io
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="session")
def ramp() -> np.ndarray:
    """A picture of 8-bit values in which every row and column differs, 0 and 255 included."""
    rows, columns = np.mgrid[0:24, 0:32]
    return ((rows * 32 + columns) * 255 // (24 * 32 - 1)).astype(np.uint8)


@pytest.fixture(scope="session")
def limb() -> np.ndarray:
    """A tube of bone in a cylinder of flesh as an X-ray shows it: bone bright, float32 in 0..1."""
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 300)[None, :] + 0.05 * np.sin(np.linspace(0, 3, 400))[:, None]
    chord = lambda radius: 2 * np.sqrt(np.clip(radius**2 - x**2, 0, None))  # noqa: E731
    attenuation = 0.6 * chord(0.8) + 1.5 * (chord(0.3) - chord(0.22))
    attenuation += 0.02 * rng.standard_normal(attenuation.shape)
    return ((attenuation - attenuation.min()) / np.ptp(attenuation)).astype(np.float32)


def dicom_bytes(array, *, frames=None, syntax=None, encapsulated=None, preamble=True, without=(), **tags) -> bytes:
    """A secondary-capture-like DICOM file of `array`, with `tags` set last; `encapsulated` is a list of streams."""
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    array = np.asarray(array)
    picture = array if frames is None else array[0]
    colour = picture.ndim == 3
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", "2.25.1234567890"
    dataset.Modality = "CR"
    dataset.Rows, dataset.Columns = picture.shape[:2]
    dataset.SamplesPerPixel = 3 if colour else 1
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * array.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    if frames is not None:
        dataset.NumberOfFrames = frames
    values = encapsulate(encapsulated) if encapsulated else array.tobytes()
    dataset.PixelData = values + b"\0" * (len(values) % 2)
    dataset["PixelData"].VR = "OB" if encapsulated or array.dtype.itemsize == 1 else "OW"
    dataset["PixelData"].is_undefined_length = bool(encapsulated)
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    for keyword in without:
        delattr(dataset, keyword)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = (syntax or ExplicitVRLittleEndian) if preamble else ImplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    if int(pydicom.__version__.split(".")[0]) >= 3:
        big = dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.2"
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=True, little_endian=not big, implicit_vr=not preamble)
    else:
        dataset.is_little_endian = dataset.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.2"
        dataset.is_implicit_VR = not preamble
        pydicom.dcmwrite(buffer, dataset, write_like_original=False)
    content = buffer.getvalue()
    return content if preamble else content[content.index(b"\x08\x00\x16\x00") :]


def lut(values, first=0, bits=16):
    """An item of a modality or VOI LUT sequence."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.add_new(0x00283002, "US", [len(values), first, bits])
    item.add_new(0x00283006, "US", [int(value) for value in values])
    return item


@pytest.fixture
def make(tmp_path):
    """Functions that write test files and return their paths as str."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    def dicom(array, name="a.dcm", **options):
        return write(name, dicom_bytes(array, **options))

    return SimpleNamespace(file=write, dicom=dicom, dicom_bytes=dicom_bytes, lut=lut)
