"""What all tests share: one thread for each worker, what is made once for all of them, and the folder of real data."""

import hashlib
import importlib
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
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
    "engine/segmentation/test_find.py",
    "engine/methods/test_shape.py",
    "engine/test_real_data.py",
    "engine/pipeline/test_run.py",
    "engine/commands/test_main.py",
    "panel/test_panel.py",
    "engine/train/test_depth.py",
    "engine/shape/test_fit.py",
    "engine/simulate/scenes/test_scenes.py",
    "engine/batch/test_run.py",
    "engine/train/test_models.py",
    "engine/anatomy/test_femur_measures.py",
    "engine/shape/test_train.py",
    "panel/test_shape_panel.py",
    "engine/methods/test_broken.py",
    "engine/simulate/bones/test_fit.py",
    "engine/shape/test_posterior.py",
    "panel/test_further_views.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    place = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable:
    """Function that makes something that takes long, by its name: once, for the workers that want it later read it.

    Of two that want it at the same time both make it, which takes neither longer than to wait for the other.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the one that all workers have in common

    def made(name: str, make: Callable):
        path, written = folder / f"{name}.pickle", folder / f"{name}.{os.getpid()}"
        if not path.exists():
            written.write_bytes(pickle.dumps(make()))
            written.replace(path)  # whole, or not there
        return pickle.loads(path.read_bytes())

    return made


@pytest.fixture(scope="session")
def remembered() -> Callable:
    """Function that makes another one that does not do again what it did for the very same arguments.

    Whom it tells how far it is counts for nothing: of what is remembered there is nothing to tell.
    """
    known = {}

    def remembering(function: Callable) -> Callable:
        def asked(*arguments, progress=None, **named):
            told = pickle.dumps((function.__name__, arguments, named))
            question = hashlib.sha256(told).digest()
            if question not in known:
                named |= {} if progress is None else {"progress": progress}
                known[question] = function(*arguments, **named)
            return known[question]

        return asked

    return remembering


@pytest.fixture(scope="session")
def answers() -> OrderedDict:
    """What networks have answered so far."""
    return OrderedDict()


@pytest.fixture(scope="module")
def seen_once(remembered, answers):
    """An engine that asks a network the same once, looks at each picture once, and fits each bone once.

    Tests of what is above it ask for the same few samples dozens of times. Pictures, marks and settings are compared to
    the last bit: only what came of the very same ones is taken again.
    """
    network = importlib.import_module("XRayTo3DLib.segmentation.network")
    names = {"segmentation.find": ["find_by_network"], "shape": ["fit_shape", "measures", "uncertainty", "next_views"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network.loading, "_answers", answers)
        patch.setattr(network.loading, "_REMEMBERED", 100)  # not of one picture alone
        patch.setattr(network.look, "forget", lambda: None)
        for place, functions in names.items():
            engine = importlib.import_module(f"XRayTo3DLib.{place}")
            for name in functions:
                patch.setattr(engine, name, remembered(getattr(engine, name)))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real X-rays beside the project; tests that want it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder
