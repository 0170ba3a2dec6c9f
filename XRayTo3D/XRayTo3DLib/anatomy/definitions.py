"""What each measure means, who defined it, and what is usual: the one table that docs and panel show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """What a measure means.

    Attributes
    ----------
    title : str
        As orthopaedists call it.
    meaning : str
        How it is measured here.
    source : str
        Who defined it: author, journal, year.
    usual : (float, float) or None
        Mean and standard deviation in adults, in the measure's unit, as far as they are published.
    usual_source : str
        Where that was found, and in whom.
    """

    title: str
    meaning: str
    source: str
    usual: tuple[float, float] | None = None
    usual_source: str = ""


_NOBLE = "P. C. Noble et al., Clinical Orthopaedics and Related Research 235, 1988"
_HARTEL = "M. J. Hartel et al., PLoS One 11, 2016"
_MICICOI = "G. Micicoi et al., Knee Surgery, Sports Traumatology, Arthroscopy 29, 2021"
_HIRSCHMANN = "M. T. Hirschmann et al., Knee Surgery, Sports Traumatology, Arthroscopy 27, 2019"
_TERZIDIS = "I. Terzidis et al., Anatomy Research International 2012"
_STRECKER = "W. Strecker et al., The Journal of Bone and Joint Surgery 79-B, 1997"
_PALEY = "D. Paley et al., Orthopedic Clinics of North America 25, 1994"
_KUROSAWA = "H. Kurosawa et al., Journal of Biomechanics 18, 1985"
_BONNEAU = "N. Bonneau et al., Journal of Anatomy 221, 2012"
_MORELAND = "J. R. Moreland et al., The Journal of Bone and Joint Surgery 69-A, 1987"
_CARMONA = "M. Carmona et al., The Journal of Arthroplasty 34, 2019"
_HOKARI = "S. Hokari et al., Knee Surgery, Sports Traumatology, Arthroscopy 26, 2018"
_WEINBERG = "D. S. Weinberg et al., The American Journal of Sports Medicine 45, 2017"
_CHENG = "F. B. Cheng et al., The Knee 16, 2009"
_INSALL = "J. Insall and E. Salvati, Radiology 101, 1971"
_CUT = "of the plateau as cut for a prosthesis, 172 knees of Chinese people, CT, men and women together"
_DEFORMITY = "D. Paley, Principles of Deformity Correction, Springer, 2002"
_DRY = "360 dry femora, men and women together"  # by the rule for the variance of two groups

_FEMUR = {
    "length_mm": Definition(
        "Femoral length",
        "From the head's top to the most distal point of the condyles, along the mechanical axis (head's center to "
        "knee's center, midway between the centers of the posterior condyles).",
        _STRECKER,
        (463.0, 32.0),
        f"{_STRECKER}: 511 femora, CT",
    ),
    "head_diameter_mm": Definition(
        "Femoral head diameter",
        "Of the sphere fitted to the head.",
        _NOBLE,
        (44.1, 3.3),
        "F. Kanz et al., Anthropologischer Anzeiger 72, 2015: from top to bottom, up to 127 femora of Austrians born "
        "1822 to 1949, men and women together",
    ),
    "neck_shaft_angle_deg": Definition(
        "Neck-shaft angle",
        "In space, between the neck's axis (middle of its narrowest sections to the head's center) and the proximal "
        "shaft's.",
        _BONNEAU,
        (122.2, 5.7),
        f"{_HARTEL}: median of 1070 CT, deviation from the quartiles",
    ),
    "neck_length_mm": Definition(
        "Neck length",
        "From the head's center along the neck's axis to where it is nearest to the proximal shaft's axis.",
        f"{_BONNEAU} (the neck's axis)",
        (52.2, 8.3),
        f"{_CARMONA}: 628 people, CT, from the offset at the mean neck-shaft angle, 124.7°",
    ),
    "femoral_offset_mm": Definition(
        "Femoral offset",
        "From the head's center to the proximal shaft's axis, at right angles to it.",
        _NOBLE,
        (42.9, 6.8),
        f"{_CARMONA}: 628 people, CT",
    ),
    "anteversion_deg": Definition(
        "Femoral anteversion (torsion)",
        "Of the neck's axis against the posterior condylar line, seen along the mechanical axis; positive if the head "
        "lies in front.",
        "S. B. Murphy et al., The Journal of Bone and Joint Surgery 69-A, 1987",
        (14.2, 9.6),
        f"{_HARTEL}: median of 1070 CT, deviation from the quartiles",
    ),
    "bow_height_mm": Definition(
        "Height of the anterior bow",
        "Of the parabola through the middles of the shaft's sections, over its chord between 20 and 80 % of the "
        "length, seen from the side. A chord c and a height h make a radius of c² / 8h.",
        "K. A. Egol et al., Journal of Orthopaedic Trauma 18, 2004",
        (7.8, 1.8),
        "J. Maratt et al., Journal of Orthopaedic Trauma 28, 2014: from the radius of the medullary canal, 1120 ± 260 "
        "mm, of 3922 femora, CT, with a chord of 265 mm",
    ),
    "mldfa_deg": Definition(
        "Mechanical lateral distal femoral angle (mLDFA)",
        "On the outer side, between the mechanical axis and the tangent to both condyles from below, in the frontal "
        "plane along the posterior condylar line.",
        _PALEY,
        (86.6, 2.0),
        f"{_HIRSCHMANN}: 308 knees, CT",
    ),
    "mechanical_anatomical_angle_deg": Definition(
        "Mechanical-anatomical angle",
        "Between the mechanical axis and the line of least squares through the middles of the shaft's sections, in the "
        "frontal plane; positive if the shaft leans outwards.",
        _MORELAND,
        (5.7, 1.2),
        "A. H. Deakin et al., The Knee 19, 2012: 174 legs with osteoarthritic knees, X-ray",
    ),
    "bicondylar_width_mm": Definition(
        "Bicondylar (epicondylar) width",
        "Of the distal end, along the posterior condylar line.",
        _TERZIDIS,
        (83.9, 6.2),
        f"{_TERZIDIS}: {_DRY}",
    ),
    "notch_width_mm": Definition(
        "Width of the intercondylar notch",
        "Mean distance of its walls, along the posterior condylar line, about the height of the condyles' centers and "
        "a quarter to half of their radius behind these.",
        _TERZIDIS,
        (20.5, 2.2),
        f"{_TERZIDIS}: {_DRY}",
    ),
    "medial_condyle_depth_mm": Definition(
        "Depth of the medial condyle",
        "From its front to its back, at right angles to the posterior condylar line and the mechanical axis.",
        _TERZIDIS,
        (58.7, 4.1),
        f"{_TERZIDIS}: {_DRY}",
    ),
    "medial_condyle_radius_mm": Definition(
        "Radius of the medial posterior condyle",
        "Of the sphere fitted to it.",
        _KUROSAWA,
        (17.0, 1.6),
        f"{_HOKARI}: 124 knees of Japanese people, CT",
    ),
    "lateral_condyle_depth_mm": Definition(
        "Depth of the lateral condyle",
        "From its front, the trochlea's outer lip, to its back, measured as the medial one's.",
        _TERZIDIS,
        (58.4, 4.0),
        f"{_TERZIDIS}: {_DRY}",
    ),
    "lateral_condyle_radius_mm": Definition(
        "Radius of the lateral posterior condyle",
        "Of the sphere fitted to it.",
        _KUROSAWA,
        (17.1, 1.8),
        f"{_HOKARI}: 124 knees of Japanese people, CT",
    ),
}

_TIBIA = {
    "length_mm": Definition(
        "Tibial length",
        "From the middle of the plateaus to the ankle's center, on the joint's roof.",
        _STRECKER,
        (369.0, 28.0),
        f"{_STRECKER}: 513 tibiae, CT",
    ),
    "mpta_deg": Definition(
        "Mechanical medial proximal tibial angle (MPTA)",
        "On the inner side, between the mechanical axis (middle of the plateaus to the ankle's center) and the line "
        "through the middles of both plateaus, in the frontal plane along the plateau's back.",
        _PALEY,
        (85.6, 2.4),
        f"{_MICICOI}: 758 people, CT",
    ),
    "medial_slope_deg": Definition(
        "Posterior slope of the medial plateau",
        "Of the plane fitted to the plateau's middle, against the mechanical axis, seen from the side; positive if it "
        "falls backwards.",
        _WEINBERG,
        (6.9, 3.7),
        f"{_WEINBERG}: 1090 dry tibiae",
    ),
    "torsion_deg": Definition(
        "Tibial torsion",
        "From the tangent to the plateau's back to the line through the ankle's center and the middle of the inner "
        "malleolus, seen along the mechanical axis; positive if the foot turns outwards. The source takes the "
        "fibula in the place of the inner malleolus.",
        _STRECKER,
        (34.9, 8.0),
        f"{_STRECKER}: 504 tibiae, CT",
    ),
    "plateau_width_mm": Definition(
        "Width of the tibial plateau",
        "Of its rim, along the tangent to its back.",
        _CHENG,
        (73.0, 5.3),
        f"{_CHENG}: {_CUT}",
    ),
    "plateau_depth_mm": Definition(
        "Depth of the medial plateau",
        "Of its rim from front to back, at right angles to its width.",
        _CHENG,
        (50.7, 3.8),
        f"{_CHENG}: {_CUT}",
    ),
}

_LEG = {
    "hka_deg": Definition(
        "Hip-knee-ankle angle (HKA)",
        "On the inner side, between the mechanical axes of femur and tibia, in the femur's frontal plane: 180 is "
        "straight, less is varus.",
        _MORELAND,
        (179.4, 2.6),
        f"{_MICICOI}: 758 people, CT",
    ),
    "jlca_deg": Definition(
        "Joint line convergence angle (JLCA)",
        "Between the tangent to the femur's condyles and the line through the middles of the tibia's plateaus, in the "
        "femur's frontal plane; positive if the joint is wider on the outer side.",
        _PALEY,
        (1.09, 0.9),
        f"{_MICICOI}: 758 people, CT, not standing",
    ),
    "leg_length_mm": Definition(
        "Leg length",
        "From the top of the femur's head, along its mechanical axis, to the ankle's center.",
        _STRECKER,
        (832.0, 57.0),
        f"{_STRECKER}: 378 legs, CT",
    ),
    "insall_salvati_ratio": Definition(
        "Patella height (Insall-Salvati)",
        "From the patella's apex to the tuberosity's most prominent place, over the patella's longest diagonal.",
        _INSALL,
        (1.02, 0.13),
        f"{_INSALL}: X-ray",
    ),
}

_FRACTURE = {
    "angulation_deg": Definition(
        "Angulation",
        "In space, between the shaft's direction on the upper fragment and on the lower one.",
        _DEFORMITY,
    ),
    "angulation_ap_deg": Definition(
        "Angulation seen from the front",
        "The same in the bone's frontal plane; positive (valgus) if the lower fragment's far end leans outwards.",
        _DEFORMITY,
    ),
    "angulation_lateral_deg": Definition(
        "Angulation seen from the side",
        "The same in the bone's sagittal plane; positive (apex in front) if the lower fragment's far end leans "
        "backwards.",
        _DEFORMITY,
    ),
    "rotation_deg": Definition(
        "Rotation",
        "Of the lower fragment about the shaft, before it is angulated; positive if the foot turns outwards.",
        _DEFORMITY,
    ),
    "translation_mm": Definition(
        "Translation",
        "How far the middle of the break lies on the lower fragment from where it lies on the upper one, across the "
        "upper fragment's shaft.",
        _DEFORMITY,
    ),
    "translation_lateral_mm": Definition(
        "Translation outwards", "The part of it to the outer side; negative to the inner side.", _DEFORMITY
    ),
    "translation_posterior_mm": Definition(
        "Translation backwards", "The part of it to the back; negative to the front.", _DEFORMITY
    ),
    "shortening_mm": Definition(
        "Shortening",
        "How far the middle of the break lies higher on the lower fragment than on the upper one, along the upper "
        "fragment's shaft; negative if they are apart.",
        _DEFORMITY,
    ),
}

DEFINITIONS: dict[str, dict[str, Definition]] = {"femur": _FEMUR, "tibia": _TIBIA, "leg": _LEG, "fracture": _FRACTURE}
