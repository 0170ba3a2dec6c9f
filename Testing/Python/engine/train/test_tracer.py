"""Training the tracer: it begins with what a reader knows, and what is right costs little."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'xrayto3d[train]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'xrayto3d[train]'")

from XRayTo3DLib.errors import ReconstructionError  # noqa: E402
from XRayTo3DLib.segmentation.network.channels import INPUTS, MASKS, TRACER_FACTS, TRACER_INPUTS  # noqa: E402
from XRayTo3DLib.segmentation.network.loading import SHIPPED, TRACER, TRACER_OUTPUTS, load_tracer  # noqa: E402
from XRayTo3DLib.simulate.scenes.others import other  # noqa: E402
from XRayTo3DLib.simulate.scenes.scenes import scene  # noqa: E402
from XRayTo3DLib.train.batches import Cycle  # noqa: E402
from XRayTo3DLib.train.crops import crops  # noqa: E402
from XRayTo3DLib.train.learn import export, train  # noqa: E402
from XRayTo3DLib.train.network import Reader, Tracer, tracer_from  # noqa: E402
from XRayTo3DLib.train.state import begun_with  # noqa: E402
from XRayTo3DLib.train.tracer import LESSON, bone_clicked, cycle, loss_of, train_tracer  # noqa: E402

NAMES = slice(len(INPUTS), None)


@pytest.fixture(scope="module")
def made(limbs):
    drawn = [scene(limbs, 1, 96), scene(limbs, 2, 96), other(1, 96), scene(limbs, 4, 96)]
    return crops(lambda number: drawn[number % 4], 0, 0, Cycle(10))


def test_it_begins_with_the_readers_answers(made):
    """Of a bone that is not named."""
    torch.manual_seed(0)
    reader = Reader().eval()
    tracer = tracer_from(reader).eval()
    seen = torch.from_numpy(made.inputs[:2]).clone()
    seen[:, NAMES] = 0
    with torch.no_grad():
        masks, heights, _ = tracer(seen)
        wanted, _, wanted_heights, _ = reader(seen[:, : len(INPUTS)])
    of = [MASKS.index(name) for name in ("marked", "upper femur", "lower femur")]
    assert torch.allclose(masks, wanted[:, of], atol=1e-5) and torch.allclose(heights, wanted_heights[:, :1], atol=1e-5)


def answers(made, wrong=False, higher=0.0):
    """Outputs that are all right, or all wrong, or off in their heights."""
    sign = -1 if wrong else 1
    facts = np.full((len(made.bone), len(TRACER_FACTS)), -12.0)
    facts[np.arange(len(made.bone)), made.bone] = 12
    facts[:, -1] = np.where(made.broken > 0, 12, -12)
    outputs = (np.where(made.masks > 0, 12, -12) * sign, np.nan_to_num(made.heights, nan=7.0) + higher, facts * sign)
    return [torch.from_numpy(each.astype(np.float32)) for each in outputs]


def test_a_perfect_answer_costs_little(made):
    perfect, wrong, high = (loss_of(answers(made, *how), made) for how in ((), (True,), (False, 0.5)))
    assert float(high - perfect) == pytest.approx(1.0, abs=0.01)  # half of a bone's length off, twice
    assert perfect < 0.05 * wrong


def test_clicks_lie_where_it_is_wrong(made):
    class Never(torch.nn.Module):
        """Sees no bone anywhere."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return torch.full((len(x), 3, *x.shape[2:]), -9.0), None, None

    inputs = bone_clicked(Never(), made, np.random.default_rng(0))
    for before, after, (mask, *_) in zip(made.inputs, inputs, made.masks, strict=True):
        include, exclude = after[2], after[3]
        assert not exclude.any()
        if mask.sum() > 100:
            assert include.any() and (mask[include > 0] > 0).mean() > 0.3  # a disc on it, perhaps at its edge
        assert np.array_equal(np.delete(before, [2, 3], 0), np.delete(after, [2, 3], 0))


def test_training_learns(made):
    torch.manual_seed(3)
    told = []
    few = [type(made)(**{name: part[::4] for name, part in vars(made).items()})] * 6  # windows
    train(
        Tracer(), LESSON, lambda first: iter(few[first:]), Cycle(len(few)), 3, tell=lambda n, loss, _: told.append(loss)
    )
    assert np.mean(told[-2:]) < 0.9 * told[0]


def test_opencv_gives_the_same_numbers(tmp_path, monkeypatch, made):
    from XRayTo3DLib.segmentation.network import loading

    torch.manual_seed(0)
    network, path = Tracer().eval(), tmp_path / "tracer.onnx"
    export(network, path, len(TRACER_INPUTS), TRACER_OUTPUTS)
    monkeypatch.setattr(loading, "TRACER", path)
    running = load_tracer()
    running.setInput(made.inputs[:2])
    with torch.no_grad():
        wanted = network(torch.from_numpy(made.inputs[:2]))
    for one, two in zip(running.forward(TRACER_OUTPUTS), wanted, strict=True):
        assert np.allclose(one, two.numpy(), atol=1e-4)


def test_a_training_begins_with_either_network_that_ships():
    assert isinstance(begun_with(SHIPPED), Reader) and isinstance(begun_with(TRACER), Tracer)


def test_a_training_may_begin_with_the_mean_of_networks(tmp_path):
    """Weights that differ by as much to either side of a network's have that network as their mean."""
    network = begun_with(TRACER)
    paths = [tmp_path / "less.onnx", tmp_path / "more.onnx"]
    for path, change in zip(paths, (-0.01, 0.01), strict=True):
        other = copy.deepcopy(network)
        with torch.no_grad():
            for layer in other.modules():
                if isinstance(layer, torch.nn.Conv2d):
                    layer.weight.mul_(1 + change)
        export(other, path, len(TRACER_INPUTS), TRACER_OUTPUTS)
    picture = torch.rand(1, len(TRACER_INPUTS), 64, 64)
    with torch.no_grad():
        for one, two in zip(begun_with(*paths).eval()(picture), network.eval()(picture), strict=True):
            assert torch.allclose(one, two, atol=1e-3)


def test_networks_of_two_kinds_have_no_mean():
    with pytest.raises(ReconstructionError, match="all must be readers, or all tracers"):
        begun_with(SHIPPED, TRACER)


def test_a_tracer_learns_on_in_small_steps():
    assert cycle(1200, again=True).rate < cycle(1200).rate


def test_no_steps_are_refused_before_the_work_begins(tmp_path):
    with pytest.raises(ReconstructionError, match="steps: 0"):
        train_tracer(tmp_path / "tracer.onnx", [SHIPPED], steps=0)
