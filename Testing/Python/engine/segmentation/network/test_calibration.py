"""A calibration file is weights and a bias that are finite numbers, or is refused in words."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation.network.calibration import probability, score


def test_a_score_is_the_regression_s(tmp_path):
    (tmp_path / "reader.json").write_text('{"femur": {"weights": {"a": 2, "b": -1}, "bias": 0.5}}')
    values = np.array([3.0, 4.0])
    assert score("femur", ("a", "b"), values, tmp_path / "reader.onnx") == 2 * 3 - 4 + 0.5
    assert probability("femur", ("b", "a"), values, tmp_path / "reader.onnx") == pytest.approx(1 / (1 + np.exp(-5.5)))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[]",
        '{"femur": {"weights": {"a": [1, 2]}, "bias": 0}}',
        '{"femur": {"weights": {"a": 1}, "bias": 1' + "0" * 400 + "}}",
        '{"femur": {"weights": {"a": NaN}, "bias": 0}}',
    ],
    ids=["deep", "list", "two weights", "huge", "nan"],
)
def test_damaged_calibrations_are_refused_in_words(tmp_path, text):
    (tmp_path / "reader.json").write_text(text)
    with pytest.raises(ReconstructionError, match=r"reader\.json is missing, damaged or of another layout"):
        score("femur", ("a",), np.zeros(1), tmp_path / "reader.onnx")
