"""Entry point to cumulative meta-analysis."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.errors import EvidenceError

YI = [0.10, 0.25, 0.40, 0.05]
VI = [0.04, 0.06, 0.05, 0.08]
YEARS = [2003, 1999, 2003, 1991]


@pytest.mark.parametrize(
    ("order", "labels"),
    [
        (None, "1234"),
        (YEARS, "4213"),  # 1 before 3, as they stand
        (np.array(VI), "1324"),
        (-np.array(YEARS), "1324"),
        (["b", "a", "d", "c"], "2143"),
    ],
)
def test_studies_enter_in_the_order_asked_for(order, labels):
    steps = cumulative(YI, VI, order=order)
    at = [int(label) - 1 for label in labels]
    assert "".join(steps.labels) == labels
    assert steps.k.tolist() == [1, 2, 3, 4]
    for i in range(1, 4):
        one = pool([YI[j] for j in at[: i + 1]], [VI[j] for j in at[: i + 1]])
        assert_allclose(steps.ci[i], one.ci, rtol=1e-9)


def test_the_first_step_is_the_study_and_the_last_the_whole():
    steps = cumulative(YI, VI)
    assert (steps.estimate[0], steps.se[0]) == pytest.approx((YI[0], VI[0] ** 0.5), rel=1e-14)
    assert np.isnan(steps.tau2[0])
    assert steps.estimate[-1] == pytest.approx(steps.full.estimate, rel=1e-12)
    assert len(steps.to_frame()) == len(steps) == 4


def test_a_column_of_a_pooled_effect_can_give_the_order():
    fit = pool(YI, VI, columns={"year": YEARS})
    assert cumulative(fit, order="year").labels == ("4", "2", "1", "3")
    with pytest.raises(
        EvidenceError, match=r"order = 'age' names no column of the result. There are: 'year'"
    ):
        cumulative(fit, order="age")


def test_an_order_that_orders_nothing_is_refused():
    with pytest.raises(EvidenceError, match="order has 3 values for 4 studies"):
        cumulative(YI, VI, order=[1, 2, 3])
    with pytest.raises(EvidenceError) as caught:
        cumulative(YI, VI, order=[1, None, float("nan"), 2])
    assert caught.value.problems == (
        "study 2 (2) has no value in order.",
        "study 3 (3) has no value in order.",
    )
    with pytest.raises(EvidenceError, match="cannot be compared"):
        cumulative(YI, VI, order=[1, "a", 2, "b"])
