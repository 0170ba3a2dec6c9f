"""Which files are meant: by folders, a DICOMDIR, a list, or each by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import ReconstructionError
from ..radiograph import looks_like_radiograph
from ..radiograph.attributes import read_attributes
from ..radiograph.quiet import quiet_decoders

DICOMDIR = "DICOMDIR"
LIST_SUFFIX = ".txt"
_RECORDS = "DirectoryRecordSequence"


class Found(NamedTuple):
    """A file, by its absolute path, and whether the user `named` that very file, and wants to hear of it."""

    path: str
    named: bool


def find_files(inputs: Sequence[str | os.PathLike], leave_out: str | os.PathLike) -> Iterator[Found]:
    """Files of folders, DICOMDIRs and lists, one after the other, each once.

    Parameters
    ----------
    inputs : sequence of path
        A folder is searched with all folders in it for what looks like a radiograph; hidden ones are passed by. A file
        called DICOMDIR names files beneath its folder, a text file (.txt) has a path in each line, from its own folder.
        Any other file is taken as it is.
    leave_out : path
        A folder that is not searched: what a batch wrote before is no radiograph.

    Raises
    ------
    ReconstructionError
        If an input is not there, or cannot be understood.
    """
    seen: set[str] = set()
    for each in inputs:
        for path, named in _files_of(os.path.abspath(each), os.path.realpath(leave_out)):
            if path not in seen:
                seen.add(path)
                yield Found(path, named)


def _files_of(path: str, leave_out: str) -> Iterator[Found]:
    if os.path.isdir(path):
        return (Found(file, False) for file in _in_folder(path, leave_out))
    if not os.path.exists(path):
        raise ReconstructionError(f"{path}: there is no such file or folder; check the path.")
    if os.path.basename(path).upper() == DICOMDIR:
        return (Found(file, False) for file in _in_dicomdir(path))
    if path.lower().endswith(LIST_SUFFIX):
        return (Found(file, True) for file in _in_list(path))
    return iter([Found(path, True)])


def _in_folder(folder: str, leave_out: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(place, name)) != leave_out
        )
        for name in sorted(names):
            path = os.path.join(place, name)
            if not name.startswith(".") and looks_like_radiograph(path):
                yield path


def _unreadable(error: OSError) -> None:
    raise ReconstructionError(
        f"{error.filename}: the folder cannot be read ({error.strerror}); check its permissions, or name others."
    ) from error


def _in_list(path: str) -> Iterator[str]:
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise ReconstructionError(f"{path}: the list cannot be read ({error.strerror}).") from error
    folder = os.path.dirname(path)
    return (os.path.abspath(os.path.join(folder, line)) for line in lines if line)


def _in_dicomdir(path: str) -> Iterator[str]:
    try:
        with quiet_decoders():
            records = read_attributes(path, specific_tags=[_RECORDS]).get(_RECORDS) or ()
            named = [each.get("ReferencedFileID") for each in records if each.get("DirectoryRecordType") == "IMAGE"]
    except Exception as error:  # pydicom raises anything where bytes are damaged
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise ReconstructionError(
            f"{path}: the DICOMDIR is damaged ({reason}); give the folder that it is in."
        ) from error
    folder = os.path.dirname(path)
    return (os.path.join(folder, *_below(name, path)) for name in named if name)


def _below(name: object, path: str) -> list[str]:
    """Parts of a path that a DICOMDIR tells: names alone, so that it leads nowhere but beneath its folder."""
    parts = [name] if isinstance(name, str) else [str(part) for part in name]
    if any(part in ("", ".", "..") or Path(part).name != part or "\0" in part for part in parts):
        raise ReconstructionError(
            f"{path}: the DICOMDIR names a file that is not beneath its folder; give the folder that it is in."
        )
    return parts
