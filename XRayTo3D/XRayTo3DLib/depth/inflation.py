"""Inflation of an outline: how thick a bone is that casts this shadow, if its cross-sections are round."""

from __future__ import annotations

import numpy as np

from ..helpers.filters import average_inside, distance_inside

_FINER = (2, 4)  # times finer than the pixels the balls are placed: on large masks, and on small ones
_LARGE = 100_000  # pixels of a mask on which the balls are placed twice as fine as its pixels
_SHORT = np.float32(0.4)  # places by which the largest ball on such places is too small, on average
_CLEAR = 1.5  # pixels from the outline, beyond which the balls are told apart from it


def inflate(mask: np.ndarray, pixel_size_mm: float = 1.0) -> np.ndarray:
    """Squared half thickness of the solid made of all balls whose shadows fit into a mask.

    A ball of radius R round c in the picture's plane is R^2 - |p - c|^2 thick (half, squared) at p. The
    largest ball at c has the distance to the outline for its radius, and the solid is the maximum over all c:
    a strip becomes a circular cylinder, a disc a sphere, a shaft that widens a body of revolution. The
    maximum is a dilation by a paraboloid, done along rows and then along columns.

    Where the mask reaches the picture's border the bone is taken to go on beyond it, so that it ends there
    in a section and not in a dome.

    Parameters
    ----------
    mask : (rows, columns) bool or float array
        The bone's shadow; pixels are square. Numbers between 0 and 1 are shares of a pixel that are covered,
        and place the outline, where they are a half, between the pixels.
    pixel_size_mm : float
        Size of a pixel at the bone.

    Returns
    -------
    (rows, columns) float32 array
        Squared half thickness (mm^2). Negative outside the outline, which is its zero line.

    References
    ----------
    P. Felzenszwalb and D. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8,
    2012, for the separable parabolic envelope; H. Blum's medial axis for the balls.
    """
    import cv2

    finer = int(np.clip(np.sqrt(4 * _LARGE / mask.size), *_FINER))
    # A bone of half width R goes on for R beyond the border before its largest balls no longer notice the end.
    pad = int(np.ceil(_signed_distance(mask, 1).max(initial=0))) + 2
    distance = _signed_distance(np.pad(mask, pad, mode="edge"), finer)
    # Balls centred on a grid fall a little short of the outline. So they tell what half thickness h there is
    # inside, the outline where it ends: h^2 = s (w - s) at a distance s from the outline, where w, the width, is
    # constant across a cylinder and is carried on to the outline and beyond.
    clear = distance > _CLEAR * finer
    if clear.any():
        inside = np.where(clear, distance, 1)
        balls = _envelope(np.where(distance > 0, distance + _SHORT, 0))
        width = average_inside(np.where(clear, balls / inside + inside, 0), clear, finer)
    else:
        width = 2 * np.maximum(distance, 0)
    # The outline's stairs are smoothed here, not before: a blurred distance has lower ridges, and thinner bones.
    distance = cv2.GaussianBlur(distance, (0, 0), finer / 2, borderType=cv2.BORDER_REPLICATE)
    power = distance * (np.maximum(width, 1) - distance)
    power = cv2.resize(power, None, fx=1 / finer, fy=1 / finer, interpolation=cv2.INTER_AREA)
    return power[pad:-pad, pad:-pad] * np.float32((pixel_size_mm / finer) ** 2)


def _signed_distance(mask: np.ndarray, finer: int) -> np.ndarray:
    """Distance to the outline, which may run between the pixels, in and on so much finer pixels; positive inside."""
    import cv2

    rows, columns = mask.shape
    size = (2 * finer * columns, 2 * finer * rows)
    inside = (cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.uint8)
    inside = np.pad(inside, 1)  # a mask that fills its array ends there
    # From the centre of a finest pixel to that of the nearest one on the other side; the outline runs between.
    distance = distance_inside(inside) - distance_inside(1 - inside)
    distance -= np.float32(0.5) * np.sign(distance)
    return cv2.resize(distance[1:-1, 1:-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) / 2


def _envelope(radius: np.ndarray) -> np.ndarray:
    """Maximum over all centres of radius^2 - distance^2 (pixels^2), where there are balls of a radius > 0."""
    reach = int(np.ceil(radius.max(initial=0))) + 1
    power = np.where(radius > 0, radius * radius, np.float32(-2 * reach * reach)).astype(np.float32)
    for axis in (0, 1):
        power = _dilate_by_parabola(power, reach, axis)
    return power


def _dilate_by_parabola(values: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """Maximum over steps d of values[i + d] - d^2 along an axis."""
    values = np.ascontiguousarray(np.moveaxis(values, axis, 0))
    result = values.copy()
    lowered = np.empty_like(values)
    for step in range(1, min(reach, len(values) - 1) + 1):
        np.subtract(values, np.float32(step * step), out=lowered)
        np.maximum(result[step:], lowered[:-step], out=result[step:])
        np.maximum(result[:-step], lowered[step:], out=result[:-step])
    return np.moveaxis(result, 0, axis)
