"""Rows in several strata for joint_strata.R to pool in one model, one row a trial and stratum: bundled trials, and made
ones, as few of the bundled are in several strata, so that their correlation is estimated as 1.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pdt_evidence as pdt

CASES = (
    ("two outcomes, CS", ["depression", "anxiety"], ["post"], {"struct": "CS"}, {}),
    ("two outcomes, CS by ML", ["depression", "anxiety"], ["post"], {"struct": "CS", "method": "ML"}, {}),
    ("two outcomes, UN", ["depression", "anxiety"], ["post"], {"struct": "UN"}, {}),
    ("two windows, CS", ["depression"], ["post", "long"], {"struct": "CS"}, {"phi": 0.95}),
    (
        "outcome by follow-up, CS",
        ["depression", "anxiety", "general_symptoms"],
        ["post", "long"],
        {"struct": "CS"},
        {"rho_outcomes": 0.4, "phi": 0.95},
    ),
)
MADE = (
    ("made, CS", ["depression", "anxiety"], {"struct": "CS"}, {"rho_outcomes": 0.4, "phi": 0.95}),
    ("made, CS by ML", ["depression", "anxiety"], {"struct": "CS", "method": "ML"}, {"phi": 0.95}),
    ("made, UN", ["depression"], {"struct": "UN"}, {}),
)


def made(outcomes: list[str]) -> pd.DataFrame:
    """18 trials with most of the strata each, their true effects alike but not the same."""
    rng = np.random.default_rng(16)
    rows: list[dict[str, Any]] = []
    for trial in range(18):
        common = rng.normal(0.4, 0.4)
        for outcome in outcomes:
            for window, months in (("post", 0.0), ("long", 12.0)):
                if rng.random() < 0.8:
                    vi = round(float(rng.uniform(0.02, 0.1)), 4)
                    yi = round(float(common + rng.normal(0, 0.25) + rng.normal(0, vi**0.5)), 4)
                    words = {"trial_id": f"M{trial}", "outcome": outcome, "follow_up": window}
                    rows.append(
                        {"row_id": f"{len(rows)}", **words, "months_since_end": months, "yi": yi, "vi": vi}
                    )
    return pd.DataFrame(rows)


def case(name: str, rows: pd.DataFrame, model: dict[str, Any], covariance: dict[str, Any]) -> dict[str, Any]:
    names = ["row_id", "trial_id", "outcome", "follow_up", "yi", "vi"]
    names += ["months_since_end"] if "phi" in covariance else []
    options = {"method": "REML", "rho": 0.6, **model, **covariance}
    return {"id": name, "options": options, "rows": {one: rows[one].tolist() for one in names}, "fit": {}}


def main() -> None:
    cases = [case(name, made(outcomes), model, covariance) for name, outcomes, model, covariance in MADE]
    for name, outcomes, windows, model, covariance in CASES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pdt.EvidenceWarning)
            rows = pdt.trials(
                comparison=["pdt_vs_control", "pdt_vs_cbt"], outcome=outcomes, follow_up=windows
            )
        rows = rows[rows["yi"].notna() & rows["measure"].eq("SMD")]
        if "phi" in covariance:
            rows = rows[rows["months_since_end"].notna()]
        rows = rows.drop_duplicates(["trial_id", "outcome", "follow_up"]).sort_values("row_id")
        cases.append(case(name, rows, model, covariance))
    path = Path(__file__).with_name("joint_strata.json")
    path.write_text(json.dumps({"source": "", "cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
