"""What a table of study rows says of its analyses where no settings describe them.

Every row prints its own effect and interval (`Mean`, `CI start`, `CI end`): the kind of data and the measure
are those whose formula gives these numbers. The printed weights then tell the method and the model.
Formulas are those of Review Manager.

References
----------
.. [1] Deeks JJ, Higgins JPT. Statistical algorithms in Review Manager 5. Cochrane Statistical
   Methods Group, 2010.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.evidence.readers.revman.review import Cells, decimals, number

__all__ = ["Inferred", "infer"]

Array = NDArray[np.float64]
PRINTED = ("Mean", "CI start", "CI end")
ARMS = ("Experimental", "Control")
COLUMNS = (
    *(f"{arm} {what}" for arm in ARMS for what in ("cases", "N", "mean", "SD")),
    *("GIV Mean", "GIV SE", "O-E", "Variance", "Weight", *PRINTED),
)
KINDS = (
    "dichotomous",
    "continuous",
    "generic",
    "o-e",
)  # numbers of the arms come first where two kinds agree
RATIOS = ("OR", "RR", "ratio")  # "ratio": of which kind nothing tells
Z = {0.95: 1.959963984540054, 0.9: 1.6448536269514722, 0.99: 2.5758293035489004}
RELATIVE = 1e-5  # precision of what Review Manager prints with all digits
SHOWN = 3  # rows named in a note


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """An analysis as its rows show it; "" and None for what they do not tell."""

    kind: str
    measure: str
    log_scale: bool
    swap_events: bool
    method: str
    random: bool | None
    how: str  # what was inferred and from what, in words
    odd: tuple[tuple[int, str], ...]  # rows whose printed effect their numbers do not give: position and why


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The effects of all rows by one formula, on the scale they are pooled on."""

    kind: str
    measure: str
    yi: Array
    se: Array
    method: str = ""
    swapped: bool = False

    @property
    def log_scale(self) -> bool:
        return self.measure in RATIOS

    def printed(self, values: Array) -> Array:
        return np.exp(values) if self.log_scale else values


def infer(rows: Sequence[Cells]) -> Inferred:
    """Kind, measure, method and model of one analysis from what its rows print."""
    data = {name: np.array([_value(cells, name) for cells in rows]) for name in COLUMNS}
    digits = {name: max(decimals(cells.text(name)) for cells in rows) for name in (*PRINTED, "Weight")}
    with np.errstate(all="ignore"):
        return _infer(data, digits, rows)


def _value(cells: Cells, name: str) -> float:
    """NaN for words such as "Not estimable"; those in numbers that are used, their reading complains of."""
    value = number(cells.text(name))
    return np.nan if value is None else value


def _infer(data: Mapping[str, Array], digits: Mapping[str, int], rows: Sequence[Cells]) -> Inferred:
    low, high = data["CI start"], data["CI end"]  # a study that is not estimable has zeros in all three
    shown = np.isfinite(data["Mean"]) & ((low < high) | (np.isnan(low) & np.isnan(high)))
    candidates = list(_candidates(data))
    scores = [_score(one, data, digits, shown) for one in candidates]
    best = max((score for score in scores), default=(0, 0))
    if not shown.any() or 2 * best[0] <= shown.sum():
        return _by_columns(data, printed=bool(shown.any()))
    agreeing = [one for one, score in zip(candidates, scores, strict=True) if score == best]
    kind = next(kind for kind in KINDS if any(one.kind == kind for one in agreeing))
    agreeing = [one for one in agreeing if one.kind == kind]
    first = agreeing[0]
    measures = {(one.measure, one.swapped) for one in agreeing}
    measure, swapped = measures.pop() if len(measures) == 1 else ("", False)
    methods = {one.method for one in agreeing}
    method, random = ("PETO", False) if methods == {"PETO"} else _by_weights(first, data, digits, rows)
    if len(measures) > 0:
        method, random = "", None
    fits = _agrees(first, data, digits, shown)
    odd = tuple(_odd(at, data) for at in np.flatnonzero(shown & ~fits).tolist())
    how = f"{best[0]} of {int(shown.sum())} printed effects are those of {_words(kind, measure, swapped)}"
    return Inferred(
        kind=kind,
        measure="" if kind == "generic" or measure == "ratio" else measure,
        log_scale=first.log_scale,
        swap_events=swapped,
        method=method,
        random=random,
        how=f"{how}; {_model_words(method, random)}{_stray(kind, data, rows)}",
        odd=odd,
    )


def _words(kind: str, measure: str, swapped: bool) -> str:
    data = {"dichotomous": "its events", "continuous": "its means", "generic": "its estimates and errors"}
    scale = {"": "by more than one measure", "ratio": "as a ratio", "difference": "as they stand"}
    by = scale.get(measure, f"by {measure}")
    return f"{data.get(kind, 'its O - E and variances')} {by}{', of the persons without the event' if swapped else ''}"


def _model_words(method: str, random: bool | None) -> str:
    names = {"MH": "Mantel-Haenszel", "PETO": "Peto", "IV": "inverse variance"}
    if not method and random is None:
        return "the weights do not tell how they are pooled"
    model = {True: "random effects", False: "a fixed effect", None: "fixed or random (no heterogeneity)"}
    by = f"by {names[method]}, " if method else ""
    return f"pooled {by}{model[random]}"


def _stray(kind: str, data: Mapping[str, Array], rows: Sequence[Cells]) -> str:
    """Numbers of another kind in some rows, which the review does not use."""
    other = {"generic": "GIV SE", "o-e": "Variance", "continuous": "Experimental SD"}
    found = [
        f"{name} of {_studies(np.flatnonzero(data[name] > 0), rows)}"
        for word, name in other.items()
        if word != kind and (data[name] > 0).any()
    ]
    return f"; not used: {', '.join(found)}" if found else ""


def _studies(positions: NDArray[np.intp], rows: Sequence[Cells]) -> str:
    shown = ", ".join(rows[at].text("Study") for at in positions[:SHOWN].tolist())
    return shown + (f" and {len(positions) - SHOWN} more" if len(positions) > SHOWN else "")


def _odd(at: int, data: Mapping[str, Array]) -> tuple[int, str]:
    mean, low, high = (data[name][at] for name in PRINTED)
    return at, f"it prints {mean:g} [{low:g}; {high:g}], which its numbers do not give"


def _by_columns(data: Mapping[str, Array], *, printed: bool) -> Inferred:
    """Without printed effects that fit: the kind whose numbers most of the rows have."""
    persons = (data["Experimental N"] > 0) & (data["Control N"] > 0)
    sds = (data["Experimental SD"] > 0) & (data["Control SD"] > 0)
    events = data["Experimental cases"] + data["Control cases"] > 0
    complete = {
        "dichotomous": persons & events & ~sds,
        "continuous": persons & sds,
        "generic": data["GIV SE"] > 0,
        "o-e": data["Variance"] > 0,
    }
    counts = {kind: int(has.sum()) for kind, has in complete.items()}
    kind = max(KINDS, key=lambda word: counts[word])  # the first of those with as many
    why = "no row's numbers give its printed effect" if printed else "no effect is printed"
    filled = f"taken for {kind} data, which {counts[kind]} of {len(persons)} rows have"
    return Inferred(
        kind=kind,
        measure="",
        log_scale=kind in ("dichotomous", "o-e"),
        swap_events=False,
        method="PETO" if kind == "o-e" else "",
        random=None,
        how=f"{why}: {filled}; measure and method are not known",
        odd=(),
    )


def _candidates(data: Mapping[str, Array]) -> Iterator[_Candidate]:
    """Every formula, in the order in which a tie is settled."""
    a, n1, c, n2 = (data[f"{arm} {what}"] for arm in ARMS for what in ("cases", "N"))
    usable = (n1 > 0) & (n2 > 0) & (a >= 0) & (c >= 0) & (a <= n1) & (c <= n2) & (a + c > 0)
    a, n1, c, n2 = (np.where(usable, values, np.nan) for values in (a, n1, c, n2))
    for swapped in (False, True):
        cases = (n1 - a, n1, n2 - c, n2) if swapped else (a, n1, c, n2)
        for measure, formula in (("OR", _odds_ratio), ("RR", _risk_ratio), ("RD", _risk_difference)):
            yield _Candidate("dichotomous", measure, *formula(*cases), swapped=swapped)
        yield _Candidate("dichotomous", "OR", *_peto(*cases), method="PETO", swapped=swapped)
    yield from _continuous(data)
    giv, se = np.where(data["GIV SE"] > 0, data["GIV Mean"], np.nan), data["GIV SE"]
    yield _Candidate("generic", "ratio", giv, se)
    yield _Candidate("generic", "difference", giv, se)
    variance = np.where(data["Variance"] > 0, data["Variance"], np.nan)
    yield _Candidate("o-e", "ratio", data["O-E"] / variance, 1 / np.sqrt(variance), method="PETO")


def _continuous(data: Mapping[str, Array]) -> Iterator[_Candidate]:
    m1, s1, n1 = (data[f"Experimental {what}"] for what in ("mean", "SD", "N"))
    m2, s2, n2 = (data[f"Control {what}"] for what in ("mean", "SD", "N"))
    use = (s1 > 0) & (s2 > 0) & (n1 > 0) & (n2 > 0)
    difference = np.where(use, m1 - m2, np.nan)
    yield _Candidate("continuous", "MD", difference, np.sqrt(s1**2 / n1 + s2**2 / n2))
    n = n1 + n2
    spread = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n - 2))
    g = difference / spread * (1 - 3 / (4 * n - 9))
    yield _Candidate("continuous", "SMD", g, np.sqrt(n / (n1 * n2) + g**2 / (2 * (n - 3.94))))


Effects = tuple[Array, Array]


def _cells(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array, Array, Array]:
    """The four cells, 1/2 added to each where one is empty."""
    half = 0.5 * ((a == 0) | (c == 0) | (a == n1) | (c == n2))
    return a + half, n1 - a + half, c + half, n2 - c + half


def _odds_ratio(a: Array, n1: Array, c: Array, n2: Array) -> Effects:
    a, b, c, d = _cells(a, n1, c, n2)
    return np.log(a * d / (b * c)), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _risk_ratio(a: Array, n1: Array, c: Array, n2: Array) -> Effects:
    a, b, c, d = _cells(a, n1, c, n2)
    return np.log(a * (c + d) / (c * (a + b))), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def _risk_difference(a: Array, n1: Array, c: Array, n2: Array) -> Effects:
    """The plain difference; its variance is that of the corrected table where it would be 0."""
    plain = a * (n1 - a) / n1**3 + c * (n2 - c) / n2**3
    a5, b5, c5, d5 = _cells(a, n1, c, n2)
    corrected = a5 * b5 / (a5 + b5) ** 3 + c5 * d5 / (c5 + d5) ** 3
    return a / n1 - c / n2, np.sqrt(np.where(plain > 0, plain, corrected))


def _peto(a: Array, n1: Array, c: Array, n2: Array) -> Effects:
    n, events = n1 + n2, a + c
    variance = n1 * n2 * events * (n - events) / (n**2 * (n - 1))
    return (a - n1 * events / n) / variance, 1 / np.sqrt(variance)


def _near(ours: Array, printed: Array, digits: int) -> NDArray[np.bool_]:
    return np.abs(ours - printed) <= np.maximum(0.51 * 10.0**-digits, RELATIVE * np.abs(printed))


def _agrees(
    one: _Candidate, data: Mapping[str, Array], digits: Mapping[str, int], shown: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    return shown & _near(one.printed(one.yi), data["Mean"], digits["Mean"])


def _score(
    one: _Candidate, data: Mapping[str, Array], digits: Mapping[str, int], shown: NDArray[np.bool_]
) -> tuple[int, int]:
    """Rows whose printed effect a formula gives, and those whose interval as well."""
    effect = _agrees(one, data, digits, shown)
    limits = max(
        int(
            (
                effect
                & _near(one.printed(one.yi - z * one.se), data["CI start"], digits["CI start"])
                & _near(one.printed(one.yi + z * one.se), data["CI end"], digits["CI end"])
            ).sum()
        )
        for z in Z.values()
    )
    return int(effect.sum()), limits


def _by_weights(
    one: _Candidate, data: Mapping[str, Array], digits: Mapping[str, int], rows: Sequence[Cells]
) -> tuple[str, bool | None]:
    """Method and model by which the rows have the weights they print; ("", None) where that is not told."""
    parts = _shares(data["Weight"], rows)
    found: set[tuple[str, bool]] | None = None
    for part in parts:
        if part.sum() < 2:
            continue
        fitting = {
            (method, random)
            for method, random, weights in _weights(one, data, part)
            if _near(100 * weights / weights.sum(), data["Weight"][part], digits["Weight"]).all()
        }
        found = fitting if found is None else found & fitting
    if not found:
        return "", None
    methods, models = {method for method, _ in found}, {random for _, random in found}
    return methods.pop() if len(methods) == 1 else "", models.pop() if len(models) == 1 else None


def _shares(weight: Array, rows: Sequence[Cells]) -> list[NDArray[np.bool_]]:
    """The rows whose weights are shares of one total: all of them, or those of each subgroup."""
    weighted = weight > 0
    total = float(weight[weighted].sum())
    if abs(total - 100) < 1:
        return [weighted]
    subgroups = np.array([cells.text("Subgroup") for cells in rows])
    parts = [weighted & (subgroups == name) for name in dict.fromkeys(subgroups.tolist())]
    return [part for part in parts if abs(float(weight[part].sum()) - 100) < 1]


def _weights(
    one: _Candidate, data: Mapping[str, Array], part: NDArray[np.bool_]
) -> Iterator[tuple[str, bool, Array]]:
    """Method, model and weights of the rows of one total, by each way of pooling."""
    yi, wi = one.yi[part], one.se[part] ** -2.0
    yield "IV", False, wi
    centre = float((wi * yi).sum() / wi.sum())
    yield "IV", True, _random(yi, wi, centre)
    if one.kind == "dichotomous":
        arms = (data[f"{arm} {what}"][part] for arm in ARMS for what in ("cases", "N"))
        a, n1, c, n2 = arms
        share, centre = _mantel_haenszel(one, a, n1, c, n2)
        yield "MH", False, share
        yield "MH", True, _random(yi, wi, centre)


def _random(yi: Array, wi: Array, centre: float) -> Array:
    """Weights with tau2 by DerSimonian and Laird, Q taken about `centre`."""
    excess = float((wi * (yi - centre) ** 2).sum()) - (len(yi) - 1)
    tau2 = max(0.0, excess / float(wi.sum() - (wi**2).sum() / wi.sum()))
    return 1 / (1 / wi + tau2)


def _mantel_haenszel(one: _Candidate, a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, float]:
    """The weights of Mantel and Haenszel and their estimate, on the scale of the effects."""
    if one.swapped:
        a, c = n1 - a, n2 - c
    if one.measure == "RD":
        share = n1 * n2 / (n1 + n2)
        return share, float((share * (a / n1 - c / n2)).sum() / share.sum())
    a, b, c, d = _cells(a, n1, c, n2)
    n = a + b + c + d
    over, under = (a * d, b * c) if one.measure == "OR" else (a * (c + d), c * (a + b))
    return under / n, float(np.log((over / n).sum() / (under / n).sum()))
