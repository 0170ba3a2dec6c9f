"""A shape model fitted to the outlines of a bone in one or two radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..helpers.progress import Progress, part, tell
from .model import ShapeModel
from .silhouette import Mesh, prepared
from .solve import State, cost, matched, step
from .start import starts
from .view import View

WORST_RESIDUAL_MM, MOST_UNMET = 1.5, 0.35  # beyond these, a fit is no answer
_COUNTED = 0.7  # of an outline's points: up to 30 % may be wrong
_MET_MM = 2.0
# Each: how many modes may move, how loose views are, steps, and how far off an outline is still believed (mm).
_COARSE = ((0, 0.0, 3, 25.0), (2, 0.0, 3, 20.0))
_MIDDLE = ((3, 0.0, 4, 15.0), (12, 0.0, 5, 8.0))
_STILL = ((30, 0.0, 5, 5.0), (None, 0.0, 6, 3.5), (None, 0.0, 5, 2.0))
_LOOSE = ((12, 12.0, 5, 8.0), (30, 1.0, 5, 5.0), (None, 1.0, 6, 3.5), (None, 1.0, 5, 2.0))
_REACH_MM = 2.0
_MET_UNMET = 0.05  # an outline met as well as this is no reason to doubt how its view stands
_TURNED = np.radians(6.0)  # less is rather a bone unlike others, which may look turned by some 3 degrees
_STRONG = 6.0  # twice the logarithm of a ratio of probabilities (R. E. Kass and A. E. Raftery, 1995)
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
        Mean distance of the outlines seen from the surface's shadow, and back, of the 70 % that are met best.
    unmet : float
        Share of them that is not met within 2 mm.
    """

    model: ShapeModel
    mesh: Mesh
    views: tuple[View, ...]
    state: State
    information: np.ndarray
    residual_mm: float
    unmet: float

    @property
    def met(self) -> bool:
        """Whether the outlines are met well enough for this to be an answer."""
        return self.residual_mm <= WORST_RESIDUAL_MM and self.unmet <= MOST_UNMET

    @property
    def scale_deviation(self) -> float:
        """Standard deviation of the logarithm of the scale."""
        return float(np.sqrt(np.linalg.inv(self.information)[6, 6]))

    @property
    def points(self) -> np.ndarray:
        """The surface's points in the patient (n, 3), mm."""
        return self.state.points(self.model)


def fit_shape(
    arrangements: Sequence[tuple[ShapeModel, Sequence[View]]],
    free_scale: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit a shape model to outlines.

    Parameters
    ----------
    arrangements : sequence of (ShapeModel, sequence of View)
        What may be: the bone's views, and the model of the side that it may be of. More than one where the side, or how
        the views stand to each other, is not known.
    free_scale : bool
        Whether the views' millimetres are only a guess.
    progress : callable, optional

    Returns
    -------
    Fit
        The best found, which need not be good: see `Fit.met`.

    Notes
    -----
    Gauss-Newton steps over pose, scale, views and modes, with the outline's points matched anew in each step, from many
    starts, with modes released from coarse to fine and a normal prior on each. The Geman-McClure function keeps wrong
    edges from pulling. Views are taken to be turned where that is more probable by far, and to be shifted where the
    outlines are not met otherwise: a bone may be unlike the model's, and a part of an outline wrong.
    """
    unshifted = [(model, [replace(view, shift_mm=0.0) for view in views]) for model, views in arrangements]
    found = _best(unshifted, free_scale, part(progress, 0.0, 0.7))
    if found.unmet > _MET_UNMET and any(view.shift_mm > 0 for _, views in arrangements for view in views):
        other = _best(arrangements, free_scale, part(progress, 0.7, 0.3))
        return other if _far_better(other, found) else found
    return found


def _far_better(moved: Fit, plain: Fit) -> bool:
    """Whether moving views meets outlines so much better that they must stand elsewhere than was said.

    Wrong edges, too, would be met a little better by views that are moved far.
    """
    return moved.unmet < plain.unmet / 2 or moved.residual_mm < plain.residual_mm / 2


def _best(
    arrangements: Sequence[tuple[ShapeModel, Sequence[View]]], free_scale: bool, progress: Progress | None
) -> Fit:
    """The fit that meets its outlines best, from all starts."""
    tried = []
    meshes = {id(model): prepared(model.faces, len(model.mean)) for model, _ in arrangements}
    candidates = [(model, views, state) for model, views in arrangements for state in starts(model, views, free_scale)]
    for number, (model, views, state) in enumerate(candidates):
        tell(progress, 0.5 * number / len(candidates), "placing the bone")
        mesh, few = meshes[id(model)], [_thinned(view) for view in views]
        state = _solved(model, mesh, few, state, _COARSE, free_scale)
        tried.append((_energy(model, mesh, few, state), number, state))
    tried.sort(key=lambda each: each[:2])
    better = []
    for _, number, state in tried[:_KEPT]:
        tell(progress, 0.5 + 0.1 * len(better), "bending the bone")
        model, views, _ = candidates[number]
        mesh, few = meshes[id(model)], [_thinned(view) for view in views]
        state = _solved(model, mesh, few, state, _MIDDLE, free_scale)
        better.append((_energy(model, mesh, few, state), number, state))
    _, number, begun = min(better, key=lambda each: each[:2])
    model, views, _ = candidates[number]
    return _refined(model, meshes[id(model)], views, begun, free_scale, progress)


def _refined(
    model: ShapeModel, mesh: Mesh, views: Sequence[View], begun: State, free_scale: bool, progress: Progress | None
) -> Fit:
    """Fit all modes to all of the outlines, with views that stand as said unless they must stand elsewhere."""

    def fitted(schedule) -> tuple[Fit, float]:
        state = _solved(model, mesh, views, begun, schedule, free_scale)
        # How sure it is: views may be off, also where they were taken to stand as said.
        _, information = step(model, mesh, views, state, len(model.deviations), _REACH_MM, free_scale)
        seen = tuple(state.seen_by(views))
        found = Fit(model, mesh, seen, state, information, *residual(mesh, state.points(model), seen))
        return found, cost(model, mesh, views, state, _REACH_MM)

    tell(progress, 0.8, "fitting the outline")
    still, expense = fitted(_STILL)
    if not any(view.turn_deg > 0 or view.shift_mm > 0 for view in views):
        return still
    tell(progress, 0.9, "fitting the views")
    moved, less = fitted(_LOOSE)
    if moved.unmet > _MET_UNMET:
        return moved if _far_better(moved, still) else still
    shifting = any(view.shift_mm > 0 for view in views)
    turned = np.linalg.norm(moved.state.shifts[:, :3], axis=1).max()
    return moved if less < expense - _STRONG and (shifting or turned > _TURNED) else still


def residual(mesh: Mesh, points: np.ndarray, views: Sequence[View]) -> tuple[float, float]:
    """Mean distance (mm) of most of the outlines seen from a surface's shadow, and the share of them not met."""
    matches = [matched(mesh, points, view) for view in views]
    off, weights = (np.concatenate([getattr(match, name) for match in matches]) for name in ("distances", "weights"))
    if not weights.any():
        return float("inf"), 1.0
    order = np.argsort(off)
    off, weights = off[order], weights[order] / weights.sum()
    counted = np.cumsum(weights) <= _COUNTED
    return float(np.average(off[counted], weights=weights[counted])), float(weights[off > _MET_MM].sum())


def _solved(model, mesh, views, state, schedule, free_scale) -> State:
    for modes, looseness, steps, reach in schedule:
        modes = len(model.deviations) if modes is None else min(modes, len(model.deviations))
        for _ in range(steps):
            state, _ = step(model, mesh, views, state, modes, reach, free_scale, looseness)
    return state


def _energy(model: ShapeModel, mesh: Mesh, views: Sequence[View], state: State) -> float:
    """Mean square of how far outlines are off (mm^2), each no more than some."""
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
