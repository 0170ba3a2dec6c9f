"""What principal modes leave unsaid is smooth, along the normals, and as large as bones that are left out ask for."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.shape.statistics import model_from
from XRayTo3DLib.shape.unsaid import MOST_PRINCIPAL, Unsaid, gaussian_modes, learnt, principal_modes, stretches

BALL = trimesh.creation.icosphere(3, 1.0)
SPHERE, FACES = np.asarray(BALL.vertices), np.asarray(BALL.faces, np.int64)
POINTS = SPHERE * [20.0, 30.0, 60.0]
NORMALS = prepared(FACES, len(POINTS)).normals(POINTS)
KNOWN = Unsaid(1.0, 25.0)


def rms(values):
    return np.sqrt((values**2).sum(axis=-1).mean(axis=-1))


@pytest.fixture(scope="module")
def smooth():
    return gaussian_modes(POINTS, FACES, KNOWN, count=300)


@pytest.fixture(scope="module")
def samples(smooth):
    """Ellipsoids of two modes, each with smooth displacements of its own."""
    rng = np.random.default_rng(3)
    modes, deviations = smooth
    two = np.stack([SPHERE * [0, 0, 4.0], SPHERE * [2.0, -2.0, 0]])
    own = np.tensordot(rng.standard_normal((16, len(modes))) * deviations, modes, 1)
    return POINTS + np.tensordot(rng.standard_normal((16, 2)), two, 1) + own


def test_modes_have_length_one_and_run_along_the_normals(smooth):
    modes, deviations = smooth
    assert np.allclose(rms(modes), 1)
    assert (np.diff(deviations) <= 1e-12).all() and (deviations > 0).all()
    across = modes - (modes * NORMALS).sum(axis=2, keepdims=True) * NORMALS
    assert np.abs(across).max() < 1e-9
    flat = modes.reshape(len(modes), -1) / np.sqrt(len(POINTS))
    assert np.allclose(flat @ flat.T, np.eye(len(modes)), atol=1e-6)


def test_their_deviations_add_up_to_the_amplitude_everywhere(smooth):
    modes, deviations = smooth
    at_each = np.sqrt(((modes * deviations[:, None, None]) ** 2).sum(axis=(0, 2)))
    assert np.allclose(at_each, KNOWN.amplitude_mm, rtol=0.05)


def test_neighbours_move_together(smooth):
    modes, deviations = smooth
    basis = modes * deviations[:, None, None]
    pairs = prepared(FACES, len(POINTS)).edges
    together = (basis[:, pairs[:, 0]] * basis[:, pairs[:, 1]]).sum(axis=(0, 2))
    alone = (basis**2).sum(axis=(0, 2))
    assert (together / np.sqrt(alone[pairs[:, 0]] * alone[pairs[:, 1]])).min() > 0.7


def test_fewer_points_than_modes():
    octahedron = trimesh.creation.icosphere(0, 10.0)
    modes, _ = gaussian_modes(octahedron.vertices, np.asarray(octahedron.faces), Unsaid(1.0, 5.0))
    assert 0 < len(modes) <= 10


def test_stretches_are_linear_maps_without_rotation():
    made = stretches(POINTS)
    for each in made:
        matrix = np.linalg.lstsq(POINTS - POINTS.mean(axis=0), each, rcond=None)[0]
        assert np.allclose((POINTS - POINTS.mean(axis=0)) @ matrix, each) and np.allclose(matrix, matrix.T, atol=1e-12)
    larger = made[[0, 3, 5]].sum(axis=0)  # all three axes
    assert np.allclose(larger, 0.02 * (POINTS - POINTS.mean(axis=0)))


def test_principal_modes_are_few(samples):
    many = np.concatenate([samples, samples[::-1] * 1.05])
    assert len(principal_modes(many)[0]) == MOST_PRINCIPAL and len(principal_modes(samples, most=3)[0]) == 3


def test_its_size_is_learnt(samples):
    """Sixteen ellipsoids: the modes of fifteen say something of the sixteenth's own bumps, and nothing of most."""
    found = learnt(samples, FACES)
    assert 0.4 * KNOWN.amplitude_mm <= found.amplitude_mm <= 2.2 * KNOWN.amplitude_mm
    assert KNOWN.length_mm / 2 <= found.length_mm <= 2 * KNOWN.length_mm


def test_larger_bumps_are_learnt_larger(samples):
    middle = samples.mean(axis=0)
    less, more = (learnt(middle + size * (samples - middle), FACES).amplitude_mm for size in (0.5, 1.5))
    assert more / less > 2


def test_a_model_covers_bones_that_it_does_not_know(samples):
    """Of what is left of a new ellipsoid by the principal modes, 88 to 100 % lies within two standard deviations."""
    model = model_from(samples[:-4], FACES, {}, "egg", "")
    spread = np.sqrt((np.einsum("kni,ni->kn", model.basis, NORMALS) ** 2).sum(axis=0))
    off = np.einsum("sni,ni->sn", samples[-4:] - model.mean, NORMALS)
    assert 0.88 < (np.abs(off) < 2 * spread).mean() <= 1
