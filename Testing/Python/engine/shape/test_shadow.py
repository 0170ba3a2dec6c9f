"""The shadow of a sphere is a disc of known radius, whatever size it is drawn in."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.geometry.outline import BORDER, EDGE
from XRayTo3DLib.shape import shadow, shadow_outlines

RADIUS = 40.0


@pytest.fixture(scope="module")
def sphere():
    ball = trimesh.creation.icosphere(4, RADIUS)
    return np.asarray(ball.vertices), np.asarray(ball.faces)


@pytest.mark.parametrize("scale", [0.25, 1.0, 2.0])
def test_a_sphere_casts_a_disc(cast, sphere, scale):
    camera = cast.camera()
    mask = shadow(camera, *sphere, scale)
    assert mask.shape == tuple(round(scale * size) for size in camera.shape)
    radius = cast.sod * np.tan(np.arcsin(RADIUS / cast.sod)) * cast.magnification / cast.pixel_mm
    assert np.sqrt(mask.sum() / np.pi) / scale == pytest.approx(radius, abs=0.8 / scale)  # a cell of the drawing
    rows, columns = np.nonzero(mask)
    middle = (np.array([columns.mean(), rows.mean()]) + 0.5) / scale - 0.5
    assert np.allclose(middle, camera.middle, atol=0.2 / scale)


def test_a_disc_has_the_right_radius(cast, sphere):
    radius = cast.sod * np.tan(np.arcsin(RADIUS / cast.sod)) * cast.magnification / cast.pixel_mm
    assert np.sqrt(shadow(cast.camera(), *sphere).sum() / np.pi) == pytest.approx(radius, abs=0.2)


def test_a_shadow_is_whole_in_a_large_picture(cast, sphere):
    """At the lower end of one of 3000 rows, which the drawing has four times."""
    camera = cast.camera(shape=(3000, 100))
    low = (0, 0, -1400 * cast.pixel_mm / cast.magnification)
    mask = shadow(camera, sphere[0] + low, sphere[1])
    assert np.argwhere(mask).mean(axis=0)[0] == pytest.approx(camera.middle[1] + 1400, abs=5)


def test_what_lies_outside_the_picture_is_not_drawn(cast, sphere):
    assert not shadow(cast.camera(center=(500, 0, 0)), *sphere).any()
    half = shadow(cast.camera(shape=(700, 420), center=(0, 0, 243.0)), *sphere)  # the picture is 487 mm high there
    assert half[-1].any() and not half[0].any()


def test_outlines_lie_on_the_fitted_outline(one_view):
    fit, view = one_view.fit, one_view.fit.views[0]
    outline, *_ = shadow_outlines(fit, view)
    from scipy.spatial import cKDTree

    from XRayTo3DLib.shape.view import to_mm

    off = cKDTree(to_mm(view.camera, outline.points)).query(view.points)[0]
    assert np.median(off) < 0.8
    assert (outline.flags == EDGE).all()


def test_outlines_are_drawn_smaller_for_a_large_picture(one_view):
    """Places and size are the picture's all the same."""
    fit, view = one_view.fit, one_view.fit.views[0]
    camera = view.camera
    fine = replace(camera, shape=tuple(4 * size for size in camera.shape), pixel_size_mm=(0.2, 0.2))
    shifted = camera.from_lps.copy()
    shifted[:2, 3] += fine.middle * 0.2 - camera.middle * 0.8
    plain, small = (
        shadow_outlines(fit, replace(view, camera=each))[0].points for each in (camera, replace(fine, from_lps=shifted))
    )
    low, high = (((small + 0.5) / 4 - 0.5).min(axis=0), ((small + 0.5) / 4 - 0.5).max(axis=0))
    assert np.allclose(low, plain.min(axis=0), atol=0.8) and np.allclose(high, plain.max(axis=0), atol=0.8)


def test_where_the_picture_ends_the_outline_is_flagged(half_seen):
    outline, *_ = shadow_outlines(half_seen.fit, half_seen.fit.views[0])
    at_border = outline.points[outline.flags == BORDER]
    assert len(at_border) > 10 and (at_border[:, 1] > 345).all()
