"""Masks in an archive: the same pixels, over the radiograph, each a bone."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from XRayTo3DLib import Marking
from XRayTo3DLib.archive.mask import segmented


@pytest.fixture(scope="module")
def read(written):
    return pydicom.dcmread(written / "masks.dcm")


def test_the_pixels_are_those_of_the_masks(read, result):
    assert read.SegmentationType == "BINARY" and read.BitsAllocated == 1
    segments = [each.SegmentIdentificationSequence[0] for each in read.PerFrameFunctionalGroupsSequence]
    assert [each.ReferencedSegmentNumber for each in segments] == [1, 2, 3]
    assert np.array_equal(read.pixel_array, [found.seen[0].bone.mask for found in result.found])


def test_each_segment_is_a_bone_with_a_side(read):
    told = [each.SegmentedPropertyTypeCodeSequence[0] for each in read.SegmentSequence]
    assert [each.CodeValue for each in told] == ["71341001", "12611008", "272673000"]
    sides = [each.get("SegmentedPropertyTypeModifierCodeSequence") for each in told]
    assert [side and side[0].CodeMeaning for side in sides] == ["Left", "Right", None]
    assert [each.SegmentLabel for each in read.SegmentSequence] == ["left femur", "right tibia", "bone"]
    assert {each.SegmentAlgorithmName for each in read.SegmentSequence} == {"XRayTo3D clusters"}


def test_they_lie_on_the_radiograph_and_nowhere_in_space(read, result, sources):
    for frame in read.PerFrameFunctionalGroupsSequence:
        (image,) = frame.DerivationImageSequence[0].SourceImageSequence
        assert image.ReferencedSOPInstanceUID == sources[0].SOPInstanceUID
        assert image.SpatialLocationsPreserved == "YES"
    assert read.PatientOrientation == ["L", "F"]
    told = deepcopy(sources[0])
    told.FrameOfReferenceUID = generate_uid()
    assert "FrameOfReferenceUID" not in segmented(result, told) and "FrameOfReferenceUID" in told


@pytest.mark.parametrize(
    ("method", "marking", "expected"),
    [
        ("drawn", Marking(mask=np.ones((2, 2), bool)), "MANUAL"),
        ("network", Marking(roi=(0, 0, 9, 9)), "SEMIAUTOMATIC"),
        ("threshold", Marking(threshold=(0.5, 1.0)), "SEMIAUTOMATIC"),
        ("network", Marking(), "AUTOMATIC"),
    ],
)
def test_who_drew_a_mask_is_told(result, sources, method, marking, expected):
    (seen,) = result.found[0].seen
    seen = replace(seen, bone=replace(seen.bone, method=method), view=replace(seen.view, marking=marking))
    found = (replace(result.found[0], seen=(seen,)), *result.found[1:])
    (segment, *_) = segmented(replace(result, found=found), sources[0]).SegmentSequence
    assert segment.SegmentAlgorithmType == expected
    assert ("SegmentAlgorithmName" in segment) == (expected != "MANUAL")
