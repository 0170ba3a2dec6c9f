"""The surface in a web page, to be turned and zoomed: a piece of HTML with all that it takes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..geometry.frames import ENGINE_TO_LPS, transform
from ..surface import OBSERVED, arrays, simplify

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

_TRIANGLES = 60_000  # more make a heavy page, and cannot be told apart in it
_PLAIN, _INFERRED, _SEEN = "rgb(232,220,196)", "rgb(110,125,150)", "rgb(255,186,73)"
_LIGHT = {"ambient": 0.35, "diffuse": 0.6, "specular": 0.1, "roughness": 0.7, "fresnel": 0.05}
_SIZE = 1.85  # of the longest side, as the drawing library counts: it fills the view
_CAMERA = {"up": {"x": 0, "y": -1, "z": 0}, "projection": {"type": "orthographic"}}
_FROM_SOURCE = {"eye": {"x": 0, "y": 0, "z": -2}, **_CAMERA}  # as the radiograph is seen
_FROM_SIDE = {"eye": {"x": 2, "y": 0, "z": 0}, **_CAMERA}


def surface_view(surface: vtkPolyData, element: str = "surface-view", height: int = 700) -> str:
    """Draw a surface as a `div` that needs no network; the drawing library is in it.

    Buttons colour it plainly, by what was observed, or by its height over the radiograph, and turn it to where the
    X-ray source stood, or to its side.

    Parameters
    ----------
    surface : vtkPolyData
        In the engine's frame, with point data `Observed`.
    element : str
        The `div`'s id.
    height : int
        In pixels.
    """
    import plotly.graph_objects as go
    import plotly.io

    points, faces, seen = _in_page(surface)
    over_film = points[:, 2].max() - points[:, 2]
    colourings = {
        "plain": (np.zeros(len(points)), _PLAIN, _PLAIN, 1.0, None),
        "observed": (seen, _INFERRED, _SEEN, 1.0, "observed"),
        "height": (over_film, None, None, float(over_film.max()), "mm over<br>the film"),
    }
    extent = np.ptp(points, axis=0)
    styles = {name: _style(*colouring) for name, colouring in colourings.items()}
    mesh = go.Mesh3d(
        **dict(zip("xyz", np.round(points.astype(np.float64), 2).T, strict=True)),
        **dict(zip("ijk", faces.T, strict=True)),
        **styles["plain"],
        lighting=_LIGHT,
        lightposition={"x": -1e5, "y": -1e5, "z": -1e5},
        hovertemplate="%{x:.1f}, %{y:.1f}, %{z:.1f} mm<extra></extra>",
    )
    buttons = [
        {"label": name, "method": "restyle", "args": [{key: [value] for key, value in style.items()}, [0]]}
        for name, style in styles.items()
    ]
    turns = [
        {"label": name, "method": "relayout", "args": [{"scene.camera": camera}]}
        for name, camera in (("from the source", _FROM_SOURCE), ("from the side", _FROM_SIDE))
    ]
    menu = {"type": "buttons", "direction": "right", "y": 1.0, "yanchor": "bottom", "pad": {"b": 6}}
    axis = {"visible": False}
    figure = go.Figure(
        mesh,
        go.Layout(
            height=height,
            margin={"l": 0, "r": 0, "t": 48, "b": 0},
            scene={
                "xaxis": axis,
                "yaxis": axis,
                "zaxis": axis,
                "aspectmode": "manual",
                "aspectratio": dict(zip("xyz", _SIZE * extent / extent.max(), strict=True)),
                "camera": _FROM_SOURCE,
                "dragmode": "orbit",
            },
            updatemenus=[
                menu | {"buttons": buttons, "x": 0.0, "xanchor": "left"},
                menu | {"buttons": turns, "x": 0.99, "xanchor": "right", "showactive": False},
            ],
        ),
    )
    config = {"displaylogo": False, "responsive": True, "displayModeBar": False}
    return plotly.io.to_html(figure, config, include_plotlyjs=True, full_html=False, div_id=element)


def _in_page(surface: vtkPolyData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 3) in LPS mm, triangles (m, 3), and what was observed (n,); not too many of them."""
    from scipy.spatial import cKDTree
    from vtkmodules.util.numpy_support import vtk_to_numpy

    all_points = arrays(surface)[0]
    seen = vtk_to_numpy(surface.GetPointData().GetArray(OBSERVED))
    if surface.GetNumberOfPolys() > _TRIANGLES:
        surface = simplify(surface, _TRIANGLES, float(np.ptp(all_points, axis=0).max()) / 500)
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
