"""A bone parted at a break: two fragments that hang together, whatever else the network says of them."""

import numpy as np
import pytest

from XRayTo3DLib.segmentation.network.breaks import Break
from XRayTo3DLib.segmentation.network.window import Window
from XRayTo3DLib.segmentation.parting import in_picture, parted

SHAPE = (96, 64)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]
BONE = (ROWS >= 8) & (ROWS < 88) & (COLUMNS >= 20) & (COLUMNS < 44)


def seen(upper, lower, place, mask=BONE, scale=1.0):
    """What the network says of a bone that stands upright, in a window of that scale."""
    logits = [np.where(mask, 6, -6), *(np.where(each, 4, -4) for each in (upper, lower, place))]
    heights = np.broadcast_to(1 - np.arange(SHAPE[0] // 2)[:, None] / (SHAPE[0] // 2), (SHAPE[0] // 2, SHAPE[1] // 2))
    window = Window(np.array([[scale, 0, 0], [0, scale, 0]]), SHAPE)
    return Break(window, np.stack(logits).astype(np.float32), heights.astype(np.float32), 3.0)


def about(row, reach=3):
    return np.abs(ROWS - row) <= reach


def test_what_is_of_neither_is_of_the_likelier_one():
    said = seen(ROWS < 36, ROWS >= 50, about(43, 8))
    said.logits[1] += np.where(ROWS < 42, 1.0, 0.0)  # hardly less than nothing
    upper, lower = parted(said, BONE).within(BONE)
    assert np.array_equal(upper | lower, BONE) and not (upper & lower).any()
    assert np.array_equal(upper, BONE & (ROWS < 42))


def test_of_two_breaks_the_surer_one_parts_the_bone_and_beyond_it_all_is_of_one_fragment():
    """Between them the network takes the bone for a lower end above and for an upper end below."""
    false, true = about(24, 1), about(64, 4)
    said = seen((ROWS < 24) | ((ROWS >= 44) & (ROWS < 64)), ((ROWS >= 24) & (ROWS < 44)) | (ROWS >= 64), false | true)
    found = parted(said, BONE)
    upper, lower = found.within(BONE)
    assert np.array_equal(found.place, BONE & true)
    assert np.array_equal(upper, BONE & (ROWS < 64)) and np.array_equal(lower, BONE & (ROWS >= 64))


def test_a_place_at_the_bones_end_parts_nothing():
    """However much is seen there: the weaker place further on is the break."""
    said = seen(ROWS < 50, ROWS >= 50, (ROWS < 14) | about(50))
    said.logits[3] += np.where(ROWS < 14, 3.0, 0.0)
    assert (parted(said, BONE).within(BONE)[0] == (BONE & (ROWS < 50))).all()
    assert parted(seen(ROWS < 50, ROWS >= 50, ROWS < 14), BONE) is None
    assert parted(seen(ROWS < 50, ROWS >= 50, ROWS < 0), BONE) is None


@pytest.mark.parametrize("head_up", [True, False])
def test_the_upper_one_is_that_which_is_higher_on_the_bone(head_up):
    said = seen(ROWS < 50, ROWS >= 50, about(50))
    if not head_up:
        said = Break(said.window, said.logits[[0, 2, 1, 3]], said.heights[::-1], said.broken)
    above = BONE & (ROWS < 50)
    assert np.array_equal(parted(said, BONE).within(BONE)[0 if head_up else 1], above)


def test_a_bit_of_one_fragment_within_the_other_is_of_that():
    bit = (np.abs(COLUMNS - 32) < 3) & about(38, 1)
    said = seen((ROWS < 44) & ~bit, (ROWS >= 44) | bit, about(44, 9))
    assert np.array_equal(parted(said, BONE).within(BONE)[0], BONE & (ROWS < 44))


def test_in_the_picture_fragments_overlap_and_reach_beyond_the_bone_near_the_break_alone():
    """The lower fragment lies beside the upper one, and its end was left out of the bone."""
    mask = BONE | ((COLUMNS >= 44) & (COLUMNS < 52) & (ROWS >= 36) & (ROWS < 88))
    both = (ROWS >= 36) & (ROWS < 48)
    said = seen((ROWS < 48) & (COLUMNS < 44), ROWS >= 36, both, mask, scale=0.5)
    large = np.kron(mask & ~((COLUMNS >= 44) & (ROWS < 42)) & ~((COLUMNS >= 44) & (ROWS > 70)), np.ones((2, 2))) > 0
    upper, lower = in_picture([parted(said, said.window.cut_mask(large))], large)
    _rows, columns = np.mgrid[: 2 * SHAPE[0], : 2 * SHAPE[1]]
    inner = (columns >= 44) & (columns < 84)
    assert (upper & lower)[76:92, 44:84].all() and not (upper & lower)[:68].any() and not (upper & lower)[104:].any()
    assert np.array_equal((upper | lower)[inner], large[inner])
    assert lower[76:84, 90:100].all() and not large[76:84, 90:100].any()  # the end that was left out
    assert not (lower & ~large)[144:].any()  # far from the break the bone is as it was found
