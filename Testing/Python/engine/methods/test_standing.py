"""How the views of a case stand: calibrated cameras are believed, C-arms tell angles, otherwise names and angles do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from scipy.spatial.transform import Rotation

from XRayTo3DLib import (
    Case,
    Finding,
    Making,
    Marking,
    ReconstructionError,
    Settings,
    View,
    radiograph_from_array,
    reconstruct,
    segment,
    segmentation,
)
from XRayTo3DLib.case import segment_near, segment_others
from XRayTo3DLib.geometry.calibrated import camera_from_projection
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.stand import positioned
from XRayTo3DLib.methods import FoundBone
from XRayTo3DLib.methods.arranged import views_of
from XRayTo3DLib.methods.standing import angles, cameras_of, untold
from XRayTo3DLib.shape import built_in, shadow
from XRayTo3DLib.surface import arrays

SHAPE, PIXEL, SID, SOD = (700, 560), 0.8, 1150.0, 1000.0
WORLD = np.eye(4)
WORLD[:3, :3] = Rotation.from_euler("zyx", (70, -40, 110), degrees=True).as_matrix()
WORLD[:3, 3] = [500, -200, 90]


def true_bone():
    """Points of a left femur that leans out of the first picture's plane by 35 degrees, about the origin."""
    model = built_in()
    weights = 0.7 * np.random.default_rng(8).standard_normal(20)
    lean = Rotation.from_euler("xy", (35, 10), degrees=True).as_matrix()
    return (model.surface(weights) - model.mean.mean(axis=0)) @ lean.T


def camera(turn_deg, principal_point=None):
    columns, rows = view_directions("oblique", "left", turn_deg)
    return place(columns, rows, np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, SOD, principal_point)


def picture(mask, **known):
    flesh = 0.35 + 0.02 * np.random.default_rng(0).standard_normal(SHAPE)
    return replace(radiograph_from_array(flesh + 0.4 * mask, bone="bright"), **known)


@pytest.fixture(scope="module")
def calibrated():
    """A bone seen by two cameras beside whose middles their principal points lie, calibrated in another world."""
    seen_by = [camera(0, (200.0, 400.0)), camera(60, (330.0, 310.0))]
    views = []
    for each in seen_by:
        mask = shadow(each, true_bone(), built_in().faces)
        told = camera_from_projection(each.projection @ np.linalg.inv(WORLD), SHAPE)
        views.append(View(picture(mask), Marking(mask=mask), told))
    finding = Finding(segmentation="clusters")
    made = reconstruct(Case(views, "left"), Settings.of(finding, Making(method="shape", extent="whole")))
    return seen_by, made


def test_calibrated_views_are_believed_and_find_the_bone_where_it_is(calibrated):
    (first, _), made = calibrated
    fit = made.shape.fit
    assert fit.residual_mm < 0.3 and made.shape.further_views == (pytest.approx((0, 0), abs=1e-6),)
    seen = fit.views[0].camera
    pixel, distance = seen.project(fit.points)
    true_pixel, true_distance = first.project(true_bone())
    assert np.abs(distance - true_distance).mean() < 3.0  # correspondence along the shaft is no better
    assert np.abs((pixel - true_pixel) * PIXEL / first.magnification).mean() < 2.0
    assert np.abs(distance.mean() - true_distance.mean()) < 1.0
    assert made.warnings == ()


@pytest.mark.parametrize("way", ["seen", "sought"])
def test_calibrated_views_are_not_moved_for_a_bone_beside_the_main_one(calibrated, monkeypatch, way):
    """Which is fitted in those of the case's views in which it was found."""
    made = calibrated[1]
    main = [replace(found, bone=replace(found.bone, first=object())) for found in made.seen]
    beside = [replace(found.bone, name="tibia", mask=~found.bone.mask) for found in made.seen]
    monkeypatch.setattr(segmentation, "find_bones", lambda *_: (beside.pop(0),))
    monkeypatch.setattr(segmentation, "find_bone_near", lambda *_: beside.pop(0))
    finding = made.settings.finding
    seen = tuple(
        segment_others(found.view, finding, found)[0]
        if way == "seen"
        else segment_near(found.view, finding, found, "tibia", ((0, 0), (9, 9)))
        for found in main
    )
    for found, said in zip(seen, made.case.views, strict=True):
        assert found.view.camera is said.camera and found.view.radiograph is said.radiograph
        assert found.view.marking.is_empty
    bone = FoundBone(made.case, seen, None, (made.shape,))
    assert not any(view.loose for view in views_of(bone, [view.camera for view in made.case.views], "tibia"))


def test_an_angle_beside_cameras_is_refused(calibrated):
    case = replace(calibrated[1].case, view_angle=90)
    assert "leave the angle out" in untold(case)


def test_pixel_sizes_are_those_at_the_bone_and_the_surface_lies_on_the_picture(calibrated):
    """In the engine's frame of the first picture: points of the surface lie over the mask."""
    _, made = calibrated
    assert made.radiograph.pixel_size_at_bone_mm == pytest.approx((PIXEL * SOD / SID,) * 2, rel=0.05)
    points = np.asarray(arrays(made.surface.polydata)[0])
    seen = made.case.views[0].camera
    away = seen.sod_mm - points[:, 2]
    middle = seen.middle * seen.pixel_size_mm
    columns, rows = np.rint(((points[:, :2] - middle) * (seen.sod_mm / away)[:, None] + middle) / seen.pixel_size_mm).T
    grown = binary_dilation(made.mask, iterations=2)  # by what the fit is off at the rim
    assert grown[rows.astype(int), columns.astype(int)].mean() > 0.99


@pytest.fixture(scope="module")
def found():
    """Three views of a bone with drawn masks; where they stand is not told."""
    masks = [shadow(camera(turn), true_bone(), built_in().faces) for turn in (0, 60, -45)]
    scale = {
        "pixel_size_mm": (PIXEL, PIXEL),
        "pixel_size_source": "the test",
        "magnification": SID / SOD,
        "sod_mm": SOD,
    }
    return [segment(picture(mask, **scale), Settings(mask=mask, segmentation="clusters")) for mask in masks]


def bone_of(found, view_angle=None):
    return FoundBone(Case([each.view for each in found], "left", view_angle), tuple(found), None)


def turns(bone, side="left"):
    """Of each arrangement, angles of all views' sources about the patient (degrees, from the front to his right)."""
    sources = [[each.source_lps for each in cameras] for cameras in cameras_of(bone, side, None)]
    return {tuple(round(float(np.degrees(np.arctan2(-x, -y)))) % 360 for x, y, _ in each) for each in sources}


def test_signs_of_several_angles_say_which_views_lie_on_the_same_side(found):
    """From the front or from behind, and to either side: but two on the same side stay there."""
    front = turns(bone_of(found, (60, -45)))
    assert {each for each in front if each[0] == 0} == {(0, 60, 315), (0, 300, 45)}
    same = turns(bone_of(found, (60, 45)))
    assert {each for each in same if each[0] == 0} == {(0, 60, 45), (0, 300, 315)}


@pytest.mark.parametrize(
    ("angle", "words"),
    [
        (None, "How 3 views stand to each other is not known"),
        (60, "1 angles for 2 further views"),
        ((60, 45, 30), "3 angles for 2 further views"),
    ],
)
def test_of_several_views_each_angle_must_be_told(found, angle, words):
    assert words in untold(bone_of(found, angle).case)


def test_angles_between_views_that_are_nearly_the_same(found):
    with pytest.raises(ReconstructionError, match="between 20 and 160 degrees, not -10"):
        angles(bone_of(found, (60, -10)))


def as_told(found, *positions):
    """Segmentations whose files tell the positions of a C-arm."""
    return [
        replace(each, view=replace(each.view, radiograph=replace(each.radiograph, positioner_deg=position)))
        for each, position in zip(found, positions, strict=False)
    ]


def test_a_c_arms_source_is_where_the_standard_says():
    """DICOM PS3.3, C.8.7.5.1.2: at 0 and 0 the detector is in front, +90 at the patient's left, cranial is positive."""
    for mirrored in (True, False):
        for angles_deg, source in (((0, 0), (0, 1, 0)), ((90, 0), (-1, 0, 0)), ((0, 90), (0, 0, -1))):
            made = positioned(*angles_deg, mirrored, SHAPE, (PIXEL, PIXEL), SID, SOD)
            assert made.source_lps == pytest.approx(SOD * np.array(source), abs=1e-6)
    seen = positioned(0, 0, True, SHAPE, (PIXEL, PIXEL), SID, SOD)
    left_and_up = seen.project(np.array([[0, 0, 0], [50.0, 0, 0], [0, 0, 50.0]]))[0]
    assert left_and_up[1, 0] > left_and_up[0, 0] and left_and_up[2, 1] < left_and_up[0, 1]


def test_positioner_angles_tell_how_views_stand_to_each_other(found):
    """The detector goes 60 degrees to the patient's left, so a source in front of him goes to his left too."""
    told = bone_of(as_told(found, (10.0, 0.0), (70.0, 0.0), (-35.0, 0.0)))
    assert {each for each in turns(told) if each[0] == 0} == {(0, 300, 45)} and untold(told.case) == ""
    given = bone_of(as_told(found[:2], (10.0, 0.0), (70.0, 0.0)), view_angle=90)
    assert {each for each in turns(given) if each[0] == 0} == {(0, 90), (0, 270)}  # who gives an angle knows better


def test_a_cranial_tilt_is_heeded(found):
    told = bone_of(as_told(found[:2], (0.0, 0.0), (0.0, 40.0)))
    for first, second in cameras_of(told, "left", None):
        between = np.degrees(np.arccos(first.from_lps[2, :3] @ second.from_lps[2, :3]))
        assert between == pytest.approx(40) and abs(second.source_lps[2]) == pytest.approx(SOD * np.sin(np.radians(40)))


def test_positioners_that_tell_nothing_or_nearly_the_same(found):
    assert turns(bone_of(as_told(found[:2], (0.0, 0.0), (0.0, 0.0)))) == turns(bone_of(found[:2]))
    with pytest.raises(ReconstructionError, match="views are 10 degrees apart"):
        turns(bone_of(as_told(found[:2], (0.0, 0.0), (10.0, 0.0))))
