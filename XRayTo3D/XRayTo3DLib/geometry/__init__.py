"""Cameras, frames, grids and outlines: the one place that knows where things are."""
