"""Which further view helps most: the posterior's word, against fits with such a view."""

import numpy as np
import pytest

from XRayTo3DLib.shape import PARTS, fit_shape, next_views, uncertainty
from XRayTo3DLib.shape.next_view import VIEWS


@pytest.fixture(scope="module")
def proposed(one_view):
    return next_views(one_view.fit)


def test_a_fit_with_the_best_proposed_view_is_surer_than_one_with_the_worst(one_view, proposed, model, cast):
    """And about as sure as it was said to be."""

    def fitted(view):
        seen = cast.view_of(cast.camera(VIEWS[view]), one_view.truth, model.faces, **cast.free)
        return uncertainty(fit_shape([(model, [*one_view.views, seen])])).mean()

    best, worst = proposed[0], proposed[-1]
    assert worst.view == "AP"  # it is there already
    sure, unsure = fitted(best.view), fitted(worst.view)
    assert sure < 0.7 * unsure
    assert sure == pytest.approx(best.uncertainty_mm, rel=0.15)
    assert unsure == pytest.approx(worst.uncertainty_mm, rel=0.15)


def test_any_view_makes_a_fit_surer(one_view, proposed):
    assert len(proposed) == len(VIEWS)
    assert all(each.uncertainty_mm < uncertainty(one_view.fit).mean() for each in proposed)
    assert np.all(np.diff([each.uncertainty_mm for each in proposed]) >= 0)


def test_of_a_bone_seen_in_half_the_other_half_tells_more(half_seen):
    """The upper half was seen: a picture of the lower one, and none of the upper, is nearly as good as the whole."""
    told = {(each.view, each.part): each.uncertainty_mm for each in next_views(half_seen.fit, tuple(PARTS))}
    for view in VIEWS:
        assert told[view, "whole"] < told[view, "distal"] < told[view, "proximal"]


def test_a_bone_is_looked_at_as_it_lies(two_views, model):
    """Turned and shifted, a bone that was seen from the front and from the side wants another side least of all."""
    proposed = next_views(two_views.fit)
    now = uncertainty(two_views.fit).mean()
    assert proposed[0].view == "45 degrees" and all(each.uncertainty_mm > 0.6 * now for each in proposed)
