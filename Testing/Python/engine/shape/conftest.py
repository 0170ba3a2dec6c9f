"""Outlines that a known bone casts, fits to them that many tests share, and a few coarse femora."""

import contextlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.outline import Outline, outlines, smooth_field
from XRayTo3DLib.shape import (
    SECOND_VIEW,
    ShapeModel,
    alignment,
    built_in,
    fit_shape,
    shadow,
    train,
    view_from,
)
from XRayTo3DLib.shape.correspondence import Template
from XRayTo3DLib.shape.statistics import onto
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.surface import arrays, polydata, simplify

SOD, SID, PIXEL = 1000.0, 1150.0, 0.8
FINER = 2
VARIED = 20  # modes in which random bones differ
FREE = SECOND_VIEW


def camera(turn_deg=0.0, shape=(700, 420), center=(0, 0, 0)):
    """A source in front of the patient, turned towards his left."""
    columns, rows = view_directions("oblique", "left", turn_deg)
    return place(columns, rows, np.asarray(center, float), shape, (PIXEL, PIXEL), SID, SOD)


def outlines_of(seen_by, points, faces):
    """Outlines of a surface's shadow, drawn finely: what it is off by is a part of a pixel of the drawing."""
    mask = shadow(seen_by, points, faces, FINER)
    to_fine = np.array([[FINER, 0, (FINER - 1) / 2], [0, FINER, (FINER - 1) / 2]])
    return outlines(smooth_field(mask), to_fine, np.zeros(mask.shape, bool))


def view_of(seen_by, points, faces, named=None, **loose):
    """A view of a surface by one camera, which is `named` another one."""
    return view_from(named or seen_by, outlines_of(seen_by, points, faces), **loose)


def heights_of(seen_by, points, faces, upright=None, off=0.0, deviation=0.03):
    """How high along a bone its pixels are, as `view_from` takes it: the middle of where a ray enters and leaves.

    `upright` are the points whose z tells the height, `off` (of a share) is what all of it is wrong by.
    """
    z = (points if upright is None else upright)[:, 2]
    share = (z - z.min()) / np.ptp(z)
    pixel = seen_by.project(points)[0]
    sides = []
    for corner in (faces, faces[:, ::-1]):  # what faces the source, and what faces away from it
        (ax, ay), (bx, by) = ((pixel[corner[:, i]] - pixel[corner[:, 0]]).T for i in (1, 2))
        towards = ax * by > ay * bx
        sides.append((pixel[corner].mean(axis=1)[towards], share[corner].mean(axis=1)[towards]))
    (at, one), (there, other) = sides
    shares = (one + other[cKDTree(there).query(at)[1]]) / 2
    inside = ((at > -0.5) & (at < np.array(seen_by.shape)[::-1] - 0.5)).all(axis=1)
    return at[inside], np.clip(shares[inside] + off, 0, 1), deviation


def random_bone(model, seed, size=0.8):
    """Points of a bone of the model, about the origin."""
    weights = size * np.random.default_rng(seed).standard_normal(VARIED)
    return model.surface(weights) - model.mean.mean(axis=0)


def shape_error(fit, truth):
    """How far (n,) a fitted surface is off the true one along its normals, once they are laid on each other."""
    return np.einsum("ni,ni->n", onto(fit.points, truth)[0] - truth, fit.mesh.normals(truth))


@pytest.fixture(scope="session")
def model():
    return built_in()


@pytest.fixture(scope="session")
def cast():
    """What casts outlines."""
    return SimpleNamespace(
        camera=camera,
        outlines_of=outlines_of,
        heights_of=heights_of,
        view_of=view_of,
        random_bone=random_bone,
        shape_error=shape_error,
        free=FREE,
        pixel_mm=PIXEL,
        sod=SOD,
        magnification=SID / SOD,
    )


@pytest.fixture(scope="session")
def one_view(model):
    """A random bone, its view from the front, and the fit to it."""
    truth = random_bone(model, 1)
    view = view_of(camera(), truth, model.faces)
    return SimpleNamespace(truth=truth, views=[view], fit=fit_shape([(model, [view])]))


@pytest.fixture(scope="session")
def two_views(model):
    """A random bone, turned and shifted, its views from the front and from its left, and the fit to them."""
    turn = Rotation.from_euler("zyx", (8, 5, -4), degrees=True).as_matrix()
    truth = random_bone(model, 2) @ turn.T + [12, -6, 20]
    views = [
        view_of(camera(), truth, model.faces),
        view_of(camera(90), truth, model.faces, **FREE),
    ]
    return SimpleNamespace(truth=truth, views=views, turn=turn, fit=fit_shape([(model, views)]))


@pytest.fixture(scope="session")
def half_seen(model):
    """The upper half of a bone: the picture ends below."""
    truth = random_bone(model, 3)
    view = view_of(camera(shape=(350, 420), center=(0, 0, 145)), truth, model.faces)
    return SimpleNamespace(truth=truth, views=[view], fit=fit_shape([(model, [view])]))


@pytest.fixture(scope="session")
def small_model():
    """A model of an ellipsoid that says little, for what needs no femur: two modes, one landmark."""
    ball = trimesh.creation.icosphere(3, 1.0)
    mean = ball.vertices * [20.0, 30.0, 60.0] + [3.0, -2.0, 1.0]
    modes = np.stack([ball.vertices * [0, 0, 1], ball.vertices * [1, -1, 0]])
    modes /= np.sqrt((modes**2).sum(axis=2).mean(axis=1))[:, None, None]
    return ShapeModel(
        "egg",
        "left",
        mean,
        modes.astype(np.float32),
        np.array([3.0, 1.5]),
        np.asarray(ball.faces, np.int64),
        {"tip": np.array([3.0, -2.0, 61.0])},
        np.array([[[0, 0, 1.7]], [[0.4, 0, 0]]]),
    )


@pytest.fixture(scope="session")
def with_modes():
    """Function that leaves a model only its largest modes."""

    def cut(model, count):
        return replace(
            model,
            modes=model.modes[:count],
            deviations=model.deviations[:count],
            landmark_modes=model.landmark_modes[:count],
        )

    return cut


@pytest.fixture(scope="session")
def wrong_points():
    """Function that moves whole stretches of an outline aside: a share of its points, by some pixels."""

    def spoil(outline, share, pixels):
        count = len(outline.points)
        number = np.arange(count)
        moved = (number % (count // 12)) < share * (count // 12)  # twelve stretches
        points = outline.points + np.where(moved[:, None], [pixels, 0.0], 0.0)
        return Outline(points, outline.flags)

    return spoil


@pytest.fixture(scope="session")
def femora():
    """Five coarse femora of both sides: as they stand upright, in any pose, and their sides."""
    sides = ("left", "right", "left", "right", "left")
    upright, made = [], []
    for seed, side in enumerate(sides):
        bone = femur(sample(seed, side), 4.0).outer
        upright.append((np.asarray(bone.points, float), np.asarray(bone.faces, np.int64)))
        turn = Rotation.random(random_state=seed).as_matrix()
        made.append((upright[-1][0] @ turn.T + 50.0 * seed, upright[-1][1]))
    return SimpleNamespace(upright=upright, surfaces=made, sides=sides)


@pytest.fixture(scope="session")
def coarse(model):
    """The built-in mean with a fifth of its points: what needs no more than a template."""
    points, faces = arrays(simplify(polydata(model.mean, model.faces), 1400, 12.0))
    return Template(np.asarray(points, float), np.asarray(faces, np.int64))


@pytest.fixture(scope="session")
def coarsely(coarse):
    """What puts the coarse template in the built-in model's place, while it lasts.

    Templates that are one of the bones are as coarse, and fewer points are aligned.
    """
    points, faces = coarse.points, coarse.faces
    away = points - points.mean(axis=0)
    grown = (away / np.sqrt((away**2).sum(axis=1).mean())).astype(np.float32)[None]
    stand_in = ShapeModel("femur", "left", points, grown, np.ones(1), faces, {}, np.zeros((1, 0, 3)))

    @contextlib.contextmanager
    def replaced():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train, "built_in", lambda: stand_in)
            patch.setattr(train, "_TRIANGLES", 1400)
            patch.setattr(train, "_EDGE_MM", 12.0)
            patch.setattr(alignment, "_MANY", 400)
            yield

    return replaced


@pytest.fixture(scope="session")
def bones(femora, coarsely):
    """The same points on each of them."""
    with coarsely():
        return train.corresponding(femora.surfaces, [f"{number}.stl" for number in range(5)], workers=1)
