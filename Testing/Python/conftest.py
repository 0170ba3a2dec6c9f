"""What all tests share: one thread for each worker, and the folder of real data."""

import os
from pathlib import Path

import hypothesis
import pytest

# Before the libraries that read them are loaded: tests run on all cores, and threads of each would fight.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ.setdefault(name, "1")

# How long one example takes is the machine's, which may be busy: no property has to hold within a fifth of a second.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# Begun first, so that none of them is left to one worker when the others have no more to do.
LONGEST = (
    "panel/test_panel.py",
    "engine/segmentation/test_find.py",
    "engine/methods/test_shape.py",
    "engine/pipeline/test_run.py",
    "engine/test_real_data.py",
    "engine/commands/test_main.py",
    "engine/shape/test_fit.py",
    "engine/train/test_reader.py",
    "engine/simulate/bones/test_fit.py",
    "engine/train/test_models.py",
    "engine/segmentation/test_femur.py",
    "panel/test_shape_panel.py",
    "mrml/test_shape.py",
    "engine/shape/test_train.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    place = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real X-rays beside the project; tests that want it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder
