"""A worn limb: less space at the knee, and spurs at its joints' margins that leave the bone beneath as it was."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from XRayTo3DLib.simulate.bones import osteoarthritis
from XRayTo3DLib.simulate.bones.fracture import manifold_of
from XRayTo3DLib.simulate.bones.hollow import spread
from XRayTo3DLib.simulate.bones.joints import gaps, knee_frame
from XRayTo3DLib.simulate.bones.osteoarthritis import worn

WORN = ("femur", "tibia", "patella", "pelvis")
HIGHEST, NEAR = 5.0 * 1.1 + 1.5, 30.0  # mm: of a spur with its fillets; from the other bone of the joint
BESIDE = 6.0  # mm of the knee's middle plane


@pytest.fixture(scope="module")
def sound(limbs):
    return limbs[0].limb


@pytest.fixture(scope="module")
def aged(sound):
    return [worn(sound, np.random.default_rng(seed)) for seed in range(2)]


@pytest.fixture(scope="module")
def narrowed(sound):
    """The limbs before spurs grew: a motion of each bone is drawn first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(osteoarthritis, "_with_spurs", lambda bone, *_: bone)
        patch.setattr(osteoarthritis, "_hardened", lambda bone, *_: bone)
        return [worn(sound, np.random.default_rng(seed))[0] for seed in range(2)]


def spaces(limb):
    """Narrowest places (mm) between femur and tibia, right and left of the middle, and behind the patella."""
    to_knee = knee_frame(limb.landmarks)
    femur, tibia, patella = (
        spread(limb.bones[name].outer.moved(to_knee), 1.0) for name in ("femur", "tibia", "patella")
    )
    femur = femur[femur[:, 2] < 120]
    where, gap = gaps(femur, tibia, axis=2)
    sides = [np.sort(gap[side * where[:, 0] > BESIDE])[:5].mean() for side in (-1, 1)]
    return np.array([*sides, np.sort(gaps(femur, patella, axis=1)[1])[:5].mean()])


def test_spaces_are_narrower_and_bones_do_not_meet(sound, narrowed):
    before, after = spaces(sound), np.array([spaces(limb) for limb in narrowed])
    assert (after < before + 0.3).all() and (after > 0).all()
    assert (before - after).max() > 1


@pytest.mark.parametrize("number", range(2))
def test_bones_only_gain_at_the_margins_of_their_joints(narrowed, aged, number):
    before, (limb, _) = narrowed[number], aged[number]
    for name in WORN:
        old, new = before.bones[name], limb.bones[name]
        bone, grown = (manifold_of(each.outer, name) for each in (old, new))
        assert (bone - grown).volume() < 1e-4 * bone.volume() < grown.volume() - bone.volume()
        spur = (grown - bone).to_mesh().vert_properties[:, :3]
        away = cKDTree(spread(old.outer, 1.0)).query(spur)[0]
        assert away.max() < HIGHEST
        spur = spur[away > 1.0]  # the rest may be corners of the bone's own triangles
        others = np.concatenate([spread(before.bones[other].outer, 1.5) for other in WORN if other != name])
        assert cKDTree(others).query(spur)[0].max() < NEAR
        assert manifold_of(new.inner, name).volume() >= 0.999 * manifold_of(old.inner, name).volume()


def test_dense_bone_lies_within_the_bone_where_it_bears_load(aged):
    limb, dense = aged[0]
    assert set(dense) == set(WORN)
    for name, meshes in dense.items():
        bone = manifold_of(limb.bones[name].outer, name)
        for mesh in meshes:
            hard = manifold_of(mesh, name)
            assert 0 < hard.volume() < 0.3 * bone.volume()
            assert (hard - bone).volume() < 0.1 * hard.volume()
