"""Pictures of a known bone, through the pipeline by a shape model: the surface, what is said of it, and refusals."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from XRayTo3DLib import (
    Case,
    Making,
    Patient,
    ReconstructionError,
    Settings,
    View,
    radiograph_from_array,
    reconstruct,
    segment,
)
from XRayTo3DLib.anatomy import DEFINITIONS
from XRayTo3DLib.errors import NoFemurError, SurfaceError, UnmetError
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.frames import mm_to_pixel
from XRayTo3DLib.geometry.outline import BORDER, EDGE
from XRayTo3DLib.geometry.stand import Stand
from XRayTo3DLib.methods import BoneResult, FoundBone, arranged, auto, with_scale_of
from XRayTo3DLib.methods import shape as by_shape
from XRayTo3DLib.methods.extent import border_planes, seen_between
from XRayTo3DLib.methods.standing import angles
from XRayTo3DLib.methods.standing import called as called_as
from XRayTo3DLib.radiograph import ESTIMATED
from XRayTo3DLib.segmentation import FemurCheck, Fragments
from XRayTo3DLib.shape import BUILT_IN_BONES, Fit, built_in, save_shape_model, shadow
from XRayTo3DLib.shape.statistics import onto
from XRayTo3DLib.surface import OBSERVED, UNCERTAINTY, area_and_volume, arrays, is_closed

SHAPE, PIXEL, SID, SOD = (700, 420), 0.8, 1150.0, 1000.0
DRAWN = {"segmentation": "clusters"}  # masks are drawn, so the reader network, which takes long, need not look
LEFT = {"method": "shape", "side": "left", **DRAWN}
OF_MODES = ("modes", "deviations", "landmark_modes")


def true_bone():
    """Points of a left femur about the origin."""
    model = built_in()
    weights = 0.7 * np.random.default_rng(8).standard_normal(20)
    return model.surface(weights) - model.mean.mean(axis=0)


def camera(turn_deg):
    columns, rows = view_directions("oblique", "left", turn_deg)
    return place(columns, rows, np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, SOD)


def picture(mask, known=True, view=None, side=None):
    """A bright bone before flesh, which is no black border."""
    scale = {"pixel_size_mm": PIXEL, "pixel_size_source": "the test", "sid_mm": SID, "sod_mm": SOD} if known else {}
    flesh = 0.35 + 0.02 * np.random.default_rng(0).standard_normal(SHAPE)
    return replace(radiograph_from_array(flesh + 0.4 * mask, bone="bright", **scale), view=view, side=side)


@pytest.fixture(scope="module")
def masks():
    """Shadows from the front and from the left."""
    return [shadow(camera(turn), true_bone(), built_in().faces) for turn in (0, 90)]


@pytest.fixture(scope="module")
def one(masks):
    return reconstruct(picture(masks[0]), Settings(mask=masks[0], **LEFT))


@pytest.fixture(scope="module")
def two(masks):
    front, side = (picture(mask) for mask in masks)
    return reconstruct(front, Settings(mask=masks[0], **LEFT), None, side, Settings(mask=masks[1]))


@pytest.fixture(scope="module")
def unscaled(masks):
    return reconstruct(picture(masks[0], known=False), Settings(mask=masks[0], **LEFT))


@pytest.fixture(scope="module")
def found(masks):
    """Segmentations with drawn masks; a fit needs no more."""
    return [segment(picture(mask), Settings(mask=mask, **DRAWN)) for mask in masks]


def bone_of(found, side="left", view_angle=None, **patient):
    """The bone in these views, as methods want it; layers are not looked at."""
    case = Case([each.view for each in found], side, view_angle, Patient(**patient))
    return FoundBone(case, tuple(found), None)


def seen_as(found, landmarks=None, **known):
    """A segmentation in whose picture more is known, or with landmarks that somebody placed."""
    marking = replace(found.view.marking, landmarks=landmarks)
    return replace(found, view=View(replace(found.radiograph, **known), marking))


def stands(result):
    """Points of the result, in the patient."""
    points = np.asarray(arrays(result.surface.polydata)[0], float)
    to_lps = np.linalg.inv(camera(0).from_lps)
    return points @ to_lps[:3, :3].T + to_lps[:3, 3]


def test_two_views_give_the_bone(two):
    _points, faces = arrays(two.surface.polydata)
    assert two.surface.method == "shape" and two.depth is None and is_closed(faces)
    away = cKDTree(true_bone()).query(stands(two))[0]
    assert np.median(away) < 2.5  # its own points are 5 mm apart
    off = cKDTree(onto(two.shape.fit.points, true_bone())[0]).query(true_bone())[0]
    assert off.mean() < 2.5
    assert two.shape.fit.residual_mm < 0.5 and two.warnings == ()


def test_the_first_picture_decides_where_the_surface_stands(one):
    """In the engine's frame, the shadow of the surface is the mask."""
    _points, faces = arrays(one.surface.polydata)
    made = shadow(camera(0), stands(one), np.asarray(faces))
    mask = one.mask
    assert (made & mask).sum() / (made | mask).sum() > 0.97


def test_triangles_face_outwards_as_those_of_other_methods_do(one, from_mask, draw):
    """In the engine's left-handed frame."""
    from XRayTo3DLib.surface import area_and_volume

    solid = from_mask(draw.disc((60, 60), 20) > 0, triangles=2000)
    signs = [np.sign(area_and_volume(*map(np.asarray, arrays(r.surface.polydata)))[1]) for r in (one, solid)]
    assert signs[0] == signs[1]


def test_the_triangle_budget_is_kept(two):
    small = by_shape.surface_of(two.shape, 2000)
    _points, faces = arrays(small.polydata)
    assert len(faces) <= 2000 and is_closed(faces) and small.decimation_error_mm > 0
    large = by_shape.surface_of(two.shape, 200_000)
    assert len(arrays(large.polydata)[1]) == len(built_in().faces) and large.decimation_error_mm == 0


def test_points_carry_what_was_observed_and_how_sure_they_are(two):
    data = two.surface.polydata.GetPointData()
    for name in (OBSERVED, UNCERTAINTY):
        assert data.GetArray(name).GetNumberOfTuples() == len(arrays(two.surface.polydata)[0])
    low, high = data.GetArray(UNCERTAINTY).GetRange()
    assert 0.2 < low < high < 10
    assert 0.05 < two.surface.describe()["observed_fraction"] < 0.6


def test_json_holds_the_fit(two):
    told = json.loads(json.dumps(two.as_json(), allow_nan=False))["shape"]
    assert (told["model"], told["bone"], told["side"], told["side_given"]) == ("built-in", "femur", "left", True)
    assert told["views"] == 2 and told["scale_known"] and told["probable_pixel_size_mm"] is None
    assert list(told["measures"]) == list(DEFINITIONS["femur"])
    assert all(each["deviation"] > 0 for each in told["measures"].values())
    assert told["measures"]["mldfa_deg"]["title"] == DEFINITIONS["femur"]["mldfa_deg"].title
    assert told["second_view"]["turned_deg"] < 2 and told["further_views"] == [told["second_view"]]
    assert told["next_view"]["view"] == "45 degrees" and told["next_view"]["part"] == "whole"
    assert told["next_view"]["uncertainty_mm"] < told["uncertainty_mm"]["mean"]
    assert told["uncertainty_mm"]["median"] < told["uncertainty_mm"]["largest"]
    assert two.as_json()["lateral"]["settings"]["mask"] == "given"
    assert two.as_json()["views"] == [two.as_json()["lateral"]]


def test_json_of_one_view(one):
    told = one.as_json()
    assert told["lateral"] is None and "second_view" not in told["shape"]
    assert "anteversion_deg" not in told["shape"]["measures"]
    assert told["shape"]["distance_deviation_mm"] > 3


def test_outlines_are_those_of_the_picture(one):
    ((outline, *_),) = one.shape.outlines
    seen = one.segmentation.bone.outlines[0]
    assert np.median(cKDTree(outline.points).query(seen.points)[0]) < 1.0


def test_an_unknown_scale_is_guessed_and_said(unscaled):
    fitted, picture = unscaled.shape, unscaled.radiograph
    true = PIXEL * SOD / SID
    assert fitted.pixel_size_mm == pytest.approx(true, rel=2 * fitted.scale_deviation)
    assert picture.pixel_size_at_bone_mm == pytest.approx((fitted.pixel_size_mm,) * 2)
    assert (picture.pixel_size_source, picture.pixel_size_deviation) == (ESTIMATED, fitted.scale_deviation)
    assert [f"a pixel is {fitted.pixel_size_mm:.3g} mm" in each for each in picture.warnings] == [True]
    told = json.loads(json.dumps(unscaled.as_json(), allow_nan=False))
    assert told["scale"]["source"] == told["input"]["pixel_size_source"] == ESTIMATED
    assert told["scale"]["deviation_mm"] == pytest.approx(fitted.scale_deviation * fitted.pixel_size_mm, abs=1e-4)
    assert not told["shape"]["scale_known"]
    assert told["shape"]["probable_pixel_size_mm"] == pytest.approx(fitted.pixel_size_mm, abs=1e-4)


def test_a_bone_of_unknown_scale_has_its_usual_size_and_lies_over_its_picture(unscaled, one):
    """Its length is the true one, as sure as it says, and its shadow by the pixel size that is told is the mask's."""
    true = true_bone()
    points = np.asarray(arrays(unscaled.surface.polydata)[0], float)
    measured = unscaled.shape.measures["length_mm"]
    assert np.ptp(points[:, 1]) == pytest.approx(np.ptp(true[:, 2]), abs=2 * measured.deviation)
    assert measured.deviation > 2 * one.shape.measures["length_mm"].deviation
    picture = unscaled.radiograph
    columns, rows = mm_to_pixel(points[:, :2], SHAPE, picture.pixel_size_mm, picture.magnification).T
    seen = np.nonzero(unscaled.mask)
    for made, axis in ((rows, 0), (columns, 1)):
        assert (made.min(), made.max()) == pytest.approx((seen[axis].min(), seen[axis].max()), abs=4)


@pytest.mark.parametrize("fact", ["height_cm", "other_side"])
def test_what_is_known_of_the_patient_sharpens_the_scale(unscaled, masks, fact):
    """Height (by the mean of Trotter's and Gleser's equations) or the other leg: surer, and the truth within 2 sd."""
    bone, true = true_bone(), PIXEL * SOD / SID
    length = np.ptp(bone[:, 2]) / 10
    facts = {"height_cm": 2.31 * length + 61.4, "other_side": (bone * [-1, 1, 1], built_in().faces[:, ::-1])}
    raw = segment(picture(masks[0], known=False), Settings(mask=masks[0], **DRAWN))
    fitted = by_shape.fit_to(bone_of([raw], **{fact: facts[fact]}), Making())
    assert fitted.scale_deviation < {"height_cm": 0.95, "other_side": 0.7}[fact] * unscaled.shape.scale_deviation
    assert abs(np.log(fitted.pixel_size_mm / true)) < 2 * fitted.scale_deviation
    assert fitted.measures["length_mm"].deviation < unscaled.shape.measures["length_mm"].deviation


def test_another_bone_in_the_picture_shares_the_scale(unscaled, masks):
    """Fitted in a picture whose scale the first bone told, it is as large as by that scale, and as unsure."""
    raw = segment(picture(masks[0], known=False), Settings(mask=masks[0], **DRAWN))
    shared = with_scale_of(bone_of([raw]), unscaled.shape)
    for radiograph in (shared.seen[0].radiograph, shared.case.views[0].radiograph):
        assert radiograph.pixel_size_mm == pytest.approx(unscaled.radiograph.pixel_size_mm)
    again = by_shape.fit_to(shared, Making())
    assert again.pixel_size_mm is None
    length = again.measures["length_mm"]
    assert length.value == pytest.approx(unscaled.shape.measures["length_mm"].value, rel=0.01)
    assert length.deviation > length.value * unscaled.shape.scale_deviation
    assert with_scale_of(shared, again) is shared


def test_one_view_does_not_tell_the_side_and_says_so(found):
    fitted = by_shape.fit_to(bone_of(found[:1], side="auto"), Making())
    assert not fitted.side_given
    assert any(f"The side was taken to be {fitted.fit.model.side}" in warning for warning in fitted.warnings)


def test_the_side_is_the_files_where_it_tells(found):
    right = [seen_as(each, side="right") for each in found]
    assert bone_of(right, "auto").side == "right"
    assert bone_of(right, "left").side == "left"
    assert bone_of(found, "auto").side == ""
    assert bone_of([right[0], found[1]], "auto").side == "right"
    assert bone_of([right[0], seen_as(found[1], side="left")], "auto").side == ""


def views_called(found, *names, view_angle=None):
    return bone_of([seen_as(each, view=name) for each, name in zip(found, names, strict=True)], view_angle=view_angle)


@pytest.mark.parametrize(
    "names", [("AP", "AP"), ("AP", "PA"), ("lateral", "Lateral"), ("mediolateral", "lateromedial")]
)
def test_the_same_view_twice_is_refused(found, names):
    with pytest.raises(ReconstructionError, match=r"^Both pictures are .* views.*give that angle"):
        by_shape.fit_to(views_called(found, *names), Making())
    assert angles(views_called(found, *names, view_angle=60)) == [60]
    assert angles(views_called(found, "AP", "mediolateral")) == [90]


@pytest.mark.parametrize("angle", [5, 19.9, 161, 180, -90, float("nan")])
def test_views_that_are_nearly_the_same_are_refused(found, angle):
    with pytest.raises(ReconstructionError, match="between 20 and 160 degrees"):
        by_shape.fit_to(bone_of(found, view_angle=angle), Making())


def test_both_pixel_sizes_or_none(found, masks):
    unknown = segment(picture(masks[1], known=False), Settings(mask=masks[1], **DRAWN))
    for pair in ([found[0], unknown], [replace(unknown), found[1]]):
        with pytest.raises(ReconstructionError, match="give the pixel size of both"):
            by_shape.fit_to(bone_of(pair), Making())


def test_what_is_no_femur_is_refused_unless_forced(found):
    doubted = [replace(each, femur=FemurCheck(False, 0.12, ("no head", "no knee"))) for each in found]
    for some, which in (([doubted[0]], "^The picture does"), ([found[0], doubted[1]], "^The second picture does")):
        with pytest.raises(NoFemurError, match=rf"{which} not seem to show a femur \(score 0\.12\): no head; no knee"):
            by_shape.fit_to(bone_of(some), Making())
    arranged._check_bone(doubted[0], built_in(), True, "picture")
    arranged._check_bone(doubted[0], replace(built_in(), bone="tibia"), False, "picture")  # another bone's model


def test_a_model_of_another_bone_than_was_found_is_refused_unless_forced(found):
    tibia = replace(built_in(), bone="tibia")
    femur, shin, unknown = (
        replace(found[0], bone=replace(found[0].bone, name=name)) for name in ("femur", "tibia", "")
    )
    with pytest.raises(ReconstructionError, match=r"model is one of a tibia, but .* found is a femur.*in spite of it"):
        arranged._check_bone(femur, tibia, False, "picture")
    for some, model, force in ((femur, tibia, True), (shin, tibia, False), (unknown, tibia, False)):
        arranged._check_bone(some, model, force, "picture")
    arranged._check_bone(femur, replace(tibia, bone="radius"), False, "picture")  # which the network does not know


def test_a_rectangle_is_refused(draw):
    mask = np.zeros(SHAPE, bool)
    mask[50:600, 100:300] = True
    with pytest.raises(ReconstructionError, match="does not meet the bone's outline: the residual is"):
        reconstruct(picture(mask), Settings(mask=mask, **LEFT))


def test_a_mask_that_is_the_whole_picture_has_no_outline():
    mask = np.ones(SHAPE, bool)
    pixels = picture(mask & (np.arange(SHAPE[1]) > 9))
    with pytest.raises(ReconstructionError, match="outline is too short for the shape model: 0 mm"):
        reconstruct(pixels, Settings(mask=mask, **LEFT))


@pytest.mark.parametrize("method", ["relief", "solid"])
def test_methods_of_one_view_refuse_a_second(masks, method):
    with pytest.raises(ReconstructionError, match=f"method {method} uses one view"):
        reconstruct(picture(masks[0]), Settings(mask=masks[0], method=method), None, picture(masks[1]))


def test_bad_models_are_named(found, tmp_path):
    path = tmp_path / "model.npz"
    for content in (None, b"", b"PK\x03\x04 no zip"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SurfaceError, match=r"model\.npz: "):
            by_shape.fit_to(bone_of(found), Making(shape_model=path))


def test_another_model_is_used_and_named(found, tmp_path):
    """The built-in model with ten modes, called a tibia's: no measures, and no check for a femur."""
    model, path = built_in(), tmp_path / "tibia.npz"
    cut = {name: getattr(model, name)[:10] for name in OF_MODES}
    save_shape_model(replace(model, bone="tibia", side="", **cut), path)
    fitted = by_shape.fit_to(bone_of(found[:1]), Making(shape_model=path))
    told = fitted.as_json()
    assert (told["model"], told["bone"], told["side"], told["measures"]) == (str(path), "tibia", None, {})


def test_landmarks_of_network_and_user(found):
    bone = SimpleNamespace(
        landmarks={
            "head_center": SimpleNamespace(x=1.0, y=2.0, confidence=0.9),
            "knee_center": SimpleNamespace(x=3.0, y=4.0, confidence=0.2),
        }
    )
    marks = arranged._marks(bone, None)
    assert set(marks) == {"head_center"} and (marks["head_center"].column, marks["head_center"].row) == (1, 2)
    both = arranged._marks(bone, {"head_center": (5, 6), "knee_center": (7, 8)})
    assert (both["head_center"].column, both["knee_center"].row) == (5, 8)
    assert both["head_center"].deviation_mm < marks["head_center"].deviation_mm


def test_landmarks_that_are_not_finite_are_refused(found):
    placed = {"head_center": (float("nan"), 20.0), "knee_center": (210.0, 600.0)}
    marked = bone_of([seen_as(found[0], placed)])
    with pytest.raises(ReconstructionError, match="head_center"):
        by_shape.fit_to(marked, Making())


def test_unknown_landmarks_are_said(found):
    marked = bone_of([seen_as(found[0], {"hed_center": (200.0, 20.0)})])
    with pytest.raises(ReconstructionError, match="hed_center"):
        by_shape.fit_to(marked, Making())


def test_where_much_is_unmet_the_bone_may_be_broken(two):
    fit = two.shape.fit
    broken = replace(two.shape, fit=Fit(*(list(vars(fit).values())[:6]), 0.3))
    assert broken.doubtful and not two.shape.doubtful
    (said,) = replace(two.shape, length_seen=0.55).warnings
    assert said.startswith("55% of the bone's length was seen")
    assert broken.warnings[0].startswith("30% of the bone's outline is not met")


def test_auto_takes_the_shape_of_a_femur_alone(found):
    def wants(check, making=None, views=1):
        seen = [replace(found[0], femur=check), found[1]][:views]
        return auto.wants_shape(bone_of(seen), making or Making())

    femur, other = FemurCheck(True, 0.9, ()), FemurCheck(False, 0.1, ())
    assert wants(femur) and not wants(other) and not wants(None)
    tibia = [replace(found[0], bone=replace(found[0].bone, name="tibia"), femur=other)]
    assert auto.wants_shape(bone_of(tibia), Making())
    assert wants(None, views=2) and wants(other, Making(shape_model="tibia.npz"))


def test_auto_falls_back_on_solid_and_says_so(monkeypatch, masks):
    def refuse(*_):
        raise ReconstructionError("it does not fit.")

    monkeypatch.setattr(auto, "wants_shape", lambda *_: True)
    monkeypatch.setattr(by_shape, "fit_to", refuse)
    result = reconstruct(picture(masks[0]), Settings(mask=masks[0], triangles=2000))
    assert result.surface.method == "solid" and result.shape is None and result.depth is not None
    (doubt,) = result.bones[0].doubts
    assert doubt.startswith("A solid was made from the outline, since no shape model could be fitted")
    assert doubt.endswith("it does not fit.") and doubt in result.warnings
    with pytest.raises(ReconstructionError, match="it does not fit"):
        reconstruct(picture(masks[0]), Settings(mask=masks[0], method="shape"))
    with pytest.raises(ReconstructionError, match="it does not fit"):  # of two views no solid can be made
        reconstruct(Case([View(picture(mask)) for mask in masks]))


def test_auto_falls_back_on_solid_where_the_bone_may_be_broken(monkeypatch, masks, two):
    broken = replace(two.shape, fit=replace(two.shape.fit, unmet=0.3))
    monkeypatch.setattr(auto, "wants_shape", lambda *_: True)
    monkeypatch.setattr(by_shape, "fit_to", lambda *_: broken)
    result = reconstruct(picture(masks[0]), Settings(mask=masks[0], triangles=2000))
    assert result.surface.method == "solid"
    assert "since a shape model is of unbroken bones: 30%" in result.bones[0].doubts[0]


def test_auto_makes_no_solid_of_a_pelvis(monkeypatch, found):
    def refuse(*_):
        raise ReconstructionError("it does not fit.")

    monkeypatch.setattr(by_shape, "fit_to", refuse)
    pelvis = replace(found[0], bone=replace(found[0].bone, name="hip"), femur=None)
    with pytest.raises(ReconstructionError, match="it does not fit"):
        auto.make(bone_of([pelvis]), Making())


@pytest.mark.parametrize(
    ("unmet", "held", "method"),
    [(0.3, False, "network"), (0.3, True, "network"), (0.3, False, "drawn"), (0.05, False, "network")],
)
def test_a_hip_bone_that_is_doubted_needs_its_femur(monkeypatch, found, two, unmet, held, method):
    """What the network sees of a pelvis does not tell a hip bone surely; a bone that was drawn is one."""
    fit = replace(two.shape.fit, unmet=unmet, model=replace(two.shape.fit.model, bone="hip"))
    monkeypatch.setattr(by_shape.shape, "fit_shape", lambda *_, **__: fit)
    monkeypatch.setattr(by_shape.shape, "hip_alone", lambda fit, views: fit)
    monkeypatch.setattr(by_shape, "hung", lambda *_: object() if held else None)
    monkeypatch.setattr(by_shape, "eased", lambda fit, beside: fit)
    bone = bone_of([replace(found[0], bone=replace(found[0].bone, name="hip", method=method))])
    if unmet > 0.1 and not held and method == "network":
        with pytest.raises(UnmetError, match=r"30%.*no femur tells where the hip bone is: ask for the femur") as error:
            by_shape.fit_to(bone, Making(shape_model="femur"))
        assert error.value.fit is fit
    else:
        assert by_shape.fit_to(bone, Making(shape_model="femur")).fit is fit


def test_a_hip_bone_that_meets_its_outline_no_more_with_room_for_the_head_is_refused(monkeypatch, found, two):
    fit = replace(two.shape.fit, model=replace(two.shape.fit.model, bone="hip"))
    monkeypatch.setattr(by_shape.shape, "fit_shape", lambda *_, **__: fit)
    monkeypatch.setattr(by_shape.shape, "hip_alone", lambda fit, views: fit)
    monkeypatch.setattr(by_shape, "hung", lambda *_: object())
    monkeypatch.setattr(by_shape, "eased", lambda fit, beside: replace(fit, unmet=0.4))
    with pytest.raises(UnmetError, match="40% of the outline is not met"):
        by_shape.fit_to(
            bone_of([replace(found[0], bone=replace(found[0].bone, name="hip"))]), Making(shape_model="femur")
        )


def test_what_is_not_met_of_a_bone_that_looks_whole_belongs_to_something_else(found, two):
    """An osteophyte's edge does not make a solid; a break, nobody's word on it, or a shadow unlike the bone's, does."""
    none = np.zeros(SHAPE, bool)
    made = BoneResult("femur", "left", (), shape=replace(two.shape, fit=replace(two.shape.fit, unmet=0.3)))

    def whole(probability, mask=found[0].bone.mask, name="femur"):
        seen = None if probability is None else Fragments(probability, none, none, None)
        bone = replace(found[0], fragments=seen, bone=replace(found[0].bone, mask=mask, name=name))
        return auto.looks_whole(bone_of([bone]), made)

    assert whole(0.05) and not whole(0.6) and not whole(None)
    assert whole(None, name="patella") and not whole(None, name="")  # of a patella nobody knows breaks
    half = found[0].bone.mask.copy()
    half[np.flatnonzero(half.any(axis=1)).mean().astype(int) :] = False
    assert not whole(0.05, half) and not whole(None, half, "patella")


@pytest.mark.parametrize(
    ("turned", "shifted", "words"),
    [
        (9.5, 9.5, None),
        (11, 3, "turned by 11 degrees against"),
        (3, 12, "shifted by 12 mm against"),
        (20, 30, "turned by 20 degrees and shifted by 30 mm against"),
    ],
)
def test_a_second_view_far_from_where_it_was_said_is_a_warning(two, turned, shifted, words):
    shifts = two.shape.fit.state.shifts.copy()
    shifts[1] = [0, np.radians(0.6 * turned), np.radians(0.8 * turned), 0.8 * shifted, 0, 0.6 * shifted]
    off = replace(two.shape, fit=replace(two.shape.fit, state=replace(two.shape.fit.state, shifts=shifts)))
    assert off.further_views == (pytest.approx((turned, shifted)),)
    assert off.as_json()["second_view"] == {"turned_deg": pytest.approx(turned), "shifted_mm": pytest.approx(shifted)}
    assert (not off.warnings) if words is None else (len(off.warnings) == 1 and words in off.warnings[0])


def test_what_is_said_names_no_options(two, unscaled):
    doubtful = replace(
        unscaled.shape, side_given=False, length_seen=0.5, fit=replace(unscaled.shape.fit, unmet=0.2)
    ).warnings
    assert len(doubtful) == 3
    for words in doubtful:
        assert words[0] == words[0].upper() and words.endswith(".") and "--" not in words


HALF = (0, 250, SHAPE[1] - 1, SHAPE[0] - 1)


@pytest.fixture(scope="module")
def before_black(masks):
    """A picture whose black background reaches its border."""
    return replace(picture(masks[0]), pixels=np.where(masks[0], np.float32(0.7), np.float32(0)))


@pytest.fixture(scope="module")
def half(before_black, masks):
    """What is made of half a bone."""
    return reconstruct(before_black, Settings(mask=masks[0], roi=HALF, **LEFT))


def test_half_a_drawn_bone_is_fitted_where_a_box_cuts_it(half):
    result = half
    assert result.shape.fit.residual_mm < 0.6 and not result.shape.doubtful
    assert result.shape.length_seen < 0.75 and {BORDER, EDGE} == {*result.segmentation.bone.outlines[0].flags}
    assert any("of the bone's length was seen" in words for words in result.warnings)


def test_what_was_seen_of_a_half_bone_ends_flat_at_the_border(half):
    """All of the seen part lies on its side of the cut, in the place of the whole; both are closed."""
    result = half
    (bone,) = result.bones
    assert bone.extent == "seen" and bone.as_json()["extent"] == "seen"
    seen, whole = (arrays(each.polydata) for each in (bone.surface, bone.whole))
    assert is_closed(seen[1]) and is_closed(whole[1])
    assert 0.3 < area_and_volume(*seen)[1] / area_and_volume(*whole)[1] < 0.9
    low, high = seen_between(result.shape)
    assert low == 0.0 and 0.35 < high < 0.75
    ((normal, offset),) = border_planes(result.shape)
    ends = result.shape.fit.points @ normal - offset
    assert (ends < 0).mean() == pytest.approx((result.shape.fit.model.heights > high).mean(), abs=0.03)


def test_how_much_of_a_bone_to_make_can_be_said(before_black, masks):
    whole = reconstruct(before_black, Settings(mask=masks[0], roi=HALF, extent="whole", **LEFT)).bones[0]
    assert whole.extent == "whole" and whole.whole is None
    with pytest.raises(ReconstructionError, match="extent must be one of"):
        reconstruct(before_black, Settings(mask=masks[0], extent="half", **LEFT))


def test_a_view_is_called_as_somebody_or_the_file_says_and_the_network_tells_a_side_only(found):
    def called(view, told):
        return called_as(replace(seen_as(found[0], view=view), femur=FemurCheck(True, 0.9, (), view=told)))

    assert called("PA", "lateral") == "pa" and called("mediolateral", "ap") == "mediolateral"
    assert called(None, "lateral") == "lateral" == called("OBLIQUE", "lateral")
    assert called(None, "ap") == called(None, "") == ""  # from the front, or from behind


@pytest.fixture(scope="module")
def few_modes(tmp_path_factory):
    """A file of the built-in model with the modes alone of which the true bone is made: fits take half the time."""
    model, path = built_in(), tmp_path_factory.mktemp("model") / "femur.npz"
    save_shape_model(replace(model, **{name: getattr(model, name)[:20] for name in OF_MODES}), path)
    return path


@pytest.fixture(scope="module")
def from_behind(masks, few_modes):
    """A near source behind the patient, one at his side, and what is made of both by what the first is called."""
    near, settings = 600.0, LEFT | {"shape_model": few_modes}
    camera = Stand(0.0, behind=True).camera(np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, near)
    mask = shadow(camera, true_bone(), built_in().faces)

    def made(view):
        first = replace(picture(mask, view=view), magnification=SID / near, sod_mm=near)
        return reconstruct(first, Settings(mask=mask, **settings), None, picture(masks[1]), Settings(mask=masks[1]))

    return {view: made(view) for view in ("PA", "AP", None)}


def test_where_the_source_stood_matters_and_is_found(from_behind):
    def off(made):
        return cKDTree(onto(made.shape.fit.points, true_bone())[0]).query(true_bone())[0].mean()

    assert from_behind["PA"].shape.sources == from_behind[None].shape.sources == ("back", "right")
    assert from_behind["AP"].as_json()["shape"]["sources"] == ["front", "right"]
    told, wrong, tried = (off(from_behind[view]) for view in ("PA", "AP", None))
    assert told < wrong and tried == pytest.approx(told, abs=0.05)


def test_a_bone_taken_from_behind_is_not_mirrored(from_behind):
    """It stands where a user looks from, as the bone that it is: its own motion onto the truth needs no mirror."""
    made = stands(from_behind["PA"])
    off = cKDTree(true_bone()).query(onto(made, true_bone())[0])[0]
    mirrored = cKDTree(true_bone()).query(onto(made * [1, -1, 1], true_bone())[0])[0]
    assert off.mean() < mirrored.mean()


def test_what_is_measured_lies_in_the_surface(two, unscaled, from_behind):
    """Also where the scale was found, or a picture was taken from behind."""
    for result in (two, unscaled, from_behind["PA"]):
        measures = result.shape.measures_in_picture
        head, length = measures["head_diameter_mm"], measures["length_mm"]
        away = np.linalg.norm(arrays(result.surface.polydata)[0] - head.points["center"], axis=1)
        assert np.median(away[away < 0.6 * head.value]) == pytest.approx(head.value / 2, abs=1)
        assert np.linalg.norm(np.diff(length.lines["distance"], axis=0)) == pytest.approx(length.value)


def test_what_is_known_of_the_patient_is_used(found):
    tall, small = (by_shape.fit_to(bone_of(found[:1], height_cm=cm, sex="female"), Making()) for cm in (200, 140))
    long, short = (np.ptp(each.fit.model.mean[:, 2]) for each in (tall, small))
    assert long > short + 20
    with pytest.raises(ReconstructionError, match="height of 400 cm is impossible"):
        by_shape.fit_to(bone_of(found[:1], height_cm=400), Making())


def test_the_other_legs_bone_tells_shape_and_side(found, one, tmp_path):
    points, faces = true_bone() * [-1, 1, 1], built_in().faces[:, ::-1]
    path = tmp_path / "right.stl"
    trimesh.Trimesh(points, faces, process=False).export(path)
    fitted = by_shape.fit_to(bone_of(found[:1], "auto", other_side=path), Making())  # others are given triangles
    assert fitted.side_given and fitted.fit.model.side == "left"
    assert fitted.uncertainty_mm.mean() < 0.8 * one.shape.uncertainty_mm.mean()
    with pytest.raises(SurfaceError, match="other leg's surface is a left femur"):
        by_shape.fit_to(bone_of(found[:1], other_side=(true_bone(), built_in().faces)), Making())


def test_the_built_in_model_is_the_found_bones(found):
    shin = replace(found[0], bone=replace(found[0].bone, name="tibia"))
    assert arranged._model(bone_of([shin]), Making()).bone == "tibia"
    assert arranged._model(bone_of(found), Making()).bone == "femur"
    assert arranged._model(bone_of(found), Making(shape_model="patella")).bone == "patella"


@pytest.mark.parametrize("bone", BUILT_IN_BONES)
def test_a_bone_of_unknown_scale_is_as_large_as_the_models(bone):
    """Of a shadow of the mean in pixels of half a millimeter."""
    model = built_in(bone)
    mean = model.mean - (model.mean.min(axis=0) + model.mean.max(axis=0)) / 2
    far = Stand(0.0).camera(np.zeros(3), (1100, 900), (0.5, 0.5), 1e6, 1e6)
    mask = shadow(far, mean, model.faces)
    found = segment(radiograph_from_array(0.3 + 0.4 * mask, bone="bright"), Settings(mask=mask, **DRAWN))
    assert arranged._guessed_pixel([found], model) == pytest.approx(0.5, rel=0.03)
