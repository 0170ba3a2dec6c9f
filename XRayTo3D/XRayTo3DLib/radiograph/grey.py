"""From numbers of any type, grey or colour, to float32 grey values in 0..1."""

import numpy as np

from ..errors import RadiographError

REC_601 = (0.299, 0.587, 0.114)  # luminance of red, green and blue (ITU-R BT.601)
COLOUR_NOISE = 8 / 255  # chroma that JPEG rounding leaves in a grey picture


def check_array(array, name: str) -> np.ndarray:
    """Return `array` as a numpy array that has the shape and type of a picture.

    Raises
    ------
    RadiographError
        If it is not (rows, columns) or (rows, columns, 3 or 4), is empty or does not hold real numbers.
    """
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise RadiographError(
            f"{name}: an array of shape {array.shape} is no picture; give (rows, columns) or (rows, columns, 3 or 4)."
        )
    if array.size == 0:
        raise RadiographError(f"{name}: the picture is empty ({array.shape[0]} rows, {array.shape[1]} columns).")
    if array.dtype.kind not in "buif":
        raise RadiographError(f"{name}: values of type {array.dtype} are not gray values; give real numbers.")
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def to_grey(array) -> np.ndarray:
    """Grey values of a picture: its one channel, or the Rec. 601 luminance of its colours.

    Parameters
    ----------
    array : (rows, columns) or (rows, columns, 3 or 4) array
        Grey, RGB or RGBA values.

    Returns
    -------
    (rows, columns) array

    Raises
    ------
    RadiographError
        If the array is no picture.
    """
    return split_colour(check_array(array, "the picture"))[0]


def split_colour(array: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Grey values of a picture, and the picture in colours where it has any.

    Parameters
    ----------
    array : (rows, columns) or (rows, columns, 3 or 4) array
        Grey, RGB, or RGBA; alpha is composited on black, the colour that X-ray pictures are framed in.

    Returns
    -------
    grey : (rows, columns) array
        The channel itself where all are equal, otherwise the Rec. 601 luminance (float32).
    colour : (rows, columns, 3) uint8 array or None
    """
    if array.ndim == 2:
        return array, None
    full = np.iinfo(array.dtype).max if array.dtype.kind in "ui" else max(float(array.max()), 1.0)
    if not np.isfinite(full):
        return array.sum(axis=2), None  # not finite either, and refused when it is stretched
    if array.shape[2] == 4:
        alpha = array[:, :, 3]
        opaque = alpha.min() == full
        array = array[:, :, :3]
        if not opaque:
            array = _cast(array * (alpha[:, :, None] / np.float32(full)), array.dtype)
    red, green, blue = (array[:, :, channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red, None
    red, green, blue = (channel.astype(np.float32) for channel in (red, green, blue))
    grey = sum(np.float32(weight) * channel for weight, channel in zip(REC_601, (red, green, blue), strict=True))
    if max(np.abs(red - green).max(), np.abs(green - blue).max(), np.abs(blue - red).max()) <= COLOUR_NOISE * full:
        return grey, None
    return grey, (array * np.float32(255 / full) + np.float32(0.5)).clip(0, 255).astype(np.uint8)


def _cast(values, dtype):
    return np.rint(values).astype(dtype) if dtype.kind in "ui" else values.astype(dtype)


def stretch(values: np.ndarray, name: str) -> np.ndarray:
    """Map grey values linearly so that the darkest is 0 and the brightest 1, float32.

    The number of bits in the file, and how many of them are used, then make no difference.

    Raises
    ------
    RadiographError
        If a value is not finite, or all are equal.
    """
    # float32 holds 16-bit values exactly; wider types need float64 until they are in 0..1.
    exact = np.float32 if values.dtype.kind in "ui" and values.dtype.itemsize <= 2 else np.float64
    low, high = exact(values.min()), exact(values.max())  # min and max hand on NaN
    with np.errstate(over="ignore", invalid="ignore"):
        span = high - low
    if not np.isfinite(span):
        raise RadiographError(
            f"{name}: the picture holds values that are not finite numbers (NaN or infinite); mend it."
        )
    if span == 0:
        raise RadiographError(f"{name}: all pixels have the same value ({low:g}), so the picture shows nothing.")
    grey = values.astype(exact)
    grey -= low
    grey /= span
    return grey.astype(np.float32, copy=False)
