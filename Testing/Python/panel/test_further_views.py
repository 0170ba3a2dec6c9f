"""Up to four views in the panel: what is shown of them and when, where marks lie, and what reaches the engine."""

import numpy as np
import pytest
import vtk

from ..mrml.conftest import part, rod, sample_volume, save_scene
from ..stand_ins.widgets import create_node
from .test_views import add_xray, slice_axes

NAMES = ("lateral", "third", "fourth")


@pytest.fixture
def engine(monkeypatch):
    """Cases that the engine was given; it makes a solid of the first view in their place."""
    import XRayTo3DLib

    make, given = XRayTo3DLib.reconstruct, []

    def reconstruct(case, settings, progress=None):
        import dataclasses

        given.append(case)
        quick = dataclasses.replace(settings, method="solid", triangles=2000)
        alone = dataclasses.replace(case.views[0], camera=None)
        made = make(dataclasses.replace(case, views=[alone], view_angle=None), quick, progress)
        (main,) = made.found
        seen = [dataclasses.replace(main.seen[0], view=view) for view in case.views]
        return dataclasses.replace(made, case=case, found=(dataclasses.replace(main, seen=tuple(seen)),))

    monkeypatch.setattr(XRayTo3DLib, "reconstruct", reconstruct)
    return given


@pytest.fixture
def four(scene, open_panel):
    """The panel with four X-rays chosen, all in one plane."""
    volumes = [add_xray(name=name) for name in ("First", "Second", "Third", "Fourth")]
    panel = open_panel()
    for name, volume in zip(("input", *NAMES), volumes, strict=True):
        setattr(panel._parameterNode, f"{name}Volume", volume)
    return panel, volumes


def rows(panel):
    """Names of the further views that can be chosen, and of those that can be marked."""
    choosing = [name for name in NAMES if not getattr(panel.ui, f"{name}Selector")._object.isHidden()]
    return choosing, [name for name in NAMES if not getattr(panel.ui, f"{name}Group")._object.isHidden()]


def shown_in(app):
    """Names of the volumes in the slice views that show X-rays."""
    import slicer

    found = {}
    for name in ("Red", "XRay2", "XRay3", "XRay4"):
        if app.layoutManager().sliceWidget(name):
            node = slicer.mrmlScene.GetNodeByID(app.layoutManager().shown(name) or "")
            found[name] = node and node.GetName()
    return found


def region_on(scene, volume, name="Region"):
    """A box over the middle of an X-ray."""
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
    region.CreateDefaultDisplayNodes()
    region.SetCenter(*(part("nodes").ijkToRAS(volume) @ [27, 32, 0, 1])[:3])
    region.SetSize(18, 26, 10)
    return region


def test_a_view_is_offered_when_the_one_before_it_is_chosen(scene, open_panel):
    volumes = [add_xray(name=name) for name in ("First", "Second", "Third")]
    panel = open_panel()
    parameters, kinds = panel._parameterNode, part("parameters")
    assert rows(panel) == (["lateral"], [])
    parameters.lateralVolume = volumes[1]
    assert rows(panel) == (["lateral", "third"], ["lateral"])
    panel.ui.thirdSelector.setCurrentNode(volumes[2])
    assert rows(panel) == (list(NAMES), ["lateral", "third"])
    assert panel.ui.thirdAngleSpinBox.enabled
    parameters.lateralVolume = None  # the third one stays, and is the second of two then
    assert rows(panel) == (list(NAMES), ["third"])
    assert not panel.ui.lateralRegionSelector.enabled
    parameters.method = kinds.Method.SOLID  # which has no use for them
    assert not panel.ui.thirdSelector.enabled and not panel.ui.thirdLoadButton.enabled
    assert part("parameters").usedXrays(parameters) == volumes[:1]


def test_no_xray_is_two_views(four):
    panel, volumes = four
    assert panel.ui.applyButton.enabled
    panel._parameterNode.fourthVolume = volumes[1]
    assert not panel.ui.applyButton.enabled and "same X-ray" in panel.ui.statusLabel.text


def test_each_view_is_loaded_by_its_button(scene, open_panel, app, monkeypatch):
    import qt
    import slicer.util

    add_xray(name="First")
    panel = open_panel()
    monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileName", lambda *arguments: "file.png")
    monkeypatch.setattr(slicer.util, "loadVolume", lambda path, properties: add_xray(name="Loaded"))
    for name in NAMES:
        assert getattr(panel._parameterNode, f"{name}Volume") is None
        getattr(panel.ui, f"{name}LoadButton").click()
        loaded = getattr(panel._parameterNode, f"{name}Volume")
        assert loaded.GetName().startswith("Loaded") and app.layoutManager().shown() == loaded.GetID()


@pytest.mark.parametrize(
    ("angles", "told"),
    [
        ((0, 0, 0), None),
        ((80, -35, 40), [80, -35, 40]),
        ((0, -35, 40), [90, -35, 40]),  # the second one's field says "About 90"
        ((0, -35, 0), [90, -35]),  # of which the engine says that one is missing
    ],
)
def test_regions_views_and_angles_reach_the_engine(four, scene, engine, messages, angles, told):
    panel, volumes = four
    parameters, view = panel._parameterNode, part("parameters").View
    for name, volume in zip(NAMES[1:], volumes[2:], strict=True):
        setattr(parameters, f"{name}Region", region_on(scene, volume))
    parameters.thirdView = view.PA
    for name, angle in zip(("viewAngle", "thirdAngle", "fourthAngle"), angles, strict=True):
        setattr(parameters, name, float(angle))
    panel.ui.applyButton.click()
    (case,) = engine
    assert not messages and len(case.views) == 4 and case.view_angle == told
    assert [each.radiograph.view for each in case.views] == [None, None, "PA", None]
    assert case.views[1].marking.roi is None
    for each in case.views[2:]:
        assert each.marking.roi == pytest.approx([9, 6, 45, 58], abs=1e-4)


def pixels_of(volume, *pixels):
    """World positions of pixels of an X-ray."""
    return [(part("nodes").ijkToRAS(volume) @ [*pixel, 0, 1])[:3] for pixel in pixels]


def test_whatever_is_marked_in_a_further_view_reaches_the_engine_as_of_the_first(four, engine, messages, monkeypatch):
    """Clicks, a drawn bone, landmarks and a line, at their own pixels of their own view; they move along with those."""
    panel, volumes = four
    rescaled = {}
    monkeypatch.setattr(part("logic"), "takeScale", lambda volume, _picture, marks: rescaled.update({volume: [*marks]}))
    parameters, nodes = panel._parameterNode, part("nodes")
    for number, name in enumerate(NAMES):
        volume = volumes[number + 1]
        for kind, pixel in (("Include", (27, 30 + number)), ("Exclude", (3 + number, 5))):
            points = create_node(getattr(panel.ui, f"{name}{kind}Selector"))
            points.AddControlPointWorld(vtk.vtkVector3d(*pixels_of(volume, pixel)[0]))
        landmarks = create_node(getattr(panel.ui, f"{name}LandmarksSelector"))
        assert landmarks.GetNumberOfControlPoints() == 4
        landmarks.SetNthControlPointPositionWorld(1, vtk.vtkVector3d(*pixels_of(volume, (20, 12 + number))[0]))
        line = create_node(getattr(panel.ui, f"{name}FractureSelector"))
        for place in pixels_of(volume, (15, 30), (40, 33 + number)):
            line.AddControlPointWorld(vtk.vtkVector3d(*place))
    drawn = rod(half_width=6)[1]
    parameters.thirdBoneSegmentation = nodes.placeMask(drawn, volumes[2])
    panel.ui.applyButton.click()
    (case,) = engine
    assert not messages and case.views[0].marking.seeds is None and case.views[0].marking.landmarks is None
    for number, view in enumerate(case.views[1:]):
        marking = view.marking
        np.testing.assert_allclose(marking.seeds.include, [(27, 30 + number)], atol=1e-4)
        np.testing.assert_allclose(marking.seeds.exclude, [(3 + number, 5)], atol=1e-4)
        assert marking.landmarks == {"trochanter_tip": pytest.approx((20, 12 + number), abs=1e-4)}
        assert marking.fracture_line == pytest.approx((15, 30, 40, 33 + number), abs=1e-4)
    assert [view.marking.mask is None for view in case.views] == [True, True, False, True]
    np.testing.assert_array_equal(case.views[2].marking.mask, drawn)
    for mark, volume in part("further").furtherMarks(parameters):
        assert mark in rescaled[volume]
    assert list(rescaled) == volumes and not any(rescaled[volumes[0]])


def test_clicks_of_further_views_are_told_apart_and_placed_on_their_own_xray(four, app):
    panel, volumes = four
    for name, volume in zip(NAMES, volumes[1:], strict=True):
        marks = [create_node(getattr(panel.ui, f"{name}{kind}Selector")) for kind in ("Include", "Exclude")]
        assert app.layoutManager().shown() == volume.GetID()
        assert getattr(panel.ui, f"{name}ExcludePlaceWidget").placeModeEnabled
        colors = [mark.GetDisplayNode().GetSelectedColor() for mark in marks]
        first = [create_node(getattr(panel.ui, f"{kind}Selector")) for kind in ("include", "exclude")]
        assert colors == [mark.GetDisplayNode().GetSelectedColor() for mark in first]


def test_a_click_that_cannot_be_names_its_view(four, messages):
    import slicer.util

    panel, volumes = four
    panel._parameterNode.thirdVolume = panel._parameterNode.fourthVolume = None
    slicer.util.updateVolumeFromArray(volumes[1], rod(row=36)[0][None])  # or it were the same picture as the first one
    points = create_node(panel.ui.lateralIncludeSelector)
    points.AddControlPointWorld(vtk.vtkVector3d(*pixels_of(volumes[1], (500, 5))[0]))
    panel.ui.applyButton.click()
    assert "Second view: The click on the bone at 500 5 lies outside the picture" in str(messages[-1])


@pytest.mark.parametrize("number", [0, 2])
def test_the_bone_of_any_view_is_drawn_by_hand_in_the_segment_editor(four, module, app, messages, number):
    """It is found with what is marked in that view; what is drawn already is handed over as it is."""
    import types

    import slicer

    panel, volumes = four
    parameters, handed = panel._parameterNode, []
    editor = types.SimpleNamespace(setSegmentationNode=handed.append, setSourceVolumeNode=handed.append)
    slicer.modules.SegmentEditorWidget = types.SimpleNamespace(editor=editor)
    name = (None, *NAMES)[number]
    button, parameter = (f"{name}EditButton", f"{name}BoneSegmentation") if name else ("editButton", "boneSegmentation")
    if name:
        parameters.thirdRegion = region_on(slicer.mrmlScene, volumes[number])
        parameters.thirdRegion.SetSize(18, 13, 10)  # rows 19 to 45
    assert getattr(panel.ui, button).enabled
    getattr(panel.ui, button).click()
    segmentation = getattr(parameters, parameter)
    assert not messages and segmentation and handed == [segmentation, volumes[number]]
    assert module.window.selected == ["SegmentEditor"] and app.layoutManager().shown() == volumes[number].GetID()
    mask = part("marks").maskOf(segmentation, volumes[number])
    assert mask[32, 27] and mask[:18].any() == mask[47:].any() == (not name)
    getattr(panel.ui, button).click()
    assert getattr(parameters, parameter) is segmentation and handed[2:] == handed[:2]
    panel._parameterNode.method = part("parameters").Method.SOLID  # which has no use for further views
    assert getattr(panel.ui, button).enabled == (number == 0)


def test_one_further_view_in_any_place_is_the_second(four):
    panel, volumes = four
    parameters = panel._parameterNode
    parameters.lateralVolume = parameters.fourthVolume = None
    parameters.thirdAngle = -70.0
    chosen = part("parameters").choices(parameters)
    (only,) = chosen["furtherViews"]
    assert only["volumeNode"] is volumes[2] and chosen["view_angle"] == 70


def test_all_views_stand_beside_each_other_after_apply(four, app, engine, scene):
    panel, volumes = four
    panel._parameterNode.fourthVolume = None
    before = {name: slice_axes(app, name).copy() for name in ("Green", "Yellow")}
    panel.ui.applyButton.click()
    assert shown_in(app) == {"Red": "First", "XRay2": "Second", "XRay3": "Third"}
    columns = part("nodes").ijkToRAS(volumes[0])[:3, 0]
    for name in ("Red", "XRay2", "XRay3"):
        assert slice_axes(app, name)[:, 0] @ columns == pytest.approx(0.5)
    for name, axes in before.items():
        np.testing.assert_array_equal(slice_axes(app, name), axes)

    panel._parameterNode.fourthVolume = volumes[3]  # shown in the first view until there is a place for it
    assert shown_in(app)["Red"] == "Fourth"
    camera = app.layoutManager().camera
    camera.SetPosition(1, 2, 3)
    panel.ui.applyButton.click()
    assert list(shown_in(app).values()) == ["First", "Second", "Third", "Fourth"]
    assert camera.GetPosition() == (1, 2, 3)  # the user may have turned the view
    part("views").showXray(volumes[2])  # is shown already
    assert shown_in(app)["Red"] == "First"

    layout = app.layoutManager().layoutLogic().GetLayoutNode()
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)  # the user's own choice stays
    panel.ui.applyButton.click()
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView


def test_what_is_marked_is_shown_over_its_own_xray_alone(four, scene, app, engine):
    panel, volumes = four
    parameters = panel._parameterNode
    panel.ui.includeSelector.addNode()
    for name in NAMES:
        setattr(parameters, f"{name}Region", region_on(scene, volumes[0], name))
    panel.ui.applyButton.click()
    marks = [parameters.includePoints, *(getattr(parameters, f"{name}Region") for name in NAMES)]
    views = [app.layoutManager().sliceWidget(name).mrmlSliceNode() for name in shown_in(app)]
    threeD = app.layoutManager().threeDWidget(0).threeDView().mrmlViewNode()

    def places():
        displays = [mark.GetDisplayNode() for mark in marks]
        assert all(display.IsDisplayableInView(threeD.GetID()) for display in displays)
        return np.array(
            [[d.GetVisibility2D() and d.IsDisplayableInView(view.GetID()) for view in views] for d in displays], bool
        )

    np.testing.assert_array_equal(places(), np.eye(4))
    shown = app.layoutManager().sliceWidget("XRay2").sliceLogic().GetSliceCompositeNode()
    shown.SetBackgroundVolumeID(volumes[3].GetID())  # the user changes what a view shows
    np.testing.assert_array_equal(places(), [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]])
    panel.ui.thirdRegionSelector.addNode()
    marks[2] = parameters.thirdRegion
    np.testing.assert_array_equal(places()[2], [0, 0, 1, 0])


def test_a_saved_scene_keeps_the_views(four, scene, app, engine, tmp_path, open_panel):
    panel, volumes = four
    parameters, view = panel._parameterNode, part("parameters").View
    parameters.thirdView, parameters.fourthAngle = view.LATERAL, -40.0
    parameters.fourthRegion = region_on(scene, volumes[3])
    create_node(panel.ui.fourthIncludeSelector)
    parameters.thirdBoneSegmentation = part("nodes").placeMask(rod()[1], volumes[2])
    for volume in volumes:
        volume.AddDefaultStorageNode()
        volume.GetStorageNode().SetFileName(str(tmp_path / f"{volume.GetName()}.nrrd"))
        assert volume.GetStorageNode().WriteData(volume)
    panel.ui.applyButton.click()
    save_scene(scene, tmp_path, parameters.outputModel, volumes[0])
    panel.exit()
    scene.Clear()
    assert scene.Connect()
    parameters = open_panel()._parameterNode
    names = [getattr(parameters, f"{name}Volume").GetName() for name in ("input", *NAMES)]
    assert names == ["First", "Second", "Third", "Fourth"]
    assert (parameters.thirdView, parameters.fourthAngle) == (view.LATERAL, -40.0)
    assert parameters.fourthRegion.GetName() == "Region"
    assert parameters.fourthIncludePoints.IsA("vtkMRMLMarkupsFiducialNode") and not parameters.thirdIncludePoints
    assert parameters.thirdBoneSegmentation.IsA("vtkMRMLSegmentationNode")


def test_outlines_lie_over_the_views_in_which_a_bone_was_seen(scene, module):
    """A bone that one of the views does not show has no outline over that one."""
    import types

    volumes = [sample_volume(scene, f"femur_{name}.dcm") for name in ("ap", "lateral", "ap")]
    pictures = [types.SimpleNamespace(pixels=np.zeros((2, 2))) for _ in volumes]
    square = types.SimpleNamespace(points=np.array([[0, 0], [9, 0], [9, 9.0]]))
    sphere = vtk.vtkSphereSource()
    sphere.Update()
    bone = types.SimpleNamespace(
        name="tibia",
        side="left",
        called="left tibia",
        surface=types.SimpleNamespace(polydata=sphere.GetOutput()),
        shape=types.SimpleNamespace(outlines=((square,), (square,))),
    )
    found = types.SimpleNamespace(seen=[types.SimpleNamespace(radiograph=pictures[number]) for number in (0, 2)])
    told = types.SimpleNamespace(
        bones=[None, bone],
        found=[None, found],
        case=types.SimpleNamespace(views=[types.SimpleNamespace(radiograph=each) for each in pictures]),
    )
    model = scene.AddNewNodeByClass("vtkMRMLModelNode", "femur")
    (tibia,) = part("bones").placeOthers(told, volumes, model)
    roles = [f"XRayTo3D.{role}" for role in ("Outline", "LateralOutline", "ThirdOutline", "FourthOutline")]
    over = [
        tibia.GetNodeReference(role) and tibia.GetNodeReference(role).GetNodeReference("XRayTo3D.Radiograph")
        for role in roles
    ]
    assert over == [volumes[0], volumes[2], None, None]


def test_the_preview_is_drawn_in_each_view_that_is_shown(scene, app, open_panel, monkeypatch):
    """Over its own X-ray, by what is marked in it; a view that has not changed is not looked at again."""
    from .test_panel import wait_for_preview

    volumes = [add_xray(name=name) for name in ("First", "Second")]
    panel = open_panel()
    parameters, preview = panel._parameterNode, part("preview").previewNode
    parameters.inputVolume, parameters.lateralVolume = volumes
    looked = []
    look = panel.logic.lookForBone
    monkeypatch.setattr(
        panel.logic, "lookForBone", lambda volume, **chosen: looked.append(volume.GetName()) or look(volume, **chosen)
    )
    part("views").showXray(volumes[1])
    parameters.preview = True
    wait_for_preview(panel, app)
    assert looked == ["Second"] and preview() is None and preview(1) is not None
    part("views").showXray(volumes[0])
    wait_for_preview(panel, app)
    assert looked == ["Second", "First"] and preview() is not None and preview(1) is None

    part("views").showBeside(volumes)
    panel._followViews()
    panel.onOtherXrayShown()
    wait_for_preview(panel, app)
    assert looked == ["Second", "First", "Second"]
    over = [[node for node in preview(number).GetDisplayNode().GetViewNodeIDs()] for number in (0, 1)]
    assert over[0] != over[1]
    assert [line.split(":")[0] for line in panel.ui.previewLabel.text.split("\n")] == ["First", "Second"]

    parameters.lateralRegion = region_on(scene, volumes[1])
    wait_for_preview(panel, app)
    assert looked[3:] == ["Second"]
    parameters.clusters = 3
    wait_for_preview(panel, app)
    assert looked[4:] == ["First", "Second"]
    parameters.preview = False
    assert preview() is preview(1) is None
