"""A case and flat settings say the same; what belongs to a view, and to a case, is refused elsewhere."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from XRayTo3DLib import Case, Finding, Making, Marking, Patient, ReconstructionError, Settings, View, reconstruct
from XRayTo3DLib.methods import METHODS
from XRayTo3DLib.surface import arrays

BOX = (20, 20, 180, 300)
MAKING = Making(method="solid", triangles=3000)


@pytest.fixture(scope="module")
def flat(phantom_radiograph):
    return reconstruct(phantom_radiograph, Settings(roi=BOX, clusters=3, side="left", method="solid", triangles=3000))


def test_a_case_gives_what_flat_settings_give(phantom_radiograph, flat):
    case = Case([View(phantom_radiograph, Marking(roi=BOX))], side="left")
    made = reconstruct(case, Settings.of(Finding(clusters=3), MAKING))
    assert np.array_equal(arrays(made.surface.polydata)[0], arrays(flat.surface.polydata)[0])
    told, expected = made.as_json(), flat.as_json()
    for each in (told, expected):
        del each["timings_s"]
    assert told == expected and told["settings"]["roi"] == list(BOX) and told["settings"]["side"] == "left"


def test_settings_are_their_parts(flat):
    """Each field belongs to one part, or to the case."""
    parts = [{field.name for field in fields(kind)} for kind in (Marking, Finding, Making)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert {field.name for field in fields(Settings)} - set().union(*parts) == {"side", "view_angle", *vars(Patient())}
    settings = flat.settings
    again = Settings.of(settings.marking, settings.finding, settings.making)
    assert replace(again, side="left") == settings


def test_bones_tell_what_is_told_of_the_main_bone(flat):
    told = json.loads(json.dumps(flat.as_json(), allow_nan=False))
    (bone,) = told["bones"]
    assert set(bone) == {
        *("name", "side", "method", "extent", "surface", "shape", "measures", "fragments", "warnings"),
    }
    assert bone["surface"] == told["surface"] and bone["shape"] is told["shape"] is None
    assert (bone["method"], bone["extent"], bone["side"]) == ("solid", "seen", "left")
    assert bone["fragments"] == [] and bone["measures"] == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(roi=BOX), "What is marked in a picture belongs to its view"),
        (Settings(mask=np.ones((320, 200))), "What is marked in a picture belongs to its view"),
        (Settings(side="left"), "The setting side belongs to the case"),
        (Settings(view_angle=80), "The setting view_angle belongs to the case"),
    ],
)
def test_what_belongs_to_views_and_case_is_told_there(phantom_radiograph, settings, words):
    with pytest.raises(ReconstructionError, match=words):
        reconstruct(Case([View(phantom_radiograph)]), settings)


def test_a_second_view_of_a_case_is_one_of_its_views(phantom_radiograph):
    with pytest.raises(ReconstructionError, match="one of its views"):
        reconstruct(Case([View(phantom_radiograph)]), lateral=phantom_radiograph)


def test_a_case_without_views_or_with_no_such_side_is_refused(phantom_radiograph):
    with pytest.raises(ReconstructionError, match="at least one view"):
        Case([])
    with pytest.raises(ReconstructionError, match="auto, left or right, not 'both'"):
        Case([View(phantom_radiograph)], side="both")


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_how_many_views_they_can_use(phantom_radiograph, name):
    """Before any work is done."""

    def reason(count):
        return METHODS[name].why_not(Case([View(phantom_radiograph)] * count), Making())

    most = {"auto": 2, "shape": 2, "relief": 1, "solid": 1}[name]
    assert reason(most) == "" and reason(most + 1)
    with pytest.raises(ReconstructionError, match="leave the"):
        reconstruct(Case([View(phantom_radiograph)] * (most + 1)), Settings(method=name), progress=lambda *_: 1 / 0)
