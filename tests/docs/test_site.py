"""What the hooks of the site do to a page; nothing of mkdocs is needed for it."""

import re
import sys
import types

import pytest
from website.pages import ROOT


@pytest.fixture
def hooks(monkeypatch):
    """The module, without mkdocs and the exporter of notebooks, which only the site needs."""
    files = types.ModuleType("mkdocs.structure.files")
    files.File = files.Files = object
    tutorials = types.ModuleType("website.tutorials")
    tutorials.tutorials = dict
    for name in ("mkdocs", "mkdocs.structure"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "mkdocs.structure.files", files)
    monkeypatch.setitem(sys.modules, "website.tutorials", tutorials)
    monkeypatch.delitem(sys.modules, "website.hooks", raising=False)
    from website import hooks

    yield hooks
    sys.modules.pop("website.hooks", None)


def test_a_picture_leads_to_itself_unless_it_leads_elsewhere(hooks):
    plain, linked = '<p><img alt="a" src="x.png"></p>', '<a href="y"><img alt="b" src="z.svg"></a>'
    assert hooks.on_page_content(plain) == (
        '<p><a class="enlarge" href="x.png" title="Enlarge"><img alt="a" src="x.png"></a></p>'
    )
    assert hooks.on_page_content(linked) == linked


def test_files_of_the_repository_that_pages_lead_to_are_there_and_on_the_site(hooks):
    for there in hooks.ELSEWHERE:
        assert (ROOT / "docs" / "how-to" / there).resolve().is_file()
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "how-to").glob("*.md")]
    led = {there for page in pages for there in re.findall(r"\]\((\.\./\.\./[^)]+)\)", page)}
    assert led == set(hooks.ELSEWHERE)
    page = types.SimpleNamespace(file=types.SimpleNamespace(src_uri="how-to/cite.md"), meta={})
    assert hooks.on_page_markdown("[a](../../CITATION.cff)", page=page) == "[a](../CITATION.cff)"
    assert page.meta == {"hide": ["toc"]}
