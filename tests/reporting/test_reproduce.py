"""One run writes everything, the same on every run, or nothing at all."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.reporting import contents, reproduce
from pdt_evidence.reporting.contents import Contents


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return folder, reproduce(folder)


def test_everything_is_there(run):
    folder, summary = run
    assert {"claims", "coverage", "pooled", "published", "sources", "trials", "left_out", "wanted"} <= {
        path.stem for path in (folder / "tables").glob("*.csv")
    }
    figures = {path.name for path in (folder / "figures").iterdir()}
    for ending in ("pdf", "svg", "png"):
        assert f"forest_pdt_vs_control_depression.{ending}" in figures
        assert f"forest_pdt_vs_cbt_depression.{ending}" in figures
    assert (folder / "report.html").stat().st_size > 100_000
    assert "archives-vs-cbt: overstated" in summary


def test_no_unfinished_folder_stays_behind(run):
    folder, _ = run
    assert sorted(path.name for path in folder.iterdir()) == ["figures", "report.html", "tables"]


def test_tables_are_the_same_bytes_on_every_run(run, tmp_path):
    folder, _ = run
    for name, table in Contents().tables().items():
        from pdt_evidence.reporting.reproduce import write_table

        write_table(table, tmp_path / f"{name}.csv")
        assert (tmp_path / f"{name}.csv").read_bytes() == (folder / "tables" / f"{name}.csv").read_bytes(), (
            name
        )


def test_the_pooled_table_holds_what_synthesize_gives(run):
    folder, _ = run
    table = pd.read_csv(folder / "tables" / "pooled.csv")
    row = table.query("comparison == 'pdt_vs_cbt' and outcome == 'anxiety' and follow_up == 'post'").iloc[0]
    fit = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt", outcome="anxiety"))["anxiety", "post"]
    assert row["estimate"] == pytest.approx(fit.estimate, rel=1e-9)
    assert row["k"] == fit.k


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.images, self.ids, self.order, self.open = [], [], [], set(), [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.ids |= {attributes["id"]} if "id" in attributes else set()
        if tag == "a":
            self.links.append(attributes.get("href", ""))
        if tag == "img":
            self.images.append(attributes)
        if tag == "section":
            self.order.append(attributes["id"])
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(run):
    reader = Reader()
    reader.feed((run[0] / "report.html").read_text(encoding="utf-8"))
    return reader


def test_the_page_is_well_formed_and_needs_nothing_else(page):
    assert not page.open
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.images)


def test_the_page_says_first_what_is_held(page):
    assert page.order[0] == "coverage"
    assert page.order == [
        "coverage",
        "claims",
        "pooled",
        "comparisons",
        "recomputed",
        "figures",
        "published",
        "wanted",
        "sources",
        "versions",
    ]


def test_every_link_leads_somewhere(page):
    inner = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inner) <= page.ids
    outer = [link for link in page.links if not link.startswith("#")]
    assert outer
    assert all(re.match(r"https://doi\.org/10\.\d{4,}/\S+$", link) for link in outer)


def test_every_figure_is_described_in_words(page):
    assert len(page.images) >= 8
    assert all(len(image["alt"]) > 60 for image in page.images)


def test_the_page_names_the_data_it_rests_on(run):
    from pdt_evidence.evidence import data_version

    assert data_version() in (run[0] / "report.html").read_text(encoding="utf-8")


def test_a_failed_run_leaves_everything_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "claims.csv").write_text("mine")

    def fail(self):
        raise EvidenceError("no claims today")

    monkeypatch.setattr(contents.Contents, "pooled_table", fail)
    with pytest.raises(EvidenceError, match="no claims today"):
        reproduce(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["claims.csv"]
    assert (tmp_path / "tables" / "claims.csv").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="cannot be written to"):
        reproduce(tmp_path / "file" / "out")


def test_imported_trials_get_a_section_with_everything_that_was_changed(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text(
        "study,comparison,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better\n"
        "Adams 2001,pdt_vs_control,depression,short,10.1,4.2,30,12.9,4.8,31,lower\n"
        "Brown 2005,pdt_vs_control,depression,short,,,,,,,lower\n"
    )
    pdt.report(tmp_path / "report.html", imported=pdt.read_trials(table), review="abbass2014")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Imported trials (abbass2014)" in page
    assert "mine.csv" in page
    assert "1 without an effect" in page
    assert "neither arm data nor a reported effect" in page
