"""A bone that grew wrong: its shaft bowed, or shorter or longer than it should be; its ends as they were."""

from __future__ import annotations

import numpy as np

from ...errors import SimulationError
from .bone import Bone, Mesh
from .fracture import break_frame

_SHAFT = (0.25, 0.75)  # of the bone's length: what bends or is stretched
_SOFT = 0.1  # of the length, over which that begins and ends
_MOST_DEG = 90.0
_STRETCHES = (0.3, 2.0)
_STEPS = 400


def deformed(bone: Bone, bow_deg: float = 0.0, towards_deg: float = 0.0, shaft: float = 1.0) -> Bone:
    """Bow a bone's shaft, and make it shorter or longer.

    Parameters
    ----------
    bone : Bone
        LPS, mm.
    bow_deg : float
        Angle between the bone's two ends, evenly spread over the middle half of its length.
    towards_deg : float
        Direction in which the middle of the shaft bulges: about the bone's axis, 0 to the patient's left, 90 to the
        back.
    shaft : float
        Length of the middle half against what it was.

    Returns
    -------
    Bone
        Its middle is where it was. Sections across the bone keep their shape and stay across it.

    Raises
    ------
    SimulationError
        If a number is out of range.
    """
    if not abs(bow_deg) <= _MOST_DEG:
        raise SimulationError(f"bow: {bow_deg:g} degrees; it must lie within {_MOST_DEG:g}.")
    if not _STRETCHES[0] <= shaft <= _STRETCHES[1]:
        raise SimulationError(f"shaft: {shaft:g} times its length; it must be from {_STRETCHES[0]:g} to 2.")
    frame = break_frame(bone.outer, 0.5)
    height = (bone.outer.points - frame[:3, 3]) @ frame[:3, 2]
    ends = float(height.min()), float(height.max())

    def moved(mesh: Mesh) -> Mesh:
        local = (mesh.points - frame[:3, 3]) @ frame[:3, :3]
        return Mesh(_bent(local, *ends, bow_deg, towards_deg, shaft) @ frame[:3, :3].T + frame[:3, 3], mesh.faces)

    return Bone(moved(bone.outer), bone.inner and moved(bone.inner))


def _bent(points: np.ndarray, low: float, high: float, bow_deg: float, towards_deg: float, shaft: float) -> np.ndarray:
    """Points (n, 3) of a bone along z after its axis has become a curve: turned and moved with their section."""
    length = high - low
    at = np.linspace(low - 0.1 * length, high + 0.1 * length, _STEPS)
    share = (high - at) / length
    within = _risen((share - _SHAFT[0]) / _SOFT + 0.5) * _risen((_SHAFT[1] - share) / _SOFT + 0.5)
    step = at[1] - at[0]
    turn = np.radians(bow_deg) * (np.cumsum(within) / within.sum() - 0.5)  # half at the lower end, half at the upper
    stretch = 1 + (shaft - 1) * within
    along, aside = (np.cumsum(each(turn) * stretch) * step for each in (np.cos, np.sin))
    along, aside = (each - np.interp(0.0, at, each) for each in (along, aside))

    towards = np.radians(towards_deg)
    out = np.array([np.cos(towards), np.sin(towards)])
    z = points[:, 2]
    angle, height, away = (np.interp(z, at, each) for each in (turn, along, -aside))
    outward, other = points[:, :2] @ out, points[:, :2] @ np.array([-out[1], out[0]])
    away, height = away + outward * np.cos(angle), height + outward * np.sin(angle)
    return np.column_stack([away[:, None] * out + other[:, None] * np.array([-out[1], out[0]]), height])


def _risen(x: np.ndarray) -> np.ndarray:
    """From 0 to 1, smoothly, where x does."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
