"""All bones of a reconstruction in one folder."""

import json
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib import ReconstructionError, Settings, reconstruct, write_scene


@pytest.fixture(scope="module")
def result(phantom_radiograph):
    """As if the phantom were a left femur, of which a part was seen, beside two bones that nothing tells apart."""
    made = reconstruct(phantom_radiograph, Settings(method="solid", triangles=2000))
    (bone,) = made.bones
    femur, other = replace(bone, name="femur", side="left", whole=bone.surface), replace(bone, name="", side="")
    return replace(made, found=made.found * 3, bones=(femur, other, other))


def test_each_bone_has_a_file_that_is_named_in_the_scene(result, tmp_path):
    path = write_scene(result, tmp_path / "new")
    told = json.loads(path.read_text(encoding="utf-8"))
    names = [bone["file"] for bone in told["bones"]]
    assert names == ["left-femur.stl", "bone-1.stl", "bone-2.stl"]
    assert told["bones"][0]["whole_file"] == "left-femur-whole.stl" and "whole_file" not in told["bones"][1]
    assert {each.name for each in path.parent.iterdir()} == {*names, "left-femur-whole.stl", "scene.json"}
    for name, bone in zip(names, told["bones"], strict=True):
        mesh = trimesh.load(path.parent / name)
        assert np.allclose(mesh.bounds.T.ravel(), bone["surface"]["bounds_mm"], atol=1e-3)
    assert told | {"bones": None} == json.loads(json.dumps(result.as_json())) | {"bones": None}


def test_a_folder_that_is_a_file_is_refused(result, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ReconstructionError, match="taken"):
        write_scene(result, tmp_path / "taken")
