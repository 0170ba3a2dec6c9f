"""The film obeys Beer and Lambert, Poisson, and keeps what its veil and its blur must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.film.film import expose
from XRayTo3DLib.simulate.film.setup import IDEAL, Exposure

STEP = np.repeat(np.linspace(0, 4, 40, dtype=np.float32)[None], 30, axis=0)


def film(line_integral, seed=0, pixel=0.5, **changed):
    usual = {"photons": np.inf, "scatter": 0.0, "blur_mm": 0.0}
    return expose(line_integral, Exposure(**usual | changed), pixel, np.random.default_rng(seed))


def test_an_ideal_film_gives_back_the_line_integral():
    assert expose(STEP, IDEAL, 0.5, np.random.default_rng(0)) == pytest.approx(STEP, abs=1e-5)


@given(st.floats(0.1, 3), st.floats(200, 1e5))
def test_noise_is_that_of_counted_photons(depth, photons):
    counted = np.exp(-film(np.full((60, 60), depth), photons=photons)) * photons
    mean = photons * np.exp(-depth)
    error_of_mean = np.sqrt(mean / 3600)
    assert abs(counted.mean() - mean) < 6 * error_of_mean + 0.6  # pixels without a photon count as half a one
    assert counted.var() == pytest.approx(mean, rel=0.2, abs=1)


def test_same_seed_same_noise():
    assert np.array_equal(film(STEP, 3, photons=1000), film(STEP, 3, photons=1000))
    assert not np.array_equal(film(STEP, 3, photons=1000), film(STEP, 4, photons=1000))


def test_no_photon_is_still_a_number():
    assert np.isfinite(film(np.full((20, 20), 50.0), photons=100)).all()


@given(st.floats(0, 1), st.floats(1, 60))
def test_an_even_film_gets_an_even_veil(scatter, width):
    found = film(np.full((40, 50), 1.3), scatter=scatter, scatter_width_mm=width)
    assert found == pytest.approx(np.full((40, 50), 1.3 - np.log(1 + scatter)), abs=1e-4)


def test_scatter_takes_away_contrast_and_is_smooth():
    edge = np.where(np.arange(200) < 100, 0.5, 3.0)[None].repeat(120, axis=0)
    veiled = film(edge, scatter=0.5, scatter_width_mm=15)
    assert veiled[60, 150] - veiled[60, 50] < 2.4 < 2.5 == edge[60, 150] - edge[60, 50]
    added = np.exp(-veiled) - np.exp(-edge)
    assert np.abs(np.diff(added[60])).max() < 0.02 * added.max()


def test_blur_keeps_the_photons_and_spreads_a_line():
    line = np.full((31, 61), 2.0)
    line[:, 30] = 0
    beam = np.exp(-film(line, blur_mm=1.0, pixel=0.5))[15]
    assert beam.sum() == pytest.approx(np.exp(-line[15]).sum(), rel=1e-3)
    spread = beam - np.exp(-2.0)
    x = np.arange(61) - 30
    assert np.sqrt((spread * x**2).sum() / spread.sum()) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(
    "changed", [{"photons": 0}, {"photons": -5}, {"scatter": -0.1}, {"scatter_width_mm": np.nan}, {"blur_mm": np.inf}]
)
def test_impossible_exposures(changed):
    with pytest.raises(SimulationError, match=next(iter(changed))):
        Exposure(**changed)
