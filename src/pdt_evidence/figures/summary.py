"""The forest of pooled results: one row a stratum, a model or a step of a series, and no studies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import words
from pdt_evidence.figures.axis import Scale, scale_of
from pdt_evidence.figures.forest_plot import draw, ends_of, zone_of
from pdt_evidence.figures.layout import arms_of, favours_of, in_order, levels_of, refuse_mixed
from pdt_evidence.figures.records import Column, ForestLayout, Wishes
from pdt_evidence.figures.rows import Rows, path_of
from pdt_evidence.figures.styles import Style, style_of
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.network_result import Network
    from pdt_evidence.analysis.refits import PooledSeries

__all__ = ["summary_forest"]

LEVELS = ("outcome", "follow_up")  # headings, outermost first; the comparison comes last, as the row
COLUMNS = ("k", "effect", "p", "I2", "tau2")


@dataclass(frozen=True, slots=True)
class _Series:
    """Results in order with the words that stand for each: headings, then the row's own."""

    effects: Sequence[PooledEffect]
    paths: Sequence[tuple[str, ...]]
    title: str
    head: str
    hues: Sequence[int]
    arms: tuple[str, str] | None = None
    counts: str = "Studies"  # what k is the number of


def summary_forest(
    results: Synthesis | PooledSeries | Network | Mapping[str, PooledEffect],
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float | None = None,
    title: str | None = None,
    columns: Sequence[str] | None = None,
    arms: tuple[str, str] | None = None,
    favours: tuple[str, str] | None = None,
    margins: float | tuple[float, float] | None = None,
    lines: Sequence[float] = (),
    xlim: tuple[float, float] | None = None,
    digits: int = 2,
    prediction: bool = True,
) -> Axes:
    """Draw pooled results one below the other: outcomes, follow-ups and comparisons, or a series.

    Parameters
    ----------
    results : Synthesis, PooledSeries, Network or mapping of str to PooledEffect
        The strata of a synthesis, outcome around follow-up around comparison; what `leave_one_out` or
        `cumulative` give; each treatment of a network against its reference; or results under names of
        their own, one model beside another.
    ax, style, width, title, arms, favours, margins, lines, xlim, digits
        As in `forest`.
    columns : sequence of {"k", "effect", "p", "I2", "tau2"}, optional
        What stands beside the plot; k left of it. Without it k and the effect, and I2 where it is known.
    prediction : bool
        Whether a thin line behind each interval shows its prediction interval.

    Returns
    -------
    Axes
        Marks and texts carry gids: "estimates", "intervals", "predictions", "row:...:ci".

    Raises
    ------
    RequestError
        For an unknown option, mixed measures, or nothing to draw.

    Examples
    --------
    >>> from pdt_evidence.analysis.pooling import pool
    >>> yi, vi = [0.6, 0.2, 0.4], [0.04, 0.03, 0.09]
    >>> ax = summary_forest({"REML": pool(yi, vi), "DL": pool(yi, vi, method="DL")})
    >>> len(ax.get_yticks()) >= 0
    True
    """
    chosen = style_of(style)
    series = _series(results)
    refuse_mixed(series.effects)
    if columns is None:
        columns = ("k", "effect", "I2") if any(e.I2 == e.I2 for e in series.effects) else ("k", "effect")
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise RequestError(
            f"columns = {list(columns)!r} asks for {', '.join(map(repr, unknown))}. "
            f"Choose from: {', '.join(map(repr, COLUMNS))}."
        )
    wishes = Wishes(title=title, arms=arms, favours=favours, digits=digits)
    layout = _layout(series, chosen, wishes, columns, prediction)
    zone = zone_of(margins, layout)
    extras = {"lines": tuple(map(float, lines)), "zone": zone}
    return draw(layout, chosen, ax, width, ends_of(layout, xlim, zone), extras)


def _series(results: Any) -> _Series:
    if isinstance(results, Synthesis):
        return _of_strata([s for s in results.strata.values() if s.k], results.by)
    if hasattr(results, "treatments"):
        return _of_network(results)
    if hasattr(results, "kind"):
        return _of_refits(results)
    if not isinstance(results, Mapping):
        raise RequestError(
            f"Cannot draw a summary of {type(results).__name__}. Give a Synthesis, a PooledSeries, a Network or a "
            "mapping of names to PooledEffect; the studies of one PooledEffect are drawn by forest."
        )
    effects = [effect for effect in results.values() if effect.k]
    paths = [(str(name),) for name, effect in results.items() if effect.k]
    if not effects:
        raise RequestError("There is nothing to draw: no result holds a study.")
    stratum = dict(effects[0].stratum)
    same = all(dict(effect.stratum) == stratum for effect in effects)
    return _Series(effects, paths, words.heading(stratum) if same else "", "", [0] * len(effects))


def _of_refits(series: PooledSeries) -> _Series:
    """Each step a row; the fit of all studies closes a leave-one-out series, which lacks it."""
    full = series.full
    shared = {name: getattr(series, name) for name in ("measure", "method", "test", "level", "pi_rule")}
    numbers = ("estimate", "se", "p", "df", "tau2", "I2")
    effects = [
        PooledEffect(
            **shared,
            **_floats(series, numbers, i),
            k=int(series.k[i]),
            ci=(float(series.ci[i][0]), float(series.ci[i][1])),
            pi=(float(series.pi[i][0]), float(series.pi[i][1])),
            stratum=full.stratum,
            columns=full.columns,
        )
        for i in range(len(series))
    ]
    left_out = series.kind == "leave-one-out"
    paths = [(name,) for name in series.labels] + ([("All studies",)] if left_out else [])
    hues = [0] * len(series) + ([1] if left_out else [])
    head = "Left out" if left_out else "Added"
    return _Series([*effects, full] if left_out else effects, paths, words.heading(full.stratum), head, hues)


def _of_network(network: Network) -> _Series:
    """Every other treatment against the reference; k counts the studies that compare the two directly."""
    names = list(network.treatments)
    against = names.index(network.reference)
    others = [i for i in range(len(names)) if i != against]
    effects = [
        PooledEffect(
            measure=network.measure,
            method=network.method,
            test="z",
            level=network.level,
            k=sum(i in study.arms and against in study.arms for study in network.studies),
            estimate=float(network.estimates[i, against]),
            se=float(network.standard_errors[i, against]),
            ci=(float(network.ci_low[i, against]), float(network.ci_high[i, against])),
            p=network.comparison(names[i], network.reference).p,
        )
        for i in others
    ]
    reference = words.spoken(network.reference)
    paths = [(names[i],) for i in others]
    arms = ("treatment", words.inner(reference))
    title = f"Network meta-analysis, against {arms[1]}"
    return _Series(effects, paths, title, "Treatment", [0] * len(others), arms, "Direct studies")


def _floats(series: PooledSeries, names: Sequence[str], i: int) -> dict[str, Any]:
    return {name: float(getattr(series, name)[i]) for name in names}


def _of_strata(strata: list[PooledEffect], by: Sequence[str]) -> _Series:
    if not strata:
        raise RequestError("There is nothing to draw: the result holds no study.")
    order = (*LEVELS, *(name for name in by if name not in (*LEVELS, "comparison")), "comparison")
    levels, shared = levels_of(strata, by, order)
    strata = in_order(strata, levels)
    kinds = list(dict.fromkeys(stratum.stratum.get("comparison", "") for stratum in strata))
    hues = [kinds.index(stratum.stratum.get("comparison", "")) for stratum in strata]
    paths = [path_of(stratum, levels) or ("",) for stratum in strata]
    return _Series(strata, paths, words.heading(shared), "", hues)


def _layout(
    series: _Series, style: Style, wishes: Wishes, columns: Sequence[str], prediction: bool
) -> ForestLayout:
    effects = series.effects
    measure = effects[0].measure
    scale = scale_of(measure)
    arms = wishes.arms or series.arms or arms_of(effects)
    depth = max(len(path) for path in series.paths) - 1
    rows = Rows(style, wishes, scale, [""] * depth, [])
    before: tuple[str, ...] = ()
    for i, (effect, path) in enumerate(zip(effects, series.paths, strict=True)):
        rows.headings(before, path[:-1], i)
        before = path[:-1]
        _estimate(rows, effect, path, i, series.hues[i], prediction)
    placed = [_column(name, effects[0], series.counts) for name in columns]
    return ForestLayout(
        columns=(
            Column(key="study", head=series.head, align="left"),
            *sorted((c for found in placed for c in found), key=lambda column: not column.left),
        ),
        rows=tuple(rows.rows),
        scale=scale,
        title=series.title if wishes.title is None else wishes.title,
        panel=words.full_measure(measure),
        favours=wishes.favours or favours_of(arms),
        notes=_notes(effects, prediction, direct=series.counts != "Studies"),
        measure=measure,
        fixed_columns=True,
    )


def _column(name: str, effect: PooledEffect, counts: str) -> list[Column]:
    if name == "effect":
        over = f"{words.short_measure(effect.measure)} [{words.percent(effect.level)} CI]"
        return [Column(key=key, over=over, left=False) for key in ("estimate", "ci")]
    heads = {"k": counts, "p": "p", "I2": "I² (%)", "tau2": "τ²"}
    return [Column(key=name, head=heads[name], left=name == "k")]


def _estimate(
    rows: Rows, effect: PooledEffect, path: tuple[str, ...], i: int, hue: int, prediction: bool
) -> None:
    scale: Scale = rows.scale
    style = rows.style
    shown, ends = scale.shown(effect.estimate), rows.shown(effect.ci)
    pi = rows.shown(effect.pi) if prediction and not math.isnan(effect.pi[0]) else (math.nan, math.nan)
    cells: dict[str, Any] = {
        "study": words.spoken(path[-1]) or words.title_of(effect),
        "k": str(effect.k),
        "p": words.p_value(effect.p, style, "").strip().removeprefix("= "),
        "I2": words.number(effect.I2, 0, style),
        "tau2": words.number(effect.tau2, 3, style),
    }
    rows.add(
        "row:" + "/".join(path),
        "estimate",
        estimate=shown,
        low=ends[0],
        high=ends[1],
        reach=pi,
        cells=cells | rows.numbers(shown, ends),
        indent=len(path) - 1,
        stratum=i,
        hue=hue,
    )


def _notes(effects: Sequence[PooledEffect], prediction: bool, direct: bool) -> tuple[str, ...]:
    lines = [words.method_line(effect) for effect in effects if effect.k != 1]
    if len(set(lines)) > 2:  # a line would say something that holds for some rows only
        lines = []
    said = [max(lines, key=len)] if lines else []
    if prediction and any(not math.isnan(effect.pi[0]) for effect in effects):
        said.append("Thin lines: prediction intervals.")
    if any(effect.k == 1 for effect in effects) and len(effects) > 1 and not direct:
        said.append("Rows of one study show its own interval.")
    return ((" ".join(said),) if said else ()) + tuple(words.remarks(effects))
