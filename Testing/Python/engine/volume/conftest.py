import numpy as np
import pytest

from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.volume import Seen

SOD, SID, PIXEL, SHAPE = 2000.0, 2300.0, 0.6, (240, 200)


def camera(turn_deg=0.0, shape=SHAPE, center=(0.0, 0.0, 0.0)):
    columns, rows = view_directions("oblique", "left", turn_deg)
    return place(columns, rows, np.array(center), shape, (PIXEL, PIXEL), SID, SOD)


def disc(view, center, radius):
    """Mask of a ball: its shadow is a cone's section, nearly a disc."""
    rows, columns = np.mgrid[: view.shape[0], : view.shape[1]]
    pixel, distance = view.project(np.array([center], float))
    size = radius * view.sid_mm / np.sqrt(distance[0] ** 2 - radius**2) / PIXEL
    return np.hypot(columns - pixel[0, 0], rows - pixel[0, 1]) < size


@pytest.fixture
def ball():
    """Views of a ball of 20 mm from some angles."""

    def views(*turns, center=(3.0, -5.0, 8.0), radius=20.0):
        return tuple(Seen(each, disc(each, center, radius)) for each in map(camera, turns))

    return views
