"""An interval wholly on the wrong side answers "contrary", whatever the question."""

from types import SimpleNamespace

import pandas as pd
import pytest

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.verdicts import changes, questions
from pdt_evidence.verdicts.head_to_head import equivalent
from pdt_evidence.verdicts.pools import Pool
from pdt_evidence.verdicts.rules import Rules

FOR, AGAINST, OPEN = ([s * x for x in (0.5, 0.6, 0.4, 0.55)] for s in (1, -1, 0))
ANSWERS = [(FOR, "yes"), (AGAINST, "contrary"), (OPEN, "not shown")]


def effect_of(yi):
    return Pool(pool(yi, [0.01, 0.012, 0.011, 0.013]))


def facts_with(**found):
    return SimpleNamespace(rules=Rules(), **found)


def table_of(estimate, **more):
    row = {"estimate": estimate, "ci_low": estimate - 0.1, "ci_high": estimate + 0.1, "se": 0.05, "trials": 9}
    return pd.DataFrame([row | {"df": 8.0, "tested": True, "level": "waitlist", "row_id": "R1"} | more])


ASKED = {
    "pooled": lambda yi: questions.pooled_above_zero(facts_with(), effect_of(yi), "depression")[0],
    "printed": lambda yi: questions.printed_above_zero(
        SimpleNamespace(printed=lambda *_, **__: table_of(yi[0], measure="SMD").iloc[0]),
        "x",
        "depression",
        "post",
    ),
    "published intervals": lambda yi: questions.intervals_in_favour(
        table_of(yi[0], measure="SMD").to_dict("records")
    ),
    "each control": lambda yi: next(
        questions.against_each_control(facts_with(controls=SimpleNamespace(table=table_of(yi[0]))))
    ),
    "every rule": lambda yi: questions.whatever_the_rule(facts_with(under_every_rule=table_of(yi[0]))),
    "long after": lambda yi: questions.long_after_the_end(facts_with(pooled=lambda **_: effect_of(yi))),
    "trend": lambda yi: changes.trend_after_the_end(
        facts_with(
            follow_up=SimpleNamespace(
                trend=table_of(yi[0], trials_after=9, fitted=True).assign(comparison="pdt_vs_control")
            )
        )
    ),
    "change": lambda yi: changes.change_within_trials(
        facts_with(
            follow_up=SimpleNamespace(
                changes=table_of(yi[0], comparison="pdt_vs_control", rho_time=0.5), rho_time=0.5
            )
        )
    ),
}


@pytest.mark.parametrize(("yi", "answer"), ANSWERS, ids=[answer for _, answer in ANSWERS])
@pytest.mark.parametrize("question", ASKED)
def test_the_side_of_the_interval_is_the_answer(question, yi, answer):
    assert ASKED[question](yi).answer == answer


@pytest.mark.parametrize(("estimate", "contrary"), [(0.0, False), (0.5, True), (-0.5, True)])
def test_a_difference_beyond_the_margin_is_the_contrary_of_equivalence(estimate, contrary):
    intervals = tuple((estimate - half, estimate + half) for half in (0.08, 0.1))
    first = next(iter(equivalent("PDT against CBT", estimate, intervals, "made")))
    assert (first.answer == "contrary") is contrary
