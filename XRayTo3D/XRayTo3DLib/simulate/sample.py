"""The sample radiograph that ships with the project: a simple simulated femur, seen from the front.

`python -m XRayTo3DLib.simulate.sample OUT.dcm` makes it again, the same but for how OpenCV draws letters.
"""

from __future__ import annotations

import sys

import numpy as np

from ..radiograph.dicom import write_dicom

SID_MM, SOD_MM, PIXEL_MM = 1150.0, 1000.0, 0.4
_ROWS, _COLUMNS = 1320, 560
_VOXEL_MM = 1.0

# A right femur in millimetres, seen from the front: x to the patient's left, y down, z to the front.
# Cones with round ends: two ends (x, y, z), the radius at each.
_CONES = (
    ((29, 24, 3), (29, 24, 3), 23.5, 23.5),  # head
    ((27, 26, 3), (-14, 58, -2), 16.5, 17.5),  # neck
    ((-26, 46, -6), (-24, 62, -5), 14.0, 19.0),  # greater trochanter
    ((-6, 92, -14), (-10, 104, -8), 8.0, 11.0),  # lesser trochanter
    ((-20, 62, -3), (-15, 130, 3), 22.0, 15.5),  # below the trochanters
    ((-15, 130, 3), (-7, 250, 9), 15.5, 13.8),  # shaft
    ((-7, 250, 9), (0, 350, 5), 13.8, 16.0),  # shaft, lower half
    ((0, 350, 5), (2, 405, 0), 16.0, 27.0),  # flare
    ((-20, 420, -8), (-20, 420, -14), 22.5, 21.0),  # lateral condyle
    ((25, 424, -8), (26, 422, -16), 22.0, 20.5),  # medial condyle
    ((-28, 404, -4), (32, 404, -4), 13.0, 13.0),  # epicondyles
    ((-12, 412, 14), (15, 412, 12), 13.0, 12.0),  # trochlea
)
_BLEND_MM = 6.0
# Thickness of the cortex down the bone (y, mm): thin at the ends, thick in the shaft.
_CORTEX = ((0, 1.2), (70, 2.0), (130, 6.0), (260, 6.5), (350, 3.0), (400, 1.3), (450, 1.2))
_MU_CORTEX, _MU_MARROW, _MU_SOFT = 0.052, 0.026, 0.0185  # 1/mm, at about 60 kV


def sample_radiograph(seed: int = 1) -> np.ndarray:
    """Grey values of the sample radiograph, (rows, columns) uint16 with bone bright (MONOCHROME2)."""
    import cv2

    bone, marrow = _path_lengths()
    x = np.linspace(-1, 1, _COLUMNS)[None, :]
    y = np.linspace(0, 1, _ROWS)[:, None]
    half = 0.83 - 0.2 * y + 0.03 * np.sin(5 * y)
    soft = (118 - 20 * y) * np.sqrt(np.clip(1 - (x / half) ** 2, 0, None))
    soft = cv2.GaussianBlur(soft, (0, 0), 8) - bone - marrow
    beam = np.exp(-(_MU_CORTEX * bone + _MU_MARROW * marrow + _MU_SOFT * np.maximum(soft, 0)))
    beam += 0.15 * cv2.GaussianBlur(beam, (0, 0), 60)  # scatter
    rng = np.random.default_rng(seed)
    photons = 4000.0
    beam = cv2.GaussianBlur(rng.poisson(beam * photons) / photons, (0, 0), 0.8)
    film = -np.log(np.maximum(beam, 1e-3))
    film = (film - film.min()) / np.ptp(film)
    ink = np.zeros_like(film, dtype=np.uint8)
    cv2.putText(ink, "R", (36, 120), cv2.FONT_HERSHEY_SIMPLEX, 2.2, 255, 6, cv2.LINE_AA)
    cv2.putText(ink, "SIMULATED", (36, _ROWS - 30), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2, cv2.LINE_AA)
    film = np.maximum(film, ink / 255.0)
    return np.rint(film * 4095).astype(np.uint16)


def _path_lengths() -> tuple[np.ndarray, np.ndarray]:
    """Way of each ray through cortex and marrow (mm), (rows, columns) each, in cone-beam geometry.

    The space is sheared so that rays run along its last axis: a layer nearer to the source casts a larger
    shadow.
    """
    magnification = SID_MM / SOD_MM
    rows, columns = np.mgrid[0:_ROWS, 0:_COLUMNS].astype(np.float32) * np.float32(PIXEL_MM)
    rows -= PIXEL_MM * (_ROWS - 1) / 2
    columns -= PIXEL_MM * (_COLUMNS - 1) / 2
    cortex_y, cortex_mm = np.array(_CORTEX, float).T
    bone = np.zeros((_ROWS, _COLUMNS))
    marrow = np.zeros_like(bone)
    for z in np.arange(-45.0, 45.0, _VOXEL_MM):
        shrink = (SOD_MM - z) / SOD_MM / magnification
        x, y = columns * shrink, rows * shrink + 222
        distance = _signed_distance(x, y, np.float32(z))
        depth = distance + np.interp(y, cortex_y, cortex_mm)
        outer = np.clip(0.5 - distance / _VOXEL_MM, 0, 1)
        inner = np.clip(0.5 - depth / _VOXEL_MM, 0, 1)
        bone += (outer - inner) * _VOXEL_MM
        marrow += inner * _VOXEL_MM
    return bone, marrow


def _signed_distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance (mm) to the femur's surface, negative inside: smooth minimum of all cones."""
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for start, end, first, last in _CONES:
        axis = np.subtract(end, start)
        length2 = float(axis @ axis) or 1.0
        p = (x - start[0], y - start[1], z - start[2])
        along = np.clip((p[0] * axis[0] + p[1] * axis[1] + p[2] * axis[2]) / length2, 0, 1)
        away = np.sqrt(sum((p[i] - along * axis[i]) ** 2 for i in range(3)))
        total += np.exp(np.clip((first + (last - first) * along - away) / (_BLEND_MM / 3), -60, 60))
    return -(_BLEND_MM / 3) * np.log(np.maximum(total, 1e-26))


def write_sample(path: str) -> None:
    """Write the sample radiograph as a DICOM DX object with its geometry."""
    import pydicom
    from pydicom.uid import UID, ExplicitVRLittleEndian

    pixels = sample_radiograph()
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1.1")  # Digital X-Ray Image, for presentation
    meta.MediaStorageSOPInstanceUID = UID("2.25.314159265358979323846264338327950288")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = pydicom.Dataset()
    image.file_meta = meta
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.StudyInstanceUID = UID("2.25.314159265358979323846264338327950289")
    image.SeriesInstanceUID = UID("2.25.314159265358979323846264338327950290")
    image.Modality, image.PresentationIntentType = "DX", "FOR PRESENTATION"
    image.ImageType = ["DERIVED", "PRIMARY"]
    image.PatientName, image.PatientID = "Simulated^Femur", "SIMULATED"
    image.StudyDescription = image.SeriesDescription = "Simulated radiograph of a femur: not a patient"
    image.ImageComments = "Simulated: no patient was exposed."
    image.BodyPartExamined, image.ViewPosition, image.ImageLaterality = "FEMUR", "AP", "R"
    image.Rows, image.Columns = pixels.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.PixelIntensityRelationship, image.PixelIntensityRelationshipSign = "LOG", -1
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = 0, 1, "US"
    image.PresentationLUTShape = "IDENTITY"
    image.ImagerPixelSpacing = [PIXEL_MM, PIXEL_MM]
    image.DistanceSourceToDetector, image.DistanceSourceToPatient = SID_MM, SOD_MM
    image.EstimatedRadiographicMagnificationFactor = SID_MM / SOD_MM
    image.PixelData = pixels.tobytes()
    image["PixelData"].VR = "OW"
    write_dicom(path, image)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m XRayTo3DLib.simulate.sample OUT.dcm")
    write_sample(sys.argv[1])
