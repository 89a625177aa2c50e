"""PDT against CBT through networks: directly, through other treatments, and both together.

Three sources are held: a social-anxiety network and a depression network of guidelines, and the multi-arm
trials of PDT, which are fitted by disorder. Treatments are classed as their sources class them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan, nan
from typing import Any

import pandas as pd

from pdt_evidence.analysis.conclusions.equivalence import equivalence
from pdt_evidence.analysis.conclusions.margins import STEINERT_2017, Margin, margin_of
from pdt_evidence.analysis.networks.network import NETWORK_METHODS, Network, network_arms
from pdt_evidence.analysis.networks.transitivity import network_transitivity
from pdt_evidence.errors import known_options, require_choice
from pdt_evidence.evidence import load
from pdt_evidence.evidence.frames import light
from pdt_evidence.formatting import TEXT, as_text, counted
from pdt_evidence.options import Choice, check_options
from pdt_evidence.showing import Brief, Cells, cells_of

__all__ = ["HeadToHead", "network_table", "networks", "pdt_against_cbt"]

EVIDENCE = ("direct", "indirect", "mixed")
PDT, CBT = "pdt", "cbt"
# What a reader would want to see by comparison, to judge whether indirect evidence may be used, and the column
# that has it; "" where no table has.
WANTED_FOR_TRANSITIVITY = {
    "year": "year",
    "n": "n",
    "mean age": "mean_age",
    "percent women": "percent_women",
    "sessions": "n_sessions",
    "weeks of treatment": "weeks",
    "baseline severity": "",
    "follow-up": "",
}
OF_TRIALS = ["mean_age", "percent_women", "n_sessions", "weeks"]
REFERENCES = ("waitlist", "care_as_usual", "other_control", "pill_placebo", "medication")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class HeadToHead(Brief):
    """PDT against CBT in every network held.

    Attributes
    ----------
    table : DataFrame
        One row a network and kind of evidence (direct, indirect, mixed): `studies` and `k_direct`,
        `estimate` (above 0 favours PDT), `se`, `ci_low`, `ci_high`, `direct_share` of the mixed estimate,
        `split_difference`, `split_p` (direct against indirect, NaN where one of them is missing), `margin`, `verdict`
        and `p_equivalence` of two one-sided tests, `smallest_margin` that would be passed, `tau2`, `note`.
    fits : mapping
        Network -> the fitted `Network`.
    arms : mapping
        Network -> the arms that it was fitted to.
    """

    table: pd.DataFrame
    fits: Mapping[str, Network]
    arms: Mapping[str, pd.DataFrame]
    margin: float

    def transitivity(self) -> pd.DataFrame:
        """What the trials of each direct comparison are like, in each network.

        Indirect evidence holds only where trials of one comparison could have been trials of another.

        Returns
        -------
        DataFrame
            One row a network and comparison: `k`, and low, median, high of `year`, `n` (both arms), `mean_age`,
            `percent_women`, `n_sessions` and `weeks` over the trials of which they are known, else NaN.
        """
        return pd.concat([_described(name, rows) for name, rows in self.arms.items()], ignore_index=True)

    def not_held(self) -> dict[str, tuple[str, ...]]:
        """Network -> what would be needed to judge transitivity and is not in the bundled tables."""
        return {name: _not_held(rows) for name, rows in self.arms.items()}

    def to_frame(self) -> pd.DataFrame:
        """The table of estimates."""
        return self.table.copy()

    def summary(self) -> str:
        """The estimates with their verdicts, as text."""
        columns = [
            "network",
            "evidence",
            "k_direct",
            "estimate",
            "ci_low",
            "ci_high",
            "direct_share",
            "verdict",
        ]
        return as_text(self.table[columns])

    def _line(self) -> str:
        mixed = self.table[self.table["evidence"] == "mixed"]
        ends = mixed[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float).tolist()
        said = [
            f"{name} {TEXT.estimate(estimate, (low, high))}"
            for name, (estimate, low, high) in zip(mixed["network"], ends, strict=True)
        ]
        return f"PDT against CBT in {counted(len(self.fits), 'network')}: {'; '.join(said)}"

    def _cells(self) -> Cells:
        effect = ("estimate", "ci_low", "ci_high")
        shown = {
            "studies": "k_direct",
            "effect_ci": effect,
            "direct_share": "direct_share",
            "verdict": "verdict",
        }
        return cells_of(self.table, network="network", evidence="evidence", **shown, τ2="tau2")


@known_options
def networks() -> pd.DataFrame:
    """The networks that can be fitted, one row each.

    Returns
    -------
    DataFrame
        `network` (the name `network_table` and `pdt_against_cbt` take), `network_id`, `disorder`, `outcome`,
        `studies`, `arms`, `treatments`, `with_pdt`, `with_cbt`, `with_both` (studies that have the arms),
        `derived_arms` (numbers computed by the source or by us) and `source_id`.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.networks().set_index("network").loc["sad_mayowilson2014", ["studies", "with_both"]].tolist()
    [50, 2]
    """
    lines = []
    every = light(_available())
    for name, places in _all().items():
        rows = every.iloc[places]
        nodes: list[set[str]] = [set(own["node"]) for _, own in rows.groupby("study")]
        lines.append(
            {
                "network": name,
                "network_id": rows["network_id"].iloc[0],
                "disorder": rows["disorder"].iloc[0],
                "outcome": rows["outcome"].iloc[0],
                "studies": len(nodes),
                "arms": len(rows),
                "treatments": rows["node"].nunique(),
                "with_pdt": sum(PDT in own for own in nodes),
                "with_cbt": sum(CBT in own for own in nodes),
                "with_both": sum({PDT, CBT} <= own for own in nodes),
                "derived_arms": int(rows["verification"].eq("derived").sum()),
                "source_id": " ".join(dict.fromkeys(rows["source_id"])),
            }
        )
    return pd.DataFrame(lines)


def network_table(name: str) -> pd.DataFrame:
    """The arms of one network, as `network_arms` takes them: undisputed first choices, two treatments a study.

    Age, sex, sessions and weeks come from the table of trials, for the trials that it has.

    Parameters
    ----------
    name : str
        One of `networks()["network"]`.

    Raises
    ------
    RequestError
        For a network that is not known.
    """
    require_choice("network", name, list(_all()))
    return _rows(name).merge(_of_trials(), on="trial_id", how="left")


@known_options
def pdt_against_cbt(
    names: Sequence[str] | None = None, *, margin: float | Margin | str = STEINERT_2017, method: str = "REML"
) -> HeadToHead:
    """Compare PDT with CBT in each network, and test for equivalence.

    Parameters
    ----------
    names : sequence of str, optional
        Of `networks()`; default: every network in which trials have PDT and CBT arms.
    margin : float, Margin or str
        The difference that would matter, in standard deviations; as in `equivalence`.
    method : {"REML", "DL", "EE"}
        Of tau2, common to all comparisons of a network.

    Returns
    -------
    HeadToHead

    Raises
    ------
    RequestError
        For a network, margin or method that is not known.

    Notes
    -----
    Direct and indirect estimates use the tau2 of the whole network. In a network of one trial there is no
    tau2 and no indirect evidence; its row is that trial.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.pdt_against_cbt(["metapsy_pdt_multiarm:depression"])
    <HeadToHead: PDT against CBT in 1 network: metapsy_pdt_multiarm:depression -0.29 [-0.79, 0.22]>
    """
    margin = margin_of(margin)
    check_options(method=(method, Choice(NETWORK_METHODS)))
    if names is None:
        listed = networks()
        names = list(listed.loc[listed["with_both"] > 0, "network"])
    tables = {name: network_table(name) for name in names}
    fits = {name: _fitted(name, method) for name in names}
    lines = [line for name, fit in fits.items() for line in _lines(name, fit, margin)]
    return HeadToHead(table=pd.DataFrame(lines), fits=fits, arms=tables, margin=float(margin))


@cache
def _fitted(name: str, method: str) -> Network:
    """A bundled network, fitted once a process: verdicts, published results and the report all ask for it."""
    rows = _rows(name)
    return network_arms(rows, reference=_reference(rows), method=method)


@cache
def _available() -> pd.DataFrame:
    """The arms of all networks that are fit to use."""
    arms = load("networks")
    arms = arms[arms["status"].eq("ok") & arms["preferred"]]
    return arms[arms.groupby(["network_id", "study"])["node"].transform("nunique") > 1]


@cache
def _all() -> dict[str, list[int]]:
    """The places of each network's arms, by name; one that spans disorders is one network a disorder."""
    arms: dict[str, dict[str, list[int]]] = {}
    words = (_available()[name].tolist() for name in ("network_id", "disorder"))
    for at, (network_id, disorder) in enumerate(zip(*words, strict=True)):
        arms.setdefault(network_id, {}).setdefault(disorder, []).append(at)
    return {
        network_id if len(own) == 1 else f"{network_id}:{disorder}": places
        for network_id, own in arms.items()
        for disorder, places in own.items()
    }


def _rows(name: str) -> pd.DataFrame:
    return _available().iloc[_all()[name]]


@cache
def _of_trials() -> pd.DataFrame:
    """What the table of trials says of the patients and the treatment, one row a trial."""
    table = load("trials")
    at_end = table["weeks"].where(table["months_since_end"].eq(0))
    known = table.assign(weeks=at_end)[table["trial_id"].ne("")]
    return known.groupby("trial_id", as_index=False)[OF_TRIALS].mean()


def _reference(rows: pd.DataFrame) -> str:
    present = set(rows["node"])
    return next((node for node in REFERENCES if node in present), sorted(present)[0])


def _lines(name: str, fit: Network, margin: float | Margin) -> list[dict[str, Any]]:
    i, j = fit.treatments.index(PDT), fit.treatments.index(CBT)
    split = fit.split()
    pair = split[split["treatment"].isin([PDT, CBT]) & split["versus"].isin([PDT, CBT])]
    turned = 1.0 if pair["treatment"].item() == PDT else -1.0
    lines = []
    for kind in EVIDENCE:
        one = fit.comparison(PDT, CBT, kind)
        line: dict[str, Any] = {
            "network": name,
            "evidence": kind,
            "studies": fit.k,
            "k_direct": int(fit.direct.k[i, j]),
            "estimate": one.estimate,
            "se": one.se,
            "ci_low": one.ci[0],
            "ci_high": one.ci[1],
            "direct_share": float(fit.direct_share[i, j]),
            "split_difference": turned * pair["difference"].item(),
            "split_p": pair["p"].item(),
            "margin": float(margin),
            "verdict": "",
            "p_equivalence": nan,
            "smallest_margin": nan,
            "tau2": fit.tau2,
            "note": "",
        }
        if isnan(one.estimate) or isnan(one.se):
            line["note"] = f"no {kind} evidence"
        else:
            test = equivalence(one, margin=margin)
            line |= {
                "verdict": test.verdict,
                "p_equivalence": test.p,
                "smallest_margin": test.smallest_margin,
            }
            line["note"] = "tau2 cannot be estimated: fixed model" if isnan(fit.tau2) else ""
        lines.append(line)
    return lines


def _described(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    available = [
        column for column in WANTED_FOR_TRANSITIVITY.values() if column and rows[column].notna().any()
    ]
    table = network_transitivity(rows, columns=available).reset_index()
    table.insert(0, "network", name)
    return table


def _not_held(rows: pd.DataFrame) -> tuple[str, ...]:
    """What is not known of any trial, and what only of some."""
    trials, lacking = rows["study"].nunique(), []
    for word, column in WANTED_FOR_TRANSITIVITY.items():
        known = rows.loc[rows[column].notna(), "study"].nunique() if column else 0
        if known < trials:
            lacking.append(f"{word} (known of {known} of {counted(trials, 'trial')})" if known else word)
    return tuple(lacking)
