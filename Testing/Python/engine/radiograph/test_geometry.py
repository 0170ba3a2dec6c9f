"""Pixel size and magnification: which tag counts."""

import pytest

from XRayTo3DLib.errors import RadiographError
from XRayTo3DLib.radiograph import radiograph_from_array, read_radiograph
from XRayTo3DLib.radiograph.geometry import projection_geometry

IMAGER = {"ImagerPixelSpacing": [0.3, 0.2]}  # row spacing (y) first
SPACING = {"PixelSpacing": [0.24, 0.16]}


@pytest.mark.parametrize(
    ("tags", "size", "magnification", "source"),
    [
        ({}, (1, 1), 1, "unknown"),
        (IMAGER, (0.2, 0.3), 1, "ImagerPixelSpacing"),
        (SPACING, (0.16, 0.24), 1, "PixelSpacing"),
        ({"NominalScannedPixelSpacing": [0.3, 0.2]}, (0.2, 0.3), 1, "NominalScannedPixelSpacing"),
        (IMAGER | {"PixelSpacing": [0.3, 0.2]}, (0.2, 0.3), 1, "ImagerPixelSpacing"),
        # Different: the body's, by PS3.3 10.7.1.1.
        (IMAGER | SPACING, (0.2, 0.3), 1.25, "at the bone"),
        (IMAGER | SPACING | {"PixelSpacingCalibrationType": "FIDUCIAL"}, (0.2, 0.3), 1.25, "fiducial"),
        (IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.1}, (0.2, 0.3), 1.1, "Imager"),
        (IMAGER | SPACING | {"EstimatedRadiographicMagnificationFactor": 1.1}, (0.2, 0.3), 1.25, "at the bone"),
        (IMAGER | {"DistanceSourceToDetector": 1200, "DistanceSourceToPatient": 1000}, (0.2, 0.3), 1.2, "Imager"),
        # Calibrated, detector not told: 1 / 1 at the bone.
        (SPACING | {"PixelSpacingCalibrationType": "GEOMETRY"}, (0.16, 0.24), 1, "at the bone"),
        (
            SPACING | {"PixelSpacingCalibrationType": "GEOMETRY", "EstimatedRadiographicMagnificationFactor": 1.5},
            (0.24, 0.36),
            1.5,
            "at the bone",
        ),
    ],
)
def test_which_tag_counts(tags, size, magnification, source):
    geometry = projection_geometry(tags, None, None, None)
    assert geometry.pixel_size_mm == pytest.approx(size)
    assert geometry.magnification == pytest.approx(magnification)
    assert source in geometry.pixel_size_source
    unknown = [words in " ".join(geometry.warnings) for words in ("scale is unknown", "magnification is unknown")]
    # Without a scale, magnification says nothing more.
    assert unknown == [not tags, bool(tags) and geometry.magnification_source == "unknown"]


@pytest.mark.parametrize(
    ("tags", "source"),
    [
        ({}, "unknown"),
        (IMAGER, "unknown"),
        (IMAGER | {"PixelSpacing": [0.3, 0.2]}, "unknown"),
        (IMAGER | SPACING, "DICOM ImagerPixelSpacing / PixelSpacing"),
        (IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.1}, "DICOM EstimatedRadiographicMagnificationFactor"),
        (IMAGER | {"DistanceSourceToDetector": 1200, "DistanceSourceToPatient": 1000}, "DICOM SID / SOD"),
        (SPACING | {"PixelSpacingCalibrationType": "GEOMETRY"}, "pixel size at the bone"),
    ],
)
def test_where_the_magnification_comes_from(tags, source):
    assert projection_geometry(tags, None, None, None).magnification_source == source
    # A size that was typed is one at the detector: whether the bone is larger there is known as before, or not.
    given = projection_geometry(tags, (0.5, 0.5), None, None)
    assert given.magnification_source == ("unknown" if source == "pixel size at the bone" else source)
    assert ("magnification is unknown" in " ".join(given.warnings)) == (given.magnification_source == "unknown")


@pytest.mark.parametrize(
    "tags",
    [
        {"EstimatedRadiographicMagnificationFactor": 0.7},
        {"EstimatedRadiographicMagnificationFactor": 4},
        {"EstimatedRadiographicMagnificationFactor": float("nan")},
        {"EstimatedRadiographicMagnificationFactor": "much"},
        {"DistanceSourceToDetector": 900, "DistanceSourceToPatient": 1000},
        {"DistanceSourceToDetector": -900},
        {"PixelSpacing": [0.0, 0.2]},
        {"PixelSpacing": [0.2]},
        {"PixelSpacing": [0.5, 0.4]},  # larger than at the detector
    ],
)
def test_senseless_tags_are_ignored_with_a_warning(tags):
    geometry = projection_geometry(IMAGER | tags, None, None, None)
    assert geometry.pixel_size_mm == pytest.approx((0.2, 0.3)) and geometry.magnification == 1
    ignored, unknown = geometry.warnings
    assert "ignored" in ignored and "magnification is unknown" in unknown


def test_given_values_outrank_tags():
    tags = IMAGER | SPACING | {"DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 1400}
    geometry = projection_geometry(tags, (0.5, 0.6), 1000, 800)
    assert geometry[:6] == ((0.5, 0.6), "given", 1.25, "given SID and SOD", 1000, 800)
    assert projection_geometry(tags, None, None, 1200).magnification == 1.25  # SID from the file


def test_the_three_numbers_of_the_magnification_agree():
    tags = IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.25, "DistanceSourceToDetector": 1000}
    geometry = projection_geometry(tags, None, None, None)
    assert geometry.sid_mm / geometry.sod_mm == pytest.approx(geometry.magnification)


def test_order_of_a_real_dicom_file(make, ramp):
    """The trap: ITK says 1.0 where there is PixelSpacing and no ImagerPixelSpacing."""
    path = make.dicom(ramp, PixelSpacing=[0.3, 0.2], ViewPosition="LL", ImageLaterality="R")
    radiograph = read_radiograph(path)
    assert radiograph.pixel_size_mm == (0.2, 0.3)
    assert (radiograph.view, radiograph.side) == ("lateral", "right")
    assert len(radiograph.warnings) == 1 and "magnification is unknown" in radiograph.warnings[0]
    assert read_radiograph(path, pixel_size_mm=0.5).pixel_size_mm == (0.5, 0.5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"pixel_size_mm": 0}, "pixel_size_mm"),
        ({"pixel_size_mm": -1}, "pixel_size_mm"),
        ({"pixel_size_mm": (0.1, float("nan"))}, "pixel_size_mm"),
        ({"pixel_size_mm": (1, 1, 1)}, "pixel_size_mm"),
        ({"pixel_size_mm": "wide"}, "pixel_size_mm"),
        ({"sid_mm": float("inf"), "sod_mm": 1}, "sid_mm"),
        ({"sid_mm": 1000, "sod_mm": -5}, "sod_mm"),
        ({"sid_mm": 1000, "sod_mm": 1001}, "sod_mm"),
        ({"sid_mm": 1000}, "sod_mm"),
        ({"sod_mm": 1000}, "sid_mm"),
        ({"bone": "grey"}, "bone"),
    ],
)
def test_impossible_arguments_are_named(make, ramp, arguments, named):
    with pytest.raises(RadiographError, match=named):
        radiograph_from_array(ramp, **arguments)
    with pytest.raises(RadiographError, match=named):
        read_radiograph(make.dicom(ramp), **arguments)
