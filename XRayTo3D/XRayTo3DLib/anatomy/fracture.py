"""How the lower fragment of a broken long bone lies to the upper one, in an orthopaedist's words: see `definitions`."""

from __future__ import annotations

import numpy as np

from .measure import BoneMeasure, angle_between
from .vectors import across, angle, backwards, unit

_DRAWN_MM = 100.0  # of an axis


def fracture_measures(
    moving: np.ndarray, center: np.ndarray, up: np.ndarray, lateral: np.ndarray, side: str
) -> dict[str, BoneMeasure]:
    """Measure how a bone's lower fragment lies to its upper one.

    Parameters
    ----------
    moving : (4, 4) array
        Takes the lower fragment from where it belongs, on the upper one, to where it lies (mm).
    center : (3,) array
        Middle of the break on the upper fragment (mm).
    up : (3,) array
        Direction of the whole bone's shaft, upwards, as the upper fragment lies.
    lateral : (3,) array
        Direction to the leg's outer side there, roughly across the shaft.
    side : {"left", "right"}

    Returns
    -------
    dict of str to BoneMeasure
        By the names of `definitions.DEFINITIONS["fracture"]`.

    Notes
    -----
    The rotation is taken for a turn about the shaft, after which the fragment is angulated the shortest way. So the
    squared tangent of the angulation is the sum of those of its two pictures, as D. Paley has it ("Principles of
    Deformity Correction", 2002, chapter 8).
    """
    up = unit(np.asarray(up, float))
    outwards = across(np.asarray(lateral, float), up)
    behind = backwards(up, outwards, side)
    turn, there = moving[:3, :3], moving[:3, :3] @ center + moving[:3, 3]
    down = -turn @ up
    shift = there - center
    aside, back, shorter = shift @ outwards, shift @ behind, shift @ up
    axes = {
        "upper_axis": (center, center + _DRAWN_MM * up),
        "lower_axis": (there, there + _DRAWN_MM * down),
    }
    ends = {"distance": np.array([center, there])}
    return {
        "angulation_deg": angle_between(angle(-up, down), **axes),
        "angulation_ap_deg": angle_between(np.degrees(np.arctan2(down @ outwards, -down @ up)), **axes),
        "angulation_lateral_deg": angle_between(np.degrees(np.arctan2(down @ behind, -down @ up)), **axes),
        "rotation_deg": angle_between(_turned_about(turn, up) * (1 if side == "left" else -1), **axes),
        "translation_mm": BoneMeasure(float(np.hypot(aside, back)), "mm", lines=ends),
        "translation_lateral_mm": BoneMeasure(float(aside), "mm", lines=ends),
        "translation_posterior_mm": BoneMeasure(float(back), "mm", lines=ends),
        "shortening_mm": BoneMeasure(float(shorter), "mm", lines=ends),
    }


def _turned_about(turn: np.ndarray, axis: np.ndarray) -> float:
    """How far (degrees) a rotation (3, 3) turns about a unit axis, before it leans the axis the shortest way."""
    from scipy.spatial.transform import Rotation

    *vector, scalar = Rotation.from_matrix(turn).as_quat()
    return float((2 * np.degrees(np.arctan2(vector @ axis, scalar)) + 180) % 360 - 180)
