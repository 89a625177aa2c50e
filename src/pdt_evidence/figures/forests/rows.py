"""The rows of a forest plot: headings, studies, summaries, and what their cells say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from pdt_evidence.figures.forests.labels import known, label_of, labels_of, text_of
from pdt_evidence.figures.forests.records import Column, ForestOptions, Row
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import Scale
from pdt_evidence.formatting import NOT_REPORTED, Format, percent
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["GIVEN", "SORTS", "Rows", "others_of", "path_of", "shared_weights"]

NAN = math.nan
MEASURED = ("mean_", "sd_")  # columns in which all numbers have the decimals of the finest
GIVEN = "given"  # the order of the result itself
YEAR = re.compile(r"\b((?:19|20)\d\d)[a-z]?\)?$")  # Cooper 2003, Cooper 2003a, Cooper (2003)
SORTS: dict[str, Callable[[PooledEffect, int], Any]] = {
    "effect": lambda effect, i: effect.yi[i],
    "precision": lambda effect, i: effect.vi[i],
    "weight": lambda effect, i: -effect.weights[i],
    "label": lambda effect, i: label_of(effect, i).casefold(),
    "year": lambda effect, i: _year(effect, i),
}


class Rows:
    """Builds the rows of all strata, one below the other; no two share a key."""

    def __init__(
        self,
        form: Format,
        options: ForestOptions,
        scale: Scale,
        levels: Sequence[str],
        columns: Sequence[Column] = (),
    ) -> None:
        self.form, self.options, self.scale = form, options, scale
        self.levels, self.columns = levels, columns
        self.depth = len(levels)
        self.rows: list[Row] = []
        self.seen: set[str] = set()

    def of(self, strata: Sequence[PooledEffect]) -> tuple[Row, ...]:
        """Every stratum under its headings: studies, then what they come to."""
        before: tuple[str, ...] = ()
        weights = shared_weights(strata, self.options.overall)
        most = max((float(w.max()) for w in weights or ()), default=NAN)
        for i, stratum in enumerate(strata):
            path = path_of(stratum, self.levels)
            self.headings(before, path, i)
            own = weights[i] if weights else stratum.weights
            self._studies(stratum, i, own, most if weights else float(max(own, default=NAN)))
            if stratum.k > 1:
                self._stratum(stratum, i, float(own.sum()) if weights else 100.0)
            before = path
        if self.options.overall is not None:
            self.overall("Overall ", self.options.overall, len(strata))
        if self.options.difference is not None:
            pieces = words.difference(self.options.difference, self.form)
            self.add("gap:difference", "gap", stratum=len(strata))
            self.add("difference", "note", pieces=tuple(pieces), stratum=len(strata))
        return tuple(self.rows)

    def add(self, key: str, kind: str, **values: Any) -> None:
        """One more row, under a key of its own."""
        unique, i = key, 2
        while unique in self.seen:
            unique, i = f"{key}-{i}", i + 1
        self.seen.add(unique)
        self.rows.append(Row(key=unique, kind=kind, **values))

    def headings(self, before: Sequence[str], path: Sequence[str], stratum: int) -> None:
        """A heading for each level that changes from one stratum to the next."""
        shared = [old == new for old, new in zip(before, path, strict=False)]
        same = shared.index(False) if False in shared else len(shared)
        for depth in range(same, len(path)):
            if self.rows and depth == same:
                self.add("gap", "gap", stratum=stratum)
            key = "heading:" + "/".join(path[: depth + 1])
            cells = {"study": words.told(self.levels[depth], path[depth])}
            deepest = depth == len(path) - 1
            self.add(key, "heading", cells=cells, indent=depth, deepest=deepest, stratum=stratum)

    def shown(self, pair: tuple[float, float]) -> tuple[float, float]:
        """Both ends as drawn."""
        return self.scale.shown(pair[0]), self.scale.shown(pair[1])

    def numbers(self, estimate: float, ends: tuple[float, float]) -> dict[str, str]:
        """The cells of the effect columns."""
        digits, null = self.options.digits, self.scale.null
        effect, ci = self.form.effect(estimate, digits, null), self.form.interval(ends, digits, null)
        return {"estimate": effect, "ci": ci, "effect": f"{effect} {ci}"}

    def _studies(self, effect: PooledEffect, stratum: int, weights: Any, most: float) -> None:
        half = NormalDist().inv_cdf(0.5 + effect.level / 2)
        labels = labels_of(effect)
        for i in self._order(effect):
            yi, reach = float(effect.yi[i]), half * math.sqrt(effect.vi[i])
            shown, limits = self.scale.shown(yi), self.shown((yi - reach, yi + reach))
            weight = float(weights[i]) if len(weights) else NAN
            cells = {c.key: _cell(effect, c, i) for c in self.columns}
            cells |= {"study": labels[i], "weight": self.form.number(weight, 1)}
            self.add(
                f"study:{effect.row_ids[i] if effect.row_ids else i + 1}",
                "study",
                estimate=shown,
                low=limits[0],
                high=limits[1],
                weight=weight,
                share=weight / most if most > 0 else NAN,
                stratum=stratum,
                cells=cells | self.numbers(shown, limits),
                indent=self.depth,
            )

    def _order(self, effect: PooledEffect) -> list[int]:
        """The studies as asked for; rows of one trial stand together, where the first of them does."""
        order = list(range(effect.k))
        requested = self.options.sort or ("year" if _dated(effect) else "effect")
        if requested != GIVEN:
            key = SORTS[requested]
            order.sort(key=lambda i: key(effect, i))
        if not words.clustered(effect):
            return order
        trials = effect.cluster
        first: dict[str, int] = {}
        for place, i in enumerate(order):
            first.setdefault(trials[i], place)
        return sorted(order, key=lambda i: first[trials[i]])

    def _stratum(self, effect: PooledEffect, stratum: int, weight: float) -> None:
        """What a stratum comes to, by the model that it is of and by the others."""
        where = "/".join(effect.stratum.values()) or "all"
        cells = {"weight": self.form.number(weight, 1)}
        others = others_of(effect, self.options.also)
        named = words.model_of(effect) if others else words.title_of(effect)
        self._diamond(f"pooled:{where}", named, effect, stratum, self.depth, cells)
        self.heterogeneity(f"heterogeneity:{where}", effect, self.depth, stratum)
        for n, (name, other) in enumerate(others.items()):
            self._diamond(f"pooled:{where}:{name}", name, other, stratum, self.depth, hue=n + 1)
            self.heterogeneity(f"heterogeneity:{where}:{name}", other, self.depth, stratum)

    def heterogeneity(self, key: str, effect: Any, indent: int, stratum: int) -> None:
        """Q, I2 and tau2 as a line, where it is wanted."""
        pieces = words.heterogeneity(effect, self.form) if self.options.heterogeneity else []
        if pieces:
            self.add(key, "note", pieces=tuple(pieces), indent=indent, stratum=stratum)

    def overall(
        self, before: str, effect: PooledEffect, stratum: int, cells: Mapping[str, str] | None = None
    ) -> None:
        """What everything comes to, below all rows; `before` stands before the name of its model."""
        self.add("gap:overall", "gap", stratum=stratum)
        name = before + words.inner(words.title_of(effect)) if before else words.title_of(effect)
        weight = {"weight": self.form.number(100.0, 1)}
        self._diamond("pooled:overall", name, effect, stratum, 0, weight | dict(cells or {}))
        self.heterogeneity("heterogeneity:overall", effect, 0, stratum)

    def _diamond(
        self,
        key: str,
        name: str,
        effect: PooledEffect,
        stratum: int,
        indent: int,
        cells: Mapping[str, str] | None = None,
        hue: int = 0,
    ) -> None:
        shown, limits = self.scale.shown(effect.estimate), self.shown(effect.ci)
        totals = {name: _total(effect, name) for name in ("event_t", "event_c", "n_t", "n_c")}
        totals |= {f"event_n_{arm}": _of(totals[f"event_{arm}"], totals[f"n_{arm}"]) for arm in "tc"}
        self.add(
            key,
            "pooled",
            estimate=shown,
            low=limits[0],
            high=limits[1],
            cells={"study": name, **totals, **(cells or {}), **self.numbers(shown, limits)},
            indent=indent,
            stratum=stratum,
            hue=hue,
        )
        if self.options.prediction == "off" or math.isnan(effect.pi[0]):
            return
        pi = self.shown(effect.pi)
        name = f"{percent(effect.level)} prediction interval"
        interval = self.numbers(shown, pi)["ci"]
        self.add(
            key.replace("pooled", "prediction", 1),
            "prediction",
            estimate=shown,
            low=pi[0],
            high=pi[1],
            cells={"study": name, "ci": interval, "effect": interval},
            indent=indent,
            stratum=stratum,
            hue=hue,
        )


def others_of(
    effect: PooledEffect, also: Mapping[str, PooledEffect | Synthesis] | None
) -> dict[str, PooledEffect]:
    """The same stratum by the other models asked for, where they have it."""
    found = {}
    for name, other in (also or {}).items():
        if isinstance(other, PooledEffect):
            found[name] = other
            continue
        available = [match for match in other.strata.values() if dict(match.stratum) == dict(effect.stratum)]
        found |= {name: available[0]} if available else {}
    return found


def path_of(stratum: PooledEffect, levels: Sequence[str]) -> tuple[str, ...]:
    """The words of a stratum at those levels."""
    return tuple(stratum.stratum.get(name, "") for name in levels)


def shared_weights(strata: Sequence[PooledEffect], overall: PooledEffect | None) -> list[Any] | None:
    """Weights of the studies in the overall result, where it rests on just these; None where it does not."""
    if overall is None or not len(overall.weights) or not overall.row_ids:
        return None
    available = dict(zip(overall.row_ids, overall.weights, strict=True))
    drawn = [row for stratum in strata for row in stratum.row_ids]
    if len(available) != overall.k or sorted(drawn) != sorted(available):
        return None
    return [np.array([available[row] for row in stratum.row_ids]) for stratum in strata]


def _year(effect: PooledEffect, i: int) -> float:
    """The year of a study by its column, else as its label ends in it; infinite where neither has one."""
    years = effect.columns.get("year")
    if years is not None and known(years[i]):
        return float(years[i])
    named = YEAR.search(label_of(effect, i))
    return float(named[1]) if named else math.inf


def _dated(effect: PooledEffect) -> bool:
    """Whether every study has a year, so that the order by year is that of all."""
    return all(math.isfinite(_year(effect, i)) for i in range(effect.k))


def _cell(effect: PooledEffect, column: Column, i: int) -> str:
    """What a study's row has in a column; of several columns joined, each."""

    def said(name: str) -> str:
        values = effect.columns.get(name)
        if values is None or not known(values[i]):
            return NOT_REPORTED
        if name.startswith(MEASURED) and isinstance(values[i], float):
            return f"{values[i]:.{max(map(_decimals, filter(known, values)))}f}".replace("-", "−")
        return (column.reads or text_of)(values[i])

    parts = [said(name) for name in column.parts]
    if not parts:
        return said(column.key)
    return column.joined.format(*parts) if any(part != NOT_REPORTED for part in parts) else NOT_REPORTED


def _decimals(value: object) -> int:
    """How many a number has as it is printed."""
    return len(text_of(value).partition(".")[2])


def _of(events: str, patients: str) -> str:
    return f"{events} / {patients}" if events and patients else ""


def _total(effect: PooledEffect, name: str) -> str:
    """Patients of all trials; blank where a trial stands in several rows and would count twice."""
    values = effect.columns.get(name, ())
    trials = effect.columns.get("trial_id", ())
    counts = [float(value) for value in values if known(value)]
    if not counts or len(set(trials)) < len(trials):
        return ""
    return ("" if len(counts) == effect.k else "≥ ") + f"{sum(counts):.0f}"
