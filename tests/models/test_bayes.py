"""The posterior by panels against adaptive quadrature of the definition, and the priors it rests on."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import halfcauchy, halfnorm, lognorm, t

from pdt_evidence.errors import RequestError
from pdt_evidence.models.bayes import finite_moment, integrate, interval, shrinkage
from pdt_evidence.models.priors import (
    TURNER_COMPARISONS,
    TURNER_OUTCOMES,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    LogT,
    Uniform,
    rhodes,
    turner,
)

Y, V = np.array([0.5, 0.1, 0.8, -0.1, 0.4]), np.array([0.04, 0.09, 0.05, 0.02, 0.12])
PRIORS = [
    HalfNormal(0.5),
    HalfCauchy(0.3),
    Uniform(),
    Uniform(0.9),
    LogNormal(-2.56, 1.74),
    LogT(-3.44, 2.59),
]


def definition(prior, mu_prior):
    """log of p(tau) p(y | tau) at one tau, with the mean and the sd of mu given tau."""

    def at(tau):
        w = 1 / (V + tau**2)
        extra = 0.0 if mu_prior is None else mu_prior[1] ** -2
        m0 = 0.0 if mu_prior is None else mu_prior[0]
        total = w.sum() + extra
        mean = (w @ Y + extra * m0) / total
        spread = w @ (Y - mean) ** 2 + extra * (mean - m0) ** 2
        value = np.exp(0.5 * (np.log(w).sum() - np.log(total) - spread) + prior.log_density(tau))
        return value, mean, total**-0.5

    return at


def by_quadrature(prior, mu_prior, function):
    """E(function(tau, mean, sd)) over the posterior of tau, tau = exp(u)."""
    at = definition(prior, mu_prior)

    def integrand(u, weighted):
        tau = np.exp(u)
        value, mean, sd = at(tau)
        return value * tau * (function(tau, mean, sd) if weighted else 1.0)

    upper = np.log(getattr(prior, "upper", np.inf))
    edges = [u for u in (-200, -60, -20, -8, -4, -2, -1, 0, 1, 2, 4, 10, 30, 60) if u < upper]
    edges += [upper] if np.isfinite(upper) else []
    options = {"epsabs": 0, "epsrel": 1e-12, "limit": 400}
    total = [
        sum(quad(integrand, a, b, args=(w,), **options)[0] for a, b in pairwise(edges)) for w in (False, True)
    ]
    return total[1] / total[0]


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("mu_prior", [None, (0.0, 1.0)], ids=["flat", "normal"])
@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_the_posterior_is_that_of_adaptive_quadrature(prior, mu_prior):
    posterior = integrate(Y, V, prior, mu_prior)
    mu, new = posterior.mixture(), posterior.mixture(1.0)
    expected = {
        "E(mu)": (mu.mean(), by_quadrature(prior, mu_prior, lambda tau, m, s: m)),
        "P(mu <= 0.2)": (mu.cdf(0.2), by_quadrature(prior, mu_prior, lambda tau, m, s: ndtr((0.2 - m) / s))),
        "P(new > 1)": (
            new.tail(1.0),
            by_quadrature(prior, mu_prior, lambda tau, m, s: ndtr((m - 1) / np.hypot(s, tau))),
        ),
        "P(tau <= 0.3)": (
            posterior.cdf(0.3),
            by_quadrature(prior, mu_prior, lambda tau, m, s: float(tau <= 0.3)),
        ),
    }
    if np.isfinite(posterior.moment(1)):
        expected["E(tau)"] = posterior.moment(1), by_quadrature(prior, mu_prior, lambda tau, m, s: tau)
    # A log-t prior keeps 1e-12 of its mass beyond any range; an indicator is rough for quadrature.
    tolerances = {"P(tau <= 0.3)": 1e-5}
    for name, (found, known) in expected.items():
        assert found == pytest.approx(known, rel=tolerances.get(name, 1e-9)), name


@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_quantiles_and_probabilities_are_inverse(prior):
    posterior = integrate(Y, V, prior, None)
    for one in (posterior, posterior.mixture(), posterior.mixture(1.0)):
        for p in (1e-4, 0.025, 0.5, 0.975, 0.9999):
            assert one.cdf(one.quantile(p)) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("prior", PRIORS[:4], ids=repr)
def test_densities_integrate_to_their_probabilities(prior):
    posterior = integrate(Y, V, prior, None)
    assert quad(posterior.density, 0.1, 0.6, epsrel=1e-10)[0] == pytest.approx(
        posterior.cdf(0.6) - posterior.cdf(0.1), rel=1e-9
    )
    mu = posterior.mixture()
    assert quad(mu.density, 0, 0.5, epsrel=1e-10)[0] == pytest.approx(mu.cdf(0.5) - mu.cdf(0), rel=1e-9)
    assert posterior.density(np.array([-0.1]))[0] == 0


def test_a_prior_that_leaves_no_room_gives_the_equal_effects_mean():
    posterior = integrate(Y, V, Uniform(1e-6), None)
    w = 1 / V
    assert posterior.mixture().mean() == pytest.approx(w @ Y / w.sum(), rel=1e-9)
    assert posterior.mixture().sd() == pytest.approx(w.sum() ** -0.5, rel=1e-9)


def test_one_study_tells_nothing_of_tau():
    prior = HalfNormal(0.5)
    posterior = integrate(Y[:1], V[:1], prior, None)
    assert posterior.moment(1) == pytest.approx(halfnorm(scale=0.5).mean(), rel=1e-10)
    assert posterior.mixture().sd() == pytest.approx(np.sqrt(V[0] + 0.25), rel=1e-10)


def test_many_precise_studies_have_a_narrow_posterior_that_is_found():
    rng = np.random.default_rng(0)
    y, v = rng.normal(0.3, 0.5, 3000), np.full(3000, 1e-4)
    posterior = integrate(y, v, HalfCauchy(0.5), None)
    assert posterior.mass.sum() == pytest.approx(1)
    assert posterior.quantile(0.5) == pytest.approx(np.sqrt(y.var(ddof=1) - 1e-4), rel=1e-3)


def test_shortest_intervals_are_no_longer_than_central_ones_and_hold_as_much():
    posterior = integrate(Y, V, HalfNormal(0.5), None)
    for one in (posterior, posterior.mixture()):
        central, shortest = (interval(one.quantile, 0.9, kind) for kind in ("central", "shortest"))
        assert shortest[1] - shortest[0] <= central[1] - central[0]
        assert one.cdf(shortest[1]) - one.cdf(shortest[0]) == pytest.approx(0.9, abs=1e-9)


def test_modes_are_where_the_density_is_greatest():
    posterior = integrate(Y, V, HalfNormal(0.5), None)
    for one in (posterior, posterior.mixture(), posterior.mixture(1.0)):
        mode = one.mode()
        assert one.density(np.array([mode]))[0] >= one.density(mode + np.array([-1e-3, 1e-3])).max()
    assert integrate(Y * 0.1, V, HalfNormal(0.5), None).mode() == 0.0


def test_shrunken_effects_lie_between_the_study_and_the_mean():
    posterior = integrate(Y, V, HalfNormal(0.5), None)
    mean = posterior.mixture().mean()
    for i, own in enumerate(Y):
        shrunk = shrinkage(posterior, i)
        assert min(own, mean) < shrunk.mean() < max(own, mean)

        def given(tau, m, s, i=i, own=own):
            share = V[i] / (V[i] + tau**2)
            return own + share * (m - own), V[i] * (1 - share) + (share * s) ** 2

        first = by_quadrature(HalfNormal(0.5), None, lambda tau, m, s, f=given: f(tau, m, s)[0])
        second = by_quadrature(
            HalfNormal(0.5), None, lambda tau, m, s, f=given: sum(np.power(f(tau, m, s), (2, 1)))
        )
        assert (shrunk.mean(), shrunk.sd()) == pytest.approx((first, np.sqrt(second - first**2)), rel=1e-8)


def test_moments_are_infinite_where_the_tail_is_too_heavy():
    """Uniform: the posterior falls as tau ** -(k - 1)."""
    assert [finite_moment(Uniform(), k, True, 0) for k in (2, 3)] == [False, True]
    assert [finite_moment(Uniform(), k, True, 1) for k in (3, 4)] == [False, True]
    assert [finite_moment(HalfCauchy(1), k, True, 2) for k in (2, 3)] == [False, True]
    assert integrate(Y[:3], V[:3], Uniform(), None).moment(1) == np.inf
    assert finite_moment(HalfNormal(1), 1, True, 2)


@pytest.mark.parametrize(
    ("prior", "known"),
    [
        (HalfNormal(0.5), halfnorm(scale=0.5).logpdf),
        (HalfCauchy(0.3), halfcauchy(scale=0.3).logpdf),
        (LogNormal(-2, 1.5), lognorm(s=0.75, scale=np.exp(-1)).logpdf),
        (LogT(-3, 2.5), lambda x: t(5).logpdf((np.log(x) + 1.5) / 1.25) - np.log(1.25 * x)),
        (Uniform(2.0), lambda x: np.full_like(x, -np.log(2))),
    ],
    ids=["half-normal", "half-Cauchy", "log-normal", "log-t", "uniform"],
)
def test_priors_have_the_density_of_their_name(prior, known):
    tau = np.array([0.01, 0.2, 1.0, 1.9])
    assert prior.log_density(tau) == pytest.approx(known(tau), rel=1e-12)
    assert prior.proper


@pytest.mark.parametrize("make", [HalfNormal, HalfCauchy, Uniform, lambda scale: LogNormal(0, scale)])
def test_priors_without_width_are_refused(make):
    with pytest.raises(RequestError, match="has to be"):
        make(-1.0)


def test_informative_priors_are_looked_up_by_outcome_and_comparison():
    """Table 3 of Rhodes et al. 2015 and Table IV of Turner et al. 2015."""
    assert rhodes() == LogT(-3.44, 2.59, 5)
    assert rhodes("mental health", "pharmacological vs placebo or control") == LogT(-2.99, 2.16, 5)
    assert rhodes("subjective") == LogT(-2.62, 2.41, 5)
    assert turner() == LogNormal(-2.56, 1.74)
    assert turner("mental health", "non-pharmacological vs placebo or control") == LogNormal(-2.34, 1.72)
    assert turner("all-cause mortality", "pharmacological vs pharmacological") == LogNormal(-4.18, 1.41)
    with pytest.raises(RequestError, match="outcome = 'mood' is not known"):
        rhodes("mood")
    with pytest.raises(RequestError, match="comparison = 'therapy' is not known"):
        turner("pain", "therapy")


# Turner et al. 2015, Table IV, as bayesmeta has it in R/bayesmeta.R (Röver, TurnerEtAlParameters, GPL; CRAN):
# one column a comparison, in the order of TURNER_COMPARISONS, down the outcomes as the table has them.
TURNER_LOCATIONS = """
3.95 3.52 3.71 2.34 2.14 2.99 2.71 2.29 1.87 2.49 2.06 1.83 2.54 2.12 1.77 2.70
4.18 3.75 3.95 2.58 2.37 3.23 2.94 2.53 2.10 2.73 2.29 2.06 2.78 2.35 2.00 2.93
4.17 3.74 3.93 2.56 2.36 3.21 2.93 2.51 2.10 2.71 2.28 2.05 2.77 2.34 1.99 2.92
2.92 2.49 2.68 1.31 1.11 1.96 1.67 1.26 0.84 1.46 1.03 0.80 1.51 1.09 0.74 1.67
3.50 3.08 3.27 1.90 1.69 2.55 2.26 1.85 1.43 2.05 1.61 1.38 2.10 1.67 1.33 2.26
"""
TURNER_SCALES = """
1.34 1.74 1.74 1.74 1.74 1.74 1.74 1.53 1.52 1.52 1.51 1.52 1.54 1.53 1.52 1.52
1.41 1.79 1.79 1.79 1.79 1.79 1.79 1.58 1.58 1.58 1.58 1.58 1.60 1.60 1.58 1.58
1.55 1.91 1.91 1.91 1.91 1.91 1.92 1.72 1.71 1.71 1.71 1.71 1.73 1.72 1.71 1.71
1.02 1.50 1.51 1.50 1.50 1.51 1.51 1.25 1.24 1.24 1.24 1.25 1.27 1.27 1.24 1.25
1.26 1.68 1.68 1.68 1.68 1.68 1.68 1.46 1.45 1.45 1.45 1.45 1.47 1.47 1.45 1.45
"""


def test_the_whole_table_of_turner_is_that_of_another_transcription():
    locations, scales = (
        [list(map(float, line.split())) for line in text.strip().splitlines()]
        for text in (TURNER_LOCATIONS, TURNER_SCALES)
    )
    outcomes = TURNER_OUTCOMES[1:]
    assert (len(outcomes), len(TURNER_COMPARISONS)) == (16, 5)
    for column, comparison in enumerate(TURNER_COMPARISONS):
        for row, outcome in enumerate(outcomes):
            expected = LogNormal(-locations[column][row], scales[column][row])
            assert turner(outcome, comparison) == expected, (outcome, comparison)
