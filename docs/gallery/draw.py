"""Draw the gallery from the bundled evidence: python docs/gallery/draw.py [folder]."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

import pdt_evidence as pdt
from pdt_evidence import figures
from pdt_evidence.analysis.networks.comparison import pdt_against_cbt
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.analysis.robustness.influence import leave_one_out

BY = ("comparison", "outcome", "follow_up")


def gallery() -> dict[str, Callable[[], Any]]:
    """Every figure of the gallery by the name of its file."""
    table = pdt.trials()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pdt.EvidenceWarning)
        control = pdt.synthesize(table[table.comparison == "pdt_vs_control"], by=BY)
        cbt = pdt.synthesize(table[table.comparison == "pdt_vs_cbt"], by=BY)
        both = table[
            table.comparison.isin(["pdt_vs_control", "pdt_vs_cbt"])
            & table.outcome.isin(["depression", "anxiety"])
        ]
        pair = pdt.synthesize(both, by=BY)
        course = pdt.synthesize(both[both.outcome == "depression"], by=BY)
        che = pdt.synthesize(table[table.comparison == "pdt_vs_control"], by=BY, dependence="che")
        runs = pdt.sensitivity(
            table[(table.comparison == "pdt_vs_control") & (table.outcome == "depression")]
        )
    che = che["pdt_vs_control", "depression", "post"]
    net = pdt_against_cbt(["depression_nice"]).fits["depression_nice"]
    fit = control["pdt_vs_control", "depression", "post"]
    rated = table[table.rob_tool.eq("RoB2") & table.rob.str.contains("[a-z]", na=False)]
    rated = rated.drop_duplicates(["trial_id", "outcome"]).pivot(
        index="trial_id", columns="outcome", values="rob"
    )
    judged = {str(outcome): list(values) for outcome, values in rated.items()}
    runs = runs[runs.follow_up == "post"].rename(
        columns={"dependence": "rows of a trial", "rho": "correlation ρ"}
    )
    return {
        "forest": lambda: figures.forest(fit, margins=0.25, sort="year"),
        "forest_groups": lambda: figures.forest(cbt),
        "forest_column": lambda: figures.forest(fit, width=85, style="bmj"),
        "forest_jama": lambda: figures.forest(
            fit, style="jama", columns=["study", "instrument", "effect", "plot", "weight"]
        ),
        "forest_dark": lambda: figures.forest(fit, style="dark", prediction="band"),
        "forest_slide": lambda: figures.forest(fit, style="slide", method=False),
        "summary_forest": lambda: figures.summary_forest(pair, margins=0.25),
        "forest_models": lambda: figures.forest(fit, also={"CHE": che}),
        "forest_dependent": lambda: figures.forest(che),
        "network_forest": lambda: figures.forest(net),
        "leave_one_out": lambda: figures.forest(leave_one_out(fit)),
        "cumulative": lambda: figures.forest(cumulative(fit, order="year")),
        "trajectory": lambda: figures.trajectory(course),
        "funnel": lambda: figures.funnel(
            fit, filled=pdt.trim_and_fill(fit), regression=pdt.regression_test(fit)
        ),
        "radial": lambda: figures.radial(fit),
        "baujat": lambda: figures.baujat(fit),
        "drapery": lambda: figures.drapery(fit),
        "orchard": lambda: figures.orchard(fit),
        "gosh": lambda: figures.gosh_plot(gosh(fit, sample=3000, seed=1), study=int(np.argmax(fit.yi))),
        "tau2_profile": lambda: figures.tau2_profile(fit),
        "bias_summary": lambda: figures.bias_summary(judged, title="Overall risk of bias (RoB 2) by outcome"),
        "network_plot": lambda: figures.network_plot(net, width=170, height=140),
        "specification_curve": lambda: figures.specification_curve(
            runs,
            choices=["rows of a trial", "inference", "correlation ρ"],
            title="Depression at the end of treatment: PDT versus control",
            ylabel="Standardised mean difference (95% CI)",
            arms=("PDT", "control"),
        ),
    }


def main(folder: Path) -> None:
    """Write every figure as a PNG."""
    for name, draw in gallery().items():
        figures.save(draw(), folder / f"{name}.png", dpi=110)
        plt.close("all")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
