"""The table and the page: a row for each bone, whatever its texts are."""

import csv
import html
import json

import pytest

from XRayTo3DLib.batch.cases import Planned
from XRayTo3DLib.batch.index import write_index
from XRayTo3DLib.batch.record import record, rows_of
from XRayTo3DLib.batch.table import write_tables

SCRIPT = "<script>document.title='taken'</script>"
HOSTILE = f"/films/{SCRIPT}\"onerror='x'\n,;\udcff.dcm"


def measure(value, deviation):
    return {"value": value, "deviation": deviation, "interval_95": [0, 1], "title": "A"}


def numbers():
    """What scene.json tells, as far as the table has it: a fitted bone, a solid, a broken bone."""
    bone = {"name": "femur", "side": "left", "method": "shape", "extent": "whole", "warnings": ["own"], "fragments": []}
    shape = {"residual_mm": 0.25, "uncertainty_mm": {"median": 0.75, "largest": 2}}
    solid = {"name": None, "side": None, "method": "solid", "extent": "seen", "shape": None, "measures": {}}
    fragments = [{"residual_mm": 0.5}, {"residual_mm": 0.125, "rotation_deg": measure(9, 4), "surface": {}}]
    return {
        "warnings": ["first", "second"],
        "bones": [
            bone | {"shape": shape, "measures": {"length_mm": measure(420.5, 1.5)}},
            solid | {"warnings": [], "fragments": []},
            bone | {"name": "tibia", "shape": None, "measures": {}, "fragments": fragments},
        ],
    }


@pytest.fixture
def rows():
    made = Planned(("/films/a.dcm", "/films/b.dcm"), ("a note",))
    failed = Planned((HOSTILE,))
    return [
        *rows_of(record(made, "", 1.5, numbers()), made, "cases/x/report/index.html"),
        *rows_of(record(failed, "", 0.5, error=f"{HOSTILE}: {SCRIPT}"), failed, "cases/y/report/index.html"),
    ]


def test_a_row_has_what_its_bone_has(rows, tmp_path):
    write_tables(lambda: iter(rows), tmp_path)
    with open(tmp_path / "results.csv", encoding="utf-8", newline="") as file:
        fitted, solid, broken, failed = csv.DictReader(file)
    assert (
        fitted["files"] == "/films/a.dcm; /films/b.dcm" and len({row["case"] for row in (fitted, solid, broken)}) == 1
    )
    for name, value in {"residual_mm": 0.25, "uncertainty_mm": 0.75, "length_mm": 420.5, "length_mm_sd": 1.5}.items():
        assert float(fitted[name]) == value and solid[name] == failed[name] == ""
    assert fitted["warnings"] == "a note first second" and solid["warnings"] == "" and broken["warnings"] == "own"
    assert (broken["residual_mm"], broken["rotation_deg"], broken["rotation_deg_sd"]) == ("0.5", "9", "4")
    assert [row["bone"] for row in (fitted, solid, broken, failed)] == ["femur", "", "tibia", ""]
    assert failed["report"] == "" and failed["error"].endswith(SCRIPT) and failed["method"] == ""
    assert {row["seconds"] for row in (fitted, solid, broken)} == {"1.5"}


def test_parquet_has_the_same_rows_with_numbers_as_numbers(rows, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_tables(lambda: iter(rows), tmp_path)
    with open(tmp_path / "results.csv", encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "results.parquet").to_pylist()
    assert [list(row) for row in table] == [list(row) for row in texts]
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in table] == [
        row | {name: str(float(row[name])) for name in row if row[name] and isinstance(table[n][name], float)}
        for n, row in enumerate(texts)
    ]
    assert table[0]["length_mm"] == 420.5


def test_no_text_of_a_file_is_markup(rows, tmp_path):
    write_index(iter(rows), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>document" not in page and "\"onerror='x'" not in page
    assert page.count(html.escape(SCRIPT).replace("&#x27;", "&#39;")) == 3  # file, path, error
    assert page.count("<tr>") == 1 + len(rows)


def test_the_page_in_a_browser(browser, rows, tmp_path):
    from selenium.webdriver.common.by import By

    for row, seconds in zip(rows, (9.5, 80, 10, 7), strict=True):
        row["seconds"] = seconds
    write_index(iter(rows), tmp_path)
    browser.get((tmp_path / "index.html").as_uri())
    assert browser.title != "taken"

    def column(name):
        heads = [head.text.strip() for head in browser.find_elements(By.TAG_NAME, "th")]
        number = next(n for n, head in enumerate(heads, 1) if head.startswith(name))
        return [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, f"td:nth-child({number})")]

    def click(name):
        next(each for each in browser.find_elements(By.CSS_SELECTOR, "th button") if each.text == name).click()

    click("Seconds")
    assert column("Seconds") == ["7.00", "9.50", "10.00", "80.00"]
    click("Seconds")
    assert column("Seconds") == ["80.00", "10.00", "9.50", "7.00"]
    click("Bone")
    assert column("Bone") == ["left femur", "left tibia", "", ""]
    click("Warnings")
    assert column("Warnings") == ["1", "3", "", ""]
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert asked and all(url.startswith("file:") for url in asked)
