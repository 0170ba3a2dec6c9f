"""Where shadows fall, how views stand to the patient, and that a camera agrees with the engine's frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.choices import SIMULATED_VIEWS
from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.geometry.camera import Camera, place, view_directions
from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS, mm_to_pixel

SHAPE, PIXEL = (301, 201), (0.5, 0.4)


def camera(view="ap", side="left", center=(0.0, 0.0, 0.0)):
    return place(*view_directions(view, side), np.array(center), SHAPE, PIXEL, 1200.0, 1000.0)


@pytest.mark.parametrize(
    ("view", "side", "source", "right"),
    [
        ("ap", "left", (0, -1, 0), (1, 0, 0)),
        ("ap", "right", (0, -1, 0), (1, 0, 0)),
        ("pa", "left", (0, 1, 0), (-1, 0, 0)),
        ("lateral", "left", (-1, 0, 0), (0, -1, 0)),  # from the middle of the body outwards
        ("lateral", "right", (1, 0, 0), (0, 1, 0)),
    ],
)
def test_source_and_picture_stand_to_the_patient_as_the_view_says(view, side, source, right):
    seen = camera(view, side, center=(10, 20, 30))
    assert seen.source_lps == pytest.approx(np.array([10, 20, 30]) + 1000 * np.array(source), abs=1e-9)
    step = lambda d: seen.project(np.array([[10, 20, 30], np.add([10, 20, 30], d)]))[0]  # noqa: E731
    assert np.diff(step(right), axis=0)[0, 0] > 0  # to the right in the picture
    assert np.diff(step((0, 0, 1)), axis=0)[0] == pytest.approx([0, -1.2 / 0.4])  # up is up, magnified


def test_oblique_stands_between_front_and_lateral():
    for side in ("left", "right"):
        front, across = (camera(view, side).source_lps for view in ("ap", "lateral"))
        assert camera("oblique", side).source_lps == pytest.approx((front + across) / np.sqrt(2))


@given(st.sampled_from(SIMULATED_VIEWS), st.sampled_from(["left", "right"]), st.integers(0, 2**32 - 1))
def test_shadows_of_the_middle_plane_are_those_of_the_engines_frame(view, side, seed):
    seen = camera(view, side, center=(5, -7, 900))
    plane = np.random.default_rng(seed).uniform(-100, 100, (20, 2))
    lps = np.column_stack([plane, np.zeros(20), np.ones(20)]) @ np.linalg.inv(seen.from_lps).T
    pixel, distance = seen.project(lps[:, :3])
    assert distance == pytest.approx(np.full(20, 1000.0))
    assert pixel == pytest.approx(mm_to_pixel(plane, SHAPE, PIXEL, seen.magnification), abs=1e-6)


@given(st.sampled_from(SIMULATED_VIEWS), st.sampled_from(["left", "right"]))
def test_the_file_frame_is_reached_without_mirroring(view, side):
    to_file = ENGINE_TO_LPS @ camera(view, side).from_lps
    assert np.linalg.det(to_file[:3, :3]) == pytest.approx(1)
    assert to_file[:3, :3] @ to_file[:3, :3].T == pytest.approx(np.eye(3), abs=1e-12)


@given(st.sampled_from(SIMULATED_VIEWS), st.sampled_from(["left", "right"]), st.integers(0, 2**32 - 1))
def test_pixels_stand_where_the_middle_plane_casts_them(view, side, seed):
    seen = camera(view, side, center=(5, -7, 900))
    pixel = np.random.default_rng(seed).uniform(-50, 300, (20, 2))
    lps = np.column_stack([pixel, np.zeros(20), np.ones(20)]) @ seen.ijk_to_lps.T
    assert seen.project(lps[:, :3])[0] == pytest.approx(pixel, abs=1e-6)
    assert np.linalg.det(seen.ijk_to_lps) > 0  # as Slicer wants it


@given(
    st.sampled_from(SIMULATED_VIEWS), st.tuples(st.floats(-100, 400), st.floats(-100, 400)), st.integers(0, 2**32 - 1)
)
def test_the_projection_matrix_projects_as_the_camera_does(view, principal_point, seed):
    columns, rows = view_directions(view, "left")
    seen = place(columns, rows, np.array([5.0, -7, 900]), SHAPE, PIXEL, 1200.0, 1000.0, principal_point)
    points = np.random.default_rng(seed).uniform(-150, 150, (20, 3)) + np.array([5, -7, 900])
    pixel, distance = seen.project(points)
    shadows = np.column_stack([points, np.ones(20)]) @ seen.projection.T
    assert shadows[:, 2] == pytest.approx(distance)
    assert shadows[:, :2] / shadows[:, 2:] == pytest.approx(pixel, abs=1e-6)


def test_a_principal_point_beside_the_middle_moves_all_pixels_alike():
    """Of a detector that was shifted in its plane: the same rays fall on pixels of other numbers."""
    columns, rows = view_directions("ap", "left")
    points = np.random.default_rng(0).uniform(-100, 100, (20, 3))
    usual, shifted = (
        place(columns, rows, np.zeros(3), SHAPE, PIXEL, 1200.0, 1000.0, point) for point in (None, (90.0, 170.0))
    )
    away = np.array([90.0, 170.0]) - usual.middle
    assert shifted.source_lps == pytest.approx(usual.source_lps)
    assert shifted.project(points)[0] == pytest.approx(usual.project(points)[0] + away)
    assert (shifted.ijk_to_lps @ [90, 170, 0, 1])[:3] == pytest.approx([0, 0, 0], abs=1e-9)
    assert np.unravel_index(shifted.obliquity().argmin(), SHAPE) == (170, 90)


def test_what_lies_nearer_to_the_source_casts_a_larger_shadow():
    seen = camera()
    near, far = seen.project(np.array([[50, -100, 0], [50, 100, 0.0]]))[0][:, 0] - seen.middle[0]
    assert near == pytest.approx(50 * 1200 / 900 / 0.5) and far == pytest.approx(50 * 1200 / 1100 / 0.5)


def test_rays_are_longer_at_the_border():
    assert camera().obliquity()[150, 100] == 1
    corner = np.hypot(np.hypot(50, 60), 1200) / 1200
    assert camera().obliquity()[[0, 0, -1, -1], [0, -1, 0, -1]] == pytest.approx([corner] * 4)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"shape": (0, 10)}, "detector"),
        ({"pixel_size_mm": (0.0, 1.0)}, "pixel size"),
        ({"pixel_size_mm": (np.nan, 1.0)}, "pixel size"),
        ({"sod_mm": 1300.0}, "SOD"),
        ({"sod_mm": 0.0}, "SOD"),
        ({"sid_mm": np.inf}, "SID"),
        ({"principal_point": (np.nan, 3.0)}, "principal point"),
    ],
)
def test_impossible_geometry(changed, named):
    good = {"shape": SHAPE, "pixel_size_mm": PIXEL, "sid_mm": 1200.0, "sod_mm": 1000.0, "from_lps": np.eye(4)}
    with pytest.raises(SimulationError, match=named):
        Camera(**good | changed)


def test_no_such_view_or_side():
    with pytest.raises(SimulationError, match=r"view 'skyline'.*ap, pa, lateral, oblique"):
        view_directions("skyline", "left")
    with pytest.raises(SimulationError, match="side 'both'"):
        view_directions("ap", "both")
