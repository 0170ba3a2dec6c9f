"""Places on the bones of the leg that have names, found on their surfaces alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import SurfaceError
from ..surface.samples import Samples, farthest, fit_sphere

_LEFT, _BACK, _UP = np.eye(3)  # of LPS; a left bone's outer side is left
_FACING = 0.8  # cosine of the angle up to which a surface faces some way
_CUP_MM = (15.0, 40.0)
_CUP_AT = np.array([0.57, 0.49, 0.29])  # of the hip bone's box: about where the socket's centre is

Marks = dict[str, np.ndarray]


def bone_landmarks(bone: str, points: np.ndarray, faces: np.ndarray) -> Marks:
    """Find the landmarks of a whole left bone that stands upright.

    Parameters
    ----------
    bone : str
        "femur", "tibia", "fibula", "patella" or "hip".
    points, faces : (n, 3) and (m, 3) arrays
        A closed surface whose triangles face outwards, in LPS (mm).

    Returns
    -------
    dict of str to (3,) array
        Of a femur, those of `measure_femur`. Of a tibia medial_plateau, lateral_plateau (middles of what faces up),
        eminence, tuberosity, medial_malleolus and plafond_center. Of a fibula head_tip and lateral_malleolus. Of a
        patella apex, base and articular_center. Of a hip bone acetabulum_center, asis, psis, symphysis and
        ischial_tuberosity.

    Raises
    ------
    SurfaceError
        If there are none for such a bone, or it does not have them.
    """
    if bone not in _FINDERS:
        raise SurfaceError(f"bone is {bone!r}; landmarks are known of {', '.join(_FINDERS)}.")
    if bone == "femur":
        from .femur import measure_femur

        return measure_femur(points, faces, "left").landmarks
    return _FINDERS[bone](*_patches(points, faces))


def _tibia(patches: Samples, normals: np.ndarray) -> Marks:
    depth = _below_top(patches)
    top, across = depth < 0.05, patches.points @ _LEFT
    level = np.flatnonzero(top & (normals @ _UP > _FACING))
    middle, half = (across[level].max() + across[level].min()) / 2, np.ptp(across[level]) / 2
    eminence = farthest(patches.where(top & (np.abs(across - middle) < 0.35 * half)), _UP)
    beside = (across - middle) / half
    flat = top & (normals @ _UP > _FACING)
    below = patches.where((depth > 0.05) & (depth < 0.2))
    malleolus = farthest(patches.where(depth > 0.9), -_UP)
    roof = (depth > 0.93) & (normals @ -_UP > _FACING) & (patches.points @ _UP > malleolus @ _UP + 5)
    return {
        "medial_plateau": _middle(patches.where(flat & (beside < -0.25))),
        "lateral_plateau": _middle(patches.where(flat & (beside > 0.25))),
        "eminence": eminence,
        "tuberosity": farthest(below.where(_below(below, eminence) > 25), -_BACK),
        "medial_malleolus": malleolus,
        "plafond_center": _middle(patches.where(roof)),
    }


def _fibula(patches: Samples, normals: np.ndarray) -> Marks:
    return {"head_tip": farthest(patches, _UP), "lateral_malleolus": farthest(patches, -_UP)}


def _patella(patches: Samples, normals: np.ndarray) -> Marks:
    depth = _below_top(patches)
    return {
        "apex": farthest(patches, -_UP),
        "base": farthest(patches, _UP),
        "articular_center": _middle(patches.where((normals @ _BACK > 0.5) & (depth < 0.7))),
    }


def _hip(patches: Samples, normals: np.ndarray) -> Marks:
    cup = _acetabulum(patches, normals)
    from_cup = patches.points - cup
    above, behind = from_cup @ _UP, from_cup @ _BACK
    return {
        "acetabulum_center": cup,
        "asis": farthest(patches.where(above > 35), -_BACK),
        "psis": farthest(patches.where(above > 15), _BACK),
        "symphysis": farthest(patches.where((above < 20) & (behind < 0)), -_LEFT),
        "ischial_tuberosity": farthest(patches.where(behind > 0), -_UP),
    }


_FINDERS: dict[str, Callable[[Samples, np.ndarray], Marks] | None] = {
    "femur": None,  # it has a file of its own
    "tibia": _tibia,
    "fibula": _fibula,
    "patella": _patella,
    "hip": _hip,
}


def _acetabulum(patches: Samples, normals: np.ndarray) -> np.ndarray:
    """Centre of the sphere that the socket's inner surface is a part of.

    It is looked for where surface faces a point on the outer side, from all around.
    """
    low, high = patches.points.min(axis=0), patches.points.max(axis=0)
    begin = low + _CUP_AT * (high - low)
    for _ in range(4):
        towards = begin - patches.points
        away = np.linalg.norm(towards, axis=1)
        facing = np.einsum("ni,ni->n", normals, towards / away[:, None]) > 0.6
        near = facing & (away < 45)
        if near.sum() < 20:
            raise SurfaceError("no socket found: is it a whole hip bone that stands upright?")
        inner = patches.where(near)
        radius = float(np.average(away[near], weights=inner.areas))
        center, fitted = fit_sphere(inner, begin, radius, lambda direction: np.ones(len(direction)))
        if not _CUP_MM[0] < fitted < _CUP_MM[1]:
            raise SurfaceError("no socket found: is it a whole hip bone that stands upright?")
        begin = center
    return center


def _patches(points: np.ndarray, faces: np.ndarray) -> tuple[Samples, np.ndarray]:
    """Middles and areas of triangles, and the way each faces (m, 3)."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    double = np.linalg.norm(normals, axis=1)
    return Samples((a + b + c) / 3, double / 2), normals / np.maximum(double, 1e-12)[:, None]


def _below_top(patches: Samples) -> np.ndarray:
    """How far below the top each patch is, in shares of the bone's height."""
    height = patches.points @ _UP
    return (height.max() - height) / np.ptp(height)


def _below(patches: Samples, place: np.ndarray) -> np.ndarray:
    return (place - patches.points) @ _UP


def _middle(patches: Samples) -> np.ndarray:
    """Centroid of patches of a surface."""
    if not len(patches.areas):
        raise SurfaceError("a part of the bone that has a landmark is not there: is it whole, and upright?")
    return np.average(patches.points, axis=0, weights=patches.areas)
