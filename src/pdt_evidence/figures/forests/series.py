"""Pooled results as rows: strata, models, steps of a series, treatments of a network.

`ADAPTERS` has for every kind of result how it comes to such rows; one layout serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.forests.arms import arms_of
from pdt_evidence.figures.forests.layout import in_order, levels_of
from pdt_evidence.figures.forests.rows import path_of
from pdt_evidence.figures.sheet import words
from pdt_evidence.formatting import Format, counted
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    from pdt_evidence.analysis.bias.overview import Bias
    from pdt_evidence.analysis.networks.comparison import HeadToHead
    from pdt_evidence.analysis.networks.result import Network
    from pdt_evidence.analysis.regression.moderators import Moderation
    from pdt_evidence.analysis.robustness.refits import PooledSeries

__all__ = ["ADAPTERS", "SORTS", "Series", "kind_of", "series_of"]

EVIDENCE = {"direct": "Direct", "indirect": "Indirect", "mixed": "Both together"}
NETWORKS = {  # as `pdt_against_cbt` names them -> as a reader does
    "sad_mayowilson2014": "Social anxiety (G)",
    "depression_nice": "Depression (G)",
    "metapsy_pdt_multiarm:depression": "Depression (M)",
    "metapsy_pdt_multiarm:generalised_anxiety": "Generalised anxiety (M)",
    "metapsy_pdt_multiarm:social_anxiety": "Social anxiety (M)",
    "metapsy_pdt_multiarm:ptsd": "PTSD (M)",
}
LEVELS = ("outcome", "follow_up")  # headings, outermost first; the comparison comes last, as the row
SORTS: dict[str, Callable[[PooledEffect, str], Any]] = {
    "effect": lambda effect, _: effect.estimate,
    "precision": lambda effect, _: effect.se,
    "label": lambda _, name: name.casefold(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Results in order with the words that stand for each: headings, then the row's own."""

    effects: Sequence[PooledEffect]
    paths: Sequence[tuple[str, ...]]
    title: str = ""
    stratum: Mapping[str, str] = field(
        default_factory=dict
    )  # what all rows share, a title where there is none
    levels: Sequence[str] = ("",)  # the columns that the words of a path are of
    head: str = ""
    over: str = ""  # a heading above all rows
    hues: Sequence[int] = ()
    arms: tuple[str, str] | None = None
    counts: str = "Studies"  # what k is the number of
    whole: PooledEffect | None = None  # what all rows are variations of: a diamond below them
    spread: Any = None  # heterogeneity that the rows share
    in_turn: bool = False  # each row builds on the one before
    signed: bool = False  # above no effect is good for the row's own treatment
    results: Sequence[int] = ()  # rows that are what the rows above them come to
    tests: Mapping[tuple[str, ...], tuple[str, ...]] = field(
        default_factory=dict
    )  # headings -> what is tested of their rows
    models: bool = False  # the rows are models, each with a method of its own
    notes: Sequence[str] = ()

    @property
    def studies(self) -> Sequence[PooledEffect]:
        """The results that hold the rows' studies, each study once."""
        if self.whole is not None:
            return [self.whole]
        return self.effects[:1] if self.models else self.effects


def kind_of(result: Any, kinds: Mapping[str, Any]) -> str:
    """Which of `kinds` a result is, by the names of its classes, so that asking imports none; "" for none."""
    names = [cls.__name__ for cls in type(result).__mro__]
    names += ["Mapping"] if isinstance(result, Mapping) else []
    return next((name for name in names if name in kinds), "")


def series_of(result: Any) -> Series:
    """The rows of a result of one of the kinds of `ADAPTERS`."""
    return ADAPTERS[kind_of(result, ADAPTERS)](result)


def _of_strata(synthesis: Synthesis) -> Series:
    strata = [stratum for stratum in synthesis.strata.values() if stratum.k]
    _refuse_empty(strata)
    by = synthesis.by
    order = (*LEVELS, *(name for name in by if name not in (*LEVELS, "comparison")), "comparison")
    levels, shared = levels_of(strata, by, order)
    strata = in_order(strata, levels)
    kinds = list(dict.fromkeys(stratum.stratum.get("comparison", "") for stratum in strata))
    return Series(
        effects=strata,
        paths=[path_of(stratum, levels) or ("",) for stratum in strata],
        stratum=shared,
        levels=levels or [""],
        hues=[kinds.index(stratum.stratum.get("comparison", "")) for stratum in strata],
    )


def _of_mapping(results: Mapping[str, PooledEffect]) -> Series:
    if not all(isinstance(effect, PooledEffect) for effect in results.values()):
        found = sorted({type(effect).__name__ for effect in results.values()} - {"PooledEffect"})
        raise RequestError(
            f"A mapping of names to PooledEffect is drawn as rows; this one holds {', '.join(found)}."
        )
    effects = [effect for effect in results.values() if effect.k]
    _refuse_empty(effects)
    stratum = dict(effects[0].stratum)
    same = all(dict(effect.stratum) == stratum for effect in effects)
    paths = [(str(name),) for name, effect in results.items() if effect.k]
    return Series(effects=effects, paths=paths, stratum=stratum if same else {}, models=True)


def _of_bias(found: Bias) -> Series:
    """The methods that apply, the uncorrected estimate first and told apart; why the others do not, below."""
    effects = found.effects()
    _refuse_empty(list(effects.values()))
    heading = words.heading(found.stratum)
    return Series(
        effects=list(effects.values()),
        paths=[(name[0].upper() + name[1:],) for name in effects],
        title=f"{heading}: corrected for publication bias" if heading else "Corrected for publication bias",
        head="Method",
        hues=[int(name != "uncorrected") for name in effects],
        counts="Effects" if found.trials < found.k else "Studies",
        notes=[f"Not shown: {'; '.join(found.silent)}."] if found.silent else [],
    )


def _of_refits(series: PooledSeries) -> Series:
    """Each step a row; below them the fit of all studies."""
    full = series.full
    shared = {name: getattr(series, name) for name in ("measure", "method", "test", "level", "pi_rule")}
    effects = [
        PooledEffect(
            **shared,
            **_numbers(series, i),
            k=int(series.k[i]),
            ci=(float(series.ci[i][0]), float(series.ci[i][1])),
            pi=(float(series.pi[i][0]), float(series.pi[i][1])),
        )
        for i in range(len(series))
    ]
    in_turn = series.kind == "cumulative"
    return Series(
        effects=effects,
        paths=[(name,) for name in series.labels],
        stratum=levels_of([full], (), LEVELS)[1],
        head="Study added" if in_turn else "Study left out",
        arms=arms_of([full]),
        counts="Effects" if words.clustered(full) and full.trials < full.k else "Studies",
        whole=full,
        in_turn=in_turn,
    )


def _numbers(series: PooledSeries, i: int) -> dict[str, Any]:
    names = ("estimate", "se", "p", "df", "tau2", "I2")
    return {name: float(getattr(series, name)[i]) for name in names}


def _of_network(network: Network) -> Series:
    """Every other treatment against the reference, the largest effect first; k counts direct studies."""
    names = list(network.treatments)
    base = names.index(network.reference)
    others = sorted((i for i in range(len(names)) if i != base), key=lambda i: -network.estimates[i, base])
    effects = [
        PooledEffect(
            measure=network.measure,
            method=network.method,
            test="z",
            level=network.level,
            k=int(network.direct.k[i, base]),
            estimate=float(network.estimates[i, base]),
            se=float(network.standard_errors[i, base]),
            ci=(float(network.ci_low[i, base]), float(network.ci_high[i, base])),
            p=network.comparison(names[i], network.reference).p,
        )
        for i in others
    ]
    reference = words.within("", network.reference)
    size = f"{counted(network.k)} of {counted(len(names), 'treatment')}"
    return Series(
        effects=effects,
        paths=[(names[i],) for i in others],
        title="Network meta-analysis",
        head="Treatment",
        over=f"Against {reference}",
        arms=("treatment", reference),
        counts="Direct studies",
        signed=True,
        spread=network,
        notes=(
            f"Network of {size}; direct studies compare a treatment with {reference} themselves.",
            *(words.in_signs(note) for note in network.notes),
        ),
    )


def _of_head_to_head(found: HeadToHead) -> Series:
    """Each network a group: direct and indirect evidence, and what both come to as its result."""
    table = found.table[found.table["estimate"].notna()]
    alone = table.groupby("network")["evidence"].transform("nunique") < 3
    table = table[
        ~alone | table["evidence"].eq("direct")
    ]  # without indirect evidence mixed is direct once more
    rows = table.to_dict("records")
    effects = [_of_record(row, row["studies"], "z") for row in rows]
    _refuse_empty(effects)
    return Series(
        effects=effects,
        paths=[
            (NETWORKS.get(str(row["network"]), str(row["network"])), EVIDENCE[row["evidence"]])
            for row in rows
        ],
        title="PDT against CBT: direct, indirect and mixed evidence",
        head="Evidence",
        counts="Studies of the network",
        levels=("network", "evidence"),
        arms=("PDT", "CBT"),
        signed=True,
        results=[i for i, row in enumerate(rows) if row["evidence"] == "mixed"],
        notes=["G: network of a guideline. M: trials of several arms."],
    )


def _of_moderation(found: Moderation) -> Series:
    """Each moderator a group of its levels, with its test; slopes are on another scale and not shown."""
    table = found.table[found.table["estimate"].notna() & ~found.table["level"].str.startswith("per ")]
    rows = table.to_dict("records")
    effects = [_of_record(row, row["trials"], "CR2") for row in rows]
    _refuse_empty(effects)
    form = Format()
    named = [tuple(name[:1].upper() + name[1:] for name in (row["moderator"], row["level"])) for row in rows]
    slopes = sorted(set(found.table["moderator"]) - set(table["moderator"]))
    return Series(
        effects=effects,
        paths=named,
        title="PDT versus control: by what the trials are like",
        head="Trials",
        counts="Trials",
        levels=("moderator", "level"),
        arms=("PDT", "control"),
        signed=True,
        tests={
            path[:1]: (
                "Do they differ?",
                f"{form.p_value(row['p'])},",
                f"adjusted for several tests {form.p_value(row['p_holm'])}",
            )
            for path, row in zip(named, rows, strict=True)
        },
        notes=[f"Slopes not shown: {', '.join(map(words.within, [''] * len(slopes), slopes))}."]
        if slopes
        else [],
    )


def _of_record(row: Mapping[Any, Any], k: int, test: str) -> PooledEffect:
    ci = (row["ci_low"], row["ci_high"])
    return PooledEffect(measure="SMD", k=int(k), estimate=row["estimate"], se=row["se"], ci=ci, test=test)


def _refuse_empty(effects: Sequence[PooledEffect]) -> None:
    if not effects:
        raise RequestError("There is nothing to draw: no result holds a study.")


ADAPTERS: dict[str, Callable[[Any], Series]] = {
    "Synthesis": _of_strata,
    "PooledSeries": _of_refits,
    "Influence": lambda found: _of_refits(found.leave_one_out),
    "Network": _of_network,
    "Bias": _of_bias,
    "HeadToHead": _of_head_to_head,
    "Moderation": _of_moderation,
    "Mapping": _of_mapping,
}
