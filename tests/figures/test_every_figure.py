"""Every figure of many random results: its text stands apart and is legible, its marks are where their numbers are."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import geometry
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_results import LONG, PAGES, effect, synthesis
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence import PooledEffect, absolute, equivalence, figures, pool, power
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.analysis.robustness.influence import leave_one_out
from pdt_evidence.errors import RequestError
from pdt_evidence.figures import STYLES
from pdt_evidence.figures.sheet.colors import contrast
from pdt_evidence.models.bias.small_study import regression_test, trim_and_fill
from thorough import cases

EXAMPLES = cases(2, 6)
SOME = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
RATIOS = ("OR", "RR", "ROM")
SCRIPTS = (
    "北京大学研究 2010",
    "Пиотровский и соавторы 2004",
    "عبد الله 2012",
    "สมชาย 2015",
    "Ωμέγα $2 & $3 2001",
    "김철수 2014",
    "A",
    "An-unbroken-word-of-a-trial-register-ISRCTN-2011-and-more",
    f"Leichsenring 2004{LONG}",
)
TITLES = (
    None,
    "",
    "Depression, anxiety and other disorders in adults: all trials of psychodynamic psychotherapy",
)
TREATMENTS = (
    "pdt",
    "cbt",
    "waitlist",
    "care_as_usual",
    "problem_solving_therapy",
    "self-help",
    "placebo",
    "pdt+medication",
    "psychological_placebo",
    "北京",
    "exercise",
)


def pick(rng, values):
    return values[int(rng.integers(len(values)))]


def result(rng, sizes=(1, 2, 3, 7, 25)):
    """Pooled studies of any measure, label, spread and size of effect."""
    made = effect(pick(rng, sizes), int(rng.integers(10_000)), spread=pick(rng, (0.01, 0.4, 3.0)))
    measure = pick(rng, ("SMD", "OR", "MD", "RD"))
    scale = pick(rng, (1, 1e-3, 1e3)) if measure == "MD" else 1
    vi = made.vi * np.exp(rng.normal(0, pick(rng, (0, 1.5)), made.k))
    name = pick(rng, SCRIPTS)
    labels = [f"{name} {i}" for i in range(made.k)] if rng.random() < 0.5 else list(made.labels)
    words = ("low", "some concerns", "high", "unclear", None)
    columns = made.columns | {
        f"rob_{name}": ("low", *(pick(rng, words) for _ in made.labels[1:])) for name in ("a", "b")
    }
    columns["country"] = tuple(pick(rng, ("Germany", "USA", SCRIPTS[0])) for _ in labels)
    return pool(
        (made.yi + pick(rng, (0, -3))) * scale,
        vi * scale**2,
        labels=labels,
        measure=measure,
        stratum=made.stratum,
        columns=columns,
        row_ids=list(made.row_ids),
    )


def look(rng, *, high=False):
    """Style, title and size, from a journal column to a slide."""
    options = {"style": pick(rng, sorted(PAGES)), "title": pick(rng, TITLES)}
    width = pick(rng, (None, 85, 120, 254))
    options |= {"width": width} if width else {}
    return options | ({"height": pick(rng, (0.65, 0.9)) * min(width, 190)} if width and high else {})


def with_room(draw, drawn, **options):
    """Drawn in the room that is given, or in the room that a refusal says is needed."""
    try:
        return draw(drawn, **options)
    except RequestError as refusal:
        needed = re.search(r"needs about (\d+) x (\d+) mm", str(refusal))
        options["width"], options["height"] = map(float, needed.groups())
        return draw(drawn, **options)


def shown(fit, values):
    with np.errstate(over="ignore"):
        return np.exp(values) if fit.measure in RATIOS else np.asarray(values)


def line(ax, gid):
    return next(found for found in ax.lines if found.get_gid() == gid)


def pooled_as_drawn(ax, fit):
    """A diamond as wide as its interval; cut off by the axis or too thin, a small one."""
    (low, high), limits = shown(fit, fit.ci), ax.get_xlim()
    cut = low < limits[0] or high > limits[1]
    whole = geometry.mark(ax, "diamonds")
    assert whole is None or not cut
    if whole is not None:
        corners = whole.get_paths()[0].vertices[:, 0]
        assert_allclose([corners.min(), corners.max()], (low, high), rtol=1e-9)
        return
    if cut and low <= limits[1] and high >= limits[0]:
        assert_allclose(geometry.ends(ax, "diamonds-cut")[0], np.clip((low, high), *limits), rtol=1e-9)
    else:
        assert geometry.mark(ax, "diamonds-cut") is None
    if limits[0] <= shown(fit, fit.estimate) <= limits[1]:
        small = geometry.mark(ax, "diamonds-small").get_offsets()
        assert_allclose(small[0, 0], shown(fit, fit.estimate), rtol=1e-9)


def forest(rng):
    fit, requested = result(rng), look(rng)
    if requested.get("width", 200) > 150 and rng.random() < 0.7:
        requested |= {"columns": ["study", "country", "n", "plot", "effect", "weight", "rob_a", "rob_b"]}
    if rng.random() < 0.4:
        requested |= {"also": {"All rows, robust": fit}, "overall": fit}
    requested |= {
        "prediction": pick(rng, ("bar", "band", "line", "off")),
        "sort": pick(rng, (None, "effect", "label")),
    }
    requested |= {"margins": 1.5 if fit.measure in RATIOS else 0.3} if rng.random() < 0.4 else {}
    requested |= {"xlim": pick(rng, ((0.5, 2.0), (3.0, 9.0)))} if rng.random() < 0.3 else {}
    ax = figures.forest(fit, **requested)
    order = np.argsort(fit.yi, kind="stable") if requested["sort"] == "effect" else np.arange(fit.k)
    half = 1.959963984540054 * np.sqrt(fit.vi)
    low, high = ax.get_xlim()
    wanted = np.column_stack([shown(fit, fit.yi - half), shown(fit, fit.yi + half)])[order]
    seen = (wanted[:, 0] <= high) & (wanted[:, 1] >= low)
    if requested["sort"] != "label":
        assert_allclose(geometry.ends(ax), np.clip(wanted[seen], low, high), rtol=1e-9)
    for side, beyond in (("left", wanted[:, 0] < low), ("right", wanted[:, 1] > high)):
        tips = geometry.mark(ax, f"arrows-{side}:study")
        assert (0 if tips is None else len(tips.get_offsets())) == beyond.sum()
    written = {text.get_gid() for text in ax.texts}
    assert {f"study:{name}:study:1" for name in fit.row_ids} <= written
    if fit.k > 1:
        pooled_as_drawn(ax, fit)
    squares = geometry.mark(ax, "squares")
    if squares is not None:
        inside = (shown(fit, fit.yi) >= low) & (shown(fit, fit.yi) <= high)
        areas, weights = np.sort(squares.get_sizes()), np.sort(fit.weights[inside])
        assert_allclose(areas / areas[-1], weights / weights[-1], rtol=1e-9)
    return ax


def forest_of_groups(rng):
    drawn = synthesis(int(rng.integers(10_000)), (2, *(int(n) for n in rng.integers(0, 7, 7))))
    test = SimpleNamespace(statistic=4.2, df=(1.0, 12.0), p=0.04)
    ax = figures.forest(drawn, difference=pick(rng, (None, test)), **look(rng))
    assert len(geometry.mark(ax, "diamonds").get_paths()) == sum(s.k > 1 for s in drawn.strata.values())
    return ax


def summary_forest(rng):
    drawn = synthesis(int(rng.integers(10_000)), tuple(int(n) for n in rng.integers(1, 9, 8)))
    ax = figures.summary_forest(drawn, **look(rng))
    wanted = sorted(tuple(np.clip(s.ci, *ax.get_xlim())) for s in drawn.strata.values())
    assert_allclose(sorted(map(tuple, geometry.ends(ax))), wanted)
    return ax


def series(rng):
    fit = result(rng, (3, 8, 20))
    steps = pick(rng, (leave_one_out, cumulative))(fit)
    ax = figures.summary_forest(steps, **look(rng) | {"width": pick(rng, (120, 254))})
    low, high = ax.get_xlim()
    drawn = geometry.ends(ax)[: len(steps)]
    wanted = np.clip([shown(fit, ci) for ci in steps.ci], low, high)
    assert_allclose(drawn, wanted[: len(drawn)])
    return ax


def funnel(rng):
    fit, requested = result(rng), look(rng, high=True)
    if fit.k > 2:
        fill, test = trim_and_fill(fit.yi, fit.vi), regression_test(fit.yi, fit.vi)
        requested |= {"filled": pick(rng, (None, fill)), "regression": pick(rng, (None, test))}
    ax = figures.funnel(fit, contours=pick(rng, ((), (0.05,), (0.1, 0.05, 0.01))), **requested)
    assert_allclose(geometry.mark(ax, "studies").get_offsets(), np.column_stack([fit.yi, np.sqrt(fit.vi)]))
    low, high = ax.get_xlim()
    assert (fit.yi >= low).all()
    assert (fit.yi <= high).all()
    return ax


def radial(rng):
    fit = result(rng)
    ax = figures.radial(fit, **look(rng, high=True))
    points = geometry.mark(ax, "studies").get_offsets()
    assert_allclose(points[:, 1] / points[:, 0], fit.yi)
    return ax


def baujat(rng):
    fit = result(rng, (2, 3, 8, 25))
    ax = figures.baujat(fit, **look(rng, high=True))
    across = geometry.mark(ax, "studies").get_offsets()[:, 0]
    assert_allclose(across, (fit.yi - fit.estimate) ** 2 / (fit.vi + fit.tau2))
    return ax


def gosh_plot(rng):
    fit = result(rng, (3, 6))
    fit = replace(fit, labels=tuple(f"{label} {i}" for i, label in enumerate(fit.labels)))
    subsets = gosh(fit)
    ax = figures.gosh_plot(subsets, study=0, **look(rng, high=True))
    drawn = np.concatenate([geometry.mark(ax, gid).get_offsets() for gid in ("subsets", "subsets-with")])
    known = np.isfinite(subsets.I2)
    assert_allclose(np.sort(drawn[:, 0]), np.sort(subsets.estimate[known]))
    return ax


def drapery(rng):
    fit = result(rng)
    ax = figures.drapery(fit, **look(rng, high=True))
    assert len(geometry.mark(ax, "studies").get_paths()) == fit.k
    if fit.k > 1:
        x, p = line(ax, "pooled").get_data()
        assert abs(x[np.argmax(p)] - fit.estimate) <= x[1] - x[0]
    return ax


def orchard(rng):
    fit = result(rng)
    by = pick(rng, (None, "country"))
    ax = figures.orchard(fit, by=by, **look(rng))
    if by is None:
        assert_allclose(line(ax, "interval:all").get_xdata(), fit.ci)
        assert_allclose(line(ax, "prediction:all").get_xdata(), fit.pi)
    return ax


def network_plot(rng):
    count = int(rng.integers(2, len(TREATMENTS) + 1))
    arms = [rng.choice(count, 2, replace=False) for _ in range(int(rng.integers(1, 25)))]
    arms += [np.array([i, (i + 1) % count]) for i in range(count)]
    studies = [SimpleNamespace(arms=one) for one in arms]
    ax = figures.network_plot(SimpleNamespace(treatments=TREATMENTS[:count], studies=studies), **look(rng))
    counts = {}
    for one in arms:
        i, j = sorted(map(int, one))
        name = f"{TREATMENTS[i]}|{TREATMENTS[j]}"
        counts[name] = counts.get(name, 0) + 1
    texts = {t.get_gid()[2:]: int(t.get_text()) for t in ax.texts if t.get_gid().startswith("k:")}
    assert texts.items() <= counts.items()
    notes = [text.get_text() for text in ax.texts if text.get_gid() == "note"]
    excluded = max((k for name, k in counts.items() if name not in texts), default=0)
    assert (f"{excluded} stud" in "".join(notes)) == (excluded > 0)
    return ax


def bias_summary(rng):
    k = int(rng.integers(1, 30))
    words = ("low", "some concerns", "high", "unclear", "serious", "critical", None)
    domains = ("rob_allocation", "rob_blinding", "rob_selective_reporting_of_outcomes", "rob_other")
    texts = {
        name: ["low", *(pick(rng, words) for _ in range(k))] for name in domains[: int(rng.integers(1, 5))]
    }
    ax = figures.bias_summary(texts, **look(rng))
    assert_allclose(sum(bar.get_width() for bar in ax.patches), 100 * len(texts))
    return ax


def traffic_lights(rng):
    k = int(rng.integers(1, 30))
    words = ("low", "some concerns", "high", "unclear", "serious", "Not applicable", None)
    domains = ("rob_allocation", "rob_blinding", "rob_selective_reporting_of_outcomes", "rob_overall")
    table = pd.DataFrame({"study": [f"Study {n}" for n in range(k)]})
    for name in domains[: int(rng.integers(1, 5))]:
        table[name] = ["low", *(pick(rng, words) for _ in range(k - 1))]
    ax = figures.traffic_lights(table, **look(rng))
    drawn = sum(len(one.get_offsets()) for one in ax.collections if str(one.get_gid()).startswith("lights:"))
    assert drawn == table.filter(like="rob_").notna().to_numpy().sum()
    return ax


def network_funnel(rng):
    count, k = int(rng.integers(2, 7)), int(rng.integers(2, 12))
    pairs = [(0, i) for i in range(1, count)] + [tuple(rng.choice(count, 2, replace=False)) for _ in range(k)]
    arms = {side: [TREATMENTS[pair[n]] for pair in pairs] for n, side in enumerate(("arm_t", "arm_c"))}
    numbers_ = {"yi": rng.normal(0.3, 0.3, len(pairs)), "vi": rng.uniform(0.02, 0.2, len(pairs))}
    study = [f"s{n}" for n in range(len(pairs))]
    drawn = pdt.network(**numbers_, **arms, study=study, reference=TREATMENTS[0])
    ax = figures.network_funnel(drawn, **look(rng, high=True))
    points = [one for one in ax.collections if str(one.get_gid()).startswith("studies:")]
    assert sum(len(one.get_offsets()) for one in points) == sum(
        len(s.arms) * (len(s.arms) - 1) // 2 for s in drawn.studies
    )
    return ax


def bubble(rng):
    k = int(rng.integers(5, 30))
    table = pd.DataFrame(
        {"yi": rng.normal(0.3, 0.4, k), "vi": rng.uniform(0.02, 0.3, k), "x": rng.normal(0, 1, k)}
    )
    table["kind"] = [("waitlist", "care as usual")[n % 2] for n in range(k)]
    fit = pdt.metareg("yi ~ x + kind", table)
    moderator = str(rng.choice(["x", "kind"]))
    ax = figures.bubble(fit, moderator, **look(rng))
    bubbles = geometry.mark(ax, "studies")
    assert_allclose(bubbles.get_offsets()[:, 1], fit.yi)
    assert_allclose(
        bubbles.get_sizes() / bubbles.get_sizes().max(), (lambda w: w / w.max())(1 / (fit.vi + fit.tau2))
    )
    if moderator == "x":
        line_ = next(one for one in ax.lines if one.get_gid() == "regression")
        at = {"x": line_.get_xdata()[[0, -1]].tolist(), "kind": ["waitlist"] * 2}
        shares = (table["kind"] == "waitlist").mean()
        other = fit.predict({**at, "kind": ["care as usual"] * 2})["estimate"].to_numpy()
        expected = shares * fit.predict(at)["estimate"].to_numpy() + (1 - shares) * other
        assert_allclose(line_.get_ydata()[[0, -1]], expected)
    return ax


def tau2_profile(rng):
    fit = result(rng, (2, 3, 5, 20))
    ax = figures.tau2_profile(fit, **look(rng, high=True))
    assert_allclose(geometry.mark(ax, "estimate").get_offsets()[0, 0], fit.tau2)
    assert_allclose(line(ax, "interval").get_xdata(), fit.tau2_ci)
    return ax


def published(rng):
    """Results on both sides of significance, as figures of selection need them."""
    vi = rng.uniform(0.02, 0.1, int(rng.integers(8, 30)))
    yi = rng.normal(0.3, np.sqrt(vi + 0.05))
    z = np.sqrt(vi)
    yi[:4] = np.array([2.5, 3.0, 0.5, -0.8]) * z[:4]
    return yi, vi


def s_value_curve(rng):
    found = pdt.publication_sensitivity(*published(rng), model=pick(rng, ("robust", "fixed")))
    ax = figures.s_value_curve(found, **look(rng, high=True))
    assert_allclose(line(ax, "curve").get_ydata(), found.curve["estimate"])
    return ax


def selection_function(rng):
    steps = pick(rng, ((0.025,), (0.025, 0.5)))
    found = pdt.selection_model(*published(rng), steps=steps)
    ax = figures.selection_function(found, **look(rng, high=True))
    assert_allclose(line(ax, "weights").get_ydata()[::2], found.weights)
    return ax


def trajectory(rng):
    strata, measure = {}, pick(rng, ("SMD", "OR"))
    for comparison in ("pdt_vs_control", "pdt_vs_cbt", "pdt_vs_medication")[: int(rng.integers(1, 4))]:
        for window in ("post", "short", "medium", "long", "unknown")[: int(rng.integers(1, 6))]:
            k = int(rng.integers(1, 10))
            stratum = {"comparison": comparison, "follow_up": window}
            made = effect(k, int(rng.integers(10_000)), stratum=stratum, measure=measure)
            months = (
                tuple(float(rng.choice([0, 1, 6, 24])) for _ in range(k))
                if rng.random() < 0.5
                else (None,) * k
            )
            columns = {"trial_id": tuple(f"t{i}" for i in range(k)), "months_since_end": months}
            strata[comparison, window] = replace(made, columns=columns)
    drawn = replace(synthesis(), by=("comparison", "follow_up"), strata=strata)
    ax = with_room(figures.trajectory, drawn, trials=bool(rng.random() < 0.7), **look(rng, high=True))
    texts = sorted(text.get_text() for text in ax.texts)
    assert texts == sorted(f"k = {s.k}" for key, s in strata.items() if key[1] != "unknown")
    heights = np.concatenate(
        [c.get_offsets()[:, 1] for c in ax.collections if str(c.get_gid()).startswith("pooled")]
    )
    wanted = [shown(s, s.estimate) for key, s in strata.items() if key[1] != "unknown"]
    assert_allclose(np.sort(heights), np.sort(wanted))
    return ax


def pictograph(rng):
    estimate, half = rng.normal(0, 0.8), abs(rng.normal(0.3, 0.2))
    effect = PooledEffect(
        measure="SMD", estimate=estimate, ci=(estimate - half, estimate + half), k=5, tau2=0
    )
    meaning = absolute(effect, control_rate=rng.uniform(0.01, 0.99))
    ax = figures.pictograph(meaning, **look(rng))
    drawn = [len(one.get_offsets()) for one in ax.collections if str(one.get_gid()).startswith("people:")]
    assert sum(drawn) == 200
    return ax


def equivalence_plot(rng):
    margin, k = pick(rng, (0.1, 0.25, 2.0)), pick(rng, (1, 2, 7))
    vi = rng.uniform(0.02, 0.2, (k, 6))
    fits = [pool(rng.normal(0.1, 0.4, 6), row) for row in vi]
    found = {f"Outcome {i}": equivalence(fit, margin=margin) for i, fit in enumerate(fits)}
    ax = figures.equivalence_plot(found, **look(rng, high=True))
    (ends,) = (mark.get_segments() for mark in ax.collections if mark.get_gid() == "intervals")
    assert_allclose([segment[:, 0] for segment in ends], [one.ci for one in found.values()])
    return ax


def power_curve(rng):
    question = pick(rng, ("mean", "heterogeneity", "equivalence", "moderator"))
    asked = power(
        k=int(pick(rng, (3, 20, 90))),
        effect=0.1,
        n_per_arm=pick(rng, (10, 200)),
        I2=pick(rng, (20, 90)),
        question=question,
        margin=0.3 if question == "equivalence" else None,
    )
    ax = figures.power_curve(asked, **look(rng, high=True))
    assert_allclose(line(ax, "power").get_ydata()[-1], asked.curve["power"].iloc[-1])
    return ax


def specification_curve(rng):
    n = pick(rng, (1, 8, 300))
    middle, half = rng.normal(0.3, 0.3, n), np.abs(rng.normal(0.3, 0.2, n))
    table = pd.DataFrame({"estimate": middle, "ci_low": middle - half, "ci_high": middle + half})
    table["method"] = [pick(rng, ("REML", "DL")) for _ in range(n)]
    table["control group"] = [pick(rng, SCRIPTS[:3]) for _ in range(n)]
    requested = look(rng)
    ax = figures.specification_curve(
        table, choices=["method", "control group"], **requested | {"title": requested["title"] or ""}
    )
    drawn = [geometry.mark(ax, f"estimates:{kind}") for kind in ("excludes", "holds")]
    points = np.concatenate([found.get_offsets() for found in drawn if found is not None])
    assert_allclose(points[np.argsort(points[:, 0])][:, 1], np.sort(middle))
    return ax


def update_plot(rng):
    before, after = result(rng), result(rng)
    alike = {"measure": before.measure, "stratum": before.stratum}
    update = pdt.compare(before, replace(after, **alike))
    ax = figures.update_plot(update, **look(rng))
    for side, fit in (("old", before), ("new", after)):
        assert_allclose(line(ax, f"{side}:0").get_xdata(), fit.estimate)
    return ax


DRAWN = {
    draw.__name__: draw
    for draw in (
        baujat,
        bias_summary,
        drapery,
        forest,
        forest_of_groups,
        funnel,
        gosh_plot,
        network_plot,
        orchard,
        pictograph,
        traffic_lights,
        bubble,
        network_funnel,
        equivalence_plot,
        power_curve,
        radial,
        s_value_curve,
        selection_function,
        series,
        specification_curve,
        summary_forest,
        tau2_profile,
        trajectory,
        update_plot,
    )
}


@pytest.mark.filterwarnings("ignore:Text in .* letters:pdt_evidence.EvidenceWarning", "ignore:Glyph")
@pytest.mark.random
@pytest.mark.parametrize("name", DRAWN)
@SOME
@given(seed=st.integers(0, 100_000))
def test_any_result_is_readable_and_drawn_where_its_numbers_are(name, seed):
    plt.close("all")
    ax = DRAWN[name](np.random.default_rng(seed))
    geometry.assert_readable(ax)
    assert unreadable(ax) == []


def unreadable(ax):
    """Texts whose colour stands out too little from what is behind them: the paper, or the disc of a judgement."""
    paper, discs = ax.figure.canvas.figure.get_facecolor(), []
    for found in ax.collections:
        if str(found.get_gid()).startswith("lights:"):
            middles = found.get_offset_transform().transform(found.get_offsets())
            discs += list(
                zip(middles, np.broadcast_to(found.get_facecolor(), (len(middles), 4)), strict=True)
            )
    out = []
    for name, text in geometry.texts(ax):
        box = text.get_window_extent()
        behind = [color for (x, y), color in discs if box.contains(x, y)]
        if contrast(text.get_color(), (behind or [paper])[0]) < 4.5:
            out.append((name, to_hex(text.get_color())))
    return out


@pytest.mark.parametrize("style", STYLES.values(), ids=list(STYLES))
def test_text_of_every_style_stands_out_from_its_paper_and_tints(style):
    for ink in (style.ink, style.muted):
        for ground in (style.paper, style.stripe, style.zone):
            assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize(
    "tool", [("low", "some", "high"), ("low", "unclear", "high"), ("low", "some", "serious", "critical")]
)
def test_judgements_of_one_tool_keep_apart_in_grey_and_without_green(tool):
    deuteranopia = np.array(
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    )  # Machado 2009
    for style in STYLES.values():
        colors = np.array(
            [[int(style.lights[word][i : i + 2], 16) / 255 for i in (1, 3, 5)] for word in tool]
        )
        linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
        for seen in (linear, np.clip(linear @ deuteranopia.T, 0, 1)):
            lightness = 116 * np.cbrt(seen @ (0.2126, 0.7152, 0.0722)) - 16
            assert np.diff(np.sort(lightness)).min() > 9
