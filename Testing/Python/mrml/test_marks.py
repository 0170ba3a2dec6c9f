"""What is marked on an X-ray reaches the engine at the pixels it lies over, wherever the X-ray stands."""

import numpy as np
import pytest
import vtk
from hypothesis import HealthCheck, given, settings

from .conftest import part, rod, sample_volume
from .test_placement import ijk_to_ras

quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def xray_at(matrix, name="Thigh"):
    import slicer.util

    return slicer.util.addVolumeFromArray(rod()[0][None], matrix, name)


def placed(scene, class_name, pixels, matrix, off_plane=0.0):
    """Markups with control points over pixels of an X-ray, which may lie before or behind its plane."""
    node = scene.AddNewNodeByClass(class_name)
    normal = np.cross(matrix[:3, 0], matrix[:3, 1])
    for column, row in pixels:
        point = (matrix @ [column, row, 0, 1])[:3] + off_plane * normal / np.linalg.norm(normal)
        node.AddControlPointWorld(vtk.vtkVector3d(*point))
    return node


@quick
@given(matrix=ijk_to_ras())
def test_clicks_lie_on_their_pixels(module, scene, matrix):
    volume = xray_at(matrix)
    include = placed(scene, "vtkMRMLMarkupsFiducialNode", [(27, 32), (25.5, 40)], matrix, off_plane=3.0)
    exclude = placed(scene, "vtkMRMLMarkupsFiducialNode", [(3, 60)], matrix)
    seeds = part("marks").seedsOf(include, exclude, volume)
    np.testing.assert_allclose(seeds.include, [(27, 32), (25.5, 40)], atol=1e-6)
    np.testing.assert_allclose(seeds.exclude, [(3, 60)], atol=1e-6)
    assert part("marks").seedsOf(None, None, volume) is None
    scene.Clear()


def test_a_point_that_is_not_placed_is_no_click(module, scene):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume, points = xray_at(matrix), placed(scene, "vtkMRMLMarkupsFiducialNode", [(27, 32), (9, 9)], matrix)
    points.UnsetNthControlPointPosition(1)
    assert len(part("marks").seedsOf(points, None, volume).include) == 1


@quick
@given(matrix=ijk_to_ras())
def test_a_closed_curve_is_a_polygon(module, scene, matrix):
    corners = [(15, 8), (40, 8), (40, 60), (15, 60)]
    volume, curve = xray_at(matrix), placed(scene, "vtkMRMLMarkupsClosedCurveNode", corners, matrix)
    curve.SetCurveTypeToLinear()
    polygon = np.array(part("marks").regionSettings(curve, volume)["polygon"])
    x, y = polygon.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(25 * 52, rel=1e-3)
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((15, 40, 8, 60), abs=1e-3)
    scene.Clear()


def test_a_plane_is_its_rectangle(module, scene):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume = xray_at(matrix)
    plane = scene.AddNewNodeByClass("vtkMRMLMarkupsPlaneNode", "Here")
    plane.SetCenter(-13.5, -16, 0)
    plane.SetNormal(0, 0, 1)
    plane.SetSize(18, 13)
    marked = part("marks").regionSettings(plane, volume)
    assert marked["roi"] == pytest.approx([9, 19, 45, 45], abs=1e-4)


@pytest.mark.parametrize("class_name", ["vtkMRMLMarkupsClosedCurveNode", "vtkMRMLMarkupsPlaneNode"])
def test_an_unfinished_region_is_refused(module, scene, class_name):
    volume = xray_at(np.diag([-0.5, -0.5, 1, 1]))
    node = scene.AddNewNodeByClass(class_name, "Half")
    with pytest.raises(ValueError, match=r"Half .*place"):
        part("marks").regionSettings(node, volume)


@quick
@given(matrix=ijk_to_ras())
def test_calibration_moves_what_was_marked_along(module, logic, scene, matrix):
    """A line of 50 pixels that is 12 mm long makes pixels of 0.24 mm; every mark stays on its pixels."""
    volume = xray_at(matrix)
    size = np.linalg.norm(matrix[:3, :2], axis=0)
    line = placed(scene, "vtkMRMLMarkupsLineNode", [(5, 10), (35, 50)], matrix)
    points = placed(scene, "vtkMRMLMarkupsFiducialNode", [(27, 32)], matrix)
    curve = placed(scene, "vtkMRMLMarkupsClosedCurveNode", [(15, 8), (40, 8), (40, 60)], matrix)
    polygon = part("marks").regionSettings(curve, volume)["polygon"]
    length = np.hypot(30 * size[0], 40 * size[1])
    assert logic.calibrate(volume, line, 12, [points, curve, None]) == pytest.approx(size[0] * 12 / length)
    assert volume.GetSpacing()[1] / volume.GetSpacing()[0] == pytest.approx(size[1] / size[0])
    assert part("marks").lengthOnXray(line, volume) == pytest.approx(12)
    np.testing.assert_allclose(part("marks").seedsOf(points, None, volume).include, [(27, 32)], atol=1e-6)
    np.testing.assert_allclose(part("marks").regionSettings(curve, volume)["polygon"], polygon, atol=1e-3)
    radiograph = part("nodes").radiographFromVolume(volume, sid=1200, sod=1000)
    assert radiograph.pixel_size_source.startswith("calibration") and radiograph.magnification == 1
    assert radiograph.pixel_size_deviation == pytest.approx(np.hypot(size[0] / length, 0.01))
    scene.Clear()


def test_a_box_and_a_drawn_bone_move_along(module, logic, scene):
    import slicer.util

    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume, mask = xray_at(matrix), rod()[1]
    box = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    box.SetCenter(-13.5, -16, 0)
    box.SetSize(18, 13, 10)
    drawn = part("nodes").placeMask(mask, volume)
    logic.setPixelSize(volume, 0.2, [box, drawn])
    assert volume.GetSpacing()[:2] == pytest.approx((0.2, 0.2))
    assert part("marks").regionSettings(box, volume)["roi"] == pytest.approx([9, 19, 45, 45], abs=1e-4)
    assert (part("marks").maskOf(drawn, volume) != mask).mean() < 0.01
    assert part("nodes").radiographFromVolume(volume).pixel_size_source == "given"
    assert slicer.util.arrayFromVolume(volume).shape == (1, *mask.shape)


def test_calibration_lines_that_say_nothing(module, logic, scene):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume = xray_at(matrix)
    for pixels, words in (([(5, 5)], "no two points"), ([(5, 5), (5, 5)], "one place")):
        with pytest.raises(ValueError, match=words):
            logic.calibrate(volume, placed(scene, "vtkMRMLMarkupsLineNode", pixels, matrix), 10)
    assert volume.GetSpacing()[0] == 0.5


@quick
@given(matrix=ijk_to_ras())
def test_a_mask_goes_into_a_segmentation_and_comes_back(module, scene, matrix):
    volume, mask = xray_at(matrix), rod()[1]
    segmentation = part("nodes").placeMask(mask, volume)
    np.testing.assert_array_equal(part("marks").maskOf(segmentation, volume), mask > 0)
    scene.Clear()


def test_visible_segments_count(module, scene):
    import slicer.util

    volume, mask = xray_at(np.diag([-0.5, -0.5, 1, 1])), rod()[1]
    segmentation = part("nodes").placeMask(mask, volume)
    other = np.zeros_like(mask)
    other[2:6, 2:6] = 1
    identifier = segmentation.GetSegmentation().AddEmptySegment("other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(other[None], segmentation, identifier, volume)
    assert part("marks").maskOf(segmentation, volume).sum() == mask.sum() + 16
    display = segmentation.GetDisplayNode()
    display.SetSegmentVisibility(identifier, False)
    assert part("marks").maskOf(segmentation, volume).sum() == mask.sum()
    display.SetSegmentVisibility("bone", False)
    with pytest.raises(ValueError, match="no visible segment"):
        part("marks").maskOf(segmentation, volume)
    empty = part("nodes").placeMask(np.zeros_like(mask), volume)
    with pytest.raises(ValueError, match="is empty"):
        part("marks").maskOf(empty, volume)


# What the file of a volume tells


@pytest.mark.parametrize("name", ["femur_ap.dcm", "femur_lateral.dcm"])
def test_a_volume_of_a_dicom_file_is_what_the_engine_reads(module, scene, name):
    from XRayTo3DLib import read_radiograph

    from ..stand_ins.application import ROOT

    volume = sample_volume(scene, name)
    found = part("nodes").radiographFromVolume(volume)
    told = read_radiograph(ROOT / "Resources" / "Samples" / name)
    for field in ("pixel_size_mm", "pixel_size_source", "magnification", "sid_mm", "sod_mm", "view", "side"):
        assert getattr(found, field) == pytest.approx(getattr(told, field)), field
    np.testing.assert_allclose(found.pixels, told.pixels, atol=1e-3)
    assert found.path.endswith(name)


def test_a_changed_volume_does_not_have_its_files_scale(module, logic, scene):
    volume = sample_volume(scene)
    volume.SetSpacing(0.9, 0.9, 1)
    known = part("nodes").headerOf(volume).geometry
    assert (known.pixel_size_source, known.magnification) == ("volume spacing", 1.0)
    logic.setPixelSize(volume, 0.4)
    assert part("nodes").headerOf(volume).geometry.pixel_size_source == "given"
    assert part("nodes").headerOf(volume, 1200, 1000).geometry.magnification == pytest.approx(1.2)


def test_the_dicom_database_knows_the_file(module, slicer_core, scene, monkeypatch, tmp_path):
    import types

    from ..stand_ins.application import ROOT

    volume = sample_volume(scene)
    volume.SetAndObserveStorageNodeID(None)
    assert part("nodes").fileOf(volume) is None
    volume.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    path = str(ROOT / "Resources" / "Samples" / "femur_ap.dcm")
    database = types.SimpleNamespace(fileForInstance={"1.2.3": path}.get)
    monkeypatch.setattr(slicer_core, "dicomDatabase", database, raising=False)
    assert part("nodes").headerOf(volume).view == "AP"
