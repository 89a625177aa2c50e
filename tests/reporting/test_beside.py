"""Two processes share jobs, and nobody can tell from what comes of it."""

import json
import os
import subprocess
import sys
import threading
import time
import warnings
from functools import partial
from multiprocessing import get_context

import pytest

from pdt_evidence.reporting import beside
from pdt_evidence.reporting.beside import Beside

# In a process of its own: that of the tests may have threads, and then nothing is forked.
SHARED = """
import json, os, time
from functools import partial
from beside import Beside

os.sched_getaffinity = lambda _: {0, 1}

def job(number):
    time.sleep(0.02)
    return number, os.getpid()

with Beside([partial(job, number) for number in range(20)]) as work:
    second = work._process
    time.sleep(0.1)
    found = work.results()
print(json.dumps([os.getpid(), second, found]))
"""
ENDED = """
import os, time
from beside import Beside

os.sched_getaffinity = lambda _: {0, 1}
work = Beside([lambda: time.sleep(60)] * 3)
print(work._process, flush=True)
time.sleep(60)
"""
forks = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")


def python(script):
    alone = {
        "PYTHONPATH": os.path.dirname(beside.__file__)
    }  # the module without the package, which takes a second
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=os.environ | alone
    )


@forks
def test_two_processes_share_the_jobs_and_the_results_are_in_order():
    written, _ = python(SHARED).communicate(timeout=60)
    first, second, found = json.loads(written)
    assert [number for number, _ in found] == list(range(20))
    assert {process for _, process in found} == {first, second}


@forks
def test_the_second_process_ends_with_the_first_however_that_ends():
    first = python(ENDED)
    second = int(first.stdout.readline())
    first.kill()
    first.wait()
    until = time.monotonic() + 10
    while os.path.exists(f"/proc/{second}") and time.monotonic() < until:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{second}") or _zombie(second)


def _zombie(process):
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def may_fork(monkeypatch):
    if sys.platform != "linux":
        pytest.skip("forks on Linux alone")
    monkeypatch.setattr(beside, "_may_fork", lambda: True)


def in_the_second_only(parent, what):
    """Do something in the other process alone, and give the process that answered."""
    if os.getpid() != parent:
        what()
    return os.getpid()


def warn():
    warnings.warn("seen", UserWarning, stacklevel=1)


@pytest.mark.parametrize("what", [sys.exit, partial(os._exit, 3), warn, partial(int, "no number")])
def test_what_the_second_process_does_not_bring_is_done_here(may_fork, what):
    parent = os.getpid()
    with Beside([partial(in_the_second_only, parent, what)] * 5) as work:
        time.sleep(0.05)
        assert work.results() == [parent] * 5


def test_a_job_that_fails_fails_here_and_no_process_is_left(may_fork):
    def fail():
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"), Beside([fail] * 4) as work:
        process = work._process
        work.results()
    with pytest.raises(ChildProcessError):
        os.waitpid(process, 0)


def test_a_process_that_is_not_needed_any_more_is_ended(may_fork):
    before = len(os.listdir("/proc/self/fd"))
    with Beside([partial(time.sleep, 60)] * 3) as work:
        process = work._process
    with pytest.raises(ChildProcessError):
        os.waitpid(process, 0)
    assert len(os.listdir("/proc/self/fd")) == before


def test_progress_counts_every_job_once(may_fork):
    done = []
    with Beside([lambda: 1] * 7) as work:
        assert work.results(done.append) == [1] * 7
    assert sum(done) == 7


def test_a_process_with_threads_is_not_forked():
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        with Beside([os.getpid] * 5) as work:
            assert work._process is None
            assert work.results() == [os.getpid()] * 5
    finally:
        end.set()
        thread.join()


def test_few_jobs_are_not_worth_a_process():
    with Beside([os.getpid] * 2) as work:
        assert work._process is None
        assert work.results() == [os.getpid()] * 2


def shared_results(pipe):
    with Beside([partial(pow, number, 2) for number in range(6)]) as work:
        pipe.send(work.results())


@pytest.mark.skipif(os.name != "posix", reason="the worker is a fork")
def test_a_worker_that_may_have_no_children_shares_too(may_fork):
    here, there = get_context("fork").Pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads of BLAS
        worker = get_context("fork").Process(target=shared_results, args=(there,), daemon=True)
        worker.start()
    assert here.poll(30)
    assert here.recv() == [number**2 for number in range(6)]
    worker.join()
