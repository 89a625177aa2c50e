"""The forest of pooled results: one row a stratum, a model or a step of a series, and no studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.forests.plot import draw, options_of
from pdt_evidence.figures.forests.series import ADAPTERS, kind_of, series_of
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.networks.result import Network
    from pdt_evidence.analysis.robustness.influence import Influence
    from pdt_evidence.analysis.robustness.refits import PooledSeries
    from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["summary_forest"]


@drawn
@known_options
def summary_forest(
    results: Synthesis | PooledSeries | Influence | Network | Mapping[str, PooledEffect],
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float | None = None,
    title: str | None = None,
    columns: Sequence[str] | None = None,
    arms: tuple[str, str] | None = None,
    favours: tuple[str, str] | None = None,
    sort: str | None = None,
    margins: float | tuple[float, float] | None = None,
    lines: Sequence[float] = (),
    xlim: tuple[float, float] | None = None,
    digits: int | None = None,
    prediction: bool = True,
) -> Axes:
    """Draw pooled results one below the other: outcomes, follow-ups and comparisons, or a series.

    What is not a synthesis is drawn as `forest` draws it; a synthesis without its studies.

    Parameters
    ----------
    results : Synthesis, PooledSeries, Influence, Network or mapping of str to PooledEffect
        The strata of a synthesis, outcome around follow-up around comparison; what `leave_one_out` or
        `cumulative` give; each treatment of a network against its reference; or results under names of
        their own, one model beside another.
    ax, style, width, title, arms, favours, margins, lines, xlim, digits
        As in `forest`.
    columns : sequence of {"study", "k", "plot", "effect", "p", "I2", "tau2", "pi"}, optional
        What stands beside the plot, in order. Without it k, the effect, and I2 where it is known.
    sort : {"effect", "precision", "label"}, optional
        Order of the rows under each heading.
    prediction : bool
        Whether a thin line behind each interval shows its prediction interval.

    Returns
    -------
    Axes
        Marks and texts carry gids: "estimates", "intervals", "predictions:rows", "row:...:ci".

    Raises
    ------
    RequestError
        For an unknown option, mixed measures, or nothing to draw.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4], [0.04, 0.03, 0.09]
    >>> ax = pdt.summary_forest({"REML": pdt.pool(yi, vi), "DL": pdt.pool(yi, vi, method="DL")})
    >>> [text.get_text() for text in ax.texts if text.get_gid() == "row:DL:study:1"]
    ['DL']
    """
    if not kind_of(results, ADAPTERS):
        raise RequestError(
            f"Cannot draw a summary of {type(results).__name__}. Give a Synthesis, a PooledSeries, a Network or a "
            "mapping of names to PooledEffect; the studies of one PooledEffect are drawn by forest."
        )
    layout, chosen, width, limits, extras = options_of(
        series_of(results),
        style=style,
        width=width,
        title=title,
        columns=columns,
        arms=arms,
        favours=favours,
        sort=sort,
        margins=margins,
        lines=lines,
        xlim=xlim,
        digits=digits,
        prediction="bar" if prediction else "off",
    )
    return draw(layout, chosen, ax, width, limits, extras)
