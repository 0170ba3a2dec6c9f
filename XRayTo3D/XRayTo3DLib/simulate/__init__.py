"""Radiographs whose truth is known: analytic femora and limbs, a cone-beam projector, films, random scenes."""
