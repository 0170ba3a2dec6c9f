"""All measures of a femur, and where they are taken: see `definitions`."""

from __future__ import annotations

import numpy as np

from ..errors import SurfaceError
from ..surface.samples import outermost, spread
from ..surface.section import gaps
from .femur import LENGTHS_MM, SHAFT_FRACTIONS, FemurAnatomy, measure_femur
from .long_bone import checked
from .measure import BoneMeasure, Places, angle_between, length, reach, sphere
from .vectors import across, angle, backwards, from_top, line, nearest_on, unit

SHAFT = tuple(f"shaft_{100 * share:.0f}" for share in SHAFT_FRACTIONS)
_DISTAL, _CONDYLES = 0.85, 0.9  # of the length from the top: below, nothing of the shaft lies before the condyles
# Where the notch is looked through, in radii of the condyles behind and above the knee's center.
_NOTCH_BACK, _NOTCH_UP = np.linspace(0.25, 0.5, 4), np.linspace(-0.25, 0.25, 5)


def femur_measures(points: np.ndarray, faces: np.ndarray, side: str | None = None) -> dict[str, BoneMeasure]:
    """Measure a whole femur that stands roughly upright.

    Parameters
    ----------
    points : (n, 3) array
        In the patient's LPS frame (mm).
    faces : (m, 3) int array
        Triangles of a closed surface.
    side : {"left", "right"}, optional
        Found from the surface if not given.

    Returns
    -------
    dict of str to BoneMeasure
        By the names of `definitions.DEFINITIONS["femur"]`.

    Raises
    ------
    SurfaceError
        If it is no whole femur: see `measure_femur`.
    """
    return femur_measures_at(femur_places(points, faces, side))


def femur_places(points: np.ndarray, faces: np.ndarray, side: str | None = None) -> Places:
    """Where a femur is measured; see `femur_measures` for parameters and errors.

    Returns
    -------
    Places
        Spheres head, medial_condyle and lateral_condyle; middles of the neck, of the upper shaft (its ends) and of
        the shaft at `SHAFT`; on the surface what lies farthest behind, below, in front and beside each condyle, both
        walls of the notch, and lowest, the most distal point.
    """
    points, faces = checked(points, faces, side, "femur", LENGTHS_MM)
    found = measure_femur(points, faces, side)
    up, lateral, posterior = _axes(found.head_center, found.landmarks["knee_center"], found.posterior_line, found.side)
    lower = faces[(from_top(points, points, found.shaft_axis) > _DISTAL - 0.02)[faces].all(axis=1)]
    distal = spread(points, lower)
    share = from_top(distal.points, points, found.shaft_axis)
    distal, condyles = distal.where(share > _DISTAL), distal.where(share > _CONDYLES)
    notch = _notch(points, lower, found, up, lateral, posterior)
    places = {
        "head": found.head_center,
        "neck": found.neck_center,
        "upper_shaft_top": found.shaft_line[0],
        "upper_shaft_bottom": found.shaft_line[1],
        **dict(zip(SHAFT, found.shaft_centers, strict=True)),
        "lowest": outermost(distal, -up),
        "notch_medial": notch[0],
        "notch_lateral": notch[1],
    }
    beside = (condyles.points - found.landmarks["knee_center"]) @ lateral
    for number, (name, sign) in enumerate((("medial", -1), ("lateral", 1))):
        condyle = condyles.where(sign * beside > 0)
        places |= {
            f"{name}_condyle": found.landmarks[f"{name}_condyle"],
            f"{name}_posterior": found.posterior_line[number] + posterior,  # its end is meant 1 mm below the tip
            f"{name}_anterior": outermost(condyle, -posterior),
            f"{name}_distal": outermost(condyle, -up),
            f"{name}_epicondyle": outermost(distal, sign * lateral),
        }
    radii = {"head": found.head_radius}
    radii |= dict(zip(("medial_condyle", "lateral_condyle"), map(float, found.condyle_radii), strict=True))
    shaft = dict.fromkeys((*SHAFT, "upper_shaft_top", "upper_shaft_bottom"), found.shaft_axis)
    return Places(found.side, places, radii, shaft | {"neck": found.neck_axis})


def femur_measures_at(places: Places) -> dict[str, BoneMeasure]:
    """All measures of a femur, from where they are taken."""
    at, radii = places.points, places.radii
    head, neck, knee = at["head"], at["neck"], knee_center(places)
    up, lateral, posterior = femur_axes(places)
    upper_shaft, behind = (
        (at["upper_shaft_bottom"], at["upper_shaft_top"]),
        (at["medial_posterior"], at["lateral_posterior"]),
    )
    shaft = np.array([at[name] for name in SHAFT])
    neck_axis, upper_axis = unit(head - neck), unit(upper_shaft[1] - upper_shaft[0])
    base = nearest_on(head, neck_axis, upper_shaft[0], upper_axis)
    beside = upper_shaft[0] + (head - upper_shaft[0]) @ upper_axis * upper_axis
    middle, shaft_axis = line(shaft, up)
    mechanical, joint = (knee, head), (at["medial_distal"], at["lateral_distal"])
    found = {
        "length_mm": reach(at["lowest"], head + radii["head"] * up, up),
        "head_diameter_mm": sphere(head, radii["head"], 2 * radii["head"]),
        "neck_shaft_angle_deg": angle_between(
            angle(neck_axis, -upper_axis), neck_axis=(base, head), proximal_shaft_axis=upper_shaft
        ),
        "neck_length_mm": length(base, head),
        "femoral_offset_mm": length(beside, head),
        "anteversion_deg": angle_between(
            np.degrees(np.arctan2(-neck_axis @ posterior, -neck_axis @ lateral)),
            neck_axis=(base, head),
            posterior_condylar_line=behind,
        ),
        "bow_height_mm": _bow(shaft, posterior),
        "mldfa_deg": angle_between(
            angle(up, across(joint[1] - joint[0], posterior)), mechanical_axis=mechanical, joint_line=joint
        ),
        "mechanical_anatomical_angle_deg": angle_between(
            np.degrees(np.arctan2(shaft_axis @ lateral, shaft_axis @ up)),
            mechanical_axis=mechanical,
            anatomical_axis=tuple(middle + (end - middle) @ shaft_axis * shaft_axis for end in (shaft[-1], shaft[0])),
        ),
        "bicondylar_width_mm": reach(at["medial_epicondyle"], at["lateral_epicondyle"], lateral),
        "notch_width_mm": reach(at["notch_medial"], at["notch_lateral"], lateral),
    }
    for name in ("medial", "lateral"):
        found[f"{name}_condyle_depth_mm"] = reach(at[f"{name}_anterior"], at[f"{name}_posterior"], posterior)
        radius = radii[f"{name}_condyle"]
        found[f"{name}_condyle_radius_mm"] = sphere(at[f"{name}_condyle"], radius, radius)
    return found


def knee_center(femur: Places) -> np.ndarray:
    """Midway (3,) between the centers of a femur's posterior condyles."""
    return (femur.points["medial_condyle"] + femur.points["lateral_condyle"]) / 2


def femur_axes(femur: Places) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors up along the mechanical axis, to the outer side along the posterior condylar line, and back."""
    ends = np.array([femur.points["medial_posterior"], femur.points["lateral_posterior"]])
    return _axes(femur.points["head"], knee_center(femur), ends, femur.side)


def _axes(
    head: np.ndarray, knee: np.ndarray, behind: np.ndarray, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    up = unit(head - knee)
    lateral = across(behind[1] - behind[0], up)
    return up, lateral, backwards(up, lateral, side)


def _bow(shaft: np.ndarray, posterior: np.ndarray) -> BoneMeasure:
    """Height of the parabola of least squares through the shaft's middles, seen from the side, over its chord."""
    middle, axis = (shaft[0] + shaft[-1]) / 2, unit(shaft[0] - shaft[-1])
    front = -across(posterior, axis)
    half = np.linalg.norm(shaft[0] - shaft[-1]) / 2
    place = (shaft - middle) @ axis / half
    curve = np.polynomial.Polynomial.fit(place, (shaft - middle) @ front, 2, domain=(-1, 1))
    height = curve(0.0) - (curve(-1.0) + curve(1.0)) / 2
    drawn = {"distance": np.array([middle, middle + height * front]), "chord": shaft[[-1, 0]]}
    return BoneMeasure(float(height), "mm", lines=drawn)


def _notch(
    points: np.ndarray,
    lower: np.ndarray,
    found: FemurAnatomy,
    up: np.ndarray,
    lateral: np.ndarray,
    posterior: np.ndarray,
) -> np.ndarray:
    """Where the notch begins and ends (2, 3) along the line through its middle, as wide as it is in the mean."""
    radius = found.condyle_radii.mean()
    knee = found.landmarks["knee_center"]
    places = np.array([knee + radius * (back * posterior + high * up) for back in _NOTCH_BACK for high in _NOTCH_UP])
    walls = gaps(points, lower, places, lateral)
    walls = walls[np.isfinite(walls).all(axis=1)]
    if not len(walls):
        raise SurfaceError("no notch found between the condyles: is it a whole femur?")
    middle = places.mean(axis=0)
    return middle + walls.mean(axis=0)[:, None] * lateral
