"""The size in a compressed stream is the encoder's; a DICOM file that declares another is refused before decoding."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from XRayTo3DLib.errors import RadiographError
from XRayTo3DLib.radiograph import dicom, read_radiograph
from XRayTo3DLib.radiograph.codestream import told_by_stream

JPEG, JPEG_2000 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"
WAYS = [("JPEG", {}), ("JPEG", {"progressive": True, "comment": b"\xff\xc0\0"})]
if features.check("jpg_2000"):
    WAYS += [("JPEG2000", {}), ("JPEG2000", {"no_jp2": True})]


def encoded(rows, columns, samples, way, options):
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    made = io.BytesIO()
    Image.fromarray(np.zeros(shape, np.uint8)).save(made, way, **options)
    return made.getvalue()


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3]), st.sampled_from(WAYS))
def test_the_size_is_the_encoder_s(rows, columns, samples, way):
    assert told_by_stream(encoded(rows, columns, samples, *way)) == (rows, columns, samples)


def test_the_size_of_jpeg_ls():
    jpeg_ls = pytest.importorskip("jpeg_ls")
    assert told_by_stream(bytes(jpeg_ls.encode(np.zeros((9, 5), np.uint8)))) == (9, 5, 1)


@given(st.sampled_from(WAYS), st.integers(0, 80))
def test_what_is_cut_off_tells_its_size_or_nothing(way, length):
    assert told_by_stream(encoded(7, 9, 1, *way)[:length]) in (None, (7, 9, 1))


@pytest.mark.parametrize("way", WAYS)
def test_a_larger_picture_than_declared_is_refused_before_it_is_decoded(make, tmp_path, monkeypatch, way):
    data = make.dicom_bytes(
        np.zeros((8, 8), np.uint8),
        syntax=JPEG if way[0] == "JPEG" else JPEG_2000,
        encapsulated=[encoded(900, 700, 1, *way)],
    )
    (tmp_path / "a.dcm").write_bytes(data)
    monkeypatch.setattr(dicom, "_decode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(RadiographError, match=r"a\.dcm: the compressed picture has 700 x 900 pixels.* declares 8 x 8"):
        read_radiograph(tmp_path / "a.dcm")
