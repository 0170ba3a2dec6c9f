"""The panel for real: its .ui file under offscreen Qt, on a real MRML scene, in stand-ins for the application."""

import os
import sys
import types

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")


@pytest.fixture(scope="session")
def qt_application():
    """Qt, without a screen."""
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        pytest.skip(f"the panel is not tested: PySide6 cannot be loaded ({error})")
    return QApplication.instance() or QApplication(["test", "-platform", "offscreen"])


@pytest.fixture(scope="module")
def module(seen_once, qt_application, tmp_path_factory):
    """The module file, imported as Slicer would, in an application."""
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

    import shiboken6
    from PySide6.QtWidgets import QMainWindow

    from ..stand_ins import application, pythonqt, widgets

    class MainWindow(QMainWindow):
        """`qSlicerMainWindow`, whose module selector only remembers."""

        def moduleSelector(self):
            return types.SimpleNamespace(selectModule=self.selected.append)

    window = MainWindow()
    window.setObjectName("qSlicerMainWindow")
    window.selected = []

    class Qt(pythonqt.QtModule):
        QUiLoader = pythonqt.wrapped_class(widgets.Loader)

    ctk = pythonqt.QtModule("ctk")
    custom = {**widgets.WIDGETS, "ctkMessageBox": widgets.ctkMessageBox}
    for name, each in custom.items():
        setattr(ctk if name.startswith("ctk") else slicer, name, pythonqt.wrapped_class(each))
    # Named by Slicer's parameter node wrapper beside those of the panel.
    for name in ("ctkCheckBox", "ctkCheckablePushButton", "ctkDoubleSlider", "ctkDoubleSpinBox", "ctkComboBox"):
        setattr(ctk, name, type(name, (), {}))
    for name in ("ctkDoubleRangeSlider", "ctkPathLineEdit", "ctkDirectoryButton", "ctkColorPickerButton"):
        setattr(ctk, name, type(name, (), {}))
    others = {name: type(name, (), {}) for name in ("qMRMLSliderWidget", "qMRMLSpinBox", "qMRMLRangeWidget")}
    pythonqt.stands_for("qSlicerApplication")(application.Application)
    pythonqt.stands_for("qSlicerIOManager")(application.CoreIOManager)
    pythonqt.stands_for("qSlicerLayoutManager")(application.LayoutManager)
    app = application.Application(qt_application, tmp_path_factory.mktemp("slicer"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "qt", Qt("qt"))
        patch.setitem(sys.modules, "ctk", ctk)
        for name, each in {**others, "app": app, "selfTests": {}}.items():
            patch.setattr(slicer, name, each, raising=False)
        kept = {name: found for name, found in sys.modules.items() if name.startswith("slicer.")}
        modules = application.python_modules(application.source_of_slicer())
        with application.module_loaded(patch, *modules) as result:
            result.window = window
            yield result
        shiboken6.delete(window)  # or the next module's dialogs may be its children, and go when it is collected
        for name in [name for name in sys.modules if name.startswith("slicer.") and name not in kept]:
            del sys.modules[name]
    for name in custom:
        if not name.startswith("ctk"):
            delattr(slicer, name)


@pytest.fixture
def app(module):
    """`slicer.app`, with nothing to do on events."""
    import slicer

    slicer.app.on_events = lambda: None
    return slicer.app


@pytest.fixture
def scene(module, app):
    """A new scene as Slicer's own, with the views' nodes in it."""
    import slicer

    from ..stand_ins import application

    slicer.mrmlScene = slicer.vtkMRMLScene()
    slicer.modules = application.core_logics(slicer, slicer.mrmlScene)
    slicer.modules.xrayto3d = application.Module(path=str(application.MODULE))
    app._layout_manager = application.LayoutManager(slicer, slicer.mrmlScene)
    module.window.selected.clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear()


@pytest.fixture
def messages():
    """Texts of the error boxes that were shown."""
    from ..stand_ins.widgets import ctkMessageBox

    ctkMessageBox.shown.clear()
    return ctkMessageBox.shown


@pytest.fixture
def open_panel(module, scene):
    """A function that opens the panel."""
    from ..stand_ins.pythonqt import wrap
    from ..stand_ins.widgets import qSlicerScriptedLoadableModuleWidget

    opened = []

    def panel():
        from PySide6.QtWidgets import QVBoxLayout

        parent = qSlicerScriptedLoadableModuleWidget()
        QVBoxLayout(parent)
        widget = module.XRayTo3DWidget(wrap(parent))
        widget.setup()
        opened.append((widget, parent))
        return widget

    yield panel
    for widget, _ in opened:
        widget.cleanup()


@pytest.fixture
def panel(open_panel):
    """The panel, opened in an empty scene."""
    return open_panel()


@pytest.fixture
def quietly():
    """A context in which an exception in a slot, which Slicer prints, is not printed."""
    import contextlib

    @contextlib.contextmanager
    def context():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.excepthook", lambda *_: None)
            yield

    return context


def pytest_sessionfinish():
    """Write the list of what the module touched of Qt and Slicer, if XRAYTO3D_ACCESSED names a file for it."""
    if "XRAYTO3D_ACCESSED" in os.environ:
        from ..stand_ins.pythonqt import write_accessed

        write_accessed()
