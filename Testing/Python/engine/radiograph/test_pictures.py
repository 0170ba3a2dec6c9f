"""The same picture in any format and depth is the same radiograph."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from XRayTo3DLib.errors import RadiographError
from XRayTo3DLib.radiograph import radiograph_from_array, read_radiograph


def encoded(image, kind, **options) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
@pytest.mark.parametrize("coloured", [False, True])
def test_format_makes_no_difference(make, ramp, kind, coloured):
    array = np.dstack([ramp] * 3) if coloured else ramp
    options = {"quality": 100} if kind == "JPEG" else {}
    radiograph = read_radiograph(make.file("a", encoded(array, kind, **options)), bone="bright")
    assert radiograph.pixels.dtype == np.float32 and radiograph.pixels.shape == ramp.shape
    assert_allclose(radiograph.pixels, ramp / 255, atol=2 / 255 if kind == "JPEG" else 1e-6)
    assert radiograph.bits == 8 and radiograph.colour is None
    assert any("scale is unknown" in warning for warning in radiograph.warnings)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_keep_their_precision(make, suffix, channels):
    fine = np.arange(40 * 50, dtype=np.uint16).reshape(40, 50) + 30000  # 8 bits would show 8 steps
    array = fine if channels == 1 else np.dstack([fine] * 3 + [np.full_like(fine, 65535)] * (channels - 3))
    radiograph = read_radiograph(make.file("a" + suffix, cv2.imencode(suffix, array)[1].tobytes()), bone="bright")
    assert_allclose(radiograph.pixels, (fine - 30000) / 1999, atol=1e-6)
    assert radiograph.bits == 16


def test_16_bit_colours_are_in_the_order_red_green_blue(make):
    array = np.zeros((4, 5, 3), np.uint16)
    array[1, 2] = 65535, 0, 0  # OpenCV: blue
    array[2, 3] = 0, 0, 65535  # red
    radiograph = read_radiograph(make.file("a.png", cv2.imencode(".png", array)[1].tobytes()), bone="bright")
    assert_array_equal(radiograph.colour[2, 3], [255, 0, 0])
    assert_allclose(radiograph.pixels[1, 2] / radiograph.pixels[2, 3], 0.114 / 0.299, rtol=1e-5)


def test_colour_becomes_luminance(make):
    array = np.zeros((2, 4, 3), np.uint8)
    array[0, :3] = np.eye(3) * 255
    array[0, 3] = 255
    radiograph = read_radiograph(make.file("a.png", encoded(array, "PNG")), bone="bright")
    assert_allclose(radiograph.pixels[0], [0.299, 0.587, 0.114, 1], atol=1e-6)
    assert_array_equal(radiograph.colour, array)


def test_alpha_is_laid_on_black(make):
    array = np.full((2, 3, 4), 255, np.uint8)
    array[0, :, 3] = 0, 51, 255
    assert_allclose(read_radiograph(make.file("a.png", encoded(array, "PNG"))).pixels[0], [0, 0.2, 1], atol=1e-6)


@pytest.mark.parametrize("mode", ["P", "CMYK", "LA", "1"])
def test_other_colour_models(make, ramp, mode):
    image = Image.fromarray(ramp).convert(mode)
    expected = np.asarray(image.convert("L"), np.float32) / 255
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert_allclose(read_radiograph(make.file("a", encoded(image, kind)), bone="bright").pixels, expected, atol=0.005)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
def test_exif_orientation_turns_the_picture_upright(make, ramp, kind, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(ramp, kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))), np.float32) / 255
    radiograph = read_radiograph(make.file("a", content), bone="bright")
    assert radiograph.pixels.shape == ((32, 24) if orientation > 4 else (24, 32))
    assert_allclose(radiograph.pixels, expected, atol=0.02)


def test_pages_of_a_tiff_are_frames(make, ramp):
    pages = [Image.fromarray(ramp), Image.fromarray(255 - ramp), Image.fromarray(ramp.T.copy())]
    path = make.file("a.tif", encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    for frame, page in enumerate(pages):
        radiograph = read_radiograph(path, frame=frame, bone="bright")
        assert_allclose(radiograph.pixels, np.asarray(page) / 255, atol=1e-6)
        assert radiograph.frame == frame
    for frame in (3, -1, 1.5, float("nan"), "1"):
        with pytest.raises(RadiographError, match=r"frame.*frames 0 to 2"):
            read_radiograph(path, frame=frame)


def test_white_is_zero_of_16_bits_is_inverted(make):
    array = (np.arange(12, dtype=np.uint16) * 5000).reshape(3, 4)
    content = bytearray(encoded(array, "TIFF"))
    entry = content.index(
        b"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00"
    )  # PhotometricInterpretation, SHORT, 1, BlackIsZero
    content[entry + 8] = 0
    radiograph = read_radiograph(make.file("a.tif", bytes(content)), bone="bright")
    assert_allclose(radiograph.pixels, 1 - array / 55000, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats(make, dtype):
    array = np.linspace(-3, 7, 20).reshape(4, 5).astype(dtype)
    path = make.file("a.tiff", cv2.imencode(".tiff", array)[1].tobytes())
    assert_allclose(read_radiograph(path, bone="bright").pixels, (array + 3) / 10, atol=1e-6)
    array[2, 2] = np.nan
    path = make.file("nan.tiff", cv2.imencode(".tiff", array)[1].tobytes())
    with pytest.raises(RadiographError, match=r"nan\.tiff.*NaN"):
        read_radiograph(path)


def test_pillow_keeps_its_own_size_limit(make, ramp):
    limit = Image.MAX_IMAGE_PIXELS
    read_radiograph(make.file("a.png", encoded(ramp, "PNG")))
    assert limit == Image.MAX_IMAGE_PIXELS


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64]),
    st.integers(1, 40),
    st.integers(0, 50),
    st.booleans(),
)
def test_increasing_linear_maps_make_no_difference(dtype, slope, offset, dark):
    """Property: pixels(a x + b) = pixels(x) for a > 0, and bone="dark" is its complement."""
    x = np.add.outer(np.arange(3), np.arange(4))
    array = (slope * x + offset).astype(dtype)
    pixels = radiograph_from_array(array, bone="dark" if dark else "bright").pixels
    assert pixels.dtype == np.float32 and pixels.min() == 0 and pixels.max() == 1
    assert_allclose(pixels, 1 - x / 5 if dark else x / 5, atol=1e-6)


def test_arrays_keep_geometry_and_input(ramp):
    before = ramp.copy()
    radiograph = radiograph_from_array(
        ramp, pixel_size_mm=(0.2, 0.3), pixel_size_source="volume node", sid_mm=1200, sod_mm=1000, bone="dark"
    )
    assert_array_equal(ramp, before)
    assert radiograph.pixel_size_mm == (0.2, 0.3) and radiograph.pixel_size_source == "volume node"
    assert radiograph.magnification == pytest.approx(1.2) and radiograph.warnings == ()
    assert_allclose(radiograph.pixel_size_at_bone_mm, (0.2 / 1.2, 0.25))
    assert radiograph.inverted
    assert any("scale" in warning for warning in radiograph_from_array(ramp).warnings)


@pytest.mark.parametrize(
    ("array", "cause"),
    [
        (np.zeros((3, 4)), "same value"),
        (np.full((3, 4), np.nan), "NaN"),
        (np.array([[0, 1], [2, np.inf]]), "NaN or inf"),
        (np.array([[[0, 1, 2], [0, np.nan, 1]]]), "NaN"),
        (np.array([[-1e308, 1e308], [0, 1e308]]), "finite"),
        (np.zeros((0, 4)), "empty"),
        (np.arange(5), "shape"),
        (np.zeros((2, 3, 2)), "shape"),
        (np.zeros((2, 2, 3, 3)), "shape"),
        (np.array([["a", "b"]]), "type"),
        (np.array([[1j, 2]]), "type"),
        (np.array([[None, 2]]), "type"),
    ],
)
def test_arrays_that_are_no_picture(array, cause):
    with pytest.raises(RadiographError, match=cause):
        radiograph_from_array(array, name="node 1")
