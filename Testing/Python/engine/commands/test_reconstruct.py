"""`reconstruct --dicom`: objects for the archive, or a line that says why there are none; all else is in test_main."""

import sys

import cv2
import pydicom
import pytest

from XRayTo3DLib.commands.main import main

STUDY = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4", "PatientID": "4711"}


def reconstruct(image, *options):
    arguments = (image, "-o", "out.stl", "--method", "solid", "--segmentation", "clusters", "--triangles", 2000)
    return main(["reconstruct", *map(str, (*arguments, *options))])


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_radiograph_of_an_archive_goes_back_to_it(work, write_film, capfd):
    film = write_film(work / "film.dcm", **STUDY, ImagerPixelSpacing=[0.5, 0.5])
    assert reconstruct(film, "--dicom", "new/dicom", "--sid", 1200, "--sod", 1000) == 0
    assert capfd.readouterr() == ("", "")
    assert {path.name for path in (work / "new" / "dicom").iterdir()} == {"bone.dcm", "masks.dcm"}
    made = pydicom.dcmread("new/dicom/bone.dcm")
    assert made.PatientID == "4711" and made.StudyInstanceUID == "1.2.3"
    assert made.EncapsulatedDocument == (work / "out.stl").read_bytes()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("picture.png", "picture.png: --dicom needs a DICOM file"),
        ("no-study.dcm", "no-study.dcm: --dicom needs a radiograph of a study"),
        ("absent.dcm", "absent.dcm: there is no such file"),
    ],
)
def test_what_no_archive_holds_is_refused_before_anything_is_computed(
    work, write_film, phantom, monkeypatch, capfd, image, words
):
    cv2.imwrite("picture.png", phantom)
    write_film(work / "no-study.dcm", PatientID="4711")
    monkeypatch.setattr("XRayTo3DLib.pipeline.reconstruct", None)  # nobody comes so far
    assert reconstruct(image, "--dicom", "dicom") == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err
    assert not (work / "out.stl").exists() and not (work / "dicom").exists()


def test_a_folder_with_other_files_is_refused(work, write_film, capfd):
    (work / "dicom").mkdir()
    (work / "dicom" / "other.dcm").write_text("of another patient")
    assert reconstruct(write_film(work / "film.dcm", **STUDY), "--dicom", "dicom") == 2
    assert "dicom: --dicom needs an empty folder" in capfd.readouterr().err
    assert [path.name for path in (work / "dicom").iterdir()] == ["other.dcm"]


def test_a_package_that_is_missing_is_named(work, write_film, monkeypatch, capfd):
    for name in [name for name in sys.modules if name.startswith("XRayTo3DLib.archive")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("XRayTo3DLib.archive", raising=False)  # which another test has imported
    monkeypatch.setitem(sys.modules, "highdicom", None)
    assert reconstruct(write_film(work / "film.dcm", **STUDY), "--dicom", "dicom") == 2
    assert "--dicom needs the Python package highdicom: pip install 'xrayto3d[dicom]'" in capfd.readouterr().err
