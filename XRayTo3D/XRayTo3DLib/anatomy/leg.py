"""Measures of one leg whose bones stand in place: see `definitions`."""

from __future__ import annotations

import numpy as np

from ..errors import SurfaceError
from ..surface.samples import outermost, spread
from .femur_measures import femur_axes, femur_places, knee_center
from .long_bone import checked
from .measure import BoneMeasure, Places, angle_between, length
from .tibia import ankle_center, plateau_center, tibia_axes, tibia_places
from .vectors import unit

_PATELLA_MM = (20.0, 90.0)

Surface = tuple[np.ndarray, np.ndarray]


def leg_measures(
    femur: Surface, tibia: Surface, patella: Surface | None = None, side: str | None = None
) -> dict[str, BoneMeasure]:
    """Measure a leg with its knee straight, from whole bones that stand as they stood in the patient.

    Parameters
    ----------
    femur, tibia, patella : (points, faces)
        Points (n, 3) in the patient's LPS frame (mm), and triangles (m, 3) of a closed surface.
    side : {"left", "right"}, optional
        Found from the surfaces if not given.

    Returns
    -------
    dict of str to BoneMeasure
        By the names of `definitions.DEFINITIONS["leg"]`; without a patella, not its height.

    Raises
    ------
    SurfaceError
        If a bone cannot be measured, or they are of two sides.
    """
    upper, lower = femur_places(*femur, side), tibia_places(*tibia, side)
    if upper.side != lower.side:
        raise SurfaceError(f"the femur is a {upper.side} one, and the tibia a {lower.side} one.")
    return leg_measures_at(upper, lower, None if patella is None else patella_places(*patella, tibia_axes(lower)[0]))


def leg_measures_at(femur: Places, tibia: Places, patella: Places | None = None) -> dict[str, BoneMeasure]:
    """Measures of a leg, from where its bones are measured."""
    up, lateral, _ = femur_axes(femur)
    head, knee, plateau, ankle = femur.points["head"], knee_center(femur), plateau_center(tibia), ankle_center(tibia)
    lines = [
        tuple(bone.points[f"{name}_{part}"] for name in ("medial", "lateral"))
        for bone, part in ((femur, "distal"), (tibia, "plateau"))
    ]
    rises = [np.degrees(np.arctan2((out - inner) @ up, (out - inner) @ lateral)) for inner, out in lines]
    shank, top = unit(plateau - ankle), head + femur.radii["head"] * up
    found = {
        "hka_deg": angle_between(
            180 - np.degrees(np.arctan2(shank @ lateral, shank @ up)),
            femoral_mechanical_axis=(knee, head),
            tibial_mechanical_axis=(ankle, plateau),
        ),
        "jlca_deg": angle_between(rises[0] - rises[1], femoral_joint_line=lines[0], tibial_joint_line=lines[1]),
        "leg_length_mm": length(ankle, top),
    }
    if patella is not None:
        apex, base, insertion = patella.points["apex"], patella.points["base"], tibia.points["tuberosity"]
        tendon, size = np.array([apex, insertion]), np.array([base, apex])
        ratio = np.linalg.norm(tendon[1] - tendon[0]) / np.linalg.norm(size[1] - size[0])
        found["insall_salvati_ratio"] = BoneMeasure(
            float(ratio), "", lines={"patella": size, "patellar_tendon": tendon}
        )
    return found


def patella_places(points: np.ndarray, faces: np.ndarray, up: np.ndarray) -> Places:
    """Ends of a patella's longest diagonal, its base and its apex, that runs upwards along a unit vector (3,).

    Raises
    ------
    SurfaceError
        If the surface is empty, open, or too small or too large.
    """
    points, faces = checked(points, faces, None, "patella", _PATELLA_MM)
    samples = spread(points, faces)
    for _ in range(4):
        base, apex = outermost(samples, up), outermost(samples, -up)
        up = unit(base - apex)
    return Places("", {"base": base, "apex": apex})
