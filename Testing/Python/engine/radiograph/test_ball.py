"""A disc of known place and size is found from a click in it, and what is none is refused in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib import RadiographError
from XRayTo3DLib.radiograph.ball import find_ball

SHAPE = (300, 240)


def film(middle, radius, aspect=1.0, flattened=1.0, seed=0):
    """A bright disc, or an ellipse, before noisy flesh and a bone."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    away = np.hypot(x - middle[0], (y - middle[1]) * aspect / flattened)
    pixels = 0.3 + 0.02 * np.random.default_rng(seed).standard_normal(SHAPE)
    pixels[:, 180:220] += 0.3
    covered = np.clip(radius - away + 0.5, 0, 1)
    return (1 - covered) * pixels + 0.95 * covered


@settings(max_examples=12, deadline=None)
@given(
    middle=st.tuples(st.floats(60, 120), st.floats(80, 220)),
    radius=st.floats(8, 45),
    clicked=st.tuples(st.floats(0, 0.8), st.floats(0, 6.3)),
    aspect=st.sampled_from([1.0, 0.8, 1.25]),
)
def test_a_disc_is_found_to_a_fraction_of_a_pixel(middle, radius, clicked, aspect):
    away, angle = clicked
    place = np.array(middle) + away * radius * np.array([np.cos(angle), np.sin(angle) / aspect])
    found = find_ball(film(middle, radius, aspect), place, aspect)
    assert (found.column, found.row) == pytest.approx(middle, abs=0.15)
    assert found.radius == pytest.approx(radius, abs=0.2)  # blurred by a pixel, edges lie 0.1 pixel inwards


def test_a_ball_that_lies_partly_over_bone_is_found():
    assert find_ball(film((165, 150), 30), (160, 150)).radius == pytest.approx(30, abs=0.2)


@pytest.mark.parametrize("radius", [10, 20, 40])
def test_an_ellipse_is_not_round(radius):
    with pytest.raises(RadiographError, match=r"^ball: .*is not round.*or measure by a ruler\.$"):
        find_ball(film((100, 150), radius, flattened=0.8), (100, 150))


@pytest.mark.parametrize(
    "place", [(30, 30), (200, 100), (239, 299)], ids=["in flesh", "on bone", "in the picture's corner"]
)
def test_where_there_is_no_disc(place):
    with pytest.raises(RadiographError, match=r"^ball: (no bright round disc|what is bright .* is not round)"):
        find_ball(film((100, 150), 20), place)


def test_a_ball_that_the_border_cuts_off():
    with pytest.raises(RadiographError, match="whole in the picture"):
        find_ball(film((8, 150), 20), (10, 150))


def test_a_picture_of_one_grey():
    with pytest.raises(RadiographError, match="no bright round disc"):
        find_ball(np.full(SHAPE, 0.5), (100, 100))
