"""Morphology by distances is that of exact ones."""

import numpy as np
import pytest
from scipy import ndimage

from XRayTo3DLib.helpers.filters import distance_inside
from XRayTo3DLib.segmentation.morphology import closed_widely


@pytest.mark.parametrize("radius", [1, 5, 12])
def test_wide_closing_is_that_of_exact_distances(radius):
    """A pixel is filled if no disc of the radius that lies outside the mask covers it."""
    mask = (ndimage.gaussian_filter(np.random.default_rng(radius).standard_normal((60, 50)), 3) > 0.05).astype(np.uint8)
    padded = np.pad(mask, radius)
    grown = distance_inside(1 - padded).astype(float) ** 2 < radius**2 + 0.5
    expected = (distance_inside(grown).astype(float) ** 2 > radius**2 + 0.5)[radius:-radius, radius:-radius]
    assert np.array_equal(closed_widely(mask, radius), expected)
    assert (closed_widely(mask, radius) >= mask).all()
