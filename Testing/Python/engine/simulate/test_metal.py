"""Implants: closed parts, on the femur they were made for."""

import itertools

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.simulate.family import mean_femur
from XRayTo3DLib.simulate.femur import landmarks
from XRayTo3DLib.simulate.metal import KINDS, ball, implant, rod
from XRayTo3DLib.surface import is_closed


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_parts_are_closed_and_near_the_femur(kind, seed, side):
    marks = landmarks(mean_femur(side))
    parts = implant(kind, marks, np.random.default_rng(seed))
    assert parts
    for part in parts:
        assert is_closed(part.faces)
        assert trimesh.Trimesh(part.points, part.faces, process=False).volume > 0
    points = np.concatenate([part.points for part in parts])
    line = np.array(
        [marks[name] for name in ("head_center", "shaft_proximal", "shaft_middle", "shaft_distal", "knee_center")]
    )
    share = np.linspace(0, 1, 30)[:, None]
    line = np.concatenate([a + share * (b - a) for a, b in itertools.pairwise(line)])
    away = np.linalg.norm(points[:, None] - line[None], axis=2).min(axis=1)
    assert away.max() < 60 and away.min() < 20


def test_same_seed_same_implant():
    marks = landmarks(mean_femur())
    one, other = (implant("nail", marks, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a.points, b.points) for a, b in zip(one, other, strict=True))


def test_rods_and_balls_have_their_sizes():
    bar = rod((1, 2, 3), (11, 2, 3), 2.0, corners=200)
    assert trimesh.Trimesh(bar.points, bar.faces).volume == pytest.approx(np.pi * 4 * 10, rel=1e-3)
    knob = ball((1, 2, 3), 5.0, corners=60)
    assert trimesh.Trimesh(knob.points, knob.faces).volume == pytest.approx(4 / 3 * np.pi * 125, rel=0.01)
    assert knob.points.mean(axis=0) == pytest.approx([1, 2, 3], abs=0.01)
