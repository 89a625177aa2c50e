"""The text columns of a forest plot: those there are, those shown, and risk-of-bias symbols of judgements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from string import ascii_uppercase

from pdt_evidence.errors import RequestError, warn
from pdt_evidence.evidence.judgements import worst_judgement
from pdt_evidence.figures.forests.labels import known
from pdt_evidence.figures.forests.records import Column, ForestOptions
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import NOT_REPORTED, percent
from pdt_evidence.results import PooledEffect

__all__ = ["BIAS", "JUDGEMENTS", "SAID", "chosen_of", "columns_of", "effect_columns", "judgement", "reading",
           "unread_cells", "worst_of"]  # fmt: skip

# Risk of bias: what is drawn, green to red, and the sign that tells them apart in grey.
JUDGEMENTS = {
    "low": "+",
    "some": "~",
    "high": "−",
    "unclear": "?",
    "serious": "−",
    "critical": "!",
    "inapplicable": "/",
}


# How tools and reviewers abbreviate them; read so only in a column that is one of judgements.
SIGNS = {
    "+": "low",
    "?": "unclear",
    "~": "some",
    "!": "critical",
    "l": "low",
    "m": "some",
    "s": "some",
    "sc": "some",
    "h": "high",
    "u": "unclear",
    "c": "critical",
    "ni": "unclear",
}
MOST_UNREAD = 3  # cells that a warning shows
DASHES = ("-", "−", "–")  # high risk beside other signs, and not reported beside words
SAID = {
    "low": "Low",
    "some": "Some concerns",
    "unclear": "Unclear",
    "high": "High",
    "serious": "Serious",
    "critical": "Critical",
    "inapplicable": "Not applicable",
}
WORST = ("inapplicable", "low", "some", "unclear", "high", "serious", "critical")
ABSENT = ("na", "n/a", "nan", "none", "not rated")  # a judgement that was not made
OF_AN_ARM = {
    "mean": "Mean",
    "sd": "SD",
    "event": "Events",
    "n": "Total",
}  # heads of columns named "mean_t", ...
MOSTLY = 0.5  # of the studies have what a column shows that nobody asked for
JOINED = (  # what one cell of an arm joins, under which heading, and how
    (("event", "n"), "No of events / total", "{} / {}"),
    (("mean", "sd", "n"), "Mean (SD) / total", "{} ({}) / {}"),
)
BIAS = re.compile(r"rob(_|$)|risk_of_bias")


def judgement(value: object) -> str:
    """The judgement that a cell states in words, "" where it is none.

    Examples
    --------
    >>> judgement("Some concerns"), judgement("LOW risk"), judgement("No information"), judgement("3")
    ('some', 'low', 'unclear', '')
    >>> judgement("Not applicable"), judgement("not rated")
    ('inapplicable', '')
    """
    value = worst_judgement(value) or value  # of the rows of a trial that are one value
    first, second, *_ = [*str(value).strip().lower().replace("_", " ").split(), "", ""]
    if first == "no" and second.startswith("info"):
        return "unclear"
    if (first, second) == ("not", "applicable"):
        return "inapplicable"
    word = {"moderate": "some", "probably": second}.get(first, first)
    return word if word in JUDGEMENTS else ""


def unread_cells(name: str, values: Iterable[object]) -> str:
    """The sentence on a column of judgements in which some cells are none."""
    words = [value for value in values if known(value)]
    odd = [
        value for value in words if not judgement(value) and _plain(value) not in {*SIGNS, *ABSENT, *DASHES}
    ] or words
    first = ", ".join(map(repr, list(dict.fromkeys(map(str, odd)))[:MOST_UNREAD]))
    return (
        f"{name!r} holds {first}, which is no judgement. Write one of {', '.join(map(repr, SAID.values()))}, or its "
        "sign, in each row; leave the cell blank where none was made."
    )


def worst_of(judgements: Sequence[str]) -> str:
    """The worst of several judgements as `reading` reads them, "" where none was made."""
    return max(filter(None, judgements), key=WORST.index, default="")


def reading(values: Iterable[object]) -> Callable[[object], str] | None:
    """How the cells of a column of judgements are read, "" for one not made; None where some are none.

    Examples
    --------
    >>> [reading(["+", "−", "?"])(cell) for cell in ("+", "−", "?")]
    ['low', 'high', 'unclear']
    >>> [reading(["L", "S", "–"])(cell) for cell in ("L", "S", "–")]
    ['low', 'some', '']
    >>> reading(["Y", "N", "?"]), reading([1, 2]), reading(["-", "-"])("-")
    (None, None, '')
    """
    found = {_plain(value) for value in values if known(value)}
    signs = dict(SIGNS)
    if found & {"m", "c"} and "h" not in found:
        signs["s"] = "serious"  # ROBINS-I has low, moderate, serious, critical
    if found & set("+?!") and found <= {*"+?!", *DASHES}:
        signs |= dict.fromkeys(DASHES, "high")
    absent = {*ABSENT, *DASHES} - set(signs)
    if not all(judgement(value) or value in signs or value in absent for value in found):
        return None

    def read(value: object) -> str:
        return judgement(value) or signs.get(_plain(value), "") if known(value) else ""

    return read


def _plain(value: object) -> str:
    return str(value).strip().lower()


def columns_of(
    strata: Sequence[PooledEffect], arms: tuple[str, str], options: ForestOptions, style: Style
) -> tuple[Column, ...]:
    """The columns asked for, or those that the style has by default, left of the plot first."""
    there = _there(strata, arms, options.lights, style)
    if "bias" in (options.columns or ()):
        _tell_unread(strata, there["bias"])
    names = list(options.columns or _default(strata, there, style))
    shown = {column.key for name in names for column in there.get(name, ())}
    return chosen_of(there, [*names, *(name for name in options.lights if name not in shown)])


def _tell_unread(strata: Sequence[PooledEffect], drawn: Sequence[Column]) -> None:
    """Warn of what was asked for and is not drawn: columns of risk of bias that hold other words than judgements."""
    names = dict.fromkeys(name for s in strata for name in s.columns if BIAS.match(name))
    for name in [
        name for name in names if name not in ("rob", "rob_tool", *(column.key for column in drawn))
    ]:
        cells = [
            (str(value), label)
            for s in strata
            for value, label in zip(s.columns.get(name, ()), s.labels, strict=False)
            if known(value) and reading([value]) is None
        ]
        if cells:
            found = "; ".join(f"{value!r} ({label})" for value, label in cells[:MOST_UNREAD])
            warn(
                f"{name} is not drawn: expected judgements such as {', '.join(SAID.values())}, found {found}."
            )
    if not drawn and not names:
        warn("There is no risk of bias to draw: the result has no column rob or rob_... of judgements.")


def chosen_of(there: Mapping[str, Sequence[Column]], names: Sequence[str]) -> tuple[Column, ...]:
    """These of the columns that there are, left of the plot first."""
    chosen = list(names)
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
        held = {column.key for column in out}
        out += [replace(column, left=left) for column in there[name] if column.key not in held]
    return tuple(sorted(out, key=lambda column: not column.left))


def effect_columns(effect: PooledEffect, style: Style) -> list[Column]:
    """Estimate and interval under one heading, or in one column with the model over it."""
    before, _, after = style.interval
    if style.model_in_head:
        over, head = words.short_measure(effect.measure), words.model_head(effect)
        return [Column(key="effect", over=over, head=head.replace(" ", "\u00a0"), left=False)]
    over = f"{words.short_measure(effect.measure)} {before}{percent(effect.level)} CI{after}"
    return [Column(key=key, over=over, left=False) for key in ("estimate", "ci")]


def _default(
    strata: Sequence[PooledEffect], there: Mapping[str, Sequence[Column]], style: Style
) -> list[str]:
    """What the style shows, of what is known of most studies."""
    weighted = any(len(stratum.weights) > 1 for stratum in strata)
    names = [name for name in style.columns if name in there and (name != "weight" or weighted)]
    return [name for name in names if _mostly_known(strata, there[name])]


def _mostly_known(strata: Sequence[PooledEffect], columns: Sequence[Column]) -> bool:
    """Whether half of the studies or more have what these columns show; so does what is no column of the result."""
    keys = [key for column in columns for key in column.parts or (column.key,)]
    own = [key for key in keys if any(key in stratum.columns for stratum in strata)]
    counted = [key for key in keys if key[-2:] in ("_t", "_c")]
    return not counted if not own else max(share_known(strata, key) for key in own) >= MOSTLY


def _there(
    strata: Sequence[PooledEffect], arms: tuple[str, str], lights: Sequence[str], style: Style
) -> Mapping[str, list[Column]]:
    heads = [arm[:1].upper() + arm[1:] for arm in arms]
    there: dict[str, list[Column]] = {
        "study": [Column(key="study", head=style.study_head, align="left")],
        "n": _arm_columns(("n_t", "n_c"), heads, "Patients"),
        "effect": effect_columns(strata[0], style),
        "weight": [Column(key="weight", head="Weight (%)", left=False, order=2)],
        "plot": [],
    }
    for name in dict.fromkeys(name for stratum in strata for name in stratum.columns):
        if held(strata, name) and name not in there:
            there[name] = [_own(strata, name, name in lights, heads)]
    vain = [name for name in lights if name not in there]
    if vain:
        raise RequestError(
            f"lights = {list(lights)!r} names {', '.join(map(repr, vain))}, which no study has. "
            f"This result has: {', '.join(map(repr, there))}."
        )
    if "mean_t" in there and "sd_t" in there:
        there["means"] = _by_arm(("mean", "sd"), heads)
    if "event_t" in there:
        there["events"] = _arm_columns(("event_t", "event_c"), heads, "Events")
    counted = [
        what for what in OF_AN_ARM if f"{what}_t" in there and share_known(strata, f"{what}_t") >= MOSTLY
    ]
    there["arms"] = _by_arm(counted, heads) if counted[:-1] else there["n"]
    there["counts"] = _joined(counted, heads) or there["n"]
    there["bias"] = _domains([columns[0] for columns in there.values() if len(columns) == 1])
    return there


def _by_arm(whats: Sequence[str], heads: Sequence[str]) -> list[Column]:
    """What is known of each arm under its name."""
    return [
        Column(key=f"{what}_{arm}", head=OF_AN_ARM[what], over=head, order=1)
        for arm, head in zip("tc", heads, strict=True)
        for what in whats
    ]


def _joined(whats: Sequence[str], heads: Sequence[str]) -> list[Column]:
    """What is known of each arm in one column, as the BMJ has it; none where there is nothing beside its size."""
    for wanted, over, joined in JOINED:
        if set(wanted) <= set(whats):
            return [
                Column(
                    key=f"{wanted[0]}_n_{arm}",
                    head=head,
                    over=over,
                    order=1,
                    parts=tuple(f"{what}_{arm}" for what in wanted),
                    joined=joined,
                )
                for arm, head in zip("tc", heads, strict=True)
            ]
    return []


def _domains(columns: Sequence[Column]) -> list[Column]:
    """Lights of all domains of bias under letters, one alone under its name; what letters stand for is said below
    the plot.
    """
    lights = [column for column in columns if column.lights and BIAS.match(column.key)]
    if any(column.key == "rob_overall" for column in lights):  # the same judgement as the source wrote it
        lights = [column for column in lights if column.key != "rob"]
    if len(lights) == 1:
        return [replace(lights[0], left=False, order=3)]
    return [
        replace(
            column, head=letter, over="Risk of bias", stands_for=words.inner(column.head), left=False, order=3
        )
        for letter, column in zip(ascii_uppercase, lights, strict=False)
    ]


def _arm_columns(keys: tuple[str, str], heads: Sequence[str], over: str) -> list[Column]:
    return [Column(key=key, head=head, over=over, order=1) for key, head in zip(keys, heads, strict=True)]


def _own(strata: Sequence[PooledEffect], name: str, lights: bool, heads: Sequence[str]) -> Column:
    """A column of the result's own: numbers to the right, judgements as lights, words to the left."""
    what, _, arm = name.rpartition("_")
    if what in OF_AN_ARM and arm in ("t", "c"):
        return Column(key=name, head=OF_AN_ARM[what], over=heads["tc".index(arm)])
    bias, _, domain = name.partition("rob_")
    if domain and not bias and domain != "tool":
        head, over = words.spoken(domain), "Risk of bias"
    else:
        head, over = words.spoken(name), ""
    values = [value for s in strata for value in s.columns.get(name, ()) if known(value)]
    read = reading(values) if lights or BIAS.match(name) else None
    if read is not None:
        text = partial(_light, read)
        signs = _meanings(set(map(read, values)))
        return Column(key=name, head=head, over=over, align="center", lights=True, reads=text, signs=signs)
    if lights:
        found = ", ".join(dict.fromkeys(map(repr, values)))
        sums = any(str(value).replace(".", "", 1).isdigit() for value in values)
        tool = ", ".join(sorted({str(v) for s in strata for v in s.columns.get("rob_tool", ()) if known(v)}))
        of = f" (by {tool})" if sums and tool and name == "rob" else ""
        hint = f" Numbers, such as sums over items, are no judgements: show them by columns=[..., {name!r}]."
        raise RequestError(
            f"lights = {name!r} holds {found}{of}. Expected judgements alone: "
            f"{', '.join(map(repr, (*SAID.values(), *SIGNS)))}.{hint if sums else ''}"
        )
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return Column(key=name, head=head, over=over, align="right" if numbers else "left")


def _meanings(judged: set[str]) -> tuple[tuple[int, str], ...]:
    """What the signs of these judgements mean, with their order."""
    every = enumerate(JUDGEMENTS.items())
    return tuple((at, f"{sign} {SAID[word].lower()}") for at, (word, sign) in every if word in judged)


def _light(read: Callable[[object], str], value: object) -> str:
    """A judgement in the source's words, or what its sign stands for."""
    word = read(value)
    plain = judgement(value) and not worst_judgement(value)
    return str(value) if plain else SAID[word] if word else NOT_REPORTED


def share_known(strata: Sequence[PooledEffect], name: str) -> float:
    """Of how many of the studies that column holds something, as a share."""
    values = [known(value) for stratum in strata for value in stratum.columns.get(name, ())]
    return sum(values) / max(sum(stratum.k for stratum in strata), 1)


def held(strata: Sequence[PooledEffect], name: str) -> bool:
    """Whether any study has a value in that column."""
    return any(known(value) for stratum in strata for value in stratum.columns.get(name, ()))
