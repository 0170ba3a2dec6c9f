"""Callus in a picture: how dense it is, and what of it belongs to the bone's outline."""

from __future__ import annotations

import numpy as np

from ..film.looks import smooth_noise

CLOUDS = ("upper callus", "lower callus")  # of the two fragments
_DENSITY = (0.06, 0.5)  # of callus, young to old, against cortex
OUTLINE_MM = 1.5  # of cortex that callus stops as much as, to be drawn as bone
_CELLS = 40  # of its mottling, across a picture


def healed(lengths: dict, shadows: dict[str, list], bone: str, rng: np.random.Generator) -> tuple[dict, dict, dict]:
    """Make callus of what rays met of it.

    Parameters
    ----------
    lengths : dict of (str, str) to (rows, columns) array
    shadows : dict of str to list of (length, height)
        As from `shadows.lengths_in`, both with those of `CLOUDS` that are in the picture.
    bone : str
        The one that is broken.
    rng : numpy.random.Generator
        For how old and how mottled it is.

    Returns
    -------
    lengths : dict
        With ("callus", "all") in its place: mm of cortex that it stops as much as.
    outlines : dict
        The bone's, with its dense callus: what counts for masks.
    shadows : dict
        Of its fragments, likewise.
    """
    lengths, shadows = dict(lengths), dict(shadows)
    seen = [(number, name) for number, name in enumerate(CLOUDS) if name in shadows]
    length = sum(lengths.pop((name, "outer")) for _, name in seen)
    clouds = [(number, *shadows.pop(name)[0]) for number, name in seen]
    density = float(rng.uniform(*_DENSITY))
    mottled = 1 + 0.3 * np.clip(smooth_noise(rng, length.shape, _CELLS), -2, 2)
    lengths["callus", "all"] = (density * length * mottled).astype(np.float32)
    outlines = dict(lengths)
    if bone in shadows:
        parts = list(shadows[bone])
        for number, cloud, height in clouds:
            # Of a fragment beyond the picture's border no shadow is kept; its callus goes to the other.
            own, at = parts[min(number, len(parts) - 1)]
            dense = np.where(density * cloud > OUTLINE_MM, density * cloud, 0)
            both = own + dense
            mean = (own * at + dense * height) / np.where(both > 0, both, 1)
            parts[min(number, len(parts) - 1)] = (both, mean)
        shadows[bone] = parts
        outlines[bone, "outer"] = sum(outline for outline, _ in parts)
    return lengths, outlines, shadows
