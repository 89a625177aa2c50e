"""Commands that ask a question of pooled trials: equivalence, moderators, asymmetry, bias, rules of pooling."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pdt_evidence.cli.evidence import (
    heading,
    note,
    one_stratum,
    pooling,
    said,
    synthesis_of,
    table_of,
)
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import as_word
from pdt_evidence.screen import emphasised, wrapped

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from pdt_evidence.analysis.meaning.findings import Findings
    from pdt_evidence.results import PooledEffect

FINDINGS_FORMATS = (".html", ".docx", ".tex", ".csv")


def equivalence_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.conclusions.equivalence import equivalence

    synthesis, _, about = synthesis_of(arguments)
    margin = _margin(arguments, list(synthesis.strata.values()))
    for effect in synthesis.strata.values():
        heading(effect.stratum)
        found = equivalence(effect, margin=margin, alpha=arguments.alpha, better=arguments.better)
        first, _, verdict = found.summary().rpartition("Verdict: ")
        said(f"k = {effect.k}. {first.rstrip()}")
        text = wrapped(f"Verdict: {verdict}").replace(found.verdict, emphasised(found.verdict), 1)
        print(f"{text}\n")
    said(about)


def _margin(arguments: argparse.Namespace, effects: Sequence[PooledEffect]) -> Any:
    """The margin that is asked for; without one that of the field, which is of standardised differences."""
    if arguments.margin is None:
        others = sorted({effect.measure for effect in effects} - {"SMD"})
        if others:
            raise RequestError(
                f"A margin is needed for {', '.join(others)}: --margin 0.25, on the scale that is pooled (logarithms "
                "of ratios). Only standardised differences have one by themselves, 0.25 (Steinert 2017)."
            )
        return "STEINERT_2017"
    try:
        return float(arguments.margin)
    except ValueError:
        return arguments.margin


def metareg_command(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from pdt_evidence.analysis.regression.metaregression import metareg

    if arguments.dependence == "three-level":
        raise RequestError(
            "A regression has no model of three levels. For several effects a trial: --dependence che."
        )
    synthesis, _, about = synthesis_of(arguments)
    # The rows of the pools, so that without moderators the regression gives the pool.
    table = pd.concat([effect.studies() for effect in synthesis.strata.values()], ignore_index=True)
    table = table.assign(study=table["label"])  # as the file calls it
    options: dict[str, Any] = {"level": arguments.level}
    if table["trial_id"].duplicated().any():
        options |= {"cluster": "trial_id", "rho": arguments.rho}
    else:
        options |= {"method": arguments.method, "test": arguments.test}
    _warn_of_mixture(table)
    said(f"{metareg(arguments.formula, table, **options).summary()}\n\n{about}")


def _warn_of_mixture(table: pd.DataFrame) -> None:
    """Say where one regression holds effects of several kinds."""
    for column in ("comparison", "outcome", "follow_up", "measure"):
        found = sorted(set(table[column].dropna().astype(str))) if column in table.columns else []
        if len(found) > 1:
            name = {"follow_up": "follow-up"}.get(column, column)
            note(f"{len(found)} kinds of {name} go into one model ({', '.join(found)}); --select takes some.")


def funnel_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.figures import funnel, save

    synthesis, _, about = synthesis_of(arguments)
    save(funnel(one_stratum(synthesis), title=arguments.title), arguments.out)
    said(f"wrote {arguments.out}\n{about}")


def bias_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.bias.overview import bias

    synthesis, _, about = synthesis_of(arguments)
    for effect in synthesis.strata.values():
        heading(effect.stratum)
        said(f"{bias(effect, direction=arguments.direction).summary()}\n")
    said(about)


def findings_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.meaning.findings import findings

    if arguments.out is not None and arguments.out.suffix.lower() not in FINDINGS_FORMATS:
        raise RequestError(
            f"-o {arguments.out}: a summary of findings is written as one of {', '.join(FINDINGS_FORMATS)}."
        )
    synthesis, _, about = synthesis_of(arguments)
    options = {name: getattr(arguments, name) for name in ("minimal", "control_rate", "power")}
    found = findings(synthesis, **{name: value for name, value in options.items() if value is not None})
    if arguments.out is None:
        said(f"{found.summary()}\n\n{about}")
        return
    _write_findings(found, arguments.out)
    said(f"wrote {arguments.out}\n{about}")


def _write_findings(found: Findings, out: Path) -> None:
    from pdt_evidence.evidence.readers.writing import write_all
    from pdt_evidence.reporting.reproduce import write_table

    ending = out.suffix.lower()
    if ending == ".csv":
        write_table(found.to_frame(), out)
    elif ending == ".docx":
        found.to_word(out)
    else:
        text = found.to_latex() if ending == ".tex" else found.to_html()
        write_all({out: text.encode()})


def sensitivity_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.robustness.dependence import sensitivity
    from pdt_evidence.reporting.strata import to_pool

    table, name = table_of(arguments)
    options = pooling(arguments, table)
    by = options["by"]
    table = to_pool(table, by, name)
    if not {"yi", "vi"} <= set(table.columns):
        from pdt_evidence.effects.table import effect_sizes

        table = effect_sizes(table, measure=options["measure"] or "SMD")
    rhos = [0.2, 0.4, 0.6, 0.8]
    kept = {name: options[name] for name in ("method", "test", "level")}
    runs = sensitivity(table, by=by, rhos=rhos, **kept)
    for key, rows in runs.groupby(list(by), sort=False):
        heading(dict(zip(by, map(as_word, key), strict=True)))
        said("\n".join(_runs(rows)) + "\n")
    said(
        "The same rows pooled under every rule for trials with several of them, every correlation, and every "
        "use of counts of persons (events): only where a trial has nothing else, never, always."
    )


RULES_SAID = {
    "one-per-trial": "one row",
    "three-level": "three levels",
    "aggregate": "mean",
    "che": "all, correlated",
    "aggregate, weighed": "weighed mean",
}
EVENTS_SAID = {"fallback": "if alone", "never": "never", "pool": "always"}


def _runs(rows: pd.DataFrame) -> list[str]:
    """A table of runs, one line a rule and correlation; those that counts of persons do not change stand once."""
    from pdt_evidence.formatting import TEXT, aligned

    numbers = [name for name in rows.columns if name != "events"]
    with_events = bool(rows.drop_duplicates(numbers).duplicated(["dependence", "rho"]).any())
    if not with_events:
        rows = rows.drop_duplicates(numbers)
    head = ("rows of a trial", *(["events"] if with_events else []), "rho", "rows", "trials", "estimate", "ci.lb",
            "ci.ub", "p", "tau2", "test")  # fmt: skip
    lines = [
        (
            RULES_SAID[row["dependence"]],
            *([EVENTS_SAID[row["events"]]] if with_events else []),
            TEXT.number(row["rho"], 1),
            str(row["rows"]),
            str(row["trials"]),
            *(TEXT.number(row[name], 3) for name in ("estimate", "ci_low", "ci_high")),
            TEXT.p(row["p"]),
            TEXT.number(row["tau2"], 3),
            str(row["inference"]),
        )
        for row in rows.to_dict("records")
    ]
    return aligned([head, *lines], 1 + with_events)
