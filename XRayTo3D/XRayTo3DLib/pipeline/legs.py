"""What is measured across joints: of a leg whose bones were fitted in the same views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..methods import BoneResult
from ..shape import Fit, Measure, leg_measures


@dataclass(frozen=True)
class Leg:
    """A leg and its measures.

    Attributes
    ----------
    side : {"left", "right"}
    measures : dict of str to Measure
        By the names of `anatomy.DEFINITIONS["leg"]`.
    femur : Fit
        In mm of the patient; it tells where the pictures stand.
    """

    side: str
    measures: Mapping[str, Measure]
    femur: Fit

    @property
    def measures_in_picture(self) -> dict[str, Measure]:
        """The measures, with their places in the engine's frame of the first picture, as the bones' surfaces."""
        return {name: each.mapped(self.femur.in_picture) for name, each in self.measures.items()}

    def as_json(self) -> dict:
        """The leg in numbers and words, as an entry of `legs` in the command line's `--json`."""
        return {"side": self.side, "measures": {name: each.as_json() for name, each in self.measures.items()}}


def legs_of(bones: Sequence[BoneResult], size_deviation: float = 0.0) -> tuple[Leg, ...]:
    """Legs of which femur and tibia were fitted; `size_deviation` is the pictures' millimetres' own, relative."""
    legs = []
    for side in ("left", "right"):
        fits = {bone.name: bone.shape.in_mm for bone in bones if bone.shape is not None and bone.side == side}
        if {"femur", "tibia"} <= fits.keys():
            measures = leg_measures(fits["femur"], fits["tibia"], fits.get("patella"), size_deviation)
            legs.append(Leg(side, measures, fits["femur"]))
    return tuple(leg for leg in legs if leg.measures)
