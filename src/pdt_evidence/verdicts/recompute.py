"""Published results beside what the rows held here give by the same definition, as far as that goes.

Each `Target` names a printed number and the rows and model that come nearest to it. Whether it is reproduced is
computed: the same numbers to the digits printed, or not; nothing is reproduced where either side is not held.
"""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import floor, isnan, log10, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from pdt_evidence.analysis.networks.comparison import pdt_against_cbt
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.symptoms import symptom_rows
from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import known_options, require_choice, unheard
from pdt_evidence.evidence import load

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from pdt_evidence.results import PooledEffect

__all__ = ["STATUSES", "published_results"]

STATUSES = ("reproduced", "differs, because", "differs; why is not known", "cannot be checked")
NOT_HELD = "the published number is not held"
NOT_ARMS = "the printed difference is not that of the arms another source gives"
ANXIETY_DISORDERS = ("social_anxiety", "generalised_anxiety", "panic", "depression_and_anxiety")
PERSONALITY_DISORDERS = ("borderline_personality", "avoidant_personality")
DIGITS = 2  # of printed estimates and limits, unless they have more


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A published estimate; NaN where it is not held."""

    estimate: float = nan
    ci: tuple[float, float] = (nan, nan)
    level: float = 0.95
    k: float = nan
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What the rows held give; NaN and k = 0 where there are none."""

    estimate: float = nan
    ci: tuple[float, float] = (nan, nan)
    k: int = 0
    how: str = ""


@dataclass(frozen=True, slots=True)
class Pooled:
    """All rows held that fit, pooled with one value a trial."""

    comparison: tuple[str, ...]
    disorder: tuple[str, ...] = ()  # any, as of outcomes
    outcome: tuple[str, ...] = ()
    windows: tuple[str, ...] = ("post",)
    dependence: str = "aggregate"
    method: str = "REML"
    test: str = "knha"
    level: float = 0.95

    @property
    def settings(self) -> tuple[tuple[str, Any], ...]:
        """The arguments of `synthesize`."""
        names = ("dependence", "method", "test", "level")
        return tuple((name, getattr(self, name)) for name in names)

    def rows(self, table: pd.DataFrame) -> NDArray[np.intp]:
        """The places of the rows that fit."""
        fits = table["comparison"].isin(self.comparison) & table["follow_up"].isin(self.windows)
        for column, words in (("disorder", self.disorder), ("outcome", self.outcome)):
            fits &= table[column].isin(words) if words else True
        return np.flatnonzero(fits)

    def of(self, fit: PooledEffect) -> Ours:
        """Our side of the comparison."""
        what = f"{', '.join(self.comparison)}; {', '.join(self.outcome) or 'all symptoms'}"
        how = f"{what}; {', '.join(self.windows)}; {self.method}, {self.test}; {self.dependence}"
        return Ours(estimate=fit.estimate, ci=fit.ci, k=fit.k, how=how)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One published result, how it is recomputed, and what stands between the two by construction."""

    name: str
    result: str
    printed: Callable[[], Printed]
    ours: Callable[[], Ours] | Pooled
    structure: str = ""  # a known difference that no number shows, such as individual data


@known_options
def published_results(names: Sequence[str] | None = None) -> pd.DataFrame:
    """Recompute what somebody else published from what is held; hits and misses alike.

    Parameters
    ----------
    names : sequence of str, optional
        Only these publications, for example "Steinert 2017"; default: all.

    Returns
    -------
    DataFrame
        One row a result: `publication`, `result`, `published`, `published_low`, `published_high`, `published_k`,
        `level` of both intervals, `where` the number is printed, `ours`, `ours_low`, `ours_high`, `ours_k`, `how`,
        `inside` (whether our estimate lies in the published interval: "yes", "no", "" where that cannot be said),
        `status` (one of `STATUSES`) and `because`. Above 0 favours PDT.

    Raises
    ------
    RequestError
        For a publication that is not known; the error lists those that are.

    Notes
    -----
    "reproduced" means that estimate and limits agree to the digits printed; a difference has a reason only where
    one is known (other trials, individual data). That is to be expected only where the
    same trials are held; where they are not, `inside` tells whether the two are at least compatible.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.published_results(["NICE NG222 network"])["status"].tolist()
    ['cannot be checked']
    """
    import pandas as pd

    targets = [*TARGETS, *single_trials()]
    for name in names or ():
        require_choice("publication", name, list(dict.fromkeys(target.name for target in targets)))
    wanted = [target for target in targets if names is None or target.name in names]
    with unheard():
        pools = _together([target.ours for target in wanted if isinstance(target.ours, Pooled)])
        return pd.DataFrame([_compared(target, pools) for target in wanted])


def _compared(target: Target, pools: Mapping[Pooled, Ours]) -> dict[str, Any]:
    printed = target.printed()
    ours = pools[target.ours] if isinstance(target.ours, Pooled) else target.ours()
    status, because = _status(printed, ours, target.structure)
    low, high = printed.ci
    known = not (isnan(low) or isnan(high) or isnan(ours.estimate))
    return {
        "publication": target.name,
        "result": target.result,
        "published": printed.estimate,
        "published_low": low,
        "published_high": high,
        "published_k": printed.k,
        "level": printed.level,
        "where": printed.where,
        "ours": ours.estimate,
        "ours_low": ours.ci[0],
        "ours_high": ours.ci[1],
        "ours_k": ours.k,
        "how": ours.how,
        "inside": ("yes" if low <= ours.estimate <= high else "no") if known else "",
        "status": status,
        "because": because,
    }


def _status(printed: Printed, ours: Ours, structure: str) -> tuple[str, str]:
    """One of `STATUSES`, and the reason for it where it is not "reproduced"."""
    if isnan(printed.estimate):
        return "cannot be checked", NOT_HELD
    if isnan(ours.estimate):
        return "cannot be checked", "no trial held here fits its definition"
    pairs = [(printed.estimate, ours.estimate), *zip(printed.ci, ours.ci, strict=True)]
    if all(isnan(theirs) or _agrees(theirs, mine) for theirs, mine in pairs):
        return "reproduced", ""
    reasons = [structure] if structure else []
    if not isnan(printed.k) and printed.k != ours.k:
        reasons.append(f"other trials: k = {printed.k:g} there and {ours.k} here")
    elif ours.k == 1:
        reasons.append("one trial is held here")
    if reasons:
        return "differs, because", "; ".join(reasons)
    known = "" if not isnan(printed.k) else "its number of trials is not held"
    return "differs; why is not known", known


def _agrees(theirs: float, mine: float) -> bool:
    """Whether `mine` rounds to `theirs`, at the digits that `theirs` is printed with."""
    digits = max(DIGITS, len(f"{theirs:g}".partition(".")[2]))
    return abs(mine - theirs) <= 0.5 * 10**-digits + 10 ** (floor(log10(abs(theirs) + 1)) - 9)


@cache
def _review_rows() -> dict[str, dict[Any, Any]]:
    return {row["row_id"]: row for row in load("reviews").to_dict("records")}


def _review_row(row_id: str) -> dict[Any, Any]:
    return _review_rows()[row_id]


def _row(row_id: str) -> Callable[[], Printed]:
    """A row of `reviews`, by its id."""

    def read() -> Printed:
        row = _review_row(row_id)
        level = 0.95 if isnan(row["ci_level"]) else row["ci_level"] / 100
        return Printed(
            estimate=row["estimate"],
            ci=(row["ci_low"], row["ci_high"]),
            level=level,
            k=row["k"],
            where=f"reviews {row_id}",
        )

    return read


@cache
def _held() -> pd.DataFrame:
    return symptom_rows(light_trials())


def _together(wanted: Sequence[Pooled]) -> dict[Pooled, Ours]:
    """What is held of each, those of the same settings as strata of one call."""
    held, found = _held(), {}
    for settings in dict.fromkeys(one.settings for one in wanted):
        alike = [one for one in dict.fromkeys(wanted) if one.settings == settings]
        places = [one.rows(held) for one in alike]
        stratum = np.repeat(np.arange(len(alike)), list(map(len, places))).astype(str)
        rows = held.iloc[np.concatenate(places)].assign(stratum=stratum)
        if rows.empty:
            continue
        # A row may be in several strata, and has a name of its own in each.
        rows["row_id"] = rows["stratum"] + ": " + rows["row_id"]
        pools = synthesize(rows, by="stratum", **dict(settings)).strata
        found |= {alike[int(key[0])]: alike[int(key[0])].of(fit) for key, fit in pools.items()}
    return {one: found.get(one, Ours()) for one in wanted}


def _network(name: str, versus: str = "cbt") -> Callable[[], Ours]:
    """PDT against another treatment in a network of the arms held."""

    def compute() -> Ours:
        fit = pdt_against_cbt([name]).fits[name]
        mixed = fit.comparison("pdt", versus)
        return Ours(
            estimate=mixed.estimate,
            ci=mixed.ci,
            k=fit.k,
            how="random-effects network of the arms held, trials with a psychological arm only; mixed evidence",
        )

    return compute


def single_trials() -> list[Target]:
    """Every standardised difference that a trial's own publication prints beside arms that another source gives."""
    table = light_trials(disputed=True, preferred=False)
    kinds = load("sources").set_index("source_id")["kind"]
    kind = table["source_id"].map(kinds)
    arms = table[table["yi_basis"].eq("means") | table["yi_basis"].eq("change")]
    printed = table[kind.eq("trial") & table["reported_metric"].eq("d") & table["reported"].notna()]
    of_contrast: dict[str, list[dict[Any, Any]]] = {}
    for other in arms.to_dict("records"):
        of_contrast.setdefault(other["contrast_id"], []).append(other)
    return [
        _single(row, other)
        for row in printed.to_dict("records")
        for other in of_contrast.get(row["contrast_id"], [])
        if other["row_id"] != row["row_id"]
    ]


def _single(row: dict[Any, Any], arms: dict[Any, Any]) -> Target:
    against = row["comparison"].removeprefix("pdt_vs_").replace("_", " ").replace("cbt", "CBT")
    measure = row["instrument"] or row["outcome"].replace("_", " ")
    level = 0.95 if isnan(row["reported_ci_level"]) else row["reported_ci_level"] / 100
    printed = Printed(
        estimate=row["reported"],
        ci=(row["reported_ci_low"], row["reported_ci_high"]),
        level=level,
        k=1,
        where=f"trials {row['row_id']}",
    )
    # A publication's d may or may not have the small-sample correction: without it our g is divided by it.
    correction = 1 - 3 / (4 * (arms["n_t"] + arms["n_c"] - 2) - 1)
    plain = arms["yi"] / correction
    agrees = _agrees(row["reported"], plain) and not _agrees(row["reported"], arms["yi"])
    half = ndtri(0.5 + level / 2) * sqrt(arms["vi"])
    ci = (nan, nan) if isnan(row["reported_ci_low"]) else (arms["yi"] - half, arms["yi"] + half)
    ours = Ours(
        estimate=plain if agrees else arms["yi"],
        ci=ci,
        k=1,
        how=f"{'d' if agrees else 'g'} from the arms of trials {arms['row_id']} ({arms['source_id']})",
    )
    return Target(
        name=row["study"],
        result=f"{measure} against {against}, one trial",
        printed=lambda: printed,
        ours=lambda: ours,
        structure=NOT_ARMS,
    )


CONTROL, CBT = ("pdt_vs_control",), ("pdt_vs_cbt",)
ACTIVE = (*CBT, "pdt_vs_other_therapy")


def _abbass(outcome: str, row_short: str, row_long: str) -> list[Target]:
    # The printed pools look like fixed-effect ones, so ours are.
    windows = (("short term", row_short, ("post", "short")), ("long term", row_long, ("long",)))
    return [
        Target(
            name="Abbass 2006",
            result=f"{outcome.replace('_', ' ')} against control, {term}",
            printed=_row(row),
            ours=Pooled(CONTROL, outcome=(outcome,), windows=available, method="EE", test="z"),
        )
        for term, row, available in windows
    ]


def _keefe_2020(
    what: str, row: str, outcome: tuple[str, ...], comparison: tuple[str, ...] = CONTROL
) -> Target:
    against = "control" if comparison == CONTROL else "other active treatments"
    return Target(
        name="Keefe 2020",
        result=f"personality disorders, {what} against {against}",
        printed=_row(row),
        ours=Pooled(comparison, disorder=PERSONALITY_DISORDERS, outcome=outcome),
    )


TARGETS: tuple[Target, ...] = (
    Target(name="NICE NG222 network", result="depression, PDT against CBT", printed=lambda: Printed(),
           ours=_network("depression_nice")),
    Target(name="Mayo-Wilson 2014 network", result="social anxiety, PDT against CBT", printed=lambda: Printed(),
           ours=_network("sad_mayowilson2014")),
    Target(name="Mayo-Wilson 2014 network", result="social anxiety, PDT against waiting lists", printed=_row("R183"),
           ours=_network("sad_mayowilson2014", "waitlist"),
           structure="it is a Bayesian network of classes over all its 101 trials; of these are held those with a "
                     "psychological arm"),
    Target(name="Smith & Hewitt 2024", result="depression, PDT against CBT at the end of treatment",
           printed=_row("R160"), ours=Pooled(CBT, disorder=("depression",), outcome=("depression",), level=0.90)),
    Target(name="Smith & Hewitt 2024", result="depression, PDT against CBT within a year", printed=_row("R161"),
           ours=Pooled(CBT, disorder=("depression",), outcome=("depression",), windows=("short", "medium"),
                        level=0.90)),
    Target(name="World Psychiatry 2024", result="borderline symptoms against usual care", printed=_row("R135"),
           ours=Pooled(CONTROL, disorder=("borderline_personality",), outcome=("personality_pathology",))),
    Target(name="Wienicke 2023", result="depression against control at the end of treatment", printed=_row("R067"),
           ours=Pooled(CONTROL, disorder=("depression",), outcome=("depression",)),
           structure="it pools individual participant data"),
    Target(name="Zhang 2022", result="social anxiety against control", printed=_row("R113"),
           ours=Pooled(CONTROL, disorder=("social_anxiety",), outcome=("anxiety",))),
    Target(name="Zhang 2022", result="social anxiety against active treatments", printed=_row("R112"),
           ours=Pooled(ACTIVE, disorder=("social_anxiety",), outcome=("anxiety",))),
    Target(name="Keefe 2014", result="anxiety disorders against control", printed=_row("R036"),
           ours=Pooled(CONTROL, disorder=ANXIETY_DISORDERS, outcome=("anxiety",), dependence="one-per-trial")),
    Target(name="Keefe 2014", result="anxiety disorders against alternative treatments", printed=_row("R037"),
           ours=Pooled(ACTIVE, disorder=ANXIETY_DISORDERS, outcome=("anxiety",), dependence="one-per-trial")),
    Target(name="Keefe 2014", result="anxiety disorders against alternatives, past a year", printed=_row("R039"),
           ours=Pooled(ACTIVE, disorder=ANXIETY_DISORDERS, outcome=("anxiety",), windows=("long",))),
    _keefe_2020("core symptoms", "R054", ("personality_pathology",)),
    _keefe_2020("suicidality", "R055", ("suicidal_ideation", "suicidal_behaviour")),
    _keefe_2020("general symptoms", "R056", ("general_symptoms",)),
    _keefe_2020("functioning", "R057", ("social_adjustment",)),
    _keefe_2020("interpersonal problems", "R058", ("interpersonal_problems",)),
    _keefe_2020("core symptoms", "R059", ("personality_pathology",), ("pdt_vs_active_control", *ACTIVE)),
    Target(name="Steinert 2017", result="target symptoms against established treatments", printed=_row("R043"),
           ours=Pooled((*CBT, "pdt_vs_medication"), dependence="one-per-trial", level=0.90)),
    *_abbass("general_symptoms", "R001", "R002"),
    *_abbass("somatic_symptoms", "R003", "R004"),
    *_abbass("anxiety", "R005", "R006"),
    *_abbass("depression", "R007", "R008"),
    *_abbass("social_adjustment", "R009", "R010"),
)  # fmt: skip
