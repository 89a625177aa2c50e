"""The rows of a forest plot: headings, studies, summaries, and what their cells say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

from pdt_evidence.figures import words
from pdt_evidence.figures.axis import Scale
from pdt_evidence.figures.records import Row, Wishes
from pdt_evidence.figures.styles import Style
from pdt_evidence.results import PooledEffect

__all__ = ["Rows", "known", "path_of"]

NAN = math.nan
YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
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
        self, style: Style, wishes: Wishes, scale: Scale, levels: Sequence[str], keys: Sequence[str]
    ) -> None:
        self.style, self.wishes, self.scale = style, wishes, scale
        self.levels, self.keys = levels, keys
        self.depth = len(levels)
        self.rows: list[Row] = []
        self.seen: set[str] = set()

    def of(self, strata: Sequence[PooledEffect]) -> tuple[Row, ...]:
        """Every stratum under its headings: studies, then what they come to."""
        before: tuple[str, ...] = ()
        for i, stratum in enumerate(strata):
            path = path_of(stratum, self.levels)
            self.headings(before, path, i)
            self._studies(stratum, i)
            if stratum.k > 1:
                self._summary(stratum, i)
            before = path
        self._overall(len(strata))
        if self.wishes.difference is not None:
            pieces = words.difference(self.wishes.difference, self.style)
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
            cells = {"study": words.spoken(path[depth]) or "Not stated"}
            deepest = depth == len(path) - 1
            self.add(key, "heading", cells=cells, indent=depth, deepest=deepest, stratum=stratum)

    def shown(self, pair: tuple[float, float]) -> tuple[float, float]:
        """Both ends as drawn."""
        return self.scale.shown(pair[0]), self.scale.shown(pair[1])

    def numbers(self, estimate: float, ends: tuple[float, float]) -> dict[str, str]:
        """The cells of the effect columns."""
        digits, style = self.wishes.digits, self.style
        return {
            "estimate": words.number(estimate, digits, style),
            "ci": words.interval(ends, digits, style),
        }

    def _studies(self, effect: PooledEffect, stratum: int) -> None:
        half = NormalDist().inv_cdf(0.5 + effect.level / 2)
        most = max((float(w) for w in effect.weights), default=NAN)
        for i in self._order(effect):
            yi, reach = float(effect.yi[i]), half * math.sqrt(effect.vi[i])
            shown, ends = self.scale.shown(yi), self.shown((yi - reach, yi + reach))
            weight = float(effect.weights[i]) if len(effect.weights) else NAN
            cells = {key: _cell(effect.columns.get(key), i) for key in self.keys}
            cells |= {"study": label_of(effect, i), "weight": words.number(weight, 1, self.style)}
            self.add(
                f"study:{effect.row_ids[i] if effect.row_ids else i + 1}",
                "study",
                estimate=shown,
                low=ends[0],
                high=ends[1],
                weight=weight,
                share=weight / most if most > 0 else NAN,
                stratum=stratum,
                cells=cells | self.numbers(shown, ends),
                indent=self.depth,
            )

    def _order(self, effect: PooledEffect) -> list[int]:
        order = list(range(effect.k))
        if self.wishes.sort is None:
            return order
        key = SORTS[self.wishes.sort]
        return sorted(order, key=lambda i: key(effect, i))

    def _summary(self, effect: PooledEffect, stratum: int) -> None:
        where = "/".join(effect.stratum.values()) or "all"
        self._diamond(f"pooled:{where}", words.title_of(effect), effect, stratum, self.depth)
        pieces = words.heterogeneity(effect, self.style) if self.wishes.heterogeneity else []
        if pieces:
            key = f"heterogeneity:{where}"
            self.add(key, "note", pieces=tuple(pieces), indent=self.depth, stratum=stratum)
        for n, (name, other) in enumerate(self._others(effect).items()):
            self._diamond(f"pooled:{where}:{name}", name, other, stratum, self.depth, hue=n + 1)

    def _others(self, effect: PooledEffect) -> dict[str, PooledEffect]:
        """The same stratum by the other models asked for, where they have it."""
        found = {}
        for name, other in (self.wishes.also or {}).items():
            if isinstance(other, PooledEffect):
                found[name] = other
                continue
            held = [twin for twin in other.strata.values() if dict(twin.stratum) == dict(effect.stratum)]
            found |= {name: held[0]} if held else {}
        return found

    def _overall(self, stratum: int) -> None:
        overall = self.wishes.overall
        if overall is None:
            return
        self.add("gap:overall", "gap", stratum=stratum)
        self._diamond("pooled:overall", f"Overall {words.title_of(overall).lower()}", overall, stratum, 0)
        pieces = words.heterogeneity(overall, self.style) if self.wishes.heterogeneity else []
        if pieces:
            self.add("heterogeneity:overall", "note", pieces=tuple(pieces), stratum=stratum)

    def _diamond(
        self, key: str, name: str, effect: PooledEffect, stratum: int, indent: int, hue: int = 0
    ) -> None:
        shown, ends = self.scale.shown(effect.estimate), self.shown(effect.ci)
        totals = {name: _total(effect, name) for name in ("n_t", "n_c")}
        weight = {"weight": words.number(100.0, 1, self.style)} if not hue else {}
        self.add(
            key,
            "pooled",
            estimate=shown,
            low=ends[0],
            high=ends[1],
            cells={"study": name, **totals, **weight, **self.numbers(shown, ends)},
            indent=indent,
            stratum=stratum,
            hue=hue,
        )
        if self.wishes.prediction == "off" or math.isnan(effect.pi[0]):
            return
        pi = self.shown(effect.pi)
        cells = {
            "study": f"{words.percent(effect.level)} prediction interval",
            "ci": self.numbers(0, pi)["ci"],
        }
        self.add(
            key.replace("pooled", "prediction", 1),
            "prediction",
            estimate=shown,
            low=pi[0],
            high=pi[1],
            cells=cells,
            indent=indent,
            stratum=stratum,
            hue=hue,
        )


def path_of(stratum: PooledEffect, levels: Sequence[str]) -> tuple[str, ...]:
    """The words of a stratum at those levels."""
    return tuple(stratum.stratum.get(name, "") for name in levels)


def known(value: Any) -> bool:
    """Whether a table's cell holds something."""
    return value is not None and value == value and value != ""  # NaN differs from itself


def label_of(effect: PooledEffect, i: int) -> str:
    """The study's name with its year, which most names have already."""
    label = str(effect.labels[i]) if effect.labels else f"Study {i + 1}"
    years = effect.columns.get("year")
    if years is None or not known(years[i]):
        return label
    return label if YEAR.search(label) else f"{label} {_text(years[i])}"


def _year(effect: PooledEffect, i: int) -> float:
    years = effect.columns.get("year")
    return float(years[i]) if years is not None and known(years[i]) else math.inf


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        as_number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{as_number:.0f}" if as_number == round(as_number) else f"{as_number:.4g}".replace("-", "−")


def _cell(values: Sequence[Any] | None, i: int) -> str:
    return _text(values[i]) if values is not None and known(values[i]) else words.DASH


def _total(effect: PooledEffect, name: str) -> str:
    """Patients of all trials; blank where a trial stands in several rows and would count twice."""
    values = effect.columns.get(name, ())
    trials = effect.columns.get("trial_id", ())
    counts = [float(value) for value in values if known(value)]
    if not counts or len(set(trials)) < len(trials):
        return ""
    return ("" if len(counts) == effect.k else "≥ ") + f"{sum(counts):.0f}"
