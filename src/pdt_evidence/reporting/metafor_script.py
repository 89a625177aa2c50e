"""A synthesis as data and a script for R, with which metafor gives the same pool."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdt_evidence.errors import RequestError
from pdt_evidence.results import Synthesis

__all__ = ["effects_table", "pooled_table", "script"]

METHODS = ("EE", "DL", "REML", "PM", "ML", "EB", "HE", "HS", "SJ")
TESTS = ("z", "t", "knha", "adhoc")
VALUES = ("estimate", "se", "ci_low", "ci_high", "tau2", "Q", "I2")

SCRIPT = """\
# Pools the strata of {data} with metafor and compares them with {pooled}, which pdt_evidence wrote.
# {measure}, {method}, test {test}, {percent:g}% intervals; one value a trial ({dependence}).
# Run in the folder of the two files: Rscript {name}
library(metafor)

effects <- read.csv("{data}", colClasses = c(stratum = "character", slab = "character"))
expected <- read.csv("{pooled}", colClasses = c(stratum = "character"))

pool <- function(rows) {{
  if (nrow(rows) == 1) # a single study has its own Wald interval
    fit <- rma(yi, vi, data = rows, method = "EE", test = "z", level = {percent:g}, slab = slab)
  else
    fit <- rma(yi, vi, data = rows, method = "{method}", test = "{test}", level = {percent:g}, slab = slab,
               control = list(threshold = 1e-12, tol = 1e-12, maxiter = 10000)) # iterate to the end
  data.frame(stratum = rows$stratum[1], k = fit$k, estimate = as.numeric(fit$beta), se = fit$se,
             ci_low = fit$ci.lb, ci_high = fit$ci.ub, tau2 = fit$tau2, Q = fit$QE, I2 = fit$I2)
}}

parts <- split(effects, factor(effects$stratum, levels = unique(effects$stratum)))
found <- do.call(rbind, lapply(parts, pool))
rownames(found) <- NULL
print(found, digits = 4)

several <- found$k > 1
for (name in c("estimate", "se", "ci_low", "ci_high"))
  stopifnot(all.equal(found[[name]], expected[[name]], tolerance = 1e-5))
for (name in c("tau2", "Q", "I2")) # tau2 by iteration: compared on the scale of the variances
  stopifnot(max(0, abs(found[[name]] - expected[[name]])[several]) < 1e-3)
cat("metafor", as.character(packageVersion("metafor")), "gives the same", nrow(found), "pooled effects.\\n")
"""


def effects_table(synthesis: Synthesis) -> pd.DataFrame:
    """One row for each value that was pooled: `yi`, `vi`, the study (`slab`), its stratum and evidence rows."""
    parts = []
    for number, (key, effect) in enumerate(synthesis.items(), start=1):
        k = len(effect.yi)
        columns: dict[str, object] = {"stratum": f"{number}"}
        columns |= dict(zip(synthesis.by, key, strict=True))
        columns |= {
            "slab": _unique(list(effect.labels) or [str(i + 1) for i in range(k)]),
            "yi": effect.yi,
            "vi": effect.vi,
            "row_ids": list(effect.row_ids) or [""] * k,
        }
        parts.append(pd.DataFrame(columns, index=range(k)))
    return pd.concat(parts, ignore_index=True)


def pooled_table(synthesis: Synthesis) -> pd.DataFrame:
    """One row for each stratum: what the script must find."""
    rows = []
    for number, (key, effect) in enumerate(synthesis.items(), start=1):
        words = dict(zip(synthesis.by, key, strict=True))
        low, high = effect.ci
        values = (effect.estimate, effect.se, low, high, effect.tau2, effect.Q, effect.I2)
        rows.append(
            {"stratum": f"{number}"} | words | {"k": effect.k} | dict(zip(VALUES, values, strict=True))
        )
    return pd.DataFrame(rows)


def script(synthesis: Synthesis, name: str, data: str, pooled: str) -> str:
    """The R script; it stops if metafor does not find the same.

    Raises
    ------
    RequestError
        If the synthesis used a method or test that `rma` does not have, or a multilevel model.
    """
    if synthesis.dependence not in ("aggregate", "one-per-trial"):
        raise RequestError(
            f"dependence = {synthesis.dependence!r} is a multilevel model, which this script does not write. "
            "Synthesize with dependence='aggregate' or 'one-per-trial'."
        )
    for what, word, known in (("method", synthesis.method, METHODS), ("test", synthesis.test, TESTS)):
        if word not in known:
            raise RequestError(
                f"{what} = {word!r} has no counterpart in metafor. Choose one of: {', '.join(known)}."
            )
    if np.isnan(synthesis.level):
        raise RequestError("the synthesis has no confidence level")
    return SCRIPT.format(
        name=name,
        data=data,
        pooled=pooled,
        measure=synthesis.measure,
        method=synthesis.method,
        test=synthesis.test,
        percent=100 * synthesis.level,
        dependence=synthesis.dependence,
    )


def _unique(labels: list[str]) -> list[str]:
    """metafor wants each study label once."""
    seen: dict[str, int] = {}
    named = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        named.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return named
