"""Every public function with every kind of wrong value in every argument: a result or an `EvidenceError`, never less.

`python tests/fuzz/sweep_arguments.py` runs all of it and prints what broke the rule; the test suite runs it without
most of the figures (`test_sweep.py`).
"""

from __future__ import annotations

import atexit
import inspect
import os
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script, outside of pytest
sys.path.insert(0, str(Path(__file__).parents[1] / "evidence" / "readers"))

import made_files
import numpy as np
import pandas as pd

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError

Y, V = [0.1, 0.5, 0.9, 0.3, 0.4, 0.2], [0.04, 0.05, 0.03, 0.06, 0.05, 0.04]
TABLE = pd.DataFrame(
    {
        "study": list("abcdef"),
        "trial_id": list("aabcde"),
        "outcome": "depression",
        "follow_up": "post",
        "yi": Y,
        "vi": V,
        "year": [1, 2, 3, 5, 8, 9],
        "group": list("xxyyxy"),
    }
)
WINDOWS = TABLE.assign(
    comparison="a_vs_b", follow_up=["post", "medium"] * 3, arm_t="a", arm_c="b", trial_id=list("aabbcc")
)
ARMS = TABLE.drop(columns=["yi", "vi"]).assign(
    better="lower", mean_t=1.0, sd_t=1.0, n_t=20, mean_c=2.0, sd_c=1.5, n_c=21
)
CHANGES = ARMS.assign(score="change", sd_pre_t=2.0, sd_pre_c=2.5)
WRONG: dict[str, Any] = {
    "None": None,
    "nan": float("nan"),
    "inf": float("inf"),
    "huge": 10**400,
    "zero": 0,
    "minus": -1,
    "True": True,
    "empty text": "",
    "text": "no such thing",
    "number as text": "0.5",
    "bar": "yi ~ a | b",
    "backtick": "`",
    "bytes": b"x",
    "dict": {"a": 1},
    "empty dict": {},
    "list": ["a", 1],
    "empty list": [],
    "ragged": [[1.0], [2.0, 3.0]],
    "short": [0.1],
    "mixed": ["a", 1, None, float("nan"), 2.0, "b"],
    "set": {1, 2},
    "frame": TABLE,
    "empty frame": pd.DataFrame(),
    "doubled columns": pd.concat([TABLE, TABLE[["yi", "group"]]], axis=1),
    "categorical": pd.Categorical([1, 2, 3, 1, 2, 3]),
    "dates": pd.to_datetime(["2001-01-01"] * 6),
    "NA": pd.NA,
    "object": object(),
    "function": len,
    "complex": 1j,
    "array": np.zeros((2, 2, 2)),
}


def calls(folder: Path) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """A call that is right of each public function that needs no minutes; by its name."""
    fit = pdt.pool(Y, V, labels=list("abcdef"))
    synthesis = pdt.synthesize(TABLE, by=["outcome"])
    pair = {"yi": Y, "vi": V}
    arms = {"arm_t": list("aaabbc"), "arm_c": list("bbcccd"), "study": list("123456")}
    net = pdt.network(**pair, **arms, reference="c")
    runs = pd.DataFrame({"estimate": Y, "ci_low": -1.0, "ci_high": 2.0, "method": list("xyxyxy")})
    file, review = folder / "trials.csv", folder / "CD1.rm5"
    review.write_bytes(made_files.rm5())
    database = folder / "database.csv"
    database.write_bytes(made_files.metapsy({}, {"study": "Berger, 2012"}))
    TABLE.drop(columns="year").to_csv(file, index=False)
    several = pd.concat(
        [ARMS.assign(study=[f"{name}{at}" for name in "abcdef"]) for at in range(2)], ignore_index=True
    )
    months = {"comparison": "pdt_vs_control", "months_since_end": [0.0, 6.0] * 6, "time_label": ""}
    timed_rows = pdt.effect_sizes(several.assign(trial_id=list("abcdef") * 2, **months))
    smd = pdt.pool(Y, V, measure="SMD", labels=list("abcdef"))
    timed = pdt.synthesize(TABLE.assign(follow_up=list("pppsss")).replace({"p": "post", "s": "short"}))
    found: dict[str, dict[str, Any]] = {
        "aggregate_rows": {"table": TABLE},
        "compare": {"old": TABLE.iloc[1:], "new": TABLE, "by": ["outcome"]},
        "compare_subgroups": {"table": TABLE.drop(columns="trial_id"), "by": "group"},
        "cumulative": pair,
        "effect_sizes": {"table": ARMS},
        "equivalence": {"fit": fit, "margin": 0.25},
        "export": {"what": TABLE, "path": folder / "out.csv"},
        "gosh": pair,
        "henmi_copas": pair,
        "influence": pair,
        "leave_one_out": pair,
        "members": {"review_id": "abbass2014"},
        "metareg": {"formula": "yi ~ year", "table": TABLE.drop(columns="trial_id")},
        "network": {**pair, **arms, "reference": "c"},
        "pool": pair,
        "pool_bayes": pair,
        "pool_many": {"yi": [Y, Y], "vi": [V, V]},
        "pool_multivariate": {
            "yi": Y,
            "V": V,
            "outcome": list("ababab"),
            "cluster": list("aabbcc"),
            "struct": "CS",
        },
        "vcalc": {"vi": V, "cluster": list("aabbcc")},
        "pool_multilevel": {**pair, "cluster": list("aabbcc")},
        "read_metapsy": {"path": database},
        "read_revman": {"path": review},
        "read_studies": {"path": file},
        "read_trials": {"path": file},
        "regression_test": pair,
        "model_windows": {"table": WINDOWS},
        "model_strata": {"table": WINDOWS},
        "reviews": {},
        "rhodes": {},
        "pre_post_sensitivity": {"table": CHANGES, "rs": [0.3, 0.7]},
        "sensitivity": {"table": TABLE, "by": ["outcome"], "rhos": [0.2, 0.8]},
        "sources": {},
        "synthesize": {"table": TABLE, "by": ["outcome"]},
        "to_table": {"result": synthesis},
        "trials": {},
        "trim_and_fill": pair,
        "what_if": {"fit": fit, "effect": 0.2, "vi": 0.1},
        "turner": {},
        "alt_text": {"result": fit},
        "pet_peese": {"yi": fit},
        "baujat": {"result": fit},
        "bubble": {"regression": pdt.metareg("yi ~ year", TABLE.drop(columns="trial_id"))},
        "equivalence_plot": {"found": pdt.equivalence(fit, margin=0.25)},
        "bias_summary": {"judgements": {"a": ["low", "high"], "b": ["low", "low"]}},
        "drapery": {"result": fit},
        "forest": {"result": fit},
        "funnel": {"result": fit},
        "network_plot": {"network": net},
        "network_funnel": {"network": net},
        "orchard": {"result": fit},
        "radial": {"result": fit},
        "specification_curve": {"table": runs},
        "summary_forest": {"results": {"one": fit, "two": fit}},
        "tau2_profile": {"result": fit},
        "traffic_lights": {"judgements": TABLE.assign(rob_allocation="low")},
        "update_plot": {"update": pdt.compare(fit, fit)},
        "absolute": {"fit": smd},
        "audit": {"imported": review},
        "bias": pair,
        "claims": {},
        "coverage": {},
        "findings": {"result": smd},
        "follow_up": {"table": timed_rows, "comparisons": ["pdt_vs_control"]},
        "import_file": {"path": file, "out": folder / "imported.csv"},
        "information_size": {"fit": smd, "minimal": 0.24},
        "limit_meta": pair,
        "moderators": {"table": several.assign(year=range(2001, 2013))},
        "multiverse": {"table": TABLE, "by": ["outcome"]},
        "p_uniform": {"yi": [0.8, 0.9, 1.0, 0.7], "vi": [0.04, 0.05, 0.03, 0.06]},
        "pool_multilevel_many": {"yi": [Y, Y], "vi": [V, V], "cluster": list("aabbcc")},
        "power": {"fit": fit, "effect": 0.1},
        "prisma_flow": {"databases": 12, "screened": 10},
        "publication_sensitivity": pair,
        "rank_test": pair,
        "selection_model": {**pair, "steps": [0.5]},
        "statements": {},
        "template": {},
        "forest_pages": {"result": fit},
        "gosh_plot": {"subsets": pdt.gosh(**pair)},
        "pictograph": {"meaning": pdt.absolute(smd, control_rate=0.3)},
        "power_curve": {"power": pdt.power(fit, effect=0.1)},
        "s_value_curve": {"result": pdt.publication_sensitivity(**pair)},
        "save": {"fig": pdt.funnel(fit), "path": folder / "figure.svg"},
        "selection_function": {"result": pdt.selection_model(**pair, steps=[0.025])},
        "trajectory": {"result": timed},
        "check_claims": {},
        "networks": {},
        "pdt_against_cbt": {},
        "published_results": {},
        "report": {"path": folder / "report.html", "table": TABLE.drop(columns="year")},
    }
    return {name: (getattr(pdt, name), options) for name, options in found.items()}


@cache
def right_calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """`calls` in a folder of this process: what they are given takes a while to make, and is made once."""
    folder = tempfile.mkdtemp(prefix="pdt-sweep-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return calls(Path(folder))


FIGURES = (
    "baujat",
    "bias_summary",
    "bubble",
    "drapery",
    "equivalence_plot",
    "forest",
    "forest_pages",
    "funnel",
    "gosh_plot",
    "network_funnel",
    "network_plot",
    "orchard",
    "pictograph",
    "power_curve",
    "radial",
    "s_value_curve",
    "save",
    "selection_function",
    "specification_curve",
    "summary_forest",
    "tau2_profile",
    "traffic_lights",
    "trajectory",
    "update_plot",
)
# Each call of these works through the bundled evidence for seconds: `python tests/fuzz/sweep_arguments.py` sweeps them.
SLOW = ("check_claims", "networks", "pdt_against_cbt", "published_results", "report")


NAMES = tuple(right_calls())


def sweep(names: Iterable[str] = NAMES) -> Iterator[tuple[str, str, str, BaseException]]:
    """Function, argument, value and error of each call that ended in another error than ours."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # a value that is a name of a file writes nothing elsewhere
        try:
            for name in names:
                yield from _one(name, *right_calls()[name])
        finally:
            os.chdir(here)


def _one(name: str, function: Callable[..., Any], options: dict[str, Any]) -> Iterator[Any]:
    import matplotlib.pyplot as plt

    kinds = inspect.Parameter
    for argument, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL) or argument in (
            "executor",
            "progress",
        ):
            continue
        for said, value in WRONG.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    function(**{**options, argument: value})
                except EvidenceError:
                    pass
                except Exception as error:  # what the sweep is for
                    yield name, argument, said, error
            plt.close("all")


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("agg")
    total: Counter[str] = Counter()
    passed_over = {
        name
        for option, group in (("--no-figures", FIGURES), ("--no-slow", SLOW))
        for name in group
        if option in sys.argv
    }
    for name, argument, said, error in sweep(name for name in NAMES if name not in passed_over):
        total[f"{name}({argument})"] += 1
        text = str(error).replace("\n", " ")[:90]
        print(f"{name}({argument} = {said}): {type(error).__name__}: {text}", flush=True)
    print(sum(total.values()), total.most_common(40))
