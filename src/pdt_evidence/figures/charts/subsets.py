"""The figure of all subsets of the studies, as GOSH pools them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import known_options
from pdt_evidence.figures.charts.chart import along, chart, effects
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.colors import mixed
from pdt_evidence.figures.sheet.options import known_kind
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.robustness.gosh import Gosh

__all__ = ["gosh_plot"]

MOST_POINTS = 20_000


@drawn
@known_options
def gosh_plot(
    subsets: Gosh,
    *,
    study: int | str | None = None,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 110.0,
    height: float = 90.0,
    title: str | None = None,
) -> Axes:
    """Draw the pooled effects of many subsets of the studies against their heterogeneity.

    Parameters
    ----------
    subsets : Gosh
        As `gosh` gives it. Of more than 20,000 subsets every second, third, ... is drawn.
    study : int or str, optional
        A study by number from 0 or by label; the subsets that hold it have a colour of their own.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        Marks carry gids: "subsets", "subsets-with". More than 2,000 points are one picture in vector files.

    Raises
    ------
    RequestError
        Where there is no such study.

    References
    ----------
    .. [1] Olkin I, Dahabreh IJ, Trikalinos TA. Research Synthesis Methods 3 (2012) 214-223.
       doi:10.1002/jrsm.1053

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.gosh_plot(pdt.gosh(fit), study="A 2001")
    >>> sorted(mark.get_gid() for mark in ax.collections if mark.get_gid())
    ['subsets', 'subsets-with']
    """
    known_kind(subsets, "subsets", "Gosh", "what gosh(fit) returns")
    available = np.zeros(len(subsets), dtype=bool) if study is None else subsets.included(study)
    kept = np.flatnonzero(np.isfinite(subsets.I2))[:: max(1, -(-len(subsets) // MOST_POINTS))]
    x, y, available = subsets.estimate[kept], subsets.I2[kept], available[kept]
    name = subsets.labels[study] if isinstance(study, int) else str(study or "")
    made = chart(ax, style, width, height, [name])
    plot, look = made.ax, made.style
    alpha = float(np.clip(6 / math.sqrt(max(x.size, 1)), 0.05, 0.6))
    handles = []
    for mine, color, gid, label in (
        (~available, mixed(look.study, look.paper, 0.45), "subsets", f"without {name}"),
        (available, look.prediction, "subsets-with", f"with {name}"),
    ):
        if mine.any():
            dots: dict[str, Any] = {"s": 5, "alpha": alpha, "linewidth": 0, "rasterized": x.size > 2000}
            plot.scatter(x[mine], y[mine], color=color, gid=gid, **dots)
            handles.append(plot.scatter([], [], s=14, color=color, linewidth=0, label=label))
    plot.set_ylim(-2, 102)
    heading = words.heading(subsets.full.stratum) if title is None else title
    measure = subsets.full.measure
    return made.finish(
        title=heading,
        xlabel=along(words.full_measure(measure), [subsets.full]),
        ylabel="I² (%)",
        x=effects(measure),
        legend=handles if study is not None else (),
    )
