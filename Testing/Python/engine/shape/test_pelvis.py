"""What lies between the hip bones is no edge of either: a hip bone is fitted to its own."""

import cv2
import numpy as np
import pytest

from XRayTo3DLib.geometry.outline import outlines, smooth_field
from XRayTo3DLib.shape import built_in, fit_shape, hip_alone, shadow, view_from
from XRayTo3DLib.shape.solve import start
from XRayTo3DLib.shape.view import projected

from .conftest import camera, random_bone, shape_error

SHAPE = (360, 520)


@pytest.fixture(scope="module")
def beside_a_sacrum():
    """A left hip bone, a view of it with half of a sacrum, and the fit to all of that outline."""
    model = built_in("hip")
    truth = random_bone(model, 3)
    truth[:, 0] -= truth[:, 0].min() - 3.0  # left of the patient's middle plane
    seen_by = camera(shape=SHAPE)
    own = shadow(seen_by, truth, model.faces).astype(np.uint8)
    x, y, z = truth[truth[:, 1].argmax()]  # about where it meets the sacrum
    corners = np.array([[x + 5, y, z + 25], [x + 5, y, z - 20], [0, y, z - 75], [0, y, z + 30]])
    hull = cv2.convexHull(np.rint(seen_by.project(corners)[0]).astype(np.int32))
    both = cv2.fillConvexPoly(own.copy(), hull, 1) > 0
    beyond = np.zeros(SHAPE, bool)  # the other side, where it was not looked
    beyond[:, : int(seen_by.project(np.zeros((1, 3)))[0][0, 0])] = True
    view = view_from(seen_by, outlines(smooth_field(both & ~beyond), np.eye(2, 3), beyond))
    return truth, view, fit_shape([(model, [view])], begin=start(model, np.eye(3), truth.mean(axis=0), 1))


def test_edges_of_the_sacrum_do_not_count(beside_a_sacrum):
    truth, view, fit = beside_a_sacrum
    alone = hip_alone(fit, [view])
    left_out = (alone.views[0].weights == 0) & (view.weights > 0)
    assert 0.05 < left_out.mean() < 0.4
    away = np.linalg.norm(view.points[left_out, None] - projected(view.camera, truth)[0], axis=2).min(axis=1)
    assert np.median(away) > 10.0  # mm from any point of the hip bone
    assert alone.unmet < 0.7 * fit.unmet and alone.residual_mm < fit.residual_mm
    assert np.abs(shape_error(alone, truth)).mean() < np.abs(shape_error(fit, truth)).mean() + 0.1


def test_edges_of_the_hip_bone_count_though_they_are_not_met(beside_a_sacrum):
    """Where the outline is wrong at the outer side, or inside the shadow, it stays unmet."""
    _truth, view, fit = beside_a_sacrum
    alone = hip_alone(fit, [view])
    outer = view.points[:, 0] > np.quantile(view.points[:, 0], 0.6)
    assert (alone.views[0].weights[outer] == view.weights[outer]).all()
