"""The networks that ship: small, loaded once, and what is none of them is refused in words."""

from types import SimpleNamespace

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation.network import loading, look
from XRayTo3DLib.segmentation.network.loading import (
    BREAKS,
    OUTPUTS,
    SHIPPED,
    TRACER,
    asked,
    forget,
    load_reader,
    load_tracer,
)


def test_the_shipped_networks_are_small_and_load_once():
    assert sum(path.stat().st_size for path in (SHIPPED, TRACER, BREAKS)) < 12e6
    assert load_reader() is load_reader() and load_tracer() is load_tracer()


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"", "damaged"), (b"no network at all" * 40, "damaged"), ("half", "damaged")],
)
def test_a_network_that_is_none(tmp_path, content, words):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(SHIPPED.read_bytes()[:900_000] if content == "half" else content)
    with pytest.raises(ReconstructionError, match=f"^The reader network .*model.onnx .*{words}"):
        load_reader(path)


def test_one_network_is_not_the_other(monkeypatch):
    with pytest.raises(ReconstructionError, match=r"The reader network .*tracer\.onnx has another layout"):
        load_reader(TRACER)
    monkeypatch.setattr(loading, "TRACER", SHIPPED)
    with pytest.raises(ReconstructionError, match=r"The tracer network .*reader\.onnx has another layout"):
        load_tracer()


def test_what_was_asked_is_answered_from_memory_until_it_is_forgotten():
    """With the same numbers, whatever is done to those that were given; of a few answers, as each takes some room."""
    pictures = np.random.default_rng(0).random((loading._REMEMBERED + 1, 4, 32, 64), np.float32)
    network, runs = load_reader(), []

    class Counted:
        def setInput(self, given):  # noqa: N802 - OpenCV's name
            network.setInput(given)

        def forward(self, outputs):
            runs.append(outputs)
            return network.forward(outputs)

    counted = Counted()
    first = [asked(counted, picture, OUTPUTS) for picture in pictures]
    kept = [each.copy() for each in first[-1]]
    first[-1][0][:] = 0
    again = asked(counted, pictures[-1].copy(), OUTPUTS)
    assert all(np.array_equal(one, two) for one, two in zip(kept, again, strict=True))
    assert len(runs) == len(pictures)
    asked(counted, pictures[0], OUTPUTS)  # the oldest one was given up
    assert len(runs) == len(pictures) + 1
    forget()
    afresh = asked(counted, pictures[-1], OUTPUTS)
    assert len(runs) == len(pictures) + 2
    assert all(np.array_equal(one, two) for one, two in zip(kept, afresh, strict=True))


def test_another_picture_is_looked_at_afresh(monkeypatch):
    """Though it holds the same: what is kept is for more looks at one picture, also after those at another view's."""
    runs = []
    monkeypatch.setattr(look, "forget", lambda: runs.append(1))
    pixels, whole = np.zeros((64, 64), np.float32), np.ones((64, 64), bool)
    other = pixels.copy()
    for picture, count in ((pixels, 1), (pixels, 1), (other, 2), (pixels, 2), (other, 2), (pixels.copy(), 3)):
        look.first_look(picture, whole, load_reader())
        assert len(runs) == count
    first = look.first_look(pixels, whole, load_reader())
    assert look.first_look(pixels, whole, load_reader()) is first
    part = whole.copy()
    part[:9] = False
    parts = [look.first_look(pixels, part, load_reader()) for _ in range(2)]
    assert parts[0] is parts[1] is not first and look.first_look(pixels, whole, load_reader()) is first


def test_looks_are_kept_of_as_many_pictures_as_a_case_has_views(monkeypatch):
    monkeypatch.setattr(look, "read", lambda *_, **__: SimpleNamespace(facts={"femur": 0.5}, turns=0))
    monkeypatch.setattr(look, "upright", lambda *_: 0)
    monkeypatch.setattr(look, "_in_parts", lambda pixels, reading, *_: reading)
    whole, network = np.ones((64, 64), bool), load_reader()
    part = whole & (np.arange(64) > 8)
    pictures = [np.zeros((64, 64), np.float32) for _ in range(9)]

    def looks(some):
        return [look.first_look(each, region, network) for each in some for region in (whole, part)]

    kept = looks(pictures)
    assert all(one is other for one, other in zip(looks(pictures[1:]), kept[2:], strict=True))
    assert look.first_look(pictures[0], whole, network) is not kept[0]
