"""Depth as a field in space that is positive inside the bone: its zero set is a closed surface by nature."""

from __future__ import annotations

import numpy as np


def solid_field(power: np.ndarray, raised: np.ndarray, border: np.ndarray, step: float) -> tuple[np.ndarray, float]:
    """Field of a solid with half thickness h in front and behind, its front raised by e.

    The solid is -h < z < h + e, that is (h + e - z) (h + z) > 0. With h^2 given as a field that goes on
    falling outside the outline, the product crosses zero there at a right angle to the picture, and the
    outline keeps its place between the cells.

    Parameters
    ----------
    power : (rows, columns) float array
        h^2 (mm^2), negative outside the outline.
    raised : (rows, columns) float array
        e (mm).
    border : (rows, columns) float array
        Distance to the picture's border (mm), positive on the picture: the solid is cut off flat there.
    step : float
        Cell size (mm), also along z.

    Returns
    -------
    field : (layers, rows, columns) float32 array
    bottom : float
        z of the first layer (mm); the middle of the solid is at 0.
    """
    half = np.sqrt(np.maximum(power, 0))
    front, back = float((half + raised).max()), float(half.max())
    bottom = -back - 1.5 * step
    layers = int(np.ceil((front + back) / step)) + 4
    field = np.empty((layers, *power.shape), np.float32)
    constant = power + raised * half
    cut = border * np.float32(max(front, back))
    for layer in range(layers):
        z = bottom + layer * step
        np.multiply(raised, np.float32(z), out=field[layer])
        field[layer] += constant - np.float32(z * z)
        np.minimum(field[layer], cut, out=field[layer])
    return field, bottom


def relief_field(height: np.ndarray, power: np.ndarray, border: np.ndarray, step: float) -> tuple[np.ndarray, float]:
    """Field of a relief on a flat back: 0 < z < height inside the outline.

    Parameters
    ----------
    height : (rows, columns) float array
        Height over the back (mm), going on smoothly outside the outline.
    power : (rows, columns) float array
        What is zero on the outline and positive inside (mm^2), as for `solid_field`.
    border : (rows, columns) float array
        Distance to the picture's border (mm), positive on the picture.
    step : float
        Cell size (mm), also along z.

    Returns
    -------
    field : (layers, rows, columns) float32 array
    bottom : float
        z of the first layer (mm); the back is at 0.
    """
    wall = np.minimum(power / np.float32(np.sqrt(power.max())), border)  # mm, near enough, by the outline
    bottom = -1.5 * step
    layers = int(np.ceil(float(height.max()) / step)) + 4
    field = np.empty((layers, *height.shape), np.float32)
    for layer in range(layers):
        z = bottom + layer * step
        np.minimum(height - np.float32(z), wall, out=field[layer])
        np.minimum(field[layer], np.float32(z), out=field[layer])
    return field, bottom
