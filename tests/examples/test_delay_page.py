"""The page about delays: its table is the one that is tested, its picture is drawn from a run that obeys the rule."""

import json

import numpy as np
import pytest

from tests.examples.pages import ROOT
from tests.examples.test_examples import load
from tests.truth.delay_conversion import PEERS, ROWS, labels_table, markdown_table

PAGE = ROOT / "notebooks" / "02_delays.ipynb"


def between(text, name):
    """What stands between two marks."""
    _, _, rest = text.partition(f"<!-- {name}: begin -->\n")
    return rest.partition(f"<!-- {name}: end -->")[0]


def page():
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def test_the_page_shows_the_table_that_is_tested():
    assert between(page(), "conversion") == markdown_table()
    assert between(page(), "labels") == labels_table()


def test_the_table_has_a_line_for_each_row():
    lines = markdown_table().splitlines()[2:]
    assert len(lines) == len(ROWS)
    assert {line.count("|") for line in lines} == {8}
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == [PEERS[row.peer].name for row in ROWS]
    assert len(labels_table().splitlines()[2:]) == len(PEERS)


def test_the_page_has_no_outputs_and_its_picture_exists():
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    assert "](../examples/figures/delay_rule.png)" in page()
    assert (ROOT / "examples/figures/delay_rule.png").stat().st_size < 60_000


def test_the_picture_is_drawn_from_a_run_that_obeys_the_rule(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    picture = load("figures/delay_rule")
    found = picture.run()
    m, d = picture.EMITTED, picture.DELAY
    assert found["spike"] == m
    assert found["before"].tolist() == [m + 1 + d]
    assert found["after"].tolist() == [m + d]
    for name in ("V", "g", "charged"):  # what step n does is seen in sample n + 1
        assert np.flatnonzero(found[name])[0] == m + 1 + d + 1
    monkeypatch.setattr("sys.argv", ["delay_rule.py", "--out", str(tmp_path / "rule.png")])
    picture.main()
    assert (tmp_path / "rule.png").read_bytes()[:4] == b"\x89PNG"


def test_the_site_shows_the_same_tables():
    text = (ROOT / "docs" / "migration" / "index.md").read_text(encoding="utf-8")
    assert between(text, "conversion") == markdown_table()
    assert between(text, "labels") == labels_table()
