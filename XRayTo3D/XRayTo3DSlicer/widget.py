"""The module's panel."""

import importlib
import os
import sys

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from .axes import removeAxesOf
from .cameras import followCamerasButton, forgetCameras
from .dialogs import askForShapeModel, askForXray, askWhereToSave
from .displacing import StandingFragments
from .drawing import followDrawButtons, offerDrawing
from .enabling import enableCalibration, enableFinding, enableSurface, offerColors, offerInputs, showScale
from .fragments import fragmentsOf, removeFragmentsOf
from .further import furtherMarks, xrayOf, xraysOf
from .live import LivePreview
from .logic import XRayTo3DLogic
from .nodes import firstRadiograph, hasSurface
from .obstacles import obstacleOf
from .outlines import removeOutlinesOf, showOutlinesOverXrays
from .packages import hasPackages
from .parameters import choices, usedXrays
from .placing import followMarks, marksOf
from .reducing import offerReduction
from .result import colorBy, hasColor, liesOnXray, recordOf, resultText
from .scale import takeOver
from .views import (
    lookAsSource,
    showBeside,
    shownNodes,
    shownXrays,
    showOver,
    showsOtherThan,
    showXray,
    showXrayInSpace,
    turnToXrays,
)
from .wanted import followLookButton


class XRayTo3DWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None
        self._watched = ()
        self._colored = None
        self._told = ""  # nothing is shown yet, not even that there is no result
        self._chosen = (None,) * 4  # X-rays
        self._isBusy = False

    def setup(self) -> None:
        """Build the panel, when it is opened for the first time or reloaded."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/XRayTo3D.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = XRayTo3DLogic()
        self.preview = LivePreview(self.logic, self.ui.previewLabel)
        self.standing = StandingFragments(self.ui)

        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneReady)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneReady)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self.onNodeRemoved)
        self._followViews()
        followMarks(self.ui, lambda mark: xrayOf(self._parameterNode, mark))
        followCamerasButton(self.ui, lambda: self._parameterNode)
        followDrawButtons(self.ui, self.logic, lambda: self._parameterNode)
        followLookButton(self.ui, self.logic, lambda: self._parameterNode)
        self.ui.shapeModelButton.clicked.connect(self.onShapeModelButton)
        self.ui.loadButton.clicked.connect(lambda: self.load("inputVolume"))
        self.ui.lateralLoadButton.clicked.connect(lambda: self.load("lateralVolume"))
        self.ui.thirdLoadButton.clicked.connect(lambda: self.load("thirdVolume"))
        self.ui.fourthLoadButton.clicked.connect(lambda: self.load("fourthVolume"))
        self.ui.pixelSizeSpinBox.editingFinished.connect(self.onPixelSizeEdited)
        self.ui.calibrateButton.clicked.connect(self.onCalibrateButton)
        self.ui.applyButton.clicked.connect(self.onApplyButton)
        self.ui.saveButton.clicked.connect(self.onSaveButton)
        self.ui.reportButton.clicked.connect(self.onReportButton)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Let go of the scene before the panel is destroyed or reloaded; its widgets may be gone already."""
        self.preview.stop()
        self.standing.stop()
        self._unfollow()
        self.removeObservers()

    def enter(self) -> None:
        """Follow the parameter node again: the user comes back to this module."""
        self.initializeParameterNode()

    def exit(self) -> None:
        """Leave the parameter node alone while another module is shown."""
        self.setParameterNode(None)

    def onReload(self) -> None:
        """Reload the library together with the module."""
        for name in [name for name in sys.modules if name.split(".")[0] in ("XRayTo3DLib", "XRayTo3DSlicer")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller, event) -> None:
        """Let go of the parameter node that is about to be removed."""
        self._chosen = (None,) * 4
        self.setParameterNode(None)

    def onSceneReady(self, caller, event) -> None:
        """Start anew, or with the parameters that a loaded scene brought, if the panel is in view."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeRemoved(self, caller, event, node) -> None:
        """Remove the outlines, axes and fragments of a surface together with it."""
        if not slicer.mrmlScene.IsClosing() and node.IsA("vtkMRMLModelNode"):
            for remove in (removeOutlinesOf, removeAxesOf, removeFragmentsOf):
                remove(node)

    def onOtherXrayShown(self, caller=None, event=None) -> None:
        """Show over each X-ray in a slice view what belongs to it, and nothing of another one in the same plane."""
        showOutlinesOverXrays()
        xrays = xraysOf(self._parameterNode) if self._parameterNode else []
        if not any(each and each in xrays for each in shownXrays()):
            return
        marks = [(node, xrays[0]) for node in marksOf(self._parameterNode)]
        for node, volumeNode in (*marks, *furtherMarks(self._parameterNode)):
            if node and node.GetDisplayNode():
                node.GetDisplayNode().SetVisibility2D(showOver(node.GetDisplayNode(), volumeNode))
        self._askForPreview()

    def _followViews(self) -> None:
        """Follow which X-rays the slice views show, those that a layout has just brought among them."""
        for node in shownNodes():
            if not self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self.onOtherXrayShown):
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self.onOtherXrayShown)

    def initializeParameterNode(self) -> None:
        """Follow the scene's parameter node, and choose an X-ray if none is chosen."""
        self.setParameterNode(self.logic.getParameterNode())
        offerInputs(self.ui)
        if not self._parameterNode.inputVolume:
            self._parameterNode.inputVolume = firstRadiograph()

    def setParameterNode(self, parameterNode) -> None:
        """Connect the panel to a parameter node, or to none."""
        self._unfollow()
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
        else:
            self.preview.stop()
        self.preview.forget()
        self.onParametersChanged()

    def _unfollow(self) -> None:
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
        self._parameterNode = None

    # What follows from the choices

    def onParametersChanged(self, caller=None, event=None) -> None:
        """Show what follows from the choices."""
        self._watch()
        self._showChosen()
        self.updatePanel()
        self._askForPreview()

    def _askForPreview(self) -> None:
        if self._parameterNode:
            self.preview.ask(self._parameterNode, self._isBusy)

    def _watch(self) -> None:
        """Follow the chosen nodes themselves: the parameter node does not tell when a point moves."""
        parameters = self._parameterNode
        chosen = (*marksOf(parameters), *xraysOf(parameters)) if parameters else ()
        chosen += tuple(node for node, _volumeNode in furtherMarks(parameters)) if parameters else ()
        chosen += (parameters.otherSide, parameters.outputModel) if parameters else ()
        nodes = tuple(dict.fromkeys(filter(None, chosen)))
        if nodes == self._watched:
            return
        events = (vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLMarkupsNode.PointModifiedEvent)
        for node in self._watched:
            for event in events:
                self.removeObserver(node, event, self.onNodeChanged)
        for node in nodes:
            for event in events:
                self.addObserver(node, event, self.onNodeChanged)
        self._watched = nodes
        self.onOtherXrayShown()

    def _showChosen(self) -> None:
        """Show an X-ray that has just been chosen, and remember what its file tells."""
        if not self._parameterNode:
            return
        chosen = tuple(each if each and each.GetImageData() else None for each in xraysOf(self._parameterNode))
        before, self._chosen = self._chosen, chosen
        forgetCameras(self._parameterNode, before, chosen)
        for volumeNode in filter(None, chosen):  # each time: a volume gets its file after it has come into the scene
            takeOver(volumeNode)
        changed = [new for new, old in zip(chosen, before, strict=True) if new and new is not old]
        if changed:
            showXray(changed[0])
            self.onOtherXrayShown()

    def onNodeChanged(self, caller=None, event=None) -> None:
        """Show what follows from a mark that moved, or an X-ray or model that changed."""
        if self._isBusy:
            return
        self.preview.forget()
        # A mark that is dragged tells so many times a second, and changes nothing but calibration and bone.
        if caller in marksOf(self._parameterNode):
            enableCalibration(self.ui, self._parameterNode)
        else:
            self._showChosen()
            self.updatePanel()
        self._askForPreview()

    def updatePanel(self) -> None:
        """Enable what can be done with what is chosen, and say why not."""
        ui, parameters = self.ui, self._parameterNode
        obstacle = obstacleOf(self._parameterNode)
        ui.applyButton.enabled = not obstacle and not self._isBusy
        ui.applyButton.toolTip = obstacle or _("Make the surface.")
        ui.statusLabel.text = obstacle
        ui.statusLabel.visible = bool(obstacle)
        offerDrawing(ui, not obstacle and not self._isBusy)
        offerInputs(self.ui)
        model = parameters.outputModel if parameters else None
        ui.saveButton.enabled = hasSurface(model)
        ui.reportButton.enabled = self.logic.canReport(model)
        ui.reportButton.toolTip = (
            _("Open a page with all stages, numbers and the surface.")
            if ui.reportButton.enabled
            else _("Press Apply first: a report tells of the surface that was made last in this session.")
        )
        self._tellOfResult(model)
        self.standing.follow(model)
        enableCalibration(ui, parameters)
        showScale(ui, parameters)
        if not parameters:
            return
        enableFinding(ui, parameters)
        enableSurface(ui, parameters)
        offerColors(ui, model)
        offerReduction(ui, model, parameters.reduction)
        self._color(model, parameters.color)

    def _tellOfResult(self, modelNode) -> None:
        """Show a result, and stay where the user has scrolled to if it is the same."""
        told = modelNode.GetAttribute("XRayTo3D.Result") if modelNode else None
        if told != self._told:
            self.ui.resultBrowser.html = resultText(modelNode)
        self.ui.resultCollapsibleButton.visible = bool(told)
        self._told = told

    def _color(self, modelNode, color) -> None:
        """Color the surface when that was chosen anew, not against the user."""
        surfaces = [modelNode, *fragmentsOf(modelNode)] if modelNode else []
        wanted = [each.GetID() for each in surfaces], color, hasSurface(modelNode) and hasColor(modelNode, color)
        if wanted != self._colored and recordOf(modelNode):
            for node in surfaces:
                colorBy(node, color)
        self._colored = wanted

    # Buttons

    def load(self, parameter) -> None:
        """Ask for an image file and load it as the X-ray that a parameter holds."""
        path = askForXray()
        if path:
            with slicer.util.tryWithErrorDisplay(_("The image could not be loaded."), waitCursor=True):
                setattr(self._parameterNode, parameter, slicer.util.loadVolume(path, {"singleFile": True}))

    def onShapeModelButton(self) -> None:
        """Ask for a shape model's file."""
        path = askForShapeModel()
        if path:
            self._parameterNode.shapeModel = path

    def onPixelSizeEdited(self) -> None:
        """Set the X-ray's pixel size."""
        if not self._parameterNode:  # the field lost the focus because the module was left
            return
        volumeNode, size = self._parameterNode.inputVolume, self.ui.pixelSizeSpinBox.value
        if volumeNode and abs(size - volumeNode.GetSpacing()[0]) > 0.5 * 10**-self.ui.pixelSizeSpinBox.decimals:
            with slicer.util.tryWithErrorDisplay(_("The pixel size could not be set.")):
                self.logic.setPixelSize(volumeNode, size, marksOf(self._parameterNode))
                self._fitAgain(volumeNode)

    def onCalibrateButton(self) -> None:
        """Set the X-ray's pixel size by the line."""
        parameters = self._parameterNode
        with slicer.util.tryWithErrorDisplay(_("The X-ray could not be calibrated.")):
            others = [node for node in marksOf(self._parameterNode) if node is not parameters.calibrationLine]
            self.logic.calibrate(
                parameters.inputVolume, parameters.calibrationLine, parameters.calibrationLength, others
            )
            self._fitAgain(parameters.inputVolume)

    def _fitAgain(self, volumeNode) -> None:
        """Show an X-ray that has another size now."""
        showXray(volumeNode)
        turnToXrays()

    def onApplyButton(self) -> None:
        """Make the surface."""
        self._isBusy = True  # the progress dialog lets events through
        self.updatePanel()
        try:
            with slicer.util.tryWithErrorDisplay(_("No surface could be made of this X-ray.")):
                if hasPackages():
                    self.apply()
        finally:
            self._isBusy = False
            self.updatePanel()

    def apply(self) -> None:
        """Run the logic on the chosen nodes, with a progress dialog that can be cancelled."""
        from XRayTo3DLib import Cancelled

        parameters = self._parameterNode
        volumeNode, before = parameters.inputVolume, parameters.outputModel
        isFirst, layOnXray, spacing = not hasSurface(before), liesOnXray(before), volumeNode.GetSpacing()
        dialog = slicer.util.createProgressDialog(
            windowTitle=_("X-ray to 3D"), labelText=_("Starting"), windowModality=qt.Qt.ApplicationModal
        )

        def progress(fraction, text):
            dialog.labelText = text
            dialog.value = int(99 * fraction)  # at 100 it would close itself
            slicer.app.processEvents()
            return dialog.wasCanceled

        try:
            chosen = choices(parameters) | {
                "keepImages": parameters.keepImages,
                "markNodes": marksOf(self._parameterNode),
            }
            modelNode = self.logic.process(volumeNode, before, progress=progress, **chosen)
        except Cancelled:
            slicer.util.showStatusMessage(_("Stopped; nothing was changed."), 3000)
            return
        finally:
            dialog.close()
            dialog.deleteLater()
        parameters.reduction = 0.0
        parameters.outputModel = modelNode
        if volumeNode.GetSpacing() != spacing:
            self.preview.forget()
            self._fitAgain(volumeNode)
        if isFirst or liesOnXray(modelNode) != layOnXray:
            showXrayInSpace(liesOnXray(modelNode))
        xrays = usedXrays(parameters)
        if isFirst or showsOtherThan(len(xrays)):
            showBeside(xrays)
        if isFirst:
            lookAsSource(volumeNode, modelNode)
        self._followViews()
        self.onOtherXrayShown()

    def onSaveButton(self) -> None:
        """Ask for a file name and save the surface."""
        modelNode = self._parameterNode.outputModel
        path = askWhereToSave(modelNode.GetName())
        if path:
            with slicer.util.tryWithErrorDisplay(_("The surface could not be saved."), waitCursor=True):
                self.logic.saveModel(modelNode, path)

    def onReportButton(self) -> None:
        """Write the report and open it in a browser."""
        with slicer.util.tryWithErrorDisplay(_("The report could not be written."), waitCursor=True):
            folder = os.path.join(slicer.app.temporaryPath, "XRayTo3D-report")
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self.logic.writeReport(folder)))
