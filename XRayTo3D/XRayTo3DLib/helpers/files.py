"""Files that are complete or absent: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import ReconstructionError

UNFINISHED = ".unfinished-"
_TOLD = 20  # characters of a name in that of its temporary file, which may be no longer than others


def check_writable(path: str | os.PathLike) -> Path:
    """Return `path` as a Path if a file can be made there.

    Raises
    ------
    ReconstructionError
        If its folder is missing or cannot be written to, or `path` is a folder.
    """
    path = Path(path)
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except (OSError, ValueError) as error:  # a name too long, or with a null character
        raise ReconstructionError(f"{path}: this name could not be written ({error}); choose another.") from error
    if is_folder:
        raise ReconstructionError(f"{path}: this is a folder; give the name of a file in it.")
    if not has_folder:
        raise ReconstructionError(f"{path}: the folder {path.parent} does not exist; make it first.")
    if not os.access(path.parent, os.W_OK):
        raise ReconstructionError(f"{path}: the folder {path.parent} cannot be written to; choose another one.")
    return path


def check_folder(folder: str | os.PathLike) -> Path:
    """Return `folder` as a Path if it is a folder that can be written to, or can be made.

    Raises
    ------
    ReconstructionError
        If no file can be written there.
    """
    folder = Path(folder)
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not there.is_dir() or not os.access(there, os.W_OK):
        why = "cannot be written to" if there.is_dir() else "is a file"
        raise ReconstructionError(f"{folder}: nothing can be written here, since {there} {why}; choose another folder.")
    return folder


def make_folder(folder: str | os.PathLike) -> Path:
    """Make a folder, and those it is in, where they are missing.

    Raises
    ------
    ReconstructionError
        If it cannot be made.
    """
    folder = check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconstructionError(
            f"{folder}: this folder cannot be made ({error.strerror}); choose another."
        ) from error
    return folder


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well, the file written there takes its place.

    Raises
    ------
    ReconstructionError
        If the file cannot be written (no rights, disk full): `path` is then as it was before.
    """
    path = check_writable(path)
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:_TOLD]}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp makes files for their owner alone
        temporary.replace(path)
    except OSError as error:
        raise ReconstructionError(
            f"{path}: the file could not be written ({error.strerror or error}); make room or choose another place."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary folder beside `path`; when the block ends well, it takes the place of what is there.

    What a killed process leaves is found by its name, which begins with `UNFINISHED`.

    Raises
    ------
    ReconstructionError
        If it cannot be written (no rights, disk full): nothing is changed then.
    """
    path, temporary = Path(path), None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=path.parent))
        new, old = temporary / "new", temporary / "old"
        new.mkdir()  # with the rights that folders usually have, where mkdtemp makes one for its owner alone
        yield new
        if path.exists():
            path.rename(old)
        new.rename(path)
    except OSError as error:
        raise ReconstructionError(
            f"{path}: the folder could not be written ({error.strerror or error}); make room or choose another place."
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
