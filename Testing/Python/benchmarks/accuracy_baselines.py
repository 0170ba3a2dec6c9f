"""What a shape model must beat: bones from outlines alone, and the mean bone. Each makes (points, faces), LPS mm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from accuracy_bones import Triangles
from accuracy_cases import Case

from XRayTo3DLib import Settings, depth_grid, generate_surface, radiograph_from_array
from XRayTo3DLib.anatomy import measure_femur
from XRayTo3DLib.depth import solid
from XRayTo3DLib.evaluate import align_rigid
from XRayTo3DLib.geometry.camera import Camera
from XRayTo3DLib.simulate.bones.bone import mesh_from
from XRayTo3DLib.surface import isosurface, keep_largest

STEP_MM = 2.0  # of the grids; surfaces lie between their points, and 1 mm changes mean distances by 0.05 mm at most
_NEARER = 1.1  # how much smaller or larger a shadow's bone may be than in the plane of the isocentre
_ROUNDS = 6
_TRIANGLES = 50_000


def inflated(case: Case) -> Triangles:
    """The first picture's outline inflated, as deep as the isocentre: one view tells no depth."""
    camera, mask = case.cameras[0], case.masks[0]
    picture = radiograph_from_array(
        mask.astype(np.float32),
        pixel_size_mm=camera.pixel_size_mm,
        pixel_size_source="the benchmark",
        bone="bright",
        sid_mm=camera.sid_mm,
        sod_mm=camera.sod_mm,
    )
    settings = Settings(method="solid", triangles=_TRIANGLES)
    none = np.zeros(mask.shape, np.float32)
    depth = solid(depth_grid(picture, mask, settings), mask, picture.pixels, picture.pixels, none, None, 0.0)
    mesh = mesh_from(generate_surface(depth, settings).polydata)
    z = mesh.points[:, 2]
    down = np.eye(4)
    down[2, 3] = -(z.min() + z.max()) / 2
    made = mesh.moved(np.linalg.inv(camera.from_lps) @ down)
    return made.points, made.faces


def visual_hull(case: Case) -> Triangles:
    """All that casts its shadow inside both outlines.

    References
    ----------
    A. Laurentini, "The visual hull concept for silhouette-based image understanding", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 16, 1994.
    """
    import cv2

    x, y, z = _grid(case)
    distances = [_signed(mask) for mask in case.masks]
    field = np.empty((len(z), len(y), len(x)), np.float32)
    across = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    for layer, height in enumerate(z):
        places = np.column_stack([across, np.full(len(across), height)])
        inside = []
        for camera, distance in zip(case.cameras, distances, strict=True):
            pixel = camera.project(places)[0].astype(np.float32).reshape(len(y), len(x), 2)
            # Nothing is known beyond the picture: the hull ends there.
            inside.append(cv2.remap(distance, pixel, None, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, -3.0))
        field[layer] = np.min(inside, axis=0)
    return _closed(field, x, y, z)


def ellipses(case: Case) -> Triangles:
    """An ellipse in every slice, as wide as the two pictures at a right angle show it."""
    x, y, z = _grid(case)
    (left, right), (front, back) = _slices(case, z)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide, deep = np.maximum((right - left) / 2, 1e-3), np.maximum((back - front) / 2, 1e-3)
        across = (x[None, :] - ((left + right) / 2)[:, None]) / wide[:, None]
        along = (y[None, :] - ((front + back) / 2)[:, None]) / deep[:, None]
        radius = np.hypot(across[:, None, :], along[:, :, None])
        field = (1 - radius) * np.minimum(wide, deep)[:, None, None]
    return _closed(np.nan_to_num(field, nan=-STEP_MM).astype(np.float32), x, y, z)


def mean_bone(case: Case) -> Triangles:
    """The mean bone, brought onto the truth."""
    points, faces = case.mean
    moved = align_rigid((points, faces), case.truth)
    return points @ moved[:3, :3].T + moved[:3, 3], faces


def scaled_mean_bone(case: Case) -> Triangles:
    """The mean bone, made as long as the truth and brought onto it.

    The length of a femur is that of its anatomy, that of another bone is taken along the mean's longest axis.
    """
    if case.bone == "femur":
        own, true = (measure_femur(*bone, case.side).length_mm for bone in (case.mean, case.truth))
    else:
        placed = mean_bone(case)[0]
        axis = np.linalg.svd(placed - placed.mean(axis=0), full_matrices=False)[2][0]
        own, true = (np.ptp(points @ axis) for points in (placed, case.truth[0]))
    return mean_bone(replace(case, mean=(true / own * case.mean[0], case.mean[1])))


def _slices(case: Case, z: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Where the bone begins and ends along x, and along y, at heights z (k,): NaN where a picture does not show it.

    How large a shadow's bone is depends on how deep it lies, which the other picture tells: found in turns.
    """
    middle = np.column_stack([np.tile(_isocentre(case.cameras[0])[:2], (len(z), 1)), z])
    found = [(middle[:, axis], middle[:, axis]) for axis in (0, 1)]
    for _ in range(_ROUNDS):
        for axis, camera, mask in zip((0, 1), case.cameras, case.masks, strict=True):
            found[axis] = _extent(camera, mask, middle, axis)
            middle[:, axis] = np.nan_to_num(np.mean(found[axis], axis=0), nan=_isocentre(camera)[axis])
    return tuple(found)


def _extent(camera: Camera, mask: np.ndarray, middle: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest coordinate along an axis (0 or 1) of the bone near points (k, 3) on its middle line."""
    pixel, distance = camera.project(middle)
    shown = mask.any(axis=1)
    rows = np.arange(len(mask))
    first = np.where(shown, mask.argmax(axis=1) - 0.5, np.nan)
    last = np.where(shown, mask.shape[1] - 0.5 - mask[:, ::-1].argmax(axis=1), np.nan)
    mm = camera.pixel_size_mm[0] * distance / camera.sid_mm  # of a pixel, as deep as the middle
    direction = camera.from_lps[0, axis]  # of the columns: along this axis, or against it
    ends = [
        middle[:, axis] + direction * mm * (np.interp(pixel[:, 1], rows, edge, np.nan, np.nan) - pixel[:, 0])
        for edge in (first, last)
    ]
    return np.minimum(*ends), np.maximum(*ends)


def _grid(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates x, y, z of a grid round the bone that two pictures, from the front and the side, show."""
    ends = []
    for axis, camera, mask in zip((0, 1), case.cameras, case.masks, strict=True):
        columns, rows = (np.flatnonzero(mask.any(axis=side)) for side in (0, 1))
        size = np.array(camera.pixel_size_mm) * camera.sod_mm / camera.sid_mm
        sides = (columns[[0, -1]] - camera.middle[0]) * size[0] * camera.from_lps[0, axis]
        heights = (rows[[0, -1]] - camera.middle[1]) * size[1] * camera.from_lps[1, 2]
        middle = _isocentre(camera)
        ends.append((middle[axis] + _widened(sides), middle[2] + _widened(heights)))
    (x, first), (y, second) = ends
    z = (min(first[0], second[0]), max(first[1], second[1]))
    return tuple(np.arange(low - 3 * STEP_MM, high + 4 * STEP_MM, STEP_MM) for low, high in (x, y, z))


def _widened(ends: np.ndarray) -> np.ndarray:
    low, high = sorted(ends)
    return np.array([min(low * _NEARER, low / _NEARER), max(high * _NEARER, high / _NEARER)])


def _isocentre(camera: Camera) -> np.ndarray:
    """Where the central ray meets the plane z = 0 of the picture's frame, in the patient (3,)."""
    return (np.linalg.inv(camera.from_lps) @ [*(camera.middle * camera.pixel_size_mm), 0, 1])[:3]


def _signed(mask: np.ndarray) -> np.ndarray:
    """Distance (pixels) to a mask's edge, positive inside."""
    import cv2

    inside, outside = (cv2.distanceTransform(each.astype(np.uint8), cv2.DIST_L2, 5) for each in (mask, ~mask))
    return np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float32)


def _closed(field: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Triangles:
    mesh = mesh_from(keep_largest(isosurface(field, (x[0], y[0], z[0]), STEP_MM), 1))
    return mesh.points, mesh.faces
