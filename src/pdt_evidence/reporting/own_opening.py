"""The first screen of a report on a user's table: what its studies show, how much they differ, what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from pdt_evidence.formatting import PAGE, RATIOS, counted, effects_of, percent
from pdt_evidence.reporting.first_picture import narrow
from pdt_evidence.reporting.origins import Origin
from pdt_evidence.reporting.own_table import OwnTable
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "draw_own_opening",
    "favoured",
    "own_answers",
    "own_effects",
    "own_origins",
    "own_summary",
    "own_title",
]

SHOWN = 3  # strata in the sentences
DRAWN = 8  # strata in the picture
WIDTH = 100  # letters of a line in the terminal
FEWEST = 2  # studies of a stratum that is pooled
UNPOOLED = "so nothing can be pooled: each study's effect stands by itself below."


def own_effects(strata: Sequence[PooledEffect]) -> dict[str, PooledEffect]:
    """The pools of the first picture, the largest first, under the words that tell them apart; those of one measure."""
    from pdt_evidence.figures.sheet.words import heading

    drawn = _drawn(strata)
    shared = _shared(drawn)
    labels = [{name: word for name, word in one.stratum.items() if name not in shared} for one in drawn]
    return {
        heading(label) or "All studies": replace(one, notes=())
        for label, one in zip(labels, drawn, strict=True)
    }


def own_title(strata: Sequence[PooledEffect]) -> str:
    """What is over the first picture: also the words that all its pools share."""
    from pdt_evidence.figures.sheet.words import heading

    shared = heading(_shared(_drawn(strata)), inside=True)
    return f"The largest groups of studies{f' ({shared})' if shared else ''}"


def _drawn(strata: Sequence[PooledEffect]) -> list[PooledEffect]:
    largest = _largest(strata)
    return [one for one in largest if one.measure == largest[0].measure][:DRAWN]


def _shared(drawn: Sequence[PooledEffect]) -> dict[str, str]:
    if len(drawn) < 2:
        return {}
    first, *others = (one.stratum for one in drawn)
    return {name: word for name, word in first.items() if all(other.get(name) == word for other in others)}


def draw_own_opening(strata: Sequence[PooledEffect], ax: Any = None) -> Axes:
    """The forest of the first screen."""
    from pdt_evidence.figures import summary_forest
    from pdt_evidence.figures.forests.arms import arms_of, favours_of

    effects = own_effects(strata)
    favours = favours_of(arms_of(list(effects.values())), list(effects.values()))
    return summary_forest(effects, ax=ax, columns=("effect",), favours=favours, prediction=False, **narrow())


def favoured(strata: Sequence[PooledEffect]) -> str:
    """Whom an effect above no effect favours, as far as the table says so."""
    from pdt_evidence.figures.forests.arms import GENERAL, arms_of, directed

    if not strata:
        return "nothing is pooled"
    if not directed(strata):
        return "the table does not say of every row which direction is good, so no arm is said to be favoured"
    first = arms_of(strata)[0]
    null = 1 if strata[0].measure in RATIOS else 0
    return f"above {null} favours {'the first arm of each study, arm 1' if first == GENERAL[0] else first}"


def own_answers(contents: OwnTable) -> list[tuple[str, str]]:
    """Three questions with the answer to each, written from the pools."""
    return [
        ("What do the studies show together?", _together(contents)),
        ("How much do they differ?", _apart(contents.strata)),
        ("What is not in these numbers?", _missing(contents)),
    ]


def own_origins(contents: OwnTable, places: Mapping[tuple[str, ...], str]) -> list[Origin]:
    """Where the rows behind the numbers of the first answer stand; `places` has the pools by the rows in them."""
    return [
        Origin(f"{_said(effect)}.", effects_of(effect.k, effect.trials), places[effect.row_ids])
        for effect in _largest(contents.strata)[:SHOWN]
        if effect.row_ids in places
    ]


def own_summary(contents: OwnTable) -> str:
    """The same as text for the terminal, with the reason why no claim is judged."""
    lines = [contents.name, ""]
    for question, answer in own_answers(contents):
        lines += [question, *wrap(answer, WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
    lines += wrap(
        "The claims of the article are about reviews that it cites, so none is judged by this table: if it is one of "
        "these reviews, name it with --imported FILE --review NAME. A page on the table: pdt-evidence report FILE.",
        WIDTH,
    )
    return "\n".join(lines)


def _largest(strata: Iterable[PooledEffect]) -> list[PooledEffect]:
    pooled = [one for one in strata if one.k >= FEWEST]
    return sorted(pooled, key=lambda one: -one.k)


def _together(contents: OwnTable) -> str:
    strata = contents.strata
    largest = _largest(strata)
    if not strata:
        return (
            "No row gives an effect with its variance, so there is nothing to pool: the reasons stand below."
        )
    if not largest:
        what = (
            "the same outcome at the same follow-up"
            if set(contents.by) <= {"outcome", "follow_up"}
            else "the same"
        )
        return (
            f"No two studies measure {what}, {UNPOOLED}"
            if len(strata) > 1
            else f"There is one study, {UNPOOLED}"
        )
    parts = [_said(effect) for effect in largest[:SHOWN]]
    more = len(largest) - SHOWN
    rest = f" {counted(more, 'smaller group is', 'smaller groups are')} pooled below." if more > 0 else ""
    return f"{'. '.join(parts)}.{rest}"


def _said(effect: PooledEffect) -> str:
    from pdt_evidence.figures.alt.sentences import direction, shown, to
    from pdt_evidence.figures.sheet.words import short_measure

    ci = "no interval can be computed"
    if not math.isnan(sum(effect.ci)):
        ci = f"{percent(effect.level)} CI {to(effect.ci, effect.measure)}, {direction(effect)}"
    value = f"{short_measure(effect.measure)} {shown(effect.estimate, effect.measure)}"
    return f"{_name(effect)}: {value} ({ci}; {effects_of(effect.k, effect.trials)})"


def _apart(strata: Sequence[PooledEffect]) -> str:
    from pdt_evidence.figures.alt.sentences import to

    largest = _largest(strata)[:SHOWN]
    if not largest:
        return "That takes two studies or more of the same question."
    parts = []
    for effect in largest:
        I2 = f"I² = {PAGE.number(effect.I2, 0)}%" if not math.isnan(effect.I2) else "I² cannot be computed"
        if math.isnan(sum(effect.pi)):
            where = f"with {effects_of(effect.k, effect.trials)} no prediction interval can be computed"
        else:
            limits = to(effect.pi, effect.measure)
            where = f"a new study is expected within {limits} ({percent(effect.level)} prediction interval)"
        parts.append(f"{_name(effect)}: {I2}; {where}")
    return f"{'. '.join(parts)}."


def _missing(contents: OwnTable) -> str:
    aside = int((contents.rows["aside"] != "").sum())
    without = len(contents.left_out) - aside
    alone = sum(effect.k < FEWEST for effect in contents.strata)
    parts = [
        f"{counted(without, 'row')} went into no pool" if without else "",
        f"{counted(aside, 'row is', 'rows are')} set aside by the table itself" if aside else "",
        f"{counted(alone, 'group has', 'groups have')} a single study" if alone else "",
    ]
    said = "; ".join(filter(None, parts))
    if not said:
        return "Every row of the table went into a pool. What is not in the table is not counted."
    listed = "; each such row is listed below with its reason" if aside or without else ""
    return f"{said[:1].upper()}{said[1:]}{listed}."


def _name(effect: PooledEffect) -> str:
    from pdt_evidence.figures.sheet.words import heading

    return heading(effect.stratum) or "All studies"
