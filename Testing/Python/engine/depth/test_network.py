"""The depth network: what it sees does not depend on scale and contrast, and numpy runs it as scikit-learn does."""

import json

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from XRayTo3DLib import ReconstructionError
from XRayTo3DLib.depth import FEATURES, DepthNetwork, features, inflate, load_depth_network, relative_thickness

SHAPE = (160, 100)
COUNT = len(FEATURES)


def _seen(draw, scale=1, gain=1.0):
    shape = tuple(n * scale for n in SHAPE)
    y, x = (axis / scale for axis in np.mgrid[: shape[0], : shape[1]])
    mask = np.abs(x - 50) < 12 + 8 * np.exp(-(((y - 80) / 30) ** 2))
    grey = gain * (0.5 + 0.2 * np.sin(y / 20) + 0.1 * np.cos(x / 9))
    base = gain * (0.5 + 0.2 * np.sin(y / 20))
    return features(inflate(mask.astype(np.float32)), mask, grey, base, grey - base), mask


def test_features_of_a_round_shaft(draw):
    mask = draw.strip(SHAPE, 20) > 0
    even = np.full(SHAPE, 0.5)
    seen = features(inflate(mask.astype(np.float32)), mask, even, even, np.zeros(SHAPE))
    named = {name: seen[80, 32:68, number] for number, name in enumerate(FEATURES)}
    distance = 20 - np.abs(np.arange(32, 68) - 49.5)
    assert named["across"] == pytest.approx(distance / 20, abs=0.06)
    assert named["width"] == pytest.approx(1, abs=0.06)
    assert named["inflated"] == pytest.approx(np.sqrt(distance * (40 - distance)) / 20, abs=0.06)
    for name in ("grey_fine", "grey", "grey_coarse", "base", "detail"):
        assert named[name] == pytest.approx(0, abs=1e-3)
    assert named["width_near"] == pytest.approx(1, abs=0.1) and np.ptp(named["width_far"]) < 0.01


def test_features_do_not_depend_on_pixels_and_gain(draw):
    (once, mask), (twice, _), (brighter, _) = _seen(draw), _seen(draw, scale=2), _seen(draw, gain=1.9)
    assert once.dtype == np.float32 and once.shape == (*SHAPE, COUNT)
    assert np.allclose(once, brighter, atol=1e-3)
    inner = mask & (once[..., 0] > 0.3)
    apart = np.abs(twice.reshape(SHAPE[0], 2, SHAPE[1], 2, COUNT).mean(axis=(1, 3)) - once)[inner]
    assert np.percentile(apart, 95) < 0.12


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # it need not have learnt much
@pytest.mark.parametrize("hidden", [(3,), (8, 4)])
def test_numpy_runs_what_scikit_learn_trained(hidden):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((300, COUNT))
    mean, scale = rng.standard_normal(COUNT), rng.uniform(0.5, 2, COUNT)
    fit = MLPRegressor(hidden_layer_sizes=hidden, activation="tanh", max_iter=20, random_state=0)
    fit.fit((values - mean) / scale, values[:, 0] * values[:, 1])
    network = DepthNetwork(mean, scale, tuple(fit.coefs_), tuple(fit.intercepts_))
    assert network(values) == pytest.approx(fit.predict((values - mean) / scale))


def test_the_shipped_network_is_the_paper_s():
    network = load_depth_network()
    assert [weight.shape for weight in network.weights] == [(COUNT, 3), (3, 1)]  # three layers, three hidden nodes


def test_answers_are_held_within_bounds(draw):
    seen, mask = _seen(draw)
    wild = DepthNetwork(np.zeros(COUNT), np.ones(COUNT), (np.full((COUNT, 1), 50.0),), (np.zeros(1),))
    factor = relative_thickness(wild, seen, mask, 20.0)
    assert factor[mask].min() >= 0.4 - 1e-6 and factor[mask].max() <= 1.8 + 1e-6
    assert np.isfinite(factor).all()
    apart = np.zeros((400, 400), bool)  # so far from the bone that nothing of it is left in an average
    apart[:10, :10] = True
    values = np.ones((*apart.shape, COUNT), np.float32)
    assert relative_thickness(wild, values, apart, 5.0).min() >= 0.4 - 1e-6


def _damaged(change):
    told = load_depth_network().as_json()
    change(told)
    return json.dumps(told)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "not JSON",
        "[" * 100_000,
        _damaged(lambda told: told["mean"].__setitem__(0, 10**400)),
        _damaged(lambda told: told.pop("biases")),
        _damaged(lambda told: told.update(features=["grey"])),
        _damaged(lambda told: told["weights"].pop()),
        _damaged(lambda told: told["weights"][0].pop()),
        _damaged(lambda told: told["biases"][0].append(0.0)),
        _damaged(lambda told: told["mean"].pop()),
        _damaged(lambda told: told["scale"].__setitem__(0, 0.0)),
        _damaged(lambda told: told["biases"][-1].__setitem__(0, float("nan"))),
        _damaged(lambda told: told["weights"][0].__setitem__(0, "many")),
        _damaged(lambda told: told.update(weights=[[[1.0]] * COUNT, [[1.0, 1.0]]], biases=[[0.0], [0.0, 0.0]])),
    ],
)
def test_damaged_networks_are_refused(tmp_path, text):
    path = tmp_path / "network.json"
    path.write_text(text)
    with pytest.raises(ReconstructionError, match="depth network") as caught:
        load_depth_network(path)
    assert str(path) in str(caught.value) and "train-depth" in str(caught.value)


def test_a_network_that_is_not_there(tmp_path):
    with pytest.raises(ReconstructionError, match=r"none\.json"):
        load_depth_network(tmp_path / "none.json")
