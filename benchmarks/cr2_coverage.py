"""Coverage of cluster-robust (CR2) intervals: `python -m benchmarks.cr2_coverage [repeats]`.

m trials give 1 to 4 effects each (2.5 on average), of sampling variances from 0.02 to 0.12, whose errors correlate by
0.6 within a trial. True effects vary between trials (SD 0.2) and within (SD 0.1) around 0.3. Each data set is fitted
as it is (rho = 0.6), and with rho = 0 and 0.9, which are wrong: robust inference is for that. Beside the mean, the
slope of a moderator that 40 % of the trials have (`metareg` by cluster, rho = 0.6).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import pdt_evidence as pdt

MEAN, BETWEEN, WITHIN, RHO = 0.3, 0.2, 0.1, 0.6
TRIALS = (5, 10, 20)
ASSUMED = (0.0, 0.6, 0.9)
SEED = 17
Array = NDArray[np.float64]


def design(m: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], Array]:
    """Trial and variance of each effect, the same in all repeats."""
    sizes = np.resize([1, 2, 3, 4], m)
    cluster = np.repeat(np.arange(m), sizes)
    return cluster, rng.uniform(0.02, 0.12, m)[cluster]


def effects(repeats: int, cluster: NDArray[np.intp], vi: Array, rng: np.random.Generator) -> Array:
    """Shape (repeats, effects)."""
    m, k = cluster.max() + 1, len(cluster)
    shared, own = rng.normal(size=(repeats, m))[:, cluster], rng.normal(size=(repeats, k))
    errors = np.sqrt(vi) * (np.sqrt(RHO) * shared + np.sqrt(1 - RHO) * own)
    between = rng.normal(0, BETWEEN, (repeats, m))[:, cluster]
    return MEAN + between + rng.normal(0, WITHIN, (repeats, k)) + errors


def _inside(ci: Array, value: float) -> float:
    return float(np.mean((ci[:, 0] <= value) & (value <= ci[:, 1])))


def simulated(repeats: int) -> Iterator[dict[str, Any]]:
    """One row a number of trials and an assumed correlation; the slope in rows of its own."""
    for m in TRIALS:
        rng = np.random.default_rng([SEED, m])
        cluster, vi = design(m, rng)
        yi = effects(repeats, cluster, vi, rng)
        for rho in ASSUMED:
            fits = pdt.pool_multilevel_many(yi, vi, cluster, rho=rho)
            yield {
                "m": m,
                "quantity": "mean",
                "rho": rho,
                "repeats": repeats,
                "CR2": _inside(fits.robust.ci, MEAN),
                "model": _inside(fits.ci, MEAN),
                "df": float(np.median(fits.robust.df)),
            }
        yield _slopes(yi, vi, cluster)


def _slopes(yi: Array, vi: Array, cluster: NDArray[np.intp]) -> dict[str, Any]:
    x = (np.arange(cluster.max() + 1) % 5 < 2).astype(float)[cluster]
    found, df = [], []
    for row in yi:
        table = pd.DataFrame({"yi": row, "vi": vi, "x": x, "trial_id": cluster})
        fit = pdt.metareg("yi ~ x", table, cluster="trial_id", rho=RHO).to_frame().iloc[1]
        found.append([fit["ci_low"], fit["ci_high"]])
        df.append(fit["df"])
    return {
        "m": int(cluster.max()) + 1,
        "quantity": "slope",
        "rho": RHO,
        "repeats": len(found),
        "CR2": _inside(np.array(found), 0.0),
        "model": np.nan,
        "df": float(np.median(df)),
    }


def table_of(rows: list[dict[str, Any]]) -> str:
    """Markdown; the last column is what chance alone moves a coverage of 95 % by, twice its standard error."""
    lines = ["| trials | of | rho assumed | CR2, t(df) | model, t(m − 1) | median df | ± |", "|---" * 7 + "|"]
    for row in rows:
        model = "–" if np.isnan(row["model"]) else f"{100 * row['model']:.1f}%"
        chance = 200 * np.sqrt(0.95 * 0.05 / row["repeats"])
        cells = (
            row["m"],
            row["quantity"],
            f"{row['rho']:g}",
            f"{100 * row['CR2']:.1f}%",
            model,
            f"{row['df']:.1f}",
        )
        lines.append("| " + " | ".join(map(str, cells)) + f" | {chance:.1f} |")
    return "\n".join(lines)


def main() -> int:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    warnings.simplefilter("ignore")
    print(table_of(list(simulated(repeats))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
