"""DICOM: photometric meaning, frames, transfer syntaxes."""

import io

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from XRayTo3DLib.errors import RadiographError
from XRayTo3DLib.radiograph import read_radiograph

RLE, JPEG_BASELINE, EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.2"


def pixels(path, **options):
    return read_radiograph(path, **options).pixels


def jpeg(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32])
def test_any_depth_and_sign_is_the_same_radiograph(make, ramp, dtype):
    stored = ramp.astype(dtype) * dtype(1 if dtype == np.uint8 else 100)
    stored = stored - dtype(9000) if dtype == np.int16 else stored
    radiograph = read_radiograph(make.dicom(stored))
    assert radiograph.pixels.dtype == np.float32
    assert_allclose(radiograph.pixels, ramp / 255, atol=1e-6)
    assert radiograph.bits == 8 * np.dtype(dtype).itemsize


def test_a_file_without_preamble_and_meta(make, ramp):
    assert_allclose(pixels(make.dicom(ramp.astype(np.uint16), preamble=False)), ramp / 255, atol=1e-6)


def test_big_endian(make, ramp):
    swapped = (ramp.astype(np.uint16) * 100).astype(">u2")
    assert_allclose(pixels(make.dicom(swapped, syntax=EXPLICIT_BIG_ENDIAN)), ramp / 255, atol=1e-6)


def test_monochrome1_is_the_inverse_of_monochrome2(make, ramp):
    one = read_radiograph(make.dicom(ramp, PhotometricInterpretation="MONOCHROME1"))
    assert_allclose(one.pixels, 1 - ramp / 255, atol=1e-6)
    assert one.photometric == "MONOCHROME1" and not one.inverted


@pytest.mark.parametrize(
    ("photometric", "shape", "inverse"),
    [
        ("MONOCHROME1", "INVERSE", True),  # said twice, done once
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
    ],
)
def test_presentation_lut_shape(make, ramp, photometric, shape, inverse):
    path = make.dicom(ramp, PhotometricInterpretation=photometric, PresentationLUTShape=shape)
    assert_allclose(pixels(path), 1 - ramp / 255 if inverse else ramp / 255, atol=1e-6)


@pytest.mark.parametrize("slope", [2.5, -2.5])
def test_sign_of_the_rescale_slope(make, ramp, slope):
    path = make.dicom(ramp, RescaleSlope=slope, RescaleIntercept=-7)
    assert_allclose(pixels(path), ramp / 255 if slope > 0 else 1 - ramp / 255, atol=1e-6)


def test_window_is_applied_after_rescale(make, ramp):
    path = make.dicom(ramp, RescaleSlope=2, RescaleIntercept=100, WindowCenter=300.5, WindowWidth=201)
    assert_allclose(pixels(path), np.clip((2.0 * ramp + 100 - 200) / 200, 0, 1), atol=1e-6)


def test_window_as_wide_as_the_data_changes_nothing(make, ramp):
    """DICOM's window of 256 values from 0 to 255 cuts half a step off at one end (PS3.3 C.11.2.1.2.1)."""
    for center, width in ((128, 256), (127.5, 255.5)):
        np.testing.assert_array_equal(
            pixels(make.dicom(ramp, WindowCenter=center, WindowWidth=width)), ramp / np.float32(255)
        )
    narrow = pixels(make.dicom(ramp, WindowCenter=127.5, WindowWidth=240))
    assert (narrow == 0).sum() > (ramp == 0).sum()


def test_window_beside_the_data_is_ignored_with_a_warning(make, ramp):
    radiograph = read_radiograph(make.dicom(ramp, WindowCenter=5000, WindowWidth=100))
    assert_allclose(radiograph.pixels, ramp / 255, atol=1e-6)
    assert any("window" in warning for warning in radiograph.warnings)
    assert not any("window" in warning for warning in read_radiograph(make.dicom(ramp)).warnings)


@pytest.mark.parametrize("width", [0, -3])
def test_senseless_window_is_ignored_with_a_warning(make, ramp, width):
    radiograph = read_radiograph(make.dicom(ramp, WindowCenter=100, WindowWidth=width))
    assert_allclose(radiograph.pixels, ramp / 255, atol=1e-6)
    assert any("ignored" in warning for warning in radiograph.warnings)


@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
def test_lut_sequences(make, ramp, sequence):
    table = np.round(np.sqrt(np.arange(256) / 255) * 60000).astype(int)
    path = make.dicom(ramp, **{sequence: [make.lut(table)]})
    assert_allclose(pixels(path), table[ramp] / 60000, atol=1e-6)


def test_descending_voi_lut_inverts(make, ramp):
    path = make.dicom(ramp.astype(np.uint16), VOILUTSequence=[make.lut(np.arange(255, -1, -1) * 200)])
    assert_allclose(pixels(path), 1 - ramp / 255, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("slope", [1, -1])
def test_intensity_sign_makes_bone_bright(make, ramp, sign, photometric, slope):
    """Bone absorbs: with sign +1 the least stored values are bone, and end bright, whatever is between."""
    path = make.dicom(
        ramp,
        PixelIntensityRelationshipSign=sign,
        PhotometricInterpretation=photometric,
        RescaleSlope=slope,
        RescaleIntercept=0,
    )
    assert_allclose(pixels(path), 1 - ramp / 255 if sign > 0 else ramp / 255, atol=1e-6)
    shown_dark = (sign > 0) == ((photometric == "MONOCHROME2") == (slope > 0))
    radiograph = read_radiograph(path)
    assert radiograph.inverted == shown_dark
    assert any("inverted" in warning for warning in radiograph.warnings) == shown_dark
    assert_allclose(pixels(path, bone="dark"), 1 - pixels(path, bone="bright"), atol=1e-6)


def test_frames_of_native_pixel_data(make, ramp):
    path = make.dicom(np.stack([ramp, ramp[::-1], ramp[:, ::-1]]), frames=3)
    assert_allclose(pixels(path, frame=1), ramp[::-1] / 255, atol=1e-6)
    assert_allclose(pixels(path, frame=2), ramp[:, ::-1] / 255, atol=1e-6)
    with pytest.raises(RadiographError, match=r"frame.*3 is not in .*a\.dcm.*frames 0 to 2"):
        read_radiograph(path, frame=3)


def test_frames_of_rle(make, ramp):
    def rle(picture):  # literal runs of one row each (PS3.5 annex G)
        body = b"".join(bytes([len(row) - 1]) + row.tobytes() for row in picture)
        return np.array([1, 64] + [0] * 14, "<u4").tobytes() + body + b"\0" * (len(body) % 2)

    path = make.dicom(
        np.stack([ramp, ramp[::-1]]),
        frames=2,
        syntax=RLE,
        encapsulated=[rle(ramp), rle(np.ascontiguousarray(ramp[::-1]))],
    )
    assert_allclose(pixels(path, frame=0), ramp / 255, atol=1e-6)
    assert_allclose(pixels(path, frame=1), ramp[::-1] / 255, atol=1e-6)


def test_jpeg_baseline_grey_and_colour(make, ramp):
    path = make.dicom(ramp, syntax=JPEG_BASELINE, encapsulated=[jpeg(ramp)])
    assert_allclose(pixels(path), ramp / 255, atol=0.03)
    colours = np.dstack([ramp, ramp // 2, 255 - ramp])
    path = make.dicom(
        colours, syntax=JPEG_BASELINE, encapsulated=[jpeg(colours)], PhotometricInterpretation="YBR_FULL_422"
    )
    radiograph = read_radiograph(path, bone="bright")
    assert np.abs(radiograph.colour.astype(int) - colours)[:, 4:-4].max() < 40  # chroma at half resolution


def test_colour_models(make, ramp):
    colours = np.dstack([ramp, ramp // 2, 255 - ramp])
    luminance = colours @ np.array([0.299, 0.587, 0.114])
    luminance = (luminance - luminance.min()) / np.ptp(luminance)
    radiograph = read_radiograph(make.dicom(colours), bone="bright")
    assert_array_equal(radiograph.colour, colours)
    assert_allclose(radiograph.pixels, luminance, atol=1e-5)

    planes = np.moveaxis(colours, 2, 0).tobytes()
    path = make.dicom(colours, PlanarConfiguration=1, PixelData=planes)
    assert_array_equal(read_radiograph(path, bone="bright").colour, colours)

    ycbcr = np.asarray(Image.fromarray(colours).convert("YCbCr"))
    path = make.dicom(ycbcr, PhotometricInterpretation="YBR_FULL")
    assert np.abs(read_radiograph(path, bone="bright").colour.astype(int) - colours).max() <= 3


def test_palette_colour(make, ramp):
    table = (np.arange(256) * 257).astype("<u2")
    tables = {"Red": table, "Green": table[::-1], "Blue": np.zeros(256, "<u2")}
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, values in tables.items():
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{colour}PaletteColorLookupTableData"] = values.tobytes()
    radiograph = read_radiograph(make.dicom(ramp, **tags), bone="bright")
    assert np.abs(radiograph.colour.astype(int) - np.dstack([ramp, 255 - ramp, 0 * ramp])).max() <= 1


def test_transfer_syntaxes_agree(shared_data):
    """One hip in seven encodings: lossless ones exactly, JPEG extended nearly."""
    reference = read_radiograph(shared_data / "dicom/RG2_UNC.dcm")
    assert reference.pixel_size_mm == (0.2, 0.2) and not reference.inverted
    for kind in ("J2KR", "JLSL", "JPLL", "RLE"):
        assert_array_equal(pixels(shared_data / f"dicom/RG2_{kind}.dcm"), reference.pixels)
    for name in ("RG2_JPLY", "broken/RG2_JPLY_bad_fragment"):
        lossy, exact = (values.ravel()[::7] for values in (pixels(shared_data / f"dicom/{name}.dcm"), reference.pixels))
        # The overshoot of lossy compression moves darkest and brightest, so equal up to a linear map.
        difference = np.abs(np.polyval(np.polyfit(lossy, exact, 1), lossy) - exact)
        assert difference.mean() < 0.005 and np.quantile(difference, 0.999) < 0.05


def test_window_of_another_picture_in_a_real_file(shared_data):
    radiograph = read_radiograph(shared_data / "dicom/JPEG2KLossless_1s_1f_u_16_16.dcm")
    assert np.mean((radiograph.pixels > 0.3) & (radiograph.pixels < 0.9)) > 0.05
    assert radiograph.inverted and any("window" in warning for warning in radiograph.warnings)


def test_quiet(make, ramp, capfd):
    """Odd tags are no news for the user."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = make.dicom(ramp, WindowCenter=100, WindowWidth=50, DistanceSourceToDetector="1000.0000000000000000")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_radiograph(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"PositionerPrimaryAngle": -30.5, "PositionerSecondaryAngle": 12}, (-30.5, 12.0)),
        ({"PositionerPrimaryAngle": 30}, None),
        ({"PositionerPrimaryAngle": 30, "PositionerSecondaryAngle": 400}, None),
        ({}, None),
    ],
)
def test_a_c_arms_angles_are_read_if_both_are_there(make, ramp, tags, told):
    assert read_radiograph(make.dicom(ramp, Modality="XA", **tags)).positioner_deg == told
