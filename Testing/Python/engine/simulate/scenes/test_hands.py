"""Hands in pictures of legs: closed bones that reach in, and change nothing of what is true of the leg."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.simulate.scenes import scenes
from XRayTo3DLib.simulate.scenes.hands import hand, in_the_field


def test_a_hand_is_closed_bones_of_its_size():
    bones = hand(np.random.default_rng(0))
    for bone in bones:
        for mesh in (bone.outer, bone.inner):
            solid = trimesh.Trimesh(mesh.points, mesh.faces, process=False)
            assert solid.is_watertight and solid.volume > 0
    points = np.concatenate([bone.outer.points for bone in bones])
    assert 100 < -points[:, 2].min() < 190  # from the fingers' roots to their tips


def test_a_holders_hand_reaches_in_from_a_border(stand):
    for seed in range(8):
        camera = stand(shape=(160, 160), pixel=1.5)
        bones = in_the_field(camera, np.array([20.0, -10, 30]), None, 1.0, np.random.default_rng(seed))
        pixels = camera.project(np.concatenate([bone.outer.points for bone in bones]))[0]
        assert ((pixels >= 0) & (pixels < 160)).all(axis=1).any()
        assert ((pixels < 0) | (pixels >= 160)).any()


def test_the_patients_hand_lies_where_it_is_put(stand):
    camera, place = stand(shape=(200, 200), pixel=1.5), np.array([40.0, 0, 10])
    bones = in_the_field(camera, place, place, 1.0, np.random.default_rng(3))
    points = np.concatenate([bone.outer.points for bone in bones])
    assert np.linalg.norm(points - place, axis=1).min() < 40
    assert points[:, 2].max() > place[2] + 100  # the arm comes from above


def test_a_hand_adds_nothing_to_the_legs_masks(limbs, monkeypatch):
    """It is seen, brighter than what is behind it, and that is all."""
    changed = 0
    for seed in range(6):
        drawn = []
        for odds in (0.0, 1.0):
            monkeypatch.setattr(scenes, "_HANDS", odds)
            monkeypatch.setattr(scenes, "_HANDS_YOUNG", odds)
            drawn.append(scenes.scene(limbs, seed, 96, femora_alone=False))
        without, with_hand = drawn
        assert without.masks.keys() == with_hand.masks.keys()
        for name, mask in without.masks.items():
            assert np.array_equal(mask, with_hand.masks[name])
        assert np.array_equal(without.thickness_mm, with_hand.thickness_mm)
        changed += not np.array_equal(without.image, with_hand.image)
    assert changed >= 3


@pytest.mark.parametrize("size", [0.3, 1.0])
def test_a_hand_is_as_large_as_said(stand, size):
    camera = stand()
    at = np.zeros(3)
    points = np.concatenate([b.outer.points for b in in_the_field(camera, at, None, size, np.random.default_rng(1))])
    unit = np.concatenate([b.outer.points for b in in_the_field(camera, at, None, 1.0, np.random.default_rng(1))])
    assert np.linalg.norm(np.ptp(points, axis=0)) == pytest.approx(size * np.linalg.norm(np.ptp(unit, axis=0)))
