"""How bones of a leg that were fitted one after the other hang together: joints, and no bone within another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .. import surface
from ..shape import Anchor, Fit, ShapeModel, between, observed

# Where a joint's center is from each of its bones: landmarks, an offset from between them in the frame of the left
# bone's model, and how far off that is in people and as the joint bends (mm, a standard deviation in each direction).
_Held = tuple[tuple[str, ...], tuple[float, float, float], float]
# The femur's knee center. The means are those of nine of the limbs that the models are made of, joint spaces as usual.
_KNEE: dict[str, _Held] = {
    "femur": (("knee_center",), (0.0, 0.0, 0.0), 1.0),
    "tibia": (("medial_plateau", "lateral_plateau"), (0.3, 10.4, 28.6), 3.0),
    "patella": (("articular_center",), (-4.5, 48.0, -12.3), 6.0),
    "fibula": (("head_tip",), (-24.1, -25.3, 42.9), 6.0),
}
# The head turns about its own center, which is that of the socket, but for how well either sphere is known.
_HIP: dict[str, _Held] = {
    "femur": (("head_center",), (0.0, 0.0, 0.0), 1.0),
    "hip": (("acetabulum_center",), (0.0, 0.0, 0.0), 2.5),
}
_JOINTS = (_KNEE, _HIP)
_TOUCH_MM = 0.2  # by which surfaces may lie within each other: less than they are known
_ROUNDS = 12
_NEAR_MM, _FARTHEST_MM = 25.0, 5.0  # from what was seen; that a bone may be moved


def hung(model: ShapeModel, beside: Sequence[Fit]) -> Anchor | None:
    """What bones of the same leg tell of where a bone stands: by the joint that holds it best.

    Parameters
    ----------
    model : ShapeModel
        To be fitted, of the bone's side.
    beside : sequence of Fit
        Of bones that were fitted before, in mm of the patient.

    Returns
    -------
    Anchor or None
        None where nothing holds it: no bone that shares a joint with it, or a model that knows no landmarks.
    """
    held = [
        (np.hypot(joint[model.bone][2], joint[fit.model.bone][2]), number, joint)
        for joint in _JOINTS
        if _is_of(joint, model)
        for number, fit in enumerate(beside)
        if fit.model.side == model.side and _is_of(joint, fit.model)
    ]
    if not held:
        return None
    off, number, joint = min(held, key=lambda each: each[:2])
    return Anchor(joint[model.bone][0], _offset(joint, model), _center(joint, beside[number]), float(off))


def usual_place(model: ShapeModel, beside: Fit) -> np.ndarray | None:
    """Where the mean bone has its points if the joint is straight, (n, 3) in the patient.

    Parameters
    ----------
    model : ShapeModel
        Of the bone that is looked for, of the side of the other one.
    beside : Fit
        Of a bone that was fitted, in mm of the patient.

    Returns
    -------
    (n, 3) float64 array or None
        None where the one bone does not hold the other; see `hung`.
    """
    anchor = hung(model, [beside])
    if anchor is None:
        return None
    held = anchor.point(model, np.zeros(len(model.modes)))
    return (model.mean - held) @ beside.state.rotation.T + anchor.place


def knee_center(fit: Fit) -> np.ndarray:
    """Where a fitted bone of the knee has the femur's knee center, (3,) in the patient."""
    return _center(_KNEE, fit)


def _center(joint: Mapping[str, _Held], fit: Fit) -> np.ndarray:
    """Where a fitted bone has a joint's center, (3,) in the patient."""
    at = between(fit.model, fit.state.weights, joint[fit.model.bone][0]) + _offset(joint, fit.model)
    return fit.state.placed(fit.model, at[None])[0]


def _offset(joint: Mapping[str, _Held], model: ShapeModel) -> np.ndarray:
    return np.array(joint[model.bone][1]) * [-1.0 if model.side == "right" else 1.0, 1.0, 1.0]


def _is_of(joint: Mapping[str, _Held], model: ShapeModel) -> bool:
    return model.bone in joint and set(joint[model.bone][0]) <= set(model.landmarks)


def parted(fit: Fit, beside: Sequence[Fit]) -> tuple[Fit, float, float]:
    """Move a bone the little that it takes for it not to lie within others, as far as it was seen.

    Parameters
    ----------
    fit : Fit
    beside : sequence of Fit
        In mm of the patient, as `fit` is.

    Returns
    -------
    Fit
    moved_mm : float
    within_mm : float
        How deep it still lies within another: a bone that would have to be moved far stands wrong, and stays.
    """
    seen, *of_others = (_seen(each) for each in (fit, *beside))

    def pushes(of: Fit) -> list[np.ndarray]:
        return [_push(of, other, seen, there) for other, there in zip(beside, of_others, strict=True)]

    moved, first = fit, pushes(fit)
    last = first
    for _ in range(_ROUNDS):
        push = sum(last, np.zeros(3))
        if not push.any():
            break
        moved = replace(moved, state=replace(moved.state, translation=moved.state.translation + push))
        last = pushes(moved)
    by = float(np.linalg.norm(moved.state.translation - fit.state.translation))
    if by > _FARTHEST_MM:
        moved, by, last = fit, 0.0, first
    return moved, by, max((float(np.linalg.norm(push)) for push in last), default=0.0)


def _seen(fit: Fit) -> np.ndarray:
    """Which of a bone's points (n,) are near to where it was seen: what no picture shows may lie anywhere."""
    from scipy.spatial import cKDTree

    points, there = fit.points, observed(fit)
    return cKDTree(points[there]).query(points)[0] < _NEAR_MM if there.any() else there


def _push(fit: Fit, other: Fit, seen: np.ndarray, of_other: np.ndarray) -> np.ndarray:
    """Motion (3,) that takes a bone out of another, along the mean way out; none where they hardly touch."""
    into, of = _into(fit, other, of_other), _into(other, fit, seen)
    return -of if np.linalg.norm(of) > np.linalg.norm(into) else into


def _into(outer: Fit, inner: Fit, seen: np.ndarray) -> np.ndarray:
    """How deep (mm) a bone reaches into `outer`, times the mean way (3,) into it, of which deeper points tell more."""
    from scipy.spatial import cKDTree

    points, at = outer.points, inner.points[seen]
    at = at[((at > points.min(axis=0)) & (at < points.max(axis=0))).all(axis=1)]
    depth = -surface.distance_to(points, outer.model.faces, at) if len(at) else np.zeros(1)
    if depth.max() <= _TOUCH_MM:
        return np.zeros(3)
    deep = depth > _TOUCH_MM
    normals = outer.mesh.normals(points)[cKDTree(points).query(at[deep])[1]]
    way = -depth[deep] @ normals
    return depth.max() * way / max(float(np.linalg.norm(way)), 1e-12)
