"""The radiographs that an archive holds: whose they are, and to what study they belong."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pydicom import Dataset

from ..errors import RadiographError
from ..helpers.reading import opened
from ..radiograph.attributes import read_attributes
from ..radiograph.quiet import quiet_decoders
from ..radiograph.reading import PREAMBLE, is_dicom
from .made import begun

_NEEDED = {  # without them an object cannot be put beside the radiograph
    "StudyInstanceUID": "study",
    "SeriesInstanceUID": "series",
    "SOPInstanceUID": "identifier of its own",
    "SOPClassUID": "class of object",
}
_MAY_BE_EMPTY = (  # DICOM wants them to be there, with or without a value
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
_UNICODE = "ISO_IR 192"  # has every name that another character set has


def read_sources(paths: Sequence[str | os.PathLike]) -> tuple[Dataset, ...]:
    """Read who and what radiographs show, without their pixels.

    Parameters
    ----------
    paths : sequence of path
        The radiographs of a case, the first view first.

    Returns
    -------
    tuple of pydicom.Dataset
        In the same order, texts as Unicode; what a file does not tell of patient and study is empty.

    Raises
    ------
    RadiographError
        If one is no DICOM file, tells no study, has several frames or belongs to another study than the first.
    """
    sources = tuple(_read(path) for path in paths)
    for path, source in zip(paths, sources, strict=True):
        if source.StudyInstanceUID != sources[0].StudyInstanceUID:
            raise RadiographError(
                f"{path}: --dicom needs all views in one study, and this one belongs to another than {paths[0]}; "
                "leave out --dicom or the view."
            )
    return sources


def _read(path: str | os.PathLike) -> Dataset:
    if not _is_dicom_file(path):
        raise RadiographError(
            f"{path}: --dicom needs a DICOM file, which tells patient and study; give the radiograph as the archive "
            "has it, or leave out --dicom."
        )
    try:
        with quiet_decoders():
            source = read_attributes(path, force=True, stop_before_pixels=True)
            missing = [words for keyword, words in _NEEDED.items() if not source.get(keyword)]
            frames = int(source.get("NumberOfFrames") or 1)
            for keyword in _MAY_BE_EMPTY:
                if keyword not in source:
                    setattr(source, keyword, None)
            source.decode()
            source.SpecificCharacterSet = _UNICODE
            if not missing:
                begun(source, source.SOPClassUID, "OT", 1, "")  # what would fail at the end fails now
    except Exception as error:  # pydicom raises anything where bytes are damaged
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise RadiographError(
            f"{path}: --dicom cannot take patient and study from this file ({reason}); correct it, or leave out "
            "--dicom."
        ) from error
    if missing:
        raise RadiographError(
            f"{path}: --dicom needs a radiograph of a study, and this file tells no {' and no '.join(missing)}; give "
            "it as the archive has it, or leave out --dicom."
        )
    if frames > 1:
        raise RadiographError(
            f"{path}: --dicom needs a single picture, and this file has {frames} frames; leave out --dicom."
        )
    return source


def _is_dicom_file(path: str | os.PathLike) -> bool:
    try:
        with opened(path) as file:
            return is_dicom(file.read(PREAMBLE + 4))
    except OSError:
        return False
