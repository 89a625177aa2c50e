"""The rule of `lint` on an arm that several studies have, number by number: a control group that is counted twice."""

from __future__ import annotations

import numpy as np

from pdt_evidence.evidence.lint_rules import MEANS, Found, Rows, first_of

__all__ = ["ARM_RULES"]


def _shared_control(rows: Rows) -> Found:
    """Persons, mean and SD of one arm that another study has as well, beside another second arm.

    Rows whose both arms agree are one contrast entered twice, which another rule says. Events are not compared:
    few of them in small arms coincide by chance.
    """
    numbers = np.column_stack(list(map(rows.number, MEANS)))
    complete, places = ~np.isnan(numbers).any(axis=1), np.arange(len(rows))
    measured = rows.together("outcome", "instrument", "rating", rows.time())
    codes = [np.unique(one, return_inverse=True)[1] for one in numbers.T]
    whole = first_of(np.where(complete, rows.together(measured, *codes), -1 - places))
    trial = rows.code("trial_id")
    for side, column, arm in (("c", "mean_c", codes[3:]), ("t", "mean_t", codes[:3])):
        home = first_of(np.where(complete, rows.together(measured, *arm), -1 - places))
        for at in np.flatnonzero((trial != trial[home]) & (whole == places)).tolist():
            what = (
                f"persons, mean and SD of the arm are those of {_place(rows, int(home[at]))}, of another trial: one "
                "group of persons counted twice?"
            )
            fix = (
                "If it is one trial with several treatments, give both rows one trial_id and the same words in "
                f"arm_{side}_label: its persons then count once."
            )
            yield at, (column, what, fix)


def _place(rows: Rows, at: int) -> str:
    """Where a row stands, with the name of its study."""
    name = rows.word("study")[at] or rows.word("trial_id")[at]
    return rows.places[at] if name in rows.places[at] else f"{rows.places[at]} ({name})"


ARM_RULES = (_shared_control,)
