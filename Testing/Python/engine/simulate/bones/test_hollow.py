"""The inner surface lies as deep as asked."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.hollow import hollow
from XRayTo3DLib.surface import is_closed


@pytest.mark.parametrize("depth", [2.0, 5.0, 12.0])
def test_a_hollow_sphere(sphere, depth):
    inner = hollow(sphere(25.0, (7, -3, 500), subdivisions=4), depth)
    away = np.linalg.norm(inner.points - [7, -3, 500], axis=1)
    assert is_closed(inner.faces)
    assert away == pytest.approx(np.full(len(away), 25 - depth), abs=0.35)
    assert trimesh.Trimesh(inner.points, inner.faces).volume > 0


def test_a_cortex_that_varies_along_the_bone(cylinder):
    inner = hollow(cylinder(20.0, 200.0), ((0.0, 4.0), (1.0, 10.0)))
    share = 0.5 - inner.points[:, 2] / 200
    side = (share > 0.15) & (share < 0.85)
    radius = np.hypot(*inner.points[side, :2].T)
    assert radius == pytest.approx(20 - (4 + 6 * share[side]), abs=0.5)


def test_nothing_is_left_of_a_thin_bone(sphere):
    assert hollow(sphere(5.0, subdivisions=3), 6.0) is None


@pytest.mark.parametrize("thickness", [0.0, -1.0, np.nan, (), ((0.0, 1.0, 2.0),), ((0.5, 1.0), (0.2, 1.0))])
def test_impossible_thickness(sphere, thickness):
    with pytest.raises(SimulationError, match="thickness of the cortex"):
        hollow(sphere(20.0, subdivisions=3), thickness)
