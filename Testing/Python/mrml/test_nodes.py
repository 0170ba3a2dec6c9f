"""What the logic leaves in the scene, what it saves, and that it leaves nothing where it fails."""

import contextlib
import ctypes
import json
import sys

import numpy as np
import pytest

from .conftest import node_ids, part, points_of, rod, save_scene, signed_volume, triangles_of

FEW = {"triangles": 4000, "segmentation": "clusters"}  # made quickly: the reader network takes longer than the rest


@pytest.fixture
def xray(scene):
    """A volume with the made-up rod, 0.5 mm pixels."""
    import slicer.util

    return slicer.util.addVolumeFromArray(rod()[0][None], np.diag([-0.5, -0.5, 1, 1]), "Thigh")


def test_model_is_shown_named_and_annotated(logic, xray, scene):
    model = logic.process(xray, method="relief", clusters=3, **FEW)
    assert "Thigh" in model.GetName()
    display = model.GetDisplayNode()
    assert display.GetColor() == pytest.approx((0.95, 0.84, 0.57))
    assert display.GetVisibility()
    assert not display.GetScalarVisibility()
    assert model.GetStorageNode() is not None
    settings = json.loads(model.GetAttribute("XRayTo3D.Settings"))
    assert (settings["method"], settings["clusters"], settings["triangles"]) == ("relief", 3, 4000)
    assert model.GetAttribute("XRayTo3D.Version")
    assert logic.process(xray, **FEW).GetName() != model.GetName()


def test_existing_model_is_updated_and_keeps_its_looks(logic, xray, scene):
    model = logic.process(xray, method="relief", **FEW)
    model.SetName("Mine")
    model.GetDisplayNode().SetColor(1, 0, 0)
    before, ids = points_of(model), node_ids(scene)
    assert logic.process(xray, model, method="solid", **FEW) is model
    assert (model.GetName(), model.GetDisplayNode().GetColor()) == ("Mine", (1, 0, 0))
    assert not np.array_equal(points_of(model)[:10], before[:10])
    assert node_ids(scene) == ids


def test_model_lies_beside_its_xray_in_subject_hierarchy(slicer_core, logic, xray, scene):
    hierarchy = slicer_core.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.CreateItem(study, xray)
    model = logic.process(xray, **FEW)
    item = hierarchy.GetItemByDataNode(model) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), model)
    logic.process(xray, model, **FEW)  # now that the model has an item, as it has in the application
    assert hierarchy.GetItemParent(item) == study


def test_stages_give_volumes_on_the_xray(module, logic, xray, scene):
    import slicer.util

    clusters = logic.cluster(xray, clusters=3)
    mask = logic.threshold(xray, 0.2)
    depth = logic.estimateDepth(xray, mask, **FEW)
    assert set(np.unique(slicer.util.arrayFromVolume(clusters))) == {0, 1, 2}
    assert set(np.unique(slicer.util.arrayFromVolume(mask))) == {0, 1}
    bone, mm = slicer.util.arrayFromVolume(mask)[0] > 0, slicer.util.arrayFromVolume(depth)[0]
    assert mm[bone].mean() > 1
    assert abs(mm[~bone]).max() < mm.max() / 2
    window = depth.GetDisplayNode()
    assert window.GetWindowLevelMin() == pytest.approx(mm.min(), abs=1e-3)
    assert window.GetWindowLevelMax() == pytest.approx(mm.max(), abs=1e-3)
    for node in (clusters, mask, depth):
        assert "Thigh" in node.GetName()
        assert node.GetDisplayNode() is not None
        assert node.GetImageData().GetDimensions() == xray.GetImageData().GetDimensions()
        np.testing.assert_allclose(part("nodes").ijkToRAS(node), part("nodes").ijkToRAS(xray))

    model = logic.generateSurface(xray, mask, **FEW)
    np.testing.assert_array_equal(points_of(model), points_of(logic.process(xray, maskNode=mask, **FEW)))
    ids = node_ids(scene)
    assert logic.cluster(xray, clusters, clusters=4) is clusters
    assert set(np.unique(slicer.util.arrayFromVolume(clusters))) == {0, 1, 2, 3}
    assert node_ids(scene) == ids


def has_opengl() -> bool:
    """Whether a render window can be made: without OpenGL, Slicer's OBJ exporter ends the whole process."""
    for name in ("libGL.so.1", "libEGL.so.1", "libOSMesa.so.8"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


needs_opengl = pytest.mark.skipif(not has_opengl(), reason="Slicer writes OBJ files by OpenGL, which is not installed")


@pytest.mark.parametrize("suffix", [".stl", ".ply", pytest.param(".obj", marks=needs_opengl), ".vtp"])
def test_saved_surface_comes_back_in_a_new_scene(slicer_core, logic, xray, tmp_path, suffix):
    path = tmp_path / f"bone{suffix}"
    path.write_text("old")
    model = logic.process(xray, **FEW)
    logic.saveModel(model, str(path))
    expected_files = {".obj": {"bone.obj", "bone.mtl"}}.get(suffix, {path.name})
    assert {each.name for each in tmp_path.iterdir()} == expected_files
    if suffix == ".stl":
        assert b"SPACE=LPS" in path.read_bytes()[:80]

    other = slicer_core.vtkMRMLScene()
    copy = other.AddNewNodeByClass("vtkMRMLModelNode")
    storage = other.AddNewNodeByClass("vtkMRMLModelStorageNode")
    storage.SetFileName(str(path))
    assert storage.ReadData(copy)
    expected, points = points_of(model), points_of(copy)
    order, expected_order = (np.lexsort(np.round(each, 3).T) for each in (points, expected))
    np.testing.assert_allclose(points[order].mean(axis=0), expected[expected_order].mean(axis=0), atol=1e-3)
    assert len(points) == len(expected)
    volumes = [signed_volume(points_of(each), triangles_of(each)) for each in (model, copy)]
    assert volumes[0] > 0
    assert volumes[1] == pytest.approx(volumes[0], rel=1e-5)


def test_stl_points_by_hand(slicer_core, logic, xray, tmp_path):
    """An STL file holds LPS: Slicer's right and anterior with the other sign."""
    import vtk

    model = logic.process(xray, **FEW)
    logic.saveModel(model, tmp_path / "bone.stl")
    reader = vtk.vtkSTLReader()
    reader.SetFileName(str(tmp_path / "bone.stl"))
    reader.Update()
    bounds = np.array(reader.GetOutput().GetBounds()).reshape(3, 2)
    expected = np.array(model.GetPolyData().GetBounds()).reshape(3, 2)
    np.testing.assert_allclose(bounds[:2], -expected[:2, ::-1], atol=1e-4)
    np.testing.assert_allclose(bounds[2], expected[2], atol=1e-4)


def test_file_that_cannot_be_written_is_refused(logic, xray, tmp_path):
    model = logic.process(xray, **FEW)
    with pytest.raises((OSError, ValueError), match="nowhere"):
        logic.saveModel(model, tmp_path / "nowhere" / "bone.stl")
    old = tmp_path / "bone.exe"
    old.write_text("old")
    with pytest.raises((OSError, ValueError), match=r"bone\.exe"):
        logic.saveModel(model, old)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_nothing_to_save_is_refused(logic, scene, tmp_path):
    model = scene.AddNewNodeByClass("vtkMRMLModelNode")
    for each in (model, None):
        with pytest.raises(ValueError, match="no surface"):
            logic.saveModel(each, tmp_path / "bone.stl")
    assert not list(tmp_path.iterdir())


def test_scene_is_saved_and_loaded(slicer_core, logic, xray, scene, tmp_path):
    """The surface, where it stands and how it was made come back with a saved scene."""
    model = logic.process(xray, method="solid", **FEW)
    save_scene(scene, tmp_path, model, xray)

    other = slicer_core.vtkMRMLScene()
    other.SetURL(str(tmp_path / "scene.mrml"))
    assert other.Connect()
    copy = other.GetFirstNodeByName(model.GetName())
    np.testing.assert_allclose(points_of(copy), points_of(model), atol=1e-3)
    assert copy.GetDisplayNode().GetColor() == pytest.approx(model.GetDisplayNode().GetColor())
    for name in ("XRayTo3D.Settings", "XRayTo3D.Version"):
        assert copy.GetAttribute(name) == model.GetAttribute(name)


def _volume(array, spacing=1.0):
    import slicer.util

    return slicer.util.addVolumeFromArray(array, np.diag([spacing, spacing, 1, 1]), "Odd")


def _nan():
    grey = rod()[0].astype(np.float32)
    grey[3, 4] = np.nan
    return _volume(grey[None])


def _empty(scene):
    import vtk

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Odd")
    node.SetAndObserveImageData(vtk.vtkImageData())
    return node


REFUSED = {
    "no volume": (lambda scene: None, {}, "choose"),
    "no image data": (lambda scene: scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Odd"), {}, "empty"),
    "empty image data": (_empty, {}, "empty"),
    "CT": (lambda scene: _volume(np.repeat(rod()[0][None], 5, axis=0)), {}, "5 slices.*single image"),
    "NaN": (lambda scene: _nan(), {}, "NaN"),
    "constant": (lambda scene: _volume(np.full((1, 40, 40), 7, np.uint8)), {}, "same value"),
    "method": (lambda scene: _volume(rod()[0][None]), {"method": "magic"}, "magic"),
    "clusters": (lambda scene: _volume(rod()[0][None]), {"clusters": 1}, "clusters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words_and_without_traces(logic, scene, case):
    make, settings, words = REFUSED[case]
    volume = make(scene)
    before = node_ids(scene)
    with pytest.raises(ValueError, match=f"(?is){words}"):
        logic.process(volume, **settings)
    assert node_ids(scene) == before


def test_engine_words_reach_the_user_unchanged(logic, scene):
    from XRayTo3DLib import RadiographError, radiograph_from_array

    array = np.full((40, 40), 7, np.uint8)
    with pytest.raises(RadiographError) as from_engine:
        radiograph_from_array(array, name="Odd")
    with pytest.raises(RadiographError) as from_logic:
        logic.process(_volume(array[None]))
    assert str(from_logic.value) == str(from_engine.value)


@pytest.mark.parametrize(
    "center, size, words",
    [([500, 500, 0], [10, 10, 10], "no pixel"), ([-10, -10, 0], [0, 0, 0], "size")],
    ids=["off the picture", "not placed"],
)
def test_useless_region_is_refused(logic, xray, scene, center, size, words):
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Here")
    region.SetCenter(center)
    region.SetSize(size)
    before = node_ids(scene)
    for stage in (logic.process, logic.cluster):
        with pytest.raises(ValueError, match=words):
            stage(xray, roiNode=region)
    assert node_ids(scene) == before


def test_empty_or_foreign_mask_is_refused(logic, xray, scene):
    import slicer.util

    shapes = {"no pixel": rod()[0].shape, "rows": (5, 6)}
    for words, shape in shapes.items():
        mask = slicer.util.addVolumeFromArray(
            np.zeros((1, *shape), np.uint8), nodeClassName="vtkMRMLLabelMapVolumeNode"
        )
        before = node_ids(scene)
        with pytest.raises(ValueError, match=words):
            logic.process(xray, maskNode=mask)
        assert node_ids(scene) == before


@pytest.mark.parametrize("calls", [0, 1, 3, 5])
def test_cancel_leaves_all_as_it_was(logic, xray, scene, calls):
    from XRayTo3DLib import Cancelled

    model = logic.process(xray, **FEW)
    points, before, heard = points_of(model), node_ids(scene), []

    def stop(fraction, text):
        heard.append((fraction, text))
        return len(heard) > calls

    for output in (model, None):
        heard.clear()
        with pytest.raises(Cancelled):
            logic.process(xray, output, method="relief", progress=stop, **FEW)
        assert len(heard) == calls + 1
    np.testing.assert_array_equal(points_of(model), points)
    assert json.loads(model.GetAttribute("XRayTo3D.Settings"))["method"] == "auto"
    assert node_ids(scene) == before


def test_failure_keeps_the_old_mesh(logic, xray, scene):
    model = logic.process(xray, **FEW)
    points = points_of(model)
    with pytest.raises(ValueError, match="same value"):
        logic.process(_volume(np.full((1, 40, 40), 7, np.uint8)), model)
    np.testing.assert_array_equal(points_of(model), points)


def test_xray_is_not_changed(logic, xray):
    import slicer.util

    before = slicer.util.arrayFromVolume(xray).copy()
    logic.process(xray, **FEW)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(xray), before)


def test_first_radiograph_is_a_single_image(module, scene):
    import slicer.util

    assert part("nodes").firstRadiograph() is None
    slicer.util.addVolumeFromArray(np.zeros((4, 5, 6)))
    slicer.util.addVolumeFromArray(np.zeros((1, 5, 6), np.uint8), nodeClassName="vtkMRMLLabelMapVolumeNode")
    assert part("nodes").firstRadiograph() is None
    hidden = slicer.util.addVolumeFromArray(np.zeros((1, 5, 6)))
    hidden.SetHideFromEditors(True)
    made = slicer.util.addVolumeFromArray(np.zeros((1, 5, 6)))
    made.SetAttribute("XRayTo3D.Settings", "{}")
    assert part("nodes").firstRadiograph() is None
    colour = slicer.util.addVolumeFromArray(np.zeros((1, 5, 6, 3), np.uint8), nodeClassName="vtkMRMLVectorVolumeNode")
    assert part("nodes").firstRadiograph() is colour


@pytest.mark.parametrize("has_packaging", [True, False])
def test_packages_are_installed_with_consent(module, slicer_core, monkeypatch, tmp_path, has_packaging):
    """What is missing is asked for once, with the reason, and installed if the user agrees; 5.10 has no packaging."""
    import slicer.util

    packages = part("packages")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# why\n\nnumpy>=1.0\nno-such-package-1>=2\nnumpy>=9999\n")
    missing = ["no-such-package-1>=2", "numpy>=9999"]
    assert packages.missingPackages(requirements) == missing
    monkeypatch.setattr(packages, "missingPackages", lambda: missing)
    asked, installed = [], []
    if has_packaging:
        monkeypatch.setattr(sys.modules["slicer.packaging"], "pip_ensure", lambda found, **_: installed.append(missing))
    else:
        monkeypatch.setitem(sys.modules, "slicer.packaging", None)
        monkeypatch.setattr(slicer.util, "pip_install", installed.append)
    for answer in (False, True):
        monkeypatch.setattr(
            slicer.util, "confirmOkCancelDisplay", lambda text, title, answer=answer: asked.append(text) or answer
        )
        if answer:
            assert packages.ensurePackages()
        else:
            assert not packages.ensurePackages() and not installed
    assert installed == [missing]
    assert all("finds the bone" in text and "no-such-package-1>=2" in text for text in asked)
    monkeypatch.setattr(packages, "missingPackages", list)
    assert packages.ensurePackages() and len(asked) == 2
