"""Outlines: between the pixels, once round, and honest about what was an edge."""

import numpy as np
import pytest

from XRayTo3DLib.geometry.outline import BORDER, EDGE, OVERLAP, broken, outlines, smooth_field

SHAPE = (120, 100)
SAME = np.array([[1.0, 0, 0], [0, 1, 0]])
OPEN = np.zeros(SHAPE, bool)


def area(points):
    x, y = points.T
    return 0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def test_a_disc_is_outlined_to_a_twentieth_of_a_pixel(draw):
    (found,) = outlines(draw.disc(SHAPE, 30.3, (48.2, 60.7)), SAME, OPEN)
    radius = np.hypot(*(found.points - [48.2, 60.7]).T)
    assert np.abs(radius - 30.3).max() < 0.05
    assert (found.flags == EDGE).all()
    steps = np.hypot(*(found.points - np.roll(found.points, 1, axis=0)).T)
    assert steps.min() > 0.9 and steps.max() < 1.1
    assert abs(area(found.points)) == pytest.approx(np.pi * 30.3**2, rel=2e-3)


def test_from_a_mask_it_is_smooth(draw):
    (found,) = outlines(smooth_field(draw.disc(SHAPE, 30.0) > 0), SAME, OPEN)
    radius = np.hypot(*(found.points - [49.5, 59.5]).T)
    assert np.abs(radius - 30).max() < 0.4


def test_a_hole_goes_the_other_way_round(draw):
    ring = 8 - np.abs(draw.disc(SHAPE, 30))
    outer, inner = outlines(ring, SAME, OPEN)
    assert area(outer.points) == pytest.approx(np.pi * 38**2, rel=0.01)  # clockwise as seen, y down
    assert area(inner.points) == pytest.approx(-np.pi * 22**2, rel=0.01)


def test_in_the_pictures_own_pixels(draw):
    half = np.array([[0.5, 0, 3.0], [0, 0.5, -1.0]])
    (found,) = outlines(draw.disc(SHAPE, 20, (50, 60)), half, OPEN)
    assert np.allclose(np.hypot(*(found.points - [(50 - 3) / 0.5, (60 + 1) / 0.5]).T), 40, atol=0.1)


def test_where_the_picture_ends_no_edge_was_seen(draw):
    """A shaft through the whole picture, with collimator blades at its top."""
    blades = OPEN.copy()
    blades[:10] = True
    field = np.where(blades, -20, draw.strip(SHAPE, 15))
    (found,) = outlines(field, SAME, blades)
    at_end = (found.points[:, 1] < 11) | (found.points[:, 1] > SHAPE[0] - 1.5)
    assert (found.flags[at_end] == BORDER).all() and at_end.any()
    beside = (found.points[:, 1] > 14) & (found.points[:, 1] < SHAPE[0] - 4)
    assert (found.flags[beside] == EDGE).all() and beside.sum() > 150


def test_another_bone_makes_an_edge_weak(draw):
    (found,) = outlines(draw.disc(SHAPE, 30), SAME, OPEN, {"tibia": draw.disc(SHAPE, 25, (49.5, 95))})
    inside = np.hypot(*(found.points - [49.5, 95]).T) < 24
    outside = np.hypot(*(found.points - [49.5, 95]).T) > 26
    assert (found.flags[inside] == OVERLAP).all() and inside.sum() > 10
    assert (found.flags[outside] == EDGE).all()


def test_json_has_a_word_for_each_point(draw):
    (found,) = outlines(draw.disc(SHAPE, 30), SAME, OPEN)
    told = found.as_json()
    assert len(told["points"]) == len(told["flags"]) == len(found.points) and set(told["flags"]) == {"edge"}


def test_nothing_has_no_outline():
    assert outlines(np.full(SHAPE, -1.0), SAME, OPEN) == ()


def test_a_broken_edge_is_a_border_from_its_first_point_to_its_last(draw):
    """The lower half of a disc, though a few points of it are missed, and the flags of the rest stay."""
    (found,) = outlines(draw.disc(SHAPE, 30), SAME, OPEN, {"tibia": draw.disc(SHAPE, 8, (49.5, 29.5))})
    x, y = (found.points - found.points.mean(axis=0)).T
    below = y > 5
    edge, ends = broken(found, below & (np.abs(x) > 2))
    assert (edge.flags[below] == BORDER).all()
    assert (edge.flags[~below] == found.flags[~below]).all() and (edge.flags == OVERLAP).any()
    assert ends[0, 0] > ends[1, 0]  # clockwise as seen, y down
    assert np.allclose(ends[:, 1] - found.points[:, 1].mean(), 5, atol=1)


@pytest.mark.parametrize("all_of_it", [True, False])
def test_an_edge_that_is_broken_all_round_or_nowhere_has_no_ends(draw, all_of_it):
    (found,) = outlines(draw.disc(SHAPE, 30), SAME, OPEN)
    edge, ends = broken(found, np.full(len(found.points), all_of_it))
    assert np.isnan(ends).all() and (edge.flags == (BORDER if all_of_it else EDGE)).all()
