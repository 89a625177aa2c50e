"""The page on installation, and the messages on packages that are not there, name the extras that there are."""

import re
import sys
import tomllib

import pytest
from website.pages import ROOT

import pdt_evidence as pdt
from pdt_evidence.errors import not_installed

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOR_DEVELOPERS = {"test", "browser", "docs", "lint"}
EXTRAS = {
    name: [re.split(r"[>=]", need)[0] for need in needs]
    for name, needs in PROJECT["optional-dependencies"].items()
    if name not in FOR_DEVELOPERS
}
PAGE = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")


def test_every_extra_stands_on_the_page_with_its_command():
    rows = re.findall(r"^\| .* \| `(\w+)` \| `(.*)` \|$", PAGE, flags=re.MULTILINE)
    assert dict(rows) == {name: f'pip install "pdt_evidence[{name}]"' for name in EXTRAS}
    assert len(rows) == len(EXTRAS) > 4


def test_the_page_names_the_oldest_python_that_the_project_takes():
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in PAGE


def test_whoever_is_sent_to_an_extra_is_given_its_command():
    for path in (ROOT / "docs").rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        for extra in re.findall(r"the extra `(\w+)`", text):
            assert f'pip install "pdt_evidence[{extra}]"' in text, path.name


def test_a_message_on_a_missing_package_names_an_extra_that_brings_it():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    calls = dict(re.findall(r"not_installed\([\"']([\w-]+)[\"'], [\"'](\w+)[\"']\)", source))
    assert len(calls) >= 5
    assert {package: package in EXTRAS[extra] for package, extra in calls.items()} == dict.fromkeys(
        calls, True
    )


def test_a_table_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "great_tables", None)
    with pytest.raises(pdt.EvidenceError, match=re.escape(not_installed("great_tables", "tables"))):
        pdt.to_table(pdt.pool([0.6, 0.2], [0.04, 0.03]))
