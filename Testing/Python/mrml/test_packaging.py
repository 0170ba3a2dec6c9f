"""The extension's files agree with each other: what CMake packages, names and addresses, the panel's bindings.

These read files only; neither Slicer nor its core is needed.
"""

import ast
import json
import re
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "XRayTo3D"
UI = MODULE / "Resources" / "UI" / "XRayTo3D.ui"
HOME = "https://github.com/XRayTo3D/SlicerXRayTo3D"
RAW = "https://raw.githubusercontent.com/XRayTo3D/SlicerXRayTo3D/main/"
SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.2.json#"
)
SCHEMA_KEYS = {
    "$schema",
    "build_dependencies",
    "build_subdirectory",
    "category",
    "dicom_support_rule",
    "enabled",
    "scm_revision",
    "scm_type",
    "scm_url",
    "tier",
}


def cmake(path):
    """Text of a CMake file without comments."""
    return re.sub(r"#.*", "", path.read_text())


def cmake_variables():
    """`set(NAME "value")` of the extension's CMakeLists.txt."""
    return dict(re.findall(r'set\((\w+) "([^"]*)"\)', cmake(ROOT / "CMakeLists.txt")))


def cmake_list(name):
    """Files in a `set(NAME ...)` of the module's CMakeLists.txt."""
    found = re.search(rf"set\({name}\s([^)]*)\)", cmake(MODULE / "CMakeLists.txt"))
    return [item.replace("${MODULE_NAME}", "XRayTo3D") for item in found[1].split()]


def s4ext():
    lines = (ROOT / "XRayTo3D.s4ext").read_text().splitlines()
    pairs = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return {key: rest[0] if rest else "" for key, *rest in pairs}


def test_cmake_packages_every_library_file():
    folders = ("XRayTo3DLib", "XRayTo3DSlicer")
    files = {p.relative_to(MODULE).as_posix() for each in folders for p in (MODULE / each).rglob("*") if p.is_file()}
    files = {p for p in files if "__pycache__" not in p}
    scripts, resources = cmake_list("MODULE_PYTHON_SCRIPTS"), cmake_list("MODULE_PYTHON_RESOURCES")
    listed = {p for p in [*scripts, *resources] if p.startswith(("XRayTo3DLib/", "XRayTo3DSlicer/"))}
    assert listed == files
    assert len(set(scripts)) == len(scripts)
    assert all(p.endswith(".py") for p in scripts)


def test_cmake_packages_every_resource():
    files = {p.relative_to(MODULE).as_posix() for p in (MODULE / "Resources").rglob("*") if p.is_file()}
    resources = {p for p in cmake_list("MODULE_PYTHON_RESOURCES") if p.startswith("Resources/")}
    assert resources == files


def test_module_file_is_the_only_one_beside_the_library():
    """Slicer takes every Python file in that folder for a module."""
    assert [p.name for p in MODULE.glob("*.py")] == ["XRayTo3D.py"]


def test_self_test_is_registered():
    assert "slicer_add_python_unittest(SCRIPT ${MODULE_NAME}.py)" in cmake(MODULE / "CMakeLists.txt")


def test_names_agree():
    project = re.search(r"project\((\w+)\)", cmake(ROOT / "CMakeLists.txt"))[1]
    names = {p.stem for pattern in ("*.json", "*.s4ext") for p in ROOT.glob(pattern)}
    assert names == {project} == {"XRayTo3D"}
    assert "set(MODULE_NAME XRayTo3D)" in cmake(MODULE / "CMakeLists.txt")
    assert "add_subdirectory(XRayTo3D)" in cmake(ROOT / "CMakeLists.txt")


def test_catalogue_entry_fits_the_schema():
    entry = json.loads((ROOT / "XRayTo3D.json").read_text())
    assert {"$schema", "category", "scm_url"} <= set(entry) <= SCHEMA_KEYS
    assert entry["$schema"] == SCHEMA
    assert entry["category"] == "Tomographic Reconstruction"
    assert entry["scm_type"] == "git"
    assert entry["build_dependencies"] == []
    assert isinstance(entry["tier"], int)
    assert 1 <= entry["tier"] <= 5


def test_descriptions_agree():
    variables, entry, old = cmake_variables(), json.loads((ROOT / "XRayTo3D.json").read_text()), s4ext()
    assert variables["EXTENSION_HOMEPAGE"] == old["homepage"] == HOME
    assert entry["scm_url"] == old["scmurl"] == HOME + ".git"
    assert entry["scm_revision"] == old["scmrevision"]
    assert entry["category"] == old["category"] == variables["EXTENSION_CATEGORY"]
    assert str(entry["tier"]) == old["tier"] == variables["EXTENSION_TIER"]
    assert entry["build_subdirectory"] == old["build_subdirectory"]
    assert variables["EXTENSION_DEPENDS"] == old["depends"] == "NA"
    for name in ("CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "STATUS"):
        assert variables[f"EXTENSION_{name}"] == old[name.lower()], name


def test_linked_pictures_are_in_the_repository():
    variables = cmake_variables()
    addresses = [variables["EXTENSION_ICONURL"], *variables["EXTENSION_SCREENSHOTURLS"].split()]
    for address in addresses:
        assert address.startswith(RAW)
        assert (ROOT / address.removeprefix(RAW)).is_file(), address


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda path: path.stem
)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), flags=re.M)
            anchors = [re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles]
            assert heading in anchors, (target, anchors)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_packaged_documents_exist():
    for name in ("EXTENSION_LICENSE_FILE", "EXTENSION_README_FILE"):
        path = cmake_variables()[name].replace("${CMAKE_CURRENT_SOURCE_DIR}", str(ROOT))
        assert Path(path).is_file(), path
    assert (ROOT / "LICENSE.txt").read_text().startswith("MIT License")


@pytest.mark.parametrize("path", [ROOT / "Resources" / "XRayTo3D.png", MODULE / "Resources" / "Icons" / "XRayTo3D.png"])
def test_icons_are_small_square_pngs(path):
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", head[16:24]) == (128, 128)


def test_line_ends_are_lf():
    suffixes = {".py", ".txt", ".json", ".s4ext", ".ui", ".md", ".toml", ".cmake"}
    for folder in (ROOT, ROOT / "Testing", MODULE):
        for path in folder.glob("*") if folder == ROOT else folder.rglob("*"):
            installed = any(part.endswith(".egg-info") for part in path.parts)
            if path.is_file() and path.suffix in suffixes and not installed:
                data = path.read_bytes()
                assert b"\r" not in data, path
                assert not data or data.endswith(b"\n"), path


def test_requirements_are_a_subset_of_the_engine_s():
    """What Slicer must add is what the engine asks for, at the same versions."""
    lines = (MODULE / "Resources" / "requirements.txt").read_text().splitlines()
    required = {line for line in lines if line and not line.startswith("#")}
    engine = set(re.findall(r'"([\w.-]+>=[\w.]+)"', (ROOT / "pyproject.toml").read_text()))
    assert required <= engine
    assert all(">=" in line for line in required)


def test_every_library_has_its_licence_listed():
    text = (ROOT / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("[project.scripts]")[0]
    libraries = set(re.findall(r'"([\w.-]+)>=', text))
    listed = re.findall(
        r"^\| ([\w.-]+) \| (.+) \| .+ \|$", (ROOT / "Resources" / "CREDITS.md").read_text(), re.MULTILINE
    )
    assert {name for name, _ in listed} - {"library"} == libraries
    assert len(libraries) > 30 and not [name for name, licence in listed if licence.startswith(("GPL", "AGPL"))]


def test_no_package_that_slicer_lacks_is_needed_to_load_the_engine():
    """Slicer starts, and lists the module, before anything is installed: such imports stand inside functions."""
    late = {"cv2", "sklearn", "manifold3d", "matplotlib", "tqdm", "contourpy", "shapely", "skimage", "plotly", "jinja2"}
    late |= {"trimesh"}
    for path in MODULE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not late & {name.split(".")[0] for name in names}, path


# The panel


def parameter_fields():
    """Fields of the parameter node and their annotations, read from the module's text."""
    tree = ast.parse((MODULE / "XRayTo3DSlicer" / "parameters.py").read_text())
    node = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "XRayTo3DParameterNode")
    return {n.target.id: ast.unparse(n.annotation) for n in node.body if isinstance(n, ast.AnnAssign)}


def widgets():
    """All widgets of the panel by name."""
    found = list(ElementTree.parse(UI).iter("widget"))
    names = [widget.get("name") for widget in found]
    assert len(set(names)) == len(names)
    return dict(zip(names, found, strict=True))


def prop(widget, name):
    return next((p for p in widget.findall("property") if p.get("name") == name), None)


def test_panel_parameters_are_fields_of_the_parameter_node():
    bound = [p.findtext("string") for w in widgets().values() if (p := prop(w, "SlicerParameterName")) is not None]
    assert sorted(bound) == sorted(parameter_fields())


def test_parameters_are_bound_by_widgets_that_slicer_can_bind():
    """As Slicer's connectors declare it: the exact type counts."""
    kinds = {
        "bool": {"QCheckBox"},
        "str": {"QLineEdit"},
        "int": {"QSpinBox"},
        "float": {"QDoubleSpinBox", "ctkSliderWidget"},
        "FloatRange": {"ctkRangeWidget"},
    }
    for widget in widgets().values():
        if (bound := prop(widget, "SlicerParameterName")) is not None:
            annotation = parameter_fields()[bound.findtext("string")]
            kind = re.sub(r"Annotated\[(\w+),.*", r"\1", annotation)
            other = {"qMRMLNodeComboBox"} if "vtkMRML" in annotation else {"QComboBox"}
            assert widget.get("class") in kinds.get(kind, other), (widget.get("name"), annotation)


def test_numbers_have_the_parameters_ranges():
    kinds = {"QSpinBox": "number", "QDoubleSpinBox": "double", "ctkSliderWidget": "double", "ctkRangeWidget": "double"}
    numbers = [w for w in widgets().values() if w.get("class") in kinds and prop(w, "SlicerParameterName") is not None]
    assert len(numbers) > 5
    for widget in numbers:
        annotation = parameter_fields()[prop(widget, "SlicerParameterName").findtext("string")]
        low, high = (prop(widget, name).findtext(kinds[widget.get("class")]) for name in ("minimum", "maximum"))
        assert re.search(rf"(WithinRange|RangeBounds)\({low}, {high}\)", annotation), widget.get("name")


def test_node_selectors_know_their_types_and_the_scene():
    selectors = {name: w for name, w in widgets().items() if w.get("class") == "qMRMLNodeComboBox"}
    assert selectors
    for name, widget in selectors.items():
        types = [s.text for s in prop(widget, "nodeTypes").iterfind("stringlist/string")]
        # Binding replaces the selector's node types by those of the parameter, so both must agree.
        annotation = parameter_fields()[prop(widget, "SlicerParameterName").findtext("string")]
        assert types == re.findall(r"vtkMRML\w+", annotation), name
    connections = {
        (c.findtext("sender"), c.findtext("signal"), c.findtext("receiver"), c.findtext("slot"))
        for c in ElementTree.parse(UI).iter("connection")
    }
    placers = [name for name, w in widgets().items() if w.get("class") == "qSlicerMarkupsPlaceWidget"]
    scene = ("mrmlSceneChanged(vtkMRMLScene*)", "setMRMLScene(vtkMRMLScene*)")
    node = ("currentNodeChanged(vtkMRMLNode*)", "setCurrentNode(vtkMRMLNode*)")
    expected = {("XRayTo3D", scene[0], name, scene[1]) for name in (*selectors, *placers)}
    expected |= {(name.replace("PlaceWidget", "Selector"), node[0], name, node[1]) for name in placers}
    assert connections == expected


def test_panel_uses_only_widgets_that_exist():
    """Both `self.ui.name` and `ui.name`; and all buttons do something."""
    trees = [ast.parse(path.read_text()) for path in (MODULE / "XRayTo3DSlicer").glob("*.py")]
    attributes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used = {
        node.attr for node in attributes if "ui" in (getattr(node.value, "attr", ""), getattr(node.value, "id", ""))
    }
    assert {name for name, w in widgets().items() if w.get("class") == "QPushButton"} <= used
    assert used <= set(widgets())


def test_custom_widgets_are_declared():
    declared = {c.findtext("class") for c in ElementTree.parse(UI).iter("customwidget")}
    assert declared == {w.get("class") for w in widgets().values() if not w.get("class").startswith("Q")}


def test_everything_to_fill_in_is_explained():
    for widget in widgets().values():
        if widget.get("class") not in ("QLabel", "qMRMLWidget", "ctkCollapsibleButton"):
            assert prop(widget, "toolTip") is not None, widget.get("name")
