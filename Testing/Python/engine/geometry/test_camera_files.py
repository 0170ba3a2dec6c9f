"""Files of cameras: what was written is read, of every form, and what is none is refused in words."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.camera import place
from XRayTo3DLib.geometry.camera_files import read_cameras

SHAPE = (400, 300)
INNER = np.array([[5000.0, 0, 130], [0, 5000.0, 210], [0, 0, 1]])
ROTATION = Rotation.from_euler("xyz", (100, 20, -35), degrees=True).as_matrix()
SHIFT = np.array([12.0, -30.0, 1300.0])
PROJECTION = INNER @ np.column_stack([ROTATION, SHIFT])
POINTS = np.random.default_rng(0).uniform(-50, 50, (20, 3))


def mayacam_2():
    rows = lambda matrix: "\n".join(",".join(f"{x:.12g}" for x in row) for row in matrix)  # noqa: E731
    parts = {"image size": [(300, 400)], "camera matrix": INNER, "rotation": ROTATION, "translation": SHIFT[:, None]}
    return "\n\n".join(f"{name}\n{rows(values)}" for name, values in parts.items()) + "\n"


def mayacam_1(size=(300, 400)):
    """As Maya sees it: a camera that looks along its negative z, y up, rows counted from below and pixels from 1."""
    maya = ROTATION.T @ np.diag([1, -1, -1])
    turns = Rotation.from_matrix(maya).as_euler("xyz", degrees=True)
    source = -ROTATION.T @ SHIFT
    u, v = INNER[0, 2] + 1, (400 - 1 - INNER[1, 2]) + 1
    rows = [source, turns, (0, 0, 0), (u, v, -5000.0), (0.1, *size)]
    return "\n".join(",".join(f"{x:.12g}" for x in row) for row in rows)


def posed():
    """The same by its pose: directions of columns and rows, and the point on the central ray at SOD."""
    center = ROTATION.T @ (np.array([0, 0, 1000.0]) - SHIFT)
    return {
        "columns": ROTATION[0].tolist(),
        "rows": ROTATION[1].tolist(),
        "center": center.tolist(),
        "sid_mm": 1250.0,
        "sod_mm": 1000.0,
        "pixel_size_mm": 0.25,
        "principal_point": [130, 210],
    }


@pytest.mark.parametrize(
    "text",
    [
        mayacam_2(),
        mayacam_2().replace("\n", "\r\n"),
        mayacam_1(),
        json.dumps({"cameras": [{"projection": PROJECTION.tolist(), "image_size": [300, 400]}]}),
        json.dumps([{"projection": (-3 * PROJECTION).tolist()}]),
        json.dumps({"cameras": [posed()]}),
    ],
    ids=["MayaCam 2", "of Windows", "MayaCam 1", "projection", "other factor", "pose"],
)
def test_every_form_is_the_same_camera(tmp_path, text):
    path = tmp_path / "camera.txt"
    path.write_bytes(text.encode())
    (camera,) = read_cameras([path], [SHAPE])
    expected = np.column_stack([POINTS, np.ones(20)]) @ PROJECTION.T
    assert camera.project(POINTS)[0] == pytest.approx(expected[:, :2] / expected[:, 2:], abs=1e-5)


def test_a_mayacam_1_file_without_size_is_of_1024_pixels(tmp_path):
    path = tmp_path / "camera.csv"
    path.write_text(mayacam_1((0, 0)))
    assert read_cameras([path], [(1024, 1024)])[0].middle == pytest.approx([130, 210 + 1024 - 400])


def test_a_pose_is_what_place_makes_of_it(tmp_path):
    told = posed()
    del told["principal_point"]
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"cameras": [told]}))
    (camera,) = read_cameras([path], [SHAPE])
    made = place(ROTATION[0], ROTATION[1], np.array(told["center"]), SHAPE, (0.25, 0.25), 1250.0, 1000.0)
    assert np.allclose(camera.from_lps, made.from_lps) and camera.middle == pytest.approx(made.middle)


BAD = {
    "nothing": ("", "MayaCam file is missing, or is not 5 x 3"),
    "words": ("a letter\nto you", "'a letter' are no numbers"),
    "broken JSON": ('{"cameras": [', "this is no JSON"),
    "JSON of something else": ('{"views": []}', "a list of cameras is needed"),
    "a list of numbers": ("[1, 2]", "a list of cameras is needed"),
    "too few": ('{"cameras": []}', "0 cameras for 1 pictures"),
    "too many": (json.dumps([posed(), posed()]), "2 cameras for 1 pictures"),
    "an empty camera": ("[{}]", "camera 1: columns is missing"),
    "a matrix of words": ('[{"projection": "none"}]', "camera 1: projection is missing, or is not 3 x 4"),
    "a matrix of two rows": ('[{"projection": [[1, 0, 0, 0], [0, 1, 0, 0]]}]', "not 3 x 4 finite numbers"),
    "a flat matrix": (json.dumps([{"projection": np.ones((3, 4)).tolist()}]), "camera 1: This is no projection matrix"),
    "axes not at right angles": (json.dumps([posed() | {"rows": posed()["columns"]}]), "at right angles"),
    "SOD beyond SID": (json.dumps([posed() | {"sod_mm": 2000}]), "0 < SOD <= SID"),
    "pixels of nothing": (json.dumps([posed() | {"pixel_size_mm": 0}]), "pixel size"),
    "another picture's": (
        json.dumps([posed() | {"image_size": [400, 300]}]),
        "400 x 300 pixels, but its picture has 300",
    ),
    "MayaCam 2 cut short": (mayacam_2()[:-12], "translation is missing, or is not 3 x 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_camera_is_refused_by_its_files_name(tmp_path, case):
    text, words = BAD[case]
    path = tmp_path / "cameras.json"
    path.write_text(text)
    with pytest.raises(ReconstructionError) as refused:
        read_cameras([path], [SHAPE])
    assert words in str(refused.value) and str(path) in str(refused.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    for name, words in (("absent.txt", "there is no such file"), ("picture.png", "cannot be read"), (".", "cannot be")):
        with pytest.raises(ReconstructionError, match=words):
            read_cameras([tmp_path / name], [SHAPE])


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"cameras": [{"projection": ' + "[" * 100_000, '[{"columns": 1' + "0" * 400 + "}]"]
)
def test_deep_and_huge_json_is_refused_in_words(tmp_path, text):
    (tmp_path / "cameras.json").write_text(text)
    with pytest.raises(ReconstructionError, match=r"cameras\.json.*(nested too deeply|columns is missing)"):
        read_cameras([tmp_path / "cameras.json"], [(10, 10)])
