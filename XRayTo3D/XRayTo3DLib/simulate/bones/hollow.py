"""The inner surface of a bone's cortex: the surface that lies so deep below the outer one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import SimulationError
from .bone import Mesh, mesh_from

_STEPS_MM = (0.5, 1.5)  # finest and coarsest grid
_STEPS_ACROSS = 20  # of the bone where it is thinnest, unless the coarsest grid has more
_VOXELS = 20_000_000  # of the grid's box, for a coarser grid where the bone is very large


def hollow(
    mesh: Mesh, thickness_mm: float | Sequence[tuple[float, float]], step_mm: float | None = None
) -> Mesh | None:
    """Surface at a depth below a closed surface.

    Parameters
    ----------
    mesh : Mesh
        Closed, in LPS mm.
    thickness_mm : float, or sequence of (float, float)
        Depth (mm); or depths at fractions of the bone's length (along z) from its top, with straight lines
        between them.
    step_mm : float, optional
        Spacing of the grid; by default 0.5 to 1.5 mm, as the bone is thick.

    Returns
    -------
    Mesh or None
        Closed, outward, inside the surface; None where the bone is thinner than twice the depth throughout.

    Raises
    ------
    SimulationError
        If a depth is not above zero, or the fractions do not rise.

    Notes
    -----
    The depth of a grid point inside is its distance from the nearest of many points spread over the surface;
    points a length h apart make it too large by no more than h^2 / (4 depth).
    """
    from scipy.spatial import cKDTree

    from ...surface import inside_of, isosurface

    at, depth = _profile(thickness_mm)
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    size = high - low
    step = step_mm or float(np.clip(size.min() / _STEPS_ACROSS, *_STEPS_MM))
    step = max(step, float((np.prod(size) / _VOXELS) ** (1 / 3)))
    origin = low - 2 * step
    shape = np.ceil(size / step).astype(int)[::-1] + 5
    wanted = np.interp((high[2] - origin[2] - step * np.arange(shape[0])) / size[2], at, depth)

    # Roughly from the voxels; exactly where that is near the depth that is wanted.
    inside = inside_of(mesh.points, mesh.faces, origin, step, shape)
    field = _depth(inside, step) - wanted[:, None, None].astype(np.float32)
    layers, rows, columns = np.nonzero(np.abs(field) < 3 * step)
    if len(layers) == 0:
        return None
    where = origin + step * np.column_stack([columns, rows, layers])
    distance = cKDTree(spread(mesh, min(step, depth.min()))).query(where)[0]
    field[layers, rows, columns] = np.where(inside[layers, rows, columns], distance, -distance) - wanted[layers]
    if not field.max() > 0:
        return None
    return mesh_from(isosurface(field, tuple(origin), step))


def _profile(thickness_mm: float | Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Fractions of the length from the top, and the depths there (mm)."""
    profile = np.asarray(thickness_mm, float)
    if profile.ndim == 0:
        profile = np.array([[0.0, float(profile)]])
    if profile.ndim != 2 or profile.shape[1] != 2 or len(profile) == 0:
        raise SimulationError("thickness of the cortex: give one number, or pairs of (fraction of length, mm).")
    at, depth = profile.T
    if not (np.isfinite(profile).all() and depth.min() > 0):
        raise SimulationError(f"thickness of the cortex: {depth.tolist()} mm; it must be above zero.")
    if not (np.diff(at) > 0).all():
        raise SimulationError(f"thickness of the cortex: the fractions of the length {at.tolist()} must rise.")
    return at, depth


def _depth(inside: np.ndarray, step: float) -> np.ndarray:
    """Distance of grid points (mm, float32) below the border of those inside, to about a step."""
    import SimpleITK as sitk  # noqa: N813  (its usual name)

    image = sitk.GetImageFromArray(inside.astype(np.uint8))
    image = sitk.SignedMaurerDistanceMap(image, insideIsPositive=True, squaredDistance=False)
    return sitk.GetArrayFromImage(image) * np.float32(step)


def spread(mesh: Mesh, spacing_mm: float) -> np.ndarray:
    """Points all over a surface, about so far apart, (n, 3)."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersModeling import vtkPolyDataPointSampler

    from ...surface import polydata

    sampler = vtkPolyDataPointSampler()
    sampler.SetInputData(polydata(mesh.points, mesh.faces))
    sampler.SetDistance(spacing_mm)
    sampler.Update()
    return vtk_to_numpy(sampler.GetOutput().GetPoints().GetData())
