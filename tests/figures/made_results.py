"""Results made by hand for the figures: plausible numbers, no claim to be anyone's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdt_evidence.figures.sheet.styles import STYLES
from pdt_evidence.results import PooledEffect, Synthesis

DEPRESSION = {"comparison": "pdt_vs_control", "outcome": "depression", "follow_up": "post"}
PAGES = [name for name in STYLES if name != "slide"]  # styles at home on a journal's page
NAMES = (
    "Cooper",
    "Abbass",
    "Leichsenring",
    "Milrod",
    "Gibbons",
    "Piper",
    "Driessen",
    "Knekt",
    "Svartberg",
    "Maina",
    "Hamilton",
    "Guthrie",
)
LONG = " (short-term psychodynamic psychotherapy, group arm, intention to treat)"


def effect(k: int, seed: int = 1, *, spread: float = 0.4, long: bool = False, **values: Any) -> PooledEffect:
    """A pooled effect of `k` studies; `values` replace what is made."""
    rng = np.random.default_rng(seed)
    yi = rng.normal(0.5, spread, k)
    n_t, n_c = rng.integers(8, 90, k), rng.integers(8, 90, k)
    vi = values.pop("vi", 1 / n_t + 1 / n_c + 0.01)
    tau2 = spread**2 / 2 if k > 1 else math.nan
    wi = 1 / (vi + (tau2 if k > 1 else 0.0))
    total = wi.sum() if k else 1.0
    estimate, se = float((wi * yi).sum() / total), float(total**-0.5)
    reach = 2.1 * math.sqrt(se**2 + tau2) if k > 2 else math.nan
    years = [1985 + i % 37 for i in range(k)]
    made: dict[str, Any] = {
        "stratum": dict(DEPRESSION),
        "measure": "SMD",
        "k": k,
        "estimate": estimate,
        "se": se,
        "p": 0.01,
        "ci": (estimate - 2.1 * se, estimate + 2.1 * se),
        "pi": (estimate - reach, estimate + reach),
        "tau2": tau2,
        "I2": 62.3 if k > 1 else math.nan,
        "Q": float((yi - estimate) @ ((yi - estimate) / vi)),
        "Q_df": k - 1,
        "Q_p": 0.0004 if k > 1 else math.nan,
        "df": k - 1.0 if k > 1 else math.nan,
        "labels": tuple(f"{NAMES[i % 12]} {years[i]}{LONG if long and i % 3 == 0 else ''}" for i in range(k)),
        "yi": yi,
        "vi": vi,
        "weights": 100 * wi / total,
        "row_ids": tuple(f"T{i:04d}" for i in range(k)),
        "columns": {
            "year": tuple(years),
            "source_id": tuple(("metapsy", "cochrane2014", "trial2001")[i % 3] for i in range(k)),
            "n_t": tuple(int(n) if i % 7 != 4 else None for i, n in enumerate(n_t)),
            "n_c": tuple(int(n) if i % 7 != 4 else None for i, n in enumerate(n_c)),
        },
    }
    return PooledEffect(**(made | values))


def synthesis(seed: int = 3, sizes: tuple[int, ...] = (5, 1, 3, 2, 7, 1, 2, 4)) -> Synthesis:
    """Two comparisons by two outcomes by two follow-ups, some of a single study."""
    keys = [
        (comparison, outcome, follow_up)
        for comparison in ("pdt_vs_control", "pdt_vs_cbt")
        for outcome in ("depression", "anxiety")
        for follow_up in ("post", "long")
    ]
    by = ("comparison", "outcome", "follow_up")
    strata = {
        key: effect(sizes[i % len(sizes)], seed + i, stratum=dict(zip(by, key, strict=True)))
        for i, key in enumerate(keys)
    }
    import pandas as pd

    return Synthesis(by=by, strata=strata, left_out=pd.DataFrame({"row_id": [], "reason": []}))


def rows_of_trials() -> Any:
    """A table with two or three rows a trial, by instrument and by what was counted."""
    import pandas as pd

    trials = ["Abbass 2001"] * 3 + ["Milrod 2007"] * 2 + ["Knekt 2008"] * 2 + ["Maina 2010"]
    return pd.DataFrame(
        {
            "row_id": [f"T{i}" for i in range(8)],
            "study": trials,
            "trial_id": trials,
            "outcome": "depression",
            "measure": "SMD",
            "yi": [0.9, 0.4, 0.6, 0.3, 0.1, 0.7, 0.5, 0.2],
            "vi": [0.05, 0.06, 0.15, 0.04, 0.05, 0.06, 0.09, 0.03],
            "instrument": ["BDI", "HDRS", "HDRS", "BDI", "HDRS", "BDI", "HDRS", "BDI"],
            "event_label": ["", "", "remission (HDRS of 7 or less)", "", "", "", "", ""],
        }
    )


def clustered(dependence: str) -> PooledEffect:
    """Those rows in one model of several effects a trial."""
    from pdt_evidence.analysis.synthesis import synthesize

    return synthesize(rows_of_trials(), by="outcome", dependence=dependence)["depression"]


def _network() -> Any:
    from pdt_evidence.analysis.networks.network import network

    return network(
        [0.5, 0.3, 0.6, 0.1, 0.2, 0.4, -0.1],
        [0.04, 0.05, 0.05, 0.06, 0.04, 0.07, 0.05],
        ["pdt", "cbt", "pdt", "pdt", "cbt", "supportive", "supportive"],
        ["waitlist", "waitlist", "waitlist", "cbt", "waitlist", "waitlist", "cbt"],
        list("abcdefg"),
        reference="waitlist",
    )


NETWORK = _network()
