"""What the breaks network sees comes to fragments, the line between them, and numbers that tell a break."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.segmentation import Bone, fragments
from XRayTo3DLib.segmentation.fragments import discriminant, features, fragments_of, line_between, probability_broken
from XRayTo3DLib.segmentation.network.breaks import Break
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, LANDMARKS, MASKS
from XRayTo3DLib.segmentation.network.reader import Reading
from XRayTo3DLib.segmentation.network.window import Window

SHAPE = (96, 64)
MASK = np.zeros(SHAPE, bool)
MASK[8:88, 20:44] = True
ROWS = np.arange(SHAPE[0])[:, None] + np.zeros(SHAPE)


def seen(upper, lower, place, fact=3.0):
    """A femur of 80 rows, of whose rows the network says so much of each."""
    logits = np.stack([np.where(MASK, 6, -6), *(np.where(each, 4, -4) for each in (upper, lower, place & MASK))])
    half = (SHAPE[0] // 2, SHAPE[1] // 2)
    heights = np.broadcast_to(1 - np.arange(half[0])[:, None] / half[0], half).astype(np.float32)
    return Break(Window(np.eye(2, 3), SHAPE), logits.astype(np.float32), heights, fact)


def broken_at(row, slope=0.0):
    """A break that rises from the left by so many rows a column."""
    over = ROWS + slope * (np.arange(SHAPE[1]) - 31.5) - row
    return seen(over < 0, over >= 0, np.abs(over) <= 3)


def bone(name="femur"):
    logits = np.full((len(MASKS), *SHAPE), -6, np.float32)
    half = (SHAPE[0] // 2, SHAPE[1] // 2)
    heat, heights = (np.zeros((len(each), *half), np.float32) for each in (LANDMARKS, BONES))
    facts, window = dict.fromkeys(FACTS, 0.5), Window(np.eye(2, 3), SHAPE)
    reading = Reading(window, logits, heat, heights, facts, np.zeros(SHAPE, np.float32), np.ones(SHAPE, bool))
    return Bone(MASK, "network", "", name, first=reading, second=reading)


@pytest.fixture
def found(monkeypatch):
    """Fragments of a bone of which the network says so much, and the check believes so much."""

    def of(said, likely=0.9, name="femur"):
        monkeypatch.setattr(fragments, "look_for_break", lambda *_: said)
        monkeypatch.setattr(fragments, "probability", lambda *_: likely)
        return fragments_of(np.zeros(SHAPE, np.float32), bone(name))

    return of


def test_fragments_are_the_bone_on_both_sides_of_the_break(found):
    two = found(broken_at(40))
    assert two.broken and not two.breaks[0].drawn
    assert np.array_equal(two.masks[0], MASK & (ROWS < 40)) and np.array_equal(two.masks[1], MASK & (ROWS >= 40))
    assert two.breaks[0].height == pytest.approx(1 - 40 / 96, abs=0.06)


@pytest.mark.parametrize("slope", [0.0, 0.5, -1.0])
def test_the_line_runs_along_the_break(found, slope):
    two = found(broken_at(44, slope))
    x0, y0, x1, y1 = two.breaks[0].line
    assert two.breaks[0].slope_deg == pytest.approx(np.degrees(np.arctan(abs(slope))), abs=6)
    assert two.words.startswith("transversely" if abs(slope) < 0.58 else "obliquely")
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-slope, abs=0.12)
    assert (y0 + y1) / 2 + slope * ((x0 + x1) / 2 - 31.5) == pytest.approx(44, abs=1.5)
    assert min(x0, x1) < 22 and max(x0, x1) > 41


def test_fragments_may_lie_over_each_other(found):
    both = (ROWS >= 36) & (ROWS < 50)
    two = found(seen(ROWS < 50, ROWS >= 36, both))
    assert np.array_equal(two.masks[0] & two.masks[1], MASK & both)


def test_of_a_bone_that_is_hardly_broken_no_break_is_told(found):
    whole = found(broken_at(40), likely=0.3)
    assert not whole.broken and whole.as_json() == dict.fromkeys(("height", "line", "slope_deg")) | {"probability": 0.3}


@pytest.mark.parametrize(
    ("views", "together"),
    [((0.6,), 0.6), ((0.2, 0.2), 0.2), ((0.2, 0.2, 0.7), 0.7), ((0.5, 0.5), 0.8), ((0.6, 0.1), 0.4), ((0.9, 0.2), 0.9)],
)
def test_what_views_say_of_a_break_is_weighed_together(found, views, together):
    """A view that finds a break as probable as it is anyway says nothing; of two that waver it is rather one."""
    assert probability_broken([found(broken_at(40), likely) for likely in views]) == pytest.approx(together)


def test_every_view_must_show_two_fragments(found):
    sure, untold = found(broken_at(40), 0.99), found(seen(ROWS < 200, ROWS >= 200, ROWS < 4), 0.99)
    assert probability_broken([sure]) == pytest.approx(0.99)
    assert probability_broken([sure, untold]) == probability_broken([sure, None]) == 0


@pytest.mark.parametrize("upper", [ROWS < 200, ROWS < 9])
def test_a_bone_without_two_fragments_is_whole_however_sure_the_check_is(found, upper):
    whole = found(seen(upper, ~upper, np.abs(ROWS - 40) < 4))
    assert not whole.broken and not whole.breaks and len(whole.masks) == 1


def test_without_a_place_there_is_no_line():
    assert line_between(ROWS < 40, ROWS >= 40, np.zeros(SHAPE, bool)) is None


def test_each_number_grows_with_what_speaks_for_a_break():
    little, much = seen(ROWS < 10, ROWS >= 10, ROWS < 0, fact=-1.0), broken_at(40)
    assert (features(little) < features(much)).all()
    assert features(seen(ROWS < 0, ROWS < 0, ROWS < 0))[2] == pytest.approx(np.log(0.02))  # neither has any


def test_of_what_the_network_was_not_asked_nothing_is_told(found):
    assert found(broken_at(40), name="patella") is None
    assert fragments_of(np.zeros(SHAPE, np.float32), replace(bone(), second=None)) is None


def test_the_discriminant_is_scikit_learns():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    random = np.random.default_rng(0)
    sets = [random.integers(0, 60, (number, 2)) + shift for number, shift in ((40, 0), (90, 25))]
    slope, offset = discriminant(*sets)
    fit = LinearDiscriminantAnalysis().fit(np.concatenate(sets), np.repeat([0, 1], [40, 90]))
    assert np.allclose(slope, fit.coef_[0], rtol=1e-9) and offset == pytest.approx(fit.intercept_[0], rel=1e-9)


def test_the_discriminant_parts_points_on_one_line():
    points = np.arange(10)[:, None] * [1, 2]
    slope, offset = discriminant(points[:5], points[5:])
    assert np.array_equal(points @ slope + offset > 0, np.arange(10) >= 5)
