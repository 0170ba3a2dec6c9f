"""How far the fragments of a fitted bone lie from where they belong, and how sure that is."""

from __future__ import annotations

import numpy as np

from ..anatomy import DEFINITIONS, BoneMeasure
from .break_frame import BreakFrame
from .broken_fit import BrokenFit
from .fit import Fit
from .measured import Measure
from .model import ShapeModel
from .posterior import widened
from .solve import State, moved

_DRAWN = 64
# By how much people's torsion varies beyond what the models of 26 people say of it: published are 9.6 degrees (femur)
# and 8 (tibia), see `anatomy.DEFINITIONS`; in the models it is 5.0 and 6.6. Outlines of two fragments do not tell the
# bone's own torsion, so this is not known of their rotation either.
_UNTOLD_TORSION_DEG = {"femur": 8.2, "tibia": 4.5}
# The same of how bones bend, so of how the shaft leans in either fragment: found on femora of other collections, whose
# angulation was off by about twice what the posterior says.
_UNTOLD_BEND_DEG = 1.7
_UNTOLD_MM = 0.8  # of shifts, found on the same femora: 78 % of shortenings lay within two deviations without it
_SHAFT = (0.3, 0.7)  # between which shares of its length a bone's shaft gives the direction
_SHARES = np.linspace(0.02, 0.98, 97)  # of the length, at which the break's middle is looked for
_FACING = np.cos(np.radians(30.0))  # a single view shows a plane that it faces as nearly as this
# What a view from the front tells, and one from the side; the rest needs a second view.
_FROM_FRONT = ("angulation_ap_deg", "translation_lateral_mm", "shortening_mm")
_FROM_SIDE = ("angulation_lateral_deg", "translation_posterior_mm", "shortening_mm")


def to_reduced(fit: BrokenFit) -> tuple[np.ndarray, ...]:
    """Matrices (4, 4) that put each fragment back on the uppermost one, in the patient (LPS, mm as the fit stands)."""
    return tuple(np.linalg.inv(_moving(fit.upper.state, each.state)) for each in fit.fits)


def displacements(fit: BrokenFit, size_deviation: float = 0.0) -> tuple[dict[str, Measure], ...]:
    """How each lower fragment lies to the one next above it, and how sure that is.

    Parameters
    ----------
    fit : BrokenFit
    size_deviation : float
        Relative standard deviation of the pictures' millimetres, where the fit took them for known.

    Returns
    -------
    tuple of dict of str to Measure
        Of each break, by the names of `anatomy.DEFINITIONS["fracture"]`, in the bone's own millimetres; of one view
        only what it shows, across its rays. Points and lines are in the patient as the fit stands.
    """
    covariance = widened(fit.upper) * fit.covariance
    drawn = np.random.default_rng(0).multivariate_normal(np.zeros(len(covariance)), covariance, _DRAWN)
    states, cuts = tuple(each.state for each in fit.fits), fit.cuts
    changed = [
        (_changed(states, change, cuts.size), cuts + change[-cuts.size :].reshape(cuts.shape)) for change in drawn
    ]
    return tuple(_displaced(fit, number, changed, size_deviation) for number in range(len(cuts)))


def break_frames(fit: BrokenFit) -> tuple[BreakFrame, ...]:
    """Of each break, by what a displacement there is measured, in the reduced bone (LPS, mm as the fit stands)."""
    lying = (
        _frame(above.model, above.state, cut, _source(above)) for above, cut in zip(fit.fits, fit.cuts, strict=False)
    )
    return tuple(frame.placed(back) for frame, back in zip(lying, to_reduced(fit), strict=False))


def _source(fit: Fit) -> np.ndarray | None:
    """Where the rays come from (3,) that alone have shown a bone; None of several views."""
    return fit.views[0].camera.source_lps if len(fit.views) == 1 else None


def _displaced(fit: BrokenFit, number: int, changed: list, size_deviation: float) -> dict[str, Measure]:
    """How the fragments beside a break lie to each other, and how that varies among states and cuts as they may be."""
    above, below = fit.fits[number : number + 2]
    model, source = above.model, _source(above)

    def measured(upper: State, lower: State, cut: np.ndarray) -> dict[str, BoneMeasure]:
        return _frame(model, upper, cut, source).measures(_moving(upper, lower))

    found = measured(above.state, below.state, fit.cuts[number])
    told = [
        [each.value for each in measured(*states[number : number + 2], cuts[number]).values()]
        for states, cuts in changed
    ]
    size = np.exp(above.state.log_scale)
    measures = {}
    for (name, each), deviation in zip(found.items(), _spread(found, np.array(told)), strict=True):
        scale = size if each.unit == "mm" else 1.0
        value = each.value / scale
        in_mm = np.hypot(size_deviation * value, _UNTOLD_MM)
        untold = in_mm if each.unit == "mm" else _untold_deg(name, model.bone)
        spread = np.hypot(deviation / scale, untold)
        title = DEFINITIONS["fracture"][name].title
        measures[name] = Measure(value, float(spread), title, each.unit, each.points, each.lines)
    return {name: measures[name] for name in _shown(above)}


def _untold_deg(name: str, bone: str) -> float:
    """What a model of few people does not say of an angle."""
    return _UNTOLD_TORSION_DEG.get(bone, 0.0) if name == "rotation_deg" else _UNTOLD_BEND_DEG


def _spread(found: dict[str, BoneMeasure], told: np.ndarray) -> np.ndarray:
    """RMS distance (m,) of drawn values (n, m) from those found; angles may go round."""
    away = told - [each.value for each in found.values()]
    round_ = np.array([each.unit == "deg" for each in found.values()])
    away = np.where(round_, (away + 180) % 360 - 180, away)
    return np.sqrt((away**2).mean(axis=0))


def _shown(fit: Fit) -> tuple[str, ...]:
    """Which measures the views of the fragment above a break show."""
    if len(fit.views) > 1:
        return tuple(DEFINITIONS["fracture"])
    ray = fit.state.rotation.T @ fit.views[0].camera.from_lps[2, :3]
    if abs(ray[1]) > _FACING:
        return _FROM_FRONT
    return _FROM_SIDE if abs(ray[0]) > _FACING else ("shortening_mm",)


def _changed(states: tuple[State, ...], change: np.ndarray, of_cuts: int) -> tuple[State, ...]:
    """States after a change (p,) of what `BrokenFit.covariance` is of, so many of its numbers of cuts."""
    shared = change[6 * len(states) : -of_cuts]
    return tuple(
        moved(state, np.concatenate([change[6 * number : 6 * number + 6], shared]))
        for number, state in enumerate(states)
    )


def _frame(model: ShapeModel, state: State, cut: np.ndarray, source: np.ndarray | None) -> BreakFrame:
    """By what a displacement is measured at a cut through the bone in a state."""
    low, high = _middles(model, state, np.array(_SHAFT))
    center = model.mean.mean(axis=0) + _crossed(model, state, cut)
    lateral = np.array([1.0 if model.side != "right" else -1.0, 0.0, 0.0])
    return BreakFrame(
        state.placed(model, center[None])[0],
        state.rotation @ (high - low),
        state.rotation @ lateral,
        model.side or "left",
        source,
    )


def _moving(upper: State, lower: State) -> np.ndarray:
    """Matrix (4, 4) that takes the lower fragment from its place on the upper one to where it lies."""
    matrix = np.eye(4)
    matrix[:3, :3] = lower.rotation @ upper.rotation.T
    matrix[:3, 3] = lower.translation - matrix[:3, :3] @ upper.translation
    return matrix


def _middles(model: ShapeModel, state: State, shares: np.ndarray) -> np.ndarray:
    """Middles (m, 3) of the bone's sections, in the model's frame from the mean's centroid."""
    mean, moves = model.middle(shares)
    return mean + np.tensordot(state.weights, moves, (0, 1)) - model.mean.mean(axis=0)


def _crossed(model: ShapeModel, state: State, cut: np.ndarray) -> np.ndarray:
    """Where the bone's middle line crosses the cut (3,), or comes nearest to it."""
    middles = _middles(model, state, _SHARES)
    above = middles[:, 2] - cut[0] - middles[:, :2] @ cut[1:]
    nearest = int(np.abs(above).argmin())
    other = nearest + (1 if above[nearest] < 0 else -1)
    if not 0 <= other < len(above) or above[nearest] * above[other] > 0:
        return middles[nearest]
    part = above[nearest] / (above[nearest] - above[other])
    return middles[nearest] * (1 - part) + middles[other] * part
