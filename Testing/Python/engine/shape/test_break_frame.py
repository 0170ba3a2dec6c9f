"""By what a displacement at a break is measured."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape.break_frame import across_rays


def test_across_rays_a_point_is_seen_where_it_was(cast):
    camera, rng = cast.camera(0), np.random.default_rng(2)
    center, up, moving = rng.normal(0, 20, 3), rng.normal(size=3), np.eye(4)
    moving[:3, :3], moving[:3, 3] = Rotation.from_rotvec(rng.normal(0, 0.2, 3)).as_matrix(), rng.normal(0, 15, 3)
    shifted, across = across_rays(moving, center, up, camera.source_lps)
    ray = center - camera.source_lps
    off = (shifted - np.eye(4))[:3] @ [*center, 1]
    assert off @ ray == pytest.approx(0, abs=1e-9) and across @ ray == pytest.approx(0, abs=1e-9)
    seen, before = (camera.project((each[:3] @ [*center, 1])[None])[0] for each in (shifted, moving))
    assert np.abs(seen - before).max() < 1.0 and np.allclose(shifted[:3, :3], moving[:3, :3])
