"""All objects of a reconstruction in one folder, for an archive to take in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pydicom import Dataset

from ..errors import ReconstructionError
from ..helpers.files import check_folder, make_folder, replacing
from ..pipeline import Reconstruction, bone_names
from ..radiograph.dicom import write_dicom
from ..radiograph.quiet import quiet_decoders
from .mask import segmented
from .report import reported
from .surface import encapsulated

MASKS, MEASURES = "masks.dcm", "measures.dcm"


def check_empty(folder: str | os.PathLike) -> Path:
    """Return `folder` as a Path if files can be made there, and none is there: what an archive takes is of one patient.

    Raises
    ------
    ReconstructionError
        If it cannot be written to, or is not empty.
    """
    folder = check_folder(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise ReconstructionError(
            f"{folder}: --dicom needs an empty folder, so that objects of no other patient are among those for the "
            "archive; empty this one or choose another."
        )
    return folder


def write_archive(result: Reconstruction, sources: Sequence[Dataset], folder: str | os.PathLike) -> None:
    """Write the DICOM objects of a reconstruction: all of them, or none if one cannot be written.

    Parameters
    ----------
    result : Reconstruction
    sources : sequence of pydicom.Dataset
        The radiographs of its case, as `read_sources` gives them.
    folder : path
        Made if it is not there. An Encapsulated STL of each bone is called as the bone's STL file in a folder is; the
        masks of all are in masks.dcm, and what was measured in measures.dcm, if anything was.

    Raises
    ------
    ReconstructionError
        If a file cannot be written.
    """
    folder = make_folder(folder)
    with quiet_decoders(), ExitStack() as stack:
        for name, made in _objects(result, sources).items():
            write_dicom(stack.enter_context(replacing(folder / name)), made)


def _objects(result: Reconstruction, sources: Sequence[Dataset]) -> dict[str, Dataset]:
    """All objects by the names of their files."""
    names = [f"{name}.dcm" for name in bone_names(result.bones)]
    made: dict[str, Dataset] = dict(zip(names, encapsulated(result, sources), strict=True))
    made[MASKS] = segmented(result, sources[0])
    if report := reported(result, sources, list(made.values())):
        made[MEASURES] = report
    return made
