"""What the report says in numbers of how the fragments of a broken bone lie."""

from __future__ import annotations

from itertools import pairwise

from ..anatomy import DEFINITIONS

_DIRECTIONS = {  # in words, of what is above and below zero
    "angulation_ap_deg": ("valgus", "varus"),
    "angulation_lateral_deg": ("apex in front", "apex behind"),
    "rotation_deg": ("foot outwards", "foot inwards"),
    "translation_lateral_mm": ("to the outer side", "to the inner side"),
    "translation_posterior_mm": ("to the back", "to the front"),
    "shortening_mm": ("shorter", "apart"),
}


def about_fragments(bone: dict) -> list[tuple[str, str]]:
    """Rows of a name and a text each, of a broken bone as an entry of `bones` in the JSON."""
    rows, several = [], len(bone["fragments"]) > 2
    for above, fragment in pairwise(bone["fragments"]):
        told = {name: fragment[name] for name in DEFINITIONS["fracture"] if name in fragment}
        which = f", {fragment['name']} against {above['name']}" if several else ""
        rows += [(f"{each['title']}{which}", _with_deviation(name, each)) for name, each in told.items()]
    if untold := [each.title for name, each in DEFINITIONS["fracture"].items() if name not in told]:
        rows.append(("Not given", f"{'; '.join(untold)}: one view does not show this. Give a second one."))
    return rows + [(f"{each['name'].capitalize()} fragment", _about_fit(each)) for each in bone["fragments"]]


def _with_deviation(name: str, measure: dict) -> str:
    """A value with its deviation, and its direction in words where it is surely not zero."""
    unit = "°" if name.endswith("_deg") else " mm"
    text = f"{measure['value']:.1f} ± {measure['deviation']:.1f}{unit}"
    low, high = measure["interval_95"]
    if name not in _DIRECTIONS or low <= 0 <= high:
        return text
    return f"{text}, {_DIRECTIONS[name][int(high < 0)]}"


def _about_fit(fragment: dict) -> str:
    return (
        f"{fragment['residual_mm']:.2f} mm between its outlines seen and the shape's, "
        f"{fragment['unmet_share']:.0%} of them not met"
    )
