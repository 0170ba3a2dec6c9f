"""Bones beside the main one: of which leg they are, and what happens where one is asked for that is not there."""

from types import SimpleNamespace

import numpy as np
import pytest

from XRayTo3DLib import Case, Finding, ReconstructionError, View, radiograph_from_array
from XRayTo3DLib.case import is_same
from XRayTo3DLib.pipeline import others
from XRayTo3DLib.pipeline.others import check_all_seen, find_others

SHAPE = (200, 300)


def bone(name, columns, rows):
    mask = np.zeros(SHAPE, bool)
    mask[rows[0] : rows[1], columns[0] : columns[1]] = True
    return SimpleNamespace(bone=SimpleNamespace(name=name, mask=mask))


KNEES = {  # as in a picture of both knees from the front
    "femur": bone("femur", (40, 80), (0, 95)),
    "tibia": bone("tibia", (40, 80), (100, 200)),
    "fibula": bone("fibula", (20, 30), (115, 200)),
    "other femur": bone("femur", (220, 260), (0, 95)),
    "other tibia": bone("tibia", (220, 260), (100, 200)),
    "other patella": bone("patella", (230, 250), (60, 80)),
}


@pytest.fixture
def found(monkeypatch):
    """What is found beside the main bone of each view, in any order."""

    def of(*views):
        given = iter(views)
        monkeypatch.setattr(others, "segment_others", lambda view, finding, main: next(given))
        picture = View(radiograph_from_array(np.random.default_rng(0).random(SHAPE), bone="bright"))
        return Case([picture] * len(views))

    return of


@pytest.mark.parametrize("main", ["femur", "tibia", "other femur", "other tibia"])
def test_bones_are_of_the_leg_that_they_are_near_to(found, main):
    beside = [each for name, each in KNEES.items() if name != main]
    for order in (beside, beside[::-1]):
        told = find_others(found(order), Finding(bones="all"), [KNEES[main]])
        assert {(each.name, each.same_leg): each.seen[0] for each in told} == {
            (name.removeprefix("other "), ("other" in name) == ("other" in main)): each
            for name, each in KNEES.items()
            if name != main
        }


def test_the_main_leg_comes_first_and_each_bone_after_what_it_hangs_on(found):
    told = find_others(
        found([each for name, each in KNEES.items() if name != "femur"]), Finding(bones="all"), [KNEES["femur"]]
    )
    legs = [each.same_leg for each in told]
    assert legs == sorted(legs, reverse=True)
    assert [each.name for each in told if each.same_leg] == ["tibia", "fibula"]


def test_a_bone_is_taken_from_all_views_that_show_it(found):
    first, second = [KNEES["tibia"], KNEES["fibula"]], [KNEES["tibia"]]
    told = find_others(found(first, second), Finding(bones="all"), [KNEES["femur"]] * 2)
    assert {each.name: len(each.seen) for each in told} == {"tibia": 2, "fibula": 1}


def test_bones_by_name_are_those_of_the_main_leg(found):
    beside = [each for name, each in KNEES.items() if name != "femur"]
    told = find_others(found(beside), Finding(bones=("femur", "tibia")), [KNEES["femur"]])
    assert [(each.name, each.same_leg) for each in told] == [("tibia", True)]
    assert find_others(found(beside), Finding(), [KNEES["femur"]]) == ()


def test_a_bone_that_is_not_there_is_missed_in_words(found):
    asked = Finding(bones=("femur", "patella"))
    assert find_others(found([KNEES["tibia"]]), asked, [KNEES["femur"]]) == ()
    with pytest.raises(ReconstructionError, match="No patella is seen beside the femur in the first picture"):
        check_all_seen(asked, ["tibia"])
    check_all_seen(asked, ["patella"])
    check_all_seen(Finding(bones="all"), [])


@pytest.mark.parametrize(
    ("name", "columns", "same"),
    [("femur", (40, 80), True), ("femur", (40, 55), True), ("femur", (0, 160), True), ("femur", (75, 110), False)],
)
def test_two_bones_of_one_name_are_the_same_if_half_of_the_smaller_one_is_the_others(name, columns, same):
    other, known = bone(name, columns, (0, 95)).bone, KNEES["femur"].bone
    assert is_same(other, known) == is_same(known, other) == same
    assert not is_same(bone("tibia", columns, (0, 95)).bone, known)
    assert is_same(other, bone("", (40, 80), (0, 95)).bone) == same  # of which nothing told what it is
