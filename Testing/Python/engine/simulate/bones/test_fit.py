"""The fit finds a femur of the family again, and comes close to a real one."""

import json

import numpy as np
import pytest

from XRayTo3DLib.simulate.bones import fit as fitting
from XRayTo3DLib.simulate.bones.bone import Mesh
from XRayTo3DLib.simulate.bones.family import read_family, sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.simulate.bones.fit import closeness, fit_femur
from XRayTo3DLib.surface import Distances


@pytest.fixture(autouse=True)
def quicker(monkeypatch):
    """A sixth of the points at which distances are compared, and a third of the rounds: the fits end as near."""
    monkeypatch.setattr(fitting, "_SAMPLES", 250)
    monkeypatch.setattr(fitting, "_ROUNDS", 8)


def test_a_femur_of_the_family_is_found_again():
    placement = np.eye(4)
    angle = np.deg2rad(7)
    placement[:3, :3] = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    placement[:3, 3] = (-90, 20, 800)
    drawn = sample(11, "right")
    surface = femur(drawn, step_mm=2.0).outer.moved(placement)
    found = fit_femur(surface)
    assert found.parameters.side == "right"
    close = closeness(surface, found)
    assert close.distances.mean_mm < 0.6
    assert abs(close.shaft_angle_deg) < 1 and abs(close.head_radius_mm) < 0.5


def test_a_real_femur(shared_data):
    data = np.load(shared_data / "limbs" / "femur_26_correspondence.npz")
    surface = Mesh(data["vertices"][7].astype(float), data["faces"].astype(np.int64))
    close = closeness(surface, fit_femur(surface))
    assert close.distances.mean_mm < 1.3
    assert abs(close.shaft_angle_deg) < 2 and abs(close.head_radius_mm) < 1
    assert abs(close.shaft_angle_number_deg) < 2


def test_the_command_makes_a_family(tmp_path, monkeypatch, capsys):
    """Without the fits themselves, which take long: what comes out is a family that can be drawn from."""
    drawn = [sample(seed, "left") for seed in range(4)]
    points = np.stack([femur(drawn[0], step_mm=6.0).outer.points] * 4).astype(np.float32)
    faces = femur(drawn[0], step_mm=6.0).outer.faces
    np.savez(tmp_path / "femur_26_correspondence.npz", vertices=points, faces=faces)

    class Pool:
        def __init__(self, workers):
            assert workers == 2

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def map(self, function, *given):
            if function is fitting._numbers:
                return [fitting.to_vector(each) for each in drawn]
            if function is fitting._fit:
                return [fitting.Fit(each, np.eye(4)) for each in drawn]
            return [fitting.Closeness(Distances(1.0, 1.5, 3.0, 5.0), -0.5, 0.1, 0.2) for _ in drawn]

    monkeypatch.setattr(fitting, "ProcessPoolExecutor", Pool)
    out = tmp_path / "family.json"
    assert fitting.main([str(tmp_path), "-o", str(out), "--table", "--workers", "2"]) == 0
    mean, modes = read_family(out)
    assert modes.shape[0] <= 3 and mean.shape == (len(json.loads(out.read_text())["names"]),)
    assert mean == pytest.approx(np.mean([fitting.to_vector(each)[:-2] for each in drawn], axis=0), abs=1e-3)
    table = capsys.readouterr().out
    assert "median" in table and "worst" in table and table.count("\n") == 7
