"""Surfaces in an archive: the bytes of the STL file, and what is said of them in codes and words."""

import pydicom
import pytest

from XRayTo3DLib import write_surface
from XRayTo3DLib.archive.codes import bone_code

NAMES = ("left-femur", "right-tibia", "bone")


@pytest.fixture(scope="module")
def read(written):
    return [pydicom.dcmread(written / f"{name}.dcm") for name in NAMES]


def code(item):
    return item.CodingSchemeDesignator, item.CodeValue


def test_the_bytes_are_those_of_the_stl_file(read, result, tmp_path):
    write_surface(result.bones[0].surface.polydata, tmp_path / "bone.stl")
    expected = (tmp_path / "bone.stl").read_bytes()
    assert read[0].MIMETypeOfEncapsulatedDocument == "model/stl"
    assert read[0].EncapsulatedDocument[: read[0].EncapsulatedDocumentLength] == expected


def test_bones_sides_and_millimetres_are_coded(read):
    regions = [each.AnatomicRegionSequence[0] for each in read]
    assert [code(each) for each in regions] == [("SCT", "71341001"), ("SCT", "12611008"), ("SCT", "272673000")]
    sides = [code(each.AnatomicRegionModifierSequence[0]) for each in regions[:2]]
    assert sides == [("SCT", "7771000"), ("SCT", "24028007")] and "AnatomicRegionModifierSequence" not in regions[2]
    assert [each.get("ImageLaterality") for each in read] == ["L", "R", None]
    assert {code(each.MeasurementUnitsCodeSequence[0]) for each in read} == {("UCUM", "mm")}


def test_they_are_a_new_series_and_stand_beside_each_other(read, sources):
    for keyword in ("SeriesInstanceUID", "FrameOfReferenceUID", "ModelGroupUID"):
        assert len({each.get(keyword) for each in read}) == 1
    assert len({each.SOPInstanceUID for each in read}) == 3
    assert [each.InstanceNumber for each in read] == [1, 2, 3]
    assert read[0].SeriesInstanceUID != sources[0].SeriesInstanceUID


def test_they_name_their_radiograph(read, sources):
    for each in read:
        assert each.SourceInstanceSequence[0].ReferencedSOPInstanceUID == sources[0].SOPInstanceUID
        assert each.ReferencedSeriesSequence[0].SeriesInstanceUID == sources[0].SeriesInstanceUID


def test_they_say_that_they_are_inferred_by_what_and_how_sure(read):
    for each in read:
        assert "inferred from projection radiographs" in each.DocumentTitle
        words = each.DerivationAlgorithmSequence[0].AlgorithmParameters
        assert "inferred from 1 projection radiograph; it was not measured" in words
        assert "magnification is unknown" in words  # what the user was warned of
    shape, solid = (each.DerivationAlgorithmSequence[0] for each in read[:2])
    assert shape.AlgorithmName == "XRayTo3D shape: femur model, own.npz"
    assert "median 0.80 mm, mean 0.90 mm, largest 1.40 mm" in shape.AlgorithmParameters
    assert "Of the fitted bone it is the part that was seen." in shape.AlgorithmParameters
    assert "97% of the bone's length" in shape.AlgorithmParameters
    assert "3 mm within the bone beside it" in shape.AlgorithmParameters
    assert solid.AlgorithmName == "XRayTo3D solid" and "thickness is an estimate" in solid.AlgorithmParameters


@pytest.mark.parametrize(
    ("name", "value"),
    [("femur", "71341001"), ("patella", "64234005"), ("hip", "29836001"), ("", "272673000"), ("pelvis", "272673000")],
)
def test_each_bone_has_its_snomed_code(name, value):
    assert (bone_code(name).value, bone_code(name).scheme_designator) == (value, "SCT")
