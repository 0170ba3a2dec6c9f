"""What a measure of a bone is: a number, and the places that it is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class BoneMeasure:
    """A number measured on a bone, and where.

    Attributes
    ----------
    value : float
    unit : str
        "mm", "deg", or "" of a ratio.
    points : dict of str to (3,) array
        Places that it is measured by (LPS, mm).
    lines : dict of str to (2, 3) array
        Axes and distances to be drawn, by their ends: "mechanical_axis", "joint_line", "distance", ...
    """

    value: float
    unit: str
    points: dict[str, np.ndarray] = field(default_factory=dict)
    lines: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where a bone is measured: all of its measures follow from these.

    Attributes
    ----------
    side : str
        "left" or "right".
    points : dict of str to (3,) array
        Middles of sections, centers of spheres, and places of the surface (LPS, mm).
    radii : dict of str to float
        Of the points that are centers of spheres (mm).
    axes : dict of str to (3,) array
        Of the points that are middles of sections: the unit vector across which each is cut.
    """

    side: str
    points: Mapping[str, np.ndarray]
    radii: Mapping[str, float] = field(default_factory=dict)
    axes: Mapping[str, np.ndarray] = field(default_factory=dict)

    def moved(self, shifts: np.ndarray, growths: np.ndarray) -> Places:
        """Return them moved by `shifts` (p, 3), with radii larger by `growths` (r,)."""
        points = {name: at + shift for (name, at), shift in zip(self.points.items(), shifts, strict=True)}
        radii = {name: at + growth for (name, at), growth in zip(self.radii.items(), growths, strict=True)}
        return Places(self.side, points, radii, self.axes)


def length(start: np.ndarray, end: np.ndarray) -> BoneMeasure:
    """Measure (mm) from one point (3,) to another, drawn by the line between them."""
    return BoneMeasure(float(np.linalg.norm(end - start)), "mm", lines={"distance": np.array([start, end])})


def reach(first: np.ndarray, second: np.ndarray, axis: np.ndarray) -> BoneMeasure:
    """Measure (mm) from one point (3,) to another along a unit axis, drawn midway between them."""
    far, middle = (second - first) @ axis, (first + second) / 2
    return BoneMeasure(float(far), "mm", lines={"distance": middle + np.outer([-far / 2, far / 2], axis)})


def angle_between(value: float, **lines: tuple[np.ndarray, np.ndarray]) -> BoneMeasure:
    """Measure (degrees) between lines, each drawn from one point (3,) to another."""
    return BoneMeasure(float(value), "deg", lines={name: np.array(ends) for name, ends in lines.items()})


def sphere(center: np.ndarray, radius: float, value: float) -> BoneMeasure:
    """Measure (mm) of a sphere, drawn by its center and one of its diameters."""
    return BoneMeasure(
        float(value), "mm", {"center": center}, {"diameter": center + radius * np.array([[-1.0, 0, 0], [1.0, 0, 0]])}
    )
