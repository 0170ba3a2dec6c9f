"""What the module uses of slicer.parameterNodeWrapper, for where Slicer's own sources are not at hand."""

import dataclasses
import enum
import typing

import vtk


@dataclasses.dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float


@dataclasses.dataclass(frozen=True)
class RangeBounds:
    minimum: float
    maximum: float


@dataclasses.dataclass(frozen=True)
class Default:
    value: object


@dataclasses.dataclass(frozen=True)
class FloatRange:
    minimum: float
    maximum: float


@dataclasses.dataclass(frozen=True)
class _Parameter:
    name: str
    kind: type
    nodes: tuple
    annotations: tuple
    default: object

    def write(self, node, value):
        if self.nodes:
            if value is not None and not isinstance(value, self.nodes):
                raise ValueError(f"{self.name}: {value!r}")
            node.SetNodeReferenceID(self.name, value.GetID() if value else None)
            return
        if not isinstance(value, self.kind | int if self.kind is float else self.kind):
            raise TypeError(f"{self.name}: {value!r} is no {self.kind.__name__}")
        for bounds in self.annotations:
            low, high = (value.minimum, value.maximum) if isinstance(value, FloatRange) else (value, value)
            if not isinstance(bounds, Default) and not bounds.minimum <= low <= high <= bounds.maximum:
                raise ValueError(f"{self.name}: {value!r} is out of range")
        text = f"{value.minimum} {value.maximum}" if self.kind is FloatRange else str(value)
        node.SetParameter(self.name, value.name if isinstance(value, enum.Enum) else text)

    def read(self, node):
        if self.nodes:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if issubclass(self.kind, enum.Enum):
            return self.kind[text]
        if self.kind is bool:
            return text == "True"
        return FloatRange(*map(float, text.split())) if self.kind is FloatRange else self.kind(text)


def _parameter(owner, name, hint):
    kind, annotations = hint, ()
    if typing.get_origin(hint) is typing.Annotated:
        kind, *annotations = typing.get_args(hint)
    nodes = tuple(each for each in typing.get_args(kind) or (kind,) if each.__name__.startswith("vtkMRML"))
    given = [each.value for each in annotations if isinstance(each, Default)]
    return _Parameter(name, kind, nodes, tuple(annotations), getattr(owner, name, given[0] if given else None))


def parameterNodeWrapper(owner):
    hints = typing.get_type_hints(owner, include_extras=True)
    parameters = {name: _parameter(owner, name, hint) for name, hint in hints.items()}

    def start(self, node):
        self.parameterNode, self._guis, self._isWriting = node, {}, False
        for name, parameter in parameters.items():
            if not parameter.nodes and not node.GetParameter(name):
                parameter.write(node, parameter.default)

    owner.__init__ = start
    owner.allParameters = parameters
    for name, parameter in parameters.items():
        setattr(
            owner,
            name,
            property(
                lambda self, each=parameter: each.read(self.parameterNode),
                lambda self, value, each=parameter: each.write(self.parameterNode, value),
            ),
        )
    for name in ("AddObserver", "RemoveObserver", "StartModify", "EndModify", "Modified"):
        setattr(owner, name, lambda self, *rest, each=name: getattr(self.parameterNode, each)(*rest))
    owner.connectGui, owner.disconnectGui = _connect_gui, _disconnect_gui
    return owner


def _connect_gui(self, gui):
    links = []
    for widget in vars(gui).values():
        if widget.property("SlicerParameterName"):
            parameter = self.allParameters[widget.property("SlicerParameterName")]
            links.append((parameter, widget, *_access(widget, parameter)))

    def show(*_):
        if not self._isWriting:
            self._isWriting = True
            for parameter, _widget, _signal, _read, put in links:
                put(parameter.read(self.parameterNode))
            self._isWriting = False

    show()
    slots = []
    for parameter, widget, signal, read, _ in links:

        def changed(*, parameter=parameter, read=read):
            if not self._isWriting:
                parameter.write(self.parameterNode, read())

        getattr(widget, signal).connect(changed)
        slots.append((widget, signal, changed))
    tag = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, show)
    self._guis[tag] = slots
    return tag


def _disconnect_gui(self, tag):
    self.parameterNode.RemoveObserver(tag)
    for widget, signal, slot in self._guis.pop(tag):
        getattr(widget, signal).disconnect(slot)


def _access(widget, parameter):
    """Name of the signal that tells of a change, and how to read and write the widget."""
    kind = type(widget).__name__
    bounds = [each for each in parameter.annotations if isinstance(each, WithinRange | RangeBounds)]
    if kind == "qMRMLNodeComboBox":
        widget.nodeTypes = [each.__name__ for each in parameter.nodes]
        return "currentNodeChanged", widget.currentNode, widget.setCurrentNode
    if kind == "QComboBox":
        values = list(parameter.kind)
        widget.clear()
        for value in values:
            widget.addItem(value.label())
        return (
            "currentIndexChanged",
            lambda: values[widget.currentIndex],
            lambda value: setattr(widget, "currentIndex", values.index(value)),
        )
    if kind == "QLineEdit":
        return "textChanged", lambda: widget.text, lambda value: setattr(widget, "text", value)
    if kind == "QCheckBox":
        return "stateChanged", lambda: widget.checked, lambda value: setattr(widget, "checked", value)
    if kind == "ctkRangeWidget":
        widget.setRange(bounds[0].minimum, bounds[0].maximum)
        return (
            "valuesChanged",
            lambda: FloatRange(widget.minimumValue, widget.maximumValue),
            lambda value: widget.setValues(value.minimum, value.maximum),
        )
    if kind in ("QSpinBox", "QDoubleSpinBox", "ctkSliderWidget"):
        widget.minimum, widget.maximum = bounds[0].minimum, bounds[0].maximum
        return "valueChanged", lambda: widget.value, lambda value: setattr(widget, "value", value)
    raise RuntimeError(f"Slicer cannot bind a {kind}")
