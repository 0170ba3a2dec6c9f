import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch")

from XRayTo3DLib.errors import Cancelled, ReconstructionError, SimulationError  # noqa: E402
from XRayTo3DLib.simulate.bones.solids import ellipsoid, mesh_of  # noqa: E402
from XRayTo3DLib.surface import distance_to  # noqa: E402
from XRayTo3DLib.train import volumes  # noqa: E402
from XRayTo3DLib.train.volume_examples import BONES, REACH, example, inside, scene  # noqa: E402
from XRayTo3DLib.train.volume_network import VolumeNetwork, doubled  # noqa: E402
from XRayTo3DLib.volume import FEATURES, SHAPE, Grid  # noqa: E402


def egg(radii):
    radii = np.array(radii, float)
    return mesh_of(lambda points: ellipsoid(points, np.zeros(3), radii), -radii - 8, radii + 8, 4.0)


@pytest.fixture(scope="module")
def eggs():
    both = [egg((18, 14, 100)), egg((22, 17, 110))]
    return {bone: both for bone in BONES}


def test_how_far_inside_a_point_is_is_its_distance_to_the_surface():
    mesh = egg((12, 15, 20))
    grid = Grid(np.array([-20.0, -20, -25]), np.eye(3), 2.5, (20, 16, 16))
    told = inside([mesh], grid)
    distance = -distance_to(mesh.points, mesh.faces, grid.points).reshape(grid.shape) / grid.step
    near = np.abs(told) < 0.7
    assert near.sum() > 100
    assert_allclose(told[near], distance[near], atol=1e-4)
    far = np.abs(distance) > 2.2
    assert np.array_equal(np.sign(told), np.sign(distance)) and np.abs(told[far]).min() >= 1.2
    assert told.min() == -REACH


def test_two_pieces_are_together_what_is_in_either():
    mesh = egg((12, 12, 12))
    away = np.eye(4)
    away[2, 3] = 40.0
    grid = Grid(np.array([-20.0, -20, -20]), np.eye(3), 2.5, (32, 16, 16))
    both = inside([mesh, mesh.moved(away)], grid)
    assert_allclose(both, np.maximum(inside([mesh], grid), inside([mesh.moved(away)], grid)))


def test_the_same_seed_gives_the_same_example_and_another_one_another(eggs):
    one, same, other = example(eggs, 3), example(eggs, 3), example(eggs, 4)
    assert np.array_equal(one.seen, same.seen) and np.array_equal(one.inside, same.inside)
    assert not np.array_equal(one.seen, other.seen)
    assert one.seen.shape == (len(FEATURES), *SHAPE) and one.inside.shape == one.shown.shape == SHAPE


@pytest.mark.parametrize("seed", range(3))
def test_a_bone_lies_where_its_shadows_meet(eggs, seed):
    """Views that are told right, masks that are right within 2 mm: next to nothing of the bone is outside of all."""
    made = example(eggs, seed)
    within = made.shown & (made.inside > 1.5)
    assert within.sum() > 20
    assert (made.seen[0][within] > -1).mean() > 0.95


def test_a_scene_has_as_many_views_as_asked_for(eggs):
    assert [len(scene(eggs, 5, views=count).views) for count in (1, 2, 3)] == [1, 2, 3]


def test_what_cannot_be_drawn_is_said(eggs):
    nothing = {bone: [mesh.moved(np.diag([1e-4, 1e-4, 1e-4, 1])) for mesh in both] for bone, both in eggs.items()}
    with pytest.raises(ReconstructionError, match="No bone could be drawn"):
        scene(nothing, 0)


def test_doubling_repeats_each_value_eight_times():
    x = torch.arange(24.0).reshape(1, 1, 2, 3, 4)
    assert torch.equal(doubled(x), torch.nn.functional.interpolate(x, scale_factor=2))


def answers(distance, doubt=0.0):
    return torch.stack([distance, torch.full_like(distance, doubt)], 1)


def test_the_loss_is_least_where_the_answer_is_right():
    inside_ = torch.linspace(-3.5, 3.5, 64).reshape(1, 4, 4, 4)
    shown = torch.ones_like(inside_, dtype=bool)
    right = volumes.loss_of(answers(inside_), inside_, shown)
    for wrong in (inside_ + 0.3, -inside_, torch.zeros_like(inside_)):
        assert volumes.loss_of(answers(wrong), inside_, shown) > right
    assert right == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("off", [0.05, 0.5, 2.0])
def test_the_doubt_that_costs_least_is_the_mean_error(off):
    inside_, shown = torch.zeros(1, 4, 4, 4), torch.ones(1, 4, 4, 4, dtype=bool)
    doubts = np.log(off) + np.array([-0.3, 0.0, 0.3])
    losses = [float(volumes.loss_of(answers(inside_ + off, each), inside_, shown)) for each in doubts]
    assert np.argmin(losses) == 1


def test_what_no_picture_shows_is_not_learnt():
    inside_ = torch.zeros(1, 4, 4, 4)
    shown = torch.arange(64).reshape(1, 4, 4, 4) < 32
    wrong = torch.where(shown, 0.0, 5.0)
    assert volumes.loss_of(answers(wrong), inside_, shown) == pytest.approx(0.0, abs=1e-6)


@pytest.fixture
def quick(monkeypatch, eggs):
    """A training of two steps on the eggs, in this process."""

    @contextmanager
    def workers(drawn_from):
        volumes._bank.update(drawn_from)
        with ThreadPoolExecutor(1) as pool:
            yield pool

    monkeypatch.setattr(volumes, "bank", lambda *_, **__: eggs)
    monkeypatch.setattr(volumes, "_workers", workers)
    monkeypatch.setattr(volumes, "VolumeNetwork", lambda: VolumeNetwork((2, 3, 4), 2))
    monkeypatch.setattr(volumes, "calibrate", lambda *_: None)
    for name, value in {"_KEEP": 1, "_TOGETHER": 1, "_TURN": 1}.items():
        monkeypatch.setattr(volumes, name, value)


def test_a_training_that_was_broken_off_goes_on_to_the_same_network(quick, tmp_path):
    whole, broken = tmp_path / "whole.onnx", tmp_path / "broken.onnx"
    volumes.train_volume(whole, steps=2)
    with pytest.raises(Cancelled):
        volumes.train_volume(broken, steps=2, progress=lambda _, text: text.startswith("step 1"))
    assert [path.name for path in tmp_path.glob("broken*")] == ["broken.training.pt"]
    volumes.train_volume(broken, steps=2)
    assert whole.read_bytes() == broken.read_bytes()
    assert not list(tmp_path.glob("*.pt"))


def test_deviations_are_calibrated_so_that_two_of_them_hold_95_of_100_points(monkeypatch, eggs, tmp_path):
    path = tmp_path / "untaught.onnx"
    volumes.export(VolumeNetwork((2, 3, 4), 2), path)
    told = []
    for name, value in {"_CALIBRATING": 1, "CALIBRATED": (2,), "bank": lambda *_, **__: eggs}.items():
        monkeypatch.setattr(volumes, name, value)
    off = volumes._off
    monkeypatch.setattr(volumes, "_off", lambda *scene: told.append(off(*scene)) or told[-1])
    volumes.calibrate(path)
    factor = json.loads(path.with_suffix(".json").read_text())["factors"]["2"]
    assert np.mean(np.concatenate(told) <= 2 * factor) == pytest.approx(0.95, abs=0.005)


def test_a_training_that_cannot_be_is_refused_in_words(tmp_path):
    with pytest.raises(ReconstructionError, match="steps: 0"):
        volumes.train_volume(tmp_path / "m.onnx", steps=0)
    with pytest.raises(ReconstructionError, match="does not exist"):
        volumes.train_volume(tmp_path / "absent" / "m.onnx")
    with pytest.raises(SimulationError, match="absent"):
        volumes.train_volume(tmp_path / "m.onnx", folder=tmp_path / "absent")
    assert not list(tmp_path.iterdir())
