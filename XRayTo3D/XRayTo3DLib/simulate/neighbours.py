"""Simple analytic neighbours of a femur: pelvis, tibia, fibula and patella of a left limb.

They stand about where they belong, in the femur's frame (see `femur`), and need only look right on a
radiograph; `joints.assemble` puts the knee's together with their joint spaces.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from .bone import Mesh
from .parameters import FemurParameters
from .solids import ellipsoid, mesh_of, round_cone, sphere, tube, union, without

_STEP_MM = 2.5
_USUAL_HEIGHT, _USUAL_RADIUS = 395.0, 22.8  # of the femur that the numbers below go with (mm)
_HIP_TO_MIDDLE = 88.0
_SYMPHYSIS = 2.5  # half of its gap

# Height from the knee, middle (x, y), half width and half depth of the tibia's sections.
_TIBIA = np.array(
    [
        (-362, -2, 14, 22, 17),
        (-335, -2, 13, 14, 14),
        (-270, -1, 12, 11.5, 12.5),
        (-200, 0, 8, 12.5, 14),
        (-140, 1, 3, 14, 16),
        (-95, 2, 0, 18, 19),
        (-64, 1, 0, 27, 21),
    ]
)
# Start, end, radii.
_FIBULA = (
    ((35, 20, -52), (36, 21, -62), 9.5, 8.5),
    ((36, 21, -62), (36, 21, -95), 7.5, 5.5),
    ((36, 21, -95), (33, 20, -210), 5.5, 6.5),
    ((33, 20, -210), (27, 20, -340), 6.5, 6.0),
    ((27, 20, -340), (27, 18, -388), 7.5, 10.0),
)
# The left half of the pelvis, from the head's centre: start, end, radii.
_PELVIS = (
    ((-16, 6, 24), (-42, 52, 64), 15, 17),  # from the socket's roof to the sacrum
    ((-20, 20, -8), (-30, 30, -60), 14, 15),  # ischium
    ((-30, 30, -60), (-36, 18, -74), 15, 11),  # its tuberosity
    ((-14, -14, 2), (-74, -38, -30), 12, 8),  # upper branch of the pubis
    ((-76, -38, -30), (-76, -34, -52), 9, 9),  # its body
    ((-76, -34, -54), (-36, 14, -74), 7, 8),  # lower branch
    ((-6, -28, 46), (36, -32, 84), 8, 6),  # front spines of the ilium
)
# The ilium's crest, from the front spine to the sacrum.
_CREST = ((39, -33, 86), (45, -18, 122), (24, 12, 140), (-12, 42, 134), (-42, 64, 100))
_WING = ((0, 14, 80), (62, 4.5, 62))  # middle, half sizes along the wing, across it, upwards
_WING_TURN = np.deg2rad(42)  # about z: how much the wing looks forwards
_SACRUM = ((62, 98, 25), (88, 32, 13), (84, 0, 7))  # back, up, radius, down the middle


def neighbours(femur: FemurParameters, rng: np.random.Generator) -> dict[str, Mesh]:
    """Outer surfaces of the bones round a left femur.

    Parameters
    ----------
    femur : FemurParameters
    rng : numpy.random.Generator
        Makes each bone a little wider, deeper or longer than usual.

    Returns
    -------
    dict of str to Mesh
        "tibia", "fibula", "patella" and "pelvis", closed, in the femur's frame (LPS, mm).
    """
    long, wide = femur.head.height / _USUAL_HEIGHT, femur.head.radius / _USUAL_RADIUS
    below = np.array([wide, wide, long]) * rng.normal(1, 0.03, 3)
    patella = wide * rng.normal(1, 0.05, 3)
    hip = wide * rng.normal(1, 0.03, 3)
    head = np.array([0, 0, femur.head.height])
    made = {
        "tibia": _scaled(_tibia, below, np.zeros(3), (-60, -50, -410), (60, 60, -15)),
        "fibula": _scaled(_fibula, below, np.zeros(3), (0, -10, -415), (60, 50, -35)),
        "patella": _scaled(_patella, patella, np.zeros(3), (-30, -75, -30), (35, -30, 55)),
    }
    reach = 2 * _HIP_TO_MIDDLE + 60
    radius = femur.head.radius / hip.mean()
    made["pelvis"] = _scaled(lambda p: _pelvis(p, radius), hip, head, (-reach, -70, -105), (60, 120, 165))
    return made


def middle_of_body(femur: FemurParameters) -> float:
    """x of the body's middle plane in a left femur's frame (mm)."""
    return -_HIP_TO_MIDDLE * femur.head.radius / _USUAL_RADIUS


def _scaled(field: Callable, scale: np.ndarray, origin: np.ndarray, low: tuple, high: tuple) -> Mesh:
    """Surface of a body that is described about an origin and then scaled along the axes."""
    made = mesh_of(field, low, high, _STEP_MM)
    return Mesh(made.points * scale + origin, made.faces)


def _tibia(points: np.ndarray) -> np.ndarray:
    from scipy.interpolate import PchipInterpolator

    height = np.clip(points[:, 2], _TIBIA[0, 0], _TIBIA[-1, 0])
    section = PchipInterpolator(_TIBIA[:, 0], _TIBIA[:, 1:])(height).astype(points.dtype)
    shaft = tube(points[:, :2], section[:, :2], section[:, 2:], np.abs(points[:, 2] - height))
    parts = [
        shaft,
        ellipsoid(points, (-19, 3, -41), (22, 24, 13)),
        ellipsoid(points, (19, 3, -41), (21, 22, 13)),
        round_cone(points, (2, -22, -72), (2, -18, -88), 8, 6),
        ellipsoid(points, (-22, 10, -388), (8, 12, 15)),
    ]
    spines = [round_cone(points, (x, 4, -38), (x * 0.8, 4, -26), 6, 2.5) for x in (-6, 6)]
    return union([*parts, *spines], 2.0)


def _fibula(points: np.ndarray) -> np.ndarray:
    return union([round_cone(points, *part) for part in _FIBULA], 1.5)


def _patella(points: np.ndarray) -> np.ndarray:
    body = ellipsoid(points, (2, -52, 18), (22, 10, 20))
    return union([body, round_cone(points, (2, -52, 8), (2, -50, -6), 9, 5)], 2.0)


def _pelvis(points: np.ndarray, head_radius: float) -> np.ndarray:
    """Both halves and the sacrum, from the centre of the left head."""
    middle = -_HIP_TO_MIDDLE
    mirrored = points * np.array([-1, 1, 1], points.dtype) + np.array([2 * middle, 0, 0], points.dtype)
    halves = [_half_pelvis(side, head_radius) for side in (points, mirrored)]
    down = itertools.pairwise(_SACRUM)
    flat = points * np.array([0.5, 1, 1], points.dtype)  # wider than deep
    sacrum = [round_cone(flat, (0.5 * middle, b[0], b[1]), (0.5 * middle, e[0], e[1]), b[2], e[2]) for b, e in down]
    spine = round_cone(flat, (0.5 * middle, 40, 128), (0.5 * middle, 38, 150), 16, 16)
    return union([np.minimum(*halves), *sacrum, spine], 1.0)


def _half_pelvis(points: np.ndarray, head_radius: float) -> np.ndarray:
    parts = [round_cone(points, *part) for part in _PELVIS]
    parts += [round_cone(points, a, b, 5, 5) for a, b in itertools.pairwise(_CREST)]
    center, (along, across, up) = _WING
    c, s = np.cos(_WING_TURN), np.sin(_WING_TURN)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], points.dtype)
    parts.append(ellipsoid((points - np.array(center, points.dtype)) @ turn, (0, 0, 0), (along, across, up)))
    parts.append(sphere(points, (-9, 4, 6), head_radius + 8))
    whole = union(parts, 2.5)
    hollow = sphere(points, (0, 0, 0), head_radius + 3.5)
    opening = round_cone(points, (6, -3, -5), (45, -14, -34), head_radius + 3.5, head_radius + 16)
    beyond = points[:, 0] - points.dtype.type(-_HIP_TO_MIDDLE + _SYMPHYSIS)  # past the symphysis
    return np.maximum(without(whole, [hollow, opening], 1.5), -beyond)
