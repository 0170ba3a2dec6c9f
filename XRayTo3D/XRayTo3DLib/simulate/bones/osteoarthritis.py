"""Osteoarthritis: narrowed joint spaces, spurs at the joints' margins, and dense bone under their surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .bone import USUAL_FEMUR_MM, Bone, Mesh, lighter
from .fracture import manifold_of, surface_of
from .hollow import spread
from .joints import gaps, knee_frame
from .limbs import Limb
from .plates import body

_JOINTS = (("femur", "pelvis"), ("femur", "tibia"), ("femur", "patella"))
_SPACE_LOST = (0.0, 0.95)  # of each space of the knee
_KNEE_MM = 120.0  # from its centre upwards
_BESIDE_MM = 6.0  # of the knee's middle plane, where the tibia's spines are
_NARROWEST = 5  # cells of a space, which its width is the mean of
_MARGIN_MM = (5.0, 10.0)  # from the other bone, beyond where both are nearest: where a joint's surface ends
_CONTACT_MM = 2.5  # likewise: what bears the load
_FAR_MM = 30.0  # from another bone: no joint is there
_SPURS = (1, 5)  # at one bone's margin of one joint, fewer than the last
_LONG_MM, _HIGH_MM = (5.0, 16.0), (1.5, 5.0)  # a spur: along the margin to either side, and at its highest
_BALLS = 9  # that make a spur
_CORTEX_MM = 1.0  # of a spur
_DEEP_MM, _DENSE_PLACES = (2.0, 4.5), 40  # of dense bone under a joint's surface
_STEP_MM, _BLEND_MM, _SPACING_MM = 1.0, 1.0, 1.5
_LEAST_MM = 1.3  # radius of a ball that the grid still sees
_SPUR_TRIANGLES, _DENSE_TRIANGLES = 240, 1200


def worn(limb: Limb, rng: np.random.Generator) -> tuple[Limb, dict[str, tuple[Mesh, ...]]]:
    """Wear a limb's joints.

    Parameters
    ----------
    limb : Limb
        In extension.
    rng : numpy.random.Generator

    Returns
    -------
    limb : Limb
        The shank nearer to the femur and the patella to its groove; femur, tibia, patella and pelvis with spurs.
    dense : dict of str to tuple of Mesh
        By bone: what of it is dense, under the joints' surfaces.

    Raises
    ------
    SimulationError
        If a bone's surface is not closed.

    References
    ----------
    J. H. Kellgren, J. S. Lawrence, "Radiological assessment of osteo-arthrosis", Annals of the Rheumatic Diseases 16,
    1957, for what is seen: osteophytes, narrowed spaces, sclerosis. Sizes are those that radiographs show, not measured
    ones.
    """
    size = float(np.linalg.norm(limb.landmarks["head_center"] - limb.landmarks["knee_center"])) / USUAL_FEMUR_MM
    bones, dense = _narrowed(limb, rng), {}
    points = {name: spread(bones[name].outer, _SPACING_MM) for pair in _JOINTS for name in pair}
    for pair in _JOINTS:
        for name, other in (pair, pair[::-1]):
            beyond = _beyond(points[name], points[other]) / size
            margin = points[name][(beyond > _MARGIN_MM[0]) & (beyond < _MARGIN_MM[1])]
            if len(margin):
                bones[name] = _with_spurs(bones[name], margin, size, rng)
            hard = _hardened(bones[name].outer, points[name][beyond < _CONTACT_MM], size, rng)
            dense[name] = (*dense.get(name, ()), hard)
    return replace(limb, bones=bones), dense


def _narrowed(limb: Limb, rng: np.random.Generator) -> dict[str, Bone]:
    """The limb's bones with less space at the knee, in each compartment by its own draw, so that the shank leans."""
    to_knee = knee_frame(limb.landmarks)
    bones = dict(limb.bones)
    femur = spread(bones["femur"].outer.moved(to_knee), _SPACING_MM)
    femur = femur[femur[:, 2] < _KNEE_MM]
    for names, axis, sides in ((("tibia", "fibula"), 2, (-1, 1)), (("patella",), 1, (0,))):
        near = spread(bones[names[0]].outer.moved(to_knee), _SPACING_MM)
        where, gap = gaps(femur, near, axis)
        places, lost = [], []
        for side in sides:  # 0: all of it
            own = side * where[:, 0] > _BESIDE_MM if side else np.ones(len(gap), bool)
            narrowest = own & (gap <= np.sort(gap[own])[_NARROWEST])
            places.append(float(where[narrowest, 0].mean()))
            lost.append(rng.uniform(*_SPACE_LOST) * max(float(gap[narrowest].mean()), 0.0))
        lean = np.arctan2(lost[0] - lost[-1], places[-1] - places[0]) if len(sides) > 1 else 0.0
        shift = np.eye(4)
        shift[[0, 0, 2, 2], [0, 2, 0, 2]] = np.cos(lean), np.sin(lean), -np.sin(lean), np.cos(lean)
        shift[axis, 3] = np.mean(lost) + np.tan(lean) * np.mean(places)
        move = np.linalg.inv(to_knee) @ shift @ to_knee
        bones |= {name: bones[name].moved(move) for name in names}
    return bones


def _beyond(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """By how much more than at the nearest place each point (n, 3) is away from another bone (n,); inf where far."""
    from scipy.spatial import cKDTree

    away = cKDTree(others).query(points, distance_upper_bound=_FAR_MM)[0]
    return away - away.min()


def _with_spurs(bone: Bone, margin: np.ndarray, size: float, rng: np.random.Generator) -> Bone:
    """A bone with spurs at some places of a joint's margin, each with marrow in it where it is thick."""
    outer, inner = [manifold_of(bone.outer, "the bone")], bone.inner and [manifold_of(bone.inner, "the bone's marrow")]
    for _ in range(int(rng.integers(*_SPURS))):
        balls = _spur(margin, size, rng)
        outer.append(manifold_of(_cloud(balls, _SPUR_TRIANGLES), "a spur"))
        thick = balls[balls[:, 3] > _LEAST_MM + _CORTEX_MM] - [0, 0, 0, _CORTEX_MM]
        if inner and len(thick):
            inner.append(manifold_of(_cloud(thick, _SPUR_TRIANGLES), "a spur's marrow"))
    return Bone(surface_of(_all_of(outer)), inner and surface_of(_all_of(inner)))


def _spur(margin: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Balls (n, 4) along a stretch of a margin, lower towards its ends."""
    away = np.linalg.norm(margin - margin[rng.integers(len(margin))], axis=1) / (size * rng.uniform(*_LONG_MM))
    near = np.flatnonzero(away < 1)
    chosen = rng.choice(near, min(_BALLS, len(near)), replace=False)
    radii = size * rng.uniform(*_HIGH_MM) * np.sqrt(1 - away[chosen] ** 2) * rng.uniform(0.7, 1.1, len(chosen))
    return np.column_stack([margin[chosen], np.maximum(radii, _LEAST_MM)])


def _hardened(surface: Mesh, contact: np.ndarray, size: float, rng: np.random.Generator) -> Mesh:
    """What of a bone lies near the places (n, 3) where a joint bears its load."""
    chosen = rng.integers(len(contact), size=_DENSE_PLACES)
    balls = np.column_stack([contact[chosen], size * rng.uniform(*_DEEP_MM, _DENSE_PLACES)])
    return surface_of(manifold_of(surface, "the bone") ^ manifold_of(_cloud(balls, _DENSE_TRIANGLES), "dense bone"))


def _cloud(balls: np.ndarray, triangles: int) -> Mesh:
    plates = np.arange(len(balls))[:, None].repeat(3, 1)
    return lighter(body(balls, plates, _BLEND_MM, _STEP_MM), triangles, _STEP_MM)


def _all_of(solids: Sequence) -> object:
    import manifold3d

    return manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add)
