"""The built-in model is made from the project's own femora, by a command."""

import numpy as np
import pytest

from XRayTo3DLib.anatomy import measure_femur
from XRayTo3DLib.errors import ReconstructionError, SimulationError
from XRayTo3DLib.shape import load_shape_model
from XRayTo3DLib.simulate.bones.family import mean_femur, sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.surface import distance_to
from XRayTo3DLib.train import built_in as family


def test_the_built_in_mean_is_the_familys(model):
    """Its angles are; a mean of surfaces is no surface of means, but near it."""
    bone = femur(mean_femur("left"), 3.0).outer
    true, found = measure_femur(bone.points, bone.faces), measure_femur(model.mean, model.faces)
    assert found.length_mm == pytest.approx(true.length_mm, rel=0.01)
    assert found.neck_shaft_angle_deg == pytest.approx(true.neck_shaft_angle_deg, abs=2)
    assert found.head_radius == pytest.approx(true.head_radius, rel=0.05)


def test_the_built_in_model_makes_femora_of_the_family(model):
    """One that it was not made of: what its modes make is about a millimetre off, on average less."""
    from XRayTo3DLib.shape.statistics import onto

    bone = femur(sample(3, "left"), 3.0).outer
    basis = model.basis.reshape(len(model.basis), -1)
    weights, points = np.zeros(len(basis)), np.asarray(bone.points, float)
    from scipy.spatial import cKDTree

    here = points - points.mean(axis=0) + model.mean.mean(axis=0)
    for _ in range(20):
        now = model.surface(weights)
        near = cKDTree(here).query(now)[1]
        here = onto(here, here - (here[near] - now).mean(axis=0))[0]
        motion = onto(here[near], now)[1]
        here = here @ motion[:3, :3].T + motion[:3, 3]
        away = (here[near] - model.mean).ravel()
        weights = np.linalg.solve(basis @ basis.T + np.eye(len(basis)), basis @ away)
    assert np.abs(distance_to(here, np.asarray(bone.faces), model.surface(weights))).mean() < 0.8


def test_a_small_family(monkeypatch, coarse, tmp_path):
    """The whole recipe with two femora of a coarse template, as the command runs it; one draw is in pieces."""
    drawn = []

    def draw(seed, template):
        drawn.append(seed)
        if len(drawn) == 2:
            return None
        return template.points * (1 + 0.01 * len(drawn))

    class Serial:
        def __init__(self, workers):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def map(self, function, *values, chunksize):
            return map(function, *values)

    monkeypatch.setattr(family, "femur_template", lambda: coarse)
    monkeypatch.setattr(family, "_drawn", draw)
    monkeypatch.setattr(family, "ProcessPoolExecutor", Serial)
    monkeypatch.setattr(family, "_FEMORA", 4)
    monkeypatch.setattr(family.family_model, "__defaults__", (4, None))
    assert family.main(["-o", str(tmp_path / "small.npz"), "--workers", "1"]) == 0
    model = load_shape_model(tmp_path / "small.npz")
    assert (model.bone, model.side) == ("femur", "left") and len(drawn) == 4
    assert model.landmarks.keys() >= {"head_center", "knee_center"}
    size = [np.ptp(model.mean[:, 2]) / np.ptp(coarse.points[:, 2])]
    assert size == pytest.approx([1 + 0.01 * (1 + 3 + 4) / 3], abs=1e-4)
    assert model.deviations[0] > 1.0 and len(model.deviations) > 50


def test_a_draw_in_pieces_is_left_out(monkeypatch, coarse):
    def broken(*_):
        raise SimulationError("in pieces")

    monkeypatch.setattr(family, "femur", broken)
    assert family._drawn(1, coarse) is None


def test_a_draw_has_the_templates_points_on_it(coarse, monkeypatch):
    monkeypatch.setattr(family, "_DRAWN_MM", 4.0)
    found = family._drawn(7, coarse)
    bone = femur(sample(7, "left"), 4.0).outer
    assert found.shape == coarse.points.shape
    assert np.abs(distance_to(np.asarray(bone.points, float), np.asarray(bone.faces), found)).mean() < 0.5


def test_the_command_refuses_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(ReconstructionError, match="absent"):
        family.main(["-o", str(tmp_path / "absent" / "m.npz")])
