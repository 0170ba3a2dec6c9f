"""A shape model is a mean and independent modes; its file says the same, and a bad file is named."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import load_shape_model, save_shape_model
from XRayTo3DLib.surface.mesh import area_and_volume


@pytest.fixture
def file(small_model, tmp_path):
    path = tmp_path / "egg.npz"
    save_shape_model(small_model, path)
    return path


def content(path) -> dict:
    with np.load(path) as arrays:
        return dict(arrays)


def test_the_built_in_model_is_a_left_femur_that_stands_upright(model):
    assert (model.bone, model.side) == ("femur", "left")
    assert np.allclose(np.sqrt((model.modes.astype(float) ** 2).sum(axis=2).mean(axis=1)), 1, atol=2e-3)
    assert area_and_volume(model.mean, model.faces)[1] > 0
    marks = model.landmarks
    assert 380 < marks["head_center"][2] - marks["knee_center"][2] < 450
    assert marks["head_center"][0] < marks["shaft_middle"][0] < marks["trochanter_tip"][0]  # x is the patient's left


def test_surface_is_linear_in_the_weights(model):
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, len(model.deviations)))
    moved = [model.surface(weights) - model.mean for weights in (one, other, 2 * one - other)]
    assert np.allclose(moved[2], 2 * moved[0] - moved[1], atol=1e-9)


def test_a_weight_of_one_moves_points_by_the_deviation(small_model):
    for number, deviation in enumerate(small_model.deviations):
        away = small_model.surface(np.eye(number + 1)[number]) - small_model.mean
        assert np.sqrt((away**2).sum(axis=1).mean()) == pytest.approx(deviation, rel=1e-6)


def test_landmarks_move_with_the_modes(small_model):
    assert np.allclose(small_model.landmarks_at(np.array([2.0, -1.0]))["tip"], [3 - 0.4 * 1.5, -2, 61 + 2 * 3 * 1.7])
    assert np.allclose(small_model.landmarks_at(np.zeros(2))["tip"], small_model.landmarks["tip"])


def test_by_point_is_the_basis_in_another_order(small_model):
    assert np.array_equal(small_model.by_point[7], small_model.basis[:, 7])


def test_mirrored_twice_is_the_same(model):
    twice = model.mirrored().mirrored()
    for name in ("mean", "modes", "faces", "landmark_modes"):
        assert np.array_equal(getattr(twice, name), getattr(model, name)), name
    assert twice.side == model.side


def test_a_mirrored_bone_is_the_bone_of_the_mirrored_model(model):
    weights, flip = np.random.default_rng(1).standard_normal(len(model.deviations)), [-1, 1, 1]
    other = model.mirrored()
    assert other.side == "right"
    assert np.allclose(other.surface(weights), model.surface(weights) * flip)
    assert area_and_volume(other.surface(weights), other.faces)[1] > 0  # its triangles still face outwards
    marks = model.landmarks_at(weights)
    assert all(np.allclose(at, marks[name] * flip) for name, at in other.landmarks_at(weights).items())


def test_of_side_mirrors_only_what_is_of_the_other_side(small_model):
    assert small_model.of_side("left") is small_model and small_model.of_side("") is small_model
    assert small_model.of_side("right").side == "right"
    without = replace(small_model, side="")
    assert without.of_side("left") is without and without.mirrored().side == ""


def test_a_file_says_the_same_in_half_precision(small_model, file):
    again = load_shape_model(file)
    assert (again.bone, again.side, list(again.landmarks)) == ("egg", "left", ["tip"])
    assert np.array_equal(again.faces, small_model.faces)
    assert np.allclose(again.mean, small_model.mean, rtol=1e-6)
    assert np.abs(again.modes - small_model.modes).max() < 2**-11 * np.abs(small_model.modes).max()
    assert np.allclose(again.deviations, small_model.deviations, rtol=1e-6)
    assert np.allclose(again.landmarks["tip"], small_model.landmarks["tip"], rtol=1e-6)
    assert np.allclose(again.landmark_modes, small_model.landmark_modes, rtol=1e-6)


def test_a_model_without_landmarks_has_a_file(small_model, tmp_path):
    bare = replace(small_model, landmarks={}, landmark_modes=np.zeros((2, 0, 3)))
    save_shape_model(bare, tmp_path / "bare.npz")
    assert load_shape_model(tmp_path / "bare.npz").landmarks == {}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SurfaceError, match=r"absent\.npz: there is no such"):
        load_shape_model(tmp_path / "absent.npz")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_named(file, share):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SurfaceError, match=r"egg\.npz: "):
        load_shape_model(file)


class Trap:
    """Says so if it is unpickled."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


@pytest.mark.parametrize("how", ["bare pickle", "array of objects", "one array"])
def test_nothing_is_unpickled(small_model, file, how):
    if how == "bare pickle":
        file.write_bytes(pickle.dumps({"mean": 1}))
    elif how == "array of objects":
        np.savez(file, **(content(file) | {"mean": np.array([Trap()], dtype=object)}))
    else:
        with open(file, "wb") as out:
            np.save(out, small_model.mean)
    with pytest.raises(SurfaceError, match=r"egg\.npz: "):
        load_shape_model(file)
    assert not Trap.sprung


def changed(name, change):
    return lambda arrays: arrays | {name: change(arrays[name])}


def with_nan(values):
    values = values.astype(np.float64)
    values.flat[1] = np.nan
    return values


BAD = {
    "NaN in the mean": (changed("mean", with_nan), "not finite"),
    "NaN in a mode": (changed("modes", with_nan), "not finite"),
    "NaN in a landmark": (changed("landmark_mean", with_nan), "not finite"),
    "infinite deviation": (changed("deviations", lambda d: d * np.inf), "not finite"),
    "deviation zero": (changed("deviations", lambda d: d * 0), "not above zero"),
    "no modes": (lambda a: a | {"modes": a["modes"][:0], "deviations": a["deviations"][:0]}, "modes"),
    "too few points": (changed("mean", lambda m: m[:-1]), "modes"),
    "too few deviations": (changed("deviations", lambda d: d[:1]), "modes"),
    "flat mean": (changed("mean", np.ravel), "mean"),
    "half a surface": (changed("faces", lambda f: f[: len(f) // 2]), "not closed"),
    "no triangles": (changed("faces", lambda f: f[:0]), ""),
    "points that are not there": (changed("faces", lambda f: f + 100), "points that are not there"),
    "negative points": (changed("faces", lambda f: f - 5), ""),
    "another side": (changed("side", lambda s: np.array("both")), "side is 'both'"),
    "a path for a name": (changed("bone", lambda b: np.array("../../femur")), "the bone is called '../../femur'"),
    "a long name": (changed("bone", lambda b: np.array("f" * 65)), "the bone is called"),
    "two lines for a name": (changed("bone", lambda b: np.array("femur\n")), "the bone is called"),
    "more names than landmarks": (changed("landmark_names", lambda n: np.array(["tip", "toe"])), ""),
    "words for numbers": (changed("mean", lambda m: np.full(m.shape, "far")), ""),
}


@pytest.mark.parametrize("how", BAD)
def test_a_damaged_file_is_named_with_what_is_wrong(file, how):
    change, told = BAD[how]
    np.savez(file, **change(content(file)))
    with pytest.raises(SurfaceError, match=rf"egg\.npz: .*{told}"):
        load_shape_model(file)


@pytest.mark.parametrize("name", ["bone", "mean", "landmark_modes"])
def test_what_lacks_a_part_is_no_shape_model(file, name):
    arrays = content(file)
    del arrays[name]
    np.savez(file, **arrays)
    with pytest.raises(SurfaceError, match=rf"egg\.npz: it is no shape model: .*{name}"):
        load_shape_model(file)


def test_saving_to_no_folder_leaves_nothing(small_model, tmp_path):
    with pytest.raises(Exception, match="absent"):
        save_shape_model(small_model, tmp_path / "absent" / "egg.npz")
    assert not any(tmp_path.iterdir())
