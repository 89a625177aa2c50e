"""Every picture of a figure once: drawn from results made by hand, and from the bundled evidence for the gallery.

The pinned pictures (pin.py), the gallery (docs/gallery/draw.py) and the tests of all figures read this table.
What is made by hand does not move when the evidence does.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from made_results import NETWORK, clustered, effect, synthesis

import pdt_evidence as pdt
from pdt_evidence import figures, pool
from pdt_evidence.analysis.networks.comparison import pdt_against_cbt
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.analysis.robustness.influence import leave_one_out

BY = ("comparison", "outcome", "follow_up")


@dataclass(frozen=True)
class Example:
    """A picture: what draws it by hand (with which options it is pinned), what of the evidence, and its caption."""

    figure: str
    made: Callable[[], Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    evidence: Callable[[Bundled], Any] | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    caption: str = ""

    def pinned(self) -> Any:
        return self.draw(**self.options)

    def draw(self, **options: Any) -> Any:
        """The figure of the result that is made by hand, as large as it is by itself unless told."""
        assert self.made is not None
        return getattr(figures, self.figure)(self.made(), **options)

    def in_the_gallery(self) -> Any:
        """The figure of the bundled evidence."""
        assert self.evidence is not None
        options = {name: value(BUNDLED) if callable(value) else value for name, value in self.shown.items()}
        return getattr(figures, self.figure)(self.evidence(BUNDLED), **options)


def odds_ratios():
    return replace(effect(9, seed=4), measure="OR")


def judged():
    made = effect(5)
    texts = {
        "rob_allocation": ("low", "some concerns", "high", "low", "unclear"),
        "rob_blinding": ("high", "low", "low", "some concerns", "low"),
    }
    return replace(made, columns={"year": made.columns["year"], **texts})


def regressed():
    x = np.linspace(1998, 2020, 9)
    table = pd.DataFrame(
        {"yi": 0.02 * (x - 2000) + 0.1 * np.cos(x), "vi": np.linspace(0.02, 0.12, 9), "year": x}
    )
    return pdt.metareg("yi ~ year", table)


def unjudged():
    return replace(judged(), columns={})


def pooled(k: int = 7):
    """A result that `pool` made, which knows its interval of tau2."""
    made = effect(k)
    return pool(made.yi, made.vi, labels=made.labels, measure="SMD", stratum=made.stratum)


class Network(SimpleNamespace):
    """Stands for a network of which only the graph is drawn; figures know results by the names of their classes."""


def graph():
    arms = ((0, 1), (0, 1), (1, 2), (0, 2, 3), (3, 4))
    studies = [SimpleNamespace(arms=np.array(one)) for one in arms]
    names = ("pdt", "cbt", "waitlist", "care_as_usual", "medication")
    return Network(treatments=names, studies=studies)


def specifications():
    rng = np.random.default_rng(7)
    middle, half = rng.normal(0.35, 0.2, 12), rng.uniform(0.2, 0.5, 12)
    table = pd.DataFrame({"estimate": middle, "ci_low": middle - half, "ci_high": middle + half})
    return table.assign(method=["REML", "DL", "PM"] * 4, test=["t", "z"] * 6)


class Bundled:
    """The results of the bundled evidence that the gallery shows, each made when first drawn."""

    at = ("pdt_vs_control", "depression", "post")

    @cached_property
    def table(self) -> pd.DataFrame:
        return pdt.trials()

    @cached_property
    def depression(self) -> pd.DataFrame:
        """The rows of the one stratum that most figures show."""
        kept = [self.table[name].eq(value) for name, value in zip(BY, self.at, strict=True)]
        return self.table[np.logical_and.reduce(kept)]

    @cached_property
    def fit(self) -> Any:
        return synthesized(self.depression)[self.at]

    @cached_property
    def che(self) -> Any:
        return synthesized(self.depression, dependence="che")[self.at]

    @cached_property
    def cbt(self) -> Any:
        return synthesized(self.table[self.table.comparison == "pdt_vs_cbt"])

    @cached_property
    def pair(self) -> Any:
        kept = self.table.comparison.isin(["pdt_vs_control", "pdt_vs_cbt"])
        return synthesized(self.table[kept & self.table.outcome.isin(["depression", "anxiety"])])

    @cached_property
    def course(self) -> Any:
        kept = self.table.comparison.isin(["pdt_vs_control", "pdt_vs_cbt"])
        return synthesized(self.table[kept & self.table.outcome.eq("depression")])

    @cached_property
    def network(self) -> Any:
        return pdt_against_cbt(["depression_nice"]).fits["depression_nice"]

    @cached_property
    def runs(self) -> pd.DataFrame:
        names = {"dependence": "rows of a trial", "rho": "correlation ρ"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pdt.EvidenceWarning)
            return pdt.sensitivity(self.depression, rules=False).rename(columns=names)

    @cached_property
    def update(self) -> Any:
        """Depression and anxiety at the end of treatment, by the trials to 2009 and to 2013."""
        kept = self.table.comparison.isin(["pdt_vs_control", "pdt_vs_cbt"]) & self.table.follow_up.eq("post")
        table = self.table[kept & self.table.outcome.isin(["depression", "anxiety"])]
        return pdt.compare(*(synthesized(table[table.year < year]) for year in (2010, 2014)))

    @cached_property
    def multiverse(self) -> Any:
        """The stratum under several estimators, tests, models of dependence and methods against bias."""
        return pdt.multiverse(
            self.depression[self.depression.yi.notna()],
            method=["REML", "DL", "PM"],
            test=["knha", "z"],
            dependence=["aggregate", "one-per-trial", "che"],
            bias=["none", "pet-peese", "selection", "p-uniform*", "limit"],
        )

    @cached_property
    def judged(self) -> dict[str, list[Any]]:
        """Overall judgements by RoB 2, one a trial and outcome."""
        rated = self.table[self.table.rob_tool.eq("RoB2") & self.table.rob.str.contains("[a-z]", na=False)]
        rated = rated.drop_duplicates(["trial_id", "outcome"])
        wide = rated.pivot(index="trial_id", columns="outcome", values="rob")
        return {str(outcome): list(values) for outcome, values in wide.items()}


def synthesized(table: pd.DataFrame, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pdt.EvidenceWarning)
        return pdt.synthesize(table, by=BY, **options)


BUNDLED = Bundled()


def the_fit(known: Bundled) -> Any:
    return known.fit


def of_style(name: str) -> Example:
    return Example("forest", unjudged, {"style": name, "width": 120, "method": False, "title": ""})


SMALL = {"width": 85.0, "height": 65.0}
FORESTS = {
    "forest": Example(
        "forest",
        lambda: effect(14),
        evidence=the_fit,
        shown={"margins": 0.25, "sort": "year"},
        caption='`forest(fit, margins=0.25, sort="year")`',
    ),
    "forest_one_study": Example("forest", lambda: effect(1)),
    "forest_groups": Example(
        "forest",
        synthesis,
        evidence=lambda known: known.cbt,
        caption="`forest(synthesis)`: strata as groups",
    ),
    "forest_column": Example(
        "forest",
        lambda: effect(8, long=True),
        {"width": 85},
        evidence=the_fit,
        shown={"width": 85, "style": "bmj"},
        caption='`forest(fit, width=85, style="bmj")`: one journal column',
    ),
    "forest_jama": Example(
        "forest",
        evidence=the_fit,
        shown={"style": "jama", "columns": ["study", "instrument", "effect", "plot", "weight"]},
        caption='`forest(fit, style="jama", columns=[...])`',
    ),
    "forest_ratio": Example("forest", odds_ratios, {"style": "revman"}),
    "forest_dark": Example(
        "forest",
        lambda: effect(6),
        {"style": "dark", "prediction": "band", "margins": 0.25},
        evidence=the_fit,
        shown={"style": "dark", "prediction": "band"},
        caption='`forest(fit, style="dark", prediction="band")`',
    ),
    "forest_slide": Example(
        "forest",
        evidence=the_fit,
        shown={"style": "slide", "method": False},
        caption='`forest(fit, style="slide", method=False)`: 16 pt, as wide as a slide',
    ),
    "forest_lights": Example(
        "forest", judged, {"columns": ["study", "plot", "effect", "rob_allocation", "rob_blinding"]}
    ),
    "summary_forest": Example(
        "summary_forest",
        synthesis,
        evidence=lambda known: known.pair,
        shown={"margins": 0.25},
        caption="`summary_forest(synthesis)`: comparisons, outcomes, follow-ups",
    ),
    "forest_two_models": Example(
        "forest",
        lambda: effect(5),
        {"also": {"All rows (CHE)": effect(5, seed=2)}, "margins": 0.3, "width": 150},
    ),
    "forest_models": Example(
        "forest",
        evidence=the_fit,
        shown={"also": lambda known: {"CHE": known.che}},
        caption='`forest(fit, also={"CHE": che})`: two models side by side',
    ),
    "forest_dependent": Example(
        "forest",
        lambda: clustered("che"),
        {"favours": ("Favours arm 2", "Favours arm 1")},
        evidence=lambda known: known.che,
        caption="`forest(che)`: several effects a trial",
    ),
    "forest_bias": Example(
        "forest",
        lambda: pdt.bias(effect(20)),
        evidence=lambda known: pdt.bias(known.fit),
        caption="`forest(bias(fit))`: corrected for publication bias",
    ),
    "forest_network": Example("forest", lambda: NETWORK),
    "network_forest": Example("forest", evidence=lambda known: known.network, caption="`forest(network)`"),
    "forest_leave_one_out": Example("forest", lambda: leave_one_out(pooled())),
    "leave_one_out": Example(
        "forest", evidence=lambda known: leave_one_out(known.fit), caption="`forest(leave_one_out(fit))`"
    ),
    "cumulative": Example(
        "forest",
        evidence=lambda known: cumulative(known.fit, order="year"),
        caption='`forest(cumulative(fit, order="year"))`',
    ),
    **{f"style_{name}": of_style(name) for name in ("revman", "jama", "bmj", "lancet", "apa")},
    "style_slide": Example("forest", lambda: effect(5), {"style": "slide"}),
}


def mixed_results():
    """Some results on either side of the steps of a selection function."""
    rng = np.random.default_rng(11)
    vi = rng.uniform(0.02, 0.12, 18)
    return pdt.pool(rng.normal(0.3, np.sqrt(vi + 0.05)), vi)


def updated():
    """Strata that gained studies, one that is new and one that is gone."""
    new = synthesis()
    keys = list(new)
    before = {
        key: pool(fit.yi[: fit.k - 1] + 0.3, fit.vi[: fit.k - 1], measure="SMD", stratum=fit.stratum)
        for key, fit in new.items()
        if fit.k > 2
    }
    old = replace(new, strata={**before, keys[-1]: new.strata[keys[-1]]})
    return pdt.compare(old, replace(new, strata={key: new.strata[key] for key in keys[:-1]}))


CHARTS = {
    "trajectory": Example(
        "trajectory", synthesis, evidence=lambda known: known.course, caption="`trajectory(synthesis)`"
    ),
    "funnel": Example(
        "funnel",
        lambda: effect(20),
        evidence=the_fit,
        shown={
            "filled": lambda known: pdt.trim_and_fill(known.fit),
            "regression": lambda known: pdt.regression_test(known.fit),
        },
        caption="`funnel(fit, filled=..., regression=...)`",
    ),
    "radial": Example("radial", pooled, SMALL, evidence=the_fit, caption="`radial(fit)`"),
    "baujat": Example("baujat", pooled, SMALL, evidence=the_fit, caption="`baujat(fit)`"),
    "drapery": Example("drapery", pooled, SMALL, evidence=the_fit, caption="`drapery(fit)`"),
    "orchard": Example("orchard", lambda: effect(12), evidence=the_fit, caption="`orchard(fit)`"),
    "gosh": Example(
        "gosh_plot",
        lambda: gosh(pooled(6)),
        SMALL | {"study": 0},
        evidence=lambda known: gosh(known.fit, sample=3000, seed=1),
        shown={"study": lambda known: int(np.argmax(known.fit.yi))},
        caption="`gosh_plot(gosh(fit), study=...)`",
    ),
    "network_plot": Example(
        "network_plot",
        graph,
        SMALL,
        evidence=lambda known: known.network,
        shown={"width": 170, "height": 140},
        caption="`network_plot(network)`: discs by studies, lines by comparisons",
    ),
    "network_funnel": Example(
        "network_funnel",
        lambda: NETWORK,
        SMALL,
        evidence=lambda known: known.network,
        caption="`network_funnel(network)`: each study around its own comparison",
    ),
    "bias_summary": Example(
        "bias_summary",
        judged,
        {"width": 85},
        evidence=lambda known: known.judged,
        shown={"title": "Overall risk of bias (RoB 2) by outcome"},
        caption="`bias_summary(judgements)`",
    ),
    "traffic_lights": Example(
        "traffic_lights",
        judged,
        evidence=lambda known: known.fit,
        shown={"title": "Overall risk of bias"},
        caption="`traffic_lights(fit)`: risk of bias, a row a study",
    ),
    "bubble": Example(
        "bubble",
        regressed,
        SMALL,
        evidence=lambda known: pdt.metareg(
            "yi ~ year",
            pd.DataFrame({"yi": known.fit.yi, "vi": known.fit.vi, "year": known.fit.columns["year"]}),
        ),
        caption="`bubble(metareg('yi ~ year', table))`: bubbles by weight",
    ),
    "tau2_profile": Example("tau2_profile", pooled, SMALL, evidence=the_fit, caption="`tau2_profile(fit)`"),
    "pictograph": Example(
        "pictograph",
        lambda: pdt.absolute(pooled(), control_rate=0.21),
        evidence=lambda known: pdt.absolute(known.fit),
        caption="`pictograph(absolute(fit))`: 100 people, without and with",
    ),
    "equivalence_plot": Example(
        "equivalence_plot",
        lambda: {
            "Depression": pdt.equivalence(pooled(), margin=0.25),
            "Anxiety": pdt.equivalence(pooled(5), margin=0.25),
        },
        {"arms": ("PDT", "CBT")},
        evidence=lambda known: {
            " ".join(key[1:]).capitalize(): pdt.equivalence(fit, margin=pdt.STEINERT_2017)
            for key, fit in known.cbt.items()
            if fit.k > 2
        },
        shown={"arms": ("PDT", "CBT")},
        caption='`equivalence_plot({"Depression": equivalence(fit, margin=STEINERT_2017), ...})`',
    ),
    "power_curve": Example(
        "power_curve",
        lambda: pdt.power(k=12, n_per_arm=40, effect=0.3, I2=50),
        SMALL,
        evidence=lambda known: pdt.power(known.fit, effect=0.24),
        caption="`power_curve(power(fit, effect=0.24))`",
    ),
    "s_value_curve": Example(
        "s_value_curve",
        lambda: pdt.publication_sensitivity(mixed_results()),
        evidence=lambda known: pdt.publication_sensitivity(known.fit),
        caption="`s_value_curve(publication_sensitivity(fit))`",
    ),
    "selection_function": Example(
        "selection_function",
        lambda: pdt.selection_model(mixed_results(), steps=(0.025, 0.5)),
        evidence=lambda known: pdt.selection_model(known.fit, steps=(0.025, 0.5)),
        caption="`selection_function(selection_model(fit, steps=(0.025, 0.5)))`",
    ),
    "update_plot": Example(
        "update_plot",
        updated,
        {"width": 120},
        evidence=lambda known: known.update,
        caption="`update_plot(compare(old, new))`: trials to 2009 and to 2013",
    ),
    "specification_curve": Example(
        "specification_curve",
        specifications,
        {"width": 85, "favours": ("Favours arm 2", "Favours arm 1")},
        evidence=lambda known: known.runs,
        shown={
            "choices": ["rows of a trial", "inference", "correlation ρ"],
            "title": "Depression at the end of treatment: PDT versus control",
            "ylabel": "Standardised mean difference (95% CI)",
            "arms": ("PDT", "control"),
        },
        caption="`specification_curve(sensitivity(table), choices=[...])`",
    ),
}
CHARTS["multiverse"] = Example(
    "specification_curve",
    evidence=lambda known: known.multiverse,
    shown={"title": "Depression at the end of treatment: PDT versus control", "arms": ("PDT", "control")},
    caption="`specification_curve(multiverse(table, method=[...], test=[...], bias=[...]))`",
)
EXAMPLES: dict[str, Example] = FORESTS | CHARTS
PINNED_EXAMPLES = {name: one for name, one in EXAMPLES.items() if one.made}
GALLERY_EXAMPLES = {name: one for name, one in EXAMPLES.items() if one.evidence}
