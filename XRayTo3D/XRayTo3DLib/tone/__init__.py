"""Tone: base and detail layers, high-dynamic-range rendering."""

from .layers import Layers, apply_mask, base_and_detail, layers, tone_map

__all__ = ["Layers", "apply_mask", "base_and_detail", "layers", "tone_map"]
