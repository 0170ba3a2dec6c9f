"""The command train-shape-model: a model and its report from a folder of surfaces, or one line that names the fault."""

import json

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.commands.main import main
from XRayTo3DLib.errors import Cancelled, ReconstructionError, SurfaceError
from XRayTo3DLib.shape import load_shape_model
from XRayTo3DLib.shape.train import Bones
from XRayTo3DLib.train import shape as command
from XRayTo3DLib.train.shape import train_shape_model

BALL = trimesh.creation.icosphere(2, 1.0)


def egg(number):
    return trimesh.Trimesh(BALL.vertices * [20.0, 27.0 + number, 55.0], BALL.faces, process=False)


@pytest.fixture
def folder(tmp_path):
    """Six eggs, of four formats."""
    place = tmp_path / "eggs"
    place.mkdir()
    for number, suffix in enumerate(("stl", "ply", "obj", "STL", "ply", "stl")):
        egg(number).export(place / f"egg{number}.{suffix}", file_type=suffix.lower())
    (place / "notes.txt").write_text("not a surface")
    return place


@pytest.fixture
def known(monkeypatch):
    """Corresponding points without a search for them: the eggs' own."""
    given = []

    def same_points(surfaces, names, bone=None, workers=None, progress=None):
        given.append((surfaces, list(names), bone))
        points = np.array([egg(number).vertices for number in range(len(surfaces))])
        count = len(points)
        faces = np.asarray(BALL.faces, np.int64)
        return Bones(
            points, faces, {}, bone or "bone", "", ("",) * count, tuple(range(count)), np.full(count, 0.2), ("odd.",)
        )

    monkeypatch.setattr(command, "corresponding", same_points)
    return given


def test_a_model_with_its_report(folder, tmp_path, known):
    told = []
    warnings = train_shape_model(folder, tmp_path / "egg.npz", "egg", lambda f, text: told.append(f))
    assert warnings == ("odd.",) and told == sorted(told) and told[0] == 0 and told[-1] <= 1
    model = load_shape_model(tmp_path / "egg.npz")
    assert (model.bone, model.side) == ("egg", "") and model.deviations[0] == pytest.approx(
        np.std(np.arange(6), ddof=1) * np.sqrt((BALL.vertices[:, 1] ** 2).mean()), rel=1e-3
    )
    report = json.loads((tmp_path / "egg.json").read_text())
    assert report["bone"] == "egg" and report["side"] is None and report["bones"] == 6
    assert list(report["surfaces"]) == [f"egg{n}.{s}" for n, s in enumerate(("stl", "ply", "obj", "STL", "ply", "stl"))]
    assert report["surfaces"]["egg2.obj"] == {"side": None, "registration_mm": 0.2}
    assert {"compactness", "generalisation_mm", "specificity_mm"} <= set(report) and report["warnings"] == ["odd."]
    assert (tmp_path / "egg.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"eggs", "egg.npz", "egg.json", "egg.png"}


def test_surfaces_reach_the_work_closed_and_facing_outwards(folder, tmp_path, known):
    inside_out = egg(0)
    inside_out.faces = inside_out.faces[:, ::-1]
    inside_out.export(folder / "egg0.stl")
    train_shape_model(folder, tmp_path / "egg.npz")
    ((surfaces, names, bone),) = known
    assert bone is None and names == sorted(names) and len(surfaces) == 6
    for number, (points, faces) in enumerate(surfaces):
        mesh = trimesh.Trimesh(points, faces, process=False)
        assert mesh.is_watertight and mesh.volume == pytest.approx(egg(number).volume, rel=1e-4)


def test_the_picture_of_one_mode(small_model_file, tmp_path):
    command.draw_modes(load_shape_model(small_model_file), tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 5000


@pytest.fixture
def small_model_file(tmp_path, folder, known):
    train_shape_model(folder, tmp_path / "small.npz")
    return tmp_path / "small.npz"


def test_stopped_nothing_is_written(folder, tmp_path, known):
    with pytest.raises(Cancelled):
        train_shape_model(folder, tmp_path / "egg.npz", progress=lambda f, text: f > 0.85)
    assert [path.name for path in tmp_path.iterdir()] == ["eggs"]


@pytest.mark.parametrize(
    ("output", "words"),
    [("egg.stl", r"egg\.stl: a shape model is written as \.npz"), ("absent/egg.npz", "absent")],
)
def test_bad_outputs(folder, tmp_path, output, words):
    with pytest.raises(ReconstructionError, match=words):
        train_shape_model(folder, tmp_path / output)


def test_folders_without_enough_surfaces(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("absent", "absent: there is no such folder"),
        ("empty", r"empty: 0 surfaces \(\.stl, "),
        ("eggs/egg0.stl", "there is no such folder"),
    ):
        with pytest.raises(SurfaceError, match=words):
            train_shape_model(tmp_path / name, tmp_path / "m.npz")
    for number in (0, 3):
        next(folder.glob(f"egg{number}.*")).unlink()
    with pytest.raises(SurfaceError, match=r"eggs: 4 surfaces .* needs 5 or more"):
        train_shape_model(folder, tmp_path / "m.npz")


def opened(folder):
    mesh = egg(3)
    mesh.faces = mesh.faces[10:]
    mesh.export(folder / "egg3.STL", file_type="stl")


DAMAGED = {
    "open": opened,
    "empty": lambda folder: (folder / "egg3.STL").write_bytes(b""),
    "cut": lambda folder: (folder / "egg3.STL").write_bytes((folder / "egg3.STL").read_bytes()[:3000]),
    "letter": lambda folder: (folder / "egg3.STL").write_text("Dear reader"),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_bad_surface_is_named_in_one_line(folder, tmp_path, capfd, how):
    DAMAGED[how](folder)
    assert main(["train-shape-model", str(folder), "-o", str(tmp_path / "egg.npz")]) == 2
    told = capfd.readouterr().err
    assert told.count("\n") == 1 and told.startswith("xrayto3d: error: ") and "egg3.STL" in told
    assert [path.name for path in tmp_path.iterdir()] == ["eggs"]


def test_the_command_says_warnings(folder, tmp_path, capfd, known):
    assert main(["train-shape-model", str(folder), "-o", str(tmp_path / "egg.npz"), "--bone", "egg"]) == 0
    assert capfd.readouterr().err == "xrayto3d: warning: odd.\n"
    assert load_shape_model(tmp_path / "egg.npz").bone == "egg"
