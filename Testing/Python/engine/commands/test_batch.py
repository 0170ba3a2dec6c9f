"""The command `batch`: usage in one line; how it works is tested beside `XRayTo3DLib.batch`."""

import sys

import pytest

from XRayTo3DLib.commands.main import main
from XRayTo3DLib.errors import Cancelled


def run(*arguments):
    try:
        return main(["batch", *map(str, arguments)])
    except SystemExit as stop:
        return stop.code


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent"], "absent: there is no such file or folder"),
        (["."], "no radiograph was found"),
        ([".", "--workers", "0"], "--workers 0"),
        ([".", "--workers", "2", "--scheduler", "tcp://127.0.0.1:9"], "not allowed with"),
        ([".", "--pair", "absent.csv"], "--pair absent.csv"),
        ([".", "--bones", "skull"], "skull"),
        ([".", "--triangles", "3"], "not 3"),
        ([".", "--pixel-size", "-1"], "pixel_size_mm: -1"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(tmp_path, monkeypatch, capfd, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments, "-o", "out") == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch, capfd):
    for name in [name for name in sys.modules if name.startswith("XRayTo3DLib.batch")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(tmp_path, "-o", tmp_path / "out") == 2
    assert "batch needs the Python package distributed: pip install 'xrayto3d[batch]'" in capfd.readouterr().err


def test_a_wish_to_stop_is_status_130(tmp_path, monkeypatch, capfd):
    def stopped(*_):
        raise Cancelled

    monkeypatch.setattr("XRayTo3DLib.batch.run_batch", stopped)
    assert run(tmp_path, "-o", tmp_path / "out") == 130
    assert capfd.readouterr() == ("", "xrayto3d: stopped; finished cases are kept, and the same command goes on.\n")
