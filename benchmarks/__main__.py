"""Print the library's times next to its peers': `python -m benchmarks [name ...]`."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version

from benchmarks.questions import QUESTIONS
from benchmarks.report import heading, line_of

PACKAGES = ("numpy", "scipy", "statsmodels", "PyMARE", "PyMetaAnalysis", "pimeta", "forestplot")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(QUESTIONS)}.", file=sys.stderr)
        return 2
    warnings.showwarning = lambda *_, **__: None  # a filter does not last: statsmodels sets its own
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; {_versions()}")
    print("Each time is the best of several repeats after a warm-up; ratio: the peer's time over ours.")
    missed: list[str] = []
    for name in names or QUESTIONS:
        print(f"\n{heading(f'{name}: {QUESTIONS[name].__doc__}')}", flush=True)
        for row in QUESTIONS[name]():
            print(line_of(row), flush=True)
            if row.met is False:
                missed.append(f"{name}, {row.name}")
    print(f"\nTargets not met: {'; '.join(missed) or 'none'}")
    return 0


def _versions() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
