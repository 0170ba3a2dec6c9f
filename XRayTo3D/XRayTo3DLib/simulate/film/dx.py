"""Simulated radiographs as DICOM DX objects, with all of their geometry."""

from __future__ import annotations

import hashlib
import os

import numpy as np

from ...helpers.files import replacing
from ...radiograph.dicom import write_dicom
from ...version import __version__
from .view import Simulated

_DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
_NOT_A_PATIENT = "Simulated radiograph: not of a patient"


def write_dx(simulated: Simulated, path: str | os.PathLike, study: str, number: int = 1, femur: bool = True) -> None:
    """Write a simulated radiograph as a DICOM Digital X-Ray image.

    Parameters
    ----------
    simulated : Simulated
    path : path
    study : str
        Radiographs of the same bone have the same; it can be any text.
    number : int
        Which one of the study's radiographs this is, from 1.
    femur : bool
        Whether the bone is known to be a femur.

    Raises
    ------
    ReconstructionError
        If the file cannot be written.
    """
    dataset = _dataset(simulated, study, number, femur)
    with replacing(path) as temporary:
        write_dicom(temporary, dataset)


def _uid(*parts: object) -> str:
    """A unique identifier that is the same for the same parts (DICOM PS3.5, B.2)."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _dataset(simulated: Simulated, study: str, number: int, femur: bool):
    import pydicom
    from pydicom.uid import UID, ExplicitVRLittleEndian

    camera, view, side = simulated.camera, simulated.view, simulated.side
    pixels = hashlib.sha256(simulated.pixels.tobytes()).hexdigest()
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_DX_FOR_PRESENTATION)
    meta.MediaStorageSOPInstanceUID = UID(_uid("instance", study, number, pixels))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = pydicom.Dataset()
    image.file_meta = meta
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID

    image.PatientName, image.PatientID = "Simulated^Bone", "SIMULATED"
    image.PatientBirthDate = image.PatientSex = ""
    image.StudyInstanceUID = UID(_uid("study", study))
    image.StudyDate = image.StudyTime = image.AccessionNumber = image.ReferringPhysicianName = image.StudyID = ""
    image.StudyDescription = _NOT_A_PATIENT
    image.SeriesInstanceUID = UID(_uid("series", study, number))
    image.SeriesDescription = f"Simulated, {view}"
    image.Modality, image.PresentationIntentType = "DX", "FOR PRESENTATION"
    image.SeriesNumber, image.InstanceNumber = number, 1
    image.Manufacturer, image.ManufacturerModelName = "XRayTo3D", "simulator"
    image.SoftwareVersions, image.DeviceSerialNumber = __version__, ""
    image.AnatomicRegionSequence = []
    if femur:
        image.BodyPartExamined, image.AnatomicRegionSequence = "FEMUR", [_code("71341001", "SCT", "Femur")]
    image.AcquisitionContextSequence = []

    columns, rows = (np.linalg.inv(camera.from_lps)[:3, i] for i in (0, 1))
    image.PatientOrientation = [_towards(columns), _towards(rows)]
    image.ImageLaterality = side[0].upper()
    image.ViewPosition = {"ap": "AP", "pa": "PA", "lateral": f"{side[0].upper()}L"}.get(view, "")
    image.ViewCodeSequence = [_code(*_VIEW_CODES[view])]
    image.ViewCodeSequence[0].ViewModifierCodeSequence = []
    image.PositionerType = "NONE"
    image.DistanceSourceToDetector, image.DistanceSourceToPatient = camera.sid_mm, camera.sod_mm
    image.EstimatedRadiographicMagnificationFactor = camera.magnification
    image.ImagerPixelSpacing = [camera.pixel_size_mm[1], camera.pixel_size_mm[0]]
    image.DetectorType, image.DetectorConfiguration = "DIRECT", "AREA"

    image.ImageType = ["DERIVED", "PRIMARY"]
    image.DerivationDescription = image.ImageComments = "Simulated: no patient was exposed."
    image.BurnedInAnnotation, image.LossyImageCompression = "YES", "00"
    image.Rows, image.Columns = simulated.pixels.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    image.PixelIntensityRelationship, image.PixelIntensityRelationshipSign = "LOG", -1
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = 0, 1, "US"
    image.PresentationLUTShape = "IDENTITY"
    low, high = np.percentile(simulated.pixels, (1, 99.9))
    image.WindowCenter, image.WindowWidth = round((low + high) / 2), max(2, round(high - low))
    image.PixelData = simulated.pixels.astype("<u2").tobytes()
    image["PixelData"].VR = "OW"
    return image


# Content group 4010, "DX view".
_VIEW_CODES = {
    "ap": ("399348003", "SCT", "antero-posterior"),
    "pa": ("272479007", "SCT", "postero-anterior"),
    "lateral": ("399260004", "SCT", "medio-lateral"),
    "oblique": ("399182000", "SCT", "oblique"),
}


def _code(value: str, scheme: str, meaning: str):
    import pydicom

    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _towards(direction: np.ndarray) -> str:
    """Where a direction in LPS points, as DICOM's Patient Orientation says it: the main letter first."""
    letters = ("LR", "PA", "HF")
    order = [axis for axis in np.argsort(-np.abs(direction)) if abs(direction[axis]) > 0.1]
    return "".join(letters[axis][int(direction[axis] < 0)] for axis in order)
