"""Inflation of an outline: how thick a bone is that casts this shadow, if its cross-sections are round."""

from __future__ import annotations

import numpy as np

_FINER = 4  # times finer than the pixels the outline is drawn for its distance transform
_MEDIAL = 0.7  # of the half thickness at its centre that a ball's radius must have
_SHORT = np.float32(0.3)  # pixels by which the largest ball on pixel centres is too small, on average


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
        Squared half thickness (mm^2). Negative outside the outline, where it goes on falling smoothly, so
        that the outline is its zero line.

    References
    ----------
    P. Felzenszwalb and D. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8,
    2012, for the separable parabolic envelope; H. Blum's medial axis for the balls.
    """
    import cv2

    # A bone of half width R goes on for R beyond the border before its largest balls no longer notice the end.
    pad = int(np.ceil(_inscribed_radius(mask).max(initial=0))) + 2
    radius = _inscribed_radius(np.pad(mask, pad, mode="edge"))
    power = _envelope(radius)
    # A ball much smaller than the bone is thick at its centre only reaches the outline where larger balls, for
    # being centred on pixels, fall a little short of it. Without such balls, which would draw a keel along the
    # outline, the others can have what they lack.
    medial = radius >= _MEDIAL * np.sqrt(np.maximum(power, 0))
    power = _envelope(np.where(medial & (radius > 0), radius + _SHORT, 0))
    # Balls are centred on pixels only; averaged over neighbours, the furrows between them go.
    power = cv2.GaussianBlur(power, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    return power[pad:-pad, pad:-pad] * np.float32(pixel_size_mm**2)


def _envelope(radius: np.ndarray) -> np.ndarray:
    """Maximum over all centres with a radius of radius^2 - distance^2 (pixels^2)."""
    reach = int(np.ceil(radius.max(initial=0))) + 2
    power = np.where(radius > 0, radius * radius, np.float32(-2 * reach * reach)).astype(np.float32)
    for axis in (0, 1):
        power = _dilate_by_parabola(power, reach, axis)
    return power


def _inscribed_radius(mask: np.ndarray) -> np.ndarray:
    """Radius in pixels of the largest disc round each pixel, from an outline between the pixels."""
    import cv2

    rows, columns = mask.shape
    fine = cv2.resize(mask.astype(np.float32), (_FINER * columns, _FINER * rows), interpolation=cv2.INTER_LINEAR)
    inside = np.pad((fine > 0.5).astype(np.uint8), 1)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    # Distance is to the centre of the nearest fine pixel outside, half a fine pixel beyond the outline.
    distance = np.maximum(distance - np.float32(0.5), 0)
    return cv2.resize(distance, (columns, rows), interpolation=cv2.INTER_LINEAR) / np.float32(_FINER)


def _dilate_by_parabola(values: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """Maximum over steps d of values[i + d] - d^2 along an axis."""
    values = np.ascontiguousarray(np.moveaxis(values, axis, 0))
    result = values.copy()
    shifted = np.empty_like(values)
    for step in range(1, min(reach, len(values) - 1) + 1):
        rest = shifted[step:]
        np.subtract(values[:-step], np.float32(step * step), out=rest)
        np.maximum(result[step:], rest, out=result[step:])
        np.subtract(values[step:], np.float32(step * step), out=rest)
        np.maximum(result[:-step], rest, out=result[:-step])
    return np.moveaxis(result, 0, axis)
