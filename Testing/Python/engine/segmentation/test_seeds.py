"""Clicks: they move with the picture, and are refused in words where they cannot be meant."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation.seeds import Seeds, check_seeds

REGION = np.zeros((100, 80), bool)
REGION[10:90, 20:60] = True


def test_they_move_with_the_picture():
    half = np.array([[0.5, 0, 1], [0, 0.5, -2]])
    moved = Seeds([(10, 20)], [(0, 4), (2, 2)]).moved(half)
    assert moved.include == [(6, 8)] and moved.exclude == [(1, 0), (2, -1)]
    assert moved and not Seeds()


def test_good_ones_pass():
    check_seeds(Seeds([(20, 10), (59, 89)], [(0, 0), (79, 99), (21, 12)]), REGION)


@pytest.mark.parametrize(
    ("seeds", "words"),
    {
        "right of the picture": (Seeds([(80, 50)]), "The click on the bone at 80 50 lies outside the picture"),
        "above it": (Seeds((), [(5, -1)]), "The click beside the bone at 5 -1 lies outside the picture"),
        "outside the region": (Seeds([(5, 50)]), "The click on the bone .* outside the marked region"),
        "no number": (Seeds([(np.nan, 5)]), "A click on the bone needs a column and a row"),
        "three numbers": (Seeds((), [(1, 2, 3)]), "A click beside the bone needs a column and a row"),
        "both at one place": (Seeds([(30, 50)], [(30.4, 50.2)]), "One click at 30 50 .* take one of them away"),
    }.values(),
)
def test_others_are_refused(seeds, words):
    with pytest.raises(ReconstructionError, match=words):
        check_seeds(seeds, REGION)
