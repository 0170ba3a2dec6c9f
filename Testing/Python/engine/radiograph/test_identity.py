"""Identifiers of DICOM files, read without their pixels."""

from pathlib import Path

from XRayTo3DLib.radiograph import looks_like_radiograph, read_header, read_identity

SAMPLES = Path(__file__).resolve().parents[4] / "Resources" / "Samples"


def test_the_samples_are_two_views_of_each_limb(tmp_path):
    front, side = (read_identity(SAMPLES / f"femur_{view}.dcm") for view in ("ap", "lateral"))
    assert front._replace(instance="", view="") == side._replace(instance="", view="")
    assert front.study and front.instance != side.instance
    assert (front.modality, front.part, front.side, front.view, side.view) == ("DX", "FEMUR", "right", "AP", "lateral")
    assert front.side == read_header(SAMPLES / "femur_ap.dcm").side
    bare = tmp_path / "bare"  # older archives have files without preamble
    bare.write_bytes((SAMPLES / "femur_ap.dcm").read_bytes()[132:])
    assert read_identity(bare) == front and looks_like_radiograph(bare)


def test_what_is_no_dicom_has_none(tmp_path):
    picture, text = tmp_path / "picture", tmp_path / "text"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    text.write_text("Dear reader,")
    for path in (picture, text, tmp_path / "absent.dcm", tmp_path):
        assert read_identity(path) is None
    assert [looks_like_radiograph(path) for path in (picture, text, tmp_path, tmp_path / "absent.dcm")] == [
        True,
        False,
        False,
        False,
    ]
