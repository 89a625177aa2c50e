"""Parts of the page by themselves: the first sentences, the panels, inline pictures, letters."""

import math
import re
import warnings
from importlib.resources import files
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

import pdt_evidence as pdt
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.opening import answers, how_sure, opening_effects
from pdt_evidence.reporting.page import face
from pdt_evidence.reporting.page.face import faces
from pdt_evidence.reporting.page.panels import panel, remark
from pdt_evidence.reporting.page.svg import LOOKS, inline, links_of, with_looks


@pytest.fixture(scope="module")
def contents():
    return Contents()


@pytest.fixture(scope="module")
def rows():
    return pdt.trials(disputed=True, preferred=False).to_dict("records")


def test_questions_are_answered_with_the_numbers_of_the_pools(contents):
    found = dict(answers(contents))
    assert len(found) == 4
    against = contents.pooled["pdt_vs_control"]["depression", "post"]
    assert f"g = {against.estimate:.2f}" in found["Is it better than no treatment or usual care?"]
    assert f"{against.k} trials" in found["Is it better than no treatment or usual care?"]
    cbt = contents.pooled["pdt_vs_cbt"]["depression", "post"]
    assert f"g = {cbt.estimate:.2f}".replace("-", "−") in found["Is it as good as CBT?"]


def test_an_answer_begins_with_the_answer(contents):
    found = dict(answers(contents))
    assert found["Is it better than no treatment or usual care?"].startswith(
        "Yes, in depression and anxiety."
    )
    assert found["Is it as good as CBT?"].startswith("Not shown in depression, no in anxiety.")
    assert found["Does it last?"].startswith(
        "Against control yes, 9 months and more after the end; against CBT too"
    )
    assert "−1.71 to 1.59; two trials settle nothing)" in found["Does it last?"]


def test_the_answer_comes_to_people(contents):
    """As the section on what effects mean has it, of the largest pool of which responders are known."""
    meaning = contents.meanings.pictured
    assert meaning.effect.stratum["outcome"] == "depression"
    rates = (
        f"{1000 * meaning.people.rate:.0f} respond with PDT and {1000 * meaning.people.control_rate:.0f} in"
    )
    assert rates in dict(answers(contents))["Is it better than no treatment or usual care?"]


def test_the_answer_follows_the_interval(contents, monkeypatch):
    """An interval that holds 0 is no difference; one below 0 is a disadvantage."""
    rows = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    rows = rows[rows["yi"].notna()].drop(columns="yi_basis")  # the effects are moved on purpose
    for shift, words in (
        (-3.0, "No, in depression. "),
        (-3.0, "is worse with PDT"),
        (0.0, "is better with PDT"),
    ):
        pooled = {"pdt_vs_control": pdt.synthesize(rows.assign(yi=rows["yi"] + shift))}
        changed = Contents()
        changed.__dict__["pooled"] = pooled
        changed.__dict__["comparisons"] = contents.comparisons
        assert words in dict(answers(changed))["Is it better than no treatment or usual care?"]
        assert "No trial against CBT" in dict(answers(changed))["Is it as good as CBT?"]


def test_how_sure_it_is_follows_both_intervals(contents):
    against = contents.pooled["pdt_vs_control"]["depression", "post"]
    assert against.ci[0] > 0 > against.pi[0]
    text = how_sure(contents)
    assert "lies above 0 in depression" in text
    assert f"{against.pi[1]:.2f} in depression" in text
    assert "may well find no benefit" in text
    assert text.startswith("More of the average than of a single trial. ")
    found = contents.corrections.to_frame()
    found = found[found["outcome"].eq("depression") & found["follow_up"].eq("post") & found["applies"]]
    found = found[found["comparison"].eq("pdt_vs_control") & found["method"].ne("uncorrected")]
    open_to = found["ci_low"].le(0) & found["ci_high"].ge(0)
    assert f"selective publication, {open_to.sum()} of {len(found)} in depression, " in text
    assert 0 < open_to.sum() < len(found)
    rows = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    rows = rows[rows["yi"].notna()].drop(columns="yi_basis")  # the effects are moved on purpose
    for shift, words in (
        (-3.0, "lies below 0 in depression"),
        (-0.45, "may be 0 in depression"),
        (3.0, "lies above 0"),
    ):
        changed = Contents()
        changed.__dict__["pooled"] = {"pdt_vs_control": pdt.synthesize(rows.assign(yi=rows["yi"] + shift))}
        assert words in how_sure(changed)
        assert ("no benefit" in how_sure(changed)) == (shift < 3)
        assert how_sure(changed).startswith("Not very. ") == ("may be 0" in words)


def test_the_first_picture_shows_the_pools_of_the_table(contents):
    effects = opening_effects(contents)
    assert effects["Depression against control"].estimate == (
        contents.pooled["pdt_vs_control"]["depression", "post"].estimate
    )
    assert all(effect.k >= 3 for effect in effects.values())


def test_every_row_has_a_panel_that_says_how_far_it_was_verified(rows):
    for row in rows:
        names = [name for name, _ in panel(row)]
        assert {"Effect", "Verified"} <= set(names), row["row_id"]


def test_a_formula_that_is_written_out_gives_the_effect(rows):
    """What is printed as factor, means and SD, computed from the print, is the g behind it."""
    seen = 0
    for row in rows:
        text = dict(panel(row))["Effect"].replace("−", "-")
        found = re.match(r"J × .* = ([\d.]+) × \((-?[\d.e]+) - \(?(-?[\d.e]+)\)?\) / ([\d.e]+),", text)
        if found:
            factor, first, second, sd = map(float, found.groups())
            assert factor * (first - second) / sd == pytest.approx(row["yi"], abs=5e-3)
            seen += 1
    assert seen > 60


def test_an_odds_ratio_is_written_out_with_its_sign():
    rows = pdt.trials().set_index("row_id", drop=False)
    text = dict(panel(rows.loc["T0001"].to_dict()))["Effect"]
    assert text.startswith("log odds ratio × √3/π = ln[(14 × 38) / (37 × 12)] × 0.5513: g = 0.100")
    assert math.log(14 * 38 / (37 * 12)) * 0.5513 == pytest.approx(rows.loc["T0001", "yi"], abs=1e-5)


def test_a_status_has_its_reason(rows):
    for row in rows:
        if row["status"] != "ok":
            assert (
                row["status_reason"] in dict(panel(row))["Status"].replace("−", "-")
                or "−" in row["status_reason"]
            )
            assert remark(row)


SVG = (
    '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg xmlns:xlink="x" width="100.5pt" height="50pt" viewBox="0 0 1 1" '
    'xmlns="y" version="1.1">\n <metadata>\n  <a/>\n </metadata>\n '
    '<defs>\n  <style type="text/css">*{}</style>\n </defs>\n'
    ' <g id="axes"><clipPath id="p1"/><path id="m"/><path clip-path="url(#p1)"/><use xlink:href="#m"/>'
    '<text x="1.23456" transform="rotate(-0 1 2)">Study A</text><text x="2">Study A</text>'
    '<text x="3">B</text></g></svg>'
)


def test_a_picture_in_the_page_keeps_its_names_apart_and_leads_to_rows():
    made = inline(SVG, "one", "A & B", "two studies", {"Study A": ["trial-T0001", "trial-T0002"]})
    assert made.startswith("<svg")
    assert 'id="one-p1"' in made
    assert "axes" not in made  # nothing leads there
    assert "url(#one-p1)" in made
    assert 'id="one-m"' in made
    assert 'href="#one-m"' in made
    assert not re.search(r"metadata|<style|xlink", made)
    assert re.findall(r'<a href="(#trial-T\d+)"><text', made) == ["#trial-T0001", "#trial-T0002"]
    assert re.search(r'style="--w:100\.5".*A &amp; B.*two studies', made)


def test_a_picture_in_the_page_has_coarser_places_but_every_digit_that_is_read():
    drawn = SVG.replace(">B<", ">p = 0.026; τ² = 0.147, [0.0051, 0.63]<")
    made = inline(drawn, "one", "τ² = 0.147", "heterogeneity p < 0.001")
    assert '<text x="1.23">' in made
    assert '<text x="3">p = 0.026; τ² = 0.147, [0.0051, 0.63]</text>' in made
    assert ">τ² = 0.147</title>" in made
    assert "p &lt; 0.001</desc>" in made


def test_a_picture_in_the_page_has_short_paths_that_draw_the_same():
    path = '<path id="tick" d="M 49.45 190.74 \nL 418.19 190.74 \nM 5 6 \nL 5 8.5 \nL 9 9 \nz\n"/>'
    made = inline(SVG.replace("<use", f"{path}<use"), "one", "A", "B")
    assert '<path d="M49.45 190.74H418.19M5 6V8.5L9 9z' in made
    slanted = path.replace("418.19 190.74", "418.19 190.7")
    assert "M49.45 190.74L418.19 190.7M" in inline(SVG.replace("<use", f"{slanted}<use"), "one", "A", "B")


def test_pictures_share_their_styles_and_nothing_else_loses_its_own():
    text = '<text style="font-family: &quot;A&quot;">a</text>'
    mark = f'<svg viewBox="0" style="--w:9"><path style="fill: red"/>{text}</svg>'
    made = with_looks(f'<style>{LOOKS}</style>{mark}<p style="fill: red">{mark}')
    assert made.startswith('<style>.k0{fill:red}\n.k1{font-family:"A"}</style>')
    assert made.count('<path class="k0"/><text class="k1">') == 2
    assert made.count('style="--w:9"') == 2
    assert '<p style="fill: red">' in made


def test_the_links_of_a_forest_are_the_rows_of_its_studies():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"))
    anchors = {
        row: f"trial-{row}" for one in found.strata.values() for ids in one.row_ids for row in ids.split("+")
    }
    links = links_of(found.strata.values(), anchors)
    assert links["Fonagy 2019"][0].startswith("trial-T")
    assert sum(map(len, links.values())) == sum(effect.k for effect in found.strata.values())


def test_the_face_is_ready_for_usual_letters_and_takes_others_from_the_whole_typeface():
    usual, other = faces("abτ²\n"), faces("abЖ")
    assert usual.count("@font-face") == other.count("@font-face") == 3
    assert usual == faces("Z")
    assert len(other) < len(usual) < 100_000
    assert faces("Жba") == other


@pytest.mark.parametrize("weight", face.WEIGHTS)
def test_the_face_that_is_ready_is_that_of_the_typeface(weight):
    """As `tools/make_page_faces.py` would make it now: the same letters, outlines, widths and pairs to kern."""
    letters = [letter for low, high in face.READY for letter in range(low, high + 1)]
    kept = files("pdt_evidence.reporting.page").joinpath(face.ready_name(weight)).read_bytes()
    ready, made = (TTFont(BytesIO(content)) for content in (kept, face.with_letters(weight, letters)))
    assert ready.getBestCmap() == made.getBestCmap()
    assert len(ready.getBestCmap()) > 400
    assert (ready["glyf"], ready["hmtx"]) == (made["glyf"], made["hmtx"])
    assert ready["kern"].kernTables[0].kernTable == made["kern"].kernTables[0].kernTable
