"""Small stand-ins for the ctk and qMRML widgets of the panel, and the loader that puts them into a .ui file."""

import re
import xml.etree.ElementTree as ElementTree

from PySide6.QtCore import Property, QBuffer, QByteArray, Qt, Signal
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

_STEPS = 1000


def _field(kind, name, default, changed=None):
    """A Qt property that only keeps its value."""
    key = "_" + name

    def put(self, value):
        setattr(self, key, value)
        if changed:
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
    isEntered = _field(bool, "isEntered", True)

    def setMRMLScene(self, scene):
        self.mrmlSceneChanged.emit(scene)


class qMRMLNodeComboBox(QWidget):
    currentNodeChanged = Signal(object)
    nodeAddedByUser = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._box = QComboBox()
        layout.addWidget(self._box)
        self._scene, self._tags, self._nodes = None, [], []
        self._box.currentIndexChanged.connect(lambda _: self.currentNodeChanged.emit(self.currentNode()))

    def setMRMLScene(self, scene):
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent, scene.EndImportEvent)
            self._tags = [scene.AddObserver(event, lambda *_: self._fill()) for event in events]
        self._fill()

    def _fill(self):
        before = self.currentNode()
        nodes = []
        for name in self.nodeTypes or []:
            count = self._scene.GetNumberOfNodesByClass(name) if self._scene else 0
            found = [self._scene.GetNthNodeByClass(index, name) for index in range(count)]
            nodes += [n for n in found if (self.showHidden or not n.GetHideFromEditors()) and n.GetClassName() == name]
        self._box.blockSignals(True)
        self._nodes = [None] * self.noneEnabled + nodes
        self._box.clear()
        self._box.addItems([self.noneDisplay if node is None else node.GetName() for node in self._nodes])
        # As Slicer's: what was chosen stays; where it was removed, another node takes its place.
        place = self._nodes.index(before) if before in self._nodes else len(self._nodes) - 1 if before else 0
        self._box.setCurrentIndex(place)
        self._box.blockSignals(False)
        if self.currentNode() is not before:
            self.currentNodeChanged.emit(self.currentNode())

    def currentNode(self):
        index = self._box.currentIndex()
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def setCurrentNode(self, node):
        if isinstance(node, str):
            node = self._scene.GetNodeByID(node)
        self._box.setCurrentIndex(self._nodes.index(node) if node in self._nodes else -1 if node else 0)

    def nodeCount(self):
        return len([node for node in self._nodes if node])

    def addNode(self, name=None):
        node = self._scene.AddNewNodeByClass(name or self.nodeTypes[0], self.baseName)
        self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    nodeTypes = _field("QStringList", "nodeTypes", (), _fill)
    showHidden = _field(bool, "showHidden", False)
    showChildNodeTypes = _field(bool, "showChildNodeTypes", True)
    noneEnabled = _field(bool, "noneEnabled", False, _fill)
    addEnabled = _field(bool, "addEnabled", True)
    removeEnabled = _field(bool, "removeEnabled", True)
    renameEnabled = _field(bool, "renameEnabled", False)
    noneDisplay = _field(str, "noneDisplay", "None", _fill)
    baseName = _field(str, "baseName", "")


class qSlicerMarkupsPlaceWidget(QWidget):
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
        self._node = node
        self._button.setEnabled(node is not None)

    def currentNode(self):
        return self._node

    def setPlaceModeEnabled(self, enable):
        assert self._node is not None or not enable
        self._enabled = enable

    placeModeEnabled = Property(bool, lambda self: self._enabled, setPlaceModeEnabled)
    placeMultipleMarkups = _field(str, "placeMultipleMarkups", "")


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
    )
}
# Signals and slots as the C++ classes declare them.
SIGNATURES = {
    "mrmlSceneChanged(vtkMRMLScene*)": ("qMRMLWidget",),
    "currentNodeChanged(vtkMRMLNode*)": ("qMRMLNodeComboBox",),
    "setMRMLScene(vtkMRMLScene*)": ("qMRMLWidget", "qMRMLNodeComboBox", "qSlicerMarkupsPlaceWidget"),
    "setCurrentNode(vtkMRMLNode*)": ("qMRMLNodeComboBox", "qSlicerMarkupsPlaceWidget"),
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
            assert type(sender).__name__ in SIGNATURES[signal], (sender.objectName(), signal)
            assert type(receiver).__name__ in SIGNATURES[slot], (receiver.objectName(), slot)
            getattr(sender, signal.split("(")[0]).connect(getattr(receiver, slot.split("(")[0]))
        return root
