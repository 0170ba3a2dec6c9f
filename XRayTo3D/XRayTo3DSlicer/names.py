"""What bones, legs and measures are called in the panel."""

from slicer.i18n import tr as _


def boneName(name, side="") -> str:
    """Return what a bone is called in the panel and in node names; the engine's names come in."""
    names = {
        "femur": _("Femur"),
        "tibia": _("Tibia"),
        "fibula": _("Fibula"),
        "patella": _("Patella"),
        "pelvis": _("Pelvis"),
        "hip": _("Hip bone"),
    }
    sides = {"left": _("Left {bone}"), "right": _("Right {bone}")}
    bone = names.get(name, _("Bone"))
    return sides[side].format(bone=bone.lower()) if side in sides else bone


def betweenFragments(bone) -> dict:
    """Return the measures between a broken bone's fragments, by their names in the engine's JSON; none of a whole one.

    :param bone: an entry of `bones` in the engine's JSON, in which the lower fragment has them
    """
    fragments = bone.get("fragments") or [{}]  # a model that an older version made has none
    return {name: each for name, each in fragments[-1].items() if isinstance(each, dict) and "interval_95" in each}


def legName(side) -> str:
    """Return what a leg is called; the engine's name of its side comes in."""
    return {"left": _("Left leg"), "right": _("Right leg")}[side]


def unitOf(measure) -> str:
    """Return the unit of a measure by its name in the engine's JSON; "" of a ratio."""
    return "°" if measure.endswith("_deg") else "mm" if measure.endswith("_mm") else ""


def measureText(name, measure) -> str:
    """Return a measure of the engine's JSON with its deviation and unit, as text."""
    unit = unitOf(name)
    return f"{measure['value']:.1f} ± {measure['deviation']:.1f}{' ' * (unit == 'mm')}{unit}"
