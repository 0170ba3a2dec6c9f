"""All bones of a reconstruction in one folder: a surface file for each, and `scene.json`, which says what they are."""

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
        the `whole_file` where the file holds the seen part of a fitted bone. It is written last.

    Raises
    ------
    ReconstructionError
        If a file cannot be written.
    """
    folder, told = make_folder(folder), result.as_json()
    for bone, name, entry in zip(result.bones, _names(result.bones), told["bones"], strict=True):
        files = {"file": bone.surface} | ({"whole_file": bone.whole} if bone.whole is not None else {})
        for key, made in files.items():
            entry[key] = name + "-whole" * (key == "whole_file") + _SUFFIX
            write_surface(made.polydata, folder / entry[key])
    path = folder / SCENE
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return path


def _names(bones: tuple[BoneResult, ...]) -> list[str]:
    """What each bone's file is called: left-femur, or bone; numbered where two would be called alike."""
    names = [bone.called.replace(" ", "-") for bone in bones]
    twice, seen, told = {name for name, count in Counter(names).items() if count > 1}, Counter(), []
    for name in names:
        seen[name] += 1
        told.append(f"{name}-{seen[name]}" if name in twice else name)
    return told
