"""One side of a comparison, whatever it was given as: strata, rows, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from pdt_evidence.errors import RequestError
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["Side", "aligned_strata", "of_fit", "of_synthesis"]

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A state of the evidence.

    `rows` has one row of the table each, with all its cells, or one pooled value each (`whole` is then False), or
    is None where only `row_ids` of the strata are known. `verdicts` is None where claims were not judged.
    """

    name: str
    by: tuple[str, ...]
    strata: Mapping[Key, PooledEffect]
    rules: Mapping[str, object] = field(default_factory=dict[str, object])
    rows: pd.DataFrame | None = None
    whole: bool = True
    verdicts: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


def of_synthesis(synthesis: Synthesis, name: str) -> Side:
    """A synthesis brings along the values that it pooled, and the cells beside them."""
    names = ("measure", "method", "test", "level", "dependence", "rho")
    return Side(
        name=name,
        by=synthesis.by,
        strata=dict(synthesis.strata),
        rules={rule: getattr(synthesis, rule) for rule in names},
        rows=_values(synthesis.strata),
        whole=False,
    )


def of_fit(fit: PooledEffect, name: str) -> Side:
    """A single pooled effect is a synthesis of one stratum.

    Raises
    ------
    RequestError
        For one that holds no studies.
    """
    if not len(fit.yi):
        raise RequestError(f"The {name} result holds no studies: pool effects first, and give that result.")
    rules = {rule: getattr(fit, rule) for rule in ("measure", "method", "test", "level")}
    strata: dict[Key, PooledEffect] = {tuple(fit.stratum.values()): fit}
    return Side(
        name=name, by=tuple(fit.stratum), strata=strata, rules=rules, rows=_values(strata), whole=False
    )


def _values(strata: Mapping[Key, PooledEffect]) -> pd.DataFrame:
    """One row a pooled value: the stratum in `_stratum`, its evidence rows in `row_id`, then its cells."""
    tables = []
    for key, fit in strata.items():
        studies = fit.studies().drop(columns=["ci_low", "ci_high", "weight", "rows"], errors="ignore")
        studies = studies.rename(columns={"label": "study", "row_ids": "row_id"})
        tables.append(studies.assign(_stratum=pd.Series([key] * len(studies), dtype=object)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"study": [], "_stratum": []})


def aligned_strata(
    old: Side, new: Side
) -> tuple[tuple[str, ...], dict[Key, PooledEffect], dict[Key, PooledEffect]]:
    """The columns that make strata on both sides, and each side's strata by the words in them.

    What is the same comparison in every stratum of one side and a column of the other is one.

    Raises
    ------
    RequestError
        Where the two are by other columns.
    """
    wanted = tuple(dict.fromkeys((*old.by, *new.by)))
    words = [[_words(side, key, fit) for key, fit in side.strata.items()] for side in (old, new)]
    lacking = [name for name in wanted if any(name not in one for side in words for one in side)]
    if lacking:
        raise RequestError(
            f"The strata of the old side are by {', '.join(old.by) or 'nothing'}, those of the new by "
            f"{', '.join(new.by) or 'nothing'}. Make both by the same columns."
        )
    sides = [
        {
            tuple(one[name] for name in wanted): fit
            for one, fit in zip(found, side.strata.values(), strict=True)
        }
        for found, side in zip(words, (old, new), strict=True)
    ]
    return wanted, sides[0], sides[1]


def _words(side: Side, key: Key, fit: PooledEffect) -> dict[str, str]:
    return {**fit.stratum, **dict(zip(side.by, key, strict=True))}
