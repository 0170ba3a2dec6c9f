"""Training the breaks network: as many broken bones as whole ones, and of these nothing to tell apart."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'xrayto3d[train]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'xrayto3d[train]'")

from XRayTo3DLib.errors import ReconstructionError  # noqa: E402
from XRayTo3DLib.segmentation.fragments import FEATURES  # noqa: E402
from XRayTo3DLib.segmentation.network.channels import (  # noqa: E402
    BREAKS_DRAWN,
    FRAGMENTS,
    INPUTS,
    TRACED,
    TRACER_FACTS,
    TRACER_INPUTS,
)
from XRayTo3DLib.segmentation.network.loading import BREAKS, SHIPPED, TRACER, TRACER_OUTPUTS, load_breaks  # noqa: E402
from XRayTo3DLib.simulate.scenes.others import other  # noqa: E402
from XRayTo3DLib.simulate.scenes.scenes import Scene, scene  # noqa: E402
from XRayTo3DLib.train import learn  # noqa: E402
from XRayTo3DLib.train.batches import Cycle  # noqa: E402
from XRayTo3DLib.train.breaks import _examples, crops, loss_of, train_breaks  # noqa: E402
from XRayTo3DLib.train.crops import LEAST  # noqa: E402
from XRayTo3DLib.train.learn import export  # noqa: E402
from XRayTo3DLib.train.network import Tracer, breaks_from  # noqa: E402
from XRayTo3DLib.train.state import begun_with  # noqa: E402

PLACE, BROKEN = BREAKS_DRAWN.index("break"), TRACER_FACTS.index("broken")


@pytest.fixture(scope="module")
def made(limbs):
    """A batch of five scenes, a hand left out."""
    drawn = [other(1, 96), *(scene(limbs, seed, 96) for seed in range(8))]
    return crops(lambda number: drawn[number % len(drawn)], 0, 0, Cycle(10))


def test_crops_show_femora_and_tibiae_that_are_named(made):
    named = made.inputs[:, len(INPUTS) :, 0, 0]
    assert (named.sum(1) == 1).all() and (named.argmax(1) == made.bone)[made.masks[:, 0].any((1, 2))].all()
    assert {TRACER_FACTS[bone] for bone in made.bone} <= {"femur", "tibia", "nothing"}
    assert (made.breakable[made.masks[:, 0].any((1, 2))] == 1).all()  # a crack is neither


def test_a_break_is_where_both_fragments_are_near(made):
    """Of a broken bone: it is there, and no farther from either than the fragments are apart, and some pixels."""
    assert 0 < made.broken.sum() < len(made.broken)
    for masks, broken in zip(made.masks, made.broken, strict=True):
        place = masks[PLACE] > 0
        assert place.any() == bool(broken)
        if broken:
            upper, lower = masks[1] > 0, masks[2] > 0
            assert place[upper & lower].all()
            assert place.sum() < 0.6 * (upper | lower).sum()


def answers(made, fragments=1.0):
    """Outputs that are all right, those of fragments as far as that."""
    facts = np.where(np.arange(len(TRACER_FACTS)) == BROKEN, np.where(made.broken > 0, 12, -12)[:, None], -12.0)
    masks = np.where(made.masks > 0, 12.0, -12.0)
    masks[:, 1:PLACE] *= fragments
    outputs = (masks, np.nan_to_num(made.heights), facts)
    return [torch.from_numpy(each.astype(np.float32)) for each in outputs]


def test_a_perfect_answer_costs_little(made):
    assert loss_of(answers(made), made) < 0.1 * loss_of([-each for each in answers(made)], made)


def test_fragments_count_where_a_bone_is_broken_alone(made):
    outputs, other_way = answers(made), answers(made, -1.0)
    for whole in np.flatnonzero(made.broken == 0):
        outputs[0][whole, 1:PLACE] = other_way[0][whole, 1:PLACE]
    perfect = float(loss_of(answers(made), made))
    assert float(loss_of(outputs, made)) == pytest.approx(perfect, rel=1e-5)
    assert float(loss_of(other_way, made)) > perfect + 1


def test_it_begins_with_what_a_tracer_draws(made):
    tracer = begun_with(TRACER).eval()
    network = breaks_from(tracer).eval()
    seen = torch.from_numpy(made.inputs[:2])
    with torch.no_grad():
        masks, heights, facts = network(seen)
        known = tracer(seen)
    assert torch.allclose(masks[:, : len(TRACED)], known[0], atol=1e-5)
    assert torch.allclose(heights, known[1], atol=1e-5) and torch.allclose(facts, known[2], atol=1e-5)


def test_it_can_be_written_and_begun_with(tmp_path, made):
    torch.manual_seed(1)
    network, path = Tracer(len(BREAKS_DRAWN)).eval(), tmp_path / "breaks.onnx"
    export(network, path, len(TRACER_INPUTS), TRACER_OUTPUTS)
    running, again = load_breaks(path), begun_with(path).eval()
    running.setInput(made.inputs[:1])
    seen = torch.from_numpy(made.inputs[:1])
    with torch.no_grad():
        for one, two, three in zip(running.forward(TRACER_OUTPUTS), network(seen), again(seen), strict=True):
            assert np.allclose(one, two.numpy(), atol=1e-4) and torch.allclose(two, three, atol=1e-4)


def test_calibration_learns_from_every_bone_of_which_it_can_be_told_whether_it_is_broken(limbs, monkeypatch):
    monkeypatch.setattr(learn, "_limbs", limbs)
    seeds = range(8)
    examples = [each for seed in seeds for each in _examples(seed, str(BREAKS))]
    drawn = [picture for seed in seeds if isinstance(picture := learn.drawn(seed), Scene)]
    shown = sum(
        name.removeprefix("other_") in FRAGMENTS and mask.sum() > LEAST and scene.cracked != name
        for scene in drawn
        for name, mask in scene.masks.items()
    )
    assert len(examples) == shown > 6
    assert all(values.shape == (len(FEATURES),) and np.isfinite(values).all() for values, _ in examples)
    assert sum(broken for _, broken in examples) == sum(len(scene.fragments) for scene in drawn) > 0


def test_a_reader_is_no_network_to_begin_with(tmp_path):
    with pytest.raises(ReconstructionError, match="must be a tracer or a breaks network"):
        train_breaks(tmp_path / "breaks.onnx", [SHIPPED], steps=1)
    assert not list(tmp_path.iterdir())
