"""A whole femur measured: its head, neck, shaft and condyles, from its surface alone.

Planes cut the surface and areas weigh its points, so that the numbers belong to the shape and not to the
triangles that draw it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import SurfaceError
from ..surface.samples import Samples, farthest, fit_sphere, outermost, spread
from ..surface.section import sections
from .long_bone import checked, long_axis, section_centers
from .vectors import across, backwards, from_top, line, ramp, unit

SHAFT_FRACTIONS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the length, from the top
LENGTHS_MM = (250.0, 650.0)
_PROXIMAL = np.linspace(0.22, 0.42, 11)  # below the lesser trochanter, above most of the shaft's bow
_HEAD_MM = (14.0, 36.0)
_CONDYLE_MM = (9.0, 40.0)


@dataclass(frozen=True)
class FemurAnatomy:
    """Measures of a femur in the patient's LPS frame (mm, degrees).

    Attributes
    ----------
    side : str
        "left" or "right".
    head_center, head_radius : (3,) array, float
        Sphere fitted to the head.
    neck_center : (3,) array
        Centroid of the neck about its narrowest section.
    neck_axis : (3,) array
        Unit vector from the neck to the head's centre.
    shaft_axis : (3,) array
        Unit vector upwards along the proximal shaft.
    shaft_line : (2, 3) array
        Upper and lower end of the proximal shaft's axis.
    shaft_centers : (7, 3) array
        Centres of the shaft's sections at `SHAFT_FRACTIONS` of the length, from the top.
    condyle_radii : (2,) array
        Of the spheres fitted to the medial and the lateral posterior condyle.
    posterior_line : (2, 3) array
        Medial and lateral end of the posterior condylar line.
    neck_shaft_angle_deg : float
        Between the neck's axis and the proximal shaft's, in space.
    anteversion_deg : float
        Of the neck's axis against the posterior condylar line, seen along the mechanical axis; a head that
        lies in front is positive.
    length_mm : float
        From the head's top to the most distal point, along the mechanical axis (head centre to knee centre).
    bicondylar_width_mm : float
        Width of the distal end along the posterior condylar line.
    landmarks : dict of str to (3,) array
        head_center, trochanter_tip, lesser_trochanter, medial_condyle and lateral_condyle (centres of
        spheres fitted to the posterior condyles), knee_center (midway between those), shaft_proximal,
        shaft_middle and shaft_distal (centres of sections at 30, 50 and 70 % of the length from the top).
    """

    side: str
    head_center: np.ndarray
    head_radius: float
    neck_center: np.ndarray
    neck_axis: np.ndarray
    shaft_axis: np.ndarray
    shaft_line: np.ndarray
    shaft_centers: np.ndarray
    condyle_radii: np.ndarray
    posterior_line: np.ndarray
    neck_shaft_angle_deg: float
    anteversion_deg: float
    length_mm: float
    bicondylar_width_mm: float
    landmarks: dict[str, np.ndarray]


def measure_femur(points: np.ndarray, faces: np.ndarray, side: str | None = None) -> FemurAnatomy:
    """Measure a whole femur that stands roughly upright.

    Parameters
    ----------
    points : (n, 3) array
        In the patient's LPS frame: x to the left, y to the back, z up (mm).
    faces : (m, 3) int array
        Triangles of a closed surface.
    side : {"left", "right"}, optional
        Found from the surface if not given: the head points to the middle of the body.

    Returns
    -------
    FemurAnatomy

    Raises
    ------
    SurfaceError
        If the surface is empty, open, too small or too large for a femur in mm, not upright, not of the
        side given, or if a head, neck or condyles cannot be found on it.

    Notes
    -----
    The neck's axis joins the head's centre to the centroid of the neck's narrowest sections across that
    axis, found in turns, after Bonneau et al.; anteversion is the angle of Murphy et al., with the
    posterior condylar line as the knee's axis; posterior condyles are spheres after Kurosawa et al.

    References
    ----------
    N. Bonneau et al., "A three-dimensional axis for the study of femoral neck orientation", Journal of
    Anatomy 221, 2012.
    S. B. Murphy et al., "Femoral anteversion", The Journal of Bone and Joint Surgery 69-A, 1987.
    H. Kurosawa et al., "Geometry and motion of the knee for implant and orthotic design", Journal of
    Biomechanics 18, 1985.
    """
    points, faces = checked(points, faces, side, "femur", LENGTHS_MM)
    samples = spread(points, faces)
    shaft_axis = long_axis(points, faces, samples, "femur", LENGTHS_MM)
    shaft_centers = section_centers(points, faces, shaft_axis, SHAFT_FRACTIONS)
    proximal = section_centers(points, faces, shaft_axis, _PROXIMAL)
    proximal_center, proximal_axis = line(proximal, shaft_axis)

    top = samples.where(from_top(samples.points, points, shaft_axis) < 0.3)
    near = faces[(from_top(points, points, shaft_axis) < 0.4)[faces].all(axis=1)]
    head, radius, neck, neck_axis = _head_and_neck(top, points, near, proximal_center, proximal_axis)

    medial = across(head - proximal_center, proximal_axis)
    found = "left" if medial[0] < 0 else "right"
    if side is not None and side != found:
        raise SurfaceError(
            f"side is {side}, but the head points to the patient's {'right' if found == 'left' else 'left'}, as in "
            f"a {found} femur: the surface is of the other side, mirrored, or not in the LPS frame."
        )
    distal = samples.where(from_top(samples.points, points, shaft_axis) > 0.85)
    condyles, condyle_radii = _condyles(distal, head, medial, found)
    up = unit(head - condyles.mean(axis=0))
    lateral, posterior, ends = _knee_axes(distal, up, -medial, condyles.mean(axis=0), found)
    reach = (distal.points - shaft_centers[-1]) @ across(posterior, shaft_axis)
    if reach.max() < -reach.min():
        raise SurfaceError("no condyles behind the shaft: the surface is mirrored or not in the LPS frame.")

    neck_across = across(neck_axis, up)
    anteversion = np.arctan2(-neck_across @ posterior, -neck_across @ lateral)
    ends_across = [outermost(distal, way * lateral) @ lateral for way in (-1, 1)]
    shaft = dict(zip(SHAFT_FRACTIONS, shaft_centers, strict=True))
    tip = _trochanter_tip(top, neck, neck_axis, proximal_center, proximal_axis)
    return FemurAnatomy(
        side=found,
        head_center=head,
        head_radius=radius,
        neck_center=neck,
        neck_axis=neck_axis,
        shaft_axis=proximal_axis,
        shaft_line=proximal_center + np.outer((proximal[[0, -1]] - proximal_center) @ proximal_axis, proximal_axis),
        shaft_centers=shaft_centers,
        condyle_radii=condyle_radii,
        posterior_line=ends,
        neck_shaft_angle_deg=float(np.degrees(np.arccos(np.clip(-neck_axis @ proximal_axis, -1, 1)))),
        anteversion_deg=float(np.degrees(anteversion)),
        length_mm=float((head - outermost(distal, -up)) @ up + radius),
        bicondylar_width_mm=float(np.ptp(ends_across)),
        landmarks={
            "head_center": head,
            "trochanter_tip": tip,
            "lesser_trochanter": _lesser_trochanter(samples, neck, proximal_center, proximal_axis, lateral, posterior),
            "medial_condyle": condyles[0],
            "lateral_condyle": condyles[1],
            "knee_center": condyles.mean(axis=0),
            "shaft_proximal": shaft[0.3],
            "shaft_middle": shaft[0.5],
            "shaft_distal": shaft[0.7],
        },
    )


def _head_and_neck(
    top: Samples, points: np.ndarray, near: np.ndarray, center: np.ndarray, axis: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Head's centre and radius, neck's centre, and the direction from neck to head.

    The part of the proximal end that is farthest from the shaft's axis is on the head.
    """
    away = top.points - center
    medial = across(away[np.argmax(np.linalg.norm(np.cross(away, axis), axis=1))], axis)
    outward = unit(medial + axis)
    head, radius = top.points[np.argmax(top.points @ outward)] - 23 * outward, 23.0
    for _ in range(3):
        head, radius = fit_sphere(top, head, radius, lambda d, out=outward: ramp(d @ out, -0.5, -0.2))
        if not (_HEAD_MM[0] < radius < _HEAD_MM[1] and np.linalg.norm(np.cross(head - center, axis)) > 15):
            raise SurfaceError("no head found at the surface's upper end: is it a whole femur with its head up?")
        neck, outward = _neck(points, near, head, radius, outward)
    return head, radius, neck, outward


def _neck(
    points: np.ndarray, faces: np.ndarray, head: np.ndarray, radius: float, outward: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Centre of the neck's narrowest sections, and the direction from there to the head's centre."""
    for _ in range(8):
        areas, centers = [], []
        depths = np.linspace(0.6, 2.0, 22) * radius
        for depth, cut in zip(depths, sections(points, faces, head @ outward - depths, outward), strict=True):
            if not len(cut.areas):
                continue
            on_axis = head - depth * outward
            nearest = np.argmin(np.linalg.norm(cut.centroids - on_axis, axis=1) + 1e3 * (cut.areas <= 0))
            areas.append(cut.areas[nearest])
            centers.append(cut.centroids[nearest])
        if len(areas) < 15 or not 1 < np.argmin(areas) < len(areas) - 2:
            raise SurfaceError("no neck found below the head: is it a whole femur with its head up?")
        weights = np.exp(-10 * (np.array(areas) / min(areas) - 1))  # a mean moves less than the one narrowest
        neck = np.average(centers, axis=0, weights=weights)
        before, outward = outward, unit(head - neck)
        if before @ outward > 1 - 1e-7:
            break
    return neck, outward


def _knee_axes(
    distal: Samples, up: np.ndarray, lateral: np.ndarray, middle: np.ndarray, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lateral along the posterior condylar line, posterior, and that line's medial and lateral ends (2, 3)."""
    lateral = across(lateral, up)
    for _ in range(8):
        before = lateral
        posterior = backwards(up, lateral, side)
        beside = (distal.points - middle) @ lateral
        ends = np.array([farthest(distal.where(kept), posterior) for kept in (beside < 0, beside > 0)])
        lateral = across(ends[1] - ends[0], up)
        if before @ lateral > 1 - 1e-10:
            break
    return lateral, posterior, ends


def _condyles(distal: Samples, head: np.ndarray, medial: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Centres (2, 3) and radii (2,) of spheres fitted to the medial and the lateral posterior condyle."""
    middle = np.average(distal.points, axis=0, weights=distal.areas)
    centers = np.array([middle, middle])
    lateral = -medial
    for _ in range(3):
        up = unit(head - middle)
        lateral, posterior, ends = _knee_axes(distal, up, lateral, middle, side)

        def part(direction: np.ndarray, up=up, posterior=posterior, lateral=lateral) -> np.ndarray:
            behind, height, beside = direction @ posterior, direction @ up, np.abs(direction @ lateral)
            return ramp(behind, 0.2, 0.5) * ramp(height, 0.7, 0.5) * ramp(beside, 0.7, 0.5)

        fits = [fit_sphere(distal, end - 20 * posterior, 20.0, part) for end in ends]
        if not all(_CONDYLE_MM[0] < radius < _CONDYLE_MM[1] for _, radius in fits):
            raise SurfaceError("no condyles found at the surface's lower end: is it a whole femur?")
        centers = np.array([center for center, _ in fits])
        middle = centers.mean(axis=0)
    return centers, np.array([radius for _, radius in fits])


def _trochanter_tip(
    top: Samples, neck: np.ndarray, neck_axis: np.ndarray, center: np.ndarray, axis: np.ndarray
) -> np.ndarray:
    """Highest point of the greater trochanter: of what lies beyond the neck's base."""
    outwards = across(neck_axis, axis)
    base = (neck @ outwards + center @ outwards) / 2
    return farthest(top.where(top.points @ outwards < base), axis)


def _lesser_trochanter(
    samples: Samples, neck: np.ndarray, center: np.ndarray, axis: np.ndarray, lateral: np.ndarray, posterior: np.ndarray
) -> np.ndarray:
    """Point that juts out most, behind and medially, from the shaft below the neck."""
    out = unit(across(posterior, axis) - across(lateral, axis))
    below = (neck - samples.points) @ axis
    kept = samples.where((below > 15) & (below < 80))
    return farthest(kept, out)
