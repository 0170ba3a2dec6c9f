"""A deflated DICOM file has a ceiling on what it unpacks to, before anything is unpacked."""

import zlib

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from XRayTo3DLib.errors import RadiographError
from XRayTo3DLib.radiograph import attributes, read_radiograph
from XRayTo3DLib.radiograph.attributes import MOST_INFLATED, read_attributes
from XRayTo3DLib.radiograph.identity import read_identity

GREY = np.arange(64, dtype=np.uint16).reshape(8, 8)


@pytest.fixture
def deflated(make):
    return make.dicom_bytes(GREY, syntax=DeflatedExplicitVRLittleEndian)


def test_a_deflated_file_is_read_up_to_the_ceiling(tmp_path, monkeypatch, deflated):
    (tmp_path / "a.dcm").write_bytes(deflated)
    begin = 144 + int.from_bytes(deflated[140:144], "little")
    length = len(zlib.decompress(deflated[begin:], -15))
    monkeypatch.setattr(attributes, "MOST_INFLATED", length)
    for source in (deflated, tmp_path / "a.dcm"):
        assert read_attributes(source).PixelData == GREY.tobytes()
    monkeypatch.setattr(attributes, "MOST_INFLATED", length - 1)
    for source in (deflated, tmp_path / "a.dcm"):
        with pytest.raises(ValueError, match=f"more than {length - 1} bytes"):
            read_attributes(source)
    with pytest.raises(RadiographError, match=r"a\.dcm: the DICOM file is damaged \(it unpacks to more than"):
        read_radiograph(tmp_path / "a.dcm")
    assert read_identity(tmp_path / "a.dcm") is None


def test_the_ceiling_lets_the_largest_picture_pass():
    assert MOST_INFLATED > 200e6 * 2  # megapixels and bytes a pixel, of a radiograph as large as may be


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_more_items_than_any_radiograph_has_are_refused(make, tmp_path, monkeypatch, syntax):
    """A million empty items, 8 MB or some kB deflated, would take a minute and gigabytes."""
    count = 2000
    data = make.dicom_bytes(GREY, syntax=syntax, RequestAttributesSequence=[Dataset()] * count)
    (tmp_path / "a.dcm").write_bytes(data)
    assert len(read_attributes(data).RequestAttributesSequence) == count
    monkeypatch.setattr(attributes, "MOST_PARTS", count - 1)
    for source in (data, tmp_path / "a.dcm"):
        with pytest.raises(ValueError, match="in more parts than any radiograph"):
            read_attributes(source)
    with pytest.raises(RadiographError, match=r"a\.dcm: the DICOM file is damaged \(it is in more parts"):
        read_radiograph(tmp_path / "a.dcm")
