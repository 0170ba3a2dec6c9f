"""A broken bone in the scene: lines along its fracture."""

import numpy as np
import pytest
from hypothesis import given

from .conftest import part
from .test_marks import placed, quick, xray_at
from .test_placement import ijk_to_ras


@quick
@given(matrix=ijk_to_ras())
def test_a_line_along_a_fracture_lies_on_its_pixels(module, scene, matrix):
    volume = xray_at(matrix)
    line = placed(scene, "vtkMRMLMarkupsLineNode", [(9, 30), (45.5, 34)], matrix, off_plane=2.0)
    np.testing.assert_allclose(part("marks").fractureLineOf(line, volume), (9, 30, 45.5, 34), atol=1e-6)
    scene.Clear()


def test_a_line_without_its_second_end_is_refused_in_words(module, logic, scene):
    matrix = np.diag([-0.5, -0.5, 1, 1])
    volume, line = xray_at(matrix), placed(scene, "vtkMRMLMarkupsLineNode", [(9, 30)], matrix)
    with pytest.raises(ValueError, match="no two points yet"):
        logic.process(volume, fractureNode=line)
    assert scene.GetNumberOfNodesByClass("vtkMRMLModelNode") == 0


def test_each_view_has_its_own_line(module, logic, scene, monkeypatch):
    import XRayTo3DLib

    class StopError(Exception):
        """What ends the work before it has begun."""

    def reconstruct(case, settings, progress=None):
        told.extend(view.marking.fracture_line for view in case.views)
        raise StopError

    told, ends = [], [[(9, 30 + number), (45, 34)] for number in range(3)]
    monkeypatch.setattr(XRayTo3DLib, "reconstruct", reconstruct)
    matrices = [np.diag([-0.5, -0.5, 1, 1]), np.diag([-0.4, 0.4, 1, 1]), np.diag([0.3, -0.3, 1, 1])]
    volumes = [xray_at(matrix) for matrix in matrices]
    lines = [placed(scene, "vtkMRMLMarkupsLineNode", each, matrix) for each, matrix in zip(ends, matrices, strict=True)]
    further = {"lateralNode": volumes[1], "lateralFractureNode": lines[1]}
    with pytest.raises(StopError):
        logic.process(volumes[0], fractureNode=lines[0], furtherViews=[(volumes[2], None, None, lines[2])], **further)
    np.testing.assert_allclose(np.reshape(told, (3, 2, 2)), ends, atol=1e-4)
    told.clear()
    with pytest.raises(StopError):
        logic.process(
            volumes[0], fractureNode=lines[0], lateralNode=volumes[1], furtherViews=[(volumes[2], None, None)]
        )
    assert told[1:] == [None, None]
