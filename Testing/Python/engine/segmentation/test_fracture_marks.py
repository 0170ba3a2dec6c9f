"""What a user says of a fracture parts the bone, whatever the network calls likely; what cannot be is refused."""

import numpy as np
import pytest

from XRayTo3DLib import ReconstructionError
from XRayTo3DLib.segmentation import Bone, FractureMarks, check_fracture_marks, fragments, fragments_as_marked
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, LANDMARKS, MASKS
from XRayTo3DLib.segmentation.network.reader import Reading

from .test_parting import BONE, COLUMNS, ROWS, SHAPE, about, seen

HALF = SHAPE[0] // 2, SHAPE[1] // 2
NOTHING = np.zeros(SHAPE, np.float32)
# Surely broken at row 24 by what the network says, and perhaps at row 64.
SAID = seen(ROWS < 24, ROWS >= 24, about(24, 2))
SAID.logits[3] += np.where(about(64, 2), 1.5, 0.0)
# Surely broken at both, of which it says that between them there is a lower end above, and an upper end below.
TWICE = seen(
    (ROWS < 24) | ((ROWS >= 44) & (ROWS < 64)), ((ROWS >= 24) & (ROWS < 44)) | (ROWS >= 64), about(24, 2) | about(64, 2)
)
WHOLE = seen(ROWS < 200, ROWS >= 200, ROWS < 0)


@pytest.fixture
def parted(monkeypatch):
    """Fragments of a bone of which the network says so much, as it is marked."""

    def of(said=SAID, name="femur", bone=BONE, **marks):
        monkeypatch.setattr(fragments, "look_for_break", lambda *_: said)
        logits = np.full((len(MASKS), *SHAPE), -6, np.float32)
        heat, heights = (np.zeros((len(each), *HALF), np.float32) for each in (LANDMARKS, BONES))
        facts = dict.fromkeys(FACTS, 0.5)
        reading = Reading(said.window, logits, heat, heights, facts, NOTHING, np.ones(SHAPE, bool))
        found = Bone(bone, "network", "", name, first=reading, second=reading)
        return fragments_as_marked(NOTHING, found, FractureMarks(**marks))

    return of


@pytest.mark.parametrize(
    "marks",
    [
        {"box": (10, 50, 55, 80)},
        {"polygon": [(10, 55), (55, 50), (55, 78), (10, 75)]},
        {"pieces": [(30, 40), (32, 80)]},
        {"pieces": [(32, 80), (30, 40)]},
        {"box": (10, 50, 55, 80), "pieces": [(30, 12), (32, 86)]},
    ],
)
def test_the_bone_is_parted_where_it_is_marked_though_the_network_sees_another_break(parted, marks):
    two = parted(**marks)
    assert two.marked and two.broken and not two.breaks[0].drawn and two.probability == 1
    assert np.array_equal(two.masks[0] | two.masks[1], BONE)
    assert (ROWS[two.masks[0]] <= 67).all() and (ROWS[two.masks[1]] >= 61).all()
    assert np.abs(np.array(two.breaks[0].line[1::2]) - 64).max() < 4


def test_what_agrees_with_the_network_is_what_it_sees(parted):
    two = parted(pieces=[(32, 12), (32, 60)])
    assert np.array_equal(two.masks[0], BONE & (ROWS < 24)) and np.array_equal(two.masks[1], BONE & (ROWS >= 24))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("gap", [0, 3])
def test_a_click_on_each_of_three_pieces_parts_the_bone_at_both_breaks(parted, order, gap):
    """In whichever order, and of pieces that touch as of such that lie apart, where the largest are no neighbours."""
    bone = BONE & (np.abs(ROWS - 24) >= gap) & (np.abs(ROWS - 64) >= gap)
    clicks = [(30, 14), (32, 40), (30, 80)]
    three = parted(TWICE, bone=bone, pieces=[clicks[number] for number in order])
    assert three.marked and len(three.masks) == 3 and np.array_equal(np.any(three.masks, axis=0), bone | BONE)
    for mask, low, high in zip(three.masks, (0, 24, 64), (24, 64, 96), strict=True):
        assert np.array_equal(mask & bone, bone & np.isin(ROWS, range(low, high)))
    rows = [np.mean(each.line[1::2]) for each in three.breaks]
    assert rows == pytest.approx([24, 64], abs=1.5)
    told = three.as_json()
    assert told["breaks"][0] == {name: told[name] for name in ("height", "line", "slope_deg")}
    assert [each["height"] for each in told["breaks"]] == pytest.approx([1 - 24 / 96, 1 - 64 / 96], abs=0.06)
    assert " and " in three.words


def test_of_pieces_that_lie_apart_the_line_runs_through_the_gap(parted):
    """Of the lower break the network sees no more than a corner, beside the bone."""
    bone = BONE & (np.abs(ROWS - 64) >= 4)
    corner = (ROWS == 60) & (COLUMNS >= 42)
    said = seen(ROWS < 24, ROWS >= 24, about(24, 2) | corner, mask=bone)
    three = parted(said, bone=bone, pieces=[(30, 14), (32, 40), (30, 80)])
    for mask, low, high in zip(three.masks, (0, 24, 64), (24, 64, 96), strict=True):
        assert np.array_equal(mask & bone, bone & np.isin(ROWS, range(low, high)))
    x0, y0, x1, y1 = three.breaks[1].line
    assert (y0, y1) == pytest.approx((64, 64), abs=1.5) and min(x0, x1) < 22 and max(x0, x1) > 41


def test_three_lines_part_it_in_four(parted):
    lines = [(15, row, 50, row) for row in (68, 28, 48)]
    four = parted(line=lines, pieces=[(30, 60), (30, 20), (30, 80), (30, 40)])
    assert [mask[:, 30].argmax() for mask in four.masks] == pytest.approx([8, 28, 48, 68], abs=2)
    assert [each.line[1] for each in four.breaks] == [28, 48, 68] and all(each.drawn for each in four.breaks)


def test_where_the_network_sees_nothing_at_all_the_box_parts_the_bone(parted):
    two = parted(WHOLE, box=(10, 40, 55, 60))
    assert two.masks[0][:38][BONE[:38]].all() and two.masks[1][63:][BONE[63:]].all()
    assert np.array_equal(two.masks[0] | two.masks[1], BONE)


def test_a_line_parts_it_as_it_runs(parted):
    two = parted(line=(15, 50, 50, 50), box=(10, 40, 55, 60), pieces=[(30, 45), (30, 60)])
    assert two.breaks[0].drawn and two.marked and np.abs(ROWS[two.masks[0]].max() - 50) < 3


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ({"pieces": [(30, 12), (30, 99)]}, "at 30 99 lies outside the picture"),
        ({"pieces": [(30, 12), (5, 60)]}, "at 5 60 is not on the bone"),
        ({"box": (1, 1, 9, 9)}, "nothing of the bone"),
        ({"box": (100, 100, 120, 120)}, "no pixel of the picture"),
        ({"box": (0, 0, 63, 95)}, "leave some of the bone outside"),
        ({"box": (10, 50, 55, 80), "pieces": [(30, 12), (30, 20)]}, "on both sides of the fracture"),
        ({"line": (15, 30, 50, 30), "pieces": [(30, 60), (30, 70)]}, "on one side of the line"),
        ({"line": (15, 30, 50, 30), "box": (10, 50, 55, 80)}, "does not run through the region"),
        ({"line": (15, 30, 30, 30)}, "does not part the bone"),
        ({"pieces": [(30, 12), (30, 18), (30, 80)]}, "cannot be parted in three"),
        ({"line": [(15, 30, 50, 30), (15, 50, 50, 50)], "pieces": [(30, 20), (30, 60), (30, 70)]}, "of the lines"),
    ],
)
def test_marks_that_cannot_be_are_refused_in_words(parted, marks, words):
    with pytest.raises(ReconstructionError, match=words):
        parted(**({"said": WHOLE} if "leave" in words else {}), **marks)


def test_of_a_bone_whose_breaks_no_network_knows_a_line_is_asked_for(parted):
    with pytest.raises(ReconstructionError, match="draw a line along the fracture"):
        parted(name="patella", pieces=[(30, 12), (30, 60)])


def test_lines_and_clicks_that_do_not_agree():
    lines, clicks = [(1, 2, 30, 4), (1, 20, 30, 24)], [(3, 1), (3, 30)]
    with pytest.raises(ReconstructionError, match="one piece more than there are"):
        check_fracture_marks(FractureMarks(line=lines, pieces=clicks))
    with pytest.raises(ReconstructionError, match="in 4 pieces at most"):
        check_fracture_marks(FractureMarks(line=2 * lines))
    with pytest.raises(ReconstructionError, match="two different points"):
        check_fracture_marks(FractureMarks(line=[lines[0], (3, 4, 3, 4)]))
    check_fracture_marks(FractureMarks(line=lines))


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([], "of the fracture: 0,"),
        ([(1, 2)], "of the fracture: 1,"),
        ([(1, 2), (30, 40), (50, 60), (50, 70), (50, 80)], "of the fracture: 5, but a bone is made in 2 to 4"),
        ([(1, 2), (1.5, 2)], "at one place"),
        ([(1, 2), (np.nan, 2)], "needs a column and a row"),
        ([(1, 2), (3, 4, 5)], "needs a column and a row"),
    ],
)
def test_clicks_that_mean_nothing(pieces, words):
    with pytest.raises(ReconstructionError, match=words):
        check_fracture_marks(FractureMarks(pieces=pieces))
