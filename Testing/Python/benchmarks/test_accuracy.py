"""The accuracy benchmark's baselines and scores on bodies whose answer is known."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

sys.path.insert(0, str(Path(__file__).parent))  # the benchmarks are scripts, not a package

import accuracy_bones as known
from accuracy_baselines import ellipses, inflated, mean_bone, scaled_mean_bone, visual_hull
from accuracy_bones import independent, limb, other_leg, similar, subject
from accuracy_cases import Case, Variant, case, filled, misled
from accuracy_reliability import draw_reliability, expected
from accuracy_report import kept, main_table, measures_table, truth_table, variants_table
from accuracy_scores import ALIGNED, IN_FRAME, SIGMAS, Made, score, seen_distances
from accuracy_volume import cube_scores

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
    return Case("body", "body", "left", (points, faces), (points, faces), cameras, masks, ((), ()))


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
    for bone in ("femur", "body"):
        each = replace(pictured(truth, faces, center=truth.mean(axis=0)), mean=(points, faces), bone=bone)
        assert surface_distances(scaled_mean_bone(each), each.truth).mean_mm < 0.1
        assert surface_distances(mean_bone(each), each.truth).mean_mm > 1


@pytest.fixture(scope="module")
def family_femur():
    from XRayTo3DLib.simulate.bones.family import sample
    from XRayTo3DLib.simulate.bones.femur import femur

    outer = femur(replace(sample(1), side="left"), step_mm=5.0).outer
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
    assert row["closed"]
    as_femur = score(replace(each, bone="femur"), plain, "shifted", lambda: (points, faces), (ALIGNED,))
    assert np.isnan(as_femur["neck_shaft_deg"])  # an ellipsoid has no neck

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
    rows = [
        score(each, plain, "fit", lambda sd=sd: Made(off, faces, np.where(upper, sd, 1.0)), (ALIGNED,))
        for sd in (0.01, 1.0)
    ]
    unsure, sure = (row["within"][SIGMAS.index(2.0)] for row in rows)
    assert unsure == pytest.approx(1 - upper.mean(), abs=0.15) and sure == 1
    assert all(np.diff(row["within"]).min() >= 0 for row in rows)
    assert "within" not in score(each, plain, "hull", lambda: (off, faces), (ALIGNED,))


def test_depth_is_the_way_along_the_first_ray():
    """A bone 5 mm nearer to the source in front (LPS: -y) than it was made, that claims 4 mm."""
    points, faces = ellipsoid(20, 15, 80)
    made = Made(shifted(points, 0, 5, 0), faces, np.ones(len(points)), depth_deviation_mm=4.0)
    row = score(pictured(points, faces), Variant("plain"), "fit", lambda: made, (ALIGNED,))
    assert row["told"] == {"depth_mm": (pytest.approx(5, abs=0.1), 4.0)}


def test_tables_of_other_collections_and_of_measures_count_what_was_within_two():
    points, faces = ellipsoid(20, 15, 80)
    each = pictured(points, faces)
    rows = [
        score(
            each,
            Variant("two views"),
            "fit",
            lambda d=d: Made(shifted(points, 0, d, 0), faces, np.ones(len(points)), {}, 1),
            (IN_FRAME, ALIGNED),
        )
        for d in (1.0, 4.0)
    ]
    assert "| 0.50 |" in truth_table(rows) and measures_table(rows).splitlines()[2].endswith("| 0.50 |")


def test_reliability_of_normal_errors_is_drawn(tmp_path):
    assert expected(2) == pytest.approx(0.954, abs=1e-3)
    rows = [{"bone": "femur", "variant": "one view", "method": "shape", "within": list(map(expected, SIGMAS))}]
    draw_reliability({"some": rows, "none": []}, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000
    kept(rows, tmp_path / "rows.json")
    assert "0.954" in (tmp_path / "rows.json").read_text()


@pytest.fixture
def real(shared_data, monkeypatch):
    monkeypatch.setattr(known, "LIMBS", shared_data / "limbs")
    monkeypatch.setattr(known, "INDEPENDENT", shared_data / "independent")
    known.femora.cache_clear()


def test_a_case_is_the_same_in_every_run_and_told_nothing_of_a_wrong_angle(real):
    first, again, turned = case(limb(3)), case(limb(3)), case(limb(3), Variant("turned", error_deg=10))
    assert np.array_equal(first.masks[1], again.masks[1])
    for told, other in zip(first.cameras, turned.cameras, strict=True):
        assert np.array_equal(told.from_lps, other.from_lps)
    assert np.array_equal(first.masks[0], turned.masks[0])
    assert not np.array_equal(first.masks[1], turned.masks[1])
    assert all((line[0].flags == EDGE).all() for line in first.outlines)
    shadow = first.cameras[0].project(first.truth[0])[0]
    assert first.outlines[0][0].points.max(axis=0) == pytest.approx(shadow.max(axis=0), abs=1.5)
    assert not np.allclose(case(limb(3), pose=1).truth[0], first.truth[0], atol=0.5)


@pytest.mark.parametrize("end", ["lower", "upper"])
def test_a_cropped_picture_ends_where_it_should_and_says_so(real, end):
    each = case(limb(2), Variant("third", outside=2 / 3, end=end))
    height = each.truth[0][:, 2] * (1 if end == "lower" else -1)
    row = [camera.project(each.truth[0])[0][:, 1] for camera in each.cameras]
    shown = np.all([(r < c.shape[0]) & (r > 0) for r, c in zip(row, each.cameras, strict=True)], axis=0)
    assert height[shown].min() == pytest.approx(height.max() - np.ptp(height) / 3, abs=15)
    for camera, lines in zip(each.cameras, each.outlines, strict=True):
        cut, edge = lines[0].flags == BORDER, camera.shape[0] - 1 if end == "lower" else 0
        assert cut.any() and np.abs(lines[0].points[cut, 1] - edge).max() < 5
        assert (np.abs(lines[0].points[~cut, 1] - edge) > 0).all()


def test_a_source_behind_sees_the_picture_mirrored_and_it_need_not_be_told(real):
    front = case(limb(0))
    behind = case(limb(0), Variant("behind", views=("pa", "lateral"), facing_told=False))
    assert behind.cameras[0].source_lps[1] > behind.truth[0][:, 1].max() > front.cameras[0].source_lps[1]
    assert np.array_equal(behind.otherwise[0][0].from_lps, front.cameras[0].from_lps)
    mirrored = behind.masks[0][:, ::-1]
    assert (mirrored == front.masks[0]).mean() > 0.98 and front.otherwise == ()


def test_bones_of_other_collections_are_stood_as_the_model_stands(real):
    """A patella, which is small, of either side: on the mean of those of the limbs, in place of a model."""
    from XRayTo3DLib.shape import ShapeModel
    from XRayTo3DLib.simulate.bones.limbs import read_bones

    some = read_bones(known.LIMBS, "patella")
    mean, one = some[0].points, np.ones((1, *some[0].points.shape), np.float32)
    model = ShapeModel("patella", "left", mean, one, np.ones(1), some[0].faces, {}, np.zeros((1, 0, 3)))
    found = independent("patella")
    assert [other_leg(path) for path in found] == found[::-1]
    bones = [subject(path, model, number) for number, path in enumerate(found)]
    for bone in bones:
        own = model.of_side(bone.side)
        assert surface_distances((bone.mesh.points, bone.mesh.faces), (own.mean, own.faces)).mean_mm < 2.5
        assert area_and_volume(bone.mesh.points, bone.mesh.faces)[1] > 0
    assert {bone.side for bone in bones} == {"left", "right"}


def test_scores_in_a_cube_are_of_what_lies_in_it():
    """Of a cylinder through the cube, one that is wider by 1 mm is 1 mm off, and its ends, outside, count nothing."""
    body = trimesh.creation.cylinder(20.0, 400.0, sections=200)
    points, faces = np.asarray(body.vertices), np.asarray(body.faces)
    low = np.array([-64.0, -64, -64])
    same = cube_scores((points, faces), (points, faces), low)
    assert same["dice"] == 1.0 and same["maximum_mm"] < 1e-3
    wider = cube_scores((points * [1.05, 1.05, 1.2], faces), (points, faces), low)
    assert wider["mean_mm"] == pytest.approx(1.0, abs=0.05) and wider["maximum_mm"] < 1.1
    assert wider["dice"] == pytest.approx(2 / (1 + 1.05**2), abs=0.01)
