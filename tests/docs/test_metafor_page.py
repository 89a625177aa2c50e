"""Every number of "From metafor to pdt" comes out here as R's does."""

import json

import pytest
from website.metafor import MEANS, PARTS, ROOT, SENN, data, ours, page


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.title)
def test_our_numbers_are_those_of_r(part):
    names = data()
    exec(PARTS[0].here, names)
    exec(PARTS[1].here, names)
    for line, number in zip(part.lines, ours(part, names), strict=True):
        assert number == pytest.approx(line.pinned, rel=line.within, abs=line.within), line.here


def test_the_page_shows_both_numbers_alike():
    rows = [row.split(" | ") for row in page().splitlines() if row.startswith("| `") and row.count("|") == 5]
    assert len(rows) == sum(len(part.lines) for part in PARTS)
    for row in rows:
        assert row[2].strip()[:6] == row[3].strip(" |")[:6], row


def test_the_tables_of_the_page_are_those_that_r_worked_on():
    names = data()
    multilevel = json.loads((ROOT / "tests" / "reference" / "multilevel.json").read_text(encoding="utf-8"))
    assink = multilevel["data"]["assink2016"]
    assert [list(names["assink"][name]) for name in ("yi", "vi", "study")] == [
        assink[name] for name in ("yi", "vi", "cluster")
    ]
    assert names["normand"].to_dict("list") == MEANS["inputs"]
    assert names["senn"].to_dict("list") == {name: SENN["contrasts"][name] for name in names["senn"].columns}
    for name in ("bcg", "normand1999", "assink2016", "berkey1998", "senn2013"):
        assert f"[{name}.csv](data/{name}.csv)" in page()
