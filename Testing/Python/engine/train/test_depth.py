"""Training of the depth network: what it learns from, and that a seed gives one network."""

import os
from contextlib import contextmanager

import numpy as np
import pytest

from XRayTo3DLib.commands.main import main
from XRayTo3DLib.depth import FEATURES, load_depth_network
from XRayTo3DLib.errors import Cancelled
from XRayTo3DLib.simulate.scenes.scenes import scene
from XRayTo3DLib.train import depth as training
from XRayTo3DLib.train.depth import examples, train_depth


def test_examples_are_thickness_against_round_sections(limbs):
    found = [examples(scene(limbs, seed, 256), np.random.default_rng(seed)) for seed in range(12)]
    found = [each for each in found if each is not None]
    assert len(found) >= 6
    values, wanted = (np.concatenate(parts) for parts in zip(*found, strict=True))
    assert values.shape == (len(wanted), len(FEATURES)) and np.isfinite(values).all()
    assert 0.8 < np.median(wanted) < 1.2 and wanted.min() >= 0.2 and wanted.max() <= 2.5


def test_the_shipped_network_is_closer_than_round_sections(limbs):
    network, errors = load_depth_network(), []
    for seed in range(3000, 3024):
        made = examples(scene(limbs, seed, 256), np.random.default_rng(seed))
        if made is not None:
            values, wanted = made
            errors.append([np.abs(wanted - 1).mean(), np.abs(wanted - network(values)).mean()])
    round_, found = np.mean(errors, axis=0)
    assert len(errors) > 12 and found < 0.95 * round_


class NoPool:
    """A pool of workers whose only worker is this process."""

    def map(self, function, given, chunksize):
        return map(function, given)


@contextmanager
def alone(take, drawn_from):
    take(drawn_from)
    yield NoPool()


def test_training_is_reproducible_and_loads(tmp_path, limbs, monkeypatch):
    """Whether the limbs are made, and radiographs of them drawn, in another process or in this one."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # each worker makes the limbs for itself
    monkeypatch.setattr(training, "specimens", lambda seed, count: limbs if (seed, count) == (0, 1) else None)
    made = []
    for name in ("a.json", "b.json"):
        train_depth(tmp_path / name, hidden=(2,), seed=0, scenes=6, limbs=1)
        made.append(load_depth_network(tmp_path / name))
        monkeypatch.setattr(training, "processes", alone)
    one, two = made
    assert [weight.shape[1] for weight in one.weights] == [2, 1]
    # But for the last digits: how sums are rounded depends on where arrays lie in memory.
    assert one.mean == pytest.approx(two.mean, abs=1e-4) and one.scale == pytest.approx(two.scale, rel=1e-4)
    assert one(np.zeros((1, len(FEATURES)))) == pytest.approx(two(np.zeros((1, len(FEATURES)))), abs=0.02)


def test_stopping_leaves_nothing(tmp_path):
    with pytest.raises(Cancelled):
        train_depth(tmp_path / "a.json", limbs=1, progress=lambda fraction, text: True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.txt"], "ends in .json"),
        (["-o", "no/a.json"], "does not exist"),
        (["-o", "a.json", "--hidden", "0"], "hidden: 0"),
        (["-o", "a.json", "--scenes", "0"], "scenes: 0"),
    ],
)
def test_bad_arguments(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["train-depth", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
