"""Fields: positive inside, zero on the surface; their sign is that of the solid and of the relief, point by point."""

import numpy as np
import pytest

from XRayTo3DLib.surface import relief_field, solid_field

SHAPE = (40, 50)


def heights(field, bottom, step):
    return (bottom + step * np.arange(len(field)))[:, None, None]


@pytest.fixture
def dome():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    return 15.0**2 - (x - 25) ** 2 - (y - 20) ** 2


FAR = np.full(SHAPE, 99.0)


@pytest.mark.parametrize("step", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("raised", [0.0, 0.7, -0.7])
def test_solid_is_what_lies_between_back_and_raised_front(dome, raised, step):
    half = np.sqrt(np.maximum(dome, 0))
    raised = raised * np.clip(half / 5, 0, 1)
    field, bottom = solid_field(dome, raised, FAR, step)
    z = heights(field, bottom, step)
    inside = (dome > 0) & (z > -half) & (z < half + raised)
    clear = np.abs(field) > 1e-3
    assert field.dtype == np.float32
    assert np.array_equal((field > 0)[clear], inside[clear])
    assert not (field[[0, -1]] > 0).any()  # closed below and above


def test_solid_is_cut_off_at_the_pictures_border(dome):
    border = np.broadcast_to(np.arange(SHAPE[1]) - 20.5, SHAPE)
    field, _ = solid_field(dome, np.zeros(SHAPE), border, 1.0)
    whole, _ = solid_field(dome, np.zeros(SHAPE), FAR, 1.0)
    assert not (field[:, :, :21] > 0).any()
    assert np.array_equal(field[:, :, 22:] > 0, whole[:, :, 22:] > 0)


@pytest.mark.parametrize("step", [0.5, 1.0])
def test_relief_is_what_lies_between_its_back_and_its_height(dome, step):
    height = 3 + 2 * np.sin(np.arange(SHAPE[1]) / 5) * np.ones(SHAPE)
    field, bottom = relief_field(height, dome, FAR, step)
    z = heights(field, bottom, step)
    inside = (dome > 0) & (z > 0) & (z < height)
    clear = np.abs(field) > 1e-5
    assert np.array_equal((field > 0)[clear], inside[clear])
    assert not (field[[0, -1]] > 0).any()


def test_relief_is_cut_off_at_the_pictures_border(dome):
    border = np.broadcast_to(np.arange(SHAPE[1]) - 20.5, SHAPE)
    field, _ = relief_field(np.full(SHAPE, 4.0), dome, border, 1.0)
    assert not (field[:, :, :21] > 0).any() and (field[:, :, 21] > 0).any()
