"""The rendered picture: three views of the surface side by side, each as wide as the bone is seen from there."""

import numpy as np
import pytest

from XRayTo3DLib.report import render
from XRayTo3DLib.surface import arrays, polydata


def columns_of_bone(image):
    """Groups of neighbouring columns with anything but white below the titles: (start, stop) of each."""
    ink = (image[image.shape[0] // 10 :] < 245).any(axis=(0, 2))
    change = np.flatnonzero(np.diff(np.concatenate([[0], ink.astype(int), [0]])))
    return [(a, b) for a, b in zip(change[::2], change[1::2], strict=True) if b - a > 5]


def stretched(ball, x, y, z):
    points, faces = arrays(ball(1.0))
    return polydata(points * [x, y, z], faces)


def test_three_views(ball):
    image = render(stretched(ball, 20, 60, 10), height=300)
    assert image.dtype == np.uint8 and image.shape[0] == pytest.approx(300, abs=2) and image.shape[2] == 3
    widths = [stop - start for start, stop in columns_of_bone(image)]
    assert len(widths) == 3
    scale = widths[0] / 40
    assert widths[1] / scale == pytest.approx(
        2 * np.hypot(20 * np.cos(np.deg2rad(40)), 10 * np.sin(np.deg2rad(40))), 0.1
    )
    assert widths[2] / scale == pytest.approx(20, rel=0.12)


def test_light_comes_from_the_upper_left(ball):
    image = render(ball(10.0), height=300)
    start, stop = columns_of_bone(image)[0]
    part = image[30:, start:stop].mean(axis=2)
    bone = part < 245
    half = part.shape[1] // 2
    assert part[:, :half][bone[:, :half]].mean() > part[:, half:][bone[:, half:]].mean()


def test_y_runs_down(ball):
    """A cone, its tip at the largest y, is narrow at the bottom of the picture."""
    points, faces = arrays(ball(10.0))
    tip = points * np.where(points[:, 1:2] > 0, [0.3, 1, 0.3], [1, 1, 1])
    image = render(polydata(tip, faces), height=300)
    ink = (image[40:] < 245).any(axis=2)
    rows = np.flatnonzero(ink.any(axis=1))
    upper, lower = (ink[rows[len(rows) * k // 10]].sum() for k in (2, 8))
    assert upper > 2 * lower


def test_many_triangles_are_drawn_too(ball):
    image = render(ball(10.0, subdivisions=6), height=200)
    assert len(columns_of_bone(image)) == 3
