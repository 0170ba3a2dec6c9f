"""What is measured across joints: of a leg whose bones were fitted in the same views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..methods import BoneResult
from ..shape import Measure, leg_measures


@dataclass(frozen=True)
class Leg:
    """A leg and its measures.

    Attributes
    ----------
    side : {"left", "right"}
    measures : dict of str to Measure
        By the names of `anatomy.DEFINITIONS["leg"]`.
    """

    side: str
    measures: Mapping[str, Measure]

    def as_json(self) -> dict:
        """The leg in numbers and words, as an entry of `legs` in the command line's `--json`."""
        return {"side": self.side, "measures": {name: each.as_json() for name, each in self.measures.items()}}


def legs_of(bones: Sequence[BoneResult], size_deviation: float = 0.0) -> tuple[Leg, ...]:
    """Legs of which femur and tibia were fitted; `size_deviation` is the pictures' millimetres' own, relative."""
    legs = []
    for side in ("left", "right"):
        fits = {bone.name: bone.shape.in_mm for bone in bones if bone.shape is not None and bone.side == side}
        if {"femur", "tibia"} <= fits.keys():
            legs.append(Leg(side, leg_measures(fits["femur"], fits["tibia"], fits.get("patella"), size_deviation)))
    return tuple(leg for leg in legs if leg.measures)
