"""What another bone tells of where this one stands."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.shape import Anchor
from XRayTo3DLib.shape.solve import _anchor_rows, _off_anchor, start


def test_rows_are_how_the_place_moves(small_model):
    """By finite differences, in pose, scale and modes."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(3)
    turned = Rotation.from_rotvec(rng.normal(0, 0.3, 3)).as_matrix()
    anchor = Anchor(tuple(small_model.landmarks)[:2], rng.normal(0, 30, 3), rng.normal(0, 30, 3), 4.0)
    state = replace(start(small_model, turned, rng.normal(0, 30, 3), 0, 0.1), anchor=anchor)
    state = replace(state, weights=rng.standard_normal(len(state.weights)))
    rows, off = _anchor_rows(small_model, state, [], 2)
    assert off == pytest.approx(_off_anchor(small_model, state))
    assert state.strain(small_model) == pytest.approx((off**2).sum())
    step = 1e-6
    for number in range(9):
        change = np.zeros(9)
        change[number] = step
        moved = replace(
            state,
            rotation=Rotation.from_rotvec(change[:3]).as_matrix() @ state.rotation,
            translation=state.translation + change[3:6],
            log_scale=state.log_scale + change[6],
            weights=state.weights + np.append(change[7:], np.zeros(len(state.weights) - 2)),
        )
        slope = (_off_anchor(small_model, state) - _off_anchor(small_model, moved)) / step
        assert rows[:, number] == pytest.approx(slope, abs=1e-4)
