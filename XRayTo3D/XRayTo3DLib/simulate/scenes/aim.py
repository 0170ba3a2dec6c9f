"""Where a random radiograph looks: which part, from where, at which limb in which pose."""

from __future__ import annotations

import numpy as np

from ...choices import SIMULATED_VIEWS
from ...geometry.camera import Camera, place, view_directions
from ..bones.bone import USUAL_FEMUR_MM

PARTS = ("hip", "shaft", "knee", "whole", "shank")
_PARTS_ODDS = (0.34, 0.13, 0.32, 0.1, 0.11)
_VIEWS_ODDS = (0.5, 0.05, 0.33, 0.12)
_OF_HIPS = (0.72, 0.06, 0.1, 0.12)  # which are rarely taken across the table
# Larger side of the picture (mm in the bone's plane), for a femur of that length.
_FIELD_MM = {"hip": (100, 270), "shaft": (160, 360), "knee": (110, 290), "whole": (480, 600), "shank": (170, 330)}
_BOTH_MM = {"hip": (380, 460), "knee": (330, 420), "shaft": (380, 440), "whole": (500, 640), "shank": (300, 400)}
_SMALL = 0.45  # of the usual femur: round shorter ones there is more room in a picture


def drawn_part(rng: np.random.Generator) -> str:
    """One of `PARTS`, as often as films show them."""
    return str(rng.choice(PARTS, p=_PARTS_ODDS))


def drawn_view(part: str, rng: np.random.Generator) -> str:
    """One of `SIMULATED_VIEWS`, as often as films of a part are taken so."""
    return str(rng.choice(SIMULATED_VIEWS, p=_OF_HIPS if part == "hip" else _VIEWS_ODDS))


def pose(
    marks: dict[str, np.ndarray], middle: float, child: bool, frog: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make a limb a little wider, deeper or longer, or a child's, turn it in the hip, and choose its side.

    Parameters
    ----------
    marks : dict of str to (3,) array
        The femur's landmarks.
    middle : float
        x of the body's middle plane, which comes to be x = 0.
    child : bool
    frog : bool
        Whether the leg lies on its side, as for a frog-leg view of the hip: bent, spread and turned outwards.
    rng : numpy.random.Generator

    Returns
    -------
    stays, moves : (4, 4) float64 array
        Of the pelvis, and of everything below the hip.
    """
    from scipy.spatial.transform import Rotation

    scale = rng.normal(1, 0.03, 3).clip(0.93, 1.07) * (rng.uniform(0.5, 0.88) if child else 1.0)
    stays = np.diag([*scale, 1.0])
    stays[0, 3] = -scale[0] * middle
    if rng.random() < 0.5:
        stays = np.diag([-1.0, 1, 1, 1]) @ stays
    center = stays[:3, :3] @ marks["head_center"] + stays[:3, 3]
    knee = stays[:3, :3] @ marks["knee_center"] + stays[:3, 3] - center
    inwards = np.arctan2(-np.sign(center[0]) * knee[0], -knee[2])
    wanted = np.deg2rad(np.clip(rng.normal(1.5, 3), -7, 6))  # so that knees do not stand in each other's place
    turn = np.eye(4)
    apart = Rotation.from_euler("y", -np.sign(center[0]) * (inwards - wanted))
    turned = apart * Rotation.from_euler("zx", rng.normal(0, (7, 3)), degrees=True)
    if frog:
        out = np.sign(center[0])  # to the patient's left for a left leg
        rolled, spread, bent = rng.uniform((25, 25, -40), (80, 65, 0))
        turned = Rotation.from_euler("zyx", (out * rolled, -out * spread, bent), degrees=True) * turned
    turn[:3, :3] = turned.as_matrix()
    turn[:3, 3] = center - turn[:3, :3] @ center
    return stays, turn @ stays


def aimed(
    marks: dict[str, np.ndarray],
    ankle: np.ndarray,
    at: np.ndarray | None,
    part: str,
    view: str,
    side: str,
    both: bool,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> Camera:
    """Camera that looks at a part, or `at` a place, about as the view asks; its picture has so many rows and columns.

    `both` legs may be in it.
    """
    from scipy.spatial.transform import Rotation

    length = float(np.linalg.norm(marks["head_center"] - marks["knee_center"]))
    down = (marks["knee_center"] - marks["head_center"]) / length
    target = {
        "hip": (marks["head_center"] * 2 + marks["trochanter_tip"]) / 3 + 0.1 * length * down,
        "knee": marks["knee_center"] + 0.03 * length * down,
        "shaft": marks["shaft_middle"] + rng.uniform(-0.2, 0.2) * length * down,
        "whole": (marks["head_center"] + marks["knee_center"]) / 2,
        "shank": marks["knee_center"] + rng.uniform(0.3, 0.65) * (ankle - marks["knee_center"]),
    }[part]
    if at is not None:
        target = at + rng.normal(0, 0.05, 3) * length
    wide = both and (part != "hip" or rng.random() < 0.5)
    low, high = (_BOTH_MM if wide else _FIELD_MM)[part]
    field = rng.uniform(low, high) * length / USUAL_FEMUR_MM
    field *= np.sqrt(max(1.0, _SMALL * USUAL_FEMUR_MM / length))
    if wide:
        target = target * [0.1, 1, 1] + ([0, 0, 0.08 * length] if part == "hip" else np.zeros(3))
    narrow = min(shape) / max(shape)  # a slim picture shows little beside its middle
    target = target + rng.normal(0, 0.06, 3) * field * narrow * (0.3 if part == "whole" else 1)
    columns, rows = view_directions(view, side, rng.uniform(20, 65) * rng.choice([-1, 1]))
    if view == "lateral" and rng.random() < 0.5:  # from the outer side
        columns = -columns
    yaw, pitch, roll = rng.normal(0, (6, 4, 4))
    if part != "hip":  # views of a knee are square to its condyles
        out = marks["lateral_condyle"] - marks["medial_condyle"]
        out = out * np.sign(marks["head_center"][0])
        yaw += np.degrees(np.arctan2(out[1], out[0]))
    turn = Rotation.from_euler("zxy", (yaw, pitch, roll), degrees=True).as_matrix()
    columns, rows = turn @ columns, turn @ rows
    tilt = np.deg2rad(rng.normal(0, 6) if rng.random() < 0.93 else rng.normal(0, 40))
    columns, rows = np.cos(tilt) * columns + np.sin(tilt) * rows, np.cos(tilt) * rows - np.sin(tilt) * columns
    sid = rng.uniform(1000, 1800)
    sod = sid - rng.uniform(50, min(250, sid / 5))
    pixel = field / max(shape) * sid / sod
    return place(columns, rows, target, shape, (pixel, pixel), sid, sod)
