"""A femur made of spheres and tubes gives back its angles; the numbers belong to the shape, not to its triangles."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import SHAFT_FRACTIONS, measure_femur
from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.surface import arrays, isosurface, polydata, simplify
from XRayTo3DLib.surface.samples import fit_sphere, spread
from XRayTo3DLib.surface.section import section

STEP = 2.5


def tube(at, start, stop, radius):
    """Signed distance (positive inside) of points (..., 3) to a tube with round ends."""
    start, along = np.array(start, float), np.subtract(stop, start, dtype=float)
    share = np.clip((at - start) @ along / (along @ along), 0, 1)
    return radius - np.linalg.norm(at - start - share[..., None] * along, axis=-1)


@cache
def femur(neck_shaft=125.0, anteversion=15.0, radius=23.0):
    """Surface of a left femur with its shaft along z, and the centres of its head and condyles.

    The neck is a waisted tube from the shaft's axis to the head.
    """
    theta, alpha = np.radians([180 - neck_shaft, anteversion])
    outwards = np.array([-np.sin(theta) * np.cos(alpha), -np.sin(theta) * np.sin(alpha), np.cos(theta)])
    base = np.array([0.0, 0, 380])
    head = base + 55 * outwards
    condyles = np.array([[-45.0, 12, 25], [5.0, 12, 25]])
    low, high = np.array([-80.0, -70, -10]), np.array([50.0, 50, 450])
    counts = np.ceil((high - low) / STEP).astype(int)
    at = np.moveaxis(np.indices(counts[::-1])[::-1], 0, -1) * STEP + low

    depth = (head - at) @ outwards
    aside = np.linalg.norm(np.cross(at - head, outwards), axis=-1)
    waist = np.minimum(14 + 0.006 * (depth - 30) ** 2 - aside, np.minimum(depth, 60 - depth))
    field = np.maximum.reduce(
        [
            tube(at, head, head + 1e-3, radius),
            waist,
            tube(at, (0, 0, 20), (0, 0, 370), 13.0),
            tube(at, (22, 4, 370), (10, 8, 395), 11.0),  # the greater trochanter, its top at z = 406
            tube(at, (-12, 12, 335), (0, 0, 335), 7.0),  # the lesser
            *(tube(at, center, center + 1e-3, 20.0) for center in condyles),
            tube(at, (-50, -5, 25), (10, -5, 25), 17.0),
        ]
    )
    points, faces = arrays(isosurface(field.astype(np.float32), tuple(low), STEP))
    return points.astype(float), faces, head, condyles, outwards


def numbers(anatomy):
    return np.array(
        [
            anatomy.neck_shaft_angle_deg,
            anatomy.head_radius,
            anatomy.anteversion_deg,
            anatomy.length_mm,
            anatomy.bicondylar_width_mm,
        ]
    )


@pytest.mark.parametrize(
    ("neck_shaft", "anteversion", "radius"), [(115, 10, 22), (125, 15, 23), (135, 30, 25), (130, -8, 21)]
)
def test_known_primitives_are_found_again(neck_shaft, anteversion, radius):
    points, faces, head, condyles, outwards = femur(neck_shaft, anteversion, radius)
    found = measure_femur(points, faces)
    assert found.side == "left"
    assert found.head_center == pytest.approx(head, abs=0.3)
    assert found.head_radius == pytest.approx(radius, abs=0.2)
    assert np.degrees(np.arccos(found.neck_axis @ outwards)) < 1.5
    assert found.neck_shaft_angle_deg == pytest.approx(neck_shaft, abs=1.0)
    assert np.abs(found.shaft_centers[1:, :2]).max() < 0.5

    up = head - condyles.mean(axis=0)
    up /= np.linalg.norm(up)
    seen = [v - (v @ up) * up for v in (outwards, condyles[0] - condyles[1])]
    about = np.degrees(np.arctan2(np.cross(seen[1], seen[0]) @ up, seen[0] @ seen[1]))
    assert found.anteversion_deg == pytest.approx(about, abs=1.5)
    assert found.length_mm == pytest.approx(head @ up + radius - (condyles @ up).min() + 20, abs=1.0)
    assert found.bicondylar_width_mm == pytest.approx(94, abs=1.5)


def test_landmarks_of_known_primitives():
    points, faces, _, condyles, _ = femur()
    found = measure_femur(points, faces)
    marks = found.landmarks
    assert set(marks) == {
        "head_center", "trochanter_tip", "lesser_trochanter", "medial_condyle", "lateral_condyle", "knee_center",
        "shaft_proximal", "shaft_middle", "shaft_distal",
    }  # fmt: skip
    assert marks["medial_condyle"] == pytest.approx(condyles[0], abs=1.0)
    assert marks["lateral_condyle"] == pytest.approx(condyles[1], abs=1.0)
    assert marks["knee_center"] == pytest.approx(condyles.mean(axis=0), abs=1.0)
    assert marks["trochanter_tip"] == pytest.approx([10, 8, 406], abs=2.0)
    assert marks["lesser_trochanter"] == pytest.approx([-17, 17, 335], abs=3.0)
    top, bottom = points[:, 2].max(), points[:, 2].min()
    for name, fraction in (("shaft_proximal", 0.3), ("shaft_middle", 0.5), ("shaft_distal", 0.7)):
        assert marks[name] == pytest.approx([0, 0, top + fraction * (bottom - top)], abs=1.5)
        assert np.array_equal(marks[name], found.shaft_centers[SHAFT_FRACTIONS.index(fraction)])


def test_a_mirrored_bone_is_the_other_side_with_the_same_numbers():
    points, faces = femur()[:2]
    left = measure_femur(points, faces)
    for turned in (faces, faces[:, ::-1]):
        right = measure_femur(points * [-1, 1, 1], turned, "right")
        assert right.side == "right"
        assert numbers(right) == pytest.approx(numbers(left), abs=1e-3)
        for name, place in left.landmarks.items():
            assert right.landmarks[name] == pytest.approx(place * [-1, 1, 1], abs=1e-3)


@settings(max_examples=5, deadline=None)
@given(st.tuples(*[st.floats(-15, 15)] * 3), st.tuples(*[st.floats(-900, 900)] * 3))
def test_a_moved_bone_has_the_same_numbers_and_moved_landmarks(degrees, shift):
    points, faces = femur()[:2]
    still = measure_femur(points, faces)
    turn = Rotation.from_euler("xyz", degrees, degrees=True)
    moved = measure_femur(turn.apply(points) + shift, faces)
    assert numbers(moved) == pytest.approx(numbers(still), abs=0.01)
    for name, place in still.landmarks.items():
        assert moved.landmarks[name] == pytest.approx(turn.apply(place) + shift, abs=0.05)


def test_neither_triangles_nor_a_little_noise_move_the_numbers():
    points, faces = femur()[:2]
    still = numbers(measure_femur(points, faces))
    coarse = arrays(simplify(polydata(points, faces), len(faces) // 4, 0.3))
    noise = np.random.default_rng(0).normal(0, 0.3, points.shape)
    uneven = split_upper_triangles(points, faces, 200.0)
    for changed, within in ((uneven, 0.02), (coarse, 1.0), ((points + noise, faces), 1.5)):
        found = numbers(measure_femur(*changed))
        assert found[:2] == pytest.approx(still[:2], abs=min(within, 0.6))
        assert found == pytest.approx(still, abs=within)


def split_upper_triangles(points, faces, level):
    """Cut each triangle above a level into three at its middle: the same surface, unevenly dense."""
    upper = points[faces][..., 2].min(axis=1) > level
    chosen, new = faces[upper], len(points) + np.arange(upper.sum())
    thirds = [np.column_stack([chosen[:, i], chosen[:, (i + 1) % 3], new]) for i in range(3)]
    return np.concatenate([points, points[chosen].mean(axis=1)]), np.concatenate([faces[~upper], *thirds])


def test_the_given_arrays_stay_as_they_are():
    points, faces = femur()[:2]
    copies = points.copy(), faces.copy()
    measure_femur(points, faces)
    assert np.array_equal(points, copies[0]) and np.array_equal(faces, copies[1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p, f: (p[:0], f[:0]), "empty"),
        (lambda p, f: (p, f[:-3]), "not closed"),
        (lambda p, f: (p / 1000, f), "meters"),
        (lambda p, f: (p / 10, f), "centimeters"),
        (lambda p, f: (p * 3, f), "250 to 650 mm"),
        (lambda p, f: (np.where(p == p.max(), np.nan, p), f), "not numbers"),
        (lambda p, f: (p[:, :2], f), r"\(n, 3\)"),
        (lambda p, f: (p, f + 1), "points from"),
        (lambda p, f: (p[:, [0, 2, 1]], f), "leans by"),
        (lambda p, f: (p * [1, -1, 1], f), "no condyles behind"),
        (lambda p, f: (p * [1, 1, -1], f), "no (head|neck) found"),
        (lambda p, f: (p, f, "right"), "the other side"),
        (lambda p, f: (p, f, "both"), "'left' or 'right'"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(change, words):
    with pytest.raises(SurfaceError, match=words):
        measure_femur(*change(*femur()[:2]))


def test_a_bare_tube_has_no_head():
    at = np.moveaxis(np.indices((220, 30, 30))[::-1], 0, -1) * STEP
    field = tube(at, (29, 29, 40), (29, 29, 400), 18.0).astype(np.float32)
    with pytest.raises(SurfaceError, match="no head"):
        measure_femur(*arrays(isosurface(field, (0, 0, 0), STEP)))


def test_a_femur_in_pieces_is_refused():
    points, faces = femur()[:2]
    inside = (points[:, 2] < 150)[faces].all(axis=1)
    with pytest.raises(SurfaceError, match="not closed"):
        measure_femur(points, faces[~inside])


def test_section_of_a_ball_is_a_disc(ball):
    points, faces = arrays(ball(10.0, (1.0, 2.0, 3.0), 5))
    cut = section(points.astype(float), faces, np.array([1.0, 2.0, 8.0]), np.array([0.0, 0.6, 0.8]))
    assert cut.areas == pytest.approx([np.pi * (100 - 16)], rel=0.01)
    assert cut.centroids[0] == pytest.approx(np.array([1, 2, 3]) + 4 * np.array([0, 0.6, 0.8]), abs=0.02)
    assert len(section(points, faces, np.array([0, 0, 50.0]), np.array([0, 0, 1.0])).areas) == 0


def test_samples_carry_the_area_and_a_half_ball_gives_its_sphere(ball):
    points, faces = arrays(ball(20.0, (5.0, 6.0, 7.0), 4))
    samples = spread(points.astype(float), faces)
    assert samples.areas.sum() == pytest.approx(4 * np.pi * 400, rel=0.01)
    long = np.array([[0, 0, 0], [200.0, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]])
    thin = spread(*long)
    assert thin.areas.sum() == pytest.approx(100) and len(thin.areas) == 81
    assert thin.areas @ thin.points / 100 == pytest.approx([200 / 3, 1 / 3, 0])
    center, radius = fit_sphere(samples, np.array([7.0, 3, 9]), 17.0, lambda d: (d[:, 2] > 0).astype(float))
    assert center == pytest.approx([5, 6, 7], abs=0.1) and radius == pytest.approx(20, abs=0.1)


def test_real_femora_lie_in_the_published_range(shared_data):
    """Adults: neck-shaft angle 110 to 145 degrees, head's radius 19 to 29 mm, anteversion -10 to 40 degrees."""
    data = np.load(shared_data / "limbs" / "femur_26_correspondence.npz")
    found = [measure_femur(points, data["faces"], "left") for points in data["vertices"][::3]]
    angle, radius, anteversion, length, width = np.array([numbers(each) for each in found]).T
    assert (abs(angle - 127) < 18).all() and 120 < angle.mean() < 130
    assert (abs(radius - 24) < 5).all() and (abs(anteversion - 15) < 25).all()
    assert (abs(length - 440) < 60).all() and (abs(width - 82) < 16).all()
    for each in found:
        marks = each.landmarks
        assert marks["trochanter_tip"][0] > marks["head_center"][0] > marks["medial_condyle"][0]
        below = marks["head_center"][2] - marks["lesser_trochanter"][2]
        assert 35 < below < 75
