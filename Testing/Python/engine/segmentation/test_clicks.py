"""A click has the last word where it is, and half way to where the answer changes; far away nothing changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.segmentation.clicks import pixel_at, pushed
from XRayTo3DLib.segmentation.seeds import Seeds

SIZE = 80
ANSWER = np.where(np.arange(SIZE) < 40, np.float32(5), np.float32(-5)) * np.ones((SIZE, 1), np.float32)
inside = st.integers(0, SIZE - 1)


@given(inside, inside, st.booleans())
def test_a_click_has_the_last_word(x, y, include):
    answer = pushed(ANSWER, Seeds([(x, y)], []) if include else Seeds([], [(x, y)]))
    assert (answer[y, x] > 0) == include


@given(inside, inside)
def test_a_click_that_says_the_same_changes_no_answer(x, y):
    clicks = Seeds([(x, y)], []) if ANSWER[y, x] > 0 else Seeds([], [(x, y)])
    assert ((pushed(ANSWER, clicks) > 0) == (ANSWER > 0)).all()


def test_a_click_reaches_half_way_to_where_the_answer_changes():
    changed = (pushed(ANSWER, Seeds([(52, 40)], [])) > 0) != (ANSWER > 0)
    rows, columns = np.nonzero(changed)
    assert columns.min() >= 44 and columns.max() <= 60 and changed[40, 50:55].all()
    assert np.hypot(columns - 52, rows - 40).max() < 9


@pytest.mark.parametrize(("x", "y", "pixel"), [(3.4, 7.6, (8, 3)), (-4, 500, (SIZE - 1, 0))])
def test_a_place_beside_the_picture_is_its_nearest_pixel(x, y, pixel):
    assert pixel_at(ANSWER, x, y) == pixel
