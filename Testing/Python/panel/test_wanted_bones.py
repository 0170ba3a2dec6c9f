"""Which bones are made: those that were seen can be checked, and reach the engine by name."""

import pytest

from ..mrml.conftest import part, sample_volume
from .test_further_views import engine  # noqa: F401 - a fixture
from .test_views import add_xray

NAMES = ("femur", "tibia", "fibula", "patella", "hip")


@pytest.fixture
def asked(scene, open_panel):
    """The panel with an X-ray, in which bones are to be checked."""
    volume = add_xray(name="Knee")
    panel = open_panel()
    panel._parameterNode.bones = part("parameters").Bones.CHECKED
    return panel, volume


@pytest.fixture
def looks(monkeypatch):
    """What the network sees, which a test may change, and the radiographs and settings that it was asked with."""
    import XRayTo3DLib.case

    seen, given = ["femur", "patella"], []

    def bones_seen(*arguments):
        given.append(arguments)
        return tuple(seen)

    monkeypatch.setattr(XRayTo3DLib.case, "bones_seen", bones_seen)
    return seen, given


def boxes(panel):
    return [getattr(panel.ui, f"{name}CheckBox") for name in NAMES]


def offered(panel):
    return [name for name, box in zip(NAMES, boxes(panel), strict=True) if box.enabled]


def test_names_are_the_engines(module):
    from XRayTo3DLib.case import NAMED_BONES

    assert part("wanted").BONES == NAMED_BONES


def test_bones_can_be_checked_when_that_is_wanted_alone(asked):
    panel, _ = asked
    shown = [*boxes(panel), panel.ui.lookButton]
    assert not any(each._object.isHidden() for each in shown)
    for other in ("MAIN", "ALL"):
        panel._parameterNode.bones = part("parameters").Bones[other]
        assert all(each._object.isHidden() for each in shown)


def test_what_was_seen_can_be_checked(asked, looks, scene):
    panel, volume = asked
    ui, parameters, (seen, given) = panel.ui, panel._parameterNode, looks
    assert offered(panel) == [] and "Look" in ui.femurCheckBox.toolTip
    assert not ui.applyButton.enabled and "Press Look" in ui.statusLabel.text
    ui.lookButton.click()
    assert len(given) == 1 and offered(panel) == ["femur", "patella"]
    assert "not seen" in ui.tibiaCheckBox.toolTip and not ui.applyButton.enabled
    ui.patellaCheckBox.checked = True
    assert ui.applyButton.enabled and part("parameters").choices(parameters)["bones"] == ["patella"]
    ui.femurCheckBox.checked = True
    assert part("parameters").choices(parameters)["bones"] == ["femur", "patella"]

    parameters.tibia = True  # of another X-ray
    assert part("wanted").bonesWanted(parameters) == ["femur", "patella"]
    seen[:] = ["tibia"]
    ui.lookButton.click()
    assert offered(panel) == part("wanted").bonesWanted(parameters) == ["tibia"]
    parameters.inputVolume = add_xray(name="Other")
    assert offered(panel) == []
    parameters.inputVolume = volume
    assert offered(panel) == ["tibia"]


def test_only_what_is_marked_is_looked_at(asked, looks, scene):
    from .test_further_views import region_on

    panel, volume = asked
    panel._parameterNode.region = region_on(scene, volume)
    panel.ui.lookButton.click()
    ((_radiograph, settings),) = looks[1]
    assert settings.roi == pytest.approx([9, 6, 45, 58], abs=1e-4)


def test_what_the_network_cannot_look_at_is_told(asked, messages, quietly, monkeypatch):
    import XRayTo3DLib.case
    from XRayTo3DLib import ReconstructionError

    def refuse(*arguments):
        raise ReconstructionError("The reader network cannot be loaded.")

    monkeypatch.setattr(XRayTo3DLib.case, "bones_seen", refuse)
    panel, volume = asked
    with quietly():
        panel.ui.lookButton.click()
    assert "cannot be loaded" in str(messages[-1]) and part("wanted").bonesSeen(volume) is None


def test_a_run_for_all_bones_tells_which_were_seen(asked, engine, messages):  # noqa: F811
    panel, volume = asked
    panel._parameterNode.bones = part("parameters").Bones.ALL
    panel.ui.applyButton.click()
    assert not messages and part("wanted").bonesSeen(volume) == []  # a rod is no bone


def test_the_sample_shows_a_femur_and_a_saved_scene_keeps_that(open_panel, scene, messages, tmp_path):
    volume = sample_volume(scene)
    volume.CreateDefaultDisplayNodes()
    panel = open_panel()
    parameters = panel._parameterNode
    parameters.bones = part("parameters").Bones.CHECKED
    panel.ui.lookButton.click()
    assert not messages and offered(panel) == ["femur"]
    parameters.femur = True
    volume.SetAndObserveStorageNodeID(None)
    volume.AddDefaultStorageNode()
    volume.GetStorageNode().SetFileName(str(tmp_path / "femur.nrrd"))
    assert volume.GetStorageNode().WriteData(volume)
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear()
    assert scene.Connect()
    assert part("wanted").bonesWanted(panel._parameterNode) == ["femur"]
