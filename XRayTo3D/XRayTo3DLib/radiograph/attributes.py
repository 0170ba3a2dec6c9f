"""Attributes of a DICOM file, by pydicom: what a file unpacks to, and in how many parts it is, has a ceiling."""

from __future__ import annotations

import io
import os
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

MOST_INFLATED = 2**29  # bytes; a picture of 200 megapixels has 2**28.6
MOST_PARTS = 300_000  # what is read of a file at once, and items in it: of a whole radiograph some thousand
_ITEM = b"\xfe\xff\x00\xe0"
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
        Of any kind, where it is damaged; ValueError if it unpacks to more than `MOST_INFLATED` bytes, or
        is in more parts than `MOST_PARTS` allow.
    """
    from pydicom import dcmread

    with _InMemory(source) if isinstance(source, bytes) else _OnDisk(io.FileIO(source)) as file:
        return dcmread(file, **options)


class _Tried:
    """A file whose parts are counted, and whose rest is tried before it is given.

    pydicom reads each element by itself, and each item of some sequences; of others it reads all, and takes them apart
    when they are asked for. Where the rest is deflated, it reads all of that.
    """

    parts = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.parts += 1 + data.count(_ITEM)
        if self.parts > MOST_PARTS:
            raise ValueError("it is in more parts than any radiograph")
        if size is None or size < 0:
            _check_inflated(data)
        return data


class _InMemory(_Tried, io.BytesIO):
    pass


class _OnDisk(_Tried, io.BufferedReader):
    pass


def _check_inflated(data: bytes) -> None:
    """Raise ValueError if deflated data unpack to more than `MOST_INFLATED` bytes, or to too many items."""
    decoder, length, items = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
    while data and not decoder.eof:
        try:
            made = decoder.decompress(data, _AT_ONCE)
        except zlib.error:  # pydicom will say what is wrong
            return
        length, items = length + len(made), items + made.count(_ITEM)
        if length > MOST_INFLATED:
            raise ValueError(f"it unpacks to more than {MOST_INFLATED} bytes")
        if items > MOST_PARTS:
            raise ValueError("it is in more parts than any radiograph")
        data = decoder.unconsumed_tail
