"""Neighbours of a femur: closed, as large as it asks for, and where they belong."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.simulate.bones.family import mean_femur
from XRayTo3DLib.simulate.bones.joints import socket
from XRayTo3DLib.simulate.bones.neighbours import middle_of_body, neighbours
from XRayTo3DLib.surface import area_and_volume, is_closed


class Usual:
    """A generator without chance."""

    @staticmethod
    def normal(mean, sd, size=None):
        return mean if size is None else np.full(size, float(mean))


@pytest.fixture(scope="module")
def bones():
    return neighbours(mean_femur(), Usual)


def as_trimesh(mesh):
    return trimesh.Trimesh(mesh.points, mesh.faces, process=False)


def test_closed_and_outward(bones):
    assert set(bones) == {"tibia", "fibula", "patella", "pelvis"}
    for name, mesh in bones.items():
        assert is_closed(mesh.faces) and area_and_volume(mesh.points, mesh.faces)[1] > 0, name
    assert as_trimesh(bones["pelvis"]).body_count == 3  # two hip bones and the sacrum
    assert all(as_trimesh(bones[name]).body_count == 1 for name in ("tibia", "fibula", "patella"))


def test_the_socket_is_round_the_head(bones):
    femur = mean_femur()
    center, radius = socket(bones["pelvis"])
    assert center == pytest.approx([0, 0, femur.head.height], abs=1.5)
    assert 1 < radius - femur.head.radius < 4


def test_the_pelvis_is_even(bones):
    """Its two halves are each other's mirror image in the body's middle plane."""
    middle = middle_of_body(mean_femur())
    x = bones["pelvis"].points[:, 0]
    assert x.max() - middle == pytest.approx(middle - x.min(), abs=0.1)


def test_the_obturator_foramen_is_open(bones):
    """A ray from the front passes below the socket between pubis and ischium, and meets bone beside it."""
    femur = mean_femur()
    scale = femur.head.radius / 22.8
    hip = as_trimesh(bones["pelvis"])
    found = []
    for x in np.arange(-70, 10, 4.0):
        start = np.array([[x * scale, -300, femur.head.height - 30 * scale]])
        found.append(len(hip.ray.intersects_location(start, [[0, 1, 0]], multiple_hits=True)[0]) > 0)
    inside = np.flatnonzero(found)
    assert not all(found[inside[0] : inside[-1] + 1])


def test_they_grow_with_the_femur(bones):
    femur = mean_femur()
    head = replace(femur.head, height=1.1 * femur.head.height, radius=1.1 * femur.head.radius)
    larger = neighbours(replace(femur, head=head), Usual)
    for name, mesh in bones.items():
        assert np.ptp(larger[name].points, axis=0) == pytest.approx(1.1 * np.ptp(mesh.points, axis=0), rel=1e-6), name


def test_chance_makes_them_differ():
    made = [neighbours(mean_femur(), np.random.default_rng(seed))["tibia"].points for seed in (1, 1, 2)]
    assert np.array_equal(made[0], made[1]) and not np.allclose(made[0], made[2])
