"""The page as a PDF: by a browser where there is one, one clear sentence where there is none."""

import shutil

import pytest

from pdt_evidence.errors import EvidenceError
from pdt_evidence.reporting.page.paper import browser, print_page


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "a page.html"
    path.write_text("<!doctype html><title>t</title><p>One.</p>", encoding="utf-8")
    return path


def test_without_a_browser_it_says_what_to_do(page, monkeypatch):
    monkeypatch.setenv("PDT_EVIDENCE_BROWSER", "no-such-browser")
    assert browser() is None
    with pytest.raises(EvidenceError, match=r"none was found .* print it there\.$"):
        print_page(page, page.with_suffix(".pdf"))
    assert [path.name for path in page.parent.iterdir()] == ["a page.html"]


def test_a_browser_that_prints_nothing_leaves_nothing(page, monkeypatch):
    monkeypatch.setenv("PDT_EVIDENCE_BROWSER", "true")
    if shutil.which("true") is None:
        pytest.skip("there is no program 'true' to stand for a browser")
    page.with_suffix(".pdf").write_bytes(b"mine")
    with pytest.raises(EvidenceError, match=r"made no PDF .* It said: nothing\."):
        print_page(page, page.with_suffix(".pdf"))
    assert page.with_suffix(".pdf").read_bytes() == b"mine"


def test_a_browser_prints_the_page(page):
    if browser() is None:
        pytest.skip("no browser is installed: `make browser-checks` says what is needed")
    assert print_page(page, page.with_suffix(".pdf")).read_bytes().startswith(b"%PDF-")
