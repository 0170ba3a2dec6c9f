"""Where a fit may begin: the mean bone turned and shifted until it lies roughly under its outlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .model import ShapeModel
from .solve import State, pivot, start
from .view import View, are_firm, gradient, projected, to_mm

if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation

_ROLLS_DEG = (0.0, -30.0, 30.0)
_ROUNDS = 3
_END = 0.04  # of the length: what counts as an end of an outline
_CUT = 0.25  # of an end's points: so many without an edge mean that the bone goes on
_QUARTERS = (0.0, np.pi, np.pi / 2, -np.pi / 2)
_SLIDES = (-0.3, 0.0, 0.3)  # of the model's length, where neither end was seen
_FEWEST_MARKS = 2
_USUAL_SIZE = 0.15  # standard deviation of the logarithm of what the size is off by before anything tells it
_LOOSE = 0.1  # what a view that may be shifted weighs against one that may not
_FAR_MM = 8.0  # by so much two views disagree on where the bone is before they are taken to stand apart


def starts(model: ShapeModel, views: Sequence[View], free_scale: bool, apart: bool = False) -> Iterator[State]:
    """Yield states to begin from: rolls about the long axis, head up and head down, and places along a cut bone.

    Where heights along the bone were read, they tell which end is up and where, and only rolls are left. Views that
    stand firmly beside each other tell how the bone leans. With `apart`, views that may move may stand far from where
    they were said to.
    """
    from scipy.spatial.transform import Rotation

    ray = views[0].camera.from_lps[2, :3]
    middle = np.mean([pivot(view) for view in views], axis=0)
    for turn in _turns(views):
        upright = Rotation.from_rotvec(turn * ray)
        if are_firm(views):
            upright = _leaned(upright, views)
        for roll in _ROLLS_DEG:
            turned = (upright * Rotation.from_euler("z", roll, degrees=True)).as_matrix()
            state = replace(start(model, turned, middle, len(views)), usual=upright.as_matrix())
            for slide in _slides(views[0], model):
                yield _settled(model, views, state, slide, free_scale, apart)


def is_told(views: Sequence[View]) -> bool:
    """Whether heights read in some view tell where a fit begins."""
    return any(view.levels is not None for view in views)


def _turns(views: Sequence[View]) -> tuple[float, ...]:
    """In which ways up the bone is tried: turns about the first picture's ray (radians), one where heights tell it."""
    from scipy.spatial.transform import Rotation

    ray = views[0].camera.from_lps[2, :3]

    def risen(turn: float) -> float:
        axis = Rotation.from_rotvec(turn * ray).as_matrix()[:, 2]
        levels = [(view.levels, view.camera) for view in views if view.levels is not None]
        return sum(each.up @ camera.from_lps[:2, :3] @ axis for each, camera in levels)

    return (max(_QUARTERS, key=risen),) if is_told(views) else (0.0, np.pi)


def _leaned(upright: Rotation, views: Sequence[View]) -> Rotation:
    """A pose, leaned until the bone's long axis has the directions of all outlines."""
    from scipy.spatial.transform import Rotation

    across = [view.camera.from_lps[:2, :3].T @ [[0, -1], [1, 0]] @ _axes(view.points)[0] for view in views]
    axis, long = np.linalg.svd(across)[2][-1], upright.as_matrix()[:, 2]
    axis = axis * (np.sign(axis @ long) or 1.0)
    turn = np.cross(long, axis)
    sine = np.linalg.norm(turn)
    return Rotation.from_rotvec(turn * np.arcsin(min(1.0, sine)) / max(sine, 1e-9)) * upright


def _slides(view: View, model: ShapeModel) -> tuple[float, ...]:
    """Shifts along the bone to try (mm)."""
    if view.levels is not None:
        return (0.0,)
    known = len(view.marks.keys() & model.landmarks.keys()) >= _FEWEST_MARKS
    along, _ = _axes(view.points)
    both_cut = all(_is_cut(view, along, end) for end in (1, -1))
    return tuple(share * np.ptp(model.mean[:, 2]) for share in _SLIDES) if both_cut and not known else (0.0,)


def _settled(
    model: ShapeModel, views: Sequence[View], state: State, slide: float, free_scale: bool, apart: bool
) -> State:
    """Turn and shift the mean until middle lines, ends or landmarks lie on each other in all views."""
    from scipy.spatial.transform import Rotation

    ray = views[0].camera.from_lps[2, :3]
    for round_ in range(_ROUNDS):
        rows, shifts = [], []
        for view in views:
            points = state.points(model)
            place, nearness, local = projected(view.camera, points)
            turn, shift, size = _difference(model, view, state, place, slide)
            if free_scale and view is views[0]:
                state = replace(state, log_scale=state.log_scale + np.log(size))
            if round_ < _ROUNDS - 1:
                axis = np.cross(*view.camera.from_lps[:2, :3])  # from columns to rows
                state = replace(state, rotation=Rotation.from_rotvec(turn * axis).as_matrix() @ state.rotation)
            near = np.full(2, nearness.mean())
            trust = _LOOSE if apart and view.loose else 1.0
            rows.append(trust * gradient(view.camera, np.eye(2), near, np.repeat(local.mean(axis=0)[None], 2, axis=0)))
            shifts.append(trust * shift)
        slope, wanted = np.concatenate(rows), np.concatenate(shifts)
        moved = np.linalg.solve(slope.T @ slope + 1e-4 * np.eye(3), slope.T @ wanted)
        away = ray @ (state.translation + moved - pivot(views[0]))
        if apart and abs(away) > _FAR_MM:  # rather has another picture been shifted
            moved = moved - away * ray
        state = replace(state, translation=state.translation + moved)
    left = (wanted - slope @ moved).reshape(len(views), 2) / _LOOSE
    return replace(state, shifts=_shifted(state.shifts, views, left)) if apart else state


def _shifted(shifts: np.ndarray, views: Sequence[View], left: np.ndarray) -> np.ndarray:
    """Shifts (views, 6) with what one place of the bone leaves between shadows and outlines (views, 2), if large."""
    shifts = shifts.copy()
    for number, view in enumerate(views):
        if view.loose and np.linalg.norm(left[number]) > _FAR_MM:
            shifts[number, 3:] += left[number] @ view.camera.from_lps[:2, :3]
    return shifts


def _difference(
    model: ShapeModel, view: View, state: State, place: np.ndarray, slide: float
) -> tuple[float, np.ndarray, float]:
    """Turn (radians, x to y), shift (mm) and size by which the model's shadow differs from the outline."""
    marks = [name for name in view.marks if name in model.landmarks]
    if view.levels is not None:
        return _difference_told(model, view, state, marks)
    if len(marks) >= _FEWEST_MARKS:
        at = state.placed(model, np.array([model.landmarks[name] for name in marks]))
        there = projected(view.camera, at)[0]
        wanted = to_mm(view.camera, np.array([(view.marks[name].column, view.marks[name].row) for name in marks]))
        return _similarity(there, wanted)
    axis, _ = _axes(view.points)
    own, _ = _axes(place)
    own = own * np.sign(own @ axis)
    turn = float(np.arctan2(own[0] * axis[1] - own[1] * axis[0], own @ axis))
    aside = np.array([-axis[1], axis[0]])
    cos, sin = np.cos(turn), np.sin(turn)
    middle = place.mean(axis=0)
    place = (place - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
    seen, model_along = view.points @ axis, place @ axis
    cut = {end: _is_cut(view, axis, end) for end in (1, -1)}
    size = 1.0
    if cut[1] == cut[-1]:
        if not cut[1]:
            size = np.ptp(seen) / np.ptp(model_along)
        up = (seen.max() + seen.min()) / 2 - (model_along.max() + model_along.min()) / 2
    elif cut[1]:
        up = seen.min() - model_along.min()
    else:
        up = seen.max() - model_along.max()
    up = up + slide
    shared = (model_along + up > seen.min()) & (model_along + up < seen.max())
    beside = place[shared] @ aside if shared.any() else place @ aside
    across = _center(view.points @ aside) - _center(beside)
    return turn, up * axis + across * aside, float(size)


def _difference_told(
    model: ShapeModel, view: View, state: State, marks: Sequence[str]
) -> tuple[float, np.ndarray, float]:
    """The same by the levels that heights tell and by landmarks, each as sure as it is; sizes within the usual."""
    levels, length = view.levels, np.ptp(model.mean[:, 2])
    at = np.concatenate([model.middle(levels.shares)[0], *(model.landmarks[name][None] for name in marks)])
    there = projected(view.camera, state.placed(model, at))[0]
    marked = np.array([(view.marks[name].column, view.marks[name].row) for name in marks]).reshape(-1, 2)
    wanted = np.concatenate([levels.places, to_mm(view.camera, marked)])
    together = np.sqrt(len(levels.shares)) * view.heights.deviation * length  # levels are wrong together
    deviations = [together] * len(levels.shares) + [view.marks[name].deviation_mm for name in marks]
    weights = 1 / np.square(deviations)
    turn, shift, size = _similarity(there, wanted, weights)
    away = there - np.average(there, axis=0, weights=weights)
    told = (weights @ away**2).sum()
    return turn, shift, size ** (told / (told + 1 / _USUAL_SIZE**2))


def _center(values: np.ndarray) -> float:
    low, high = np.percentile(values, (5, 95))
    return float(low + high) / 2


def _axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions in which points (n, 2) spread most and least; the first points up in the picture."""
    axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    return axes[0] * (-np.sign(axes[0, 1]) or 1.0), axes[1]


def _is_cut(view: View, axis: np.ndarray, end: int) -> bool:
    """Whether the bone goes on where the outline ends: at its far end along an axis, or at its near one (-1)."""
    along = end * (view.points @ axis)
    last = along > along.max() - _END * np.ptp(along)
    return float((view.weights[last] == 0).mean()) > _CUT


def _similarity(
    there: np.ndarray, wanted: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, np.ndarray, float]:
    """Turn, shift and size that bring points (k, 2) onto others by least squares."""
    middles = [np.average(points, axis=0, weights=weights) for points in (there, wanted)]
    root = 1.0 if weights is None else np.sqrt(weights)[:, None]
    a, b = (root * (points - middle) for points, middle in zip((there, wanted), middles, strict=True))
    dot, cross = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    size = np.hypot(dot, cross) / max((a * a).sum(), 1e-9)
    return float(np.arctan2(cross, dot)), middles[1] - middles[0], float(np.clip(size, 0.05, 20))
