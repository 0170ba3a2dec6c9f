"""The envelope is closed, holds the bone, and is as thick as asked where the bone is straight."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.simulate.film.tissue import envelope


@pytest.fixture
def shaft():
    return trimesh.creation.cylinder(15.0, 300.0, sections=64)  # with points at its ends only


def test_a_straight_shafts_envelope_is_a_round_tube(shaft, to_mesh):
    tube = envelope([to_mesh(shaft)], 30.0, beyond_mm=100.0, corners=360)
    body = trimesh.Trimesh(tube.points, tube.faces, process=False)
    assert body.is_watertight and body.is_winding_consistent
    assert body.volume == pytest.approx(np.pi * 45**2 * 500, rel=1e-3)
    assert body.bounds[:, 2] == pytest.approx([-250, 250])


def test_it_holds_a_bone_with_a_thick_end(shaft, to_mesh):
    knob = trimesh.creation.icosphere(3, 28.0).apply_translation((12, -5, 130))
    tube = envelope([to_mesh(shaft), to_mesh(knob)], 25.0, beyond_mm=50.0)
    body = trimesh.Trimesh(tube.points, tube.faces, process=False)
    some = np.random.default_rng(0).choice(np.concatenate([shaft.vertices, knob.vertices]), 200)
    assert body.contains(some).all()
