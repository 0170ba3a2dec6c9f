"""Files are complete or absent, and what went wrong is said in words."""

import os

import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.helpers.files import check_writable, replacing, replacing_folder


def test_a_file_appears_only_when_it_is_done(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path and temporary.suffix == ".txt"
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_goes_wrong_nothing_is_left(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("older")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_system_is_put_in_words(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(ReconstructionError, match="No space left on device") as caught, replacing(path):
        raise OSError(28, os.strerror(28))
    assert str(path) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_places_where_no_file_can_be_made(tmp_path):
    with pytest.raises(ReconstructionError, match="this is a folder"):
        check_writable(tmp_path)
    with pytest.raises(ReconstructionError, match="does not exist"):
        check_writable(tmp_path / "absent" / "a.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(ReconstructionError, match="does not exist"):
        check_writable(tmp_path / "file" / "a.txt")
    assert check_writable(str(tmp_path / "a.txt")) == tmp_path / "a.txt"


def test_a_file_beside_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with replacing("a.txt") as temporary:
        temporary.write_text("here")
    assert (tmp_path / "a.txt").read_text() == "here"


def test_a_name_too_long_is_refused_in_words(tmp_path):
    with pytest.raises(ReconstructionError, match="could not be written"), replacing(tmp_path / ("a" * 300 + ".stl")):
        pass


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a"
    for text in ("older", "new"):
        with replacing_folder(path) as temporary:
            (temporary / "b.txt").write_text(text)
            assert not path.exists() or (path / "b.txt").read_text() == "older"
        assert (path / "b.txt").read_text() == text and list(tmp_path.iterdir()) == [path]
    (tmp_path / "usual").mkdir()
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
    for error, raised in ((ValueError, ValueError), (OSError(28, "No space"), ReconstructionError)):
        with pytest.raises(raised), replacing_folder(path) as temporary:
            (temporary / "b.txt").write_text("half")
            raise error
        assert (path / "b.txt").read_text() == "new" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("letter", ["n", "я", "\udcfc"], ids=["Latin", "Cyrillic", "no text"])
def test_a_name_as_long_as_may_be_is_written(tmp_path, letter):
    """Its temporary file's name is no longer."""
    path = tmp_path / (letter * (251 // len(os.fsencode(letter))) + ".txt")
    with replacing(path) as temporary:
        temporary.write_text("done")
    assert path.read_text() == "done" and list(tmp_path.iterdir()) == [path]
