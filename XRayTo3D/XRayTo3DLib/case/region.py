"""Where a bone is looked for in a radiograph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import segmentation
from ..errors import ReconstructionError
from ..radiograph import Radiograph
from .case import View
from .settings import Marking


def find_region(radiograph: Radiograph, marking: Marking) -> np.ndarray:
    """Pixels to look at: inside box, polygon and mask, as far as given.

    Returns
    -------
    (rows, columns) bool array

    Raises
    ------
    ReconstructionError
        If nothing of the picture is left.
    """
    shape = radiograph.pixels.shape
    region = segmentation.region_of(shape, marking.roi, marking.polygon)
    if marking.mask is not None:
        region &= segmentation.mask_region(shape, marking.mask)
    if not region.any():
        raise ReconstructionError("Box, polygon and mask share no pixel of the picture.")
    return region


def looked_at(view: View) -> np.ndarray:
    """The region without the mask: what is beyond it was not looked at, what is beyond a mask is no bone."""
    return find_region(view.radiograph, replace(view.marking, mask=None))
