"""Running the tracer network: one bone, its fragments and the heights on it, at a crop's full resolution."""

from __future__ import annotations

TRACER_OUTPUTS = ("masks", "heights", "facts")
