"""The command: exit statuses, one clear line where something is wrong, quiet in a pipe, files complete or absent."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

import XRayTo3DLib
from XRayTo3DLib.commands.main import main

ENGINE = Path(XRayTo3DLib.__file__).parents[1]
SAMPLE = Path(__file__).resolve().parents[4] / "Resources" / "Samples" / "femur_ap.dcm"
BY_CLUSTERS = ("--segmentation", "clusters")  # the reader network takes longer than all the rest

pytestmark = pytest.mark.usefixtures("seen_once")  # where it is asked, it is of the same few pictures


@pytest.fixture
def work(tmp_path, monkeypatch, phantom):
    """A folder with a good picture, a bone mask for it and many bad files, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    good = cv2.imencode(".png", phantom)[1].tobytes()
    mask = np.zeros(phantom.shape, np.uint8)
    mask[40:280, 85:115] = 255
    pictures = {
        "mask.png": mask,
        "tilted.png": np.roll(mask, 20, axis=1),
        "small-mask.png": mask[:50],
        "no-mask.png": 0 * mask,
        "flat.png": 0 * mask + 9,
    }
    files = {name: cv2.imencode(".png", image)[1].tobytes() for name, image in pictures.items()}
    files |= {
        "good.png": good,
        "cut.png": good[: len(good) // 2],
        "empty.png": b"",
        "letter.dcm": b"Dear reader,\n" * 50,
        "cut.dcm": SAMPLE.read_bytes()[:100_000],
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
    Path("folder").mkdir()
    pose = {"columns": [1, 0, 0], "rows": [0, 0, -1], "center": [0, 0, 0], "sid_mm": 1200, "sod_mm": 1000}
    for name in ("one.json", "same.json"):
        Path(name).write_text(json.dumps({"cameras": [pose | {"pixel_size_mm": 0.5}]}))
    return tmp_path


def run(*arguments) -> int:
    """Exit status of the command in this process, however it ends."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return stop.code


def spawn(*arguments, **options):
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ENGINE)}
    return subprocess.Popen(
        [sys.executable, "-m", "XRayTo3DLib", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def reconstruct(image="good.png", output="out.stl", *options) -> int:
    method = () if "--method" in options else ("--method", "solid")
    finder = () if {"--segmentation", "--bones"} & {*options} else BY_CLUSTERS
    return run("reconstruct", image, "-o", output, "--triangles", 2000, *method, *finder, *options)


def refusal(capfd, folder) -> str:
    """The one line on standard error, after a look that nothing else happened."""
    told = capfd.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert told.err.count("\n") == 1 and told.err.endswith("\n"), told.err
    assert told.err.startswith("xrayto3d")
    assert not any(folder.glob("out*")) and not any(p.name.startswith(".") for p in folder.iterdir())
    return told.err


@pytest.mark.parametrize("suffix", ["stl", "ply", "obj", "vtp"])
def test_a_good_picture_and_nothing_said_in_a_pipe(work, capfd, suffix):
    assert reconstruct("good.png", f"out.{suffix}", "--pixel-size", 0.5, "--sid", 1200, "--sod", 1000) == 0
    told = capfd.readouterr()
    assert told.out == "" and told.err == ""
    assert (work / f"out.{suffix}").stat().st_size > 1000


def test_an_unknown_magnification_is_a_warning(work, capfd):
    assert reconstruct("good.png", "out.stl", "--pixel-size", 0.5, "--json", "out.json") == 0
    err = capfd.readouterr().err
    assert err.count("\n") == 1 and "magnification is unknown" in err
    assert json.loads((work / "out.json").read_text())["input"]["magnification_source"] == "unknown"


def test_a_ruler_and_a_ball_tell_the_scale(work, capfd):
    """150 pixels of the phantom are 60 mm; a disc of 20 pixels is a ball of 8 mm: 0.4 mm a pixel."""
    film = cv2.imread("good.png", cv2.IMREAD_UNCHANGED)
    cv2.circle(film, (170, 40), 10, 65535, -1, cv2.LINE_AA)
    cv2.imwrite("ball.png", film)
    for options, source in ((("--calibrate", 20, 100, 20, 250, 60), "ruler"), (("--ball", 168, 42, 8), "ball")):
        assert reconstruct("ball.png", "out.stl", "--mask", "mask.png", *options, "--json", "out.json") == 0
        told = json.loads((work / "out.json").read_text())
        assert told["scale"]["pixel_size_at_bone_mm"] == pytest.approx(0.4, rel=0.03)
        assert told["scale"]["source"] == f"{source} in the picture"
        assert 0.004 < told["scale"]["deviation_mm"] < 0.03
        y0, y1 = told["surface"]["bounds_mm"][2:4]
        assert y1 - y0 == pytest.approx(240 * 0.4, rel=0.04)
        found = ("segment", "ball.png", "-o", "found.png", "--mask", "mask.png", *BY_CLUSTERS)
        assert run(*found, *options, "--json", "of.json") == 0
        assert json.loads((work / "of.json").read_text())["scale"] == told["scale"]
    assert capfd.readouterr().err == ""


def test_an_unknown_scale_is_a_warning(work, capfd):
    assert reconstruct() == 0
    err = capfd.readouterr().err
    assert err.startswith("xrayto3d: warning: ") and err.count("\n") == 1 and "1 mm" in err


@pytest.mark.parametrize("method", ["auto", "relief", "solid"])
def test_surface_and_json_agree(work, check_closed, method):
    options = ("--method", method, "--json", "out.json", "--pixel-size", "0.5", "--sid", "1200", "--sod", "1000")
    assert reconstruct("good.png", "out.stl", *options, "--segmentation", "clusters") == 0
    mesh = trimesh.load("out.stl")
    check_closed(mesh)
    told = json.loads((work / "out.json").read_text())
    assert told["surface"]["method"] == ("relief" if method == "relief" else "solid")
    assert told["surface"]["triangles"] == len(mesh.faces) <= 2000
    assert told["surface"]["volume_mm3"] == pytest.approx(mesh.volume, rel=1e-3)
    assert np.allclose(np.array(told["surface"]["bounds_mm"]).reshape(3, 2).T, mesh.bounds, atol=1e-3)
    assert told["input"]["path"] == "good.png" and told["input"]["magnification"] == pytest.approx(1.2)
    assert told["settings"]["triangles"] == 2000 and told["version"] == XRayTo3DLib.__version__
    assert not {"-Infinity", "NaN", "Infinity"} & set((work / "out.json").read_text().split())


def test_what_is_known_of_view_and_patient_is_kept(work):
    known = ("--projection", "PA", "--height", 171, "--sex", "female", "--side", "left", "--other-side", "other.stl")
    trimesh.creation.icosphere(2, 20.0).export("other.stl")
    assert reconstruct("good.png", "out.stl", "--json", "out.json", *known) == 0
    told = json.loads((work / "out.json").read_text())
    assert told["input"]["view"] == "PA"
    kept = {name: told["settings"][name] for name in ("height_cm", "sex", "side", "other_side")}
    assert kept == {"height_cm": 171, "sex": "female", "side": "left", "other_side": "given"}


def test_marks_are_heeded(work):
    assert reconstruct("good.png", "all.stl", "--mask", "mask.png", "--pixel-size", 0.5) == 0
    assert (
        reconstruct("good.png", "part.stl", "--mask", "mask.png", "--roi", 0, 100, 199, 150, "--pixel-size", 0.5) == 0
    )
    whole, part = (np.ptp(trimesh.load(name).bounds, axis=0) for name in ("all.stl", "part.stl"))
    assert whole[1] == pytest.approx(120, abs=2) and part[1] == pytest.approx(25.5, abs=2)
    assert whole[0] == pytest.approx(15, abs=1.5)


def test_report_has_a_picture_of_every_stage(work, capfd):
    assert reconstruct("good.png", "out.stl", "--report", "deep/report", "--pixel-size", 1) == 0
    assert [path.name for path in (work / "deep/report").iterdir()] == ["index.html"]
    page = (work / "deep/report/index.html").read_text()
    for name in ("Radiograph", "Region", "Clusters", "Mask", "Base layer", "Detail layer", "Tone mapped", "Depth"):
        assert f'alt="{name}"' in page
    assert "good.png" in page and "surface-view" in page


def test_a_folder_gets_a_file_for_each_bone_and_what_is_known_of_them(work, check_closed):
    assert run("reconstruct", "good.png", "-o", "new/", "--pixel-size", 1, "--triangles", 2000, *BY_CLUSTERS) == 0
    assert {path.name for path in (work / "new").iterdir()} == {"bone.stl", "scene.json", "report"}
    (bone,) = json.loads((work / "new/scene.json").read_text())["bones"]
    mesh = trimesh.load(work / "new" / bone["file"])
    check_closed(mesh)
    assert bone["surface"]["triangles"] == len(mesh.faces) and "whole_file" not in bone


@pytest.mark.parametrize(
    ("bones", "words"),
    [("skull", "skull"), ("femur,", "femur, tibia, fibula, patella"), ("Femur", "Femur"), ("patella", "No patella")],
)
def test_bones_that_are_not_known_or_not_there(work, capfd, bones, words):
    assert reconstruct("good.png", "out.stl", "--bones", bones) == 2
    assert words in refusal(capfd, work)


def test_older_files_are_replaced(work):
    for name in ("out.stl", "out.json"):
        (work / name).write_text("older")
    assert reconstruct("good.png", "out.stl", "--json", "out.json") == 0
    assert (work / "out.stl").stat().st_size > 1000 and json.loads((work / "out.json").read_text())


BAD = {
    "no such file": (["absent.png"], "absent.png"),
    "directory": (["folder"], "folder: is a directory"),
    "empty file": (["empty.png"], "empty.png: the file is empty"),
    "text renamed to .dcm": (["letter.dcm"], "letter.dcm: not a PNG"),
    "truncated PNG": (["cut.png"], "cut.png"),
    "truncated DICOM": (["cut.dcm"], "cut.dcm"),
    "constant image": (["flat.png"], "flat.png"),
    "mask of another size": (["good.png", "--mask", "small-mask.png"], "50 x 200"),
    "empty mask": (["good.png", "--mask", "no-mask.png"], "mask"),
    "mask that is no file": (["good.png", "--mask", "absent.png"], "absent.png"),
    "mask that is DICOM": (["good.png", "--mask", SAMPLE], "mask must be a PNG"),
    "roi outside": (["good.png", "--roi", 900, 900, 950, 950], "box 900 900 950 950"),
    "roi of NaN": (["good.png", "--roi", "nan", 0, 9, 9], "four numbers"),
    "no bone": (["good.png", "--threshold", 0.9999, 1], "Nothing that looks like bone"),
    "threshold reversed": (["good.png", "--threshold", 0.7, 0.2], "0.7 0.2"),
    "threshold of NaN": (["good.png", "--threshold", "nan", 1], "LOW < HIGH"),
    "one cluster": (["good.png", "--clusters", 1], "not 1"),
    "99 clusters": (["good.png", "--clusters", 99], "not 99"),
    "three triangles": (["good.png", "--triangles", 3], "not 3"),
    "triangles below zero": (["good.png", "--triangles", -5], "not -5"),
    "ball that is not round": (["good.png", "--ball", 100, 150, 25], "ball: "),
    "ball of no size": (["good.png", "--ball", 100, 150, 0], "ball: 0"),
    "ruler of one place": (["good.png", "--calibrate", 9, 9, 9, 9, 50], "ruler: its line is 0 pixels"),
    "ruler outside": (["good.png", "--calibrate", 9, 9, 9, 9000, 50], "ruler: "),
    "two scales": (["good.png", "--calibrate", 9, 9, 9, 90, 50, "--pixel-size", 0.5], "not allowed with"),
    "ruler in no second view": (["good.png", "--lateral-calibrate", 9, 9, 9, 90, 50], "no second view"),
    "pixel size NaN": (["good.png", "--pixel-size", "nan"], "pixel"),
    "pixel size zero": (["good.png", "--pixel-size", 0], "pixel"),
    "SOD beyond SID": (["good.png", "--sid", 900, "--sod", 1000], "s"),
    "SID infinite": (["good.png", "--sid", "inf", "--sod", 1000], "sid"),
    "no such frame": (["good.png", "--frame", 7], "frame"),
    "frame below zero": (["good.png", "--frame", -1], "frame"),
    "too many megapixels": (["good.png", "--max-megapixels", 0.01], "megapixels"),
    "second view that is the first": (["good.png", "--lateral", "good.png"], "image and view 2 are the same file"),
    "third view that is the second": (
        ["good.png", "--view", "flat.png", "--view", "flat.png"],
        "view 2 and view 3 are the same file",
    ),
    "two boxes of one view": (
        ["good.png", "--view", "mask.png", "--view-roi", 0, 0, 9, 9, "--lateral-roi", 0, 0, 9, 9],
        "--lateral-roi: given twice for one view",
    ),
    "third view without angles": (
        [
            *("good.png", "--view", "mask.png", "--view", "tilted.png"),
            "--method",
            "shape",
            "--segmentation",
            "clusters",
        ],
        "How 3 views stand to each other is not known",
    ),
    "cameras that are no file": (["good.png", "--view", "mask.png", "--cameras", "absent.json"], "absent.json"),
    "cameras that are a picture": (["good.png", "--view", "mask.png", "--cameras", "flat.png"], "flat.png"),
    "a camera for two views": (["good.png", "--view", "mask.png", "--cameras", "one.json"], "1 cameras for 2 pictures"),
    "a camera for one view": (["good.png", "--cameras", "one.json"], "how one view stands to another"),
    "one camera twice": (
        ["good.png", "--view", "mask.png", "--cameras", "one.json", "one.json"],
        "camera 1 and camera 2 are the same file",
    ),
    "two cameras at one place": (
        ["good.png", "--view", "mask.png", "--cameras", "one.json", "same.json"],
        "views 1 and 2 look along the same line",
    ),
    "second view for solid": (["good.png", "--lateral", "mask.png", "--method", "solid"], "solid uses one view"),
    "second view that is no file": (["good.png", "--lateral", "absent.png"], "absent.png"),
    "mask without second view": (["good.png", "--lateral-mask", "mask.png"], "--lateral-mask: there is no second view"),
    "landmark in words": (["good.png", "--landmark", "head_center", "here", "there"], "--landmark: a name, a column"),
    "include outside": (["good.png", "--include", 1, 999], "The click on the bone at 1 999 lies outside the picture"),
    "exclude outside": (["good.png", "--exclude", -3, 2], "The click beside the bone at -3 2 lies outside the picture"),
    "include outside the box": (["good.png", "--include", 1, 2, "--roi", 50, 50, 90, 90], "outside the marked region"),
    "include and exclude at one place": (["good.png", "--include", 50, 60, "--exclude", 50, 60], "One click at 50 60"),
    "clicks on a range": (["good.png", "--threshold", 0.5, 1, "--include", 90, 90], "not a range of gray"),
    "mask and a reader that is no file": (["good.png", "--mask", "mask.png", "--reader", "absent.onnx"], "absent.onnx"),
    "polygon of two points": (["good.png", "--polygon", 1, 2, 30, 4], "--polygon: three points"),
    "polygon of seven numbers": (["good.png", "--polygon", 1, 2, 30, 4, 5, 60, 7], "--polygon: three points"),
    "polygon that crosses itself": (["good.png", "--polygon", 10, 10, 90, 90, 90, 10, 10, 90], "crosses"),
    "polygon outside": (["good.png", "--polygon", 900, 900, 950, 900, 950, 950], "polygon marks no pixel"),
    "reader that is no file": (
        ["good.png", "--reader", "absent.onnx"],
        "The reader network absent.onnx cannot be read",
    ),
    "reader that is a picture": (["good.png", "--reader", "mask.png"], "The reader network mask.png is damaged"),
    "shape model": (["good.png", "--method", "shape", "--shape-model", "m.npz"], "m.npz: there is no such shape model"),
    "shape model that is a picture": (["good.png", "--method", "shape", "--shape-model", "mask.png"], "mask.png: it "),
    "fracture in one place": (["good.png", "--fracture-line", 9, 9, 9, 9], "two different points"),
    "fracture beside the bone": (
        ["good.png", "--mask", "mask.png", "--fracture-line", 1, 1, 5, 1],
        "does not part the bone in two",
    ),
    "one piece of a broken bone": (["good.png", "--fracture-piece", 90, 60], "of the fracture: 1,"),
    "five pieces of a broken bone": (["good.png", *(5 * ("--fracture-piece", 90, 60))], "a bone is made in 2 to 4"),
    "four lines along a fracture": (["good.png", *(4 * ("--fracture-line", 9, 60, 90, 60))], "in 4 pieces at most"),
    "two lines and two pieces": (
        ["good.png", *(2 * ("--fracture-line", 9, 60, 90, 60)), "--fracture-piece", 9, 9, "--fracture-piece", 90, 60],
        "clicks on its pieces: 2",
    ),
    "both pieces at one place": (["good.png", *(2 * ("--fracture-piece", 90, 60))], "are at one place"),
    "piece outside the picture": (
        ["good.png", "--mask", "mask.png", "--fracture-piece", 1, 999, "--fracture-piece", 100, 60],
        "The click on a piece at 1 999 lies outside the picture",
    ),
    "piece beside the bone": (
        ["good.png", "--mask", "mask.png", "--fracture-piece", 2, 3, "--fracture-piece", 100, 60],
        "The click on a piece at 2 3 is not on the bone",
    ),
    "fracture box outside the picture": (
        ["good.png", "--mask", "mask.png", "--fracture-box", 900, 900, 950, 950],
        "marks no pixel of the picture",
    ),
    "fracture box beside the bone": (
        ["good.png", "--mask", "mask.png", "--fracture-box", 1, 1, 9, 9],
        "The region round the fracture holds nothing of the bone",
    ),
    "fracture polygon of two points": (["good.png", "--fracture-polygon", 1, 2, 3, 4], "--fracture-polygon: three"),
    "fracture box where no network was asked": (
        ["good.png", "--mask", "mask.png", "--fracture-box", 60, 100, 140, 160, *BY_CLUSTERS],
        "draw a line along the fracture in the place",
    ),
    "fracture in no second view": (["good.png", "--view-fracture-line", 9, 9, 90, 9], "there is no second view"),
    "click in no second view": (["good.png", "--view-include", 9, 9], "--view-include: there is no second view"),
    "click of one number": (["good.png", "--view", "mask.png", "--view-exclude", 9], "--view-exclude"),
    "click in words": (["good.png", "--lateral", "mask.png", "--lateral-include", "on", "bone"], "--lateral-include"),
    "click outside the second view": (
        ["good.png", "--view", "mask.png", "--view-include", 1, 999, *BY_CLUSTERS],
        "Second view: The click on the bone at 1 999 lies outside the picture",
    ),
    "clicks at one place of the third view": (
        [
            *("good.png", "--view", "mask.png", "--view-mask", "mask.png", "--view-angle", 90, "--view", "tilted.png"),
            *("--view-angle", 45, "--view-include", 120, 160, "--view-exclude", 120, 160, *BY_CLUSTERS),
        ],
        "Third view: One click at 120 160",
    ),
    "side": (["good.png", "--side", "both"], "both"),
    "projection": (["good.png", "--projection", "sunrise"], "sunrise"),
    "projection without second view": (["good.png", "--lateral-projection", "PA"], "--lateral-projection: there is no"),
    "sex": (["good.png", "--sex", "other"], "other"),
    "height of a giant": (["good.png", "--height", 400], "A height of 400 cm is impossible"),
    "other leg that is no file": (["good.png", "--other-side", "absent.stl"], "absent.stl: there is no such file"),
    "other leg that is a picture": (["good.png", "--other-side", "mask.png"], "mask.png"),
    "height in words": (["good.png", "--height", "tall"], "tall"),
    "view angle": (["good.png", "--view-angle", 90], "--view-angle: there is no second view"),
    "unknown method": (["good.png", "--method", "magic"], "magic"),
    "unknown option": (["good.png", "--colour", "red"], "--colour"),
    "triangles in words": (["good.png", "--triangles", "many"], "many"),
    "json in no folder": (["good.png", "--json", "absent/a.json"], "absent"),
    "json is a folder": (["good.png", "--json", "folder"], "this is a folder"),
    "pixel size near zero": (["good.png", "--pixel-size", 1e-300], "pixel"),
    "pixel size beyond all bounds": (["good.png", "--pixel-size", 1e300], "pixel"),
    "magnification beyond all bounds": (["good.png", "--sid", 1e9, "--sod", 1e-3], "s"),
    "json is the output": (["good.png", "--json", "out.stl"], "out.stl"),
    "report is a file": (["good.png", "--report", "mask.png"], "mask.png"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_status_2(work, capfd, case):
    arguments, words = BAD[case]
    assert run("reconstruct", *arguments, "-o", "out.stl") == 2
    assert words in refusal(capfd, work)


@pytest.mark.parametrize(
    "case", [name for name in BAD if not {"--method", "--triangles", "--lateral", "--view"} & {*BAD[name][0]}]
)
def test_segment_refuses_the_same(work, capfd, case):
    arguments, words = BAD[case]
    of_shape = {
        "--lateral-calibrate",
        "--lateral-mask",
        "--lateral-projection",
        "--landmark",
        "--view-fracture-line",
        "--view-include",
        "--side",
        "--view-angle",
        "--sex",
        "--height",
        "--other-side",
        "--cameras",
    }
    if of_shape & {*arguments}:
        words = "unrecognized"
    words = words.replace("out.stl", "out.png")
    arguments = ["out.png" if each == "out.stl" else each for each in arguments]
    assert run("segment", *arguments, "-o", "out.png") == 2
    assert words in refusal(capfd, work)


def test_segment_writes_a_mask_and_numbers(work, capfd):
    made = ["segment", "good.png", "-o", "bone.png", "--json", "bone.json", "--report", "pictures"]
    assert run(*made, "--segmentation", "clusters", "--include", 100, 160, "--roi", 30, 10, 170, 310) == 0
    mask = cv2.imread("bone.png", cv2.IMREAD_UNCHANGED)
    assert mask.shape == (320, 200) and set(np.unique(mask)) == {0, 255} and mask[160, 100] == 255
    told = json.loads(Path("bone.json").read_text())
    assert told["bone"]["method"] == "clusters" and told["bone"]["pixels"] == np.count_nonzero(mask)
    assert told["settings"]["seeds"] == {"include": [[100, 160]], "exclude": []}
    outline = told["outlines"][0]
    assert len(outline["points"]) == len(outline["flags"]) > 100
    page = Path("pictures/index.html").read_text()
    assert all(f'alt="{name}"' in page for name in ("Outline", "Flattened", "Clusters", "Mask"))
    assert capfd.readouterr().out == ""


def test_a_mask_comes_back_as_it_was_drawn(work):
    assert run("segment", "good.png", "-o", "again.png", "--mask", "mask.png") == 0
    assert np.array_equal(cv2.imread("again.png", 0), cv2.imread("mask.png", 0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("segment", "good.png", "-o", "out.jpg"), "out.jpg: a mask is written as PNG"),
        (("train-shape-model", "folder", "-o", "m.npz"), "folder: 0 surfaces"),
        (("train-shape-model", "folder", "-o", "m.stl"), "m.stl: a shape model is written as .npz"),
        (("train-reader", "-o", "m.bin"), "m.bin: a network is written as ONNX"),
        (("train-reader", "-o", "absent/m.onnx"), "absent does not exist"),
        (("train-reader", "-o", "m.onnx", "--limbs", "absent"), "absent"),
        (("train-reader", "-o", "m.onnx", "--steps", "0"), "steps"),
        (("train-volume", "-o", "m.bin"), "m.bin: a network is written as ONNX"),
        (("train-volume", "-o", "absent/m.onnx"), "absent does not exist"),
        (("train-volume", "-o", "m.onnx", "--limbs", "absent"), "absent"),
        (("train-volume", "-o", "m.onnx", "--steps", "0"), "steps"),
        (("train-reader", "-o", "m.onnx", "--calibrate"), "m.onnx"),
        (("train-reader", "-o", "m.onnx", "--calibrate", "--steps", "5"), "--calibrate trains nothing"),
    ],
)
def test_other_bad_arguments(work, capfd, arguments, words):
    if arguments[0] in ("train-reader", "train-volume"):
        pytest.importorskip("torch", reason="PyTorch is not installed")
    assert run(*arguments) == 2
    assert words in refusal(capfd, work)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("out.step", ".step"),
        ("out", "must end in"),
        ("absent/out.stl", "absent does not exist"),
        ("good.png/", "good.png"),
        ("", "must end in"),
        ("out" + "x" * 300 + ".stl", "x.stl"),
    ],
)
def test_bad_places_are_one_line_and_status_2(work, capfd, output, words):
    assert reconstruct("good.png", output) == 2
    assert words in refusal(capfd, work)


@pytest.mark.parametrize("arguments", [(), ("reconstruct",), ("reconstruct", "good.png"), ("paint", "good.png")])
def test_bad_usage_is_one_line_and_status_2(work, capfd, arguments):
    assert run(*arguments) == 2
    refusal(capfd, work)


def test_version_and_help(capsys):
    assert run("--version") == 0
    assert XRayTo3DLib.__version__ in capsys.readouterr().out
    assert run("reconstruct", "--help") == 0
    told = capsys.readouterr().out
    for option in ("--method", "--roi", "--mask", "--clusters", "--threshold", "--pieces", "--json", "--report"):
        assert option in told


def test_a_failure_touches_nothing(work, capfd):
    for name in ("keep.stl", "keep.json"):
        (work / name).write_text("older")
    before = sorted(work.iterdir())
    assert reconstruct("cut.png", "keep.stl", "--json", "keep.json") == 2
    assert reconstruct("good.png", "keep.stl", "--json", "keep.json", "--threshold", 0.9999, 1) == 2
    assert sorted(work.iterdir()) == before
    assert all((work / name).read_text() == "older" for name in ("keep.stl", "keep.json"))


def test_a_failure_leaves_no_report(work, capfd):
    assert reconstruct("cut.png", "out.stl", "--report", "report") == 2
    assert not (work / "report").exists()


@pytest.mark.parametrize("name", ["good.png", "./good.png"])
def test_the_radiograph_itself_is_never_overwritten(work, capfd, name):
    before = (work / "good.png").read_bytes()
    assert reconstruct("good.png", "out.stl", "--json", name) == 2
    assert "good.png" in refusal(capfd, work)
    assert (work / "good.png").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminal")
def test_a_terminal_sees_progress_and_the_result(work):
    import fcntl
    import pty
    import struct
    import termios

    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminal here ({error})")
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))  # rows and columns
    arguments = [sys.executable, "-m", "XRayTo3DLib", "reconstruct", "good.png", "-o", "out.stl", "--triangles", "2000"]
    arguments += ["--method", "solid", *BY_CLUSTERS]
    environment = {**os.environ, "PYTHONPATH": str(ENGINE)}
    process = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, cwd=work, env=environment)
    os.close(theirs)
    told = b""
    with contextlib.suppress(OSError):  # how a terminal tells that nobody is left at its other end
        while part := os.read(ours, 65536):
            told += part
    os.close(ours)
    assert process.wait(60) == 0
    text = told.decode()
    assert "%" in text and "smoothing" in text
    assert "out.stl" in text.splitlines()[-1] and " mm" in text.splitlines()[-1]


def limit_file_size():
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
def test_full_disk(work):
    """The surface does not fit; the JSON, which would, is not left alone."""
    (work / "keep.stl").write_text("older")
    arguments = ("good.png", "-o", "keep.stl", "--json", "numbers.json", "--triangles", 2000)
    process = spawn("reconstruct", *arguments, *BY_CLUSTERS, cwd=work, preexec_fn=limit_file_size)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == ""
    assert err.count("\n") == 1 and "keep.stl: the file could not be written" in err
    assert (work / "keep.stl").read_text() == "older"
    assert not (work / "numbers.json").exists()


def test_python_m_is_the_command_and_quiet_in_a_pipe(work, check_closed):
    process = spawn("reconstruct", SAMPLE, "-o", "out.stl", "--triangles", 20_000, cwd=work)
    assert process.communicate(timeout=120) == ("", "")
    assert process.returncode == 0
    check_closed(trimesh.load(work / "out.stl"))
    process = spawn("reconstruct", "absent.png", "-o", "out2.stl", cwd=work)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == "" and err.count("\n") == 1 and "absent.png" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize(("number", "wait"), [(signal.SIGINT, 2.5), (signal.SIGTERM, 1.2)])
def test_interrupted_leaves_nothing(work, number, wait):
    """Stopped while reading or while building the finest surface of a large picture."""
    y, x = np.mgrid[:2400, :1600]
    cv2.imwrite("large.png", (20 * y + 10 * x).astype(np.uint16))
    cv2.imwrite("large-mask.png", np.where(np.abs(x - 800) < 300, 255, 0).astype(np.uint8))
    before = sorted(work.iterdir())
    arguments = ("large.png", "--mask", "large-mask.png", "-o", "out.stl", "--json", "out.json")
    process = spawn("reconstruct", *arguments, "--triangles", 5_000_000, cwd=work)
    time.sleep(wait)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == "" and err == "xrayto3d: stopped; nothing was written.\n"
    assert sorted(work.iterdir()) == before
