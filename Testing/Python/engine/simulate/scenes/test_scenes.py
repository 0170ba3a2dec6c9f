"""Scenes: reproducible, varied, and true: masks, thickness and landmarks belong to the picture's own geometry."""

from collections import Counter

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from XRayTo3DLib.choices import SIMULATED_VIEWS
from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.limbs import analytic_limb
from XRayTo3DLib.simulate.scenes import contact_sheet
from XRayTo3DLib.simulate.scenes.aim import pose
from XRayTo3DLib.simulate.scenes.bank import bent, growing
from XRayTo3DLib.simulate.scenes.chosen import older
from XRayTo3DLib.simulate.scenes.metal import KINDS
from XRayTo3DLib.simulate.scenes.scenes import PARTS, bank, make_bank, scene

NAMES = {
    "head_center",
    "trochanter_tip",
    "lesser_trochanter",
    "medial_condyle",
    "lateral_condyle",
    "knee_center",
    "shaft_proximal",
    "shaft_middle",
    "shaft_distal",
}


@pytest.fixture(scope="module")
def specimens():
    return bank([analytic_limb(0, step_mm=4.0)], seed=3)


@pytest.fixture(scope="module")
def scenes(specimens):
    return [scene(specimens, seed, size=144) for seed in range(140)]


def test_a_bank_has_whole_growing_resected_and_broken_femora(specimens):
    kinds = [(s.broken, s.displaced, bool(s.plates), s.resected) for s in specimens]
    whole, child, head = ("", False, False, False), ("", False, True, False), ("", False, False, True)
    crack, femur, tibia = (("femur", False, False, False), *((bone, True, False, False) for bone in ("femur", "tibia")))
    assert kinds == [
        whole,
        child,
        head,
        femur,
        crack,
        tibia,
        whole,
        child,
        femur,
        tibia,
        *[whole] * 4,
        femur,
        crack,
        tibia,
        whole,
        whole,
    ]
    for each in specimens:
        assert {name for name, pieces in each.pieces.items() if len(pieces) == 2} == {each.broken} - {""}
    bends = [False] * 6 + [True] * 4 + [False] * 3 + [True] + [False] * 4 + [True]
    assert [each.flexion_deg > 0 for each in specimens] == bends
    assert [each.young for each in specimens] == [False] * 10 + [True] * 4 + [False] * 5
    assert [bool(each.callus) for each in specimens] == [False] * 14 + [True] * 3 + [False] * 2
    assert [each.worn for each in specimens] == [False] * 17 + [True] * 2


def test_worn_joints_stand_in_for_sound_ones_alone(specimens):
    worn = [s for s in specimens if s.worn]
    for sound in specimens[:-2]:
        drawn = [older(specimens, sound, np.random.default_rng(seed)) for seed in range(40)]
        grown_and_whole = not (sound.broken or sound.plates or sound.resected or sound.young)
        taken = [each for each in drawn if any(each is one for one in worn)]
        assert bool(taken) == grown_and_whole
        assert all((each.flexion_deg > 0) == (sound.flexion_deg > 0) for each in taken) and len(taken) < 25


def test_heights_go_with_the_pieces(specimens):
    """However bent, broken and displaced: the highest point of a bone is at 1, the lowest at 0."""
    for each in specimens:
        for name, pieces in each.pieces.items():
            if (name == "femur" and each.resected) or not pieces:
                continue
            heights = np.concatenate([piece.heights(piece.bone.outer.points) for piece in pieces])
            if each.young:  # whose cartilage is not seen, but counts
                assert -1e-6 < heights.min() < heights.max() < 1 + 1e-6
            else:
                assert (heights.min(), heights.max()) == pytest.approx((0, 1), abs=1e-6)


def test_what_hangs_from_a_broken_femur_moves_with_it(specimens):
    """The knee stays together: the shank is as far from the condyles as in a whole limb."""

    def gap(each):
        femur = each.pieces["femur"][-1].bone.outer.points
        tibia = each.pieces["tibia"][0].bone.outer.points
        return cKDTree(femur).query(tibia)[0].min()

    bent_whole = bent(specimens[0], specimens[8].flexion_deg)
    assert specimens[8].broken == "femur" and gap(specimens[8]) == pytest.approx(gap(bent_whole), abs=1e-6)


def test_heights_in_a_picture_are_those_of_the_bone(scenes):
    """On the middle line of an unbroken femur they rise evenly from condyles to head, in the picture as in the bone."""
    checked = 0
    for each in scenes:
        if each.fragments or not (each.visible["shaft_proximal"] and each.visible["shaft_distal"]):
            continue
        marks = {}
        for name in ("shaft_proximal", "shaft_distal"):
            column, row = np.rint(each.landmarks_px[name]).astype(int)
            marks[name] = each.heights["femur"][row, column]
        if not np.isnan(list(marks.values())).any():
            checked += 1  # sections at 30 and 70 % of the length from the top
            assert marks["shaft_proximal"] == pytest.approx(0.7, abs=0.06)
            assert marks["shaft_distal"] == pytest.approx(0.3, abs=0.06)
    assert checked >= 5


def test_fragments_of_a_picture_make_its_bone(scenes):
    broken = [each for each in scenes if each.fragments]
    assert len(broken) >= 10
    for each in broken:
        (name, (upper, lower)), *_ = each.fragments.items()
        both = upper | lower
        assert not (both & ~each.masks[name]).any()
        if not each.other_landmarks_px:  # of one leg alone
            left = each.masks[name] & ~both  # where a ray grazes both fragments, and neither enough
            assert left.sum() <= 0.01 * each.masks[name].sum()


def test_growth_plates_stay_in_a_bent_knee(specimens):
    child = bent(growing(specimens[0].limb, np.random.default_rng(0)), 90.0)
    tibia = child.limb.bones["tibia"].outer.points
    plate = child.plates["tibia"][0].points
    assert (plate >= tibia.min(axis=0) - 1e-6).all() and (plate <= tibia.max(axis=0) + 1e-6).all()
    straight = growing(specimens[0].limb, np.random.default_rng(0)).plates
    assert child.plates["femur"][0].points == pytest.approx(straight["femur"][0].points, abs=1e-6)


def test_same_seed_same_scene(specimens):
    one, other, third = (scene(specimens, seed, size=96) for seed in (5, 5, 6))
    assert np.array_equal(one.image, other.image) and np.array_equal(one.thickness_mm, other.thickness_mm)
    assert one.landmarks_px.keys() == other.landmarks_px.keys()
    assert not np.array_equal(one.image, third.image)


def test_pictures_and_truth_have_one_shape(scenes):
    for each in scenes:
        assert each.image.shape == each.thickness_mm.shape == (144, 144)
        assert each.image.dtype == np.float32 and each.image.min() >= 0 and each.image.max() <= 1
        assert all(mask.shape == (144, 144) and mask.dtype == bool for mask in each.masks.values())
        assert set(each.landmarks_lps) == set(each.landmarks_px) == set(each.visible) == NAMES


def test_mask_and_thickness_agree(scenes):
    for each in scenes:
        assert np.array_equal(each.masks["femur"], each.thickness_mm > np.float32(0.3))


def test_landmarks_lie_where_the_camera_puts_them(scenes):
    for each in scenes:
        pixel, _ = each.camera.project(np.array(list(each.landmarks_lps.values())))
        assert pixel == pytest.approx(np.array(list(each.landmarks_px.values())))
        for name, (column, row) in each.landmarks_px.items():
            inside = -0.5 <= column <= 143.5 and -0.5 <= row <= 143.5
            assert inside or not each.visible[name]


@pytest.mark.parametrize("name", ["head_center", "shaft_middle", "medial_condyle", "lateral_condyle"])
def test_landmarks_inside_the_bone_lie_on_its_shadow(scenes, name):
    found = []
    for each in scenes:
        if each.visible[name] and "hip prosthesis" not in each.metal:
            column, row = np.rint(each.landmarks_px[name]).astype(int)
            found.append(cv2.dilate(each.masks["femur"].astype(np.uint8), np.ones((5, 5)))[row, column] > 0)
    assert len(found) > 20 and np.mean(found) > 0.97


def test_sides_are_anatomical(scenes):
    """Seen from the front, the outer condyle of a left knee is on the right of the picture."""
    for each in scenes:
        if each.view in ("ap", "pa") and each.part != "hip":  # a frog leg turns its knee away
            to_the_right = each.landmarks_px["lateral_condyle"][0] > each.landmarks_px["medial_condyle"][0]
            assert to_the_right == ((each.side == "left") == (each.view == "ap"))


def test_bones_are_brighter_than_what_is_beside_them(scenes):
    brighter = []
    for each in scenes:
        mask = each.masks["femur"].astype(np.uint8)
        ring = (cv2.dilate(mask, np.ones((15, 15))) - cv2.dilate(mask, np.ones((5, 5)))) > 0
        for name in each.masks:
            ring &= ~each.masks[name]
        if mask.sum() > 500 and ring.sum() > 200:
            difference = each.image[mask > 0].mean() - each.image[ring].mean()
            brighter.append((difference > 0) != each.dark_bone)
    assert len(brighter) > 80 and np.mean(brighter) > 0.85


def test_everything_occurs(scenes):
    count = Counter()
    for each in scenes:
        count.update([each.part, each.view, each.side, *each.metal, *each.parts])
        count.update({"dark": each.dark_bone, "bright": not each.dark_bone, "bent": each.flexion_deg > 20})
        count.update({"child": each.growth_plates, "adult": not each.growth_plates, "broken": each.fractured})
        count.update({"other": "other_femur" in each.masks, "pelvis": "pelvis" in each.masks})
    wanted = [
        *PARTS,
        *SIMULATED_VIEWS,
        "left",
        "right",
        "proximal",
        "shaft",
        "distal",
        "dark",
        "bright",
        "bent",
        "child",
        "adult",
    ]
    for name in [*wanted, "broken", "other", "pelvis"]:
        assert count[name] > 0, name
    assert sum(count[kind] > 0 for kind in KINDS) >= 4


def test_parts_are_those_that_are_seen(scenes):
    for each in scenes:
        if {"medial_condyle", "lateral_condyle"} <= {name for name, seen in each.visible.items() if seen}:
            assert "distal" in each.parts or each.masks["femur"].any()
        if "shaft" in each.parts:
            assert any(each.visible[f"shaft_{name}"] for name in ("proximal", "middle", "distal"))
    whole = [each for each in scenes if each.part == "whole"]
    assert np.mean([len(each.parts) == 3 for each in whole]) > 0.7


def test_a_prosthesis_stands_in_the_heads_place(scenes):
    with_head = [s for s in scenes if "hip prosthesis" in s.metal and s.visible["head_center"]]
    assert with_head
    for each in with_head:
        column, row = np.rint(each.landmarks_px["head_center"]).astype(int)
        assert each.masks["metal"][row, column]


def test_growth_plates_are_darker_than_the_bone_beside_them(specimens):
    child = growing(specimens[0].limb, np.random.default_rng(0))
    for name in ("femur", "tibia", "fibula"):
        assert child.plates[name] and len(child.plates[name]) == len(child.rims[name])
        low, high = (f(child.limb.bones[name].outer.points, axis=0) for f in (np.min, np.max))
        for plate, rim in zip(child.plates[name], child.rims[name], strict=True):
            assert (plate.points >= low - 1e-6).all() and (plate.points <= high + 1e-6).all()
            assert np.ptp(rim.points[:, 2]) > np.ptp(plate.points[:, 2])


def test_geometry_is_told(scenes):
    for each in scenes:
        assert each.pixel_size_mm == each.camera.pixel_size_mm[0] > 0.3
        assert 1.02 < each.camera.magnification < 1.35


def test_bad_input(specimens):
    with pytest.raises(SimulationError, match="bank is empty"):
        scene([], 0)
    with pytest.raises(SimulationError, match="size: 8"):
        scene(specimens, 0, size=8)


def test_real_limbs(real_limb):
    real = bank([real_limb], breaks=0)
    drawn = scene(real, 1)
    assert drawn.image.shape == (288, 288) and drawn.masks["femur"].any()


def test_a_contact_sheet(specimens, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(contact_sheet, "make_bank", lambda folder: specimens)
    path = tmp_path / "sheet.png"
    assert contact_sheet.main([str(path), "--count", "9", "--masks"]) == 0
    sheet = cv2.imread(str(path))
    assert sheet.shape == (2 * 292, 8 * 292, 3)
    (tmp_path / "real").mkdir()
    assert contact_sheet.main([str(path), "--count", "2", "--beside", str(tmp_path / "real")]) == 2
    cv2.imwrite(str(tmp_path / "real" / "film.png"), np.tile(np.arange(200, dtype=np.uint8), (100, 1)))
    assert contact_sheet.main([str(path), "--count", "2", "--beside", str(tmp_path / "real")]) == 0
    assert cv2.imread(str(path)).shape == (2 * 292, 8 * 292, 3)
    assert contact_sheet.main([str(tmp_path / "missing" / "sheet.png")]) == 2
    assert contact_sheet.main([str(path), "--count", "0"]) == 2
    assert capsys.readouterr().err.count("error") == 3


def test_make_bank_reads_folders(tmp_path):
    with pytest.raises(SimulationError, match="no such file"):
        make_bank(str(tmp_path))


def test_a_frog_leg_lies_on_its_side(specimens):
    """Spread and turned outwards about a hip that stays where it is, on the left as on the right."""
    marks = specimens[0].limb.landmarks
    for seed in range(12):
        straight, frog = (pose(marks, 0.0, False, spread, np.random.default_rng(seed)) for spread in (False, True))
        assert np.array_equal(straight[0], frog[0])  # the pelvis
        hip, knee = (np.array([*marks[name], 1.0]) for name in ("head_center", "knee_center"))
        assert (frog[1] @ hip) == pytest.approx(straight[1] @ hip, abs=1e-6)
        down = (frog[1] @ knee - frog[1] @ hip)[:3]
        out = np.sign((frog[1] @ hip)[0])
        assert 20 < np.degrees(np.arctan2(out * down[0], -down[2])) < 85
        assert down[1] < 10  # forwards, if anywhere
