"""Signed distances: exact where they can be, of the right sign elsewhere; meshes that lie on their zero."""

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.simulate.bones.solids import ellipsoid, mesh_of, sphere, tube, union, without
from XRayTo3DLib.surface import is_closed

SIZES = st.floats(2, 40)


def directions(seed, count=50):
    drawn = np.random.default_rng(seed).standard_normal((count, 3))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@given(st.integers(0, 1000), SIZES, st.floats(-30, 30))
def test_a_spheres_distance(seed, radius, offset):
    centre = np.array([3.0, -5.0, 7.0])
    points = centre + directions(seed) * max(radius + offset, 0)
    assert sphere(points, centre, radius) == pytest.approx(np.full(50, max(offset, -radius)), abs=1e-9)


@given(st.integers(0, 1000), st.tuples(SIZES, SIZES, SIZES), st.floats(-0.5, 0.5))
def test_an_ellipsoids_distance_is_exact_to_first_order(seed, radii, offset):
    radii, centre = np.array(radii), np.array([1.0, 2.0, 3.0])
    on = directions(seed) * radii
    normal = on / radii**2
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    assert np.abs(ellipsoid(centre + on, centre, radii)).max() < 1e-9
    sharpest = radii.min() ** 2 / radii.max()  # least radius of curvature
    step = offset * min(1.0, sharpest / 5)
    assert ellipsoid(centre + on + step * normal, centre, radii) == pytest.approx(
        np.full(50, step), abs=0.3 * abs(step) + 1e-9
    )
    assert ellipsoid(centre[None], centre, radii) == pytest.approx([-radii.min()])


def test_a_tubes_section_and_ends():
    radii, centers = np.array([[5.0, 3.0]]), np.array([[10.0, 0.0]])
    points = np.array([[15.0, 0], [10, 3], [10, 0], [17, 0]])
    inside = tube(points, centers.repeat(4, 0), radii.repeat(4, 0), np.zeros(4))
    assert inside == pytest.approx([0, 0, -3, 2])
    beyond = tube(points, centers.repeat(4, 0), radii.repeat(4, 0), np.full(4, 2.0))
    assert beyond == pytest.approx(inside + 2 * 0.7)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.floats(0.5, 5))
def test_a_union_is_never_smaller_than_its_parts(distances, blend):
    joined = union([np.array([d]) for d in distances], blend)[0]
    assert min(distances) - blend * np.log(len(distances)) - 1e-9 <= joined <= min(distances) + 1e-9


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_what_is_taken_away_is_outside(body, removed):
    left = without(np.array([body]), [np.array([removed])], 1.0)[0]
    assert left >= max(body, -removed) - 1e-9


@pytest.mark.parametrize("step", [1.0, 2.5])
def test_a_mesh_lies_on_the_zero(step):
    made = mesh_of(lambda p: sphere(p, (10, 20, 30), 21.0), (-15, -5, 5), (35, 45, 55), step)
    body = trimesh.Trimesh(made.points, made.faces, process=False)
    assert is_closed(made.faces) and body.is_winding_consistent
    assert np.linalg.norm(made.points - [10, 20, 30], axis=1) == pytest.approx(
        np.full(len(made.points), 21), abs=step**2 / 80
    )
    assert body.volume == pytest.approx(4 / 3 * np.pi * 21**3, rel=0.02)


def test_blocks_that_are_passed_over_hide_nothing():
    """Thin, far apart, beside each other: the same as point by point."""

    def bar(points, start, end, first, second):
        axis = np.subtract(end, start)
        along = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
        return np.linalg.norm(points - start - along[:, None] * axis, axis=1) - (first + (second - first) * along)

    def field(points):
        bars = [bar(points, (-30, y, 0), (30, y, 20), 1.5, 2.5) for y in (-20.0, 0.0, 17.0)]
        return np.min([*bars, sphere(points, (0, 9, -20), 4.0)], axis=0)

    made = mesh_of(field, (-40, -30, -30), (40, 30, 30), 1.0)
    body = trimesh.Trimesh(made.points, made.faces, process=False)
    assert is_closed(made.faces) and body.body_count == 4
    rng = np.random.default_rng(0)
    points = rng.uniform((-40, -30, -30), (40, 30, 30), (200_000, 3))
    share = (field(points) < 0).mean()
    assert body.volume == pytest.approx(share * 80 * 60 * 60, rel=0.1)


def test_nothing_has_no_mesh():
    assert mesh_of(lambda p: np.full(len(p), 5.0, np.float32), (0, 0, 0), (9, 9, 9), 1.0) is None


def test_precision_is_kept():
    points = np.ones((4, 3), np.float32)
    assert sphere(points, (0, 0, 0), 1.0).dtype == ellipsoid(points, (0, 0, 0), (1, 2, 3)).dtype == np.float32
