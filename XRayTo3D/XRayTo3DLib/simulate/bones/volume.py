"""Radiographs of a CT volume: its voxels integrated along the rays of a cone beam."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from ...errors import SimulationError
from ...geometry.camera import Camera

MU_WATER = 0.0206  # 1/mm at 60 keV
BONE_HU = 226.0  # the usual threshold of bone in CT
SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".nii.gz")


@dataclass(frozen=True)
class Volume:
    """A CT volume.

    Attributes
    ----------
    hounsfield : (k, j, i) array
        Hounsfield units.
    ijk_to_lps : (4, 4) float64 array
        From voxel numbers to the patient's coordinates (mm).
    """

    hounsfield: np.ndarray
    ijk_to_lps: np.ndarray

    @property
    def corners(self) -> np.ndarray:
        """The eight outermost voxel centres, (8, 3) in the patient's coordinates (mm)."""
        last = np.array(self.hounsfield.shape[::-1]) - 1
        ijk = np.array(np.meshgrid(*[(0, n) for n in last])).reshape(3, -1).T
        return ijk @ self.ijk_to_lps[:3, :3].T + self.ijk_to_lps[:3, 3]


def is_volume_path(path: str | os.PathLike) -> bool:
    """Whether a file's name is that of a CT volume."""
    return os.fspath(path).lower().endswith(SUFFIXES)


def read_volume(path: str | os.PathLike) -> Volume:
    """Read a CT volume (NRRD, MetaImage, NIfTI) in Hounsfield units.

    Raises
    ------
    SimulationError
        If it cannot be read or is not a volume of one number a voxel.
    """
    import SimpleITK as sitk  # noqa: N813  (its usual name)

    try:
        image = sitk.ReadImage(os.fspath(path))
    except RuntimeError as error:
        raise SimulationError(f"{path}: it cannot be read as a volume: {str(error).splitlines()[-1]}") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1 or min(image.GetSize()) < 2:
        raise SimulationError(f"{path}: not a CT volume: it must have three dimensions and one number a voxel.")
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return Volume(sitk.GetArrayFromImage(image), matrix)


def attenuation(hounsfield: np.ndarray) -> np.ndarray:
    """Linear attenuation coefficients (1/mm, float32) of Hounsfield units, by their definition at 60 keV."""
    return np.maximum(np.float32(MU_WATER) * (1 + np.asarray(hounsfield, np.float32) / 1000), 0)


def integrate(values: np.ndarray, ijk_to_lps: np.ndarray, camera: Camera) -> np.ndarray:
    """Integral of a volume along each pixel's ray.

    Parameters
    ----------
    values : (k, j, i) array
        Per mm.
    ijk_to_lps : (4, 4) array
    camera : Camera

    Returns
    -------
    (rows, columns) float32 array
        Outside the volume there is nothing.

    Raises
    ------
    SimulationError
        If the volume reaches the source.

    Notes
    -----
    The volume is taken slice by slice, across the axis that the rays follow most closely, with bilinear
    interpolation in the slice. Seen from a point, a slice and the detector are related by a homography, so
    each slice is one perspective warp.

    References
    ----------
    P. M. Joseph, "An improved algorithm for reprojecting rays through pixel images", IEEE Transactions on
    Medical Imaging 1, 1982.
    """
    import cv2

    from_ijk = camera.from_lps @ ijk_to_lps
    to_ijk = np.linalg.inv(from_ijk)
    size = np.asarray(camera.pixel_size_mm, float)
    last = np.array(values.shape[::-1]) - 1
    ends = np.array(np.meshgrid(*[(0, n) for n in last])).reshape(3, -1).T
    if not (camera.sod_mm - (ends @ from_ijk[2, :3] + from_ijk[2, 3])).min() > 0:
        raise SimulationError("the volume reaches the X-ray source; move the source away (larger SOD).")

    source = to_ijk[:3] @ [*(camera.middle * size), camera.sod_mm, 1]
    # A detector pixel in voxel numbers: affine in column, row.
    detector = np.stack([to_ijk[:3, 0] * size[0], to_ijk[:3, 1] * size[1], to_ijk[:3, 3]], axis=1)
    detector[:, 2] += to_ijk[:3, 2] * (camera.sod_mm - camera.sid_mm)
    ray = detector.copy()
    ray[:, 2] -= source
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    across = int(np.argmax(np.abs(ray @ [*camera.middle, 1]) * spacing))
    b, c = (axis for axis in range(3) if axis != across)

    total = np.zeros(camera.shape, np.float32)
    slices = np.moveaxis(values, 2 - across, 0)  # numpy's axes run k, j, i
    for number, layer in enumerate(slices):
        if not layer.any():
            continue
        away = number - source[across]
        # In (slice, c, b) order a slice's columns run along b.
        homography = np.stack([source[axis] * ray[across] + away * ray[axis] for axis in (b, c)] + [ray[across]])
        total += cv2.warpPerspective(
            np.ascontiguousarray(layer, np.float32),
            homography,
            camera.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
    column, row = np.arange(camera.shape[1]), np.arange(camera.shape[0])[:, None]
    along = ray[across, 0] * column + ray[across, 1] * row + ray[across, 2]
    length = camera.obliquity() * camera.sid_mm  # of the whole ray from the source to the detector
    return total * (length / np.abs(along)).astype(np.float32)
