"""The bundled trials with their effect sizes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

from pdt_evidence.effects.table import add_effects
from pdt_evidence.errors import known_options
from pdt_evidence.evidence import load, select_trials
from pdt_evidence.evidence.frames import light
from pdt_evidence.evidence.judgements import overall_judgements

__all__ = ["light_trials", "trials"]

Wanted = str | Sequence[str] | None
OPTIONS = {"vtype": "LS", "zero_cells": "only-zero", "double_zero": "keep"}


@known_options
def trials(
    *,
    comparison: Wanted = None,
    disorder: Wanted = None,
    outcome: Wanted = None,
    follow_up: Wanted = None,
    source: Wanted = None,
    review: Wanted = None,
    disputed: bool = False,
    preferred: bool = True,
) -> pd.DataFrame:
    """Trial-level contrasts with their effects as standardised mean differences.

    Parameters
    ----------
    comparison, disorder, outcome, follow_up, source, review : str or list of str, optional
        Keep the rows with these values; `review` keeps the trials that are members of a review.
    disputed : bool
        Whether rows marked disputed, retracted or mislabelled are included.
    preferred : bool
        Whether, of rows that several sources give of one contrast, only the preferred one is kept.

    Returns
    -------
    DataFrame
        One row a reported contrast, as in `data/trials.csv`, with `follow_up`, `rob_overall` ("Low", "Some
        concerns", "High", "Unclear", whatever scale `rob` is on) and the columns that `effect_sizes` adds. `yi` above
        0 favours arm 1, psychodynamic therapy; it is NaN where the source's
        numbers give no effect. No rows where no trial fits every filter.

    Raises
    ------
    EvidenceError
        Where a filter has an unknown value; the message lists the known ones.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> rows = pdt.trials(comparison="pdt_vs_cbt", outcome="depression", follow_up="post")
    >>> rows.set_index("row_id").loc["T0141", ["study", "source_id", "locator"]].tolist()
    ['Cooper 2003', 'metapsy_depression_psyctr', 'data.csv, rows 128 and 127, version 24.0.2, commit ceeabb7']
    """
    return select_trials(
        table=_with_effects(),
        comparison=comparison,
        disorder=disorder,
        outcome=outcome,
        follow_up=follow_up,
        source=source,
        review=review,
        disputed=disputed,
        preferred=preferred,
    )


def light_trials(**filters: Any) -> pd.DataFrame:
    """As `trials`, with its words as plain objects: what the library's own analyses take apart again and again."""
    return select_trials(table=_light(), **filters)


@cache
def _light() -> pd.DataFrame:
    return light(_with_effects())


@cache
def _with_effects() -> pd.DataFrame:
    """Every bundled row with its effect, computed once a process: none depends on another row."""
    table = load("trials")
    at = list(table.columns).index("rob") + 1
    table.insert(at, "rob_overall", overall_judgements(table["rob"], table["rob_tool"]))
    return add_effects(table, "SMD", OPTIONS, {})
