"""A synthesis as data and a script for R, with which metafor gives the same pool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import RequestError
from pdt_evidence.models.estimators import ESTIMATORS
from pdt_evidence.models.inference import TESTS_BY_CODE
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["metafor_files"]

VALUES = ("estimate", "se", "ci_low", "ci_high", "tau2", "Q", "I2")

OPENING = """\
# Pools the strata of {data} with metafor and compares them with {pooled}, which pdt_evidence wrote.
# {measure}, {method}, test {test}, {percent:g}% intervals; {dependence}.
# Run in the folder of these files: Rscript {name}
library(metafor)

effects <- read.csv("{data}", colClasses = c(stratum = "character", slab = "character"))
expected <- read.csv("{pooled}", colClasses = c(stratum = "character"))
"""

UNIVARIATE = """
pool <- function(rows) {{
  if (nrow(rows) == 1) # a single study has its own Wald interval
    fit <- rma(yi, vi, data = rows, method = "EE", test = "z", level = {percent:g}, slab = slab)
  else
{fits}
  data.frame(stratum = rows$stratum[1], k = fit$k, estimate = as.numeric(fit$beta), se = fit$se,
             ci_low = fit$ci.lb, ci_high = fit$ci.ub, tau2 = fit$tau2, Q = fit$QE, I2 = fit$I2)
}}
"""

FIT = """\
    fit <- rma(yi, vi, data = rows, {method}, test = "{test}", level = {percent:g}, slab = slab,
               control = list(threshold = 1e-12, tol = 1e-12, maxiter = 10000)) # iterate to the end"""

WIDER_FIT = """\
  {{
    fits <- lapply(c({tests}), function(test)
      rma(yi, vi, data = rows, {method}, test = test, level = {percent:g}, slab = slab,
          control = list(threshold = 1e-12, tol = 1e-12, maxiter = 10000))) # iterate to the end
    fit <- fits[[which.max(sapply(fits, function(fit) fit$ci.ub - fit$ci.lb))]] # the wider interval
  }}"""

MULTILEVEL = """{robust}
covariances <- read.csv("{covariances}", colClasses = c(stratum = "character"))

fit_model <- function(rows, V, random) {{
  if (nrow(rows) == 1) return(rma(yi, vi, data = rows, method = "EE")) # a single effect has its own Wald interval
  # Where an optimiser gives up at a tight tolerance, a looser one follows.
  for (control in list(list(rel.tol = 1e-14), list(rel.tol = 1e-12), list(rel.tol = 1e-10), list())) {{
    fit <- try(rma.mv(yi, V, random = random, data = rows, control = control), silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }}
  stop(fit)
}}

pool <- function(rows) {{
  k <- nrow(rows)
  trials <- length(unique(rows$trial))
  V <- diag(rows$vi, nrow = k) # sampling covariances: those within trials are in {covariances}
  own <- covariances[covariances$stratum == rows$stratum[1], ]
  V[cbind(own$i, own$j)] <- own$v
  V[cbind(own$j, own$i)] <- own$v
  rows$row <- seq_len(k)
  random <- if (k == 1) NULL else if (trials == 1) ~ 1 | row else if (trials == k) ~ 1 | trial else ~ 1 | trial/row
  fit <- fit_model(rows, V, random)
  se <- fit$se
  df <- if (trials > 1 && "{test}" != "z") trials - 1 else Inf
  if ("{test}" == "CR2" && trials > 1) {{ # robust to a wrong correlation within trials
    found <- conf_int(fit, vcov = "CR2", cluster = rows$trial)
    se <- found$SE
    df <- found$df
  }}
  half <- qt(1 - (1 - {percent:g} / 100) / 2, df) * se
  data.frame(stratum = rows$stratum[1], k = fit$k, estimate = as.numeric(fit$beta), se = se,
             ci_low = as.numeric(fit$beta) - half, ci_high = as.numeric(fit$beta) + half,
             tau2 = sum(fit$sigma2), Q = fit$QE, I2 = NA)
}}
"""

CLOSING = """
parts <- split(effects, factor(effects$stratum, levels = unique(effects$stratum)))
found <- do.call(rbind, lapply(parts, pool))
rownames(found) <- NULL
print(found, digits = 4)

stopifnot(!anyNA(found$estimate), identical(found$k, expected$k))
several <- found$k > 1
apart <- function(name) max(0, abs(found[[name]] - expected[[name]])[several | !name %in% c("tau2", "Q")], na.rm = TRUE)
for (name in c("estimate", "se", "ci_low", "ci_high", "Q")) stopifnot(apart(name) < {tolerance:g})
stopifnot(apart("tau2") < {loose:g}) # found by iteration, and flat about its best value
most <- max(sapply(c("estimate", "se", "ci_low", "ci_high"), apart))
cat("metafor", as.character(packageVersion("metafor")), "gives the same", nrow(found),
    "pooled effects; apart by at most", format(most, digits = 2), "\\n")
"""


def metafor_files(synthesis: Synthesis, stem: str) -> dict[str, str | pd.DataFrame]:
    """File name -> the R script, and the tables that it reads.

    Raises
    ------
    RequestError
        If the synthesis used a method or test that metafor does not have, or pooled counts of events.
    """
    several = any(isinstance(effect, MultilevelEffect) for _, effect in synthesis.items())
    by_counts = [
        ", ".join(key) for key, effect in synthesis.items() if effect.method.startswith(("MH", "PETO"))
    ]
    if by_counts:
        raise RequestError(
            f"{'; '.join(by_counts)}: pooled by Mantel-Haenszel or Peto, for which the script has no counterpart. "
            "Export the other strata, or pool without style = 'revman'."
        )
    if not several:
        _require_counterparts(synthesis.method, synthesis.test)
    if np.isnan(synthesis.level):
        raise RequestError("the synthesis has no confidence level")
    names = {part: f"{stem}_{part}.csv" for part in ("effects", "pooled", "covariances")}
    words = {
        "name": f"{stem}.R",
        "data": names["effects"],
        **names,
        "measure": synthesis.measure,
        "method": synthesis.method,
        "test": synthesis.test,
        "percent": 100 * synthesis.level,
        "dependence": _in_words(synthesis),
        "robust": "library(clubSandwich)\n" if synthesis.test == "CR2" else "",
        # `rma` iterates to the last digit; the optimiser of `rma.mv` stops a little sooner.
        "tolerance": 1e-5 if several else 1e-6,
        "loose": 1e-3 if several else 1e-6,
    }
    words["fits"] = "" if several else _fits(synthesis)
    body = OPENING + (MULTILEVEL if several else UNIVARIATE) + CLOSING
    files: dict[str, str | pd.DataFrame] = {
        words["name"]: body.format(**words),
        names["effects"]: _effects(synthesis),
        names["pooled"]: _pooled(synthesis),
    }
    return files | ({names["covariances"]: _covariances(synthesis)} if several else {})


def _in_words(synthesis: Synthesis) -> str:
    return {
        "three-level": "three-level model, every row of a trial",
        "che": f"correlated and hierarchical effects, rho {synthesis.rho:g}, cluster-robust (CR2)",
    }.get(synthesis.dependence, f"one value a trial ({synthesis.dependence})")


def _require_counterparts(method: str, test: str) -> None:
    """Refuse what metafor does not have, with what it has and why."""
    for what, code, records in (("method", method, ESTIMATORS), ("test", test, TESTS_BY_CODE)):
        having = [known for known, record in records.items() if record.metafor]
        if code not in having:
            why = f" ({records[code].not_in_metafor})" if code in records else ""
            raise RequestError(
                f"{what} = {code!r} has no counterpart in metafor{why}. Choose one of: {', '.join(having)}."
            )


def _fits(synthesis: Synthesis) -> str:
    """The lines of R that fit the rows of one stratum."""
    method, tests = ESTIMATORS[synthesis.method].metafor, TESTS_BY_CODE[synthesis.test].metafor
    words = {"method": method, "percent": 100 * synthesis.level}
    if len(tests) == 1:
        return FIT.format(test=tests[0], **words)
    return WIDER_FIT.format(tests=", ".join(f'"{test}"' for test in tests), **words)


def _strata(synthesis: Synthesis) -> Iterator[tuple[str, dict[str, str], PooledEffect]]:
    """Number, words and effect of each stratum."""
    for number, (key, effect) in enumerate(synthesis.items(), start=1):
        yield str(number), dict(zip(synthesis.by, key, strict=True)), effect


def _effects(synthesis: Synthesis) -> pd.DataFrame:
    """One row for each value that was pooled: `yi`, `vi`, the study (`slab`), its trial, stratum and evidence rows."""
    parts = []
    for number, words, effect in _strata(synthesis):
        k = len(effect.yi)
        trial = {"trial": list(effect.cluster)} if isinstance(effect, MultilevelEffect) else {}
        columns: dict[str, Any] = {"stratum": number, **words} | {
            "slab": _unique(list(effect.labels) or [str(i + 1) for i in range(k)]),
            **trial,
            "yi": effect.yi,
            "vi": effect.vi,
            "row_ids": list(effect.row_ids) or [""] * k,
        }
        parts.append(pd.DataFrame(columns, index=range(k)))
    return pd.concat(parts, ignore_index=True)


def _pooled(synthesis: Synthesis) -> pd.DataFrame:
    """One row for each stratum: what the script must find."""
    rows = []
    for number, words, effect in _strata(synthesis):
        values = (effect.estimate, effect.se, *effect.ci, effect.tau2, effect.Q, effect.I2)
        rows.append({"stratum": number, **words, "k": effect.k} | dict(zip(VALUES, values, strict=True)))
    return pd.DataFrame(rows)


def _covariances(synthesis: Synthesis) -> pd.DataFrame:
    """Sampling covariances within trials: stratum, places `i` > `j` of two values in it (from 1), covariance `v`."""
    found = []
    for number, _, effect in _strata(synthesis):
        if synthesis.dependence != "che":
            continue
        table = pd.DataFrame(dict(effect.columns)).assign(yi=effect.yi, vi=effect.vi, measure=effect.measure)
        V = covariance_blocks(table, synthesis.rho).dense()
        i, j = np.nonzero(np.tril(V, k=-1))
        found.append(pd.DataFrame({"stratum": number, "i": i + 1, "j": j + 1, "v": V[i, j]}))
    columns = {"stratum": [], "i": [], "j": [], "v": []}
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns)


def _unique(labels: list[str]) -> list[str]:
    """metafor wants each study label once."""
    seen: dict[str, int] = {}
    named = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        named.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return named
