"""The record of a comparison of two states of the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.formatting import TEXT, counted, percent, scale_name
from pdt_evidence.showing import Brief, Cells, cells_of

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.results import PooledEffect

__all__ = ["Update"]

STRATA_SAID, ROWS_SAID, CELLS_SAID = 5, 6, 4
VERBS = {"came": "added", "changed": "changed", "withdrawn": "withdrawn"}
WORDS = {
    "pdt_vs_control": "PDT against control",
    "pdt_vs_cbt": "PDT against CBT",
    "post": "end of treatment",
    "short": "short follow-up",
    "medium": "medium follow-up",
    "long": "long follow-up",
    "unknown": "time not known",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Update(Brief):
    """What changed from one state of the evidence to another.

    Attributes
    ----------
    estimates : DataFrame
        One row a stratum: its words, `status` ("both", "new", "gone"), and in `_old`, `_new` k, estimate, se, p,
        tau2, I2, interval and prediction interval, and on which side of no effect the interval is (`reading`);
        `estimate_change`, `tau2_change`; `flips`: the reading is another; `changed`: anything is.
    weights : DataFrame
        One row a study of a stratum: percent of the weight before and after.
    rows : DataFrame
        One row of evidence that "came" or was "withdrawn", or one cell that "changed", with `column`, `old`, `new`.
    verdicts : DataFrame or None
        One row a claim: its verdicts before and after, and whether it `flips`; None where they were not judged.
    rules : DataFrame
        Rules of pooling that the two sides do not share: `rule`, `old`, `new`.
    """

    by: tuple[str, ...]
    old: str
    new: str
    estimates: pd.DataFrame = field(repr=False)
    weights: pd.DataFrame = field(repr=False)
    rows: pd.DataFrame = field(repr=False)
    verdicts: pd.DataFrame | None = field(repr=False)
    rules: pd.DataFrame = field(repr=False)
    level: float = 0.95  # of the intervals of the new side
    rows_known: bool = True
    notes: tuple[str, ...] = ()
    pooled: tuple[PooledEffect, ...] = field(
        default=(), repr=False
    )  # of both sides: who is compared with whom

    def _line(self) -> str:
        counts, total = self._counts(), len(self.estimates)
        changed = f"{int(self.estimates['changed'].sum())} of {counted(total, 'stratum', 'strata')} changed"
        rows = ", ".join(f"{count} {what}" for what, count in counts.items())
        return f"{changed}; rows: {rows}" if self.rows_known else changed

    def _cells(self) -> Cells:
        frame = self.estimates
        words = frame[list(self.by)].astype(str).agg(", ".join, axis=1) if self.by else "all studies"
        sides = {
            f"{said} ci": [f"estimate_{side}", f"ci_low_{side}", f"ci_high_{side}"]
            for side, said in (("old", "before"), ("new", "after"))
        }
        return cells_of(
            frame.assign(stratum=words),
            **{
                "stratum": "stratum",
                "k before": "k_old",
                "k after": "k_new",
                **sides,
                "change": "estimate_change",
            },
        )

    def to_frame(self) -> pd.DataFrame:
        """`estimates`, and `weight_change`: the most that the weight of a study changed, in percentage points."""
        frame = self.estimates.copy()
        if self.by and len(self.weights):
            most = self.weights.assign(change=self.weights["change"].abs())
            largest = most.groupby(list(self.by))["change"].max()
            keys = [
                tuple(row) if len(self.by) > 1 else row[0] for row in frame[list(self.by)].to_numpy().tolist()
            ]
            frame["weight_change"] = [largest.get(key, np.nan) for key in keys]
        else:
            frame["weight_change"] = self.weights["change"].abs().max() if len(self.weights) else np.nan
        return frame

    def summary(self) -> str:
        """A paragraph: rows, then strata, then verdicts."""
        parts = [
            self._rows_said(),
            *self._strata_said(),
            *self._verdicts_said(),
            *self._rules_said(),
            *self.notes,
        ]
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.summary()

    def _counts(self) -> dict[str, int]:
        """Rows, not cells."""
        found = self.rows.groupby("what")["row_id"].nunique()
        return {what: int(found.get(what, 0)) for what in ("came", "changed", "withdrawn")}

    def _rows_said(self) -> str:
        if not self.rows_known:
            return ""
        counts = self._counts()
        if not any(counts.values()):
            return "No row was added, changed or withdrawn."
        said = []
        for what, number in counts.items():
            if number:
                names = _few(self._named(what), CELLS_SAID if what == "changed" else ROWS_SAID)
                said.append(
                    f"{counted(number, 'row')} {'was' if number == 1 else 'were'} {VERBS[what]} ({names})"
                )
        rest = [VERBS[what] for what, number in counts.items() if not number]
        none = f"; none was {' or '.join(rest)}" if rest else ""
        return f"{' and '.join(filter(None, (', '.join(said[:-1]), said[-1])))}{none}."

    def _named(self, what: str) -> list[str]:
        lines = self.rows[self.rows["what"] == what]
        if what != "changed":
            return list(dict.fromkeys(lines["study"].where(lines["study"] != "", lines["row_id"])))
        return [
            f"{study or row_id}, {column}: {old or 'nothing'} to {new or 'nothing'}"
            for row_id, study, column, old, new in zip(
                *(lines[name] for name in ("row_id", "study", "column", "old", "new")), strict=True
            )
        ]

    def _strata_said(self) -> list[str]:
        moved = self.estimates[self.estimates["changed"]]
        total = len(self.estimates)
        if moved.empty:
            return [f"{'The estimate is' if total == 1 else f'All {total} estimates are'} the same."]
        lines = [self._stratum(row) for row in moved.head(STRATA_SAID).to_dict("records")]
        if len(moved) > STRATA_SAID:
            lines.append(
                f"{len(moved) - STRATA_SAID} further of {counted(total, 'stratum', 'strata')} changed (see to_frame())."
            )
        return lines

    def _stratum(self, row: dict[Any, Any]) -> str:
        """What became of one stratum, in sentences."""
        name = _stratum_name([str(row[name]) for name in self.by])
        scale = "" if row["measure"] == "GEN" else f" ({scale_name(row['measure'])})"
        level = f"{percent(self.level)} interval "
        if row["status"] != "both":
            side = "new" if row["status"] == "new" else "old"
            verb = "is new" if side == "new" else "is gone"
            return f"{name} {verb}: effect{scale} {_fit(row, side, level)}."
        old, new = (TEXT.number(row[f"estimate_{side}"], 2) for side in ("old", "new"))
        parts = [_fit(row, "old", level), _fit(row, "new")]
        if isnan(row["estimate_change"]):
            return f"{name}: the effect{scale} was {parts[0]}, and is {parts[1]}."
        verb = "stays" if old == new else "rises" if row["estimate_change"] > 0 else "falls"
        text = f"{name}: the effect{scale} {verb} from {parts[0]} to {parts[1]}."
        if verb == "stays":
            again = "" if parts[1] == _fit(row, "old") else f"; it now is {parts[1]}"
            text = f"{name}: the effect{scale} stays at {parts[0]}{again}."
        if row["flips"]:
            text += f" The interval, which {_read(row['reading_old'], 'was')}, {_read(row['reading_new'], 'now is')}."
        return text + self._spread(row) + self._shift(row)

    @staticmethod
    def _spread(row: dict[Any, Any]) -> str:
        """What became of tau2, where it is another in the digits that are said."""
        old, new = (TEXT.number(row[f"tau2_{side}"], 3) for side in ("old", "new"))
        if isnan(row["tau2_change"]) or old == new:
            return ""
        verb = "rises" if row["tau2_change"] > 0 else "falls"
        return f" The variance between studies (tau2) {verb} from {old} to {new}."

    def _shift(self, row: dict[Any, Any]) -> str:
        """The study that was in both and whose weight changed most."""
        if not len(self.weights):
            return ""
        here = (
            np.all([self.weights[name] == row[name] for name in self.by], axis=0) if self.by else slice(None)
        )
        found = self.weights[here].dropna(subset=["change"])
        if found.empty or found["change"].abs().max() < 0.05:
            return ""
        one = found.iloc[int(found["change"].abs().argmax())]
        before, after = (TEXT.number(one[f"weight_{side}"], 1) for side in ("old", "new"))
        return f" The weight of {one['study']} changes most, from {before}% to {after}%."

    def _verdicts_said(self) -> list[str]:
        if self.verdicts is None:
            return []
        flips = self.verdicts[self.verdicts["flips"]]
        if flips.empty:
            return [f"No verdict on the {counted(len(self.verdicts), 'claim')} flips."]
        said = [
            f"claim {number} ({claim}) from {old or 'none'!r} to {new or 'none'!r}"
            for number, claim, old, new in zip(
                *(flips[name] for name in ("number", "claim_id", "verdict_old", "verdict_new")), strict=True
            )
        ]
        verb = "1 verdict flips" if len(flips) == 1 else f"{len(flips)} verdicts flip"
        return [f"{verb}: {'; '.join(said)}."]

    def _rules_said(self) -> list[str]:
        said = [
            f"{rule} {old or 'none'} to {new or 'none'}"
            for rule, old, new in zip(*(self.rules[name] for name in ("rule", "old", "new")), strict=True)
        ]
        return [f"Part of this comes of other rules of pooling ({'; '.join(said)})."] if said else []


def _stratum_name(words: Sequence[str]) -> str:
    """The words of a stratum as a sentence begins with them."""
    if not words:
        return "All studies"
    said = [WORDS.get(word, word.replace("_", " ")) for word in words]
    return said[0][:1].upper() + ", ".join(said)[1:]


def _fit(row: dict[Any, Any], side: str, interval: str = "") -> str:
    """An estimate with its interval and the number of its studies."""
    low, high = (TEXT.number(row[f"ci_{end}_{side}"], 2) for end in ("low", "high"))
    around = "no interval" if isnan(row[f"ci_low_{side}"]) else f"{interval}{low} to {high}"
    k = int(row[f"k_{side}"])
    return f"{TEXT.number(row[f'estimate_{side}'], 2)} ({around}, {counted(k)})"


def _read(reading: str, verb: str) -> str:
    """ "was above 0", "now includes 0": on which side an interval is."""
    if reading == "includes 0":
        return "included 0" if verb == "was" else "now includes 0"
    return f"{verb} {'not known' if reading == 'no interval' else reading}"


def _few(names: Sequence[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
