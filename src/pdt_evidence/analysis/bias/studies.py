"""What every look at bias starts from: effects, precision, clusters and direction, from a fit, a table or arrays."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import checked_studies, without_variances
from pdt_evidence.analysis.one_stratum import one_stratum, refuse_beside_table, rows_of_one_stratum
from pdt_evidence.analysis.pooled.covariances import covariance_of
from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError
from pdt_evidence.evidence.frames import as_pandas, is_table
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.formatting import counted, effects_of
from pdt_evidence.results import PooledEffect

__all__ = [
    "DIRECTIONS",
    "Evidence",
    "Studies",
    "direction_of",
    "open_to_either",
    "several_effects",
    "studies_of",
]

Floats = NDArray[np.float64]
DIRECTIONS = ("positive", "negative", None)
# Comparisons in which those who run trials of PDT want arm 1 to win; in the others either arm may have been wanted.
FAVOURS_PDT = frozenset({"pdt_vs_control", "pdt_vs_active_control", "pdt_plus_medication_vs_medication"})
CLUSTER = "_given_cluster"
STANDARDISED = frozenset({"SMD", "SMCC", "SMCR"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Studies:
    """Effects as they are, and what is known of how they belong together."""

    yi: Floats
    vi: Floats
    by_n: Floats | None  # sqrt(1 / n1 + 1 / n2); None where an arm's size is not known
    cluster: NDArray[np.intp] | None  # codes 0 ... m-1; None where every effect is a trial of its own
    V: Floats | None  # sampling covariance (k, k) of effects in clusters
    rho: float
    measure: str
    level: float
    method: str
    test: str
    comparisons: tuple[str, ...]
    fit: PooledEffect | None
    events: tuple[Floats, Floats] | None = (
        None  # with an event, and persons, of both arms; None where not known
    )
    how: tuple[str, ...] = ()  # of a table: which trials, how their rows became values, what was left out

    def is_beyond(self, estimate: float) -> bool:
        """Whether an estimate lies outside of all effects: its method extrapolates."""
        return not np.isnan(estimate) and not self.yi.min() <= estimate <= self.yi.max()

    @property
    def k(self) -> int:
        """Effects."""
        return len(self.yi)

    @property
    def trials(self) -> int:
        """Trials behind the effects."""
        return int(self.codes.max()) + 1

    @property
    def codes(self) -> NDArray[np.intp]:
        """A cluster for every effect: its own where there are none."""
        return np.arange(self.k) if self.cluster is None else self.cluster

    def precision(self, word: str | None) -> tuple[str, Floats]:
        """The measure of precision by its word, "sei" or "n"; None takes "n" for standardised differences.

        Raises
        ------
        RequestError
            For "n" where an arm's size is missing.
        """
        if word is None:
            word = "n" if self.measure in STANDARDISED and self.by_n is not None else "sei"
        if word == "sei":
            return word, np.sqrt(self.vi)
        if self.by_n is None:
            raise RequestError(
                "precision = 'n' needs the persons in both arms (n_t, n_c) of every study, and some are missing. "
                "Add them, or use precision='sei'."
            )
        return word, self.by_n


Evidence = PooledEffect | pd.DataFrame | Studies | ArrayLike


def studies_of(
    data: Evidence,
    vi: ArrayLike | None = None,
    *,
    cluster: Iterable[Hashable] | str | None = None,
    rho: float | None = None,
    caller: str = "bias",
) -> Studies:
    """Studies of a pooled effect, a table of trials, or arrays; `caller` is the public function that wants them.

    A table is one stratum, its rows are those that `synthesize` pools, one value a trial. A multilevel fit brings its
    clusters and `rho` along; `cluster` gives them otherwise, and then each row of a table is kept: one name an
    effect, or the name of a column.
    """
    if isinstance(data, Studies):
        return data
    if isinstance(data, PooledEffect):
        if vi is not None:
            raise RequestError("A pooled effect brings its variances along: leave vi out.")
        return _of_fit(data, cluster, rho)
    if is_table(data):
        refuse_beside_table(vi=vi)
        return _of_table(as_pandas(data), cluster, rho, caller)
    if vi is None:
        raise without_variances(data)
    y, v, _ = checked_studies(data, vi, None)
    return _made(y, v, {}, _names(cluster, {}, len(y)), rho, None)


def several_effects(studies: Studies) -> tuple[str, ...]:
    """The sentence that k is no number of studies, where trials have several effects."""
    return () if studies.cluster is None else (f"k counts effects: {effects_of(studies.k, studies.trials)}.",)


def open_to_either(comparisons: Iterable[Any]) -> list[str]:
    """Those of the words for comparisons of which it is not known which arm selection favours."""
    return [one for one in _distinct(comparisons) if one not in FAVOURS_PDT]


def direction_of(studies: Studies, direction: str | None) -> tuple[float, str]:
    """1.0 or -1.0, the sign of the effects that selection favours, and the sentence that says why.

    Raises
    ------
    RequestError
        Where the comparison leaves open which arm selection favours and nobody has said it.
    """
    if direction == "positive":
        return 1.0, "Selection is taken to favour effects above 0, as given."
    if direction == "negative":
        return -1.0, "Selection is taken to favour effects below 0, as given."
    if open_ones := open_to_either(studies.comparisons):
        raise RequestError(
            f"Which results would have been published sooner is not known for {', '.join(open_ones)}: trials of two "
            "treatments are run by friends of either. Give direction='positive' (effects above 0 are favoured) or "
            "direction='negative'."
        )
    why = " (psychodynamic therapy against a control)" if studies.comparisons else ""
    return 1.0, f"Selection is taken to favour effects above 0{why}."


def _of_fit(fit: PooledEffect, cluster: Any, rho: float | None) -> Studies:
    if not len(fit.yi):
        raise RequestError("This result holds no studies: pool effects first, and give that result.")
    columns: dict[str, Any] = {name: np.asarray(values) for name, values in fit.columns.items()}
    if isinstance(fit, MultilevelEffect):
        if cluster is None:
            cluster = list(fit.cluster)
        rho = fit.rho if rho is None else rho
        if np.isnan(rho):
            raise RequestError("This fit was given a V that it does not keep: give rho= as well.")
    return _made(fit.yi, fit.vi, columns, _names(cluster, columns, fit.k), rho, fit)


def _of_table(table: pd.DataFrame, cluster: Any, rho: float | None, caller: str) -> Studies:
    if cluster is None:
        found = one_stratum(table, caller, **({} if rho is None else {"rho": rho}))
        return replace(_of_fit(found.fit, None, rho), how=found.how)
    if not isinstance(cluster, str):  # one name a row: it goes where its row goes
        table, cluster = _with_clusters(table, list(cluster)), CLUSTER
    rows, how = rows_of_one_stratum(table, caller)
    y, v, _ = checked_studies(rows["yi"].tolist(), rows["vi"].tolist(), rows["row_id"].tolist())
    columns: dict[str, Any] = {str(name): rows[name].to_numpy() for name in rows.columns}
    return replace(_made(y, v, columns, _names(cluster, columns, len(y)), rho, None), how=how)


def _with_clusters(table: pd.DataFrame, names: list[Hashable]) -> pd.DataFrame:
    if len(names) != len(table):
        raise EvidenceError(
            f"cluster has {counted(len(names), 'name')} for {counted(len(table), 'effect')}; each effect needs one."
        )
    return table.assign(**{CLUSTER: pd.Series(names, index=table.index, dtype=object)})


def _names(cluster: Any, columns: dict[str, Any], k: int) -> Sequence[Hashable] | None:
    """One name an effect, checked; None where each is alone."""
    if cluster is None:
        return None
    if isinstance(cluster, str):
        if cluster not in columns:
            raise SchemaError(missing_column(cluster, list(columns)))
        cluster = columns[cluster]
    names = list(cluster)
    if len(names) != k:
        raise EvidenceError(
            f"cluster has {counted(len(names), 'name')} for {counted(k, 'effect')}; each effect needs one."
        )
    blank = [str(i + 1) for i, name in enumerate(names) if pd.isna(name) or not str(name).strip()]
    if blank:
        raise EvidenceError(f"cluster names none for the effects {', '.join(blank)}. Fill it in.")
    return names if len(set(names)) < k else None


def _made(
    y: Floats,
    v: Floats,
    columns: dict[str, Any],
    names: Sequence[Hashable] | None,
    rho: float | None,
    fit: PooledEffect | None,
) -> Studies:
    codes = None if names is None else pd.factorize(np.array(names, dtype=object))[0].astype(np.intp)
    rho = 0.6 if rho is None else rho
    measures = {str(one) for one in columns.get("measure", ()) if isinstance(one, str)}
    measure = fit.measure if fit is not None else measures.pop() if len(measures) == 1 else "GEN"
    return Studies(
        yi=y,
        vi=v,
        by_n=_by_n(columns),
        cluster=codes,
        V=None if codes is None else covariance_of(y, v, codes, columns, rho, measure),
        rho=rho,
        measure=measure,
        level=0.95 if fit is None else fit.level,
        method=fit.method if fit is not None else "REML",
        test=fit.test if fit is not None else "knha",
        comparisons=_distinct(columns.get("comparison", ())),
        fit=fit,
        events=_events(columns),
    )


def _distinct(words: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(one) for one in words if isinstance(one, str) and one}))


def _by_n(columns: dict[str, Any]) -> Floats | None:
    if not {"n_t", "n_c"} <= columns.keys():
        return None
    n_t, n_c = (
        pd.to_numeric(pd.Series(columns[name]), errors="coerce").to_numpy(float) for name in ("n_t", "n_c")
    )
    known = (n_t > 0) & (n_c > 0)
    return np.sqrt(1 / n_t + 1 / n_c) if known.all() else None


def _events(columns: dict[str, Any]) -> tuple[Floats, Floats] | None:
    names = ("event_t", "event_c", "n_t", "n_c")
    if not set(names) <= columns.keys():
        return None
    arms = [pd.to_numeric(pd.Series(columns[name]), errors="coerce").to_numpy(float) for name in names]
    events, persons = arms[0] + arms[1], arms[2] + arms[3]
    return (events, persons) if np.isfinite(events + persons).all() else None
