"""What is measured across the joints of fitted bones."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import leg_measures as measured_on
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.outline import EDGE, Outline
from XRayTo3DLib.shape import Measure, built_in, fit_shape, leg_measures, shadow_outlines, view_from
from XRayTo3DLib.shape.fit import Fit
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.shape.solve import start


def cameras():
    for view in ("ap", "lateral"):
        columns, rows = view_directions(view, "left")
        yield place(columns, rows, np.array([10.0, 0, 0]), (1100, 500), (0.9, 0.9), 1150.0, 1000.0)


def whole_leg(bone, bend_deg=0.0):
    """A model's mean fitted to its own shadows, the shank bent backwards about the knee."""
    model = built_in(bone)
    turn = Rotation.from_euler("x", bend_deg, degrees=True).as_matrix() if bone != "femur" else np.eye(3)
    state = start(model, turn, turn @ model.mean.mean(axis=0), 2)
    bare = Fit(model, prepared(model.faces, len(model.mean)), (), state, np.eye(7), 0.0, 0.0)
    views = []
    for camera in cameras():
        empty = view_from(camera, [Outline(np.array([[0, 0], [200, 0], [200, 200], [0, 200.0]]), np.full(4, EDGE))])
        outlines = shadow_outlines(bare, empty)
        views.append(view_from(camera, outlines))
    return fit_shape([(model, views)], begin=state)


@pytest.fixture(scope="module")
def straight():
    return {bone: whole_leg(bone) for bone in ("femur", "tibia")}


def test_a_leg_is_measured_as_its_surfaces_are(straight):
    told = leg_measures(**straight)
    truth = measured_on(*((built_in(bone).mean, built_in(bone).faces) for bone in ("femur", "tibia")), side="left")
    assert set(told) == {"hka_deg", "jlca_deg", "leg_length_mm"}
    for name, each in told.items():
        assert each.deviation > 0 and each.title and each.lines
        assert abs(each.value - truth[name].value) < 3 * each.deviation + 0.1


def test_of_a_bent_knee_no_axis_is_measured(straight):
    assert leg_measures(straight["femur"], whole_leg("tibia", 40)) == {}


def test_a_leg_whose_hip_was_not_seen_has_no_axis(straight):
    """Measures stand only near outlines that were seen."""
    upper = straight["femur"]
    cut = tuple(
        replace(view, weights=view.weights * (view.points[:, 1] > -150)) for view in upper.views
    )  # rows run down, and the knee is in the middle
    told = leg_measures(replace(upper, views=cut), straight["tibia"])
    assert set(told) == {"jlca_deg"}


def test_an_interval_is_two_deviations_either_side():
    each = Measure(10.0, 1.0)
    assert each.interval == pytest.approx((8.04, 11.96))
    assert each.as_json()["interval_95"] == [8.04, 11.96]
