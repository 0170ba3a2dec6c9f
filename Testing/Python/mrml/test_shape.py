"""A fitted shape in the scene: outlines over X-rays, places of landmarks, and what goes when it is made anew."""

import html
import json

import numpy as np
import pytest
import vtk

from .conftest import part, points_of, sample_volume
from .test_marks import placed, quick, xray_at
from .test_placement import given, ijk_to_ras

OUTLINES = ("XRayTo3D.Outline", "XRayTo3D.LateralOutline")


def pixels_of(node, volume):
    """Columns and rows (n, 2) of a model's points in an X-ray, and how far they lie off its plane (mm)."""
    points = points_of(node)
    local = np.linalg.solve(part("nodes").ijkToRAS(volume), np.vstack([points.T, np.ones(len(points))]))
    return local[:2].T, np.abs(local[2]).max()


def border_of(mask):
    """Columns and rows of a mask's pixels that touch what is outside it."""
    inside = mask.copy()
    for axis in (0, 1):
        for step in (1, -1):
            inside &= np.roll(mask, step, axis)
    rows, columns = np.nonzero(mask & ~inside)
    return np.column_stack([columns, rows])


def test_two_xrays_give_a_femur_and_its_outlines_over_them(module, logic, scene):
    from scipy.spatial import cKDTree

    volumes = [sample_volume(scene, name) for name in ("femur_ap.dcm", "femur_lateral.dcm")]
    model = logic.process(volumes[0], lateralNode=volumes[1], side="right", keepImages=True)
    told = json.loads(model.GetAttribute("XRayTo3D.Result"))
    assert told["surface"]["method"] == "shape" and told["shape"]["views"] == 2
    assert told["lateral"]["input"]["path"] != told["input"]["path"]
    assert model.GetPolyData().GetPointData().HasArray("Uncertainty_mm")
    assert model.GetNodeReference("XRayTo3D.tone") and not model.GetNodeReference("XRayTo3D.depth")
    for role, volume, found in zip(OUTLINES, volumes, (logic.segment(each).bone for each in volumes), strict=True):
        node = model.GetNodeReference(role)
        assert part("outlines").isOutline(node) and not part("outlines").isOutline(model)
        pixels, off_plane = pixels_of(node, volume)
        assert off_plane < 1e-4
        away = cKDTree(pixels).query(border_of(found.mask))[0]
        assert np.median(away) < 3.0  # pixels of 0.5 mm
        assert not node.GetDisplayNode().GetVisibility3D() and node.GetDisplayNode().GetVisibility2D()

    again = logic.process(volumes[0], model, lateralNode=volumes[1], side="right")  # the same nodes, anew
    assert again is model and scene.GetNumberOfNodesByClass("vtkMRMLModelNode") == 3
    logic.process(volumes[0], model, method="relief", triangles=2000)  # casts no outline
    assert not any(model.GetNodeReference(role) for role in OUTLINES)
    assert scene.GetNumberOfNodesByClass("vtkMRMLModelNode") == 1


def test_an_xray_of_unknown_scale_gets_that_of_its_bone(module, logic, scene):
    """Of the sample, with pixels of 0.5 mm at the detector, as a picture file comes: model, marks and X-ray agree."""
    import slicer.util

    sample = sample_volume(scene)
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "picture")
    slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(sample))
    points = placed(scene, "vtkMRMLMarkupsFiducialNode", [(150, 500)], part("nodes").ijkToRAS(volume))
    model = logic.process(volume, method="shape", side="right", includeNode=points)
    told = json.loads(model.GetAttribute("XRayTo3D.Result"))
    size, deviation = (told["scale"][name] for name in ("pixel_size_mm", "deviation_mm"))
    assert volume.GetSpacing()[:2] == pytest.approx((size, size), abs=1e-5)
    assert size == pytest.approx(0.5 / 1.15, abs=2.5 * deviation)
    np.testing.assert_allclose(part("marks").seedsOf(points, None, volume).include, [(150, 500)], atol=1e-3)
    border = border_of(logic.segment(volume).bone.mask)
    stands = np.linalg.solve(
        part("nodes").ijkToRAS(volume), np.vstack([points_of(model).T, np.ones(len(points_of(model)))])
    )
    assert np.abs(np.ptp(stands[:2], axis=1) / np.ptp(border, axis=0) - 1).max() < 0.05
    assert part("scale").scaleWords(volume).startswith("Estimated from the bone's usual size, ± ")
    words = html.unescape(part("result").resultText(model))
    assert f"{size:.4g} ± {deviation:.2g} mm a pixel at the bone, estimated from the bone's usual size" in words

    logic.process(volume, model, method="relief", triangles=2000, includeNode=points)  # which tells no scale
    assert volume.GetSpacing() == pytest.approx((1, 1, 1))
    assert part("scale").scaleWords(volume).startswith("Unknown: 1 mm is assumed")
    assert "Unknown: 1 mm a pixel" in part("result").resultText(model)
    np.testing.assert_allclose(part("marks").seedsOf(points, None, volume).include, [(150, 500)], atol=1e-3)


def test_what_is_called_estimated_is_what_the_engine_calls_so(module):
    from XRayTo3DLib.radiograph import ESTIMATED, UNKNOWN

    assert (part("scale").ESTIMATED, part("scale").UNKNOWN) == (ESTIMATED, UNKNOWN)


def test_a_femur_stands_where_the_rays_met_it(module, logic, scene):
    """In front of the X-ray and behind it; its shadow, as much larger as the rays make it, is the bone in the X-ray."""
    volume = sample_volume(scene)
    model = logic.process(volume, method="shape", side="right")
    radiograph = part("logic").inputs(volume)[0]
    matrix = part("nodes").ijkToRAS(volume)
    towards = -np.cross(matrix[:3, 0], matrix[:3, 1])
    towards *= radiograph.sod_mm / np.linalg.norm(towards)
    middle = (np.array(radiograph.pixels.shape[::-1]) - 1) / 2
    source = (matrix @ [*middle, 0, 1])[:3] + towards
    rays = points_of(model) - source
    nearness = -(radiograph.sod_mm**2) / (rays @ towards)
    assert 0.92 < nearness.min() < 1 < nearness.max() < 1.08
    onto = source + rays * nearness[:, None]  # the X-ray's plane, which goes through the bone
    pixels = np.linalg.solve(matrix, np.vstack([onto.T, np.ones(len(onto))]))[:2].T
    pixels = middle + (pixels - middle) * radiograph.magnification
    border = border_of(logic.segment(volume).bone.mask)
    assert np.abs(pixels.min(axis=0) - border.min(axis=0)).max() < 5
    assert np.abs(pixels.max(axis=0) - border.max(axis=0)).max() < 5


@quick
@given(matrix=ijk_to_ras())
def test_landmarks_lie_on_their_pixels(module, scene, matrix):
    volume = xray_at(matrix)
    places = {"head_center": (27, 12), "lateral_condyle": (20.5, 60)}
    points = placed(scene, "vtkMRMLMarkupsFiducialNode", places.values(), matrix, off_plane=3.0)
    points.SetNthControlPointLabel(0, "head_center")
    points.SetNthControlPointLabel(1, "Lateral condyle")
    found = part("marks").landmarksOf(points, volume)
    assert found.keys() == places.keys()
    assert all(found[name] == pytest.approx(places[name], abs=1e-6) for name in places)
    scene.Clear()


def test_a_new_list_has_the_landmarks_without_places(module, scene):
    volume = xray_at(np.diag([-0.5, -0.5, 1, 1]))
    points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    part("marks").offerLandmarks(points)
    assert points.GetNumberOfControlPoints() == 4 and part("marks").landmarksOf(points, volume) == {}
    points.SetNthControlPointPositionWorld(1, vtk.vtkVector3d(-10, -20, 0))
    points.SetNthControlPointLabel(1, "whatever the language")
    assert part("marks").landmarksOf(points, volume) == {"trochanter_tip": pytest.approx((20, 40))}
    part("marks").offerLandmarks(points)  # what is there stays
    assert points.GetNumberOfControlPoints() == 4


@pytest.mark.parametrize(
    ("labels", "words"), [(["F-1"], "F-1 .*no landmark"), (["head_center", "Head center"], "two points")]
)
def test_points_that_are_no_landmarks_are_named(module, scene, labels, words):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume = xray_at(matrix)
    points = placed(scene, "vtkMRMLMarkupsFiducialNode", [(9, 9)] * len(labels), matrix)
    for number, label in enumerate(labels):
        points.SetNthControlPointLabel(number, label)
    with pytest.raises(ValueError, match=words):
        part("marks").landmarksOf(points, volume)
