"""A report on any table: the same page without claims, good words where nothing pools, no text of the table as code."""

import re
from functools import cache
from html.parser import HTMLParser
from io import StringIO

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.cli import main
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.evidence.readers.columns import trial_fields
from pdt_evidence.reporting.own_opening import own_answers, own_effects, own_title
from pdt_evidence.reporting.own_table import own_table
from pdt_evidence.reporting.page.own import SECTIONS

TRIALS = """study,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better
Adams 2001,depression,post,10.1,4.2,30,12.9,4.8,31,lower
Brown 2005,depression,post,11.4,5.0,45,12.6,5.1,44,lower
Clark 2010,depression,post,9.0,4.4,22,13.1,4.9,20,lower
Clark 2010,anxiety,post,19.0,7.4,22,21.1,6.9,20,lower
Dahl 2012,depression,post,9.0,,22,13.1,4.9,20,lower
"""


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.sections, self.tags, self.attributes, self.links, self.ids, self.text = (
            [],
            [],
            set(),
            [],
            set(),
            [],
        )
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes |= set(given)
        self.links += [given["href"]] if "href" in given else []
        if "id" in given:
            assert given["id"] not in self.ids, given["id"]
            self.ids.add(given["id"])
        if tag == "section":
            self.sections.append(given["id"])

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "my trials.csv").write_text(TRIALS, encoding="utf-8")
    path = pdt.report(folder / "report.html", table=folder / "my trials.csv")
    return path.read_text(encoding="utf-8")


def test_the_page_has_the_shape_of_the_bundled_one_without_claims(own):
    page = Reader(own)
    assert page.sections == list(SECTIONS)
    inner = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inner) <= page.ids
    assert {"row-1", "row-5"} <= page.ids
    answers = re.findall(r'<p class="answer">.*?</p>', own)
    assert '<a href="#forest_1">3 studies</a>' in answers[0]
    assert '<a href="#forest_1">' in own[own.index('<figure id="opening"') : own.index("</figure>")]
    assert 'href="#row-1"' in own[own.index("<svg") : own.rindex("</svg>")]
    assert not re.search(r"<h2[^>]*>[^<]*claim|id=\"claim", own)


def test_the_first_screen_has_the_numbers_of_the_pools(own):
    fit = pdt.synthesize(pdt.read_trials(pd.read_csv(StringIO(TRIALS)).iloc[:4]))["depression", "post"]
    text = " ".join(Reader(own).text)
    assert "The numbers in my trials.csv" in text
    assert f"Hedges’ g {fit.estimate:.2f} (95% CI {fit.ci[0]:.2f} to {fit.ci[1]:.2f}" in text.replace(
        "−", "-"
    )
    assert f"{fit.pi[0]:.2f} to {fit.pi[1]:.2f} (95% prediction interval)" in text.replace("−", "-")
    assert "1 row went into no pool; 1 group has a single study; each such row is listed below" in text
    assert "Above 0 favours" in text


def test_the_first_picture_says_once_what_all_its_pools_share():
    rows = pd.DataFrame(
        {"study": ["A", "B"] * 2, "outcome": ["anxiety"] * 2 + ["depression"] * 2, "follow_up": "post"}
    )
    rows = rows.assign(comparison="pdt_vs_cbt", yi=[0.1, 0.2, 0.3, 0.5], vi=0.04)
    strata = list(pdt.synthesize(rows, by=("comparison", "outcome", "follow_up")).strata.values())
    assert list(own_effects(strata)) == ["Anxiety", "Depression"]
    assert own_title(strata) == "The largest groups of studies (PDT versus CBT: end of treatment)"
    assert list(own_effects(strata[:1])) == ["PDT versus CBT: anxiety, end of treatment"]
    assert own_title(strata[:1]) == "The largest groups of studies"


def test_a_row_that_gives_no_effect_has_its_place_and_reason(own):
    text = " ".join(Reader(own).text)
    assert re.search(r"no sd_t[^.]*\s+line 6 \(Dahl 2012\)", text)
    assert "J × difference of means / pooled SD" in text


def test_a_ratio_is_shown_as_a_ratio(tmp_path):
    rows = "study,outcome,event_t,n_t,event_c,n_c,better\nA,death,4,40,9,41,lower\nB,death,6,50,12,51,lower\n"
    (tmp_path / "events.csv").write_text(rows, encoding="utf-8")
    path = pdt.report(tmp_path / "report.html", table=tmp_path / "events.csv", by="outcome", measure="RR")
    fit = pdt.synthesize(pdt.read_trials(tmp_path / "events.csv"), by="outcome", measure="RR")["death"]
    text = " ".join(Reader(path.read_text(encoding="utf-8")).text)
    ratio = f"{2.718281828459045**fit.estimate:.2f}"
    assert f"RR {ratio}" in text
    assert "with 2 studies no prediction interval can be computed" in text


NOTHING = {
    "one study": (TRIALS.splitlines(keepends=True)[:2], "There is one study, so nothing can be pooled"),
    "two questions": (
        [TRIALS.splitlines(keepends=True)[i] for i in (0, 1, 4)],
        "No two studies measure the same outcome at the same follow-up, so nothing can be pooled",
    ),
    "no effects": (
        [TRIALS.splitlines(keepends=True)[i] for i in (0, 5)],
        "No row gives an effect with its variance, so there is nothing to pool",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_where_nothing_pools_the_page_says_why(tmp_path, case):
    lines, words = NOTHING[case]
    (tmp_path / "few.csv").write_text("".join(lines), encoding="utf-8")
    contents = own_table(tmp_path / "few.csv")
    answers = dict(own_answers(contents))
    assert words in answers["What do the studies show together?"]
    assert "That takes two studies or more" in answers["How much do they differ?"]


def test_a_table_without_any_effect_still_makes_a_page(tmp_path):
    (tmp_path / "none.csv").write_text("".join(NOTHING["no effects"][0]), encoding="utf-8")
    page = Reader(pdt.report(tmp_path / "r.html", table=tmp_path / "none.csv").read_text(encoding="utf-8"))
    assert page.sections == ["answer", "pooled", "trials", "file", "versions"]
    assert "no sd_t" in " ".join(page.text)


def test_rows_that_their_table_sets_aside_are_not_pooled_and_listed():
    table = pd.read_csv(StringIO(TRIALS)).iloc[:4].assign(status=["ok", "conflict", "ok", "ok"])
    contents = own_table(table)
    assert contents.pooled[""]["depression", "post"].k == 2
    assert [row["reason"] for row in contents.left_out] == ["its status is conflict"]
    assert (
        "1 row is set aside by the table itself"
        in dict(own_answers(contents))["What is not in these numbers?"]
    )


def test_several_comparisons_are_strata_of_their_own():
    table = pd.read_csv(StringIO(TRIALS)).iloc[:3]
    table = table.assign(comparison=["pdt_vs_control", "pdt_vs_cbt", "pdt_vs_cbt"])
    assert own_table(table).by == ("comparison", "outcome", "follow_up")
    assert own_table(table, by="outcome").by == ("outcome",)
    assert any("mix comparisons" in note for note in own_table(table, by="outcome").notes)
    with pytest.raises(EvidenceError, match="column 'arm' is missing"):
        own_table(table, by="arm")


def test_a_table_is_reported_on_by_itself_or_not_at_all(tmp_path):
    table = pd.read_csv(StringIO(TRIALS))
    with pytest.raises(RequestError, match="Give one or the other"):
        pdt.report(tmp_path / "r.html", table=table, review="abbass2014")
    with pytest.raises(RequestError, match="Give it as table="):
        pdt.report(tmp_path / "r.html", by="outcome")
    assert not list(tmp_path.iterdir())


def test_the_commands_take_a_file_without_a_review(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text(TRIALS, encoding="utf-8")
    assert (
        main(["report", str(tmp_path / "mine.csv"), "-o", str(tmp_path / "r.html"), "--by", "outcome"]) == 0
    )
    assert (tmp_path / "r.html").stat().st_size > 50_000
    assert main(["claims", str(tmp_path / "mine.csv")]) == 0
    out = capsys.readouterr().out
    assert "Depression, end of treatment: Hedges’ g" in out
    assert "none is judged by this table" in out
    assert main(["claims", str(tmp_path / "mine.csv"), "--review", "abbass2014"]) == 1
    assert "Give one or the other" in capsys.readouterr().err
    assert main(["report", "--by", "outcome"]) == 1
    assert "pdt-evidence report FILE" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mine", "mine.pdf", "."])
def test_a_report_is_written_under_a_name_that_says_what_it_is(tmp_path, name, capsys):
    (tmp_path / "t.csv").write_text("study,outcome,yi,vi\nA,pain,0.2,0.1\nB,pain,0.3,0.1\n", encoding="utf-8")
    assert main(["report", str(tmp_path / "t.csv"), "-o", str(tmp_path / name)]) == 1
    assert ".html. Give " in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


EVIL = "a<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script></svg>{{ 7 * 7 }}&amp;<!--"


@cache
def evil_table():
    """Two studies a stratum, with markup in every column that takes text, and in a column's name."""
    table = pd.read_csv(StringIO(TRIALS)).iloc[:4].assign(**{f"own {EVIL}": EVIL, "note": EVIL})
    for field in trial_fields():
        name = field.name
        if name in ("trial_id", "better", "follow_up") or (
            name in table and name not in ("study", "outcome")
        ):
            continue
        tried = table.assign(**{name: [f"{EVIL}{i}" for i in range(4)] if name == "row_id" else EVIL})
        if name == "study":
            tried = tried.assign(study=[f"{EVIL}{i}" for i in range(4)])
        try:
            pdt.read_trials(tried)
        except EvidenceError:
            continue  # a column of coded words or numbers, which takes no other
        table = tried
    return table


@pytest.mark.parametrize("by", [None, f"own {EVIL}"])
def test_no_text_of_a_table_becomes_part_of_the_page(tmp_path, by):
    table = evil_table()
    took = [name for name in table if table[name].astype(str).str.startswith(EVIL).all()]
    assert {"study", "outcome", "row_id", "instrument", "note", "locator", "reference", "arm_t_label"} <= set(
        took
    )
    page = pdt.report(tmp_path / "r.html", table=table, by=by).read_text(encoding="utf-8")
    read = Reader(page)
    assert not {"img", "iframe", "object", "link", "base", "form"} & set(read.tags)
    assert read.tags.count("script") == 1
    assert not any(name.startswith("on") for name in read.attributes)
    assert "<script>alert" not in page
    assert " 49&" not in page
    assert EVIL in "".join(read.text)
    assert all(link.startswith(("#", "https://doi.org/")) for link in read.links)


def test_a_text_that_reads_like_an_attribute_stays_as_it_is(tmp_path):
    names = ['A style="}body{display:none}.x{"', 'B d="M 1 2 L 1 4"', 'C id="y" style="--z: 1"']
    table = pd.DataFrame({"study": names, "outcome": "anxiety", "yi": [0.1, 0.2, 0.3], "vi": 0.04})
    page = pdt.report(tmp_path / "r.html", table=table).read_text(encoding="utf-8")
    assert "display:none}.x" not in "".join(re.findall(r"<style>.*?</style>", page, flags=re.S))
    pictures = "".join(re.findall(r"<svg .*?</svg>", page, flags=re.S))
    for text in (pictures, re.sub(r"<svg .*?</svg>", "", page, flags=re.S)):
        read = "".join(Reader(text).text)
        assert all(name in read for name in names)


def test_only_the_script_of_the_page_may_run(own):
    """The policy names the hash of that script and nothing else."""
    import base64
    import hashlib

    script = re.findall(r"<script>(.*?)</script>", own, flags=re.S)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', own)
    assert policy is not None
    assert f"script-src 'sha256-{digest}';" in policy[1]
    assert policy[1].startswith("default-src 'none'")
