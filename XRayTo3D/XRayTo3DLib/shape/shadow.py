"""The shadow that a fitted surface casts on a radiograph, drawn as an outline."""

from __future__ import annotations

import numpy as np

from ..geometry.camera import Camera
from ..geometry.outline import Outline, outlines, smooth_field
from .fit import Fit
from .view import View

_MOST = 1500  # rows or columns that it is drawn on
_FINER = 4  # OpenCV fills pixels that a triangle only touches: half a pixel too many all round
_SUBPIXEL = 4  # bits of OpenCV's coordinates after the point


def shadow_outlines(fit: Fit, view: View, part: tuple[np.ndarray, np.ndarray] | None = None) -> tuple[Outline, ...]:
    """Outline (columns and rows) of a fitted bone's shadow in one of its pictures; flagged where the picture ends.

    In the place of all of it may stand a `part`, points and triangles that were cut out of it (patient, mm).
    """
    points, faces = (fit.points, fit.model.faces) if part is None else part
    camera = view.camera
    scale = min(1.0, _MOST / max(camera.shape))
    return outlined(shadow(camera, points, faces, scale), scale)


def outlined(mask: np.ndarray, scale: float) -> tuple[Outline, ...]:
    """Outline (columns and rows of the picture) of a shadow that was drawn in a copy of it, so many times its size."""
    matrix = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])
    return outlines(smooth_field(mask), matrix, np.zeros(mask.shape, bool))


def shadow(camera: Camera, points: np.ndarray, faces: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Where the rays to a picture, or to a smaller copy of it, meet a surface.

    Parameters
    ----------
    camera : Camera
    points, faces : (n, 3) and (m, 3) arrays
        In the patient (mm).
    scale : float
        Size of the copy.

    Returns
    -------
    (rows, columns) bool array
    """
    import cv2

    rows, columns = (max(1, round(scale * size)) for size in camera.shape)
    pixel = (camera.project(points)[0] + 0.5) * scale * _FINER - 0.5
    drawn = np.zeros((_FINER * rows, _FINER * columns), np.uint8)
    far = 2.0 * max(drawn.shape)  # farther off OpenCV's integers may end
    corners = np.rint(np.clip(pixel, -far, far) * 2**_SUBPIXEL).astype(np.int32)[faces]
    for triangle in corners:
        cv2.fillConvexPoly(drawn, triangle, 255, shift=_SUBPIXEL)
    return cv2.resize(drawn, (columns, rows), interpolation=cv2.INTER_AREA) > 127
