"""Effects that do not differ, or lie on a line: what rounding leaves of a 0 is printed as 0, in words or not at all."""

import re

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt

LEFT_BY_ROUNDING = re.compile(r"\de-\d\d|\binf\b|\bnan\b|NaN|-0\.0+\b")
ROWS = pd.DataFrame(
    {
        "study": [f"S{at}" for at in range(8)],
        "trial_id": [f"T{at // 2}" for at in range(8)],
        "comparison": "a",
        "outcome": "d",
        "follow_up": ["post", "long"] * 4,
        "group": ["a", "b"] * 4,
        "year": np.arange(2000, 2008),
        "measure": "SMD",
        "arm_t": "x",
        "arm_c": ["y", "z"] * 4,
        "n_t": 30,
        "n_c": 30,
        "vi": 0.05,
    }
)
ALONE = ["trial_id"]
CALLS = {
    "metareg": lambda rows: pdt.metareg("~ year", rows.drop(columns=ALONE), test="z"),
    "two moderators": lambda rows: pdt.metareg("~ year + group", rows.drop(columns=ALONE), test="t"),
    "common effect": lambda rows: pdt.metareg("~ year", rows.drop(columns=ALONE), method="EE", test="z"),
    "clusters": lambda rows: pdt.metareg("~ group", rows, cluster="trial_id"),
    "slope by cluster": lambda rows: pdt.metareg("~ year", rows, cluster="trial_id"),
    "scale": lambda rows: pdt.metareg("~ year", rows.drop(columns=ALONE), scale="~ group"),
    "subgroups": lambda rows: pdt.compare_subgroups(rows.drop(columns=ALONE), "group"),
    "pool": lambda rows: pdt.pool(rows.yi, rows.vi),
    "multilevel": lambda rows: pdt.pool_multilevel(rows.yi, rows.vi, rows.trial_id),
    "multivariate": lambda rows: pdt.pool_multivariate(rows.yi, rows.vi, rows.group, rows.trial_id),
    "strata": lambda rows: pdt.synthesize(rows, dependence="che"),
    "windows": lambda rows: pdt.model_windows(rows)["a", "d"],
    "moderators": lambda rows: pdt.moderators(rows, names=["year"]),
    "network": lambda rows: pdt.network(rows.yi, rows.vi, rows.arm_t, rows.arm_c, rows.study, reference="y"),
}


@pytest.mark.filterwarnings("ignore::pdt_evidence.errors.EvidenceWarning")
@pytest.mark.parametrize(
    "yi", [[0.3] * 8, [0.0] * 8, [at / 10 for at in range(8)]], ids=["alike", "zero", "line"]
)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_perfect_fit_prints_no_leftovers_of_rounding(call, yi):
    text = call(ROWS.assign(yi=yi)).summary()
    assert not LEFT_BY_ROUNDING.search(text), text


def test_a_share_of_0_is_0_percent():
    found = pdt.metareg("~ group", ROWS.assign(yi=ROWS["year"] / 10 - 200), cluster="trial_id")
    assert "R2 0.0%" in found.summary()


def test_a_limit_that_is_not_there_is_printed_as_on_the_page():
    from pdt_evidence.formatting import PAGE, TEXT

    assert TEXT.interval((-np.inf, 0.5)) == "-∞ to 0.5000"
    assert PAGE.number(np.inf) == TEXT.number(np.inf) == "∞"


def test_a_number_that_is_small_by_its_unit_keeps_its_digits():
    from pdt_evidence.formatting import TEXT

    assert [TEXT.number(value) for value in (4e-05, 2e-9, 2e-14)] == ["4e-05", "2e-09", "0.0000"]
