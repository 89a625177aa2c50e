"""The summary of findings: one row a stratum, with relative and absolute effects and the five domains of certainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.analysis.meaning.absolute import MEASURES, Absolute, absolute, nnt_words
from pdt_evidence.analysis.meaning.certainty import (
    CERTAINTY_RULE,
    DOMAINS,
    Certainty,
    Domain,
    certainty_of,
    domains_of,
    judgements_of,
)
from pdt_evidence.analysis.meaning.findings_files import TableNote, html_table, latex_table, write_word
from pdt_evidence.analysis.meaning.information import sizes_of
from pdt_evidence.errors import EvidenceError, RequestError, known_options
from pdt_evidence.evidence.comparisons import GENERAL, arms_compared
from pdt_evidence.evidence.spoken import heading
from pdt_evidence.formatting import PAGE, RATIOS, counted, effects_of, percent
from pdt_evidence.options import Choice, Number, check_options
from pdt_evidence.results import PooledEffect, Synthesis
from pdt_evidence.showing import Brief, Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finding", "Findings", "findings"]

FIRST = ("Outcome", "Studies (patients)", "Effect", "Without", "With", "Difference", "Certainty")
EFFECT, WITHOUT, CERTAINTY = (FIRST.index(name) for name in ("Effect", "Without", "Certainty"))
NAMES = {"SMD": "Hedges’ g", "GEN": "estimate"}  # of a measure, where it has another


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Finding(Brief):
    """One row: a pooled effect, what it comes to, and its domains of certainty."""

    key: tuple[str, ...]
    fit: PooledEffect
    n: float  # patients; NaN where the size of a study is not known
    meaning: Absolute | None  # None for a measure that has no absolute effect
    domains: tuple[Domain, ...]

    def _line(self) -> str:
        return f"{self.name}, {effects_of(self.fit.k, self.fit.trials)}: {self.cells()[EFFECT]}"

    def _cells(self) -> Cells:
        return [head_of([self])[: len(FIRST)], self.cells()[: len(FIRST)]]

    @property
    def name(self) -> str:
        """The stratum in words, and which treatments are compared where one comparison is pooled."""
        words = {column: word for column, word in self.fit.stratum.items() if column != "comparison"}
        arms = arms_compared(self.fit.stratum, self.fit.columns)
        return ", ".join(
            part for part in (heading(words), "" if arms == GENERAL else " against ".join(arms)) if part
        ) or ", ".join(self.key)

    @property
    def certainty(self) -> Certainty:
        """What the confirmed judgements come to by GRADE."""
        return certainty_of(self.domains)

    def cells(self) -> tuple[str, ...]:
        """The cells of the printed table, in the order of its head."""
        fit = self.fit
        shown = np.exp([fit.estimate, *fit.ci]) if fit.measure in RATIOS else [fit.estimate, *fit.ci]
        null = 1.0 if fit.measure in RATIOS else 0.0
        value, low, high = map(float, shown)
        measure = NAMES.get(fit.measure, fit.measure)
        effect = f"{measure} {PAGE.effect(value, 2, null)} ({PAGE.interval((low, high), 2, null)})"
        trials = f"{fit.trials:g} with {counted(fit.k, 'effect')}" if fit.is_multilevel else str(fit.k)
        size = f"{trials} ({self._patients()})"
        return (
            self.name,
            size,
            effect,
            *self._absolute(),
            str(self.certainty),
            *map(_domain_cell, self.domains),
        )

    def _patients(self) -> str:
        """How many, or how many in the studies whose size is known."""
        sizes = np.array([np.nan]) if self.fit.is_multilevel else sizes_of(self.fit)
        known = np.isfinite(sizes)
        if not known.any():
            return "patients not known"
        total = f"{sizes[known].sum():.0f}"
        return total if known.all() else f"{total} in the {known.sum()} of known size"

    def _absolute(self) -> tuple[str, str, str]:
        a = self.meaning
        if a is None or math.isnan(a.rate):
            return "not known", "not known", "not known"
        low, high = a.rate_ci
        less, more = a.per_1000_ci
        arms = a.control_arms
        event, whose = (
            (arms.what, " (rate of the bundled trials)" if arms.bundled else "") if arms else ("", "")
        )
        return (
            f"{event} in {1000 * a.control_rate:.0f} per 1,000{whose}",
            f"{event} in {1000 * a.rate:.0f} per 1,000 ({1000 * low:.0f} to {1000 * high:.0f})",
            f"{event} in {_signed(a.per_1000)} per 1,000 ({_signed(less)} to {_signed(more)}); "
            f"{nnt_words(a.nnt, a.nnt_ci, a.disjoint)}",
        )

    @property
    def rate_said(self) -> str:
        """The control rate and where it comes from; "" where none is known."""
        arms = self.meaning.control_arms if self.meaning else None
        return f"{100 * arms.value:.0f}%, {arms.basis}" if arms else ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Findings(Brief):
    """A summary of findings; iterate for its rows, or print it.

    Attributes
    ----------
    rows : tuple of Finding
        One a stratum.
    minimal : float
        The minimal difference that the domains are held against.
    """

    rows: tuple[Finding, ...]
    minimal: float
    level: float

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return self.summary()

    def confirm(
        self, key: tuple[str, ...] | str, domain: str, judgement: str, *, by: str, date: str
    ) -> Findings:
        """The same table with what a person decided on one domain of one row, by name and date.

        Parameters
        ----------
        key : tuple of str
            The stratum, as the synthesis has it: ``("depression", "post")``; ``[row.key for row in found]`` has all.
        domain : {"risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias"}
            What was judged.
        judgement : str
            "no concern", "serious", "very serious" or "not assessed", or in GRADE's own words "not serious",
            "extremely serious", and of publication bias "undetected", "strongly suspected".
        by, date : str
            Who, and when (year-month-day).

        Raises
        ------
        RequestError
            For an unknown stratum, domain or judgement, and without a name or a date.

        Examples
        --------
        >>> import pdt_evidence as pdt
        >>> syn = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"))
        >>> found = pdt.findings(syn).confirm(
        ...     ("depression", "post"), "indirectness", "no concern", by="A. Panel", date="2026-11-29"
        ... )
        >>> found.rows[0].domains[2].by
        'A. Panel'
        """
        from datetime import date as day

        key = (key,) if isinstance(key, str) else tuple(key)
        check_options(
            key=(key, Choice([row.key for row in self.rows])),
            domain=(domain, Choice(DOMAINS)),
            judgement=(judgement, Choice(judgements_of(domain))),
        )
        try:
            day.fromisoformat(date)
        except (TypeError, ValueError):
            raise RequestError(f"date = {date!r} must be a date as in '2026-11-29'.") from None
        if not by.strip():
            raise RequestError("by is blank: who decided?")

        def decided(one: Domain) -> Domain:
            return replace(one, judgement=judgement, by=by, date=date) if one.name == domain else one

        rows = [
            replace(row, domains=tuple(map(decided, row.domains))) if row.key == key else row
            for row in self.rows
        ]
        return replace(self, rows=tuple(rows))

    def summary(self) -> str:
        """Each row as a paragraph of lines."""
        parts = []
        for row in self.rows:
            cells = dict(zip(head_of([row]), row.cells(), strict=True))
            lines = [f"{name}: {cell}" for name, cell in cells.items()]
            if row.rate_said:
                lines.insert(CERTAINTY, f"Control rate: {row.rate_said}")
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    def to_frame(self) -> pd.DataFrame:
        """One row a stratum: numbers first, then each domain's rule, number, suggestion, judgement, by, date."""
        import pandas as pd

        return pd.DataFrame([_record(row) for row in self.rows])

    def to_html(self) -> str:
        """The table as HTML that stands by itself, with its rules below."""
        return html_table(*self._table())

    def _line(self) -> str:
        return f"{len(self.rows)} outcome{'' if len(self.rows) == 1 else 's'}, minimal difference {self.minimal:g}"

    def _cells(self) -> Cells:
        shown = len(FIRST)
        return [head_of(self.rows)[:shown], *(row.cells()[:shown] for row in self.rows)]

    def _below(self) -> Iterable[str]:
        return [note.text for note in self._notes()]

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]], list[TableNote]]:
        return head_of(self.rows), [row.cells() for row in self.rows], self._notes()

    def to_latex(self) -> str:
        """The table as a LaTeX tabular with booktabs rules, its notes below as a list."""
        return latex_table(*self._table())

    def to_word(self, path: str | Path) -> None:
        """Write the table as a Word document on landscape pages.

        Raises
        ------
        RequestError
            Where python-docx is not installed, or the path does not end in .docx.
        """
        write_word(Path(path), *self._table())

    def _notes(self) -> list[TableNote]:
        """The rules, where control rates come from, and who confirmed what, each with the cells that it is about."""
        general = (
            f"Intervals at {percent(self.level)}. Suggestions follow the rules below; they are no ratings."
        )
        notes = [TableNote(general, (0, EFFECT)), TableNote(f"Certainty: {CERTAINTY_RULE}", (0, CERTAINTY))]
        if self.rows:
            notes += [
                TableNote(f"{one.name.capitalize()}: {one.rule}", (0, at))
                for at, one in enumerate(self.rows[0].domains, len(FIRST))
            ]
        for line, row in enumerate(self.rows, 1):
            if row.rate_said:
                notes.append(TableNote(f"{row.name}: control rate {row.rate_said}.", (line, WITHOUT)))
            for at, one in enumerate(row.domains, len(FIRST)):
                said = f"{row.name}, {one.name}: {one.judgement}, confirmed by {one.by} on {one.date}."
                notes += [TableNote(said, (line, at))] if one.by else []
        return notes


@known_options
def findings(
    result: Synthesis | PooledEffect,
    *,
    minimal: float = 0.24,
    control_rate: float | Mapping[tuple[str, ...], float] | None = None,
    power: float = 0.9,
    event: str | None = None,
    table: pd.DataFrame | None = None,
) -> Findings:
    """Lay out a summary of findings as GRADE panels use it.

    Parameters
    ----------
    result : Synthesis or PooledEffect
        One row a stratum.
    minimal : float
        The minimal difference that matters, on the scale of the estimates; the tentative one of depression by default
        (`CUIJPERS_2014`).
    control_rate : float or mapping of stratum to float, optional
        Share of responders in the control arm; that of the held control arms where it is not given, see `absolute`.
    power : float
        Of the required information size.
    event, table
        As in `absolute`.

    Returns
    -------
    Findings
        Each domain has a rule, its number and a suggestion, never a rating by itself: a person confirms. The certainty
        of a row is computed from what was confirmed, and "not judged" until all five domains are.

    Raises
    ------
    RequestError
        For another kind of result, a bad rate, and options out of range.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> syn = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"))
    >>> pdt.findings(syn).to_frame()["inconsistency_suggestion"].iloc[0]
    'very serious'
    """
    if isinstance(result, PooledEffect):
        strata = {tuple(result.stratum.values()) or ("all studies",): result}
    elif isinstance(result, Synthesis):  # pyright: ignore[reportUnnecessaryIsInstance]
        strata = dict(result.strata)
    else:
        raise RequestError(
            "findings() takes a Synthesis, as synthesize(table) makes one, or a PooledEffect, "
            f"found {type(result).__name__}."
        )
    check_options(
        minimal=(minimal, Number(low=0, high=math.inf, expected="a difference above 0")),
        power=(power, Number(low=0, high=1, expected="a number between 0 and 1, such as 0.9")),
    )
    rates = dict(control_rate) if isinstance(control_rate, Mapping) else dict.fromkeys(strata, control_rate)
    unknown = [key for key in rates if key not in strata]
    if unknown:
        raise RequestError(
            f"control_rate names {unknown[0]!r}, which is no stratum. There are: {list(strata)}."
        )
    rows, problems = [], []
    for key, fit in strata.items():
        meaning = None
        try:
            if fit.measure in MEASURES:
                meaning = absolute(fit, control_rate=rates.get(key), event=event, table=table)
        except EvidenceError as error:
            problems += [f"{', '.join(key)}: {problem}" for problem in error.problems]
            continue
        n = float(sizes_of(fit).sum()) if fit.k and not fit.is_multilevel else math.nan
        rows.append(Finding(key=key, fit=fit, n=n, meaning=meaning, domains=domains_of(fit, minimal, power)))
    if problems:
        raise RequestError.from_problems(problems, "findings()")
    level = rows[0].fit.level if rows else 0.95
    return Findings(rows=tuple(rows), minimal=float(minimal), level=level)


def head_of(rows: Sequence[Finding]) -> tuple[str, ...]:
    """The head of the table: effects are called relative where all are ratios."""
    ratios = bool(rows) and all(row.fit.measure in RATIOS for row in rows)
    effect = "Relative effect" if ratios else "Effect"
    return (*(effect if name == "Effect" else name for name in FIRST), *map(str.capitalize, DOMAINS))


def _record(row: Finding) -> dict[str, Any]:
    fit, a = row.fit, row.meaning
    record: dict[str, Any] = dict(fit.stratum) or {"stratum": ", ".join(row.key)}
    record |= {"k": fit.k, "n": row.n, "measure": fit.measure, "estimate": fit.estimate}
    record |= {"ci_low": fit.ci[0], "ci_high": fit.ci[1], "pi_low": fit.pi[0], "pi_high": fit.pi[1]}
    nan = math.nan
    record |= {
        "control_rate": a.control_rate if a else nan,
        "control_rate_basis": a.control_arms.basis if a and a.control_arms else "",
        "rate": a.rate if a else nan,
        "difference_per_1000": a.per_1000 if a else nan,
        "difference_per_1000_low": a.per_1000_ci[0] if a else nan,
        "difference_per_1000_high": a.per_1000_ci[1] if a else nan,
        "nnt": a.nnt if a else nan,
    }
    record |= {"certainty": row.certainty.level, "certainty_open": ", ".join(row.certainty.unjudged)}
    for one in row.domains:
        name = one.name.replace(" ", "_")
        for part in ("rule", "number", "suggestion", "judgement", "by", "date"):
            record[f"{name}_{part}"] = getattr(one, part)
    return record


def _domain_cell(one: Domain) -> str:
    suggested = "" if one.suggestion == "not assessed" else " (suggested)"
    decided = f"{one.judgement} (confirmed by {one.by})" if one.by else f"{one.suggestion}{suggested}"
    return f"{decided}: {one.number}" if one.number else decided


def _signed(value: float) -> str:
    return f"{PAGE.number(abs(value), 0)} {'more' if value >= 0 else 'fewer'}"
