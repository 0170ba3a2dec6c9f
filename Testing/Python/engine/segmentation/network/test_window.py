"""Windows: there and back, and what lies where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.segmentation.network.channels import STRIDE
from XRayTo3DLib.segmentation.network.window import _REMEMBERED, Window, carried, seen_through, window_over

side = st.floats(1, 4000)


@given(st.floats(-100, 3000), st.floats(-100, 3000), side, side)
def test_a_window_holds_its_box_and_fits_the_network(x, y, width, height):
    window = window_over(np.array([x, y]), np.array([x + width, y + height]), 224 * 224)
    assert window.shape[0] % STRIDE == window.shape[1] % STRIDE == 0
    assert 0.5 * 224**2 < window.shape[0] * window.shape[1] < 1.6 * 224**2
    corners = np.array([(x, y), (x + width, y + height)]) @ window.matrix[:, :2].T + window.matrix[:, 2]
    rows, columns = window.shape
    assert (corners[0] >= -0.5 - 1e-6).all() and (corners[1] <= np.array([columns, rows]) - 0.5 + 1e-6).all()
    assert np.allclose(
        window.to_picture(corners), [(x, y), (x + width, y + height)], atol=1e-6 * (1 + max(width, height))
    )


@pytest.mark.parametrize("size", [(90, 60), (700, 400), (1900, 2300)])
def test_a_disc_stays_in_its_place(draw, size):
    """Its middle and area are found where the matrix says, whether the window is finer or coarser than the picture."""
    radius, centre = 0.2 * min(size), (0.4 * size[1], 0.55 * size[0])
    picture = draw.covered(draw.disc(size, radius, centre))
    window = window_over(np.array([-0.5, -0.5]), np.array(size[::-1]) - 0.5, 160 * 160)
    grey, inside = window.cut(picture)
    assert grey.shape == inside.shape == window.shape
    y, x = np.mgrid[: window.shape[0], : window.shape[1]]
    middle = window.to_picture([((x * grey).sum() / grey.sum(), (y * grey).sum() / grey.sum())])[0]
    assert middle == pytest.approx(centre, abs=0.05 / window.scale)
    assert grey.sum() / window.scale**2 == pytest.approx(np.pi * radius**2, rel=0.01)
    # and lies there again
    again = window.uncut(grey, size, 0.0)
    assert again.sum() == pytest.approx(picture.sum(), rel=0.01)
    assert np.abs((again > 0.5) ^ (picture > 0.5)).sum() < 2 * np.pi * radius * max(1, 0.5 / window.scale)


def test_room_beside_a_slim_picture_is_told():
    window = window_over(np.array([-0.5, -0.5]), np.array([39.5, 799.5]), 224 * 224)
    grey, inside = window.cut(np.ones((800, 40), np.float32))
    assert np.array_equal(inside, grey > 0.5) and not inside.all()
    assert window.uncut(grey, (800, 40), -1.0)[4:-4, 4:-4].min() > 0.99


def test_what_lies_outside_a_window_is_not_made_up():
    window = window_over(np.array([10.0, 10.0]), np.array([42.0, 42.0]), 64 * 64)
    laid = window.uncut(np.ones(window.shape, np.float32), (100, 90), -20.0)
    assert (laid[12:40, 12:40] == 1).all() and (laid[60:] == -20).all() and (laid[:, 60:] == -20).all()


@pytest.mark.parametrize("stride", [1, 2])
def test_what_one_window_sees_lies_where_another_one_sees_it(stride):
    """Of values that are the picture's own columns and rows, wherever they are looked up."""

    def places(window):
        rows, columns = (n // stride for n in window.shape)
        y, x = np.mgrid[:rows, :columns] * stride + (stride - 1) / 2
        at = window.to_picture(np.column_stack([x.ravel(), y.ravel()]))
        return at.reshape(rows, columns, 2).astype(np.float32)

    wide = window_over(np.array([10.0, 20.0]), np.array([410.0, 320.0]), 224 * 224)
    close = window_over(np.array([100.0, 80.0]), np.array([220.0, 260.0]), 160 * 160)
    for axis in range(2):
        found = carried(places(wide)[..., axis], wide, close, stride=stride)
        assert np.allclose(found, places(close)[..., axis], atol=0.1)
    beyond = carried(places(close)[..., 0], close, wide, -9.0, stride)
    assert (beyond == -9).any() and beyond.shape == tuple(n // stride for n in wide.shape)


def test_what_was_cut_is_remembered_until_another_picture_comes(monkeypatch):
    """Of a few windows; and whatever is done to what was given, the next one gets what the picture shows."""
    cuts, cut = [], Window.cut
    monkeypatch.setattr(Window, "cut", lambda self, pixels: cuts.append(self) or cut(self, pixels))
    picture = np.random.default_rng(0).random((80, 60)).astype(np.float32)
    windows = [window_over(np.zeros(2), np.array([20.0 + n, 40.0]), 64 * 64) for n in range(_REMEMBERED + 1)]
    for each in windows:
        seen_through(each, picture)
    assert len(cuts) == len(windows)
    grey, inside = seen_through(windows[-1], picture)
    grey[:], inside[:] = 7, False
    again = seen_through(windows[-1], picture)
    assert len(cuts) == len(windows) and all(
        np.array_equal(one, two) for one, two in zip(again, cut(windows[-1], picture), strict=True)
    )
    seen_through(windows[0], picture)  # the oldest one was given up
    assert len(cuts) == len(windows) + 1
    other = picture + 1
    assert np.array_equal(seen_through(windows[-1], other)[0], cut(windows[-1], other)[0])
