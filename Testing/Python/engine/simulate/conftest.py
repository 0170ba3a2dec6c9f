"""Shapes as the simulator's meshes, a real limb, a camera, and an independent projector (RTK)."""

import importlib

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.simulate.bones.bone import Mesh
from XRayTo3DLib.simulate.bones.limbs import read_limbs


def mesh_of(shape: trimesh.Trimesh) -> Mesh:
    return Mesh(np.asarray(shape.vertices, float), np.asarray(shape.faces, np.int64))


@pytest.fixture(scope="session")
def to_mesh():
    """Function that gives a trimesh to the simulator."""
    return mesh_of


@pytest.fixture(scope="session")
def sphere():
    """Function that makes a fine sphere: radius, centre."""

    def make(radius=20.0, centre=(0.0, 0.0, 0.0), subdivisions=5):
        return mesh_of(trimesh.creation.icosphere(subdivisions, radius).apply_translation(centre))

    return make


@pytest.fixture(scope="session")
def cylinder():
    """Function that makes a cylinder along z: radius, length, centre."""

    def make(radius=15.0, length=100.0, centre=(0.0, 0.0, 0.0), sections=400):
        return mesh_of(trimesh.creation.cylinder(radius, length, sections=sections).apply_translation(centre))

    return make


@pytest.fixture(scope="session")
def real_limb(made_once, shared_data):
    """Somebody's limb, a left one."""
    return made_once("real limb", lambda: read_limbs(shared_data / "limbs", [3])[0])


@pytest.fixture(scope="session")
def stand():
    """Function that places a camera: view, side, middle, shape, pixel size, SID, SOD."""

    def make(view="ap", side="left", center=(0, 0, 0), shape=(161, 121), pixel=1.0, sid=1150.0, sod=1000.0):
        return place(*view_directions(view, side), np.array(center, float), shape, (pixel, pixel), sid, sod)

    return make


@pytest.fixture(scope="session")
def rtk_geometry():
    """Function that gives RTK a camera's geometry and an empty picture of its detector.

    RTK's space at gantry angle 0 is the engine's frame with its origin moved to the principal point.
    """
    itk = pytest.importorskip("itk")

    def make(camera):
        geometry = of_rtk("ThreeDCircularProjectionGeometry").New()
        geometry.AddProjection(camera.sod_mm, camera.sid_mm, 0.0)
        picture = itk.image_from_array(np.zeros((1, *camera.shape), np.float32))
        picture.SetSpacing([*map(float, camera.pixel_size_mm), 1.0])
        picture.SetOrigin([*(float(x) for x in -camera.middle * camera.pixel_size_mm), 0.0])
        return itk, geometry, picture

    return make


def of_rtk(name):
    """A class of RTK by its own file: `itk.RTK` would first load all the others, and all of ITK that they might use."""
    return getattr(importlib.import_module(f"itk.rtk{name.removesuffix('IF3IF3')}Python"), f"rtk{name}")


@pytest.fixture(scope="session")
def rtk_joseph(rtk_geometry):
    """Function that projects a volume (k, j, i) by RTK: values, voxel size, first voxel in RTK's space, camera."""

    def project(values, spacing, origin, camera):
        itk, geometry, picture = rtk_geometry(camera)
        volume = itk.image_from_array(np.ascontiguousarray(values, np.float32))
        volume.SetSpacing([float(s) for s in np.broadcast_to(spacing, 3)])
        volume.SetOrigin([float(o) for o in origin])
        joseph = of_rtk("JosephForwardProjectionImageFilterIF3IF3").New()
        joseph.SetInput(0, picture)
        joseph.SetInput(1, volume)
        joseph.SetGeometry(geometry)
        joseph.Update()
        return itk.array_from_image(joseph.GetOutput())[0]

    return project
