"""Every number of "From metafor to pdt" comes out here as R's does."""

import pytest
from website.metafor import PARTS, data, ours, page


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
