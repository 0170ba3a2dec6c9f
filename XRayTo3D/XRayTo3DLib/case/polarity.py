"""Whether bone is bright in a view: of some films the picture's thin lines do not tell, and the reader network does."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from .. import segmentation
from ..choices import Finding
from ..radiograph import turned
from .case import View


def bone_bright(view: View, finding: Finding) -> View:
    """Change a picture's light and dark, if the reader network sees a femur in it that way alone.

    What somebody told stays, and so does a picture in which a mask or a range of grey is marked, or that the network is
    not to look at.

    Parameters
    ----------
    view : View
    finding : Finding

    Returns
    -------
    View
        The same one, unless light and dark were changed.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    picture, marking = view.radiograph, view.marking
    marked = marking.mask is not None or marking.threshold is not None
    if picture.polarity_source in ("given", "network") or marked or finding.segmentation == "clusters":
        return view
    if _sees_femur(picture.pixels, finding.reader):
        return view
    other = turned(picture, "network")
    return replace(view, radiograph=other) if _sees_femur(other.pixels, finding.reader) else view


def _sees_femur(pixels: np.ndarray, reader: str | os.PathLike | None) -> bool:
    return segmentation.femur_in(pixels, reader) > 0.5
