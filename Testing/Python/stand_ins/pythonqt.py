"""Qt as PythonQt shows it: properties without parentheses, no keyword arguments, and no attribute that Qt lacks.

What a class has is asked of Qt's own meta-objects, and of the C++ headers of Slicer and CTK for their classes (see
members.py); what the module touches while the tests run is noted, see `accessed`.
"""

import functools
import inspect
import os
import sys
import types
from pathlib import Path

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from . import members

_MODULES = (QtWidgets, QtGui, QtCore, QtUiTools)
_OWN = str(Path(__file__).parents[3] / "XRayTo3D") + os.sep
_classes = {}

# PythonQt looks for a property first and for a function only if there is none, with this one exception: the function
# is what Python sees of a timer's singleShot.
_LEFT_OUT = {("QTimer", "singleShot")}


# What classes have


@functools.cache
def hidden_properties(qt_class):
    """Properties of a Qt class that share their name with something that is called, and what that is.

    PythonQt refuses to set one of them, `QTimer.singleShot`, and sets the others. We are stricter and refuse all: of
    two things of one name Python can have only one, and which one is PythonQt's choice. Each has a setter.
    """
    meta = qt_class.staticMetaObject
    kinds = {bytes(each.name()).decode(): each.methodType().name.lower() for each in _methods(meta)}
    # PySide shows each property's ordinary getter under the same name; only static functions and what Qt calls by
    # name, its meta-methods, can stand in a property's way.
    kinds |= {name: "static" for name in dir(qt_class) if isinstance(_found(qt_class, name), staticmethod)}
    for kind in members.FUNCTIONS if standing_for(qt_class) else ():
        kinds |= {members.name_of(each): kind[:-1] for each in members.functions(standing_for(qt_class), [kind])}
    return {name: kinds[name] for name in _properties(qt_class) if name in kinds}


@functools.cache
def _properties(qt_class):
    """Properties of a class by name, those of its ancestors included."""
    meta = getattr(qt_class, "staticMetaObject", None)
    return {meta.property(index).name(): meta.property(index) for index in range(meta.propertyCount())} if meta else {}


def _found(cls, name):
    """What a class or its first ancestor that has it calls by a name, as it stands there."""
    return next((vars(each)[name] for each in cls.__mro__ if name in vars(each)), None)


def qt_classes():
    """Qt's classes that have properties."""
    found = [getattr(module, name) for module in _MODULES for name in dir(module)]
    return [each for each in found if isinstance(each, type) and issubclass(each, QtCore.QObject)]


def qt_class_named(name):
    """A class of Qt by its name, None if there is none."""
    return next((getattr(module, name) for module in _MODULES if hasattr(module, name)), None)


@functools.cache
def standing_for(qt_class):
    """Name of the class of Slicer or CTK that a class stands for, None for Qt's own."""
    return next((each.__name__ for each in qt_class.__mro__ if members.header(each.__name__)), None)


def declared(name, attribute):
    """The class that declares an attribute, and where that was found; None if the class of that name has no such."""
    # A word of Python, as `exec`, is written with an underscore; PythonQt calls an object's name so for short.
    for each in (attribute, attribute.removesuffix("_"), *["objectName"] * (attribute == "name")):
        cls, kind = members.find(name, each)
        if cls:
            return cls, f"{members.header(cls)}, {kind}"
        found = _declared_by_qt(members.lineage(name)[-1], each)
        if found:
            return found
    return None


@functools.cache
def _declared_by_qt(name, attribute):
    qt_class = qt_class_named(name)
    if not isinstance(qt_class, type):
        return None
    owner = next((each.__name__ for each in qt_class.__mro__ if attribute in vars(each)), None)
    meta = getattr(qt_class, "staticMetaObject", None)
    while meta is not None:  # the one that declares it has it and its parent has not
        parent = meta.superClass()
        if _in_meta(meta, attribute) and not (parent and _in_meta(parent, attribute)):
            return meta.className(), "Qt meta-object"
        meta = parent
    if owner is None:
        return None
    return owner, "Qt static" if isinstance(_found(qt_class, attribute), staticmethod) else "Qt function"


def _in_meta(meta, name):
    return meta.indexOfProperty(name) >= 0 or bool(_methods(meta, name))


def _methods(meta, name=None):
    """Signals, slots and invokable functions of a meta-object, all or those of a name."""
    found = [meta.method(index) for index in range(meta.methodCount())]
    return [each for each in found if name in (None, bytes(each.name()).decode())]


@functools.cache
def _most_arguments(qt_class, signal):
    """Most arguments that a signal of a class is emitted with."""
    return max(each.parameterCount() for each in _methods(qt_class.staticMetaObject, signal))


# What the module touches

_accessed = set()


def accessed():
    """What the module touched so far, sorted: class, attribute, and whether it was read, written, called, connected.

    A function counts as called, and a signal as connected, when it is taken from its object.
    """
    return sorted(_accessed)


def write_accessed():
    """Write what the module touched, and where each is declared, to the file that XRAYTO3D_ACCESSED names, if any."""
    path = os.environ.get("XRAYTO3D_ACCESSED")
    if path:
        lines = ["\t".join((*each, *(declared(*each[:2]) or ("NOT FOUND", "-")))) for each in accessed()]
        Path(path).write_text("\n".join(["class\tattribute\tkind\tdeclared by\tfound in", *lines, ""]))


def _is_module(frame):
    return frame.f_code.co_filename.startswith(_OWN)


def _note(name, attribute, kind):
    """Note an access if it was the module that called the caller."""
    if _is_module(sys._getframe(2)):
        _accessed.add((name, attribute, kind))


def stands_for(name):
    """Make the module see of a class, which is no Qt class here, only what the class of Slicer of that name has.

    Tests may use all of it.
    """

    def decorator(cls):
        def get(self, attribute):
            value = object.__getattribute__(self, attribute)
            if not attribute.startswith("__") and _is_module(sys._getframe(1)):
                if not declared(name, attribute):
                    raise AttributeError(_lacks(name, attribute))
                _note(name, attribute, "call" if callable(value) else "read")
            return value

        cls.__getattribute__ = get
        return cls

    return decorator


def stand_in(name, **content):
    """An object with this content that stands for one of Slicer's, as `stands_for` has it."""
    return stands_for(name)(type(name, (types.SimpleNamespace,), {}))(**content)


# Objects


def _lacks(name, attribute):
    return f"{name} has no attribute named '{attribute}'"


class _Meta(type):
    """Static methods and enums of a Qt class."""

    def __getattr__(cls, name):
        if name.startswith("__") or cls._qt is None:
            raise AttributeError(name)
        if name in _properties(cls._qt) and (cls.__name__, name) not in _LEFT_OUT:
            raise AttributeError(f"{name} is a property of a {cls.__name__}, which is asked of an object")
        if standing_for(cls._qt) and not declared(standing_for(cls._qt), name):
            raise AttributeError(_lacks(cls.__name__, name))
        value = getattr(cls._qt, name)
        _note(cls.__name__, name, "call" if callable(value) else "read")
        return wrap(value)


class Wrapped(metaclass=_Meta):
    """A Qt object as Python in Slicer sees it."""

    _qt = None

    def __init__(self, *arguments, **keywords):
        name = type(self).__name__
        _refuse_keywords(name, keywords)
        _note(name, "__init__", "call")
        object.__setattr__(self, "_object", self._qt(*map(unwrap, arguments)))

    def __eq__(self, other):
        return isinstance(other, Wrapped) and other._object is self._object

    def __hash__(self):
        return hash(id(self._object))

    def __bool__(self):
        return True

    def _lacks(self, name):
        """True if this stands for a class of Slicer or CTK that has no such attribute."""
        stood = standing_for(type(self._object))
        return bool(stood) and not declared(stood, name)

    def _missing(self, name):
        """Words for what Slicer's class has and its stand-in not, None where nothing stands for it or has it."""
        stood = standing_for(type(self._object))
        if not stood or self._lacks(name):
            return None
        return f"the stand-in for {stood} has no {name!r}, Slicer's has: add it"

    def _is_property(self, name):
        return name in _properties(type(self._object)) and (type(self).__name__, name) not in _LEFT_OUT

    def __getattr__(self, name):
        name, cls = "objectName" if name == "name" else name, type(self).__name__
        if self._lacks(name):
            raise AttributeError(_lacks(cls, name))
        if self._is_property(name):
            value, kind = self._object.property(name), "read"
        else:
            try:
                value = getattr(self._object, name)
            except AttributeError:
                raise AttributeError(self._missing(name) or _lacks(cls, name)) from None
            kind = "connect" if isinstance(value, QtCore.SignalInstance) else "call" if callable(value) else "read"
        _note(cls, name, kind)
        return _Signal(self._object, name) if kind == "connect" else wrap(value)

    def __setattr__(self, name, value):
        """Set a property; a class of Python's that is derived from Qt's could have more, which we refuse as well."""
        name, cls = "objectName" if name == "name" else name, type(self).__name__
        self._refuse_to_set(name)
        before = self._object.property(name)
        if isinstance(before, int | float) and not isinstance(before, bool):
            if isinstance(value, str):
                raise ValueError(f"{cls}.{name} is a number, not {value!r}")
            value = int(value) if isinstance(before, int) else float(value)
        if isinstance(before, str):
            value = str(value)  # None becomes "None"
        if isinstance(value, tuple):
            value = list(value)
        if not self._object.setProperty(name, unwrap(value)):
            kind = _properties(type(self._object))[name].typeName()
            raise AttributeError(
                f"Property '{name}' of type '{kind}' does not accept an object of type "
                f"{type(value).__name__} ({value!r})"
            )
        _note(cls, name, "write")

    def _refuse_to_set(self, name):
        """Raise AttributeError, in PythonQt's words, if an attribute cannot be set."""
        cls, qt_class = type(self).__name__, type(self._object)
        properties, stood = _properties(qt_class), standing_for(qt_class)
        hidden = hidden_properties(qt_class) if properties else {}
        if name in hidden or (name not in properties and not self._lacks(name) and hasattr(self._object, name)):
            value = getattr(self._object, name)
            kind = "Signal" if isinstance(value, QtCore.SignalInstance) else "Slot"
            raise AttributeError(f"{kind} '{name}' can not be overwritten on {cls} object")
        if name in properties and not self._lacks(name):
            told = members.find(stood, name)[1] if stood else None
            if not properties[name].isWritable() or told == "read-only properties":
                raise AttributeError(f"Property '{name}' of {cls} object is not writable")
        else:
            words = f"'{name}' does not exist on {cls} and creating new attributes on C++ objects is not allowed"
            raise AttributeError(self._missing(name) or words)


class _Signal:
    def __init__(self, qt_object, name):
        self._signal = getattr(qt_object, name)
        self._count = _most_arguments(type(qt_object), name)

    def connect(self, slot):
        self._signal.connect(_cut(slot, self._count))

    def disconnect(self, slot):
        self._signal.disconnect(_cut(slot, self._count))


_slots = {}


def _cut(slot, given):
    """A slot that takes all arguments of a signal and hands on no more than PythonQt would, the same one every time."""
    key = (id(getattr(slot, "__self__", None)), getattr(slot, "__func__", slot), given)
    if key not in _slots:
        count = _count(slot)

        def call(*arguments):
            return slot(*map(wrap, arguments[:count]))

        # PySide counts a slot's arguments, and leaves away those of a signal that have a default unless asked for.
        _slots[key] = (call, lambda a: call(a), lambda a, b: call(a, b), lambda a, b, c: call(a, b, c))[given]
    return _slots[key]


def _count(slot):
    """How many arguments PythonQt hands to a slot at most, None for all.

    It looks at functions and methods alone, and not through decorators: a `functools.partial`, and whatever takes
    *args, gets all.
    """
    function = getattr(slot, "__func__", slot)
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - isinstance(slot, types.MethodType)


def _refuse_keywords(name, keywords):
    if keywords:
        raise ValueError(f"Called {name} with keyword arguments, but called slot does not support kwargs.")


def _function(function):
    """A function that takes and returns what PythonQt shows."""

    def call(*arguments, **keywords):
        _refuse_keywords(function.__name__, keywords)
        return wrap(function(*map(unwrap, arguments)))

    return call


def wrap(value):
    """What PythonQt would hand out."""
    if isinstance(value, Wrapped):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(wrap, value))
    if isinstance(value, QtCore.QObject | QtCore.QUrl | QtWidgets.QLayoutItem | QtGui.QPixmap):
        result = object.__new__(wrapped_class(type(value)))
        object.__setattr__(result, "_object", value)
        return result
    if isinstance(value, types.MethodType | types.BuiltinMethodType | types.FunctionType):
        return _function(value)
    return value


def unwrap(value):
    """What Qt takes."""
    if isinstance(value, Wrapped):
        return value._object
    if isinstance(value, type) and issubclass(value, Wrapped):
        return value._qt
    if isinstance(value, list | tuple):
        return type(value)(map(unwrap, value))
    return value


def wrapped_class(qt_class):
    """The class that stands for a Qt class."""
    if qt_class not in _classes:
        bases = [base for base in qt_class.__bases__ if isinstance(base, type) and issubclass(base, QtCore.QObject)]
        parent = wrapped_class(bases[0]) if bases else Wrapped
        _classes[qt_class] = _Meta(qt_class.__name__, (parent,), {"_qt": qt_class})
    return _classes[qt_class]


class QtModule(types.ModuleType):
    """The module `qt`."""

    def __getattr__(self, name):
        found = qt_class_named(name)
        if found is None:
            raise AttributeError(f"qt has no {name}")
        return wrapped_class(found) if isinstance(found, type) and name != "Qt" else found
