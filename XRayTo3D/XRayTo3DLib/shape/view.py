"""One radiograph as the fit sees it: a camera and the outline of a bone, in millimetres at the bone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import ReconstructionError
from ..geometry.camera import Camera
from ..geometry.outline import BORDER, EDGE, Outline
from .heights import Heights, Levels

STEP_MM = 1.5  # between points of an outline
_SHORTEST_MM = 40.0
Loose = float | tuple[float, float, float]  # of each axis of the picture: columns, rows, ray
# How far patient and machine are from where a second picture's angle says: a few degrees, rarely ten. Looser views
# would be turned where a bone is only unlike others; what they are turned by is therefore found to three quarters.
SECOND_VIEW = {"turn_deg": (1.5, 2.5, 0.15), "shift_mm": 0.4}
_SUREST = 0.005  # of a bone's length: so much do proportions differ between people
_WEAK = 0.3  # weight of an edge where another bone lies over it


@dataclass(frozen=True)
class Mark:
    """A landmark in a picture: where (column, row), and how sure that is (standard deviation, mm at the bone)."""

    column: float
    row: float
    deviation_mm: float


@dataclass(frozen=True)
class View:
    """A radiograph's geometry and the outline of the bone in it.

    Attributes
    ----------
    camera : Camera
        As far as it is known; its `from_lps` says where the patient stands.
    points, normals : (m, 2) float64 arrays
        Points of the outline about 1.5 mm apart (mm at the bone, from the principal point), and unit normals out
        of the bone.
    weights : (m,) float64 array
        0 where the picture ends and no edge was seen, less than 1 where an edge is weak.
    marks : dict of str to Mark
    turn_deg, shift_mm : float or (float, float, float)
        How far off the patient may stand from what the camera says, standard deviations: turned about the middle of
        the picture, and shifted, about and along its columns, rows and central ray. More is possible, if the outlines
        ask for it, of shifts much more.
    heights : Heights, optional
        How high along the bone its pixels are, where somebody read that.
    """

    camera: Camera
    points: np.ndarray
    normals: np.ndarray
    weights: np.ndarray
    marks: Mapping[str, Mark] = field(default_factory=dict)
    turn_deg: Loose = 0.0
    shift_mm: Loose = 0.0
    heights: Heights | None = None

    @property
    def levels(self) -> Levels | None:
        """What its heights come down to; None where there are none, or they tell no direction."""
        return None if self.heights is None else self.heights.levels

    @property
    def loose(self) -> bool:
        """Whether it may stand elsewhere than its camera says."""
        return bool(np.any(np.asarray(self.turn_deg) > 0) or np.any(np.asarray(self.shift_mm) > 0))

    def scaled(self, factor: float) -> View:
        """The same view where all that was taken for a millimeter is so many of them."""
        told = self.heights and replace(self.heights, points=factor * self.heights.points)
        return replace(self, camera=self.camera.scaled(factor), points=factor * self.points, heights=told)

    @property
    def length_mm(self) -> float:
        """Length of the outline that was seen."""
        return STEP_MM * float(np.count_nonzero(self.weights))


def are_firm(views: Sequence[View]) -> bool:
    """Whether several views stand to each other as their cameras say: they tell themselves where a bone stands."""
    return len(views) > 1 and not any(view.loose for view in views)


def view_from(
    camera: Camera,
    outlines: Sequence[Outline],
    marks: Mapping[str, Mark] | None = None,
    turn_deg: Loose = 0.0,
    shift_mm: Loose = 0.0,
    heights: tuple[np.ndarray, np.ndarray, float] | None = None,
) -> View:
    """Prepare a view from a bone's outlines in its picture.

    Parameters
    ----------
    camera : Camera
    outlines : sequence of Outline
        The longest is the bone's; holes and specks are left out, pieces a tenth as long or more are kept.
    marks : dict of str to Mark, optional
    turn_deg, shift_mm : float or (float, float, float)
        See `View`.
    heights : ((n, 2) array, (n,) array, float), optional
        Columns and rows of pixels, how high along the bone they are (0 to 1), and what all of that may be wrong by
        together (a standard deviation): see `Heights`.

    Raises
    ------
    ReconstructionError
        If too little of an edge was seen.
    """
    told = None if heights is None else _heights(camera, *heights)
    points, normals, weights = [], [], []
    for outline in outlines:
        line = to_mm(camera, outline.points)
        around = np.linalg.norm(line - np.roll(line, 1, axis=0), axis=1).sum()
        if (points and around < 0.1 * len(points[0]) * STEP_MM) or _is_hole(outline.points):
            continue
        sampled, flags = _resampled(line, outline.flags, max(8, round(around / STEP_MM)))
        points.append(sampled)
        normals.append(_normals(sampled))
        weights.append(np.select([flags == EDGE, flags == BORDER], [1.0, 0.0], _WEAK))
    found = (
        View(camera, *map(np.concatenate, (points, normals, weights)), dict(marks or {}), turn_deg, shift_mm, told)
        if points
        else None
    )
    if found is None or found.length_mm < _SHORTEST_MM:
        seen = 0 if found is None else found.length_mm
        raise ReconstructionError(
            f"The bone's outline is too short for the shape model: {seen:.0f} mm of it were seen, and "
            f"{_SHORTEST_MM:.0f} are needed. Mark the bone, give the pixel size, or make a solid instead."
        )
    return found


def to_mm(camera: Camera, pixel: np.ndarray) -> np.ndarray:
    """Columns and rows (..., 2) to mm at the bone, from the principal point."""
    return (np.asarray(pixel, float) - camera.middle) * camera.pixel_size_mm / camera.magnification


def to_pixel(camera: Camera, mm: np.ndarray) -> np.ndarray:
    """Inverse of `to_mm`."""
    return np.asarray(mm, float) * camera.magnification / camera.pixel_size_mm + camera.middle


def projected(camera: Camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shadows of points (n, 3) in the patient (mm).

    Returns
    -------
    place : (n, 2) array
        mm at the bone, from the principal point.
    nearness : (n,) array
        SOD over the distance from the source along the central ray.
    local : (n, 3) array
        The points in the picture's frame, from the principal point: x, y and towards the source.
    """
    middle = np.array([*(camera.middle * camera.pixel_size_mm), 0.0])
    local = points @ camera.from_lps[:3, :3].T + (camera.from_lps[:3, 3] - middle)
    nearness = camera.sod_mm / (camera.sod_mm - local[:, 2])
    return local[:, :2] * nearness[:, None], nearness, local


def gradient(camera: Camera, directions: np.ndarray, nearness: np.ndarray, local: np.ndarray) -> np.ndarray:
    """How much a shadow moves along (n, 2) directions in the picture for each mm of its point's motion: (n, 3)."""
    towards = (directions * local[:, :2]).sum(axis=1) * nearness**2 / camera.sod_mm
    return np.column_stack([directions * nearness[:, None], towards]) @ camera.from_lps[:3, :3]


def _heights(camera: Camera, pixel: np.ndarray, shares: np.ndarray, deviation: float) -> Heights:
    """Those of pixels (n, 2) that are numbers."""
    pixel, shares = np.asarray(pixel, float).reshape(-1, 2), np.asarray(shares, float)
    known = np.isfinite(shares)
    return Heights(to_mm(camera, pixel[known]), shares[known], max(float(deviation), _SUREST))


def _is_hole(points: np.ndarray) -> bool:
    """Whether a closed line of columns and rows runs anticlockwise as seen, as lines round holes do."""
    x, y = points.T
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() < 0)


def _resampled(line: np.ndarray, flags: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    closed = np.concatenate([line, line[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.arange(count) * along[-1] / count
    points = np.column_stack([np.interp(at, along, values) for values in closed.T])
    return points, flags[np.searchsorted(along, at, side="right").clip(1, len(line)) - 1]


def _normals(points: np.ndarray) -> np.ndarray:
    """Outward normals of a closed line that runs clockwise as seen (y down)."""
    tangents = np.roll(points, -2, axis=0) - np.roll(points, 2, axis=0)
    normals = np.column_stack([tangents[:, 1], -tangents[:, 0]])
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
