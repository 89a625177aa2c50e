"""The flow of PRISMA 2020: what was given stands there, what was not is not known, contradictions are refused."""

from itertools import pairwise
from xml.etree import ElementTree

import pandas as pd
import pytest

import pdt_evidence as pdt

FULL = {
    "databases": {"MEDLINE": 820, "PsycINFO": 611},
    "registers": 40,
    "duplicates": 390,
    "automation": 0,
    "removed_otherwise": 3,
    "screened": 1078,
    "excluded": 990,
    "sought": 88,
    "not_retrieved": 6,
    "assessed": 82,
    "reports_excluded": {"no randomisation & no blinding": 30, "no outcome": 34},
    "included": 17,
    "included_reports": 18,
}
TEXT = "{http://www.w3.org/2000/svg}text"
RECT = "{http://www.w3.org/2000/svg}rect"


def texts(flow):
    return " ".join(node.text or "" for node in ElementTree.fromstring(flow.svg).iter(TEXT))


def test_every_count_given_is_drawn_and_in_the_words():
    flow = pdt.prisma_flow(**FULL)
    for shown in (texts(flow), flow.summary()):
        for count in (820, 611, 40, 390, 0, 3, 1078, 990, 88, 6, 82, 30, 34, 17, 18):
            assert f"(n = {count})" in shown
        assert "not known" not in shown
        assert "no randomisation & no blinding" in shown
    assert flow.to_frame()["n"].sum() == 820 + 611 + 40 + 390 + 3 + 1078 + 990 + 88 + 6 + 82 + 64 + 35


def test_a_count_that_nobody_gave_is_not_known_even_where_it_could_be_worked_out():
    flow = pdt.prisma_flow(databases=100, registers=0, duplicates=20, screened=60)
    frame = flow.to_frame().set_index(["box", "part"])["n"]
    assert frame["Records removed before screening", "Duplicate records"] == 20
    assert frame["Records removed before screening", "Records removed for other reasons"] is pd.NA
    assert frame["Records excluded", ""] is pd.NA
    assert texts(flow).count("not known") == frame.isna().sum() == 9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"screened": 1079}, "1471 less 393 removed before screening leaves 1078, but screened is 1079"),
        ({"excluded": 1100}, "1100 excluded are more than the 1078"),
        ({"not_retrieved": 7}, "leaves 81, but assessed is 82"),
        ({"reports_excluded": {"no outcome": 34}}, "leaves 48, but reports included is 18"),
        ({"included": 19}, r"more studies \(19\) than reports \(18\)"),
        ({"pooled": 18}, r"more studies \(18\) than are included \(17\)"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(change, words):
    with pytest.raises(pdt.EvidenceError, match=words):
        pdt.prisma_flow(**{**FULL, **change})


def test_what_is_no_count_is_refused_all_at_once():
    with pytest.raises(pdt.EvidenceError) as caught:
        pdt.prisma_flow(screened=-1, excluded=2.5, sought=True, databases={"MEDLINE": "many"})
    assert len(caught.value.problems) == 4
    assert "databases['MEDLINE']" in str(caught.value)


def test_tables_are_counted_by_rows_or_by_studies(tmp_path):
    file = tmp_path / "found.csv"
    file.write_text("Title,Authors,Published Year\nA trial,Adler,1999\nAnother,Berg,2001\n", encoding="utf-8")
    trials = pdt.trials(comparison="pdt_vs_cbt")
    fit = pdt.pool([0.1, 0.3, 0.2], [0.05, 0.04, 0.06])
    flow = pdt.prisma_flow(databases=pdt.read_studies(file), included=trials, pooled=fit)
    frame = flow.to_frame().set_index(["box", "part"])["n"]
    assert frame["Records identified from", "Databases"] == 2
    assert frame["Included", "Studies included in review"] == trials["trial_id"].nunique()
    assert frame["Studies in the meta-analysis", ""] == fit.k


def test_boxes_lie_below_each_other_and_within_the_drawing():
    root = ElementTree.fromstring(pdt.prisma_flow(**FULL, pooled=9).svg)
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    frames = [
        {key: float(box.attrib[key]) for key in ("x", "y", "width", "height")}
        for box in root.iter(RECT)
        if box.attrib.get("fill") == "none"
    ]
    assert len(frames) == 10
    assert all(box["x"] + box["width"] < width and box["y"] + box["height"] < height for box in frames)
    for x in {box["x"] for box in frames}:
        column = sorted((box["y"], box["y"] + box["height"]) for box in frames if box["x"] == x)
        assert all(above[1] < below[0] for above, below in pairwise(column))


def test_it_is_written_as_svg_alone(tmp_path):
    flow = pdt.prisma_flow(screened=3)
    assert flow.save(tmp_path / "flow.svg").read_text(encoding="utf-8") == flow.svg
    with pytest.raises(pdt.EvidenceError, match=r"end in \.svg"):
        flow.save(tmp_path / "flow.png")
    with pytest.raises(pdt.EvidenceError, match="does not exist"):
        flow.save(tmp_path / "nowhere" / "flow.svg")


def test_a_count_that_is_not_known_is_left_out():
    with pytest.raises(pdt.EvidenceError, match=r"found 'unknown'\. Leave it out if it is not known\.$"):
        pdt.prisma_flow(duplicates="unknown")
