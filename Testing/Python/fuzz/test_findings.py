"""What once ended badly ends in words, and what the fuzzer begins with is sound."""

import subprocess
import sys
from pathlib import Path

import pytest
from kinds import KINDS

from XRayTo3DLib.errors import ReconstructionError

FUZZ = Path(__file__).with_name("fuzz.py")
# Sound files that are refused all the same: volumes are no radiographs, no other network has our layout, and a pair's
# files are nowhere.
REFUSED = {"nrrd", "nhdr", "mha", "mhd", "nifti", "onnx", "pairs"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_to_begin_with_are_read(kind, tmp_path):
    """Or the fuzzer would only ever see the first line of a refusal."""
    name, seeds, read = KINDS[kind]
    if kind == "onnx":
        pytest.importorskip("onnx")
    for content in seeds():
        (tmp_path / name).write_bytes(content)
        if kind in REFUSED:
            with pytest.raises((ReconstructionError, ValueError), match=r"a\.(png|nrrd|nhdr|mha|mhd|nii|onnx)"):
                read(tmp_path / name)
        else:
            read(tmp_path / name)


def test_findings_end_in_a_result_or_in_words():
    """In a process of its own, which some of them ended; the last name that it tells is then the culprit's."""
    ended = subprocess.run([sys.executable, FUZZ, "--replay"], capture_output=True, text=True, check=False)
    told = ended.stdout.split()
    assert ended.returncode == 0, (told[-1:], ended.stderr[-2000:])
    assert len(told) == sum(1 for path in FUZZ.with_name("findings").glob("*/*"))
