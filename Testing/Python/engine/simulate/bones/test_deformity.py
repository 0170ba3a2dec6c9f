import numpy as np
import pytest

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.bone import Bone, through_rings
from XRayTo3DLib.simulate.bones.deformity import deformed
from XRayTo3DLib.surface import is_closed
from XRayTo3DLib.surface.mesh import area_and_volume

LENGTH, RADIUS = 400.0, 12.0


@pytest.fixture(scope="module")
def rod():
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    z = np.linspace(-LENGTH / 2, LENGTH / 2, 161)
    x, y = RADIUS * np.cos(angles), RADIUS * np.sin(angles)
    rings = np.stack([np.column_stack([x, y, np.full(24, h)]) for h in z])
    return Bone(through_rings(rings, np.array([[0, 0, z[0]], [0, 0, z[-1]]])))


def ends(bone):
    """Directions of the two ends of a rod's axis, both up."""
    middles = bone.outer.points[:-2].reshape(161, 24, 3).mean(axis=1)
    directions = middles[[20, -1]] - middles[[0, -21]]
    return middles, directions / np.linalg.norm(directions, axis=1, keepdims=True)


@pytest.mark.parametrize("towards", [0.0, 90.0, 200.0])
def test_a_bow_turns_the_ends_by_its_angle_and_bulges_where_it_is_told(rod, towards):
    middles, (lower, upper) = ends(deformed(rod, 30.0, towards))
    assert np.degrees(np.arccos(lower @ upper)) == pytest.approx(30, abs=0.5)
    bulge = middles[80] - (middles[0] + middles[-1]) / 2
    wanted = np.array([np.cos(np.radians(towards)), np.sin(np.radians(towards)), 0])
    assert bulge @ wanted == pytest.approx(np.linalg.norm(bulge), abs=0.1)
    assert bulge @ wanted > 10


def test_a_bow_keeps_the_axis_length_and_the_middle(rod):
    middles, _ = ends(deformed(rod, 40.0, 10.0))
    assert np.linalg.norm(np.diff(middles, axis=0), axis=1).sum() == pytest.approx(LENGTH, rel=2e-3)
    assert np.linalg.norm(middles[80]) < 1.5


@pytest.mark.parametrize("shaft", [0.7, 1.2])
def test_a_shaft_is_stretched_and_the_ends_are_not(rod, shaft):
    made = deformed(rod, shaft=shaft)
    middles, _ = ends(made)
    gaps = np.linalg.norm(np.diff(middles, axis=0), axis=1) / (LENGTH / 160)
    assert gaps[:20] == pytest.approx(1, abs=0.01)
    assert gaps[70:90] == pytest.approx(shaft, abs=0.02)
    assert np.ptp(made.outer.points[:, 2]) == pytest.approx(LENGTH * (1 + (shaft - 1) * 0.5), rel=5e-3)


def test_nothing_is_changed_where_nothing_is_deformed_and_the_surface_stays_closed(rod):
    assert deformed(rod).outer.points == pytest.approx(rod.outer.points, abs=1e-6)
    made = deformed(rod, 60.0)
    assert is_closed(made.outer.faces) and area_and_volume(made.outer.points, made.outer.faces)[1] > 0


@pytest.mark.parametrize("wrong", [{"bow_deg": 120.0}, {"bow_deg": np.nan}, {"shaft": 0.0}, {"shaft": np.nan}])
def test_what_cannot_be_is_refused_in_words(rod, wrong):
    with pytest.raises(SimulationError, match=r"bow|shaft"):
        deformed(rod, **wrong)
