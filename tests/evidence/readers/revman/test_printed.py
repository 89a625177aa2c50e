"""The kind, measure, method and model of an analysis, from what its study rows print alone."""

import csv
import io
import itertools

import numpy as np
import pytest

from pdt_evidence.analysis.as_revman.pooling import pool_as_revman, revman_smd
from pdt_evidence.effects.means import mean_difference
from pdt_evidence.effects.ratios import log_odds_ratio, log_risk_ratio
from pdt_evidence.evidence.readers import read_revman
from pdt_evidence.models.fixed import peto_effects

pytestmark = pytest.mark.warns("arm|outcome|direction|assessed")

HEADER = """Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,GIV SE,
Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,Control SD,Control cases,
Control N,O-E,Variance,Weight,Mean,CI start,CI end,Footnotes""".replace("\n", "").split(",")
EVENTS = {
    "event_t": np.array([87.0, 34, 22, 3, 0]),
    "n_t": np.array([629.0, 352, 343, 40, 35]),
    "event_c": np.array([107.0, 38, 24, 9, 4]),
    "n_c": np.array([626.0, 336, 337, 41, 33]),
}
MEANS = {
    "mean_t": np.array([10.0, 12.1, 8.4, 9.9]),
    "sd_t": np.array([4.0, 5.2, 3.3, 4.4]),
    "n_t": np.array([20.0, 31, 44, 15]),
    "mean_c": np.array([13.0, 12.9, 13.3, 11.0]),
    "sd_c": np.array([4.4, 5.0, 3.9, 6.1]),
    "n_c": np.array([22.0, 30, 40, 17]),
}
GENERIC = {"estimate": np.array([-0.5, 0.1, -0.3]), "se": np.array([0.2, 0.15, 0.3])}
O_E = {"o_minus_e": np.array([-4.2, 1.1, -2.5]), "variance": np.array([9.5, 12.25, 4.0])}
THEIRS = {
    "event_t": "Experimental cases",
    "n_t": "Experimental N",
    "mean_t": "Experimental mean",
    "sd_t": "Experimental SD",
    "estimate": "GIV Mean",
    "se": "GIV SE",
    "o_minus_e": "O-E",
    "variance": "Variance",
    "event_c": "Control cases",
    "n_c": "Control N",
    "mean_c": "Control mean",
    "sd_c": "Control SD",
}


def study_rows(*rows):
    """A data-rows file: zeros in what a row does not say, as Review Manager fills them."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, HEADER, restval="0.0")
    writer.writeheader()
    blank = {"Subgroup": "", "Applicability": "SUBGROUP_AND_OVERALL", "Footnotes": "", "Study year": "2001"}
    for at, row in enumerate(rows):
        identity = {
            "Analysis group": 1,
            "Analysis number": 1,
            "Analysis name": "Depression",
            "Study": f"S{at}",
        }
        writer.writerow(identity | blank | row)
    return stream.getvalue().encode()


def printed(columns, yi, vi, *, ratio, digits=6, weights=None):
    """The rows of one analysis with their effects printed as Review Manager prints them."""
    z, scale = 1.959963984540054, np.exp if ratio else np.asarray
    shown = {
        "Mean": scale(yi),
        "CI start": scale(yi - z * np.sqrt(vi)),
        "CI end": scale(yi + z * np.sqrt(vi)),
        "Weight": np.zeros(len(yi)) if weights is None else weights,
    }
    every = {THEIRS[name]: values for name, values in columns.items()}
    return [
        {name: values[at] for name, values in every.items()}
        | {name: round(float(values[at]), digits) for name, values in shown.items()}
        for at in range(len(yi))
    ]


def analysed(saved, rows):
    table = read_revman(saved(study_rows(*rows), "CD1-data-rows.csv"))
    return table.analyses.iloc[0], table


ARMS = [EVENTS[name] for name in ("event_t", "n_t", "event_c", "n_c")]
SCORES = [MEANS[name] for name in ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")]


def peto(arms):
    o_minus_e, variance = peto_effects(*arms)
    return o_minus_e / variance, 1 / variance


KINDS = {
    "OR": ("dichotomous", "OR", EVENTS, log_odds_ratio(*ARMS), True),
    "RR": ("dichotomous", "RR", EVENTS, log_risk_ratio(*ARMS), True),
    "Peto": ("dichotomous", "OR", EVENTS, peto(ARMS), True),
    "MD": ("continuous", "MD", MEANS, mean_difference(*SCORES), False),
    "SMD": ("continuous", "SMD", MEANS, revman_smd(*SCORES), False),
    "ratio": ("generic", "", GENERIC, (GENERIC["estimate"], GENERIC["se"] ** 2), True),
    "difference": ("generic", "", GENERIC, (GENERIC["estimate"], GENERIC["se"] ** 2), False),
    "O - E": ("o-e", "", O_E, (O_E["o_minus_e"] / O_E["variance"], 1 / O_E["variance"]), True),
}
STRAY = {
    "none": {},
    "GIV SE": {"GIV SE": 0.2284},
    "GIV": {"GIV Mean": -0.3, "GIV SE": 0.1},
    "SD": {"Experimental SD": 1.5},
    "SDs": {"Experimental SD": 1.5, "Control SD": 2.5, "Experimental mean": 3.0},
    "Variance": {"O-E": -1.0, "Variance": 2.0},
}


@pytest.mark.parametrize("digits", [3, 6])
@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("name", KINDS)
def test_what_a_row_prints_decides_kind_and_measure_whatever_else_stands_in_one(saved, name, stray, digits):
    kind, measure, columns, (yi, vi), ratio = KINDS[name]
    rows = printed(columns, yi, vi, ratio=ratio, digits=digits)
    rows[1] = STRAY[stray] | {key: value for key, value in rows[1].items() if value}
    found, table = analysed(saved, rows)
    assert (found["kind"], found["measure"], found["log_scale"]) == (kind, measure, ratio)
    assert len(table) == len(rows)
    assert f"{len(rows)} of {len(rows)} printed effects" in table.log["reason"].iloc[0]


def test_a_stray_error_in_one_row_leaves_the_events_of_all(saved):
    given = [(87, 629, 107, 626, 0, 0.809), (34, 352, 38, 336, 0.2284, 0.854), (22, 343, 24, 337, 0, 0.901)]
    rows = [
        {"Experimental cases": a, "Experimental N": n, "Control cases": c, "Control N": m, "GIV SE": se, "Mean": mean}
        for a, n, c, m, se, mean in given
    ]  # fmt: skip
    rows[0] |= {"CI start": 0.624, "CI end": 1.050}
    rows[1] |= dict.fromkeys(("CI start", "CI end"), "")
    rows[2] |= dict.fromkeys(("CI start", "CI end"), "")
    found, table = analysed(saved, rows)
    assert (found["kind"], found["measure"]) == ("dichotomous", "RR")
    assert table["event_t"].tolist() == [87, 34, 22]
    assert set(table["score"]) == {"events"}
    assert table.source["event_measures"] == ["RR"]
    assert "not used: GIV SE of S1" in table.log["reason"].iloc[0]


MODELS = (False, True)
POOLED = [
    *itertools.product(["dichotomous"], ["OR", "RR", "RD"], ["MH", "IV"], MODELS),
    *itertools.product(["continuous"], ["MD", "SMD"], ["IV"], MODELS),
    *itertools.product(["generic"], [""], ["IV"], MODELS),
]


@pytest.mark.parametrize(("kind", "measure", "method", "random"), POOLED)
def test_the_weights_decide_method_and_model(saved, kind, measure, method, random):
    columns = {"dichotomous": EVENTS, "continuous": MEANS, "generic": GENERIC}[kind]
    if kind == "dichotomous":  # enough heterogeneity for tau2 above 0, no empty cell
        columns = EVENTS | {
            "event_c": np.array([40.0, 90, 24, 3, 12]),
            "event_t": np.array([87.0, 34, 22, 9, 2]),
        }
    settings = {"kind": kind, "measure": measure or "OR", "method": method, "random": random}
    pooled = pool_as_revman(columns, **settings)
    if random:
        assert pooled.tau2 > 0
    single = [
        pool_as_revman(
            {name: values[[at]] for name, values in columns.items()}, **settings | {"method": "IV"}
        )
        for at in range(len(pooled.weights))
    ]
    yi, vi = np.array([one.estimate for one in single]), np.array([one.se**2 for one in single])
    rows = printed(columns, yi, vi, ratio=measure in ("OR", "RR"), weights=pooled.weights)
    found, table = analysed(saved, rows)
    assert found["measure"] == measure
    assert found["random"] == random
    assert found["method"] == (method if kind == "dichotomous" and not random else found["method"])
    assert found["method"] in (method, "")
    assert ("random effects" if random else "a fixed effect") in table.log["reason"].iloc[0]


def test_weights_of_subgroups_are_shares_of_each(saved):
    pooled = pool_as_revman(MEANS, kind="continuous", measure="MD", method="IV", random=True)
    rows = printed(MEANS, *mean_difference(*SCORES), ratio=False, weights=pooled.weights)
    other = [row | {"Subgroup": "late"} for row in rows]
    found, _ = analysed(saved, [row | {"Subgroup": "early"} for row in rows] + other)
    assert (found["measure"], found["random"]) == ("MD", True)


def test_a_measure_that_nothing_tells_is_not_guessed(saved):
    """Neither printed effects nor weights; and as many with as without the event, where RR and OR agree."""
    rows = printed(EVENTS, *log_odds_ratio(*ARMS), ratio=True)
    silent = [
        {key: value for key, value in row.items() if key not in ("Mean", "CI start", "CI end")}
        for row in rows
    ]
    found, table = analysed(saved, silent)
    assert (found["kind"], found["measure"], found["random"]) == ("dichotomous", "", None)
    assert table.source["event_measures"] == []
    assert "measure and method are not known" in table.log["reason"].iloc[0]


@pytest.mark.parametrize("word", ["Not estimable", ""])
def test_a_study_that_is_not_estimable_says_nothing_and_breaks_nothing(saved, word):
    rows = printed(EVENTS, *log_risk_ratio(*ARMS), ratio=True)
    none = {"Experimental cases": 0, "Experimental N": 20, "Control N": 21, "Weight": word}
    found, table = analysed(saved, [none | dict.fromkeys(("Mean", "CI start", "CI end"), word), *rows])
    assert (found["kind"], found["measure"]) == ("dichotomous", "RR")
    assert len(table) == len(rows) + 1


def test_the_effect_of_the_persons_without_the_event_is_seen(saved):
    without = [ARMS[1] - ARMS[0], ARMS[1], ARMS[3] - ARMS[2], ARMS[3]]
    found, _ = analysed(saved, printed(EVENTS, *log_risk_ratio(*without), ratio=True))
    assert (found["measure"], found["swap_events"]) == ("RR", True)


def test_a_row_that_prints_what_its_numbers_do_not_give_is_said(saved):
    rows = printed(MEANS, *mean_difference(*SCORES), ratio=False)
    rows[2] |= {"Mean": 4.9, "CI start": 3.3, "CI end": 6.5}
    found, table = analysed(saved, rows)
    assert found["measure"] == "MD"
    odd = table.log[table.log["reason"].str.startswith("it prints 4.9 [3.3; 6.5]")]
    assert odd["line"].tolist() == [4]
