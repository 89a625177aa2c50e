"""The effects that a Metapsy database gives itself, turned so that above 0 (a ratio: above 1) favours arm 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pdt_evidence.evidence.readers.metapsy.database import NAN, Array, Database, Flags, Words
from pdt_evidence.evidence.readers.metapsy.sign import SMALL, Convention
from pdt_evidence.evidence.readers.names import Rule

__all__ = ["better_events", "contradicting", "exchanged", "own_effects"]

Z_95 = 1.959963984540054  # standard normal quantile at 0.975
FEWER_IS_MORE = {"lower": 1.0, "higher": -1.0}  # metapsyTools: an effect above 0 is fewer events in arm 1


def better_events(database: Database, convention: Convention) -> Words:
    """The direction that is good by the sign of the database's effect, if that favours and does not merely subtract."""
    if convention.kind not in ("favours", "against"):
        return np.full(len(database.lines), "", dtype=object)
    more, favours = database.event_difference, database.own_g * convention.turn("")
    words = np.where((more > 0) == (favours > 0), "higher", "lower").astype(object)
    return np.where(np.isnan(favours) | (more == 0) | (np.abs(favours) < SMALL), "", words)


def own_effects(
    database: Database,
    convention: Convention,
    score: Words,
    better: Words,
    event: Callable[[int], Rule | None],
) -> dict[str, Any]:
    """The columns of effects as reported; `reported` is NaN where there is none that can be signed.

    A row that has nothing else takes its risk ratio, where `event` knows what is counted in the row.
    """
    rows = len(database.lines)
    turn = _turns(convention, score, better)
    g = database.own_g
    se = np.where(
        np.isnan(database.numbers(".g")), database.numbers("precalc_g_se"), database.numbers(".g_se")
    )
    has_g = np.isfinite(g) & (turn != 0) & ((se > 0) | (score != ""))
    found = {
        "reported_metric": np.where(has_g, "g", "").astype(object),
        "reported": np.where(has_g, g * turn, NAN),
        "reported_se": np.where(has_g & (se > 0), se, NAN),
        **{f"reported_ci_{end}": np.full(rows, NAN) for end in ("low", "high", "level")},
        "flipped": has_g & (turn < 0),
    }
    for at in np.flatnonzero(~has_g & (score == "")).tolist():
        ratio = _risk_ratio(database, at, event(at))
        for name, value in ratio.items():
            found[name][at] = value
    return found


def _turns(convention: Convention, score: Words, better: Words) -> Array:
    """What the database's own effect is multiplied by; 0 where that cannot be known."""
    turns = {word: convention.turn(word) for word in set(better.tolist())}
    turn = np.array([turns[word] for word in better.tolist()], dtype=float)
    if convention.kind != "difference":
        return turn
    of_events = np.array([FEWER_IS_MORE.get(word, 0.0) for word in better.tolist()], dtype=float)
    return np.where(score == "events", of_events, turn)


def _risk_ratio(database: Database, at: int, rule: Rule | None) -> dict[str, Any]:
    """The database's log risk ratio of one row; above 1 favours arm 1."""
    for prefix in (".log_rr", "precalc_log_rr"):
        log_rr, se = (float(database.numbers(name)[at]) for name in (prefix, f"{prefix}_se"))
        if rule and se > 0 and abs(log_rr) + 2 * se < 700:  # the exponential function ends here
            turn = 1.0 if rule.better == "higher" else -1.0
            low, middle, high = (math.exp(turn * log_rr + step * Z_95 * se) for step in (-1, 0, 1))
            limits = {"reported_ci_low": low, "reported_ci_high": high, "reported_ci_level": 95.0}
            return {"reported_metric": "RR", "reported": middle, "flipped": turn < 0} | limits
    return {}


def contradicting(database: Database, effect: Array, better: Words, score: Words) -> Flags:
    """The rows whose own effect, a g above 0 where it favours arm 1, says the opposite of their means or events."""
    more = np.select(
        [score == "events", score == "endpoint"], [database.event_difference, database.difference], NAN
    )
    towards = np.select([better == "higher", better == "lower"], [1.0, -1.0], 0.0)
    return (np.abs(effect) > SMALL) & (more * towards * effect < 0)


def exchanged(effects: dict[str, Any], rows: Flags) -> dict[str, Any]:
    """The same with arm 1 and arm 2 exchanged in some rows: a g changes its sign, a ratio is turned over."""
    ratio = effects["reported_metric"] == "RR"
    g, low, high = (effects[name] for name in ("reported", "reported_ci_low", "reported_ci_high"))
    with np.errstate(divide="ignore"):  # a g may be 0
        turned = {
            "reported": np.where(ratio, 1 / g, -g),
            "reported_ci_low": np.where(ratio, 1 / high, low),
            "reported_ci_high": np.where(ratio, 1 / low, high),
            "flipped": effects["flipped"] ^ (effects["reported_metric"] != ""),
        }
    return effects | {name: np.where(rows, cells, effects[name]) for name, cells in turned.items()}
