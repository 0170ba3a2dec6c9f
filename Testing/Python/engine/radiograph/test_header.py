"""What a DICOM file tells without its pixels is what it tells with them."""

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from XRayTo3DLib import RadiographError, read_radiograph
from XRayTo3DLib.radiograph import read_header

GREY = (np.arange(600).reshape(20, 30) * 7).astype(np.uint16)
FIELDS = ("pixel_size_mm", "pixel_size_source", "magnification", "sid_mm", "sod_mm")


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"ImagerPixelSpacing": [0.2, 0.3], "ViewPosition": "LL", "ImageLaterality": "R"},
        {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.16, 0.16], "PixelSpacingCalibrationType": "FIDUCIAL"},
        {"PixelSpacing": [0.16, 0.16], "DistanceSourceToDetector": 1150, "DistanceSourceToPatient": 1000},
    ],
)
def test_as_with_pixels(make, tags):
    path = make.dicom(GREY, **tags)
    header, whole = read_header(path), read_radiograph(path)
    assert {name: getattr(header.geometry, name) for name in FIELDS} == {name: getattr(whole, name) for name in FIELDS}
    assert (header.view, header.side) == (whole.view, whole.side)


def test_given_distances_outrank_the_files(make):
    path = make.dicom(GREY, DistanceSourceToDetector=1150, DistanceSourceToPatient=1000)
    assert read_header(path, sid_mm=1500, sod_mm=1000).geometry.magnification == pytest.approx(1.5)
    with pytest.raises(RadiographError, match="more than SID"):
        read_header(path, sid_mm=900, sod_mm=1000)


def test_other_files_have_none(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no DICOM")
    assert read_header(tmp_path / "a.png") is None
    assert read_header(tmp_path / "absent.dcm") is None


@pytest.mark.parametrize(
    ("position", "view"),
    [
        *(("AP", "AP"), ("PA", "PA"), ("ML", "mediolateral"), ("LM", "lateromedial"), ("LATERAL", "lateral")),
        *(("RL", "lateral"), ("LLD", "LLD"), ("", None)),
    ],
)
def test_which_way_the_rays_went(make, position, view):
    path = make.dicom(GREY, ViewPosition=position)
    assert read_header(path).view == read_radiograph(path).view == view
    assert read_radiograph(path, view="PA").view == "PA"  # who says so knows better


def test_a_view_that_there_is_not_is_refused(make):
    with pytest.raises(RadiographError, match=r"view: 'sunrise' is unknown; say one of AP, PA, mediolateral"):
        read_radiograph(make.dicom(GREY), view="sunrise")


def test_a_damaged_deflated_file_has_no_header(make):
    """Its data set is no zlib stream: pydicom lets the decoder's own error out."""
    whole = make.dicom_bytes(GREY, syntax=DeflatedExplicitVRLittleEndian)
    assert read_header(make.file("whole.dcm", whole)) is not None
    assert read_header(make.file("damaged.dcm", whole[:-400] + bytes(400))) is None
