"""Files, opened without waiting; those of numbers are read with a ceiling: larger or deeper ones are refused."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

MOST_TEXT = 2**24  # bytes of a text file
MOST_ARRAYS = 2**28  # bytes that the arrays of a file unpack to


def opened(path: str | os.PathLike) -> BinaryIO:
    """Open a regular file for reading: nobody may be there to write into a pipe, and a device may never end.

    Raises
    ------
    OSError
        If it cannot be read, or is something else.
    """
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115  (the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
    return file


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # of which Windows has none, as it has no such pipes


def read_text(path: str | os.PathLike) -> str:
    """Read a text file in UTF-8, with or without a byte order mark.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no text, or longer than `MOST_TEXT` bytes.
    """
    with opened(path) as file:
        data = file.read(MOST_TEXT + 1)
    if len(data) > MOST_TEXT:
        raise ValueError(f"it is longer than {MOST_TEXT} bytes")
    return data.decode("utf-8-sig")


def parse_json(text: str) -> object:
    """What a JSON text holds.

    Raises
    ------
    ValueError
        If it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_arrays(path: str | os.PathLike, needed: Iterable[str], allowed: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """Read arrays of an .npz file, without pickle.

    Parameters
    ----------
    path : path
    needed, allowed : iterables of str
        Arrays that must be there, and those that may.

    Raises
    ------
    OSError
        If the file cannot be read.
    KeyError
        If an array is missing; its name is the first argument.
    ValueError
        If the file is damaged, or its arrays unpack to more than `MOST_ARRAYS` bytes.
    """
    try:
        # Opened here: numpy does not close a damaged file.
        with opened(path) as whole, np.load(whole, allow_pickle=False) as file:
            needed = list(needed)
            for name in needed:
                if name not in file:
                    raise KeyError(name)
            names = [*needed, *(name for name in allowed if name in file)]
            if sum(each.file_size for each in file.zip.infolist()) > MOST_ARRAYS:
                raise ValueError(f"its arrays unpack to more than {MOST_ARRAYS} bytes")
            return {name: np.asarray(file[name]) for name in names}
    except (OSError, ValueError, KeyError):
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise ValueError(f"it is damaged ({str(error) or type(error).__name__})") from error
