"""A fragment of a broken bone as it is seen, and where its silhouette comes to a break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..geometry.camera import Camera
from .model import ShapeModel
from .silhouette import Mesh, Silhouette, silhouette
from .solve import State
from .view import View

TEETH_MM = 1.0  # by which the two sides of a break seem to be at other places of the bone: teeth, chips, blur
_RUN_MM = 12.0  # of a silhouette, either side of where the break ends: so long it is straight
FACING = 0.5  # cosine, between what belongs to one side of a silhouette
_FEWEST = 3  # points of it


@dataclass(frozen=True)
class Ends:
    """Where the outline of a fragment comes to a break.

    Attributes
    ----------
    places : (views, 2, 2) float64 array
        The two places in each view (mm at the bone, from the principal point): of the fragments on both sides of a
        break the same side of the bone first.
    off_mm : float or (views, 2) array
        How far off they may be along the bone, standard deviations.
    """

    places: np.ndarray
    off_mm: float | np.ndarray = TEETH_MM


@dataclass(frozen=True)
class Fragment:
    """One fragment of a broken bone as it is seen.

    Attributes
    ----------
    views : tuple of View
        Its own outline in each; broken edges weigh nothing there, since they are no ends of the bone.
    above, below : Ends or None
        At the break that it has above it, and at that below it; None where it ends as the bone does.
    """

    views: tuple[View, ...]
    above: Ends | None = None
    below: Ends | None = None


@dataclass(frozen=True)
class End:
    """Where an outline comes to the break: the place (3,) of the bone there, in the model's frame from the mean's
    centroid, how it changes for each mm along the silhouette, the direction (2,) of that in the picture, and a point of
    the silhouette near by."""

    place: np.ndarray
    rise: np.ndarray
    along: np.ndarray
    on: Silhouette
    camera: Camera


def rims_of(
    model: ShapeModel, mesh: Mesh, views: Sequence[View], state: State
) -> Iterator[tuple[View, Silhouette, np.ndarray]]:
    """Of each view, where it stands, the silhouette of the whole bone as it would lie with a fragment in a state, and
    its places (s, 3) on the bone, in the model's frame from the mean's centroid."""
    points, own = state.points(model), model.surface(state.weights) - model.mean.mean(axis=0)
    normals = mesh.normals(points)
    for view in state.seen_by(views):
        rim = silhouette(mesh, points, normals, view)
        yield view, rim, rim.on(own)


def ends_of(
    model: ShapeModel, mesh: Mesh, views: Sequence[View], places: np.ndarray, state: State
) -> dict[tuple[int, int], End]:
    """Where a fragment in a state comes to a break, by view and side, given the places (views, 2, 2) seen of it.

    The silhouette is taken to be straight near them.
    """
    found = {}
    for at, (view, rim, own) in enumerate(rims_of(model, mesh, views, state)):
        for side, end in enumerate(places[at]):
            if not len(rim.share) or not np.isfinite(end).all():
                continue
            away = rim.place - end
            nearest = np.linalg.norm(away, axis=1).argmin()
            normal = rim.normals[nearest]
            along = np.array([-normal[1], normal[0]])
            near = (rim.normals @ normal > FACING) & (np.linalg.norm(away - away[nearest], axis=1) < _RUN_MM)
            if near.sum() < _FEWEST:
                continue
            run, level = rim.where(near), away[near] @ along
            (place, rise), *_ = np.linalg.lstsq(np.column_stack([np.ones(len(level)), level]), own[near], rcond=None)
            closest = np.abs(level).argmin()[None]
            found[at, side] = End(place, rise, along, run.where(closest), view.camera)
    return found
