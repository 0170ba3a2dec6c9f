"""The measures as an archive keeps them: a measurement report (TID 1500), each with how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from highdicom.sr import (
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementProperties,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    MeasurementStatisticalProperties,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes

from ..methods import BoneResult
from ..pipeline import Reconstruction
from ..shape import Measure
from .codes import bone_code, own_code, own_scheme, side_code, unit_code
from .made import MAKER, made_here, new_uid
from .words import account

_TITLE = "Measures of inferred surfaces"
_PROGRAM = "2.25.223906143921364310215187530297136581417"  # the same for all reports: who measured was the program
_POPULATION = "Bones as the radiographs leave them open: 95 % of them lie within the measurement uncertainty"
_UPPER, _LOWER = codes.SCT.RangeOfUpperMeasurementUncertainty, codes.SCT.RangeOfLowerMeasurementUncertainty


def reported(result: Reconstruction, sources: Sequence[Dataset], others: Sequence[Dataset]) -> ComprehensiveSR | None:
    """Make a measurement report of all that was measured.

    Parameters
    ----------
    result : Reconstruction
    sources : sequence of pydicom.Dataset
        Its radiographs.
    others : sequence of pydicom.Dataset
        What else was made of them, which the report names as evidence.

    Returns
    -------
    highdicom.sr.ComprehensiveSR or None
        None where nothing was measured, as on a relief or a solid.
    """
    groups = [*_of_bones(result, sources), *_of_legs(result, sources)]
    if not groups:
        return None
    device = DeviceObserverIdentifyingAttributes(uid=_PROGRAM, name=MAKER, manufacturer_name=MAKER, model_name=MAKER)
    report = MeasurementReport(
        ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device)),
        procedure_reported=codes.LN.XRUnspecifiedBodyRegion,
        imaging_measurements=groups,
    )
    return ComprehensiveSR(
        evidence=[*sources, *others],
        content=report,
        is_complete=True,  # but preliminary, and verified by nobody
        coding_schemes=[own_scheme()],
        **made_here(303, _TITLE),
    )


def _of_bones(result: Reconstruction, sources: Sequence[Dataset]):
    for bone in result.bones:
        site = FindingSite(bone_code(bone.name), side_code(bone.side))
        for called, table, measures in _measured(bone):
            if measures:
                yield _group(called, site, table, measures, account(bone, result), sources)


def _of_legs(result: Reconstruction, sources: Sequence[Dataset]):
    for leg in result.legs:
        site = FindingSite(CodedConcept.from_code(codes.SCT.LowerLimb), side_code(leg.side))
        yield _group(f"{leg.side} leg", site, "leg", leg.measures, account(result.bones[0], result), sources)


def _measured(bone: BoneResult) -> list[tuple[str, str, Mapping[str, Measure]]]:
    """What a bone's measures are called, the table of `anatomy.DEFINITIONS` that they stand in, and they themselves.

    Of a bone with several breaks there are some of each.
    """
    if not bone.broken:
        return [(bone.called, bone.name, bone.shape.measures if bone.shape else {})]
    told = list(zip(bone.broken.names[1:], bone.broken.displacements, strict=True))
    which = "{bone}, {name} fragment" if len(told) > 1 else "{bone}"
    return [(which.format(bone=bone.called, name=name), "fracture", measures) for name, measures in told]


def _group(
    called: str,
    site: FindingSite,
    table: str,
    measures: Mapping[str, Measure],
    words: str,
    sources: Sequence[Dataset],
) -> MeasurementsAndQualitativeEvaluations:
    group = MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(uid=new_uid(), identifier=called),
        finding_sites=[site],
        measurements=[_measurement(f"{table}.{name}", measure) for name, measure in measures.items()],
        source_images=[SourceImageForMeasurementGroup(each.SOPClassUID, each.SOPInstanceUID) for each in sources],
    )
    comment = TextContentItem(codes.DCM.Comment, words, RelationshipTypeValues.CONTAINS)
    group[0].ContentSequence.append(comment)
    return group


def _measurement(code: str, measure: Measure) -> Measurement:
    """A measure with the numbers that the JSON has of it."""
    told, unit = measure.as_json(), unit_code(measure.unit)
    low, high = told["interval_95"]
    deviation = NumContentItem(
        codes.DCM.StandardDeviationOfPopulation, told["deviation"], unit, None, RelationshipTypeValues.HAS_PROPERTIES
    )
    properties = MeasurementProperties(
        measurement_statistical_properties=MeasurementStatisticalProperties([deviation], _POPULATION)
    )
    # highdicom has these two without a unit; they are in the measure's.
    for name, far in ((_UPPER, high - told["value"]), (_LOWER, told["value"] - low)):
        item = NumContentItem(name, round(far, 2), unit, None, RelationshipTypeValues.HAS_PROPERTIES)
        properties.append(item)
    return Measurement(own_code(code, measure.title[:64]), told["value"], unit, properties=properties)
