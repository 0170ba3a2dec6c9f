"""What a command says is one line, whatever a file's name or a file holds."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import XRayTo3DLib
from XRayTo3DLib.choices import METHOD_NAMES
from XRayTo3DLib.commands.main import main
from XRayTo3DLib.commands.terminal import fail, one_line, warn
from XRayTo3DLib.methods import METHODS


@given(st.text(max_size=20))
def test_a_line_holds_nothing_that_a_terminal_obeys(text):
    line = one_line(text)
    assert line.isprintable() and len(line) == len(text)
    assert all(here == there for here, there in zip(line, text, strict=True) if there.isprintable())


def test_words_are_kept():
    assert one_line("Hüfte\nlinks\t🦴: 3 × 4 mm") == "Hüfte links 🦴: 3 × 4 mm"


def test_errors_and_warnings_are_a_line_each(capsys):
    assert fail("a\r\nb\x1b[2J", 2) == 2
    warn(["c\nd", "e\udcfc"])
    assert capsys.readouterr().err.splitlines() == [
        "xrayto3d: error: a  b\N{REPLACEMENT CHARACTER}[2J",
        "xrayto3d: warning: c d",
        "xrayto3d: warning: e\N{REPLACEMENT CHARACTER}",
    ]


def test_a_name_with_a_terminal_s_commands(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "a\n\x1b[31mb.stl"), str(tmp_path / "c.stl")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable() and "a \N{REPLACEMENT CHARACTER}[31mb.stl: there is no such file" in line


def test_a_library_that_is_missing_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    (tmp_path / "a.ply").write_text("ply")
    assert main(["evaluate", str(tmp_path / "a.ply"), str(tmp_path / "a.ply")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "a library cannot be loaded (" in line and "trimesh" in line


@pytest.mark.parametrize("command", ["", "reconstruct", "simulate"])
def test_help_loads_nothing_heavy(command):
    """A command is asked for its help, and to complete its options, more often than for a surface."""
    heavy = ["cv2", "matplotlib", "numpy", "pydicom", "scipy", "SimpleITK", "sklearn", "trimesh", "vtkmodules"]
    told = f"""
import sys
from XRayTo3DLib.commands.main import main
try:
    main([{command!r}, "--help"] if {command!r} else ["--help"])
finally:
    print("loaded:", *(name for name in {heavy} if name in sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert "usage: xrayto3d" in said and said.splitlines()[-1].strip() == "loaded:"


def test_what_may_be_chosen_is_what_there_is():
    assert tuple(METHODS) == METHOD_NAMES
    for name in (*XRayTo3DLib.__all__, "anatomy", "depth", "shape", "tone"):
        assert getattr(XRayTo3DLib, name) is not None and name in dir(XRayTo3DLib)
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        XRayTo3DLib.no_such_name  # noqa: B018
