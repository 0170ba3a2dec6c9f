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


def fragmentName(name) -> str:
    """Return what a fragment of a broken bone is called; the engine's name comes in."""
    return {
        "upper": _("upper fragment"),
        "upper middle": _("upper middle fragment"),
        "middle": _("middle fragment"),
        "lower middle": _("lower middle fragment"),
        "lower": _("lower fragment"),
    }[name]


def betweenFragments(bone) -> list:
    """Return what is measured at each break of a bone: what the fragment below it is called, and the measures by name.

    Of one break the lower fragment is meant, and it is called "". Of a whole bone there is nothing.

    :param bone: an entry of `bones` in the engine's JSON, in which each lower fragment has them
    """
    _upper, *lower = bone.get("fragments") or [{}]  # a model that an older version made has none
    return [
        (
            fragmentName(fragment["name"]) if len(lower) > 1 else "",
            {name: each for name, each in fragment.items() if isinstance(each, dict) and "interval_95" in each},
        )
        for fragment in lower
    ]


def legName(side) -> str:
    """Return what a leg is called; the engine's name of its side comes in."""
    return {"left": _("Left leg"), "right": _("Right leg")}[side]


def unitOf(measure) -> str:
    """Return the unit of a measure by its name in the engine's JSON; "" of a ratio."""
    return "°" if measure.endswith("_deg") else "mm" if measure.endswith("_mm") else ""


def measureText(name, measure) -> str:
    """Return a measure of the engine's JSON with its deviation and unit, as text."""
    return withUnit(name, f"{measure['value']:.1f} ± {measure['deviation']:.1f}")


def withUnit(name, text) -> str:
    """Return the number of a measure, as text, with the measure's unit."""
    unit = unitOf(name)
    return f"{text}{' ' * (unit == 'mm')}{unit}"
