"""A broken bone in the scene: lines along its fracture, and its fragments, each under a transform of its own."""

import json
import types

import numpy as np
import pytest
import vtk
from hypothesis import given
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape import BreakFrame

from .conftest import node_ids, part, points_of, signed_volume, triangles_of
from .test_bones import folder_of, hierarchy  # noqa: F401 - a fixture
from .test_marks import placed, quick, xray_at
from .test_placement import ijk_to_ras

# By what a displacement is measured, in LPS: a left bone that stands upright.
FRAME = BreakFrame(np.array([5.0, 2.0, 30.0]), np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), "left")


@quick
@given(matrix=ijk_to_ras())
def test_a_line_along_a_fracture_lies_on_its_pixels(module, scene, matrix):
    volume = xray_at(matrix)
    line = placed(scene, "vtkMRMLMarkupsLineNode", [(9, 30), (45.5, 34)], matrix, off_plane=2.0)
    np.testing.assert_allclose(part("marks").fractureOf(line, volume)["fracture_line"], (9, 30, 45.5, 34), atol=1e-6)
    scene.Clear()


@quick
@given(matrix=ijk_to_ras())
def test_points_on_pieces_and_an_outline_round_a_fracture_lie_on_their_pixels(module, scene, matrix):
    volume, pixels = xray_at(matrix), [(9, 30), (45.5, 34), (20, 44)]
    pieces = placed(scene, "vtkMRMLMarkupsFiducialNode", pixels[:2], matrix, off_plane=-3.0)
    (told,) = part("marks").fractureOf(pieces, volume).items()
    assert told == ("fracture_pieces", [pytest.approx(each, abs=1e-6) for each in pixels[:2]])
    three = placed(scene, "vtkMRMLMarkupsFiducialNode", pixels, matrix)
    assert part("marks").fractureOf(three, volume)["fracture_pieces"] == [
        pytest.approx(each, abs=1e-6) for each in pixels
    ]
    curve = placed(scene, "vtkMRMLMarkupsClosedCurveNode", pixels, matrix)
    (name, outline), *_ = part("marks").fractureOf(curve, volume).items()
    assert name == "fracture_polygon" and np.hypot(*(np.array(outline)[:, None] - pixels).T).min(axis=1).max() < 0.5
    scene.Clear()


def test_a_box_round_a_fracture_is_one_of_the_picture(module, scene):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume, box = xray_at(matrix), scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    box.SetCenter(*(matrix @ [20, 30, 0, 1])[:3])
    box.SetSize(10, 5, 40)
    (told,) = part("marks").fractureOf(box, volume).items()
    assert told == ("fracture_box", pytest.approx((10, 25, 30, 35)))


def test_a_line_without_its_second_end_is_refused_in_words(module, logic, scene):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume, line = xray_at(matrix), placed(scene, "vtkMRMLMarkupsLineNode", [(9, 30)], matrix)
    with pytest.raises(ValueError, match="no two points yet"):
        logic.process(volume, fractureNode=line)
    assert scene.GetNumberOfNodesByClass("vtkMRMLModelNode") == 0


def test_each_view_has_its_own_line(module, logic, scene, monkeypatch):
    import XRayTo3DLib

    class StopError(Exception):
        """What ends the work before it has begun."""

    def reconstruct(case, settings, progress=None):
        told.extend(view.marking.fracture_line for view in case.views)
        raise StopError

    told, ends = [], [[(9, 30 + number), (45, 34)] for number in range(3)]
    monkeypatch.setattr(XRayTo3DLib, "reconstruct", reconstruct)
    matrices = [np.diag([-0.5, -0.5, 1, 1]), np.diag([-0.4, 0.4, 1, 1]), np.diag([0.3, -0.3, 1, 1])]
    volumes = [xray_at(matrix) for matrix in matrices]
    lines = [placed(scene, "vtkMRMLMarkupsLineNode", each, matrix) for each, matrix in zip(ends, matrices, strict=True)]
    further = [{"volumeNode": each, "fractureNode": line} for each, line in zip(volumes[1:], lines[1:], strict=True)]
    with pytest.raises(StopError):
        logic.process(volumes[0], fractureNode=lines[0], furtherViews=further)
    np.testing.assert_allclose(np.reshape(told, (3, 2, 2)), ends, atol=1e-4)
    told.clear()
    with pytest.raises(StopError):
        logic.process(
            volumes[0], fractureNode=lines[0], lateralNode=volumes[1], furtherViews=[{"volumeNode": volumes[2]}]
        )
    assert told[1:] == [None, None]


def moved(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def matrix_of(transform_node):
    import slicer.util

    return slicer.util.arrayFromTransformMatrix(transform_node)


@pytest.fixture
def broken(module, scene, hierarchy):  # noqa: F811
    """An X-ray that stands somewhere, a model of both fragments on it, and the engine's bone: two balls."""
    import slicer.util

    tilted = np.eye(4)
    tilted[:3, :3] = Rotation.from_rotvec([0.3, -0.5, 1.1]).as_matrix() @ np.diag([-0.5, -0.5, 1.0])
    tilted[:3, 3] = 12, -40, 7
    volume = xray_at(tilted)
    around = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    around.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([-1.0, 1, -1, 1])))
    volume.SetAndObserveTransformNodeID(around.GetID())

    def ball(*center):
        source = vtk.vtkSphereSource()
        source.SetCenter(center)
        source.SetRadius(4)
        source.Update()
        return types.SimpleNamespace(polydata=source.GetOutput())

    to_reduced = np.eye(4)
    to_reduced[:3, :3] = Rotation.from_rotvec([0.1, 0.4, -0.2]).as_matrix()
    to_reduced[:3, 3] = 3, -6, 9
    bone = types.SimpleNamespace(
        broken=types.SimpleNamespace(to_reduced=(np.eye(4), to_reduced), break_frames=(FRAME,)),
        pieces=(ball(10, 5, 2), ball(12, 25, 4)),
        whole=ball(10, 15, 3),
    )
    model = part("nodes").placeSurface(bone.pieces[0].polydata, volume)
    return types.SimpleNamespace(volume=volume, model=model, bone=bone, to_reduced=to_reduced)


def test_a_fragment_has_its_place_in_the_bone_under_a_transform_to_where_it_lies(broken):
    from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS, engine_to_ras
    from XRayTo3DLib.surface import arrays

    upper, lower, reduced = part("fragments").placeFragments(broken.bone, broken.volume, broken.model)
    assert part("fragments").fragmentsOf(broken.model) == [upper, lower]
    to_ras = engine_to_ras(part("nodes").ijkToRAS(broken.volume))
    for node, piece, to_reduced in zip((upper, lower), broken.bone.pieces, (np.eye(4), broken.to_reduced), strict=True):
        points = arrays(piece.polydata)[0]
        belongs = moved(moved(points, ENGINE_TO_LPS), to_reduced)
        np.testing.assert_allclose(points_of(node), moved(moved(belongs, ENGINE_TO_LPS), to_ras), atol=1e-4)
        above = node.GetParentTransformNode()
        assert above.GetParentTransformNode() is broken.volume.GetParentTransformNode()
        np.testing.assert_allclose(moved(points_of(node), matrix_of(above)), moved(points, to_ras), atol=1e-4)
        assert signed_volume(points_of(node), triangles_of(node)) > 0 and node.GetDisplayNode().GetVisibility()
    np.testing.assert_allclose(matrix_of(upper.GetParentTransformNode()), np.eye(4), atol=1e-9)
    assert not broken.model.GetDisplayNode().GetVisibility() and not reduced.GetDisplayNode().GetVisibility()
    assert reduced.GetParentTransformNode() is broken.volume.GetParentTransformNode()


def test_fragments_lie_in_a_folder_and_are_kept_or_go_with_the_bone(broken, scene, hierarchy):  # noqa: F811
    fragments = part("fragments")
    made = fragments.placeFragments(broken.bone, broken.volume, broken.model)
    above = [node.GetParentTransformNode() for node in made[:2]]
    folder = folder_of(hierarchy, made[0])
    assert hierarchy.GetItemName(folder).endswith("fragments")
    assert {folder_of(hierarchy, node) for node in (*made, *above)} == {folder}
    assert hierarchy.GetItemParent(folder) == folder_of(hierarchy, broken.model)

    now = node_ids(scene)
    made[2].GetDisplayNode().SetVisibility(True)  # by the user
    assert fragments.placeFragments(broken.bone, broken.volume, broken.model) == made
    assert node_ids(scene) == now and {folder_of(hierarchy, node) for node in (*made, *above)} == {folder}
    assert made[2].GetDisplayNode().GetVisibility()

    scene.RemoveNode(made[0])  # by the user
    again = fragments.placeFragments(broken.bone, broken.volume, broken.model)
    assert len(again) == 3 and not any(scene.IsNodePresent(node) for node in (*made, *above))
    assert fragments.fragmentsOf(broken.model) == again[:2]

    broken.bone.broken = None  # a whole bone
    above = [node.GetParentTransformNode() for node in again[:2]]
    assert fragments.placeFragments(broken.bone, broken.volume, broken.model) == []
    assert not any(scene.IsNodePresent(node) for node in (*again, *above))
    assert fragments.fragmentsOf(broken.model) == [] and broken.model.GetDisplayNode().GetVisibility()


@pytest.mark.parametrize(
    ("count", "called"),
    [(3, ["upper", "middle", "lower"]), (4, ["upper", "upper middle", "lower middle", "lower"])],
)
def test_a_bone_in_more_pieces_has_a_model_under_a_transform_for_each(broken, scene, count, called):
    """The slider puts all of them back; in other numbers of pieces they are made anew."""
    fragments = part("fragments")
    two = fragments.placeFragments(broken.bone, broken.volume, broken.model)
    bone = broken.bone
    for number in range(2, count):
        further = np.eye(4)
        further[:3, 3] = 5 * number, -3, 8
        bone.broken.to_reduced = (*bone.broken.to_reduced, further)
        bone.broken.break_frames = (*bone.broken.break_frames, FRAME)
        bone.pieces = (*bone.pieces, bone.pieces[number % 2])
    *made, reduced = fragments.placeFragments(bone, broken.volume, broken.model)
    assert not any(scene.IsNodePresent(node) for node in two) and fragments.fragmentsOf(broken.model) == made
    names = [node.GetName().removesuffix("_1") for node in made]  # names of those that are gone are not given again
    assert names == [f"{broken.volume.GetName()} {name} fragment" for name in called]
    above = [node.GetParentTransformNode() for node in made]
    lies = [matrix_of(node).copy() for node in above]
    assert len({node.GetID() for node in above}) == count and np.allclose(lies[0], np.eye(4))
    assert all(not np.allclose(each, np.eye(4)) for each in lies[1:])
    part("reducing").reduce(broken.model, 100.0)
    assert all(np.allclose(matrix_of(node), np.eye(4), atol=1e-9) for node in above)
    part("reducing").reduce(broken.model, 0.0)
    assert all(np.allclose(matrix_of(node), each, atol=1e-9) for node, each in zip(above, lies, strict=True))
    assert fragments.placeFragments(bone, broken.volume, broken.model) == [*made, reduced]


def test_what_lies_between_fragments_follows_whoever_moves_them(broken):
    import slicer.util

    upper, lower, _ = part("fragments").placeFragments(broken.bone, broken.volume, broken.model)
    text = part("displacing").displacementText
    assert text(broken.model) == ""  # it keeps nothing of its making
    names = ("angulation_deg", "angulation_ap_deg", "rotation_deg", "translation_mm", "shortening_mm")
    told = {name: {"title": name, "value": 0.0, "deviation": 1.0, "interval_95": [0, 1]} for name in names}
    record = {"bones": [{"fragments": [{"name": "upper"}, {"name": "lower", **told}]}]}
    broken.model.SetAttribute("XRayTo3D.Result", json.dumps(record))

    def expected(moving):
        found = FRAME.measures(moving)
        return [
            f"{name}: {found[name].value:.1f}{'°' if name.endswith('deg') else ' mm'}"
            for name in names
            if name != "angulation_ap_deg"
        ]

    assert text(broken.model).splitlines() == expected(np.linalg.inv(broken.to_reduced))
    part("reducing").reduce(broken.model, 100.0)
    put_back = text(broken.model).replace("-0.0", "0.0")
    assert put_back.splitlines() == [line.replace("-0.0", "0.0") for line in expected(np.eye(4))]

    # By hand: both moved alike lie to each other as before; the lower one alone does not.
    poses, by_hand = [node.GetParentTransformNode() for node in (upper, lower)], np.eye(4)
    by_hand[:3, :3], by_hand[:3, 3] = Rotation.from_rotvec([0.2, 0.1, -0.3]).as_matrix(), (4, -2, 1)
    for node in poses:
        node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(by_hand @ matrix_of(node)))
    assert text(broken.model).replace("-0.0", "0.0") == put_back
    poses[0].SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.eye(4)))
    to_xray = np.array(json.loads(poses[1].GetAttribute("XRayTo3D.Break"))["toXray"])
    assert text(broken.model).splitlines() == expected(np.linalg.inv(to_xray) @ by_hand @ to_xray)
    lower.SetAndObserveTransformNodeID(None)  # hardened
    assert text(broken.model) == ""


def test_fragments_go_with_a_model_that_is_removed(broken, scene):
    made = part("fragments").placeFragments(broken.bone, broken.volume, broken.model)
    above = [node.GetParentTransformNode() for node in made[:2]]
    scene.RemoveNode(broken.model)
    part("fragments").removeFragmentsOf(broken.model)
    assert not any(scene.IsNodePresent(node) for node in (*made, *above))
    assert scene.IsNodePresent(broken.volume.GetParentTransformNode())


def test_what_lies_between_fragments_is_in_the_table_with_intervals_and_definitions(module, scene):
    from XRayTo3DLib.anatomy import DEFINITIONS

    angle = {"value": 12.04, "deviation": 1.0, "interval_95": [10.08, 14.0], "title": "Angulation"}
    lower = {"name": "lower", "surface": {"closed": True}, "to_reduced": np.eye(4).tolist(), "angulation_deg": angle}
    bone = {"name": "femur", "side": "left", "measures": {}, "fragments": [{"name": "upper"}, lower]}
    ((called, title, value, unit, low, high, meaning),) = part("bones").measureRows({"bones": [bone], "legs": []})
    assert (called, title, value, unit, low, high) == ("Left femur, fragments", "Angulation", 12.04, "°", 10.08, 14.0)
    assert meaning == DEFINITIONS["fracture"]["angulation_deg"].meaning
    assert part("names").betweenFragments({"name": "femur"}) == []
    three = bone | {"fragments": [{"name": "upper"}, lower | {"name": "middle"}, lower]}
    rows = list(part("bones").measureRows({"bones": [three], "legs": []}))
    assert [row[:2] for row in rows] == [
        ("Left femur, middle fragment", "Angulation"),
        ("Left femur, lower fragment", "Angulation"),
    ]


def test_a_slider_puts_fragments_back_and_leaves_what_the_user_moves(broken):
    import slicer.util

    upper, lower, _reduced = part("fragments").placeFragments(broken.bone, broken.volume, broken.model)
    above, reduce = lower.GetParentTransformNode(), part("reducing").reduce
    lies, center = matrix_of(above).copy(), np.reshape(lower.GetPolyData().GetBounds(), (3, 2)).mean(axis=1)
    reduce(broken.model, 100.0)
    np.testing.assert_allclose(matrix_of(above), np.eye(4), atol=1e-9)
    reduce(broken.model, 25.0)
    np.testing.assert_allclose(moved(center, matrix_of(above)), 0.25 * center + 0.75 * moved(center, lies), atol=1e-6)
    angles = [np.linalg.norm(Rotation.from_matrix(each[:3, :3]).as_rotvec()) for each in (matrix_of(above), lies)]
    assert angles[0] == pytest.approx(0.75 * angles[1])
    np.testing.assert_allclose(matrix_of(upper.GetParentTransformNode()), np.eye(4), atol=1e-9)

    above.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([-1.0, -1, 1, 1])))  # by the user
    reduce(broken.model, 25.0)
    np.testing.assert_allclose(matrix_of(above), np.diag([-1.0, -1, 1, 1]))
    reduce(broken.model, 0.0)
    np.testing.assert_allclose(matrix_of(above), lies, atol=1e-9)
    reduce(broken.model, 50.0)
    part("fragments").placeFragments(broken.bone, broken.volume, broken.model)  # anew, as they lie
    np.testing.assert_allclose(matrix_of(above), lies, atol=1e-9)
    reduce(None, 50.0)
