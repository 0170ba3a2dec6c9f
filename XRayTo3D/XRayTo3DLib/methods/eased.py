"""A socket that gives way to its head: a hip bone moved and bent as far as its outlines leave it open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .. import surface
from ..segmentation import HIP
from ..shape import Fit, moved, moves_of, residual

_TOUCH_MM = 0.2  # by which surfaces may lie within each other: less than they are known
_CLEAR_MM = 0.1  # what lies within is brought so far out
_SURE_MM = 0.3  # standard deviation of how far out it is to be
_MOST = 200  # points that are looked at, the deepest
_ROUNDS, _FARTHEST_MM = 12, 5.0  # that the bone may move on average


def eased(fit: Fit, beside: Sequence[Fit]) -> Fit:
    """Move and bend a hip bone until the femur does not lie within it.

    A socket surrounds its head, so that no shift parts them if it is too narrow; and no picture shows how wide it is.
    Of all hip bones that outlines, model and joint leave open, this is the one nearest to the most probable that leaves
    room for the femur: the fit conditioned on the distances of the surfaces, with those points that lie within the
    femur taken anew in each round.

    Parameters
    ----------
    fit : Fit
        Of any bone.
    beside : sequence of Fit
        In mm of the patient, as `fit` is.

    Returns
    -------
    Fit
        `fit` itself if it is no hip bone, lies within no femur of its leg, or so deep that one of them stands wrong.

    References
    ----------
    C. E. Rasmussen, C. K. I. Williams, "Gaussian processes for machine learning", 2006, appendix A.
    """
    if fit.model.bone != HIP:
        return fit
    made = fit
    for femur in (each for each in beside if each.model.bone == "femur" and each.model.side == fit.model.side):
        for _ in range(_ROUNDS):
            slopes, wanted = _ways_out(made, femur)
            if not len(wanted):
                break
            spread = fit.covariance @ slopes.T
            change = spread @ np.linalg.solve(slopes @ spread + _SURE_MM**2 * np.eye(len(wanted)), wanted)
            made = replace(made, state=moved(made.state, change))
    if made is fit or np.linalg.norm(made.points - fit.points, axis=1).mean() > _FARTHEST_MM:
        return fit
    residual_mm, unmet = residual(made.mesh, made.points, made.views)
    return replace(made, residual_mm=residual_mm, unmet=unmet)


def _ways_out(fit: Fit, other: Fit) -> tuple[np.ndarray, np.ndarray]:
    """How each number of a fit moves points of it that lie within another bone, (k, p), and what is wanted, (k,).

    Both are mm outwards of that bone.
    """
    from scipy.spatial import cKDTree

    mine, its = fit.points, other.points
    within = -surface.distance_to(its, other.model.faces, mine)
    deep = np.argsort(-within, kind="stable")[: min(_MOST, np.count_nonzero(within > _TOUCH_MM))]
    out = other.mesh.normals(its)[cKDTree(its).query(mine[deep])[1]]
    return np.einsum("kcp,kc->kp", moves_of(fit)[deep], out), within[deep] + _CLEAR_MM
