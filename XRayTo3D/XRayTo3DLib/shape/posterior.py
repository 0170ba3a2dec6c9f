"""How sure a fit is: of each point of the surface, of where it stands, and of what is measured on it.

Three things make a fit unsure. What outlines and model leave open is the posterior of the least squares, `widened`
by how unlike the model's people this bone is. What all of an outline has wrong in the same way, no number of its points
averages out: the fit is asked what it would answer to outlines that are `wider`, and to further views that are
`rolled`. And what neither modes nor outlines tell is a floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .fit import Fit
from .silhouette import silhouette
from .solve import State, evidence, prior, step
from .view import View

# These four were found on femora that were left out of the model, in pictures with and without soft tissue: see
# docs/measured.md. No bone on which they are tried had a part in it.
_FLOOR_MM = 0.25  # what neither modes nor outline tell: triangles, and the model's own correspondence
_PEOPLE = 20.0  # degrees of freedom of Student's distribution: about as many as the people that a model is made of
_UNSAID = 1.5  # by what a model of so few people tells too little of a bone's variance
_EDGE_MM = 0.4  # by which a whole outline lies outwards or inwards: blur, threshold, the pixels' size
_SIZE = 0.005  # of pixel size and distances, as machines tell them
# How far a further view may be rolled about its ray. Outlines hardly tell it: a bone that leans towards the first
# view's source looks alike, and its ends are larger and smaller there. So a fit keeps the roll as it was said.
_ROLL_DEG, _ROLLED_DEG = 1.5, 0.1  # a standard deviation, as across the long axis; by which it is tried
_REACH_MM = 2.0
_SEEN_MM = 4.0  # a point this near to where an outline was met was observed
_MET_MM = 2.0
_STATIONS = 20


def uncertainty(fit: Fit, size_deviation: float = 0.0) -> np.ndarray:
    """Standard deviation (n,) of a fitted surface along its normals (mm), but for where the bone as a whole stands.

    Rigid motions are taken out of it, since how far a bone is from the film, which one view does not tell, is no error
    of its shape. Where the scale of its pictures was not known, it is the deviation of the bone's own size.

    Parameters
    ----------
    fit : Fit
    size_deviation : float
        Relative standard deviation of the pictures' millimetres, where the fit took them for known.
    """
    points, normals = fit.points, fit.mesh.normals(fit.points)
    before, after = (replace(each, log_scale=fit.state.log_scale) for each in wider(fit))
    outwards, larger = (
        after.points(fit.model) - before.points(fit.model),
        size_deviation * (points - points.mean(axis=0)),
    )
    moves = np.dstack([moves_of(fit), outwards, larger])
    moves -= _rigid_part(points, moves)
    along = np.einsum("nc,ncp->np", normals, moves) / np.exp(fit.state.log_scale)
    variance = ((along[:, :-2] @ fit.covariance) * along[:, :-2]).sum(axis=1)
    return np.sqrt(_FLOOR_MM**2 + widened(fit) * variance + (along[:, -2:] ** 2).sum(axis=1))


def scale_deviation(fit: Fit) -> float:
    """Standard deviation of the logarithm of a fit's scale: of that of its pictures, where they did not tell it."""
    before, after = wider(fit)
    return float(np.sqrt(widened(fit) * fit.covariance[6, 6] + (after.log_scale - before.log_scale) ** 2))


def depth_deviation(fit: Fit) -> float:
    """Standard deviation (mm) of the bone's distance from the first picture's source.

    A bone that is larger than it seems is farther away: what is not known of its size, of the pixels' and of the
    machine's distances is not known of its depth.
    """
    ray = fit.views[0].camera.from_lps[2, :3]
    variance = widened(fit) * (ray @ fit.covariance[3:6, 3:6] @ ray)
    grown = _refitted(fit, lambda view: replace(view, points=(1 + _SIZE) * view.points))
    for before, after in (wider(fit), grown):
        variance += (ray @ (after.translation - before.translation)) ** 2
    variance += np.square(rolled(fit)[:, 3:6] @ ray).sum()
    return float(np.sqrt(variance))


def observed(fit: Fit) -> np.ndarray:
    """Whether each point (n,) lies where some picture's outline was seen and met."""
    from scipy.spatial import cKDTree

    points, near = fit.points, np.zeros(len(fit.points), bool)
    for view in fit.views:
        rim = silhouette(fit.mesh, points, fit.mesh.normals(points), view)
        seen = view.weights > 0
        if not seen.any() or not len(rim.share):
            continue
        met = rim.where(cKDTree(view.points[seen]).query(rim.place)[0] < _MET_MM)
        if len(met.share):
            near |= cKDTree(met.on(points)).query(points)[0] < _SEEN_MM
    return near


def length_seen(*fits: Fit) -> float:
    """Share of a bone's length at which some outline was seen and met, by its fit, or by those of its fragments."""
    station = (fits[0].model.heights * _STATIONS).astype(int).clip(0, _STATIONS - 1)
    seen = np.any([observed(fit) for fit in fits], axis=0)
    return float(np.mean([seen[station == number].any() for number in range(_STATIONS)]))


def few_people(asked: float, told: float) -> float:
    """By what a posterior's covariance is to be multiplied where a model is made of few people.

    Their covariance is known roughly only, so a bone is a draw from Student's distribution rather than from a normal
    one: the more unusual what is seen of it, the more may vary what is not. A regression on p things that was learnt
    from n people errs by (n + d^2) / (n - 1 - p) times the variance that their covariance has left; modes that were not
    learnt from people hold that down where p is large.

    Parameters
    ----------
    asked : float
        Squared length d^2 of the weights that the outlines ask for, in standard deviations.
    told : float
        How many weights p the outlines tell.

    References
    ----------
    T. W. Anderson, "An introduction to multivariate statistical analysis", 2003, chapter 4.
    P. Ding, "On the conditional distribution of the multivariate t distribution", The American Statistician 70, 2016.
    """
    return _UNSAID * (_PEOPLE + asked) / (_PEOPLE + told)


def widened(fit: Fit) -> float:
    """`few_people` of a fit."""
    modes = len(fit.state.weights)
    open_ = np.trace(fit.covariance[-modes:, -modes:])
    return few_people(float(fit.state.weights @ fit.state.weights), modes - float(open_))


def wider(fit: Fit) -> tuple[State, State]:
    """The fit's state, and what it would be if all outlines lay outwards by their common error."""
    return _refitted(fit, lambda view: replace(view, points=view.points + _EDGE_MM * view.normals))


def rolled(fit: Fit) -> np.ndarray:
    """What the fit would change if a further view were rolled about its ray, for each of them, (views - 1, p).

    Of what `solve.step` moves, for one standard deviation of the roll; zero of views that are calibrated.
    """

    def answered(views: list[View]) -> np.ndarray:
        information, pull = evidence(fit.model, fit.mesh, views, state, len(state.weights), _REACH_MM)
        known, back = prior(state, views, len(state.weights), fit.free_scale, True)
        return np.linalg.solve(information + known, pull + back)

    views = list(fit.views)
    changes = np.zeros((len(views) - 1, len(fit.information)))
    if not any(view.loose for view in views):
        return changes
    state = replace(fit.state, shifts=np.zeros_like(fit.state.shifts))  # the fit's views stand where it found them
    angle = np.radians(_ROLLED_DEG)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    before = answered(views)
    for number in (number for number, view in enumerate(views) if number and view.loose):
        other = replace(views[number], points=views[number].points @ turn, normals=views[number].normals @ turn)
        after = answered([*views[:number], other, *views[number + 1 :]])
        changes[number - 1] = _ROLL_DEG / _ROLLED_DEG * (after - before)
    return changes


def _refitted(fit: Fit, change: Callable[[View], View]) -> tuple[State, State]:
    """States after one more step to the outlines as they are, and to changed ones: the difference is the change's."""
    state = replace(fit.state, shifts=np.zeros_like(fit.state.shifts))  # the fit's views stand where it found them

    def stepped(views: list[View]) -> State:
        return step(fit.model, fit.mesh, views, state, len(state.weights), _REACH_MM, fit.free_scale)[0]

    return stepped(list(fit.views)), stepped([change(view) for view in fit.views])


def moves_of(fit: Fit) -> np.ndarray:
    """How each point moves with each number, (n, 3, p); with the scale, which is the pictures', the bone does not."""
    state, model = fit.state, fit.model
    moves = np.zeros((len(model.mean), 3, len(fit.information)))
    around = fit.points - state.translation
    for axis in range(3):
        moves[:, :, axis] = np.cross(np.eye(3)[axis], around)
        moves[:, axis, 3 + axis] = 1
    scaled = np.exp(state.log_scale) * state.rotation
    moves[:, :, -len(state.weights) :] = np.einsum("ck,nmk->ncm", scaled, model.by_point, optimize=True)
    return moves


def _rigid_part(points: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The part of displacements (n, 3, p) that is a motion of the whole."""
    around = points - points.mean(axis=0)
    motions = np.zeros((len(points), 3, 6))
    for axis in range(3):
        motions[:, :, axis] = np.cross(np.eye(3)[axis], around)
        motions[:, axis, 3 + axis] = 1
    basis = np.linalg.qr(motions.reshape(-1, 6))[0]
    flat = moves.reshape(len(basis), -1)
    return (basis @ (basis.T @ flat)).reshape(moves.shape)
