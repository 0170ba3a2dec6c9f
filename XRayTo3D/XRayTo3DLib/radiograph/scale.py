"""The scale of a picture whose file does not tell it: by a ruler or a ball in it, or by its bone's usual size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import RadiographError
from .ball import find_ball
from .checks import check_length, check_pixel_size
from .geometry import AT_BONE, UNKNOWN, UNKNOWN_MAGNIFICATION, UNKNOWN_SCALE
from .radiograph import Radiograph

ESTIMATED = "estimated from the bone's usual size"
RULER, BALL = "ruler in the picture", "ball in the picture"
_ENDS = 1.0  # pixels, standard deviation of a length between two edges
_BESIDE = 0.01  # what lies beside a bone is a centimetre nearer to the source, a metre away, or farther
_SHORTEST = 10.0  # pixels of a ruler
_CONTRADICTS = 0.1
_USUAL_MAGNIFICATION = 1.2  # at most, where nobody tells it


def calibrated_by_ruler(radiograph: Radiograph, ends: Sequence[Sequence[float]], length_mm: float) -> Radiograph:
    """The picture with the pixel size that a line of known length in it tells.

    Parameters
    ----------
    radiograph : Radiograph
    ends : ((x0, y0), (x1, y1))
        Columns and rows of the line's ends, on a thing as far from the film as the bone, such as a ruler beside it.
    length_mm : float
        Its true length.

    Returns
    -------
    Radiograph
        With this pixel size at the bone: at the detector it is larger by the magnification, as far as that is known.
        A pixel size that the file told gives way, with a warning where the two contradict each other.

    Raises
    ------
    RadiographError
        If an end lies outside the picture, the line is too short, or the length makes no sense.
    """
    length_mm = check_length("ruler", length_mm)
    first, second = (_place(radiograph, "ruler", end) for end in ends)
    size = np.array(radiograph.pixel_size_mm)
    length = float(np.linalg.norm((second - first) * size / size[0]))  # pixels along columns
    if length < _SHORTEST:
        raise RadiographError(
            f"ruler: its line is {length:.3g} pixels long, and {_SHORTEST:g} are needed; give two ends far apart."
        )
    return _with_size_at_bone(radiograph, length_mm / length, RULER, length_deviation(length))


def calibrated_by_ball(radiograph: Radiograph, place: Sequence[float], diameter_mm: float) -> Radiograph:
    """The picture with the pixel size that a metal ball of known diameter in it tells.

    Parameters
    ----------
    radiograph : Radiograph
    place : (x, y)
        Column and row of a pixel in the ball, which lies as far from the film as the bone.
    diameter_mm : float

    Returns
    -------
    Radiograph
        As of `calibrated_by_ruler`.

    Raises
    ------
    RadiographError
        If there is no bright disc at this place, it is not round, or the diameter makes no sense.
    """
    diameter_mm = check_length("ball", diameter_mm)
    place = _place(radiograph, "ball", place)
    size = radiograph.pixel_size_mm
    length = 2 * find_ball(radiograph.pixels, place, size[1] / size[0]).radius
    return _with_size_at_bone(radiograph, diameter_mm / length, BALL, length_deviation(length))


def estimated(radiograph: Radiograph, pixel_size_mm: float, deviation: float) -> Radiograph:
    """The picture with the pixel size at the bone with which its bone is as large as is probable.

    Parameters
    ----------
    radiograph : Radiograph
        Of unknown pixel size.
    pixel_size_mm : float
        At the bone.
    deviation : float
        Relative standard deviation.
    """
    warning = (
        f"The scale is estimated from the bone's usual size: a pixel is {pixel_size_mm:.3g} mm "
        f"(± {deviation * pixel_size_mm:.2g}) at the bone, and all lengths are as unsure. Give the pixel size, a ruler "
        "or a ball in the picture, or the patient's height."
    )
    return _with_size_at_bone(radiograph, pixel_size_mm, ESTIMATED, deviation, warning)


def length_deviation(pixels: float) -> float:
    """Relative standard deviation of a pixel size that a length of so many pixels beside the bone tells."""
    return float(np.hypot(_ENDS / pixels, _BESIDE))


def _place(radiograph: Radiograph, argument: str, place: Sequence[float]) -> np.ndarray:
    rows, columns = radiograph.pixels.shape
    at = np.asarray(place, float)
    if at.shape != (2,) or not ((at > -0.5) & (at < np.array([columns, rows]) - 0.5)).all():  # nor is NaN
        raise RadiographError(
            f"{argument}: {place} is no place in the picture, which has {columns} columns and {rows} rows."
        )
    return at


def _with_size_at_bone(radiograph: Radiograph, size_mm: float, source: str, deviation: float, *said: str) -> Radiograph:
    """The picture with another pixel size at the bone, along columns; rows keep their proportion to them."""
    told = radiograph.pixel_size_mm
    at_detector = size_mm * radiograph.magnification
    known = radiograph.magnification_source != UNKNOWN
    kept = [each for each in radiograph.warnings if each not in (UNKNOWN_SCALE, UNKNOWN_MAGNIFICATION)]
    return replace(
        radiograph,
        pixel_size_mm=check_pixel_size((at_detector, at_detector * told[1] / told[0])),
        pixel_size_source=source,
        pixel_size_deviation=deviation,
        magnification_source=radiograph.magnification_source if known else AT_BONE,
        warnings=(*kept, *_contradictions(radiograph, size_mm, source), *said),
    )


def _contradictions(radiograph: Radiograph, size_mm: float, source: str) -> list[str]:
    """A warning, if a pixel size at the bone is far from the one that was known."""
    if radiograph.pixel_size_source == UNKNOWN:
        return []
    told = radiograph.pixel_size_at_bone_mm[0]
    known = radiograph.magnification_source != UNKNOWN
    least = told / (1 if known else _USUAL_MAGNIFICATION)
    if least / (1 + _CONTRADICTS) <= size_mm <= told * (1 + _CONTRADICTS):
        return []
    where = "at the bone" if known else "at the detector"
    return [
        f"By the {source} a pixel is {size_mm:.3g} mm at the bone, which was taken; the file tells {told:.3g} mm "
        f"{where} ({radiograph.pixel_size_source}). Check the length that was given, and its place."
    ]
