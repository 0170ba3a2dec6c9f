"""`xrayto3d simulate`: files that belong together, that DICOM readers understand, and errors in words."""

import json
from itertools import pairwise

import cv2
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
import trimesh

from XRayTo3DLib import read_radiograph
from XRayTo3DLib.commands.main import main
from XRayTo3DLib.commands.terminal import BAD_INPUT, DONE
from XRayTo3DLib.surface import read_surface

SMALL = ["--pixel-size", "1", "--tissue", "20"]


@pytest.fixture(scope="module")
def shaft():
    """A bone-like body with a knob to the middle and front, on the patient's left."""
    body = trimesh.creation.capsule(200.0, 15.0).apply_translation((100, 20, 840))
    knob = trimesh.creation.icosphere(3, 14.0).apply_translation((83, 12, 940))
    return trimesh.boolean.union([body, knob], engine="manifold")


@pytest.fixture(scope="module")
def surface(shaft, tmp_path_factory):
    path = tmp_path_factory.mktemp("bone") / "bone.stl"
    shaft.export(path)
    return path


@pytest.fixture(scope="module")
def made(surface, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "new" / "folder"
    assert main(["simulate", str(surface), "-o", str(folder), "--views", "ap,lateral", *SMALL]) == DONE
    return folder


def test_files(made):
    views = [
        f"{v}{e}" for v in ("ap", "lateral") for e in (".dcm", ".png", "_mask.png", "_thickness.nrrd", "_reference.stl")
    ]
    assert {path.name for path in made.iterdir()} == {*views, "simulation.json"}


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_dicom_tells_the_geometry(made, view):
    dataset = pydicom.dcmread(made / f"{view}.dcm")
    assert list(dataset.ImagerPixelSpacing) == [1.0, 1.0]
    assert (dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient) == (1150, 1000)
    assert dataset.EstimatedRadiographicMagnificationFactor == pytest.approx(1.15)
    assert (dataset.BitsAllocated, dataset.BitsStored, dataset.PixelRepresentation) == (16, 16, 0)
    assert dataset.SOPClassUID.name.startswith("Digital X-Ray Image Storage - For Presentation")
    assert dataset.ImageLaterality == "L"
    assert dataset.ViewPosition == {"ap": "AP", "lateral": "LL"}[view]
    assert list(dataset.PatientOrientation) == {"ap": ["L", "F"], "lateral": ["A", "F"]}[view]
    assert "imulated" in dataset.ImageComments and "Simulated" in dataset.StudyDescription
    radiograph = read_radiograph(made / f"{view}.dcm")
    assert radiograph.magnification == pytest.approx(1.15) and radiograph.warnings == ()
    assert (radiograph.side, radiograph.inverted) == ("left", False)


def test_two_views_are_one_study_of_one_patient(made):
    one, other = (pydicom.dcmread(made / f"{view}.dcm") for view in ("ap", "lateral"))
    assert one.StudyInstanceUID == other.StudyInstanceUID and one.PatientID == other.PatientID
    assert one.SeriesInstanceUID != other.SeriesInstanceUID and one.SOPInstanceUID != other.SOPInstanceUID


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_pictures_masks_and_thickness_lie_on_each_other(made, view):
    dicom = pydicom.dcmread(made / f"{view}.dcm").pixel_array
    picture, mask = (cv2.imread(str(made / f"{view}{e}"), cv2.IMREAD_UNCHANGED) for e in (".png", "_mask.png"))
    thickness = sitk.ReadImage(str(made / f"{view}_thickness.nrrd"))
    assert thickness.GetSpacing() == (1.0, 1.0)
    values = sitk.GetArrayFromImage(thickness)
    assert np.array_equal(dicom, picture) and picture.dtype == np.uint16
    assert set(np.unique(mask)) == {0, 255} and np.array_equal(mask > 0, values > 0)
    assert 30 < values.max() < 70
    assert picture[mask > 0].mean() > 1.5 * picture[mask == 0].mean()


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_the_reference_stands_where_the_radiograph_saw_it(made, view, shaft):
    points, faces = read_surface(made / f"{view}_reference.stl")
    assert trimesh.Trimesh(points, faces).volume == pytest.approx(shaft.volume, rel=1e-4)
    told = {v["view"]: v for v in json.loads((made / "simulation.json").read_text())["views"]}[view]
    matrix = np.array(told["lps_to_picture"])
    there = shaft.vertices @ matrix[:3, :3].T + matrix[:3, 3]
    assert np.concatenate([there.min(0), there.max(0)]) == pytest.approx(
        np.concatenate([points.min(0), points.max(0)]), abs=1e-3
    )
    # Cast its shadow by hand: the source stands before the middle of the picture, at z = -SOD.
    mask = cv2.imread(str(made / f"{view}_mask.png"), cv2.IMREAD_UNCHANGED) > 0
    middle = (np.array(mask.shape[::-1]) - 1) / 2
    pixel = np.rint(middle + (points[:, :2] - middle) * 1150 / (1000 + points[:, 2:])).astype(int)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))) > 0
    assert near[pixel[:, 1], pixel[:, 0]].all()
    assert pixel.min(axis=0) == pytest.approx([np.flatnonzero(mask.any(axis=a))[0] for a in (0, 1)], abs=1)


def test_the_knob_is_where_the_patient_has_it(made):
    """To the middle of the body: left in the picture of a left leg from the front; in front: right from the side."""
    for view in ("ap", "lateral"):
        mask = cv2.imread(str(made / f"{view}_mask.png"), cv2.IMREAD_UNCHANGED) > 0
        rows = np.flatnonzero(mask.any(axis=1))
        knob = np.flatnonzero(mask[: rows[0] + 20].any(axis=0)).mean()
        shaft = np.flatnonzero(mask[rows[-1] - 40 :].any(axis=0)).mean()
        assert (knob < shaft) if view == "ap" else (knob > shaft)


def test_same_command_same_bytes(surface, tmp_path):
    for name in ("a", "b"):
        assert main(["simulate", str(surface), "-o", str(tmp_path / name), "--views", "ap", *SMALL]) == DONE
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_mirrored_bone_is_of_the_other_side(shaft, tmp_path):
    mirrored = shaft.copy()
    mirrored.apply_transform(np.diag([-1.0, 1, 1, 1]))
    mirrored.export(tmp_path / "right.ply")
    main(["simulate", str(tmp_path / "right.ply"), "-o", str(tmp_path), "--views", "lateral", *SMALL])
    dataset = pydicom.dcmread(tmp_path / "lateral.dcm")
    assert (dataset.ImageLaterality, dataset.ViewPosition) == ("R", "RL")
    assert list(dataset.PatientOrientation) == ["P", "F"]


@pytest.mark.parametrize("kind", ["transverse", "oblique", "spiral"])
def test_a_broken_bone(surface, shaft, tmp_path, kind):
    command = ["simulate", str(surface), "-o", str(tmp_path), "--views", "ap", "--fracture", kind, *SMALL]
    assert main(command) == DONE
    broken = trimesh.Trimesh(*read_surface(tmp_path / "ap_reference.stl"))
    assert broken.body_count == 2 and broken.volume == pytest.approx(shaft.volume, rel=1e-3)
    before = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "ap_thickness.nrrd")))
    assert main([*command, "--displaced"]) == DONE
    after = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "ap_thickness.nrrd")))
    assert after.shape != before.shape or np.abs(after - before).max() > 5
    assert json.loads((tmp_path / "simulation.json").read_text())["fracture"] == kind


def test_fragments_are_displaced_as_told_and_the_json_puts_them_back(surface, shaft, tmp_path):
    """By 20 degrees, 12 mm aside, and 15 mm up; the matrix takes what the picture's reference shows onto the bone."""
    command = ["simulate", str(surface), "-o", str(tmp_path), "--views", "ap", "--fracture", "transverse", *SMALL]
    assert main([*command, "--displace", "20", "12", "15"]) == DONE
    told = json.loads((tmp_path / "simulation.json").read_text())
    upper, lower = told["fragments"]
    assert (upper["name"], lower["name"]) == ("upper", "lower") and np.allclose(upper["to_reduced"], np.eye(4))
    back = np.array(lower["to_reduced"])
    assert np.degrees(np.arccos((np.trace(back[:3, :3]) - 1) / 2)) == pytest.approx(20)
    assert back[2, 2] == pytest.approx(np.cos(np.radians(20)), abs=1e-3)  # about an axis across the upright shaft
    to_patient = np.linalg.inv(told["views"][0]["lps_to_picture"])
    reference = trimesh.Trimesh(*read_surface(tmp_path / "ap_reference.stl")).apply_transform(to_patient)
    pieces = sorted(reference.split(), key=lambda piece: -piece.bounds[1, 2])
    pieces[1].apply_transform(back)
    assert trimesh.util.concatenate(pieces).bounds == pytest.approx(shaft.bounds, abs=0.02)
    assert np.ptp(reference.bounds, axis=0)[2] < np.ptp(shaft.bounds, axis=0)[2] - 15


def test_a_segmental_fracture_has_a_piece_of_shaft_between_two_breaks(surface, shaft, tmp_path):
    """Each piece is displaced against the one above it, and its matrix puts it back onto the bone."""
    command = ["simulate", str(surface), "-o", str(tmp_path), "--views", "ap", "--fracture", "segmental", *SMALL]
    assert main([*command, "--displace", "10", "12", "-4"]) == DONE
    told = json.loads((tmp_path / "simulation.json").read_text())
    assert told["fracture"] == "segmental" and [each["name"] for each in told["fragments"]] == [
        "upper",
        "middle",
        "lower",
    ]
    reduced = [np.array(each["to_reduced"]) for each in told["fragments"]]
    for above, below in pairwise(reduced):
        turn = (above @ np.linalg.inv(below))[:3, :3]
        assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) == pytest.approx(10)
    to_patient = np.linalg.inv(told["views"][0]["lps_to_picture"])
    reference = trimesh.Trimesh(*read_surface(tmp_path / "ap_reference.stl")).apply_transform(to_patient)
    pieces = sorted(reference.split(), key=lambda piece: -piece.bounds[1, 2])
    for piece, matrix in zip(pieces, reduced, strict=True):
        piece.apply_transform(matrix)
    assert trimesh.util.concatenate(pieces).bounds == pytest.approx(shaft.bounds, abs=0.02)
    assert sum(piece.volume for piece in pieces) == pytest.approx(shaft.volume, rel=1e-3)


def test_a_ct_volume(tmp_path):
    values = np.full((90, 40, 40), -1000, np.int16)
    values[:, 8:32, 8:32] = 40
    values[:, 15:25, 15:25] = 1000
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((1.5, 1.5, 1.5))
    image.SetOrigin((-90.0, 0.0, 0.0))
    sitk.WriteImage(image, str(tmp_path / "ct.nrrd"))
    assert main(["simulate", str(tmp_path / "ct.nrrd"), "-o", str(tmp_path / "out"), "--views", "ap", *SMALL]) == DONE
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"ap.dcm", "ap.png", "ap_mask.png", "ap_thickness.nrrd", "simulation.json"}
    assert pydicom.dcmread(tmp_path / "out" / "ap.dcm").ImageLaterality == "R"
    thickness = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out" / "ap_thickness.nrrd")))
    assert thickness.max() == pytest.approx(15, rel=0.02)


def test_ideal_radiographs_have_no_noise_and_no_letters(surface, tmp_path):
    main(["simulate", str(surface), "-o", str(tmp_path), "--views", "ap", "--ideal", *SMALL])
    picture, mask = (cv2.imread(str(tmp_path / f"ap{e}"), cv2.IMREAD_UNCHANGED) for e in (".png", "_mask.png"))
    assert not picture[mask == 0].any() and (picture[cv2.erode(mask, np.ones((5, 5))) > 0] > 0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--views", "ap,skyline"], "--views ap,skyline: there is no view 'skyline'; choose from ap, pa"),
        (["--views", ""], "there is no view ''"),
        (["--views", "ap,ap"], "ap is named twice"),
        (["--sid", "900"], "SOD <= SID"),
        (["--sod", "-1"], "SOD -1"),
        (["--pixel-size", "0"], "pixel size"),
        (["--detector", "0", "10"], "detector"),
        (["--detector", "30", "30", "--center", "0", "0", "0"], "misses the bone"),
        (["--tissue", "-1"], "soft tissue"),
        (["--photons", "0"], "photons"),
        (["--seed", "-1"], "--seed -1"),
        (["--cortex", "0"], "--cortex 0"),
        (["--displaced"], "--displaced: there is nothing to displace without --fracture"),
        (["--displace", "9", "5", "5"], "--displace: there is nothing to displace without --fracture"),
        (["--fracture", "oblique", "--displace", "-9", "5", "5"], "displacement: -9 5 5; an angle of 0 to 90"),
        (["--inner", "a.stl", "--cortex", "2"], "give one of them"),
        (["--inner", "missing.stl"], "missing.stl"),
    ],
)
def test_bad_arguments(surface, tmp_path, capsys, arguments, words):
    folder = tmp_path / "out"
    assert main(["simulate", str(surface), "-o", str(folder), *SMALL, *arguments]) == BAD_INPUT
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1
    assert not folder.exists()


def test_a_synthetic_femur_of_either_side(tmp_path, capsys):
    assert main(["simulate", "-o", str(tmp_path), "--seed", "3", "--side", "left", "--views", "ap", *SMALL]) == DONE
    told = json.loads((tmp_path / "simulation.json").read_text())
    assert told["side"] == told["parameters"]["side"] == "left"
    length = np.ptp(read_surface(tmp_path / "ap_reference.stl")[0], axis=0).max()
    assert told["parameters"]["head"]["height"] < length < told["parameters"]["head"]["height"] + 80
    assert pydicom.dcmread(tmp_path / "ap.dcm").BodyPartExamined == "FEMUR"
    matrix = np.array(told["views"][0]["lps_to_picture"])
    head = (matrix @ [*told["landmarks_lps"]["head_center"], 1])[:3]
    points = read_surface(tmp_path / "ap_reference.stl")[0]
    near = np.linalg.norm(points - head, axis=1).min()
    assert near == pytest.approx(told["parameters"]["head"]["radius"], abs=1.5)
    assert main(["simulate", "-o", str(tmp_path / "other"), "--cortex", "3"]) == BAD_INPUT
    assert "go with a SURFACE" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["open", "crossing", "metres", "missing", "text"])
def test_bad_surfaces(shaft, tmp_path, capsys, fault):
    path = tmp_path / f"{fault}.stl"
    body = shaft.copy()
    if fault == "open":
        body.update_faces(np.arange(len(body.faces)) > 3)
        words = "not closed"
    elif fault == "crossing":
        body = trimesh.util.concatenate([body, body.copy().apply_translation((9, 3, 5))])
        words = "crosses itself"
    elif fault == "metres":
        body.apply_scale(0.001)
        words = "millimeters"
    if fault == "text":
        path.write_text("solid nothing")
        words = "no triangles"
    elif fault == "missing":
        words = "no such file"
    else:
        body.export(path)
    assert main(["simulate", str(path), "-o", str(tmp_path / "out"), *SMALL]) == BAD_INPUT
    told = capsys.readouterr().err
    assert words in told and path.name in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_folders_name_is_a_files(surface, tmp_path, capsys):
    assert main(["simulate", str(surface), "-o", str(surface)]) == BAD_INPUT
    assert "nothing can be written here" in capsys.readouterr().err
