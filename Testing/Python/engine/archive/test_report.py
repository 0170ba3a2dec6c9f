"""The measurement report: the same numbers as the JSON's, each with how sure it is, and with a code."""

from dataclasses import replace

import pydicom
import pytest
from highdicom import sr

from XRayTo3DLib.archive.report import reported

POPULATION = "121414"  # standard deviation of population
UPPER, LOWER = "371886008", "371885007"  # ranges of measurement uncertainty


@pytest.fixture(scope="module")
def read(written):
    return pydicom.dcmread(written / "measures.dcm")


def items(item, kind):
    return [each for each in item.ContentSequence if each.ValueType == kind]


def named(item):
    code = item.ConceptNameCodeSequence[0]
    return code.get("CodeValue") or code.LongCodeValue


def number(item):
    (value,) = item.MeasuredValueSequence
    return float(value.NumericValue), value.MeasurementUnitsCodeSequence[0].CodeValue


def groups(read):
    (measurements,) = [each for each in items(read, "CONTAINER") if named(each) == "126010"]
    return items(measurements, "CONTAINER")


def test_it_is_a_measurement_report_that_nobody_has_verified(read):
    assert read.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert read.VerificationFlag == "UNVERIFIED" and read.PreliminaryFlag == "PRELIMINARY"


def test_highdicom_reads_its_groups(written):
    found = sr.srread(written / "measures.dcm").content.get_image_measurement_groups()
    assert [len(group.get_measurements()) for group in found] == [2, 1]


def test_numbers_are_those_of_the_json(read, result):
    bone, leg = groups(read)
    expected = [result.bones[0].shape.measures, result.legs[0].measures]
    for group, table, measures in zip((bone, leg), ("femur", "leg"), expected, strict=True):
        found = {named(each): each for each in items(group, "NUM")}
        assert found.keys() == {f"{table}.{name}" for name in measures}
        for name, measure in measures.items():
            told, item = measure.as_json(), found[f"{table}.{name}"]
            unit = measure.unit or "1"
            sure = {named(each): number(each) for each in items(item, "NUM")}
            low, high = told["interval_95"]
            assert number(item) == (told["value"], unit)
            assert sure[POPULATION] == (told["deviation"], unit)
            assert sure[UPPER] == (pytest.approx(high - told["value"], abs=1e-6), unit)
            assert sure[LOWER] == (pytest.approx(told["value"] - low, abs=1e-6), unit)
            code = item.ConceptNameCodeSequence[0]
            assert (code.CodingSchemeDesignator, code.CodeMeaning) == ("99XRAYTO3D", told["title"])


def test_the_scheme_of_the_codes_is_named(read):
    (scheme,) = read.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99XRAYTO3D" and scheme.CodingSchemeResponsibleOrganization == "XRayTo3D"


def test_where_it_was_measured_and_on_what(read, sources, written):
    sites = [next(each for each in items(group, "CODE") if named(each) == "363698007") for group in groups(read)]
    assert [each.ConceptCodeSequence[0].CodeMeaning for each in sites] == ["Femur", "Lower limb"]
    assert [each.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning for each in sites] == ["Left", "Left"]
    for group in groups(read):
        (image,) = items(group, "IMAGE")
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == sources[0].SOPInstanceUID
        comment = next(each for each in items(group, "TEXT") if named(each) == "121106")
        assert "inferred from 1 projection radiograph" in comment.TextValue
    (study,) = read.CurrentRequestedProcedureEvidenceSequence
    evidence = {
        item.ReferencedSOPInstanceUID for s in study.ReferencedSeriesSequence for item in s.ReferencedSOPSequence
    }
    others = {pydicom.dcmread(path).SOPInstanceUID for path in written.iterdir() if path.name != "measures.dcm"}
    assert evidence == others | {sources[0].SOPInstanceUID}


@pytest.mark.parametrize("names", [("upper", "lower"), ("upper", "middle", "lower")])
def test_of_a_broken_bone_the_fragments_are_told(result, sources, names):
    """What was measured at each break is a group, which is named where there are several."""
    femur, breaks = result.bones[0], len(names) - 1
    fitted = femur.shape
    told = {"names": names, "fitted": (fitted,) * len(names), "displacements": (fitted.measures,) * breaks}
    broken = type(fitted)(**vars(fitted) | told | {"upper": fitted})
    made = replace(result, bones=(replace(femur, shape=None, broken=broken),), found=result.found[:1])
    vars(made)["legs"] = ()
    found = groups(reported(made, sources, ()))
    assert len(found) == breaks
    for group, name in zip(found, names[1:], strict=True):
        assert {named(each).split(".")[0] for each in items(group, "NUM")} == {"fracture"}
        comment = next(each for each in items(group, "TEXT") if named(each) == "121106").TextValue
        assert all(f"{each.capitalize()} fragment: Standard deviation" in comment for each in names)
        identifier = next(each.TextValue for each in items(group, "TEXT") if named(each) == "112039")
        assert identifier.endswith(f"{name} fragment") == (breaks > 1)


def test_where_nothing_was_measured_there_is_none(result, sources):
    made = replace(result, bones=result.bones[1:], found=result.found[1:])
    assert reported(made, sources, ()) is None
