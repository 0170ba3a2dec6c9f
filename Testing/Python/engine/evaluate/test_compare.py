"""Surfaces compared: distances, shared space and angles of shapes for which they are known."""

import json

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import measure_femur
from XRayTo3DLib.commands.main import main
from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.evaluate import align_rigid, compare, neck_shaft_angle, read_bone
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.surface import polydata, surface_distances, write_surface


def _ball(radius, subdivisions=5):
    sphere = trimesh.creation.icosphere(subdivisions, radius)
    return np.asarray(sphere.vertices), sphere.faces.astype(np.int64)


def _box(sides, centre=(0.0, 0.0, 0.0)):
    box = trimesh.creation.box(sides).subdivide().subdivide()
    return box.vertices + np.asarray(centre), box.faces.astype(np.int64)


@pytest.fixture(scope="module")
def bone():
    made = femur(sample(5, "left"), step_mm=6.0).outer
    return made.points, made.faces


def test_concentric_balls_are_as_far_apart_as_their_radii():
    found = compare(_ball(30.0), _ball(33.0))
    assert found.frame == "in frame"
    for value in vars(found.distances).values():
        assert value == pytest.approx(3.0, abs=0.02)
    shared = 2 * 30.0**3 / (30.0**3 + 33.0**3)
    assert found.dice == pytest.approx(shared, abs=0.005)
    assert found.volume_mm3 == pytest.approx([4 / 3 * np.pi * r**3 for r in (30, 33)], rel=0.002)
    assert found.neck_shaft_angle_deg == (None, None)


def test_a_surface_is_itself():
    found = compare(_box((30.0, 50.0, 20.0)), _box((30.0, 50.0, 20.0)))
    assert found.distances.maximum_mm < 1e-6 and found.dice == 1


def test_distances_go_both_ways_and_weigh_areas():
    small, large = _box((40.0, 40.0, 40.0)), _box((40.0, 40.0, 80.0), (0, 0, 20.0))
    one, other = surface_distances(small, large), surface_distances(large, small)
    assert vars(one) == pytest.approx(vars(other))
    assert one.maximum_mm == pytest.approx(40.0, abs=1.5)  # the far end of the larger one
    # Of the small box one face of six is off, by up to 20 mm: that of a face on which points are so deep inside.
    finer = trimesh.Trimesh(*large, process=False).subdivide()
    again = surface_distances(small, (finer.vertices, finer.faces.astype(np.int64)))
    assert again.mean_mm == pytest.approx(one.mean_mm, rel=0.05)  # how finely it is drawn does not matter


@settings(max_examples=3, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-25, 25)] * 3),
    shift=st.tuples(*[st.floats(-80, 80)] * 3),
)
def test_alignment_undoes_a_rigid_motion(bone, angles, shift):
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    moved = (bone[0] @ turn.T + shift, bone[1])
    found = compare(moved, bone, "rigid")
    assert found.frame == "aligned"
    assert found.distances.p95_mm < 0.3
    assert found.moved[:3, :3] @ found.moved[:3, :3].T == pytest.approx(np.eye(3), abs=1e-5)


def test_alignment_does_not_scale():
    matrix = align_rigid(_box((30.0, 50.0, 90.0)), _box((33.0, 55.0, 99.0)))
    assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1, abs=1e-6)
    assert compare(_box((30.0, 50.0, 90.0)), _box((33.0, 55.0, 99.0)), "rigid").distances.mean_mm > 1.5


def test_angle_of_a_femur_however_it_stands(bone):
    points, faces = bone
    angle = measure_femur(points, faces).neck_shaft_angle_deg
    in_picture = points @ np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T  # x stays, up is -y, the front is -z
    assert neck_shaft_angle(points, faces) == pytest.approx(angle)
    assert neck_shaft_angle(in_picture, faces) == pytest.approx(angle, abs=0.01)
    assert neck_shaft_angle(*_ball(40.0)) is None


def _write(path, surface):
    write_surface(polydata(surface[0] * [1, 1, -1], surface[1][:, ::-1]), path)
    return str(path)


def test_the_command(tmp_path, capsys):
    paths = [_write(tmp_path / name, _ball(radius, 4)) for name, radius in (("a.stl", 30.0), ("b.ply", 32.0))]
    assert main(["evaluate", *paths, "--json", str(tmp_path / "n.json")]) == 0
    assert "in frame: mean 2.00" in capsys.readouterr().out
    numbers = json.loads((tmp_path / "n.json").read_text())
    assert numbers["frame"] == "in frame" and numbers["distance_mm"]["p95"] == pytest.approx(2.0, abs=0.02)
    assert set(numbers["distance_mm"]) == {"mean", "rms", "p95", "maximum"}
    assert main(["evaluate", *paths, "--align", "rigid"]) == 0
    assert "aligned" in capsys.readouterr().out


@pytest.mark.parametrize("length", [0.43, 9.0, 2000.0])
def test_other_units_are_noticed(tmp_path, length):
    path = _write(tmp_path / "bone.stl", _box((length / 5, length / 5, length)))
    with pytest.raises(SurfaceError, match="millimeters") as caught:
        read_bone(path)
    assert str(path) in str(caught.value) and f"{length:.3g}" in str(caught.value)


def test_bad_input_of_the_command(tmp_path, capsys):
    good = _write(tmp_path / "good.stl", _ball(30.0))
    points, faces = _ball(30.0)
    trimesh.Trimesh(points, faces[10:], process=False).export(tmp_path / "open.stl")
    (tmp_path / "empty.stl").write_bytes(b"")
    for arguments, words in (
        ([good, str(tmp_path / "open.stl")], "open.stl: the surface is not closed"),
        ([str(tmp_path / "empty.stl"), good], "empty.stl"),
        ([good, str(tmp_path / "none.stl")], "there is no such file"),
        ([good, good, "--json", good], "write over"),
        ([good, good, "--json", str(tmp_path / "no" / "n.json")], "does not exist"),
    ):
        assert main(["evaluate", *arguments]) == 2
        told = capsys.readouterr().err
        assert words in told and len(told.splitlines()) == 1
    with pytest.raises(SurfaceError, match="align"):
        compare(_ball(30.0), _ball(30.0), "affine")
