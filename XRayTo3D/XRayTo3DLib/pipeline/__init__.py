"""The one place where the stages meet."""

from .legs import Leg
from .run import Reconstruction, reconstruct
from .scene import SCENE, bone_names, write_main, write_scene

__all__ = ["SCENE", "Leg", "Reconstruction", "bone_names", "reconstruct", "write_main", "write_scene"]
