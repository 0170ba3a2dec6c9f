"""What all objects have in common that are put into an archive: who made them, of whom, and from what."""

from __future__ import annotations

from collections.abc import Sequence

from highdicom import SOPClass
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ..version import __version__

MAKER = "XRayTo3D"


def made_here(series_number: int, series: str) -> dict:
    """Keywords of an object that begins a new series, for highdicom's classes."""
    return {
        "series_instance_uid": new_uid(),
        "series_number": series_number,
        "series_description": series,
        "sop_instance_uid": new_uid(),
        "instance_number": 1,
        "manufacturer": MAKER,
        "manufacturer_model_name": MAKER,
        "software_versions": __version__,
        "device_serial_number": "none",  # of a program; DICOM wants one
    }


def begun(source: Dataset, sop_class: str, modality: str, series_number: int, series: str) -> SOPClass:
    """An object of any class, with the patient and the study of a radiograph and nothing else yet.

    Parameters
    ----------
    source : pydicom.Dataset
        The radiograph.
    sop_class, modality : str
    series_number : int
    series : str
        What the series is called.
    """
    made = SOPClass(
        study_instance_uid=source.StudyInstanceUID,
        sop_class_uid=sop_class,
        modality=modality,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        patient_sex=source.PatientSex,
        patient_birth_date=source.PatientBirthDate,
        specific_character_set=source.get("SpecificCharacterSet"),
        **made_here(series_number, series),
    )
    made.copy_patient_and_study_information(source)
    return made


def refer(made: Dataset, sources: Sequence[Dataset]) -> None:
    """Name, in an object that is not highdicom's, the radiographs that it was made from: of one study, any series."""
    made.SourceInstanceSequence = [_reference(source) for source in sources]
    by_series: dict[str, list[Dataset]] = {}
    for source in sources:
        by_series.setdefault(source.SeriesInstanceUID, []).append(_reference(source))
    made.ReferencedSeriesSequence = []
    for uid, references in by_series.items():
        series = Dataset()
        series.SeriesInstanceUID, series.ReferencedInstanceSequence = uid, references
        made.ReferencedSeriesSequence.append(series)


def _reference(source: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return reference


def new_uid() -> str:
    """A unique identifier that nobody had before (DICOM PS3.5, B.2)."""
    return generate_uid(prefix=None)
