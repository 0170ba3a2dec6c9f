"""The lower spine above a pelvis, as simple vertebrae: so that a pelvis does not hang in the air."""

from __future__ import annotations

import numpy as np

from ..bones.bone import Bone, Mesh
from .metal import sweep

_PELVIS_MM = 215.0  # height of the pelvis that the sizes below belong to
_SIDEWAYS = np.array([1.0, 0.0, 0.0])
_WAIST = np.array([(0.0, 0.9), (0.04, 1.0), (0.25, 0.9), (0.5, 0.85), (0.75, 0.9), (0.96, 1.0), (1.0, 0.9)])


def lumbar_spine(pelvis: Mesh, rng: np.random.Generator, count: int = 3) -> list[Bone]:
    """Vertebrae over the middle of a pelvis, lowest first.

    Parameters
    ----------
    pelvis : Mesh
        Upright (LPS, mm).
    rng : numpy.random.Generator
        For their sizes and how they lean.
    count : int

    Returns
    -------
    list of Bone
        Bodies, pedicles, spinous and transverse processes, each for itself.
    """
    low, high = pelvis.points.min(axis=0), pelvis.points.max(axis=0)
    size = (high[2] - low[2]) / _PELVIS_MM
    middle = (low[0] + high[0]) / 2
    behind = (np.abs(pelvis.points[:, 0] - middle) < 12 * size) & (pelvis.points[:, 1] > (low[1] + high[1]) / 2)
    sacrum = pelvis.points[behind]
    top = sacrum[np.argmax(sacrum[:, 2])] if len(sacrum) else np.array([middle, high[1], high[2] - 30 * size])
    place = np.array([middle, top[1] - 22 * size, top[2] + 7 * size])
    width, depth, height = np.array([25.0, 17.0, 28.0]) * size * rng.uniform(0.95, 1.1, 3)
    lean = np.array([rng.normal(0, 0.04), -0.12, 1.0])
    bones = []
    for _ in range(count):
        lean = lean + np.array([rng.normal(0, 0.02), 0.1, 0])
        up = lean / np.linalg.norm(lean)
        line = place + _WAIST[:, :1] * height * up
        bones.append(_hollow(line, _WAIST[:, 1:] * [width, depth], _SIDEWAYS, size))
        root = place + 0.65 * height * up + [0, depth, 0]
        for sign in (-1, 1):
            pedicle = root + size * np.array([sign * 14, 0, 0])
            ends = pedicle + size * np.array([[0, -4, 0], [0, 14, 0]])
            bones.append(_hollow(ends, np.array([[4.5, 7.0], [4.5, 7.0]]) * size, _SIDEWAYS, size))
            ends = pedicle + size * np.array([[0, 3, 0], [sign * 27, 9, 3]])
            bones.append(_hollow(ends, np.array([[5.0, 3.0], [3.2, 2.0]]) * size, up, size))
        spinous = root + np.array([0, 12, -4]) * size
        ends = spinous + size * np.array([[0, 0, 0], [0, 28, -9]])
        bones.append(_hollow(ends, np.array([[3.0, 9.0], [3.5, 11.0]]) * size, _SIDEWAYS, size))
        place = place + (height + rng.uniform(7, 10) * size) * up
        width, depth, height = width * 0.97, depth * 0.98, height * 0.99
    return bones


def _hollow(places: np.ndarray, radii: np.ndarray, aside: np.ndarray, size: float) -> Bone:
    """A tube of bone with a thin cortex."""
    cortex = min(1.0 * size, 0.45 * float(radii.min()))
    return Bone(sweep(places, radii, aside, 16), sweep(places, radii - cortex, aside, 16))
