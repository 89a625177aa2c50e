"""What all figures have in common: settings, text, directions, order, decimals, and what a file says of itself."""

import re
from dataclasses import replace
from itertools import pairwise

import geometry
import matplotlib as mpl
import pytest
from made_results import synthesis
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError
from pdt_evidence.figures import forest, funnel, save
from pdt_evidence.figures.sheet.colors import contrast

FIT = pdt.pool(
    [0.62, 0.21, 0.44, 0.9],
    [0.04, 0.03, 0.09, 0.05],
    labels=["Cooper 2003", "Abbass 1999", "Milrod 2010", "Piper 2001"],
    measure="SMD",
    stratum={"comparison": "pdt_vs_control", "outcome": "depression"},
)
UNDIRECTED = replace(FIT, stratum={"outcome": "depression"})
FOREIGN = {
    "axes.grid": True,
    "xtick.direction": "in",
    "ytick.direction": "inout",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "axes.spines.top": True,
    "axes.facecolor": "yellow",
    "lines.marker": "o",
    "lines.linestyle": "--",
    "text.usetex": True,
    "path.sketch": (1.0, 100.0, 2.0),
    "savefig.transparent": True,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.size": 30,
}
DRAWN = {
    "forest": lambda **o: forest(FIT, **o),
    "funnel": lambda **o: funnel(FIT, **o),
    "trajectory": lambda **o: pdt.trajectory(synthesis(), **o),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", ["forest", "funnel", "trajectory"])
def test_settings_of_a_session_change_nothing(name, tmp_path):
    """A figure of its own, its bytes; LaTeX is not even looked for."""
    plain = save(DRAWN[name](), tmp_path / "plain.png", dpi=60).read_bytes()
    with mpl.rc_context(FOREIGN):
        foreign = save(DRAWN[name](), tmp_path / "foreign.png", dpi=60).read_bytes()
    assert foreign == plain


def test_axes_made_under_other_settings_are_drawn_as_ours(tmp_path):
    with mpl.rc_context({**FOREIGN, "figure.constrained_layout.use": False}):
        figure, ax = plt.subplots(figsize=(7, 3))
        forest(FIT, ax=ax)
        save(figure, tmp_path / "given.png", dpi=60)
        assert not any(line.get_visible() for line in ax.get_xgridlines())
        ticks = ax.xaxis.get_major_ticks()
        assert {tick.get_tickdir() for tick in ticks} == {"out"}
        assert not any(tick.label1.get_usetex() for tick in ticks)


def test_line_ends_tabs_and_control_signs_in_any_text_are_blanks():
    fit = replace(FIT, labels=("A\nsecond 2001", "B\tname 2002", "C\r\nname 2003", "D\x07 2004"))
    ax = forest(fit, title="One\ntwo\tthree", favours=("a\nb", "c\td"), sources="x\r\ny")
    texts = [text.get_text() for text in ax.texts]
    assert not [text for text in texts if re.search(r"[\x00-\x1f]", text)]
    assert {"A second 2001", "B name 2002", "C name 2003", "D 2004", "One two three"} <= set(texts)
    geometry.assert_readable(ax)
    named = funnel(fit, title="One\r\ntwo\tthree")
    assert named.get_title(loc="left") == "One\ntwo three"


def test_an_svg_is_an_image_with_its_words_and_a_pdf_has_a_title(tmp_path):
    path = save(forest(FIT), tmp_path / "forest.svg")
    root = re.search(r"<svg [^>]*>", path.read_text(encoding="utf-8"))[0]
    assert 'role="img"' in root
    label = re.search(r'aria-label="([^"]*)"', root)[1]
    assert label == pdt.alt_text(FIT).replace("&", "&amp;")
    content = save(funnel(FIT), tmp_path / "funnel.pdf").read_bytes()
    assert b"/Title (PDT versus control: depression)" in content
    assert save(funnel(FIT), tmp_path / "again.pdf").read_bytes() == content
    assert b"/Title (Funnel plot" in save(funnel(FIT, title=""), tmp_path / "bare.pdf").read_bytes()


AXES = {
    "funnel": lambda fit: pdt.funnel(fit).get_xlabel(),
    "orchard": lambda fit: pdt.orchard(fit).get_xlabel(),
    "drapery": lambda fit: pdt.drapery(fit).get_xlabel(),
    "gosh": lambda fit: pdt.gosh_plot(pdt.gosh(fit)).get_xlabel(),
    "radial": lambda fit: pdt.radial(fit).get_ylabel(),
}


@pytest.mark.parametrize("name", AXES)
def test_an_effect_axis_says_which_side_favours_whom_where_that_is_known(name):
    assert AXES[name](FIT).replace("\n", " ").endswith("← Favours control | Favours PDT →")
    assert "avours" not in AXES[name](UNDIRECTED)


def test_a_trajectory_says_so_along_its_own_axis():
    assert "← Favours comparator | Favours PDT →" in pdt.trajectory(synthesis()).get_ylabel().replace(
        "\n", " "
    )


def studies_of(ax) -> list[str]:
    texts = [text for text in ax.texts if re.match(r"study:.*:study:1$", str(text.get_gid()))]
    return [text.get_text() for text in sorted(texts, key=lambda text: text.get_position()[1])]


def test_studies_stand_by_year_unless_another_order_is_asked_for():
    assert studies_of(forest(FIT)) == ["Abbass 1999", "Piper 2001", "Cooper 2003", "Milrod 2010"]
    assert studies_of(forest(FIT, sort="given")) == list(FIT.labels)
    assert studies_of(forest(FIT, sort="effect"))[0] == "Abbass 1999"
    undated = replace(FIT, labels=("d", "c", "b", "a"))
    assert studies_of(forest(undated)) == studies_of(forest(undated, sort="effect")) == ["c", "b", "d", "a"]
    assert studies_of(forest(undated, sort="given")) == ["d", "c", "b", "a"]
    of_columns = replace(undated, columns={"year": (2003, 1999, 2010, 2001)})
    assert studies_of(forest(of_columns)) == ["c 1999", "a 2001", "d 2003", "b 2010"]


def notes_of(ax) -> str:
    return " ".join(text.get_text() for text in ax.texts if str(text.get_gid()).startswith("note:"))


def test_what_is_shaded_is_named():
    assert "Shaded: margin of equivalence, ±0.25." in notes_of(forest(FIT, margins=0.25))
    assert "±0.25 (Steinert 2017)." in notes_of(forest(FIT, margins=pdt.STEINERT_2017))
    assert "margin of equivalence, −0.1 to 0.3." in notes_of(forest(FIT, margins=(-0.1, 0.3)))
    odds = replace(FIT, measure="OR")
    assert "margin of equivalence, 0.8 to 1.25." in notes_of(forest(odds, margins=1.25))
    assert "Band: prediction interval." in notes_of(forest(FIT, prediction="band"))
    assert "haded" not in notes_of(forest(FIT))


def test_a_diamond_beyond_the_axis_is_a_line_with_a_small_diamond_and_one_without_width_is_seen():
    two = pdt.pool([0.2, 0.9], [0.02, 0.02], measure="SMD")  # by t with 1 degree of freedom
    ax = forest(two)
    assert geometry.mark(ax, "diamonds-cut") is not None
    assert len(geometry.mark(ax, "diamonds-small").get_offsets()) == 1
    narrow = replace(FIT, ci=(FIT.estimate - 1e-9, FIT.estimate + 1e-9))
    assert len(geometry.mark(forest(narrow), "diamonds-small").get_offsets()) == 1
    ordinary = forest(FIT)
    assert {str(mark.get_gid()) for mark in ordinary.collections} & {
        "diamonds-cut",
        "diamonds-small",
    } == set()


def test_decimals_follow_the_data():
    small = pdt.pool([0.0012, 0.0021, 0.0008], [1e-7, 1e-7, 1e-7], measure="RD")
    texts = [text.get_text() for text in forest(small).texts]
    assert not [text for text in texts if ">0" in text]
    assert any(re.fullmatch(r"0\.001\d", text) for text in texts)
    assert repr(small) == "<PooledEffect REML knha k=3: RD 0.0014 [-0.0003, 0.0030]>"
    close = pdt.pool([0.5, 0.2, 0.55, 0.1], [0.04, 0.05, 0.09, 0.05])
    assert len({len(number.partition(".")[2]) for number in re.findall(r"-?\d+\.\d+", repr(close))}) == 1


@pytest.mark.warns(
    "CJK letters is not covered by any font found here.*Install one that covers it, such as Noto Sans CJK"
)
def test_letters_without_a_font_come_with_advice():
    forest(replace(FIT, labels=("田中 2001", "B 2002", "C 2003", "D 2004")))


def test_contours_of_a_funnel_are_three_greys_that_are_told_apart():
    ax = funnel(FIT)
    shades = [
        patch.get_facecolor()[:3] for patch in ax.patches if str(patch.get_gid()).startswith("contour:")
    ]
    outside = next(patch for patch in ax.patches if patch.get_gid() == "significant").get_facecolor()[:3]
    greys = [outside, *shades]
    assert len(greys) == 4
    assert all(contrast(one, other) > 1.2 for one, other in pairwise(greys))
    assert to_rgb("white") == tuple(greys[-1])


def test_studies_and_the_first_hue_of_pooled_results_are_one_blue():
    assert all(
        style.study == style.palette[0]
        for name, style in pdt.figures.STYLES.items()
        if name in ("default", "dark")
    )


def test_head_to_head_evidence_is_in_groups_with_the_mixed_row_as_result():
    found = pdt.pdt_against_cbt(["depression_nice"])
    ax = forest(found, margins=pdt.STEINERT_2017)
    texts = [text.get_text() for text in ax.texts]
    assert [text for text in texts if text in ("Direct", "Indirect", "Both together")] == [
        "Direct",
        "Indirect",
        "Both together",
    ]
    assert len(geometry.mark(ax, "diamonds").get_paths()) == 1
    assert "PDT against CBT: direct, indirect and mixed evidence" in texts
    assert "Favours CBT" in " ".join(texts)


def test_windows_of_a_trajectory_stand_side_by_side_with_their_months():
    drawn = synthesis()
    ax = pdt.trajectory(drawn)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["At the end", "Long-term"]
    assert ax.get_xlim() == (-0.75, 1.75)
    by_month = pdt.trajectory(drawn, months={"post": 0, "long": 18})
    assert by_month.get_xlim()[1] > 18


def test_an_unknown_order_is_refused_with_those_there_are():
    with pytest.raises(RequestError, match="'given'"):
        forest(FIT, sort="alphabet")
