"""Entry points to two more corrections: limit meta-analysis, and p-uniform* from conditional likelihoods."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.analysis.bias.records import NAN, NO_INTERVAL, Adjusted, student
from pdt_evidence.analysis.bias.studies import DIRECTIONS, Evidence, Studies, direction_of, studies_of
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.models.bias.limit import limit_adjusted
from pdt_evidence.models.bias.lines import has_spread
from pdt_evidence.models.bias.selection import Model, fit_selected, scaled
from pdt_evidence.models.bias.step_function import interval_of
from pdt_evidence.models.distributions import two_sided_p
from pdt_evidence.models.pool import Options, fit
from pdt_evidence.options import LEVEL, Choice, check_options

__all__ = ["LimitMeta", "PUniform", "limit_meta", "p_uniform"]

STEP = 0.025
TOGETHER = (
    "This method takes every effect as independent, and here trials have several. Give one value a trial (synthesize "
    "with dependence='aggregate'), or use pet_peese, selection_model or publication_sensitivity, which take clusters."
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LimitMeta(Adjusted):
    """The effect of a study without sampling error that differs from others as those seen do."""

    alpha: float = NAN  # the bias of small studies: 0 where there is none
    beta: float = NAN
    Q_small: float = NAN  # chi-squared with 1 degree of freedom where there is no small-study effect
    G2: float = NAN  # between 0 and 1: heterogeneity that small-study effects leave unexplained


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PUniform(Adjusted):
    """Mean and heterogeneity from effects conditional on being significant, or not, in the favoured direction."""

    tau2_ci: tuple[float, float] = NO_INTERVAL
    significant: int = 0


@known_options
def limit_meta(
    yi: Evidence, vi: ArrayLike | None = None, *, method: str | None = None, level: float | None = None
) -> LimitMeta:
    """Estimate the mean in the limit of vanishing sampling errors, with small-study effects taken out.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    method : str, optional
        Estimator of tau2; that of the fit, else "REML".
    level : float, optional
        Of the interval; that of the fit, else 0.95.

    Returns
    -------
    LimitMeta
        The expectation "beta0" of the limit model, tested by z. NaN with a reason in `why` where k < 3 or all studies
        are equally precise.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, or where trials have several effects.

    References
    ----------
    .. [1] Rucker and others (2011). doi:10.1093/biostatistics/kxq046

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> round(pdt.limit_meta([0.9, 0.6, 0.5, 0.3, 0.2], [0.20, 0.10, 0.05, 0.02, 0.02]).estimate, 2)
    -0.05
    """
    studies, level = _independent(yi, vi, level, "limit_meta")
    if studies.k < 3:
        return LimitMeta(
            method="limit meta-analysis", k=studies.k, why=f"it needs 3 studies, and there are {studies.k}"
        )
    if not has_spread(np.sqrt(studies.vi)):
        return LimitMeta(method="limit meta-analysis", k=studies.k, why="all studies are equally precise")
    options = Options(method=method or studies.method, test="z", level=level, tau2_ci_method=None)
    tau2 = float(fit(studies.yi, studies.vi, options).tau2)
    found = limit_adjusted(studies.yi, studies.vi, tau2)
    plain = student("limit meta-analysis", found.estimate, found.se, NAN, level)
    return LimitMeta(
        method=plain.method,
        estimate=plain.estimate,
        se=plain.se,
        statistic=plain.statistic,
        p=plain.p,
        ci=plain.ci,
        k=studies.k,
        tau2=tau2,
        alpha=found.alpha,
        beta=found.beta,
        Q_small=found.Q_small,
        G2=found.G2,
    )


@known_options
def p_uniform(
    yi: Evidence, vi: ArrayLike | None = None, *, direction: str | None = None, level: float | None = None
) -> PUniform:
    """Estimate mean and heterogeneity by p-uniform*: each effect given that it is significant, or that it is not.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    direction : {"positive", "negative"}, optional
        Which effects selection favours. Without it positive, but trials of two treatments need it.
    level : float, optional
        Of the intervals; that of the fit, else 0.95.

    Returns
    -------
    PUniform
        By maximum likelihood, with profile-likelihood intervals and the likelihood-ratio test of a mean of 0. NaN with
        a reason in `why` where k < 3, where no study is significant in that direction, or where the likelihood has
        no maximum.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, a direction that must be given, or where trials have several effects.

    References
    ----------
    .. [1] van Aert, van Assen, the R package puniform, `puni_star` with method "ML"

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> round(pdt.p_uniform([0.9, 0.6, 0.5, 0.3, 0.2], [0.16, 0.08, 0.05, 0.02, 0.02]).estimate, 2)
    0.15
    """
    check_options(direction=(direction, Choice(DIRECTIONS)))
    studies, level = _independent(yi, vi, level, "p_uniform")
    sign, _ = direction_of(studies, direction)
    where = interval_of(sign * studies.yi, studies.vi, np.array([STEP]))
    blank = PUniform(method="p-uniform*", k=studies.k, significant=int((where == 0).sum()))
    if studies.k < 3:
        return replace(blank, why=f"it needs 3 studies, and there are {studies.k}")
    if not blank.significant:
        return replace(
            blank, why="no study is significant in the direction that selection is taken to favour"
        )
    data = scaled(studies.yi, studies.vi, sign)
    # Each study against its own side of the step alone: its chance to be on that side divides its density.
    own = np.column_stack([where == 0, where == 1]).astype(float)
    found = fit_selected(data, Model(kind="step", steps=np.array([STEP]), weights=own), level)
    if found.edge.any():
        return replace(blank, why="the likelihood rises without end as the mean leaves the effects")
    root = float(np.sqrt(max(2 * (found.log_likelihood - found.without_mean), 0.0)))
    statistic = root if found.theta[0] >= 0 else -root
    with np.errstate(invalid="ignore"):
        se = float(np.sqrt(found.cov[0, 0]))
    return replace(
        blank,
        estimate=float(found.theta[0]),
        se=se,
        statistic=statistic,
        p=float(two_sided_p(statistic, NAN)),
        ci=(float(found.ci[0, 0]), float(found.ci[0, 1])),
        tau2=float(found.theta[1]),
        tau2_ci=(float(found.ci[1, 0]), float(found.ci[1, 1])),
    )


def _independent(
    yi: Evidence, vi: ArrayLike | None, level: float | None, caller: str
) -> tuple[Studies, float]:
    if level is not None:
        check_options(level=(level, LEVEL))
    studies = studies_of(yi, vi, caller=caller)
    if studies.cluster is not None:
        raise RequestError(TOGETHER)
    return studies, studies.level if level is None else level
