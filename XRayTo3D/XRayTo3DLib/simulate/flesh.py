"""Soft tissue of a limb in a picture: skin, fat and muscle round the line of its joints, and the trunk."""

from __future__ import annotations

import numpy as np

from .film import MU_FAT, MU_MUSCLE
from .looks import smooth_noise

_STEP = 3  # pixels: soft tissue is smooth


def flesh(
    joints_px: np.ndarray, trunk_px: np.ndarray | None, pixel_mm: float, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Line integral of attenuation of a limb's soft tissue, as if there were no bones.

    Parameters
    ----------
    joints_px : (limbs, 4, 2) array
        A place above the hip, the middle of the thigh, knee and ankle of each limb, in the picture.
    trunk_px : (2,) array, optional
        Middle of the pelvis, where the trunk is in the picture.
    pixel_mm : float
        Pixel size in the plane of the limb.
    size : int
        Rows and columns.
    rng : numpy.random.Generator

    Returns
    -------
    (size, size) float32 array
    """
    import cv2

    count = -(-size // _STEP)
    x = (np.arange(count, dtype=np.float32) + 0.5) * _STEP
    place = np.stack(np.meshgrid(x, x), axis=-1)
    fat = rng.uniform(5, 28)
    # Half widths of the limb (mm) above the hip, at the thigh, knee and ankle.
    widths = np.array([112, 76, 58, 42]) * rng.uniform(0.8, 1.15) + fat - 12
    depth = 1 + 0.08 * smooth_noise(rng, (count, count), 4)
    skin = muscle = np.zeros((count, count), np.float32)
    for joints in joints_px:
        outer = _thickness(place, joints, widths, pixel_mm, rng)
        inner = _thickness(place, joints, widths - fat, pixel_mm, rng)
        skin, muscle = np.maximum(skin, outer), np.maximum(muscle, np.minimum(inner * depth, outer))
    if trunk_px is not None:
        half = np.array([rng.uniform(155, 200), rng.uniform(150, 190)]) / pixel_mm
        away = (place - (np.asarray(trunk_px) - [0, 0.6 * half[1]]).astype(np.float32)) / half.astype(np.float32)
        inside = np.sqrt(np.clip(1 - (away**2).sum(axis=-1), 0, None))
        trunk = rng.uniform(120, 210) * inside * (1 + 0.1 * smooth_noise(rng, (count, count), 6))
        gas = np.clip(smooth_noise(rng, (count, count), 9) - 1.2, 0, 1) * rng.uniform(0, 50) * (inside > 0.3)
        skin, muscle = _joined(skin, trunk), _joined(muscle, np.clip(trunk - fat - gas, 0, None))
    total = (MU_FAT * np.maximum(skin - muscle, 0) + MU_MUSCLE * muscle).astype(np.float32)
    total = cv2.GaussianBlur(total, (0, 0), 1.0)
    return cv2.resize(total, (count * _STEP, count * _STEP), interpolation=cv2.INTER_LINEAR)[:size, :size]


def _joined(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The greater of two thicknesses (mm), without a crease where they meet."""
    return np.sqrt(np.maximum(one, other) ** 2 + 0.5 * np.minimum(one, other) ** 2)


def _thickness(
    place: np.ndarray, joints: np.ndarray, widths: np.ndarray, pixel_mm: float, rng: np.random.Generator
) -> np.ndarray:
    """Thickness (mm) of a limb of round sections along a line of joints."""
    deepest = np.zeros(place.shape[:2], np.float32)
    for a, b, first, last in zip(joints[:-1], joints[1:], widths[:-1], widths[1:], strict=True):
        axis = b - a
        along = ((place - a) @ axis) / max(float(axis @ axis), 1e-6)
        along = np.clip(along, 0, 1)
        off = place - (a + along[..., None] * axis)
        half = (first + (last - first) * along) / pixel_mm
        deepest = np.maximum(deepest, half**2 - (off**2).sum(axis=-1))
    return (2 * pixel_mm * np.sqrt(deepest)).astype(np.float32)
