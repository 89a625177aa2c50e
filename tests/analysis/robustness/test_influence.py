"""Entry points to case deletion: what they take, refuse and hand back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.influence import influence, leave_one_out
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.results import PooledEffect

YI = [0.10, 0.25, 0.40, 0.05, 1.60, 0.30]
VI = [0.04, 0.06, 0.05, 0.08, 0.05, 0.07]
NAMES = ["A", "B", "C", "D", "E", "F"]


def test_the_outlier_is_the_one_flagged():
    found = influence(YI, VI, labels=NAMES)
    assert [name for name, far in zip(found.labels, found.influential, strict=True) if far] == ["E"]
    assert found.full.k == 6
    assert found.weight.sum() == pytest.approx(100)
    assert found.summary().splitlines()[5].endswith("*")


def test_a_series_prints_a_line_a_fit_and_has_a_short_name():
    steps = leave_one_out(YI, VI, labels=NAMES)
    lines = steps.summary().splitlines()
    assert lines[0] == "Leave-one-out: GEN (REML, knha, 95% intervals)"
    assert [line.split()[0] for line in lines[3:9]] == NAMES
    assert lines[3].split()[2] == f"{steps.estimate[0]:.4f}"
    assert lines[-1].startswith(f"All 6 studies: {steps.full.estimate:.4f}")
    assert repr(steps) == "<PooledSeries leave-one-out, REML knha: 6 fits of 6 studies>"
    assert repr(influence(YI, VI, labels=NAMES)) == "<Influence of 6 studies; influential: E>"


def test_a_pooled_effect_brings_its_options_along():
    fit = pool(YI, VI, method="PM", test="adhoc", level=0.9, labels=NAMES)
    got, want = influence(fit), influence(YI, VI, method="PM", test="adhoc", level=0.9, labels=NAMES)
    assert got.labels == tuple(NAMES)
    assert got.leave_one_out.level == 0.9
    for name in ("rstudent", "dffits", "cook_d", "dfbetas"):
        assert_allclose(getattr(got, name), getattr(want, name), rtol=1e-14)


@pytest.mark.parametrize(
    "change", [{"method": "DL"}, {"test": "z"}, {"level": 0.8}, {"labels": list("abcdef")}]
)
def test_what_is_asked_for_goes_before_what_the_pooled_effect_has(change):
    fit = pool(YI, VI, method="PM", test="adhoc", level=0.9, labels=NAMES)
    got, as_it_is = leave_one_out(fit, **change), leave_one_out(fit)
    want = leave_one_out(
        YI, VI, **({"method": "PM", "test": "adhoc", "level": 0.9, "labels": NAMES} | change)
    )
    assert got.labels == want.labels
    assert_allclose(got.ci, want.ci, rtol=1e-14)
    assert got.labels != as_it_is.labels or not np.allclose(got.ci, as_it_is.ci)


def test_each_fit_leaves_its_study_out():
    left = leave_one_out(YI, VI, labels=NAMES)
    for i, label in enumerate(left.labels):
        rest = [j for j in range(6) if j != i]
        one = pool([YI[j] for j in rest], [VI[j] for j in rest])
        assert label == NAMES[i]
        for name in (
            "k",
            "estimate",
            "se",
            "statistic",
            "df",
            "p",
            "ci",
            "pi",
            "tau2",
            "I2",
            "H2",
            "Q",
            "Q_df",
            "Q_p",
        ):
            assert_allclose(getattr(left, name)[i], getattr(one, name), rtol=1e-9, err_msg=name)


def test_frames_have_a_row_a_study():
    found = influence(YI, VI, labels=NAMES)
    frame = found.to_frame()
    assert frame["label"].tolist() == NAMES
    assert {
        "rstudent",
        "dffits",
        "cook_d",
        "cov_r",
        "tau2_del",
        "Q_del",
        "hat",
        "weight",
        "dfbetas",
        "influential",
        "estimate",
        "se",
        "ci_low",
        "ci_high",
        "I2",
        "p",
    } <= set(frame)
    assert frame.columns.is_unique
    assert frame["ci_low"].tolist() == found.leave_one_out.ci[:, 0].tolist()
    assert "<table" in found._repr_html_()
    assert "<table" in found.leave_one_out._repr_html_()


def test_results_cannot_be_changed():
    found = influence(YI, VI)
    with pytest.raises(ValueError, match="read-only"):
        found.rstudent[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        found.leave_one_out.estimate[0] = 0


@pytest.mark.parametrize("door", [influence, leave_one_out])
def test_one_study_cannot_be_excluded(door):
    with pytest.raises(EvidenceError, match=rf"{door.__name__}\(\) needs at least two studies"):
        door([0.1], [0.2])


@pytest.mark.parametrize("door", [influence, leave_one_out])
def test_bad_input_is_refused_as_pool_refuses_it(door):
    with pytest.raises(EvidenceError, match="2 problems"):
        door([0.1, float("nan"), 0.3], [0.2, 0.1, -1.0])
    with pytest.raises(RequestError, match="method = 'XX' is not known"):
        door(YI, VI, method="XX")
    with pytest.raises(RequestError, match="Effects need their variances"):
        door(YI)
    with pytest.raises(RequestError, match="leave vi out"):
        door(pool(YI, VI), VI)


def test_the_result_of_another_model_is_refused():
    other = PooledEffect(method="REML", k=6, estimate=0.9, yi=np.array(YI), vi=np.array(VI))
    with pytest.raises(RequestError, match=r"not the 0\.9 of this result, which another model has made"):
        influence(other)
