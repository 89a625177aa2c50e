"""What describes a release says one thing everywhere, and is what the scripts write."""

import json
import re

import pytest
from website.external_links import addresses
from website.pages import ROOT
from write_metadata import written

import pdt_evidence as pdt

CRATE = json.loads((ROOT / "data" / "ro-crate-metadata.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", written(), ids=lambda path: path.name)
def test_a_description_is_what_the_script_writes_now(path):
    assert path.read_text(encoding="utf-8") == written()[path], "run python tools/write_metadata.py"


def test_every_place_names_one_version():
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    package = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert {pdt.__version__, package["version"], newest[1]} == {
        re.findall(r"^version: (\S+)$", cff, re.MULTILINE)[0]
    }


def test_the_page_on_citing_says_what_the_citation_file_says():
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    title, author, version, date = (
        re.findall(rf'^ *(?:- )?{key}: "?(.+?)"?$', cff, re.MULTILINE)[0]
        for key in ("title", "name", "version", "date-released")
    )
    page = (ROOT / "docs" / "how-to" / "cite.md").read_text(encoding="utf-8")
    text = f"> {author} ({date[:4]}). *{title}* (version {version}) [computer software]."
    entry = f"{{{{{author}}}}}", f"{{{{{title}}}}}".replace("_", r"\_"), f"{{{version}}}", f"{{{date}}}"
    assert [one for one in (text, *entry) if one not in page] == []


def test_the_crate_describes_itself_and_leads_to_files_that_are_there():
    entities = {one["@id"]: one for one in CRATE["@graph"]}
    assert len(entities) == len(CRATE["@graph"])
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert entities["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities["./"]
    assert {"name", "description", "datePublished", "license", "hasPart"} <= root.keys()
    for part in [root["license"], root["author"], *root["hasPart"]]:
        assert part["@id"] in entities
    for part in root["hasPart"]:
        assert (ROOT / "data" / part["@id"]).is_file()
    tables = {path.name for path in (ROOT / "data").glob("*.csv")}
    assert tables <= {part["@id"] for part in root["hasPart"]}


def test_croissant_has_every_column_of_every_table():
    croissant = json.loads((ROOT / "data" / "croissant.json").read_text(encoding="utf-8"))
    for records in croissant["recordSet"]:
        head = (ROOT / "data" / f"{records['name']}.csv").read_text(encoding="utf-8").partition("\n")[0]
        assert [field["name"] for field in records["field"]] == head.split(",")


def test_every_source_without_a_licence_is_said_to_be_facts_with_attribution():
    sources = pdt.sources()
    terms = (ROOT / "data" / "LICENSE-DATA.md").read_text(encoding="utf-8")
    for one in sources[sources["licence"] == "not stated"].to_dict("records"):
        row = next(line for line in terms.splitlines() if f"`{one['source_id']}`" in line)
        assert "no licence" in row
        assert one["attribution"]


def test_addresses_outside_the_site_are_found(tmp_path):
    (tmp_path / "page.html").write_text(
        '<a href="https://a.example/x?y=1&amp;z=2#part">a</a> <a href="b.html">b</a>'
    )
    assert addresses(tmp_path) == {"https://a.example/x?y=1&z=2": ["page.html"]}
