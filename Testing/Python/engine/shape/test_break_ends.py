"""Where fragments end is seen in pictures, also where they lie over each other."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from XRayTo3DLib.shape import Ends, Fragment, shadow
from XRayTo3DLib.shape.break_ends import ends_in_pictures, where_it_ends
from XRayTo3DLib.shape.silhouette import prepared, silhouette
from XRayTo3DLib.shape.view import View
from XRayTo3DLib.surface import cut_in_two

HEIGHT = 20.0  # at which the bone is broken across
ASIDE, UP = 9.0, 25.0  # by which the lower fragment is displaced: so much of each lies over the other
SHORT = 12.0  # by which masks showed both too short


def test_an_edge_begins_where_its_contrast_does():
    contrast = np.concatenate([np.zeros(40), np.full(30, 5.0)]) + 0.2 * np.sin(np.arange(70))
    assert where_it_ends(contrast, 15) == 40
    contrast[:10] = np.nan  # beside the picture
    assert where_it_ends(contrast, 15) == 40


@pytest.mark.parametrize(
    "contrast",
    [
        np.full(70, 5.0),
        np.concatenate([np.full(40, 4.0), np.full(30, 5.0)]),  # it goes on, a little weaker
        np.concatenate([np.full(40, -9.0), np.full(30, -5.0)]),  # darker than what is beside it
        10 * np.random.default_rng(0).standard_normal(70),
        np.full(70, np.nan),
        np.ones(29),
        np.zeros(0),
    ],
)
def test_no_end_is_made_up(contrast):
    assert where_it_ends(contrast, 15) is None


@pytest.fixture(scope="module")
def overlapping(model, cast):
    """A bone that is broken across, in two views: poses of both, what was seen, and the true ends."""
    whole, faces = model.mean - model.mean.mean(axis=0), model.faces
    motions = np.zeros(3), np.array([ASIDE, ASIDE, UP])
    pieces = cut_in_two(whole, faces, np.array([0.0, 0.0, 1.0]), HEIGHT)
    cameras = [cast.camera(turn, shape=(760, 420)) for turn in (0, 90)]
    nothing = np.zeros((0, 2))
    views = tuple(View(camera, nothing, nothing, np.zeros(0)) for camera in cameras)
    mesh, states, fragments, truth = prepared(faces, len(whole)), [], [], []
    for number, motion in enumerate(motions):
        points = whole + motion
        at = [
            [ends(mesh, points, whole, view, HEIGHT + off) for view in views]
            for off in (0.0, -SHORT if number else SHORT)
        ]
        truth.append(np.array(at[0]))
        fragments.append(Fragment(views, **{"above" if number else "below": Ends(np.array(at[1]))}))
        states.append(SimpleNamespace(points=lambda _, there=points: there, weights=None, seen_by=lambda seen: seen))
    bone = SimpleNamespace(surface=lambda _: whole, mean=whole)
    rng = np.random.default_rng(0)
    pictures = []
    for camera in cameras:
        masks = (shadow(camera, part + motion, of) for (part, of), motion in zip(pieces, motions, strict=True))
        grey = gaussian_filter(sum(mask.astype(float) for mask in masks), 1.0)
        pictures.append(grey + 0.05 * rng.standard_normal(grey.shape))
    return SimpleNamespace(seen=(bone, mesh, fragments, states), fragments=fragments, pictures=pictures, truth=truth)


def ends(mesh, points, whole, view, height):
    """The two places of a bone's silhouette at a height."""
    rim = silhouette(mesh, points, mesh.normals(points), view)
    away = np.abs(rim.on(whole)[:, 2] - height)
    sides = (rim.normals[:, 0] < -0.5, rim.normals[:, 0] > 0.5)
    return [rim.place[side][away[side].argmin()] for side in sides]


def test_ends_that_lie_over_the_other_fragment_are_found(overlapping):
    found = ends_in_pictures(*overlapping.seen, overlapping.pictures)
    told = [found[0].below, found[1].above]
    assert found[0].above is None and found[1].below is None
    for own, before, truth in zip(told, overlapping.fragments, overlapping.truth, strict=True):
        was = before.below or before.above
        assert np.linalg.norm(was.places - truth, axis=2).min() > 0.8 * SHORT
        sure = own.off_mm < 4
        assert sure.sum() >= 3
        assert np.linalg.norm(own.places - truth, axis=2)[sure].max() < 3.0


def test_where_none_is_seen_it_stays_and_is_less_sure(overlapping):
    blank = [np.zeros_like(picture) for picture in overlapping.pictures]
    for own, before in zip(ends_in_pictures(*overlapping.seen, blank), overlapping.fragments, strict=True):
        now, was = own.below or own.above, before.below or before.above
        assert np.array_equal(now.places, was.places) and (now.off_mm > 4).all()
