"""Surfaces of one kind of bone get the same points, whatever their side, pose and meshing; others are refused."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.anatomy import measure_femur
from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import train
from XRayTo3DLib.shape.train import Bones, _alike, _side_of, left_one_out
from XRayTo3DLib.surface import distance_to
from XRayTo3DLib.surface.mesh import area_and_volume

EGG = trimesh.creation.icosphere(2, 1.0)


@pytest.fixture(scope="module")
def known():
    """Ten eggs of one mode, of 4 mm, and a landmark that moves with it."""
    scores = np.linspace(-1, 1, 10)
    scores = scores / scores.std(ddof=1)
    stretched = EGG.vertices * [0, 0, 1.0]
    stretched = stretched / np.sqrt((stretched**2).sum(axis=1).mean())
    points = EGG.vertices * [20.0, 30.0, 60.0] + 4.0 * scores[:, None, None] * stretched
    tips = np.column_stack([np.zeros((10, 2)), 60 + 7 * scores])
    faces = np.asarray(EGG.faces, np.int64)
    return Bones(points, faces, {"tip": tips}, "egg", "", ("",) * 10, tuple(range(10)), np.full(10, 0.1))


def test_femora_of_both_sides_are_known_and_brought_together(bones, femora):
    assert bones.bone == "femur" and bones.side == "left"
    assert bones.sides == femora.sides
    assert bones.kept == (0, 1, 2, 3, 4) and bones.warnings == ()
    assert bones.off_mm.max() < 1.0
    assert all(area_and_volume(points, bones.faces)[1] > 0 for points in bones.points)


def test_their_points_lie_on_them(bones, femora):
    """Sizes and angles do not change when a bone is given the same points as others, and mirrored."""
    for points, (own, faces) in zip(bones.points, femora.upright, strict=True):
        found, true = measure_femur(points, bones.faces), measure_femur(own, faces)
        assert found.side == "left"
        assert found.length_mm == pytest.approx(true.length_mm, abs=2)
        assert found.head_radius == pytest.approx(true.head_radius, abs=0.7)
        assert found.neck_shaft_angle_deg == pytest.approx(true.neck_shaft_angle_deg, abs=3)
        volumes = [area_and_volume(*each)[1] for each in ((points, bones.faces), (own, faces))]
        assert volumes[0] == pytest.approx(volumes[1], rel=0.06)  # chords of 12 mm


def test_their_model_is_a_left_femur(bones):
    model = bones.model()
    assert (model.bone, model.side) == ("femur", "left")
    assert measure_femur(model.mean, model.faces).side == "left"
    assert {"head_center", "medial_condyle", "lateral_condyle"} <= set(model.landmarks)
    at = measure_femur(model.mean, model.faces).landmarks["head_center"]
    assert np.allclose(model.landmarks["head_center"], at, atol=3)


def test_a_model_without_one_does_not_know_it(bones):
    without = bones.model(without=2)
    rest = np.delete(bones.points, 2, axis=0)
    assert np.allclose(without.mean, rest.mean(axis=0))
    assert not np.allclose(without.mean, bones.model().mean)


def test_too_few_surfaces(femora):
    with pytest.raises(SurfaceError, match="needs 5 surfaces or more, better 20; there are 4"):
        train.corresponding(femora.surfaces[:4], list("abcd"))


def eggs(count, odd=None):
    """Eggs with a blunt end and a dent, in any pose; one may be something else."""
    made = []
    for number in range(count):
        points = EGG.vertices * [20.0, 27.0 + number, 55.0 + 2 * number]
        points[:, 0] *= 1 + 0.4 * (EGG.vertices[:, 1] > 0) * EGG.vertices[:, 1]
        points[:, 2] *= np.where(EGG.vertices[:, 2] > 0, 1.25, 1)
        if number == odd:
            points = 150 * EGG.vertices * [0.2, 1, 1]
        turn = trimesh.transformations.random_rotation_matrix(np.random.default_rng(number).random(3))[:3, :3]
        made.append((points @ turn.T + 10 * number, np.asarray(EGG.faces, np.int64)))
    return made


def test_other_bones_are_brought_together_and_the_odd_one_named(coarsely):
    surfaces = eggs(6, odd=4)
    names = [f"egg{number}.stl" for number in range(6)]
    with coarsely():
        bones = train.corresponding(surfaces, names, workers=1)
    assert (bones.bone, bones.side, bones.landmarks) == ("bone", "", {})
    assert bones.kept == (0, 1, 2, 3, 5)
    (warning,) = bones.warnings
    assert warning.startswith("egg4.stl: ") and "left out" in warning
    assert bones.off_mm.max() < 0.5
    for points, number in zip(bones.points, bones.kept, strict=True):
        own, faces = surfaces[number]
        assert area_and_volume(points, bones.faces)[1] == pytest.approx(area_and_volume(own, faces)[1], rel=0.05)


def test_what_is_unlike_is_left_out_and_too_few_alike_are_refused():
    kept, warnings = _alike([1.0, 1.1, 0.9, 1.2, 20.0, 1.0], list("abcdef"))
    assert kept == [0, 1, 2, 3, 5] and len(warnings) == 1 and warnings[0].startswith("e: ")
    assert _alike([5.0, 5.5, 4.0, 5.9, 5.0], list("abcde"))[1] == []  # coarse, but alike
    with pytest.raises(SurfaceError, match=r"only 4 surfaces are alike, and 5 are needed\. e: "):
        _alike([1.0, 1.1, 0.9, 1.2, 20.0], list("abcde"))


@pytest.mark.parametrize(
    ("names", "mirrored", "side"),
    [
        (["tibia_left_1", "tibia_left_2"], [False, False], "left"),
        (["tibia_left_1", "right_tibia"], [True, False], "right"),
        (["01_L.stl", "02_R.stl"], [False, True], "left"),
        (["s1-r.ply", "s2-r.ply"], [True, True], "left"),
        (["relief.stl", "calm.stl"], [False, False], ""),
        (["left.stl", "right.stl"], [False, False], ""),
        (["/left/a.stl", "/left/b.stl"], [False, False], ""),
    ],
)
def test_names_tell_the_side(names, mirrored, side):
    assert _side_of(names, mirrored) == side


def test_leaving_one_out_of_one_mode_leaves_nothing(known):
    told = left_one_out(known)
    assert told["bones"] == 10 and told["points"] == len(EGG.vertices)
    assert told["compactness"]["1"] == pytest.approx(1)
    assert all(each["worst"] < 1e-3 for each in told["generalisation_mm"].values())
    assert told["registration_mm"] == {"mean": 0.1, "worst": 0.1}
    assert 0 < told["specificity_mm"] < 2


def test_leaving_one_out_tells_what_a_model_cannot_say(known):
    """One egg has a bump that no other has."""
    points = known.points.copy()
    bump = 6 * np.exp(-((points[3] - points[3, 5]) ** 2).sum(axis=1) / (2 * 15.0**2))
    points[3] += bump[:, None] * EGG.vertex_normals
    told = left_one_out(replace(known, points=points))
    off = np.abs(distance_to(points[3], known.faces, points[0])).mean()
    worst = told["generalisation_mm"]["8"]["worst"]
    assert 0.1 < worst < off + 6
    shares = list(told["compactness"].values())
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    more = [each["mean"] for each in told["generalisation_mm"].values()]
    assert more[-1] <= more[0]


def test_measures_of_modes(known):
    model = known.model()
    assert model.deviations[0] == pytest.approx(4.0)
    tip = model.landmarks_at(np.array([np.sign(model.modes[0, EGG.vertices[:, 2].argmax(), 2])]))["tip"]
    assert tip == pytest.approx([0, 0, 67], abs=1e-3)
