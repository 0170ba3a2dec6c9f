"""A shape model that met its outlines, and what was found by it, in numbers and words."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, replace

import numpy as np

from .. import shape, surface
from ..case import VIEW_NUMBERS
from ..geometry.outline import Outline
from ..shape import PARTS, Fit, Measure, NextView
from ..surface import Surface

# Of a second view, against what was said: more is rarely how the patient stood, and often a wrong angle or picture.
_FAR_TURNED_DEG, _FAR_SHIFTED_MM = 10.0, 10.0
MOST_OF_IT = 0.8  # of a bone's length: where less was seen, the seen part is the answer
_MOVED_FAR_MM = 1.0  # more is worth a word
_EDGE_MM = 3.0  # of a model's triangles
DOUBTFUL = 0.07  # of an outline not met: of whole femora found on film it is 0.05 at most, of broken ones 0.2


@dataclass(frozen=True)
class Fitted:
    """A shape model that met its outlines, and what was found by it.

    Attributes
    ----------
    fit : Fit
    model : str
        Which model: a file's path, or "built-in".
    side_given : bool
        Whether the side was told, and not found by the fit.
    pixel_size_mm : float or None
        Where no pixel size was known: the one (at the detector) with which the bone is as large as it is probable.
    measures : dict of str to Measure
    uncertainty_mm : (n,) array
        See `shape.uncertainty`.
    length_seen : float
        See `shape.length_seen`.
    moved_mm : float
        How far it was moved so that it does not lie within another bone.
    within_mm : float
        How deep it lies within another all the same.
    """

    fit: Fit
    model: str
    side_given: bool
    pixel_size_mm: float | None
    measures: dict[str, Measure]
    uncertainty_mm: np.ndarray
    length_seen: float
    moved_mm: float = 0.0
    within_mm: float = 0.0

    @functools.cached_property
    def in_mm(self) -> Fit:
        """The fit with its scale, where that was not known, made the pictures': all of it is in mm of the patient."""
        factor = float(np.exp(-self.fit.state.log_scale))
        state, views = self.fit.state, self.fit.views
        return replace(
            self.fit,
            state=replace(state, translation=factor * state.translation, log_scale=0.0),
            views=tuple(view.scaled(factor) for view in views),
        )

    @functools.cached_property
    def measures_in_picture(self) -> dict[str, Measure]:
        """Its measures, with their places in the engine's frame of the first picture, as its surface."""
        return {name: each.mapped(self.fit.in_picture) for name, each in self.measures.items()}

    @functools.cached_property
    def outlines(self) -> tuple[tuple[Outline, ...], ...]:
        """Outline of the fitted bone's shadow in each picture (columns and rows)."""
        return tuple(shape.shadow_outlines(self.fit, view) for view in self.fit.views)

    @functools.cached_property
    def observed(self) -> np.ndarray:
        """See `shape.observed`, (n,) bool."""
        return shape.observed(self.fit)

    @functools.cached_property
    def distance_deviation_mm(self) -> float:
        """See `shape.depth_deviation`."""
        return shape.depth_deviation(self.fit)

    @functools.cached_property
    def scale_deviation(self) -> float:
        """See `shape.scale_deviation`."""
        return shape.scale_deviation(self.fit)

    @functools.cached_property
    def next_view(self) -> NextView:
        """The further view that would make the surface surest; of a part, where only a part was seen."""
        return shape.next_views(self.fit, tuple(PARTS) if self.length_seen < MOST_OF_IT else ("whole",))[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """Where each picture's source stood, as told or as found: "front", "back", "left" or "right" of the patient."""
        places = [view.camera.source_lps for view in self.fit.views]
        return tuple(
            ("left" if x > 0 else "right") if abs(x) > abs(y) else ("back" if y > 0 else "front") for x, y, _ in places
        )

    @property
    def doubtful(self) -> bool:
        """Whether so much of the outline is not met that the bone may be broken."""
        return self.fit.unmet > DOUBTFUL

    @property
    def unmet_words(self) -> str:
        """How much of the outline is not met, and why that may be."""
        return (
            f"{self.fit.unmet:.0%} of the bone's outline is not met by the fitted shape, because of a fracture, metal "
            "or another bone"
        )

    @property
    def further_views(self) -> tuple[tuple[float, float], ...]:
        """How far (degrees, mm) each further view was found turned and shifted against what was said of it."""
        return tuple(
            (float(np.degrees(np.linalg.norm(shift[:3]))), float(np.linalg.norm(shift[3:])))
            for shift in self.fit.state.shifts[1:]
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        doubt = (f"{self.unmet_words}; the surface shows an unbroken bone there.",) if self.doubtful else ()
        return (*doubt, *self.place_warnings)

    @property
    def place_warnings(self) -> tuple[str, ...]:
        """What the user should know of where it stands, and of how much of it was seen."""
        said = []
        if self.length_seen < MOST_OF_IT:
            said.append(
                f"{self.length_seen:.0%} of the bone's length was seen: of the rest only what is usual is known."
            )
        if self.within_mm > _MOVED_FAR_MM:
            said.append(f"It lies {self.within_mm:.0f} mm within the bone beside it: one of them stands wrong.")
        if self.moved_mm > _MOVED_FAR_MM:
            said.append(f"It was moved by {self.moved_mm:.1f} mm so that it does not lie within the bone beside it.")
        if not self.side_given and len(self.fit.views) == 1:
            said.append(
                f"The side was taken to be {self.fit.model.side}, as in a picture seen from the front: one outline "
                "does not tell. If that is wrong, give the side."
            )
        for name, moved in zip(VIEW_NUMBERS, self.further_views, strict=False):
            said += _view_words(name, *moved)
        return tuple(said)

    def as_json(self) -> dict:
        """The fit in numbers, for the command line's `--json`."""
        fit = self.fit
        told = {
            "model": self.model,
            "bone": fit.model.bone,
            "side": fit.model.side or None,
            "side_given": self.side_given,
            "views": len(fit.views),
            "sources": list(self.sources),
            "residual_mm": round(fit.residual_mm, 3),
            "unmet_share": round(fit.unmet, 4),
            "length_seen": round(self.length_seen, 3),
            "scale_known": self.pixel_size_mm is None,
            "probable_pixel_size_mm": None if self.pixel_size_mm is None else round(self.pixel_size_mm, 4),
            "distance_deviation_mm": round(self.distance_deviation_mm, 2),
            "uncertainty_mm": {
                "median": round(float(np.median(self.uncertainty_mm)), 3),
                "largest": round(float(self.uncertainty_mm.max()), 3),
                "mean": round(float(self.uncertainty_mm.mean()), 3),
            },
            "next_view": dataclasses.asdict(self.next_view)
            | {"uncertainty_mm": round(self.next_view.uncertainty_mm, 3)},
            "measures": {name: each.as_json() for name, each in self.measures.items()},
        }
        moved = [{"turned_deg": round(turned, 2), "shifted_mm": round(off, 2)} for turned, off in self.further_views]
        if moved:
            told |= {"second_view": moved[0], "further_views": moved}
        return told


def surface_of(fitted: Fitted, triangles: int, part: tuple[np.ndarray, np.ndarray] | None = None) -> Surface:
    """The fitted bone in the engine's frame of the first picture, with `Observed` and `Uncertainty_mm`.

    Where no pixel size was known, it is the one that the fit found: see `Fit.in_picture` and `with_scale_of`. In the
    place of all of it may stand a `part`, points and triangles that were cut out of it (patient, mm).
    """
    from scipy.spatial import cKDTree

    whole = fitted.fit.points
    points, faces = (whole, fitted.fit.model.faces) if part is None else part
    local = fitted.fit.in_picture(points)
    faces = faces[:, ::-1]  # the engine's frame is mirrored
    made, error = surface.polydata(local, faces), 0.0
    if len(faces) > triangles:
        made, error = surface.decimate(made, triangles, _EDGE_MM)
    kept = cKDTree(whole).query(points)[1]  # of the model's points, the one at each point
    nearest = kept[cKDTree(local).query(surface.arrays(made)[0])[1]]
    surface.with_observed(made, fitted.observed[nearest])
    surface.with_point_data(made, surface.UNCERTAINTY, fitted.uncertainty_mm[nearest].astype(np.float32))
    return Surface(made, "shape", error)


def _view_words(name: str, turned_deg: float, shifted_mm: float) -> list[str]:
    """A warning, if a further view was found far from where it was said to stand."""
    off = [f"turned by {turned_deg:.0f} degrees"] * (turned_deg > _FAR_TURNED_DEG)
    off += [f"shifted by {shifted_mm:.0f} mm"] * (shifted_mm > _FAR_SHIFTED_MM)
    if not off:
        return []
    return [
        f"The {name} view was found {' and '.join(off)} against what was said: check the angle between the views, and "
        "that the pictures show the same bone, moved by nothing between them."
    ]
