"""Every block of the how-to pages runs, and prints what the page shows below it."""

import csv
import json

import pytest
from website.blocks import HOW_TO, with_outputs

PAGES = sorted(path for path in HOW_TO.glob("*.md") if path.stem != "index")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_prints_what_it_shows(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = path.read_text(encoding="utf-8")
    assert "```python" in page or "```sh" in page  # commands are run by tests/test_terminal.py
    assert with_outputs(page) == page, "run python tools/website/blocks.py"


def test_the_list_of_tasks_leads_to_every_page():
    index = (HOW_TO / "index.md").read_text(encoding="utf-8")
    assert [path.name for path in PAGES if f"]({path.name})" not in index] == []


def test_the_tables_that_pages_work_on_are_listed_and_are_those_of_their_source():
    folder, reference = HOW_TO / "data", HOW_TO.parents[1] / "tests" / "reference"
    tables = {path.name: list(csv.DictReader(path.open(encoding="utf-8"))) for path in folder.glob("*.csv")}
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert [name for name in tables if f"]({name})" not in listed] == []
    schools = json.loads((reference / "multilevel.json").read_text())["data"]["konstantopoulos2011"]
    for column, key in (("yi", "yi"), ("vi", "vi"), ("district", "cluster")):
        assert [float(row[column]) for row in tables["konstantopoulos2011.csv"]] == schools[key]
    (counts, *_) = (
        case for case in json.loads((reference / "escalc.json").read_text())["cases"] if case["id"] == "bcg"
    )
    for column, values in counts["inputs"].items():
        assert [float(row[column]) for row in tables["bcg.csv"]] == values
