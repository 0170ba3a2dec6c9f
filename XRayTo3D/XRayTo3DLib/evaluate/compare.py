"""A reconstructed surface against a reference: distances, shared space, volume, neck-shaft angle."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from ..anatomy import measure_femur
from ..choices import ALIGNMENTS
from ..errors import SurfaceError
from ..surface import Distances, area_and_volume, dice, polydata, read_surface, surface_distances
from ..surface.distance import evenly

_SIZES_MM = (20.0, 1500.0)  # of a whole bone or a fragment that anybody compares
_LANDMARKS = 1000  # points of the surface that is moved
_ROUNDS = 100
# Places a femur may stand in: as in the patient (LPS), or as in a reconstruction from a view from the front, where
# x runs to the patient's left, y down, and the source lies towards -z.
_STANDING = (np.eye(3), np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))

Triangles = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """How close a surface comes to a reference.

    Attributes
    ----------
    frame : {"in frame", "aligned"}
        Whether both were compared where they stand, or after a rigid alignment without scale.
    distances : Distances
        From each to the other.
    dice : float
        Of the spaces inside, on a grid of 1 mm.
    volume_mm3, neck_shaft_angle_deg : (float, float), (float or None, float or None)
        Of the surface and of the reference; an angle is None where it is no whole femur.
    moved : (4, 4) float64 array
        What was done to the surface before comparing.
    """

    frame: str
    distances: Distances
    dice: float
    volume_mm3: tuple[float, float]
    neck_shaft_angle_deg: tuple[float | None, float | None]
    moved: np.ndarray

    def __str__(self) -> str:
        apart = self.distances
        lines = [
            f"{self.frame}: mean {apart.mean_mm:.2f}, RMS {apart.rms_mm:.2f}, 95 % {apart.p95_mm:.2f}, "
            f"largest {apart.maximum_mm:.2f} mm; Dice {self.dice:.3f}",
            "volume {:.1f} cm³, reference {:.1f} cm³".format(*(volume / 1000 for volume in self.volume_mm3)),
        ]
        if None not in self.neck_shaft_angle_deg:
            lines.append("neck-shaft angle {:.1f}°, reference {:.1f}°".format(*self.neck_shaft_angle_deg))
        return "\n".join(lines)

    def as_json(self) -> dict:
        """The comparison as JSON holds it."""

        def both(values: tuple[float | None, float | None]) -> dict:
            return {
                name: None if value is None else round(value, 3)
                for name, value in zip(("reconstructed", "reference"), values, strict=True)
            }

        return {
            "frame": self.frame,
            "distance_mm": {name.removesuffix("_mm"): value for name, value in self.distances.as_json().items()},
            "dice": round(self.dice, 4),
            "volume_mm3": both(self.volume_mm3),
            "neck_shaft_angle_deg": both(self.neck_shaft_angle_deg),
            "moved": self.moved.tolist(),
        }


def compare(found: Triangles, reference: Triangles, align: str = "none") -> Comparison:
    """Compare a closed surface with a reference.

    Parameters
    ----------
    found, reference : (points, faces)
        (n, 3) in mm and (m, 3).
    align : {"none", "rigid"}
        Compare them where they stand, or move the surface onto the reference first, without scale.
    """
    if align not in ALIGNMENTS:
        raise SurfaceError(f"align: {align!r}; choose from {', '.join(ALIGNMENTS)}.")
    moved = np.eye(4) if align == "none" else align_rigid(found, reference)
    points = found[0] @ moved[:3, :3].T + moved[:3, 3]
    placed = (points, found[1])
    return Comparison(
        "in frame" if align == "none" else "aligned",
        surface_distances(placed, reference),
        dice(placed, reference),
        (area_and_volume(*found)[1], area_and_volume(*reference)[1]),
        (neck_shaft_angle(*found), neck_shaft_angle(*reference)),
        moved,
    )


def align_rigid(found: Triangles, reference: Triangles) -> np.ndarray:
    """Rigid motion (4, 4) that brings a surface onto a reference: iterative closest points, without scale.

    It starts where the surface stands, its middle moved onto the reference's; a surface that is turned by more than
    some 45 degrees may not find its way.

    References
    ----------
    P. J. Besl and N. D. McKay, "A method for registration of 3-D shapes", IEEE Transactions on Pattern Analysis and
    Machine Intelligence 14, 1992.
    """
    from vtkmodules.vtkCommonDataModel import vtkIterativeClosestPointTransform

    icp = vtkIterativeClosestPointTransform()
    icp.SetSource(polydata(evenly(*found, _LANDMARKS), np.zeros((0, 3), np.int64)))
    icp.SetTarget(polydata(*reference))
    icp.GetLandmarkTransform().SetModeToRigidBody()
    icp.SetMaximumNumberOfLandmarks(_LANDMARKS)
    icp.SetMaximumNumberOfIterations(_ROUNDS)
    icp.StartByMatchingCentroidsOn()
    icp.CheckMeanDistanceOn()
    icp.SetMaximumMeanDistance(1e-4)
    icp.Update()
    matrix = icp.GetMatrix()
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def neck_shaft_angle(points: np.ndarray, faces: np.ndarray) -> float | None:
    """Neck-shaft angle (degrees) of a whole femur that stands as in the patient or as in a picture from the front."""
    for turn in _STANDING:
        try:
            return measure_femur(points @ turn.T, faces).neck_shaft_angle_deg
        except SurfaceError:
            continue
    return None


def read_bone(path: str | os.PathLike) -> Triangles:
    """Read a closed surface of a bone in millimetres.

    Raises
    ------
    SurfaceError
        If it cannot be read, is not closed, or is so small or large that it can hardly be in millimetres.
    """
    points, faces = read_surface(path)
    length = float(np.ptp(points, axis=0).max())
    if not _SIZES_MM[0] <= length <= _SIZES_MM[1]:
        raise SurfaceError(
            f"{path}: the surface is {length:.3g} long; in millimeters a bone is {_SIZES_MM[0]:g} to {_SIZES_MM[1]:g}. "
            "Is it in meters, centimeters or inches? Scale it to millimeters first."
        )
    return points, faces
