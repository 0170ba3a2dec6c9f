"""Qt as PythonQt shows it: properties without parentheses, no keyword arguments, and no attribute that Qt lacks."""

import inspect
import types

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

_MODULES = (QtWidgets, QtGui, QtCore, QtUiTools)
_classes = {}


class _Meta(type):
    """Static methods and enums of a Qt class."""

    def __getattr__(cls, name):
        if name.startswith("__") or cls._qt is None:
            raise AttributeError(name)
        return wrap(getattr(cls._qt, name))


class Wrapped(metaclass=_Meta):
    """A Qt object as Python in Slicer sees it."""

    _qt = None

    def __init__(self, *arguments):
        object.__setattr__(self, "_object", self._qt(*map(unwrap, arguments)))

    def __eq__(self, other):
        return isinstance(other, Wrapped) and other._object is self._object

    def __hash__(self):
        return hash(id(self._object))

    def __bool__(self):
        return True

    def _has_property(self, name):
        return hasattr(self._object, "metaObject") and self._object.metaObject().indexOfProperty(name) >= 0

    def __getattr__(self, name):
        name = "objectName" if name == "name" else name
        if self._has_property(name):
            return wrap(self._object.property(name))
        return wrap(getattr(self._object, name))

    def __setattr__(self, name, value):
        name = "objectName" if name == "name" else name
        if not self._has_property(name):
            raise AttributeError(f"{type(self).__name__} has no property {name!r}")
        before = self._object.property(name)
        if isinstance(before, int | float) and not isinstance(before, bool):
            if isinstance(value, str):
                raise ValueError(f"{type(self).__name__}.{name} is a number, not {value!r}")
            value = int(value) if isinstance(before, int) else float(value)
        if isinstance(before, str):
            value = str(value)  # None becomes "None"
        if isinstance(value, tuple):
            value = list(value)
        if not self._object.setProperty(name, unwrap(value)):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be set to {value!r}")


class _Signal:
    def __init__(self, signal):
        self._signal = signal

    def connect(self, slot):
        self._signal.connect(_cut(slot))

    def disconnect(self, slot):
        self._signal.disconnect(_cut(slot))


_slots = {}


def _cut(slot):
    """A slot that gets no more arguments than it takes, the same one every time."""
    key = (getattr(slot, "__self__", None), getattr(slot, "__func__", slot))
    key = (id(key[0]), key[1])
    if key not in _slots:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        count = sum(parameter.kind in kinds for parameter in inspect.signature(slot).parameters.values())
        _slots[key] = lambda *arguments: slot(*map(wrap, arguments[:count]))
    return _slots[key]


def wrap(value):
    """What PythonQt would hand out."""
    if isinstance(value, Wrapped):
        return value
    if isinstance(value, QtCore.SignalInstance):
        return _Signal(value)
    if isinstance(value, list | tuple):
        return tuple(map(wrap, value))
    if isinstance(value, QtCore.QObject | QtCore.QUrl | QtWidgets.QLayoutItem | QtGui.QPixmap):
        result = object.__new__(wrapped_class(type(value)))
        object.__setattr__(result, "_object", value)
        return result
    if isinstance(value, types.MethodType | types.BuiltinMethodType | types.FunctionType):
        return lambda *arguments: wrap(value(*map(unwrap, arguments)))
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
        for module in _MODULES:
            if hasattr(module, name):
                found = getattr(module, name)
                return wrapped_class(found) if isinstance(found, type) and name != "Qt" else found
        raise AttributeError(f"qt has no {name}")
