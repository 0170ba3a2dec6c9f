"""What is known of a patient makes some of a model's bones more probable; what cannot be is refused."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError, SurfaceError
from XRayTo3DLib.shape import Facts, ShapeModel, built_in, informed, side_of_other
from XRayTo3DLib.shape.facts import _conditioned, _Told
from XRayTo3DLib.shape.statistics import onto
from XRayTo3DLib.surface import distance_to


@pytest.fixture(scope="module")
def femur():
    return built_in()


def length(model):
    return np.ptp(model.mean[:, 2])


def spread(model):
    return np.sqrt((model.deviations**2).sum())


def test_without_facts_it_is_the_model_itself(femur):
    assert informed(femur, Facts()) is femur


def test_one_number_told_is_bayes_rule(small_model):
    """Of a weight with variance 1, told as 2 with variance 1, the mean is 1 and the variance 1/2; the other stays."""
    told = _Told(np.array([[1.0, 0.0]]), np.array([2.0]), np.array([[1.0]]))
    made = _conditioned(small_model, [told])
    assert isinstance(made, ShapeModel)
    assert np.allclose(made.mean, small_model.surface(np.array([1.0])), atol=1e-6)
    expected = sorted([small_model.deviations[0] / np.sqrt(2), small_model.deviations[1]], reverse=True)
    assert np.allclose(made.deviations, expected, rtol=1e-5)


@pytest.mark.parametrize("sex", ["", "female", "male"])
@pytest.mark.parametrize("bone", ["femur", "tibia", "fibula"])
def test_taller_people_have_longer_bones_and_less_is_left_open(bone, sex):
    model = built_in(bone)
    short, tall = (informed(model, Facts(cm, sex)) for cm in (150, 190))
    assert 20 < length(tall) - length(short) < 40 / 2.1 * 10  # no more than the flattest equation has it
    assert spread(tall) < spread(model)


def test_height_is_nothing_to_a_patella():
    model = built_in("patella")
    assert informed(model, Facts(180, "male")) is model


def test_men_have_longer_femora_and_larger_heads(femur):
    man, woman = (informed(femur, Facts(sex=sex)) for sex in ("male", "female"))
    assert length(man) > length(femur) > length(woman) and 20 < length(man) - length(woman) < 40
    assert spread(man) < spread(femur)


def test_the_other_leg_tells_most(femur):
    """It may stand anywhere; what two legs differ by, and what a registration leaves, stays open."""
    truth = femur.surface(0.8 * np.random.default_rng(5).standard_normal(12))
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    other = (truth * [-1, 1, 1]) @ turn.T + [30, -70, 500], femur.faces[:, ::-1]
    made = informed(femur, Facts(other_side=other))
    before, after = (
        np.abs(distance_to(truth, femur.faces, onto(each.mean, truth)[0])).mean() for each in (femur, made)
    )
    assert after < 0.4 * before and spread(made) < 0.4 * spread(femur)
    assert side_of_other(femur, other) == "left"
    with pytest.raises(SurfaceError, match="surface is a right femur, as the bone that is looked for"):
        informed(femur.of_side("right"), Facts(other_side=other))


@pytest.mark.parametrize(
    ("facts", "error", "words"),
    [
        (Facts(height_cm=17.5), ReconstructionError, "height of 17.5 cm is impossible"),
        (Facts(height_cm=float("nan")), ReconstructionError, "impossible"),
        (Facts(sex="f"), ReconstructionError, "must be female or male"),
    ],
)
def test_what_cannot_be_is_refused(femur, facts, error, words):
    with pytest.raises(error, match=words):
        informed(femur, facts)


def test_the_other_legs_surface_must_be_closed_and_of_this_bone(femur):
    points, faces = femur.mean * [-1, 1, 1], femur.faces[:, ::-1]
    with pytest.raises(SurfaceError, match="is not closed"):
        informed(femur, Facts(other_side=(points, faces[1:])))
    patella = built_in("patella")
    with pytest.raises(SurfaceError, match="unlike a femur"):
        informed(femur, Facts(other_side=(patella.mean, patella.faces)))
