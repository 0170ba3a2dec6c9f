"""A shape model fitted to the outlines of a bone in one or two radiographs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..helpers.progress import Progress, part, tell
from .anchor import Anchor
from .matching import EVIDENCE, matched
from .model import ShapeModel
from .silhouette import Mesh, prepared
from .solve import State, cost, step
from .start import is_told, starts
from .view import View

WORST_RESIDUAL_MM, MOST_UNMET = 1.5, 0.35  # beyond these, a fit is no answer
_COUNTED = 0.7  # of an outline's points: up to 30 % may be wrong
_MET_MM = 2.0
# Each: how many modes may move, whether views may, steps, and how far off an outline is still believed (mm). Bones bend
# only when little is believed that is far off, and views move last: both would follow what is wrong with an outline.
_COARSE = ((0, False, 3, 25.0), (2, False, 3, 20.0))
_MIDDLE = ((3, False, 4, 15.0), (12, False, 5, 8.0))
_FINE = ((12, False, 4, 5.0), (30, False, 4, 3.0), (None, False, 3, 2.0), (None, True, 6, 1.5), (None, True, 4, 1.2))
# Where heights tell where a bone lies, little is far off from the start: fewer steps, and the first ones on few points.
_NEAR_COARSE = ((0, False, 3, 25.0), (2, False, 2, 20.0))
_NEAR_MIDDLE = ((3, False, 2, 15.0), (12, False, 4, 8.0), (12, False, 1, 5.0), (30, False, 2, 3.0))
_NEAR_FINE = ((None, False, 2, 2.0), (None, True, 4, 1.5), (None, True, 3, 1.2))
_AGAIN = ((30, True, 2, 5.0), (None, True, 4, 2.0), (None, True, 3, 1.2))
_REACH_MM, _SURE_MM = 1.2, 2.0  # in the end; and when it is told how sure the fit is
_MET_UNMET = 0.05  # an outline met as well as this is no reason to doubt how its view stands
_MISLED = 0.15  # unmet so much, heights may have misled, or one arrangement may have crowded out the right one
_KEPT = 3  # of the starts go on after the coarse steps
_ALIKE = 1.5  # an arrangement that meets outlines so much worse than the best, in squares, may still be the right one
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
    free_scale : bool
        Whether the views' millimetres were only a guess: the bone's own are those of the model.
    arrangement : int
        Which one of those that were given.
    """

    model: ShapeModel
    mesh: Mesh
    views: tuple[View, ...]
    state: State
    information: np.ndarray
    residual_mm: float
    unmet: float
    free_scale: bool = False
    arrangement: int = 0

    @property
    def met(self) -> bool:
        """Whether the outlines are met well enough for this to be an answer."""
        return self.residual_mm <= WORST_RESIDUAL_MM and self.unmet <= MOST_UNMET

    @functools.cached_property
    def covariance(self) -> np.ndarray:
        """Of what the steps move, (p, p): the inverse of `information`."""
        return np.linalg.inv(self.information)

    @property
    def points(self) -> np.ndarray:
        """The surface's points in the patient (n, 3), mm."""
        return self.state.points(self.model)

    @property
    def to_picture(self) -> np.ndarray:
        """What `in_picture` does, as a matrix (4, 4)."""
        matrix = np.eye(4)
        corners = self.in_picture(np.concatenate([np.zeros((1, 3)), np.eye(3)]))
        matrix[:3, :3], matrix[:3, 3] = (corners[1:] - corners[0]).T, corners[0]
        return matrix

    def in_picture(self, points: np.ndarray) -> np.ndarray:
        """Points of the patient (n, 3), as the fit stands, in the engine's frame of the first picture.

        Where no pixel size was known, the picture is taken to have the one that the fit found.
        """
        local = self.views[0].camera.in_picture(points)
        return local / np.exp(self.state.log_scale)  # from millimetres that were a guess


@dataclass(frozen=True)
class _Try:
    """A fit under way: to one of the arrangements, from one of its starts."""

    arrangement: int
    model: ShapeModel
    mesh: Mesh
    views: Sequence[View]
    state: State
    energy: float = 0.0


def fit_shape(
    arrangements: Sequence[tuple[ShapeModel, Sequence[View]]],
    free_scale: bool = False,
    begin: State | None = None,
    anchor: Anchor | None = None,
    up: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit a shape model to outlines.

    Parameters
    ----------
    arrangements : sequence of (ShapeModel, sequence of View)
        What may be: the bone's views, and the model of the side that it may be of. More than one where the side, or how
        the views stand to each other, is not known; the most probable one is taken.
    free_scale : bool
        Whether the views' millimetres are only a guess.
    begin : State, optional
        What was found before a landmark was dragged or a mask corrected: the fit of the first arrangement goes on from
        there, in a tenth of the time.
    anchor : Anchor, optional
        What another bone tells of where this one stands.
    up : (3,) array, optional
        Direction in the patient towards which the bone's upper end lies, where that is known and heights do not say
        otherwise; otherwise both are tried.
    progress : callable, optional

    Returns
    -------
    Fit
        The best found, which need not be good: see `Fit.met`.

    Notes
    -----
    Gauss-Newton steps over pose, scale, views and modes, with the outline's points matched anew in each step, from many
    starts, with modes released from coarse to fine, and a prior on all of them: what is found of bone and views is
    what is most probable together. The Geman-McClure function keeps wrong edges from pulling, by less and less that is
    believed (A. Blake, A. Zisserman, "Visual reconstruction", 1987). Heights read in a view leave few starts, and less
    way to go; they pull weakly, as all of a view's may be wrong together. Where much of an outline is not met, each
    arrangement is fitted by itself, and then without heights, and what meets most is taken. Only where outlines are not
    met otherwise, views are looked for that stand far from where they were said to.
    """
    meshes = {id(model): prepared(model.faces, len(model.mean)) for model, _ in arrangements}
    if begin is not None:
        model, views = arrangements[0]
        again = _solved(_Try(0, model, meshes[id(model)], views, begin), _AGAIN, free_scale)
        return _finished(again, free_scale)

    def best(arrangements, apart: bool, progress: Progress | None) -> Fit:
        tries = [
            _Try(number, model, meshes[id(model)], views, _anchored(model, views, state, anchor))
            for number, (model, views) in enumerate(arrangements)
            for state in starts(model, views, free_scale, apart)
        ]
        upright = [each for each in tries if up is None or each.state.rotation[:, 2] @ up > 0]
        return _best(upright or tries, free_scale, progress)  # heights that were read may say otherwise

    found = best(arrangements, False, part(progress, 0.0, 0.5))
    for begun, others in zip((0.5, 0.6), _one_by_one(arrangements), strict=True):
        for done, (number, other) in enumerate(others if found.unmet > _MISLED else ()):
            alone = best([other], False, part(progress, begun + 0.1 * done / len(others), 0.1 / len(others)))
            found = min(found, replace(alone, arrangement=number), key=lambda each: each.unmet)
    if found.unmet > _MET_UNMET and any(view.loose for _, views in arrangements for view in views):
        other = best(arrangements, True, part(progress, 0.8, 0.2))
        # Wrong edges, too, would be met a little better by views that are moved far.
        return other if other.unmet < found.unmet / 3 else found
    return found


def _one_by_one(
    arrangements: Sequence[tuple[ShapeModel, Sequence[View]]],
) -> tuple[list[tuple[int, tuple[ShapeModel, Sequence[View]]]], ...]:
    """The arrangements with their numbers, if there are several; and, where heights were read, all of them without."""
    told = any(is_told(views) for _, views in arrangements)
    untold = [(model, [replace(view, heights=None) for view in views]) for model, views in arrangements if told]
    return list(enumerate(arrangements)) if len(arrangements) > 1 else [], list(enumerate(untold))


def _anchored(model: ShapeModel, views: Sequence[View], state: State, anchor: Anchor | None) -> State:
    """A start, as far along the first picture's rays as an anchor tells: outlines hardly do."""
    if anchor is None:
        return state
    ray = views[0].camera.from_lps[2, :3]
    off = anchor.place - state.placed(model, anchor.point(model, state.weights)[None])[0]
    return replace(state, translation=state.translation + (ray @ off) * ray, anchor=anchor)


def _best(tries: Sequence[_Try], free_scale: bool, progress: Progress | None) -> Fit:
    """The most probable of fits from all starts; those that meet outlines badly are given up on the way."""
    few = [replace(each, views=[_thinned(view) for view in each.views]) for each in tries]
    views = {each.arrangement: each.views for each in tries}
    near = all(is_told(each) for each in views.values())
    coarse, middle, final = (_NEAR_COARSE, _NEAR_MIDDLE, _NEAR_FINE) if near else (_COARSE, _MIDDLE, _FINE)
    counts = len(few) // 2 + 1, len(views) if near else _KEPT
    for number, (stage, kept) in enumerate(zip(coarse, counts, strict=True)):
        tell(progress, 0.3 * number, "placing the bone")
        few = _narrowed([_solved(each, (stage,), free_scale) for each in few], kept)
    tell(progress, 0.6, "bending the bone")
    few = _narrowed([_solved(each, middle, free_scale) for each in few], 1)
    tell(progress, 0.8, "fitting the outline")
    fine = [_solved(replace(each, views=views[each.arrangement]), final, free_scale) for each in few]
    return _finished(min(fine, key=_surprise), free_scale)


def _narrowed(tries: Sequence[_Try], count: int) -> list[_Try]:
    """Those so many that meet outlines best, and the best of each other arrangement that is nearly as good."""
    scored = [replace(each, energy=_energy(each)) for each in tries]
    order = sorted(range(len(scored)), key=lambda number: (scored[number].energy, number))
    kept = [scored[number] for number in order[:count]]
    for each in (scored[number] for number in order[count:]):
        known = {one.arrangement for one in kept}
        if each.arrangement not in known and each.energy < _ALIKE * kept[0].energy:
            kept.append(each)
    return kept


def _solved(each: _Try, schedule, free_scale: bool) -> _Try:
    state, most = each.state, len(each.model.deviations)
    for modes, loose, steps, reach in schedule:
        for _ in range(steps):
            count = most if modes is None else min(modes, most)
            state, _ = step(each.model, each.mesh, each.views, state, count, reach, free_scale, loose)
    return replace(each, state=state)


def _surprise(each: _Try) -> float:
    return cost(each.model, each.mesh, each.views, each.state, _REACH_MM)


def _finished(each: _Try, free_scale: bool) -> Fit:
    """The fit, with how sure it is, and how well outlines are met."""
    model, state = each.model, each.state
    _, information = step(model, each.mesh, each.views, state, len(model.deviations), _SURE_MM, free_scale)
    seen = tuple(state.seen_by(each.views))
    met = residual(each.mesh, state.points(model), seen)
    return Fit(model, each.mesh, seen, state, information, *met, free_scale, each.arrangement)


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


def _energy(each: _Try) -> float:
    """Mean square of how far outlines are off (mm^2), each no more than some, and a joint as much as it weighs."""
    points, total, count = each.state.points(each.model), 0.0, 0.0
    for view in each.state.seen_by(each.views):
        match = matched(each.mesh, points, view)
        total += (match.weights * np.minimum(match.distances, _DOUBTED_MM) ** 2).sum()
        count += match.weights.sum()
    return float((total + each.state.strain(each.model) / EVIDENCE) / count) if count else float("inf")


def _thinned(view: View) -> View:
    """A view with fewer points that weigh more."""
    return replace(
        view,
        points=view.points[::_THINNED],
        normals=view.normals[::_THINNED],
        weights=view.weights[::_THINNED] * _THINNED,
    )
