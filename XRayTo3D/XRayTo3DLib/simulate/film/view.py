"""One simulated radiograph: a bone in its soft tissue, before a source and a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import SimulationError
from ...geometry.camera import Camera, place, view_directions
from ..bones.bone import Bone, Mesh, mesh_from
from ..bones.volume import BONE_HU, Volume, attenuation, integrate
from .film import MU_CORTEX, MU_MUSCLE, MU_SPONGY, MU_STEEL, expose
from .projector import path_length
from .setup import Setup
from .tissue import envelope

WHITE = 65535
_MARGIN_MM = 30.0  # of a detector that is made as large as the bone asks for
_LEAST_SHADOW_MM2 = 1.0


@dataclass(frozen=True)
class Simulated:
    """A simulated radiograph, with the truth it was made from.

    Attributes
    ----------
    pixels : (rows, columns) uint16 array
        Logarithmic, bone bright.
    view, side : str
    camera : Camera
    thickness_mm : (rows, columns) float32 array
        Length of each ray inside the bone's outer surface.
    """

    pixels: np.ndarray
    view: str
    side: str
    camera: Camera
    thickness_mm: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """Where the bone's shadow is, (rows, columns) bool."""
        return self.thickness_mm > 0


def simulate(body: Sequence[Bone] | Volume, view: str, side: str, setup: Setup, rng: np.random.Generator) -> Simulated:
    """Take a radiograph of a bone, in fragments or whole, or of a CT volume.

    Parameters
    ----------
    body : sequence of Bone, or Volume
        Bones that do not overlap; a volume brings its own soft tissue.
    view : str
        One of `choices.SIMULATED_VIEWS`.
    side : str
        "left" or "right".
    setup : Setup
    rng : numpy.random.Generator
        For the noise.

    Raises
    ------
    SimulationError
        If there is no such view, the detector misses the bone, or the source stands in it.
    """
    columns, rows = view_directions(view, side)
    points = body.corners if isinstance(body, Volume) else np.concatenate([bone.outer.points for bone in body])
    low, high = points.min(axis=0), points.max(axis=0)
    center = (low + high) / 2 if setup.center_lps is None else np.asarray(setup.center_lps, float)
    size = (setup.pixel_size_mm, setup.pixel_size_mm)
    ball = _ball(low, high, side, setup.ball_mm) if setup.ball_mm else None
    camera = place(columns, rows, center, setup.shape or (1, 1), size, setup.sid_mm, setup.sod_mm)
    if setup.shape is None:
        shape = _shape_that_holds(points if ball is None else np.concatenate([points, ball.points]), camera)
        camera = place(columns, rows, center, shape, size, setup.sid_mm, setup.sod_mm)

    if isinstance(body, Volume):
        line_integral = integrate(attenuation(body.hounsfield), body.ijk_to_lps, camera)
        bone = np.asarray(body.hounsfield > BONE_HU, np.float32)
        thickness = integrate(bone, body.ijk_to_lps, camera)
    else:
        line_integral, thickness = _through_surfaces(body, points, camera, setup)
    shadow_mm2 = np.count_nonzero(thickness) * setup.pixel_size_mm**2
    if shadow_mm2 < _LEAST_SHADOW_MM2:
        raise SimulationError(
            f"the detector ({camera.shape[0]} x {camera.shape[1]} pixels of {setup.pixel_size_mm:g} mm) misses the "
            "bone; make the detector larger, or move its center."
        )
    shadow = thickness > 0
    if ball is not None:
        steel = path_length([ball], camera)[0]
        line_integral, shadow = line_integral + MU_STEEL * steel, shadow | (steel > 0)
    film = expose(line_integral, setup.exposure, setup.pixel_size_mm, rng)
    film = np.clip(film / film[thickness > 0].max(), 0, 1)
    if setup.collimation_mm is not None:
        film = np.where(_open(shadow, setup.collimation_mm / setup.pixel_size_mm), film, 0)
    if setup.marked:
        film = _marked(film, side)
    pixels = np.rint(film * WHITE).astype(np.uint16)
    return Simulated(pixels, view, side, camera, thickness.astype(np.float32))


def _through_surfaces(
    bones: Sequence[Bone], points: np.ndarray, camera: Camera, setup: Setup
) -> tuple[np.ndarray, np.ndarray]:
    """Line integral of attenuation, and length inside the outer surfaces, (rows, columns) each."""
    outer = path_length([bone.outer for bone in bones], camera).sum(axis=0)
    inner = path_length([bone.inner for bone in bones if bone.inner is not None], camera).sum(axis=0)
    inner = np.minimum(inner, outer)
    line_integral = MU_CORTEX * (outer - inner) + MU_SPONGY * inner
    if setup.tissue_mm:
        tube = envelope([bone.outer for bone in bones], setup.tissue_mm, beyond_mm=np.ptp(points[:, 2]) + 200)
        tissue = path_length([tube], camera)[0]
        line_integral += MU_MUSCLE * np.maximum(tissue - outer, 0)
    return line_integral, outer


def _shape_that_holds(points: np.ndarray, camera: Camera) -> tuple[int, int]:
    """Rows and columns of a detector, its middle on the central ray, that all points' shadows fall on."""
    pixel, distance = camera.project(points)
    if not distance.min() > 0:
        raise SimulationError("the bone reaches the X-ray source; move the source away (larger SOD).")
    half = np.abs(pixel - camera.middle).max(axis=0) + _MARGIN_MM / np.array(camera.pixel_size_mm)
    columns, rows = (2 * np.ceil(half / 2) * 2).astype(int)
    return int(rows), int(columns)


def _ball(low: np.ndarray, high: np.ndarray, side: str, diameter_mm: float) -> Mesh:
    """Steel ball outside and in front of the bone, where it shows beside it from the front and from the side."""
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    away = 12.0 + diameter_mm / 2
    x = high[0] + away if side == "left" else low[0] - away
    sphere = vtkSphereSource()
    sphere.SetRadius(diameter_mm / 2)
    sphere.SetCenter(x, low[1] - away, (low[2] + high[2]) / 2)
    sphere.SetThetaResolution(96)
    sphere.SetPhiResolution(96)
    sphere.Update()
    return mesh_from(sphere.GetOutput())


def _marked(film: np.ndarray, side: str) -> np.ndarray:
    """A lead letter in the upper left corner, and the words that must not be missing, below."""
    import cv2

    ink = np.zeros(film.shape, np.uint8)
    rows, columns = film.shape
    for text, height, below in ((side[0].upper(), rows / 22, rows / 11), ("SIMULATED", rows / 60, rows - rows / 50)):
        scale = min(height, columns / 12) / 22  # Hershey's capitals are 22 pixels high
        place = (round(columns / 16), round(below))
        cv2.putText(ink, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, round(2.4 * scale)), cv2.LINE_AA)
    return np.maximum(film, ink.astype(np.float32) / 255)


def _open(mask: np.ndarray, margin: float) -> np.ndarray:
    """The box round a mask, with a margin (pixels), as (rows, columns) bool."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    result = np.zeros(mask.shape, bool)
    top, left = (max(0, int(np.floor(n[0] - margin))) for n in (rows, columns))
    bottom, right = (int(np.ceil(n[-1] + margin)) + 1 for n in (rows, columns))
    result[top:bottom, left:right] = True
    return result
