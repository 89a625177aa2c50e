"""The bundled trials come with their effects, signed towards arm 1."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.effects.per_trial import aggregate_rows
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.smd import hedges_g
from pdt_evidence.effects.trials import trials
from pdt_evidence.errors import EvidenceError

ADDED = ["measure", "yi", "vi", "yi_basis", "yi_reason"]


def test_every_bundled_row_has_an_effect_or_the_reason_why_not():
    table = trials(disputed=True, preferred=False)
    has = table["yi"].notna()
    assert (has == table["vi"].notna()).all()
    assert (has == (table["yi_basis"] != "")).all()
    assert (has == (table["yi_reason"] == "")).all()
    assert has[table["status"].eq("ok")].mean() > 0.8  # what is disputed may be a word or a percentage only


def test_arm_means_give_g_reversed_to_favour_the_first_arm():
    table = trials()
    rows = table[table["yi_basis"].isin(["means", "change"])]
    yi, vi = hedges_g(*(rows[name] for name in ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")))
    assert_allclose(rows["yi"], np.where(rows["better"] == "lower", -yi, yi), rtol=1e-14)
    assert_allclose(rows["vi"], vi, rtol=1e-14)
    assert len(rows) > 50


def test_filters_that_no_trial_fits_give_an_empty_table_with_all_columns():
    table = trials(comparison="pdt_plus_medication_vs_medication", outcome="pain")
    assert len(table) == 0
    assert table.columns[-5:].tolist() == ADDED


def test_an_unknown_filter_value_lists_the_known_ones():
    with pytest.raises(EvidenceError, match="pdt_vs_control"):
        trials(comparison="pdt_vs_nothing")


def test_the_covariance_of_every_stratum_is_sound():
    """No bundled stratum needs the fallback, so every shared arm keeps its own covariance."""
    table = trials()
    for _, rows in table[table["yi"].notna()].groupby(["comparison", "outcome", "follow_up"]):
        assert covariance_blocks(rows).replaced == ()


def test_missing_words_of_any_kind_are_alike_where_rows_are_put_together():
    rows = pd.DataFrame({"row_id": ["a", "b"], "trial_id": "A", "yi": [0.2, 0.6], "vi": [0.04, 0.09]})
    rows["note"] = pd.Series([None, pd.NA], dtype=object)
    rows["instrument"] = pd.Series([np.nan, "BDI"], dtype=object)
    one = aggregate_rows(rows)
    assert one["row_id"].tolist() == ["a+b"]
    assert one["note"].isna().all()
    assert one["instrument"].tolist() == ["BDI"]
