"""A warning names the line of whoever called the library, not a line inside it."""

import re
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceWarning
from pdt_evidence.evidence.readers import read_any

SRC = Path(pdt.__file__).parent
ROWS = "study,outcome,follow_up,yi,vi,x\nA,depression,post,0.1,0.1,1\nB,depression,post,0.2,0.1,2\n"
MORE = "C,depression,post,0.5,0.2,3\nD,depression,post,0.4,0.1,5\nE,depression,post,,,4\n"
METAPSY = (
    "study,condition_arm1,condition_arm2,outcome_domain,mean_arm1,sd_arm1,n_arm1,mean_arm2,sd_arm2,n_arm2\n"
    "A,dyn,wl,zest,10,4,30,12,5,31\n"
)
NUMBERS = pd.DataFrame({"yi": [0.1, 0.2, 0.5, 0.4, 0.3, 0.2, None], "vi": 0.1, "x": [1.0, 2, 3, 5, 4, 6, 7]})


@pytest.fixture
def table(tmp_path):
    (tmp_path / "mine.csv").write_text(ROWS + MORE)
    return pdt.read_trials(tmp_path / "mine.csv")


def as_windows(table, folder):
    (folder / "windows.csv").write_bytes((ROWS + "Künzli,depression,post,0.1,0.1,1\n").encode("cp1252"))
    return pdt.read_trials(folder / "windows.csv")


def metapsy(table, folder):
    (folder / "data.csv").write_text(METAPSY)
    return pdt.read_metapsy(folder / "data.csv")


def of_any_kind(table, folder):
    (folder / "data.csv").write_text(METAPSY)
    return read_any(folder / "data.csv")


def foreign_letters(table, folder):
    return pdt.forest(pdt.pool([0.1, 0.2], [0.1, 0.1], labels=["심리 1", "심리 2"]))


CALLS = {
    "synthesize": lambda table, folder: pdt.synthesize(table),
    "metareg": lambda table, folder: pdt.metareg("yi ~ x", NUMBERS),
    "check_claims": lambda table, folder: pdt.check_claims(pdt.trials().head(3), review="abbass2014"),
    "read_trials": as_windows,
    "read_metapsy": metapsy,
    "read_any": of_any_kind,
    "forest": foreign_letters,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_warning_names_the_line_of_its_user(name, table, tmp_path):
    with warnings.catch_warnings(record=True) as text:
        warnings.simplefilter("always", EvidenceWarning)
        CALLS[name](table, tmp_path)
    plt.close("all")
    found = [one for one in text if issubclass(one.category, EvidenceWarning)]
    assert found
    assert {one.filename for one in found} == {__file__}


def test_every_warning_of_the_library_goes_through_the_one_function_that_finds_the_line():
    by_hand = [
        path.name for path in SRC.rglob("*.py") if re.search(r"\bwarnings\.warn\(", path.read_text("utf-8"))
    ]
    assert by_hand == ["errors.py"]
