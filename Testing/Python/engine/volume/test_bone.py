"""A network that has learnt nothing says that the bone is what casts its shadow on all masks: its visual hull."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from XRayTo3DLib.errors import ReconstructionError  # noqa: E402
from XRayTo3DLib.segmentation.network.loading import SHIPPED as READER  # noqa: E402
from XRayTo3DLib.surface import area_and_volume, is_closed  # noqa: E402
from XRayTo3DLib.train.volume_network import VolumeNetwork  # noqa: E402
from XRayTo3DLib.train.volumes import export  # noqa: E402
from XRayTo3DLib.volume import FEATURES, SHAPE, bone_of, factor_of, load_volume, said  # noqa: E402


def small():
    torch.manual_seed(0)
    return VolumeNetwork((2, 3, 4), 2).eval()


@pytest.fixture(scope="module")
def untaught(tmp_path_factory):
    path = tmp_path_factory.mktemp("volume") / "untaught.onnx"
    export(small(), path)
    path.with_suffix(".json").write_text(json.dumps({"factors": {"1": 3.0, "2": 0.5}}))
    return path


def test_opencv_says_what_pytorch_says(tmp_path):
    network = small()
    torch.nn.init.normal_(network.said.weight)
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    export(network, tmp_path / "some.onnx")
    seen = np.random.default_rng(0).normal(size=(len(FEATURES), *SHAPE)).astype(np.float32)
    with torch.no_grad():
        distance, doubt = network(torch.from_numpy(seen[None]))[0].numpy()
    told = said(load_volume(tmp_path / "some.onnx"), seen)
    assert told[0] == pytest.approx(distance, abs=1e-3)
    assert told[1] == pytest.approx(np.exp(doubt), rel=1e-3)


def test_two_views_of_a_ball_give_what_two_cylinders_share(ball, untaught):
    made = bone_of(ball(0, 90, radius=20.0), untaught)
    volume = area_and_volume(made.points, made.faces)[1]
    assert is_closed(made.faces)
    assert volume == pytest.approx(16 / 3 * 20**3, rel=0.02)
    assert made.points.mean(axis=0) == pytest.approx([3, -5, 8], abs=0.3)


def test_deviations_are_those_of_the_network_times_what_held_for_so_many_views(ball, untaught):
    views = ball(0, 90)
    told, plain = bone_of(views, untaught), bone_of(views, untaught, calibrated=False)
    assert np.array_equal(told.points, plain.points)  # the same views give the same bone
    assert told.deviation_mm == pytest.approx(0.5 * plain.deviation_mm)
    assert plain.deviation_mm.min() >= 0.99 * plain.step_mm  # a doubt of nought is one step
    assert [factor_of(count, untaught) for count in (1, 2, 7)] == [3.0, 0.5, 0.5]


def test_a_bone_ends_where_a_picture_ends(ball, untaught):
    views = ball(0, 90, center=(0, 0, 60.0))  # pictures reach 62.6 mm up
    made = bone_of(views, untaught)
    assert is_closed(made.faces)
    assert made.points[:, 2].max() == pytest.approx(views[0].pixel_mm * 120, abs=1.0)
    assert made.points[:, 2].min() == pytest.approx(40, abs=1.0)


def test_what_a_network_sees_nothing_in_is_refused_in_words(ball, tmp_path):
    network = small()
    torch.nn.init.constant_(network.said.bias, -9.0)
    export(network, tmp_path / "blind.onnx")
    with pytest.raises(ReconstructionError, match="sees no bone"):
        bone_of(ball(0, 90), tmp_path / "blind.onnx")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"", "damaged"), (b"no network", "damaged"), (READER.read_bytes(), "another layout")],
)
def test_a_network_that_is_none_is_refused_in_words(tmp_path, content, words):
    path = tmp_path / "n.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReconstructionError, match=words):
        load_volume(path)


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", '{"factors": {}}', '{"factors": {"1": -1}}', '{"factors": 3}', "[" * 100_000]
)
def test_a_calibration_that_is_none_is_refused_in_words(tmp_path, content):
    path = tmp_path / "n.onnx"
    if content is not None:
        path.with_suffix(".json").write_text(content)
    with pytest.raises(ReconstructionError, match="calibration"):
        factor_of(2, path)
