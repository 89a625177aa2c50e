"""The main figures as pinned pictures: draw them anew with ``python tests/figures/pin.py``, then look at each.

Styles name fonts that come with the package or with Matplotlib, so that a picture is the same wherever
that version of Matplotlib draws it; results are made by hand, so that only the drawing is tested.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from made_results import NETWORK, clustered, effect, synthesis  # noqa: E402

from pdt_evidence import figures, pool  # noqa: E402
from pdt_evidence.analysis.robustness.gosh import gosh  # noqa: E402
from pdt_evidence.analysis.robustness.influence import leave_one_out  # noqa: E402

PINNED = HERE / "pinned"
DPI = 80


def odds_ratios():
    made = effect(9, seed=4)
    return replace(made, measure="OR")


def judged():
    made = effect(5)
    told = {
        "rob_allocation": ("low", "some concerns", "high", "low", "unclear"),
        "rob_blinding": ("high", "low", "low", "some concerns", "low"),
    }
    return replace(made, columns={"year": made.columns["year"], **told})


def pooled(k: int = 7):
    """A result that `pool` made, which knows its interval of tau2."""
    made = effect(k)
    return pool(made.yi, made.vi, labels=made.labels, measure="SMD", stratum=made.stratum)


def graph():
    arms = ((0, 1), (0, 1), (1, 2), (0, 2, 3), (3, 4))
    studies = [SimpleNamespace(arms=np.array(one)) for one in arms]
    names = ("pdt", "cbt", "waitlist", "care_as_usual", "medication")
    return SimpleNamespace(treatments=names, studies=studies)


def specifications():
    rng = np.random.default_rng(7)
    middle, half = rng.normal(0.35, 0.2, 12), rng.uniform(0.2, 0.5, 12)
    table = pd.DataFrame({"estimate": middle, "ci_low": middle - half, "ci_high": middle + half})
    return table.assign(method=["REML", "DL", "PM"] * 4, test=["t", "z"] * 6)


def of_style(name: str):
    fit = replace(judged(), columns={})
    return lambda: figures.forest(fit, style=name, width=120, method=False, title="")


SMALL = {"width": 85.0, "height": 65.0}
PICTURES: dict[str, Callable[[], Any]] = {
    "forest": lambda: figures.forest(effect(14)),
    "forest_one_study": lambda: figures.forest(effect(1)),
    "forest_groups": lambda: figures.forest(synthesis()),
    "forest_column": lambda: figures.forest(effect(8, long=True), width=85),
    "forest_ratio": lambda: figures.forest(odds_ratios(), style="revman"),
    "forest_dark": lambda: figures.forest(effect(6), style="dark", prediction="band", margins=0.25),
    "forest_network": lambda: figures.forest(NETWORK),
    "forest_leave_one_out": lambda: figures.forest(leave_one_out(pooled())),
    "forest_dependent": lambda: figures.forest(clustered("che")),
    "forest_lights": lambda: figures.forest(
        judged(), columns=["study", "plot", "effect", "rob_allocation", "rob_blinding"]
    ),
    "forest_two_models": lambda: figures.forest(
        effect(5), also={"All rows (CHE)": effect(5, seed=2)}, margins=0.3, width=150
    ),
    **{f"style_{name}": of_style(name) for name in ("revman", "jama", "bmj", "lancet", "apa")},
    "style_slide": lambda: figures.forest(effect(5), style="slide"),
    "summary_forest": lambda: figures.summary_forest(synthesis()),
    "funnel": lambda: figures.funnel(effect(20)),
    "trajectory": lambda: figures.trajectory(synthesis()),
    "orchard": lambda: figures.orchard(effect(12)),
    "baujat": lambda: figures.baujat(pooled(), **SMALL),
    "radial": lambda: figures.radial(pooled(), **SMALL),
    "drapery": lambda: figures.drapery(pooled(), **SMALL),
    "gosh": lambda: figures.gosh_plot(gosh(pooled(6)), study=0, **SMALL),
    "network_plot": lambda: figures.network_plot(graph(), **SMALL),
    "bias_summary": lambda: figures.bias_summary(judged(), width=85),
    "tau2_profile": lambda: figures.tau2_profile(pooled(), **SMALL),
    "specification_curve": lambda: figures.specification_curve(specifications(), width=85),
}


def draw(name: str, folder: Path) -> Path:
    """Draw one picture into `folder`."""
    np.random.seed(0)  # noqa: NPY002  # figures that jitter must not depend on what ran before
    path = folder / f"{name}.png"
    figures.save(PICTURES[name](), path, dpi=DPI)
    return path


if __name__ == "__main__":
    PINNED.mkdir(exist_ok=True)
    for picture in PICTURES:
        print(draw(picture, PINNED))
    (PINNED / "VERSION").write_text(f"matplotlib {matplotlib.__version__}\n", encoding="utf-8")
