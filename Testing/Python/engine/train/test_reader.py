"""Training: reproducible, learning, and the network that comes out is the one that OpenCV runs."""

import copy
import json

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'xrayto3d[train]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'xrayto3d[train]'")

from XRayTo3DLib.errors import ReconstructionError  # noqa: E402
from XRayTo3DLib.segmentation.by_network import ByNetwork  # noqa: E402
from XRayTo3DLib.segmentation.confidence import IN_A_BOX, SURENESS  # noqa: E402
from XRayTo3DLib.segmentation.femur import FEATURES  # noqa: E402
from XRayTo3DLib.segmentation.found import Bone  # noqa: E402
from XRayTo3DLib.segmentation.naming import NAMING  # noqa: E402
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, INPUTS, LANDMARKS, MASKS  # noqa: E402
from XRayTo3DLib.segmentation.network.loading import OUTPUTS, load_reader  # noqa: E402
from XRayTo3DLib.simulate.scenes.others import other  # noqa: E402
from XRayTo3DLib.simulate.scenes.scenes import scene  # noqa: E402
from XRayTo3DLib.train import calibration  # noqa: E402
from XRayTo3DLib.train.batches import Batch, Cycle, batch  # noqa: E402
from XRayTo3DLib.train.calibration import Example, _of_femur, fitted, fitted_names  # noqa: E402
from XRayTo3DLib.train.learn import cycles, export  # noqa: E402
from XRayTo3DLib.train.learn import train as train_network  # noqa: E402
from XRayTo3DLib.train.network import Reader  # noqa: E402
from XRayTo3DLib.train.pictures import picture  # noqa: E402
from XRayTo3DLib.train.reader import LESSON, loss_of  # noqa: E402
from XRayTo3DLib.train.state import begun_with, keep, kept, normalized, state_file  # noqa: E402


@pytest.fixture(scope="module")
def draw_picture(limbs):
    made = [scene(limbs, 1, 96), other(1, 96), scene(limbs, 2, 96)]
    return lambda number: made[number % 3]


@pytest.fixture(scope="module")
def one_batch(draw_picture):
    return batch(draw_picture, 0, 0, Cycle(10))


@pytest.fixture(scope="module")
def small_batch(one_batch):
    """Every eighth window of a batch, which a network learns from in an eighth of the time."""
    parts = vars(one_batch).items()
    return Batch(**{name: part[::8] for name, part in parts})


def test_a_batch_is_always_the_same(draw_picture, one_batch):
    again, next_one = (batch(draw_picture, 0, number, Cycle(10)) for number in (0, 1))
    assert np.array_equal(one_batch.inputs, again.inputs) and np.array_equal(one_batch.heat, again.heat)
    assert one_batch.inputs.shape != next_one.inputs.shape or (one_batch.inputs != next_one.inputs).any()


def test_pictures_are_always_the_same(limbs):
    assert all(np.array_equal(picture(limbs, seed).image, picture(limbs, seed).image) for seed in (3, 4))


def test_a_perfect_answer_costs_little(one_batch):
    def sure(truth):
        return torch.from_numpy(np.where(truth > 0.5, 12.0, -12.0).astype(np.float32))

    # Peaks are no yes or no: their own logits are the best answer.
    heat = torch.logit(torch.from_numpy(one_batch.heat).clamp(1e-6, 1 - 1e-6))
    heights = torch.nan_to_num(torch.from_numpy(one_batch.heights), nan=7.0)
    perfect = loss_of((sure(one_batch.masks), heat, heights, sure(one_batch.facts)), one_batch)
    wrong = loss_of((-sure(one_batch.masks), heat, heights, -sure(one_batch.facts)), one_batch)
    high = loss_of((sure(one_batch.masks), heat, heights + 0.5, sure(one_batch.facts)), one_batch)
    assert float(high - perfect) == pytest.approx(1.0, abs=0.01)  # half of a bone's length off, twice
    assert perfect < 0.05 * wrong


def train(batches, cycle, seed=0, network=None, **options):
    """A reader that was trained."""
    torch.manual_seed(seed)
    return train_network(network or Reader(), LESSON, batches, cycle, seed, **options)


def few_from(batches):
    """Function that gives batches from a number on."""
    return lambda first: iter(batches[first:])


def test_training_learns_and_repeats_itself(small_batch):
    told, after_three = [], {}
    few = [small_batch] * 8
    cycle = Cycle(len(few))

    def tell(number, loss, now):
        told.append(loss)
        if number == 3:
            after_three.update(copy.deepcopy(now()["mean"]))

    train(few_from(few), cycle, seed=3, tell=tell)
    assert np.mean(told[-3:]) < 0.9 * told[0]
    again = train(few_from(few[:3]), cycle, seed=3)
    for one, two in zip(after_three.values(), again.state_dict().values(), strict=True):
        assert torch.allclose(one.float(), two.float(), atol=1e-4)


def test_a_training_that_was_broken_off_ends_as_if_it_had_not(small_batch, tmp_path):
    few, cycle, path = [small_batch] * 4, Cycle(4), tmp_path / "reader.onnx"
    asked = {"seed": 3}

    def tell(number, loss, now):
        if number == 2:
            keep(path, now() | {"asked": asked})

    whole = train(few_from(few), cycle, seed=3, tell=tell)
    again = train(few_from(few), cycle, seed=3, state=kept(path, asked))
    for one, two in zip(whole.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.allclose(one.float(), two.float(), atol=1e-5)
    with pytest.raises(ReconstructionError, match="a training with other options"):
        kept(path, {"seed": 4})
    state_file(path).write_bytes(b"no state")
    with pytest.raises(ReconstructionError, match="cannot be read"):
        kept(path, asked)


def test_a_second_cycle_goes_on_where_the_first_ended(small_batch):
    network = train(few_from([small_batch]), Cycle(1), seed=3)
    before = [each.clone() for each in network.state_dict().values()]
    still = train(few_from([small_batch]), Cycle(1, rate=1e-12, memory=0.0), network=network)
    moved = [(one - two).abs().max() for one, two in zip(before, still.state_dict().values(), strict=True)]
    weights = [each for each, name in zip(moved, still.state_dict(), strict=True) if name.endswith("weight")]
    assert max(weights) < 1e-6


def test_femora_alone_come_in_the_second_cycle():
    first, second = cycles(5600)
    assert (first.femora_alone, second.femora_alone) == (False, True)
    assert second.steps == 900 and second.rate < first.rate


def test_pictures_without_femora_alone_are_otherwise_the_same(limbs):
    """Eight in a hundred scenes differ."""
    pairs = [[picture(limbs, seed, alone).image for alone in (True, False)] for seed in range(15, 30)]
    same = sum(np.array_equal(*pair) for pair in pairs)
    assert 10 <= same < 15


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(0)
    network = Reader().eval()
    path = tmp_path_factory.mktemp("reader") / "reader.onnx"
    export(network, path, len(INPUTS), OUTPUTS)
    return network, path


@pytest.mark.parametrize("shape", [(1, 64, 64), (2, 96, 160)])
def test_opencv_gives_the_same_numbers(exported, shape):
    network, path = exported
    count, rows, columns = shape
    seen = np.random.default_rng(0).standard_normal((count, len(INPUTS), rows, columns)).astype(np.float32)
    running = load_reader(path)
    running.setInput(seen)
    found = running.forward(OUTPUTS)
    with torch.no_grad():
        wanted = network(torch.from_numpy(seen))
    assert [each.shape for each in found] == [
        (count, len(MASKS), rows, columns),
        (count, len(LANDMARKS), rows // 2, columns // 2),
        (count, len(BONES), rows // 2, columns // 2),
        (count, len(FACTS)),
    ]
    for one, two in zip(found, wanted, strict=True):
        assert np.allclose(one, two.numpy(), atol=1e-4)


def test_a_training_begins_with_what_was_written(exported, one_batch):
    """The same answers, also once its normalizations were set to what they see, and then learning from batches."""
    network, path = exported
    begun = begun_with(path)
    seen = torch.from_numpy(one_batch.inputs[:2])
    for _ in range(2):
        with torch.no_grad():
            for one, two in zip(network(seen), begun.eval()(seen), strict=True):
                assert torch.allclose(one, two, atol=1e-3)
        normalized(begun, one_batch.inputs)
    with torch.no_grad():
        learning = begun.train()(torch.from_numpy(one_batch.inputs))[0]
        still = network(torch.from_numpy(one_batch.inputs))[0]
    assert (learning - still).abs().max() < 0.05 * still.abs().max()


def test_a_damaged_network_to_begin_with_is_refused(tmp_path):
    path = tmp_path / "reader.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(ReconstructionError, match=r"reader\.onnx to begin with"):
        begun_with(path)


def test_it_is_small(exported):
    assert exported[1].stat().st_size < 8e6


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the exporter's own
def test_a_network_of_another_layout_is_refused(tmp_path):
    path = tmp_path / "other.onnx"
    layer = torch.nn.Conv2d(len(INPUTS), 3, 1)
    torch.onnx.export(layer, (torch.zeros(1, len(INPUTS), 32, 64),), str(path), dynamo=False)
    with pytest.raises(ReconstructionError, match=r"The reader network .*other\.onnx has another layout"):
        load_reader(path)
    assert cv2.dnn.readNetFromONNX(str(path)) is not None  # though OpenCV can read it


def test_calibration_weighs_what_tells_femora_from_others():
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    values = rng.standard_normal((200, len(FEATURES)))
    values[:, 1] += 4 * truth
    masks, boxed = (rng.standard_normal((200, len(names))) for names in (SURENESS, IN_A_BOX))
    for numbers, best in ((masks, 0), (boxed, 1)):
        numbers[:, best] += 4 * truth
    examples = [
        Example((one, yes), (two, yes), (three, yes))
        for one, two, three, yes in zip(values, masks, boxed, truth, strict=True)
    ]
    made = json.loads(json.dumps(fitted([*examples, Example(None)])))
    for check, names, numbers, best in (
        ("femur_check", FEATURES, values, 1),
        ("mask_check", SURENESS, masks, 0),
        ("box_check", IN_A_BOX, boxed, 1),
    ):
        weights = made[check]["weights"]
        assert max(weights, key=lambda name: abs(weights[name])) == names[best] and weights[names[best]] > 0
        assert made[check]["accuracy"] > 0.9 and made[check]["pictures"] == 200
        score = made[check]["bias"] + numbers @ np.array([weights[name] for name in names])
        assert ((score > 0) == truth).mean() == pytest.approx(made[check]["accuracy"])


def test_calibration_weighs_what_tells_bones_from_each_other():
    rng = np.random.default_rng(0)
    which = rng.integers(len(BONES), size=300)
    values = rng.standard_normal((300, len(NAMING)))
    values[np.arange(300), which] += 5  # that the tracer takes it for the bone that it is
    made = json.loads(json.dumps(fitted_names([[], [(one, BONES[at]) for one, at in zip(values, which, strict=True)]])))
    scores = []
    for name in BONES:
        told = made[f"named {name}"]
        assert max(told["weights"], key=lambda each: told["weights"][each]) == f"taken {name}"
        scores.append(told["bias"] + values @ np.array([told["weights"][each] for each in NAMING]))
    assert (np.argmax(scores, axis=0) == which).mean() == pytest.approx(made["named femur"]["accuracy"])
    assert made["named femur"]["accuracy"] > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_a_box_in_what_shows_no_leg_lies_anywhere_in_it(monkeypatch, seed):
    looked = []

    def find_by_network(pixels, region, reader):
        looked.append(region)
        return ByNetwork(np.zeros(region.shape, bool), "", None)

    monkeypatch.setattr(calibration, "find_by_network", find_by_network)
    for boxed in (None, seed, seed):
        calibration.example(other(1, 96), "reader.onnx", boxed)
    whole, one, again = looked
    assert whole.all() and np.array_equal(one, again)
    rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
    assert one.sum() == len(rows) * len(columns) and 0.28 * 96 <= min(len(rows), len(columns)) <= 0.97 * 96


def test_what_was_found_is_a_femur_as_far_as_it_lies_on_one(limbs):
    drawn = next(each for each in (scene(limbs, seed, 96) for seed in range(20)) if each.masks["femur"].mean() > 0.05)
    femur = np.logical_or.reduce([mask for name, mask in drawn.masks.items() if name in ("femur", "other_femur")])
    beside = np.zeros_like(femur)
    beside[tuple(np.argwhere(~femur)[: femur.sum()].T)] = True
    masks = {1.0: femur, 0.0: beside, 0.5: femur | beside}
    assert femur.any() and beside.sum() == femur.sum()
    for share, mask in masks.items():
        assert _of_femur(drawn, Bone(mask, "network", "")) == pytest.approx(share)
    assert _of_femur(drawn, Bone(np.zeros_like(femur), "network", "")) == 0
    assert _of_femur(other(1, 96), Bone(np.ones((96, 96), bool), "network", "")) == 0
