"""The accuracy benchmark's baselines and scores on bodies whose answer is known."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

sys.path.insert(0, str(Path(__file__).parent))  # the benchmarks are scripts, not a package

import accuracy_cases as cases
from accuracy_baselines import ellipses, inflated, mean_femur, scaled_mean_femur, visual_hull
from accuracy_cases import Case, Variant, case, filled, misled, similar
from accuracy_report import main_table, variants_table
from accuracy_scores import ALIGNED, IN_FRAME, score, seen_distances

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.outline import BORDER, EDGE, Outline
from XRayTo3DLib.simulate.bones.bone import Mesh
from XRayTo3DLib.simulate.film.projector import path_length
from XRayTo3DLib.surface import area_and_volume, distance_to, is_closed, surface_distances

CENTER = np.array([80.0, -20.0, 30.0])


def pictured(points, faces, shape=(600, 400), center=CENTER):
    """Case of a body, told without its outlines, which the baselines do not need."""
    cameras = tuple(
        place(*view_directions(view, "left"), center, shape, (0.5, 0.5), 1500.0, 1200.0) for view in ("ap", "lateral")
    )
    masks = tuple(path_length([Mesh(points, faces)], camera)[0] > 0 for camera in cameras)
    return Case("body", 0, "left", (points, faces), (points, faces), cameras, masks, ((), ()))


def shifted(points, *by):
    return points + np.array(by)


def ellipsoid(*half_axes, center=CENTER):
    ball = trimesh.creation.icosphere(4)
    return np.asarray(ball.vertices) * half_axes + center, np.asarray(ball.faces)


def test_ellipses_per_slice_are_exact_on_an_ellipsoid_away_from_the_isocentre():
    body = ellipsoid(20, 12, 80, center=shifted(CENTER, 25, -30, 5))
    found = ellipses(pictured(*body))
    assert is_closed(found[1])
    # Rays that graze a slice slant by its half width over the distance of the source: hundredths of a mm.
    assert surface_distances(found, body).mean_mm < 0.25


def test_visual_hull_holds_the_body_and_is_a_prism_round_an_elliptic_cylinder():
    ball = ellipsoid(20, 12, 80, center=shifted(CENTER, 25, -30, 5))
    assert distance_to(*visual_hull(pictured(*ball)), ball[0]).max() < 0.5
    body = trimesh.creation.cylinder(1.0, 100.0, sections=200)
    points, faces = np.asarray(body.vertices) * [20, 12, 1] + CENTER, np.asarray(body.faces)
    found = visual_hull(pictured(points, faces))
    assert is_closed(found[1])
    square = area_and_volume(*found)[1] / area_and_volume(points, faces)[1]
    assert square == pytest.approx(4 / np.pi, rel=0.03)


def test_inflated_outline_of_a_round_cylinder_is_the_cylinder_and_stands_at_the_isocentre():
    body = trimesh.creation.cylinder(15.0, 120.0, sections=200)
    points, faces = np.asarray(body.vertices) + CENTER, np.asarray(body.faces)
    made, triangles = inflated(pictured(points, faces))
    assert is_closed(triangles)
    assert (made.min(axis=0) + made.max(axis=0)) / 2 == pytest.approx(CENTER, abs=0.5)
    assert area_and_volume(made, triangles)[1] > 0  # not turned inside out by the mirrored frame
    middle = np.abs(made[:, 2] - CENTER[2]) < 30
    assert np.hypot(*(made[middle, :2] - CENTER[:2]).T) == pytest.approx(15.0, abs=0.7)


def test_mean_femur_is_brought_onto_the_truth_and_made_as_long(family_femur):
    points, faces = family_femur
    truth = points * 1.1 @ trimesh.transformations.rotation_matrix(0.1, [1, 2, 3])[:3, :3].T + [5, -8, 3]
    each = replace(pictured(truth, faces, center=truth.mean(axis=0)), mean=(points, faces))
    assert surface_distances(scaled_mean_femur(each), each.truth).mean_mm < 0.1
    assert surface_distances(mean_femur(each), each.truth).mean_mm > 1


@pytest.fixture(scope="module")
def family_femur():
    from XRayTo3DLib.simulate.bones.family import sample
    from XRayTo3DLib.simulate.bones.femur import femur

    outer = femur(replace(sample(1), side="left"), step_mm=3.0).outer
    return outer.points, outer.faces


def test_similar_undoes_a_rigid_motion_and_leaves_size():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 3))
    turned = points @ trimesh.transformations.random_rotation_matrix(rng.random(3))[:3, :3].T + [1, 2, 3]
    assert similar(points, turned) == pytest.approx(turned)
    assert np.ptp(similar(points, 2 * turned), axis=0).max() < 2 * np.ptp(turned)


def circle(radius, count=2000):
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return Outline(200 + radius * np.column_stack([np.cos(angle), np.sin(angle)]), np.full(count, EDGE, np.uint8))


def test_misled_outline_has_so_many_wrong_points_and_no_jumps():
    wrong = misled(circle(120.0), 0.3, 0.4, np.random.default_rng(3))
    off = np.abs(np.hypot(*(wrong.points - 200).T) - 120) * 0.4
    assert (off > 0.01).mean() == pytest.approx(0.3, abs=0.02)
    assert 5 < off.max() <= 15.01
    assert np.abs(np.diff(off)).max() < 1.5


def test_filled_outline_is_its_mask():
    mask = filled((circle(50.0),), (400, 400))
    assert np.count_nonzero(mask) == pytest.approx(np.pi * 50**2, rel=0.03)
    assert mask[200, 200] and not mask[200, 260]


def test_what_no_picture_shows_is_not_scored():
    points, faces = ellipsoid(20, 15, 80)
    bent = points.copy()
    low = points[:, 2] < CENTER[2] - 20
    bent[low, 0] += 30
    cameras = pictured(points, faces, shape=(200, 400), center=shifted(CENTER, 0, 0, 40)).cameras  # z from 0 to 80
    seen = seen_distances((bent, faces), (points, faces), cameras)
    assert seen.maximum_mm < 1e-3
    assert surface_distances((bent, faces), (points, faces)).mean_mm > 1


def test_scores_in_frame_and_aligned_and_a_failed_fit_is_no_bone():
    points, faces = ellipsoid(20, 15, 80)
    each, plain = pictured(points, faces), Variant("plain")
    row = score(each, plain, "shifted", lambda: (shifted(points, 0, 4, 0), faces), (IN_FRAME, ALIGNED))
    assert row[IN_FRAME]["mean_mm"] > 1 > 0.05 > row[ALIGNED]["mean_mm"]
    assert row["closed"] and np.isnan(row["neck_shaft_deg"])  # an ellipsoid has no neck

    def lost():
        raise ReconstructionError("the pose is lost")

    failed = score(each, plain, "fit", lost, (IN_FRAME,))
    assert failed["failed"] == "the pose is lost" and IN_FRAME not in failed
    table = main_table([row, failed], ["plain"]).splitlines()
    assert len(table) == 4 and table[2].startswith("| shifted | plain |") and table[3].endswith("| 1 |")
    assert len({line.count("|") for line in table}) == 1
    assert "fit" in variants_table([row, failed], ["plain"])


def test_how_many_points_are_within_two_standard_deviations():
    """The upper half is 1 mm too wide, and that sure of itself; the rest is right."""
    points, faces = ellipsoid(20, 15, 80)
    upper = points[:, 2] > points[:, 2].mean()
    off = points + np.where(upper[:, None], [0.7, 0.0, 0.0] * np.sign(points - points.mean(axis=0)), 0)
    each, plain = pictured(points, faces), Variant("plain")
    told = [
        score(each, plain, "fit", lambda sd=sd: (off, faces, np.where(upper, sd, 1.0)), (ALIGNED,))["covered"]
        for sd in (0.01, 1.0)
    ]
    assert told[0] == pytest.approx(1 - upper.mean(), abs=0.15) and told[1] == 1
    assert "covered" not in score(each, plain, "hull", lambda: (off, faces), (ALIGNED,))


@pytest.fixture
def real(shared_data, monkeypatch):
    monkeypatch.setattr(cases, "LIMBS", shared_data / "limbs")


def test_a_case_is_the_same_in_every_run_and_told_nothing_of_a_wrong_angle(real):
    first, again, turned = case(3), case(3), case(3, Variant("turned", error_deg=10))
    assert np.array_equal(first.masks[1], again.masks[1])
    for told, other in zip(first.cameras, turned.cameras, strict=True):
        assert np.array_equal(told.from_lps, other.from_lps)
    assert np.array_equal(first.masks[0], turned.masks[0])
    assert not np.array_equal(first.masks[1], turned.masks[1])
    assert all((line[0].flags == EDGE).all() for line in first.outlines)
    shadow = first.cameras[0].project(first.truth[0])[0]
    assert first.outlines[0][0].points.max(axis=0) == pytest.approx(shadow.max(axis=0), abs=1.5)


def test_a_cropped_picture_ends_where_it_should_and_says_so(real):
    each = case(2, Variant("third", outside=2 / 3, end="lower"))
    height = each.truth[0][:, 2]
    shown = np.all([camera.project(each.truth[0])[0][:, 1] < camera.shape[0] for camera in each.cameras], axis=0)
    assert height[shown].min() == pytest.approx(height.max() - np.ptp(height) / 3, abs=5)
    for camera, lines in zip(each.cameras, each.outlines, strict=True):
        cut = lines[0].flags == BORDER
        assert cut.any() and lines[0].points[cut, 1].min() > camera.shape[0] - 6
        assert (lines[0].points[~cut, 1] < camera.shape[0] - 1).all()
