"""The Python packages that the engine needs and Slicer lacks: asked for and installed on first use."""

import os

import slicer
from slicer.i18n import tr as _

REQUIREMENTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "Resources", "requirements.txt")


def ensurePackages(skipInTesting=True) -> bool:
    """Install the missing packages, if the user agrees; tell whether they are there."""
    missing = missingPackages()
    if not missing:
        return True
    question = _(
        "XRayTo3D finds the bone and makes its surface with Python packages that Slicer does not bring. "
        "These are missing:\n\n{packages}\n\nInstall them into Slicer now? It needs a network and happens once."
    )
    if not slicer.util.confirmOkCancelDisplay(question.format(packages="\n".join(missing)), "XRayTo3D"):
        return False
    try:
        from slicer.packaging import load_requirements, pip_ensure
    except ImportError:  # Slicer 5.10
        slicer.util.pip_install(missing)
    else:
        pip_ensure(
            load_requirements(REQUIREMENTS),
            prompt_install=False,
            requester="XRayTo3D",
            skip_in_testing=skipInTesting,
        )
    return True


def hasPackages() -> bool:
    """Install what is missing if the user agrees; that he does not is no error, and is told."""
    if ensurePackages():
        return True
    slicer.util.showStatusMessage(_("Nothing was installed, and nothing was done."), 3000)
    return False


def missingPackages(path=REQUIREMENTS) -> list:
    """Return the lines of a requirements file that this Python does not satisfy."""
    from importlib import metadata

    from packaging.requirements import Requirement

    def isMissing(requirement) -> bool:
        try:
            return metadata.version(requirement.name) not in requirement.specifier
        except metadata.PackageNotFoundError:
            return True

    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    return [line for line in lines if isMissing(Requirement(line))]
