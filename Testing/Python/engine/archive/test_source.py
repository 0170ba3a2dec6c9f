"""Which radiographs belong to a study of an archive, and what is said of those that do not."""

import pydicom
import pytest

from XRayTo3DLib.archive import read_sources
from XRayTo3DLib.errors import RadiographError

STUDY = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4"}


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"SeriesInstanceUID": "1.2.3.4"}, "tells no study; give it"),
        ({}, "tells no study and no series"),
        (STUDY | {"NumberOfFrames": 3}, "has 3 frames"),
        (STUDY | {"SOPClassUID": "1.2.3.5"}, "cannot take patient and study"),
        (STUDY | {"PatientSex": "?"}, "'\\?' is not a valid PatientSex"),
        (STUDY | {"PatientBirthDate": "about 1957"}, "about 1957"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*Invalid value for VR:UserWarning")
def test_what_cannot_stand_beside_a_radiograph_is_said(write_film, tmp_path, tags, words):
    path = write_film(tmp_path / "film.dcm", pixels=False, **tags)
    with pytest.raises(RadiographError, match=f"film.dcm: --dicom .*{words}"):
        read_sources([path])


def test_a_picture_file_has_no_patient(tmp_path):
    (tmp_path / "knee.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(RadiographError, match=r"knee.png: --dicom needs a DICOM file"):
        read_sources([tmp_path / "knee.png"])


def test_views_of_two_studies_have_no_common_one(write_film, tmp_path):
    paths = [
        write_film(tmp_path / f"{number}.dcm", pixels=False, StudyInstanceUID=study, SeriesInstanceUID=f"1.2.{number}")
        for number, study in enumerate(("1.1", "1.1", "1.2"))
    ]
    assert len(read_sources(paths[:2])) == 2
    with pytest.raises(RadiographError, match=r"2.dcm: .* belongs to another than .*0.dcm"):
        read_sources(paths)


@pytest.mark.parametrize(
    ("characters", "name"),
    [
        (None, "Doe^Jane"),
        ("ISO_IR 100", "Müller^Änne"),
        ("ISO 2022 IR 100", "Müller^Änne"),  # as some devices write it
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
    ],
)
def test_names_are_read_in_any_character_set(write_film, tmp_path, characters, name):
    tags = STUDY | {"PatientName": name} | ({"SpecificCharacterSet": characters} if characters else {})
    (source,) = read_sources([write_film(tmp_path / "film.dcm", pixels=False, **tags)])
    source.save_as(tmp_path / "again.dcm")
    assert pydicom.dcmread(tmp_path / "again.dcm").PatientName == name


def test_what_is_not_told_is_empty(write_film, tmp_path):
    (source,) = read_sources([write_film(tmp_path / "film.dcm", pixels=False, **STUDY)])
    assert not source.PatientID and not source.PatientName and not source.StudyDate
