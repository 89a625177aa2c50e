"""Published results beside what the rows held here give by the same definition, as far as that goes.

Each `Target` names a printed number and the rows and model that come nearest to it. Whether it is reproduced is
computed: the same numbers to the digits printed, or not; nothing is reproduced where either side is not held.
"""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import floor, isnan, log10, nan
from typing import TYPE_CHECKING, Any

from pdt_evidence.analysis.conclusions.equivalence import STEINERT_2017, equivalence_from_interval
from pdt_evidence.analysis.networks.comparison import pdt_against_cbt
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.per_trial import one_per_trial
from pdt_evidence.effects.symptoms import symptom_rows
from pdt_evidence.effects.trials import trials
from pdt_evidence.errors import EvidenceWarning, known_options, require_choice
from pdt_evidence.evidence import load

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATUSES", "published_results"]

STATUSES = ("reproduced", "differs, because", "differs; why is not known", "cannot be checked")
NOT_HELD = "the published number is not held"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One published result, how it is recomputed, and what stands between the two by construction."""

    name: str
    result: str
    printed: Callable[[], Printed]
    ours: Callable[[], Ours]
    structure: str = ""  # a known difference that no number shows, such as individual data


@known_options
def published_results(names: Sequence[str] | None = None) -> pd.DataFrame:
    """Recompute published results from what is held.

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
    >>> from pdt_evidence.verdicts.recompute import published_results
    >>> published_results(["NICE NG222 network"])["status"].tolist()
    ['cannot be checked']
    """
    import pandas as pd

    for name in names or ():
        require_choice("publication", name, list(dict.fromkeys(target.name for target in TARGETS)))
    wanted = [target for target in TARGETS if names is None or target.name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvidenceWarning)
        return pd.DataFrame([_compared(target) for target in wanted])


def _compared(target: Target) -> dict[str, Any]:
    printed, ours = target.printed(), target.ours()
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


def _review_row(row_id: str) -> dict[str, Any]:
    rows = load("reviews").set_index("row_id")
    return {str(name): value for name, value in rows.loc[row_id].items()}


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
    return symptom_rows(trials())


def _pooled(
    comparison: str | Sequence[str],
    *,
    disorder: Sequence[str] = (),
    outcome: Sequence[str] = (),
    windows: Sequence[str] = ("post",),
    dependence: str = "aggregate",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> Callable[[], Ours]:
    """All rows held that fit, one value a trial."""
    comparisons = [comparison] if isinstance(comparison, str) else list(comparison)

    def compute() -> Ours:
        rows = _held()
        rows = rows[rows["comparison"].isin(comparisons) & rows["follow_up"].isin(windows)]
        rows = rows[rows["disorder"].isin(disorder)] if disorder else rows
        rows = rows[rows["outcome"].isin(outcome)] if outcome else rows
        if rows.empty:
            return Ours()
        fit = next(
            iter(
                synthesize(
                    rows.assign(all_="all"),
                    by="all_",
                    dependence=dependence,
                    method=method,
                    test=test,
                    level=level,
                ).strata.values()
            )
        )
        rows_used = f"{', '.join(comparisons)}; {', '.join(outcome) or 'all symptoms'}; {', '.join(windows)}"
        how = f"{rows_used}; {method}, {test}; {dependence}"
        return Ours(estimate=fit.estimate, ci=fit.ci, k=fit.k, how=how)

    return compute


def release_order() -> pd.DataFrame:
    """HDRS before BDI before any other, whoever rates: the rule of the pool of the depression release."""
    import pandas as pd

    return pd.DataFrame(
        [("*", 1, "hdrs*", "*"), ("*", 2, "bdi*", "*"), ("*", 3, "*", "*")],
        columns=["outcome", "rank", "instrument", "rating"],
    )


def _metapsy(method: str, test: str) -> Callable[[], Ours]:
    """The depression release: its own g, one a trial, HDRS before BDI before any other."""

    def compute() -> Ours:
        # The release calls one comparator usual care that another source calls a therapy, as the rows here do.
        both = [CONTROL, "pdt_vs_active_control"]
        rows = trials(source="metapsy_depression_psyctr", comparison=both, preferred=False)
        rows = one_per_trial(rows, release_order()).chosen
        fit = pool(rows["reported"], rows["reported_se"] ** 2, method=method, test=test)
        how = f"the release's g and standard errors, HDRS before BDI before others; {method}, {test}"
        return Ours(estimate=fit.estimate, ci=fit.ci, k=fit.k, how=how)

    return compute


def _depression_network() -> Ours:
    table = pdt_against_cbt(["depression_nice"]).table
    mixed = table[table["evidence"].eq("mixed")].iloc[0]
    return Ours(
        estimate=mixed["estimate"],
        ci=(mixed["ci_low"], mixed["ci_high"]),
        k=int(mixed["studies"]),
        how="random-effects network of the arms held, trials with a psychological arm only; mixed evidence",
    )


def _metafor(estimate: float, low: float, high: float) -> Callable[[], Printed]:
    """As metafor pools the release (tests/reference/published.R), to two digits."""
    return lambda: Printed(estimate=estimate, ci=(low, high), k=14, where="metafor 3.8-1 on release 24.0.2")


def _steinert_limit() -> Printed:
    row = _review_row("R043")
    bound = max(abs(row["ci_low"]), abs(row["ci_high"]))
    return Printed(
        estimate=bound, level=row["ci_level"] / 100, k=row["k"], where="reviews R043, farther limit"
    )


def _steinert_margin() -> Ours:
    """The smallest margin that two one-sided tests pass, from the printed estimate and interval."""
    row = _review_row("R043")
    test = equivalence_from_interval(
        row["estimate"], (row["ci_low"], row["ci_high"]), row["ci_level"] / 100, margin=STEINERT_2017
    )
    how = f"two one-sided tests of the printed numbers: {test.verdict} within {float(STEINERT_2017):g}"
    return Ours(estimate=test.smallest_margin, k=int(row["k"]), how=how)


CONTROL, CBT = "pdt_vs_control", "pdt_vs_cbt"
ACTIVE = (CBT, "pdt_vs_other_therapy")


def _abbass(outcome: str, row_short: str, row_long: str) -> list[Target]:
    # The printed pools look like fixed-effect ones, so ours are.
    windows = (("short term", row_short, ("post", "short")), ("long term", row_long, ("long",)))
    return [
        Target(
            name="Abbass 2006",
            result=f"{outcome.replace('_', ' ')} against control, {term}",
            printed=_row(row),
            ours=_pooled(CONTROL, outcome=(outcome,), windows=available, method="EE", test="z"),
        )
        for term, row, available in windows
    ]


def _keefe_2020(
    what: str, row: str, outcome: Sequence[str], comparison: str | Sequence[str] = CONTROL
) -> Target:
    against = "control" if comparison == CONTROL else "other active treatments"
    return Target(
        name="Keefe 2020",
        result=f"personality disorders, {what} against {against}",
        printed=_row(row),
        ours=_pooled(comparison, disorder=PERSONALITY_DISORDERS, outcome=outcome),
    )


TARGETS: tuple[Target, ...] = (
    Target(name="Metapsy depression", result="PDT against control, REML, Wald interval",
           printed=_metafor(0.50, 0.22, 0.79), ours=_metapsy("REML", "z")),
    Target(name="Metapsy depression", result="PDT against control, DerSimonian-Laird, Wald interval",
           printed=_metafor(0.50, 0.23, 0.77), ours=_metapsy("DL", "z")),
    Target(name="Metapsy depression", result="PDT against control, REML, Hartung-Knapp interval",
           printed=_metafor(0.50, 0.18, 0.82), ours=_metapsy("REML", "knha")),
    Target(name="NICE NG222 network", result="depression, PDT against CBT", printed=lambda: Printed(),
           ours=_depression_network),
    Target(name="Wienicke 2023", result="depression against control at the end of treatment", printed=_row("R067"),
           ours=_pooled(CONTROL, disorder=("depression",), outcome=("depression",)),
           structure="it pools individual participant data"),
    Target(name="Zhang 2022", result="social anxiety against control", printed=_row("R113"),
           ours=_pooled(CONTROL, disorder=("social_anxiety",), outcome=("anxiety",))),
    Target(name="Zhang 2022", result="social anxiety against active treatments", printed=_row("R112"),
           ours=_pooled(ACTIVE, disorder=("social_anxiety",), outcome=("anxiety",))),
    Target(name="Keefe 2014", result="anxiety disorders against control", printed=_row("R036"),
           ours=_pooled(CONTROL, disorder=ANXIETY_DISORDERS, outcome=("anxiety",), dependence="one-per-trial")),
    Target(name="Keefe 2014", result="anxiety disorders against alternative treatments", printed=_row("R037"),
           ours=_pooled(ACTIVE, disorder=ANXIETY_DISORDERS, outcome=("anxiety",), dependence="one-per-trial")),
    Target(name="Keefe 2014", result="anxiety disorders against alternatives, past a year", printed=_row("R039"),
           ours=_pooled(ACTIVE, disorder=ANXIETY_DISORDERS, outcome=("anxiety",), windows=("long",))),
    _keefe_2020("core symptoms", "R054", ("personality_pathology",)),
    _keefe_2020("suicidality", "R055", ("suicidal_ideation", "suicidal_behaviour")),
    _keefe_2020("general symptoms", "R056", ("general_symptoms",)),
    _keefe_2020("functioning", "R057", ("social_adjustment",)),
    _keefe_2020("interpersonal problems", "R058", ("interpersonal_problems",)),
    _keefe_2020("core symptoms", "R059", ("personality_pathology",), ("pdt_vs_active_control", *ACTIVE)),
    Target(name="Steinert 2017", result="target symptoms against established treatments", printed=_row("R043"),
           ours=_pooled((CBT, "pdt_vs_medication"), dependence="one-per-trial", level=0.90)),
    Target(name="Steinert 2017", result="smallest margin passed by its own numbers (its margin is 0.25)",
           printed=_steinert_limit, ours=_steinert_margin),
    *_abbass("general_symptoms", "R001", "R002"),
    *_abbass("somatic_symptoms", "R003", "R004"),
    *_abbass("anxiety", "R005", "R006"),
    *_abbass("depression", "R007", "R008"),
    *_abbass("social_adjustment", "R009", "R010"),
)  # fmt: skip
