"""Bad files give one sentence that names the file and the cause; never another exception."""

import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from XRayTo3DLib.errors import RadiographError
from XRayTo3DLib.radiograph import read_radiograph


def refusal(path, **options) -> str:
    """The message, which names the file in one line."""
    with pytest.raises(RadiographError) as caught:
        read_radiograph(path, **options)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and len(message) < 400 + len(str(path))
    return message


def picture(kind, array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def test_no_file(tmp_path, make):
    assert "no such file" in refusal(tmp_path / "absent.png")
    assert "directory" in refusal(tmp_path)
    assert "empty" in refusal(make.file("empty.png", b""))
    assert "cannot be read" in refusal("a\0b")
    assert "a pipe or a device" in refusal("/dev/null")


@pytest.mark.parametrize("content", [b"Dear reader,\n" * 50, b"x", b"GIF89a" + b"\0" * 200, b"%PDF-1.7" + b" " * 300])
def test_other_files_whatever_they_are_called(make, content):
    for name in ("letter.dcm", "letter.png"):
        assert "not a PNG, JPEG, TIFF, BMP or DICOM file" in refusal(make.file(name, content))


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "PNG16", "TIFF16"])
def test_truncated_pictures(make, kind, kept):
    noise = np.random.default_rng(0).integers(0, 65536, (60, 50, 3)).astype(np.uint16)
    if kind.endswith("16"):
        content = cv2.imencode("." + kind[:-2].lower(), noise)[1].tobytes()
    else:
        content = picture(kind, noise.astype(np.uint8))
    path = make.file("cut", content[: int(kept * len(content))])
    assert "truncated" in refusal(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_truncated_dicom(make, kept):
    noise = np.random.default_rng(0).integers(0, 256, (60, 50)).astype(np.uint8)
    for options in ({}, {"syntax": "1.2.840.10008.1.2.4.50", "encapsulated": [picture("JPEG", noise)]}):
        content = make.dicom_bytes(noise, **options)
        assert "truncated" in refusal(make.file("cut.dcm", content[: int(kept * len(content))]))


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_truncated_real_files(shared_data, make, kept):
    for name in (
        "dicom/RG3_J2KI.dcm",
        "dicom/RG2_JPLY.dcm",
        "dicom/KarstenHilbertRF.dcm",
        "radiographs/other_chest_512.jpg",
    ):
        content = (shared_data / name).read_bytes()
        assert "truncated" in refusal(make.file("cut", content[: int(kept * len(content))]))


def test_dicom_without_picture(make, ramp):
    assert "no pixel data" in refusal(make.dicom(ramp, without=["PixelData"]))
    assert "empty" in refusal(make.dicom(ramp, Rows=0))
    assert "empty" in refusal(make.dicom(ramp, without=["Columns"]))
    assert "same value" in refusal(make.dicom(ramp * 0))
    assert "bits" in refusal(make.dicom(ramp, BitsAllocated=12))
    assert "samples" in refusal(make.dicom(ramp, SamplesPerPixel=2))
    assert "truncated" in refusal(make.dicom(ramp, Rows=200))


def test_constant_picture(make, ramp):
    assert "same value" in refusal(make.file("a.png", picture("PNG", ramp * 0 + 7)))


def png_that_declares(columns, rows) -> bytes:
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", columns, rows, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 500)) + chunk(b"IEND", b"")
    )


def tiff_that_declares(columns, rows, bits=16) -> bytes:
    entries = [
        (256, columns),
        (257, rows),
        (258, bits),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, rows),
        (279, 100),
    ]
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + b"\0" * 500


def test_absurd_sizes_are_refused_before_memory_is_taken(make):
    bmp = bytearray(picture("BMP", np.zeros((4, 4), np.uint8)))
    bmp[18:26] = struct.pack("<ii", 65535, 65535)
    paths = [
        make.dicom(np.zeros((4, 4), np.uint16), Rows=65535, Columns=65535),
        make.file("a.png", png_that_declares(65535, 65535)),
        make.file("a.tif", tiff_that_declares(65535, 65535)),
        make.file("b.tif", tiff_that_declares(65535, 65535, bits=64)),  # Pillow refuses, OpenCV might not
        make.file("a.bmp", bytes(bmp)),
    ]
    for path in paths:
        refusal(path)  # modules are loaded now
        tracemalloc.start()
        try:
            assert "65535 x 65535 pixels" in refusal(path)
            assert tracemalloc.get_traced_memory()[1] < 5e6
        finally:
            tracemalloc.stop()


def test_the_limit_is_the_callers(make, ramp):
    path = make.file("a.png", picture("PNG", ramp))  # 768 pixels
    assert "limit of megapixels" in refusal(path, max_megapixels=0.0007)
    read_radiograph(path, max_megapixels=0.0008)
    with pytest.raises(RadiographError, match="max_megapixels"):
        read_radiograph(path, max_megapixels=0)
    assert "truncated" in refusal(make.file("b.png", png_that_declares(20000, 11000)), max_megapixels=250)


def test_real_broken_files(shared_data):
    folder = shared_data / "dicom/broken"
    causes = {
        "2026-05-26-oob-monochrome-65535.dcm": "65535",
        "CR000000.dcm": "no pixel data",
        "Issue56-NoPixelData.dcm": "no pixel data",
        "MR_truncated.dcm": "truncated",
        "badVR.dcm": "NumberOfFrames",
        "emri_small_jpeg_2k_lossless_too_short.dcm": "truncated",
        "no-pixel-data.dcm": "no pixel data",
        "no_meta.dcm": "not a",
    }
    for name, cause in causes.items():
        assert cause in refusal(folder / name)


def read_or_refuse(path):
    try:
        radiograph = read_radiograph(path, max_megapixels=1)
    except RadiographError:
        return
    assert np.isfinite(radiograph.pixels).all()


FUZZ = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
MAGICS = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0\x08\0\0\0", b"BM", b"\0" * 128 + b"DICM", b"\x08\0\x05\0", b""]


@FUZZ
@given(st.sampled_from(MAGICS), st.binary(max_size=300))
def test_random_bytes(make, magic, noise):
    read_or_refuse(make.file("noise", magic + noise))


@FUZZ
@given(st.data())
def test_damaged_files(make, ramp, data):
    contents = [picture(kind, ramp) for kind in ("PNG", "JPEG", "TIFF", "BMP")] + [
        make.dicom_bytes(
            ramp, PixelSpacing=[0.2, 0.2], WindowCenter=100, WindowWidth=90, RescaleSlope=2, RescaleIntercept=0
        )
    ] * 3
    content = bytearray(data.draw(st.sampled_from(contents)))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)
    ):
        content[place] = value
    end = data.draw(st.integers(0, len(content)))
    read_or_refuse(make.file("damaged", bytes(content[:end] if data.draw(st.booleans()) else content)))
