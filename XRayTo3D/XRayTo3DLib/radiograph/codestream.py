"""How large a compressed picture says that it is, by its own header: a decoder takes memory for that."""

from __future__ import annotations

import struct
from typing import NamedTuple

_JPEG, _JPEG_2000, _JP2 = b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "
# Markers of a frame: JPEG's without those of tables (C4, C8, CC), and that of JPEG-LS.
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


class Told(NamedTuple):
    """Rows, columns and samples a pixel."""

    rows: int
    columns: int
    samples: int


def told_by_stream(stream: bytes) -> Told | None:
    """Size of a JPEG, JPEG-LS or JPEG 2000 picture; None where it is none of them, or damaged.

    References
    ----------
    ITU-T T.81, B.2.2 (frame header); T.87, C.2.2; T.800, A.5.1 (image and tile size) and I.4 (boxes).
    """
    try:
        if stream.startswith(_JPEG):
            return _of_jpeg(stream)
        return _of_jpeg_2000(stream, _codestream_in(stream) if stream.startswith(_JP2) else 0)
    except struct.error:  # it ends before
        return None


def _of_jpeg(stream: bytes) -> Told | None:
    at = len(_JPEG)
    while stream[at : at + 1] == b"\xff":
        (marker,) = struct.unpack_from("B", stream, at + 1)
        if marker == 0xFF:  # a byte to fill
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return Told(*struct.unpack_from(">HHB", stream, at + 5))
        else:
            at += 2 + struct.unpack_from(">H", stream, at + 2)[0]
    return None


def _codestream_in(stream: bytes) -> int:
    """Where the code stream begins in a file of boxes."""
    at = 0
    while True:
        length, kind = struct.unpack_from(">I4s", stream, at)
        head = 8
        if length == 1:
            (length,), head = struct.unpack_from(">Q", stream, at + 8), 16
        if kind == b"jp2c":
            return at + head
        at += max(length, head)


def _of_jpeg_2000(stream: bytes, at: int) -> Told | None:
    if not stream.startswith(_JPEG_2000, at):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", stream, at + 8)
    (samples,) = struct.unpack_from(">H", stream, at + 40)
    return Told(bottom - top, right - left, samples)
