"""The tracer at run time: one bone of several, as it is told, however the picture lies."""

import cv2
import numpy as np
import pytest

from XRayTo3DLib.segmentation.morphology import dice
from XRayTo3DLib.segmentation.network.channels import BONES, HEAT_STRIDE, NOTHING, TRACED
from XRayTo3DLib.segmentation.network.tracer import trace, traced_window
from XRayTo3DLib.segmentation.region import bounding_box
from XRayTo3DLib.segmentation.seeds import Seeds
from XRayTo3DLib.simulate.scenes.scenes import scene


@pytest.fixture(scope="module")
def knees(limbs):
    """Radiographs of knees from the front, of one leg, that show femur and tibia."""
    drawn = (scene(limbs, seed, 224, femora_alone=False) for seed in range(1000))
    good = (
        each
        for each in drawn
        if each.part == "knee"
        and each.view == "ap"
        and not (each.dark_bone or each.metal or "other_femur" in each.masks)
        and min(each.masks.get(name, np.zeros(1)).mean() for name in ("femur", "tibia")) > 0.05
    )
    return [next(good) for _ in range(4)]


def window_round(mask):
    rows, columns = bounding_box(mask)
    return traced_window(np.array([columns.start, rows.start]), np.array([columns.stop, rows.stop]), mask.shape)


def traced(knee, name, told=True, **options):
    """What is drawn of a bone, and that bone, in the crop round it."""
    window = window_round(knee.masks[name])
    return trace(knee.image, window, name if told else "", **options), window.cut_mask(knee.masks[name])


@pytest.mark.parametrize("name", ["femur", "tibia"])
def test_a_bone_is_drawn(knees, name):
    agreed = []
    for knee in knees:
        found, truth = traced(knee, name)
        assert found.logits.shape == (len(TRACED), *found.window.shape)
        assert found.heights.shape == tuple(n // HEAT_STRIDE for n in found.window.shape)
        agreed.append(dice(found.logit("mask") > 0, truth))
    assert np.median(agreed) > 0.95


def test_which_bone_it_is_is_told_from_its_crop(knees):
    """Of most: what is cut short by the picture's border looks like many a bone."""
    right = []
    for knee in knees:
        for name in ("femur", "tibia"):
            names = traced(knee, name, told=False)[0].names
            assert set(names) == {*BONES, NOTHING} and sum(names.values()) == pytest.approx(1, abs=1e-5)
            right.append(max(BONES, key=lambda bone: names[bone]) == name)
    assert np.mean(right) >= 0.75


def test_heights_are_those_of_the_bone(knees):
    off = []
    for knee in knees:
        found, truth = traced(knee, "femur")
        rows, columns = np.nonzero(truth[::HEAT_STRIDE, ::HEAT_STRIDE])
        at = found.window.to_picture(np.column_stack([columns, rows]) * HEAT_STRIDE + 0.5)
        true = knee.heights["femur"][tuple(np.rint(at).astype(int).T[::-1])]
        off.append(np.nanmedian(np.abs(found.heights[rows, columns] - true)))
    assert np.median(off) < 0.04  # of the length


def test_a_mirrored_picture_gives_the_mirrored_answer(knees):
    found, _ = traced(knees[0], "femur")
    mirrored = trace(
        np.ascontiguousarray(knees[0].image[:, ::-1]), window_round(knees[0].masks["femur"][:, ::-1]), "femur"
    )
    # It sees both the picture and its mirror image: only where the window lies between pixels differs.
    assert dice(mirrored.logit("mask")[:, ::-1] > 0, found.logit("mask") > 0) > 0.96


def test_a_picture_that_lies_is_read_upright(knees):
    """Turned by a quarter, and told so, it is the same picture."""
    knee = knees[0]
    upright, _ = traced(knee, "femur")
    lying = np.ascontiguousarray(np.rot90(knee.image, -1))
    found = trace(lying, window_round(np.rot90(knee.masks["femur"], -1)), "femur", turns=1)
    assert dice(np.rot90(found.logit("mask")) > 0, upright.logit("mask") > 0) > 0.98


def test_a_click_is_heeded(knees):
    knee = knees[0]
    found, truth = traced(knee, "femur")
    depth = cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    x, y = found.window.to_picture([[column, row]])[0]
    without, _ = traced(knee, "femur", seeds=Seeds((), [(x, y)]))
    assert without.logit("mask")[row, column] < found.logit("mask")[row, column] - 1


def test_of_a_picture_of_nothing_nothing_is_drawn():
    pixels = np.random.default_rng(0).random((200, 160)).astype(np.float32)
    found = trace(pixels, window_round(np.ones(pixels.shape, bool)), "femur")
    assert (found.logit("mask") > 0).mean() < 0.03
