"""A broken bone: one shape, and a pose for each of its fragments, fitted to the outlines of all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..helpers.progress import Progress, part, tell
from .break_ends import ends_in_pictures
from .broken_fit import BrokenFit
from .fit import Fit, fit_shape
from .fragment_seen import Fragment, ends_of
from .heights import Heights
from .joint import STEEP, Joint
from .model import ShapeModel
from .solve import State, excess, moved
from .view import View

# Each: how many modes may move, whether views may, steps, and how far off an outline is still believed (mm).
_SCHEDULE = ((6, False, 4, 8.0), (12, False, 5, 4.0), (None, False, 7, 2.0), (None, True, 8, 1.5), (None, True, 6, 1.2))
_ENDS_MOVED = 3  # from there on the schedule runs again when ends were looked for in pictures
_FIRST_OFF_MM = 20.0  # how far apart fragments that were fitted by themselves put a place of the break
_LEVELS, _LEVELS_OFF = 32, 0.02  # places along a piece of shaft, and how far off what is told of them (of its length)


def fit_fragments(
    arrangements: Sequence[tuple[ShapeModel, *tuple[Fragment, ...]]],
    free_scale: bool = False,
    pictures: Sequence[np.ndarray] = (),
    progress: Progress | None = None,
) -> BrokenFit:
    """Fit one shape, and a pose for each, to the outlines of the fragments of one bone.

    Parameters
    ----------
    arrangements : sequence of (ShapeModel, Fragment, Fragment, ...)
        What may be: the model of a side, and two fragments or more from the upper end to the lower one, in the same
        views. More than one where the side, or how the views stand to each other, is not known; the one most probable
        for that of the bone's ends of which more is seen is taken, or, if outlines are not met then, the one that meets
        most of them.
    free_scale : bool
        Whether the views' millimetres are only a guess.
    pictures : sequence of (rows, columns) array, optional
        Of each view, bone bright: the ends of fragments are looked for in them, where fits have shown about where.
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
    tell where on the bone it is; what lies between two breaks is told so by those at the bone's ends. So all are fitted
    again together: the normal equations of all are added, each with its own pose, over one scale, one set of weights
    and the same views. Where the outlines of two fragments come to the break between them the silhouette of each must
    cross the same cut, a plane but for some mm: this alone tells how long the bone is, and an oblique break how one
    fragment is turned about the bone against the other. A turn about the bone besides is held by what is usual only.
    A mask shows the ends of fragments too short where these lie over each other: see `break_ends`.
    """
    ends = {0: arrangements[0][1], len(arrangements[0]) - 2: arrangements[0][-1]}
    long = max(ends, key=lambda number: _length(ends[number]))
    first = _alone([(each[0], each[1 + long]) for each in arrangements], free_scale, part(progress, 0.0, 0.3))
    found = _all(arrangements[first.arrangement], first, long, free_scale, pictures, part(progress, 0.3, 0.3))
    others = [each for number, each in enumerate(arrangements) if number != first.arrangement and not found.met]
    for number, (model, *fragments) in enumerate(others):  # a piece of shaft by itself may tell wrongly where it stands
        of = part(progress, 0.6 + 0.4 * number / len(others), 0.4 / len(others))
        first = _alone([(model, fragments[long])], free_scale, part(of, 0.0, 0.4))
        other = _all((model, *fragments), first, long, free_scale, pictures, part(of, 0.4, 0.6))
        found = min(found, other, key=lambda each: max(fit.unmet for fit in each.fits))
    return found


def _all(
    arrangement: tuple[ShapeModel, *tuple[Fragment, ...]],
    first: Fit,
    long: int,
    free_scale: bool,
    pictures: Sequence[np.ndarray],
    progress: Progress | None,
) -> BrokenFit:
    """All fragments in one arrangement, of which one at the bone's end was fitted by itself."""
    model, *fragments = arrangement
    last, fits = len(fragments) - 1, {long: first}
    order = [last - long, *range(1, last)]  # the bone's other end, then what lies between
    for done, number in enumerate(order):
        of = part(progress, 0.5 * done / last, 0.5 / last)
        fits[number] = _alone([(model, _told(model, fragments, number, fits))], free_scale, of)
    states = _joined([fits[number] for number in range(last + 1)], long)
    cuts = np.array([_first_cut(_places(model, first, fragments, states, number)) for number in range(last)])
    joint = Joint(model, first.mesh, tuple(fragments), states, cuts, free_scale)
    schedules = [_SCHEDULE, _SCHEDULE[_ENDS_MOVED:]] if pictures else [_SCHEDULE]
    done, steps = 0, sum(each[2] for schedule in schedules for each in schedule)
    most = len(model.deviations)
    for number, schedule in enumerate(schedules):
        if number:
            seen = ends_in_pictures(model, joint.mesh, joint.fragments, joint.states, pictures)
            joint = replace(joint, fragments=seen)
        for modes, loose, count, reach in schedule:
            for _ in range(count):
                tell(progress, 0.5 + 0.5 * done / steps, "fitting the fragments")
                joint = joint.stepped(most if modes is None else min(modes, most), reach, loose)
                done += 1
    return joint.finished()


def _alone(told: Sequence[tuple[ShapeModel, Fragment]], free_scale: bool, progress: Progress | None) -> Fit:
    """A fragment fitted by itself; its breaks tell which end of it is up."""
    fragment = told[0][1]
    view = fragment.views[0]
    middle = view.points[view.weights > 0].mean(axis=0)
    top, bottom = (middle if each is None else each.places[0].mean(axis=0) for each in (fragment.above, fragment.below))
    up = (top - bottom) @ view.camera.from_lps[:2, :3]
    return fit_shape(
        [(model, each.views) for model, each in told],
        free_scale,
        up=up if np.isfinite(up).all() else None,
        progress=progress,
    )


def _told(model: ShapeModel, fragments: Sequence[Fragment], number: int, fits: Mapping[int, Fit]) -> Fragment:
    """A fragment that knows how high on the bone it lies, if it lies between others: a shaft slides along itself.

    The fragments at the bone's ends tell how high the outer breaks are; those between share the length between them as
    their lengths are in the pictures.
    """
    last, fragment = len(fragments) - 1, fragments[number]
    if number in (0, last):
        return fragment
    outer = [_height(model, fragments[0].views, fragments[0].below.places, fits[0])]
    outer.append(_height(model, fragments[last].views, fragments[last].above.places, fits[last]))
    lengths = [_run(each) for each in fragments[1:last]]
    run = np.concatenate([[0.0], np.cumsum(lengths)]) / max(sum(lengths), 1e-9)
    top, bottom = np.interp(run[[number - 1, number]], [0, 1], outer)
    along = np.linspace(0, 1, _LEVELS)[:, None]
    views = []
    for view, above, below in zip(fragment.views, fragment.above.places, fragment.below.places, strict=True):
        places = above.mean(axis=0) * (1 - along) + below.mean(axis=0) * along
        shares = top + (bottom - top) * along[:, 0]
        known = np.isfinite(places).all() and np.isfinite(shares).all() and top > bottom
        views.append(replace(view, heights=Heights(places, shares, _LEVELS_OFF)) if known else view)
    return replace(fragment, views=tuple(views))


def _height(model: ShapeModel, views: Sequence[View], places: np.ndarray, fit: Fit) -> float:
    """How high on the bone a break is, by where a fitted fragment's outline comes to it; NaN where it does nowhere."""
    ends = ends_of(model, fit.mesh, views, places, fit.state).values()
    level = np.mean([end.place[2] for end in ends]) if ends else np.nan
    z = model.mean[:, 2]
    return float((level + z.mean() - z.min()) / np.ptp(z))


def _run(fragment: Fragment) -> float:
    """How long a piece between two breaks is in the pictures (mm)."""
    apart = np.linalg.norm(fragment.above.places.mean(axis=1) - fragment.below.places.mean(axis=1), axis=1)
    return float(np.nanmean(apart)) if np.isfinite(apart).any() else 0.0


def _length(fragment: Fragment) -> float:
    return sum(view.length_mm for view in fragment.views)


def _joined(fits: Sequence[Fit], long: int) -> tuple[State, ...]:
    """States of one shape and scale: the most probable one of all fits, and what of each pose follows from it."""
    modes = len(fits[0].state.weights)
    shared = [6, *range(-modes, 0)]  # scale and weights
    inverse, values = [], []
    for fit in fits:
        inverse.append(np.linalg.inv(fit.covariance[np.ix_(shared, shared)]))
        values.append(np.array([fit.state.log_scale, *fit.state.weights]))
    known = np.diag([0.0, *np.ones(modes)])  # what is known before all counts once
    told = sum(own @ value for own, value in zip(inverse, values, strict=True))
    common = np.linalg.solve(sum(inverse) - (len(fits) - 1) * known, told)
    shifts, states = fits[long].state.shifts, []
    for fit, own, value in zip(fits, inverse, values, strict=True):
        change = np.append(fit.covariance[:6][:, shared] @ own @ (common - value), 0.0)
        state = moved(replace(fit.state, shifts=np.zeros((0, 6))), change / excess(change))
        states.append(replace(state, weights=common[1:], log_scale=float(common[0]), shifts=shifts))
    return tuple(states)


def _places(
    model: ShapeModel, fit: Fit, fragments: Sequence[Fragment], states: Sequence[State], number: int
) -> np.ndarray:
    """Places (n, 3) of a break on the bone, where the outlines of both fragments beside it come to it."""
    upper, lower = fragments[number : number + 2]
    sides = ((upper.views, upper.below.places, states[number]), (lower.views, lower.above.places, states[number + 1]))
    ends = [end for side in sides for end in ends_of(model, fit.mesh, *side).values()]
    return np.array([end.place for end in ends]).reshape(-1, 3)


def _first_cut(places: np.ndarray) -> np.ndarray:
    """The plane nearest to places (n, 3) of a break, by what each fragment tells; steep ones are rare.

    How it leans is told by places that are farther apart than the fragments are off: in one view none are, in depth.
    """
    middle = places.mean(axis=0)
    away = places - middle
    flat = np.eye(2) * (_FIRST_OFF_MM / STEEP) ** 2
    slopes = np.linalg.solve(away[:, :2].T @ away[:, :2] + flat, away[:, :2].T @ away[:, 2])
    return np.array([middle[2] - slopes @ middle[:2], *slopes])
