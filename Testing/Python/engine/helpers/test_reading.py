"""Files of numbers: what is there is read, what is too large or too deep is refused before it is unpacked."""

import os
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.helpers import reading
from XRayTo3DLib.helpers.reading import MOST_TEXT, opened, parse_json, read_arrays, read_text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_at_once_and_a_link_to_a_file_is_not(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    rescue = threading.Timer(5, lambda: os.close(os.open(tmp_path / "pipe.png", os.O_WRONLY)))  # or it would wait
    rescue.start()
    with pytest.raises(OSError, match="a pipe or a device, not a file"):
        opened(tmp_path / "pipe.png")
    rescue.cancel()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link.txt").symlink_to("a.txt")
    assert read_text(tmp_path / "link.txt") == "a"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_text_is_read_with_and_without_its_mark(tmp_path, mark):
    (tmp_path / "a.txt").write_bytes(mark + "Hüfte".encode())
    assert read_text(tmp_path / "a.txt") == "Hüfte"


def test_text_has_a_ceiling_to_the_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_TEXT", 10)
    (tmp_path / "a.txt").write_bytes(b"0123456789")
    assert read_text(tmp_path / "a.txt") == "0123456789"
    (tmp_path / "a.txt").write_bytes(b"0123456789a")
    with pytest.raises(ValueError, match="longer than 10 bytes"):
        read_text(tmp_path / "a.txt")
    assert MOST_TEXT == 2**24


@given(st.integers(10_000, 100_000), st.sampled_from(["[", '{"a":', '[{"a":']))
def test_deep_json_is_refused_in_words(depth, opened):
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(opened * depth)


def test_arrays_come_back(tmp_path):
    made = {"a": np.arange(6.0).reshape(2, 3), "b": np.array("femur")}
    np.savez_compressed(tmp_path / "a.npz", **made)
    read = read_arrays(tmp_path / "a.npz", ["a"], ["b", "c"])
    assert read["a"].tolist() == made["a"].tolist() and str(read["b"]) == "femur" and set(read) == {"a", "b"}
    with pytest.raises(KeyError, match="c"):
        read_arrays(tmp_path / "a.npz", ["a", "c"])


def test_a_small_file_that_unpacks_to_much_takes_no_memory(tmp_path, monkeypatch):
    most, path = 2**25, tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(most, np.uint8))
    assert path.stat().st_size < most / 500
    monkeypatch.setattr(reading, "MOST_ARRAYS", most)  # the array's header comes on top
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"more than {most} bytes"):
            read_arrays(path, ["a"])
        assert tracemalloc.get_traced_memory()[1] < most / 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\x93NUMPY", b"\x80\4N.", b"PK\5\6" + bytes(18)])
def test_damaged_files_of_arrays(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises((ValueError, KeyError)):
        read_arrays(tmp_path / "a.npz", ["a"])


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{"a": 1}], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "a.npz", ["a"])
