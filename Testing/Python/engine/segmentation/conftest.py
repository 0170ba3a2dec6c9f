"""Radiographs with a femur and without any leg, and what is found in them: for all who ask what that is."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import find_bone
from XRayTo3DLib.segmentation.network import loading
from XRayTo3DLib.simulate.scenes.others import other
from XRayTo3DLib.simulate.scenes.scenes import scene

# Radiographs of every part with one femur and no metal, of which a good part is seen; a tibia in three of them.
ONE_FEMUR = (5000, 5001, 5002, 5005, 5006, 5008, 5014, 5022)
NO_LEG = range(900, 905)


def _bright(drawn):
    """A scene's picture, bone bright."""
    return 1 - drawn.image if drawn.dark_bone else drawn.image


def _found_in(pixels, *way):
    """The bone that is found in all of a picture, or why there is none."""
    try:
        return find_bone(pixels, np.ones(pixels.shape, bool), *way)
    except ReconstructionError as error:
        return error


@pytest.fixture(scope="session")
def pixels_of():
    """Function that gives a scene's picture, bone bright."""
    return _bright


@pytest.fixture(scope="session")
def scenes(limbs):
    """`ONE_FEMUR`, drawn."""
    drawn = [scene(limbs, seed, 256) for seed in ONE_FEMUR]
    assert all(s.masks["femur"].mean() > 0.06 and "other_femur" not in s.masks and not s.metal for s in drawn)
    return drawn


@pytest.fixture(scope="session")
def found(made_once, scenes):
    """What is found in them without help, and by the network, which is asked little then that it was not before."""
    pictures = [_bright(each) for each in scenes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "_REMEMBERED", 100)
        return made_once("found", lambda: [(_found_in(each), _found_in(each, "network")) for each in pictures])


@pytest.fixture(scope="session")
def found_elsewhere(made_once):
    """What is found without help where there is no bone of a leg, or why there is none."""
    others = [each for each in (other(seed, 256) for seed in NO_LEG) if not each.masks]
    return made_once("found elsewhere", lambda: [_found_in(each.image) for each in others])
