"""Small stand-ins for the ctk and qMRML widgets of the panel, and the loader that puts them into a .ui file."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import repeat

from PySide6.QtCore import Property, QBuffer, QByteArray, QSortFilterProxyModel, Qt, Signal
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QMessageBox,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from vtkmodules.util.misc import calldata_type
from vtkmodules.util.vtkConstants import VTK_OBJECT

from . import members
from .pythonqt import standing_for, unwrap

_STEPS = 1000


def _field(kind, name, default, changed=None):
    """A Qt property that only keeps its value."""
    key = "_" + name

    def put(self, value):
        before = getattr(self, key, default)
        setattr(self, key, value)
        if changed and value != before:
            changed(self)

    return Property(kind, lambda self: getattr(self, key, default), put)


class ctkCollapsibleButton(QWidget):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._button = QToolButton(self)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setStyleSheet(
            "QToolButton { background: #dcdcdc; border: none; padding: 3px; font-weight: bold; }"
        )
        self._button.clicked.connect(lambda: setattr(self, "collapsed", not self.collapsed))
        self._collapsed, self._shown = False, []
        self.setContentsMargins(0, 26, 0, 0)

    def resizeEvent(self, event):
        self._button.setGeometry(0, 0, self.width(), 24)

    def _collapse(self, collapsed):
        children = self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if collapsed and not self._collapsed:  # what was hidden before stays so
            self._shown = [each for each in children if each is not self._button and not each.isHidden()]
        self._collapsed = collapsed
        for child in self._shown:
            child.setVisible(not collapsed)
        self._button.setArrowType(Qt.ArrowType.RightArrow if collapsed else Qt.ArrowType.DownArrow)
        self.setMaximumHeight(28 if collapsed else 16777215)

    def showEvent(self, event):
        # Its content came after its properties.
        collapsed, self._collapsed = self._collapsed, False
        self._collapse(collapsed)

    text = Property(str, lambda self: self._button.text(), lambda self, text: self._button.setText(text))
    collapsed = Property(bool, lambda self: self._collapsed, _collapse)


class ctkSliderWidget(QWidget):
    valueChanged = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._slider, self._box = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        self._slider.setRange(0, _STEPS)
        layout.addWidget(self._slider)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._moved)

    def _moved(self, value):
        span = self._box.maximum() - self._box.minimum()
        self._slider.setValue(round(_STEPS * (value - self._box.minimum()) / (span or 1)))
        self.valueChanged.emit(value)

    value = Property(float, lambda self: self._box.value(), lambda self, each: self._box.setValue(each))
    minimum = Property(float, lambda self: self._box.minimum(), lambda self, each: self._box.setMinimum(each))
    maximum = Property(float, lambda self: self._box.maximum(), lambda self, each: self._box.setMaximum(each))
    singleStep = Property(float, lambda self: self._box.singleStep(), lambda self, x: self._box.setSingleStep(x))
    decimals = Property(int, lambda self: self._box.decimals(), lambda self, each: self._box.setDecimals(each))
    suffix = Property(str, lambda self: self._box.suffix(), lambda self, each: self._box.setSuffix(each))
    pageStep = _field(float, "pageStep", 1.0)


class ctkRangeWidget(QWidget):
    valuesChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._low, self._high = QDoubleSpinBox(), QDoubleSpinBox()
        for box in (self._low, self._high):
            box.valueChanged.connect(lambda _: self.valuesChanged.emit(self._low.value(), self._high.value()))
        layout.addWidget(self._low)
        layout.addWidget(QSlider(Qt.Orientation.Horizontal))
        layout.addWidget(self._high)

    def _both(self, name, value):
        for box in (self._low, self._high):
            getattr(box, name)(value)

    def setRange(self, low, high):
        self._both("setMinimum", low)
        self._both("setMaximum", high)

    def setValues(self, low, high):
        self._low.setValue(low)
        self._high.setValue(high)

    minimumValue = Property(float, lambda self: self._low.value(), lambda self, x: self._low.setValue(x))
    maximumValue = Property(float, lambda self: self._high.value(), lambda self, x: self._high.setValue(x))
    minimum = Property(float, lambda self: self._low.minimum(), lambda self, x: self._both("setMinimum", x))
    maximum = Property(float, lambda self: self._low.maximum(), lambda self, x: self._both("setMaximum", x))
    decimals = Property(int, lambda self: self._low.decimals(), lambda self, x: self._both("setDecimals", x))
    singleStep = Property(float, lambda self: self._low.singleStep(), lambda self, x: self._both("setSingleStep", x))


class qMRMLWidget(QWidget):
    mrmlSceneChanged = Signal(object)

    def setMRMLScene(self, scene):
        self.mrmlSceneChanged.emit(scene)


class qSlicerScriptedLoadableModuleWidget(QWidget):
    """The widget that holds a scripted module's panel."""

    mrmlSceneChanged = Signal(object)
    _entered = True
    isEntered = Property(bool, lambda self: self._entered)

    def setMRMLScene(self, scene):
        self.mrmlSceneChanged.emit(scene)

    def enter(self):
        self._entered = True

    def exit(self):
        self._entered = False


def _nodes_of(scene, names):
    """A scene's nodes of some classes, all without one, in its order: the scene itself looks through them quickly."""
    if not names:
        return [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    found = {
        node.GetID(): node
        for name in names
        for node in map(scene.GetNthNodeByClass, range(scene.GetNumberOfNodesByClass(name)), repeat(name))
    }
    return sorted(found.values(), key=scene.GetNodes().IsItemPresent)


class qMRMLSortFilterProxyModel(QSortFilterProxyModel):
    """Which nodes a selector offers; the selector, which fills itself anew when that changes, is its parent."""

    def __init__(self, parent):
        super().__init__(parent)
        self._attributes = {}

    def _refill(self):
        self.parent()._fill()

    def addAttribute(self, node_type, name, value=None):
        if node_type in self.nodeTypes:  # Slicer's ignores it otherwise
            self._attributes[node_type] = (name, value)
            self._refill()

    def _accepted(self, scene):
        """Those of a scene's nodes that are offered, in its order."""
        # Asked for once, not for each node: selectors look through their scene whenever a node comes or goes.
        names, hidden, all_of_them, children = (
            getattr(self, name) for name in ("nodeTypes", "hiddenNodeIDs", "showHidden", "showChildNodeTypes")
        )
        return [
            node
            for node in _nodes_of(scene, names)
            if node.GetID() not in hidden
            and (all_of_them or not node.GetHideFromEditors())
            and (not names or any(self._fits(node, name, children) for name in names))
        ]

    def _fits(self, node, name, children):
        if not node.IsA(name) or not (children or node.GetClassName() == name):
            return False
        attribute, value = self._attributes.get(name, (None, None))
        return attribute is None or (
            node.GetAttribute(attribute) is not None and value in (None, node.GetAttribute(attribute))
        )

    nodeTypes = _field("QStringList", "nodeTypes", (), _refill)
    hiddenNodeIDs = _field("QStringList", "hiddenNodeIDs", (), _refill)
    showHidden = _field(bool, "showHidden", False, _refill)
    showChildNodeTypes = _field(bool, "showChildNodeTypes", True, _refill)


def _filter(kind, name):
    """A selector's property that is its filter's."""

    def put(self, value):
        setattr(self.sortFilterProxyModel(), name, value)

    return Property(kind, lambda self: getattr(self.sortFilterProxyModel(), name), put)


class qMRMLNodeComboBox(QWidget):
    currentNodeChanged = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAddedByUserAction = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._box = QComboBox()
        layout.addWidget(self._box)
        self._scene, self._tags, self._nodes, self._words, self._attributes = None, [], [], [], {}
        self._model = qMRMLSortFilterProxyModel(self)
        self._box.currentIndexChanged.connect(lambda _: self.currentNodeChanged.emit(self.currentNode()))

    def setMRMLScene(self, scene):
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            come_and_go = calldata_type(VTK_OBJECT)(lambda _scene, _event, node: self._fill_for(node))
            self._tags = [
                scene.AddObserver(each, come_and_go) for each in (scene.NodeAddedEvent, scene.NodeRemovedEvent)
            ]
            self._tags += [
                scene.AddObserver(each, lambda *_: self._fill()) for each in (scene.EndCloseEvent, scene.EndImportEvent)
            ]
        self._fill()

    def _fill_for(self, node):
        """Fill it anew, if a node that came or went is one of those that may be offered."""
        if not self.nodeTypes or any(node.IsA(name) for name in self.nodeTypes):
            self._fill()

    def _fill(self):
        before, known = self.currentNode(), self._nodes
        nodes = self._model._accepted(self._scene) if self._scene else []
        self._nodes = [None] * self.noneEnabled + nodes
        words = [self.noneDisplay if node is None else node.GetName() for node in self._nodes]
        if self._nodes == known and words == self._words and before in known:
            return
        self._words = words
        self._box.blockSignals(True)
        self._box.clear()
        self._box.addItems(words)
        # As Slicer's: what was chosen stays; where it was removed, another node takes its place.
        place = self._nodes.index(before) if before in self._nodes else len(self._nodes) - 1 if before else 0
        self._box.setCurrentIndex(place)
        self._box.blockSignals(False)
        for node in nodes:
            if node not in known:
                self.nodeAdded.emit(node)
        if self.currentNode() is not before:
            self.currentNodeChanged.emit(self.currentNode())

    def sortFilterProxyModel(self):
        return self._model

    def currentNode(self):
        index = self._box.currentIndex()
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def setCurrentNode(self, node):
        if isinstance(node, str):
            node = self._scene.GetNodeByID(node)
        self._box.setCurrentIndex(self._nodes.index(node) if node in self._nodes else -1 if node else 0)

    def nodeCount(self):
        return len([node for node in self._nodes if node])

    def addAttribute(self, node_type, name, value=None):
        """Offer nodes with this attribute only, and give it to those that are made here."""
        self._attributes[name] = "" if value is None else str(value)
        self._model.addAttribute(node_type, name, value)

    def addNode(self, name=None):
        name = name or self.nodeTypes[0]
        node = self._scene.CreateNodeByClass(name)
        node.UnRegister(None)
        node.SetName(self._scene.GetUniqueNameByString(self.baseName or node.GetDefaultNodeNamePrefix()))
        for attribute, value in self._attributes.items():
            node.SetAttribute(attribute, value)
        node = self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    nodeTypes = _filter("QStringList", "nodeTypes")
    showHidden = _filter(bool, "showHidden")
    showChildNodeTypes = _filter(bool, "showChildNodeTypes")
    noneEnabled = _field(bool, "noneEnabled", False, _fill)
    addEnabled = _field(bool, "addEnabled", True)
    removeEnabled = _field(bool, "removeEnabled", True)
    renameEnabled = _field(bool, "renameEnabled", False)
    selectNodeUponCreation = _field(bool, "selectNodeUponCreation", True)
    noneDisplay = _field(str, "noneDisplay", "None", _fill)
    baseName = _field(str, "baseName", "")


def create_node(selector):
    """Do what *Create new* in a selector's menu does; return the node.

    Slicer 5.10 tells a second time that a node was added by the user, 5.12 by a signal of its own.
    """
    selector = unwrap(selector)
    node = selector.addNode()
    selector.setCurrentNode(node)
    is_old = members.find("qMRMLNodeComboBox", "nodeAddedByUserAction")[0] is None
    (selector.nodeAddedByUser if is_old else selector.nodeAddedByUserAction).emit(node)
    return node


class qSlicerMarkupsPlaceWidget(QWidget):
    activeMarkupsPlaceModeChanged = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._button = QToolButton()
        self._button.setText("+")
        layout.addWidget(self._button)
        self._node, self._enabled = None, False
        self.setCurrentNode(None)

    def setMRMLScene(self, scene):
        pass

    def setCurrentNode(self, node):
        if node is not self._node:  # another node is not being placed
            self.setPlaceModeEnabled(False)
        self._node = node
        self._button.setEnabled(node is not None)

    def currentNode(self):
        return self._node

    def setPlaceModeEnabled(self, enable):
        assert self._node is not None or not enable  # Slicer's only prints
        if enable != self._enabled:
            self._enabled = enable
            self.activeMarkupsPlaceModeChanged.emit(enable)

    def setButtonsVisible(self, visible):
        self._button.setVisible(visible)

    placeModeEnabled = Property(bool, lambda self: self._enabled, setPlaceModeEnabled)
    placeMultipleMarkups = _field(str, "placeMultipleMarkups", "")
    buttonsVisible = Property(bool, lambda self: not self._button.isHidden(), setButtonsVisible)


class ctkMessageBox(QMessageBox):
    """A message box that is read at once."""

    shown: list = []  # noqa: RUF012 - shared on purpose

    def exec_(self):
        self.shown.append(self.text())
        return QMessageBox.StandardButton.Ok


WIDGETS = {
    each.__name__: each
    for each in (
        ctkCollapsibleButton,
        ctkRangeWidget,
        ctkSliderWidget,
        qMRMLNodeComboBox,
        qMRMLWidget,
        qSlicerMarkupsPlaceWidget,
        qSlicerScriptedLoadableModuleWidget,
    )
}


class Loader(QUiLoader):
    """Loads a .ui file with the stand-ins, and refuses connections that Slicer's widgets would refuse."""

    def createWidget(self, name, parent=None, object_name=""):
        if name in WIDGETS:
            widget = WIDGETS[name](parent)
            widget.setObjectName(object_name)
            return widget
        assert name.startswith("Q"), f"the panel has an unknown widget {name}"
        return super().createWidget(name, parent, object_name)

    def load(self, file):
        text = bytes(file.readAll()).decode()
        plain = re.sub(r"<connections>.*</connections>", "<connections/>", text, flags=re.S)
        # An enum of a class that Qt does not know is set by Slicer's designer plugin, not by Qt.
        plain = re.sub(r"<enum>(qSlicer\w+::\w+)</enum>", r"<string>\1</string>", plain)
        data = QBuffer()
        data.setData(QByteArray(plain.encode()))
        root = super().load(data)
        named = {child.objectName(): child for child in (root, *root.findChildren(QWidget))}
        for connection in ElementTree.fromstring(text).iter("connection"):
            sender, receiver = (named[connection.findtext(each)] for each in ("sender", "receiver"))
            signal, slot = (connection.findtext(each) for each in ("signal", "slot"))
            assert signal in members.functions(standing_for(type(sender)), ["signals"]), (sender.objectName(), signal)
            assert slot in members.functions(standing_for(type(receiver)), ["slots"]), (receiver.objectName(), slot)
            getattr(sender, signal.split("(")[0]).connect(getattr(receiver, slot.split("(")[0]))
        return root
