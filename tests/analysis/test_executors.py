"""Work shared among threads, processes and a Dask cluster: the numbers are those of one alone."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from numpy.testing import assert_allclose, assert_array_equal

import pdt_evidence as pdt
from pdt_evidence.models.tasks import in_order

RNG = np.random.default_rng(8)
VI = RNG.uniform(0.02, 0.3, (160, 16))
YI = RNG.normal(0.3, np.sqrt(VI + 0.1))
YI[40::7, 3] = np.nan  # an absent study here and there
TABLE = pd.DataFrame({"yi": YI[1], "vi": VI[1], "year": np.arange(16) % 5})


@contextmanager
def dask():
    """Scheduler and worker talk by TCP over the loopback, as those of a cluster do."""
    cluster = LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    )
    with cluster, Client(cluster) as client:
        yield client.get_executor()


KINDS = {
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    "dask": dask,
}


@pytest.fixture(scope="module", params=KINDS)
def executor(request):
    with KINDS[request.param]() as executor:
        yield executor


@pytest.fixture(autouse=True)
def many_pieces(monkeypatch):
    """More tasks than are under way at once, without much to compute."""
    monkeypatch.setattr("pdt_evidence.models.pool.SLICE_VALUES", 64)
    monkeypatch.setattr("pdt_evidence.models.permutation.CHUNK", 12)
    monkeypatch.setattr("pdt_evidence.models.gosh.PIECE", 200)
    monkeypatch.setattr("pdt_evidence.analysis.pooled.multilevel_many.AT_ONCE", 24)


def pooled(**how):
    return pdt.pool_many(YI, VI, **how)


def with_intervals(**how):
    return pdt.pool_many(YI[:40], VI[:40], method="DL", tau2_ci_method="q-profile", **how)


def drawn(**how):
    return pdt.pool_many(YI[:9], VI[:9], pi_rule="bootstrap", bootstrap_draws=100, seed=3, **how)


def clustered(**how):
    return pdt.pool_multilevel_many(YI[:36], VI[:36], list("aabbccddeeffgghh"), rho=0.6, **how)


def subsets(method, k=13):
    return lambda **how: pdt.gosh(YI[1, :k], VI[1, :k], method=method, **how)


def sampled(**how):
    return pdt.gosh(YI[1], VI[1], method="DL", sample=9000, seed=7, **how)


def permuted(formula, studies, n, method="REML"):
    return lambda **how: pdt.metareg(formula, TABLE[:studies], method=method).permutation_test(n, **how)


JOBS = {
    "pool_many, REML": (pooled, ("estimate", "se", "ci", "pi", "tau2", "Q", "k")),
    "pool_many, q-profile": (with_intervals, ("estimate", "tau2", "tau2_ci")),
    "pool_many, bootstrap": (drawn, ("pi",)),
    "pool_multilevel_many, REML": (clustered, ("estimate", "se", "sigma2", "ci", "k", "n_clusters", "p")),
    "gosh, EE": (subsets("EE"), ("k", "estimate", "tau2", "I2", "Q")),
    "gosh, DL": (subsets("DL"), ("k", "estimate", "tau2", "I2", "Q")),
    "gosh, REML": (subsets("REML", 10), ("k", "estimate", "tau2", "I2", "Q")),
    "gosh, sample": (sampled, ("k", "estimate", "tau2", "bitmask")),
    "permutation, drawn": (permuted("yi ~ year", 16, 400), ("coefficients", "QM_p", "n", "exact")),
    "permutation, listed": (permuted("yi ~ year", 6, 400, "DL"), ("coefficients", "QM_p", "n", "exact")),
    "permutation, signs": (permuted("yi ~ 1", 8, 600, "DL"), ("coefficients", "QM_p", "n", "exact")),
}


@cache
def alone(job):
    return JOBS[job][0]()


@pytest.mark.parametrize("job", JOBS)
def test_the_numbers_are_those_of_one_alone(job, executor, capsys):
    run, names = JOBS[job]
    shared = run(executor=executor)
    assert capsys.readouterr().err == ""  # no progress is shown unless it is asked for
    for name in names:
        got, expected = getattr(shared, name), getattr(alone(job), name)
        if "REML" in job:  # in another process the last digits may differ: seen up to 1.3e-14
            assert_allclose(got, expected, rtol=1e-11, atol=1e-13, err_msg=name)
        else:
            assert_array_equal(got, expected, err_msg=name)


@pytest.mark.parametrize(
    ("job", "what", "total"),
    [
        ("pool_many, REML", "meta-analyses", "160"),
        ("gosh, EE", "subsets", "8.19k"),
        ("permutation, listed", "arrangements", "360"),
    ],
)
def test_a_progress_bar_is_shown_on_request(job, what, total, executor, capsys):
    JOBS[job][0](executor=executor, progress=True)
    assert f"{total}/{total}" in (bar := capsys.readouterr().err)
    assert f"{what}: 100%" in bar


def test_draws_without_a_seed_differ_from_call_to_call(executor):
    first, second = (
        pdt.pool_many(YI[1:2], VI[1:2], pi_rule="bootstrap", bootstrap_draws=100, executor=executor)
        for _ in range(2)
    )
    assert not np.array_equal(first.pi, second.pi)


def test_an_error_in_a_worker_is_raised_as_it_is_and_the_executor_stays_open(executor):
    pieces = ["1", "2", "three", *"4" * 50]
    with pytest.raises(ValueError, match=r"for int.*'three'"), in_order(int, pieces, executor) as found:
        list(found)
    with in_order(int, ["1", "2"], executor) as found:
        assert list(found) == [1, 2]


@pytest.mark.parametrize("job", ["pool_many, REML", "gosh, EE", "permutation, drawn"])
def test_an_interrupt_reaches_the_caller_and_leaves_no_task_waiting(job, executor, monkeypatch):
    """The signal comes when the first results are in."""
    tasks, submit, most = [], executor.submit, 33

    def remember(*call):
        tasks.append(submit(*call))
        if len(tasks) == most:
            signal.raise_signal(signal.SIGINT)
        return tasks[-1]

    monkeypatch.setattr(executor, "submit", remember)
    with pytest.raises(KeyboardInterrupt):
        JOBS[job][0](executor=executor)
    assert len(tasks) == most
    assert all(task.done() or task.running() for task in tasks[:-1])  # pending: neither


FORKED = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import numpy as np
import pdt_evidence as pdt
rng = np.random.default_rng(8)
vi = rng.uniform(0.02, 0.3, (600, 12))
yi = rng.normal(0.3, np.sqrt(vi + 0.1))
alone = pdt.pool_many(yi, vi)
with ProcessPoolExecutor(2, mp_context=get_context(sys.argv[1])) as executor:
    shared = pdt.pool_many(yi, vi, executor=executor)
    gosh = pdt.gosh(yi[0], vi[0], method="DL", executor=executor)
assert np.allclose(shared.estimate, alone.estimate, rtol=1e-11)
assert np.array_equal(gosh.estimate, pdt.gosh(yi[0], vi[0], method="DL").estimate)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork")
@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_processes_that_fork_after_the_libraries_were_used_do_not_hang(start):
    """What Linux does unless told otherwise; in a process of its own, as this one has threads of Dask."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED, start], check=True, timeout=300
    )  # a hang is for ever
