"""A line parts a drawn shaft into fragments, whose broken edges are known; what parts nothing is refused."""

import numpy as np
import pytest

from XRayTo3DLib import ReconstructionError, Settings, radiograph_from_array, segment
from XRayTo3DLib.geometry.outline import BORDER, EDGE
from XRayTo3DLib.segmentation import broken_outlines, check_fracture_line, split_along

SHAPE = (300, 160)


def bone_of(mask):
    picture = radiograph_from_array(0.3 + 0.4 * mask, bone="bright", pixel_size_mm=0.5, pixel_size_source="the test")
    return segment(picture, Settings(mask=mask, segmentation="clusters")).bone


def shaft(draw, gap=0):
    """A shaft of 40 columns in the middle, from row 20 to 280, apart by some rows in the middle."""
    rows = np.arange(SHAPE[0])[:, None]
    return (draw.strip(SHAPE, 20) > 0) & (rows > 20) & (rows < 280) & (np.abs(rows - 150) >= gap / 2)


@pytest.mark.parametrize("slope", [0.0, 0.8])
@pytest.mark.parametrize("reach", [19.0, 30.0])
def test_fragments_lie_above_and_below(draw, slope, reach):
    bone = bone_of(shaft(draw))
    middle = (SHAPE[1] - 1) / 2
    line = (middle - reach, 150 - slope * reach, middle + reach, 150 + slope * reach)
    found = split_along(bone, [line])
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    level = y - 150 - slope * (x - middle)
    assert found.broken and found.breaks[0].line == line
    assert np.array_equal(found.masks[0] | found.masks[1], bone.mask) and not (found.masks[0] & found.masks[1]).any()
    assert (level[found.masks[0]] < 4).all() and (level[found.masks[1]] > -4).all()


@pytest.mark.parametrize(("slope", "gap"), [(0.0, 0), (0.8, 0), (0.0, 12)])
def test_only_the_broken_edge_is_a_border(draw, slope, gap):
    bone = bone_of(shaft(draw, gap))
    middle = (SHAPE[1] - 1) / 2
    line = (middle - 21, 150 - 21 * slope, middle + 21, 150 + 21 * slope)
    for (outline, above, below), sign in zip(broken_outlines(bone, split_along(bone, [line])), (-1, 1), strict=True):
        assert (above is None) == (sign < 0) and (below is None) == (sign > 0)
        ends = below if above is None else above
        away = sign * (outline.points[:, 1] - 150 - slope * (outline.points[:, 0] - middle))
        inside = np.abs(outline.points[:, 0] - middle) < 15
        assert (outline.flags[(away < gap / 2 + 3) & inside] == BORDER).all()
        assert (outline.flags[away > gap / 2 + 8] == EDGE).all()
        assert ends[0, 0] < middle - 16 and ends[1, 0] > middle + 16  # the same side first
        expected = 150 + slope * (ends[:, 0] - middle) + sign * gap / 2
        assert np.abs(ends[:, 1] - expected).max() < 2


def test_fragments_that_are_shifted_end_at_their_own_corners(draw):
    """The lower one by 10 columns; the line runs from corner to corner of both."""
    rows, middle = np.arange(SHAPE[0])[:, None], (SHAPE[1] - 1) / 2
    upper = (draw.strip(SHAPE, 20) > 0) & (rows > 20) & (rows < 148)
    lower = (draw.strip(SHAPE, 20, centre=(middle + 10, 150)) > 0) & (rows >= 152) & (rows < 280)
    between = (np.abs(np.arange(SHAPE[1]) - middle - 5) < 14) & (rows > 140) & (rows < 160)  # shadows that touch
    bone = bone_of(upper | lower | between)
    line = (middle - 20, 148, middle + 30, 152)
    (_, _, below), (_, above, _) = broken_outlines(bone, split_along(bone, [line]))
    for ends, shift, level in ((below, 0, 147.5), (above, 10, 151.5)):
        assert np.abs(ends[:, 0] - middle - shift - [-20, 20]).max() < 1.5
        assert np.abs(ends[:, 1] - level).max() < 4


@pytest.mark.parametrize("gap", [0, 12])
@pytest.mark.parametrize("turned", [1, -1])
def test_lines_part_a_shaft_in_pieces_with_a_broken_edge_for_each_break(draw, gap, turned):
    """In whichever order they are drawn; a piece between two has one at both ends, and its sides are its own."""
    rows, levels = np.arange(SHAPE[0])[:, None], (90.0, 150.0, 220.0)
    apart = np.all([np.abs(rows - level) >= gap / 2 for level in levels], axis=0)
    bone = bone_of((draw.strip(SHAPE, 20) > 0) & (rows > 20) & (rows < 280) & apart)
    middle = (SHAPE[1] - 1) / 2
    found = split_along(bone, [(middle - 24, level, middle + 24, level) for level in levels][::turned])
    assert len(found.masks) == 4 and [each.line[1] for each in found.breaks] == list(levels)
    assert np.array_equal(np.any(found.masks, axis=0), bone.mask) and np.sum(found.masks, axis=0).max() == 1
    pieces = broken_outlines(bone, found)
    for (outline, above, below), top, bottom in zip(pieces, (None, *levels), (*levels, None), strict=True):
        row, inside = outline.points[:, 1], np.abs(outline.points[:, 0] - middle) < 15
        broken = np.zeros(len(row), bool)
        for ends, level, sign in ((above, top, 1), (below, bottom, -1)):
            assert (ends is None) == (level is None)
            if ends is not None:
                assert ends[0, 0] < middle - 16 and ends[1, 0] > middle + 16
                assert np.abs(ends[:, 1] - level - sign * gap / 2).max() < 2
                broken |= np.abs(row - level) < gap / 2 + 8
                assert (outline.flags[(np.abs(row - level) < gap / 2 + 3) & inside] == BORDER).all()
        assert (outline.flags[~broken] == EDGE).all()


def test_what_does_not_part_the_bone(draw):
    bone = bone_of(shaft(draw))
    with pytest.raises(ReconstructionError, match="does not part the bone"):
        split_along(bone, [(70, 150, 80, 150)])
    with pytest.raises(ReconstructionError, match="does not part the bone"):
        split_along(bone, [(40, 25, 120, 25)])  # a fragment of a few rows is none
    with pytest.raises(ReconstructionError, match="2 lines do not part the bone in 3 pieces"):
        split_along(bone, [(40, 100, 120, 100), (40, 102, 120, 102)])


@pytest.mark.parametrize("line", [(1, 2, 3), (1, 2, 1, 2), (1, 2, np.nan, 4)])
def test_what_is_no_line(line):
    with pytest.raises(ReconstructionError, match="two different points"):
        check_fracture_line(line)
