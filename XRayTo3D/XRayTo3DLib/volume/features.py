"""What is seen of each point of a grid: features of the views, carried along their rays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .grid import Grid, Seen

FEATURES = (
    "inside",  # least of all views: how far inside the mask its shadow is, in the grid's steps
    "from the front",  # the same, of views that look along the second axis, and how much those are
    "from the front: seen",
    "from the side",  # of those that look along the first axis
    "from the side: seen",
    "grey from the front",  # grey values against those of the bone, where there are any
    "grey from the side",
    "across",  # where the point is in the grid, from -1 to 1
    "to the back",
    "up",
)
ACROSS = FEATURES.index("across")
_FARTHEST = 4.0  # steps
_HELD = (-_FARTHEST, _FARTHEST)
_BRIGHTEST = 3.0
_BARELY = 0.05  # of a view that looks along another axis


def features(views: Sequence[Seen], grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees of every point.

    Parameters
    ----------
    views : sequence of Seen
        In any order. A view from between front and side counts as one from the front by the squared cosine of its
        rays' angle to the second axis, and as one from the side by that to the first.
    grid : Grid

    Returns
    -------
    seen : (features, layers, rows, columns) float32 array
        `FEATURES`.
    room_mm : (layers, rows, columns) float32 array
        How far the shadow lies from the border of the nearest picture (mm), negative beyond it.
    """
    least = np.full(grid.shape, _FARTHEST, np.float32)
    room = np.full(grid.shape, np.inf, np.float32)
    sums = {axis: np.zeros((3, *grid.shape), np.float32) for axis in (0, 1)}
    for view in views:
        column, row, distance = _linear(view.camera.projection, grid)
        column, row = column / distance, row / distance
        nearness = distance / np.float32(view.camera.sod_mm)  # a pixel is larger farther from the source
        inside = np.clip(_sampled(view.inwards_mm, column, row) * nearness / np.float32(grid.step), *_HELD)
        grey = 0.0 if view.grey is None else _sampled(_against_bone(view, grid), column, row)
        least = np.minimum(least, inside)
        rows, columns = (np.float32(count - 0.5) for count in view.mask.shape)
        half = np.float32(0.5)
        border = np.minimum(np.minimum(column + half, columns - column), np.minimum(row + half, rows - row))
        room = np.minimum(room, border * np.float32(view.pixel_mm) * nearness)
        rays = _linear(np.column_stack([grid.axes, -grid.axes @ view.camera.source_lps]), grid)
        length = (rays**2).sum(axis=0)
        for axis, told in sums.items():
            weight = rays[axis] ** 2 / length
            told[0] += weight * inside
            told[1] += weight * grey
            told[2] += weight
    carried = []
    for axis in (1, 0):
        inside, grey, weight = sums[axis]
        carried.append((inside / (weight + _BARELY), grey / (weight + _BARELY), weight / (weight + _BARELY)))
    front, side = carried
    where = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in grid.shape), indexing="ij")[::-1])
    return np.stack([least, front[0], front[2], side[0], side[2], front[1], side[1], *where], dtype=np.float32), room


def mirrored(values: np.ndarray) -> np.ndarray:
    """Features as a mirrored patient would have them: the network knows left and right bones alike."""
    turned = values[..., ::-1].copy()
    turned[..., ACROSS, :, :, :] *= -1
    return turned


def _against_bone(view: Seen, grid: Grid) -> np.ndarray:
    """Grey values against the bone's mean, in its standard deviation, as fine as the grid can show; 0 beside it."""
    import cv2

    grey, mask = np.asarray(view.grey, np.float32), np.asarray(view.mask, bool)
    own = grey[mask]
    spread = max(float(own.std(dtype=np.float64)), 1e-4)
    told = np.where(mask, np.clip((grey - own.mean(dtype=np.float64)) / spread, -_BRIGHTEST, _BRIGHTEST), 0)
    return cv2.GaussianBlur(told.astype(np.float32), (0, 0), max(grid.step / view.pixel_mm / 2, 0.3))


def _linear(matrix: np.ndarray, grid: Grid) -> np.ndarray:
    """Products (k, layers, rows, columns), float32, of a (k, 4) matrix with (x, y, z, 1) of each point of a grid."""
    steps = matrix[:, :3] @ grid.axes.T * grid.step
    first = matrix[:, :3] @ grid.origin + matrix[:, 3]
    x, y, z = (np.outer(step, np.arange(n)) for step, n in zip(steps.T, grid.shape[::-1], strict=True))
    z = (z + first[:, None]).astype(np.float32)
    return z[:, :, None, None] + y[:, None, :, None].astype(np.float32) + x[:, None, None, :].astype(np.float32)


def _sampled(image: np.ndarray, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Values of an image at columns and rows, between its pixels; beyond its border, the border's."""
    import cv2

    lines = (each.reshape(-1, each.shape[-1]) for each in (column, row))  # OpenCV's pictures have two axes
    return cv2.remap(image, *lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(column.shape)
