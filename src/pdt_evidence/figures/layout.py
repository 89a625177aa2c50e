"""From results to rows, columns and words: what a forest plot shows, before anything is drawn.

Plain frozen records. Every number comes from the results; rows carry an id of their own, so
that two studies of one name stay two rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import words
from pdt_evidence.figures.axis import Scale, scale_of
from pdt_evidence.figures.styles import Style
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["Column", "ForestLayout", "Row", "Wishes", "forest_layout"]

NAN = math.nan
LEVELS = ("comparison", "outcome", "follow_up")  # outermost first; other columns come after


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of text; `order` says which default columns go first when room is short."""

    key: str
    head: str = ""
    over: str = ""  # a heading that neighbours share
    align: str = "right"
    left: bool = True  # left of the plot
    order: int = 0  # 0 stays; the highest goes first


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the plot: a study, a heading, a summary, a prediction interval or a note."""

    key: str
    kind: str
    cells: Mapping[str, str] = field(default_factory=dict)
    indent: int = 0
    estimate: float = NAN  # as drawn: ratios on the natural scale
    low: float = NAN
    high: float = NAN
    weight: float = NAN  # percent of its stratum
    share: float = NAN  # of the largest weight in its stratum
    stratum: int = 0
    pieces: tuple[str, ...] = ()  # mathtext that may be broken between pieces
    deepest: bool = False  # a heading directly above studies


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestLayout:
    """All that a forest plot shows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scale: Scale
    title: str
    panel: str  # what stands over the plot
    favours: tuple[str, str]  # left, right of no effect
    notes: tuple[str, ...]
    measure: str
    fixed_columns: bool = False  # chosen by the caller: none may be dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller of `forest` asked for beyond the defaults."""

    title: str | None = None
    columns: Sequence[str] | None = None
    arms: tuple[str, str] | None = None
    favours: tuple[str, str] | None = None
    sources: str | Sequence[str] | Mapping[str, str] | None = None
    digits: int = 2
    prediction: str = "bar"
    heterogeneity: bool = True
    method: bool = True
    sort: str | None = None


def forest_layout(
    result: PooledEffect | Synthesis, style: Style, wishes: Wishes | None = None
) -> ForestLayout:
    """Rows and columns of a forest plot of one stratum, or of all strata of a synthesis.

    Parameters
    ----------
    result : PooledEffect or Synthesis
    style : Style
        Decides how numbers are printed.
    wishes : Wishes, optional
        What the caller asked for.
    """
    wishes = wishes or Wishes()
    strata = [result] if isinstance(result, PooledEffect) else list(result.strata.values())
    strata = [stratum for stratum in strata if stratum.k > 0]
    if not strata:
        raise RequestError("There is nothing to draw: the result holds no study.")
    _refuse_mixed_measures(strata)
    levels, shared = _levels(strata, result.by if isinstance(result, Synthesis) else ())
    strata = _in_order(strata, levels)
    measure = strata[0].measure
    scale = scale_of(measure)
    arms = wishes.arms or _arms(strata)
    columns = _columns(strata, arms, wishes)
    rows = _Rows(style, wishes, scale, levels, [column.key for column in columns]).of(strata)
    return ForestLayout(
        columns=columns,
        rows=rows,
        scale=scale,
        title=words.heading(shared) if wishes.title is None else wishes.title,
        panel=words.full_measure(measure),
        favours=wishes.favours or _favours(arms, measure),
        notes=_notes(strata, rows, columns, wishes),
        measure=measure,
        fixed_columns=wishes.columns is not None,
    )


def _refuse_mixed_measures(strata: Sequence[PooledEffect]) -> None:
    found = sorted({stratum.measure for stratum in strata})
    if len(found) > 1:
        raise RequestError(f"One axis cannot show {', '.join(found)} together. Draw each measure on its own.")


def _levels(strata: Sequence[PooledEffect], by: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The columns that tell the strata apart, outermost first, and the words all of them share."""
    names = list(dict.fromkeys([*by, *(name for stratum in strata for name in stratum.stratum)]))
    names.sort(key=lambda name: LEVELS.index(name) if name in LEVELS else len(LEVELS))
    values = {name: {stratum.stratum.get(name, "") for stratum in strata} for name in names}
    shared = {name: next(iter(values[name])) for name in names if len(values[name]) == 1}
    return [name for name in names if name not in shared], {k: v for k, v in shared.items() if v}


def _in_order(strata: list[PooledEffect], levels: Sequence[str]) -> list[PooledEffect]:
    """Strata of one heading side by side, headings in the order in which they first come."""
    first: dict[tuple[str, ...], int] = {}
    for i, stratum in enumerate(strata):
        for depth in range(1, len(levels) + 1):
            first.setdefault(_path(stratum, levels[:depth]), i)
    paths = [[first[_path(s, levels[:depth])] for depth in range(1, len(levels) + 1)] for s in strata]
    order = sorted(range(len(strata)), key=lambda i: (paths[i], i))
    return [strata[i] for i in order]


def _path(stratum: PooledEffect, levels: Sequence[str]) -> tuple[str, ...]:
    return tuple(stratum.stratum.get(name, "") for name in levels)


def _arms(strata: Sequence[PooledEffect]) -> tuple[str, str]:
    pairs = {words.ARMS.get(_comparison(stratum), ("", "")) for stratum in strata}
    firsts, seconds = ({pair[i] for pair in pairs} for i in (0, 1))
    if pairs == {("", "")}:
        return "arm 1", "arm 2"
    first = firsts.pop() if len(firsts) == 1 else "PDT"
    return first, seconds.pop() if len(seconds) == 1 else "comparator"


def _comparison(stratum: PooledEffect) -> str:
    word = stratum.stratum.get("comparison", "")
    if word:
        return word
    held = {str(value) for value in stratum.columns.get("comparison", ())}
    return held.pop() if len(held) == 1 else ""


def _favours(arms: tuple[str, str], measure: str) -> tuple[str, str]:
    return f"Favours {arms[1]}", f"Favours {arms[0]}"


def _known(value: Any) -> bool:
    return value is not None and value == value and value != ""  # NaN differs from itself


def _held(strata: Sequence[PooledEffect], name: str) -> bool:
    return any(_known(value) for stratum in strata for value in stratum.columns.get(name, ()))


def _columns(strata: Sequence[PooledEffect], arms: tuple[str, str], wishes: Wishes) -> tuple[Column, ...]:
    heads = [arm[:1].upper() + arm[1:] for arm in arms]
    level = words.percent(strata[0].level)
    short = words.short_measure(strata[0].measure)
    known = {
        "study": [Column(key="study", head="Study", align="left")],
        "n": [
            Column(key="n_t", head=heads[0], over="Patients", order=1),
            Column(key="n_c", head=heads[1], over="Patients", order=1),
        ],
        "effect": [
            Column(key="estimate", over=f"{short} [{level} CI]", left=False),
            Column(key="ci", over=f"{short} [{level} CI]", left=False),
        ],
        "weight": [Column(key="weight", head="Weight (%)", left=False, order=2)],
        "plot": [],
    }
    for name in dict.fromkeys(name for stratum in strata for name in stratum.columns):
        if _held(strata, name) and name not in known:
            known[name] = [Column(key=name, head=words.spoken(name), align="left")]
    chosen = wishes.columns
    if chosen is None:
        chosen = [
            "study",
            *(["n"] if _held(strata, "n_t") or _held(strata, "n_c") else []),
            "plot",
            "effect",
            "weight",
        ]
        if not any(len(stratum.weights) > 1 for stratum in strata):
            chosen.remove("weight")
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise RequestError(
            f"columns = {list(chosen)!r} asks for {', '.join(map(repr, unknown))}. "
            f"This result has: {', '.join(map(repr, known))}."
        )
    return tuple(_placed(list(chosen), known))


def _placed(chosen: list[str], known: Mapping[str, list[Column]]) -> list[Column]:
    """Columns in the order asked for; "plot" among them says where the plot goes."""
    from dataclasses import replace

    if "study" not in chosen:
        chosen.insert(0, "study")
    side = True
    out = []
    for name in chosen:
        side = side and name != "plot"
        stays = side if "plot" in chosen else known[name][0].left
        out += [replace(column, left=stays) for column in known[name]]
    return sorted(out, key=lambda column: not column.left)


class _Rows:
    """Builds the rows of all strata, one after the other."""

    def __init__(
        self, style: Style, wishes: Wishes, scale: Scale, levels: Sequence[str], keys: Sequence[str]
    ) -> None:
        self.style, self.wishes, self.scale = style, wishes, scale
        self.levels, self.keys = levels, keys
        self.depth = len(levels)
        self.rows: list[Row] = []
        self.seen: set[str] = set()

    def of(self, strata: Sequence[PooledEffect]) -> tuple[Row, ...]:
        before: tuple[str, ...] = ()
        for i, stratum in enumerate(strata):
            path = _path(stratum, self.levels)
            self._headings(before, path, i)
            self._studies(stratum, i)
            if stratum.k > 1:
                self._summary(stratum, i)
            before = path
        return tuple(self.rows)

    def _add(self, key: str, kind: str, **values: Any) -> None:
        unique, i = key, 2
        while unique in self.seen:
            unique, i = f"{key}-{i}", i + 1
        self.seen.add(unique)
        self.rows.append(Row(key=unique, kind=kind, **values))

    def _headings(self, before: Sequence[str], path: Sequence[str], stratum: int) -> None:
        same = next(
            (i for i, pair in enumerate(zip(before, path, strict=False)) if pair[0] != pair[1]), len(before)
        )
        for depth in range(same, len(path)):
            if self.rows and depth == same:
                self._add("gap", "gap", stratum=stratum)
            text = words.spoken(path[depth]) or "Not stated"
            self._add(
                "heading:" + "/".join(path[: depth + 1]),
                "heading",
                cells={"study": text},
                indent=depth,
                deepest=depth == len(path) - 1,
                stratum=stratum,
            )

    def _studies(self, effect: PooledEffect, stratum: int) -> None:
        half = NormalDist().inv_cdf(0.5 + effect.level / 2)
        most = max((float(w) for w in effect.weights), default=NAN)
        for i in self._order(effect):
            yi, reach = float(effect.yi[i]), half * math.sqrt(effect.vi[i])
            ends = (self.scale.shown(yi - reach), self.scale.shown(yi + reach))
            weight = float(effect.weights[i]) if len(effect.weights) else NAN
            key = effect.row_ids[i] if effect.row_ids else str(i + 1)
            self._add(
                f"study:{key}",
                "study",
                estimate=self.scale.shown(yi),
                low=ends[0],
                high=ends[1],
                weight=weight,
                share=weight / most if most > 0 else 0.0,
                stratum=stratum,
                cells=self._study_cells(effect, i, self.scale.shown(yi), ends, weight),
                indent=self.depth,
            )

    def _order(self, effect: PooledEffect) -> list[int]:
        order = list(range(effect.k))
        sort = self.wishes.sort
        if sort is None:
            return order
        keys = {
            "effect": lambda i: effect.yi[i],
            "precision": lambda i: effect.vi[i],
            "weight": lambda i: -effect.weights[i],
            "label": lambda i: _label(effect, i).casefold(),
            "year": lambda i: _year(effect, i),
        }
        if sort not in keys:
            raise RequestError(f"sort = {sort!r} is not known. Choose one of: {', '.join(map(repr, keys))}.")
        return sorted(order, key=keys[sort])

    def _study_cells(
        self, effect: PooledEffect, i: int, shown: float, ends: tuple[float, float], weight: float
    ) -> dict[str, str]:
        digits, style = self.wishes.digits, self.style
        cells = {
            "study": _label(effect, i),
            "estimate": words.number(shown, digits, style),
            "ci": words.interval(ends, digits, style),
            "weight": words.number(weight, 1, style),
        }
        for key in self.keys:
            if key not in cells:
                cells[key] = _cell(effect.columns.get(key), i)
        return cells

    def _summary(self, effect: PooledEffect, stratum: int) -> None:
        digits, style = self.wishes.digits, self.style
        shown = self.scale.shown(effect.estimate)
        ends = (self.scale.shown(effect.ci[0]), self.scale.shown(effect.ci[1]))
        cells = {
            "study": words.title_of(effect),
            "estimate": words.number(shown, digits, style),
            "ci": words.interval(ends, digits, style),
            "weight": words.number(100.0, 1, style),
            "n_t": _total(effect, "n_t"),
            "n_c": _total(effect, "n_c"),
        }
        where = "/".join(effect.stratum.values()) or "all"
        self._add(
            f"pooled:{where}",
            "pooled",
            estimate=shown,
            low=ends[0],
            high=ends[1],
            cells=cells,
            indent=self.depth,
            stratum=stratum,
        )
        if self.wishes.prediction != "off" and not math.isnan(effect.pi[0]):
            pi = (self.scale.shown(effect.pi[0]), self.scale.shown(effect.pi[1]))
            cells = {
                "study": f"{words.percent(effect.level)} prediction interval",
                "ci": words.interval(pi, digits, style),
            }
            self._add(
                f"prediction:{where}",
                "prediction",
                low=pi[0],
                high=pi[1],
                estimate=shown,
                cells=cells,
                indent=self.depth,
                stratum=stratum,
            )
        pieces = words.heterogeneity(effect, style) if self.wishes.heterogeneity else []
        if pieces:
            self._add(
                f"heterogeneity:{where}", "note", pieces=tuple(pieces), indent=self.depth, stratum=stratum
            )


def _label(effect: PooledEffect, i: int) -> str:
    """The study's name with its year, which most names have already."""
    label = str(effect.labels[i]) if effect.labels else f"Study {i + 1}"
    years = effect.columns.get("year")
    if years is None or not _known(years[i]):
        return label
    year = _text(years[i])
    return label if year in label else f"{label} {year}"


def _year(effect: PooledEffect, i: int) -> float:
    years = effect.columns.get("year")
    return float(years[i]) if years is not None and _known(years[i]) else math.inf


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        as_number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{as_number:.0f}" if as_number == round(as_number) else f"{as_number:.4g}".replace("-", "−")


def _cell(values: Sequence[Any] | None, i: int) -> str:
    return _text(values[i]) if values is not None and _known(values[i]) else words.DASH


def _total(effect: PooledEffect, name: str) -> str:
    """Patients of all trials; blank where a trial stands in several rows and would count twice."""
    values = effect.columns.get(name, ())
    trials = effect.columns.get("trial_id", ())
    counts = [float(value) for value in values if _known(value)]
    if not counts or len(set(trials)) < len(trials):
        return ""
    return ("" if len(counts) == effect.k else "≥ ") + f"{sum(counts):.0f}"


def _notes(
    strata: Sequence[PooledEffect], rows: Sequence[Row], columns: Sequence[Column], wishes: Wishes
) -> tuple[str, ...]:
    said = []
    if wishes.method:
        # Strata of one synthesis share their rules, save that one of them may have no interval.
        lines = [words.method_line(stratum) for stratum in strata if stratum.k > 1]
        said = [max(lines, key=len)] if lines else [words.lone_line(strata[0])]
    keys = {column.key for column in columns}
    if any(
        text == words.DASH
        for row in rows
        if row.kind == "study"
        for key, text in row.cells.items()
        if key in keys and key not in ("estimate", "ci", "weight")
    ):
        said.append(f"{words.DASH} not reported.")
    notes = [" ".join(said)] if said else []
    sources = _sources(strata, wishes)
    return (*notes, sources) if sources else tuple(notes)


def _sources(strata: Sequence[PooledEffect], wishes: Wishes) -> str:
    asked = wishes.sources
    if isinstance(asked, str):
        return asked
    held = dict.fromkeys(str(v) for s in strata for v in s.columns.get("source_id", ()) if _known(v))
    ids = dict.fromkeys(part for value in held for part in value.split("+"))
    if isinstance(asked, Mapping):
        names = list(dict.fromkeys(asked.get(name, name) for name in ids))
    else:
        names = list(ids) if asked is None else list(asked)
    return f"Sources: {'; '.join(names)}." if names else ""
