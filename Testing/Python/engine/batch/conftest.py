"""Small radiographs, for planning and for working."""

import cv2
import numpy as np
import pytest

from XRayTo3DLib.batch.choices import Choices
from XRayTo3DLib.case import Finding, Making


@pytest.fixture(scope="session")
def quick():
    """Choices with which a case takes a second."""
    return Choices(Finding(segmentation="clusters"), Making(method="solid", triangles=2000), 0.5, 1200.0, 1000.0)


@pytest.fixture(scope="session")
def write_picture(phantom):
    """Function that writes the phantom as a picture file, the noise drawn by `seed`."""

    def write(path, seed=0):
        noise = np.random.default_rng(seed).integers(0, 200, phantom.shape)
        picture = np.clip(phantom + noise, 0, 65535).astype(np.uint16)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        return str(path)

    return write
