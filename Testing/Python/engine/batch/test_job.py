"""One case: its folder has all of it, or says why there is nothing."""

import json
import os
from pathlib import Path

import cv2
import pytest

from XRayTo3DLib.batch.cases import Planned
from XRayTo3DLib.batch.job import make_case
from XRayTo3DLib.batch.record import CASES, fingerprint, read_record, rows_of
from XRayTo3DLib.errors import ReconstructionError


@pytest.fixture
def output(tmp_path):
    (tmp_path / CASES).mkdir()
    return tmp_path


def test_a_case_has_surface_numbers_report_and_picture(output, write_picture, quick):
    planned = Planned((write_picture(output / "a.png"),))
    threads = cv2.getNumThreads()
    make_case(planned, quick, str(output))
    assert cv2.getNumThreads() == threads
    folder = output / CASES / planned.name
    assert {path.name for path in folder.iterdir()} == {
        "bone.stl",
        "scene.json",
        "report",
        "thumbnail.jpg",
        "case.json",
    }
    told, scene = read_record(planned, output), json.loads((folder / "scene.json").read_text())
    (row,) = rows_of(told, planned, "report")
    assert told["fingerprint"] == fingerprint(planned, quick) and told["seconds"] > 0 and told["error"] == ""
    assert row["method"] == "solid" and row["warnings"] == scene["warnings"] and row["report"] == "report"
    assert max(cv2.imread(str(folder / "thumbnail.jpg")).shape[:2]) == 160


@pytest.mark.parametrize("content", [None, b"", b"Dear reader", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_fails_is_a_row_with_words(output, quick, content):
    path = output / "a.png"
    if content is not None:
        path.write_bytes(content)
    planned = Planned((str(path),), ("a note",))
    make_case(planned, quick, str(output))
    (row,) = rows_of(read_record(planned, output), planned, "report")
    assert row["error"].startswith(f"{path}: ") and row["report"] == "" and row["warnings"] == ["a note"]
    assert [each.name for each in (output / CASES / planned.name).iterdir()] == ["case.json"]


def test_what_a_case_depends_on(output, write_picture, quick):
    from dataclasses import replace

    path = output / "a.png"
    planned = Planned((write_picture(path),))
    mark = fingerprint(planned, quick)
    assert mark == fingerprint(Planned((str(path),)), replace(quick))
    assert mark != fingerprint(planned, replace(quick, sid_mm=1201))
    assert mark != fingerprint(planned, replace(quick, making=replace(quick.making, triangles=2001)))
    path.chmod(0o600)
    assert mark != (mark := fingerprint(planned, quick))  # a file that could not be read may be readable now
    write_picture(path, seed=1)
    assert mark != (mark := fingerprint(planned, quick))
    path.unlink()
    assert mark != fingerprint(planned, quick)


def test_a_clock_that_jumps_makes_no_old_result_pass_for_a_new_one(tmp_path, quick):
    """Another file of the same size is another one, also if its time is earlier than that of the one before."""
    path = tmp_path / "a.png"
    marks = set()
    for content, time in ((b"one", 2_000_000_000), (b"two", 1_000_000_000)):
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        os.utime(path, (time, time))
        marks.add(fingerprint(Planned((str(path),)), quick))
    assert len(marks) == 2


def test_where_nothing_can_be_written_nothing_is_left(output, write_picture, quick, monkeypatch):
    planned = Planned((write_picture(output / "a.png"),))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("XRayTo3DLib.batch.job.write_record", full)
    with pytest.raises(ReconstructionError, match="No space left on device"):
        make_case(planned, quick, str(output))
    assert list(Path(output, CASES).iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000], ids=["empty", "list", "no mark", "deep"])
def test_a_record_that_cannot_be_read_is_none(output, text):
    """Then the case is done again."""
    planned = Planned((str(output / "a.dcm"),))
    folder = output / CASES / planned.name
    folder.mkdir()
    (folder / "case.json").write_text(text)
    assert read_record(planned, output) is None


def test_a_name_that_no_file_can_have_is_a_record(output, quick):
    planned = Planned((str(output / "a\0b.dcm"),))
    make_case(planned, quick, str(output))
    told = read_record(planned, output)
    assert told["fingerprint"] == fingerprint(planned, quick) and "cannot be read (embedded null byte)" in told["error"]
