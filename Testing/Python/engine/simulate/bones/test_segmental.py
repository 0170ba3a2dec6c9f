"""A bone broken in several places: closed pieces that add up, each displaced against the one above it."""

import numpy as np
import pytest

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.bone import Bone
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, break_frame, displacement
from XRayTo3DLib.simulate.bones.segmental import break_in_pieces, random_segmental
from XRayTo3DLib.surface import area_and_volume, is_closed

from .test_fracture import tube  # noqa: F401 - a fixture

BREAKS = (
    Fracture("oblique", 0.35, 30.0, 20.0, 0.5, (4.0, -3.0, -6.0), (0.0, 8.0, 5.0), 1),
    Fracture("transverse", 0.65, 0.0, 0.0, 0.5, (-5.0, 2.0, -4.0), (6.0, 0.0, -3.0), 2),
)


def volume(bone):
    return area_and_volume(bone.outer.points, bone.outer.faces)[1]


def test_pieces_are_closed_and_add_up_to_the_bone(tube):  # noqa: F811
    found = break_in_pieces(tube, BREAKS)
    assert len(found.bones) == 3 and all(is_closed(each.outer.faces) for each in found.bones)
    assert sum(map(volume, found.bones)) == pytest.approx(volume(tube), rel=1e-9)
    assert all(each.inner is not None for each in found.bones)
    back = [each.moved(np.linalg.inv(motion)) for each, motion in zip(found.bones, found.motions, strict=True)]
    middles = [each.outer.points[:, 2].mean() for each in back]
    assert middles == sorted(middles, reverse=True)
    assert np.ptp(np.concatenate([each.outer.points for each in back]), axis=0) == pytest.approx(
        np.ptp(tube.outer.points, axis=0), abs=1e-6
    )


def test_each_piece_is_displaced_against_the_one_above_it(tube):  # noqa: F811
    found = break_in_pieces(tube, BREAKS)
    assert np.array_equal(found.motions[0], np.eye(4))
    for number, fracture in enumerate(BREAKS):
        between = np.linalg.inv(found.motions[number]) @ found.motions[number + 1]
        assert np.allclose(between, displacement(found.frames[number], fracture))
        low, high = tube.outer.points[:, 2].min(), tube.outer.points[:, 2].max()
        assert (high - found.frames[number][2, 3]) / (high - low) == pytest.approx(fracture.place, abs=0.02)


def test_one_break_is_that_of_break_bone(tube):  # noqa: F811
    found, known = break_in_pieces(tube, BREAKS[:1]), break_bone(tube, BREAKS[0])
    for one, other in zip(found.bones, known, strict=True):
        assert np.array_equal(one.outer.points, other.outer.points)
    assert np.array_equal(found.frames[0], break_frame(tube.outer, BREAKS[0].place))


def test_breaks_follow_each_other(tube):  # noqa: F811
    with pytest.raises(SimulationError, match="place"):
        break_in_pieces(tube, BREAKS[::-1])


def test_drawn_ones_break_every_bone_in_three(tube):  # noqa: F811
    for seed in range(6):
        breaks = random_segmental(np.random.default_rng(seed), displaced=bool(seed % 2))
        assert breaks == random_segmental(np.random.default_rng(seed), displaced=bool(seed % 2))
        assert breaks[1].place - breaks[0].place >= 0.2 and "spiral" not in {each.kind for each in breaks}
        assert len(break_in_pieces(Bone(tube.outer), breaks).bones) == 3
