"""Films of a bone that is broken in two places, each piece clicked on: three fragments where they lie, end to end."""

import json
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import trimesh

from XRayTo3DLib import (
    Case,
    Making,
    Marking,
    ReconstructionError,
    Settings,
    View,
    radiograph_from_array,
    reconstruct,
    segmentation,
    write_scene,
)
from XRayTo3DLib.anatomy import DEFINITIONS
from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS
from XRayTo3DLib.methods import broken, fragment_names
from XRayTo3DLib.pipeline import write_main
from XRayTo3DLib.report import stage_pictures
from XRayTo3DLib.report.bodies import fragment_colours
from XRayTo3DLib.segmentation import FoundBreak, Fragments
from XRayTo3DLib.shape import shadow
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.simulate.bones.fracture import Fracture
from XRayTo3DLib.simulate.bones.segmental import break_in_pieces
from XRayTo3DLib.simulate.film.setup import Setup
from XRayTo3DLib.simulate.film.view import simulate
from XRayTo3DLib.surface import area_and_volume, arrays, distance_to, is_closed

BREAKS = (
    Fracture("oblique", 0.36, 25.0, 60.0, 0.4, (5.0, -4.0, -5.0), (4.0, 8.0, 0.0), 1),
    Fracture("transverse", 0.65, 0.0, 0.0, 0.4, (-6.0, 3.0, -5.0), (-5.0, -6.0, 0.0), 2),
)


def click_on(film, pieces, number):
    """Column and row in the middle of what a film shows of one piece."""
    mask = shadow(film.camera, pieces[number].outer.points, pieces[number].outer.faces)
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return float(column), float(row)


@pytest.fixture(scope="module")
def truth():
    parameters = sample(4, side="left")
    pieces = break_in_pieces(femur(parameters), BREAKS)
    films = [
        simulate(pieces.bones, view, "left", Setup(pixel_size_mm=0.6), np.random.default_rng(3))
        for view in ("ap", "lateral")
    ]
    views = []
    for film in films:
        scale = {"pixel_size_mm": 0.6, "sid_mm": film.camera.sid_mm, "sod_mm": film.camera.sod_mm}
        picture = radiograph_from_array(film.pixels, pixel_size_source="the simulator", bone="bright", **scale)
        clicks = [click_on(film, pieces.bones, number) for number in (2, 0, 1)]
        views.append(View(picture, Marking(mask=film.mask, fracture_pieces=clicks)))
    return SimpleNamespace(pieces=pieces, films=films, views=views)


@pytest.fixture(scope="module")
def made(truth):
    return reconstruct(Case(truth.views, side="left"), Settings.of(Making(method="shape", triangles=9000)))


def in_lps(surface):
    points, faces = arrays(surface.polydata)
    return points @ ENGINE_TO_LPS[:3, :3].T, faces[:, ::-1]


def test_each_piece_lies_where_it_does(truth, made):
    """Its surface is about where the true one is, as seen from the first picture."""
    to_picture = truth.films[0].camera.from_lps
    assert len(made.bones[0].pieces) == 3
    for piece, known in zip(made.bones[0].pieces, truth.pieces.bones, strict=True):
        there = known.outer.points @ to_picture[:3, :3].T + to_picture[:3, 3]
        assert np.abs(distance_to(*arrays(piece.polydata), there[::7])).mean() < 2.0


def test_each_is_told_against_the_next_above_it(truth, made):
    told = json.loads(json.dumps(made.as_json()))
    upper, middle, lower = told["bones"][0]["fragments"]
    assert [each["name"] for each in (upper, middle, lower)] == list(fragment_names(3)) == ["upper", "middle", "lower"]
    assert not set(DEFINITIONS["fracture"]) & set(upper)
    motions = truth.pieces.motions
    for number, each in enumerate((middle, lower)):
        assert set(DEFINITIONS["fracture"]) <= set(each)
        between = np.linalg.inv(motions[number]) @ motions[number + 1]
        leans = np.degrees(np.arccos(between[:3, 2] @ [0, 0, 1]))
        assert each["angulation_deg"]["value"] == pytest.approx(leans, abs=3.5)
    assert len(told["bone"]["break"]["breaks"]) == 2
    assert told["bone"]["break"]["line"] == told["bone"]["break"]["breaks"][0]["line"]


def test_matrices_put_fragments_together_to_the_reduced_bone(made):
    bone = made.bones[0]
    whole, volume = in_lps(bone.whole), 0.0
    for piece, matrix in zip(bone.pieces, bone.broken.to_reduced, strict=True):
        points, faces = in_lps(piece)
        assert is_closed(faces)
        assert distance_to(*whole, points @ matrix[:3, :3].T + matrix[:3, 3]).max() < 0.1
        volume += area_and_volume(points, faces)[1]
    assert volume == pytest.approx(area_and_volume(*whole)[1], rel=2e-3)


def test_each_has_a_file(made, tmp_path):
    (bone,) = json.loads(write_scene(made, tmp_path).read_text(encoding="utf-8"))["bones"]
    names = [bone["file"], bone["reduced_file"], *(each["file"] for each in bone["fragments"])]
    assert names == [f"left-femur{end}.stl" for end in ("", "-reduced", "-upper", "-middle", "-lower")]
    assert all((tmp_path / name).is_file() for name in names)
    assert trimesh.load(tmp_path / names[0]).body_count == 3
    four = replace(made.bones[0].broken, fitted=4 * (made.bones[0].broken.upper,))
    assert four.names == ("upper", "upper middle", "lower middle", "lower")
    write_main(made, tmp_path / "femur.ply")
    assert (tmp_path / "femur-middle.ply").is_file()


def test_outlines_are_drawn_in_colours_of_their_own(made):
    picture = stage_pictures(made)["fragments"].astype(int)
    assert len(set(fragment_colours(4))) == 4 and fragment_colours(3)[::2] == fragment_colours(2)
    for colour, outlines in zip(fragment_colours(3), made.bones[0].broken.outlines, strict=True):
        drawn = np.abs(picture - colour).max(axis=2) < 40
        rows = np.flatnonzero(drawn.sum(axis=1))
        known = outlines[0][0].points[:, 1]
        assert rows.min() == pytest.approx(known.min(), abs=5) and rows.max() == pytest.approx(known.max(), abs=5)


def test_views_that_show_other_numbers_of_pieces_are_refused():
    mask = np.ones((4, 4), bool)
    seen = [
        SimpleNamespace(fragments=Fragments(1.0, (mask,) * count, (FoundBreak((0, 1, 2, 3)),) * (count - 1), True))
        for count in (3, 2)
    ]
    with pytest.raises(ReconstructionError, match="3 in view 1, 2 in view 2"):
        broken.is_marked(SimpleNamespace(seen=seen), Making())
    assert segmentation.MOST_PIECES == 4
