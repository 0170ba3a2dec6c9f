"""The shape of a bone: a statistical model of it, how it is made, and how it is fitted to radiographs."""

from .model import ShapeModel, load_shape_model, save_shape_model

__all__ = ["ShapeModel", "load_shape_model", "save_shape_model"]
