"""A view holds outlines in millimetres at the bone; shadows of points and how they move agree with the camera."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.camera import Camera
from XRayTo3DLib.geometry.outline import BORDER, EDGE, OVERLAP, Outline
from XRayTo3DLib.shape import Mark, view_from
from XRayTo3DLib.shape.view import STEP_MM, gradient, projected, to_mm, to_pixel


def ring(radius=60.0, centre=(210.0, 350.0), count=400, flag=EDGE):
    """A disc's outline: clockwise as the picture is seen."""
    angle = np.arange(count) * 2 * np.pi / count
    return Outline(np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], 1), np.full(count, flag))


def any_camera(seed):
    """Camera anywhere, with pixels that are not square."""
    rng = np.random.default_rng(seed)
    from_lps = np.eye(4)
    from_lps[:3, :3] = np.diag([1, 1, -1]) @ Rotation.random(random_state=seed).as_matrix()
    from_lps[:3, 3] = rng.uniform(-50, 300, 3)
    return Camera((700, 420), tuple(rng.uniform(0.2, 1.5, 2)), 1300.0, 1000.0, from_lps)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_projected_agrees_with_the_camera(seed):
    camera, points = any_camera(seed), np.random.default_rng(seed).uniform(-200, 200, (30, 3))
    pixel, distance = camera.project(points)
    place, nearness, local = projected(camera, points)
    assert np.allclose(to_pixel(camera, place), pixel, atol=1e-6)
    assert np.allclose(nearness, camera.sod_mm / distance)
    assert np.allclose(local[:, 2], camera.sod_mm - distance)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_gradient_is_the_slope_of_the_shadow(seed):
    camera, rng = any_camera(seed), np.random.default_rng(seed)
    points, directions = rng.uniform(-150, 150, (20, 3)), rng.standard_normal((20, 2))
    slope = gradient(camera, directions, *projected(camera, points)[1:])
    for axis in range(3):
        step = 1e-3 * np.eye(3)[axis]
        moved = projected(camera, points + step)[0] - projected(camera, points - step)[0]
        assert np.allclose(slope[:, axis], (moved * directions).sum(axis=1) / 2e-3, atol=1e-6)


def test_to_mm_and_back(cast):
    camera, pixel = cast.camera(), np.random.default_rng(0).uniform(-100, 900, (10, 2))
    assert np.allclose(to_pixel(camera, to_mm(camera, pixel)), pixel)
    assert np.allclose(to_mm(camera, camera.middle), 0)
    assert np.allclose(to_mm(camera, camera.middle + np.array([1, 0])), [cast.pixel_mm / cast.magnification, 0])


def test_a_ring_is_evenly_sampled_with_normals_out_of_it(cast):
    camera = cast.camera()
    view = view_from(camera, [ring()])
    centre = to_mm(camera, np.array([210.0, 350.0]))
    radius = 60 * cast.pixel_mm / cast.magnification
    away = view.points - centre
    assert np.allclose(np.linalg.norm(away, axis=1), radius, atol=0.02)
    assert np.allclose(view.normals, away / radius, atol=0.01)
    apart = np.linalg.norm(view.points - np.roll(view.points, 1, axis=0), axis=1)
    assert np.allclose(apart, STEP_MM, rtol=0.03)
    assert view.length_mm == pytest.approx(2 * np.pi * radius, rel=0.02)


def test_holes_and_specks_are_left_out_and_large_pieces_kept(cast):
    whole, hole = ring(), ring(20)
    hole = Outline(hole.points[::-1], hole.flags)
    speck, piece = ring(3, (50, 50)), ring(20, (350, 100))
    count = [
        len(view_from(cast.camera(), some).points) for some in ([whole], [whole, hole, speck], [whole, piece], [piece])
    ]
    assert count[1] == count[0] and count[2] == count[0] + count[3]


def test_what_was_not_seen_has_no_weight_and_what_is_weak_has_less(cast):
    outline = ring()
    flags = outline.flags.copy()
    flags[:100], flags[100:200] = BORDER, OVERLAP
    view = view_from(cast.camera(), [Outline(outline.points, flags)])
    values, counts = np.unique(view.weights, return_counts=True)
    assert values[0] == 0 and 0 < values[1] < 1 and values[2] == 1
    assert np.allclose(counts / counts.sum(), [0.25, 0.25, 0.5], atol=0.01)
    assert view.length_mm == pytest.approx(0.75 * 2 * np.pi * 60 * cast.pixel_mm / cast.magnification, rel=0.03)


TOO_LITTLE = {
    "nothing": [],
    "nothing but border": [ring(flag=BORDER)],
    "a speck": [ring(5)],
    "a hole": [Outline(ring().points[::-1], ring().flags)],
    "one point": [Outline(np.array([[9.0, 9.0]]), np.zeros(1, np.uint8))],
}


@pytest.mark.parametrize("what", TOO_LITTLE)
def test_too_little_of_an_outline_is_an_error_in_words(cast, what):
    with pytest.raises(ReconstructionError, match=r"outline is too short .* mm of it were seen"):
        view_from(cast.camera(), TOO_LITTLE[what])


def test_marks_are_kept(cast):
    marks = {"head_center": Mark(10.0, 20.0, 3.0)}
    view = view_from(cast.camera(), [ring()], marks, turn_deg=1.0, shift_mm=2.0)
    assert (view.marks, view.turn_deg, view.shift_mm) == (marks, 1.0, 2.0)


def test_heights_are_kept_in_mm_but_for_those_that_are_no_numbers(cast):
    camera, pixel = cast.camera(), np.array([[210.0, 350.0], [10, 20], [30, 40]])
    view = view_from(camera, [ring()], heights=(pixel, np.array([0.5, np.nan, 0.7]), 0.04))
    assert np.allclose(view.heights.points, to_mm(camera, pixel[[0, 2]]))
    assert view.heights.shares.tolist() == [0.5, 0.7] and view.heights.deviation == 0.04
    assert view_from(camera, [ring()]).heights is None
    assert view_from(camera, [ring()], heights=(pixel, np.zeros(3), 0.0)).heights.deviation > 0
