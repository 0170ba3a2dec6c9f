"""Pose and shape of a bone whose shadow's outline meets those seen: robust least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .model import ShapeModel
from .silhouette import Mesh, Silhouette, silhouette
from .view import STEP_MM, View, gradient, projected, to_mm

_NOISE_MM = 0.6  # of an outline
_CORRELATED_MM = 8.0  # outline's errors nearer than this are the same error
# What one point of an outline weighs: neighbours tell the same, and their errors are the same.
_EVIDENCE = STEP_MM / _CORRELATED_MM / _NOISE_MM**2
_TURNED_MM = 8.0  # how far off a point with the opposite normal would seem
_SCALE_DEVIATION = 1.0  # of the logarithm of an unknown scale: the model's own sizes tell more
_FIXED = 1e-9
# Where a bone stands before anything was measured: near what the view is called, near the plane that SOD tells.
_POSE_TURN, _POSE_DEPTH_MM, _POSE_SHIFT_MM = np.radians(12.0), 15.0, 1e3
_LONGEST_TURN, _LONGEST_SHIFT_MM = 0.35, 60.0  # of one step


@dataclass(frozen=True)
class State:
    """Where a bone stands, and which of the model's bones it is.

    Attributes
    ----------
    weights : (k,) float64 array
        Of the model's modes.
    rotation : (3, 3) array
    translation : (3,) array
        Of the mean's centroid (mm, patient).
    log_scale : float
    shifts : (views, 6) array
        Turn (rotation vector) and shift (mm) of the patient in each view against what its camera says.
    usual : (3, 3) array
        The rotation that was expected.
    """

    weights: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    log_scale: float
    shifts: np.ndarray
    usual: np.ndarray

    def points(self, model: ShapeModel) -> np.ndarray:
        """The bone's points in the patient (n, 3), mm."""
        return self.placed(model, model.surface(self.weights))

    def placed(self, model: ShapeModel, points: np.ndarray) -> np.ndarray:
        """Points given in the model's frame, in the patient."""
        return np.exp(self.log_scale) * (points - model.mean.mean(axis=0)) @ self.rotation.T + self.translation

    def seen_by(self, views: Sequence[View]) -> list[View]:
        """The views with their cameras where this state says they are."""
        return [
            replace(view, camera=replace(view.camera, from_lps=view.camera.from_lps @ motion(view, shift)))
            for view, shift in zip(views, self.shifts, strict=True)
        ]


@dataclass(frozen=True)
class Matched:
    """Outline and silhouette of one view, point by point.

    Attributes
    ----------
    on : Silhouette
        The surface's points.
    normals : (m, 2) array
    off, apart : (m,) arrays
        Distance from the silhouette to the outline along the outline's normal, and in all (mm).
    weights : (m,) array
        Before any are doubted.
    point : (m,) int array
        Of the view's outline.
    """

    on: Silhouette
    normals: np.ndarray
    off: np.ndarray
    apart: np.ndarray
    weights: np.ndarray
    point: np.ndarray

    @property
    def distances(self) -> np.ndarray:
        """Distance (m,) of each from the other's line (mm): points that lie apart along the line are not off it."""
        along = np.sqrt(np.maximum(self.apart**2 - self.off**2, 0))
        return np.hypot(self.off, np.maximum(along - STEP_MM, 0))

    def trusted(self, reach_mm: float) -> np.ndarray:
        """Weights (m,) after Geman and McClure: what is far off loses its pull."""
        return self.weights / (1 + (self.apart / reach_mm) ** 2) ** 2


def start(
    model: ShapeModel, rotation: np.ndarray, translation: np.ndarray, views: int, log_scale: float = 0.0
) -> State:
    """The mean bone, placed."""
    return State(np.zeros(len(model.deviations)), rotation, translation, log_scale, np.zeros((views, 6)), rotation)


def motion(view: View, shift: np.ndarray) -> np.ndarray:
    """(4, 4) motion of the patient about what the view's central ray goes through."""
    from scipy.spatial.transform import Rotation

    matrix, center = np.eye(4), pivot(view)
    matrix[:3, :3] = Rotation.from_rotvec(shift[:3]).as_matrix()
    matrix[:3, 3] = center - matrix[:3, :3] @ center + shift[3:]
    return matrix


def pivot(view: View) -> np.ndarray:
    """Point of the patient in the middle of a picture, in the bone's plane."""
    camera = view.camera
    return (np.linalg.inv(camera.from_lps) @ [*(camera.middle * camera.pixel_size_mm), 0, 1])[:3]


def matched(mesh: Mesh, points: np.ndarray, view: View) -> Matched:
    """Match a view's outline with a surface's silhouette, each point with the nearest of the other that faces its way.

    Where no edge was seen, or the silhouette leaves the picture, weights are zero.
    """
    from scipy.spatial import cKDTree

    rim = silhouette(mesh, points, mesh.normals(points), view)
    if not len(rim.share):
        none = np.zeros(0)
        return Matched(rim, np.zeros((0, 2)), none, none, none, np.zeros(0, int))
    seen = np.hstack([view.points, _TURNED_MM / 2 * view.normals])
    found = np.hstack([rim.place, _TURNED_MM / 2 * rim.normals])
    to_rim = cKDTree(found).query(seen)[1]
    to_seen = cKDTree(seen).query(found)[1]
    on = np.concatenate([to_rim, np.arange(len(found))])
    point = np.concatenate([np.arange(len(seen)), to_seen])
    half = np.concatenate([np.full(len(seen), 0.5), np.full(len(found), 0.5 * len(seen) / len(found))])
    corner = to_mm(view.camera, np.array([-0.5, -0.5]))
    half[len(seen) :] *= (np.abs(rim.place) < np.abs(corner)).all(axis=1)
    away = view.points[point] - rim.place[on]
    normals = view.normals[point]
    off = np.einsum("mi,mi->m", away, normals)
    return Matched(rim.where(on), normals, off, np.linalg.norm(away, axis=1), half * view.weights[point], point)


def step(
    model: ShapeModel,
    mesh: Mesh,
    views: Sequence[View],
    state: State,
    modes: int,
    reach_mm: float,
    free_scale: bool = False,
    looseness: float = 1.0,
) -> tuple[State, np.ndarray]:
    """One step of Gauss and Newton.

    Parameters
    ----------
    model, mesh, views, state
    modes : int
        How many of the model's modes may move.
    reach_mm : float
        Beyond about this an outline is doubted.
    free_scale : bool
        Whether the bone's size is not known.
    looseness : float
        By how much more than they say views may turn and shift; with 0 they stay.

    Returns
    -------
    State
    information : (p, p) array
        Inverse covariance of pose (turn 3, shift 3, scale 1), each view's shifts (6 each) and the weights.
    """
    from scipy.spatial.transform import Rotation

    points = state.points(model)
    size = 7 + 6 * len(views) + modes
    information, pull = np.zeros((size, size)), np.zeros(size)
    scaled = np.exp(state.log_scale) * state.rotation
    for number, view in enumerate(state.seen_by(views)):
        match = matched(mesh, points, view)
        trust = match.trusted(reach_mm)
        kept = trust > 1e-4
        on, weight = match.on.where(kept), trust[kept] * _EVIDENCE
        slope = gradient(view.camera, match.normals[kept], on.nearness, on.local)
        rows = _rows(model, state, scaled, views, number, modes, slope, on.on(points), on.ends, on.share)
        information += (rows * weight[:, None]).T @ rows
        pull += rows.T @ (weight * match.off[kept])
        for name, mark in view.marks.items():
            if name in model.landmarks:
                add = _landmark_rows(model, state, scaled, views, number, view, modes, name, mark)
                information += add[0]
                pull += add[1]
    add = _prior(state, views, modes, free_scale, looseness)
    information += add[0]
    change = _short(np.linalg.solve(information, pull + add[1]))
    weights = state.weights.copy()
    weights[:modes] += change[7 + 6 * len(views) :]
    moved = replace(
        state,
        weights=weights,
        rotation=Rotation.from_rotvec(change[:3]).as_matrix() @ state.rotation,
        translation=state.translation + change[3:6],
        log_scale=state.log_scale + change[6],
        shifts=state.shifts + change[7 : 7 + 6 * len(views)].reshape(-1, 6),
    )
    return moved, information


def cost(model: ShapeModel, mesh: Mesh, views: Sequence[View], state: State, reach_mm: float) -> float:
    """What the steps make small: -2 times the logarithm of the posterior, but for a constant."""
    from scipy.spatial.transform import Rotation

    points = state.points(model)
    total = float((state.weights**2).sum())
    for view, there, shift in zip(views, state.seen_by(views), state.shifts, strict=True):
        match = matched(mesh, points, there)
        doubted = match.distances**2 / (1 + (match.apart / reach_mm) ** 2)
        total += _EVIDENCE * float(match.weights @ doubted)
        deviation = _deviations(view)
        free = deviation > 0
        total += 2 * float(np.log1p((shift[free] / deviation[free]) ** 2).sum())
    turn = Rotation.from_matrix(state.rotation @ state.usual.T).magnitude()
    ray = views[0].camera.from_lps[2, :3]
    depth = ray @ (state.translation - pivot(views[0]))
    return total + (turn / _POSE_TURN) ** 2 + (depth / _POSE_DEPTH_MM) ** 2


def _short(change: np.ndarray) -> np.ndarray:
    """A step no longer than what a straight line may stand for."""
    longest = max(np.linalg.norm(change[:3]) / _LONGEST_TURN, np.linalg.norm(change[3:6]) / _LONGEST_SHIFT_MM)
    return change / max(longest, 1.0)


def _rows(model, state, scaled, views, number, modes, slope, at, ends, share) -> np.ndarray:
    """How much each matched distance changes with each number, (m, p)."""
    rows = np.zeros((len(at), 7 + 6 * len(views) + modes))
    around = at - state.translation
    rows[:, :3] = np.cross(around, slope)
    rows[:, 3:6] = slope
    rows[:, 6] = np.einsum("mi,mi->m", around, slope)
    turned = motion(views[number], state.shifts[number])
    there = at @ turned[:3, :3].T + turned[:3, 3]
    pushed = slope @ turned[:3, :3].T
    first = 7 + 6 * number
    rows[:, first : first + 3] = np.cross(there - pivot(views[number]), pushed)
    rows[:, first + 3 : first + 6] = pushed
    if modes:
        own = slope @ scaled
        basis = model.by_point[:, :modes]
        rows[:, 7 + 6 * len(views) :] = np.einsum("mkc,mc->mk", basis[ends[:, 0]], own * (1 - share)[:, None])
        rows[:, 7 + 6 * len(views) :] += np.einsum("mkc,mc->mk", basis[ends[:, 1]], own * share[:, None])
    return rows


def _landmark_rows(model, state, scaled, views, number, view, modes, name, mark):
    place = model.landmarks_at(state.weights)[name]
    at = state.placed(model, place[None])
    shadow, nearness, local = projected(view.camera, at)
    away = to_mm(view.camera, np.array([mark.column, mark.row])) - shadow[0]
    weight = 1 / (1 + (away @ away) / (3 * mark.deviation_mm) ** 2) ** 2 / mark.deviation_mm**2
    slope = gradient(view.camera, np.eye(2), np.repeat(nearness, 2), np.repeat(local, 2, axis=0))
    none = np.zeros((2, 2), int)
    rows = _rows(model, state, scaled, views, number, 0, slope, np.repeat(at, 2, axis=0), none, np.zeros(2))
    number_of = list(model.landmarks).index(name)
    moved = model.landmark_modes[:modes, number_of] * model.deviations[:modes, None]
    rows = np.hstack([rows, slope @ scaled @ moved.T])
    return weight * rows.T @ rows, weight * rows.T @ away


def _prior(
    state: State, views: Sequence[View], modes: int, free_scale: bool, looseness: float
) -> tuple[np.ndarray, np.ndarray]:
    """What is known before any outline: information (p, p), and its pull (p,) from where the state is."""
    from scipy.spatial.transform import Rotation

    shifts = [_stiffness(view, shift, looseness) for view, shift in zip(views, state.shifts, strict=True)]
    expected = np.zeros_like(state.shifts) if looseness else state.shifts
    scale = 1 / (_SCALE_DEVIATION if free_scale else _FIXED) ** 2
    away = np.concatenate([[state.log_scale], (state.shifts - expected).ravel(), state.weights[:modes]])
    information = np.diag(np.concatenate([np.zeros(6), [scale], *shifts, np.ones(modes)]))
    pull = np.zeros(len(information))
    pull[6:] = -np.diag(information)[6:] * away

    information[:3, :3] = np.eye(3) / _POSE_TURN**2
    pull[:3] = -Rotation.from_matrix(state.rotation @ state.usual.T).as_rotvec() / _POSE_TURN**2
    ray = views[0].camera.from_lps[2, :3]
    stiff = np.eye(3) / _POSE_SHIFT_MM**2 + np.outer(ray, ray) / _POSE_DEPTH_MM**2
    information[3:6, 3:6] = stiff
    pull[3:6] = -stiff @ (state.translation - pivot(views[0]))
    return information, pull


def _stiffness(view: View, shift: np.ndarray, looseness: float) -> np.ndarray:
    """Inverse variances (6,) of a view's turn and shift: Cauchy's, who is little surprised by one that is far off."""
    deviation = looseness * _deviations(view)
    free = deviation > 0
    return np.where(free, 2 / np.maximum(deviation**2 + shift**2, _FIXED**2), _FIXED**-2)


def _deviations(view: View) -> np.ndarray:
    """How loose a view is (6,): radians about each axis, mm along each."""
    return np.repeat([np.radians(view.turn_deg), view.shift_mm], 3)
