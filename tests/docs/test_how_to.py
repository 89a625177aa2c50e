"""Every block of the how-to pages runs, and prints what the page shows below it."""

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
