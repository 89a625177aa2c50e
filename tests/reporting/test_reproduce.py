"""One run writes everything, the same on every run, or nothing at all."""

import re
import sys
from html import unescape
from html.parser import HTMLParser

import pandas as pd
import pytest

import pdt_evidence as pdt
from page_words import names_seen, unwanted
from pdt_evidence.errors import EvidenceError, EvidenceWarning
from pdt_evidence.evidence.readers.columns import trial_fields
from pdt_evidence.formatting import PAGE
from pdt_evidence.reporting import citations, contents, reproduce
from pdt_evidence.reporting.comparisons import moderator_groups
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.glossary import plain
from pdt_evidence.reporting.page import write_page
from pdt_evidence.reporting.page.face import is_ready
from pdt_evidence.reporting.page.filters import footnoted, letter, told
from pdt_evidence.reporting.reproduce import write_table
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.records import ANSWERS
from pdt_evidence.verdicts.rules import RULES

STEPS: list[str] = []


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return folder, reproduce(folder, progress=STEPS.append)


def test_each_step_is_said_when_it_begins(run):
    assert [step.strip()[:7] for step in STEPS] == [f"{n} of 5:" for n in range(1, 6)]


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


def pictures_of(run):
    return {path.name: path.read_bytes() for path in (run[0] / "figures").glob("*.svg")}


@pytest.fixture(scope="module")
def full():
    """What the run was made of, computed once more."""
    return Contents()


def test_no_unfinished_folder_stays_behind(run):
    folder, _ = run
    made = ["figures", "report.html", "results.json", "ro-crate-metadata.json", "tables"]
    assert sorted(path.name for path in folder.iterdir()) == made


def test_tables_are_the_same_bytes_on_every_run(run, full, tmp_path):
    folder, _ = run
    for name, table in full.tables().items():
        write_table(table, tmp_path / f"{name}.csv")
        assert (tmp_path / f"{name}.csv").read_bytes() == (folder / "tables" / f"{name}.csv").read_bytes(), (
            name
        )


@pytest.mark.warns("Left out")
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
        if tag == "svg":
            self.images.append(attributes)
        if tag == "section":
            self.order.append(attributes["id"])
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(run):
    reader = Reader()
    reader.feed((run[0] / "report.html").read_text(encoding="utf-8"))
    return reader


def test_the_package_has_every_letter_of_the_page_ready(run):
    page = (run[0] / "report.html").read_text(encoding="utf-8")
    shown = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.S)
    assert is_ready(map(ord, set(shown)))


def test_the_page_is_well_formed_and_needs_nothing_else(page):
    assert not page.open
    assert not {"link", "iframe", "img"} & set(page.tags)
    assert page.tags.count("script") == 1
    assert len(page.images) > 8


def test_the_page_gives_the_answer_first(page):
    assert page.order == [
        "answer",
        "claims",
        "pooled",
        "meaning",
        "figures",
        "comparisons",
        "bias",
        "trials",
        "published",
        "recomputed",
        "coverage",
        "wanted",
        "sources",
        "versions",
    ]


def test_every_link_leads_somewhere(page):
    inner = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inner) <= page.ids
    outer = [link for link in page.links if not link.startswith("#")]
    assert outer
    assert all(re.match(r"https://doi\.org/10\.\d{4,}/\S+$|https?://[\w.-]+(/\S*)?$", link) for link in outer)


def text_of(run):
    """The page without its pictures and marks."""
    raw = re.sub(r"base64,[^\"]+", "", (run[0] / "report.html").read_text(encoding="utf-8"))
    raw = re.sub(r"<(style|script|svg)\b.*?</\1>", "", raw, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", raw)).split())


def rows_of(run, section):
    """One section, without its pictures."""
    raw = re.sub(r"<svg\b.*?</svg>", "", (run[0] / "report.html").read_text(encoding="utf-8"), flags=re.S)
    part = raw[raw.index(f'<section id="{section}">') :]
    return part[: part.index("</section>")]


def test_the_page_has_the_rules_and_what_each_mark_means(run):
    text = text_of(run)
    assert all(rule.when in text for rule in RULES)
    assert all(plain(f"{answer}: {meaning}") in text for answer, meaning in ANSWERS.items())
    claims = rows_of(run, "claims")
    assert all(f'class="mark {answer.replace(" ", "-")}"' in claims for answer in ANSWERS)
    assert text.count("never narrower than Wald") == 1


def test_every_finding_stands_under_its_part(run, full):
    claims = rows_of(run, "claims")
    for one in full.claims:
        article = claims[claims.index(f'id="claim-{one.claim.claim_id}"') :]
        article = article[: article.index("</article>")]
        assert re.findall(r'class="part">(\w+)', article) == [part.capitalize() for part in one.by_part()]
        assert article.count('<span class="mark') == len(one.findings)


def test_claims_lead_to_the_rows_they_rest_on(run, page):
    claims = rows_of(run, "claims")
    assert '<a href="#review-R007">R007</a>' in claims
    assert "#trial-T" in claims
    assert {"review-R007", "trial-T0001", "source-abbass2006"} <= page.ids
    assert "tables/trials.csv" in text_of(run)


def test_the_coverage_shows_the_articles_reviews_first(run):
    shown, more = rows_of(run, "coverage").split("<details>")
    assert shown.count("<tr>") - 1 == 10  # the article's, and those of which one member or more is known
    assert "Abbass et al. 2014" in shown
    assert "Steinert" not in shown
    assert "Steinert et al. 2017" in more


def test_every_answer_leads_to_the_rows_behind_it_in_two_clicks(run, page):
    """The first leads to a place that leads to rows of trials, which have their source and where in it, or a table."""
    raw = (run[0] / "report.html").read_text(encoding="utf-8")
    opening = raw[raw.index('<section id="answer"') : raw.index('<ul class="chips">')]
    answers = re.findall(r'<p class="answer">.*?</p>', opening)
    picture = re.search(r"<svg.*?</svg>", opening, flags=re.S)[0]
    assert len(answers) == 4
    assert picture.count("<a ") == 4
    for one in [*answers, picture]:
        places = re.findall(r'href="#([^"]*)"', one)
        assert places, one
        for place in set(places) - {"bias", "meaning"}:
            part = raw[raw.index(f'id="{place}"') :]
            part = part[: re.search("</figure>|</li>", part).start()]
            assert re.search(r'href="#trial-T\d+"', part), place
    numbers = re.findall(r"\d+ trials(?=\)|</a>|;)", " ".join(answers))
    assert len(numbers) == 9
    assert all(f">{number}</a>" in " ".join(answers) for number in numbers)


def test_the_trials_of_a_pool_lead_to_its_forest_or_to_the_only_row(run, full):
    pooled = rows_of(run, "pooled")
    assert '<a href="#forest_pdt_vs_control_depression">17</a>' in pooled
    alone = [one for syn in full.pooled.values() for one in syn.values() if one.k == 1]
    for effect in alone:
        assert f'<a href="#trial-{effect.row_ids[0].partition("+")[0]}">1</a>' in pooled


def test_the_corrections_that_are_counted_are_all_in_the_table(run, full):
    """Of as many as the answer counts, the table has each, and "yes" as often as the answer says."""
    table = rows_of(run, "bias").split("<div>\n<h3>")[1:]
    answer = text_of(run)
    for row, part in zip(full.corrections.strata, table, strict=True):
        assert all(f'<th scope="row">{one.method}</th>' in part for one in row.found.rows)
        corrected = part[part.index("uncorrected") :]
        yes, no = corrected.count("<td>yes</td>"), corrected.count("<td>no</td>")
        assert yes + no == len(row.made) + 1  # the uncorrected pool itself
        assert f"{yes} of {len(row.made)} in {row.effect.stratum['outcome']}" in answer
        assert f"0 lies within the interval of {yes} of {len(row.made)} corrections." in part


def test_a_dash_cannot_be_computed_and_NR_is_not_reported(run):
    """Two signs for what is missing, explained once: results of ours have the first, numbers of sources the second."""
    missing = {
        section: set(re.findall(r">(?:<[^>]*>)?(–|NR)<", rows_of(run, section)))
        for section in ("pooled", "trials", "published", "recomputed", "coverage")
    }
    assert missing["pooled"] == missing["trials"] == {"–"}
    assert missing["published"] == {"NR"}
    assert missing["recomputed"] == missing["coverage"] == {"–", "NR"}
    assert text_of(run).count("– stands for what cannot be computed") == 1
    assert text_of(run).count("NR for what our source does not report") == 1


def test_what_a_reader_must_know_of_a_pool_stands_under_its_table(run, full):
    pooled = rows_of(run, "pooled")
    noted = {note for syn in full.pooled.values() for one in syn.strata.values() for note in one.notes}
    assert any("below 1" in note for note in noted)
    assert all(note in unescape(pooled) for note in noted)
    assert "With two studies no prediction interval can be computed." in pooled
    assert "<sup>a</sup>" in pooled
    assert "95% CI of τ²" in pooled


def test_the_pools_on_the_page_are_those_of_the_table_beside_it(run):
    """Every stratum's k, estimate and limits, as printed, from the CSV that was written with the page."""
    text = text_of(run)
    table = pd.read_csv(run[0] / "tables" / "pooled.csv")
    assert len(table) > 10
    for _, row in table.iterrows():
        numbers = (f"{row[name]:.2f}".replace("-", "−") for name in ("estimate", "ci_low", "ci_high"))
        estimate, low, high = map(re.escape, numbers)
        printed = (
            rf"{told(row['follow_up'], 'follow_up')} {row['k']} (?:[a-z, ]+ )?{estimate} {low} to {high} "
        )
        if row["k"] > 1 and min(abs(row[["estimate", "ci_low", "ci_high"]])) > 0.01:
            assert re.search(printed, text), row.to_dict()


def test_footnotes_are_lettered_by_note_and_not_by_row():
    made = [pdt.PooledEffect(notes=notes) for notes in (("one",), (), ("two", "one"))]
    assert footnoted(made)["notes"] == [("a", "one"), ("b", "two")]
    assert [letters for _, letters in footnoted(made)["rows"]] == ["a", "", "b,a"]
    assert (letter(25), letter(26), letter(52)) == ("z", "aa", "ba")


def test_numbers_have_true_minus_signs_and_no_negative_zero(run):
    for section in ("claims", "pooled", "comparisons", "recomputed"):
        words = re.sub(r"<code>.*?</code>|href=\"[^\"]*\"|id=\"[^\"]*\"", "", rows_of(run, section))
        assert not re.search(r"[−-]0\.0+\b(?!\d)", words), section
        assert not re.search(r"(?<![\w.])-\.?\d", words), section


def test_equivalence_words_are_defined_once(run):
    text = text_of(run)
    for word in ("non-superior", "non-inferior", "inconclusive"):
        assert text.count(f"{word} : the interval") == 1


def test_a_ratio_says_where_it_shows_no_effect(run):
    assert "OR (no effect = 1)" in rows_of(run, "published")


def test_a_moderator_has_one_p(run, full):
    found = full.comparisons.moderators
    groups = moderator_groups(found)
    assert [group["name"] for group in groups] == list(dict.fromkeys(found.table["moderator"]))
    assert sum(len(group["levels"]) for group in groups) == len(found.table)
    networks, part = rows_of(run, "comparisons").split("<h3>Moderators", 1)
    assert part.count('<tr class="group">') == len(groups)
    assert networks.count('<tr class="group">') == full.comparisons.head_to_head.table["network"].nunique()
    doubled = [group for group in groups if group["counted_twice"]]
    assert doubled
    for group in doubled:
        assert sum(row["trials"] for row in group["levels"]) > found.trials
        assert group["counted_twice"] in part


def test_nothing_is_called_an_inactive_control(run):
    """But by a source whose words these are."""
    assert "PDT against control (waitlist, usual care, placebo, minimal support)" in text_of(run)
    assert not any(
        "nactive control" in rows_of(run, name) for name in ("pooled", "comparisons", "recomputed")
    )


def test_names_of_the_tables_do_not_stand_for_networks_and_sources(run):
    text = text_of(run)
    assert "sad_mayowilson2014" not in text
    assert "social anxiety network" in text
    svg = (run[0] / "figures" / "forest_pdt_vs_control_depression.svg").read_text(encoding="utf-8")
    assert "metapsy_depression_psyctr" not in svg


def test_short_citations_are_short_and_of_every_source():
    names = citations.named()
    assert set(names) == set(pdt.sources()["source_id"])
    assert max(map(len, names.values())) < 90
    assert names["metapsy_gad_psyctr"] == "Metapsy project, data-gad-psyctr 23.0.4"
    assert names["leichsenring2013"] == "Leichsenring et al. 2013"


def test_the_summary_counts_trials_at_the_end_of_treatment_and_in_all(run):
    own = Facts().pooled(comparison="pdt_vs_cbt")
    assert own is not None
    trials = f"PDT against CBT: {own.effect.k} trials with symptoms at the end of treatment, 16 in all"
    assert trials in run[1]
    assert "in 1 stratum" in run[1]


def test_every_figure_is_described_in_words(run, page):
    raw = (run[0] / "report.html").read_text(encoding="utf-8")
    described = dict(re.findall(r'<desc id="([^"]+)">([^<]*)</desc>', raw))
    assert len(page.images) >= 8
    for image in page.images:
        title, desc = image["aria-labelledby"].split()
        assert title in page.ids
        assert len(described[desc]) > 60


def test_the_page_names_the_data_it_rests_on(run):
    from pdt_evidence.evidence import data_version

    assert data_version() in (run[0] / "report.html").read_text(encoding="utf-8")


def test_a_failed_run_leaves_everything_as_it_was(full, tmp_path, monkeypatch):
    """It fails when the figures are written and the tables are next; what it is made of is computed already."""
    module = sys.modules[reproduce.__module__]
    known = Contents()
    vars(known).update({name: value for name, value in vars(full).items() if name != "_tables"})
    monkeypatch.setattr(module, "Contents", lambda **_: known)
    monkeypatch.setattr(module, "FIGURE_FORMATS", ("svg",))
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "claims.csv").write_text("mine")

    figures = []

    def fail(self):
        figures.extend(tmp_path.glob(".making-*/figures/*.svg"))
        raise EvidenceError("no claims today")

    monkeypatch.setattr(contents.Contents, "pooled_table", fail)
    with pytest.raises(EvidenceError, match="no claims today"):
        reproduce(tmp_path)
    assert len(figures) > 8
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["claims.csv"]
    assert (tmp_path / "tables" / "claims.csv").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="cannot be written to"):
        reproduce(tmp_path / "file" / "out")


def test_imported_trials_get_a_section_with_everything_that_was_changed(run, full, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text(
        "study,comparison,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better\n"
        "Adams 2001,pdt_vs_control,depression,short,10.1,4.2,30,12.9,4.8,31,lower\n"
        "Brown 2005,pdt_vs_control,depression,short,,,,,,,lower\n"
    )
    contents = Contents(imported=pdt.read_trials(table), review="abbass2014")
    same = {part: getattr(full, part) for part in ("pooled", "comparisons")}  # with an import and without
    vars(contents).update(same)
    with pytest.warns(EvidenceWarning, match="taken for abbass2014"):
        write_page(contents, tmp_path / "report.html", pictures_of(run))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Imported trials (abbass2014)" in page
    assert "mine.csv" in page
    assert "1 without an effect" in page
    assert "neither arm data nor a reported effect" in page


ATTACKS = (
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</title></style></svg></script><svg onload=alert(1)>",
    "javascript:alert(1)",
    'https://x.org/" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "]]><iframe srcdoc='<script>alert(1)</script>'>",
)


class _Elements(HTMLParser):
    """What a browser would make of a page: its elements, and what in them would run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.runs = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            plain = (value or "").replace("\t", "").replace("\n", "").strip().lower()
            if (
                name.startswith("on")
                or plain.startswith(("javascript:", "data:text", "vbscript:"))
                or name == "srcdoc"
            ):
                self.runs.append((tag, name, value))


@pytest.mark.warns("taken for abbass2014")
def test_no_text_of_a_table_of_ones_own_runs_in_the_page(run, full, tmp_path):
    """Whatever stands in any column of words, in the names of columns, and in the name of the file."""
    words = [field.name for field in trial_fields() if field.type == "string" and not field.enum]
    rows = [{name: f"{attack} {name} {at}" for name in words} for at, attack in enumerate(ATTACKS)]
    table = pd.DataFrame(rows).assign(
        better="lower", mean_t=10.0, sd_t=4.0, n_t=30, mean_c=12.0, sd_c=4.0, n_c=31
    )
    table.loc[0, ["mean_t", "mean_c"]] = float("nan")  # a row without an effect, whose reason is shown
    table["row_id"] = [f"r{at}{attack}" for at, attack in enumerate(ATTACKS)]
    path = tmp_path / "<img src=x onerror=alert(1)>.csv"
    table.assign(**{f"own {attack}": attack for attack in ATTACKS}).to_csv(path, index=False)
    contents = Contents(imported=pdt.read_trials(path), review="abbass2014")
    vars(contents).update({part: getattr(full, part) for part in ("pooled", "comparisons")})
    write_page(contents, tmp_path / "report.html", pictures_of(run))
    usual = _Elements((run[0] / "report.html").read_text(encoding="utf-8"))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = _Elements(text)
    assert page.runs == usual.runs == []
    for tag in ("script", "img", "iframe", "svg", "style", "title"):
        assert page.tags.count(tag) == usual.tags.count(tag), tag
    assert "alert(1)" in unescape(text)  # the texts are there, and are texts
    assert "<script>alert" not in text


def test_a_table_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    there = tmp_path / "pooled.csv"
    there.write_text("what was there before\n")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EvidenceError, match=r"No space left on device\. Nothing was changed"):
        write_table(pd.DataFrame({"k": [1]}), there)
    assert there.read_text() == "what was there before\n"
    assert [path.name for path in tmp_path.iterdir()] == ["pooled.csv"]


def test_a_limit_in_a_table_shows_on_which_side_of_no_effect_it_lies():
    assert PAGE.interval((0.003, 0.35)) == "0.003 to 0.35"
    assert PAGE.interval((-0.34, -0.00002)) == "−0.34 to <0"
    assert PAGE.interval((float("nan"), 1.0)) == "– to 1.00"  # a limit that a source prints alone is shown


def test_the_page_speaks_in_plain_words(run):
    """No option of the library, no name of a table or source, nothing "held"; tests/page_words.py says which."""
    found = unwanted((run[0] / "report.html").read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


def test_no_name_of_a_table_stands_for_author_and_year(run):
    found = names_seen((run[0] / "report.html").read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


def test_a_pool_of_two_says_beside_its_interval_that_it_settles_nothing(run, full):
    rows = rows_of(run, "pooled")
    pools = [effect for syn in full.pooled.values() for effect in syn.strata.values()]
    assert rows.count("two trials settle nothing") == sum(effect.k == 2 for effect in pools) > 5
    assert re.search(r"−10\.39 to 8\.39 <span class=\"few\">two trials settle nothing", rows)


def test_the_signs_are_explained_where_they_are_used(run):
    claims = rows_of(run, "claims")
    assert claims.index("</table>") < claims.index('class="findings key"') < claims.index("<article")
    assert "mark" not in claims[: claims.index("</table>")]


def test_the_page_is_light(run):
    assert (run[0] / "report.html").stat().st_size < 1_500_000


def test_regions_have_names_of_their_own(run):
    names = re.findall(
        r'role="region" aria-label="([^"]*)"', (run[0] / "report.html").read_text(encoding="utf-8")
    )
    assert len(names) > 30
    assert sorted(set(names)) == sorted(names)
    assert "Table" not in names


def test_the_numbers_of_a_picture_have_every_digit_in_the_page(run, full):
    raw = (run[0] / "report.html").read_text(encoding="utf-8")
    parts = full.forests
    for name, _, part in parts:
        picture = re.search(rf'<svg[^>]*aria-labelledby="{name}-title.*?</svg>', raw, re.S)[0]
        read = unescape(re.sub(r"<[^>]+>", " ", picture)).replace("\u2212", "-")
        for effect in part.strata.values():
            assert f"τ² = {PAGE.variance(effect.tau2)}" in read or effect.k == 1
