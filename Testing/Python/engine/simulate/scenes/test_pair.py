"""Two pictures on one film: each keeps its truth, in its own half."""

import numpy as np
import pytest

from XRayTo3DLib.simulate.scenes import scenes
from XRayTo3DLib.train.samples import window

SIZE, GAP = 96, 1


@pytest.fixture(scope="module")
def films(limbs):
    paired = [each for each in limbs if not each.cracked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "_PAIRS", 1.0)
        return [scenes.scene(paired, seed, SIZE, femora_alone=False) for seed in range(12)]


def test_each_mask_is_inside_its_half(films):
    first = (SIZE - GAP) // 2
    for film in films:
        assert film.image.shape == film.open.shape == (SIZE, SIZE) and not film.view
        for name, mask in film.masks.items():
            if name in ("pelvis", "metal"):
                assert not mask[:, first : first + GAP].any()
                continue
            half = np.s_[:, : first + GAP] if name.startswith("other_") else np.s_[:, first:]
            assert not mask[half].any()
        for name, pair in film.fragments.items():
            assert all(not (part & ~film.masks[name]).any() for part in pair)
    assert any("other_femur" in film.masks for film in films) and any(film.masks["femur"].any() for film in films)
    assert any(name.startswith("other_") for film in films for name in film.fragments)


def test_truth_stays_with_its_picture(films):
    first = (SIZE - GAP) // 2
    for film in films:
        assert np.array_equal(film.masks["femur"], film.thickness_mm > np.float32(0.3))
        pixels = film.camera.project(np.array(list(film.landmarks_lps.values())))[0]
        assert pixels == pytest.approx(np.array(list(film.landmarks_px.values())))
        assert film.camera.shape == (SIZE, SIZE)
        assert all(at[0] >= first + GAP - 0.5 for at in film.other_landmarks_px.values())
        assert all(film.landmarks_px[name][0] < first for name, seen in film.visible.items() if seen)
        for bone, heights in film.heights.items():
            seen = film.masks.get(bone, False) | film.masks.get(f"other_{bone}", False)
            assert np.array_equal(~np.isnan(heights), seen & ~np.isnan(heights)) and np.isnan(heights[~seen]).all()


def test_a_film_with_two_views_has_none(films):
    for film in films[:4]:
        sample = window(film, (64, 64), np.random.default_rng(0))
        assert not sample.known[:4].any()  # nor a side


def test_a_crack_is_never_on_a_film_with_two_views(limbs, monkeypatch):
    """Not as drawn first, nor in the place of a bent leg."""
    monkeypatch.setattr(scenes, "_PAIRS", 1.0)
    monkeypatch.setattr(scenes, "_radiograph", lambda plan, *_: plan)
    monkeypatch.setattr(scenes, "side_by_side", lambda first, *_: first)
    plans = [scenes.scene(limbs, seed, SIZE, femora_alone=False) for seed in range(400)]
    assert any(plan.specimen.cracked for plan in plans)
    assert not any(plan.paired for plan in plans if plan.specimen.cracked)
    assert all(plan.paired for plan in plans if not plan.specimen.cracked)


def test_a_bank_of_cracks_has_no_pairs(limbs, monkeypatch):
    monkeypatch.setattr(scenes, "_PAIRS", 1.0)
    film = scenes.scene([each for each in limbs if each.cracked], 0, SIZE, femora_alone=False)
    assert film.view and film.cracked
