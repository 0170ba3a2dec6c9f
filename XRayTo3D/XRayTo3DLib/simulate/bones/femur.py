"""A whole femur from some eighty anatomical numbers.

The bone stands upright in LPS millimetres: its origin midway between the condyles' centres, z towards the
head's centre (the mechanical axis), x along the line through the condyles. The numbers are a left femur's,
whose outer side is +x; a right one is its mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import SimulationError
from .bone import Bone, mesh_from
from .parameters import CENTER_AT, WIDTH_AT, Condyle, FemurParameters
from .solids import ellipsoid, mesh_of, sphere, tube, union, without

_BLEND_MM, _CUT_BLEND_MM = 3.0, 2.0
_UPPER_SHAFT = np.linspace(0.55, 0.8, 11)  # of the mechanical length: what the neck's angle is measured against
# The fillets towards head and trochanters tilt the neck's narrowest sections, by which its angle is measured.
_FILLET_DEG = 0.7
# How thick the cortex is along the bone, between that of its ends (0) and that of its shaft (1).
_CORTEX_AT = (0.1, 0.2, 0.35, 0.5, 0.7, 0.8, 0.88)
_CORTEX_SHARE = (0.0, 0.35, 0.75, 1.0, 0.8, 0.4, 0.0)
# What hardly differs between people (mm).
_BODY_HALF_WIDTH, _BODY_BACK = 16.0, 6.0
_EPICONDYLE_FRONT, _EPICONDYLE_RADIUS = 8.0, 9.0
_FLANGE_OUT = 0.7  # of the condyle's middle
_NOTCH_HALF_DEPTH, _NOTCH_HALF_HEIGHT = 20.0, 18.0
_TROCHLEA_HALF_DEPTH, _TROCHLEA_HALF_HEIGHT = 12.0, 20.0
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])


def femur(parameters: FemurParameters, step_mm: float = 1.5) -> Bone:
    """Surfaces of a femur.

    Parameters
    ----------
    parameters : FemurParameters
    step_mm : float
        Spacing of the grid they are made on (mm).

    Returns
    -------
    Bone
        Closed; the inner surface, round marrow and spongy bone, lies inside the outer one.

    Raises
    ------
    SimulationError
        If the parameters give no bone in one piece with a canal.
    """
    from ...surface import keep_largest, polydata

    low, high = _box(parameters)

    def hollow(points: np.ndarray) -> np.ndarray:
        return _distance(parameters, points) + _cortex(parameters, points[:, 2])

    outer = mesh_of(lambda points: _distance(parameters, points), low, high, step_mm)
    inner = mesh_of(hollow, low, high, step_mm)
    if outer is None or inner is None:
        raise SimulationError("these parameters give no femur with a marrow canal; its parts are too thin.")
    whole = keep_largest(polydata(outer.points, outer.faces), 1)
    if whole.GetNumberOfCells() < 0.999 * len(outer.faces):
        raise SimulationError(
            "the femur is in several pieces: its head, a trochanter or a condyle lies outside the bone."
        )
    bone = Bone(mesh_from(whole), inner)
    return bone if parameters.side == "left" else bone.moved(_MIRROR)


def signed_distance(parameters: FemurParameters, points: np.ndarray) -> np.ndarray:
    """Distance (mm) of points to a femur's surface, negative inside; near enough away from it.

    Parameters
    ----------
    parameters : FemurParameters
    points : (n, 3) array
        In the femur's frame.

    Returns
    -------
    (n,) array
    """
    points = np.asarray(points)
    return _distance(parameters, points if parameters.side == "left" else points * np.array([-1, 1, 1], points.dtype))


def trochanter_gap(parameters: FemurParameters) -> float:
    """How far (mm) the way from the neck's base to the greater trochanter's tip leads out of the bone."""
    base, trochanters = np.array(_axes(parameters).base), parameters.trochanters
    tip = np.add(base, [trochanters.tip_out, trochanters.tip_back, trochanters.tip_up])
    return float(_distance(parameters, base + np.linspace(0, 1, 24)[:, None] * (tip - base)).max())


def landmarks(parameters: FemurParameters) -> dict[str, np.ndarray]:
    """Landmarks (mm) of a femur, in its frame, named and meant as those of `anatomy.FemurAnatomy`."""
    p, axes = parameters, _axes(parameters)
    trochanters = p.trochanters
    tip = np.add(
        axes.base, [trochanters.tip_out, trochanters.tip_back, trochanters.tip_up + trochanters.tip_half_height]
    )
    towards = np.array([-1.0, 1.0, 0.0]) / np.sqrt(2)
    lesser = np.add(axes.base, [-trochanters.lesser_in, trochanters.lesser_back, -trochanters.lesser_down])
    bottom = max(c.distal_down + c.distal_half_height for c in (p.medial, p.lateral))
    top = p.head.height + p.head.radius
    shaft = [top - share * (top + bottom) for share in (0.3, 0.5, 0.7)]
    centers = np.column_stack([_center_line(p)(np.array(shaft)), shaft])
    medial, lateral = (_posterior(c, sign) for c, sign in ((p.medial, -1), (p.lateral, 1)))
    points = {
        "head_center": axes.head,
        "trochanter_tip": tip,
        "lesser_trochanter": lesser + trochanters.lesser_radius * towards,
        "medial_condyle": medial,
        "lateral_condyle": lateral,
        "knee_center": (medial + lateral) / 2,
        "shaft_proximal": centers[0],
        "shaft_middle": centers[1],
        "shaft_distal": centers[2],
    }
    mirror = np.array([1.0 if p.side == "left" else -1.0, 1, 1])
    return {name: point * mirror for name, point in points.items()}


@dataclass(frozen=True)
class _Axes:
    """Head, neck's base, and unit vectors: along the neck, across it upwards, and across it from front to back."""

    head: np.ndarray
    base: np.ndarray
    neck: np.ndarray
    upright: np.ndarray
    across: np.ndarray


def _center_line(p: FemurParameters):
    """Function from height (n,) to the shaft's middle (n, 2) as x, y."""
    from scipy.interpolate import CubicSpline

    middle = np.column_stack([p.shaft.centers_out, p.shaft.centers_back])
    return CubicSpline(np.array(CENTER_AT) * p.head.height, middle, bc_type="natural")


def _axes(p: FemurParameters) -> _Axes:
    height = _UPPER_SHAFT * p.head.height
    middle = np.column_stack([_center_line(p)(height), height])
    up = np.linalg.svd(middle - middle.mean(axis=0), full_matrices=False)[2][0]
    up = up * np.sign(up[2])
    # The neck points so far down from the horizontal that its angle with the shaft's axis is as given:
    # cos(down) outwards.up - sin(down) up_z = cos(shaft_angle), with the sum of both as one cosine.
    turn = np.deg2rad(p.neck.anteversion)
    outwards = np.array([np.cos(turn), np.sin(turn), 0])  # the head lies in front of the base
    along = outwards @ up
    down = np.arccos(np.cos(np.deg2rad(p.neck.shaft_angle - _FILLET_DEG)) / np.hypot(along, up[2])) - np.arctan2(
        up[2], along
    )
    neck = np.cos(down) * outwards - [0, 0, np.sin(down)]
    across = np.cross(neck, up)
    across = across / np.linalg.norm(across)
    head = np.array([0, 0, p.head.height])
    upright = np.cross(across, neck)
    base = head + p.neck.length * neck + p.neck.base_up * upright + p.neck.base_back * across
    return _Axes(head, base, neck, upright, across)


def _distance(p: FemurParameters, points: np.ndarray) -> np.ndarray:
    """Signed distance to a left femur."""
    axes = _axes(p)
    parts = [_shaft(p, points), sphere(points, axes.head, p.head.radius), _neck(p, axes, points)]
    parts += _trochanters(p, axes.base, points)
    for condyle, sign in ((p.medial, -1), (p.lateral, 1)):
        parts += _condyle(condyle, sign, points)
    grooves = p.grooves
    notch_half = (grooves.notch_half_width, _NOTCH_HALF_DEPTH, _NOTCH_HALF_HEIGHT)
    notch = ellipsoid(points, (0, grooves.notch_back, -grooves.notch_down), notch_half)
    trochlea_half = (grooves.trochlea_half_width, _TROCHLEA_HALF_DEPTH, _TROCHLEA_HALF_HEIGHT)
    trochlea = ellipsoid(points, (0, -grooves.trochlea_front, 0), trochlea_half)
    return without(union(parts, _BLEND_MM), [notch, trochlea], _CUT_BLEND_MM)


def _shaft(p: FemurParameters, points: np.ndarray) -> np.ndarray:
    from scipy.interpolate import PchipInterpolator

    at = np.array(WIDTH_AT) * p.head.height
    height = np.clip(points[:, 2], at[0], at[-1])
    radii = PchipInterpolator(at, np.column_stack([p.shaft.half_widths, p.shaft.half_depths]))
    beyond = np.abs(points[:, 2] - height)
    middle = _center_line(p)(height).astype(points.dtype)
    return tube(points[:, :2], middle, radii(height).astype(points.dtype), beyond)


def _neck(p: FemurParameters, axes: _Axes, points: np.ndarray) -> np.ndarray:
    """A tube along the neck, as wide at its base as the base is."""
    away = points - axes.head.astype(points.dtype)
    frame = np.stack([axes.upright, axes.across, axes.neck], axis=1).astype(points.dtype)
    local = away @ frame
    along = np.clip(local[:, 2], 0, p.neck.length)
    share = ((along / p.neck.length) ** 2)[:, None]
    narrow = np.array([p.neck.half_height, p.neck.half_width], points.dtype)
    radii = narrow + (points.dtype.type(p.neck.base_radius) - narrow) * share
    middle = np.array([p.neck.base_up, p.neck.base_back], points.dtype) * share
    return tube(local[:, :2], middle, radii, np.abs(local[:, 2] - along))


def _trochanters(p: FemurParameters, base: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    t = p.trochanters
    tip = np.add(base, [t.tip_out, t.tip_back, t.tip_up])
    body = np.add(base, [t.body_out, _BODY_BACK, t.body_up])
    lesser = np.add(base, [-t.lesser_in, t.lesser_back, -t.lesser_down])
    return [
        ellipsoid(points, tip, (t.tip_half_width, t.tip_half_depth, t.tip_half_height)),
        ellipsoid(points, body, (_BODY_HALF_WIDTH, t.body_half_depth, t.body_half_height)),
        sphere(points, np.add(base, [t.mass_out, 0, t.mass_up]), t.mass_radius),
        sphere(points, lesser, t.lesser_radius),
    ]


def _posterior(c: Condyle, sign: int) -> np.ndarray:
    return np.array([sign * c.out, c.posterior_back, c.posterior_up])


def _condyle(c: Condyle, sign: int, points: np.ndarray) -> list[np.ndarray]:
    distal = (sign * c.out, -c.distal_front, -c.distal_down)
    epicondyle = (sign * c.epicondyle_out, -_EPICONDYLE_FRONT, c.epicondyle_up)
    return [
        ellipsoid(points, _posterior(c, sign), (c.half_width, c.posterior_radius, c.posterior_radius)),
        ellipsoid(points, distal, (c.half_width, c.distal_half_depth, c.distal_half_height)),
        sphere(points, epicondyle, _EPICONDYLE_RADIUS),
        sphere(points, (sign * _FLANGE_OUT * c.out, -c.flange_front, c.flange_up), c.flange_radius),
    ]


def _cortex(p: FemurParameters, height: np.ndarray) -> np.ndarray:
    """Thickness of the cortex (mm) at a height."""
    share = np.interp(height / p.head.height, _CORTEX_AT, _CORTEX_SHARE)
    return (p.cortex.ends + (p.cortex.shaft - p.cortex.ends) * share).astype(height.dtype)


def _box(p: FemurParameters) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a box that holds a left femur, with room to spare."""
    t, base = p.trochanters, _axes(p).base
    reach = max(c.out + c.half_width for c in (p.medial, p.lateral)) + _EPICONDYLE_RADIUS
    reach = max(reach, *(c.epicondyle_out + _EPICONDYLE_RADIUS for c in (p.medial, p.lateral)))
    bow = np.abs(p.shaft.centers_back).max() + max(p.shaft.half_depths)
    out = base[0] + max(t.tip_out + t.tip_half_width, t.body_out + _BODY_HALF_WIDTH, p.neck.base_radius)
    deep = max(*(c.distal_front + c.distal_half_depth for c in (p.medial, p.lateral)), p.head.radius, bow)
    back = max(*(c.posterior_back + c.posterior_radius for c in (p.medial, p.lateral)), deep / 2)
    back = max(back, base[1] + t.tip_back + t.tip_half_depth, base[1] + t.lesser_back + t.lesser_radius)
    front = max(deep, *(c.flange_front + c.flange_radius for c in (p.medial, p.lateral)), p.head.radius - base[1])
    low = max(c.distal_down + c.distal_half_height for c in (p.medial, p.lateral))
    low = max(low, *(c.posterior_radius - c.posterior_up for c in (p.medial, p.lateral)))
    room = 8.0
    bone_low = np.array([-max(reach, p.head.radius), -front, -low]) - room
    top = max(p.head.height + p.head.radius, base[2] + t.tip_up + t.tip_half_height)
    middle = np.abs(p.shaft.centers_out).max() + max(p.shaft.half_widths)
    return bone_low, np.array([max(reach, out, middle), back, top]) + room
