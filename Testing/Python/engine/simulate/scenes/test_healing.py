"""Callus in pictures: it stops X-rays near the break alone, and where it is dense, it belongs to its fragment."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.simulate.scenes import scenes
from XRayTo3DLib.simulate.scenes.healing import CLOUDS, OUTLINE_MM, healed

DENSEST = 0.5  # of callus, against cortex
NEAR_MM = 80.0  # which no callus of a femur reaches along the bone


@pytest.mark.parametrize("displaced", [False, True])
def test_callus_changes_the_neighbourhood_of_its_break_alone(limbs, displaced, monkeypatch):
    old = next(each for each in limbs if each.callus and each.broken == "femur" and each.displaced == displaced)
    fresh = replace(old, callus=())
    place = float(old.pieces["femur"][0].heights(old.broken_at[None])[0])
    length_mm = np.ptp(old.limb.bones["femur"].outer.points[:, 2])
    totals, attenuation = [], scenes.attenuation
    monkeypatch.setattr(scenes, "attenuation", lambda *of: totals.append(attenuation(*of)) or totals[-1])
    more = wider = 0
    for seed in range(8):
        totals.clear()
        before, after = (scenes.scene([each], seed, 96, femora_alone=False) for each in (fresh, old))
        if not before.view or "femur" not in before.heights:  # two pictures on one film, or the bone is in none
            continue
        added = totals[1] - totals[0]
        assert added.min() > -1e-4
        in_bone = before.masks["femur"] & (np.abs(added) > 1e-4)
        assert (np.abs(before.heights["femur"][in_bone] - place) * length_mm < NEAR_MM).all()
        thicker = after.thickness_mm - before.thickness_mm
        assert thicker.min() >= 0 and not (thicker > 0)[added <= 0].any()
        assert not (before.masks["femur"] & ~after.masks["femur"]).any()
        assert all(np.array_equal(mask, after.masks[name]) for name, mask in before.masks.items() if name != "femur")
        if after.fragments:
            assert np.array_equal(np.logical_or(*after.fragments["femur"]), after.masks["femur"])
        more += (added > 1e-3).any()
        wider += (after.masks["femur"] & ~before.masks["femur"]).any()
    assert more >= 3 and wider >= 1


@pytest.mark.parametrize("seed", range(5))
def test_dense_callus_belongs_to_the_fragment_it_grows_on(seed):
    """Two bars end to end, each in a cloud that is thickest at its middle row."""
    upper, lower = np.zeros((2, 40, 30))
    upper[2:20, 12:18] = lower[20:38, 12:18] = 9
    clouds = np.zeros((2, 40, 30))
    clouds[0, 10:20], clouds[1, 20:30] = (np.linspace(0, 24, 10)[:, None], np.linspace(24, 0, 10)[:, None])
    lengths = {("femur", "outer"): upper + lower} | {
        (name, "outer"): cloud for name, cloud in zip(CLOUDS, clouds, strict=True)
    }
    shadows = {
        "femur": [(upper, np.full(upper.shape, 0.7)), (lower, np.full(upper.shape, 0.3))],
        **{name: [(cloud, np.full(cloud.shape, 0.5))] for name, cloud in zip(CLOUDS, clouds, strict=True)},
    }
    found, outlines, parts = healed(lengths, shadows, "femur", np.random.default_rng(seed))
    stopped = found["callus", "all"]
    cloudy = clouds.sum(axis=0) > 0
    assert np.array_equal(stopped > 0, cloudy) and (stopped <= 1.6 * DENSEST * clouds.sum(axis=0) + 1e-5).all()
    assert np.array_equal(found["femur", "outer"], upper + lower)  # the bone itself stays as it was
    for (length, height), before, cloud, at in zip(parts["femur"], (upper, lower), clouds, (0.7, 0.3), strict=True):
        dense = length - before
        assert ((dense == 0) | (dense > OUTLINE_MM)).all() and (dense <= DENSEST * cloud).all()
        assert np.unique(np.round(dense[dense > 0] / cloud[dense > 0], 9)).size <= 1  # one density
        low, high = sorted((at, 0.5))
        assert ((height >= low - 1e-9) & (height <= high + 1e-9))[length > 0].all()
    assert outlines["femur", "outer"] == pytest.approx(sum(length for length, _ in parts["femur"]))


def test_callus_of_a_fragment_stays_with_it_where_the_other_one_has_none_in_the_picture():
    bars, cloud = np.ones((2, 8, 8)), np.full((8, 8), 60.0)
    lengths = {("femur", "outer"): bars.sum(axis=0), (CLOUDS[1], "outer"): cloud}
    shadows = {"femur": [(bar, bar) for bar in bars], CLOUDS[1]: [(cloud, cloud)]}
    parts = healed(lengths, shadows, "femur", np.random.default_rng(0))[2]["femur"]
    assert np.array_equal(parts[0][0], bars[0]) and (parts[1][0] > bars[1]).all()
