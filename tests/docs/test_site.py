"""What the hooks of the site do to a page; nothing of mkdocs is needed for it."""

import re
import sys
import types

import matplotlib.pyplot as plt
import pytest
from website.pages import ROOT
from website.reference import entry

PAGE = types.SimpleNamespace(file=types.SimpleNamespace(dest_uri="how-to/page.html"))


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
    plain, linked = '<p><img alt="a" src="x.svg" /></p>', '<a href="y"><img alt="b" src="z.svg"></a>'
    assert hooks.on_page_content(plain, PAGE, []) == (
        '<p><a class="enlarge" href="x.svg" title="Enlarge"><img alt="a" src="x.svg" loading="lazy"></a></p>'
    )
    assert hooks.on_page_content(linked, PAGE, []) == linked.replace('svg"', 'svg" loading="lazy"')


def test_a_picture_takes_its_room_before_it_is_there(hooks):
    """Width and height are those of the file, wherever the page stands."""
    name = "gallery/forest.png"
    files = [types.SimpleNamespace(dest_uri=name, content_bytes=(ROOT / "docs" / name).read_bytes())]
    height, width, _ = plt.imread(ROOT / "docs" / name).shape
    shown = hooks.on_page_content('<img src="../gallery/forest.png">', PAGE, files)
    assert f'<img src="../gallery/forest.png" loading="lazy" width="{width}" height="{height}">' in shown


def test_a_public_name_in_a_text_leads_to_its_page(hooks):
    at = "../reference/pooling/pool.html"
    shown = {
        "as in <code>pool</code>": f'as in <a href="{at}"><code>pool</code></a>',
        "<code>pdt.pool</code>": f'<a href="{at}"><code>pdt.pool</code></a>',
        '<a href="y"><code>pool</code></a>': '<a href="y"><code>pool</code></a>',  # it leads elsewhere
        "<pre><code>pool</code></pre>": "<pre><code>pool</code></pre>",
        "<code>sources</code>": "<code>sources</code>",  # an argument of forest, too
        "<code>yi</code>": "<code>yi</code>",
    }
    assert {text: hooks.on_page_content(text, PAGE, []) for text in shown} == shown
    own = types.SimpleNamespace(file=types.SimpleNamespace(dest_uri="reference/pooling/pool.html"))
    assert hooks.on_page_content("<code>pool</code>", own, []) == "<code>pool</code>"
    beside = hooks.on_page_content("<code>pool_many</code>", own, [])
    assert beside == '<a href="pool_many.html"><code>pool_many</code></a>'


def test_references_are_a_list_whose_dois_are_links(hooks):
    listed = "<p>.. [1] Knapp. doi:10.1002/sim.1482\n.. [2] Other, doi:10.1000/a(1)b.</p><p>As told [1]_.</p>"
    assert hooks.on_page_content(listed, PAGE, []) == (
        '<p>[1] Knapp. <a href="https://doi.org/10.1002/sim.1482">doi:10.1002/sim.1482</a>'
        '<br>[2] Other, <a href="https://doi.org/10.1000/a(1)b">doi:10.1000/a(1)b</a>.</p><p>As told [1].</p>'
    )


def test_the_search_of_a_page_opened_from_a_folder_fetches_nothing():
    """The offline plugin would load its shim from elsewhere, were it not here."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    scripts = re.search(r"polyfills: \[(.*?)\]", settings)[1].split(", ")
    assert scripts[0] == "javascripts/iframe-worker.js"
    assert [name for name in scripts if not (ROOT / "docs" / name).is_file()] == []


def test_files_of_the_repository_that_pages_lead_to_are_there_and_on_the_site(hooks):
    for there in hooks.ELSEWHERE:
        assert (ROOT / "docs" / "how-to" / there).resolve().is_file()
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "how-to").glob("*.md")]
    led = {there for page in pages for there in re.findall(r"\]\((\.\./\.\./[^)]+)\)", page)}
    assert led == set(hooks.ELSEWHERE)
    page = types.SimpleNamespace(file=types.SimpleNamespace(src_uri="how-to/cite.md"), meta={})
    assert hooks.on_page_markdown("[a](../../CITATION.cff)", page=page) == "[a](../CITATION.cff)"
    assert page.meta == {"hide": ["toc"]}


def test_the_entry_of_a_function_has_no_contents_beside_it_that_of_a_class_has(hooks):
    for name, hidden in {"pool": {"hide": ["toc"]}, "PooledEffect": {}}.items():
        page = types.SimpleNamespace(
            file=types.SimpleNamespace(src_uri=f"reference/pooling/{name}.md"), meta={}
        )
        hooks.on_page_markdown(entry(name), page=page)
        assert page.meta == hidden
