"""The report of a broken bone, whose fit is given: a slider that puts fragments back, their numbers and outlines."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib import Case, Finding, Making, Marking, Settings, View, radiograph_from_array, reconstruct, shape
from XRayTo3DLib.anatomy import DEFINITIONS
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS
from XRayTo3DLib.geometry.motion import part_of_motion
from XRayTo3DLib.report import stage_pictures, write_report
from XRayTo3DLib.report.bodies import fragment_colours
from XRayTo3DLib.report.fracture import about_fragments
from XRayTo3DLib.shape import BrokenFit, Fit, built_in, shadow
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.shape.solve import start
from XRayTo3DLib.surface import arrays, distance_to

SHAPE, PIXEL, SID, SOD = (680, 300), 0.8, 1150.0, 1000.0
CUT, CENTER, SHIFT = np.array([-20.0, 0, 0]), np.array([0.0, 0, -20]), np.array([9.0, 6, 5])
TURN = Rotation.from_euler("yx", (-15, 8), degrees=True).as_matrix()


def given(arrangements, **_):
    """In the place of a fit: the mean bone, broken across, its lower fragment turned about the break and shifted."""
    model, *fragments = arrangements[0]
    mesh, count = prepared(model.faces, len(model.mean)), len(fragments[0].views)
    upper = start(model, np.eye(3), np.zeros(3), count)
    lower = replace(upper, rotation=TURN, translation=CENTER - TURN @ CENTER + SHIFT)
    own = 7 + 6 * count + len(model.deviations)
    fits = [
        Fit(model, mesh, fragment.views, state, 1e4 * np.eye(own), 0.1, 0.0)
        for fragment, state in zip(fragments, (upper, lower), strict=True)
    ]
    return BrokenFit(tuple(fits), CUT[None], 1e-4 * np.eye(own + 9))


def view_of(parts, turn):
    """A radiograph of both fragments, with their shadow and a line along the fracture marked in it."""
    columns, rows = view_directions("oblique", "left", turn)
    camera = place(columns, rows, np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, SOD)
    mask = np.any([shadow(camera, *part) for part in parts], axis=0)
    flesh = 0.35 + 0.02 * np.random.default_rng(0).standard_normal(SHAPE)
    scale = {"pixel_size_mm": PIXEL, "pixel_size_source": "the test", "sid_mm": SID, "sod_mm": SOD}
    line = camera.project(CENTER + np.outer([-30, 30], columns))[0]
    radiograph = radiograph_from_array(flesh + 0.4 * mask, bone="bright", **scale)
    return View(radiograph, Marking(mask=mask, fracture_line=tuple(line.ravel().tolist())))


@pytest.fixture(scope="module")
def result():
    parts = given([(built_in(), *[SimpleNamespace(views=())] * 2)]).parts
    case = Case([view_of(parts, turn) for turn in (0, 90)], side="left")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "fit_fragments", given)
        return reconstruct(case, Settings.of(Finding("clusters"), Making(method="shape", triangles=4000)))


def in_lps(surface):
    points, faces = arrays(surface.polydata)
    return points @ ENGINE_TO_LPS[:3, :3].T, faces[:, ::-1]


def moved(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def test_a_slider_puts_fragments_back(result, browser, drawn, tmp_path):
    """At its start they lie as in files, at its end they are parts of the reduced bone, between them as in Slicer."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.get(write_report(result, tmp_path).as_uri())
    slider, output, reset = (
        browser.find_element(By.CSS_SELECTOR, f"#reduction {x}") for x in ("input", "output", "button")
    )

    def points():
        """Of each fragment, as they are drawn now."""
        told = browser.execute_async_script(
            "const done = arguments[0], view = document.getElementById('surface-view');"
            "requestAnimationFrame(() => done(view._fullData.map(t => [t.x, t.y, t.z].map(a => Array.from(a)))));"
        )
        return [np.transpose(each) for each in told]

    def lie(*expected):
        return all(np.allclose(*each, atol=0.02) for each in zip(points(), expected, strict=True))

    bone = result.bones[0]
    upper, lower = (in_lps(piece)[0] for piece in bone.pieces)
    first, to_reduced = drawn(), bone.broken.to_reduced[1]
    belongs = moved(lower, to_reduced)
    assert lie(upper, lower)
    slider.send_keys(Keys.END)
    assert lie(upper, belongs) and output.text == "100 %"
    assert np.abs(distance_to(*in_lps(bone.whole), points()[1][::5])).max() < 1.0  # but for left out triangles
    assert (np.abs(drawn().astype(int) - first).max(axis=2) > 30).mean() > 0.005
    slider.send_keys(Keys.PAGE_DOWN * 3)
    middle = (belongs.min(axis=0) + belongs.max(axis=0)) / 2
    assert lie(upper, moved(belongs, part_of_motion(np.linalg.inv(to_reduced), 0.3, middle)))
    assert slider.get_attribute("aria-valuetext") == "70 % of the way to reduced"
    reset.click()
    assert lie(upper, lower) and output.text == "0 %"
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_outlines_of_fragments_are_drawn_over_each_view(result):
    """Each in its colour, round its own shadow, and nowhere else."""
    pictures = stage_pictures(result)
    assert {"fragments", "fragments-second-view", "measures"} < set(pictures) and "fitted-shape" not in pictures
    fit = result.bones[0].broken.fit
    for number, name in enumerate(("fragments", "fragments-second-view")):
        for part, colour in zip(fit.parts, fragment_colours(2), strict=True):
            mask = shadow(fit.upper.views[number].camera, *part).astype(np.uint8)
            edge = cv2.dilate(mask, np.ones((5, 5))) > cv2.erode(mask, np.ones((5, 5)))
            drawn = np.abs(pictures[name].astype(int) - colour).max(axis=2) < 60
            assert drawn.sum() > 0.1 * edge.sum() and not (drawn & ~edge).any()


def test_numbers_have_their_deviation_and_what_is_not_told_is_said():
    told = {
        "angulation_ap_deg": (-12.04, 1.2, "Angulation seen from the front"),
        "translation_lateral_mm": (0.5, 0.8, "Translation outwards"),
    }
    measures = {
        name: {
            "value": value,
            "deviation": off,
            "interval_95": [value - 1.96 * off, value + 1.96 * off],
            "title": title,
        }
        for name, (value, off, title) in told.items()
    }
    met = {"residual_mm": 0.42, "unmet_share": 0.03}
    rows = dict(about_fragments({"fragments": [{"name": "upper", **met}, {"name": "lower", **met, **measures}]}))
    assert rows["Angulation seen from the front"] == "-12.0 ± 1.2°, varus"
    assert rows["Translation outwards"] == "0.5 ± 0.8 mm"  # to which side is not sure
    untold = [each.title for name, each in DEFINITIONS["fracture"].items() if name not in told]
    assert all(title in rows["Not given"] and title not in rows for title in untold)
    assert rows["Upper fragment"].startswith("0.42 mm")
    three = [{"name": "upper", **met}, {"name": "middle", **met, **measures}, {"name": "lower", **met, **measures}]
    rows = dict(about_fragments({"fragments": three}))
    for which in ("middle against upper", "lower against middle"):
        assert rows[f"Angulation seen from the front, {which}"] == "-12.0 ± 1.2°, varus"
    assert rows["Middle fragment"] == rows["Upper fragment"]
