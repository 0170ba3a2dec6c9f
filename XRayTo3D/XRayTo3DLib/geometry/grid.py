"""The bone's part of a radiograph on a grid of square millimetre cells, on which depth and surface are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .frames import mm_to_pixel, pixel_to_mm


@dataclass(frozen=True)
class Grid:
    """A grid of square cells in the engine's frame.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of cells.
    origin : (float, float)
        x and y of the centre of the first cell (mm, at the bone).
    step : float
        Distance of neighbouring cell centres (mm).
    to_pixel : (2, 3) float64 array
        From a cell (column, row, 1) to the picture's column and row.
    frame : (slice, slice)
        Rows and columns of the pixels that count: the picture, or a box in it.
    border : (rows, columns) float32 array
        Distance of a cell to the frame's nearest border (mm), positive inside.
    """

    shape: tuple[int, int]
    origin: tuple[float, float]
    step: float
    to_pixel: np.ndarray
    frame: tuple[slice, slice]
    border: np.ndarray

    def border_at(self, xy_mm: np.ndarray) -> np.ndarray:
        """Distance to the frame's nearest border (mm) at (n, 2) positions, from the nearest cell."""
        column, row = np.rint((xy_mm - np.array(self.origin)) / self.step).astype(int).T
        return self.border[row.clip(0, self.shape[0] - 1), column.clip(0, self.shape[1] - 1)]

    def sample(self, image: np.ndarray) -> np.ndarray:
        """Resample a (rows, columns) picture onto the grid, averaged over a cell; outside, the frame goes on."""
        import cv2

        image = np.ascontiguousarray(image[self.frame], np.float32)
        to_pixel = self.to_pixel.copy()
        to_pixel[:, 2] -= self.frame[1].start, self.frame[0].start
        sigma = [0.4 * np.sqrt(max(0.0, scale**2 - 1)) for scale in self.to_pixel.diagonal()]
        if max(sigma) > 0.1:
            image = cv2.GaussianBlur(
                image, (0, 0), sigmaX=max(sigma[0], 0.01), sigmaY=max(sigma[1], 0.01), borderType=cv2.BORDER_REPLICATE
            )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            image, to_pixel, (self.shape[1], self.shape[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )

    def spread(self, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Resample (rows, columns) values of the grid onto a picture of `shape`; 0 beyond the grid."""
        import cv2

        values = np.ascontiguousarray(values, np.float32)
        return cv2.warpAffine(values, self.to_pixel, (shape[1], shape[0]), flags=cv2.INTER_LINEAR)


def grid_over(
    box: tuple[slice, slice],
    step: float,
    shape: tuple[int, int],
    pixel_size_mm: tuple[float, float],
    magnification: float = 1.0,
    frame: tuple[slice, slice] | None = None,
) -> Grid:
    """Grid of cells of `step` mm that covers a box of pixels (rows, columns) and two cells round it.

    Shape, pixel size and magnification are those of the picture (see `frames.pixel_to_mm`). The frame is the
    box of pixels that count, without one the whole picture: what reaches its border goes on there, unseen.
    """
    frame = frame or (slice(0, shape[0]), slice(0, shape[1]))
    geometry = (shape, pixel_size_mm, magnification)
    rows, columns = box
    low = pixel_to_mm(np.array([columns.start - 0.5, rows.start - 0.5]), *geometry) - 2 * step
    high = pixel_to_mm(np.array([columns.stop - 0.5, rows.stop - 0.5]), *geometry) + 2 * step
    width, height = np.ceil((high - low) / step).astype(int) + 1
    first = mm_to_pixel(low, *geometry)
    scale = mm_to_pixel(low + step, *geometry) - first
    to_pixel = np.array([[scale[0], 0, first[0]], [0, scale[1], first[1]]])
    corners = [[frame[1].start, frame[0].start], [frame[1].stop, frame[0].stop]]
    edges = pixel_to_mm(np.array(corners) - 0.5, *geometry)
    x, y = (low[i] + step * np.arange(n) for i, n in enumerate((width, height)))
    to_side = np.minimum(x - edges[0, 0], edges[1, 0] - x)
    to_end = np.minimum(y - edges[0, 1], edges[1, 1] - y)
    border = np.minimum(to_side[None, :], to_end[:, None]).astype(np.float32)
    return Grid((int(height), int(width)), (float(low[0]), float(low[1])), float(step), to_pixel, frame, border)
