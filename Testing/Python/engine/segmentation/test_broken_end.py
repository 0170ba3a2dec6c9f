"""Where a shaft that was cut across ends, of fragments that touch or lie beside each other."""

import numpy as np
import pytest

from XRayTo3DLib.geometry.outline import outlines, smooth_field
from XRayTo3DLib.segmentation.broken_end import broken_end

SHAPE, MIDDLE = (300, 200), 99.5
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


def outline_of(mask):
    (longest, *_) = outlines(smooth_field(mask), np.eye(2, 3), np.zeros(SHAPE, bool))
    return longest.points


@pytest.mark.parametrize("slope", [0.0, 0.6, -1.2])
@pytest.mark.parametrize("upper", [True, False])
def test_of_fragments_that_touch_the_seam_is_the_end(slope, upper):
    """A shaft of 40 columns, cut along a line; none of the seam lies on the whole bone's outline."""
    level = Y - 150 - slope * (X - MIDDLE)
    mask = (np.abs(X - MIDDLE) < 20) & (Y > 10) & (Y < 290) & ((level < 0) == upper)
    points = outline_of(mask)
    off = np.abs(points[:, 1] - 150 - slope * (points[:, 0] - MIDDLE)) / np.hypot(1, slope)
    line = np.array([[MIDDLE - 20, 150 - 20 * slope], [MIDDLE + 20, 150 + 20 * slope]])
    found = broken_end(points, off > 2, mask, line)
    assert found[(off < 1.5) & (np.abs(points[:, 0] - MIDDLE) < 15)].all()
    assert not found[off > 6].any()


def test_of_fragments_beside_each_other_the_seam_is_no_end():
    """The upper one ends at row 180, the lower one begins at row 120; between them the seam runs along both."""
    upper, lower = (X > 100) & (X < 140) & (Y > 10) & (Y < 180), (X > 60) & (X <= 100) & (Y > 120) & (Y < 290)
    seam = np.array([[100.0, 120.0], [100.0, 180.0]])
    for mask, row in ((upper, 179.5), (lower, 120.5)):
        points = outline_of(mask)
        on_seam = (np.abs(points[:, 0] - 100.5) < 2) & (points[:, 1] > 121) & (points[:, 1] < 179)
        found = broken_end(points, ~on_seam, mask, seam)
        off = np.abs(points[:, 1] - row)
        assert found[off < 0.5].mean() > 0.95 and not found[off > 6].any()
