"""A rendered picture of a surface, made without a graphics card or display."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..surface import arrays, simplify

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

_TRIANGLES = 60_000  # finer ones cannot be told apart in a picture of this size
_TURNS = ((0, "as in the radiograph"), (40, "turned by 40°"), (90, "from the side"))
_BONE, _LIGHT = np.array([0.96, 0.88, 0.72]), np.array([-0.45, -0.55, 0.7])


def render(surface: vtkPolyData, height: int = 900) -> np.ndarray:
    """Draw a surface as the source sees it, turned by 40 degrees, and from the side.

    Parameters
    ----------
    surface : vtkPolyData
        Closed triangle surface in the engine's frame.
    height : int
        Height of the picture in pixels.

    Returns
    -------
    (height, columns, 3) uint8 array
        RGB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

    if surface.GetNumberOfPolys() > _TRIANGLES:
        points = arrays(surface)[0]
        surface = simplify(surface, _TRIANGLES, float(np.ptp(points, axis=0).max()) / 500)
    points, faces = arrays(surface)
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    reach = float(np.ptp(points[:, 1])) / 2
    widths = [_turned(points, turn)[:, 0] for turn, _ in _TURNS]
    widths = [float(np.ptp(width)) / 2 for width in widths]
    margin = 0.06 * max(reach, *widths)

    figure = Figure(figsize=(1, 1), dpi=100, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    total_width = 2 * sum(width + margin for width in widths)
    total_height = 2 * (reach + margin) * 1.06
    figure.set_size_inches(height / 100 * total_width / total_height, height / 100)
    left = 0.0
    for (turn, title), width in zip(_TURNS, widths, strict=True):
        share = 2 * (width + margin) / total_width
        axes = figure.add_axes((left, 0, share, 1 / 1.06))
        left += share
        triangles, colours = shaded(_turned(points, turn), faces)
        axes.add_collection(PolyCollection(triangles, facecolors=colours, edgecolors=colours, linewidths=0.2))
        axes.set_xlim(-width - margin, width + margin)
        axes.set_ylim(reach + margin, -reach - margin)  # y runs down, as in the radiograph
        axes.set_axis_off()
        axes.set_title(title, fontsize=10, color="0.3", pad=2)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Points turned about the picture's upright axis, so that z still points at the viewer."""
    angle = np.deg2rad(degrees)
    x, y, z = points.T
    return np.stack([x * np.cos(angle) - z * np.sin(angle), y, x * np.sin(angle) + z * np.cos(angle)], axis=1)


def shaded(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles that face the viewer, the farthest first, (n, 3, 2), and their RGB colours (n, 3)."""
    corners = points[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    facing = np.flatnonzero(normals[:, 2] > 0)
    facing = facing[np.argsort(corners[facing, :, 2].mean(axis=1))]
    light = np.clip(normals[facing] @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, 1)
    shade = 0.35 + 0.6 * light
    shine = 0.15 * light**12
    return corners[facing, :, :2], np.clip(_BONE * shade[:, None] + shine[:, None], 0, 1)
