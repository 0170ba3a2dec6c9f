"""Pose and shape of a bone whose shadow's outline meets those seen: robust least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .anchor import Anchor
from .matching import EVIDENCE, matched
from .model import ShapeModel
from .silhouette import Mesh, cross
from .view import View, are_firm, gradient, projected, to_mm

_SCALE_DEVIATION = 1.0  # of the logarithm of an unknown scale: the model's own sizes tell more
_FIXED = 1e-9
# Degrees of freedom of Student's distribution: of a view's turns, and of its shifts, which may be large.
_TAILS = np.repeat([4.0, 1.0], 3)
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
    anchor : Anchor or None
        What another bone tells of where it stands; without it, it stands about where the pictures' distances say.
    """

    weights: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    log_scale: float
    shifts: np.ndarray
    usual: np.ndarray
    anchor: Anchor | None = None

    def points(self, model: ShapeModel) -> np.ndarray:
        """The bone's points in the patient (n, 3), mm."""
        return self.placed(model, model.surface(self.weights))

    def placed(self, model: ShapeModel, points: np.ndarray) -> np.ndarray:
        """Points given in the model's frame, in the patient."""
        return np.exp(self.log_scale) * (points - model.mean.mean(axis=0)) @ self.rotation.T + self.translation

    def strain(self, model: ShapeModel) -> float:
        """How far the anchor is off, squared, in standard deviations; 0 without one."""
        return 0.0 if self.anchor is None else float(np.square(_off_anchor(model, self)).sum())

    def seen_by(self, views: Sequence[View]) -> list[View]:
        """The views with their cameras where this state says they are."""
        return [
            replace(view, camera=replace(view.camera, from_lps=view.camera.from_lps @ motion(view, shift)))
            for view, shift in zip(views, self.shifts, strict=True)
        ]


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
    return view.camera.pivot_lps


def step(
    model: ShapeModel,
    mesh: Mesh,
    views: Sequence[View],
    state: State,
    modes: int,
    reach_mm: float,
    free_scale: bool = False,
    loose: bool = True,
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
    loose : bool
        Whether views may turn and shift as they say; otherwise they stay.

    Returns
    -------
    State
    information : (p, p) array
        Inverse covariance of pose (turn 3, shift 3, scale 1), each view's shifts (6 each) and the weights.
    """
    information, pull = evidence(model, mesh, views, state, modes, reach_mm)
    known, back = prior(state, views, modes, free_scale, loose)
    information += known
    change = np.linalg.solve(information, pull + back)
    return moved(state, change / excess(change)), information


def evidence(
    model: ShapeModel, mesh: Mesh, views: Sequence[View], state: State, modes: int, reach_mm: float
) -> tuple[np.ndarray, np.ndarray]:
    """What outlines, landmarks, heights and the anchor tell: information (p, p) and pull (p,) of what `step` moves."""
    points = state.points(model)
    size = 7 + 6 * len(views) + modes
    information, pull = np.zeros((size, size)), np.zeros(size)
    scaled = np.exp(state.log_scale) * state.rotation
    for number, view in enumerate(state.seen_by(views)):
        match = matched(mesh, points, view)
        trust = match.trusted(reach_mm)
        kept = trust > 1e-4
        on, weight = match.on.where(kept), trust[kept] * EVIDENCE
        slope = gradient(view.camera, match.normals[kept], on.nearness, on.local)
        rows = point_rows(model, state, scaled, views, number, modes, slope, on.on(points), on.ends, on.share)
        information += (rows * weight[:, None]).T @ rows
        pull += rows.T @ (weight * match.off[kept])
        marked = [name for name in view.marks if name in model.landmarks]
        if marked:
            rows, weight, off = _landmark_rows(model, state, scaled, views, number, view, modes, marked)
            information += (rows * weight[:, None]).T @ rows
            pull += rows.T @ (weight * off)
        if view.levels is not None:
            rows, weight, off = _height_rows(model, state, scaled, views, number, view, modes)
            information += (rows * weight[:, None]).T @ rows
            pull += rows.T @ (weight * off)
    if state.anchor is not None:
        rows, off = _anchor_rows(model, state, views, modes)
        information += rows.T @ rows
        pull += rows.T @ off
    return information, pull


def moved(state: State, change: np.ndarray) -> State:
    """The state after a change (p,) of what `step` moves."""
    from scipy.spatial.transform import Rotation

    first = 7 + state.shifts.size
    weights = state.weights.copy()
    weights[: len(change) - first] += change[first:]
    return replace(
        state,
        weights=weights,
        rotation=Rotation.from_rotvec(change[:3]).as_matrix() @ state.rotation,
        translation=state.translation + change[3:6],
        log_scale=state.log_scale + change[6],
        shifts=state.shifts + change[7:first].reshape(-1, 6),
    )


def cost(model: ShapeModel, mesh: Mesh, views: Sequence[View], state: State, reach_mm: float) -> float:
    """What the steps make small: -2 times the logarithm of the posterior, but for a constant."""
    from scipy.spatial.transform import Rotation

    points = state.points(model)
    total = float((state.weights**2).sum())
    for view, there, shift in zip(views, state.seen_by(views), state.shifts, strict=True):
        match = matched(mesh, points, there)
        doubted = match.doubt**2 / (1 + (match.doubt / reach_mm) ** 2)
        total += EVIDENCE * float(match.weights @ doubted)
        total += _surprise(view, shift)
    turn = Rotation.from_matrix(state.rotation @ state.usual.T).magnitude()
    total += (turn / _POSE_TURN) ** 2 + state.strain(model)
    if state.anchor is not None:
        return total
    ray = views[0].camera.from_lps[2, :3]
    depth = ray @ (state.translation - pivot(views[0]))
    return total + (depth / _depth_deviation(views)) ** 2


def _depth_deviation(views: Sequence[View]) -> float:
    """How far (mm) a bone's middle may lie from the plane that SOD tells; anywhere, where views tell it themselves."""
    return _POSE_SHIFT_MM if are_firm(views) else _POSE_DEPTH_MM


def excess(change: np.ndarray) -> float:
    """How many times longer a step is than what a straight line may stand for; 1 where it is not."""
    return max(np.linalg.norm(change[:3]) / _LONGEST_TURN, np.linalg.norm(change[3:6]) / _LONGEST_SHIFT_MM, 1.0)


def point_rows(model, state, scaled, views, number, modes, slope, at, ends, share) -> np.ndarray:
    """How much each distance changes with each number, (m, p): of places (m, 3) on edges of the surface, or near it.

    `slope` (m, 3) is how much a distance changes for each mm that its place moves; see `view.gradient`.
    """
    rows = np.zeros((len(at), 7 + 6 * len(views) + modes))
    around = at - state.translation
    rows[:, :3] = cross(around, slope)
    rows[:, 3:6] = slope
    rows[:, 6] = np.einsum("mi,mi->m", around, slope)
    turned = motion(views[number], state.shifts[number])
    there = at @ turned[:3, :3].T + turned[:3, 3]
    pushed = slope @ turned[:3, :3].T
    first = 7 + 6 * number
    rows[:, first : first + 3] = cross(there - pivot(views[number]), pushed)
    rows[:, first + 3 : first + 6] = pushed
    if modes:
        own = slope @ scaled
        basis = model.by_point[:, :modes]
        rows[:, 7 + 6 * len(views) :] = np.einsum("mkc,mc->mk", basis[ends[:, 0]], own * (1 - share)[:, None])
        rows[:, 7 + 6 * len(views) :] += np.einsum("mkc,mc->mk", basis[ends[:, 1]], own * share[:, None])
    return rows


def _landmark_rows(model, state, scaled, views, number, view, modes, names):
    """Rows (2 l, p), weights and distances (mm, along columns and along rows) of a view's landmarks."""
    places = model.landmarks_at(state.weights)
    at = state.placed(model, np.array([places[name] for name in names]))
    shadow, nearness, local = projected(view.camera, at)
    marks = [view.marks[name] for name in names]
    away = to_mm(view.camera, np.array([(mark.column, mark.row) for mark in marks])) - shadow
    deviation = np.array([mark.deviation_mm for mark in marks])
    weight = 1 / (1 + (away**2).sum(axis=1) / (3 * deviation) ** 2) ** 2 / deviation**2
    twice = np.repeat(np.arange(len(names)), 2)
    slope = gradient(view.camera, np.tile(np.eye(2), (len(names), 1)), nearness[twice], local[twice])
    none = np.zeros((len(twice), 2), int)
    rows = point_rows(model, state, scaled, views, number, 0, slope, at[twice], none, np.zeros(len(twice)))
    known = list(model.landmarks)
    numbers = [known.index(name) for name in names]
    moved = model.landmark_modes[:modes, numbers] * model.deviations[:modes, None, None]
    own = np.einsum("rc,krc->rk", slope @ scaled, moved[:, twice])
    return np.hstack([rows, own]), weight[twice], away.ravel()


def _height_rows(model, state, scaled, views, number, view, modes):
    """Rows (b, p), weights and distances (mm, up in the picture) of the levels that a view's heights tell.

    All levels together weigh as much as one place would that is as unsure: they are wrong together.
    """
    levels = view.levels
    mean, moves = model.middle(levels.shares)
    at = state.placed(model, mean + np.tensordot(state.weights, moves, (0, 1)))
    shadow, nearness, local = projected(view.camera, at)
    off = (levels.places - shadow) @ levels.up
    deviation = view.heights.deviation * np.ptp(model.mean[:, 2]) * np.exp(state.log_scale)
    weight = 1 / (1 + (off / (3 * deviation)) ** 2) ** 2 / deviation**2 / len(off)
    slope = gradient(view.camera, np.repeat(levels.up[None], len(off), axis=0), nearness, local)
    none = np.zeros((len(off), 2), int)
    rows = point_rows(model, state, scaled, views, number, 0, slope, at, none, np.zeros(len(off)))
    return np.hstack([rows, np.einsum("mkc,mc->mk", moves[:, :modes], slope @ scaled)]), weight, off


def _off_anchor(model: ShapeModel, state: State) -> np.ndarray:
    """From the anchor's point of the bone to its place (3,), in standard deviations."""
    at = state.placed(model, state.anchor.point(model, state.weights)[None])[0]
    return (state.anchor.place - at) / state.anchor.deviation_mm


def _anchor_rows(model, state, views, modes):
    """Rows (3, p) and distances (3,) of the place that the anchor tells, in standard deviations, along each axis."""
    off = _off_anchor(model, state)
    rows = np.zeros((3, 7 + 6 * len(views) + modes))
    around = state.anchor.place - state.anchor.deviation_mm * off - state.translation
    rows[:, :3] = np.cross(around, np.eye(3))
    rows[:, 3:6] = np.eye(3)
    rows[:, 6] = around
    rows[:, 7 + 6 * len(views) :] = np.exp(state.log_scale) * state.rotation @ state.anchor.moves(model, modes).T
    return rows / state.anchor.deviation_mm, off


def prior(
    state: State, views: Sequence[View], modes: int, free_scale: bool, loose: bool
) -> tuple[np.ndarray, np.ndarray]:
    """What is known before any outline: information (p, p), and its pull (p,) from where the state is."""
    from scipy.spatial.transform import Rotation

    size = 7 + 6 * len(views) + modes
    information, away = np.eye(size), np.zeros(size)
    information[6, 6] = 1 / (_SCALE_DEVIATION if free_scale else _FIXED) ** 2
    away[6:] = np.concatenate([[state.log_scale], state.shifts.ravel() * loose, state.weights[:modes]])
    for number, (view, shift) in enumerate(zip(views, state.shifts, strict=True)):
        own = slice(7 + 6 * number, 13 + 6 * number)
        information[own, own] = _stiffness(view, shift) if loose else np.eye(6) / _FIXED**2

    information[:3, :3] = np.eye(3) / _POSE_TURN**2
    away[:3] = Rotation.from_matrix(state.rotation @ state.usual.T).as_rotvec()
    ray = views[0].camera.from_lps[2, :3]
    depth = _POSE_SHIFT_MM if state.anchor is not None else _depth_deviation(views)
    information[3:6, 3:6] = np.eye(3) / _POSE_SHIFT_MM**2 + np.outer(ray, ray) / depth**2
    away[3:6] = state.translation - pivot(views[0])
    return information, -information @ away


def _stiffness(view: View, shift: np.ndarray) -> np.ndarray:
    """Inverse covariance (6, 6) of a view's turn and shift: Student's, who forgives one that is far off."""
    turned, axes = _in_picture(view, shift)
    deviation = _deviations(view)
    free = deviation > 0
    inverse = np.where(free, (_TAILS + 1) / np.maximum(_TAILS * deviation**2 + turned**2, _FIXED**2), _FIXED**-2)
    return axes.T @ (inverse[:, None] * axes)


def _surprise(view: View, shift: np.ndarray) -> float:
    """-2 times the logarithm of how probable a view's turn and shift are, but for a constant."""
    away, deviation = _in_picture(view, shift)[0], _deviations(view)
    free = deviation > 0
    tails = _TAILS[free]
    return float(((tails + 1) * np.log1p((away[free] / deviation[free]) ** 2 / tails)).sum())


def _in_picture(view: View, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A view's turn and shift (6,) about and along its columns, rows and ray, and what makes it so (6, 6)."""
    axes = np.kron(np.eye(2), view.camera.from_lps[:3, :3])
    return axes @ shift, axes


def _deviations(view: View) -> np.ndarray:
    """How loose a view is (6,): radians about each axis, mm along each."""
    return np.concatenate([np.broadcast_to(np.radians(view.turn_deg), 3), np.broadcast_to(view.shift_mm, 3)])
