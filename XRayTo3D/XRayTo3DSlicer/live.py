"""The preview that follows the choices: the bone is found a moment after the last of them."""

import qt
from slicer.i18n import tr as _

from .obstacles import obstacleOf
from .packages import missingPackages
from .parameters import boneChoices
from .preview import previewNode, removePreview, showPreview
from .result import boneWords, sentence
from .views import showOver, showXray

_DELAY_MS = 50  # a slider that is dragged asks for one preview, not for many


class LivePreview:
    """The bone over the X-ray in the slice view, as long as it is wanted.

    :param logic: the module's logic, which finds the bone
    :param label: QLabel for what was found, or why nothing was
    """

    def __init__(self, logic, label) -> None:
        self._logic, self._label = logic, label
        self._parameters = None
        self._shown = None  # what the preview depends on, as it was when it was drawn
        self.timer = qt.QTimer()
        self.timer.setSingleShot(True)
        self.timer.setInterval(_DELAY_MS)
        self.timer.timeout.connect(self.update)

    def forget(self) -> None:
        """Draw anew when asked next, also if no choice has changed: a mark has moved."""
        self._shown = None

    def stop(self) -> None:
        """Take the preview away, and touch no widget: it may be gone already."""
        self.timer.stop()
        self._parameters = self._shown = None
        removePreview()

    def ask(self, parameters, isBusy=False) -> None:
        """Show the bone soon, if that is wanted and something changed."""
        if not parameters.preview or obstacleOf(parameters):
            self.stop()
            self._tell("")
            return
        self._parameters = parameters
        if not isBusy and self._choices() != self._shown:
            self.timer.start()

    def update(self) -> None:
        """Find the bone and show it over the X-ray."""
        parameters = self._parameters
        if not parameters or not parameters.preview or obstacleOf(parameters):
            return
        self._shown = self._choices()
        if missing := missingPackages():
            words = _("Press Apply once to install what is missing: {packages}.")
            self._tell(words.format(packages=", ".join(missing)))
            return
        try:
            bone = self._logic.lookForBone(parameters.inputVolume, **boneChoices(parameters))
        except ValueError as error:
            removePreview()
            self._tell(sentence(str(error)))
            return
        showXray(parameters.inputVolume)
        showPreview(bone.mask, parameters.inputVolume)
        showOver(previewNode().GetDisplayNode(), parameters.inputVolume)
        self._tell(sentence(boneWords(bone.as_json())))

    def _choices(self):
        return self._parameters.inputVolume, boneChoices(self._parameters)

    def _tell(self, text) -> None:
        self._label.text = text
        self._label.visible = bool(text)
