"""The text columns of a forest plot: those there are, those shown, and traffic lights of judgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import words
from pdt_evidence.figures.records import Column, Wishes
from pdt_evidence.figures.rows import known
from pdt_evidence.results import PooledEffect

__all__ = ["JUDGEMENTS", "columns_of", "judgement"]

# Risk of bias: what is drawn, green to red, and the sign that tells them apart in grey.
JUDGEMENTS = {"low": "+", "some": "?", "high": "−", "unclear": "?", "serious": "−", "critical": "!"}


def judgement(value: object) -> str:
    """The judgement that a cell holds, "" where it is none.

    Examples
    --------
    >>> judgement("Some concerns"), judgement("LOW risk"), judgement("3")
    ('some', 'low', '')
    """
    first = str(value).strip().lower().split(" ")[0].split("_")[0]
    first = {"moderate": "some", "no": "unclear"}.get(first, first)
    return first if first in JUDGEMENTS else ""


def columns_of(strata: Sequence[PooledEffect], arms: tuple[str, str], wishes: Wishes) -> tuple[Column, ...]:
    """The columns asked for, or the default ones, left of the plot first."""
    there = _there(strata, arms)
    chosen = list(wishes.columns) if wishes.columns is not None else _default(strata)
    unknown = [name for name in chosen if name not in there]
    if unknown:
        raise RequestError(
            f"columns = {chosen!r} asks for {', '.join(map(repr, unknown))}. "
            f"This result has: {', '.join(map(repr, there))}."
        )
    if "study" not in chosen:
        chosen.insert(0, "study")
    side = True
    out: list[Column] = []
    for name in dict.fromkeys(chosen):
        side = side and name != "plot"
        left = side if "plot" in chosen else bool(there[name]) and there[name][0].left
        out += [replace(column, left=left) for column in there[name]]
    return tuple(sorted(out, key=lambda column: not column.left))


def _default(strata: Sequence[PooledEffect]) -> list[str]:
    n = ["n"] if held(strata, "n_t") or held(strata, "n_c") else []
    weight = ["weight"] if any(len(stratum.weights) > 1 for stratum in strata) else []
    return ["study", *n, "plot", "effect", *weight]


def _there(strata: Sequence[PooledEffect], arms: tuple[str, str]) -> Mapping[str, list[Column]]:
    heads = [arm[:1].upper() + arm[1:] for arm in arms]
    effect = f"{words.short_measure(strata[0].measure)} [{words.percent(strata[0].level)} CI]"
    there: dict[str, list[Column]] = {
        "study": [Column(key="study", head="Study", align="left")],
        "n": _arm_columns(("n_t", "n_c"), heads, "Patients"),
        "effect": [
            Column(key="estimate", over=effect, left=False),
            Column(key="ci", over=effect, left=False),
        ],
        "weight": [Column(key="weight", head="Weight (%)", left=False, order=2)],
        "plot": [],
    }
    for name in dict.fromkeys(name for stratum in strata for name in stratum.columns):
        if held(strata, name) and name not in there:
            there[name] = [_own(strata, name)]
    if "mean_t" in there and "sd_t" in there:
        there["means"] = [
            Column(key=f"{what}_{arm}", head=what.upper() if what == "sd" else "Mean", over=head)
            for arm, head in zip("tc", heads, strict=True)
            for what in ("mean", "sd")
        ]
    if "event_t" in there:
        there["events"] = _arm_columns(("event_t", "event_c"), heads, "Events")
    return there


def _arm_columns(keys: tuple[str, str], heads: Sequence[str], over: str) -> list[Column]:
    return [Column(key=key, head=head, over=over, order=1) for key, head in zip(keys, heads, strict=True)]


def _own(strata: Sequence[PooledEffect], name: str) -> Column:
    """A column of the result's own: numbers to the right, judgements as lights, words to the left."""
    bias, _, domain = name.partition("rob_")
    if domain and not bias and domain != "tool":
        head, over = words.spoken(domain), "Risk of bias"
    else:
        head, over = words.spoken(name), ""
    values = [value for s in strata for value in s.columns.get(name, ()) if known(value)]
    if all(judgement(value) for value in values):
        return Column(key=name, head=head, over=over, align="center", lights=True)
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return Column(key=name, head=head, over=over, align="right" if numbers else "left")


def held(strata: Sequence[PooledEffect], name: str) -> bool:
    """Whether any study has a value in that column."""
    return any(known(value) for stratum in strata for value in stratum.columns.get(name, ()))
