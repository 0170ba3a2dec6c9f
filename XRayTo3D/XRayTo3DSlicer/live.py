"""The preview that follows the choices: the bone is found in each view a moment after the last of them."""

import qt
from slicer.i18n import tr as _

from .further import furtherViews
from .obstacles import obstacleOf
from .packages import missingPackages
from .parameters import boneChoices, findingChoices, usedXrays
from .preview import previewNode, removePreview, removePreviews, showPreview
from .result import boneWords, sentence
from .views import shownXrays, showOver, showXray

_DELAY_MS = 50  # a slider that is dragged asks for one preview, not for many


class LivePreview:
    """The bone over each X-ray that a slice view shows, as long as it is wanted.

    :param logic: the module's logic, which finds the bone
    :param label: QLabel for what was found, or why nothing was
    """

    def __init__(self, logic, label) -> None:
        self._logic, self._label = logic, label
        self._parameters = None
        self._shown = {}  # by view, what the preview depends on, as it was when it was drawn, and what was told
        self.timer = qt.QTimer()
        self.timer.setSingleShot(True)
        self.timer.setInterval(_DELAY_MS)
        self.timer.timeout.connect(self.update)

    def forget(self) -> None:
        """Draw anew when asked next, also if no choice has changed: a mark has moved."""
        self._shown = {}

    def stop(self) -> None:
        """Take the preview away, and touch no widget: it may be gone already."""
        self.timer.stop()
        self._parameters = None
        self._shown = {}
        removePreviews()

    def ask(self, parameters, isBusy=False) -> None:
        """Show the bone soon, if that is wanted and something changed."""
        if not parameters.preview or obstacleOf(parameters):
            self.stop()
            self._tell("")
            return
        self._parameters = parameters
        if not isBusy and self._wanted() != {number: chosen for number, (chosen, _told) in self._shown.items()}:
            self.timer.start()

    def update(self) -> None:
        """Find the bone in the views that changed and show it over their X-rays."""
        parameters = self._parameters
        if not parameters or not parameters.preview or obstacleOf(parameters):
            return
        if missing := missingPackages():
            words = _("Press Apply once to install what is missing: {packages}.")
            self._shown = {number: (chosen, "") for number, chosen in self._wanted().items()}
            self._tell(words.format(packages=", ".join(missing)))
            return
        if not any(volumeNode in shownXrays() for volumeNode in usedXrays(parameters)):
            showXray(parameters.inputVolume)
        before, self._shown = self._shown, {}
        for number, (volumeNode, chosen) in self._wanted().items():
            known = before.pop(number, None)
            isKnown = known is not None and known[0] == (volumeNode, chosen)
            told = known[1] if isKnown else self._draw(number, volumeNode, chosen)
            self._shown[number] = (volumeNode, chosen), told
        removePreviews(but=self._shown)
        words = [told for _chosen, told in self._shown.values()]
        names = [volumeNode.GetName() for (volumeNode, _chosen), _told in self._shown.values()]
        isOne = len(words) == 1
        self._tell("\n".join(told if isOne else f"{name}: {told}" for name, told in zip(names, words, strict=True)))

    def _draw(self, number, volumeNode, chosen) -> str:
        """Find the bone in one view and show it; return what was found, in words."""
        try:
            bone = self._logic.lookForBone(volumeNode, **chosen)
        except ValueError as error:
            removePreview(number)
            return sentence(str(error))
        showPreview(bone.mask, volumeNode, number)
        showOver(previewNode(number).GetDisplayNode(), volumeNode)
        return sentence(boneWords(bone.as_json()))

    def _wanted(self) -> dict:
        """X-ray and choices of each view, by its number, that a slice view shows; of the first one if none does."""
        parameters = self._parameters
        views = [(parameters.inputVolume, boneChoices(parameters))]
        for each in furtherViews(parameters)[: len(usedXrays(parameters)) - 1]:
            chosen = findingChoices(parameters) | each
            views.append((chosen.pop("volumeNode"), chosen))
        shown = shownXrays()
        seen = {number: view for number, view in enumerate(views) if view[0] in shown}
        return seen or {0: views[0]}

    def _tell(self, text) -> None:
        self._label.text = text
        self._label.visible = bool(text)
