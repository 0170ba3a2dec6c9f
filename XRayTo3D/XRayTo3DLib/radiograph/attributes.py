"""Attributes of a DICOM file, by pydicom: what a deflated file unpacks to has a ceiling."""

from __future__ import annotations

import io
import os
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

MOST_INFLATED = 2**29  # bytes; a picture of 200 megapixels has 2**28.6
_AT_ONCE = 2**22


def read_attributes(source: str | os.PathLike | bytes, **options) -> FileDataset:
    """Read a DICOM file, with the options of `pydicom.dcmread`.

    Parameters
    ----------
    source : path or bytes
        The file, or what is in it.

    Raises
    ------
    OSError
        If it cannot be read.
    Exception
        Of any kind, where it is damaged; ValueError if it unpacks to more than `MOST_INFLATED` bytes.
    """
    from pydicom import dcmread

    with _InMemory(source) if isinstance(source, bytes) else _OnDisk(io.FileIO(source)) as file:
        return dcmread(file, **options)


class _Tried:
    """A file whose rest is tried before it is given: pydicom takes all of the rest at once where that is deflated."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if size is None or size < 0:
            _check_inflated(data)
        return data


class _InMemory(_Tried, io.BytesIO):
    pass


class _OnDisk(_Tried, io.BufferedReader):
    pass


def _check_inflated(data: bytes) -> None:
    """Raise ValueError if deflated data unpack to more than `MOST_INFLATED` bytes."""
    decoder, length = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while data and not decoder.eof:
        try:
            length += len(decoder.decompress(data, _AT_ONCE))
        except zlib.error:  # pydicom will say what is wrong
            return
        if length > MOST_INFLATED:
            raise ValueError(f"it unpacks to more than {MOST_INFLATED} bytes")
        data = decoder.unconsumed_tail
