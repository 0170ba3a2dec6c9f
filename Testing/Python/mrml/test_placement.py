"""The surface stands on its X-ray, wherever and however the X-ray's volume lies in the world."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import node_ids, part, points_of, rod, signed_volume, triangles_of

NORMAL = st.floats(-1, 1).map(lambda x: round(x, 3))


@st.composite
def ijk_to_ras(draw):
    """Any placement of a volume: rotated, mirrored or not, with pixels that are not square."""
    quaternion = np.array([draw(st.floats(0.01, 1)), *(draw(NORMAL) for _ in range(3))])
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    spacing = [draw(st.floats(0.1, 1.0)), 0, draw(st.floats(0.1, 20))]
    spacing[1] = spacing[0] * draw(st.floats(0.6, 1.6))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * spacing
    matrix[:3, 2] *= draw(st.sampled_from([-1, 1]))
    matrix[:3, 3] = [draw(st.floats(-500, 500)) for _ in range(3)]
    return matrix


def towards_source(matrix):
    normal = -np.cross(matrix[:3, 0], matrix[:3, 1])
    return normal / np.linalg.norm(normal)


@pytest.mark.parametrize("method", ["solid", "relief"])
@given(matrix=ijk_to_ras())
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_surface_stands_on_its_xray(module, logic, scene, method, matrix):
    import slicer.util

    from XRayTo3DLib import reconstruct

    grey, mask = rod()
    volume = slicer.util.addVolumeFromArray(grey[None], matrix, "X-ray")
    mask_node = slicer.util.addVolumeFromArray(mask[None], matrix, "mask", "vtkMRMLLabelMapVolumeNode")
    choices = {"method": method, "triangles": 4000, "segmentation": "clusters"}  # the mask tells all
    model = logic.process(volume, maskNode=mask_node, **choices)
    points = points_of(model)

    # Every point, to a thousandth of a millimetre, by the engine's numbers along i, j and towards the source.
    engine = reconstruct(*part("logic").inputs(volume, maskNode=mask_node, **choices)).surface.polydata
    x, y, z = np.array([engine.GetPoint(i) for i in range(engine.GetNumberOfPoints())]).T
    spacing = np.linalg.norm(matrix[:3, :2], axis=0)
    expected = np.outer(x / spacing[0], matrix[:3, 0]) + np.outer(y / spacing[1], matrix[:3, 1]) + matrix[:3, 3]
    expected += np.outer(z, towards_source(matrix))
    np.testing.assert_allclose(points, expected, atol=1e-3)

    # Its shadow is the mask's, on the image's own pixels.
    ijk = np.linalg.solve(matrix, np.vstack([points.T, np.ones(len(points))]))
    rows, columns = np.nonzero(mask)
    for index, pixels in ((0, columns), (1, rows)):
        assert ijk[index].min() == pytest.approx(pixels.min() - 0.5, abs=0.8)
        assert ijk[index].max() == pytest.approx(pixels.max() + 0.5, abs=0.8)

    # Its back lies on the image's plane, its front points towards the source.
    height = (points - matrix[:3, 3]) @ towards_source(matrix)
    assert abs(height.min()) < 1e-3
    assert height.max() > 5 * spacing.min()

    assert signed_volume(points, triangles_of(model)) > 0
    scene.Clear()


def test_known_coronal_placement(module, scene):
    """The self test's X-ray by hand: i to the patient's left, j to the feet, so the source is in front."""
    model = module.XRayTo3DLogic().process(module.makeXray(), method="solid", threshold=(0.05, 1.0), triangles=100000)
    right, anterior, superior = points_of(model).T
    assert (right.min(), right.max()) == pytest.approx((-42, -18), abs=0.5)
    assert (superior.min(), superior.max()) == pytest.approx((-72, -8), abs=0.5)
    assert anterior.min() == pytest.approx(0, abs=1e-3)
    assert anterior.max() > 10


def test_parent_transform_is_shared(module, logic, scene):
    """A volume that is moved by a transform takes its surface along."""
    import slicer
    import slicer.util

    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([2.0, 1, 1, 1])))
    volume = slicer.util.addVolumeFromArray(rod()[0][None], np.diag([0.5, 0.5, 1, 1]), "X-ray")
    plain = points_of(logic.process(volume, triangles=4000))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    model = logic.process(volume, triangles=4000)
    assert model.GetTransformNodeID() == transform.GetID()
    np.testing.assert_allclose(points_of(model), plain)
    volume.SetAndObserveTransformNodeID(None)
    logic.process(volume, model, triangles=4000)
    assert model.GetTransformNodeID() is None


@pytest.mark.parametrize("turned", [False, True])
def test_region_under_transforms(module, scene, turned):
    """A region of interest marks the pixels that it covers in the world, whatever the frames between."""
    import slicer.util

    from XRayTo3DLib import find_region

    angle = np.deg2rad(30)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0, 5], [np.sin(angle), np.cos(angle), 0, -7], [0, 0, 1, 3], [0, 0, 0, 1]]
    )
    matrix = np.array([[0, -0.5, 0, 10], [0.4, 0, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]])
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(turn))
    volume = slicer.util.addVolumeFromArray(rod()[0][None], matrix, "X-ray")
    volume.SetAndObserveTransformNodeID(transform.GetID())

    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    region.SetCenter((matrix @ [20, 30, 0, 1])[:3])
    region.SetSize([0.5 * 40, 0.4 * 10, 8])  # 40 rows along R, 10 columns along A
    if turned:
        region.SetCenter((turn @ matrix @ [20, 30, 0, 1])[:3])
    else:
        region.SetAndObserveTransformNodeID(transform.GetID())
    marked = part("marks").regionSettings(region, volume)

    if not turned:
        np.testing.assert_allclose(marked["roi"], [15, 10, 25, 50], atol=1e-3)
    else:
        corners = np.array(marked["polygon"])
        assert len(corners) == 4
        np.testing.assert_allclose(corners.mean(axis=0), [20, 30], atol=1e-3)
        mm = (corners - [20, 30]) * [0.4, 0.5]
        np.testing.assert_allclose(np.linalg.norm(mm, axis=1), np.hypot(10, 2), atol=1e-3)
        image = find_region(*part("logic").inputs(volume, region))
        assert image[30, 20]
        assert not image[12, 20]
        assert not image[48, 20]


def test_region_limits_the_surface(module, logic, scene):
    import slicer.util

    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume = slicer.util.addVolumeFromArray(rod()[0][None], matrix, "X-ray")
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    region.SetCenter([-13.5, -20, 0])  # rows 30 to 50
    region.SetSize([24, 10, 10])
    rows = points_of(logic.process(volume, roiNode=region, triangles=4000))[:, 1] / -0.5
    assert rows.min() == pytest.approx(30, abs=1.5)
    assert rows.max() == pytest.approx(50, abs=4.5)  # the clusters' outline of a round end


def test_inverted_display_is_what_counts(module, scene):
    """An X-ray that Slicer shows inverted is read as it is shown."""
    import slicer.util

    grey = rod()[0]
    volume = slicer.util.addVolumeFromArray(grey[None])
    shown = slicer.util.addVolumeFromArray(grey.max() - grey[None])
    shown.GetDisplayNode().SetInvertDisplayScalarRange(1)
    expected = part("nodes").radiographFromVolume(volume, bone="bright").pixels
    np.testing.assert_allclose(part("nodes").radiographFromVolume(shown, bone="bright").pixels, expected, atol=1e-6)


def test_pixel_size_of_pictures_is_unknown(module, scene):
    """A picture file's 1 mm is Slicer's guess, and said to be one; so is the magnification of a size without source."""
    import slicer.util

    volume = slicer.util.addVolumeFromArray(rod()[0][None])
    assert "scale is unknown" in part("nodes").radiographFromVolume(volume).warnings[0]
    volume.SetSpacing(0.2, 0.3, 1)
    radiograph = part("nodes").radiographFromVolume(volume)
    assert len(radiograph.warnings) == 1 and "magnification is unknown" in radiograph.warnings[0]
    assert radiograph.pixel_size_mm == (0.2, 0.3)
    assert not part("nodes").radiographFromVolume(volume, sid=1200, sod=1000).warnings


def test_vector_volume_equals_scalar_volume(module, logic, scene):
    import slicer.util

    grey = (rod()[0] / 16).astype(np.uint8)
    scalar = slicer.util.addVolumeFromArray(grey[None], np.diag([0.5, 0.5, 1, 1]))
    colour = np.repeat(grey[None, :, :, None], 3, axis=3)
    vector = slicer.util.addVolumeFromArray(colour, np.diag([0.5, 0.5, 1, 1]), nodeClassName="vtkMRMLVectorVolumeNode")
    before = node_ids(scene)
    made = [points_of(logic.process(each, triangles=4000)) for each in (scalar, vector)]
    np.testing.assert_allclose(*made, atol=1e-4)  # sums of floats are rounded as their arrays lie in memory
    assert len(before) < len(node_ids(scene))
