"""Small radiographs with identifiers, for planning and for working."""

import cv2
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from XRayTo3DLib.batch.choices import Choices
from XRayTo3DLib.case import Finding, Making


@pytest.fixture(scope="session")
def quick():
    """Choices with which a case takes a second."""
    return Choices(Finding(segmentation="clusters"), Making(method="solid", triangles=2000), 0.5, 1200.0, 1000.0)


@pytest.fixture(scope="session")
def write_film(phantom):
    """Function that writes a radiograph as DICOM, with identifiers as keywords of DICOM; without pixels if asked."""

    def write(path, pixels=True, **identifiers):
        film = Dataset()
        film.SOPClassUID, film.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", generate_uid()
        film.Modality = "CR"
        for keyword, value in identifiers.items():
            setattr(film, keyword, value)
        if pixels:
            film.Rows, film.Columns = phantom.shape
            film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME2", 0
            film.BitsAllocated = film.BitsStored = 16
            film.HighBit = 15
            film.PixelData = phantom.tobytes()
        film.file_meta = FileMetaDataset()
        film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
        film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
        film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path.parent.mkdir(parents=True, exist_ok=True)
        film.save_as(path, enforce_file_format=True)
        return str(path)

    return write


@pytest.fixture(scope="session")
def write_picture(phantom):
    """Function that writes the phantom as a picture file, the noise drawn by `seed`."""

    def write(path, seed=0):
        noise = np.random.default_rng(seed).integers(0, 200, phantom.shape)
        picture = np.clip(phantom + noise, 0, 65535).astype(np.uint16)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        return str(path)

    return write
