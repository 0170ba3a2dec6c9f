"""Which files are meant by a folder, a DICOMDIR, a list."""

import os

import pytest
from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from XRayTo3DLib.batch.files import find_files
from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.radiograph.quiet import quiet_decoders


def found(*inputs, leave_out="/nowhere"):
    return [each.path for each in find_files(inputs, leave_out)]


def test_a_folder_gives_what_looks_like_radiographs_once_and_in_order(tmp_path, write_film, write_picture):
    film = write_film(tmp_path / "b" / "IM0001")  # known by its content
    picture = write_picture(tmp_path / "a.png")
    damaged = tmp_path / "c.dcm"  # by its name: that it cannot be read is said later
    damaged.write_text("Dear reader")
    (tmp_path / "notes.txt").write_text("a list that nobody named")
    write_picture(tmp_path / ".hidden" / "a.png")
    write_picture(tmp_path / ".b.png")
    write_picture(tmp_path / "out" / "cases" / "thumbnail.png")
    os.mkfifo(tmp_path / "pipe.png")  # would be waited for
    inputs = (tmp_path, tmp_path / "b", film)
    assert found(*inputs, leave_out=tmp_path / "out" / "cases") == [picture, str(damaged), film]


def test_a_list_names_files_from_its_own_folder(tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "all.txt").write_text("\ufeff../a.png\n\n  b.png\r\n/c/é.png\n../a.png\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "lists")
    told = list(find_files(["all.txt"], "/nowhere"))
    assert [each.path for each in told] == [str(tmp_path / "a.png"), str(tmp_path / "lists" / "b.png"), "/c/é.png"]
    assert all(each.named for each in told)


def dicomdir(path, *names):
    directory = Dataset()
    directory.DirectoryRecordSequence = Sequence()
    for kind, name in (("PATIENT", None), *(("IMAGE", name) for name in names)):
        record = Dataset()
        record.DirectoryRecordType = kind
        if name:
            with quiet_decoders():  # some names are none that DICOM allows
                record.ReferencedFileID = name
        directory.DirectoryRecordSequence.append(record)
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with quiet_decoders():
        directory.save_as(path, enforce_file_format=True)
    return path


def test_a_dicomdir_names_files_beneath_its_folder(tmp_path):
    path = dicomdir(tmp_path / "DICOMDIR", ["PAT0", "IM1"], "IM2")
    assert found(path) == [str(tmp_path / "PAT0" / "IM1"), str(tmp_path / "IM2")]


@pytest.mark.parametrize("name", [["..", "IM1"], ["/etc", "IM1"], "../IM1"])
def test_a_dicomdir_leads_nowhere_else(tmp_path, name):
    with pytest.raises(ReconstructionError, match="not beneath its folder"):
        found(dicomdir(tmp_path / "DICOMDIR", name))


def test_inputs_that_cannot_be_understood(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "scandir", lambda path: (_ for _ in ()).throw(PermissionError(13, "Denied", path)))
    with pytest.raises(ReconstructionError, match=r"the folder cannot be read \(Denied\)"):
        found(tmp_path)
    monkeypatch.undo()
    with pytest.raises(ReconstructionError, match="no such file or folder"):
        found(tmp_path / "absent")
    (tmp_path / "DICOMDIR").write_text("Dear reader")
    with pytest.raises(ReconstructionError, match="the DICOMDIR is damaged"):
        found(tmp_path / "DICOMDIR")
