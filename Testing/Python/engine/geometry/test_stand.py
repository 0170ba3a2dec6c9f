"""Where a source may have stood: by what a picture is called, and by the limb's side."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.stand import Stand, from_behind, stands

SHAPE, PIXEL, SID, SOD = (100, 80), (0.5, 0.5), 1150.0, 1000.0


def source(stand):
    return stand.camera(np.zeros(3), SHAPE, PIXEL, SID, SOD).source_lps


@pytest.mark.parametrize(
    ("stand", "place"),
    [
        *((Stand(0), (0, -SOD, 0)), (Stand(180), (0, SOD, 0)), (Stand(0, behind=True), (0, SOD, 0))),
        *((Stand(90), (-SOD, 0, 0)), (Stand(-90), (SOD, 0, 0))),
    ],
)
def test_the_source_stands_there(stand, place):
    """LPS: in front is -y, the patient's right is -x."""
    assert np.allclose(source(stand), place, atol=1e-6)


def test_from_behind_left_and_right_stay_and_what_is_near_is_the_back():
    front, behind = (Stand(0, each).camera(np.zeros(3), SHAPE, PIXEL, SID, SOD) for each in (False, True))
    back = np.array([[20.0, 100.0, 10.0], [0.0, 0.0, 0.0]])  # left, behind, up
    (shadow, middle), (other, same) = front.project(back)[0], behind.project(back)[0]
    assert np.allclose(middle, same)
    assert shadow[0] > middle[0] < other[0] and np.abs(other - same).min() > np.abs(shadow - middle).min()
    assert np.allclose(from_behind(from_behind(front)).from_lps, front.from_lps)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_inner_side_of_a_left_leg_is_the_patients_right(side):
    ((stand,),) = stands(["mediolateral"], side)
    assert np.sign(source(stand)[0]) == (-1 if side == "left" else 1)
    ((other,),) = stands(["lateromedial"], side)
    assert np.allclose(source(other)[0], -source(stand)[0])


def test_what_is_not_told_is_tried():
    assert stands(["ap"], "left") == ((Stand(0.0, False),),) and stands(["pa"], "left") == ((Stand(0.0, True),),)
    assert {each.behind for (each,) in stands([""], "left")} == {False, True}
    assert {each.turn_deg for (each,) in stands(["lateral"], "left")} == {90, -90}
    assert len(stands(["", "lateral"], "left", [90])) == 4


def test_an_angle_says_how_far_and_a_name_on_which_side():
    (found,) = stands(["ap", "mediolateral"], "left", [80])
    assert [each.turn_deg for each in found] == [0, 80]
    (found,) = stands(["lateromedial", "ap"], "left", [100])
    assert [each.turn_deg for each in found] == [-90, 10]
    assert {second.turn_deg for _, second in stands(["ap", ""], "right", [60])} == {60, -60}


def test_an_unknown_name_is_refused():
    with pytest.raises(ReconstructionError, match="no view 'sunrise': choose from ap, pa"):
        stands(["sunrise"], "left")
