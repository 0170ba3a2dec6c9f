"""Surfaces in a web page, to be turned and zoomed: a piece of HTML with all that it takes in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.frames import ENGINE_TO_LPS, transform
from ..surface import OBSERVED, arrays, simplify
from .bodies import Body

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

_Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]  # points (n, 3) in LPS mm, triangles (m, 3), what was observed (n,)
_TRIANGLES = 60_000  # more make a heavy page, and cannot be told apart in it
_INFERRED, _SEEN = "rgb(110,125,150)", "rgb(255,186,73)"
_LIGHT = {"ambient": 0.35, "diffuse": 0.6, "specular": 0.1, "roughness": 0.7, "fresnel": 0.05}
_SIZE = 1.85  # of the longest side, as the drawing library counts: it fills the view
_CAMERA = {"up": {"x": 0, "y": -1, "z": 0}, "projection": {"type": "orthographic"}}
_FROM_SOURCE = {"eye": {"x": 0, "y": 0, "z": -2}, **_CAMERA}  # as the radiograph is seen
_FROM_SIDE = {"eye": {"x": 2, "y": 0, "z": 0}, **_CAMERA}


def surface_view(bodies: Sequence[Body], element: str = "surface-view", height: int = 700) -> str:
    """Draw bodies as a `div` that needs no network; the drawing library is in it.

    Buttons colour them plainly, by what was observed, or by their height over the radiograph, and turn them to where
    the X-ray source stood, or to their side.

    Parameters
    ----------
    bodies : sequence of Body
        Each is one trace of the drawing library, in their order.
    element : str
        The `div`'s id.
    height : int
        In pixels.
    """
    import plotly.graph_objects as go
    import plotly.io

    drawn = _in_page(bodies)
    styles = _styles(bodies, drawn)
    meshes = [
        go.Mesh3d(
            **dict(zip("xyz", np.round(points.astype(np.float64), 2).T, strict=True)),
            **dict(zip("ijk", faces.T, strict=True)),
            **style,
            lighting=_LIGHT,
            lightposition={"x": -1e5, "y": -1e5, "z": -1e5},
            hovertemplate="%{x:.1f}, %{y:.1f}, %{z:.1f} mm<extra></extra>",
        )
        for (points, faces, _), style in zip(drawn, styles["plain"], strict=True)
    ]
    numbers = list(range(len(meshes)))
    buttons = [
        {
            "label": name,
            "method": "restyle",
            "args": [{key: [each[key] for each in of_all] for key in of_all[0]}, numbers],
        }
        for name, of_all in styles.items()
    ]
    turns = [
        {"label": name, "method": "relayout", "args": [{"scene.camera": camera}]}
        for name, camera in (("from the source", _FROM_SOURCE), ("from the side", _FROM_SIDE))
    ]
    menu = {"type": "buttons", "direction": "right", "y": 1.0, "yanchor": "bottom", "pad": {"b": 6}}
    figure = go.Figure(
        meshes,
        go.Layout(
            height=height,
            margin={"l": 0, "r": 0, "t": 48, "b": 0},
            scene={**_axes(bodies, drawn), "camera": _FROM_SOURCE, "dragmode": "orbit"},
            updatemenus=[
                menu | {"buttons": buttons, "x": 0.0, "xanchor": "left"},
                menu | {"buttons": turns, "x": 0.99, "xanchor": "right", "showactive": False},
            ],
        ),
    )
    config = {"displaylogo": False, "responsive": True, "displayModeBar": False}
    return plotly.io.to_html(figure, config, include_plotlyjs=True, full_html=False, div_id=element)


def _styles(bodies: Sequence[Body], drawn: Sequence[_Drawn]) -> dict[str, list[dict]]:
    """How each body is coloured, by the name of the button that asks for it."""
    film = max(points[:, 2].max() for points, _, _ in drawn)
    over_film = [film - points[:, 2] for points, _, _ in drawn]
    highest = max(float(each.max()) for each in over_film)
    styles = {"plain": [], "observed": [], "height": []}
    for body, (_, _, seen), height in zip(bodies, drawn, over_film, strict=True):
        colour = "rgb({},{},{})".format(*body.colour)
        styles["plain"].append(_style(np.zeros(len(seen)), colour, colour, 1.0, None))
        styles["observed"].append(_style(seen, _INFERRED, _SEEN, 1.0, "observed"))
        styles["height"].append(_style(height, None, None, highest, "mm over<br>the film"))
    for _, *others in styles.values():
        for style in others:  # one scale is for all
            style["showscale"] = False
    return styles


def _axes(bodies: Sequence[Body], drawn: Sequence[_Drawn]) -> dict:
    """Axes that hold all bodies, wherever they are moved."""
    reached = np.concatenate([_reached(body, points) for body, (points, _, _) in zip(bodies, drawn, strict=True)])
    low, high = reached.min(axis=0), reached.max(axis=0)
    moves = any(body.path is not None for body in bodies)  # then axes must not follow what is drawn
    axes = {
        f"{name}axis": {"visible": False} | ({"range": ends} if moves else {})
        for name, *ends in zip("xyz", low.tolist(), high.tolist(), strict=True)
    }
    size = high - low
    return axes | {"aspectmode": "manual", "aspectratio": dict(zip("xyz", _SIZE * size / size.max(), strict=True))}


def _reached(body: Body, points: np.ndarray) -> np.ndarray:
    """Where a body's points come to; of one that moves, corners of the box round them everywhere on its path."""
    if body.path is None:
        return points
    ends = np.array([points.min(axis=0), points.max(axis=0)])
    corners = np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i, j, k in np.ndindex(2, 2, 2)])
    return (corners @ body.path[:, :3, :3].transpose(0, 2, 1) + body.path[:, None, :3, 3]).reshape(-1, 3)


def _in_page(bodies: Sequence[Body]) -> list[_Drawn]:
    """All bodies, together of not too many triangles."""
    share = min(1.0, _TRIANGLES / sum(body.surface.GetNumberOfPolys() for body in bodies))
    return [_thinned(body.surface, share) for body in bodies]


def _thinned(surface: vtkPolyData, share: float) -> _Drawn:
    """A surface of which about this share of the triangles is kept."""
    from scipy.spatial import cKDTree
    from vtkmodules.util.numpy_support import vtk_to_numpy

    all_points = arrays(surface)[0]
    seen = vtk_to_numpy(surface.GetPointData().GetArray(OBSERVED))
    if share < 1:
        most = round(share * surface.GetNumberOfPolys())
        surface = simplify(surface, most, float(np.ptp(all_points, axis=0).max()) / 500)
        seen = seen[cKDTree(all_points).query(arrays(surface)[0])[1]]
    points, faces = arrays(transform(surface, ENGINE_TO_LPS))
    return points, faces, seen


def _style(values: np.ndarray, low: str | None, high: str | None, most: float, title: str | None) -> dict:
    """How the drawing library colours a mesh by values from 0 to `most`: in two colours, or in many."""
    if low is None:
        scale: str | list = "Viridis"
    else:
        scale = [[0, low], [0.5, low], [0.5, high], [1, high]]
    bar = {"title": {"text": title or ""}, "thickness": 14, "len": 0.6, "x": 1.0, "xanchor": "right"}
    if title == "observed":
        bar |= {"tickvals": [0.25, 0.75], "ticktext": ["inferred", "seen"], "title": {"text": ""}}
    return {
        "intensity": np.round(values, 2).tolist(),
        "colorscale": scale,
        "cmin": 0,
        "cmax": most,
        "showscale": title is not None,
        "colorbar": bar,
    }
