"""One further trial: the pool with it is what pooling it with the others gives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError

Y, V = [0.5, 0.3, 0.7, -0.1], [0.05, 0.06, 0.04, 0.08]
NUMBERS = {"ci": ("ci_low", "ci_high"), "pi": ("pi_low", "pi_high")}


def check(row, fit):
    for name in ("estimate", "tau2", "p"):
        assert_allclose(row[name], getattr(fit, name), rtol=1e-6, err_msg=name)
    for name, columns in NUMBERS.items():
        assert_allclose([row[column] for column in columns], getattr(fit, name), rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("options", [{}, {"method": "DL", "test": "z"}, {"test": "adhoc", "level": 0.9}])
def test_a_further_trial_is_pooled_by_the_rules_of_the_fit(options):
    found = pdt.what_if(pdt.pool(Y, V, **options), effect=[-0.4, 0.9], vi=[0.02, 0.1]).to_frame()
    assert len(found) == 4
    for row in found.to_dict("records"):
        check(row, pdt.pool([*Y, row["effect"]], [*V, row["vi"]], **options))


def test_in_a_multilevel_fit_it_is_a_trial_of_its_own():
    fit = pdt.pool_multilevel(Y, V, list("aabc"), rho=0.5).with_robust()
    for row in pdt.what_if(fit, effect=[0.0, 1.0], vi=0.05).to_frame().to_dict("records"):
        check(row, pdt.pool_multilevel([*Y, row["effect"]], [*V, 0.05], list("aabcd"), rho=0.5).with_robust())


def test_the_variance_is_that_of_g_or_of_the_studies_of_the_fit():
    fit = pdt.pool(Y, V, measure="SMD")
    found = pdt.what_if(fit, effect=0.4, n_per_arm=50)
    assert found.to_frame()["vi"].item() == pytest.approx(2 / 50 + 0.4**2 / 200)
    assert "Hedges' g" in found.summary()
    columns = {"n_t": (20, 30, 25, None), "n_c": (20, 30, 25, 30)}
    other = pdt.what_if(pdt.pool(Y, V, measure="MD", columns=columns), effect=0.4, n_per_arm=50)
    unit = np.median([0.05 / 0.1, 0.06 / (1 / 15), 0.04 / 0.08])
    assert other.to_frame()["vi"].item() == pytest.approx(unit * 2 / 50)
    assert "the median of the 3 studies of this fit with known arms" in other.summary()


def test_a_trial_that_moves_the_interval_is_flagged():
    fit = pdt.pool([0.5, 0.5, 0.5], [0.02] * 3)
    found = pdt.what_if(fit, effect=[0.5, -3.0], vi=0.02).to_frame()
    assert found["flips"].tolist() == [False, True]
    assert found["change"].tolist() == pytest.approx((found["estimate"] - fit.estimate).tolist())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda fit: pdt.what_if(fit, effect=0.1), "Give n_per_arm or vi, one of the two"),
        (lambda fit: pdt.what_if(fit, effect=0.1, vi=1, n_per_arm=1), "Give n_per_arm or vi, one of the two"),
        (lambda fit: pdt.what_if(fit, effect=[], vi=1), "effect names none; expected a number"),
        (
            lambda fit: pdt.what_if(fit, effect=np.nan, vi=1),
            "effect = nan must be a number, or several",
        ),
        (lambda fit: pdt.what_if(fit, effect=0.1, vi=-1), "vi = -1 must be a variance above 0"),
        (
            lambda fit: pdt.what_if(fit, effect=0.1, n_per_arm=1),
            "n_per_arm = 1 must be a number of persons, 2 or more",
        ),
        (lambda fit: pdt.what_if(fit, effect=0.1, n_per_arm=20), "Give vi= in the place of n_per_arm"),
        (lambda _: pdt.what_if(pdt.PooledEffect(), effect=0.1, vi=1), "This result holds no studies"),
        (lambda _: pdt.what_if("x", effect=0.1, vi=1), "takes a pooled effect"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(call, said):
    with pytest.raises(EvidenceError, match=said):
        call(pdt.pool(Y, V, measure="MD"))
