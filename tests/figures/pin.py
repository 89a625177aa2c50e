"""The main figures as pinned pictures: draw them anew with ``python tests/figures/pin.py``, then look at each.

They use the font that Matplotlib ships, so that a picture is the same wherever that version of
Matplotlib draws it; results are made by hand, so that only the drawing is tested.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from made_results import NETWORK, clustered, effect, synthesis  # noqa: E402

from pdt_evidence import figures  # noqa: E402
from pdt_evidence.analysis.influence import leave_one_out  # noqa: E402
from pdt_evidence.analysis.pooling import pool  # noqa: E402
from pdt_evidence.figures.styles import STYLES  # noqa: E402

PINNED = HERE / "pinned"
DPI = 80


def plain(name: str = "default"):
    """A style in the font that comes with Matplotlib."""
    return replace(STYLES[name], fonts=("DejaVu Sans",))


def odds_ratios():
    made = effect(9, seed=4)
    return replace(made, measure="OR")


def pooled():
    made = effect(7)
    return pool(made.yi, made.vi, labels=made.labels, measure="SMD", stratum=made.stratum)


PICTURES: dict[str, Callable[[], Any]] = {
    "forest": lambda: figures.forest(effect(14), style=plain()),
    "forest_one_study": lambda: figures.forest(effect(1), style=plain()),
    "forest_groups": lambda: figures.forest(synthesis(), style=plain()),
    "forest_column": lambda: figures.forest(effect(8, long=True), width=85, style=plain()),
    "forest_ratio": lambda: figures.forest(odds_ratios(), style=plain("revman")),
    "forest_dark": lambda: figures.forest(effect(6), style=plain("dark"), prediction="band", margins=0.25),
    "forest_network": lambda: figures.forest(NETWORK, style=plain()),
    "forest_leave_one_out": lambda: figures.forest(leave_one_out(pooled()), style=plain()),
    "forest_dependent": lambda: figures.forest(clustered("che"), style=plain()),
    "summary_forest": lambda: figures.summary_forest(synthesis(), style=plain()),
    "funnel": lambda: figures.funnel(effect(20), style=plain()),
    "trajectory": lambda: figures.trajectory(synthesis(), style=plain()),
    "orchard": lambda: figures.orchard(effect(12), style=plain()),
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
