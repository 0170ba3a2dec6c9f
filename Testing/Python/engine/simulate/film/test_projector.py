"""Path lengths: analytic bodies, an independent ray caster and an independent projector, watertight to the pixel."""

import manifold3d
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.bone import Mesh
from XRayTo3DLib.simulate.film.projector import chords, on_rays, path_length

from ..conftest import of_rtk


def rays(camera):
    """The source, and unit vectors to all pixels, in the patient's coordinates."""
    column, row = np.meshgrid(np.arange(camera.shape[1]), np.arange(camera.shape[0]))
    size = camera.pixel_size_mm
    detector = np.stack([column * size[0], row * size[1], np.full(column.shape, camera.sod_mm - camera.sid_mm)], -1)
    # A pixel's place on the detector; the engine's x and y are those of the plane of the bone.
    back = np.linalg.inv(camera.from_lps)
    direction = detector @ back[:3, :3].T + back[:3, 3] - camera.source_lps
    return camera.source_lps, direction / np.linalg.norm(direction, axis=-1, keepdims=True)


def chord_of_sphere(camera, centre, radius):
    source, direction = rays(camera)
    to_centre = np.asarray(centre) - source
    off = (to_centre @ to_centre) - (direction @ to_centre) ** 2
    return 2 * np.sqrt(np.maximum(radius**2 - off, 0))


def chord_of_endless_cylinder(camera, centre, radius):
    """Round z."""
    source, direction = rays(camera)
    across = direction[..., :2]
    slope = np.linalg.norm(across, axis=-1)
    to_centre = (np.asarray(centre) - source)[:2]
    off = (to_centre @ to_centre) - ((across / slope[..., None]) @ to_centre) ** 2
    return 2 * np.sqrt(np.maximum(radius**2 - off, 0)) / slope


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_the_middle_of_a_spheres_chord_is_nearest_to_its_centre(stand, sphere, view):
    """So what is linear in space has the value there that the mean over the chord has."""
    camera = stand(view, pixel=0.7)
    centre, radius, values = np.array([12.0, -30.0, 8.0]), 25.0, np.array([0.01, -0.02, 0.005, 0.4])
    lengths, distances = chords([sphere(radius, centre, subdivisions=6)], camera)
    source, direction = rays(camera)
    middle = source + (direction @ (centre - source))[..., None] * direction
    wanted = np.concatenate([middle, np.ones((*camera.shape, 1))], axis=-1) @ values
    seen = lengths[0] > 5
    assert np.abs(on_rays(values, distances[0], camera) - wanted)[seen].max() < 1e-3
    assert np.array_equal(lengths, path_length([sphere(radius, centre, subdivisions=6)], camera))
    assert not distances[0][lengths[0] == 0].any()


@pytest.mark.parametrize("view", ["ap", "lateral", "oblique"])
def test_a_spheres_thickness(stand, sphere, view):
    camera = stand(view, pixel=0.7)
    centre = (12.0, -30.0, 8.0)
    exact = chord_of_sphere(camera, centre, 25.0)
    found = path_length([sphere(25.0, centre, subdivisions=6)], camera)[0]
    assert np.abs(found - exact)[exact > 10].max() < 0.001 * 50
    assert found.sum() == pytest.approx(exact.sum(), rel=1e-3)


def test_a_cylinders_thickness(stand, cylinder):
    camera = stand("oblique", shape=(61, 121), pixel=0.5)
    exact = chord_of_endless_cylinder(camera, (3.0, 4.0, 0.0), 15.0)
    found = path_length([cylinder(15.0, 300.0, (3.0, 4.0, 0.0), sections=1000)], camera)[0]
    assert np.abs(found - exact)[exact > 5].max() < 0.001 * 30
    assert exact.max() == pytest.approx(30, rel=1e-3)


def test_a_box_whose_edges_run_through_pixel_centres(stand, to_mesh):
    # Pixels of 1.15 mm at the detector are 1 mm in the middle; the front lies at 990, the back at 1010 mm.
    camera = stand(shape=(81, 81), pixel=1.15)
    box = to_mesh(trimesh.creation.box((20, 20, 20)))
    found = path_length([box], camera)[0]
    assert found[40, 40] == pytest.approx(20)
    inside = (slice(31, 50), slice(31, 50))
    assert found[inside] == pytest.approx(20 * camera.obliquity()[inside])
    assert (found[:28] == 0).all() and (found[:, 52:] == 0).all()
    assert found.max() <= 20 * camera.obliquity().max()


def test_a_femur_against_an_independent_ray_caster(stand, shared_data):
    bones = np.load(shared_data / "limbs" / "femur_26_correspondence.npz")
    bone = Mesh(bones["vertices"][3].astype(float), bones["faces"].astype(np.int64))
    camera = stand("lateral", center=bone.points.mean(axis=0), shape=(300, 100), pixel=2.0)
    found = path_length([bone], camera)[0]
    source, direction = rays(camera)
    pixel = np.random.default_rng(0).integers((0, 0), camera.shape, (400, 2))
    directions = direction[tuple(pixel.T)]
    caster = trimesh.ray.ray_triangle.RayMeshIntersector(trimesh.Trimesh(bone.points, bone.faces, process=False))
    place, ray, _ = caster.intersects_location(np.repeat(source[None], 400, axis=0), directions)
    distance = np.einsum("ij,ij->i", place - source, directions[ray])
    exact = np.zeros(400)
    for number in np.unique(ray):
        met = np.sort(distance[ray == number])
        exact[number] = (met[1::2] - met[::2]).sum()
    assert np.count_nonzero(exact) > 50
    assert found[tuple(pixel.T)] == pytest.approx(exact, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_ray_slips_through_and_none_is_counted_twice(stand, seed):
    """Random crumpled bodies, also seen edge on: no ray is longer inside than the body is deep, none negative."""
    rng = np.random.default_rng(seed)
    body = trimesh.creation.icosphere(2, 1.0)
    points = np.round(body.vertices * rng.uniform(2, 30, 3) * rng.uniform(0.6, 1, (len(body.vertices), 1)))
    camera = stand(shape=(80, 80), pixel=1.0, sid=1000.0, sod=1000.0)  # many points fall on pixel centres
    found = path_length([Mesh(points, np.asarray(body.faces))], camera)
    assert found.min() >= 0 and found.max() < 2 * np.linalg.norm(points, axis=1).max()
    cut = trimesh.Trimesh(points, body.faces, process=False)
    flipped = path_length([Mesh(points, np.asarray(body.faces)[:, ::-1])], camera)
    assert flipped.max() < 1e-6 or not cut.is_volume  # inside out: nothing but rounding is above zero


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda n: np.linalg.norm(n) > 0.1), st.floats(-10, 10))
def test_a_bodys_parts_add_up(stand, to_mesh, normal, offset):
    ball = trimesh.creation.icosphere(3, 20.0)
    body = manifold3d.Manifold(manifold3d.Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.uint32)))
    parts = [part.to_mesh() for part in body.split_by_plane(np.array(normal), offset)]
    camera = stand("oblique", shape=(70, 70))
    halves = path_length([Mesh(np.array(m.vert_properties, float), np.array(m.tri_verts, int)) for m in parts], camera)
    assert halves.sum(axis=0) == pytest.approx(path_length([to_mesh(ball)], camera)[0], abs=1e-3)


def test_each_surface_by_itself(stand, sphere):
    camera = stand()
    a, b = sphere(20.0), sphere(10.0, (5, 5, 5))
    both = path_length([a, b], camera)
    assert both.shape == (2, *camera.shape)
    assert np.array_equal(both[0], path_length([a], camera)[0])
    assert np.array_equal(both[1], path_length([b], camera)[0])
    assert path_length([], camera).shape == (0, *camera.shape)


def test_what_leaves_the_detector_is_cut_off(stand, sphere):
    large, small = stand(shape=(101, 101)), stand(shape=(31, 31))
    ball = sphere(30.0)
    assert path_length([ball], small)[0] == pytest.approx(path_length([ball], large)[0, 35:66, 35:66])
    aside = stand(shape=(31, 31), center=(500, 0, 0))
    assert not path_length([ball], aside).any()


def test_a_body_round_the_source(stand, sphere):
    with pytest.raises(SimulationError, match="reaches the X-ray source"):
        path_length([sphere(30.0, (0, -990, 0), subdivisions=2)], stand())


@pytest.mark.parametrize("angle", [0.0, 0.6])
def test_agrees_with_an_independent_projector(stand, to_mesh, rtk_geometry, angle):
    """RTK's exact intersection of rays with an ellipsoid: within 2 % of the maximum everywhere."""
    camera = stand(shape=(181, 141), pixel=0.8)
    itk, geometry, picture = rtk_geometry(camera)
    axes, centre = (18.0, 45.0, 27.0), (6.0, -9.0, 20.0)
    exact = of_rtk("RayEllipsoidIntersectionImageFilterIF3IF3").New()
    exact.SetInput(picture)
    exact.SetGeometry(geometry)
    exact.SetAxis(axes)
    exact.SetCenter(centre)
    exact.SetAngle(float(np.rad2deg(-angle)))  # RTK turns the rays, not the body
    exact.SetDensity(1.0)
    exact.Update()
    theirs = itk.array_from_image(exact.GetOutput())[0]

    body = trimesh.creation.icosphere(6, 1.0)
    body.apply_scale(axes)
    body.apply_transform(trimesh.transformations.rotation_matrix(angle, (0, 1, 0)))
    body.apply_translation(np.add(centre, (*(camera.middle * camera.pixel_size_mm), 0)))
    engine = to_mesh(body)
    ours = path_length([engine.moved(np.linalg.inv(camera.from_lps))], camera)[0]
    assert theirs.max() > 40
    assert np.abs(ours - theirs).max() < 0.02 * theirs.max()
