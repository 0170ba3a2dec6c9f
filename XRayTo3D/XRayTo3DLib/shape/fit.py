"""A shape model fitted to the outlines of a bone in one or two radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ReconstructionError
from ..progress import Progress, tell
from .model import ShapeModel
from .silhouette import Mesh, prepared
from .solve import State, matched, step
from .start import starts
from .view import View

WORST_RESIDUAL_MM = 1.5
# Each: how many modes may move, steps, and how far off an outline is still believed (mm).
_COARSE = ((0, 3, 25.0), (2, 3, 20.0))
_MIDDLE = ((3, 4, 15.0), (12, 5, 8.0))
_FINE = ((30, 5, 5.0), (None, 10, 3.5))
_KEPT = 3  # of the starts go on after the coarse steps
_DOUBTED_MM = 10.0  # in a score, what is farther off counts as this far
_THINNED = 4  # of an outline's points, one in so many is used at first


@dataclass(frozen=True)
class Fit:
    """A bone found from its outlines.

    Attributes
    ----------
    model : ShapeModel
        Of the side that was found.
    mesh : Mesh
    views : tuple of View
        Where the radiographs are, after the fit.
    state : State
    information : (p, p) array
        See `solve.step`.
    residual_mm : float
        Mean distance of the outlines seen from the surface's shadow, and back.
    """

    model: ShapeModel
    mesh: Mesh
    views: tuple[View, ...]
    state: State
    information: np.ndarray
    residual_mm: float
    energy: float

    @property
    def points(self) -> np.ndarray:
        """The surface's points in the patient (n, 3), mm."""
        return self.state.points(self.model)


def fit_shape(
    models: Sequence[ShapeModel],
    arrangements: Sequence[Sequence[View]],
    free_scale: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit a shape model to outlines.

    Parameters
    ----------
    models : sequence of ShapeModel
        One of each side that the bone may be of.
    arrangements : sequence of sequence of View
        The views of the bone; more than one where it is not known how they stand to each other.
    free_scale : bool
        Whether the views' millimetres are only a guess.
    progress : callable, optional

    Returns
    -------
    Fit
        The best found. Whether it is good enough is for the caller to say: see `WORST_RESIDUAL_MM`.

    Notes
    -----
    Gauss-Newton steps over pose, scale, views and modes, with the outline's points matched anew in each step, from many
    starts, with modes released from coarse to fine and a normal prior on each. The Geman-McClure function keeps wrong
    edges from pulling.
    """
    tried = []
    meshes = {id(model): prepared(model.faces, len(model.mean)) for model in models}
    candidates = [
        (model, views, state)
        for model in models
        for views in arrangements
        for state in starts(model, views, free_scale)
    ]
    for number, (model, views, state) in enumerate(candidates):
        tell(progress, 0.5 * number / len(candidates), "placing the bone")
        mesh, few = meshes[id(model)], [_thinned(view) for view in views]
        state = _solved(model, mesh, few, state, _COARSE, free_scale)[0]
        tried.append((_energy(model, mesh, few, state), number, state))
    tried.sort(key=lambda each: each[:2])
    better = []
    for _, number, state in tried[:_KEPT]:
        tell(progress, 0.5 + 0.1 * len(better), "bending the bone")
        model, views, _ = candidates[number]
        mesh, few = meshes[id(model)], [_thinned(view) for view in views]
        state = _solved(model, mesh, few, state, _MIDDLE, free_scale)[0]
        better.append((_energy(model, mesh, few, state), number, state))
    _, number, state = min(better, key=lambda each: each[:2])
    model, views, _ = candidates[number]
    tell(progress, 0.8, "fitting the outline")
    mesh = meshes[id(model)]
    state, information = _solved(model, mesh, views, state, _FINE, free_scale)
    seen = tuple(state.seen_by(views))
    energy = _energy(model, mesh, views, state)
    return Fit(model, mesh, seen, state, information, residual(mesh, state.points(model), seen), energy)


def residual(mesh: Mesh, points: np.ndarray, views: Sequence[View]) -> float:
    """Mean distance (mm) between the outlines that were seen and a surface's shadow, both ways."""
    off, weights = [], []
    for view in views:
        match = matched(mesh, points, view)
        off.append(match.distances)
        weights.append(match.weights)
    weights = np.concatenate(weights)
    if not weights.any():
        return float("inf")
    return float(np.average(np.concatenate(off), weights=weights))


def _solved(model, mesh, views, state, schedule, free_scale) -> tuple[State, np.ndarray]:
    information = np.zeros((0, 0))
    for modes, steps, reach in schedule:
        modes = len(model.deviations) if modes is None else min(modes, len(model.deviations))
        for _ in range(steps):
            state, information = step(model, mesh, views, state, modes, reach, free_scale)
    return state, information


def _energy(model: ShapeModel, mesh: Mesh, views: Sequence[View], state: State) -> float:
    """How far outlines are off (mm^2, no more than some), and how unusual the shape is."""
    points, total, count = state.points(model), 0.0, 0.0
    for view in state.seen_by(views):
        match = matched(mesh, points, view)
        total += (match.weights * np.minimum(match.distances, _DOUBTED_MM) ** 2).sum()
        count += match.weights.sum()
    if not count:
        return float("inf")
    return float(total / count)


def _thinned(view: View) -> View:
    """A view with fewer points that weigh more."""
    return replace(
        view,
        points=view.points[::_THINNED],
        normals=view.normals[::_THINNED],
        weights=view.weights[::_THINNED] * _THINNED,
    )
