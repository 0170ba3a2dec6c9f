"""A slider over the 3D view, which moves the fragments of a broken bone from where they lie to where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .bodies import Body

_TEMPLATE = Path(__file__).with_name("reduction.html")


def reduction_slider(bodies: Sequence[Body], element: str = "surface-view") -> str:
    """Make the slider as a piece of HTML for `surface_view` of the same bodies; "" where none of them moves.

    The page only applies matrices: how a fragment moves is told by its `path` alone.
    """
    import jinja2

    paths = {
        number: [[round(float(each), 7) for each in matrix[:3].ravel()] for matrix in body.path]
        for number, body in enumerate(bodies)
        if body.path is not None
    }
    if not paths:
        return ""
    template = jinja2.Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(fragments=[body for body in bodies if body.name], paths=paths, element=element)
