"""How the effect on one outcome moves over follow-up windows, in one model of all windows at once.

Pools by window are of different trials, and of the same trials twice: neither their difference nor its uncertainty
can be read off them. Here every window has a coefficient, rows of one trial stay correlated across windows, and the
change from the first window is tested with cluster-robust (CR2) inference.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.pooled.rows_to_pool import rows_to_pool
from pdt_evidence.analysis.regression.clustered import clustered_fit, coefficient
from pdt_evidence.analysis.regression.result import about_left_out
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.clock import CLOCKS, on_clock, window_place
from pdt_evidence.effects.left_out import together
from pdt_evidence.effects.standing import EVENTS, scores_before_events
from pdt_evidence.errors import EvidenceError, known_options
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.formatting import TEXT, as_text, counted
from pdt_evidence.models.clustered_regression import ClusteredFit, robust_test
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.showing import Brief, Cells, cells_of

__all__ = ["WindowModel", "model_windows"]

FEWEST_TRIALS = 2  # in a window; one alone says nothing of how trials vary
NOT_A_TIME = "unknown"
NOTHING = dict.fromkeys(("estimate", "se", "df", "ci_low", "ci_high", "p"), nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class WindowModel(Brief):
    """One outcome over its windows.

    Attributes
    ----------
    windows : DataFrame
        One row a window, in order of time: `follow_up`, `k` (trials), `rows`, `estimate`, `se`, `df`, `ci_low`,
        `ci_high`, `p`, `reason`. A window that one trial holds is not modelled: its numbers are NaN, and `reason`
        says so.
    changes : DataFrame
        One row a later window in the model: its difference from the first one, `k_both` trials being held in both.
    F, F_df, F_p : float
        Test that all windows are alike (HTZ); NaN where fewer than two are modelled.
    k, rows : int
        Trials and rows in the model.
    sigma2 : tuple of float
        Variance between trials, and between rows of a trial.
    undated : int
        Rows that are in no window, as their time is not known; they did not enter.
    left_out : DataFrame
        Rows of the table, of any outcome, that give no effect or count persons beside a score, each with its `reason`.
    """

    comparison: str
    outcome: str
    windows: pd.DataFrame
    changes: pd.DataFrame
    F: float
    F_df: tuple[float, float]
    F_p: float
    k: int
    rows: int
    undated: int
    sigma2: tuple[float, float]
    rho: float
    level: float
    left_out: pd.DataFrame

    def _line(self) -> str:
        size = f"{counted(len(self.windows), 'window')}, {counted(self.k, 'trial')}"
        return f"{self.comparison}, {self.outcome}: {size}, {TEXT.p_value(self.F_p)}"

    def _cells(self) -> Cells:
        effect = ("estimate", "ci_low", "ci_high")
        return cells_of(
            self.windows, follow_up="follow_up", k="k", rows="rows", effect_ci=effect, p="p", reason="reason"
        )

    def to_frame(self) -> pd.DataFrame:
        """The windows, each with its difference from the first."""
        return self.windows.merge(self.changes, on="follow_up", how="left", suffixes=("", "_change"))

    def summary(self) -> str:
        """Windows, changes and the joint test as text."""
        joint = "" if np.isnan(self.F_p) else f"All windows alike: F = {self.F:.2f}, p = {self.F_p:.3f}."
        parts = (
            as_text(self.windows),
            as_text(self.changes),
            joint,
            *about_left_out(len(self.left_out), "of any outcome, each with its reason"),
        )
        return "\n\n".join(part for part in parts if part)


@known_options
def model_windows(
    table: pd.DataFrame,
    *,
    rho: float = 0.6,
    events: str = "fallback",
    clock: str = "end",
    level: float = 0.95,
) -> dict[tuple[str, str], WindowModel]:
    """Model each outcome of each comparison over its follow-up windows.

    Parameters
    ----------
    table : DataFrame
        As `trials` gives it.
    rho : float
        Correlation between two effects of the same arms, at one visit or at two.
    events, clock
        As in `synthesize`.
    level : float
        Of all intervals.

    Returns
    -------
    dict
        By comparison and outcome, those with two dated windows, one at least held by two trials.

    Raises
    ------
    EvidenceError
        Where a column is missing, no row has an effect, or no outcome has two dated windows.
    RequestError
        Where an option is unknown.

    References
    ----------
    .. [1] Pustejovsky JE, Tipton E. Meta-analysis with robust variance estimation: expanding the range of working
       models. Prevention Science 23 (2022) 425-438. doi:10.1007/s11121-021-01246-3

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> rows = pdt.trials(comparison="pdt_vs_control", outcome="depression")
    >>> found = pdt.model_windows(rows[rows["yi"].notna()])
    >>> found["pdt_vs_control", "depression"].windows[["follow_up", "k"]].to_numpy().tolist()
    [['post', 17], ['medium', 2], ['long', 2]]
    """
    check_options(
        rho=(rho, RHO),
        level=(level, LEVEL),
        events=(events, Choice(EVENTS)),
        clock=(clock, Choice(CLOCKS)),
    )
    by = ("comparison", "outcome", "follow_up")
    usable, without = rows_to_pool(on_clock(as_read(table), clock), by, None, given_columns(table))
    rows, aside = scores_before_events(usable, events, by)
    left_out = together(without, aside)
    found = {}
    for key, own in rows.groupby(["comparison", "outcome"], sort=False):
        dated = own[own["follow_up"].ne(NOT_A_TIME)].reset_index(drop=True)
        held = dated.groupby("follow_up")["trial_id"].nunique()
        modelled = held.index[held >= FEWEST_TRIALS]
        if len(held) > 1 and dated["follow_up"].isin(modelled).sum() > len(modelled) > 0:
            words = (str(key[0]), str(key[1]))
            found[words] = _model(words, dated, len(own) - len(dated), rho, level, left_out)
    if not found:
        raise EvidenceError(
            "No outcome is held in two dated windows, one of them by two trials: nothing can be modelled over time."
        )
    return found


def _model(
    words: tuple[str, str], rows: pd.DataFrame, undated: int, rho: float, level: float, left_out: pd.DataFrame
) -> WindowModel:
    by_window = rows.groupby(rows["follow_up"].astype(str))["trial_id"]
    k, size = by_window.nunique().to_dict(), by_window.size().to_dict()
    every = sorted(map(str, k), key=window_place)
    names = [name for name in every if k[name] >= FEWEST_TRIALS]
    rows = rows[rows["follow_up"].isin(names)].reset_index(drop=True)
    X = (rows["follow_up"].astype(str).to_numpy()[:, None] == np.array(names)[None, :]).astype(float)
    fit = clustered_fit(rows, X, rho)
    unit = dict(zip(names, np.eye(len(names)), strict=True))
    windows = [
        {"follow_up": name, "k": k[name], "rows": size[name]} | _line(fit, unit.get(name), level)
        for name in every
    ]
    trials = {name: set(rows.loc[rows["follow_up"].eq(name), "trial_id"]) for name in names}
    changes = [
        {"follow_up": name, "since": names[0], "k_both": len(trials[names[0]] & trials[name])}
        | _line(fit, unit[name] - unit[names[0]], level)
        for name in names[1:]
    ]
    differences = np.eye(len(names))[1:] - np.eye(len(names))[0]
    test = robust_test(fit, differences) if len(names) > 1 else None
    return WindowModel(
        comparison=words[0],
        outcome=words[1],
        windows=pd.DataFrame(windows),
        changes=pd.DataFrame(changes, columns=["follow_up", "since", "k_both", *NOTHING, "reason"]),
        F=test.F if test else nan,
        F_df=(float(test.q), test.df) if test else (nan, nan),
        F_p=test.p if test else nan,
        k=rows["trial_id"].nunique(),
        rows=len(rows),
        undated=undated,
        sigma2=fit.sigma2,
        rho=rho,
        level=level,
        left_out=left_out,
    )


def _line(fit: ClusteredFit, weights: np.ndarray | None, level: float) -> dict[str, Any]:
    """One combination of the windows; a window of one trial has none, as nothing varies within it."""
    if weights is None:
        return NOTHING | {"reason": "one trial: not in the model, which needs two in a window"}
    one = coefficient(fit, weights, level)
    return {
        "estimate": one.estimate,
        "se": one.se,
        "df": one.df,
        "ci_low": one.ci[0],
        "ci_high": one.ci[1],
        "p": one.p,
        "reason": one.reason,
    }
