"""Is it a femur: told from other things on simulated radiographs, in numbers and in words."""

import json
from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import check_femur
from XRayTo3DLib.segmentation.femur import FEATURES, _canal, features
from XRayTo3DLib.segmentation.find import bone_as_drawn
from XRayTo3DLib.segmentation.network.loading import SHIPPED


@pytest.fixture(scope="module")
def bones(found):
    """The bones that are found without help."""
    return [bone for bone, _ in found]


@pytest.fixture(scope="module")
def checked(bones):
    """What these are taken for."""
    return [check_femur(bone) for bone in bones]


def test_femora_are_told_from_other_bones(checked, found_elsewhere):
    yes = [found.is_femur for found in checked]
    # Where no bone is found at all, no femur is.
    no = [isinstance(bone, ReconstructionError) or not check_femur(bone).is_femur for bone in found_elsewhere]
    assert (np.mean(yes) + np.mean(no)) / 2 > 0.85


def test_part_and_view(scenes, checked):
    views, parts = [], []
    for each, found in zip(scenes, checked, strict=True):
        assert 0 <= found.score <= 1 and found.reasons
        if found.is_femur and found.view and each.view != "oblique":
            views.append(found.view == ("ap" if each.view == "pa" else each.view))
        if found.part == "distal":
            parts.append("proximal" not in each.parts)
        if found.part == "proximal":
            parts.append("distal" not in each.parts)
    assert len(views) > 5 and np.mean(views) > 0.7
    assert len(parts) > 5 and np.mean(parts) > 0.8


def test_a_femur_is_described(bones, checked):
    told = json.loads(json.dumps(checked[0].as_json()))
    assert set(told) == {"is_femur", "score", "reasons", "part", "view", "side"}
    assert features(bones[0]).shape == (len(FEATURES),)


@pytest.mark.parametrize(
    ("name", "named", "logit"),
    [("femur", None, 0.0), ("femur", 0.9, np.log(9)), ("tibia", 0.9, -np.log(9)), ("femur", 0.5, 0.0)],
)
def test_the_name_of_what_is_in_a_box_speaks_for_a_femur_or_against_it(bones, name, named, logit):
    told = dict(zip(FEATURES, features(replace(bones[0], name=name, named=named)), strict=True))
    assert told["named"] == pytest.approx(logit, abs=1e-6)


def test_a_drawn_mask_is_not_checked(draw):
    mask = draw.disc((90, 90), 20) > 0
    assert check_femur(bone_as_drawn(mask.astype(np.float32), mask)) is None


def test_two_cortices_with_a_canal(draw):
    tube = draw.strip((200, 120), 20.0, degrees=70) > 0
    marrow = draw.strip((200, 120), 10.0, degrees=70) > 0
    hollow = np.where(tube, 0.8, 0.2) - np.where(marrow, 0.3, 0.0)
    share, elongation = _canal(hollow, tube)
    assert share > 0.8 and elongation > 3
    share, elongation = _canal(np.where(tube, 0.8, 0.2), tube)
    assert share == 0
    assert _canal(hollow, draw.disc((200, 120), 40) > 0)[1] < 1.3


@pytest.mark.parametrize("content", [None, "", "{}", '{"femur_check": {"weights": {}, "bias": 0}}', "NaN"])
def test_a_calibration_that_is_none(bones, tmp_path, content):
    network = tmp_path / f"reader{abs(hash(content))}.onnx"
    network.write_bytes(SHIPPED.read_bytes())
    if content is not None:
        network.with_suffix(".json").write_text(content)
    with pytest.raises(ReconstructionError, match="calibration"):
        check_femur(bones[0], network)
