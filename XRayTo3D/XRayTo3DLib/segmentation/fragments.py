"""Is the bone broken? What the reader network says of the two fragments of a femur or tibia."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from .calibration import log_odds, probability
from .channels import BONES, BROKEN, FRAGMENTS, HEAT_STRIDE
from .find import Bone
from .morphology import dice
from .reader import Reading

FEATURES = ("fact", "closer", "apart")
_LEAST = 0.03  # of the bone's shadow: a smaller fragment is none


@dataclass(frozen=True)
class Fragments:
    """Whether a bone is broken, and its fragments as they lie in the picture.

    Attributes
    ----------
    probability : float
        That it is broken, as calibrated on simulated radiographs.
    upper, lower : (rows, columns) bool array
        Shadows of what hangs on the upper end and on the lower one, which may lie over each other. Of an unbroken
        bone both are the whole of it.
    height : float or None
        Where it is broken, as a share of the bone's length from its lower end.
    """

    probability: float
    upper: np.ndarray
    lower: np.ndarray
    height: float | None

    @property
    def broken(self) -> bool:
        """Whether it is rather broken than not."""
        return self.probability >= 0.5

    def as_json(self) -> dict:
        """What is known of the break, as JSON holds it."""
        return {
            "probability": round(self.probability, 4),
            "height": None if self.height is None else round(self.height, 3),
        }


def fragments_of(bone: Bone, reader: str | os.PathLike | None = None) -> Fragments | None:
    """Fragments of a bone that was found.

    Parameters
    ----------
    bone : Bone
        From `find_bone`.
    reader : path, optional
        The network that was used; its calibration lies beside it.

    Returns
    -------
    Fragments or None
        None where the network was not asked, or knows nothing of breaks of such a bone.

    Raises
    ------
    ReconstructionError
        If the network's calibration cannot be read.
    """
    if bone.name not in FRAGMENTS or bone.second is None:
        return None
    parts = _parts(bone)
    seen = probability("break_check", FEATURES, _features(bone, *parts), reader)
    whole = min(part.sum() for part in parts) < _LEAST * np.logical_or(*parts).sum()
    if seen < 0.5 or whole:
        return Fragments(min(seen, 0.49) if whole else seen, bone.mask, bone.mask, None)
    shape = bone.mask.shape
    upper, lower = ((bone.second.window.uncut(part.astype(np.float32), shape, 0.0) > 0.5) & bone.mask for part in parts)
    return Fragments(seen, upper, lower, _height(bone.second, bone.name, *parts))


def features(bone: Bone) -> np.ndarray:
    """Numbers that tell a broken bone from a whole one: `FEATURES`.

    Returns
    -------
    (3,) float64 array
        Logits of the network's own answer at the first look and at the second, and how little of the bone its fragments
        share, 0 to 1.
    """
    return _features(bone, *_parts(bone))


def _features(bone: Bone, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    fact = BROKEN[bone.name]
    return np.array([log_odds(bone.first.facts[fact]), log_odds(bone.second.facts[fact]), 1 - dice(upper, lower)])


def _parts(bone: Bone) -> tuple[np.ndarray, np.ndarray]:
    """Shadows of the upper and the lower fragment in the second look's window, which together are the bone's."""
    mask = bone.second.window.cut_mask(bone.mask)
    upper, lower = (bone.second.logit(part) for part in FRAGMENTS[bone.name])
    neither = (upper <= 0) & (lower <= 0)
    return mask & ((upper > 0) | (neither & (upper >= lower))), mask & ((lower > 0) | (neither & (upper < lower)))


def _height(reading: Reading, name: str, upper: np.ndarray, lower: np.ndarray) -> float | None:
    """Height of a break: between the lowest of the upper fragment and the highest of the lower one."""
    heights = np.repeat(np.repeat(reading.heights[BONES.index(name)], HEAT_STRIDE, 0), HEAT_STRIDE, 1)
    above, below = heights[upper & ~lower], heights[lower & ~upper]
    if not (len(above) and len(below)):
        return None
    return float(np.clip((np.percentile(above, 4) + np.percentile(below, 96)) / 2, 0, 1))
