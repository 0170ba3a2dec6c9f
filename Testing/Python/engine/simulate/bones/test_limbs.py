"""Limbs: complete, closed, in their joints; bent and mirrored exactly."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.anatomy import measure_femur
from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.joints import tuberosity
from XRayTo3DLib.simulate.bones.limbs import GREATEST_FLEXION_DEG, analytic_limb, flex, mirror, read_limbs
from XRayTo3DLib.surface import is_closed

BONES = {"femur", "tibia", "fibula", "patella", "pelvis"}


@pytest.fixture(scope="module", params=["analytic", "real"])
def limb(request):
    if request.param == "analytic":
        return analytic_limb(1)  # the first that is a left one
    return request.getfixturevalue("real_limb")


def as_trimesh(mesh):
    return trimesh.Trimesh(mesh.points, mesh.faces, process=False)


def test_a_limb_has_all_bones_with_a_cortex(limb):
    assert set(limb.bones) == BONES and limb.side == "left"
    for name, bone in limb.bones.items():
        assert is_closed(bone.outer.faces) and is_closed(bone.inner.faces), name
        assert 0 < as_trimesh(bone.inner).volume < as_trimesh(bone.outer).volume, name
    assert sum(len(bone.outer.faces) + len(bone.inner.faces) for bone in limb.bones.values()) < 25_000


def test_bones_stand_where_they_belong(limb):
    marks, bones = limb.landmarks, {name: bone.outer.points for name, bone in limb.bones.items()}
    knee = marks["knee_center"]
    assert bones["tibia"][:, 2].max() < knee[2] and bones["patella"].mean(axis=0)[1] < knee[1] - 30
    assert bones["fibula"].mean(axis=0)[0] > bones["tibia"].mean(axis=0)[0]  # on the outer side of a left leg
    assert marks["lateral_condyle"][0] > knee[0] > marks["medial_condyle"][0]
    assert bones["pelvis"].mean(axis=0)[0] < marks["head_center"][0] - 40


def test_bones_hardly_enter_each_other(limb):
    femur = as_trimesh(limb.bones["femur"].outer)
    for name in ("tibia", "patella", "fibula"):
        other = limb.bones[name].outer.points
        near = other[np.abs(other[:, 2] - limb.landmarks["knee_center"][2]) < 60]
        inside = femur.contains(near)
        assert inside.mean() < 0.02, name


def test_the_head_lies_in_its_socket(limb):
    head = measure_femur(limb.bones["femur"].outer.points, limb.bones["femur"].outer.faces)
    away = np.linalg.norm(limb.bones["pelvis"].outer.points - head.head_center, axis=1) - head.head_radius
    assert away.min() > -2.5  # a joint space, but for what few triangles do to a round socket
    above = limb.bones["pelvis"].outer.points[away < 9] - head.head_center
    assert len(above) > 40 and above[:, 2].max() > 0.8 * head.head_radius  # a roof over the head
    assert above.mean(axis=0)[0] < 0  # open to the outer side


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0])
def test_the_knee_bends_by_the_angle(limb, degrees):
    bent = flex(limb, degrees)
    before, after = (each.bones["tibia"].outer.points for each in (limb, bent))
    axis = limb.landmarks["lateral_condyle"] - limb.landmarks["medial_condyle"]
    axis /= np.linalg.norm(axis)
    shank = [points[np.argmin(before[:, 2])] - points[np.argmax(before[:, 2])] for points in (before, after)]
    across = [each - (each @ axis) * axis for each in shank]
    turned = np.arccos(np.clip(across[0] @ across[1] / np.prod(np.linalg.norm(across, axis=1)), -1, 1))
    assert np.degrees(turned) == pytest.approx(degrees, abs=0.01)
    assert shank[1] @ axis == pytest.approx(shank[0] @ axis, abs=1e-6)
    if degrees:
        assert after[:, 1].max() > before[:, 1].max()  # the foot goes backwards
    assert bent.bones["femur"] is limb.bones["femur"]


def test_mirrored_twice_it_is_the_same(limb):
    other = mirror(limb)
    assert other.side == "right"
    femur = other.bones["femur"].outer
    assert as_trimesh(femur).volume > 0 and measure_femur(femur.points, femur.faces).side == "right"
    again = mirror(other)
    assert again.bones["pelvis"].outer.points == pytest.approx(limb.bones["pelvis"].outer.points)
    assert again.landmarks["head_center"] == pytest.approx(limb.landmarks["head_center"])


@pytest.mark.parametrize("degrees", [-1.0, GREATEST_FLEXION_DEG + 1, np.nan])
def test_impossible_flexion(limb, degrees):
    with pytest.raises(SimulationError, match="flexion"):
        flex(limb, degrees)


def test_bad_folders(tmp_path, shared_data):
    with pytest.raises(SimulationError, match=r"femur_26_correspondence\.npz: there is no such file"):
        read_limbs(tmp_path)
    for name in ("femur", "tibiafibula", "patella", "pelvis"):
        (tmp_path / f"{name}_26_correspondence.npz").write_bytes(b"PK nothing")
    with pytest.raises(SimulationError, match="cannot be read"):
        read_limbs(tmp_path)
    with pytest.raises(SimulationError, match="no number 99"):
        read_limbs(shared_data / "limbs", [99])


@pytest.mark.parametrize("degrees", [20.0, 60.0, 100.0])
def test_the_patellas_ligament_keeps_its_length(limb, degrees):
    def length(of):
        apex = np.argmin(limb.bones["patella"].outer.points[:, 2])
        anchor = np.flatnonzero((limb.bones["tibia"].outer.points == tuberosity(shank)).all(axis=1))[0]
        return np.linalg.norm(of.bones["patella"].outer.points[apex] - of.bones["tibia"].outer.points[anchor])

    shank = limb.bones["tibia"].outer.points
    assert length(flex(limb, degrees)) == pytest.approx(length(limb), abs=1.5)
