"""Triangle surfaces: closed, outward, true to size; smoothing keeps the volume; decimation keeps its word."""

import signal

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.surface import (
    OBSERVED,
    Surface,
    area_and_volume,
    arrays,
    decimate,
    is_closed,
    isosurface,
    keep_largest,
    polydata,
    smooth,
    with_observed,
)


def ball_field(radius, size=48):
    z, y, x = np.mgrid[:size, :size, :size] - (size - 1) / 2
    return (radius - np.sqrt(x * x + y * y + z * z)).astype(np.float32)


def blobs(seed, sigma=3.0, level=1.0, shape=(24, 40, 40)):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma)
    return (noise / noise.std() - level).astype(np.float32)


@pytest.fixture
def in_time():
    """Function that lets a call take so many seconds and no more."""

    def stop(*_):
        raise TimeoutError("it goes on for ever")

    def limit(seconds):
        signal.setitimer(signal.ITIMER_REAL, seconds)

    before = signal.signal(signal.SIGALRM, stop)
    yield limit
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("step", [0.3, 1.0])
def test_isosurface_of_a_ball(as_trimesh, check_closed, step):
    mesh = as_trimesh(isosurface(ball_field(15), (5.0, -7.0, 3.0), step))
    check_closed(mesh)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * (15 * step) ** 3, rel=0.01)
    centre = np.array([5, -7, 3]) + 23.5 * step
    assert np.allclose(mesh.bounds, [centre - 15 * step, centre + 15 * step], atol=0.02 * step)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(1.2, 4), st.floats(0, 1.5))
def test_isosurface_is_closed_where_it_meets_the_arrays_border(as_trimesh, seed, sigma, level):
    field = blobs(seed, sigma, level)
    mesh = as_trimesh(isosurface(field, (0, 0, 0), 1.0))
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0


def test_isosurface_of_a_field_with_exact_zeros(as_trimesh):
    field = np.full((8, 9, 10), -1, np.float32)
    field[3:6, 3:6, 3:6] = [[[1, 0, 1], [0, 1, 0], [1, 0, 1]]] * 3
    mesh = as_trimesh(isosurface(field, (0, 0, 0), 1.0))
    assert mesh.is_watertight and mesh.area_faces.min() > 0


def test_smoothing_does_not_shrink(as_trimesh, check_closed):
    """The stairs of a ball of voxels go, its volume stays."""
    voxels = np.where(ball_field(15) > 0, np.float32(1), np.float32(-1))
    rough = as_trimesh(isosurface(voxels, (0, 0, 0), 1.0))
    even = as_trimesh(smooth(isosurface(voxels, (0, 0, 0), 1.0)))
    check_closed(even)
    assert even.volume == pytest.approx(rough.volume, rel=0.005)
    assert even.area == pytest.approx(4 * np.pi * 15**2, rel=0.04) and rough.area > 1.04 * even.area


def test_smoothing_again_and_again_does_not_shrink(as_trimesh):
    surface = isosurface(ball_field(12), (0, 0, 0), 1.0)
    assert as_trimesh(smooth(surface, 100)).volume == pytest.approx(as_trimesh(surface).volume, rel=0.005)


def test_no_smoothing_is_the_surface_itself():
    surface = isosurface(ball_field(9), (0, 0, 0), 1.0)
    assert np.array_equal(arrays(smooth(surface, 0))[0], arrays(surface)[0])


@pytest.mark.parametrize("triangles", [500, 3000, 10_000])
def test_decimation_meets_its_budget_and_its_error(as_trimesh, check_closed, triangles):
    whole = smooth(isosurface(ball_field(20), (0, 0, 0), 1.0))
    coarse, error = decimate(whole, triangles, 1.0)
    mesh = as_trimesh(coarse)
    check_closed(mesh)
    assert len(mesh.faces) <= triangles
    check_error(as_trimesh(whole), mesh, error)


def check_error(whole, mesh, error):
    """No sampled vertex of either surface is farther from the other than `error`."""
    for ours, theirs in ((whole, mesh), (mesh, whole)):
        points = ours.vertices[:: max(1, len(ours.vertices) // 1500)]
        _, distance, _ = trimesh.proximity.closest_point(theirs, points)
        assert distance.max() <= error + 1e-4


@pytest.mark.parametrize("seed", range(4))
def test_stated_error_holds_on_rough_surfaces(as_trimesh, in_time, seed):
    surface = isosurface(blobs(seed, 3.0, 0.5), (0, 0, 0), 1.0)
    in_time(15)
    coarse, error = decimate(surface, surface.GetNumberOfPolys() // 4, 1.0)
    in_time(0)
    check_error(as_trimesh(surface), as_trimesh(coarse), error)


def test_a_budget_too_small_is_refused_in_words_and_in_time(in_time):
    surface = isosurface(blobs(0, 1.5, 0.0, (40, 60, 60)), (0, 0, 0), 1.0)
    in_time(6)
    with pytest.raises(ReconstructionError, match="triangles are too few"):
        decimate(surface, 200, 1.0)


def test_flat_parts_lose_triangles_first(as_trimesh):
    """A box keeps its volume with few triangles, its edges stay."""
    z, y, x = np.mgrid[:30, :40, :50]
    away = np.minimum.reduce([x - 4.5, 44.5 - x, y - 4.5, 34.5 - y, z - 4.5, 24.5 - z]).astype(np.float32)
    surface = isosurface(away, (0, 0, 0), 1.0)
    coarse, _ = decimate(surface, 2000, 1.0)
    assert as_trimesh(coarse).volume == pytest.approx(as_trimesh(surface).volume, rel=1e-3)
    assert np.allclose(as_trimesh(coarse).bounds, as_trimesh(surface).bounds, atol=0.05)


def test_the_largest_pieces_are_kept(as_trimesh, check_closed, ball):
    parts = [ball(r, (x, 0, 0), fine) for r, x, fine in ((10, 0, 4), (3, 30, 2), (6, 60, 3), (1, 90, 1))]
    points, faces, count = [], [], 0
    for part in parts:
        p, f = arrays(part)
        points.append(p)
        faces.append(f + count)
        count += len(p)
    several = polydata(np.concatenate(points), np.concatenate(faces))
    for pieces, right in ((4, 91), (2, 66), (1, 10)):
        mesh = as_trimesh(keep_largest(several, pieces))
        check_closed(mesh, pieces)
        assert mesh.bounds[1, 0] == pytest.approx(right, abs=0.1)


def test_an_open_surface_is_refused(ball):
    points, faces = arrays(ball())
    with pytest.raises(ReconstructionError, match="could not be closed"):
        decimate(polydata(points, faces[:-1]), 10_000, 1.0)


def test_area_and_volume(ball):
    box = trimesh.creation.box((2, 3, 4))
    areas, volume = area_and_volume(box.vertices, box.faces)
    assert areas.sum() == pytest.approx(52) and volume == pytest.approx(24)
    moved = area_and_volume(box.vertices + np.array([100, 200, -300]), box.faces)[1]
    assert moved == pytest.approx(24)
    assert area_and_volume(box.vertices, box.faces[:, ::-1])[1] == pytest.approx(-24)


def test_is_closed_asks_every_edge():
    box = trimesh.creation.box()
    faces = np.array(box.faces)
    assert is_closed(faces)
    assert not is_closed(faces[1:])
    assert not is_closed(np.empty((0, 3), int))
    turned = faces.copy()
    turned[0] = turned[0, ::-1]
    assert not is_closed(turned)
    assert not is_closed(np.concatenate([faces, faces]))


def test_arrays_and_polydata_are_inverse(ball):
    points, faces = arrays(ball())
    again = arrays(polydata(points, faces))
    assert np.array_equal(again[0], points) and np.array_equal(again[1], faces)
    empty = arrays(polydata(np.empty((0, 3)), np.empty((0, 3), int)))
    assert empty[0].shape == (0, 3) and empty[1].shape == (0, 3)


def test_describe_is_in_the_files_coordinates(ball):
    surface = ball(10.0, (50.0, 60.0, 70.0), 4)
    points, _ = arrays(surface)
    seen = points[:, 2] > 70
    told = Surface(with_observed(surface, seen), "solid", 0.1).describe()
    assert told["bounds_mm"] == pytest.approx([40, 60, 50, 70, -80, -60], abs=0.05)
    assert told["volume_mm3"] == pytest.approx(4 / 3 * np.pi * 1000, rel=0.01)
    assert told["area_mm2"] == pytest.approx(400 * np.pi, rel=0.01)
    assert told["observed_fraction"] == pytest.approx(0.5, abs=0.05)
    assert told["closed"] is True and told["points"] == len(points)
    assert surface.GetPointData().GetScalars().GetName() == OBSERVED
