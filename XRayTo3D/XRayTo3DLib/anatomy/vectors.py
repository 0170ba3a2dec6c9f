"""Directions, lines and angles."""

from __future__ import annotations

import numpy as np


def unit(vector: np.ndarray) -> np.ndarray:
    """Direction (3,) of a vector."""
    return vector / np.linalg.norm(vector)


def across(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Direction (3,) of a vector's part across a unit axis."""
    return unit(vector - (vector @ axis) * axis)


def backwards(up: np.ndarray, lateral: np.ndarray, side: str) -> np.ndarray:
    """Direction (3,) to the back of a leg, across the ones up and to the outer side."""
    return np.cross(up, lateral) if side == "left" else np.cross(lateral, up)


def line(centers: np.ndarray, towards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A point and the direction, on the side of `towards`, of the line of least squares through points (n, 3)."""
    middle = centers.mean(axis=0)
    direction = np.linalg.svd(centers - middle, full_matrices=False)[2][0]
    return middle, direction * np.sign(direction @ towards)


def from_top(which: np.ndarray, points: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """How far (k,) some points lie below a surface's top along a unit axis, in its lengths."""
    height = points @ axis
    return (height.max() - which @ axis) / np.ptp(height)


def ramp(value: np.ndarray, none: float, full: float) -> np.ndarray:
    """Weight that rises from 0 at `none` to 1 at `full`."""
    return np.clip((value - none) / (full - none), 0, 1)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Between two vectors in space (degrees)."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def nearest_on(first: np.ndarray, along: np.ndarray, second: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Point (3,) of the line through `first` that is nearest to the line through `second`, by their directions."""
    normal = np.cross(along, other)
    return first + np.cross(second - first, other) @ normal / (normal @ normal) * along
