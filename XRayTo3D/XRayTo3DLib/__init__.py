"""XRayTo3D: closed 3D bone surfaces in millimetres from X-rays. The engine, without Slicer or Qt."""

from importlib import import_module

from .version import __version__

_ROOMS = {
    "case": "Case Finding Making Marking Patient Segmentation Settings View find_bone find_region segment",
    "errors": "Cancelled RadiographError ReconstructionError",
    "methods": "depth_grid estimate_depth find_layers generate_surface",
    "pipeline": "Reconstruction reconstruct write_scene",
    "radiograph": "Radiograph calibrated_by_ball calibrated_by_ruler radiograph_from_array read_radiograph",
    "segmentation": "Seeds",
    "surface": "write_surface",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = ["__version__", *_ROOM_OF]


def __getattr__(name: str) -> object:
    """What is imported from here, from the room where it is: none is loaded for a command's help (PEP 562)."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
