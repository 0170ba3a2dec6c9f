"""XRayTo3D: closed 3D bone surfaces in millimetres from X-rays. The engine, without Slicer or Qt."""

from importlib import import_module

from .version import __version__

_ROOMS = {  # and what of each is imported from here
    "anatomy": "",
    "case": "Case Finding Making Marking Patient Segmentation Settings View find_bone find_region segment",
    "depth": "",
    "errors": "Cancelled RadiographError ReconstructionError",
    "geometry": "",
    "methods": "depth_grid estimate_depth find_layers generate_surface",
    "pipeline": "Reconstruction reconstruct write_scene",
    "radiograph": "Radiograph calibrated_by_ball calibrated_by_ruler radiograph_from_array read_radiograph",
    "segmentation": "Seeds",
    "shape": "",
    "surface": "write_surface",
    "tone": "",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = ["__version__", *_ROOM_OF]


def __getattr__(name: str) -> object:
    """A room, or what is imported from here of one, loaded when it is asked for: a command's help needs none."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _ROOM_OF:
        return getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_ROOM_OF})
