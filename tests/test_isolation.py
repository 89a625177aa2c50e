"""The session hides what only this machine has."""

import json
import locale
import os
import subprocess
import sys
import time
from pathlib import Path

import matplotlib as mpl
import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
OWN = {
    "HOME": "/furnished",
    "MPLCONFIGDIR": "/furnished",
    "MATPLOTLIBRC": "/furnished/matplotlibrc",
    "XDG_CONFIG_HOME": "/furnished",
    "LC_ALL": "de_DE.UTF-8",
    "LANG": "de_DE.UTF-8",
    "TZ": "Asia/Tokyo",
    "COLUMNS": "40",
    "https_proxy": "http://proxy.invalid",
    "NO_PROXY": "invalid",
}


def test_nothing_of_the_machine_is_seen():
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]
    assert not {"COLUMNS", "LC_ALL", "MATPLOTLIBRC", "XDG_CONFIG_HOME"} & set(os.environ)
    assert list(Path.home().iterdir()) == []
    assert Path(mpl.matplotlib_fname()).is_relative_to(Path(mpl.__file__).parent)
    assert Path(mpl.get_configdir()) == Path(os.environ["MPLCONFIGDIR"]) != Path.home()
    assert mpl.get_backend().lower() == "agg"


@pytest.mark.skipif(
    "TEST_TZ" in os.environ or "TEST_LANG" in os.environ, reason="another place was asked for"
)
def test_language_and_time_zone_are_nobodys():
    assert time.tzname[0] == "UTC"
    assert locale.localeconv()["decimal_point"] == "."


def test_a_furnished_machine_is_hidden():
    code = f"import json, os, runpy; runpy.run_path({str(CONFTEST)!r}); print(json.dumps(dict(os.environ)))"
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTEST_XDIST_WORKER", "TEST_LANG", "TEST_TZ")
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=bare | OWN, capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    assert not [name for name, value in OWN.items() if seen.get(name) == value]
    assert (seen["LANG"], seen["TZ"]) == ("C.UTF-8", "UTC")
    assert not Path(seen["HOME"]).exists()  # it goes with the session
