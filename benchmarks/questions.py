"""What is measured, with the targets; each question gives its rows one by one, as they are timed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import pdt_evidence as pdt
from benchmarks import peers
from benchmarks.contest import Contest, Entry, Row
from benchmarks.data import Floats, clustered_rows, many_analyses, one_analysis
from benchmarks.tables import write_tables
from benchmarks.timing import best, import_seconds, peak_megabytes
from benchmarks.waiting import memory, networks, waiting
from pdt_evidence.analysis.multiverse.run import fit_all
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.evidence.readers import read_trials
from pdt_evidence.models.bias.selection import Model, fit_selected, scaled

__all__ = ["QUESTIONS"]

MANY = 10_000
LOOPED = 50  # fits of a loop that are timed; its time grows with their number
STUDIES, SUBSETS = 15, 100  # of GOSH, and how many of its subsets are timed in the peers
METAFOR = "metafor (R)"


@cache
def metafor() -> dict[str, float]:
    """Seconds of metafor's calls; empty where it is not installed."""
    yi, vi = many_analyses(MANY)
    return peers.metafor_seconds(yi[:LOOPED], vi[:LOOPED], STUDIES, SUBSETS) or {}


def single() -> Iterator[Row]:
    """One fit, REML + Hartung-Knapp, k = 33"""
    yi, vi = one_analysis()
    contest = Contest(lambda: pdt.pool(yi, vi).tau2, "always with Q-profile and prediction interval")
    for name, maker in peers.single_fits(yi, vi).items():
        contest.peer(name, maker)
    contest.known(METAFOR, metafor().get("single"))
    yield from contest.rows()


def full() -> Iterator[Row]:
    """One full fit, REML + knha + Q-profile + prediction interval, k = 33"""
    yi, vi = one_analysis()
    contest = Contest(lambda: pdt.pool(yi, vi).tau2)
    for name, maker in peers.full_fits(yi, vi).items():
        contest.peer(name, maker, 1)
    contest.known(METAFOR, metafor().get("full"), 10)
    yield from contest.rows()


def reml() -> Iterator[Row]:
    """10,000 REML fits of k = 33 in one call"""
    yi, vi = many_analyses(MANY)
    contest = Contest(lambda: pdt.pool_many(yi, vi).tau2, "with Knapp-Hartung and prediction intervals")
    contest.peer("PyMARE, its 2-D call", peers.pymare_many(yi, vi, "REML"), 8, note="without intervals")
    note = f"a loop, extrapolated from {LOOPED} fits"
    some = peers.pimeta_loop(yi[:LOOPED], vi[:LOOPED])
    contest.peer("pimeta", some, 100, times=MANY / LOOPED, note=note)
    contest.known(METAFOR, _times(metafor().get("fit_in_loop"), MANY), 700, note)
    yield from _with_floor(contest, yi, vi)


def dl() -> Iterator[Row]:
    """10,000 DL fits of k = 33 in one call"""
    yi, vi = many_analyses(MANY)
    contest = Contest(
        lambda: pdt.pool_many(yi, vi, method="DL", test="z").tau2, "with Wald and prediction intervals"
    )
    contest.entries.append(Entry("the same with Knapp-Hartung", lambda: pdt.pool_many(yi, vi, method="DL")))
    contest.peer("PyMARE, its 2-D call", peers.pymare_many(yi, vi, "DL"), 15, note="without intervals")
    yield from _with_floor(contest, yi, vi)


RHO, SPECIFICATIONS = 0.6, 1000


def clustered() -> Iterator[Row]:
    """CHE with CR2, 82 rows in 34 trials: one fit, and 1,000 specifications in one call"""
    yi, vi, trial = clustered_rows()

    def one() -> pdt.PooledEffect:
        return pdt.pool_multilevel(yi, vi, cluster=trial, rho=RHO).with_robust()

    def read(fit: Any) -> tuple[Any, ...]:
        return fit.sigma2_ci, fit.lrt, fit.lrt_within

    ours = best(one)
    yield Row(name="pdt_evidence", seconds=ours)
    yield Row(
        name="the same, and intervals and tests of both variances read", seconds=best(lambda: read(one()))
    )
    rhos = np.linspace(0.0, 0.9, SPECIFICATIONS)
    ones = best(lambda: pdt.pool_multilevel_many(yi, vi, trial, rho=RHO))
    many = best(lambda: pdt.pool_multilevel_many(yi, vi, trial, rho=rhos))
    theirs = peers.clustered_in_r(yi, vi, trial, RHO)
    if theirs is None:
        yield Row(name="metafor and clubSandwich (R)")
    else:
        seconds, above = theirs["seconds"], one().log_likelihood - theirs["log_likelihood"]
        yield Row(name="metafor and clubSandwich (R)", seconds=seconds, ratio=seconds / ours,
                  target="30 x", met=seconds / ours >= 30,
                  note=f"both without those intervals; ours has a log-likelihood higher by {above:.1g}")  # fmt: skip
        yield Row(name="the same against one call of pool_multilevel_many", seconds=ones, ratio=seconds / ones,
                  target="30 x", met=seconds / ones >= 30, note="both without those intervals")  # fmt: skip
    yield Row(name=f"{SPECIFICATIONS:,} specifications, pool_multilevel_many", seconds=many, target="< 1 s",
              met=many < 1)  # fmt: skip


def subsets() -> Iterator[Row]:
    """GOSH, 2^15 - 1 subsets by REML"""
    yi, vi = one_analysis(STUDIES)
    number = 2**STUDIES - 1

    def call() -> None:
        gosh(yi, vi, method="REML")

    contest = Contest(call, "one thread")
    note = f"extrapolated from {SUBSETS} subsets"
    some = peers.pimeta_gosh(yi, vi, SUBSETS)
    contest.peer("pimeta", some, 80, times=number / SUBSETS, note=note)
    contest.known(METAFOR, _times(metafor().get("subset"), number), 1000, note)
    yield from contest.rows()


MILLION = """
from concurrent.futures import ThreadPoolExecutor
from benchmarks.data import one_analysis
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.evidence.readers import read_trials
with ThreadPoolExecutor(2) as executor:
    gosh(*one_analysis(20), method="DL", executor=executor)
"""


def million() -> Iterator[Row]:
    """GOSH, 2^20 - 1 subsets by DL"""
    yi, vi = one_analysis(20)
    yield Row(name="pdt_evidence, one thread", seconds=best(lambda: gosh(yi, vi, method="DL")))
    with ThreadPoolExecutor(2) as executor:
        two = best(lambda: gosh(yi, vi, method="DL", executor=executor))
    yield Row(name="pdt_evidence, two threads", seconds=two)
    peak = peak_megabytes(MILLION)
    if peak is not None:
        yield Row(name="peak memory of the process, two threads", text=f"{peak:.0f} MB", target="200 MB",
                  met=peak <= 200)  # fmt: skip


def imports() -> Iterator[Row]:
    """Import, in a new interpreter"""
    statements = {
        "numpy alone": "import numpy",
        "pdt_evidence": "import pdt_evidence",
        "pdt_evidence, and pool loaded": "import pdt_evidence; pdt_evidence.pool",
        "statsmodels": "from statsmodels.stats import meta_analysis",
        "PyMARE": "import pymare",
        "PyMetaAnalysis": "import meta_analyze",
        "pimeta": "import pimeta",
        "forestplot": "import forestplot",
    }
    seconds = dict(zip(statements, import_seconds(list(statements.values())), strict=True))
    numpy = seconds["numpy alone"]
    assert numpy is not None
    for name, time in seconds.items():
        if time is None:
            yield Row(name=name)
            continue
        wanted = name == "pdt_evidence"
        yield Row(name=name, seconds=time, ratio=time / numpy, target="<= 1.5 x" if wanted else "",
                  met=time <= 1.5 * numpy if wanted else None, note="ratio to numpy alone")  # fmt: skip


def figure() -> Iterator[Row]:
    """One forest plot as PDF, k = 33"""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    yi, vi = one_analysis()
    fit = pdt.pool(yi, vi, labels=[f"Author {i + 1} {1990 + i}" for i in range(yi.size)])

    def call() -> None:
        drawn: Any = pdt.forest(fit).figure
        drawn.savefig(io.BytesIO(), format="pdf")
        plt.close(drawn)

    contest = Contest(call)
    for name, maker in peers.figures(yi, vi).items():
        contest.peer(name, maker, least=1 / 0.7)
    contest.known(METAFOR, metafor().get("figure"))
    yield from contest.rows()


RESAMPLES = 1_999


def selection() -> Iterator[Row]:
    """Selection models by the p-value, k = 33: 3 parameters, beta, and 1,999 resampled clusters"""
    yi, vi = one_analysis()
    data, model = scaled(yi, vi, 1.0), Model(kind="step", steps=np.array([0.025]))
    maximum = best(lambda: fit_selected(data, model, None), budget=3)
    theirs = metafor()
    yield _target("3 parameters, maximum and its Hessian", maximum, 0.005, theirs.get("selection"))
    whole = best(lambda: pdt.selection_model(yi, vi), budget=3)
    yield Row(
        name="the same, profile intervals too", seconds=whole, ratio=_ratio(theirs.get("selection"), whole)
    )
    beta = Model(kind="beta", steps=np.array([1e-5, 1 - 1e-5]))
    seconds = best(lambda: fit_selected(data, beta, None), budget=3)
    yield _target("beta, maximum and its Hessian", seconds, 0.05, theirs.get("beta"))
    pairs = [str(i // 2) for i in range(yi.size)]
    resampled = best(
        lambda: pdt.selection_model(yi, vi, cluster=pairs, bootstrap=RESAMPLES, seed=1), repeats=2
    )
    yield _target(f"{RESAMPLES:,} resampled clusters, 3 parameters", resampled, 10.0, None)


def _target(name: str, seconds: float, most: float, theirs: float | None) -> Row:
    note = "" if theirs is None else "ratio: metafor (R), without standard errors"
    return Row(
        name=name,
        seconds=seconds,
        ratio=_ratio(theirs, seconds),
        target=f"< {most:g} s",
        met=seconds < most,
        note=note,
    )


def _ratio(theirs: float | None, ours: float) -> float | None:
    return None if theirs is None else theirs / ours


SPECIFICATIONS = 10_000


def multiverse() -> Iterator[Row]:
    """A multiverse of 10,000 univariate specifications, 33 trials"""
    import pandas as pd

    yi, vi = one_analysis()
    table = pd.DataFrame(
        {"study": [f"Trial {i}" for i in range(yi.size)], "yi": yi, "vi": vi, "outcome": "depression"}
    )
    methods, tests = ["DL", "REML", "PM", "HE", "SJ"], ["z", "knha", "adhoc", "t"]
    rng = np.random.default_rng(1)
    masks = {
        f"{i}": rng.random(yi.size) < 0.2 for i in range(SPECIFICATIONS // len(methods) // len(tests) - 1)
    }
    options: dict[str, Any] = {"by": "outcome", "method": methods, "test": tests, "exclude": masks}
    done = pdt.multiverse(table, **options)
    fits = best(lambda: fit_all(done.pools, done.source, 0.95, None, None, None), budget=3)
    yield _target(f"{len(done):,} specifications, after aggregation", fits, 1.0, None)
    whole = best(lambda: pdt.multiverse(table, **options), budget=3)
    yield Row(name="the whole call: rows chosen and aggregated as well", seconds=whole)


READ_ROWS, EXCEL_ROWS = 100_000, 10_000


def readers() -> Iterator[Row]:
    """A table of trials, read and checked; pandas reads the same file and checks nothing"""
    import pandas as pd

    plain = {
        ".csv": pd.read_csv,
        ".tsv": partial(pd.read_csv, sep="\t"),
        ".parquet": pd.read_parquet,
        ".xlsx": pd.read_excel,
    }
    with TemporaryDirectory() as folder:
        for name, path in write_tables(Path(folder), READ_ROWS, EXCEL_ROWS).items():
            ours = best(lambda path=path: read_trials(path))
            theirs = best(lambda path=path: plain[path.suffix](path))
            wanted = path.suffix != ".xlsx"
            yield Row(name=name, seconds=ours, target="< 1 s" if wanted else "", met=ours < 1 if wanted else None,
                      ratio=theirs / ours, note=f"{path.stat().st_size / 1e6:.0f} MB")  # fmt: skip


def _times(seconds: float | None, number: int) -> float | None:
    return None if seconds is None else seconds * number


def _with_floor(contest: Contest, yi: Floats, vi: Floats) -> Iterator[Row]:
    """The contest's rows, then the physical floor: every value read once."""

    def read() -> None:
        yi.sum()
        vi.sum()

    contest.peer("one pass over the same memory", lambda: read, note="the physical floor")
    yield from contest.rows()


QUESTIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "single": single, "full": full, "reml": reml, "dl": dl, "subsets": subsets, "million": million,
    "clustered": clustered, "imports": imports, "figure": figure, "readers": readers, "selection": selection,
    "multiverse": multiverse,
    "waiting": waiting, "networks": networks, "memory": memory,
}  # fmt: skip
