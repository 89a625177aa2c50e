"""Tests see what a user gets: no fonts but those shipped, and nothing of this machine's
home, language, time zone or network settings.

`TEST_LANG` and `TEST_TZ` put the session into another language or time zone (`make test-abroad`);
`TEST_THOROUGH` draws more random cases (`make test-thorough`, tests/thorough.py).
"""

import atexit
import gc
import locale
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule

SETTINGS = ("LC_", "LANGUAGE", "XDG_", "MATPLOTLIB", "MPL", "IPYTHON", "JUPYTER")  # the names begin so
ALLOWED_SKIPS = (  # how the reason of a skip may begin; any other fails the session
    "R with metafor and clubSandwich is not here",
    "another place was asked for",
    "make is not here",
    "nothing is forbidden to the superuser",
    "signals and locks are those of POSIX",
    "the peak is read from /proc",
    "the samples of real files are not here",
    "no browser",  # make browser-checks
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # a core has its worker already
TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")  # how wide and how colourful it is


def hide_the_machine(environ=os.environ) -> None:
    """Give this session a home of its own that cannot be written to, and settings that are nobody's."""
    for name in list(environ):
        if name.startswith(SETTINGS) or name.lower().endswith("_proxy"):
            del environ[name]
    own = Path(tempfile.mkdtemp(prefix="pdt-tests-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    (own / "home").mkdir(mode=0o555)
    environ |= {"HOME": str(own / "home"), "MPLCONFIGDIR": str(own), "MPLBACKEND": "agg"}
    environ |= dict.fromkeys(THREADS, "1")
    environ |= {"LANG": environ.get("TEST_LANG", "C.UTF-8"), "TZ": environ.get("TEST_TZ", "UTC")}


if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit what is set here
    hide_the_machine()
for setting in TERMINAL:  # but for these, which xdist passes on from the terminal
    os.environ.pop(setting, None)
# Ctrl-C ends a command, also where the tests run in the background and it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
locale.setlocale(locale.LC_ALL, "")  # numbers and dates too, as in a program that embeds the library
if hasattr(time, "tzset"):  # Windows has none
    time.tzset()

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "error::pdt_evidence.errors.EvidenceWarning")
    config.addinivalue_line(
        "markers", "warns(*words): the test gives an EvidenceWarning with each of these words"
    )
    import only_shipped_fonts  # loads Matplotlib, which reads the settings above

    only_shipped_fonts.hide_others()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Nothing that is collected is garbage: it is not searched for any, neither now nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 20, 50)  # trees and figures are many objects that live: searched less often


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Examples in docstrings are those of `src`: no file below tests is imported to look for some."""
    return [collector for collector in (yield) if not isinstance(collector, DoctestModule)]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """What a test marked `warns` expects has to come; any other EvidenceWarning is an error, as everywhere."""
    with ExitStack() as expected:
        if marks := list(pyfuncitem.iter_markers("warns")):
            from pdt_evidence.errors import EvidenceWarning

            for word in (word for mark in marks for word in mark.args):
                expected.enter_context(pytest.warns(EvidenceWarning, match=word))
        return (yield)


def _skips(config) -> dict[str, list[str]]:
    """The reason of every skip, with the places that were skipped for it."""
    reasons: dict[str, list[str]] = {}
    for report in config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped", ()):
        if not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reasons.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    return reasons


def _unexpected(config) -> list[str]:
    return [reason for reason in _skips(config) if not reason.startswith(ALLOWED_SKIPS)]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput") and not session.exitstatus and _unexpected(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    skips, unexpected = _skips(config), _unexpected(config)
    terminalreporter.section(f"{sum(map(len, skips.values()))} tests skipped, for {len(skips)} reasons")
    for reason, places in sorted(skips.items()):
        word = "NOT ALLOWED, see tests/conftest.py: " if reason in unexpected else ""
        terminalreporter.line(f"{len(places):3} {word}{reason} ({places[0]})")
