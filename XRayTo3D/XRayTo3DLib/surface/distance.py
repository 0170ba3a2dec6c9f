"""How far surfaces lie apart, and what they share."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from .mesh import polydata
from .samples import spread

_POINTS = 15_000  # of each surface: the mean is then right to about a hundredth


@dataclass(frozen=True)
class Distances:
    """Distances between two surfaces (mm), from each to the other, every part weighed by its area."""

    mean_mm: float
    rms_mm: float
    p95_mm: float
    maximum_mm: float

    def as_json(self) -> dict[str, float]:
        """Return the numbers, rounded to a micrometre."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def distance_to(points: np.ndarray, faces: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Distance of (k, 3) places to a closed surface, (k,) float64, negative inside."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance

    distance = vtkImplicitPolyDataDistance()
    distance.SetInput(polydata(points, faces))
    result = numpy_to_vtk(np.zeros(len(at)))
    distance.FunctionValue(numpy_to_vtk(np.ascontiguousarray(at, np.float64)), result)
    return vtk_to_numpy(result).copy()


def surface_distances(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> Distances:
    """Point-to-surface distances between two surfaces, each given as points (n, 3) and triangles (m, 3).

    Each surface is represented by the same number of points, drawn evenly over its area, always the same ones.
    """
    apart = np.concatenate(
        [np.abs(distance_to(*end, evenly(*start, _POINTS))) for start, end in ((one, other), (other, one))]
    )
    return Distances(
        float(apart.mean()), float(np.sqrt(np.mean(apart**2))), float(np.percentile(apart, 95)), float(apart.max())
    )


def evenly(points: np.ndarray, faces: np.ndarray, count: int) -> np.ndarray:
    """So many points (count, 3) drawn at random, evenly over a surface's area; always the same ones."""
    samples = spread(points, faces)
    return np.random.default_rng(0).choice(samples.points, count, p=samples.areas / samples.areas.sum())


def inside_of(
    points: np.ndarray, faces: np.ndarray, origin: np.ndarray, step: float, shape: tuple[int, int, int] | np.ndarray
) -> np.ndarray:
    """Tell which points of a grid, (layers, rows, columns) bool, lie inside a closed surface.

    Parameters
    ----------
    points, faces : (n, 3) and (m, 3) arrays
    origin : (3,) array
        x, y, z of the grid's first point.
    step : float
        Distance of neighbours.
    shape : (int, int, int)
        Layers, rows and columns.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil

    stencil = vtkPolyDataToImageStencil()
    stencil.SetInputData(polydata(points, faces))
    stencil.SetOutputOrigin(origin)
    stencil.SetOutputSpacing(step, step, step)
    stencil.SetOutputWholeExtent(0, int(shape[2]) - 1, 0, int(shape[1]) - 1, 0, int(shape[0]) - 1)
    image = vtkImageStencilToImage()
    image.SetInputConnection(stencil.GetOutputPort())
    image.SetInsideValue(1)
    image.SetOutsideValue(0)
    image.SetOutputScalarTypeToUnsignedChar()
    image.Update()
    return vtk_to_numpy(image.GetOutput().GetPointData().GetScalars()).reshape(shape) > 0


def dice(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], step_mm: float = 1.0) -> float:
    """Dice coefficient of the spaces inside two closed surfaces, on a grid of so many mm."""
    corners = np.concatenate([one[0], other[0]])
    origin = corners.min(axis=0) - step_mm
    shape = np.ceil((corners.max(axis=0) - origin) / step_mm).astype(int)[::-1] + 2
    first, second = (inside_of(*each, origin, step_mm, shape) for each in (one, other))
    return 2 * np.count_nonzero(first & second) / max(np.count_nonzero(first) + np.count_nonzero(second), 1)
