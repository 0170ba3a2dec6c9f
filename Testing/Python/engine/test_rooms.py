"""The rooms of the engine: who may import whom, and that nothing goes round in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import XRayTo3DLib

LIB = Path(XRayTo3DLib.__file__).parent
LONGEST = 400  # lines of a file
# Each room, and the rooms that it may import beside itself. Who stands lower in this table stands above in the house.
ALLOWED = {
    "errors": "",
    "version": "",
    "choices": "",
    "helpers": "errors",
    "geometry": "errors choices helpers",
    "radiograph": "errors choices helpers",
    "tone": "helpers",
    "segmentation": "errors choices helpers geometry",
    "depth": "errors helpers geometry",
    "surface": "errors helpers geometry",
    "anatomy": "errors surface",
    "shape": "errors helpers geometry surface anatomy",
    "volume": "errors helpers geometry surface",
    "evaluate": "errors choices surface anatomy",
    "case": "errors version choices helpers geometry radiograph segmentation surface",
    "methods": "errors helpers geometry radiograph segmentation tone depth surface shape volume case",
    "pipeline": "errors helpers geometry radiograph segmentation tone depth surface shape evaluate case methods",
    "simulate": "errors version choices helpers geometry radiograph surface anatomy",
    "report": "helpers geometry segmentation tone surface anatomy case methods pipeline",
    "archive": "errors version helpers radiograph surface shape case methods pipeline",
    "batch": "errors version helpers radiograph case pipeline report",
    "train": """errors helpers geometry radiograph segmentation depth surface anatomy shape volume evaluate case
        methods simulate report""",
    "commands": """errors version choices helpers geometry radiograph segmentation surface anatomy evaluate case methods
        pipeline simulate report archive batch train""",
}


def modules():
    """Every module of the engine by its dotted name, without the package's own."""
    for path in sorted(LIB.rglob("*.py")):
        parts = path.relative_to(LIB).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


FILES = dict(modules())


def imported(name, path):
    """Modules of the engine that a file imports, wherever in it: a type that is only named counts too."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    package = [part for part in package if part]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        for alias in node.names:
            inner = ".".join([*base, alias.name])
            yield inner if inner in FILES else ".".join(base)


def test_rooms_import_what_their_row_allows():
    for name, path in FILES.items():
        room = name.split(".")[0]
        if room in ("", "__main__"):  # the package itself and its command stand above all
            continue
        others = {each.split(".")[0] for each in imported(name, path)} - {room}
        assert others <= set(ALLOWED[room].split()), (name, others - set(ALLOWED[room].split()))


def test_rooms_stand_above_what_they_import():
    order = list(ALLOWED)
    for room, allowed in ALLOWED.items():
        assert all(order.index(other) < order.index(room) for other in allowed.split()), room
    assert set(order) == {name.split(".")[0] for name in FILES} - {"", "__main__"}


def test_no_file_is_in_a_circle():
    """A package's own file names what is in it; whoever imports the package depends on its files."""
    graph = {name: {each for each in imported(name, path) if each not in ("", name)} for name, path in FILES.items()}
    tuple(TopologicalSorter(graph).static_order())  # CycleError


def test_the_engine_knows_neither_slicer_nor_qt():
    for path in LIB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {"slicer", "qt", "ctk", "XRayTo3DSlicer"} & {name.split(".")[0] for name in names}, path


@pytest.mark.parametrize("folder", [LIB, LIB.parent / "XRayTo3DSlicer"], ids=["engine", "module"])
def test_no_file_is_long(folder):
    long = {
        path.name: lines for path in folder.rglob("*.py") if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long
