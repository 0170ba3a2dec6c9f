"""A broken bone: one shape, and a pose for each of its two fragments, fitted to the outlines of both at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..geometry.camera import Camera
from ..helpers.progress import Progress, part, tell
from ..surface import cut_in_two
from .fit import Fit, fit_shape, residual
from .model import ShapeModel
from .silhouette import Mesh, Silhouette, silhouette
from .solve import State, evidence, excess, moved, point_rows, prior
from .view import View, gradient

# Each: how many modes may move, whether views may, steps, and how far off an outline is still believed (mm).
_SCHEDULE = ((6, False, 4, 8.0), (12, False, 5, 4.0), (None, False, 7, 2.0), (None, True, 8, 1.5), (None, True, 6, 1.2))
_SURE_MM = 2.0  # when it is told how sure the fit is
TEETH_MM = 1.0  # by which the two sides of a break seem to be at other places of the bone: teeth, chips, blur
_UNEVEN_MM, _MOST_UNEVEN_MM = 2.0, 15.0  # how far a break's edge is off a plane at least, and at most
_STEEP, _ANYWHERE_MM = 1.0, 1e3  # standard deviations of a break's slope, and of where it is on the bone
_RUN_MM = 12.0  # of a silhouette, either side of where the break ends: so long it is straight
_FACING = 0.5  # cosine, between what belongs to one side of a silhouette
_FEWEST = 3  # points of it
_LEAST_STEEP = 0.05  # mm of the break's height for each mm along a silhouette: more level, it does not cross the break
_POSES, _CUT = 12, 3  # numbers of two poses, and of a break
_FIRST_OFF_MM = 20.0  # how far apart fragments that were fitted by themselves put a place of the break
_LONGEST_CUT = np.array([15.0, 0.5, 0.5])  # in one step, of a break's place (mm) and slopes


@dataclass(frozen=True)
class Fragment:
    """One fragment of a broken bone as it is seen.

    Attributes
    ----------
    views : tuple of View
        Its own outline in each; the broken edge weighs nothing there, since it is no end of the bone.
    ends : (views, 2, 2) float64 array
        The two places in each view where its outline comes to the break (mm at the bone, from the principal point): of
        both fragments the same side of the bone first.
    ends_off_mm : float
        How far off the ends may be along the bone, a standard deviation.
    """

    views: tuple[View, ...]
    ends: np.ndarray
    ends_off_mm: float = TEETH_MM


@dataclass(frozen=True)
class BrokenFit:
    """A broken bone found from the outlines of its fragments.

    Attributes
    ----------
    upper, lower : Fit
        Of the whole bone as it would lie with this fragment: shape, scale and where the views are of both are the same.
    cut : (3,) float64 array
        The break, in the model's frame from the mean's centroid: z = cut @ (1, x, y).
    covariance : (p, p) float64 array
        Of the upper and the lower pose (turn 3, shift 3 each), the scale, each view's shifts (6 each), the weights and
        the cut.
    """

    upper: Fit
    lower: Fit
    cut: np.ndarray
    covariance: np.ndarray

    @property
    def fits(self) -> tuple[Fit, Fit]:
        """The upper one and the lower one."""
        return self.upper, self.lower

    @property
    def met(self) -> bool:
        """Whether the outlines of both are met well enough for this to be an answer."""
        return self.upper.met and self.lower.met

    @property
    def plane(self) -> tuple[np.ndarray, float]:
        """The break as unit normal (3,) and offset in the model's frame; upwards, normal @ point >= offset."""
        return plane_of(self.upper.model, self.cut)

    @functools.cached_property
    def parts(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Points (n, 3) and triangles (m, 3) of both fragments as they lie in the patient (mm), closed at the break."""
        return self._part(0), self._part(1)

    def _part(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        fit, (normal, offset) = self.fits[number], self.plane
        size, mean = np.exp(fit.state.log_scale), fit.model.mean.mean(axis=0)
        normal_there = fit.state.rotation @ normal
        offset_there = size * (offset - normal @ mean) + normal_there @ fit.state.translation
        return cut_in_two(fit.points, fit.model.faces, normal_there, offset_there)[number]


def plane_of(model: ShapeModel, cut: np.ndarray) -> tuple[np.ndarray, float]:
    """A break as unit normal (3,) and offset (mm) in the model's frame; see `BrokenFit.cut`."""
    normal = np.array([-cut[1], -cut[2], 1.0])
    length = np.linalg.norm(normal)
    return normal / length, float((cut[0] + normal @ model.mean.mean(axis=0)) / length)


def fit_fragments(
    arrangements: Sequence[tuple[ShapeModel, Fragment, Fragment]],
    free_scale: bool = False,
    progress: Progress | None = None,
) -> BrokenFit:
    """Fit one shape, and a pose for each, to the outlines of two fragments of one bone.

    Parameters
    ----------
    arrangements : sequence of (ShapeModel, Fragment, Fragment)
        What may be: the model of a side, the upper fragment and the lower one, in the same views. More than one where
        the side, or how the views stand to each other, is not known; the one most probable for the fragment of which
        more is seen is taken, or, if outlines are not met then, the one that meets most of them.
    free_scale : bool
        Whether the views' millimetres are only a guess.
    progress : callable, optional

    Returns
    -------
    BrokenFit
        The best found, which need not be good: see `BrokenFit.met`.

    Raises
    ------
    Cancelled
        If `progress` asked to stop.

    Notes
    -----
    Each fragment by itself meets its outline as a bone of which the rest was not seen, but a part of a shaft does not
    tell where on the bone it is. So both are fitted again together: the normal equations of both are added, each with
    its own pose, over one scale, one set of weights and the same views. Where the fragments' outlines come to the break
    the silhouette of each must cross the same cut, a plane but for some mm: this alone tells how long the bone is, and
    an oblique break how one fragment is turned about the bone against the other. A turn about the bone besides is held
    by what is usual only.
    """
    long = int(_length(arrangements[0][2]) > _length(arrangements[0][1]))
    first = _alone([(each[0], each[1 + long]) for each in arrangements], long, free_scale, part(progress, 0.0, 0.3))
    found = _both(arrangements[first.arrangement], first, long, free_scale, part(progress, 0.3, 0.3))
    others = [each for number, each in enumerate(arrangements) if number != first.arrangement and not found.met]
    for number, (model, *fragments) in enumerate(others):  # a piece of shaft by itself may tell wrongly where it stands
        of = part(progress, 0.6 + 0.4 * number / len(others), 0.4 / len(others))
        first = _alone([(model, fragments[long])], long, free_scale, part(of, 0.0, 0.4))
        other = _both((model, *fragments), first, long, free_scale, part(of, 0.4, 0.6))
        found = min(found, other, key=lambda each: max(fit.unmet for fit in each.fits))
    return found


def _both(
    arrangement: tuple[ShapeModel, Fragment, Fragment],
    first: Fit,
    long: int,
    free_scale: bool,
    progress: Progress | None,
) -> BrokenFit:
    """Both fragments in one arrangement, of which that of which more is seen was fitted by itself."""
    model, *fragments = arrangement
    second = _alone([(model, fragments[1 - long])], 1 - long, free_scale, part(progress, 0.0, 0.5))
    fits = (second, first) if long else (first, second)
    states = _joined(fits, long)
    mesh = fits[0].mesh
    cut = _cut_at_first(model, mesh, fragments, states)
    joint = _Joint(model, mesh, tuple(fragments), states, cut, free_scale)
    done, steps = 0, sum(each[2] for each in _SCHEDULE)
    most = len(model.deviations)
    for modes, loose, count, reach in _SCHEDULE:
        for _ in range(count):
            tell(progress, 0.5 + 0.5 * done / steps, "fitting both fragments")
            joint = joint.stepped(most if modes is None else min(modes, most), reach, loose)
            done += 1
    return joint.finished()


@dataclass(frozen=True)
class _Joint:
    """A fit of both fragments under way; states and fragments are (upper, lower)."""

    model: ShapeModel
    mesh: Mesh
    fragments: tuple[Fragment, Fragment]
    states: tuple[State, State]
    cut: np.ndarray
    free_scale: bool

    def stepped(self, modes: int, reach_mm: float, loose: bool) -> _Joint:
        """The same after one step of Gauss and Newton."""
        information, pull = self.equations(modes, reach_mm, loose)
        change = np.linalg.solve(information, pull)
        own = [self._own(number, modes) for number in range(2)]
        longest = np.abs(change[-_CUT:] / _LONGEST_CUT).max()
        change = change / max(longest, *(excess(change[each]) for each in own))
        states = tuple(moved(state, change[each]) for state, each in zip(self.states, own, strict=True))
        return replace(self, states=states, cut=self.cut + change[-_CUT:])

    def equations(self, modes: int, reach_mm: float, loose: bool) -> tuple[np.ndarray, np.ndarray]:
        """Information (p, p) and pull (p,) of all that moves, as `BrokenFit.covariance` has it."""
        size = self.size(modes)
        information, pull = np.zeros((size, size)), np.zeros(size)
        for number, (state, fragment) in enumerate(zip(self.states, self.fragments, strict=True)):
            own = self._own(number, modes)
            told = evidence(self.model, self.mesh, fragment.views, state, modes, reach_mm)
            known = prior(_unleaned(state), fragment.views, modes, self.free_scale, loose)
            if number:  # what is shared is known once
                known[0][6:, 6:], known[1][6:] = 0.0, 0.0
            information[np.ix_(own, own)] += told[0] + known[0]
            pull[own] += told[1] + known[1]
        rows, off, inverse = self._break_rows(modes)
        cut = np.arange(size - _CUT, size)
        known = np.array([_ANYWHERE_MM, _STEEP, _STEEP]) ** -2
        information[cut, cut] += known
        pull[cut] -= known * self.cut
        return information + rows.T @ inverse @ rows, pull + rows.T @ inverse @ off

    def size(self, modes: int) -> int:
        """How many numbers move."""
        return _POSES + 1 + self.states[0].shifts.size + modes + _CUT

    def finished(self) -> BrokenFit:
        """The fit, with how sure it is, and how well outlines are met."""
        modes = len(self.model.deviations)
        covariance = np.linalg.inv(self.equations(modes, _SURE_MM, True)[0])
        fits = []
        for number, (state, fragment) in enumerate(zip(self.states, self.fragments, strict=True)):
            own, seen = self._own(number, modes), tuple(state.seen_by(fragment.views))
            met = residual(self.mesh, state.points(self.model), seen)
            information = np.linalg.inv(covariance[np.ix_(own, own)])
            fits.append(Fit(self.model, self.mesh, seen, state, information, *met, self.free_scale))
        return BrokenFit(*fits, self.cut, covariance)

    def _own(self, number: int, modes: int) -> np.ndarray:
        """Where the numbers that `evidence` of one fragment is about stand among all."""
        shared = np.arange(_POSES, self.size(modes) - _CUT)
        return np.concatenate([np.arange(6 * number, 6 * number + 6), shared])

    def _break_rows(self, modes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows (m, p), distances (m,) and inverse covariance (m, m) of the places where outlines come to the break.

        What a place is off a plane is the same for both fragments, but for the teeth; how uneven a break is, its places
        tell, but not that it is anywhere: a cut that is far off must be drawn back.
        """
        found = [self._crossings(number, modes) for number in range(2)]
        both = [key for key in found[0] if key in found[1]]
        alone = [(number, key) for number in range(2) for key in found[number] if key not in both]
        pairs = [(number, key) for key in both for number in range(2)]
        ordered = [found[number][key] for number, key in (*pairs, *alone)]
        if not ordered:
            return np.zeros((0, self.size(modes))), np.zeros(0), np.zeros((0, 0))
        rows, off = np.array([each[0] for each in ordered]), np.array([each[1] for each in ordered])
        own = np.diag([self.fragments[number].ends_off_mm ** 2 for number, _ in (*pairs, *alone)])
        means = [off[2 * each : 2 * each + 2].mean() for each in range(len(both))]
        spare = max(1, len(means) - _CUT)  # of so many places, three lie on a plane anyway
        uneven = float(np.clip(np.sqrt(np.square(means).sum() / spare), _UNEVEN_MM, _MOST_UNEVEN_MM))
        same = np.kron(np.eye(len(both)), np.full((2, 2), uneven**2))
        shared = np.eye(len(off)) * uneven**2
        shared[: len(same), : len(same)] = same
        return rows, off, np.linalg.inv(own + shared)

    def _crossings(self, number: int, modes: int) -> dict[tuple[int, int], tuple[np.ndarray, float]]:
        """Row (p,) and distance (mm) of where a fragment's silhouette crosses the cut, from where its outline ends."""
        model, state, views = self.model, self.states[number], self.fragments[number].views
        scaled, found = np.exp(state.log_scale) * state.rotation, {}
        normal = np.array([-self.cut[1], -self.cut[2], 1.0])
        for (at, side), end in _ends(model, self.mesh, self.fragments[number], state).items():
            steep = normal @ end.rise  # how fast the silhouette comes out of the cut
            if abs(steep) < _LEAST_STEEP:
                continue
            slope = gradient(end.camera, end.along[None], end.on.nearness, end.on.local)
            lies = state.placed(model, end.place[None] + model.mean.mean(axis=0))
            row, own = np.zeros(self.size(modes)), self._own(number, modes)
            row[own] = point_rows(model, state, scaled, views, at, modes, slope, lies, end.on.ends, end.on.share)[0]
            # Modes move the surface through the cut, which stays where it is on the bone.
            row[own[-modes:]] -= end.on.on(model.by_point[:, :modes])[0] @ normal / steep
            level = np.array([1.0, *end.place[:2]])
            row[-_CUT:] = level / steep
            found[at, side] = row, float((end.place[2] - self.cut @ level) / steep)
        return found


@dataclass(frozen=True)
class _End:
    """Where an outline comes to the break: the place (3,) of the bone there, in the model's frame from the mean's
    centroid, how it changes for each mm along the silhouette, the direction (2,) of that in the picture, and a point of
    the silhouette near by."""

    place: np.ndarray
    rise: np.ndarray
    along: np.ndarray
    on: Silhouette
    camera: Camera


def _ends(model: ShapeModel, mesh: Mesh, fragment: Fragment, state: State) -> dict[tuple[int, int], _End]:
    """Those of a fragment by view and side. The silhouette is taken to be straight near them."""
    points, own = state.points(model), model.surface(state.weights) - model.mean.mean(axis=0)
    normals, found = mesh.normals(points), {}
    for at, view in enumerate(state.seen_by(fragment.views)):
        rim = silhouette(mesh, points, normals, view)
        for side, end in enumerate(fragment.ends[at]):
            if not len(rim.share) or not np.isfinite(end).all():
                continue
            away = rim.place - end
            nearest = np.linalg.norm(away, axis=1).argmin()
            normal = rim.normals[nearest]
            along = np.array([-normal[1], normal[0]])
            near = (rim.normals @ normal > _FACING) & (np.linalg.norm(away - away[nearest], axis=1) < _RUN_MM)
            if near.sum() < _FEWEST:
                continue
            run, level = rim.where(near), away[near] @ along
            (place, rise), *_ = np.linalg.lstsq(np.column_stack([np.ones(len(level)), level]), run.on(own), rcond=None)
            closest = np.abs(level).argmin()[None]
            found[at, side] = _End(place, rise, along, run.where(closest), view.camera)
    return found


def _alone(told: Sequence[tuple[ShapeModel, Fragment]], number: int, free_scale: bool, progress) -> Fit:
    """A fragment fitted by itself; its break tells which end of it is up."""
    fragment = told[0][1]
    view, ends = fragment.views[0], fragment.ends[0]
    away = view.points[view.weights > 0].mean(axis=0) - ends.mean(axis=0)
    up = (-away if number else away) @ view.camera.from_lps[:2, :3]
    return fit_shape(
        [(model, each.views) for model, each in told],
        free_scale,
        up=up if np.isfinite(up).all() else None,
        progress=progress,
    )


def _length(fragment: Fragment) -> float:
    return sum(view.length_mm for view in fragment.views)


def _joined(fits: Sequence[Fit], long: int) -> tuple[State, State]:
    """States of one shape and scale: the most probable one of two fits, and what of each pose follows from it."""
    modes = len(fits[0].state.weights)
    shared = [6, *range(-modes, 0)]  # scale and weights
    inverse, values = [], []
    for fit in fits:
        inverse.append(np.linalg.inv(fit.covariance[np.ix_(shared, shared)]))
        values.append(np.array([fit.state.log_scale, *fit.state.weights]))
    known = np.diag([0.0, *np.ones(modes)])  # what is known before both counts once
    both = np.linalg.solve(inverse[0] + inverse[1] - known, inverse[0] @ values[0] + inverse[1] @ values[1])
    shifts, states = fits[long].state.shifts, []
    for fit, own, value in zip(fits, inverse, values, strict=True):
        change = np.append(fit.covariance[:6][:, shared] @ own @ (both - value), 0.0)
        state = moved(replace(fit.state, shifts=np.zeros((0, 6))), change / excess(change))
        states.append(replace(state, weights=both[1:], log_scale=float(both[0]), shifts=shifts))
    return tuple(states)


def _cut_at_first(model: ShapeModel, mesh: Mesh, fragments: Sequence[Fragment], states: Sequence[State]) -> np.ndarray:
    """The plane nearest to where all outlines come to the break, by what each fragment tells; steep ones are rare.

    How it leans is told by places that are farther apart than the fragments are off: in one view none are, in depth.
    """
    ends = [_ends(model, mesh, fragment, state) for fragment, state in zip(fragments, states, strict=True)]
    places = np.array([end.place for each in ends for end in each.values()]).reshape(-1, 3)
    middle = places.mean(axis=0)
    away = places - middle
    flat = np.eye(2) * (_FIRST_OFF_MM / _STEEP) ** 2
    slopes = np.linalg.solve(away[:, :2].T @ away[:, :2] + flat, away[:, :2].T @ away[:, 2])
    return np.array([middle[2] - slopes @ middle[:2], *slopes])


def _unleaned(state: State) -> State:
    """The state, its usual pose leaned as it leans itself: how a fragment leans is not known, only how it is turned."""
    from scipy.spatial.transform import Rotation

    usual, axis = state.usual[:, 2], state.rotation[:, 2]
    turn = np.cross(usual, axis)
    sine = np.linalg.norm(turn)
    angle = np.arctan2(sine, usual @ axis)
    leaned = Rotation.from_rotvec(turn * angle / max(sine, 1e-9)).as_matrix() @ state.usual
    return replace(state, usual=leaned)
