"""VTP files, decoded here: of a damaged one VTK's reader reads and writes beyond its memory, which ends the process.

Only points, polygons, strips and the space are taken; attributes of points are not.

References
----------
"VTK XML file formats", https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html
"""

from __future__ import annotations

import binascii
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import numpy as np

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

MOST_INFLATED = 2**28  # bytes of all arrays
MOST_ELEMENTS = 100_000
_AT_ONCE = 2**20
_TYPES = {
    f"{kind}Int{8 * size}": f"{letter}{size}" for kind, letter in (("", "i"), ("U", "u")) for size in (1, 2, 4, 8)
}
_TYPES |= {"Float32": "f4", "Float64": "f8", "String": "u1"}
_ZLIB = "vtkZLibDataCompressor"


class _File(NamedTuple):
    """What arrays of a file have in common: byte order, type of lengths, compression, what is appended and how."""

    order: str
    length: np.dtype
    compressed: bool
    appended: memoryview
    raw: bool


def read_vtp(path: str | os.PathLike) -> tuple[vtkPolyData, str]:
    """Read a surface of a VTP file, and the space that it says its coordinates are in, "" where it says none.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged, or in a form that is not read; the text says which.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    root, file = _parsed(Path(path).read_bytes())
    left = MOST_INFLATED

    def take(element: ElementTree.Element | None) -> np.ndarray:
        nonlocal left
        array = _array(element, file, left)
        left -= array.nbytes
        return array

    pieces = root.findall("PolyData/Piece")
    points = [take(piece.find("Points/DataArray")).reshape(-1, 3) for piece in pieces]
    for piece, each in zip(pieces, points, strict=True):
        if len(each) != int(piece.get("NumberOfPoints", -1)):
            raise ValueError("there are more or fewer points than it says")
    corners = vtkPoints()
    corners.SetData(numpy_to_vtk(np.concatenate([np.empty((0, 3)), *points]).astype(np.float32), deep=True))
    surface = vtkPolyData()
    surface.SetPoints(corners)
    begin = np.cumsum([0, *map(len, points)])
    surface.SetPolys(_cells(pieces, "Polys", begin, take))
    surface.SetStrips(_cells(pieces, "Strips", begin, take))
    space = root.find("PolyData/FieldData/Array[@Name='SPACE']")
    told = b"" if space is None else take(space).tobytes()
    return surface, told.rstrip(b"\0").decode("ascii", "replace")


def _parsed(data: bytes) -> tuple[ElementTree.Element, _File]:
    """The file's tree without what is appended, which may be no text, and what its arrays have in common."""
    head, mark, rest = data.partition(b"<AppendedData")
    if b"<!" in head.replace(b"<!--", b"") or b"\0" in head:
        raise ValueError("it declares entities, or is no plain text")
    try:
        root = _tree(head + b"</VTKFile>" if mark else head)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no XML: {error}") from error
    if root.tag != "VTKFile" or root.get("type") != "PolyData":
        raise ValueError("it is no VTK file of a surface")
    compressor = root.get("compressor", "")
    if compressor not in ("", _ZLIB):
        raise ValueError(f"it is compressed by {compressor}; save it with {_ZLIB}")
    order = {"LittleEndian": "<", "BigEndian": ">"}[root.get("byte_order", "LittleEndian")]
    length = {"UInt32": "u4", "UInt64": "u8"}[root.get("header_type", "UInt32")]
    appended = memoryview(rest.partition(b"_")[2])
    return root, _File(order, np.dtype(order + length), bool(compressor), appended, b'"raw"' in rest.partition(b">")[0])


def _tree(text: bytes) -> ElementTree.Element:
    """The root of an XML text, unless it has more elements than any surface."""
    parser, count, root = ElementTree.XMLPullParser(("start",)), 0, None
    for at in range(0, len(text), _AT_ONCE):
        parser.feed(text[at : at + _AT_ONCE])
        for _, element in parser.read_events():
            root, count = element if root is None else root, count + 1
        if count > MOST_ELEMENTS:
            raise ValueError(f"it has more than {MOST_ELEMENTS} elements")
    parser.close()
    if root is None:
        raise ValueError("it is empty")
    return root


def _cells(
    pieces: list[ElementTree.Element], name: str, begin: np.ndarray, take: Callable[[ElementTree.Element], np.ndarray]
) -> vtkCellArray:
    """Polygons or strips of all pieces: `begin` tells where each piece's points begin, `take` an element's numbers."""
    from vtkmodules.util.numpy_support import numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonDataModel import vtkCellArray

    named, ends = [np.empty(0, np.int64)], [np.zeros(1, np.int64)]
    for piece, first in zip(pieces, begin[:-1], strict=True):
        if int(piece.get(f"NumberOf{name}", 0)) == 0:
            continue
        connectivity, offsets = (
            take(piece.find(f"{name}/DataArray[@Name='{each}']")) for each in ("connectivity", "offsets")
        )
        if len(offsets) != int(piece.get(f"NumberOf{name}")) or len(connectivity) != offsets[-1]:
            raise ValueError(f"there are more or fewer {name.lower()} than it says")
        ends.append(ends[-1][-1] + offsets.astype(np.int64))
        named.append(first + connectivity.astype(np.int64))
    cells = vtkCellArray()
    offsets, connectivity = np.concatenate(ends), np.concatenate(named)
    if (np.diff(offsets) < 0).any():
        raise ValueError("its faces do not follow each other")
    cells.SetData(numpy_to_vtkIdTypeArray(offsets, deep=True), numpy_to_vtkIdTypeArray(connectivity, deep=True))
    return cells


def _array(element: ElementTree.Element | None, file: _File, most: int) -> np.ndarray:
    """Numbers of an element, in a row; at most so many bytes."""
    if element is None or element.get("type") not in _TYPES:
        raise ValueError("an array is missing, or of no type that is known")
    kind, text = np.dtype(_TYPES[element.get("type")]), (element.text or "").strip()
    way = element.get("format")
    if way == "ascii":
        return np.array(text.split(), kind)
    if way == "appended":
        data = file.appended[int(element.get("offset", -1)) :] if int(element.get("offset", -1)) >= 0 else b""
    elif way == "binary":
        data = text.encode("ascii")
    else:
        raise ValueError(f"an array has the format {way!r}")
    raw = way == "appended" and file.raw
    data = _inflated(data, raw, file, most) if file.compressed else _plain(data, raw, file)
    return np.frombuffer(data, kind.newbyteorder(file.order)).astype(kind, copy=False)


def _plain(data: bytes | memoryview, raw: bool, file: _File) -> bytes | memoryview:
    """Bytes after their length."""
    size = file.length.itemsize
    length = int(np.frombuffer(_taken(data, size, raw), file.length)[0])
    return _taken(data, size + length, raw)[size:]


def _inflated(data: bytes | memoryview, raw: bool, file: _File, most: int) -> bytes:
    """Bytes of compressed blocks, after their number, size, the last's (0 if it is as large) and the length of each."""
    size = file.length.itemsize
    count, block, last = (int(each) for each in np.frombuffer(_taken(data, 3 * size, raw), file.length))
    if count == 0:
        return b""
    if count * block > most + block or (3 + count) * size > len(data) or last > block:
        raise ValueError(f"an array is cut off, or all together unpack to more than {MOST_INFLATED} bytes")
    lengths = np.frombuffer(_taken(data, (3 + count) * size, raw)[3 * size :], file.length).tolist()
    head = (3 + count) * size if raw else _encoded((3 + count) * size)
    packed, made, at = _taken(data[head:], sum(lengths), raw), [], 0
    for number, length in enumerate(lengths, 1):
        wanted = last if last and number == count else block
        try:
            made.append(zlib.decompressobj().decompress(packed[at : at + length], wanted or 1))
        except zlib.error as error:
            raise ValueError(f"an array is damaged ({error})") from error
        if len(made[-1]) != wanted:
            raise ValueError("an array is cut off")
        at += length
    return b"".join(made)


def _encoded(count: int) -> int:
    """Letters of so many bytes in base64."""
    return 4 * -(-count // 3)


def _taken(data: bytes | memoryview, count: int, raw: bool) -> bytes | memoryview:
    """So many bytes of what is raw, or in base64."""
    try:
        taken = data[:count] if raw else binascii.a2b_base64(data[: _encoded(count)])[:count]
    except binascii.Error as error:
        raise ValueError(f"an array is damaged ({error})") from error
    if len(taken) < count:
        raise ValueError("an array is cut off")
    return taken
