"""Entry point to GOSH, its executors and its memory."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import pdt_evidence as pdt
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.errors import EvidenceError, RequestError

STATUS = Path("/proc/self/status")
RNG = np.random.default_rng(8)
VI = RNG.uniform(0.02, 0.3, 24)
YI = RNG.normal(0.3, np.sqrt(VI + 0.1))
NAMES = ("k", "estimate", "tau2", "I2", "Q", "bitmask")


def test_all_subsets_within_the_budget_and_a_sample_beyond():
    assert (len(gosh(YI[:8], VI[:8], method="EE")), gosh(YI[:8], VI[:8], method="EE").complete) == (255, True)
    beyond = gosh(YI[:8], VI[:8], method="EE", budget=254, seed=1)
    assert (len(beyond), beyond.complete) == (254, False)
    chosen = gosh(YI, VI, method="EE", sample=1000, seed=1)
    assert (len(chosen), chosen.complete) == (1000, False)
    fewer = gosh(YI[:8], VI[:8], method="EE", sample=100, seed=1)
    assert (len(fewer), fewer.complete) == (100, False)
    assert gosh(YI[:4], VI[:4], method="EE", sample=100).complete


def test_the_subset_of_all_studies_is_the_full_fit():
    found = gosh(YI[:10], VI[:10], method="REML")
    assert (found.estimate[-1], found.tau2[-1]) == pytest.approx(
        (found.full.estimate, found.full.tau2), rel=1e-9
    )
    assert found.k[-1] == 10


def test_included_tells_which_subsets_hold_a_study():
    found = gosh(YI[:5], VI[:5], method="DL", labels=list("abcde"))
    for i, label in enumerate("abcde"):
        available = found.included(label)
        assert available.sum() == 16
        assert_array_equal(available, found.included(i))
        assert_array_equal(available, found.bitmask[:, 0] >> np.uint64(i) & np.uint64(1) == 1)
    assert_array_equal(sum(found.included(i).astype(int) for i in range(5)), found.k)
    with pytest.raises(RequestError, match=r"'x' names no study\. The labels are: a, b, c, d, e"):
        found.included("x")
    with pytest.raises(RequestError, match="numbered 0 to 4"):
        found.included(5)
    with pytest.raises(RequestError, match="names several studies"):
        gosh(YI[:2], VI[:2], labels=["a", "a"]).included("a")


def test_the_method_is_that_of_the_pooled_effect_unless_asked_for():
    fit = pool(YI[:6], VI[:6], method="DL")
    assert gosh(fit).method == "DL"
    assert not np.allclose(gosh(fit).estimate, gosh(fit, method="EE").estimate)
    with pytest.raises(RequestError, match=r"method = 'PM' is not known\. Choose one of: 'EE', 'DL', 'REML'"):
        gosh(pool(YI[:6], VI[:6], method="PM"))


@pytest.mark.parametrize("method", ["EE", "DL", "REML"])
def test_the_same_seed_gives_the_same_numbers_however_the_work_is_split(method):
    alone = gosh(YI, VI, method=method, sample=20_000, seed=7)
    with ThreadPoolExecutor(2) as executor:
        shared = gosh(YI, VI, method=method, sample=20_000, seed=7, executor=executor)
    for name in NAMES:
        assert_array_equal(getattr(shared, name), getattr(alone, name), err_msg=name)
    assert not np.array_equal(gosh(YI, VI, method=method, sample=100, seed=8).bitmask, alone.bitmask[:100])


def test_a_progress_bar_is_shown_on_request_only(capsys):
    gosh(YI[:10], VI[:10], method="EE")
    assert capsys.readouterr().err == ""
    gosh(YI[:10], VI[:10], method="EE", progress=True)
    assert "subsets: 100%" in capsys.readouterr().err


@pytest.mark.skipif(not STATUS.exists(), reason="the peak is read from /proc")
def test_a_million_subsets_stay_within_200_megabytes():
    """Of the whole process, numpy included, with two threads at work."""
    code = f"""
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from pdt_evidence.analysis.robustness.gosh import gosh
rng = np.random.default_rng(1)
vi = rng.uniform(0.02, 0.3, 20)
with ThreadPoolExecutor(2) as executor:
    found = gosh(rng.normal(0.3, np.sqrt(vi + 0.1)), vi, method="DL", executor=executor)
assert len(found) == 2**20 - 1
print(open("{STATUS}").read())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1])
    assert peak * 1024 < 200e6


def test_frames_and_text():
    found = gosh(YI[:6], VI[:6], method="DL", labels=list("abcdef"))
    assert found.to_frame().shape == (63, 5)
    table = found.by_study()
    available = found.included("b")
    assert table["label"].tolist() == list("abcdef")
    assert table["estimate_with"][1] == pytest.approx(found.estimate[available].mean())
    assert table["estimate_without"][1] == pytest.approx(found.estimate[~available].mean())
    assert found.summary().startswith("Subsets of 6 studies (DL): all 63")


@pytest.mark.parametrize("option", [{"budget": 0}, {"sample": 1.5}, {"seed": -1}, {"sample": True}])
def test_numbers_that_count_nothing_are_refused(option):
    with pytest.raises(RequestError, match="must be a whole number of at least"):
        gosh(YI[:4], VI[:4], **option)


def test_one_study_has_no_subsets():
    with pytest.raises(EvidenceError, match="at least two studies"):
        gosh([0.1], [0.2])


def test_a_record_of_many_subsets_has_a_short_name():
    assert repr(gosh(YI[:8], VI[:8])) == "<Gosh REML: all 255 subsets of 8 studies>"


def test_a_table_is_one_stratum_of_one_value_a_trial():
    table = pd.DataFrame(
        {
            "study": ["A", "A", "B", "C", "D", "D"],
            "outcome": ["depression", "anxiety"] * 3,
            "yi": [0.1, 0.4, 0.3, 0.8, 0.2, 0.5],
            "vi": [0.04, 0.05, 0.06, 0.03, 0.05, 0.04],
        }
    )
    with pytest.raises(RequestError, match="2 strata \\(depression; anxiety\\)"):
        pdt.gosh(table)
    table = table.assign(outcome="depression")
    found = pdt.gosh(table, method="DL")
    fit = pdt.synthesize(table, by="outcome", method="DL")["depression"]
    assert found.labels == ("A", "B", "C", "D")
    assert_allclose(found.estimate, pdt.gosh(fit).estimate)
    assert "4 trials with 6 rows" in found.summary()
    with pytest.raises(RequestError, match="A table brings its vi along"):
        pdt.gosh(table, table["vi"])
