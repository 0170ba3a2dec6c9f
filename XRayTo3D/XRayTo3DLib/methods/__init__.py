"""Methods that make surfaces of bones, side by side."""

from .by_depth import depth_grid, estimate_depth, find_layers, generate_surface
from .shape import Fitted, fit_to, surface_of

__all__ = ["Fitted", "depth_grid", "estimate_depth", "find_layers", "fit_to", "generate_surface", "surface_of"]
