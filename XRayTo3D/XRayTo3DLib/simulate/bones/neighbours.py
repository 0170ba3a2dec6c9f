"""Simple neighbours of a femur: pelvis, tibia, fibula and patella of a left limb.

They stand about where they belong, in the femur's frame (see `femur`), and need only look right on a
radiograph; `joints.assemble` puts the knee's together with their joint spaces. Tibia and fibula are stacks of
ellipses, pelvis and patella are made of plates; the numbers describe the mean of 26 people.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .bone import USUAL_FEMUR_MM, Mesh, lighter, through_rings, together
from .parameters import FemurParameters
from .plates import body

_FILE = Path(__file__).with_name("neighbours.json")
_USUAL_RADIUS = 22.8  # of the head of the femur that the numbers go with (mm)
_STEP_MM, _BLEND_MM = 2.5, 2.0
_HIP_TO_MIDDLE, _SOCKET_RADIUS = 83.8, 25.0
_PELVIS_TRIANGLES = 10_000
_TILT_SD_DEG = 5.0  # of the pelvis, forwards and backwards
_AROUND = 2 * np.pi * np.arange(28) / 28

# Height from the knee, middle (x, y), half width and half depth of sections.
_TIBIA = np.array(
    [
        (-32, 4, -13.5, 35, 26.5),
        (-36, 3.4, -13.2, 37.2, 28.4),
        (-42, 3.5, -13.5, 36.4, 28.8),
        (-50, 3.8, -17.5, 33, 25.7),
        (-58, 4.5, -21.5, 28.6, 22.3),
        (-65, 5.8, -23.5, 25, 21),
        (-75, 7.9, -24.7, 21.6, 19.5),
        (-95, 9.4, -25.3, 18.3, 17.6),
        (-120, 10.4, -26.9, 15.7, 15.7),
        (-150, 11.9, -29.3, 14.2, 14.3),
        (-200, 16, -31.8, 13.3, 12.4),
        (-250, 19.4, -32.8, 12.7, 10.9),
        (-300, 21.9, -35.7, 12.5, 11.5),
        (-330, 23.8, -39.1, 14.6, 13.9),
        (-345, 24.6, -40.5, 17.9, 17.1),
        (-355, 24.6, -40.9, 21, 20.1),
        (-364, 24.3, -41, 22.7, 21.8),
        (-369, 23.5, -41.2, 21.5, 20.5),
    ]
)
_FIBULA = np.array(
    [
        (-43, 31, 17, 3.5, 3),
        (-46, 31.2, 15, 8.6, 7.3),
        (-50, 31.8, 11.5, 12.1, 11.3),
        (-58, 31.4, 10.2, 13.1, 11.4),
        (-62, 31.2, 10.3, 12.2, 10.6),
        (-75, 30, 10.2, 7.8, 7.8),
        (-95, 29.6, 10.3, 5.4, 6.2),
        (-150, 29.8, 6.3, 5.7, 6.9),
        (-200, 31.1, 1.7, 6.2, 7.1),
        (-250, 32.8, -3.9, 6.2, 6.7),
        (-330, 37.9, -15.6, 6.1, 6.2),
        (-345, 38.9, -18.3, 6.2, 6.8),
        (-365, 40.7, -22.6, 8.8, 9.1),
        (-378, 43.2, -24.3, 9.7, 11.1),
        (-388, 45.6, -23.3, 7, 10),
        (-394, 47, -21.6, 4, 5.5),
    ]
)


def neighbours(femur: FemurParameters, rng: np.random.Generator) -> dict[str, Mesh]:
    """Outer surfaces of the bones round a left femur.

    Parameters
    ----------
    femur : FemurParameters
    rng : numpy.random.Generator
        Makes each bone a little wider, deeper or longer than usual, and tilts the pelvis.

    Returns
    -------
    dict of str to Mesh
        "tibia", "fibula", "patella" and "pelvis", closed, in the femur's frame (LPS, mm).
    """
    long, wide = femur.head.height / USUAL_FEMUR_MM, femur.head.radius / _USUAL_RADIUS
    below = np.diag([wide, wide, long]) * rng.normal(1, 0.03, 3)
    patella = np.eye(3) * wide * rng.normal(1, 0.05, 3)
    tilt = np.deg2rad(rng.normal(0, _TILT_SD_DEG))
    c, s = np.cos(tilt), np.sin(tilt)
    hip = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) * wide * rng.normal(1, 0.02, 3)
    moves = {"tibia": below, "fibula": below, "patella": patella, "pelvis": hip}
    usual = _usual()
    made = {}
    for name, move in moves.items():
        matrix = np.eye(4)
        matrix[:3, :3] = move
        matrix[2, 3] = femur.head.height if name == "pelvis" else 0.0
        made[name] = usual[name].moved(matrix)
    return made


def middle_of_body(femur: FemurParameters) -> float:
    """x of the body's middle plane in a left femur's frame (mm)."""
    return -_HIP_TO_MIDDLE * femur.head.radius / _USUAL_RADIUS


@functools.cache
def _usual() -> dict[str, Mesh]:
    """Bones of the usual size: the pelvis round the head's centre, the others in the knee's frame."""
    numbers = json.loads(_FILE.read_text(encoding="utf-8"))
    parts = {name: (np.array(part["balls"]), np.array(part["plates"])) for name, part in numbers.items()}
    hip = body(*parts["hip"], _BLEND_MM, _STEP_MM, hole_mm=_SOCKET_RADIUS)
    across = np.diag([-1.0, 1, 1, 1])
    across[0, 3] = -2 * _HIP_TO_MIDDLE
    pelvis = together([hip, hip.moved(across), body(*parts["sacrum"], _BLEND_MM, _STEP_MM)])
    tibia = _stack(_TIBIA, _plateau, _ankle)
    fibula = _stack(_FIBULA, lambda x, y: 0 * x + 1.5, lambda x, y: 0 * x - 1.5)
    return {
        "tibia": tibia,
        "fibula": fibula,
        "patella": body(*parts["patella"], _BLEND_MM, _STEP_MM / 2),
        "pelvis": lighter(pelvis, _PELVIS_TRIANGLES, _STEP_MM),
    }


def _plateau(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the tibia's upper end over its uppermost section: flat, with two spines."""
    spines = sum(np.exp(-(((x - at) / 3.5) ** 2) - ((y + 15) / 8) ** 2) for at in (-1.5, 7.5))
    return 3.5 + 5 * spines


def _ankle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same of its lower end: a shallow roof, and the malleolus on the inner side."""
    return 2.0 - 19 * np.exp(-(((x - 7) / 6) ** 2) - ((y + 48) / 10) ** 2)


def _stack(sections: np.ndarray, top: Callable, bottom: Callable) -> Mesh:
    """Surface through elliptic sections, from the top down, with ends that rise over the outermost ones."""
    from scipy.interpolate import PchipInterpolator

    down = -sections[:, 0]
    heights = np.unique(np.concatenate([down, np.arange(down[0], down[-1], 6.0)]))
    shape = PchipInterpolator(down, sections[:, 1:])(heights)
    ring = np.column_stack([np.cos(_AROUND), np.sin(_AROUND), np.zeros(len(_AROUND))])
    rings = [np.array([*row[:2], -at]) + ring * [*row[2:], 0] for at, row in zip(heights, shape, strict=True)]
    for end, raised in ((0, top), (-1, bottom)):
        edge = rings[end]
        for share in (0.94, 0.8, 0.65, 0.5, 0.35, 0.2, 0.08):
            inner = edge.mean(axis=0) + share * (edge - edge.mean(axis=0))
            inner[:, 2] += raised(inner[:, 0], inner[:, 1]) * np.sqrt(1 - share**6)
            rings.insert(0, inner) if end == 0 else rings.append(inner)
    rings = np.array(rings[::-1])  # upwards
    return through_rings(rings, rings[[0, -1]].mean(axis=1))
