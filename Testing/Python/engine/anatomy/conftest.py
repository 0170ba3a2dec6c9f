"""Bones to be measured, real and made, and what is done to them."""

from types import SimpleNamespace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.anatomy import DEFINITIONS
from XRayTo3DLib.surface import arrays, polydata, read_surface, simplify

ENOUGH = 1.5  # standard deviations of people, by which the mean of a group may be off the published one


def values(measures):
    """Numbers alone, in the order of their names."""
    return np.array([each.value for each in measures.values()])


def turned(points, axis, degrees, through, share):
    """Points turned about an axis through a point, each by its own share (n,) of an angle."""
    away, angle = points - through, np.radians(degrees * share)[:, None]
    along = (away @ axis)[:, None] * axis
    return through + along + np.cos(angle) * (away - along) + np.sin(angle) * np.cross(axis, away)


def finer_and_coarser(points, faces):
    """A surface whose triangles are made four times as many by Loop's rule, and that one with a third of them."""
    fine = [np.asarray(each) for each in trimesh.remesh.subdivide_loop(points, faces, 1)]
    return fine, [np.asarray(each) for each in arrays(simplify(polydata(*fine), len(fine[1]) // 3, 3.0))]


def check_usual(bone, found):
    """The mean of measures of a group lies where published ones do; returns means and deviations."""
    table = {}
    for name, definition in DEFINITIONS[bone].items():
        each = np.array([measures[name].value for measures in found])
        table[name] = each.mean(), each.std(ddof=1)
        if definition.usual:
            mean, deviation = definition.usual
            assert abs(each.mean() - mean) < ENOUGH * deviation, (name, each.mean(), definition.usual)
            assert each.std(ddof=1) < 1.6 * deviation, (name, each.std(ddof=1), definition.usual)
    return table


@pytest.fixture(scope="session")
def tools():
    """What is done to bones and measures."""
    return SimpleNamespace(values=values, turned=turned, finer_and_coarser=finer_and_coarser, check_usual=check_usual)


@pytest.fixture(scope="session")
def limbs(shared_data):
    """Left femora, tibiae and patellae of 26 people, in place: points (26, n, 3) and triangles of each bone."""
    made = {}
    for name in ("femur", "tibiafibula", "patella"):
        with np.load(shared_data / "limbs" / f"{name}_26_correspondence.npz") as data:
            points, faces = data["vertices"].astype(float), data["faces"].astype(np.int64)
        if name == "tibiafibula":  # two bodies: the tibia is the larger one
            parts = trimesh.graph.connected_components(trimesh.Trimesh(points[0], faces, process=False).edges)
            used = np.sort(max(parts, key=len))
            faces = np.searchsorted(used, faces[np.isin(faces, used).all(axis=1)])
            name, points = "tibia", points[:, used]
        made[name] = points, faces
    return made


@pytest.fixture(scope="session")
def independent(shared_data):
    """Function that reads the bones of a kind from other collections: name, points and triangles of each."""

    def read(bone):
        for path in sorted((shared_data / "independent").glob(f"*_{bone}_*.ply")):
            points, faces = read_surface(path)
            yield path.stem, np.asarray(points, float), faces

    return read
