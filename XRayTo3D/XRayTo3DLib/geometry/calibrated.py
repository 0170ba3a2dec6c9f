"""Calibrated cameras: from a projection matrix to a `Camera`, and several of them brought into one patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import ReconstructionError
from .camera import Camera
from .stand import Stand

_MOST_SKEWED = 2.0  # pixels by which slanted axes may move the picture's edge: less is noise of a calibration
_NEAREST_DEG = 5.0  # views nearer to each other are one view
_ANY_SOD_MM = 1000.0  # until it is known where the bone is


def camera_from_projection(matrix: np.ndarray, shape: tuple[int, int]) -> Camera:
    """Camera of a 3x4 projection matrix.

    A matrix says nothing of the detector's pixel size nor of where the bone is: the camera's SID and SOD are the same
    and any, so that its pixels are those at the bone once it is focused (see `met`).

    Parameters
    ----------
    matrix : (3, 4) array
        From (x, y, z, 1) in mm to (column, row, 1) times any factor; whole numbers are pixel centres.
    shape : (int, int)
        Rows and columns of the picture.

    Raises
    ------
    ReconstructionError
        If it is no camera's matrix, or the picture's axes are not at right angles.
    """
    from scipy.linalg import rq

    matrix = np.asarray(matrix, float)
    if matrix.shape != (3, 4) or not np.isfinite(matrix).all() or np.linalg.cond(matrix[:, :3]) > 1e12:
        raise ReconstructionError("This is no projection matrix: 3 rows of 4 numbers are needed, of a finite camera.")
    inner, rotation = rq(matrix[:, :3])
    signs = np.sign(np.diag(inner))
    inner, rotation = inner * signs / abs(inner[2, 2]), signs[:, None] * rotation
    skewed = abs(inner[0, 1] / inner[1, 1]) * shape[0] / 2
    if skewed > _MOST_SKEWED:
        raise ReconstructionError(
            f"The matrix has slanted axes (by {skewed:.1f} pixels at the picture's edge; {_MOST_SKEWED:g} are "
            "allowed): a flat detector has none. Calibrate again, with square pixels."
        )
    rotation = rotation * np.sign(np.linalg.det(rotation))  # the factor's sign means nothing: seen from the source
    source = -np.linalg.solve(matrix[:, :3], matrix[:, 3])
    return _camera(shape, inner[[0, 1], [0, 1]], inner[:2, 2], rotation, source, _ANY_SOD_MM)


def met(cameras: Sequence[Camera], pixels: Sequence[np.ndarray]) -> tuple[Camera, ...]:
    """Focus cameras of one world on where they look: its origin, in the plane z = 0 of each.

    SID and SOD are the same then, and pixel sizes are those at the bone: a principal point beside the picture's middle
    makes no difference to where a pixel lies in that plane.

    Parameters
    ----------
    cameras : sequence of Camera
        Two or more.
    pixels : sequence of (2,) array
        Of each, column and row of where it looks.

    Raises
    ------
    ReconstructionError
        If they do not look at one place, or two of them are one.
    """
    sources = np.array([camera.source_lps for camera in cameras])
    rays = np.array([_ray(camera, pixel) for camera, pixel in zip(cameras, pixels, strict=True)])
    alike = rays @ rays.T > np.cos(np.radians(_NEAREST_DEG))
    alike |= (np.abs(rays @ rays.T) > np.cos(np.radians(_NEAREST_DEG))).all()  # from opposite sides: no place is told
    for one, other in np.argwhere(np.triu(alike, 1)):
        raise ReconstructionError(
            f"The cameras of views {one + 1} and {other + 1} look along the same line: each view must see the bone "
            "from another side."
        )
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]
    place = np.linalg.solve(across.sum(axis=0), np.einsum("nij,nj->i", across, sources))
    focused = []
    for number, camera in enumerate(cameras, 1):
        (pixel,), (distance,) = camera.project(place[None])
        if not ((pixel > -0.5) & (pixel < np.array(camera.shape[::-1]) - 0.5)).all():
            raise ReconstructionError(
                f"The cameras do not see the same place: what the others look at lies at column {pixel[0]:.0f}, row "
                f"{pixel[1]:.0f} of view {number}, outside of its picture. Check that each view has its own camera, "
                "and that all are of one calibration."
            )
        rotation, source = _rotation(camera) * np.sign(distance), camera.source_lps - place
        focal = np.divide(camera.sid_mm, camera.pixel_size_mm)
        focused.append(_camera(camera.shape, focal, camera.middle, rotation, source, abs(distance)))
    return tuple(focused)


def standing(cameras: Sequence[Camera], stand: Stand) -> tuple[Camera, ...]:
    """Cameras of one world, with the patient turned in it so that the first one stands to him as said."""
    first = cameras[0]
    told = first.from_lps[:3, :3]
    wanted = stand.camera(np.zeros(3), first.shape, first.pixel_size_mm, first.sid_mm, first.sod_mm).from_lps[:3, :3]
    if np.linalg.det(told) * np.linalg.det(wanted) < 0:  # shown as seen from the source's side, or from the other one
        wanted = np.diag([-1.0, 1.0, 1.0]) @ wanted
    to_world = np.eye(4)
    to_world[:3, :3] = told.T @ wanted
    return tuple(replace(camera, from_lps=camera.from_lps @ to_world) for camera in cameras)


def _ray(camera: Camera, pixel: np.ndarray) -> np.ndarray:
    """Unit direction (3,) from the source to a pixel."""
    x, y = (np.asarray(pixel, float) - camera.middle) * camera.pixel_size_mm / camera.sid_mm
    ray = np.array([x, y, 1.0]) @ _rotation(camera)
    return ray / np.linalg.norm(ray)


def _rotation(camera: Camera) -> np.ndarray:
    """Rows (3, 3): columns, rows and central ray of a picture."""
    return np.diag([1.0, 1.0, -1.0]) @ camera.from_lps[:3, :3]


def _camera(shape, focal, principal_point, rotation, source, sod_mm) -> Camera:
    """Camera whose pixels are those at a distance from its source; focal lengths are in pixels."""
    size = tuple(float(sod_mm / each) for each in focal)
    from_lps = np.eye(4)
    from_lps[:3, :3] = np.diag([1.0, 1.0, -1.0]) @ rotation
    from_lps[:3, 3] = [*(principal_point * np.array(size)), sod_mm] - from_lps[:3, :3] @ source
    return Camera(tuple(shape), size, float(sod_mm), float(sod_mm), from_lps, tuple(map(float, principal_point)))
