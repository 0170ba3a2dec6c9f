"""The one place where the stages meet."""

from .run import Reconstruction, reconstruct

__all__ = ["Reconstruction", "reconstruct"]
