"""One model of all windows: against pools where windows share no trial, and against change within trials."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.over_time.windows import model_windows
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import EvidenceError


def visits(trials=8, shift=0.2):
    """Each trial at the end and six months later, the effect `shift` larger then."""
    rng = np.random.default_rng(3)
    at_end = rng.normal(0.4, 0.3, trials)
    rows = [
        {
            "row_id": f"{trial}{window}",
            "trial_id": f"t{trial}",
            "study": f"t{trial}",
            "comparison": "pdt_vs_cbt",
            "outcome": "anxiety",
            "follow_up": window,
            "months_since_end": months,
            "yi": at_end[trial] + moved,
            "vi": 0.05,
        }
        for trial in range(trials)
        for window, months, moved in (("post", 0.0, 0.0), ("medium", 6.0, shift))
    ]
    return pd.DataFrame(rows)


def test_a_change_that_all_trials_share_is_found_whole():
    model = model_windows(visits())["pdt_vs_cbt", "anxiety"]
    assert model.windows["follow_up"].tolist() == ["post", "medium"]
    assert model.windows["k"].tolist() == [8, 8]
    assert model.changes["k_both"].tolist() == [8]
    assert_allclose(model.changes["estimate"], 0.2, atol=1e-9)
    assert_allclose(np.diff(model.windows["estimate"]), model.changes["estimate"])


def test_the_windows_are_the_generalised_least_squares_of_the_model():
    rows = visits().iloc[:-3].reset_index(drop=True)
    model = model_windows(rows)["pdt_vs_cbt", "anxiety"]
    same = rows["trial_id"].to_numpy()[:, None] == rows["trial_id"].to_numpy()
    V = covariance_blocks(rows, 0.6).dense() + model.sigma2[0] * same + model.sigma2[1] * np.eye(len(rows))
    X = np.column_stack([rows["follow_up"].eq(word) for word in ("post", "medium")]).astype(float)
    expected = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, rows["yi"]))
    assert_allclose(model.windows["estimate"], expected, rtol=1e-9)


def test_a_window_of_one_trial_is_listed_but_not_modelled():
    rows = visits()
    rows = rows[rows["follow_up"].eq("post") | rows["trial_id"].eq("t0")]
    model = model_windows(rows)["pdt_vs_cbt", "anxiety"]
    late = model.windows.iloc[1]
    assert late["k"] == 1
    assert np.isnan(late["estimate"])
    assert (model.k, model.rows, len(model.changes)) == (8, 8, 0)
    assert late["reason"].startswith("one trial")
    assert np.isnan(model.F_p)


def test_rows_without_a_time_are_counted_and_not_used():
    rows = visits()
    rows.loc[0, "follow_up"] = "unknown"
    model = model_windows(rows)["pdt_vs_cbt", "anxiety"]
    assert (model.undated, model.rows) == (1, 15)


def test_one_window_is_no_movement():
    with pytest.raises(EvidenceError, match="two dated windows"):
        model_windows(visits()[lambda rows: rows["follow_up"].eq("post")])


def test_months_since_the_start_that_a_source_states_go_before_those_worked_out():
    from pdt_evidence.effects.clock import months_on_clock

    rows = pd.DataFrame(
        {"months_since_end": [60.0, 0.0], "months_since_start": [96.0, None], "treatment_weeks": [78.0, 26.0]}
    )
    np.testing.assert_allclose(months_on_clock(rows, "start"), [96.0, 5.98], atol=0.01)
