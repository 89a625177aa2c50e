"""Clocks: the best of several repeats after a warm-up, in this process or in fresh ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from time import perf_counter

__all__ = ["best", "import_seconds", "peak_megabytes", "processor_seconds", "waited_seconds"]


def best(call: Callable[[], object], *, repeats: int = 200, budget: float = 1.0) -> float:
    """Least seconds of a call among `repeats`, or as many as fit into `budget` seconds, after one to warm up."""
    call()
    least, spent, done = float("inf"), 0.0, 0
    while done < 1 or (done < repeats and spent < budget):
        start = perf_counter()
        call()
        seconds = perf_counter() - start
        least, spent, done = min(least, seconds), spent + seconds, done + 1
    return least


def import_seconds(statements: list[str], repeats: int = 9) -> list[float | None]:
    """Least seconds of each statement in a new interpreter; None where a package is missing.

    They are taken in turn, so that all meet the same load.
    """
    least: list[float | None] = [float("inf")] * len(statements)
    for _ in range(repeats):
        for i, statement in enumerate(statements):
            code = f"from time import perf_counter as t; s = t()\n{statement}\nprint(t() - s)"
            if (known := least[i]) is not None:
                try:
                    least[i] = min(known, float(_run(code)))
                except subprocess.CalledProcessError as error:
                    if "ModuleNotFoundError" not in error.stderr:
                        raise
                    least[i] = None
    return least


def peak_megabytes(code: str) -> float | None:
    """Most memory a new interpreter holds while it runs the code; None where /proc does not tell."""
    report = "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1])"
    try:
        return float(_run(f"{code}\n{report}")) * 1024 / 1e6
    except subprocess.CalledProcessError:
        return None


PROCESSOR = """
from resource import RUSAGE_CHILDREN, getrusage
from time import process_time
def clock():
    others = getrusage(RUSAGE_CHILDREN)
    return process_time() + others.ru_utime + others.ru_stime
"""
WALL = "from time import perf_counter as clock"


def processor_seconds(before: str, code: str, repeats: int = 3) -> float:
    """Least processor time of the code in a new interpreter, after what comes `before` it; its own processes count.

    `{folder}` in the code is a folder for its files. Another load on the machine hardly shows in it.
    """
    return _least(PROCESSOR, before, code, repeats)


def waited_seconds(before: str, code: str, repeats: int = 3) -> float:
    """Least time that somebody waits for the code in a new interpreter, after what comes `before` it."""
    return _least(WALL, before, code, repeats)


def _least(clock: str, before: str, code: str, repeats: int) -> float:
    least = float("inf")
    for _ in range(repeats):
        with TemporaryDirectory() as folder:
            timed = code.replace("{folder}", folder)
            # Without anything before, the interpreter's own start counts.
            start = "start = clock()" if before or clock == WALL else "start = 0.0"
            least = min(least, float(_run(f"{clock}\n{before}\n{start}\n{timed}\nprint(clock() - start)")))
    return least


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]
