"""The whole of a batch: every file is a row, and what ends it is no loss."""

import csv
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import locket
import psutil
import pytest

import XRayTo3DLib
from XRayTo3DLib.batch import Outcome, run_batch
from XRayTo3DLib.batch.run import plan
from XRayTo3DLib.errors import Cancelled, ReconstructionError

ENGINE = Path(XRayTo3DLib.__file__).parents[1]
OPTIONS = "--method solid --segmentation clusters --triangles 2000 --pixel-size 0.5 --sid 1200 --sod 1000"
SCRIPT = "<script>alert(1)<"


@pytest.fixture
def films(tmp_path, write_picture, write_film):
    """Three films, one of a patient with an odd name, a broken file, and a slice of a CT."""
    folder = tmp_path / "films"
    for number in range(2):
        write_picture(folder / f"{number}.png", seed=number)
    write_film(folder / "odd.dcm", PatientName=SCRIPT, PatientID=SCRIPT)
    (folder / f"broken {SCRIPT}.png").write_text("Dear reader")
    write_film(folder / "slice.dcm", pixels=False, Modality="CT")
    return folder


def rows(output):
    with open(output / "results.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def finished(output):
    """When each finished case was written, after a look that all of it is there."""
    folders = [path for path in (output / "cases").glob("*") if not path.name.startswith(".")]
    for folder in folders:
        made = {path.name for path in folder.iterdir()}
        assert made in ({"bone.stl", "scene.json", "report", "thumbnail.jpg", "case.json"}, {"case.json"}), made
    return {folder.name: (folder / "case.json").stat().st_mtime_ns for folder in folders}


def killed_after(cases, films, output):
    """Run the command until so many cases are there, and kill it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "XRayTo3DLib", "batch", films, "-o", output, "--workers", "1", *OPTIONS.split()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ENGINE), os.environ.get("PYTHONPATH", "")])},
    )
    while process.poll() is None and len(list((output / "cases").glob("*/case.json"))) < cases:
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert psutil.wait_procs(children, timeout=20)[1] == []  # no worker goes on by itself


def test_after_a_kill_finished_cases_are_kept_and_the_rest_is_done(films, tmp_path, quick, monkeypatch):
    output = tmp_path / "out"
    killed_after(1, films, output)
    kept = finished(output)
    assert 1 <= len(kept) < 4 and not (output / "results.csv").exists()
    (output / "cases" / ".unfinished-older").mkdir()

    assert run_batch([films], output, quick, count=1) == Outcome(4, len(kept), 1, 1)
    assert kept.items() <= finished(output).items()
    assert not list((output / "cases").glob(".unfinished*"))
    table = rows(output)
    assert [Path(row["files"]).name for row in table] == sorted(path.name for path in films.iterdir())[:-1]
    assert len({row["case"] for row in table}) == 4
    assert [bool(row["error"]) for row in table] == [False, False, True, False]
    assert "not a PNG" in table[2]["error"]
    for row in table:
        assert bool(row["report"]) is not bool(row["error"])
        assert not row["report"] or (output / row["report"]).is_file()
    page = (output / "index.html").read_text(encoding="utf-8")
    assert SCRIPT not in page and page.count("<tr>") == 5

    monkeypatch.setattr("XRayTo3DLib.batch.run.workers", None)  # nothing is left for them to do
    assert run_batch([films], output, quick) == Outcome(4, 4, 1, 1)
    assert rows(output) == table


def test_a_case_that_cannot_be_kept_is_a_row_and_is_tried_again(films, tmp_path, quick, monkeypatch):
    """Other choices are other results; a failure that is not the files' is not kept."""

    def work(client, job, items, look):
        for case in items:
            look()
            yield case, MemoryError() if case.files[0].endswith("1.png") else job(case)

    monkeypatch.setattr("XRayTo3DLib.batch.run.workers", lambda *_: nullcontext())
    monkeypatch.setattr("XRayTo3DLib.batch.run.work_through", work)
    output, alike = tmp_path / "out", [films / "0.png", films / "1.png"]
    told = []
    assert run_batch(alike, output, quick, progress=lambda *now: told.append(now)) == Outcome(2, 0, 1, 0)
    assert [row["error"] for row in rows(output)] == ["", "There was not enough memory for this."]
    assert (0.5, "1 of 2 cases") in told and all(0 <= share <= 1 for share, _ in told)
    assert run_batch(alike, output, quick) == Outcome(2, 1, 1, 0)
    other = replace(quick, making=replace(quick.making, triangles=3000))
    assert run_batch(alike, output, other) == Outcome(2, 0, 1, 0)
    with pytest.raises(Cancelled):
        run_batch(alike, output, quick, progress=lambda share, words: share > 0)


def test_two_batches_do_not_write_to_one_folder(films, tmp_path, quick):
    output = tmp_path / "out"
    output.mkdir()
    with (
        locket.lock_file(str(output / ".batch.lock")),
        pytest.raises(ReconstructionError, match="another batch is writing here"),
    ):
        run_batch([films], output, quick)


def test_a_study_is_planned_with_and_without_a_users_word(tmp_path, write_film):
    told = {"PatientID": "P", "StudyInstanceUID": "1.2", "BodyPartExamined": "FEMUR", "ImageLaterality": "L"}
    lateral = write_film(tmp_path / "a" / "1.dcm", False, ViewPosition="LL", **told)
    front = write_film(tmp_path / "b" / "2.dcm", False, ViewPosition="AP", **told)
    other = write_film(tmp_path / "b" / "3.dcm", False, ViewPosition="AP", **told | {"ImageLaterality": "R"})
    (tmp_path / "pairs.csv").write_text("b/3.dcm,a/1.dcm\n")

    def files(*args):
        return [case.files for case in plan([tmp_path], tmp_path / "out", *args)[0]]

    assert files() == [(front, lateral), (other,)]
    assert files(tmp_path / "pairs.csv") == [(front,), (other, lateral)]
    assert files(None, True) == [(lateral,), (front,), (other,)]


def test_nothing_to_do_is_said(tmp_path, quick):
    with pytest.raises(ReconstructionError, match="no radiograph was found"):
        run_batch([tmp_path], tmp_path / "out", quick)
    with pytest.raises(ReconstructionError, match="triangle budget"):
        run_batch([tmp_path], tmp_path / "out", replace(quick, making=replace(quick.making, triangles=1)))
    assert not (tmp_path / "out").exists()
