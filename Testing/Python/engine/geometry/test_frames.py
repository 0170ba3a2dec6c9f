"""Frames: pixels and millimetres are inverse; RAS is an isometry on the volume's own slice; mirrors stay outward."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS, engine_to_ras, mm_to_pixel, pixel_to_mm, transform
from XRayTo3DLib.surface import area_and_volume, arrays

sizes = st.floats(0.01, 10)


@given(
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    st.tuples(sizes, sizes),
    st.floats(1, 3),
    st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)),
)
def test_pixels_and_millimetres_are_inverse(shape, size, magnification, pixel):
    mm = pixel_to_mm(np.array(pixel), shape, size, magnification)
    assert np.allclose(mm_to_pixel(mm, shape, size, magnification), pixel, atol=1e-6)


def test_origin_axes_and_size():
    to_mm = lambda *pixel: pixel_to_mm(np.array(pixel), (101, 201), (0.2, 0.4)).tolist()  # noqa: E731
    assert to_mm(0, 0) == pytest.approx([0, 0])
    assert to_mm(1, 0) == pytest.approx([0.2, 0]) and to_mm(0, 1) == pytest.approx([0, 0.4])


@given(st.floats(1, 3))
def test_magnification_shrinks_towards_the_middle(magnification):
    shape, size = (101, 201), (0.2, 0.4)
    middle = pixel_to_mm(np.array([100, 50]), shape, size, magnification)
    assert middle == pytest.approx([20, 20])
    corner = pixel_to_mm(np.array([0, 0]), shape, size, magnification)
    assert corner - middle == pytest.approx(np.array([-20, -20]) / magnification)


def test_many_pixels_at_once():
    pixels = np.arange(24.0).reshape(3, 4, 2)
    assert pixel_to_mm(pixels, (10, 10), (0.5, 0.5), 1.3).shape == (3, 4, 2)


@st.composite
def volume_matrices(draw):
    """IJK-to-RAS of a volume in any attitude, mirrored or not, with any spacing and origin."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    attitude, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    flips = np.diag(draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)))
    matrix = np.eye(4)
    matrix[:3, :3] = attitude @ flips @ np.diag(draw(st.tuples(sizes, sizes, sizes)))
    matrix[:3, 3] = rng.uniform(-500, 500, 3)
    return matrix


@given(volume_matrices(), st.tuples(st.floats(0, 3000), st.floats(0, 3000)))
def test_the_bone_stands_on_its_volumes_slice(ijk_to_ras, pixel):
    to_ras = engine_to_ras(ijk_to_ras)
    axes = to_ras[:3, :3]
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-12)  # an isometry: millimetres stay millimetres
    spacing = np.linalg.norm(ijk_to_ras[:3, :2], axis=0)
    here = to_ras @ [pixel[0] * spacing[0], pixel[1] * spacing[1], 0, 1]
    assert np.allclose(here, ijk_to_ras @ [*pixel, 0, 1], rtol=1e-12, atol=1e-9)
    assert np.allclose(axes[:, 2], -np.cross(axes[:, 0], axes[:, 1]), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(-1)


def test_the_slices_own_third_axis_does_not_matter():
    matrix = np.diag([0.2, 0.2, 1.0, 1.0])
    other = matrix.copy()
    other[:3, 2] = [0, 0, -5]
    assert np.array_equal(engine_to_ras(matrix), engine_to_ras(other))


@pytest.mark.parametrize("second", [(2.0, 0, 0), (0, 0, 0), (np.nan, 0, 0)])
def test_a_matrix_without_a_plane(second):
    matrix = np.eye(4)
    matrix[:3, 1] = second
    with pytest.raises(ValueError, match="IJK-to-RAS"):
        engine_to_ras(matrix)


def test_lps_of_a_file_is_ras_of_a_plain_volume():
    """A picture whose columns run to the patient's left and rows to the feet, as Slicer loads a PNG."""
    ras = engine_to_ras(np.diag([-0.5, -0.5, 1.0, 1.0]))
    assert np.allclose(np.diag([-1, -1, 1, 1]) @ ras, ENGINE_TO_LPS)


@given(volume_matrices(), st.booleans())
def test_normals_stay_outward(ball, ijk_to_ras, mirrored):
    matrix = engine_to_ras(ijk_to_ras) @ np.diag([1, 1, 1 if mirrored else -1, 1])
    surface = ball(10.0, (5, 6, 7), 1)
    moved = transform(surface, matrix)
    before, after = (area_and_volume(*arrays(s))[1] for s in (surface, moved))
    assert after == pytest.approx(before, rel=1e-3)
    centre = (matrix @ [5, 6, 7, 1])[:3]
    assert np.allclose(arrays(moved)[0].mean(axis=0), centre, atol=1e-2)


def test_transform_keeps_point_data(ball):
    from XRayTo3DLib.surface import OBSERVED, with_observed

    surface = ball()
    count = surface.GetNumberOfPoints()
    moved = transform(with_observed(surface, np.arange(count) % 2), ENGINE_TO_LPS)
    assert moved.GetPointData().GetArray(OBSERVED).GetNumberOfTuples() == count
