"""Each peer's own way to an answer.

A maker imports its package, prepares what is not to be timed and gives the call to time. The call
returns tau2, so that the answers can be compared, or nothing where there is none to compare.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import Floats

__all__ = ["Call", "Maker", "clustered_in_r", "figures", "full_fits", "metafor_seconds", "pimeta_gosh", "pimeta_loop",
           "pymare_many", "single_fits"]  # fmt: skip

Call = Callable[[], Any]
Maker = Callable[[], Call]
METAFOR = Path(__file__).with_name("metafor.R")
CLUSTERED = Path(__file__).with_name("clustered.R")


def single_fits(yi: Floats, vi: Floats) -> dict[str, Maker]:
    """REML with a Hartung-Knapp interval; statsmodels has no REML and gives Paule-Mandel."""

    def statsmodels() -> Call:
        from statsmodels.stats.meta_analysis import combine_effects

        def call() -> float:
            found = combine_effects(yi, vi, method_re="iterated", use_t=True)
            found.conf_int()
            return found.tau2

        return call

    def pymare() -> Call:
        from pymare import Dataset
        from pymare.estimators import VarianceBasedLikelihoodEstimator

        def call() -> float:
            data = Dataset(yi[:, None], vi[:, None], X=np.ones((yi.size, 1)), add_intercept=False)
            found = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(data).summary()
            found.get_fe_stats()
            return found.tau2.item()

        return call

    def pymetaanalysis() -> Call:
        from meta_analyze import meta_analysis

        return lambda: (
            meta_analysis(effect=yi, variance=vi, tau2_method="REML", ci_method="hartung_knapp").tau2
        )

    def pimeta() -> Call:
        from pimeta import rma

        return lambda: rma(yi, vi, method="REML", test="knha").tau2

    return {
        "statsmodels (PM)": statsmodels,
        "PyMARE": pymare,
        "PyMetaAnalysis": pymetaanalysis,
        "pimeta": pimeta,
    }


def full_fits(yi: Floats, vi: Floats) -> dict[str, Maker]:
    """REML, Hartung-Knapp, Q-profile and prediction interval, of the peers that have all or nearly all of it."""

    def pymare() -> Call:
        from pymare import Dataset
        from pymare.estimators import VarianceBasedLikelihoodEstimator

        def call() -> float:
            data = Dataset(yi[:, None], vi[:, None], X=np.ones((yi.size, 1)), add_intercept=False)
            found = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(data).summary()
            found.get_fe_stats()
            found.get_re_stats(method="QP")
            found.get_heterogeneity_stats()
            return found.tau2.item()

        return call

    def pymetaanalysis() -> Call:
        from meta_analyze import meta_analysis

        def call() -> float:
            found = meta_analysis(effect=yi, variance=vi, tau2_method="REML", ci_method="hartung_knapp")
            found.tau2_confidence_interval()
            return found.tau2

        return call

    def pimeta() -> Call:
        from pimeta import rma
        from pimeta.pooling import confint_tau2, predict_rma

        def call() -> float:
            found = rma(yi, vi, method="REML", test="knha")
            confint_tau2(yi, vi, found.tau2, method="REML", type="QP")
            predict_rma(float(np.ravel(found.b)[0]), float(np.ravel(found.se)[0]), found.tau2, yi.size,
                        predtype="riley", test="knha")  # fmt: skip
            return found.tau2

        return call

    return {"PyMARE (no prediction interval)": pymare, "PyMetaAnalysis": pymetaanalysis, "pimeta": pimeta}


def pymare_many(yi: Floats, vi: Floats, method: str) -> Maker:
    """PyMARE's own call for many meta-analyses, studies by analyses; the fit alone, without intervals."""

    def pymare() -> Call:
        from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

        y, v, X = np.ascontiguousarray(yi.T), np.ascontiguousarray(vi.T), np.ones((yi.shape[1], 1))

        def call() -> Floats:
            model = DerSimonianLaird() if method == "DL" else VarianceBasedLikelihoodEstimator(method="REML")
            return model.fit(y, v, X).params_["tau2"].ravel()

        return call

    return pymare


def pimeta_loop(yi: Floats, vi: Floats) -> Maker:
    """One fit after the other."""

    def pimeta() -> Call:
        from pimeta import rma

        return lambda: np.array(
            [rma(y, v, method="REML", test="knha").tau2 for y, v in zip(yi, vi, strict=True)]
        )

    return pimeta


def pimeta_gosh(yi: Floats, vi: Floats, subsets: int) -> Maker:
    """As many random subsets as asked for."""

    def pimeta() -> Call:
        from pimeta import gosh

        def call() -> None:
            gosh(yi, vi, method="REML", subsets=subsets, seed=1)

        return call

    return pimeta


def figures(yi: Floats, vi: Floats) -> dict[str, Maker]:
    """A forest plot of results at hand, as a PDF in memory."""
    labels = [f"Author {i + 1} {1990 + i}" for i in range(yi.size)]

    def statsmodels() -> Call:
        from statsmodels.stats.meta_analysis import combine_effects

        found = combine_effects(yi, vi, method_re="iterated", use_t=True, row_names=labels)
        return lambda: _as_pdf(found.plot_forest())

    def pymetaanalysis() -> Call:
        from meta_analyze import meta_analysis

        found = meta_analysis(
            effect=yi, variance=vi, study=labels, tau2_method="REML", ci_method="hartung_knapp"
        )
        return lambda: _as_pdf(found.forest().figure)

    def pimeta() -> Call:
        from pimeta import plotting
        from pimeta.pooling import pool_yv

        pooled = pool_yv(list(yi), list(vi), None, "SMD", method="REML")
        return lambda: _as_pdf(
            plotting.forest(yi, vi, studlab=labels, pooled=pooled, effect_type="SMD").figure
        )

    def forestplot() -> Call:
        import forestplot
        import pandas as pd

        half = 1.96 * np.sqrt(vi)
        table = pd.DataFrame({"yi": yi, "low": yi - half, "high": yi + half, "label": labels})

        return lambda: _as_pdf(
            forestplot.forestplot(table, estimate="yi", ll="low", hl="high", varlabel="label").figure
        )

    return {
        "statsmodels": statsmodels,
        "PyMetaAnalysis": pymetaanalysis,
        "pimeta": pimeta,
        "forestplot": forestplot,
    }


def _as_pdf(figure: Any) -> None:
    import matplotlib.pyplot as plt

    figure.savefig(io.BytesIO(), format="pdf")
    plt.close(figure)


def metafor_seconds(yi: Floats, vi: Floats, studies: int, subsets: int) -> dict[str, float] | None:
    """Seconds of metafor's calls by name, see metafor.R; None where R or metafor is missing.

    GOSH takes the first `studies` of the first analysis.
    """
    if not shutil.which("Rscript"):
        return None
    with TemporaryDirectory() as folder:
        for name, array in (("yi", yi), ("vi", vi)):
            np.savetxt(Path(folder, f"{name}.csv"), array, fmt="%.17g", delimiter=",")
        asked = ["Rscript", str(METAFOR), folder, str(studies), str(subsets)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def clustered_in_r(yi: Floats, vi: Floats, cluster: NDArray[np.intp], rho: float) -> dict[str, float] | None:
    """Seconds and results of a CHE fit with CR2, see clustered.R; None where R or one of its packages is missing."""
    if not shutil.which("Rscript"):
        return None
    with TemporaryDirectory() as folder:
        table = Path(folder, "rows.csv")
        rows = np.column_stack([yi, vi, cluster])
        np.savetxt(table, rows, fmt="%.17g", delimiter=",", header="yi,vi,cluster", comments="")
        asked = ["Rscript", str(CLUSTERED), str(table), str(rho)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
