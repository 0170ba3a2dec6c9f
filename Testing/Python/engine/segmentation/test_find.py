"""Finding the bone on radiographs whose truth is known, and saying how it was found."""

from contextlib import suppress

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.outline import BORDER, EDGE, FLAGS
from XRayTo3DLib.segmentation import (
    Seeds,
    bone_recognized,
    box_region,
    check_femur,
    find_bone,
    find_bone_near,
    find_bones,
    find_told,
)
from XRayTo3DLib.segmentation import by_network as by_network_
from XRayTo3DLib.segmentation.by_network import _continued
from XRayTo3DLib.segmentation.find import bone_as_drawn, bone_by_threshold
from XRayTo3DLib.segmentation.network.loading import load_reader
from XRayTo3DLib.segmentation.network.look import first_look
from XRayTo3DLib.segmentation.network.window import window_over
from XRayTo3DLib.segmentation.region import corners
from XRayTo3DLib.simulate.scenes.scenes import scene

# Scenes that are looked for below are tried in these first: to draw all those between them takes long.
BOTH_KNEES = (7004, 7020, 7059, 7131)
BOTH_HIPS = (182, 230)
PATELLAE = (5008, 5022, 5032)
HIPS = (11, 20, 25, 29, 30, 32, 44, 53)

pytestmark = pytest.mark.usefixtures("seen_once")  # marks and clicks are of pictures that were looked at before


def dice(a, b):
    return 2 * (a & b).sum() / max(a.sum() + b.sum(), 1)


@pytest.fixture(scope="module")
def by_network(found):
    return [bone for _, bone in found]


def test_femora_are_found_without_help(scenes, found):
    found = [bone for bone, _ in found]
    scores = [dice(bone.mask, each.masks["femur"]) for bone, each in zip(found, scenes, strict=True)]
    assert np.median(scores) > 0.93
    assert np.mean([bone.method == "network" for bone in found]) > 0.7
    assert np.mean([bone.name == "femur" for bone in found]) > 0.8


def test_a_sure_answer_is_a_better_one(scenes, by_network):
    """Confidence means something: where it is above its median, masks agree better, as far as any of them is wrong.

    Of a few masks of which nearly all are right, which half is better by a hundredth is chance.
    """
    scores = np.array([dice(bone.mask, each.masks["femur"]) for bone, each in zip(by_network, scenes, strict=True)])
    confidence = np.array([bone.confidence for bone in by_network])
    sure = confidence >= np.median(confidence)
    assert scores[sure].mean() > scores[~sure].mean() - 0.01


def test_all_bones_are_found_those_of_two_legs_apart(limbs, pixels_of):
    """In most pictures of both knees from the front there are two femora and two tibiae."""
    drawn = (scene(limbs, seed, 288) for seed in (*BOTH_KNEES, *range(7132, 9000)))
    both = (s for s in drawn if s.part == "knee" and "other_femur" in s.masks and s.masks["other_femur"].mean() > 0.03)
    right = []
    for each in (next(both) for _ in range(3)):
        found = find_bones(pixels_of(each), np.ones(each.image.shape, bool))
        femora = [bone for bone in found if bone.name == "femur"]
        overlap = sum(bone.mask.astype(int) for bone in femora).max() if femora else 0
        assert overlap <= 1 and all(bone.mask.any() and 0 < bone.confidence <= 1 for bone in found)
        masks = [each.masks[name] for name in ("femur", "other_femur")]
        right.append(len(femora) == 2 and all(max(dice(bone.mask, mask) for bone in femora) > 0.8 for mask in masks))
    assert sum(right) >= 2


@pytest.mark.parametrize("seed", BOTH_HIPS)
def test_of_a_pelvis_between_two_femora_each_has_its_side(limbs, seed, pixels_of):
    """Both sides together are the pelvis, as far as the network draws it, and each lies beside its own femur."""
    each = scene(limbs, seed, 224)
    assert each.part == "hip" and each.masks["other_femur"].any()
    found = find_bones(pixels_of(each), np.ones(each.image.shape, bool))
    femora, sides = ([bone.mask for bone in found if bone.name == name] for name in ("femur", "hip"))
    assert len(femora) == len(sides) == 2 and not (sides[0] & sides[1]).any()
    assert dice(sides[0] | sides[1], each.masks["pelvis"]) > 0.85
    away = [distance_transform_edt(~femur) for femur in femora]
    assert {int(np.argmin([np.median(each[side]) for each in away])) for side in sides} == {0, 1}


def test_a_bone_is_found_near_where_it_is_said_to_be(limbs, pixels_of):
    """A box that is off by a sixth of its size does, where the bone is seen well; in noise there is none."""
    network, scores = load_reader(), []
    for seed in PATELLAE:
        each = scene(limbs, seed, 256)
        pixels, region, mask = pixels_of(each), np.ones(each.image.shape, bool), each.masks["patella"]
        low, high = corners(mask)
        off = 0.15 * (high - low)
        first = first_look(pixels, region, network)
        found = find_bone_near(pixels, region, "patella", (low + off, high + off), first)
        assert (found.name, found.method, found.first) == ("patella", "network", first)
        scores.append(dice(found.mask, mask))
    assert np.median(scores) > 0.8
    noise = np.random.default_rng(0).random((200, 200)).astype(np.float32)
    first = first_look(noise, np.ones(noise.shape, bool), network)
    middle = (np.array([50.0, 50.0]), np.array([150.0, 150.0]))
    assert find_bone_near(noise, np.ones(noise.shape, bool), "patella", middle, first) is None


def test_a_bone_in_a_box_is_what_it_is_told_to_be(limbs, monkeypatch, pixels_of):
    """The network is not asked what it would call it; of noise it believes nothing, whatever it is told."""
    monkeypatch.setattr(by_network_, "names_in", lambda *_: pytest.fail("asked which bone it is"))
    each = scene(limbs, PATELLAE[0], 256)
    for name in ("patella", "femur"):
        mask = each.masks[name]
        box = box_region(mask.shape, np.ravel(corners(mask)))
        told = find_told(pixels_of(each), box, name)
        assert told.name == name and dice(told.mask, mask) > 0.8 and not (told.mask & ~box).any()
    noise = np.random.default_rng(0).random((200, 200)).astype(np.float32)
    assert find_told(noise, box_region(noise.shape, (50, 50, 150, 150)), "patella") is None


def test_outlines_run_round_the_mask(by_network):
    """They hold its area, holes taken off, and run where it ends."""
    import cv2

    for bone in by_network[:4]:
        areas = []
        inside = cv2.distanceTransform(np.pad(bone.mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
        outside = cv2.distanceTransform(np.pad(~bone.mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
        for outline in bone.outlines:
            x, y = outline.points.T
            areas.append(0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()))
            column, row = np.rint(outline.points).astype(int).clip(-1, 256).T + 1
            assert np.minimum(inside[row, column], outside[row, column]).max() < 2
            assert set(np.unique(outline.flags)) <= set(range(len(FLAGS)))
        assert abs(sum(areas)) == pytest.approx(bone.mask.sum(), rel=0.03)


def test_a_region_is_kept_to(scenes, pixels_of):
    box = box_region((256, 256), (60, 40, 200, 220))
    crossing = [each for each in scenes if (each.masks["femur"] & box).any() and (each.masks["femur"] & ~box).any()]
    found = {"network": 0, "clusters": 0}
    for each in crossing[:4]:
        for way in found:
            with suppress(ReconstructionError):  # a box through a bone may leave nothing that looks like one
                assert not (find_bone(pixels_of(each), box, way).mask & ~box).any()
                found[way] += 1
    assert min(found.values()) >= 2


def test_a_bone_that_leaves_the_picture_reaches_its_border(draw):
    """A field that is cut off at the picture's border gives a mask that is not."""
    window = window_over(np.array([-0.5, -0.5]), np.array([399.5, 599.5]), 160 * 160)
    inside = window.cut(np.ones((600, 400), np.float32))[0] > 0.5
    field = np.where(inside, draw.strip(window.shape, 20.0), -20).astype(np.float32)
    mask = window.uncut(_continued(field, inside), (600, 400), -20.0) > 0
    assert mask[0].sum() == mask[-1].sum() == mask[300].sum() > 50


@pytest.mark.parametrize("way", ["network", "clusters"])
def test_clicks_are_obeyed_at_their_place(scenes, way, pixels_of):
    for each in scenes[:4]:
        rows, columns = np.nonzero(each.masks["femur"])
        middle = len(rows) // 2
        on = (float(columns[middle]), float(rows[middle]))
        away = np.argwhere(~each.masks["femur"])
        off = tuple(map(float, away[len(away) // 5][::-1]))
        bone = find_bone(pixels_of(each), np.ones(each.image.shape, bool), way, Seeds([on], [off]))
        assert bone.mask[int(on[1]), int(on[0])] and not bone.mask[int(off[1]), int(off[0])]


def test_a_click_on_another_bone_takes_that_one(scenes, pixels_of):
    better = []
    for each in scenes:
        tibia = each.masks.get("tibia")
        if tibia is None or tibia.mean() < 0.05:
            continue
        own = tibia & ~each.masks["femur"]
        rows, columns = np.nonzero(own)
        click = (float(np.median(columns)), float(np.median(rows)))
        if own[round(click[1]), round(click[0])]:
            bone = find_bone(pixels_of(each), np.ones(own.shape, bool), "network", Seeds([click]))
            better.append(dice(bone.mask, tibia) > dice(bone.mask, each.masks["femur"]))
    assert len(better) >= 3 and np.mean(better) > 0.7


def test_a_click_where_the_pelvis_lies_over_the_femur_means_the_femur(limbs, pixels_of):
    names = []
    for seed in (*HIPS, *range(54, 400)):
        each = scene(limbs, seed, 224)
        if each.part != "hip" or each.metal or not each.visible["head_center"] or each.view not in ("ap", "pa"):
            continue
        click = tuple(map(float, each.landmarks_px["head_center"]))
        names.append(find_bone(pixels_of(each), np.ones(each.image.shape, bool), "network", Seeds([click])).name)
        if len(names) == 8:
            break
    assert len(names) == 8 and names.count("femur") >= 7


def test_landmarks_lie_near_the_true_ones(scenes, by_network):
    away = []
    for each, bone in zip(scenes, by_network, strict=True):
        for name, mark in bone.landmarks.items():
            if each.visible[name]:
                away.append(np.hypot(mark.x - each.landmarks_px[name][0], mark.y - each.landmarks_px[name][1]) / 256)
    assert len(away) > 20 and np.median(away) < 0.04


def test_what_is_no_leg_is_left_to_clusters(found_elsewhere):
    methods = []
    for bone in found_elsewhere:
        if isinstance(bone, ReconstructionError):
            assert str(bone).startswith("No bone found: ")
        else:
            methods.append(bone.method)
            assert bone.method != "clusters" or "network" in bone.reason
    assert methods.count("clusters") > 0.6 * len(methods)


@pytest.mark.parametrize(
    ("confidence", "expected", "way"),
    [(0.2, "", "clusters"), (0.2, "femur", "network"), (0.2, "tibia", "clusters"), (0.05, "femur", "clusters")],
)
def test_of_a_bone_that_another_view_shows_the_network_need_not_be_sure(
    scenes, by_network, monkeypatch, confidence, expected, way, pixels_of
):
    from XRayTo3DLib.segmentation import find as module

    monkeypatch.setattr(module, "confidence_in", lambda *_: confidence)
    monkeypatch.setattr(module, "_LEAST_FACT", 1.1)  # nor is it told by the picture as a whole
    each = next(each for each, bone in zip(scenes, by_network, strict=True) if bone.name == "femur")
    found = find_bone(pixels_of(each), np.ones(each.image.shape, bool), expected=expected)
    assert found.method == way
    assert any("not sure of the femur" in words for words in found.warnings) == (way == "network")


def test_noise_is_no_bone():
    noise = np.random.default_rng(0).random((200, 200)).astype(np.float32)
    with pytest.raises(ReconstructionError, match=r"^No bone found"):
        find_bone(noise, np.ones(noise.shape, bool), "network")


@pytest.mark.parametrize("way", ["network", "auto"])
@pytest.mark.parametrize("sigma", [0, 3, 20])
def test_noise_of_any_grain_is_no_bone(way, sigma):
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(1).standard_normal((200, 200)), sigma)
    noise = ((noise - noise.min()) / np.ptp(noise)).astype(np.float32)
    if way == "auto" and sigma == 20:  # blobs brighter than what is round them: clusters take them
        assert find_bone(noise, np.ones(noise.shape, bool)).method == "clusters"
        return
    with pytest.raises(ReconstructionError, match=r"^No bone found"):
        find_bone(noise, np.ones(noise.shape, bool), way)


def test_given_ways(draw):
    mask = draw.disc((100, 90), 25) > 0
    pixels = np.where(mask, 0.8, 0.3).astype(np.float32)
    by_range = bone_by_threshold(pixels, (0.5, 1.0), np.ones(mask.shape, bool))
    drawn = bone_as_drawn(pixels, mask)
    assert by_range.method == "threshold" and dice(by_range.mask, mask) > 0.98
    assert drawn.method == "drawn" and np.array_equal(drawn.mask, mask)
    for bone in (by_range, drawn):
        assert np.abs(np.hypot(*(bone.outlines[0].points - [44.5, 49.5]).T) - 25).max() < 0.8
        told = bone.as_json()
        assert told["pieces"] == 1 and told["confidence"] is None and told["landmarks"] == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"segmentation": "magic"}, "auto, network, clusters, not 'magic'"),
        ({"pieces": "some"}, "main, near, all, not 'some'"),
        ({"clusters": 1}, "between 2 and 32"),
        ({"reader": "absent.onnx"}, "^The reader network absent.onnx"),
        ({"seeds": Seeds([(-1, 5)])}, "click on the bone .* outside the picture"),
    ],
)
def test_bad_arguments(arguments, words):
    pixels = np.zeros((50, 50), np.float32)
    with pytest.raises(ReconstructionError, match=words):
        find_bone(pixels, np.ones((50, 50), bool), **arguments)


SHAPE = (200, 120)
WHOLE = np.ones(SHAPE, bool)


def flags_of(bone):
    """Points and flags of all outlines, one after the other."""
    return (np.concatenate([getattr(each, name) for each in bone.outlines]) for name in ("points", "flags"))


@pytest.mark.parametrize("background", [0.0, 1.0])
def test_a_drawn_mask_keeps_its_edges_before_a_blind_background(draw, background):
    """Black or white right to the picture's border, with and without the bone reaching it."""
    for mask in (draw.disc(SHAPE, 40) > 0, draw.strip(SHAPE, 20) > 0):
        pixels = np.where(mask, 0.6, background).astype(np.float32)
        points, flags = flags_of(bone_as_drawn(pixels, mask))
        inner = (points[:, 1] > 3) & (points[:, 1] < SHAPE[0] - 4)
        assert (flags[inner] == EDGE).all() and inner.sum() > 200
        assert (flags[points[:, 1] < 1] == BORDER).all()


def test_a_drawn_bone_that_is_white_is_no_blade(draw):
    mask = draw.strip(SHAPE, 20) > 0
    points, flags = flags_of(bone_as_drawn(np.where(mask, 1.0, 0.3).astype(np.float32), mask))
    inner = (points[:, 1] > 3) & (points[:, 1] < SHAPE[0] - 4)
    assert (flags[inner] == EDGE).all() and inner.sum() > 200


def test_a_blade_ends_a_drawn_mask(draw):
    mask = draw.strip(SHAPE, 20) > 0
    mask[:30] = False
    pixels = np.where(mask, 0.6, 0.3).astype(np.float32)
    pixels[:30] = 0
    points, flags = flags_of(bone_as_drawn(pixels, mask))
    assert (flags[points[:, 1] < 31] == BORDER).all()
    assert (flags[(points[:, 1] > 34) & (points[:, 1] < 190)] == EDGE).all()


def test_where_a_region_cuts_a_drawn_mask_no_edge_was_seen(draw):
    mask = draw.strip(SHAPE, 20) > 0
    mask[:20] = mask[180:] = False
    region = box_region(SHAPE, (0, 0, 119, 99))
    bone = bone_as_drawn(np.where(mask, 0.6, 0.3).astype(np.float32), mask, region)
    assert np.array_equal(bone.mask, mask & region)
    points, flags = flags_of(bone)
    assert (flags[points[:, 1] > 98.5] == BORDER).all()
    assert (flags[points[:, 1] < 95] == EDGE).all() and points[:, 1].min() < 21  # its own end is an end


def test_what_the_network_knows_of_a_bone_is_kept_for_one_drawn_roughly(scenes, by_network, pixels_of):
    """Shrunk by two pixels: name, readings, landmarks, and the drawn outline."""
    import cv2

    known = []
    for each, found in zip(scenes[:4], by_network, strict=False):
        pixels, whole = pixels_of(each), np.ones(each.image.shape, bool)
        mask = cv2.erode(found.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        bone = bone_recognized(pixels, mask, whole)
        assert bone.method == "drawn" and np.array_equal(bone.mask, mask)
        points, _flags = flags_of(bone_as_drawn(pixels, mask))
        assert np.array_equal(next(flags_of(bone)), points)
        known.append(bone.name == found.name == "femur")
        if known[-1]:
            assert 0 < bone.confidence <= 1 and check_femur(bone) is not None and "femur" in bone.reason
            far = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
            for mark in bone.landmarks.values():
                row, column = np.clip((round(mark.y), round(mark.x)), 0, 255)
                assert far[row, column] < 30
    assert np.mean(known) > 0.6


def test_of_a_mask_beside_the_bone_nothing_is_known(scenes, pixels_of):
    each = scenes[0]
    mask = ~each.masks["femur"] & box_region((256, 256), (0, 0, 255, 100))
    bone = bone_recognized(pixels_of(each), mask, np.ones((256, 256), bool))
    assert (bone.name, bone.first, bone.landmarks, bone.confidence) == ("", None, {}, None)
    assert check_femur(bone) is None and bone.reason == "a mask was given"
