"""What long bones have in common: a closed surface, a shaft, sections across it."""

from __future__ import annotations

import numpy as np

from ..errors import SurfaceError
from ..surface.mesh import area_and_volume, is_closed
from ..surface.samples import Samples
from ..surface.section import sections
from .vectors import line

_TILT_DEG = 40.0  # of the bone's long axis; a femur that stands upright leans by some 10 degrees


def checked(
    points: np.ndarray, faces: np.ndarray, side: str | None, bone: str, lengths_mm: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Points and outward faces of a closed surface of a bone's size.

    Raises
    ------
    SurfaceError
        If it is empty, open, not finite, or too small or too large.
    """
    if side not in (None, "left", "right"):
        raise SurfaceError(f"side is {side!r}: give 'left' or 'right', or leave it out to have it found.")
    points, faces = np.asarray(points, float), np.asarray(faces)
    if len(points) == 0 or len(faces) == 0:
        raise SurfaceError("the surface is empty: it has no triangles.")
    if points.ndim != 2 or points.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise SurfaceError(f"points must be (n, 3) and faces (m, 3): they are {points.shape} and {faces.shape}.")
    if faces.min() < 0 or faces.max() >= len(points):
        raise SurfaceError(f"faces name points from {faces.min()} to {faces.max()}, but there are {len(points)}.")
    used = np.unique(faces)
    points, faces = points[used], np.searchsorted(used, faces)
    if not np.isfinite(points).all():
        raise SurfaceError("the surface has points that are not numbers (NaN or infinite).")
    if not is_closed(faces):
        raise SurfaceError("the surface is not closed: fill its holes and merge points that are doubled.")
    extent = float(np.linalg.norm(np.ptp(points, axis=0)))
    low, high = lengths_mm
    if not low <= extent <= 1.2 * high:  # the diagonal of the box is a little longer than the bone
        guess = ": meters?" if extent < 1 else ": centimeters?" if low <= 10 * extent <= high else "."
        raise SurfaceError(f"a {bone} is {low:.0f} to {high:.0f} mm long; this surface is {extent:.3g}{guess}")
    return points, faces if area_and_volume(points, faces)[1] > 0 else faces[:, ::-1]


def long_axis(
    points: np.ndarray, faces: np.ndarray, samples: Samples, bone: str, lengths_mm: tuple[float, float]
) -> np.ndarray:
    """Direction of the shaft, upwards: the line through its sections' centres, across itself.

    Raises
    ------
    SurfaceError
        If the bone is too short or too long, or does not stand upright.
    """
    away = samples.points - np.average(samples.points, axis=0, weights=samples.areas)
    axis = np.linalg.eigh((away * samples.areas[:, None]).T @ away)[1][:, -1]
    axis = axis * np.sign(axis[2])
    length = np.ptp(points @ axis)
    low, high = lengths_mm
    if not low <= length <= high:
        raise SurfaceError(f"a {bone} is {low:.0f} to {high:.0f} mm long; this surface is {length:.0f}.")
    if not axis[2] > np.cos(np.radians(_TILT_DEG)):
        tilt = np.degrees(np.arccos(min(axis[2], 1)))
        raise SurfaceError(f"the bone leans by {tilt:.0f} degrees: stand it upright along z (LPS) within 25 degrees.")
    for _ in range(2):
        axis = line(section_centers(points, faces, axis, np.linspace(0.25, 0.75, 21)), axis)[1]
    return axis


def section_centers(points: np.ndarray, faces: np.ndarray, axis: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Centres of the largest loops of sections across an axis, at fractions of the length from the top."""
    height = points @ axis
    levels = height.max() - np.asarray(fractions) * np.ptp(height)
    centers = []
    for fraction, cut in zip(fractions, sections(points, faces, levels, axis), strict=True):
        if not len(cut.areas) or not cut.areas[0] > 0:
            raise SurfaceError(f"the bone is interrupted at {100 * fraction:.0f} % of its length: join its pieces.")
        centers.append(cut.centroids[0])
    return np.array(centers)
