"""Where fragments end, looked for in the pictures: along the edges of the bone as it would lie with each of them.

Of an end that lies over the other fragment, or runs out in a thin tip, a mask misses a part. But in a radiograph bone
does not hide bone: along its own edge a fragment is brighter than what is beside it until it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .fragment_seen import FACING, Ends, Fragment, rims_of
from .model import ShapeModel
from .silhouette import Mesh, Silhouette
from .solve import State
from .view import View, to_pixel

_STEP_MM = 1.0  # along an edge
_ACROSS_MM = np.linspace(0.5, 2.5, 5)  # from an edge, to either side: what is compared
_RUN_MM = 15.0  # of an edge on either side of an end: so long it is there, and so long it is not
_INWARDS_MM, _OUTWARDS_MM = 10.0, 25.0  # from where an end was found: so far it is looked for; farther off are others
_FALLS = 0.5  # of the contrast of an edge, at most: so much is left where it has ended
_CLEAR = 4.0  # contrast that is lost, at least, for each one of its mean deviation
_SEEN_MM, _UNSEEN_MM = 3.0, 5.0  # standard deviations of an end that was seen so, and of one that was not


def ends_in_pictures(
    model: ShapeModel,
    mesh: Mesh,
    fragments: Sequence[Fragment],
    states: Sequence[State],
    pictures: Sequence[np.ndarray],
) -> tuple[Fragment, ...]:
    """Look for the ends of fragments in the pictures, near where they were found.

    Parameters
    ----------
    model : ShapeModel
    mesh : Mesh
    fragments : sequence of Fragment
        The upper one first.
    states : sequence of State
        Of each.
    pictures : sequence of (rows, columns) array
        Of each view, bone bright.

    Returns
    -------
    tuple of Fragment
        With the ends that are seen, and how far off each may be.
    """
    found = []
    for fragment, state in zip(fragments, states, strict=True):
        rims = list(rims_of(model, mesh, fragment.views, state))
        above = fragment.above and _seen(fragment.above, rims, pictures, -1.0)
        below = fragment.below and _seen(fragment.below, rims, pictures, 1.0)
        found.append(replace(fragment, above=above, below=below))
    return tuple(found)


def _seen(
    ends: Ends, rims: list[tuple[View, Silhouette, np.ndarray]], pictures: Sequence[np.ndarray], up: float
) -> Ends:
    """Ends, moved to where edges end; the bone lies above them (`up` 1) or below (-1)."""
    places, off = ends.places.copy(), np.full(ends.places.shape[:2], _UNSEEN_MM)
    for at, ((view, rim, own), picture) in enumerate(zip(rims, pictures, strict=True)):
        for side, place in enumerate(places[at]):
            end = _end_near(place, view, rim, up * own[:, 2], picture)
            if end is not None:
                places[at, side], off[at, side] = end, _SEEN_MM
    return Ends(places, off)


def _end_near(
    place: np.ndarray, view: View, rim: Silhouette, heights: np.ndarray, picture: np.ndarray
) -> np.ndarray | None:
    """Place (2,) near another at which an edge ends, where bone has the greater heights; None where none is seen."""
    from scipy.ndimage import map_coordinates

    if not len(heights) or not np.isfinite(place).all():
        return None
    nearest = np.linalg.norm(rim.place - place, axis=1).argmin()
    run, far = heights - heights[nearest], _RUN_MM + _STEP_MM
    near = (rim.normals @ rim.normals[nearest] > FACING) & (run > -_OUTWARDS_MM - far) & (run < _INWARDS_MM + far)
    order = np.flatnonzero(near)[np.argsort(run[near])]
    run = run[order]
    level = np.arange(max(run[0], -_OUTWARDS_MM - _RUN_MM), min(run[-1], _INWARDS_MM + _RUN_MM), _STEP_MM)
    line, normals = (
        np.column_stack([np.interp(level, run, values) for values in each[order].T])
        for each in (rim.place, rim.normals)
    )
    across = np.concatenate([-_ACROSS_MM, _ACROSS_MM])
    column, row = np.moveaxis(to_pixel(view.camera, line[:, None] + across[:, None] * normals[:, None]), -1, 0)
    grey = map_coordinates(picture, [row, column], order=1, cval=np.nan)
    contrast = grey[:, : len(_ACROSS_MM)].mean(axis=1) - grey[:, len(_ACROSS_MM) :].mean(axis=1)
    at = where_it_ends(contrast, round(_RUN_MM / _STEP_MM))
    return None if at is None else line[at]


def where_it_ends(contrast: np.ndarray, run: int) -> int | None:
    """Where an edge begins, of which the contrast (n,) is known along it, not a number where it is not seen.

    Parameters
    ----------
    contrast : (n,) array
    run : int
        So many of them before it and after it are compared.

    Returns
    -------
    int or None
        Number of the first that is of the edge; None where none is clear.
    """
    if len(contrast) < 2 * run:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(contrast, 2 * run)
    before, after = windows[:, :run], windows[:, run:]
    without, with_ = np.median(before, axis=1), np.median(after, axis=1)
    spread = np.abs(np.concatenate([before - without[:, None], after - with_[:, None]], axis=1)).mean(axis=1)
    clear = (with_ - without) / np.maximum(spread, 1e-12)
    clear[~((with_ > 0) & (without < _FALLS * with_) & (clear > _CLEAR))] = 0.0
    best = int(clear.argmax())
    return best + run if clear[best] else None
