"""A grid in the patient, round what casts its shadow on a bone's masks in all views."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ReconstructionError
from ..geometry.camera import Camera

SHAPE = (112, 32, 40)  # points along the bone, from front to back and across: what the network was made for
_MARGIN = 2  # points round the bone
_RAYS, _DEPTHS = 1200, 80  # that are looked along, and places on each
_LONG = 2.0  # a bone so much longer than wide tells the grid's direction; others stand as the patient does


@dataclass(frozen=True)
class Seen:
    """A bone's mask in a view.

    Attributes
    ----------
    camera : Camera
    mask : (rows, columns) bool array
    grey : (rows, columns) float array, optional
        The radiograph, bone bright, where there is one.
    """

    camera: Camera
    mask: np.ndarray
    grey: np.ndarray | None = None

    @functools.cached_property
    def inwards_mm(self) -> np.ndarray:
        """How far (mm in the plane z = 0) each pixel lies inside the mask, negative outside, (rows, columns) float32.

        Beyond the picture's border the mask is taken to go on as it is there.
        """
        import cv2

        room = max(self.mask.shape) // 8
        mask = np.pad(np.asarray(self.mask, np.uint8), room, mode="edge")
        inside, outside = (cv2.distanceTransform(each, cv2.DIST_L2, 5) for each in (mask, 1 - mask))
        cut = slice(room, -room)
        pixels = np.where(mask > 0, inside - 0.5, 0.5 - outside)[cut, cut]
        return (pixels * self.pixel_mm).astype(np.float32)

    @property
    def pixel_mm(self) -> float:
        """Size of a pixel in the plane z = 0."""
        return float(np.mean(self.camera.pixel_size_mm)) / self.camera.magnification


@dataclass(frozen=True)
class Grid:
    """Points at equal steps in the patient.

    Attributes
    ----------
    origin : (3,) float64 array
        The first point (LPS, mm).
    axes : (3, 3) float64 array
        Rows: unit vectors across (about to the patient's left), to the back and up along the bone.
    step : float
        mm.
    shape : (int, int, int)
        Points along the third, the second and the first axis.
    """

    origin: np.ndarray
    axes: np.ndarray
    step: float
    shape: tuple[int, int, int] = SHAPE

    def at(self, index: np.ndarray) -> np.ndarray:
        """Places (n, 3) in the patient (mm) of numbers (n, 3) along the three axes."""
        return self.origin + self.step * np.asarray(index, float) @ self.axes

    def index(self, points: np.ndarray) -> np.ndarray:
        """Inverse of `at`."""
        return (np.asarray(points, float) - self.origin) @ self.axes.T / self.step

    @property
    def points(self) -> np.ndarray:
        """All places, (n, 3) in the patient (mm), the first axis running fastest."""
        layers, rows, columns = (np.arange(count) for count in self.shape)
        z, y, x = np.meshgrid(layers, rows, columns, indexing="ij")
        return self.at(np.stack([x, y, z], axis=-1).reshape(-1, 3))

    def shifted(self, steps: float) -> Grid:
        """The grid moved by so many steps along each axis."""
        return replace(self, origin=self.origin + steps * self.step * self.axes.sum(axis=0))


def grid_round(views: Sequence[Seen]) -> Grid:
    """Grid round the bone that casts these masks.

    Parameters
    ----------
    views : sequence of Seen
        One or more. Of one view, the bone is taken to be as thick as it is wide, in the plane z = 0.

    Returns
    -------
    Grid
        Upright as the patient, but for a long bone, along which it lies.

    Raises
    ------
    ReconstructionError
        If nothing casts its shadow inside all masks.
    """
    places = _hull(views)
    if len(places) < 4:
        raise ReconstructionError(
            "The views do not look at the same place: nothing lies inside the bone's mask in all of them. Check that "
            "each view has its own camera or angle, that the pictures show the same bone, and the pixel sizes."
        )
    axes = _axes(places)
    along = places @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    counts = np.array(SHAPE[::-1])
    step = float(((high - low) / (counts - 1 - 2 * _MARGIN)).max())
    return Grid(((low + high) / 2 - step * (counts - 1) / 2) @ axes, axes, step)


def _hull(views: Sequence[Seen]) -> np.ndarray:
    """Places (n, 3) in the patient (mm) on rays of the first view whose shadows lie inside all other masks."""
    first, *others = views
    rows, columns = np.nonzero(first.mask)
    if not len(rows):
        return np.empty((0, 3))
    some = np.unique(np.linspace(0, len(rows) - 1, min(_RAYS, len(rows))).round().astype(int))
    at = np.column_stack([columns, rows])[some]
    edge = [np.flatnonzero(key == end)[0] for key in (rows, columns) for end in (key.min(), key.max())]
    at = np.concatenate([at, np.column_stack([columns, rows])[edge]])
    size, camera = np.array(first.camera.pixel_size_mm), first.camera
    if others:
        reach = np.ptp(at, axis=0).max() * first.pixel_mm
        reach = np.full(len(at), min(max(reach, 50.0), 0.9 * camera.sod_mm))
    else:
        reach = np.maximum(first.inwards_mm[at[:, 1], at[:, 0]], 0)
    height = reach[:, None] * np.linspace(-1, 1, _DEPTHS)
    nearer = (camera.sod_mm - height) / camera.sid_mm
    across = (camera.middle + (at - camera.middle)[:, None] * nearer[:, :, None]) * size
    local = np.concatenate([across, height[:, :, None]], axis=-1).reshape(-1, 3)
    to_lps = np.linalg.inv(camera.from_lps)
    places = local @ to_lps[:3, :3].T + to_lps[:3, 3]
    for other in others:
        pixel, distance = other.camera.project(places)
        column, row = np.rint(pixel).astype(int).T
        inside = (distance > 0) & (row >= 0) & (column >= 0)
        inside &= (row < other.mask.shape[0]) & (column < other.mask.shape[1])
        places, row, column = places[inside], row[inside], column[inside]
        places = places[other.mask[row, column]]
    return places


def _axes(places: np.ndarray) -> np.ndarray:
    """Rows (3, 3): the patient's axes, turned so that the third lies along what is long."""
    from scipy.spatial.transform import Rotation

    variance, directions = np.linalg.eigh(np.cov(places.T))
    if np.sqrt(variance[2]) < _LONG * np.sqrt(variance[1]):
        return np.eye(3)
    along = directions[:, 2] * (1 if directions[2, 2] >= 0 else -1)
    axis = np.cross([0.0, 0.0, 1.0], along)
    sine = np.linalg.norm(axis)
    angle = np.arctan2(sine, along[2])
    return Rotation.from_rotvec(axis / max(sine, 1e-12) * angle).as_matrix().T
