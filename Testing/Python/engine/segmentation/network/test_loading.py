"""The networks that ship: small, loaded once, and what is none of them is refused in words."""

import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation.network import loading
from XRayTo3DLib.segmentation.network.loading import SHIPPED, TRACER, load_reader, load_tracer


def test_the_shipped_networks_are_small_and_load_once():
    assert SHIPPED.stat().st_size + TRACER.stat().st_size < 12e6
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
