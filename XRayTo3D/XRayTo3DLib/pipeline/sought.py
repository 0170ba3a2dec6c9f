"""Bones that no look at all of a picture shows, sought where the bones that were fitted tell that they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..case import Case, Finding, Segmentation, segment_near
from ..methods import Fitted, usual_place
from ..segmentation import with_room
from ..shape import built_in
from .others import OtherBone

SOUGHT = {"patella": ("femur", "tibia"), "fibula": ("tibia", "femur")}  # small bones, and which one tells best
_LEAST = 0.2  # of a bone's points, that must lie in a picture


def sought(
    name: str, case: Case, finding: Finding, main: Sequence[Segmentation], fitted: Sequence[Fitted]
) -> OtherBone | None:
    """Look for a small bone of the main bone's leg where those that were fitted tell that it is.

    A patella is seldom seen by a look at all of a picture, and a fibula beside its tibia as seldom; but the joint holds
    them within a centimetre or two.

    Parameters
    ----------
    name : str
        One of `SOUGHT`.
    case : Case
    finding : Finding
    main : sequence of Segmentation
        The main bone in each view of the case.
    fitted : sequence of Fitted
        The main bone, which stands in all these views, and others of its leg.

    Returns
    -------
    OtherBone or None
        None where no bone tells its place, the first view does not reach there, or it is not seen there.

    Raises
    ------
    ReconstructionError
        If a network cannot be loaded.
    """
    by_name = {each.fit.model.bone: each for each in reversed(fitted)}
    tells = next((by_name[bone].in_mm for bone in SOUGHT[name] if bone in by_name), None)
    if tells is None:
        return None
    points = usual_place(built_in(name).of_side(tells.model.side), tells)
    if points is None:
        return None
    seen = []
    for view, of, stands in zip(case.views, main, fitted[0].in_mm.views, strict=True):
        pixels, limits = stands.camera.project(points)[0], np.array(of.region.shape[::-1]) - 1.0
        inside = ((pixels >= 0) & (pixels <= limits)).all(axis=1)
        there = None
        if inside.mean() >= _LEAST:
            box = with_room(pixels[inside].min(axis=0), pixels[inside].max(axis=0))
            there = segment_near(view, finding, of, name, box)
        if there is None and not seen:  # the first view decides where surfaces stand
            return None
        if there is not None:
            seen.append(there)
    return OtherBone(name, True, tuple(seen))
