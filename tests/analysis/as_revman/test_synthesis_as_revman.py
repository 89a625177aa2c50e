"""Pooling as Review Manager does it, against totals from another package."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.as_revman.synthesis import synthesize_as_revman
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_revman


@pytest.fixture(scope="module")
def made():
    sys.path.insert(0, str(Path(__file__).parents[2] / "evidence" / "readers"))
    import made_files

    return made_files


@pytest.fixture
def review(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5())
    return read_revman(path)


def reference(made, kind, **settings):
    return next(
        analysis
        for analysis in made.REVIEW["analyses"]
        if analysis["kind"] == kind and all(analysis[name] == value for name, value in settings.items())
    )


@pytest.mark.parametrize(
    ("options", "kind", "settings", "outcome"),
    [
        ({}, "continuous", {"measure": "SMD", "random": True}, "depression"),
        ({"measure": "MD", "random": False}, "continuous", {"measure": "MD"}, "depression"),
        ({"random": False}, "dichotomous", {"method": "MH", "measure": "OR"}, "dropout"),
        ({"events": "PETO"}, "dichotomous", {"method": "PETO"}, "dropout"),
    ],
)
def test_a_stratum_is_pooled_to_the_total_of_its_review(made, review, options, kind, settings, outcome):
    """The review prints arm 1 less arm 2; here lower is better, so that the sign is turned."""
    expected = reference(made, kind, **settings)["overall"]
    fit = synthesize_as_revman(review, by="outcome", **options)[outcome]
    assert fit.k == 6
    assert_allclose(
        [-fit.estimate, fit.se, fit.Q, fit.I2],
        [expected[name] for name in ("estimate", "se", "Q", "I2")],
        rtol=1e-10,
        atol=1e-12,
    )
    assert_allclose(
        sorted(np.abs(fit.ci)), sorted(np.abs([expected["ci_low"], expected["ci_high"]])), rtol=1e-10
    )
    assert fit.row_ids == tuple(review.loc[review["outcome"] == outcome, "row_id"])


def test_scales_on_which_high_is_good_are_reversed_before_they_are_pooled(review):
    part = pd.DataFrame(review[review["outcome"] == "depression"]).reset_index(drop=True)
    sign_reversed = part.copy()
    sign_reversed.loc[::2, ["mean_t", "mean_c"]] *= -1
    sign_reversed.loc[::2, "better"] = "higher"
    one, other = (synthesize_as_revman(rows, by="outcome")["depression"] for rows in (part, sign_reversed))
    assert_allclose([one.estimate, one.se, one.tau2], [other.estimate, other.se, other.tau2], rtol=1e-12)


def test_rows_that_do_not_fit_their_stratum_are_excluded_with_the_reason(review):
    mixed = pd.DataFrame(review).assign(outcome="everything")
    result = synthesize_as_revman(mixed, by="outcome")
    assert result["everything"].k == 6
    assert set(result.left_out["reason"]) == {"no means in its stratum"}
    assert len(result.left_out) + 6 == len(mixed)


def test_trials_without_a_difference_in_events_are_excluded_with_the_reason():
    rows = {
        "row_id": list("abcd"),
        "outcome": "x",
        "better": "lower",
        "event_t": [4, 0, 9, 5],
        "n_t": [20, 10, 9, 20],
        "event_c": [8, 0, 9, 6],
        "n_c": [20, 10, 9, 22],
    }
    result = synthesize_as_revman(pd.DataFrame(rows), by="outcome")
    assert result["x"].row_ids == ("a", "d")
    assert result["x"].k == len(result["x"].yi) == 2
    assert result.left_out["row_id"].tolist() == ["b", "c"]
    assert all("not estimable" in reason for reason in result.left_out["reason"])


def test_effects_alone_are_pooled_by_inverse_variance():
    table = pd.DataFrame(
        {"row_id": ["a", "b"], "study": ["A", "B"], "outcome": "x", "yi": [0.2, 0.4], "vi": [0.04, 0.04]}
    )
    fit = synthesize_as_revman(table, by="outcome")["x"]
    assert_allclose([fit.estimate, fit.se], [0.3, 0.02**0.5])


def test_an_unknown_option_lists_the_known_ones(review):
    with pytest.raises(EvidenceError, match="events = 'GLMM' is not known"):
        synthesize_as_revman(review, events="GLMM")
    with pytest.raises(EvidenceError, match="column 'outcom' is missing"):
        synthesize_as_revman(review, by="outcom")
