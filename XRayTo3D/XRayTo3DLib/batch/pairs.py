"""Radiographs that a user put together, in a CSV file: a line for each case, its files one beside the other."""

from __future__ import annotations

import csv
import os
from collections.abc import Container

from ..case import VIEW_NUMBERS
from ..errors import ReconstructionError

_MOST = 1 + len(VIEW_NUMBERS)


def read_pairs(path: str | os.PathLike) -> list[tuple[str, ...]]:
    """Read which files make a case, the first view first; one file in a line is a case by itself.

    Returns
    -------
    list of tuple of str
        Absolute paths; in the file they may be relative to its folder.

    Raises
    ------
    ReconstructionError
        If the file cannot be read, has a line of more views than a case may have, or names a file twice.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = [[cell.strip() for cell in line if cell.strip()] for line in csv.reader(file)]
    except (OSError, csv.Error) as error:
        raise ReconstructionError(f"--pair {path}: the file cannot be read ({error}); give a CSV file.") from error
    folder, seen = os.path.dirname(os.path.abspath(path)), set()
    for number, line in enumerate(lines, 1):
        if len(line) > _MOST:
            raise ReconstructionError(f"--pair {path}, line {number}: a case has at most {_MOST} files.")
        line[:] = [os.path.abspath(os.path.join(folder, cell)) for cell in line]
        for each in line:
            if each in seen:
                raise ReconstructionError(f"--pair {path}, line {number}: {each} is named a second time; name it once.")
            seen.add(each)
    return [tuple(line) for line in lines if line]


def check_pairs(pairs: list[tuple[str, ...]], known: Container[str]) -> None:
    """Raise ReconstructionError for a file that is put into a case, but is not among the known ones."""
    for pair in pairs:
        for path in pair:
            if path not in known:
                raise ReconstructionError(
                    f"--pair: {path} is not among the radiographs that were found; check the path, or give its folder."
                )
