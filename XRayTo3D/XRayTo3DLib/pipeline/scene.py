"""A reconstruction in files: the main bone, or all bones in a folder with `scene.json`, which says what they are."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from ..helpers.files import make_folder, replacing
from ..methods import BoneResult
from ..surface import write_surface
from .run import Reconstruction

SCENE = "scene.json"
REDUCED = "reduced"
_SUFFIX = ".stl"


def write_scene(result: Reconstruction, folder: str | os.PathLike) -> Path:
    """Write a surface file for each bone, and what is known of them.

    Parameters
    ----------
    result : Reconstruction
    folder : path
        Made if it is not there.

    Returns
    -------
    Path
        Of the folder's `scene.json`: the reconstruction as JSON, each of its bones with the name of its `file`, and of
        the `whole_file` where the file holds the seen part of a fitted bone; of a broken bone, whose file holds its
        fragments, each of these has a `file` too, and the reduced bone is in `reduced_file`. It is written last.

    Raises
    ------
    ReconstructionError
        If a file cannot be written.
    """
    folder, told = make_folder(folder), result.as_json()
    for bone, name, entry in zip(result.bones, bone_names(result.bones), told["bones"], strict=True):
        entry["file"] = name + _SUFFIX
        write_surface(bone.surface.polydata, folder / entry["file"])
        for fragment in entry["fragments"]:
            fragment["file"] = f"{name}-{_hyphened(fragment['name'])}{_SUFFIX}"
        if bone.broken:
            entry["reduced_file"] = f"{name}-{REDUCED}{_SUFFIX}"
        elif bone.whole is not None:
            entry["whole_file"] = f"{name}-whole{_SUFFIX}"
            write_surface(bone.whole.polydata, folder / entry["whole_file"])
        _write_fragments(bone, folder / entry["file"])
    path = folder / SCENE
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return path


def write_main(result: Reconstruction, path: str | os.PathLike) -> None:
    """Write the main bone's surface; beside that of a broken one, each fragment and the reduced bone alone.

    Parameters
    ----------
    result : Reconstruction
    path : path
        Of the surface; before the suffix a fragment's ends in its name, -upper or -lower, and the reduced bone's in
        -reduced.

    Raises
    ------
    ReconstructionError
        If a file cannot be written.
    """
    main = result.bones[0]
    _write_fragments(main, Path(path))
    write_surface(main.surface.polydata, path)


def _write_fragments(bone: BoneResult, path: Path) -> None:
    """Write the fragments of a bone, if it is broken, and the reduced bone beside the path of the surface of all."""
    if bone.broken:
        for name, piece in zip((*bone.broken.names, REDUCED), (*bone.pieces, bone.whole), strict=True):
            write_surface(piece.polydata, path.with_name(f"{path.stem}-{_hyphened(name)}{path.suffix}"))


def _hyphened(name: str) -> str:
    """A name of several words as a file's name has it."""
    return name.replace(" ", "-")


def bone_names(bones: tuple[BoneResult, ...]) -> list[str]:
    """What each bone's file is called, without suffix: left-femur, or bone; numbered where two are called alike."""
    names = [_hyphened(bone.called) for bone in bones]
    twice, seen, told = {name for name, count in Counter(names).items() if count > 1}, Counter(), []
    for name in names:
        seen[name] += 1
        told.append(f"{name}-{seen[name]}" if name in twice else name)
    return told
