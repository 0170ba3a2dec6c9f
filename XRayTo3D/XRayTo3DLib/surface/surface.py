"""A finished bone surface, with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.frames import ENGINE_TO_LPS
from .mesh import area_and_volume, arrays, is_closed

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

# Names of point data.
OBSERVED = "Observed"
OVER_FILM = "Height_mm"
GREY = "Radiograph"
UNCERTAINTY = "Uncertainty_mm"


@dataclass(frozen=True)
class Surface:
    """A closed triangle surface in the engine's frame (mm).

    Attributes
    ----------
    polydata : vtkPolyData
        Triangles with outward normals; point data `Observed` is 1 where the radiograph's outline or grey
        values constrained the point and 0 where only an assumption did. As `reconstruct` makes it, it also has
        `Height_mm` over the radiograph, and `Radiograph`, the grey value (0..1) that it lies over; that of a shape
        model or of a volume network has `Uncertainty_mm`, the standard deviation of each point.
    method : str
        "relief", "solid", "shape" or "volume".
    decimation_error_mm : float
        The farthest that a vertex of the undecimated surface lies from this one.
    """

    polydata: vtkPolyData
    method: str
    decimation_error_mm: float

    def describe(self) -> dict:
        """Numbers of the surface, as the JSON holds them; bounds are those of the file, in LPS coordinates."""
        from vtkmodules.util.numpy_support import vtk_to_numpy

        points, faces = arrays(self.polydata)
        areas, volume = area_and_volume(points, faces)
        observed = vtk_to_numpy(self.polydata.GetPointData().GetArray(OBSERVED))
        in_file = points @ ENGINE_TO_LPS[:3, :3]
        low, high = in_file.min(axis=0), in_file.max(axis=0)
        return {
            "method": self.method,
            "points": len(points),
            "triangles": len(faces),
            "closed": is_closed(faces),
            "volume_mm3": volume,
            "area_mm2": float(areas.sum()),
            "bounds_mm": [float(v) for pair in zip(low, high, strict=True) for v in pair],
            "observed_fraction": float((areas * observed[faces].mean(axis=1)).sum() / areas.sum()),
            "decimation_error_mm": self.decimation_error_mm,
        }


def with_observed(polydata: vtkPolyData, observed: np.ndarray) -> vtkPolyData:
    """Give a surface its `Observed` point data: (n,) values, 1 seen and 0 inferred."""
    with_point_data(polydata, OBSERVED, np.asarray(observed, np.uint8))
    polydata.GetPointData().SetActiveScalars(OBSERVED)
    return polydata


def with_point_data(polydata: vtkPolyData, name: str, values: np.ndarray) -> vtkPolyData:
    """Give a surface (n,) values at its points."""
    from vtkmodules.util.numpy_support import numpy_to_vtk

    array = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
    array.SetName(name)
    polydata.GetPointData().AddArray(array)
    return polydata
