"""A case and flat settings say the same; what belongs to a view, and to a case, is refused elsewhere."""

import json
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from XRayTo3DLib import (
    Case,
    Finding,
    Making,
    Marking,
    Patient,
    ReconstructionError,
    Settings,
    View,
    radiograph_from_array,
    reconstruct,
    segmentation,
)
from XRayTo3DLib.case import bones_seen, segment_again, segment_view
from XRayTo3DLib.geometry.stand import Stand
from XRayTo3DLib.methods import METHODS
from XRayTo3DLib.surface import arrays

BOX = (20, 20, 180, 300)
MAKING = Making(method="solid", triangles=3000)


@pytest.fixture(scope="module")
def flat(phantom_radiograph):
    return reconstruct(phantom_radiograph, Settings(roi=BOX, clusters=3, side="left", method="solid", triangles=3000))


def test_a_case_gives_what_flat_settings_give(phantom_radiograph, flat):
    case = Case([View(phantom_radiograph, Marking(roi=BOX))], side="left")
    made = reconstruct(case, Settings.of(Finding(clusters=3), MAKING))
    assert np.array_equal(arrays(made.surface.polydata)[0], arrays(flat.surface.polydata)[0])
    told, expected = made.as_json(), flat.as_json()
    for each in (told, expected):
        del each["timings_s"]
    assert told == expected and told["settings"]["roi"] == list(BOX) and told["settings"]["side"] == "left"


def test_settings_are_their_parts(flat):
    """Each field belongs to one part, or to the case."""
    parts = [{field.name for field in fields(kind)} for kind in (Marking, Finding, Making)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert {field.name for field in fields(Settings)} - set().union(*parts) == {"side", "view_angle", *vars(Patient())}
    settings = flat.settings
    again = Settings.of(settings.marking, settings.finding, settings.making)
    assert replace(again, side="left") == settings


def test_bones_tell_what_is_told_of_the_main_bone(flat):
    told = json.loads(json.dumps(flat.as_json(), allow_nan=False))
    (bone,) = told["bones"]
    assert set(bone) == {
        *("name", "side", "method", "extent", "surface", "shape", "volume", "measures", "fragments", "warnings"),
    }
    assert bone["surface"] == told["surface"] and bone["shape"] is told["shape"] is None
    assert (bone["method"], bone["extent"], bone["side"]) == ("solid", "seen", "left")
    assert bone["fragments"] == [] and bone["measures"] == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(roi=BOX), "What is marked in a picture belongs to its view"),
        (Settings(mask=np.ones((320, 200))), "What is marked in a picture belongs to its view"),
        (Settings(side="left"), "The setting side belongs to the case"),
        (Settings(view_angle=80), "The setting view_angle belongs to the case"),
    ],
)
def test_what_belongs_to_views_and_case_is_told_there(phantom_radiograph, settings, words):
    with pytest.raises(ReconstructionError, match=words):
        reconstruct(Case([View(phantom_radiograph)]), settings)


def test_a_second_view_of_a_case_is_one_of_its_views(phantom_radiograph):
    with pytest.raises(ReconstructionError, match="one of its views"):
        reconstruct(Case([View(phantom_radiograph)]), lateral=phantom_radiograph)


def test_a_case_without_views_or_with_no_such_side_is_refused(phantom_radiograph):
    with pytest.raises(ReconstructionError, match="at least one view"):
        Case([])
    with pytest.raises(ReconstructionError, match="auto, left or right, not 'both'"):
        Case([View(phantom_radiograph)], side="both")


@pytest.mark.parametrize("name", [name for name in METHODS if name != "volume"])
def test_methods_say_how_many_views_they_can_use(phantom_radiograph, name):
    """Before any work is done."""

    def case(count):
        pictures = (np.roll(phantom_radiograph.pixels, number, axis=1) for number in range(count))
        apart = [20 * number for number in range(1, count)] or None
        return Case([View(replace(phantom_radiograph, pixels=pixels)) for pixels in pictures], view_angle=apart)

    most = {"auto": 8, "shape": 8, "relief": 1, "solid": 1}[name]
    assert METHODS[name].why_not(case(most), Making()) == ""
    with pytest.raises(ReconstructionError, match="leave the"):
        reconstruct(case(most + 1), Settings(method=name), progress=lambda *_: 1 / 0)


def test_one_picture_is_no_two_views(phantom_radiograph):
    other = replace(phantom_radiograph, pixels=phantom_radiograph.pixels[::-1])
    views = [View(phantom_radiograph), View(other), View(replace(phantom_radiograph, view="lateral"))]
    case = Case(views, view_angle=(60, 90))
    with pytest.raises(ReconstructionError, match="Views 1 and 3 are the same picture"):
        reconstruct(case, Settings(method="shape"), progress=lambda *_: 1 / 0)


def cameras(phantom_radiograph, turns, center=(0, 0, 0)):
    shape = phantom_radiograph.pixels.shape
    return [Stand(turn).camera(np.array(center, float), shape, (0.5, 0.5), 1200.0, 1000.0) for turn in turns]


def test_calibrated_views_have_the_pixel_size_at_the_bone(phantom_radiograph):
    """Where both look, in the calibration's world, is found; SOD and pixel size follow; a case of it is the same."""
    far = cameras(phantom_radiograph, (0, 60), center=(300, 20, -50))
    case = Case([View(phantom_radiograph, camera=camera) for camera in far])
    for view in case.views:
        assert view.radiograph.pixel_size_at_bone_mm == pytest.approx((0.5 / 1.2, 0.5 / 1.2))
        assert view.radiograph.warnings == () and view.radiograph.magnification_source == "pixel size at the bone"
        assert view.camera.sod_mm == view.camera.sid_mm == pytest.approx(1000.0)
    again = Case(case.views)
    for one, other in zip(case.views, again.views, strict=True):
        assert np.allclose(one.camera.from_lps, other.camera.from_lps)


def test_what_is_marked_is_what_cameras_look_at(phantom_radiograph):
    """A box in the upper half of each picture: its middle is at the height of what is looked at."""
    roi = (20, 20, 180, 120)
    case = Case([View(phantom_radiograph, Marking(roi=roi), each) for each in cameras(phantom_radiograph, (0, 90))])
    for view in case.views:
        assert view.camera.project(np.zeros((1, 3)))[0][0] == pytest.approx([100, 70], abs=2)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ((0, None), "1 of 2 views have a camera"),
        ((0,), "how one view stands to another"),
        ((0, 2), "views 1 and 2 look along the same line"),
        ((0, 180), "views 1 and 2 look along the same line"),
    ],
)
def test_cameras_that_do_not_go_with_the_views_are_refused(phantom_radiograph, chosen, words):
    views = [
        View(phantom_radiograph, camera=None if turn is None else cameras(phantom_radiograph, (turn,))[0])
        for turn in chosen
    ]
    with pytest.raises(ReconstructionError, match=words):
        Case(views)


def test_a_camera_of_another_picture_is_refused(phantom_radiograph):
    one, other = cameras(phantom_radiograph, (0, 90))
    views = [View(phantom_radiograph, camera=one), View(phantom_radiograph, camera=replace(other, shape=(200, 320)))]
    with pytest.raises(
        ReconstructionError, match="camera of view 2 is of 320 x 200 pixels, but its picture has 200 x 320"
    ):
        Case(views)


def test_bones_that_are_seen_are_told_by_name(monkeypatch):
    """Each once, in one order, without those that cannot be asked for; looked for where that was marked."""
    looked = []

    def find_bones(pixels, region, *more):
        looked.append(region)
        return [SimpleNamespace(name=name) for name in ("spine", "hip", "tibia", "femur", "femur")]

    monkeypatch.setattr(segmentation, "find_bones", find_bones)
    picture = radiograph_from_array(np.random.default_rng(0).random((60, 40)), bone="bright")
    assert bones_seen(picture, Settings(roi=(10, 5, 20, 50))) == ("femur", "tibia", "hip")
    assert np.argwhere(looked[0]).min(axis=0).tolist() == [5, 10] and looked[0].sum() == 46 * 11


@pytest.mark.parametrize(
    ("seen", "asked", "called"),
    [("pelvis", "hip", "hip"), ("", "tibia", "tibia"), ("femur", "tibia", "femur"), ("pelvis", "tibia", "pelvis")],
)
def test_a_drawn_bone_that_nothing_tells_is_the_one_that_was_asked_for(
    monkeypatch, phantom_radiograph, seen, asked, called
):
    mask = np.zeros(phantom_radiograph.pixels.shape, bool)
    mask[40:200, 60:140] = True
    drawn = replace(segmentation.bone_as_drawn(phantom_radiograph.pixels, mask), name=seen)
    monkeypatch.setattr(segmentation, "find_bones", lambda *_: ())
    monkeypatch.setattr(segmentation, "bone_recognized", lambda *_: drawn)
    found = segment_view(View(phantom_radiograph, Marking(mask=mask)), Finding(bones=(asked,)))
    assert found.bone.name == called and np.array_equal(found.bone.mask, mask)


def test_a_pelvis_that_is_found_again_is_the_hip_bone_that_was_looked_for(monkeypatch, phantom_radiograph):
    view = View(phantom_radiograph)
    known = replace(segment_view(view, Finding("clusters")), finding=Finding(bones=("femur", "hip")))
    monkeypatch.setattr(segmentation, "find_bone", lambda *_: replace(known.bone, name="pelvis"))
    assert segment_again(replace(known, bone=replace(known.bone, name="hip")), BOX).bone.name == "hip"
    with pytest.raises(ReconstructionError, match="femur is not where"):
        segment_again(replace(known, bone=replace(known.bone, name="femur")), BOX)


def test_a_box_with_a_name_is_of_that_bone_though_the_network_calls_it_another(monkeypatch, phantom_radiograph):
    """Only if one bone is asked for, which the box then holds; without a box there is nothing to go by."""
    found = segment_view(View(phantom_radiograph), Finding("clusters")).bone
    seen = {name: replace(found, name=name) for name in ("femur", "tibia")}
    monkeypatch.setattr(segmentation, "find_bones", lambda *_: (seen["femur"],))
    monkeypatch.setattr(segmentation, "find_told", lambda pixels, region, name, *_: seen[name])
    monkeypatch.setattr(segmentation, "fragments_of", lambda *_: None)
    boxed = View(phantom_radiograph, Marking(roi=(40, 20, 160, 200)))
    assert segment_view(boxed, Finding(bones=("tibia",))).bone.name == "tibia"
    for view, bones in ((View(phantom_radiograph), ("tibia",)), (boxed, ("tibia", "femur"))):
        with pytest.raises(ReconstructionError, match="No tibia was found, but femur"):
            segment_view(view, Finding(bones=bones))
    monkeypatch.setattr(segmentation, "find_told", lambda *_: None)
    with pytest.raises(ReconstructionError, match="No tibia was found, but femur"):
        segment_view(boxed, Finding(bones=("tibia",)))


def test_a_bone_is_found_again_in_a_box_as_if_nobody_had_drawn_it(phantom_radiograph):
    """What is found is that of the box; what was marked, and where a bone was looked for, stay what they were."""
    first = segment_view(View(phantom_radiograph), Finding("clusters"))
    assert first.bone.mask[250:].any()
    box = (40, 20, 160, 200)
    again, boxed = segment_again(first, box), segment_view(View(phantom_radiograph, Marking(roi=box)), first.finding)
    assert np.array_equal(again.bone.mask, boxed.bone.mask) and not again.bone.mask[201:].any()
    assert again.view is first.view and again.view.marking.is_empty and again.region is first.region
    named = replace(first, bone=replace(first.bone, name="femur"))
    with pytest.raises(ReconstructionError, match="femur is not where it was looked for again"):
        segment_again(named, box)
