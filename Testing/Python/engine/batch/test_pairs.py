"""Radiographs that a user puts together."""

import pytest

from XRayTo3DLib.batch.pairs import check_pairs, read_pairs
from XRayTo3DLib.errors import ReconstructionError


def test_a_line_is_a_case(tmp_path):
    (tmp_path / "pairs.csv").write_text('ap.dcm, lateral.dcm\r\n\r\n"with, comma.png"\n/x/a.png,/x/../y/b.png,\n')
    here = str(tmp_path)
    assert read_pairs(tmp_path / "pairs.csv") == [
        (f"{here}/ap.dcm", f"{here}/lateral.dcm"),
        (f"{here}/with, comma.png",),
        ("/x/a.png", "/y/b.png"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\nc,./a\n", "line 2: .*a is named a second time"),
        (",".join("abcdefghi"), "line 1: a case has at most 8 files"),
    ],
)
def test_lines_that_make_no_case(tmp_path, text, words):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ReconstructionError, match=words):
        read_pairs(tmp_path / "pairs.csv")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ReconstructionError, match="cannot be read"):
        read_pairs(tmp_path / "absent.csv")
    with pytest.raises(ReconstructionError, match="/b is not among the radiographs"):
        check_pairs([("/a", "/b")], {"/a"})
    check_pairs([("/a",)], {"/a", "/b"})
