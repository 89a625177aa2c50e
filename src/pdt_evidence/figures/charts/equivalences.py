"""Tests of equivalence as intervals against their margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import chart
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.figures.sheet.words import full_measure, inner
from pdt_evidence.formatting import RATIOS, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.conclusions.equivalence import Equivalence

__all__ = ["equivalence_plot", "rows_of"]

BAND = 20.0  # points a row


@drawn
@known_options
def equivalence_plot(
    found: Equivalence | Mapping[str, Equivalence],
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 150.0,
    height: float | None = None,
    title: str = "",
    arms: tuple[str, str] | None = None,
) -> Axes:
    """Draw estimates with the intervals of both tests against the margin of equivalence.

    The thick interval (90% at the usual level) lies within the margin exactly where the two one-sided tests show
    equivalence; the thin one (95%) holds 0 exactly where the test of a difference does not find one.

    Parameters
    ----------
    found : Equivalence or mapping of str to Equivalence
        What `equivalence` gives, one or several under names of their own; all with one margin and one level.
    ax, style, width, height, title
        As in `funnel`; a new figure is as high as its rows without `height`.
    arms : (str, str), optional
        Names of arm 1 and arm 2, for the two directions; nothing is said of them without.

    Returns
    -------
    Axes
        Gids: "margin", "intervals" (of the two tests), "wide" (of the difference), "estimates", "no-effect".

    Raises
    ------
    RequestError
        For another kind of result, nothing to draw, or several margins, levels or measures.

    References
    ----------
    .. [1] Schuirmann DJ (1987). doi:10.1007/BF01068419

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.equivalence(pdt.pool([0.1, -0.05, 0.02], [0.01, 0.02, 0.01]), margin=0.25)
    >>> ax = pdt.equivalence_plot({"Depression": found})
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['Depression: equivalent']
    """
    rows = rows_of(found)
    first = next(iter(rows.values()))
    names = [f"{name}: {one.verdict}" if name else one.verdict for name, one in rows.items()]
    made = chart(ax, style, width, height or 60.0, names)
    plot, look = made.ax, made.style
    source = f" ({first.margin_source.partition(',')[0]})" if first.margin_source else ""
    within = f"Margin of equivalence, ±{look.format.shortest(first.margin)}{source}"
    handles: list[Any] = [
        plot.axvspan(
            -first.margin, first.margin, color=look.zone, linewidth=0, gid="margin", label=within, zorder=0.5
        )
    ]
    plot.axvline(0.0, color=look.muted, linewidth=0.7, gid="no-effect", zorder=1)
    places = list(range(len(rows)))
    for interval, line, gid, words in (
        ("ci95", 0.9, "wide", "of the difference"),
        ("ci", 3.2, "intervals", "of the two one-sided tests"),
    ):
        level = percent(1 - (1 if gid == "wide" else 2) * first.alpha)
        low, high = zip(*(getattr(one, interval) for one in rows.values()), strict=True)
        label = f"{level} interval, {words}"
        handles.append(
            plot.hlines(places, low, high, color=look.study, linewidth=line, gid=gid, label=label, zorder=2)
        )
    estimates = [one.estimate for one in rows.values()]
    plot.scatter(
        estimates,
        places,
        s=34,
        color=look.pooled,
        edgecolor=look.paper,
        linewidth=0.7,
        gid="estimates",
        zorder=3,
    )
    ends = [end for one in rows.values() for end in one.ci95] + [-first.margin, first.margin]
    room = 0.06 * (max(ends) - min(ends))
    plot.set_xlim(min(ends) - room, max(ends) + room)
    plot.set_ylim(len(rows) - 0.4, -0.6)
    sides = f"\n← Favours {arms[1]} | Favours {arms[0]} →" if arms else ""
    return made.finish(
        title=title,
        xlabel=f"{_scale(first.measure)}{sides}",
        y=list(enumerate(names)),
        legend=handles,
        band=BAND if ax is None and height is None else None,
    )


def _scale(measure: str) -> str:
    """The measure in full, as every figure heads its axis; ratios stand as they are pooled."""
    full = full_measure(measure or "GEN")
    return f"Log {inner(full)}" if measure in RATIOS else full


def rows_of(found: Any) -> dict[str, Equivalence]:
    """The tests by name; refused where they cannot be drawn against one margin."""
    rows: dict[str, Any] = dict(found) if isinstance(found, Mapping) else {"": found}
    others = sorted({type(one).__name__ for one in rows.values()} - {"Equivalence"})
    if others or not rows:
        raise RequestError(
            f"equivalence_plot() draws what equivalence() gives, found {', '.join(others) or 'nothing'}. Give one, or "
            "a mapping of names to several."
        )
    for name, what in (("margin", "margins"), ("alpha", "levels"), ("measure", "measures")):
        values = sorted({getattr(one, name) for one in rows.values()})
        if len(values) > 1:
            listed = ", ".join(str(value) or "none named" for value in values)
            raise RequestError(f"The tests have several {what} ({listed}). Draw those of one at a time.")
    return rows
