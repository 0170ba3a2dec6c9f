"""Decimation: fewer triangles, the same surface but for an error that is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import ReconstructionError
from .distance import distance_to
from .mesh import area_and_volume, arrays, polydata

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

FEWEST_TRIANGLES = 200
_VOLUME_LOST = 0.1  # share of the volume that decimation may change before it is refused
_SLIVER = 1e-7  # area of a triangle in squares of its longest side, up to which it has none
_FLIP_ROUNDS = 20


def decimate(surface: vtkPolyData, triangles: int, step: float) -> tuple[vtkPolyData, float]:
    """Simplify a closed surface until it has no more than so many triangles.

    Edges are collapsed where that moves the surface by less than a tolerance, so flat parts lose triangles
    first and features larger than the tolerance stay; the result is manifold by construction. The tolerance
    is raised until the budget is met.

    Parameters
    ----------
    surface : vtkPolyData
        Closed triangle surface (mm).
    triangles : int
        Budget, at least `FEWEST_TRIANGLES`.
    step : float
        Spacing of the grid the surface was made on (mm).

    Returns
    -------
    surface : vtkPolyData
    error_mm : float
        The farthest that any vertex of the surface given lies from the one returned, as measured.

    Raises
    ------
    ReconstructionError
        If the surface is not closed, or the budget is too small for its shape.

    References
    ----------
    The Manifold library, https://github.com/elalish/manifold.
    """
    points, faces = arrays(surface)
    coarse = simplify(surface, triangles, step)
    corners, kept = arrays(coarse)
    volume, left = area_and_volume(points, faces)[1], area_and_volume(corners, kept)[1]
    if len(kept) > triangles or abs(left - volume) > _VOLUME_LOST * volume:
        raise ReconstructionError(
            f"{triangles} triangles are too few for this bone: allow more (200000 is the usual budget)."
        )
    kept = without_slivers(corners, kept)
    return polydata(corners, kept), _farthest(points, corners, kept)


def simplify(surface: vtkPolyData, triangles: int, step: float) -> vtkPolyData:
    """Collapse edges as `decimate` does, without asking what that costs: for pictures.

    More triangles than wanted may be left where the surface is very rough.
    """
    import manifold3d

    points, faces = arrays(surface)
    mesh = manifold3d.Mesh(
        vert_properties=np.ascontiguousarray(points, np.float32), tri_verts=np.ascontiguousarray(faces, np.uint32)
    )
    whole = manifold3d.Manifold(mesh)
    if whole.status() != manifold3d.Error.NoError or whole.is_empty():
        raise ReconstructionError(f"The surface could not be closed ({whole.status().name}): mark a larger region.")
    # A fiftieth of a cell takes away slivers and what the grid alone made.
    tolerance = 0.02 * step
    best = whole.simplify(tolerance)
    extent = float(np.ptp(points, axis=0).max())
    while best.num_tri() > triangles and tolerance < extent:
        tolerance *= float(np.clip((best.num_tri() / triangles) ** 0.75, 1.25, 4))
        best = best.simplify(tolerance)
    result = best.to_mesh()
    return polydata(result.vert_properties[:, :3], result.tri_verts)


def without_slivers(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Turn triangles without area into proper ones, by flipping their longest edge.

    Where a surface is flat, simplifying can leave three corners of a triangle on one line. The middle corner
    then lies on the edge of a neighbour, which is cut in two there instead.

    Parameters
    ----------
    points : (n, 3) array
    faces : (m, 3) array
        A closed surface.

    Returns
    -------
    (m, 3) array
        Still closed; as many triangles.
    """
    faces = faces.copy()
    for _ in range(_FLIP_ROUNDS):
        corners = points[faces].astype(float)
        sides = np.linalg.norm(corners - corners[:, [1, 2, 0]], axis=2)  # side i runs from corner i to the next
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
        slivers = np.flatnonzero(area <= _SLIVER * sides.max(axis=1) ** 2)
        if len(slivers) == 0:
            break
        starts, ends = faces.ravel(), faces[:, [1, 2, 0]].ravel()
        codes = starts * len(points) + ends  # of every side, in the direction of its triangle
        order = np.argsort(codes)
        codes = codes[order]

        def place(start: int, end: int, codes=codes, order=order) -> int | None:
            """Which of all sides runs from one point to another."""
            code = start * len(points) + end
            at = np.searchsorted(codes, code)
            return int(order[at]) if at < len(codes) and codes[at] == code else None

        touched: set[int] = set()
        for number in slivers.tolist():
            i = int(sides[number].argmax())
            a, b, c = (int(faces[number, (i + j) % 3]) for j in range(3))
            # A flip must not touch what this round has changed, nor make an edge that is there already.
            if {a, b, c} & touched:
                continue
            other, j = divmod(place(b, a), 3)
            d = int(faces[other, j - 1])
            if d in touched or place(c, d) is not None or place(d, c) is not None:
                continue
            faces[number], faces[other] = (a, d, c), (d, b, c)
            touched |= {a, b, c, d}
    return faces


def _farthest(points: np.ndarray, corners: np.ndarray, faces: np.ndarray) -> float:
    """Largest distance of any of the points (n, 3) from a closed surface."""
    # Most points are still vertices of the surface, which is quickly told.
    moved = points[~np.isin(_whole(points), _whole(corners))]
    return float(np.abs(distance_to(corners, faces, moved)).max()) if len(moved) else 0.0


def _whole(points: np.ndarray) -> np.ndarray:
    """Points (n, 3) as values (n,) that are the same where all three coordinates are."""
    return np.ascontiguousarray(points, np.float32).view("V12").ravel()
