"""Windows: parts of a picture, brought to the size that the reader network sees."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from .channels import STRIDE

_SLIMMEST = 2.5  # ratio of sides; a window of a longer box has room beside it
_REMEMBERED = 16  # windows


@dataclass(frozen=True)
class Window:
    """Where a window lies in its picture.

    Attributes
    ----------
    matrix : (2, 3) float64 array
        From the picture's column and row to the window's.
    shape : (int, int)
        Rows and columns of the window.
    """

    matrix: np.ndarray
    shape: tuple[int, int]

    @property
    def scale(self) -> float:
        """Pixels of the window for one of the picture."""
        return float(self.matrix[0, 0])

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Return (n, 2) points of the window as columns and rows of the picture."""
        return (np.asarray(points, float) - self.matrix[:, 2]) / self.scale

    def cut(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the window's grey values, and which of them are picture and not room beside it."""
        import cv2

        rows, columns = self.shape
        first = np.floor(self.to_picture([[-1, -1]])[0]).astype(int)
        last = np.ceil(self.to_picture([[columns, rows]])[0]).astype(int)
        x0, y0 = np.maximum(first, 0)
        part = pixels[y0 : max(last[1] + 1, y0 + 1), x0 : max(last[0] + 1, x0 + 1)]
        matrix = self.matrix.copy()
        matrix[:, 2] += self.scale * np.array([x0, y0])
        if self.scale < 1:  # average before sampling, or noise would be sampled
            small = [max(1, round(n * self.scale)) for n in part.shape]
            ratio = np.array([small[1] / part.shape[1], small[0] / part.shape[0]])
            part = cv2.resize(part, small[::-1], interpolation=cv2.INTER_AREA)
            # Pixel centres: (p + 0.5) * ratio - 0.5
            matrix[:, 2] += matrix[[0, 1], [0, 1]] * (0.5 / ratio - 0.5)
            matrix[0, 0] /= ratio[0]
            matrix[1, 1] /= ratio[1]
        part = part.astype(np.float32)
        grey = cv2.warpAffine(part, matrix, (columns, rows), flags=cv2.INTER_LINEAR)
        inside = cv2.warpAffine(np.ones(part.shape, np.uint8), matrix, (columns, rows), flags=cv2.INTER_NEAREST)
        return grey, inside > 0

    def cut_mask(self, mask: np.ndarray) -> np.ndarray:
        """Return the part of a picture's mask (rows, columns) that lies in the window."""
        return self.cut(mask.view(np.uint8))[0] > 0.5

    def uncut(self, values: np.ndarray, shape: tuple[int, int], outside: float) -> np.ndarray:
        """Lay the window's values over a whole picture of that shape."""
        import cv2

        rows, columns = self.shape
        low = np.maximum(np.floor(self.to_picture([[-0.5, -0.5]])[0]), 0).astype(int)
        high = np.minimum(np.ceil(self.to_picture([[columns - 0.5, rows - 0.5]])[0]) + 1, shape[::-1]).astype(int)
        result = np.full(shape, np.float32(outside))
        if (high <= low).any():
            return result
        matrix = self.matrix.copy()
        matrix[:, 2] += self.scale * low
        result[low[1] : high[1], low[0] : high[0]] = cv2.warpAffine(
            values,
            matrix,
            tuple((high - low).tolist()),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return result


def seen_through(window: Window, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what `Window.cut` does, from memory if it is one of the last windows of the last picture.

    Of a large picture most of the time of a look is that which it takes to make it small.
    """
    global _seen
    if _seen is None or _seen() is not pixels:
        _seen = weakref.ref(pixels)
        _cuts.clear()
    place = (window.matrix.tobytes(), window.shape)
    if place not in _cuts:
        _cuts[place] = window.cut(pixels)
        if len(_cuts) > _REMEMBERED:
            _cuts.popitem(last=False)
    grey, inside = _cuts[place]
    return grey.copy(), inside.copy()


_seen: weakref.ref[np.ndarray] | None = None
_cuts: OrderedDict[tuple, tuple[np.ndarray, np.ndarray]] = OrderedDict()


def carried(values: np.ndarray, of: Window, to: Window, outside: float | None = None, stride: int = 1) -> np.ndarray:
    """Values of a window as they lie in another window of the same picture.

    Parameters
    ----------
    values : (rows / stride, columns / stride) float32 array
    of, to : Window
    outside : float, optional
        The value where `of` did not look; without it, the one at its border.
    stride : int
        Pixels of a window for one of the values.

    Returns
    -------
    (rows / stride, columns / stride) float32 array
        Of `to`.
    """
    import cv2

    here, there = (np.vstack([each.matrix, [0, 0, 1]]) for each in (of, to))
    coarse = np.diag([1 / stride, 1 / stride, 1])
    coarse[:2, 2] = -(stride - 1) / (2 * stride)  # the middle of the first value
    matrix = coarse @ here @ np.linalg.inv(coarse @ there)
    return cv2.warpAffine(
        np.ascontiguousarray(values),
        matrix[:2],
        tuple(n // stride for n in to.shape[::-1]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT,
        borderValue=outside or 0.0,
    )


def window_over(low: np.ndarray, high: np.ndarray, pixels: int) -> Window:
    """Window of about so many pixels that just holds a box.

    Parameters
    ----------
    low, high : (2,) array
        Corners of the box, as column and row: the outer edges of its pixels.
    pixels : int

    Returns
    -------
    Window
        Its sides are multiples of the network's stride, and its pixels square.
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    width, height = np.maximum(high - low, 1.0)
    ratio = float(np.clip(width / height, 1 / _SLIMMEST, _SLIMMEST))
    columns = max(1, round(np.sqrt(pixels * ratio) / STRIDE)) * STRIDE
    rows = max(1, round(np.sqrt(pixels / ratio) / STRIDE)) * STRIDE
    scale = min(columns / width, rows / height)
    offset = (np.array([columns, rows]) - 1) / 2 - scale * ((low + high) / 2)
    return Window(np.column_stack([np.eye(2) * scale, offset]), (rows, columns))
