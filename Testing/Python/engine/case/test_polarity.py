"""Light and dark of a picture: changed where the network sees a femur that way alone, and nobody said otherwise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from XRayTo3DLib import Finding, Marking, Settings, View, radiograph_from_array, read_radiograph, segment
from XRayTo3DLib.case import bone_bright

SAMPLE = Path(__file__).resolve().parents[4] / "Resources" / "Samples" / "femur_ap.dcm"


@pytest.fixture(scope="module")
def bright():
    """A film of a femur, of which nobody told whether bone is bright."""
    return replace(read_radiograph(SAMPLE), polarity_source="picture")


@pytest.fixture(scope="module")
def dark(bright):
    """The same, with bone dark: as if its thin lines had misled."""
    return replace(bright, pixels=1 - bright.pixels)


def test_a_femur_that_is_seen_the_other_way_alone_turns_the_picture(bright, dark):
    seen = bone_bright(View(dark), Finding()).radiograph
    np.testing.assert_allclose(seen.pixels, bright.pixels, atol=1e-6)
    assert seen.inverted and seen.polarity_source == "network" and "inverted" in seen.warnings[-1]
    back = bone_bright(View(replace(dark, inverted=True, warnings=seen.warnings)), Finding()).radiograph
    assert not back.inverted and not any("inverted" in warning for warning in back.warnings)


def test_a_bone_that_is_bright_stays(bright):
    view = View(bright)
    assert bone_bright(view, Finding()) is view


def test_without_a_femur_either_way_the_picture_stays():
    noise = np.random.default_rng(0).random((160, 160)).astype(np.float32)
    view = View(radiograph_from_array(noise))
    assert bone_bright(view, Finding()) is view


@pytest.mark.parametrize(
    ("told", "marking", "finding"),
    [
        ({"polarity_source": "given"}, {}, {}),
        ({}, {"threshold": (0.4, 1.0)}, {}),
        ({}, {"mask": "all"}, {}),
        ({}, {}, {"segmentation": "clusters"}),
    ],
)
def test_what_somebody_said_stays(dark, told, marking, finding):
    if "mask" in marking:
        marking = {"mask": np.ones(dark.pixels.shape, bool)}
    view = View(replace(dark, **told), Marking(**marking))
    assert bone_bright(view, Finding(**finding)) is view


def test_the_femur_is_found_in_the_turned_picture(bright, dark):
    found, usual = segment(dark, Settings()), segment(bright, Settings())
    np.testing.assert_array_equal(found.bone.mask, usual.bone.mask)
    assert found.as_json()["input"]["polarity_source"] == "network" and found.radiograph.inverted
