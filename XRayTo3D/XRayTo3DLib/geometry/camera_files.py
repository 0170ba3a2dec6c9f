"""Files of calibrated cameras: our own JSON, and what XMALab and Autoscoper write (MayaCam 1 and 2)."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ..errors import ReconstructionError, SimulationError
from ..helpers.reading import parse_json, read_text
from .calibrated import camera_from_projection
from .camera import Camera, place

_MAYA_PICTURE = 1024  # rows or columns of a MayaCam 1 file that says 0
_SQUARE = 1e-3  # by so much may axes differ from unit length and right angles


def read_cameras(paths: Sequence[str | os.PathLike], shapes: Sequence[tuple[int, int]]) -> list[Camera]:
    """Read the cameras of some pictures, in the pictures' order.

    Parameters
    ----------
    paths : sequence of path
        JSON files, each with one or more cameras, or MayaCam files, one for each picture.
    shapes : sequence of (int, int)
        Rows and columns of the pictures.

    Returns
    -------
    list of Camera
        In the world of the calibration (mm).

    Raises
    ------
    ReconstructionError
        If a file is missing or none of these, a camera is none or of another picture's size, or there are more or
        fewer cameras than pictures.
    """
    entries = [(name, entry) for path in paths for name, entry in _entries(path)]
    if len(entries) != len(shapes):
        names = ", ".join(map(os.fspath, paths))
        raise ReconstructionError(
            f"{names}: {len(entries)} cameras for {len(shapes)} pictures; each picture needs one, in the same order."
        )
    return [_camera(name, entry, shape) for (name, entry), shape in zip(entries, shapes, strict=True)]


def _entries(path: str | os.PathLike) -> list[tuple[str, dict]]:
    """Each camera of a file, as JSON has it, and what to call it."""
    name = os.fspath(path)
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise ReconstructionError(f"{name}: there is no such file; check the path.") from None
    except UnicodeDecodeError:
        raise ReconstructionError(f"{name}: the cameras cannot be read (it is no text).") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReconstructionError(f"{name}: the cameras cannot be read ({reason}).") from None
    if text.lstrip().startswith(("{", "[")):
        return _from_json(name, text)
    if text.lstrip().lower().startswith("image size"):
        return [(name, _from_mayacam_2(name, text))]
    return [(name, _from_mayacam_1(name, text))]


def _from_json(name: str, text: str) -> list[tuple[str, dict]]:
    try:
        told = parse_json(text)
    except ValueError as error:
        raise ReconstructionError(f"{name}: this is no JSON ({error}).") from None
    cameras = told.get("cameras") if isinstance(told, dict) else told
    if not isinstance(cameras, list) or not all(isinstance(each, dict) for each in cameras):
        raise ReconstructionError(f'{name}: a list of cameras is needed: {{"cameras": [{{...}}, ...]}}.')
    return [(f"{name}, camera {number}", each) for number, each in enumerate(cameras, 1)]


def _from_mayacam_2(name: str, text: str) -> dict:
    """A file of XMALab: numbers under the lines "image size", "camera matrix", "rotation" and "translation"."""
    found: dict[str, list[list[float]]] = {}
    rows: list[list[float]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line[0].isalpha():
            rows = found.setdefault(line.lower(), [])
        else:
            rows.append(_numbers(name, line))
    shapes = {"image size": (1, 2), "camera matrix": (3, 3), "rotation": (3, 3), "translation": (3, 1)}
    size, inner, rotation, shift = (_array(name, found.get(key), key, shape) for key, shape in shapes.items())
    return {"image_size": size[0], "projection": inner @ np.hstack([rotation, shift])}


def _from_mayacam_1(name: str, text: str) -> dict:
    """Five rows of three numbers: place, turns, film, principal point and focal length, scale and size.

    Maya's cameras look along their negative z with y up; its rows count from below, and its pixels from 1.
    """
    from scipy.spatial.transform import Rotation

    rows = [_numbers(name, line) for line in text.splitlines() if line.strip()]
    source, turns, _, (u, v, focal), (_, width, height) = _array(name, rows, "MayaCam file", (5, 3))
    width, height = width or _MAYA_PICTURE, height or _MAYA_PICTURE
    rotation = np.diag([1, -1, -1]) @ Rotation.from_euler("xyz", turns, degrees=True).as_matrix().T
    inner = np.array([[-focal, 0, u - 1], [0, -focal, height - v], [0, 0, 1]])
    return {"image_size": (width, height), "projection": inner @ rotation @ np.column_stack([np.eye(3), -source])}


def _camera(name: str, entry: dict, shape: tuple[int, int]) -> Camera:
    if "image_size" in entry:
        columns, rows = _array(name, entry["image_size"], "image_size", (2,))
        if (rows, columns) != tuple(shape):
            raise ReconstructionError(
                f"{name}: the camera is of pictures of {columns:g} x {rows:g} pixels, but its picture has "
                f"{shape[1]} x {shape[0]}: give the cameras in the order of the pictures."
            )
    try:
        if "projection" in entry:
            return camera_from_projection(_array(name, entry["projection"], "projection", (3, 4)), shape)
        return _posed(name, entry, shape)
    except (ReconstructionError, SimulationError) as error:
        words = str(error)
        raise ReconstructionError(words if words.startswith(name) else f"{name}: {words}") from None


def _posed(name: str, entry: dict, shape: tuple[int, int]) -> Camera:
    """A camera by its pose, SID and SOD."""
    axes = np.array([_array(name, entry.get(key), key, (3,)) for key in ("columns", "rows")])
    if not np.allclose(axes @ axes.T, np.eye(2), atol=_SQUARE):
        raise ReconstructionError(f"{name}: columns and rows must be directions of length 1, at right angles.")
    center = _array(name, entry.get("center"), "center", (3,))
    sid, sod, size = (float(_array(name, entry.get(key), key, ())) for key in ("sid_mm", "sod_mm", "pixel_size_mm"))
    point = entry.get("principal_point")
    point = None if point is None else tuple(_array(name, point, "principal_point", (2,)))
    return place(*axes, center, shape, (size, size), sid, sod, point)


def _numbers(name: str, line: str) -> list[float]:
    try:
        return [float(each) for each in line.split(",") if each.strip()]
    except ValueError:
        raise ReconstructionError(
            f"{name}: {line.strip()[:40]!r} are no numbers; cameras are JSON, or MayaCam files as XMALab writes them."
        ) from None


def _array(name: str, value: object, key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Finite numbers of a shape."""
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError, OverflowError):
        array = np.array(np.nan)
    if array.shape != shape or not np.isfinite(array).all():
        wanted = " x ".join(map(str, shape)) or "one"
        raise ReconstructionError(f"{name}: {key} is missing, or is not {wanted} finite numbers.")
    return array
