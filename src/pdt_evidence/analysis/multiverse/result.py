"""The record of a multiverse: one row a specification, and what they come to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.bias.overview import LEAST
from pdt_evidence.analysis.multiverse.choices import RowChoice
from pdt_evidence.analysis.multiverse.null import NullTest, null_test
from pdt_evidence.analysis.multiverse.run import Numbers
from pdt_evidence.analysis.multiverse.specifications import Model
from pdt_evidence.analysis.multiverse.spread import explained, vibration
from pdt_evidence.analysis.multiverse.values import Pool, Rows
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import RATIOS, TEXT, aligned, counted, percent, scale_name
from pdt_evidence.keys import key_of
from pdt_evidence.showing import Brief, Cells, cells_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Multiverse"]

COUNTS = ("rows", "trials", "k")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Multiverse(Brief):
    """Specifications of one table; `m["depression", "post"]` is the multiverse of one stratum.

    `choices` are those with several options among the specifications. `invalid` has the combinations that there
    cannot be, with the reason, `left_out` the rows that give no effect.
    """

    by: tuple[str, ...]
    choices: tuple[str, ...]
    measure: str
    level: float
    invalid: pd.DataFrame = field(repr=False)
    left_out: pd.DataFrame = field(repr=False)
    merged: int  # combinations that came to the same as another, in each stratum and option about rows
    complete: bool
    direction: str | None  # that selection favours, as given
    frame: pd.DataFrame = field(repr=False)
    pools: tuple[Pool, ...] = field(repr=False)
    source: Rows = field(repr=False)

    @classmethod
    def of(
        cls,
        by: tuple[str, ...],
        row_choices: Sequence[RowChoice],
        pools: Sequence[Pool],
        numbers: Numbers,
        source: Rows,
        **facts: Any,
    ) -> Multiverse:
        """The record of specifications that were run."""
        columns: dict[str, Any] = {name: [pool.stratum[at] for pool in pools] for at, name in enumerate(by)}
        for at, choice in enumerate(row_choices):
            columns[choice.name] = [pool.labels[at] for pool in pools]
        columns |= {name: [pool.model[at] for pool in pools] for at, name in enumerate(Model._fields)}
        columns |= numbers.columns | {"reason": numbers.reasons.astype(str)}
        frame = pd.DataFrame(columns).astype(dict.fromkeys(COUNTS, "Int64"))
        named = [*(choice.name for choice in row_choices), *Model._fields]
        return cls(
            by=by, choices=tuple(name for name in named if _several(frame[name])), measure=source.measure,
            frame=frame, pools=tuple(pools), source=source, **facts,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        failed = int(self.frame["estimate"].isna().sum())
        without = f", {failed} without an estimate" if failed else ""
        return (
            f"<Multiverse of {counted(len(self), 'specification')} by "
            f"{', '.join(self.choices) or 'no choice'}{without}>"
        )

    def _caption(self) -> str:
        return repr(self)[1:-1]

    def __getitem__(self, key: str | tuple[str, ...]) -> Multiverse:
        """The multiverse of one stratum.

        Raises
        ------
        RequestError
            Where there is no such stratum; the error lists those there are.
        """
        words = key_of(key, dict.fromkeys(pool.stratum for pool in self.pools), self.by)
        where = [at for at, pool in enumerate(self.pools) if pool.stratum == words]
        frame = self.frame.iloc[where].reset_index(drop=True)
        return replace(
            self,
            frame=frame,
            pools=tuple(self.pools[at] for at in where),
            choices=tuple(name for name in self.choices if _several(frame[name])),
        )

    def keys(self) -> list[tuple[str, ...]]:
        """The strata's keys, in order."""
        return list(dict.fromkeys(pool.stratum for pool in self.pools))

    def row_ids(self, specification: int) -> tuple[str, ...]:
        """The evidence rows that went into a specification, by its number from 0.

        Raises
        ------
        RequestError
            Where there is no such number.
        """
        if not 0 <= specification < len(self):
            raise RequestError(f"No specification {specification}: they are numbered 0 to {len(self) - 1}.")
        rows = self.pools[specification].values.rows
        return tuple(self.source.table["row_id"].take(rows).astype(str))

    def to_frame(self, rows: bool = False) -> pd.DataFrame:
        """One row a specification: strata, choices, numbers, the reason where there are none.

        "" and NaN in a choice: it does not arise. With `rows` also `row_ids`, joined by blanks.

        Raises
        ------
        RequestError
            As `row_ids`.
        """
        frame = self.frame.copy()
        if rows:
            frame["row_ids"] = [" ".join(self.row_ids(at)) for at in range(len(self))]
        return frame

    def spread(self, thresholds: Sequence[float] = ()) -> pd.DataFrame:
        """One row a stratum: how far the estimates lie apart, and what share of them is on which side.

        `positive` and `negative` are shares of the estimates, `ci_above_0` and `ci_below_0` of the intervals,
        `above_0.24` and so on those of estimates above thresholds; `vibration` is the 99th over the 1st
        percentile (of the ratios themselves, where estimates are their logarithms; NaN where signs differ).
        """
        return pd.DataFrame([self._spread_of(key, thresholds) for key in self.keys()])

    def _spread_of(self, key: tuple[str, ...], thresholds: Sequence[float]) -> dict[str, Any]:
        frame = self.frame[[pool.stratum == key for pool in self.pools]]
        found = frame[frame["estimate"].notna()]
        values = found["estimate"].to_numpy(dtype=float)
        low, high = (found[name].dropna().to_numpy(dtype=float) for name in ("ci_low", "ci_high"))
        shares = {
            "positive": _share(values > 0), "negative": _share(values < 0),
            "ci_above_0": _share(low > 0), "ci_below_0": _share(high < 0),
        }  # fmt: skip
        shares |= {f"above_{value:g}": _share(values > value) for value in thresholds}
        points = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]) if len(values) else np.full(5, np.nan)
        return {
            **dict(zip(self.by, key, strict=True)), "specifications": len(frame), "estimated": len(values),
            **dict(zip(("lowest", "q1", "median", "q3", "highest"), points.tolist(), strict=True)), **shares,
            "vibration": vibration(values, self.measure in RATIOS),
        }  # fmt: skip

    def explained(self) -> pd.DataFrame:
        """One row a stratum and choice: how much of the variance of the estimates it explains.

        `alone`: the variance between the means of its options; `beyond`: what it adds to all the others (the
        same in a whole grid); as shares of all. `together`: what all explain without interactions.
        """
        rows = []
        for key in self.keys():
            frame = self.frame[[pool.stratum == key for pool in self.pools]]
            frame = frame[frame["estimate"].notna()]
            names = [name for name in self.choices if frame[name].nunique() > 1]
            codes = [pd.factorize(frame[name].astype(str))[0].astype(np.intp) for name in names]
            shares = explained(frame["estimate"].to_numpy(dtype=float), codes)
            words = dict(zip(self.by, key, strict=True))
            for at, name in enumerate(names):
                rows.append(
                    {**words, "choice": name, "options": frame[name].nunique(), "alone": shares.alone[at],
                     "beyond": shares.beyond[at], "together": shares.together}
                )  # fmt: skip
        return pd.DataFrame(rows, columns=[*self.by, "choice", "options", "alone", "beyond", "together"])

    def summary(self, thresholds: Sequence[float] = ()) -> str:
        """Median and range of the estimates, shares, what each choice explains, and what failed, stratum by stratum."""
        lines = [
            f"Multiverse: {counted(len(self), 'specification')}, {scale_name(self.measure)}, "
            f"{percent(self.level)} intervals"
        ]
        for key in self.keys():
            lines += ["", *self._stratum_lines(key, thresholds)]
        if len(self.invalid):
            what = "1 combination" if len(self.invalid) == 1 else f"{len(self.invalid)} combinations"
            lines += ["", f"{what} of choices cannot be (see `invalid`)."]
        if self.merged:
            one = self.merged == 1
            what = "1 combination comes" if one else f"{self.merged} combinations come"
            lines += ["", f"{what} to the same as another, and {'is' if one else 'are'} counted once."]
        if not self.complete:
            lines += ["", "The run was interrupted: what is missing was not run."]
        return "\n".join(lines)

    def _stratum_lines(self, key: tuple[str, ...], thresholds: Sequence[float]) -> list[str]:
        one = self._spread_of(key, thresholds)
        if not one["estimated"]:
            return [
                f"{', '.join(key) or 'All rows'}: none of "
                f"{counted(one['specifications'], 'specification')} has an estimate."
            ]
        head = [
            f"{', '.join(key) or 'All rows'}: {one['estimated']} of {one['specifications']} with an estimate",
            f"  median {TEXT.number(one['median'])}, quartiles {TEXT.number(one['q1'])} to {TEXT.number(one['q3'])}, "
            f"range {TEXT.number(one['lowest'])} to {TEXT.number(one['highest'])}",
            f"  above 0: {_words(one['positive'])}; interval above 0: {_words(one['ci_above_0'])}, "
            f"below 0: {_words(one['ci_below_0'])}",
        ]
        head += [f"  above {value:g}: {_words(one[f'above_{value:g}'])}" for value in thresholds]
        if not isnan(one["vibration"]):
            head.append(
                f"  the 99th percentile is {TEXT.number(one['vibration'], 2)} times the 1st (vibration of effects)"
            )
        head += self._few_trials(key)
        table = self[key].explained() if self.by else self.explained()
        if not len(table):
            return head
        cells = [("choice", "options", "explains", "beyond the others")]
        cells += [
            (name, str(options), _words(alone), _words(beyond))
            for name, options, alone, beyond in table[["choice", "options", "alone", "beyond"]].itertuples(
                index=False
            )
        ]
        return [*head, *(f"  {line}" for line in aligned(cells, 1))]

    def _few_trials(self, key: tuple[str, ...]) -> list[str]:
        """What is to be said of corrections for bias of fewer trials than `bias` would correct."""
        frame = self[key].frame if self.by else self.frame
        few = (frame["bias"] != "none") & frame["estimate"].notna() & (frame["trials"] < LEAST)
        if not few.any():
            return []
        return [
            f"  fewer than {LEAST} trials are corrected for bias in {counted(int(few.sum()), 'specification')}: that "
            "tells little, and `bias` corrects none so few"
        ]

    def null_test(
        self,
        draws: int = 500,
        *,
        one_by_one: bool = False,
        seed: int | None = None,
        executor: Executor | None = None,
        progress: bool = False,
    ) -> NullTest:
        """Whether all specifications together show more than chance would; of one stratum; see `null.null_test`.

        `one_by_one` takes in those that no batch covers, such as those adjusted for bias, which takes minutes.

        Raises
        ------
        RequestError
            For several strata, or no specification that can be drawn anew.
        """
        if len(self.keys()) != 1:
            raise RequestError(
                f"This multiverse has {counted(len(self.keys()), 'stratum', 'strata')}; test one, "
                f"as in m[{self.keys()[0]!r}]."
            )
        options: dict[str, Any] = {"seed": seed, "executor": executor, "progress": progress}
        options |= {"level": self.level, "direction": self.direction, "one_by_one": one_by_one}
        return null_test(self.pools, self.source, draws, **options)

    def __str__(self) -> str:
        return self.summary()

    def _cells(self) -> Cells:
        names = ("specifications", "estimated", "median", "q1", "q3", "lowest", "highest", "ci_above_0")
        return cells_of(self.spread(), **{name: name for name in (*self.by, *names)})


def _several(column: pd.Series) -> bool:
    known = column.dropna()
    return known[known != ""].nunique() > 1


def _share(which: Any) -> float:
    return float(np.mean(which)) if len(which) else np.nan


def _words(share: float) -> str:
    return "" if isnan(share) else f"{100 * share:.0f}%"
