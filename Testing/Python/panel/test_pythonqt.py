"""The stand-ins refuse what PythonQt refuses, and offer nothing that the classes of Slicer and CTK lack."""

# ruff: noqa: N801, N815 - names as Qt and Slicer have them

import ast
import functools
import os
import xml.etree.ElementTree as ElementTree

import pytest

from ..stand_ins import members
from ..stand_ins.application import ROOT

MODULE = [ROOT / "XRayTo3D" / "XRayTo3D.py", *sorted((ROOT / "XRayTo3D" / "XRayTo3DSlicer").glob("*.py"))]
PANEL = ROOT / "XRayTo3D" / "Resources" / "UI" / "XRayTo3D.ui"


@pytest.fixture
def pythonqt(qt_application):
    from ..stand_ins import pythonqt

    return pythonqt


@pytest.fixture
def widgets(qt_application):
    from ..stand_ins import widgets

    return widgets


@pytest.fixture
def qt(pythonqt):
    return pythonqt.QtModule("qt")


@pytest.fixture(params=members.versions())
def version(request, monkeypatch):
    """Each version of Slicer that the table tells of, one after the other."""
    monkeypatch.setattr(members, "version", request.param)
    return request.param


@pytest.fixture
def in_module(pythonqt, monkeypatch):
    """A function that runs a statement as if it stood in the module, and an empty list of what that touches."""
    monkeypatch.setattr(pythonqt, "_accessed", set())

    def run(statement, **names):
        exec(compile(statement, str(MODULE[0].with_name("made_up.py")), "exec"), names)

    return run


# What PythonQt refuses


def test_a_timers_single_shot_has_a_setter_only(qt):
    timer = qt.QTimer()
    with pytest.raises(AttributeError, match=r"^Slot 'singleShot' can not be overwritten on QTimer object$"):
        timer.singleShot = True
    timer.setSingleShot(True)
    assert timer.isSingleShot() and callable(timer.singleShot)


def test_hidden_properties(pythonqt):
    hidden = {(cls.__name__, name): kind for cls in pythonqt.qt_classes() for name, kind in _hidden(pythonqt, cls)}
    assert hidden["QTimer", "singleShot"] == "static"
    assert hidden["QApplication", "applicationName"] == "static"  # inherited
    # What every panel assigns is not among them.
    assert not {name for _, name in hidden} & {"text", "enabled", "visible", "toolTip", "value", "checked", "interval"}


def test_a_signal_or_slot_hides_a_property_too(pythonqt):
    from PySide6.QtCore import Property, QObject, Signal, Slot

    class Hiding(QObject):
        bySignal = Signal()

        @Slot()
        def bySlot(self):
            pass

    class Hidden(Hiding):
        bySignal = Property(int, lambda self: 0)
        bySlot = Property(int, lambda self: 0)
        free = Property(int, lambda self: 0)

    assert pythonqt.hidden_properties(Hidden) == {"bySignal": "signal", "bySlot": "slot"}


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        ("QLabel", "text", "words"),
        ("QLabel", "enabled", False),
        ("QLabel", "visible", True),
        ("QLabel", "toolTip", "words"),
        ("QSpinBox", "value", 7),
        ("QDoubleSpinBox", "decimals", 4),
        ("QCheckBox", "checked", True),
        ("QTimer", "interval", 50),
        ("QTextBrowser", "readOnly", False),
        ("QProgressDialog", "labelText", "words"),
    ],
)
def test_what_may_be_assigned(qt, cls, name, value):
    thing = getattr(qt, cls)()
    setattr(thing, name, value)
    assert getattr(thing, name) == value


@pytest.mark.parametrize(
    ("cls", "name"),
    [("QLabel", "width"), ("QComboBox", "count"), ("QTimer", "remainingTime"), ("QProgressDialog", "wasCanceled")],
)
def test_what_may_only_be_read(qt, cls, name):
    thing = getattr(qt, cls)()
    with pytest.raises(AttributeError, match=rf"^Property '{name}' of {cls} object is not writable$"):
        setattr(thing, name, getattr(thing, name))


@pytest.mark.parametrize(
    ("name", "kind"), [("setText", "Slot"), ("layout", "Slot"), ("click", "Slot"), ("clicked", "Signal")]
)
def test_functions_and_signals_are_not_overwritten(qt, name, kind):
    with pytest.raises(AttributeError, match=f"^{kind} '{name}' can not be overwritten on QPushButton object$"):
        setattr(qt.QPushButton(), name, "anything")


def test_unknown_names(qt):
    label = qt.QLabel()
    with pytest.raises(AttributeError, match=r"^'txet' does not exist on QLabel and creating new attributes"):
        label.txet = "words"
    with pytest.raises(AttributeError, match=r"^QLabel has no attribute named 'txet'$"):
        label.txet  # noqa: B018


def test_keyword_arguments(qt):
    for call in (lambda: qt.QLabel(text="words"), lambda: qt.QLabel().setText(text="words")):
        with pytest.raises(ValueError, match="called slot does not support kwargs"):
            call()


def test_a_class_has_static_functions_but_no_property(qt):
    called = []
    qt.QTimer.singleShot(0, lambda: called.append(True))
    qt.QApplication.instance().processEvents()
    assert called
    with pytest.raises(AttributeError, match="text is a property of a QLabel"):
        qt.QLabel.text  # noqa: B018


def test_how_many_arguments_a_slot_gets(qt):
    button, got = qt.QPushButton(), []

    def decorated(function):
        return functools.wraps(function)(lambda *arguments: got.append(arguments))

    button.clicked.connect(lambda: got.append(()))
    button.clicked.connect(lambda checked, other=0: got.append((checked,)))
    button.clicked.connect(lambda *, keyword=0: got.append(()))
    button.clicked.connect(decorated(lambda: None))  # PythonQt looks at the outermost function
    button.clicked.connect(functools.partial(lambda *arguments: got.append(arguments), 1))
    button.click()
    assert got == [(), (False,), (), (False,), (1, False)]


# The table


def test_what_the_headers_tell():
    assert members.find("qMRMLNodeComboBox", "currentNode") == ("qMRMLNodeComboBox", "invokables")
    assert members.find("qMRMLSliceWidget", "mrmlScene") == ("qMRMLWidget", "invokables")
    assert members.find("ctkSliderWidget", "value") == ("ctkSliderWidget", "properties")
    assert members.find("qSlicerScriptedLoadableModuleWidget", "isEntered")[1] == "read-only properties"
    assert members.find("qSlicerApplication", "testingEnabled") == ("qSlicerCoreApplication", "static decorators")
    assert members.find("qSlicerApplication", "processEvents") == ("qSlicerCoreApplication", "decorators")
    assert members.lineage("qMRMLThreeDView")[-2:] == ["ctkVTKAbstractView", "QWidget"]
    # Public in C++, neither slot nor invokable: not there for Python.
    assert members.find("qMRMLNodeComboBox", "setNodeTypes") == (None, None)
    assert members.find("ctkCollapsibleButton", "setCollapsed") == (None, None)
    # A protected slot.
    assert members.find("qMRMLNodeComboBox", "activateExtraItem") == (None, None)
    # An argument that may be left makes two signatures.
    assert {"saveGUIState(bool)", "saveGUIState()"} <= set(members.own("qSlicerMainWindow", "slots"))


def test_where_each_is_declared(pythonqt):
    assert pythonqt.declared("ctkSliderWidget", "value") == (
        "ctkSliderWidget",
        "CTK/Libs/Widgets/ctkSliderWidget.h, properties",
    )
    assert pythonqt.declared("ctkSliderWidget", "enabled") == ("QWidget", "Qt meta-object")
    assert pythonqt.declared("QPushButton", "clicked") == ("QAbstractButton", "Qt meta-object")
    assert pythonqt.declared("QFileDialog", "getOpenFileName") == ("QFileDialog", "Qt static")
    assert pythonqt.declared("QTabWidget", "layout") == ("QWidget", "Qt function")
    assert pythonqt.declared("ctkMessageBox", "exec_")[0] == "QDialog"
    assert pythonqt.declared("ctkSliderWidget", "valeu") is None


def test_the_table_is_that_of_the_sources():
    folders = [os.environ.get(name) for name in ("SLICER_SOURCE_DIR", "CTK_SOURCE_DIR")]
    if not all(folders):
        pytest.skip("SLICER_SOURCE_DIR and CTK_SOURCE_DIR do not both name a checkout: the table is not renewed")
    version = members.version_of(folders[0])
    known = version if version in members.versions() else members.versions()[-1]
    table = members.read(*folders)
    for name in sorted({*table, *members.table(known)}):
        assert table.get(name) == members.table(known).get(name), f"{name}: run members.py on these checkouts"


def test_reading_a_header(tmp_path):
    (tmp_path / "Slicer").mkdir()
    (tmp_path / "CTK").mkdir()
    (tmp_path / "CTK" / "ctkSliderWidget.h").write_text(
        """
        class QWidget; // class ctkSliderWidget : public QObject {
        class CTK_EXPORT ctkSliderWidget
          : public QWidget
        {
          Q_OBJECT
          /* Q_PROPERTY(int old READ old) */
          Q_PROPERTY(double value READ value WRITE setValue NOTIFY valueChanged)
          Q_PROPERTY(QList<int> sizes READ sizes)
        public:
          ctkSliderWidget(QWidget* parent = 0);
          double value() const { if (true) { return "}; Q_INVOKABLE void wrong();"[0]; } }
          Q_INVOKABLE QString join(QChar separator = ';', QString quotes = "({");
          virtual Q_INVOKABLE bool has(const QString& name, unsigned int,
                                       QMap<int, int> all = QMap<int, int>()) const = 0;
        public Q_SLOTS:
          void setValue(double value);
        protected Q_SLOTS:
          void update();
        Q_SIGNALS:
          void valueChanged(double);
        private:
          Q_DISABLE_COPY(ctkSliderWidget);
          Q_INVOKABLE void hidden();
        };
        """
    )
    (tmp_path / "CTK" / "ctkSomePythonQtDecorators.h").write_text(
        """
        class ctkSomePythonQtDecorators : public QObject
        {
        public slots:
          void added(ctkSliderWidget* o, int n) { o->add(n); }
          int static_ctkSliderWidget_count() { return 0; }
        };
        """
    )
    assert members.read(tmp_path / "Slicer", tmp_path / "CTK") == {
        "ctkSliderWidget": {
            "header": "CTK/ctkSliderWidget.h",
            "base": "QWidget",
            "properties": ["value"],
            "read-only properties": ["sizes"],
            "invokables": [
                "join(QChar,QString)",
                "join(QChar)",
                "join()",
                "has(QString,unsigned int,QMap<int,int>)",
                "has(QString,unsigned int)",
            ],
            "slots": ["setValue(double)"],
            "signals": ["valueChanged(double)"],
            "decorators": ["added(int)"],
            "static decorators": ["count()"],
        }
    }


# The stand-ins against the table


def test_no_stand_in_is_kinder_than_what_it_stands_for(widgets, monkeypatch):
    from ..stand_ins.comparison import kinder

    stand_ins = [*widgets.WIDGETS.values(), widgets.ctkMessageBox, widgets.qMRMLSortFilterProxyModel]
    monkeypatch.setattr(members, "version", members.versions()[-1])
    assert [told for each in stand_ins for told in kinder(each)] == []
    monkeypatch.setattr(members, "version", "5.10")
    assert [told for each in stand_ins for told in kinder(each)] == [
        "qMRMLNodeComboBox has no signal nodeAddedByUserAction"  # refused below, as is all that the table lacks
    ]


def test_what_is_kinder_is_found(qt_application):
    from PySide6.QtCore import Property, Signal
    from PySide6.QtWidgets import QWidget

    from ..stand_ins.comparison import kinder

    class ctkRangeWidget(QWidget):
        valuesChanged = Signal(float)
        moved = Signal()
        minimumValueChanged = Signal(float)
        smoothness = Property(float, lambda self: 0, lambda self, value: None)
        customSpinBoxesLimitsMin = Property(bool, lambda self: False, lambda self, value: None)
        decimals = Property(int, lambda self: 0, lambda self, value: None)

        def setValues(self, low, high=0):
            pass

        def minimumRange(self):
            pass

        def setRange(self, low, high):
            pass

        def sizeHint(self):
            return super().sizeHint()

        def _own(self):
            pass

    assert kinder(ctkRangeWidget) == [
        "the signal valuesChanged of ctkRangeWidget takes something else: valuesChanged(double,double)",
        "ctkRangeWidget has no signal moved",
        "ctkRangeWidget has no property smoothness",
        "the property customSpinBoxesLimitsMin of ctkRangeWidget is not writable",
        "the function setValues of ctkRangeWidget takes something else: setValues(double,double)",
        "ctkRangeWidget has no function minimumRange",
    ]


def test_what_the_real_class_lacks_is_refused(pythonqt, qt_application):
    from PySide6.QtCore import Property
    from PySide6.QtWidgets import QWidget

    class qMRMLSliceWidget(QWidget):
        smoothness = Property(float, lambda self: 0, lambda self, value: None)
        viewLabel = Property(str, lambda self: "", lambda self, value: None)  # an invokable is called so, too

        def smooth(self):
            pass

    widget = pythonqt.wrap(qMRMLSliceWidget())
    assert not hasattr(widget, "smooth") and not hasattr(widget, "smoothness")
    with pytest.raises(AttributeError, match="'smoothness' does not exist on qMRMLSliceWidget"):
        widget.smoothness = 1.0
    with pytest.raises(AttributeError, match="'viewLabel' can not be overwritten"):
        widget.viewLabel = "R"
    with pytest.raises(AttributeError, match="the stand-in for qMRMLSliceWidget has no 'sliceLogic'"):
        widget.sliceLogic()


def test_what_slicer_only_lets_read(pythonqt, widgets):
    from PySide6.QtCore import Property
    from PySide6.QtWidgets import QWidget

    class ctkRangeWidget(QWidget):
        customSpinBoxesLimitsMin = Property(bool, lambda self: False, lambda self, value: None)

    with pytest.raises(AttributeError, match="Property 'customSpinBoxesLimitsMin' of ctkRangeWidget object is not"):
        pythonqt.wrap(ctkRangeWidget()).customSpinBoxesLimitsMin = True
    with pytest.raises(AttributeError, match=r"Property 'isEntered' of \w+ object is not writable"):
        pythonqt.wrap(widgets.qSlicerScriptedLoadableModuleWidget()).isEntered = False


@pytest.fixture
def selector(pythonqt, widgets, scene):
    selector = pythonqt.wrap(widgets.qMRMLNodeComboBox())
    selector.nodeTypes = ["vtkMRMLModelNode"]
    selector.showChildNodeTypes = False
    selector.setMRMLScene(scene)
    yield selector
    selector.setMRMLScene(None)


def test_how_often_a_new_node_is_told(selector, widgets, version):
    told = {"nodeAdded": [], "nodeAddedByUser": [], "nodeAddedByUserAction": []}
    for name, nodes in told.items():
        if hasattr(selector, name):
            getattr(selector, name).connect(nodes.append)
    node = widgets.create_node(selector)
    assert selector.currentNode() is node
    twice, action = ([node, node], []) if version == "5.10" else ([node], [node])
    assert told == {"nodeAdded": [node], "nodeAddedByUser": twice, "nodeAddedByUserAction": action}
    assert hasattr(selector, "nodeAddedByUserAction") == (version != "5.10")


def test_hidden_nodes_are_not_offered(selector, scene):
    first, second = (scene.AddNewNodeByClass("vtkMRMLModelNode", name) for name in ("first", "second"))
    selector.setCurrentNode(first)
    selector.sortFilterProxyModel().hiddenNodeIDs = [first.GetID()]
    assert selector.nodeCount() == 1 and selector.currentNode() is second
    selector.sortFilterProxyModel().hiddenNodeIDs = []
    assert selector.nodeCount() == 2 and selector.currentNode() is second


def test_nodes_without_the_attribute_are_not_offered(selector, scene):
    plain = scene.AddNewNodeByClass("vtkMRMLModelNode", "plain")
    selector.addAttribute("vtkMRMLModelNode", "XRayTo3D.Kind", "surface")
    assert selector.nodeCount() == 0
    made = selector.addNode()
    assert made.GetAttribute("XRayTo3D.Kind") == "surface"
    assert selector.nodeCount() == 1 and selector.currentNode() is made is not plain


def test_place_mode_is_told_when_it_changes(pythonqt, widgets, scene):
    placer, told = pythonqt.wrap(widgets.qSlicerMarkupsPlaceWidget()), []
    placer.activeMarkupsPlaceModeChanged.connect(told.append)
    placer.setCurrentNode(scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode"))
    placer.setPlaceModeEnabled(True)
    placer.setPlaceModeEnabled(True)
    placer.setCurrentNode(None)
    assert told == [True, False] and not placer.placeModeEnabled
    placer.buttonsVisible = False
    assert not placer.buttonsVisible


# The module against the table


def test_what_the_module_touches_is_noted(qt, pythonqt, widgets, in_module, monkeypatch, tmp_path):
    label, slider = qt.QLabel(), pythonqt.wrap(widgets.ctkSliderWidget())
    label.wordWrap = True  # by a test
    assert pythonqt.accessed() == []
    in_module("label.text = label.toolTip; slider.valueChanged.connect(print); slider.isEnabled()", **locals())
    in_module("hasattr(label, 'txet'); qt.QTimer.singleShot(0, print)", **locals())
    assert pythonqt.accessed() == [
        ("QLabel", "text", "write"),
        ("QLabel", "toolTip", "read"),
        ("QTimer", "singleShot", "call"),
        ("ctkSliderWidget", "isEnabled", "call"),
        ("ctkSliderWidget", "valueChanged", "connect"),
    ]
    monkeypatch.setenv("XRAYTO3D_ACCESSED", str(tmp_path / "accessed.tsv"))
    pythonqt._accessed.add(("ctkSliderWidget", "smoothness", "read"))
    pythonqt.write_accessed()
    lines = (tmp_path / "accessed.tsv").read_text().splitlines()
    assert "QTimer\tsingleShot\tcall\tQTimer\tQt meta-object" in lines
    assert "ctkSliderWidget\tsmoothness\tread\tNOT FOUND\t-" in lines
    assert len(lines) == 7


def test_plain_stand_ins_show_the_module_what_slicers_class_has(pythonqt, in_module):
    app = pythonqt.stand_in("qSlicerApplication", temporaryPath="/tmp", layoutManger=1, on_events=2)
    assert app.on_events == 2  # a test may
    in_module("app.temporaryPath", app=app)
    for name in ("layoutManger", "on_events"):
        with pytest.raises(AttributeError, match=f"^qSlicerApplication has no attribute named '{name}'$"):
            in_module(f"app.{name}", app=app)
    assert pythonqt.accessed() == [("qSlicerApplication", "temporaryPath", "read")]


def _hidden(pythonqt, cls):
    return pythonqt.hidden_properties(cls).items()


def _assigned(text):
    """Line and name of each attribute that a source assigns to anything but `self`."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(ctx=ast.Store(), value=ast.Name(id="self")):
                pass
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=name), *_]):
                yield node.lineno, name


def test_what_is_assigned_is_found():
    text = "self.a = 1\nself._timer.singleShot = True\nx.b += 1\nx.c, self.d = 1, 2\nsetattr(x, 'e', 1)\nx.f(1)\n"
    assert sorted(_assigned(text)) == [(2, "singleShot"), (3, "b"), (4, "c"), (5, "e")]


def test_the_module_assigns_no_hidden_property(pythonqt):
    hidden = {name for cls in pythonqt.qt_classes() for name, _ in _hidden(pythonqt, cls)}
    for name in members.table(members.versions()[-1]):
        called = set(map(members.name_of, members.functions(name)))
        hidden |= {
            each for cls in members.lineage(name) for kind in members.PROPERTIES for each in members.own(cls, kind)
        } & called
    assert "singleShot" in hidden and "currentNodeId" in hidden
    found = [
        f"{path.name}:{line} {name}" for path in MODULE for line, name in _assigned(path.read_text()) if name in hidden
    ]
    assert found == []


def test_signals_connected_by_their_signature_exist():
    """With a signature that there is not, Slicer prints and goes on without the connection."""
    signals = {each for name in members.table(members.version) for each in members.own(name, "signals")}
    given = set()
    for node in (node for path in MODULE for node in ast.walk(ast.parse(path.read_text()))):
        match node:
            case ast.Call(func=ast.Attribute(attr="connect" | "disconnect"), args=[ast.Constant(value=signal), _]):
                given.add(signal)
    assert "startupCompleted()" in given
    assert given <= signals


def test_the_panels_file_sets_properties_that_there_are(pythonqt, version):
    """Qt makes a new property of one that is misspelt, and says nothing."""
    seen = set()
    for widget in ElementTree.parse(PANEL).iter("widget"):
        cls = widget.get("class")
        for each in widget.findall("property"):
            if each.get("stdset") != "0":
                found = pythonqt.declared(cls, each.get("name"))
                assert found and not found[1].endswith("read-only properties"), (cls, each.get("name"))
                seen.add(cls)
    assert {"qMRMLNodeComboBox", "ctkSliderWidget", "QLabel"} <= seen
