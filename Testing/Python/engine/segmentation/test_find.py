"""Finding the bone on radiographs whose truth is known, and saying how it was found."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import FLAGS, Seeds, box_region, find_bone
from XRayTo3DLib.segmentation.by_network import _continued
from XRayTo3DLib.segmentation.find import bone_as_drawn, bone_by_threshold
from XRayTo3DLib.segmentation.window import window_over
from XRayTo3DLib.simulate.others import other
from XRayTo3DLib.simulate.scenes import scene


def dice(a, b):
    return 2 * (a & b).sum() / max(a.sum() + b.sum(), 1)


def pixels_of(drawn):
    return 1 - drawn.image if drawn.dark_bone else drawn.image


@pytest.fixture(scope="module")
def scenes(limbs):
    """Radiographs with one femur and no metal, of which a good part is seen."""
    drawn = (scene(limbs, seed, 256) for seed in range(5000, 6000))
    good = (s for s in drawn if s.masks["femur"].mean() > 0.06 and "other_femur" not in s.masks and not s.metal)
    return [next(good) for _ in range(16)]


def test_femora_are_found_without_help(scenes):
    found = [find_bone(pixels_of(each), np.ones(each.image.shape, bool)) for each in scenes]
    scores = [dice(bone.mask, each.masks["femur"]) for bone, each in zip(found, scenes, strict=True)]
    assert np.median(scores) > 0.93
    assert np.mean([bone.method == "network" for bone in found]) > 0.7
    assert np.mean([bone.name == "femur" for bone in found]) > 0.8


def test_a_sure_answer_is_a_better_one(scenes):
    """Confidence means something: where it is above its median, masks agree better."""
    found = [find_bone(pixels_of(each), np.ones(each.image.shape, bool), "network") for each in scenes]
    scores = np.array([dice(bone.mask, each.masks["femur"]) for bone, each in zip(found, scenes, strict=True)])
    confidence = np.array([bone.confidence for bone in found])
    sure = confidence >= np.median(confidence)
    assert scores[sure].mean() > scores[~sure].mean()


def test_outlines_run_round_the_mask(scenes):
    """They hold its area, holes taken off, and run where it ends."""
    import cv2

    for each in scenes[:4]:
        bone = find_bone(pixels_of(each), np.ones(each.image.shape, bool), "network")
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


def test_a_region_is_kept_to(scenes):
    box = box_region((256, 256), (60, 40, 200, 220))
    for way in ("network", "clusters"):
        assert not (find_bone(pixels_of(scenes[0]), box, way).mask & ~box).any()


def test_a_bone_that_leaves_the_picture_reaches_its_border(draw):
    """A field that is cut off at the picture's border gives a mask that is not."""
    window = window_over(np.array([-0.5, -0.5]), np.array([399.5, 599.5]), 160 * 160)
    inside = window.cut(np.ones((600, 400), np.float32))[0] > 0.5
    field = np.where(inside, draw.strip(window.shape, 20.0), -20).astype(np.float32)
    mask = window.uncut(_continued(field, inside), (600, 400), -20.0) > 0
    assert mask[0].sum() == mask[-1].sum() == mask[300].sum() > 50


@pytest.mark.parametrize("way", ["network", "clusters"])
def test_clicks_are_obeyed_at_their_place(scenes, way):
    for each in scenes[:4]:
        rows, columns = np.nonzero(each.masks["femur"])
        middle = len(rows) // 2
        on = (float(columns[middle]), float(rows[middle]))
        away = np.argwhere(~each.masks["femur"])
        off = tuple(map(float, away[len(away) // 5][::-1]))
        bone = find_bone(pixels_of(each), np.ones(each.image.shape, bool), way, Seeds([on], [off]))
        assert bone.mask[int(on[1]), int(on[0])] and not bone.mask[int(off[1]), int(off[0])]


def test_a_click_on_another_bone_takes_that_one(scenes):
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


def test_a_click_where_the_pelvis_lies_over_the_femur_means_the_femur(limbs):
    names = []
    for seed in range(400):
        each = scene(limbs, seed, 224)
        if each.part != "hip" or each.metal or not each.visible["head_center"] or each.view not in ("ap", "pa"):
            continue
        click = tuple(map(float, each.landmarks_px["head_center"]))
        names.append(find_bone(pixels_of(each), np.ones(each.image.shape, bool), "network", Seeds([click])).name)
        if len(names) == 8:
            break
    assert len(names) == 8 and names.count("femur") >= 7


def test_landmarks_lie_near_the_true_ones(scenes):
    away = []
    for each in scenes:
        bone = find_bone(pixels_of(each), np.ones(each.image.shape, bool), "network")
        for name, mark in bone.landmarks.items():
            if each.visible[name]:
                away.append(np.hypot(mark.x - each.landmarks_px[name][0], mark.y - each.landmarks_px[name][1]) / 256)
    assert len(away) > 20 and np.median(away) < 0.04


def test_what_is_no_leg_is_left_to_clusters():
    others = [other(seed, 256) for seed in range(900, 912)]
    methods = []
    for each in others:
        if not each.masks:
            try:
                bone = find_bone(each.image, np.ones(each.image.shape, bool))
                methods.append(bone.method)
                assert bone.method != "clusters" or "network" in bone.reason
            except ReconstructionError as error:
                assert "bone" in str(error) or "grey" in str(error)
    assert methods.count("clusters") > 0.6 * len(methods)


def test_noise_is_no_bone():
    noise = np.random.default_rng(0).random((200, 200)).astype(np.float32)
    with pytest.raises(ReconstructionError, match="no bone found"):
        find_bone(noise, np.ones(noise.shape, bool), "network")


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
        ({"reader": "absent.onnx"}, "reader: absent.onnx"),
        ({"seeds": Seeds([(-1, 5)])}, "include: .* outside the picture"),
    ],
)
def test_bad_arguments(arguments, words):
    pixels = np.zeros((50, 50), np.float32)
    with pytest.raises(ReconstructionError, match=words):
        find_bone(pixels, np.ones((50, 50), bool), **arguments)
