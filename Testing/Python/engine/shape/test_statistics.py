"""Motions are taken out, known modes found again, and landmarks go with them."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape.statistics import model_from, moved_landmarks, onto, procrustes, rebuilt
from XRayTo3DLib.shape.unsaid import Unsaid, principal_modes

BALL = trimesh.creation.icosphere(3, 1.0)
POINTS, FACES = BALL.vertices * [20.0, 30.0, 60.0], np.asarray(BALL.faces, np.int64)


def motion(seed, far=100.0):
    made = np.eye(4)
    made[:3, :3] = Rotation.random(random_state=seed).as_matrix()
    made[:3, 3] = np.random.default_rng(seed).uniform(-far, far, 3)
    return made


def moved(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def rms(values):
    return np.sqrt((values**2).sum(axis=-1).mean(axis=-1))


@pytest.fixture(scope="module")
def known():
    """Two modes at right angles without a rigid part, of 6 and 2 mm, and many samples of them."""
    modes = np.stack([BALL.vertices * [0, 0, 1.0], BALL.vertices * [1.0, -1.0, 0]])
    modes /= rms(modes)[:, None, None]
    scores = np.random.default_rng(0).standard_normal((40, 2))
    scores = np.linalg.qr(scores - scores.mean(axis=0))[0] * np.sqrt(39)  # of variance one, and independent
    samples = POINTS + np.tensordot(scores * [6.0, 2.0], modes, 1)
    return modes, scores, samples


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_onto_recovers_a_motion(seed):
    matrix = motion(seed)
    there, found = onto(POINTS, moved(POINTS, matrix))
    assert np.allclose(found, matrix, atol=1e-9) and np.allclose(there, moved(POINTS, matrix), atol=1e-9)


def test_onto_never_mirrors():
    _, found = onto(-POINTS, POINTS)
    assert np.linalg.det(found[:3, :3]) == pytest.approx(1)


def test_onto_of_points_in_a_plane_or_line():
    for flat in ([1.0, 1.0, 0.0], [0.0, 0.0, 1.0]):
        matrix = motion(3)
        there, found = onto(POINTS * flat, moved(POINTS * flat, matrix))
        assert np.allclose(there, moved(POINTS * flat, matrix), atol=1e-8)
        assert np.linalg.det(found[:3, :3]) == pytest.approx(1)


def test_procrustes_takes_motions_out(known):
    samples = known[2][:8]
    matrices = [motion(seed) for seed in range(8)]
    aligned, motions = procrustes(np.array([moved(s, m) for s, m in zip(samples, matrices, strict=True)]))
    back = onto(aligned.reshape(-1, 3), samples.reshape(-1, 3))[0].reshape(aligned.shape)  # one motion for all
    assert np.abs(back - samples).max() < 0.05
    for sample, matrix, found, at in zip(samples, matrices, motions, aligned, strict=True):
        assert np.allclose(moved(moved(sample, matrix), found), at)


def test_procrustes_keeps_sizes():
    aligned, _ = procrustes(np.array([POINTS, 1.3 * POINTS + 5]))
    assert np.allclose(
        rms(aligned - aligned.mean(axis=1, keepdims=True)), rms(POINTS - POINTS.mean(axis=0)) * np.array([1, 1.3])
    )


def test_landmarks_move_along():
    motions = np.array([motion(1), motion(2)])
    at = moved_landmarks([{"tip": np.array([1.0, 2, 3])}, {"tip": np.array([4.0, 5, 6])}], motions)
    assert np.allclose(at["tip"][1], moved(np.array([[4.0, 5, 6]]), motions[1])[0])
    assert moved_landmarks([], motions) == {}


def test_known_modes_are_found_again(known):
    modes, scores, samples = known
    found, deviations, told = principal_modes(samples)
    assert deviations == pytest.approx([6.0, 2.0])
    signs = np.sign((found * modes).sum(axis=(1, 2)))
    assert np.allclose(found * signs[:, None, None], modes, atol=1e-9)
    assert np.allclose(told * signs, scores, atol=1e-9)
    assert np.allclose(rms(found), 1)


def test_equal_surfaces_have_one_mode_without_size():
    modes, deviations, _ = principal_modes(np.array([POINTS, POINTS, POINTS]))
    assert len(modes) == 1 and deviations[0] < 1e-6


def test_rebuilt_is_the_nearest_that_modes_can_make(known):
    modes, _, samples = known
    other = samples.mean(axis=0) + 3 * modes[0] - modes[1] + 0.7 * (aside := BALL.vertices[:, [2, 0, 1]] ** 2)
    made = rebuilt(samples, other)
    off = other - made
    assert np.allclose((modes * off).sum(axis=(1, 2)), 0, atol=1e-6)
    assert 0 < rms(off) <= 0.7 * rms(aside) + 1e-9
    assert np.allclose(rebuilt(samples, samples[3]), samples[3])
    assert rms(rebuilt(samples, samples[3], 1) - samples[3]) == pytest.approx(2 * abs(known[1][3, 1]), rel=1e-6)


def test_model_from_samples(known):
    modes, scores, samples = known
    places = {"tip": np.array([0.0, 0, 60]) + 5.0 * scores[:, :1] * [0, 0, 1]}
    made = model_from(samples, FACES, places, "egg", "", Unsaid(0.5, 20.0))
    assert made.deviations[:2] == pytest.approx([6.0, 2.0]) and len(made.deviations) > 50
    assert np.allclose(made.mean, samples.mean(axis=0))
    for sample in samples[:3]:
        weights = ((made.modes[:2] * (sample - made.mean)).sum(axis=(1, 2)) / len(POINTS)) / made.deviations[:2]
        assert np.allclose(made.surface(weights), sample, atol=1e-4)
    sign = np.sign((made.modes[0] * modes[0]).sum())
    assert np.allclose(made.landmarks_at(np.array([2.0 * sign]))["tip"], [0, 0, 70], atol=1e-3)
    assert (made.deviations[8:] ** 2).sum() == pytest.approx(0.5**2, rel=0.1)  # after six stretches


def test_a_landmark_follows_the_surface_beside_it(known):
    places = {"tip": np.tile(POINTS[7] * 0.98, (40, 1))}
    made = model_from(known[2], FACES, places, "egg", "", Unsaid(1.0, 20.0))
    assert np.allclose(made.landmark_modes[:2], 0, atol=1e-9)  # it did not move with the samples
    own = made.modes[8:16, 7]
    moves = np.linalg.norm(own, axis=1) > 1e-6  # in some modes that place of the surface is still
    assert moves.sum() >= 3
    assert (np.einsum("ki,ki->k", made.landmark_modes[8:16, 0], own)[moves] > 0).all()


def test_displacements_that_no_sample_shows_are_modes_too(known):
    modes, _, samples = known
    aside = BALL.vertices[:, [1, 2, 0]] ** 3
    aside = aside / rms(aside)
    made = model_from(samples, FACES, {}, "egg", "", Unsaid(0.5, 20.0), also=3.0 * aside[None])
    principal = made.basis[:3].reshape(3, -1)
    wanted = np.concatenate([modes * np.array([6.0, 2.0])[:, None, None], 3.0 * aside[None]]).reshape(3, -1)
    assert np.allclose(principal.T @ principal, wanted.T @ wanted, atol=1e-3)
