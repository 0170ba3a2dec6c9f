"""One table says what is measured; docs show it whole, once, and with its sources."""

from pathlib import Path

import pytest

from XRayTo3DLib.anatomy import DEFINITIONS

DOCS = Path(__file__).resolve().parents[4] / "docs" / "measures.md"


def rows(bone):
    """Cells of the table of a bone in the docs."""
    section = DOCS.read_text(encoding="utf-8").split(f"## {bone.capitalize()}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("bone", DEFINITIONS)
def test_docs_show_each_measure_once_in_the_tables_words(bone):
    assert [row[1] for row in rows(bone)] == [f"`{name}`" for name in DEFINITIONS[bone]]
    for row, definition in zip(rows(bone), DEFINITIONS[bone].values(), strict=True):
        assert row[0] == definition.title and row[2] == definition.meaning and row[3] == definition.source
        if definition.usual:
            mean, deviation = definition.usual
            assert row[4].startswith(f"{mean:.4g} ± {deviation:.4g}") and definition.usual_source in row[4]


@pytest.mark.parametrize("bone", DEFINITIONS)
def test_each_says_who_defined_it_and_in_which_unit(bone):
    for name, definition in DEFINITIONS[bone].items():
        assert name.endswith(("_mm", "_deg", "_ratio")) and name == name.lower()
        assert any(year in definition.source for year in map(str, range(1900, 2030))), name
        assert bool(definition.usual) == bool(definition.usual_source)
        assert definition.meaning.endswith(".") and not definition.title.endswith(".")
