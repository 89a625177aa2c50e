"""The first screen: what the trials show, in three sentences and one picture, and the verdict on each claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.analysis.conclusions.equivalence import equivalence
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.first_picture import narrow
from pdt_evidence.reporting.names import CONTROLS, of_two
from pdt_evidence.reporting.origins import Origin
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.words import in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "answers",
    "draw_opening",
    "how_sure",
    "narrow_label",
    "opening_effects",
    "origins",
    "place_of_window",
]

SHOWN = ("depression", "anxiety")  # the outcomes that the article's first claims are about
FEWEST = 3  # trials, for a pool to be on the first screen
CONTROL, CBT = "pdt_vs_control", "pdt_vs_cbt"
WINDOWS = {"short": "less than 3 months", "medium": "3 to 9 months", "long": "9 months and more"}


def opening_effects(contents: Contents) -> dict[str, PooledEffect]:
    """The pools of the first picture: both comparisons at the end of treatment, where enough trials are available."""
    words = {CONTROL: "against control", CBT: "against CBT"}
    found = {}
    for comparison, against in words.items():
        for outcome, effect in _at_the_end(contents, comparison):
            if effect.k >= FEWEST:
                # The table has the notes.
                found[f"{in_words(outcome).capitalize()} {against}"] = replace(effect, notes=())
    return found


def draw_opening(contents: Contents, ax: Any = None) -> Axes:
    """The forest of the first screen, narrow and with letters of one size: a telephone shows it whole."""
    from pdt_evidence.figures import summary_forest

    effects = opening_effects(contents)
    return summary_forest(
        {narrow_label(label): effect for label, effect in effects.items()},
        ax=ax,
        columns=("effect",),
        favours=("Favours the other", "Favours PDT"),
        prediction=False,
        **narrow(),
    )


def narrow_label(label: str) -> str:
    """A label of the first picture as it is drawn."""
    return label.replace(" against ", " v. ")


def answers(contents: Contents) -> list[tuple[str, str]]:
    """The questions of a reader with the answer to each, written from the pools."""
    asked = [
        ("Is it better than no treatment or usual care?", _against_control(contents)),
        ("How sure is that?", how_sure(contents)),
        ("Is it as good as CBT?", _against_cbt(contents)),
        ("Does it last?", _afterwards(contents)),
    ]
    return [(question, answer) for question, answer in asked if answer]


def origins(contents: Contents, places: Mapping[tuple[str, ...], str]) -> list[Origin]:
    """Where the rows behind the numbers of the answers stand; `places` has the pools by the rows in them."""
    found = [
        Origin(f"{open_to} of {of} in {outcome}", f"{open_to} of {of}", "bias")
        for open_to, of, outcome in _corrected(contents, SHOWN)
    ]
    for comparison in (CONTROL, CBT):
        for outcome, effect in _at_the_end(contents, comparison):
            place = places.get(effect.row_ids, "pooled")
            further = PAGE.interval(effect.pi)
            found.append(Origin(f"{further} in {in_words(outcome)}", further, place))
            alone = contents.from_scores(comparison, outcome)
            found += [Origin(_numbers(one), counted(one.k, "trial"), place) for one in (effect, alone) if one]
    later = contents.comparisons.follow_up.pools.to_dict("records")
    found += [
        Origin(_window(row), counted(row["trials"], "trial"), place_of_window(row))
        for row in later
        if row["follow_up"] in WINDOWS
    ]
    return [*found, Origin("respond with PDT", "respond with PDT", "meaning")]


def place_of_window(row: Mapping[Any, Any]) -> str:
    """The id of a pool by time in the table that has its rows."""
    return f"{row['comparison']}_{row['follow_up']}"


def how_sure(contents: Contents) -> str:
    """What the mean against control leaves open: where a further trial may lie, and what selective publication does."""
    known = [
        (outcome, effect)
        for outcome, effect in _at_the_end(contents, CONTROL)
        if not np.isnan(effect.pi).any() and not np.isnan(effect.ci).any()
    ]
    if not known:
        return ""
    sides: dict[str, list[str]] = {}
    for outcome, effect in known:
        sides.setdefault(_side(effect, "lies above 0", "lies below 0", "may be 0"), []).append(
            in_words(outcome)
        )
    mean = ", ".join(f"{side} in {' and '.join(outcomes)}" for side, outcomes in sides.items())
    where = ", ".join(f"{PAGE.interval(effect.pi)} in {in_words(outcome)}" for outcome, effect in known)
    open_to = any(effect.pi[0] <= 0 for _, effect in known)
    less = ", so that a single one may well find no benefit" if open_to else ""
    selective = _if_selective(contents, [outcome for outcome, _ in known])
    first = (
        "Not very. "
        if "may be 0" in sides
        else "More of the average than of a single trial. "
        if open_to
        else ""
    )
    return (
        f"{first}Against control, with 95% confidence, the mean of the trials {mean}. The trials differ: a further one "
        f"may find anything from {where}{less}. {selective}The trials were not found by a systematic search."
    )


def _if_selective(contents: Contents, outcomes: Sequence[str]) -> str:
    """How many corrections for publication bias leave it open whether there is any effect."""
    counts = [f"{open_to} of {of} in {outcome}" for open_to, of, outcome in _corrected(contents, outcomes)]
    if not counts:
        return ""
    return f"Of the corrections for selective publication, {', '.join(counts)} no longer exclude that the mean is 0. "


def _corrected(contents: Contents, outcomes: Sequence[str]) -> list[tuple[int, int, str]]:
    """Of each outcome that is corrected: the corrections that hold 0, all that give an estimate, its name."""
    rows = {
        row.effect.stratum["outcome"]: row
        for row in contents.corrections.strata
        if row.comparison == CONTROL and row.effect.stratum.get("follow_up") == "post"
    }
    return [
        (rows[outcome].open_to, len(rows[outcome].made), in_words(outcome))
        for outcome in outcomes
        if outcome in rows and rows[outcome].made
    ]


def _pools(contents: Contents, comparison: str) -> dict[tuple[str, ...], PooledEffect]:
    return dict(contents.pooled[comparison].strata) if comparison in contents.pooled else {}


def _at_the_end(contents: Contents, comparison: str) -> Iterable[tuple[str, PooledEffect]]:
    pools = _pools(contents, comparison)
    return [(outcome, pools[outcome, "post"]) for outcome in SHOWN if (outcome, "post") in pools]


def _against_control(contents: Contents) -> str:
    found = list(_at_the_end(contents, CONTROL))
    if not found:
        return "No trial against control is available."
    words = ("is better with PDT", "is worse with PDT", "shows no difference")
    said = [f"{in_words(outcome)} {_side(effect, *words)}: {_numbers(effect)}" for outcome, effect in found]
    short = _by_answer(
        (_side(effect, "yes", "no", "not shown"), in_words(outcome)) for outcome, effect in found
    )
    return f"{short} At the end of treatment, against control ({CONTROLS}), {'; '.join(said)}.{_in_people(contents)}"


def _in_people(contents: Contents) -> str:
    """What the first pool against control of which responders are known comes to among 1,000 patients."""
    for row in contents.meanings.rows:
        found = row.people
        if row.comparison == CONTROL and found is not None:
            low, high = (f"{end:.0f}" for end in found.per_1000_ci)
            return (
                f" Of 1,000 patients with {in_words(row.effect.stratum['outcome'])} about {1000 * found.rate:.0f} "
                f"respond with PDT and {1000 * found.control_rate:.0f} in control arms (95% CI of the difference {low} "
                f"to {high})."
            )
    return ""


def _against_cbt(contents: Contents) -> str:
    margin = contents.comparisons.head_to_head.margin
    answered, said = [], []
    for outcome, effect in _at_the_end(contents, CBT):
        same = effect.k > 1 and equivalence(effect, margin=margin).verdict.startswith("equivalent")
        ahead = _side(effect, "yes", "no", "not shown")
        answered.append(("yes" if same and ahead != "no" else ahead, in_words(outcome)))
        side = _side(effect, "PDT is ahead", "CBT is ahead")
        close = "shown" if same else "not shown"
        said.append(
            f"{in_words(outcome)} {_numbers(effect)}, {side}, and equivalence within {margin:g} is {close}"
            + _scores_alone(contents, CBT, outcome, again=bool(said))
        )
    if not said:
        return "No trial against CBT is available."
    return f"{_by_answer(answered)} At the end of treatment, against CBT: {'. In '.join(said)}."


def _by_answer(answered: Iterable[tuple[str, str]]) -> str:
    """The answer first: "Yes, in depression and anxiety.", "Not shown in depression, no in anxiety."."""
    groups: dict[str, list[str]] = {}
    for answer, about in answered:
        groups.setdefault(answer, []).append(about)
    comma = "," if len(groups) == 1 and not {"yes", "no"}.isdisjoint(groups) else ""
    text = ", ".join(f"{answer}{comma} in {' and '.join(about)}" for answer, about in groups.items())
    return f"{text[:1].upper()}{text[1:]}."


def _scores_alone(contents: Contents, comparison: str, outcome: str, *, again: bool) -> str:
    """What is left of a pool that counts of persons are in, said where they are; shorter when said `again`."""
    alone = contents.from_scores(comparison, outcome)
    which = "such trials" if again else "trials that only count patients who did well, and give no scores,"
    return f"; without {which} {_numbers(alone)}" if alone else ""


def _afterwards(contents: Contents) -> str:
    pools = contents.comparisons.follow_up.pools
    said, short = [], []
    for comparison, name in ((CONTROL, "control"), (CBT, "CBT")):
        rows = pools[pools["comparison"].eq(comparison) & pools["follow_up"].isin(WINDOWS)].to_dict("records")
        short.append(f"against {name} {_lasts(rows)}")
        held = [_window(row) for row in rows if row["trials"]]
        said.append(f"against {name} {', '.join(held) or 'no trial'}")
    first = "; ".join(short)
    return (
        f"{first[:1].upper()}{first[1:]}. All symptoms together, after the end of treatment: {'; '.join(said)}. "
        "Other times have no trials."
    )


def _lasts(rows: Sequence[Mapping[Any, Any]]) -> str:
    """The answer of the last window with trials enough; rows are in order of time."""
    enough = [row for row in rows if row["trials"] >= FEWEST]
    if not enough:
        return "too few trials to tell"
    last = enough[-1]
    side = "yes" if last["ci_low"] > 0 else "no, it is behind" if last["ci_high"] < 0 else "not shown"
    return f"{side}, {WINDOWS[last['follow_up']]} after the end"


def _window(row: Mapping[Any, Any]) -> str:
    numbers = f"g = {PAGE.number(row['estimate'])}, {PAGE.interval((row['ci_low'], row['ci_high']))}"
    few = f"; {of_two(row['trials'])}" if row["trials"] == 2 else ""
    return f"{counted(row['trials'], 'trial')} {WINDOWS[row['follow_up']]} later ({numbers}{few})"


def _side(effect: PooledEffect, above: str, below: str, neither: str = "no difference is shown") -> str:
    low, high = effect.ci
    if np.isnan(low):
        return "no interval, so it cannot be told which is ahead"
    return above if low > 0 else below if high < 0 else neither


def _numbers(effect: PooledEffect) -> str:
    return f"g = {PAGE.number(effect.estimate)} (95% CI {PAGE.interval(effect.ci)}; {counted(effect.k, 'trial')})"
