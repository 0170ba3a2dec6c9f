"""Whether a stand-in is kinder than the class of Slicer or CTK that it stands for: then a test would pass in vain."""

import inspect
import types

from PySide6 import QtCore

from . import members
from .pythonqt import declared, standing_for


def kinder(stand_in):
    """What a stand-in offers that the real class does not, in words."""
    name = standing_for(stand_in)
    return [told for attribute, value in _added(stand_in) if (told := _kinder(stand_in, name, attribute, value))]


def _added(stand_in):
    """Name and value of each property, signal and function that a stand-in adds to a class of Qt."""
    kinds = QtCore.Property | QtCore.Signal | types.FunctionType | staticmethod | classmethod
    for cls in stand_in.__mro__:
        if not cls.__module__.startswith(("PySide6", "Shiboken", "builtins")):
            for name, value in vars(cls).items():
                if isinstance(value, kinds) and not name.startswith("_"):
                    yield name, value


def _kinder(stand_in, name, attribute, value):
    found = declared(name, attribute)
    if found and found[1].startswith("Qt "):  # it does what its class of Qt does
        return ""
    kind = members.find(name, attribute)[1]
    meta = stand_in.staticMetaObject
    if isinstance(value, QtCore.Property):
        if kind not in members.PROPERTIES:
            return f"{name} has no property {attribute}"
        isWritable = meta.property(meta.indexOfProperty(attribute)).isWritable()
        return f"the property {attribute} of {name} is not writable" if isWritable and kind.startswith("read") else ""
    if isinstance(value, QtCore.Signal):
        methods = [meta.method(index) for index in range(meta.methodCount())]
        counts = {each.parameterCount() for each in methods if bytes(each.name()).decode() == attribute}
        kinds, word = ["signals"], "signal"
    else:
        given = list(inspect.signature(value).parameters.values())[1:]
        least = sum(each.default is inspect.Parameter.empty for each in given)
        counts = set(range(least, len(given) + 1))
        kinds, word = [each for each in members.FUNCTIONS if each != "signals"], "function"
    real = [each for each in members.functions(name, kinds) if members.name_of(each) == attribute]
    if not real:
        return f"{name} has no {word} {attribute}"
    if not counts <= set(map(members.count_of, real)):
        return f"the {word} {attribute} of {name} takes something else: {', '.join(real)}"
    return ""
