"""`pool_bayes`: the posterior of the mean effect, of tau and of a new study's effect, without sampling.

Also reached as ``pool(yi, vi, prior=HalfNormal(0.5))``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import checked_studies, read_only, require_workable
from pdt_evidence.errors import EvidenceError, RequestError, known_options, require_choice
from pdt_evidence.formatting import TEXT, aligned, counted, percent, plain
from pdt_evidence.models.bayes import (
    INTERVALS,
    Mixture,
    TauPosterior,
    finite_moment,
    integrate,
    interval,
    shrinkage,
)
from pdt_evidence.models.heterogeneity import H2_from_tau2, I2_from_tau2, cochran_Q
from pdt_evidence.models.priors import (
    HalfCauchy,
    HalfNormal,
    LogNormal,
    LogT,
    Prior,
    Uniform,
    rhodes,
    turner,
)
from pdt_evidence.models.regression import typical_variance
from pdt_evidence.options import LEVEL, MEASURE, Choice, check_options
from pdt_evidence.results import Answer, Note, PooledEffect, closing
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.models.threshold import Beyond

__all__ = [
    "BayesianEffect",
    "HalfCauchy",
    "HalfNormal",
    "LogNormal",
    "LogT",
    "Posterior",
    "Uniform",
    "pool_bayes",
    "rhodes",
    "turner",
]

NAN = float("nan")
OF = ("mu", "theta_new", "tau")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Posterior(Brief):
    """Summary of one posterior; `mean` and `sd` are infinite where the integral is."""

    mean: float = NAN
    median: float = NAN
    mode: float = NAN
    sd: float = NAN
    ci: tuple[float, float] = (NAN, NAN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BayesianEffect(PooledEffect):
    """A `PooledEffect` from a posterior: `estimate` is the median of mu, `ci` its credible interval.

    `se` is the posterior standard deviation, `pi` the interval of a new study's true effect, `tau2` and
    `tau2_ci` squares of the median and interval of tau, `weights` posterior means. There is no p-value.
    """

    prior: Prior = field(default_factory=lambda: HalfNormal(0.5))
    mu_prior: tuple[float, float] | None = None  # mean, sd; None is flat
    interval: str = "central"
    mu: Posterior = field(default_factory=Posterior)
    tau: Posterior = field(default_factory=Posterior)
    theta_new: Posterior = field(default_factory=Posterior)  # the true effect of a new study
    shrinkage_mean: Array = field(default_factory=lambda: np.empty(0))  # of each study's true effect
    shrinkage_sd: Array = field(default_factory=lambda: np.empty(0))
    posterior: TauPosterior | None = field(default=None, repr=False)  # nodes; what the methods read

    def density_mu(self, x: ArrayLike) -> Array:
        """Posterior density of the mean effect at each x.

        Raises
        ------
        RequestError
            For a record made by hand, which holds no posterior.
        """
        return self._of("mu").density(np.asarray(x, dtype=float))

    def density_tau(self, x: ArrayLike) -> Array:
        """Posterior density of tau at each x; 0 below 0.

        Raises
        ------
        RequestError
            For a record made by hand, which holds no posterior.
        """
        return self._of("tau").density(np.asarray(x, dtype=float))

    def density_theta_new(self, x: ArrayLike) -> Array:
        """Posterior predictive density of a new study's true effect at each x.

        Raises
        ------
        RequestError
            For a record made by hand, which holds no posterior.
        """
        return self._of("theta_new").density(np.asarray(x, dtype=float))

    def probability(self, above: float | None = None, below: float | None = None, *, of: str = "mu") -> float:
        """Posterior probability that `of` lies above one value, below another, or between them.

        Parameters
        ----------
        above, below : float, optional
            At least one; P(|mu| < 0.25) is ``probability(above=-0.25, below=0.25)``.
        of : {"mu", "theta_new", "tau"}

        Raises
        ------
        RequestError
            Without `above` and `below`, for another word for `of`, or a record made by hand.
        """
        require_choice("of", of, OF)
        if above is None and below is None:
            raise RequestError("probability() needs `above` or `below`.")
        posterior = self._of(of)
        if below is None:
            return _beyond(posterior, float(above))  # pyright: ignore[reportArgumentType]
        if above is None:
            return posterior.cdf(float(below))
        return max(posterior.cdf(float(below)) - posterior.cdf(float(above)), 0.0)

    def beyond(
        self, q: float, *, level: float | None = None, draws: int = 2000, seed: int | None = 1
    ) -> Beyond:
        """Refused: a posterior has the probability itself.

        Raises
        ------
        RequestError
            Always; it names the call that answers.
        """
        raise RequestError(
            f"A posterior has no share with an interval. probability(above={q!r}, of='theta_new') is the probability "
            "that the true effect of a new study lies above it."
        )

    def quantile(self, p: float, *, of: str = "mu") -> float:
        """The value below which `of` lies with probability p.

        Raises
        ------
        RequestError
            Unless 0 < p < 1; for another word for `of`, or a record made by hand.
        """
        require_choice("of", of, OF)
        if not 0 < p < 1:
            raise RequestError(f"p = {p!r}, but it needs 0 < p < 1.")
        return self._of(of).quantile(p)

    def _of(self, name: str) -> Mixture | TauPosterior:
        if self.posterior is None:
            raise RequestError("This record was made by hand and holds no posterior.")
        return self.posterior if name == "tau" else self.posterior.mixture(float(name == "theta_new"))

    def studies(self) -> pd.DataFrame:
        """As `PooledEffect.studies`, with the shrunken effects: mean, sd and interval."""
        table = PooledEffect.studies(self)
        table["shrinkage_mean"], table["shrinkage_sd"] = self.shrinkage_mean, self.shrinkage_sd
        if self.posterior is not None:
            limits = [
                interval(shrinkage(self.posterior, i).quantile, self.level, self.interval)
                for i in range(self.k)
            ]
            table["shrinkage_low"], table["shrinkage_high"] = zip(*limits, strict=True)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; the nodes of the posterior are not among them."""
        values = {
            name: plain(getattr(self, name))
            for name in self.__dataclass_fields__
            if name not in ("posterior", "mu", "tau", "theta_new", "prior")
        }
        for name in OF:
            summary = getattr(self, name)
            values[name] = {part: plain(getattr(summary, part)) for part in summary.__dataclass_fields__}
        return values | {"prior": repr(self.prior)}

    def summary(self, also: Iterable[Answer] = ()) -> str:
        """Aligned text: the priors, the three posteriors, the probability of an effect above 0; `also` below it.

        Raises
        ------
        RequestError
            For a record made by hand, which holds no posterior; for an answer that has no summary.
        """
        mu_prior = "flat" if self.mu_prior is None else f"N({self.mu_prior[0]:g}, {self.mu_prior[1]:g}^2)"
        head = f"Bayesian random-effects model, k = {self.k}; tau ~ {self.prior!r}, mu ~ {mu_prior}"
        level = f"{percent(self.level)} {self.interval} interval"
        rows: list[tuple[str, ...]] = [("", "mean", "median", "mode", "sd", level)]
        for name, label in (("mu", "mu"), ("tau", "tau"), ("theta_new", "new study")):
            s = getattr(self, name)
            rows.append((label, *map(TEXT.number, (s.mean, s.median, s.mode, s.sd)), TEXT.interval(s.ci)))
        above = f"P(mu > 0) = {TEXT.number(self.probability(above=0))}"
        return "\n".join(
            [head, f"measure: {self.measure}", "", *aligned(rows, 1), "", above, *closing(self.notes, also)]
        )


@known_options
def pool_bayes(
    yi: ArrayLike,
    vi: ArrayLike,
    prior: Prior | None = None,
    *,
    mu_prior: tuple[float, float] | None = None,
    level: float = 0.95,
    interval: str = "central",
    measure: str = "GEN",
    labels: Sequence[object] | None = None,
    row_ids: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
    stratum: Mapping[str, str] | None = None,
) -> BayesianEffect:
    """Posterior of the normal-normal model, by numerical integration.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their sampling variances; k = 1 is allowed with a proper prior.
    prior : Prior
        Of tau, in units of `yi`; None is ``HalfNormal(0.5)``. `HalfCauchy`, `Uniform`, `LogNormal`, `LogT`,
        `rhodes(...)` and `turner(...)` are others; so is any object with their `log_density`, `proper`, `tail`.
    mu_prior : (mean, sd), optional
        Normal prior of the mean effect; None is flat.
    level : float
        Of all intervals.
    interval : {"central", "shortest"}
    measure, labels, row_ids, columns, stratum
        Carried into the result.

    Returns
    -------
    BayesianEffect

    Raises
    ------
    EvidenceError
        With every fault of the input; where prior and data give no proper posterior.

    References
    ----------
    .. [1] Röver (2020), Journal of Statistical Software 93(6). doi:10.18637/jss.v093.i06

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool_bayes([0.1, 0.4, 0.3], [0.04, 0.05, 0.03], pdt.HalfNormal(0.5))
    >>> round(fit.mu.mean, 3), round(fit.tau.median, 3), round(fit.probability(above=0), 3)
    (0.263, 0.161, 0.93)
    """
    check_options(interval=(interval, Choice(INTERVALS)), level=(level, LEVEL), measure=(measure, MEASURE))
    prior = HalfNormal(0.5) if prior is None else prior
    y, v, names = checked_studies(yi, vi, labels)
    y, v = read_only(y), read_only(v)
    require_workable(y, v, "pool_bayes()")
    _check_request(prior, mu_prior, len(y))
    posterior = integrate(y, v, prior, mu_prior)
    tau = _tau_summary(posterior, level, interval)
    mu = _summary(posterior, 0.0, level, interval)
    new = _summary(posterior, 1.0, level, interval)
    shrunk = [shrinkage(posterior, i) for i in range(len(y))]
    k, tau2 = len(y), tau.median**2
    one = np.full((1, k, 1), k**-0.5)
    return BayesianEffect(
        stratum=dict(stratum or {}),
        measure=measure,
        method="Bayes",
        test="posterior",
        level=level,
        k=k,
        prior=prior,
        mu_prior=mu_prior,
        interval=interval,
        mu=mu,
        tau=tau,
        theta_new=new,
        posterior=posterior,
        estimate=mu.median,
        se=mu.sd,
        ci=mu.ci,
        pi=new.ci,
        pi_rule="posterior predictive",
        tau2=tau2,
        tau2_ci=(tau.ci[0] ** 2, tau.ci[1] ** 2),
        tau2_ci_method=f"{interval} posterior",
        I2=float(I2_from_tau2(np.array(tau2), typical_variance(one, v)[0])) if k > 1 else NAN,
        H2=float(H2_from_tau2(np.array(tau2), typical_variance(one, v)[0])) if k > 1 else NAN,
        Q=float(cochran_Q(y, v)),
        Q_df=k - 1,
        shrinkage_mean=np.array([m.mean() for m in shrunk]),
        shrinkage_sd=np.array([m.sd() for m in shrunk]),
        labels=names,
        yi=y,
        vi=v,
        weights=read_only(_weights(posterior, v)),
        row_ids=tuple(row_ids or ()),
        columns={key: tuple(values) for key, values in (columns or {}).items()},
        notes=_remarks(mu, tau, k),
    )


def _check_request(prior: Prior, mu_prior: tuple[float, float] | None, k: int) -> None:
    problems = []
    if not all(hasattr(prior, name) for name in ("log_density", "proper", "tail")):
        problems.append(
            f"prior = {prior!r} is none: give HalfNormal(scale), HalfCauchy(scale), Uniform(upper), "
            "LogNormal(...), LogT(...), rhodes(...) or turner(...)."
        )
    elif not finite_moment(prior, k, mu_prior is None, 0):
        problems.append(
            f"{prior!r} is improper and {counted(k)} {'is' if k == 1 else 'are'} too few for it; "
            "use a proper prior of tau."
        )
    if mu_prior is not None and not (len(mu_prior) == 2 and np.isfinite(mu_prior).all() and mu_prior[1] > 0):
        problems.append(f"mu_prior = {mu_prior!r}, but it needs a finite (mean, sd) with sd above 0.")
    if problems:
        raise EvidenceError.from_problems(problems)


def _beyond(posterior: Mixture | TauPosterior, value: float) -> float:
    return posterior.tail(value) if isinstance(posterior, Mixture) else 1 - posterior.cdf(value)


def _tau_summary(posterior: TauPosterior, level: float, kind: str) -> Posterior:
    return Posterior(
        mean=posterior.moment(1),
        median=posterior.quantile(0.5),
        mode=posterior.mode(),
        sd=posterior.sd(),
        ci=interval(posterior.quantile, level, kind),
    )


def _summary(posterior: TauPosterior, new: float, level: float, kind: str) -> Posterior:
    """Of mu (`new` 0) or of a new study's effect (1)."""
    mixture = posterior.mixture(new)
    # Given tau the variance of mu rises as tau ** 2 where its prior is flat, and that of a new study always.
    bounded = posterior.data.mu_prior is not None and not new
    finite = bounded or np.isfinite(posterior.moment(2))
    return Posterior(
        mean=mixture.mean(),
        median=mixture.quantile(0.5),
        mode=mixture.mode(),
        sd=mixture.sd() if finite else np.inf,
        ci=interval(mixture.quantile, level, kind),
    )


def _weights(posterior: TauPosterior, v: Array) -> Array:
    """Posterior mean of each study's weight, in percent."""
    w = 1 / (v + posterior.tau[:, None] ** 2)
    mean = posterior.weight @ (w / w.sum(axis=1, keepdims=True))
    return 100 * mean / mean.sum()


def _remarks(mu: Posterior, tau: Posterior, k: int) -> tuple[str, ...]:
    notes = []
    if k == 1:
        notes.append(Note("one-study", "One study: what lies between studies is known from the prior alone."))
    parts = [name for name, s in (("mu", mu), ("tau", tau)) if not np.isfinite(s.sd)]
    if parts:
        notes.append(
            Note(
                "no-finite-sd",
                f"The posterior of {' and '.join(parts)} has no finite standard deviation; use medians.",
            )
        )
    return tuple(notes)
