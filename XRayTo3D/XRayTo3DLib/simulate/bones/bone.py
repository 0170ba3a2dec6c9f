"""A bone as the simulator knows it: closed surfaces in the patient's LPS millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import SimulationError

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

USUAL_FEMUR_MM = 395.0  # from the head's centre to the knee's: the femur that sizes in this package belong to

_TOLERATED = 0.01  # of the triangles may cross others: touching parts of real bones


@dataclass(frozen=True)
class Mesh:
    """A closed triangle surface.

    Attributes
    ----------
    points : (n, 3) float64 array
        x to the patient's left, y to the back, z up (LPS, mm).
    faces : (m, 3) int64 array
        Triangles, anticlockwise seen from outside.
    """

    points: np.ndarray
    faces: np.ndarray

    def moved(self, matrix: np.ndarray) -> Mesh:
        """Return the surface moved by a (4, 4) matrix, its triangles still facing outwards if that mirrors."""
        points = self.points @ matrix[:3, :3].T + matrix[:3, 3]
        mirrored = np.linalg.det(matrix[:3, :3]) < 0
        return Mesh(points, self.faces[:, ::-1] if mirrored else self.faces)


@dataclass(frozen=True)
class Bone:
    """A bone: its outer surface, and the inner surface of its cortex, which holds marrow or spongy bone."""

    outer: Mesh
    inner: Mesh | None = None

    def moved(self, matrix: np.ndarray) -> Bone:
        """Return the bone moved by a (4, 4) matrix."""
        return Bone(self.outer.moved(matrix), self.inner and self.inner.moved(matrix))


def together(meshes: Sequence[Mesh]) -> Mesh:
    """Return closed surfaces as one, which holds all their triangles."""
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]
    return Mesh(np.concatenate([mesh.points for mesh in meshes]), np.concatenate(faces))


def mesh_from(surface: vtkPolyData) -> Mesh:
    """Return the triangles of a VTK surface."""
    from ...surface import arrays

    points, faces = arrays(surface)
    return Mesh(np.asarray(points, np.float64), np.asarray(faces, np.int64))


def lighter(mesh: Mesh, triangles: int, step_mm: float = 1.0) -> Mesh:
    """Return the surface with about so many triangles, if it has more; it was made on a grid of about this step."""
    from ...surface import polydata, simplify

    if len(mesh.faces) <= triangles:
        return mesh
    return mesh_from(simplify(polydata(mesh.points, mesh.faces), triangles, step_mm))


def through_rings(rings: np.ndarray, tips: np.ndarray) -> Mesh:
    """Closed surface through rings of points.

    Parameters
    ----------
    rings : (n, corners, 3) array
        Each anticlockwise, seen from where the next one lies.
    tips : (2, 3) array
        Middles of the first and the last ring, which close them.
    """
    count, corners = rings.shape[:2]
    a = np.arange(corners)
    b = (a + 1) % corners
    levels = corners * np.arange(count - 1)[:, None]
    lower = np.stack([levels + a, levels + b, levels + b + corners], axis=-1).reshape(-1, 3)
    upper = np.stack([levels + a, levels + b + corners, levels + a + corners], axis=-1).reshape(-1, 3)
    last, bottom = corners * (count - 1), corners * count
    first_end = np.stack([b, a, np.full(corners, bottom)], axis=1)
    last_end = np.stack([last + a, last + b, np.full(corners, bottom + 1)], axis=1)
    faces = np.concatenate([lower, upper, first_end, last_end]).astype(np.int64)
    return Mesh(np.concatenate([rings.reshape(-1, 3), tips]), faces)


def checked_mesh(points: np.ndarray, faces: np.ndarray, name: str) -> tuple[Mesh, list[str]]:
    """Take a surface from elsewhere, if a radiograph can be made of it.

    Parameters
    ----------
    points : (n, 3) array
        LPS, mm.
    faces : (m, 3) array
        Triangles, which may all face inwards.
    name : str
        What errors and warnings call it.

    Returns
    -------
    mesh : Mesh
    warnings : list of str

    Raises
    ------
    SimulationError
        If it is not closed, crosses itself in many places, or can hardly be in millimetres.
    """
    from ...surface import area_and_volume, crossing_triangles, is_closed

    points, faces = np.asarray(points, float), np.asarray(faces, np.int64)
    if not is_closed(faces):
        raise SimulationError(f"{name}: the surface is not closed; repair it first.")
    longest = float(np.ptp(points, axis=0).max())
    if not 5 <= longest <= 2000:
        raise SimulationError(f"{name}: the surface is {longest:.3g} mm long; is it in millimeters?")
    crossing = len(crossing_triangles(points, faces))
    if crossing > _TOLERATED * len(faces):
        raise SimulationError(
            f"{name}: the surface crosses itself ({crossing} of its {len(faces)} triangles); what is inside twice "
            "would count twice. Repair it first, for instance with Slicer's Surface Toolbox."
        )
    warnings = []
    if crossing:
        warnings.append(f"{name}: {crossing} of {len(faces)} triangles cross others; thickness may be wrong there.")
    if area_and_volume(points, faces)[1] < 0:
        faces = faces[:, ::-1]
    return Mesh(points, faces), warnings
