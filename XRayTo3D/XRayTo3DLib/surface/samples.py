"""Points spread evenly over a surface, whatever its triangles, and what is found from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import SurfaceError
from .mesh import area_and_volume

_CELL_MM = 2.5
_FAR = 2.0  # radii from a guess of a sphere's center: what lies farther away has no part in it
_LOOSE_MM = 1.5  # what lies twice as far off a sphere is not of it


@dataclass(frozen=True)
class Samples:
    """Points of a surface.

    Attributes
    ----------
    points : (k, 3) float64 array
    areas : (k,) float64 array
        Of the surface each stands for (mm^2).
    """

    points: np.ndarray
    areas: np.ndarray

    def where(self, kept: np.ndarray) -> Samples:
        """Return those with True in `kept`, (k,) bool."""
        return Samples(self.points[kept], self.areas[kept])


def spread(points: np.ndarray, faces: np.ndarray) -> Samples:
    """Return the centroids of triangles, those with long sides cut into cells of some 2.5 mm first.

    A triangle is cut along its shortest side and towards the corner opposite, so that thin ones make few cells.

    Parameters
    ----------
    points : (n, 3) float64 array
    faces : (m, 3) int array
    """
    corners = points[faces]
    sides = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)  # from each corner to the next
    shortest = sides.argmin(axis=1)
    rows = np.arange(len(faces))
    left, right, apex = (corners[rows, (shortest + turn) % 3] for turn in range(3))
    across, along = (
        np.maximum(np.ceil(size / _CELL_MM), 1).astype(int) for size in (sides.min(axis=1), sides.max(axis=1))
    )

    counts = across * along
    triangle = np.repeat(rows, counts)
    cell = np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts)
    strip, place = np.divmod(cell, across[triangle])
    share = (place + 0.5) / across[triangle]
    # Centroid of the strip between strip/along and (strip + 1)/along of the way from the apex.
    depth = (2 / 3) * (3 * strip * (strip + 1) + 1) / (2 * strip + 1) / along[triangle]
    u, v = (depth * (1 - share))[:, None], (depth * share)[:, None]
    found = apex[triangle] * (1 - u - v) + left[triangle] * u + right[triangle] * v
    areas = area_and_volume(points, faces)[0] / (across * along**2)
    return Samples(found, areas[triangle] * (2 * strip + 1))


def fit_sphere(
    samples: Samples, center: np.ndarray, radius: float, part: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, float]:
    """Sphere of weighted least squares through a part of a surface.

    Points off the sphere lose their weight (Tukey's), in steps that tighten to a few mm.

    Parameters
    ----------
    samples : Samples
    center, radius : (3,) array, float
        A guess (mm), right to about a third of the radius.
    part : function
        Weights (k,) of unit directions (k, 3) from the centre: where the sphere is looked for.

    Returns
    -------
    center : (3,) float64 array
    radius : float
        NaN if there is next to nothing near the sphere.
    """
    samples = samples.where(((samples.points - center) ** 2).sum(axis=1) < (_FAR * radius) ** 2)
    for reach in np.concatenate([np.geomspace(0.25 * radius, _LOOSE_MM, 8), np.full(10, _LOOSE_MM)]):
        away = samples.points - center
        distance = np.sqrt(np.einsum("ki,ki->k", away, away))
        near = np.flatnonzero(np.abs(distance - radius) < 2 * reach)
        if len(near) < 10:
            return center, np.nan
        direction, off = away[near] / distance[near, None], distance[near] - radius
        weight = samples.areas[near] * part(direction) * (1 - (off / (2 * reach)) ** 2) ** 2
        slopes = np.column_stack([direction, np.ones(len(off))])
        weighed = (slopes * weight[:, None]).T
        step = np.linalg.lstsq(weighed @ slopes, weighed @ off, rcond=None)[0]
        center, radius = center + step[:3], radius + step[3]
        if reach == _LOOSE_MM and np.abs(step).max() < 1e-3:
            break
    return center, float(radius)


def farthest(samples: Samples, direction: np.ndarray) -> np.ndarray:
    """Mean (3,) of what reaches farthest along a unit direction, to about 1 mm.

    Raises
    ------
    SurfaceError
        If there are no samples.
    """
    if not len(samples.areas):
        raise SurfaceError("the surface does not have a femur's ends: is it a whole femur?")
    reach = samples.points @ direction
    return np.average(samples.points, axis=0, weights=samples.areas * np.exp(reach - reach.max()))


def outermost(samples: Samples, direction: np.ndarray) -> np.ndarray:
    """Where (3,) a surface ends along a unit direction: `farthest`, moved out to the tip.

    Of a round surface as much area lies within each millimeter of its tip, so that the mean of `farthest` is as far
    below the tip as its weights reach, 1 mm.
    """
    return farthest(samples, direction) + direction
