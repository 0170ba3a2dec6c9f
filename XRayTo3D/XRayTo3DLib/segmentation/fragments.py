"""Is the bone broken? What the reader network says of the two fragments of a femur or tibia."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from .find import Bone
from .network.calibration import probability
from .network.channels import BONES, BROKEN, FRAGMENTS, HEAT_STRIDE
from .network.logits import log_odds
from .network.reader import Reading

SUSPECTED = 0.5  # probability at which a break is told of
_NOT_TWO = 0.49  # at most of a bone that is not in two fragments
FEATURES = ("fact", "closer", "apart")
_BLUR, _MOST = 2.0, 8  # of the window: pixels that are smoothed over; percentiles of what it leans at most
_SHARED = 0.1  # of that: where it leans less, the fragments lie over each other
_LITTLE = 0.05  # added to what it leans, before the logarithm
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
    line : (x0, y0, x1, y1) or None
        Columns and rows of the line that parts it, where a user drew one.
    """

    probability: float
    upper: np.ndarray
    lower: np.ndarray
    height: float | None
    line: tuple[float, ...] | None = None

    @property
    def broken(self) -> bool:
        """Whether it is rather broken than not."""
        return self.probability >= SUSPECTED

    def as_json(self) -> dict:
        """What is known of the break, as JSON holds it."""
        return {
            "probability": round(self.probability, 4),
            "height": None if self.height is None else round(self.height, 3),
            "line": None if self.line is None else list(self.line),
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
    seen = probability("break_check", FEATURES, features(bone), reader)
    whole = min(part.sum() for part in parts) < _LEAST * np.logical_or(*parts).sum()
    if seen < SUSPECTED or whole:
        return Fragments(min(seen, _NOT_TWO) if whole else seen, bone.mask, bone.mask, None)
    shape = bone.mask.shape
    upper, lower = ((bone.second.window.uncut(part.astype(np.float32), shape, 0.0) > 0.5) & bone.mask for part in parts)
    return Fragments(seen, upper, lower, _height(bone.second, bone.name, *parts))


def features(bone: Bone) -> np.ndarray:
    """Numbers that tell a broken bone from a whole one: `FEATURES`.

    Returns
    -------
    (3,) float64 array
        Logits of the network's own answer at the first look and at the second, and how much it leans, for the same
        bone, to the upper fragment in one place and to the lower one in another.
    """
    fact = BROKEN[bone.name]
    _, least = _lean(bone)
    return np.array([log_odds(bone.first.facts[fact]), log_odds(bone.second.facts[fact]), np.log(least + _LITTLE)])


def _lean(bone: Bone) -> tuple[np.ndarray, float]:
    """How much (a logit) each pixel of the second look's window is rather of the upper fragment than of the lower one.

    Of a bone of which it is not sure that it is broken the network takes both for the whole, since both of an unbroken
    one are; but it leans all the same.

    Returns
    -------
    lean : (rows, columns) float32 array
        0 beside the bone.
    least : float
        What it leans at most to the fragment that it leans to less.
    """
    import cv2

    mask = bone.second.window.cut_mask(bone.mask)
    upper, lower = (bone.second.logit(part) for part in FRAGMENTS[bone.name])
    lean = np.where(mask, cv2.GaussianBlur(upper - lower, (0, 0), _BLUR), np.float32(0))
    if not mask.any():
        return lean, 0.0
    low, high = np.percentile(lean[mask], (_MOST, 100 - _MOST))
    return lean, float(max(min(high, -low), 0.0))


def _parts(bone: Bone) -> tuple[np.ndarray, np.ndarray]:
    """Shadows of the upper and the lower fragment in the second look's window; where it leans little they are both."""
    lean, least = _lean(bone)
    mask = bone.second.window.cut_mask(bone.mask)
    return mask & (lean > -_SHARED * least), mask & (lean < _SHARED * least)


def _height(reading: Reading, name: str, upper: np.ndarray, lower: np.ndarray) -> float | None:
    """Height of a break: between the lowest of the upper fragment and the highest of the lower one."""
    heights = np.repeat(np.repeat(reading.heights[BONES.index(name)], HEAT_STRIDE, 0), HEAT_STRIDE, 1)
    above, below = heights[upper & ~lower], heights[lower & ~upper]
    if not (len(above) and len(below)):
        return None
    return float(np.clip((np.percentile(above, 4) + np.percentile(below, 96)) / 2, 0, 1))
