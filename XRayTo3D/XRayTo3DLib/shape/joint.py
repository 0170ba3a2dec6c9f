"""A fit of all fragments of a broken bone at once, under way: the normal equations of all, and of the breaks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .broken_fit import BrokenFit
from .fit import Fit, residual
from .fragment_seen import Ends, Fragment, ends_of
from .model import ShapeModel
from .silhouette import Mesh
from .solve import State, evidence, excess, moved, point_rows, prior
from .view import gradient

_SURE_MM = 2.0  # when it is told how sure the fit is
_UNEVEN_MM, _MOST_UNEVEN_MM = 2.0, 15.0  # how far a break's edge is off a plane at least, and at most
STEEP = 1.0  # standard deviation of a break's slope
_ANYWHERE_MM = 1e3  # and of where it is on the bone
_BELIEVED = 2.0  # deviations by which both sides of a break may be apart: what is farther off is believed less and less
_LEAST_STEEP = 0.05  # mm of the break's height for each mm along a silhouette: more level, it does not cross the break
_POSE, CUT = 6, 3  # numbers of a pose, and of a break
_LONGEST_CUT = np.array([15.0, 0.5, 0.5])  # in one step, of a break's place (mm) and slopes


@dataclass(frozen=True)
class Joint:
    """A fit of all fragments under way.

    Attributes
    ----------
    model : ShapeModel
    mesh : Mesh
    fragments : tuple of Fragment
        The upper one first.
    states : tuple of State
        Of each: they share all but their poses.
    cuts : (n - 1, 3) float64 array
        See `BrokenFit.cuts`.
    free_scale : bool
        Whether the views' millimetres are only a guess.
    """

    model: ShapeModel
    mesh: Mesh
    fragments: tuple[Fragment, ...]
    states: tuple[State, ...]
    cuts: np.ndarray
    free_scale: bool

    def stepped(self, modes: int, reach_mm: float, loose: bool) -> Joint:
        """The same after one step of Gauss and Newton."""
        information, pull = self.equations(modes, reach_mm, loose)
        change = np.linalg.solve(information, pull)
        own = [self.own(number, modes) for number in range(len(self.states))]
        longest = np.abs(self._of_cuts(change) / _LONGEST_CUT).max()
        change = change / max(longest, *(excess(change[each]) for each in own))
        states = tuple(moved(state, change[each]) for state, each in zip(self.states, own, strict=True))
        return replace(self, states=states, cuts=self.cuts + self._of_cuts(change))

    def equations(self, modes: int, reach_mm: float, loose: bool) -> tuple[np.ndarray, np.ndarray]:
        """Information (p, p) and pull (p,) of all that moves, as `BrokenFit.covariance` has it."""
        size = self.size(modes)
        information, pull = np.zeros((size, size)), np.zeros(size)
        for number, (state, fragment) in enumerate(zip(self.states, self.fragments, strict=True)):
            own = self.own(number, modes)
            told = evidence(self.model, self.mesh, fragment.views, state, modes, reach_mm)
            known = prior(unleaned(state), fragment.views, modes, self.free_scale, loose)
            if number:  # what is shared is known once
                known[0][6:, 6:], known[1][6:] = 0.0, 0.0
            information[np.ix_(own, own)] += told[0] + known[0]
            pull[own] += told[1] + known[1]
        known = np.array([_ANYWHERE_MM, STEEP, STEEP]) ** -2
        for number, cut in enumerate(self.cuts):
            rows, off, inverse = self.break_rows(number, modes)
            where = self.of_cut(number, modes)
            information[where, where] += known
            pull[where] -= known * cut
            information += rows.T @ inverse @ rows
            pull += rows.T @ inverse @ off
        return information, pull

    def size(self, modes: int) -> int:
        """How many numbers move."""
        return _POSE * len(self.states) + 1 + self.states[0].shifts.size + modes + self.cuts.size

    def finished(self) -> BrokenFit:
        """The fit, with how sure it is, and how well outlines are met."""
        modes = len(self.model.deviations)
        covariance = np.linalg.inv(self.equations(modes, _SURE_MM, True)[0])
        fits = []
        for number, (state, fragment) in enumerate(zip(self.states, self.fragments, strict=True)):
            own, seen = self.own(number, modes), tuple(state.seen_by(fragment.views))
            met = residual(self.mesh, state.points(self.model), seen)
            information = np.linalg.inv(covariance[np.ix_(own, own)])
            fits.append(Fit(self.model, self.mesh, seen, state, information, *met, self.free_scale))
        apart = tuple(self._apart_mm(number) for number in range(len(self.cuts)))
        return BrokenFit(tuple(fits), self.cuts, covariance, apart)

    def _apart_mm(self, number: int) -> float:
        """How far apart along the bone the views put a break: how high over the cut outlines come to it in each."""
        over: dict[int, list[float]] = {}
        for side in range(2):
            views, places = self.fragments[number + side].views, self._ends(number, side).places
            for (at, _), end in ends_of(self.model, self.mesh, views, places, self.states[number + side]).items():
                over.setdefault(at, []).append(end.place[2] - self.cuts[number] @ [1.0, *end.place[:2]])
        means = [float(np.mean(each)) for each in over.values()]
        return max(means) - min(means) if means else 0.0

    def own(self, number: int, modes: int) -> np.ndarray:
        """Where the numbers that `evidence` of one fragment is about stand among all."""
        shared = np.arange(_POSE * len(self.states), self.size(modes) - self.cuts.size)
        return np.concatenate([np.arange(_POSE * number, _POSE * number + _POSE), shared])

    def of_cut(self, number: int, modes: int) -> np.ndarray:
        """Where the numbers (3,) of a break stand among all."""
        return self.size(modes) - self.cuts.size + CUT * number + np.arange(CUT)

    def _of_cuts(self, change: np.ndarray) -> np.ndarray:
        return change[-self.cuts.size :].reshape(self.cuts.shape)

    def break_rows(self, number: int, modes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows (m, p), distances (m,) and inverse covariance (m, m) of the places where outlines come to a break.

        What a place is off a plane is the same for both fragments, but for the teeth; how uneven a break is, its places
        tell, but not that it is anywhere: a cut that is far off must be drawn back.
        """
        found = [self.crossings(number, side, modes) for side in range(2)]
        both = [key for key in found[0] if key in found[1]]
        alone = [(side, key) for side in range(2) for key in found[side] if key not in both]
        pairs = [(side, key) for key in both for side in range(2)]
        ordered = [found[side][key] for side, key in (*pairs, *alone)]
        if not ordered:
            return np.zeros((0, self.size(modes))), np.zeros(0), np.zeros((0, 0))
        rows, off = np.array([each[0] for each in ordered]), np.array([each[1] for each in ordered])
        own = np.array([self._off_mm(number, side, key) ** 2 for side, key in (*pairs, *alone)])
        both_off, both_own = (each[: len(pairs)].reshape(-1, 2) for each in (off, own))
        both_own *= 1 + (both_off[:, :1] - both_off[:, 1:]) ** 2 / (_BELIEVED**2 * both_own.sum(axis=1, keepdims=True))
        means = np.average(both_off, axis=1, weights=1 / both_own)
        spare = max(1, len(means) - CUT)  # of so many places, three lie on a plane anyway
        uneven = float(np.clip(np.sqrt(np.square(means).sum() / spare), _UNEVEN_MM, _MOST_UNEVEN_MM))
        same = np.kron(np.eye(len(both)), np.full((2, 2), uneven**2))
        shared = np.eye(len(off)) * uneven**2
        shared[: len(same), : len(same)] = same
        return rows, off, np.linalg.inv(np.diag(own) + shared)

    def _ends(self, number: int, side: int) -> Ends:
        """Of the fragment above a break, side 0, or of that below it, side 1."""
        fragment = self.fragments[number + side]
        return fragment.above if side else fragment.below

    def _off_mm(self, number: int, side: int, key: tuple[int, int]) -> float:
        """How far off an end in a view may be."""
        ends = self._ends(number, side)
        return float(np.broadcast_to(ends.off_mm, ends.places.shape[:2])[key])

    def crossings(self, number: int, side: int, modes: int) -> dict[tuple[int, int], tuple[np.ndarray, float]]:
        """Row (p,) and distance (mm) of where a silhouette crosses a break's cut, from where its outline ends.

        It is that of the fragment above the break, side 0, or of that below it, side 1.
        """
        model, state, cut = self.model, self.states[number + side], self.cuts[number]
        own, views = self.own(number + side, modes), self.fragments[number + side].views
        places = self._ends(number, side).places
        scaled, found = np.exp(state.log_scale) * state.rotation, {}
        normal = np.array([-cut[1], -cut[2], 1.0])
        for (at, edge), end in ends_of(model, self.mesh, views, places, state).items():
            steep = normal @ end.rise  # how fast the silhouette comes out of the cut
            if abs(steep) < _LEAST_STEEP:
                continue
            slope = gradient(end.camera, end.along[None], end.on.nearness, end.on.local)
            lies = state.placed(model, end.place[None] + model.mean.mean(axis=0))
            row = np.zeros(self.size(modes))
            row[own] = point_rows(model, state, scaled, views, at, modes, slope, lies, end.on.ends, end.on.share)[0]
            # Modes move the surface through the cut, which stays where it is on the bone.
            row[own[-modes:]] -= end.on.on(model.by_point[:, :modes])[0] @ normal / steep
            level = np.array([1.0, *end.place[:2]])
            row[self.of_cut(number, modes)] = level / steep
            found[at, edge] = row, float((end.place[2] - cut @ level) / steep)
        return found


def unleaned(state: State) -> State:
    """The state, its usual pose leaned as it leans itself: how a fragment leans is not known, only how it is turned."""
    from scipy.spatial.transform import Rotation

    usual, axis = state.usual[:, 2], state.rotation[:, 2]
    turn = np.cross(usual, axis)
    sine = np.linalg.norm(turn)
    angle = np.arctan2(sine, usual @ axis)
    leaned = Rotation.from_rotvec(turn * angle / max(sine, 1e-9)).as_matrix() @ state.usual
    return replace(state, usual=leaned)
