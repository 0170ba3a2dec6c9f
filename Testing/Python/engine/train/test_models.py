"""The models that ship: what they are, how large, and that the command makes them again."""

import os
from pathlib import Path

import numpy as np
import pytest

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import BUILT_IN_BONES, built_in
from XRayTo3DLib.shape.correspondence import Template
from XRayTo3DLib.shape.model import built_in_file
from XRayTo3DLib.shape.unsaid import MOST_PRINCIPAL
from XRayTo3DLib.simulate.bones.family import varied
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.surface import distance_to, is_closed
from XRayTo3DLib.surface.crossing import crossing_triangles
from XRayTo3DLib.surface.mesh import area_and_volume
from XRayTo3DLib.train import family, models

LIMBS = Path(os.environ.get("LIMBS", Path(__file__).resolve().parents[5] / "shared" / "data" / "limbs"))
LENGTH_MM = {"femur": (420, 480), "tibia": (340, 400), "fibula": (330, 390), "patella": (35, 50), "hip": (180, 230)}
MOST_BYTES = 6_000_000


@pytest.fixture(params=BUILT_IN_BONES)
def model(request):
    return built_in(request.param)


def test_a_left_bone_that_stands_upright(model):
    assert model.side == "left"
    low, high = LENGTH_MM[model.bone]
    assert (
        low < np.ptp(model.mean[:, 2]) < high and np.ptp(model.mean[:, 2]) > np.ptp(model.mean, axis=0)[:2].max() / 1.3
    )


def test_its_mesh(model):
    assert is_closed(model.faces) and area_and_volume(model.mean, model.faces)[1] > 0
    assert not len(crossing_triangles(model.mean, model.faces))
    sides = np.linalg.norm(model.mean[model.faces] - model.mean[np.roll(model.faces, 1, axis=1)], axis=2)
    assert np.percentile(sides.max(axis=1) / sides.min(axis=1), 95) < 2.2


def test_its_modes(model):
    """At most sixteen from people; what follows runs along the normals, or is one of six linear maps."""
    assert np.allclose(np.sqrt((model.modes.astype(float) ** 2).sum(axis=2).mean(axis=1)), 1, atol=5e-3)
    assert len(model.deviations) <= MOST_PRINCIPAL + 6 + 120
    with np.load(built_in_file(model.bone)) as file:
        assert len(file["modes"]) <= MOST_PRINCIPAL + 6 and len(file["lengths"]) == 120


def test_all_of_them_are_small():
    assert sum(built_in_file(bone).stat().st_size for bone in BUILT_IN_BONES) < MOST_BYTES


def test_a_bone_without_a_model():
    with pytest.raises(SurfaceError, match="no built-in model of 'scapula', only of femur, tibia"):
        built_in("scapula")


def test_the_family_varies_on_a_models_points(coarse_femur, monkeypatch):
    """By its first two modes: each of them takes as long."""
    assert family.modes_of_variation() > 2
    monkeypatch.setattr(family, "modes_of_variation", lambda: 2)
    ways = family.family_ways(coarse_femur, step_mm=5.0)
    assert ways.shape == (2, *coarse_femur.points.shape)
    longer = [
        np.ptp(femur(varied(0, far), 5.0).outer.points[:, 2]) - np.ptp(femur(varied(0, 0.0), 5.0).outer.points[:, 2])
        for far in (-1, 1)
    ]
    found = np.ptp((coarse_femur.points + ways[0])[:, 2]) - np.ptp(coarse_femur.points[:, 2])
    assert found == pytest.approx((longer[1] - longer[0]) / 2, abs=3)


@pytest.fixture(scope="module")
def coarse_femur():
    from XRayTo3DLib.surface import arrays, polydata, simplify

    whole = built_in()
    points, faces = arrays(simplify(polydata(whole.mean, whole.faces), 1400, 12.0))
    return Template(np.asarray(points, float), np.asarray(faces, np.int64))


def test_a_folder_without_limbs_is_named(tmp_path, capsys):
    assert models.main([str(tmp_path)]) == 2
    assert "femur_26_correspondence.npz: there is no such file" in capsys.readouterr().err


@pytest.mark.skipif(not LIMBS.is_dir(), reason=f"no limbs at {LIMBS}: set LIMBS to the folder that has them")
def test_the_command_makes_the_patella_again(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "built_in_file", lambda bone: tmp_path / f"{bone}.npz")
    assert models.main([str(LIMBS), "--bones", "patella", "--report", str(tmp_path)]) == 0
    made, ships = (np.load(path) for path in (tmp_path / "patella.npz", built_in_file("patella")))
    # The same surface; a hundredth of a millimeter in how a knee lies may give it other triangles.
    off = distance_to(ships["mean"], ships["faces"], made["mean"])
    assert np.abs(off).mean() < 0.05 and np.abs(off).max() < 0.5 and made["faces"].shape == ships["faces"].shape
    assert np.allclose(made["deviations"][:8], ships["deviations"][:8], rtol=0.01)
    assert {path.name for path in tmp_path.iterdir()} == {"patella.npz", "model_patella.png", "models.json"}
