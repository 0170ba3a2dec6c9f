"""A known bone in calibrated views, as the network that ships sees it; when `auto` takes that; and refusals."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from XRayTo3DLib import Case, Making, Marking, ReconstructionError, Settings, View, radiograph_from_array, reconstruct
from XRayTo3DLib.errors import NoFemurError
from XRayTo3DLib.evaluate import compare
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.methods import BoneResult, FoundBone, auto
from XRayTo3DLib.methods import volume as by_volume
from XRayTo3DLib.methods.volumetric import Volumetric
from XRayTo3DLib.shape import built_in, shadow
from XRayTo3DLib.surface import OBSERVED, UNCERTAINTY, arrays, is_closed

SHAPE, PIXEL, SID, SOD = (700, 420), 0.8, 1150.0, 1000.0


def true_bone():
    """Points of a left femur about the origin."""
    model = built_in()
    return model.surface(0.7 * np.random.default_rng(8).standard_normal(20)) - model.mean.mean(axis=0)


def view(turn_deg, seed=0, name="ap", calibrated=True):
    columns, rows = view_directions("oblique", "left", turn_deg)
    camera = place(columns, rows, np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, SOD)
    mask = shadow(camera, true_bone(), built_in().faces)
    flesh = 0.35 + 0.02 * np.random.default_rng(seed).standard_normal(SHAPE)
    picture = radiograph_from_array(
        flesh + 0.4 * mask,
        bone="bright",
        pixel_size_mm=PIXEL,
        pixel_size_source="the test",
        sid_mm=SID,
        sod_mm=SOD,
    )
    return View(replace(picture, view=name), Marking(mask=mask), camera if calibrated else None)


@pytest.fixture(scope="module")
def case():
    return Case([view(0), view(80, 1, None)], side="left")


@pytest.fixture(scope="module")
def made(case):
    return reconstruct(case, Settings(method="volume", segmentation="clusters", triangles=8000))


def test_the_bone_is_closed_and_near_the_truth(made):
    bone = arrays(made.surface.polydata)
    assert is_closed(bone[1]) and len(bone[1]) <= 8000
    upright = bone[0] @ np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]])  # from the picture's frame to the patient's
    found = compare((upright, bone[1][:, ::-1]), (true_bone(), built_in().faces), align="rigid")
    assert found.distances.mean_mm < 2.0 and found.dice > 0.9


def test_it_says_how_sure_it_is_and_what_was_seen(made):
    points = made.surface.polydata.GetPointData()
    uncertain, observed = (np.array(points.GetArray(name)) for name in (UNCERTAINTY, OBSERVED))
    assert (uncertain > 0).all() and uncertain.max() < 30
    assert 0.05 < observed.mean() < 0.8
    told = json.loads(json.dumps(made.as_json()))["bones"][0]
    assert told["method"] == "volume" and told["shape"] is None
    assert told["volume"]["views"] == 2 and min(told["volume"]["agreement"]) > 0.93
    assert told["volume"]["uncertainty_mm"]["median"] == pytest.approx(np.median(uncertain), abs=0.3)
    assert made.bones[0].warnings == ()


def test_points_are_of_an_outline_where_a_ray_grazes_them_at_the_edge_of_a_mask(case, made):
    """Of a ray in the middle of the bone, the points that it enters and leaves at are not."""
    observed = np.array(made.surface.polydata.GetPointData().GetArray(OBSERVED)) > 0
    points = arrays(made.surface.polydata)[0]
    shaft = np.abs(points[:, 1] - np.median(points[:, 1])) < 30
    across = points[shaft, 0] - points[shaft, 0].mean()
    deep = points[shaft, 2] - points[shaft, 2].mean()
    edge = np.maximum(np.abs(across) / np.abs(across).max(), np.abs(deep) / np.abs(deep).max())
    assert observed[shaft][edge > 0.9].mean() > observed[shaft][edge < 0.75].mean()


def test_views_of_two_bones_are_refused_in_words(case):
    first, second = case.views
    rows = np.arange(SHAPE[0])[:, None]
    upper, lower = first.marking.mask & (rows < 250), second.marking.mask & (rows > 400)
    views = [replace(each, marking=Marking(mask=mask)) for each, mask in ((first, upper), (second, lower))]
    seen = [SimpleNamespace(bone=SimpleNamespace(mask=each.marking.mask), radiograph=each.radiograph) for each in views]
    for each, of in zip(seen, views, strict=True):
        each.view, each.femur = of, None
    with pytest.raises(ReconstructionError, match="do not look at the same place"):
        by_volume.make(FoundBone(case, tuple(seen), None), Making())


def test_a_bone_whose_shadow_is_elsewhere_is_refused_in_words():
    by_volume._check_shadow((0.95, 0.51))
    with pytest.raises(ReconstructionError, match=r"in view 2 the shadow .* Dice of 0\.49"):
        by_volume._check_shadow((0.95, 0.49))


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ([view(0, calibrated=False)], "needs two calibrated views"),
        ([view(0, calibrated=False), view(80, 1, calibrated=False)], "needs calibrated cameras"),
        ([view(20 * number, number) for number in range(9)], "uses 8 views at most, not 9"),
        ([view(0), view(80, 1), replace(view(40), radiograph=view(0).radiograph)], "Views 1 and 3 are the same"),
    ],
)
def test_what_it_cannot_use_is_refused_in_words_before_any_work(views, words):
    with pytest.raises(ReconstructionError, match=words):
        reconstruct(Case(views), Settings(method="volume"), progress=lambda *_: 1 / 0)


def seen_as(*agreement):
    """A bone that a volume network made, whose shadow agrees so well with what was found."""
    return BoneResult("femur", "left", (), volume=Volumetric(4.0, np.ones(3), agreement, ()))


@pytest.fixture
def chosen(monkeypatch, case):
    """What `auto` makes of a bone that no shape model meets, and that a volume network sees as told."""

    def choose(seen, why=ReconstructionError, of=case):
        def fails(*_):
            raise why("No model meets it.")

        monkeypatch.setattr(auto.shape, "make", fails)
        monkeypatch.setattr(by_volume, "make", lambda *_: seen)
        found = SimpleNamespace(bone=SimpleNamespace(name="femur"), fragments=None, femur=None, view=of.views[0])
        return auto.make(FoundBone(of, (found,) * len(of.views), None), Making())

    return choose


def test_auto_takes_a_volume_where_no_shape_model_meets_several_views_and_its_shadow_does(chosen):
    made = chosen(seen_as(0.95, 0.9))
    assert made.volume.agreement == (0.95, 0.9)
    assert "as a volume network sees it" in made.warnings[0] and "No model meets it." in made.warnings[0]


@pytest.fixture
def fitted(monkeypatch, case):
    """What `auto` makes of a bone in whose views a fitted shape's shadow agrees so well with what was found."""

    def choose(*agreement, of=case):
        shape = BoneResult("femur", "left", (), shape=SimpleNamespace(warnings=()))
        monkeypatch.setattr(auto.shape, "make", lambda *_: shape)
        monkeypatch.setattr(auto, "_agreement", lambda found, fitted, view: agreement[view])
        monkeypatch.setattr(by_volume, "make", lambda *_: seen_as(0.95, 0.95))
        found = SimpleNamespace(bone=SimpleNamespace(name="femur"), fragments=None, femur=None, view=of.views[0])
        return auto.make(FoundBone(of, (found,) * len(of.views), None), Making())

    return choose


def test_auto_takes_a_shape_whose_shadow_is_the_bone_in_every_view_and_else_the_volume(fitted):
    assert fitted(0.9, 0.9).volume is None
    made = fitted(0.99, 0.89)
    assert made.shape is None and "(Dice 0.89)" in made.warnings[0]


def test_auto_keeps_such_a_shape_where_the_views_are_not_calibrated(fitted):
    assert fitted(0.99, 0.5, of=Case([view(0, calibrated=False), view(80, 1, calibrated=False)])).shape is not None


def test_auto_takes_no_volume_whose_shadow_is_another(chosen):
    with pytest.raises(ReconstructionError, match=r"^No model meets it\.$"):
        chosen(seen_as(0.95, 0.89))


def test_auto_takes_no_volume_of_views_that_are_not_calibrated(chosen):
    views = [view(0, calibrated=False), view(80, 1, calibrated=False)]
    with pytest.raises(ReconstructionError, match=r"^No model meets it\.$"):
        chosen(seen_as(0.95, 0.95), of=Case(views))


def test_auto_takes_no_volume_of_what_is_no_femur(chosen):
    with pytest.raises(NoFemurError):
        chosen(seen_as(0.95, 0.95), NoFemurError)


def test_a_shadow_that_is_another_is_warned_of():
    assert "view 2" in seen_as(0.95, 0.7).warnings[0] and "0.70" in seen_as(0.95, 0.7).warnings[0]
    assert seen_as(0.95, 0.7).volume.agrees is False
