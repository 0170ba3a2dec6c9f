"""A broken bone in the panel: a line along the fracture in each view."""

from ..mrml.conftest import part
from .test_further_views import NAMES, four  # noqa: F401 - a fixture

LINES = {"fracture": "fractureLine", **{f"{name}Fracture": f"{name}FractureLine" for name in NAMES}}


def test_a_new_line_is_placed_at_once_on_its_own_xray(four, app):  # noqa: F811
    from ..stand_ins.widgets import create_node

    panel, volumes = four
    for (name, parameter), volume in zip(LINES.items(), volumes, strict=True):
        line = create_node(getattr(panel.ui, f"{name}Selector"))
        assert line.IsA("vtkMRMLMarkupsLineNode") and getattr(panel._parameterNode, parameter) is line
        assert app.layoutManager().shown() == volume.GetID()


def test_lines_are_chosen_for_shape_models_alone(four, scene):  # noqa: F811
    panel, volumes = four
    parameters, kinds = panel._parameterNode, part("parameters")
    lines = [scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", name) for name in LINES]
    for parameter, line in zip(LINES.values(), lines, strict=True):
        setattr(parameters, parameter, line)
    chosen = kinds.choices(parameters)
    assert (chosen["fractureNode"], chosen["lateralFractureNode"]) == (lines[0], lines[1])
    assert [each[3] for each in chosen["furtherViews"]] == lines[2:]
    assert part("further").furtherMarks(parameters) == list(zip(lines[1:], volumes[1:], strict=True))
    assert lines[0] in part("placing").marksOf(parameters)
    parameters.method = kinds.Method.SOLID
    assert "fractureNode" not in kinds.choices(parameters) and not panel.ui.fractureSelector.enabled
