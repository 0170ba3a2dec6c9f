"""A ruler or a ball of known length in a picture, and the pixel size that it tells: at the bone, where it lies."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib import RadiographError, calibrated_by_ball, calibrated_by_ruler, radiograph_from_array
from XRayTo3DLib.radiograph.scale import BALL, RULER
from XRayTo3DLib.simulate.bones.bone import Bone, checked_mesh
from XRayTo3DLib.simulate.film.setup import Setup
from XRayTo3DLib.simulate.film.view import simulate


def picture(**known):
    """Of 300 rows and 240 columns, with a disc of 20 pixels' radius."""
    y, x = np.mgrid[:300, :240]
    pixels = 0.3 + 0.4 * (x > 200) + 0.001 * (y % 7)
    pixels[np.hypot(x - 100, y - 150) <= 20] = 1.0
    return radiograph_from_array(pixels, bone="bright", **known)


PLAIN = picture()
FILE = {"pixel_size_source": "DICOM ImagerPixelSpacing"}


@given(
    first=st.tuples(st.floats(0, 239), st.floats(0, 299)),
    way=st.tuples(st.floats(20, 200), st.floats(0, 2 * np.pi)),
    length=st.floats(5, 500),
)
def test_a_ruler_gives_the_pixel_size_at_the_bone(first, way, length):
    second = np.array(first) + way[0] * np.array([np.cos(way[1]), np.sin(way[1])])
    if not ((second >= 0) & (second <= [239, 299])).all():
        return
    found = calibrated_by_ruler(PLAIN, (first, second), length)
    assert found.pixel_size_at_bone_mm == pytest.approx((length / way[0],) * 2)
    assert found.pixel_size_source == RULER and found.warnings == ()
    assert found.pixel_size_deviation == pytest.approx(np.hypot(1 / way[0], 0.01))  # a pixel, and 1 cm of a meter


def test_at_the_detector_it_is_larger_by_the_magnification():
    ends = ((10, 20), (110, 20))
    known = calibrated_by_ruler(picture(sid_mm=1150, sod_mm=1000), ends, 20)
    assert known.pixel_size_mm == pytest.approx((0.23, 0.23)) and known.pixel_size_at_bone_mm == pytest.approx(
        (0.2,) * 2
    )
    assert known.magnification_source == "given SID and SOD" and known.sod_mm == 1000
    unknown = calibrated_by_ruler(PLAIN, ends, 20)
    assert unknown.pixel_size_mm == pytest.approx((0.2, 0.2)) and unknown.magnification == 1
    assert unknown.magnification_source == "pixel size at the bone"


def test_pixels_that_are_no_squares_keep_their_proportion():
    """30 columns of 1 mm and 40 rows of 2 mm are 85 mm; the ruler says that they are half of it."""
    length = np.hypot(30, 80)
    found = calibrated_by_ruler(picture(pixel_size_mm=(1.0, 2.0), **FILE), ((10, 10), (40, 50)), length / 2)
    assert found.pixel_size_mm == pytest.approx((0.5, 1.0))


@pytest.mark.parametrize(
    "size, magnified, warned",
    [
        (0.2, None, False),
        (0.17, None, False),
        (0.14, None, True),
        (0.23, None, True),
        (0.17, 1.0, True),
        (0.19, 1.0, False),
    ],
)
def test_a_contradiction_to_the_file_is_a_warning(size, magnified, warned):
    """The file tells 0.2 mm; an unknown magnification explains that a pixel is up to a fifth smaller at the bone."""
    radiograph = picture(pixel_size_mm=0.2, **FILE)
    if magnified:
        radiograph = replace(radiograph, magnification=magnified, magnification_source="the test", warnings=())
    found = calibrated_by_ruler(radiograph, ((10, 20), (110, 20)), 100 * size)
    assert found.pixel_size_at_bone_mm[0] == pytest.approx(size)
    assert [RULER in each and "the file tells 0.2 mm" in each for each in found.warnings] == [True] * warned


def test_a_ball_gives_the_pixel_size_where_it_lies():
    """A steel ball before a bone, nearer to the source than it: what the simulator's rays make of its diameter."""
    box = trimesh.creation.box((40.0, 40.0, 120.0))
    bone = Bone(checked_mesh(np.asarray(box.vertices), np.asarray(box.faces), "box")[0])
    setup = Setup(pixel_size_mm=0.4, sid_mm=1150.0, sod_mm=1000.0, ball_mm=25.0, tissue_mm=0.0, marked=False)
    made = simulate([bone], "ap", "left", setup, np.random.default_rng(0))
    middle = np.array([20 + 12 + 12.5, -20 - 12 - 12.5, 0.0])  # outside and in front of the bone
    pixel, distance = made.camera.project(middle[None])
    radiograph = radiograph_from_array(made.pixels, bone="bright")
    found = calibrated_by_ball(radiograph, pixel[0] + [3, -4], 25.0)
    assert found.pixel_size_source == BALL
    true = 0.4 * distance[0] / 1150
    assert found.pixel_size_at_bone_mm[0] == pytest.approx(true, rel=found.pixel_size_deviation)


BAD = {
    "a line outside": (calibrated_by_ruler, ((10, 10), (10, 400)), 20, "ruler: .* is no place in the picture"),
    "a line of one place": (calibrated_by_ruler, ((10, 10), (10, 10)), 20, "0 pixels long, and 10 are needed"),
    "a length of nothing": (calibrated_by_ruler, ((10, 10), (60, 10)), 0, "ruler: 0 is not a positive number"),
    "a length of no number": (calibrated_by_ruler, ((10, 10), (60, 10)), np.nan, "ruler: nan is not a positive"),
    "a length of kilometers": (calibrated_by_ruler, ((10, 10), (60, 10)), 9e4, "is no size of a pixel"),
    "an end that is no number": (calibrated_by_ruler, ((np.nan, 10), (60, 10)), 20, "ruler: .* is no place"),
    "an end of three numbers": (calibrated_by_ruler, ((1, 2, 3), (60, 10)), 20, "ruler: .* is no place"),
    "a ball outside": (calibrated_by_ball, (-3, 10), 25, "ball: .* is no place in the picture"),
    "a ball smaller than nothing": (calibrated_by_ball, (100, 150), -25, "ball: -25 is not a positive number"),
    "no ball there": (calibrated_by_ball, (30, 30), 25, "ball: no bright round disc"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_refused(case):
    calibrate, where, length, words = BAD[case]
    with pytest.raises(RadiographError, match=words):
        calibrate(PLAIN, where, length)
