"""A calibration ball in a picture: a bright disc, found to a fraction of a pixel from a click in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import RadiographError

_BLUR = 1.0  # pixels
_LEVELS = 32  # of grey at which a disc is looked for
_ROUGHLY = 0.85  # of a region's pixels and of those of a circle as large, so many must be the same
_REACH = 0.25  # of the picture's longer side: a larger ball is none
_SMALLEST = 4.0  # pixels, radius
_RAYS, _ALONG = 180, 0.25  # rays from the middle, and pixels between places on them
_SEARCHED = (0.6, 1.4)  # radii, where the edge may be
_OFF, _OFF_SHARE = 0.5, 0.03  # pixels, and of the radius: what is farther from the circle is not on it
_ROUND = 0.75  # of the rays must meet the circle: the rest may lie on bone, or under a mark


class Disc(NamedTuple):
    """Middle and radius of a disc (pixels along columns; the middle is a column and a row)."""

    column: float
    row: float
    radius: float


def find_ball(pixels: np.ndarray, place: np.ndarray, aspect: float = 1.0) -> Disc:
    """Find the bright disc round a place.

    Parameters
    ----------
    pixels : (rows, columns) array
        Grey values, metal bright.
    place : (2,) array
        Column and row of a pixel in it.
    aspect : float
        Height of a pixel over its width.

    Returns
    -------
    Disc

    Raises
    ------
    RadiographError
        If nothing there stands out from what is round it, or it is not round.

    Notes
    -----
    Of the regions round the place that are brighter than some level and roughly round, the one with the steepest edge
    is the ball. Its circle is fitted to the steepest falls on rays from its middle; a robust loss leaves out those
    where the ball lies over bone (P. J. Huber, "Robust statistics", 1981).
    """
    from scipy.ndimage import gaussian_filter

    place = np.asarray(place, float)
    grey = gaussian_filter(np.asarray(pixels, np.float32), _BLUR)
    disc = _roughly(grey, place, aspect)
    for _ in range(3):
        disc, off = _refined(grey, disc, aspect)
        if not _SMALLEST < disc.radius < _REACH * max(grey.shape):
            raise _none_at(place)
    met = np.mean(np.abs(off) < max(_OFF, _OFF_SHARE * disc.radius))
    if met < _ROUND:
        raise RadiographError(
            f"ball: what is bright at ({place[0]:g}, {place[1]:g}) is not round: {met:.0%} of its edge lie on a circle "
            f"({_ROUND:.0%} are needed); click the middle of a ball that stands free, or measure by a ruler."
        )
    if np.hypot(place[0] - disc.column, (place[1] - disc.row) * aspect) > disc.radius:
        raise _none_at(place)
    return disc


def _none_at(place: np.ndarray) -> RadiographError:
    return RadiographError(
        f"ball: no bright round disc was found at ({place[0]:g}, {place[1]:g}); click the middle of a metal ball that "
        "is whole in the picture, or measure by a ruler."
    )


def _roughly(grey: np.ndarray, place: np.ndarray, aspect: float) -> Disc:
    """The roughly round region with the steepest edge."""
    from scipy.ndimage import binary_erosion, gaussian_gradient_magnitude

    column, row = np.rint(place).astype(int)
    reach = int(2 * _REACH * max(grey.shape))
    top, left = max(row - reach, 0), max(column - reach, 0)
    window = grey[top : row + reach + 1, left : column + reach + 1]
    steep = gaussian_gradient_magnitude(window, _BLUR)
    at = row - top, column - left
    best, steepest = None, 0.0
    for level in np.linspace(window[at], np.percentile(window, 5), _LEVELS + 2)[1:-1]:
        region, (y0, x0) = _region(window > level, at)
        rows, columns = region.shape
        if min(y0, x0) == 0 or y0 + rows == window.shape[0] or x0 + columns == window.shape[1]:
            break  # cut off, and so it is at all lower levels
        y, x = np.nonzero(region)
        found = Disc(x.mean() + x0 + left, y.mean() + y0 + top, float(np.sqrt(len(x) * aspect / np.pi)))
        inside = np.hypot(x + x0 + left - found.column, (y + y0 + top - found.row) * aspect) < found.radius
        if inside.mean() < _ROUGHLY or found.radius < _SMALLEST / 2:
            continue
        edge = region & ~binary_erosion(region)
        if (fall := float(steep[y0 : y0 + rows, x0 : x0 + columns][edge].mean())) > steepest:
            best, steepest = found, fall
    if best is None:
        raise _none_at(place)
    return best


def _region(bright: np.ndarray, at: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """The connected region at a place, its holes filled, cut out, and its first row and column."""
    import cv2
    from scipy.ndimage import binary_fill_holes

    image = bright.astype(np.uint8)
    _, _, _, (x0, y0, columns, rows) = cv2.floodFill(image, None, (int(at[1]), int(at[0])), 2)
    return binary_fill_holes(image[y0 : y0 + rows, x0 : x0 + columns] == 2), (y0, x0)


def _refined(grey: np.ndarray, disc: Disc, aspect: float) -> tuple[Disc, np.ndarray]:
    """A circle through the steepest falls of grey on rays from a disc's middle, and how far each is off it (n,)."""
    from scipy.ndimage import map_coordinates
    from scipy.optimize import least_squares

    angles = 2 * np.pi * np.arange(_RAYS) / _RAYS
    away = np.arange(*(disc.radius * share for share in _SEARCHED), _ALONG)
    x, y = np.cos(angles), np.sin(angles)
    places = disc.row + np.outer(y, away) / aspect, disc.column + np.outer(x, away)
    fall = -np.gradient(map_coordinates(grey, places, order=1, mode="nearest"), axis=1)
    edge = away[fall.argmax(axis=1)]

    def off(circle: np.ndarray) -> np.ndarray:
        return np.hypot(edge * x - circle[0], edge * y - circle[1]) - circle[2]

    fitted = least_squares(off, [0.0, 0.0, np.median(edge)], loss="soft_l1", f_scale=0.5).x
    across, down, radius = map(float, fitted)
    return Disc(disc.column + across, disc.row + down / aspect, radius), off(fitted)
