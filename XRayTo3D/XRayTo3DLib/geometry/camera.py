"""The cone-beam geometry of a radiograph: source, detector, and where the patient stands."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from ..choices import SIMULATED_VIEWS
from ..errors import SimulationError
from .frames import engine_to_ras

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Camera:
    """A point source and a flat detector.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the detector.
    pixel_size_mm : (float, float)
        Size of its pixels along x and y (mm).
    sid_mm, sod_mm : float
        Distance of the source to the detector, and to the plane z = 0 of the engine's frame.
    from_lps : (4, 4) float64 array
        From the patient's LPS coordinates (mm) to the engine's frame of this radiograph (see `frames`). It
        mirrors, since that frame is left-handed.
    principal_point : (float, float), optional
        Column and row above which the source stands; by default the middle of the picture.

    Raises
    ------
    SimulationError
        If a number is impossible; the text names it.
    """

    shape: tuple[int, int]
    pixel_size_mm: tuple[float, float]
    sid_mm: float
    sod_mm: float
    from_lps: np.ndarray
    principal_point: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise SimulationError(f"detector: {self.shape[0]} x {self.shape[1]} pixels; it needs one at least.")
        if not (np.isfinite(self.pixel_size_mm).all() and min(self.pixel_size_mm) > 0):
            raise SimulationError(f"pixel size: {self.pixel_size_mm} mm; it must be above zero.")
        if not (np.isfinite([self.sid_mm, self.sod_mm]).all() and 0 < self.sod_mm <= self.sid_mm):
            raise SimulationError(
                f"SID {self.sid_mm:g} mm, SOD {self.sod_mm:g} mm: the bone must lie between source and detector, "
                "so 0 < SOD <= SID."
            )
        if not np.isfinite(self.middle).all():
            raise SimulationError(f"principal point: {self.principal_point}; a column and a row are needed.")

    def scaled(self, factor: float) -> Camera:
        """The same camera where all that was taken for a millimeter is so many of them."""
        stands = self.from_lps.copy()
        stands[:3, 3] *= factor
        x, y = self.pixel_size_mm
        return replace(
            self,
            pixel_size_mm=(factor * x, factor * y),
            sid_mm=factor * self.sid_mm,
            sod_mm=factor * self.sod_mm,
            from_lps=stands,
        )

    @property
    def magnification(self) -> float:
        """How much larger the shadow of a thing in the plane z = 0 is."""
        return self.sid_mm / self.sod_mm

    @property
    def middle(self) -> np.ndarray:
        """Column and row of the principal point, where the detector is nearest to the source."""
        if self.principal_point is not None:
            return np.array(self.principal_point, float)
        return (np.array([self.shape[1], self.shape[0]], float) - 1) / 2

    @functools.cached_property
    def pivot_lps(self) -> np.ndarray:
        """Below the source in the plane z = 0, in the patient's coordinates (mm)."""
        return (np.linalg.inv(self.from_lps) @ [*(self.middle * self.pixel_size_mm), 0, 1])[:3]

    @property
    def source_lps(self) -> np.ndarray:
        """Where the source is, in the patient's coordinates (mm)."""
        x, y = self.middle * self.pixel_size_mm
        return (np.linalg.inv(self.from_lps) @ [x, y, self.sod_mm, 1])[:3]

    @property
    def ijk_to_lps(self) -> np.ndarray:
        """From a pixel's column and row to its place in the plane z = 0, in the patient (4, 4): its size there."""
        first, second = (
            (self.middle + (pixel - self.middle) / self.magnification) * self.pixel_size_mm for pixel in (0.0, 1.0)
        )
        to_engine = np.diag([*(second - first), -1.0, 1.0])  # right-handed in LPS: the engine's frame is mirrored
        to_engine[:2, 3] = first
        return np.linalg.inv(self.from_lps) @ to_engine

    def project(self, points_lps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shadows of points.

        Parameters
        ----------
        points_lps : (n, 3) array
            In the patient's coordinates (mm).

        Returns
        -------
        pixel : (n, 2) float64 array
            Column and row; whole numbers are pixel centres.
        distance : (n,) float64 array
            Distance from the source along the central ray (mm); its sign says on which side a point lies.
        """
        points = np.asarray(points_lps, float) @ self.from_lps[:3, :3].T + self.from_lps[:3, 3]
        distance = self.sod_mm - points[:, 2]
        size = np.asarray(self.pixel_size_mm, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            pixel = self.middle + (points[:, :2] / size - self.middle) * (self.sid_mm / distance)[:, None]
        return pixel, distance

    def in_picture(self, points_lps: np.ndarray) -> np.ndarray:
        """Points of the patient (n, 3) in the engine's frame of this picture, as it is shown.

        What was taken from behind is shown as if it had been seen from the front: its depth is turned round.
        """
        local = np.asarray(points_lps, float) @ self.from_lps[:3, :3].T + self.from_lps[:3, 3]
        return local * [1.0, 1.0, -1.0] if np.linalg.det(self.from_lps[:3, :3]) > 0 else local

    @property
    def projection(self) -> np.ndarray:
        """(3, 4) matrix from the patient's (x, y, z, 1) to (column, row, 1) times the distance from the source (mm)."""
        rays = np.array([[self.sid_mm, 0.0], [0.0, self.sid_mm]]) / np.asarray(self.pixel_size_mm, float)[:, None]
        to_picture = np.zeros((3, 4))
        to_picture[:2, :2] = rays
        to_picture[:2, 3] = -self.middle * self.sid_mm
        to_picture += np.outer([*self.middle, 1.0], [0.0, 0.0, -1.0, self.sod_mm])
        return to_picture @ self.from_lps

    def obliquity(self) -> np.ndarray:
        """Length of each pixel's ray over its extent along the central ray, (rows, columns) float64 >= 1."""
        column, row = self.middle
        x = (np.arange(self.shape[1]) - column) * self.pixel_size_mm[0] / self.sid_mm
        y = (np.arange(self.shape[0]) - row) * self.pixel_size_mm[1] / self.sid_mm
        return np.sqrt(1 + x[None, :] ** 2 + y[:, None] ** 2)


def view_directions(view: str, side: str, oblique_deg: float = 45.0) -> tuple[np.ndarray, np.ndarray]:
    """Direction in the patient (LPS) of a picture's columns and rows, as the view is usually shown.

    Parameters
    ----------
    view : str
        "ap" (source in front), "pa", "lateral" (mediolateral: the limb's outer side at the detector) or
        "oblique" (source in front, turned by `oblique_deg` towards the middle of the body).
    side : str
        "left" or "right".

    Raises
    ------
    SimulationError
        If there is no such view or side.
    """
    if view not in SIMULATED_VIEWS:
        raise SimulationError(f"view {view!r}: there is no such view; choose from {', '.join(SIMULATED_VIEWS)}.")
    if side not in ("left", "right"):
        raise SimulationError(f"side {side!r}: it must be 'left' or 'right'.")
    outwards = 1.0 if side == "left" else -1.0
    turn = {"ap": 0.0, "pa": 180.0, "lateral": 90.0, "oblique": oblique_deg}[view] * outwards
    angle = np.deg2rad(turn)
    return np.array([np.cos(angle), -np.sin(angle), 0.0]), np.array([0.0, 0.0, -1.0])


def place(
    columns: np.ndarray,
    rows: np.ndarray,
    center_lps: np.ndarray,
    shape: tuple[int, int],
    pixel_size_mm: tuple[float, float],
    sid_mm: float,
    sod_mm: float,
    principal_point: tuple[float, float] | None = None,
) -> Camera:
    """Camera whose picture has these directions of columns and rows, with a point of the patient on its central ray."""
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, 0], ijk_to_lps[:3, 1] = columns, rows
    to_lps = _RAS_TO_LPS @ engine_to_ras(_RAS_TO_LPS @ ijk_to_lps)
    from_lps = np.linalg.inv(to_lps)
    placed = Camera(tuple(shape), tuple(pixel_size_mm), float(sid_mm), float(sod_mm), from_lps, principal_point)
    moved = from_lps.copy()
    moved[:3, 3] = [*(placed.middle * placed.pixel_size_mm), 0.0] - from_lps[:3, :3] @ np.asarray(center_lps, float)
    return replace(placed, from_lps=moved)
