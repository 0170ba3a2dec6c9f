"""Places follow a surface that is bent a little; exactly where that can be computed, and nearly so on bones."""

import numpy as np
import pytest

from XRayTo3DLib.anatomy import (
    Places,
    femur_measures_at,
    femur_places,
    followed,
    tibia_measures_at,
    tibia_places,
)
from XRayTo3DLib.shape import built_in
from XRayTo3DLib.surface import arrays

MEASURED = {"femur": (femur_places, femur_measures_at), "tibia": (tibia_places, tibia_measures_at)}


def test_a_sphere_that_is_moved_and_grown_is_followed(ball):
    points, faces = arrays(ball(20.0, (1.0, 2.0, 3.0), 3))
    center, shift, growth = np.array([1.0, 2.0, 3.0]), np.array([0.3, -0.2, 0.5]), 0.7
    moves = np.stack([np.broadcast_to(shift, points.shape), growth * (points - center) / 20.0], axis=1)
    shifts, growths = followed(points.astype(float), faces, Places("", {"head": center}, {"head": 20.0}), moves)
    assert shifts == pytest.approx(np.array([[shift, [0, 0, 0]]]), abs=1e-4)
    assert growths == pytest.approx(np.array([[0, growth]]), abs=1e-4)


def test_tips_and_middles_go_where_the_surface_around_them_goes(ball):
    """Moved as a whole, and stretched upwards by a tenth, by which the tip of 8 mm goes up by 0.8."""
    points, faces = arrays(ball(8.0, (0.0, 0.0, 0.0), 4))
    places = Places("", {"tip": np.array([0.0, 0, 8]), "middle": np.zeros(3)}, axes={"middle": np.array([0.0, 0, 1])})
    moves = np.stack([np.ones_like(points), points * [0, 0, 0.1]], axis=1)
    shifts, growths = followed(points.astype(float), faces, places, moves)
    assert shifts[0] == pytest.approx(np.array([[1, 1, 1], [0, 0, 0.8]]), abs=0.2)
    assert shifts[1] == pytest.approx(np.array([[1, 1, 1], [0, 0, 0]]), abs=0.05)
    assert growths.shape == (0, 2)


# Picked anew from a few points: `shape.posterior` makes up for it.
PICKED = {"lateral_condyle_radius_mm", "medial_condyle_radius_mm", "notch_width_mm", "torsion_deg"}


@pytest.mark.parametrize("bone", MEASURED)
def test_measures_change_as_those_of_a_bone_measured_anew(bone, tools):
    """On bones drawn from the built-in models: not each value, but by how much it changes."""
    model, (places_of, measured_at) = built_in(bone), MEASURED[bone]
    places, rng = places_of(model.mean, model.faces), np.random.default_rng(0)
    shifts, growths = followed(model.mean, model.faces, places, model.by_point)
    changes = []
    for _ in range(12):
        weights, ends = 0.7 * rng.standard_normal(len(model.deviations)), []
        for each in (weights, -weights):
            there = places.moved(np.einsum("k,pki->pi", each, shifts), growths @ each)
            anew = places_of(model.surface(each), model.faces)
            ends.append([tools.values(measured_at(at)) for at in (there, anew)])
        changes.append(np.subtract(ends[0], ends[1]))
    fast, full = np.array(changes).transpose(1, 2, 0)
    for name, quick, true in zip(measured_at(places), fast, full, strict=True):
        assert name in PICKED or np.corrcoef(quick, true)[0, 1] > 0.85, name
        assert name in PICKED or 0.7 < np.std(quick) / np.std(true) < 1.3, name
        assert 0.3 < np.std(quick) / np.std(true) < 1.6, name
