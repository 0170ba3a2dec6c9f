"""All measures of a tibia, and where they are taken: see `definitions`.

What bone alone does not tell well is not measured: the lateral plateau is arched, so that its slope depends on how much
of it is looked at, and the joint's roof at the ankle is too short for an angle that is as sure as the others.
"""

from __future__ import annotations

import numpy as np

from ..errors import SurfaceError
from ..surface.samples import Samples, farthest, spread
from ..surface.section import sections
from .long_bone import checked, long_axis
from .measure import BoneMeasure, Places, angle_between, length, reach
from .vectors import across, angle, backwards, from_top, ramp, unit

_LENGTHS_MM = (200.0, 550.0)
_PLATEAU, _ANKLE = (0.02, 0.08), (0.9, 0.97)  # of the length from the top: where sections are largest
_RIM = 0.012  # of the length, up and down from the plateau's largest section: its rim
_RIM_MM = 0.5  # how far `farthest` lies inside of an upright wall, in the mean
# The middle of each plateau, in half widths from the middle, and how far it reaches, in half widths and half depths:
# between the eminence and the rim.
_AT, _WIDE, _DEEP = 0.55, 0.33, 0.55
_HALVES = 0.42  # of an ellipse's reach: where the middles of its front and its back half lie
_ROUNDS = 3  # in which the plateau is looked for across itself, whatever the shaft does
_LOOSE_MM = 4.0  # what lies farther off a plateau's plane is not of it
_TUBEROSITY = 0.04, 0.19  # of the length below the rim
_ABOVE = np.linspace(0.2, 0.6, 5)  # of the ankle's radius above its roof: where its middle is looked for
_ROOF = 0.35  # of the ankle's radius: the middle of the roof


def tibia_measures(points: np.ndarray, faces: np.ndarray, side: str | None = None) -> dict[str, BoneMeasure]:
    """Measure a whole tibia that stands roughly upright.

    Parameters
    ----------
    points : (n, 3) array
        In the patient's LPS frame (mm).
    faces : (m, 3) int array
        Triangles of a closed surface.
    side : {"left", "right"}, optional
        Found from the surface if not given: the malleolus is on the inner side.

    Returns
    -------
    dict of str to BoneMeasure
        By the names of `definitions.DEFINITIONS["tibia"]`.

    Raises
    ------
    SurfaceError
        If the surface is empty, open, too small or too large, not upright, not of the side given, or has no plateau or
        ankle.
    """
    return tibia_measures_at(tibia_places(points, faces, side))


def tibia_places(points: np.ndarray, faces: np.ndarray, side: str | None = None) -> Places:
    """Where a tibia is measured; see `tibia_measures` for parameters and errors.

    Returns
    -------
    Places
        On the planes fitted to both plateaus their middles, and of the medial one a place in front and one behind; on
        the rim what lies farthest to either side, behind each plateau, and before the medial one; the tuberosity and
        the ankle's roof; middles of the sections above that, and of the malleolus.
    """
    points, faces = checked(points, faces, side, "tibia", _LENGTHS_MM)
    samples = spread(points, faces)
    axis = long_axis(points, faces, samples, "tibia", _LENGTHS_MM)
    (top, top_area), (above_ankle, area) = (_largest(points, faces, axis, *part) for part in (_PLATEAU, _ANKLE))
    if not top_area > 1.2 * area:
        raise SurfaceError("no plateau found at the surface's upper end: is it a whole tibia with its knee up?")
    roof, malleolus = _ankle(samples, axis, above_ankle, np.sqrt(area / np.pi))
    levels = roof @ axis + _ABOVE * np.sqrt(area / np.pi)
    above_ankle = np.mean([cut.centroids[0] for cut in sections(points, faces, levels, axis)], axis=0)
    upper, up = _facing_up(points, faces, axis), unit(top - above_ankle)
    for _ in range(_ROUNDS):
        found, plateau = _plateau(samples, upper, _RIM * np.ptp(points @ axis), top, up, malleolus - above_ankle)
        across_it = plateau["lateral_plateau"] - plateau["medial_plateau"]
        normal = unit(np.cross(across_it, plateau["medial_plateau_back"] - plateau["medial_plateau_front"]))
        up = normal * np.sign(normal @ up)
    if side is not None and side != found:
        raise SurfaceError(
            f"side is {side}, but the malleolus is on the inner side of a {found} tibia: the surface is of the other "
            "side, mirrored, or not in the LPS frame."
        )
    axes = {"above_ankle": axis}
    places = Places(found, plateau | {"above_ankle": above_ankle, "roof": roof, "malleolus": malleolus}, axes=axes)
    up, _, posterior = tibia_axes(places)
    below = (plateau_center(places) - samples.points) @ up / np.linalg.norm(plateau_center(places) - roof)
    before = samples.where((below > _TUBEROSITY[0]) & (below < _TUBEROSITY[1]))
    return Places(found, places.points | {"tuberosity": farthest(before, -posterior)}, axes=axes)


def tibia_measures_at(places: Places) -> dict[str, BoneMeasure]:
    """All measures of a tibia, from where they are taken."""
    at, (up, lateral, posterior) = places.points, tibia_axes(places)
    knee, ankle = plateau_center(places), ankle_center(places)
    mechanical, joint = (ankle, knee), (at["medial_plateau"], at["lateral_plateau"])
    behind = at["medial_posterior"], at["lateral_posterior"]
    slope = at["medial_plateau_front"], at["medial_plateau_back"]
    fall, medial = slope[1] - slope[0], at["malleolus"] - ankle
    return {
        "length_mm": length(ankle, knee),
        "mpta_deg": angle_between(
            angle(up, across(joint[1] - joint[0], posterior)),
            mechanical_axis=mechanical,
            joint_line=joint,
        ),
        "medial_slope_deg": angle_between(
            np.degrees(np.arctan2(-fall @ up, fall @ posterior)), mechanical_axis=mechanical, medial_plateau=slope
        ),
        "torsion_deg": angle_between(
            np.degrees(np.arctan2(-medial @ posterior, -medial @ lateral)),
            posterior_plateau_line=behind,
            malleolar_line=(at["malleolus"], ankle),
        ),
        "plateau_width_mm": reach(at["medial_edge"], at["lateral_edge"], lateral),
        "plateau_depth_mm": reach(at["medial_front"], at["medial_posterior"], posterior),
    }


def plateau_center(tibia: Places) -> np.ndarray:
    """Midway (3,) between the middles of both plateaus."""
    return (tibia.points["medial_plateau"] + tibia.points["lateral_plateau"]) / 2


def ankle_center(tibia: Places) -> np.ndarray:
    """On the joint's roof (3,), below the middle of the ankle's largest section."""
    above = tibia.points["above_ankle"]
    down = unit(above - plateau_center(tibia))
    return above + (tibia.points["roof"] - above) @ down * down


def tibia_axes(tibia: Places) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors up along the mechanical axis, to the outer side along the plateau's back, and back."""
    up = unit(plateau_center(tibia) - ankle_center(tibia))
    lateral = across(tibia.points["lateral_posterior"] - tibia.points["medial_posterior"], up)
    return up, lateral, backwards(up, lateral, tibia.side)


def _wall(rim: Samples, direction: np.ndarray) -> np.ndarray:
    """Where an upright wall ends along a unit direction."""
    return farthest(rim, direction) + _RIM_MM * direction


def _largest(
    points: np.ndarray, faces: np.ndarray, axis: np.ndarray, low: float, high: float
) -> tuple[np.ndarray, float]:
    """Middle and area of the largest sections across an axis, between two shares of the length from the top."""
    height = points @ axis
    cuts = sections(points, faces, height.max() - np.linspace(low, high, 17) * np.ptp(height), axis)
    cuts = [cut for cut in cuts if len(cut.areas) and cut.areas[0] > 0]
    if not cuts:
        raise SurfaceError("the bone is interrupted near one of its ends: join its pieces.")
    areas = np.array([cut.areas[0] for cut in cuts])
    weights = np.exp(-10 * (areas.max() / areas - 1))  # a mean moves less than the one largest
    return np.average([cut.centroids[0] for cut in cuts], axis=0, weights=weights), float(areas.max())


def _ankle(samples: Samples, axis: np.ndarray, above: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Middle of the ankle's roof, and of the malleolus' lower half."""
    below = samples.where((above - samples.points) @ axis > 0)
    off = below.points - above
    depth = -off @ axis
    aside = np.linalg.norm(off + depth[:, None] * axis, axis=1)
    roof = below.areas * ramp(aside, 1.3 * _ROOF * radius, 0.7 * _ROOF * radius)
    if not roof.sum() > 0:
        raise SurfaceError("no ankle found at the surface's lower end: is it a whole tibia with its knee up?")
    level = np.average(depth, weights=roof)
    tip = -farthest(below, -axis) @ axis + above @ axis
    lower = below.areas * ramp((depth - level) / (tip - level), 0.4, 0.6)
    return np.average(below.points, axis=0, weights=roof), np.average(below.points, axis=0, weights=lower)


def _plateau(
    samples: Samples, upper: Samples, thick: float, top: np.ndarray, up: np.ndarray, inwards: np.ndarray
) -> tuple[str, dict[str, np.ndarray]]:
    """Side, and places on the plateau and its rim, which lies around `top` and across `up`."""
    rim = samples.where(np.abs((samples.points - top) @ up) < thick)
    side, lateral, posterior = _rim_axes(rim, top, up, inwards)
    edges = [_wall(rim, way * lateral) for way in (-1, 1)]
    half, middle = (edges[1] - edges[0]) @ lateral / 2, (edges[0] + edges[1]) / 2
    beside = (rim.points - middle) @ lateral / half
    sides = rim.where(beside < -0.2), rim.where(beside > 0.2)
    ends = [(_wall(each, -posterior), _wall(each, posterior)) for each in sides]
    deep = [(back - front) @ posterior / 2 for front, back in ends]
    centers = [(front + back) @ posterior / 2 for front, back in ends]
    common = (centers[0] + centers[1]) / 2  # so that the slope has no part in the joint line
    places = {"medial_edge": edges[0], "lateral_edge": edges[1], "medial_front": ends[0][0]}
    for number, (name, way) in enumerate((("medial", -1), ("lateral", 1))):
        at = middle + way * _AT * half * lateral
        at = at + (common - at @ posterior) * posterior
        reaches = _WIDE * half, _DEEP * deep[number]
        height, _, fall = _plane(upper, at, centers[number] - common, reaches, up, lateral, posterior)
        places[f"{name}_posterior"] = ends[number][1]
        places[f"{name}_plateau"] = at + height * up
        if name == "medial":
            for end, far in (("front", -_HALVES * reaches[1]), ("back", _HALVES * reaches[1])):
                places[f"medial_plateau_{end}"] = at + far * posterior + (height + far * fall) * up
    return side, places


def _rim_axes(rim: Samples, top: np.ndarray, up: np.ndarray, inwards: np.ndarray) -> tuple[str, np.ndarray, np.ndarray]:
    """Side, lateral along the back of the plateau's rim, and posterior.

    The plateau is wider than deep; the patient's back and the malleolus tell which way it lies.
    """
    off = rim.points - top
    off = off - np.outer(off @ up, up)
    wide = np.linalg.eigh((off * rim.areas[:, None]).T @ off)[1][:, -1]
    lateral = -across(wide * np.sign(wide @ inwards), up)
    side = "left" if np.cross(up, lateral)[1] > 0 else "right"
    for _ in range(8):
        posterior = backwards(up, lateral, side)
        beside = (rim.points - top) @ lateral
        ends = [farthest(rim.where(kept), posterior) for kept in (beside < 0, beside > 0)]
        lateral = across(ends[1] - ends[0], up)
    return side, lateral, backwards(up, lateral, side)


def _facing_up(points: np.ndarray, faces: np.ndarray, axis: np.ndarray) -> Samples:
    """What of the upper end faces upwards."""
    upper = faces[(from_top(points, points, axis) < 1.5 * _PLATEAU[1])[faces].all(axis=1)]
    a, b, c = (points[upper[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    return spread(points, upper[normals @ axis > 0.3 * np.linalg.norm(normals, axis=1)])


def _plane(
    upper: Samples,
    at: np.ndarray,
    behind: float,
    reaches: tuple[float, float],
    up: np.ndarray,
    lateral: np.ndarray,
    posterior: np.ndarray,
) -> np.ndarray:
    """Height over a place and slopes outwards and backwards, (3,), of the plane of least squares about it.

    It is fitted to an ellipse whose middle lies `behind` the place; what is far off the plane loses its weight
    (Tukey's).
    """
    off = upper.points - at
    out, back, height = off @ lateral, off @ posterior, off @ up
    share = upper.areas * ramp(np.hypot(out / reaches[0], (back - behind) / reaches[1]), 1.15, 0.85)
    if np.count_nonzero(share) < 10:
        raise SurfaceError("no plateau found at the surface's upper end: is it a whole tibia with its knee up?")
    terms, weights = np.column_stack([np.ones(len(out)), out, back]), share
    for _ in range(8):
        slopes = np.linalg.lstsq(terms * np.sqrt(weights)[:, None], height * np.sqrt(weights), rcond=None)[0]
        weights = share * np.clip(1 - ((height - terms @ slopes) / _LOOSE_MM) ** 2, 0, 1) ** 2
    return slopes
