"""What a DICOM file tells of which patient, study and limb it shows, read without its pixels."""

from __future__ import annotations

import os
from sys import intern
from typing import NamedTuple

from ..helpers.reading import opened
from .attributes import read_attributes
from .header import side_of, view_of
from .quiet import quiet_decoders
from .reading import PREAMBLE, is_dicom

_DIRECTORY = "1.2.840.10008.1.3.10"  # a DICOMDIR, which is no picture
_KEYWORDS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "Modality",
    "PatientID",
    "StudyInstanceUID",
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "ViewPosition",
)


class Identity(NamedTuple):
    """Identifiers of one picture; "" for what the file does not tell.

    Attributes
    ----------
    modality : str
        "CR", "DX", ...; "DICOMDIR" of a directory.
    patient, study, instance : str
        Patient ID, study and SOP instance UID.
    part : str
        Body part examined, in capitals.
    side : {"left", "right", ""}
    view : str
        As `header.view_of` names it.
    """

    modality: str
    patient: str
    study: str
    instance: str
    part: str
    side: str
    view: str


def read_identity(path: str | os.PathLike) -> Identity | None:
    """Read the identifiers of a DICOM file.

    Returns
    -------
    Identity or None
        None where there is no such file, or it is no DICOM file, or so damaged that it does not tell.
    """
    try:
        with opened(path) as file, quiet_decoders():
            if not is_dicom(file.read(PREAMBLE + 4)):
                return None
            tags = read_attributes(path, force=True, stop_before_pixels=True, specific_tags=list(_KEYWORDS))
            meta = str(tags.file_meta.get("MediaStorageSOPClassUID", ""))
            modality, patient, study, instance, part = (
                " ".join(str(tags.get(keyword) or "").split())
                for keyword in ("Modality", "PatientID", "StudyInstanceUID", "SOPInstanceUID", "BodyPartExamined")
            )
            side, view = side_of(tags) or "", view_of(tags) or ""
    except Exception:  # pydicom raises anything where bytes are damaged: reading the picture will say what is wrong
        return None
    modality = "DICOMDIR" if meta == _DIRECTORY else modality.upper()
    # What many files share is kept once.
    return Identity(
        intern(modality), intern(patient), intern(study), instance, intern(part.upper()), side, intern(view)
    )
