"""Every claim of the article, put to its sources and to the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from pdt_evidence.analysis.conclusions.equivalence import MARGIN as MARGINS_ALLOWED
from pdt_evidence.analysis.conclusions.equivalence import STEINERT_2017
from pdt_evidence.analysis.conclusions.margins import Margin, margin_of
from pdt_evidence.arguments import pandas_of
from pdt_evidence.errors import RequestError, known_options, require_choice, unheard
from pdt_evidence.evidence import claims, fields, load
from pdt_evidence.options import check_options
from pdt_evidence.verdicts.facts import TABLES, Facts, Row
from pdt_evidence.verdicts.own_trials import as_asked, with_effects
from pdt_evidence.verdicts.recipes import findings_of
from pdt_evidence.verdicts.records import Claim, ClaimReport, Finding, Judgement, Under
from pdt_evidence.verdicts.rules import Rules, judge
from pdt_evidence.verdicts.sentences import sentence
from pdt_evidence.verdicts.words import kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_claims"]


@known_options
def check_claims(
    imported: pd.DataFrame | None = None,
    *,
    review: str = "",
    margin: float | Margin | str = STEINERT_2017,
    rules: Rules | None = None,
    evidence: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None,
) -> ClaimReport:
    """Judge each of the article's claims by what its source says and by the numbers held.

    Parameters
    ----------
    imported : DataFrame, optional
        Trials of one cited review that are not bundled, in the schema of `trials`
        (for example from `read_revman`).
    review : str
        The review they belong to, for example "abbass2014".
    margin : float, Margin or str
        The difference that would matter, in standard deviations, where a claim says "just as effective".
    rules : Rules, optional
        Thresholds and the table of rules that make the headline; default: `Rules()`.
    evidence : DataFrame or mapping of str to DataFrame, optional
        Trials to judge by instead of the bundled ones; or several tables by name: "trials", "reviews",
        "sources", "statements". The networks stay the bundled ones. What the trials cannot answer is open, with the
        reason: a column that says nothing, no such row.

    Returns
    -------
    ClaimReport
        One judgement a claim: whether the source says so, whether the numbers bear it out, and the verdict made
        of both by one table of rules (`verdicts/rules.py`); which numbers may answer for a claim is said, with the
        reason, in `claims`. `report.changes(other)` shows which verdicts another margin, rule or table moves.

    Raises
    ------
    RequestError
        For a review, table or margin that is not known.
    EvidenceError
        If imported trials without `yi` and `vi` lack what an effect needs, as in `effect_sizes`.

    Warns
    -----
    EvidenceWarning
        If nothing about the file of the imported trials says that it is that review.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> report = pdt.check_claims()
    >>> report[6].source_says, report[6].numbers_say
    ('stated', 'cannot be checked with open data')
    >>> report["apa-160-studies"].verdict
    'misattributed'
    """
    margin = margin_of(margin)
    check_options(margin=(float(margin), MARGINS_ALLOWED))
    if imported is not None or review:
        imported = _of_review(imported, review)
    if not isinstance(rules, Rules | None):
        raise RequestError(
            f"rules = {rules!r} is a {type(rules).__name__}; give a Rules, as in pdt.Rules(modest=0.3)."
        )
    facts = Facts(
        brought=imported,
        brought_of=review,
        margin=margin,
        rules=rules or Rules(),
        evidence=_tables(evidence),
    )
    with unheard():  # rows excluded are counted in the pools' own report
        judgements = tuple(_judgement(row, facts) for row in claims().to_dict("records"))
    return ClaimReport(judgements=judgements, own_trials="trials" in facts.evidence)


def _of_review(imported: pd.DataFrame | None, review: str) -> pd.DataFrame | None:
    """Imported trials with their effects, once it is said which review they are of."""
    from pdt_evidence.evidence.package import known_reviews
    from pdt_evidence.evidence.readers.provenance import warn_of_another_review

    if not review:
        raise RequestError(
            "imported trials without review: they answer for the claims of one cited review. Name it, as "
            "review='abbass2014'. To judge by trials of your own: evidence=table."
        )
    require_choice("review", review, known_reviews())
    if imported is None:
        return None
    warn_of_another_review(imported, review)
    return with_effects(imported)


def _tables(evidence: pd.DataFrame | Mapping[str, pd.DataFrame] | None) -> dict[str, pd.DataFrame]:
    if evidence is None:
        return {}
    given = evidence if isinstance(evidence, Mapping) else {"trials": evidence}
    tables = {name: pandas_of(table) for name, table in given.items()}
    for name, table in tables.items():
        require_choice("table of evidence", name, TABLES)
        _check_columns(name, table)
    if "trials" in tables:
        tables["trials"] = as_asked(tables["trials"])
    return tables


def _check_columns(name: str, table: pd.DataFrame) -> None:
    """Refuse what is no table, or lacks what the claims ask of it; trials are checked where they are pooled."""
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise RequestError(f"evidence, {name}: expected a DataFrame, found {type(table).__name__}.")
    lacking = [] if name == "trials" else [one.name for one in fields(name) if one.name not in table.columns]
    if lacking:
        raise RequestError(
            f"evidence, {name}: no column {', '.join(map(repr, lacking))}. Start from the bundled table, as in "
            f"pdt.{name}(), and change its rows."
        )


def _judgement(row: Row, facts: Facts) -> Judgement:
    claim = Claim(
        claim_id=row["claim_id"],
        number=int(row["number"]),
        statement=row["statement"],
        review_id=row["review_id"],
        judged_by=row["judged_by"],
        judged_why=row["judged_why"],
        place=row["locator"],
        cites=row["cites"],
    )
    findings = tuple(findings_of(claim.claim_id, facts))
    verdict, why, answers = judge(findings, judged_by=claim.judged_by, rules=facts.rules)
    return Judgement(
        claim=claim,
        verdict=verdict,
        why=why,
        source_says=answers.source,
        numbers_say=answers.numbers,
        findings=findings,
        missing=_missing(claim.claim_id),
        can_be_said=sentence(claim.claim_id, facts, findings),
        under=_under_other_rules(findings, claim.judged_by, facts.rules),
    )


def _under_other_rules(findings: tuple[Finding, ...], judged_by: str, rules: Rules) -> tuple[Under, ...]:
    """The verdict with every pooled number taken under one other rule, for each rule that any of them has."""
    counted = [finding for finding in findings if finding.holds is not None and finding.counts_for(judged_by)]
    others = dict.fromkeys(
        variant.rule for finding in counted for variant in finding.variants if not variant.few
    )
    made = []
    for other in others:
        changed = [finding.under(other) if finding in counted else finding for finding in findings]
        verdict, _, answers = judge(changed, judged_by=judged_by, rules=rules)
        made.append(Under(rule=other, verdict=verdict, numbers_say=answers.numbers))
    return tuple(made)


@cache
def _wanted() -> Sequence[Row]:
    return load("wanted").to_dict("records")


def _missing(claim_id: str) -> tuple[str, ...]:
    """The numbers known to exist and not held that bear on a claim, one line for each kind and owner."""
    by_owner: dict[tuple[str, str], list[Row]] = {}
    for row in _wanted():
        if claim_id in row["claims"].split(";"):
            by_owner.setdefault((row["trial_id"] or row["review_id"], row["what"]), []).append(row)
    lines = []
    for (owner, what), rows in by_owner.items():
        lines.append(f"{owner}: {kind_of(what, rows)}")
    return tuple(lines)
