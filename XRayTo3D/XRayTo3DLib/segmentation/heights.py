"""How high on the bone its shadow shows it: what places a bone of which only a part is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .found import HIP, Bone
from .morphology import dilated
from .network.channels import BONES, HEAT_STRIDE

_MOST = 600  # points
_RIM = 2  # pixels of the window at the bone's edge, whose heights belong to what is beside it as well


@dataclass(frozen=True)
class Heights:
    """Heights on a bone at points of its shadow.

    Attributes
    ----------
    points : (n, 2) float64 array
        Columns and rows of the picture.
    shares : (n,) float64 array
        0 at the bone's lower end, 1 at the upper: means over what the ray runs in the bone.
    """

    points: np.ndarray
    shares: np.ndarray


def heights_of(bone: Bone) -> Heights | None:
    """Heights that the reader network sees on a bone that was found; None where it was not asked.

    Parameters
    ----------
    bone : Bone
        From `find_bone`.
    """
    name = "pelvis" if bone.name == HIP else bone.name  # which reaches as high and as low
    if name not in BONES or bone.second is None:
        return None
    window = bone.second.window
    inside = window.cut_mask(bone.mask)
    core = ~dilated(~inside, _RIM)
    core = (core if core.any() else inside)[::HEAT_STRIDE, ::HEAT_STRIDE]
    rows, columns = np.nonzero(core)
    if not len(rows):
        return None
    some = np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).astype(int)
    rows, columns = rows[some], columns[some]
    places = np.column_stack([columns, rows]) * HEAT_STRIDE + (HEAT_STRIDE - 1) / 2
    return Heights(window.to_picture(places), bone.second.heights[BONES.index(name)][rows, columns].astype(float))
