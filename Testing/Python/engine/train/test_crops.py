"""Crops that the tracer learns from: the bone that is meant, told or not, and what is true of it."""

import cv2
import numpy as np
import pytest

from XRayTo3DLib.segmentation.network.channels import BONES, INPUTS, NOTHING, TRACED, TRACER_FACTS, TRACER_INPUTS
from XRayTo3DLib.simulate.scenes.others import other
from XRayTo3DLib.simulate.scenes.scenes import scene
from XRayTo3DLib.train.batches import Cycle
from XRayTo3DLib.train.crops import crops

NAMES = slice(len(INPUTS), None)


@pytest.fixture(scope="module")
def draw_picture(limbs):
    made = [*(scene(limbs, seed, 128) for seed in range(7)), other(3, 128)]
    return lambda number: made[number % len(made)]


@pytest.fixture(scope="module")
def batches(draw_picture):
    return [crops(draw_picture, 0, number, Cycle(6)) for number in range(6)]


@pytest.fixture(scope="module")
def each_crop(batches):
    """Inputs, masks, heights, bone and clicks of every crop."""
    return [
        crop
        for made in batches
        for crop in zip(made.inputs, made.masks, made.heights, made.bone, made.clicks, strict=True)
    ]


def test_a_batch_is_always_the_same(draw_picture, batches):
    again = crops(draw_picture, 0, 1, Cycle(6))
    assert np.array_equal(again.inputs, batches[1].inputs) and np.array_equal(again.masks, batches[1].masks)


def test_shapes_and_ranges(batches):
    for made in batches:
        count, rows, columns = made.inside.shape
        assert made.inputs.shape == (count, len(TRACER_INPUTS), rows, columns) and made.inputs.dtype == np.float32
        assert made.masks.shape == (count, len(TRACED), rows, columns) and set(np.unique(made.masks)) <= {0, 1}
        assert made.heights.shape == (count, 1, rows // 2, columns // 2)
        assert made.bone.shape == made.broken.shape == made.breakable.shape == (count,)
        assert not made.masks[~np.broadcast_to(made.inside[:, None], made.masks.shape)].any()


def test_where_nothing_is_meant_nothing_is_drawn(each_crop):
    nothing = TRACER_FACTS.index(NOTHING)
    seen = [masks.any() for _, masks, _, bone, _ in each_crop if bone == nothing]
    assert seen and not any(seen)
    assert all(masks[0].any() for _, masks, _, bone, _ in each_crop if bone != nothing)


def test_a_name_that_is_told_is_the_bones(each_crop):
    told = 0
    for inputs, _, _, bone, _ in each_crop:
        named = [name for name, channel in zip(BONES, inputs[NAMES], strict=True) if channel.any()]
        assert len(named) <= 1
        told += len(named)
        if named and TRACER_FACTS[bone] != NOTHING:
            assert named == [TRACER_FACTS[bone]]
    assert 0.3 < told / len(each_crop) < 0.9


def test_of_two_legs_femora_one_is_meant(limbs):
    """Each of them hangs together, and what is drawn does too."""

    def pieces(mask):
        return cv2.connectedComponents(mask.astype(np.uint8))[0] - 1

    drawn = (scene(limbs, seed, 128) for seed in range(200))
    both = next(
        each
        for each in drawn
        if "other_femur" in each.masks
        and pieces(each.masks["femur"]) == pieces(each.masks["other_femur"]) == 1
        and pieces(each.masks["femur"] | each.masks["other_femur"]) == 2
    )
    made = [crops(lambda number: both, 0, number, Cycle(6)) for number in range(2)]
    found = [pieces(masks[0]) for each in made for masks, bone in zip(each.masks, each.bone, strict=True) if bone == 0]
    assert len(found) > 4 and np.mean(np.array(found) == 1) > 0.7


def test_heights_lie_on_the_bone(each_crop):
    for _, masks, heights, _, _ in each_crop:
        there = ~np.isnan(heights[0])
        assert (heights[0][there] > -0.1).all() and (heights[0][there] < 1.1).all()
        assert abs(float(there.mean()) - float(masks[0].mean())) < 0.02


def test_fragments_of_a_broken_bone_make_the_bone_and_of_a_whole_one_are_the_whole(batches):
    broken = 0
    for made in batches:
        for (bone, upper, lower), is_broken in zip(made.masks > 0, made.broken, strict=True):
            if is_broken:
                broken += 1
                assert ((upper | lower) != bone).mean() < 0.01 and not np.array_equal(upper, lower)
            else:
                assert np.array_equal(upper, bone) and np.array_equal(lower, bone)
    assert broken


def test_first_clicks_lie_on_the_bone(each_crop):
    clicked = [(masks[0], include) for _, masks, _, _, (include, _) in each_crop if include]
    assert clicked
    assert all(mask[y, x] for mask, include in clicked for x, y in include)
