"""What is measured on fitted bones and legs, where, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ..anatomy import (
    DEFINITIONS,
    BoneMeasure,
    Places,
    femur_axes,
    femur_measures_at,
    femur_places,
    followed,
    leg_measures_at,
    patella_places,
    tibia_axes,
    tibia_measures_at,
    tibia_places,
)
from ..errors import SurfaceError
from .fit import Fit
from .posterior import moves_of, observed, rolled, widened, wider

_DRAWN = 64
_END_MM = 45.0  # where something is measured was seen if an outline was, this near to it
_BONES = {"femur": (femur_places, femur_measures_at), "tibia": (tibia_places, tibia_measures_at)}
# By how much following tells too little of what is picked anew from a few points: found on bones drawn from the
# built-in models, measured both ways.
_PICKED = {"lateral_condyle_radius_mm": 2.1, "medial_condyle_radius_mm": 1.5, "notch_width_mm": 1.3, "torsion_deg": 1.7}
_TURNS = {"anteversion_deg", "torsion_deg"}  # about the bone's own axis: one view does not tell them
_STRAIGHT_DEG = 15.0  # between femur and tibia: of a knee that is bent more, no axis of the leg is measured
_BENT = {"insall_salvati_ratio"}  # measured at any bend
_NORMAL = 1.96  # standard deviations either side hold 95 %


@dataclass(frozen=True)
class Measure:
    """A number measured on a bone or leg.

    Attributes
    ----------
    value, deviation : float
        And its standard deviation, in the unit.
    title, unit : str
        What it is called; "mm", "deg", or "" of a ratio.
    points : dict of str to (3,) array
    lines : dict of str to (2, 3) array
        Places and axes that it is measured by (LPS, mm, as the fit stands).
    """

    value: float
    deviation: float
    title: str = ""
    unit: str = ""
    points: Mapping[str, np.ndarray] = field(default_factory=dict)
    lines: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true value lies with a probability of 95 %."""
        return self.value - _NORMAL * self.deviation, self.value + _NORMAL * self.deviation

    def mapped(self, there: Callable[[np.ndarray], np.ndarray]) -> Measure:
        """The measure with its places where a function of points (n, 3) takes them."""
        points = {name: there(at[None])[0] for name, at in self.points.items()}
        return replace(self, points=points, lines={name: there(ends) for name, ends in self.lines.items()})

    def as_json(self) -> dict:
        """The measure as JSON holds it, without the places."""
        return {
            "value": round(self.value, 2),
            "deviation": round(self.deviation, 2),
            "interval_95": [round(end, 2) for end in self.interval],
            "title": self.title,
        }


def measures(fit: Fit, size_deviation: float = 0.0) -> dict[str, Measure]:
    """All measures of a fitted femur or tibia, and how sure they are.

    They are measured on the fitted surface. How sure they are is found by bones drawn from the posterior, on which the
    places where they are measured are not looked for anew, but follow the surface.

    Parameters
    ----------
    fit : Fit
    size_deviation : float
        Relative standard deviation of the pictures' millimetres, where the fit took them for known.

    Returns
    -------
    dict of str to Measure
        By the names of `anatomy.DEFINITIONS`, as far as outlines were seen where each is measured, and turns about the
        bone's own axis of two views only; empty where the bone is no whole femur or tibia.
    """
    if fit.model.bone not in _BONES:
        return {}
    places_of, measured_at = _BONES[fit.model.bone]
    weights = fit.state.weights
    own = fit.model.surface(weights)  # in millimetres, whatever the pictures' scale
    try:
        places = places_of(own, fit.model.faces)
    except SurfaceError:
        return {}
    modes = len(weights)
    shifts, growths = followed(own, fit.model.faces, places, fit.model.by_point[:, :modes])

    def told(other: np.ndarray) -> list[float]:
        changed = other - weights
        moved = places.moved(np.einsum("k,pki->pi", changed, shifts), growths @ changed)
        return [each.value for each in measured_at(moved).values()]

    covariance = fit.covariance[-modes:, -modes:]
    drawn = np.random.default_rng(0).multivariate_normal(weights, covariance, _DRAWN, method="cholesky")
    spread = np.var([told(each) for each in drawn], axis=0)
    before, after = (np.array(told(each.weights)) for each in wider(fit))
    shared = [after - before, *(np.subtract(told(weights + each[-modes:]), told(weights)) for each in rolled(fit))]
    deviations = np.sqrt(widened(fit) * spread + np.square(shared).sum(axis=0))
    seen, found = own[observed(fit)], {}
    for (name, each), deviation in zip(measured_at(places).items(), deviations, strict=True):
        if _is_seen(each, seen) and (name not in _TURNS or len(fit.views) > 1):
            picked = float(deviation) * _PICKED.get(name, 1.0)
            if name.endswith("_mm"):
                picked = float(np.hypot(picked, size_deviation * each.value))
            found[name] = _called(fit.model.bone, name, each, picked).mapped(partial(fit.state.placed, fit.model))
    return found


def leg_measures(femur: Fit, tibia: Fit, patella: Fit | None = None, size_deviation: float = 0.0) -> dict[str, Measure]:
    """Measures of a leg whose bones were fitted in the same views, and how sure they are.

    Parameters
    ----------
    femur, tibia, patella : Fit
        Of one leg, in mm of the patient.
    size_deviation : float
        Relative standard deviation of the pictures' millimetres.

    Returns
    -------
    dict of str to Measure
        By the names of `anatomy.DEFINITIONS["leg"]`, as far as outlines were seen where each is measured; of a bent
        knee no axes. Empty where one of the bones is not whole.
    """
    fits = [femur, tibia] if patella is None else [femur, tibia, patella]
    try:
        upper, lower = (
            places_of(fit.points, fit.model.faces, fit.model.side)
            for places_of, fit in ((femur_places, femur), (tibia_places, tibia))
        )
        up = tibia_axes(lower)[0]
        cap = [patella_places(patella.points, patella.model.faces, up)] if patella is not None else []
    except SurfaceError:
        return {}
    ways = [_Ways.of(fit, places) for fit, places in zip(fits, (upper, lower, *cap), strict=True)]
    rng = np.random.default_rng(0)
    spread = np.var([_told([each.drawn(rng) for each in ways]) for _ in range(_DRAWN)], axis=0)
    found = leg_measures_at(upper, lower, *cap)
    views = max(len(each.rolls) for each in ways)
    shared = [[each.wide() for each in ways], *([each.rolled(view) for each in ways] for view in range(views))]
    wide = np.array([_told(each) for each in shared]) - [each.value for each in found.values()]
    seen = np.concatenate([fit.points[observed(fit)] for fit in fits])
    bend = np.degrees(np.arccos(np.clip(femur_axes(upper)[0] @ up, -1, 1)))
    sized = [size_deviation * each.value * (each.unit == "mm") for each in found.values()]
    return {
        name: _called("leg", name, each, float(deviation))
        for (name, each), deviation in zip(
            found.items(), np.sqrt(spread + np.square(wide).sum(axis=0) + np.square(sized)), strict=True
        )
        if _is_seen(each, seen) and (bend < _STRAIGHT_DEG or name in _BENT)
    }


@dataclass(frozen=True)
class _Ways:
    """How the places of a fitted bone may move: with each number of the fit, and by what is shared: outlines, rolls."""

    places: Places
    shifts: np.ndarray
    growths: np.ndarray
    root: np.ndarray
    rolls: np.ndarray

    @classmethod
    def of(cls, fit: Fit, places: Places) -> _Ways:
        before, after = wider(fit)
        moves = np.dstack([moves_of(fit), after.points(fit.model) - before.points(fit.model)])
        shifts, growths = followed(fit.points, fit.model.faces, places, moves.transpose(0, 2, 1))
        return cls(places, shifts, growths, np.linalg.cholesky(widened(fit) * fit.covariance), rolled(fit))

    def drawn(self, rng: np.random.Generator) -> Places:
        """Places of a bone drawn from the posterior."""
        return self._moved(np.append(self.root @ rng.standard_normal(len(self.root)), 0.0))

    def wide(self) -> Places:
        """Places of the bone whose outlines lie outwards by their common error."""
        return self._moved(np.append(np.zeros(len(self.root)), 1.0))

    def rolled(self, view: int) -> Places:
        """Places of the bone if a further view, from 0, were rolled; where it was not seen there, as it is."""
        change = self.rolls[view] if view < len(self.rolls) else np.zeros(len(self.root))
        return self._moved(np.append(change, 0.0))

    def _moved(self, change: np.ndarray) -> Places:
        return self.places.moved(np.einsum("k,pki->pi", change, self.shifts), self.growths @ change)


def _told(places: Sequence[Places]) -> list[float]:
    return [each.value for each in leg_measures_at(*places).values()]


def _is_seen(each: BoneMeasure, seen: np.ndarray) -> bool:
    """Whether an outline was seen near all of what a measure is measured by."""
    where = [*each.points.values(), *np.concatenate([np.empty((0, 3)), *each.lines.values()])]
    return all((np.linalg.norm(seen - place, axis=1) < _END_MM).any() for place in where)


def _called(bone: str, name: str, each: BoneMeasure, deviation: float) -> Measure:
    title = DEFINITIONS[bone][name].title
    return Measure(each.value, deviation, title, each.unit, each.points, each.lines)
