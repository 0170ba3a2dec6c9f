"""Children's limbs: as long as said, bone only where it is at that age, and closed surfaces."""

import numpy as np
import pytest

from XRayTo3DLib.simulate.bones.children import child, proportions
from XRayTo3DLib.simulate.bones.limbs import analytic_limb


@pytest.fixture(scope="module")
def adult():
    return analytic_limb(0, step_mm=5.0)


@pytest.fixture(scope="module")
def children(adult):
    return {age: child(adult, age, np.random.default_rng(2)) for age in (0.0, 2.0, 9.0)}


def volume(mesh):
    a, b, c = (mesh.points[mesh.faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", np.cross(a, b), c).sum() / 6)


def parts(trimesh_of, bone):
    return trimesh_of(bone.outer).split(only_watertight=False)


@pytest.fixture(scope="module")
def solid():
    import trimesh

    return lambda mesh: trimesh.Trimesh(mesh.points, mesh.faces, process=False)


def test_a_map_scales_heights_by_one_factor_and_widths_by_that_of_the_level(adult):
    """On the line from hip to knee nothing moves sideways; the share at birth is about a fifth."""
    field = proportions(adult, 0.0, np.random.default_rng(0))
    hip, knee = adult.landmarks["head_center"], adult.landmarks["knee_center"]
    line = knee + np.linspace(0, 1, 5)[:, None] * (hip - knee)
    share = (field(line)[4] - field(line)[0])[2] / (hip - knee)[2]
    assert 0.21 * 0.85 <= share <= 0.21 * 1.15
    assert field(line) == pytest.approx(share * line)
    wide = [(field(at[None] + [10, 0, 0]) - field(at[None]))[0, 0] / 10 / share for at in line]
    assert wide[0] == pytest.approx(wide[4]) and wide[0] > 1.1  # ends are wide
    assert 0.85 <= wide[2] <= 1.25


def test_bones_ossify_with_age(children, solid):
    """A newborn's femur is a shaft and a dot at the knee, and nothing of the patella; at nine all is there."""
    count = {
        age: {name: len(parts(solid, bone)) for name, bone in found.items() if bone}
        for age, (_, found) in children.items()
    }
    assert count[0.0]["femur"] == 2 and "patella" not in count[0.0] and count[0.0]["fibula"] == 1
    assert count[2.0]["femur"] == 3 and "patella" not in count[2.0]  # the head too
    assert count[9.0]["femur"] == 4 and count[9.0]["patella"] == 1  # and the trochanter
    share = {
        age: volume(found["femur"].outer) / volume(limb.bones["femur"].outer) for age, (limb, found) in children.items()
    }
    assert share[0.0] < share[2.0] < share[9.0] < 1


def test_what_is_bone_is_a_closed_part_of_the_limb(children, solid):
    for limb, found in children.values():
        for name, bone in found.items():
            if bone is None:
                continue
            assert solid(bone.outer).is_watertight and volume(bone.outer) > 0
            whole = limb.bones[name].outer.points
            low, high = whole.min(axis=0) - 1e-6, whole.max(axis=0) + 1e-6
            assert (bone.outer.points >= low).all() and (bone.outer.points <= high).all()
            assert bone.inner is None or volume(bone.inner) < volume(bone.outer)


def test_a_hip_bone_ends_before_the_head(children):
    for limb, found in children.values():
        size = np.linalg.norm(limb.landmarks["head_center"] - limb.landmarks["knee_center"]) / 395
        away = np.linalg.norm(found["pelvis"].outer.points - limb.landmarks["head_center"], axis=1)
        assert away.min() > 25 * size
