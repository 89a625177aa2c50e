"""What a user waits for in a session of his own: processor time of fresh interpreters, imports included."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import pdt_evidence as pdt
from benchmarks.contest import Row
from benchmarks.timing import best, peak_megabytes, processor_seconds, waited_seconds

__all__ = ["memory", "networks", "waiting"]

# What a figure costs in any case: the libraries it is drawn with, and an empty one.
FLOOR = """
import pandas, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.figure().savefig("{folder}/empty.pdf")
"""
FOREST = """
pooled = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"))
pdt.save(pdt.forest(pooled).figure, "{folder}/depression.pdf")
"""
REPRODUCE = """
from pdt_evidence.reporting.reproduce import reproduce
reproduce("{folder}/results")
"""
AGAINST_CONTROL = 'pdt.trials(comparison="pdt_vs_control", follow_up="post")'
ROWS = """
import pdt_evidence as pdt
rows = pdt.trials()
rows = rows[rows["yi"].notna()]
pdt.aggregate_rows(rows)
"""
DATABASE = """
import warnings, pandas as pd, pdt_evidence as pdt
from tempfile import mkdtemp
warnings.simplefilter("ignore")
rows = range(5000)
database = pd.DataFrame({
    "study": [f"S{at // 4} {1980 + at // 4 % 40}" for at in rows],
    "condition_arm1": "dyn", "condition_arm2": [("wl", "cau", "cbt")[at // 4 % 3] for at in rows],
    "outcome_type": "msd", "instrument": [("BDI", "HAMD", "BSI", "STAI")[at % 4] for at in rows], "time": "post",
    "mean_arm1": [10 + at % 7 for at in rows], "sd_arm1": 6, "n_arm1": [20 + at % 30 for at in rows],
    "mean_arm2": 14, "sd_arm2": 6, "n_arm2": 20,
})
path = mkdtemp() + "/database.csv"
database.to_csv(path, index=False)
"""
CALLS = {  # name -> (call, target in seconds)
    "trials(), pandas loaded": ("pdt.trials()", 0.1),
    "check_claims()": ("pdt.check_claims()", 1.0),
    "published_results()": ("pdt.published_results()", 1.0),
    "moderators()": ("pdt.moderators()", 1.0),
    "follow_up()": ("from pdt_evidence.analysis.over_time.follow_up import follow_up; follow_up()", 1.0),
    "sensitivity(), 22 fits": (f'pdt.sensitivity({AGAINST_CONTROL}, by="comparison")', 1.0),
}
RUNS = {  # name -> (call in a fresh process, target in seconds by the clock on two idle cores)
    "report()": ('import pdt_evidence as pdt\npdt.report("{folder}/report.html")', 3.0),
    "reproduce()": (REPRODUCE, 8.0),
}


def waiting() -> Iterator[Row]:
    """A call in a fresh process, processor time; ratio: to importing pandas and pyplot and saving an empty figure"""
    floor = processor_seconds("", FLOOR)
    yield Row(name="pandas, pyplot, an empty figure", seconds=floor, ratio=1.0)
    forest = processor_seconds("", f"import pdt_evidence as pdt\n{FOREST}")
    yield Row(name="from import to the PDF of a forest", seconds=forest, ratio=forest / floor, target="< 1.4 x",
              met=forest < 1.4 * floor)  # fmt: skip
    for name, (call, most) in CALLS.items():
        before = "import pandas, scipy.special, pdt_evidence as pdt"
        seconds = processor_seconds(before, call)
        yield Row(
            name=name, seconds=seconds, ratio=seconds / floor, target=f"< {most:g} s", met=seconds < most
        )
    waited = waited_seconds("", FLOOR)
    for name, (call, most) in RUNS.items():
        both = processor_seconds("", call)
        yield Row(name=f"{name}, two processes", seconds=both, ratio=both / floor)
        seconds = waited_seconds("", call)
        yield Row(
            name=f"{name}, by the clock", seconds=seconds, ratio=seconds / waited, target=f"< {most:g} s",
            met=seconds < most,
        )  # fmt: skip
    seconds = processor_seconds(ROWS, "for _ in range(20): pdt.aggregate_rows(rows)") / 20
    yield Row(
        name="aggregate_rows(), one call", seconds=seconds, ratio=seconds / floor, target="< 0.01 s",
        met=seconds < 0.01,
    )  # fmt: skip
    seconds = processor_seconds(DATABASE, 'pdt.read_metapsy(path, better="lower")')
    yield Row(name="read_metapsy(), 5,000 rows", seconds=seconds, ratio=seconds / floor)


def networks() -> Iterator[Row]:
    """Networks: 100 treatments in 500 trials, and contributions to all comparisons of 20"""
    large, small = (_network(treatments, 5 * treatments) for treatments in (100, 20))
    calls = {
        "fit": lambda: pdt.network(*large, reference="t000"),
        "league": (whole := pdt.network(*large, reference="t000")).league,
        "ranks": whole.ranks,
        "split": whole.split,
    }
    seconds = {name: best(call, repeats=3) for name, call in calls.items()}
    for name, found in seconds.items():
        yield Row(name=name, seconds=found)
    total = sum(seconds.values())
    yield Row(name="all of these", seconds=total, target="< 2 s", met=total < 2)
    shares = best(pdt.network(*small, reference="t000").contributions, repeats=3)
    yield Row(name="contributions, 20 treatments", seconds=shares, target="< 1 s", met=shares < 1)


def _network(
    treatments: int, trials: int
) -> tuple[list[float], list[float], list[str], list[str], list[str]]:
    """Every treatment against the next one first, so that all are connected; then pairs by lot."""
    draw = np.random.default_rng(1)
    truth = draw.normal(0.3, 0.2, treatments)
    pairs = [(i, (i + 1) % treatments) for i in range(treatments)]
    pairs += [tuple(draw.choice(treatments, 2, replace=False)) for _ in range(trials - treatments)]
    vi = draw.uniform(0.02, 0.2, trials)
    yi = [
        truth[a] - truth[b] + draw.normal(0, np.sqrt(v + 0.02)) for (a, b), v in zip(pairs, vi, strict=True)
    ]
    one, other = ([f"t{pair[side]:03d}" for pair in pairs] for side in (0, 1))
    return yi, vi.tolist(), one, other, [f"s{i}" for i in range(trials)]


SLICES = """
import numpy as np
import pdt_evidence as pdt
draw = np.random.default_rng(1)
estimates = []
for _ in range(64):
    yi, vi = draw.normal(size=(2**14, 33)), draw.uniform(0.02, 0.2, size=(2**14, 33))
    estimates.append(pdt.pool_many(yi, vi, method="DL").estimate)
assert np.isfinite(np.concatenate(estimates)).all()
"""


def memory() -> Iterator[Row]:
    """2^20 DL fits of k = 33 in 64 slices"""
    peak = peak_megabytes(SLICES)
    if peak is not None:
        yield Row(name="peak memory of the process", text=f"{peak:.0f} MB", target="500 MB", met=peak <= 500)
