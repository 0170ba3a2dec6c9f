"""How far each ray of a cone beam runs inside closed surfaces: exact, without voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import SimulationError
from ...geometry.camera import Camera
from ..bones.bone import Mesh

_GRAZED_MM = 1e-6  # of a ray inside: less has no middle


def path_length(meshes: Sequence[Mesh], camera: Camera) -> np.ndarray:
    """Length of each pixel's ray inside each of some closed surfaces.

    A ray's length inside a surface is the sum of the distances at which it leaves, less the sum of those at
    which it enters. Triangles are scan-converted row by row; neighbours compute the crossing of their common
    edge with a row from the same two points in the same order, so every ray meets exactly one of them, even
    along edges. The reciprocal of the distance is linear over a triangle's shadow, so distances are exact.

    Parameters
    ----------
    meshes : sequence of Mesh
        Closed surfaces in the patient's coordinates (mm).
    camera : Camera

    Returns
    -------
    (len(meshes), rows, columns) float64 array
        mm. Where a surface overlaps itself, the overlap counts twice.

    Raises
    ------
    SimulationError
        If a surface reaches the source.

    References
    ----------
    N. Freud, P. Duvauchelle, J. M. Letang, D. Babot, "Fast and robust ray casting algorithms for virtual X-ray
    imaging", Nuclear Instruments and Methods B 248, 2006.
    """
    return _cast(meshes, camera, 1)[0] * camera.obliquity()


def chords(meshes: Sequence[Mesh], camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Length of each pixel's ray inside closed surfaces, as `path_length`, and where the middle of that length is.

    Parameters
    ----------
    meshes, camera
        See `path_length`.

    Returns
    -------
    lengths : (len(meshes), rows, columns) float64 array
        mm.
    distances : (len(meshes), rows, columns) float64 array
        From the source, along the central ray (mm): the mean over what the ray runs inside. 0 where it misses.

    Raises
    ------
    SimulationError
        If a surface reaches the source.
    """
    straight, squares = _cast(meshes, camera, 2)
    distances = np.divide(squares, 2 * straight, out=np.zeros_like(squares), where=straight > _GRAZED_MM)
    return straight * camera.obliquity(), distances


def on_rays(values: np.ndarray, distances: np.ndarray, camera: Camera) -> np.ndarray:
    """Values of an affine function of place where each pixel's ray is at some distance from the source.

    Parameters
    ----------
    values : (4,) array
        The function: its product with (x, y, z, 1) of a place in the patient (mm).
    distances : (rows, columns) array
        From the source, along the central ray (mm).
    camera : Camera

    Returns
    -------
    (rows, columns) float64 array
    """
    a, b, c, d = values @ np.linalg.inv(camera.from_lps)
    (column, row), (width, height) = camera.middle, camera.pixel_size_mm
    x = (np.arange(camera.shape[1]) - column) * width / camera.sid_mm
    y = (np.arange(camera.shape[0]) - row) * height / camera.sid_mm
    at_source = a * column * width + b * row * height + c * camera.sod_mm + d
    return at_source + distances * (a * x[None, :] + b * y[:, None] - c)


def _cast(meshes: Sequence[Mesh], camera: Camera, powers: int) -> np.ndarray:
    """For each power, and of each surface, its distances where rays leave less those where they enter, to that power.

    Returns
    -------
    (powers, surfaces, rows, columns) float64 array
        The first is not negative.
    """
    corners, faces, numbers, first = [], [], [], 0
    for number, mesh in enumerate(meshes):
        pixel, distance = camera.project(mesh.points)
        if len(distance) and not distance.min() > 0:
            raise SimulationError("a surface reaches the X-ray source; move the source away (larger SOD).")
        corners.append(np.column_stack([pixel, 1 / distance]))
        faces.append(mesh.faces + first)
        numbers.append(np.full(len(mesh.faces), number))
        first += len(distance)
    totals = np.zeros((powers, len(meshes), *camera.shape))
    if first:
        spans = _spans(np.concatenate(corners), np.concatenate(faces), np.concatenate(numbers), camera.shape)
        _add_up(spans, totals)
    np.maximum(totals[0], 0, out=totals[0])
    return totals


def _spans(corners: np.ndarray, faces: np.ndarray, numbers: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Cut the shadows of triangles into pieces of detector rows.

    Each piece reaches from the edge that goes up to the edge that goes down (in the triangle's own sense); one
    that reaches to the left counts negative. So the two triangles at an edge can never both take a pixel, nor
    leave one out, however thin they are.

    Parameters
    ----------
    corners : (n, 3) float64 array
        Column, row and reciprocal distance of each point.
    faces : (m, 3) int array
    numbers : (m,) int array
        To which surface each triangle belongs.
    shape : (int, int)
        Rows and columns.

    Returns
    -------
    (6, k) float64 array
        Line (surface times rows, plus row), first and last column of each piece (real numbers), reciprocal
        distance there, and the number of pixel centres between them.
    """
    rows, columns = shape
    x, y = corners[:, 0][faces.T], corners[:, 1][faces.T]
    left, right, top, bottom = *_ends(x), *_ends(y)
    first = np.ceil(top).clip(0, rows).astype(np.int64)
    count = np.ceil(bottom).clip(0, rows).astype(np.int64) - first
    count[(right < 0) | (left > columns - 1)] = 0
    triangle = np.repeat(np.arange(len(faces)), count)
    row = first[triangle] + _ramp(count)

    piece = np.zeros((2, 2, len(triangle)))  # (up, down) x (column, reciprocal distance)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        # Neighbours must find the same crossing to the last bit: always from the point with the lower number.
        low, high = np.minimum(faces[:, start], faces[:, end]), np.maximum(faces[:, start], faces[:, end])
        rise = corners[high] - corners[low]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = rise / rise[:, 1:2]
        downwards = (faces[:, start] == low) == (rise[:, 1] > 0)
        upper = np.minimum(y[start], y[end])[triangle]
        lower = np.maximum(y[start], y[end])[triangle]
        met = np.flatnonzero((upper <= row) & (row < lower))
        of = triangle[met]
        along = row[met] - corners[low[of], 1]
        way = downwards[of].astype(np.intp)
        for k, axis in enumerate((0, 2)):
            piece[way, k, met] = corners[low[of], axis] + along * slope[of, axis]

    begin, end = np.ceil(piece[:, 0]).clip(0, columns)
    kept = np.flatnonzero(begin != end)
    line = numbers[triangle[kept]] * rows + row[kept]
    return np.stack([line, *piece[:, 0, kept], *piece[:, 1, kept], (end - begin)[kept]])


def _add_up(spans: np.ndarray, totals: np.ndarray, at_once: int = 4_000_000) -> None:
    """Add the distances of the pixels of all pieces to `totals`, (powers, surfaces, rows, columns), in place."""
    line, up, down, near_up, near_down, count = spans
    columns = totals.shape[3]
    flat = totals.reshape(len(totals), -1)
    length = np.abs(count).astype(np.int64)
    groups = np.flatnonzero(np.diff(np.cumsum(length) // at_once)) + 1
    left = np.ceil(np.minimum(up, down)).clip(0, columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (near_down - near_up) / (down - up)
    pixel = line.astype(np.int64) * columns + left.astype(np.int64)
    # Distance is 1 / (near + slope * column); the sense of the piece is its sign.
    near = near_up + slope * (left - up)
    sign = np.where(count > 0, 1.0, -1.0)
    for group in np.split(np.arange(len(length)), groups):
        if len(group) == 0:
            continue
        n = length[group]
        ramp = _ramp(n)
        distance = 1 / (np.repeat(near[group], n) + np.repeat(slope[group], n) * ramp)
        value = np.repeat(sign[group], n)
        where = np.repeat(pixel[group], n) + ramp
        low = int(where.min())
        for power in flat:
            value = value * distance
            added = np.bincount(where - low, weights=value)
            power[low : low + len(added)] += added


def _ends(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest of three rows: faster than numpy's reduction of so few."""
    a, b, c = values
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _ramp(count: np.ndarray) -> np.ndarray:
    """0, 1, ... count - 1 for each count, one after the other."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)
