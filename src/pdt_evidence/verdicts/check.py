"""Every claim of the article, put to the evidence."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceWarning, known_options
from pdt_evidence.evidence import claims, load
from pdt_evidence.evidence.readers.provenance import warn_of_another_review
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.recipes import RECIPES
from pdt_evidence.verdicts.records import Claim, ClaimReport, Judgement
from pdt_evidence.verdicts.rules import judge
from pdt_evidence.verdicts.sentences import sentence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_claims"]


@known_options
def check_claims(imported: pd.DataFrame | None = None, *, review: str = "") -> ClaimReport:
    """Judge each of the article's claims by the numbers held.

    Parameters
    ----------
    imported : DataFrame, optional
        Trials of one cited review that are not bundled, in the schema of `trials`
        (for example from `read_revman`).
    review : str
        The review they belong to, for example "abbass2014".

    Returns
    -------
    ClaimReport
        One judgement a claim. The verdict follows from the findings by one table of rules
        (`verdicts/rules.py`); which numbers may answer for a claim is said, with the reason, in `claims`.

    Raises
    ------
    EvidenceError
        If imported trials without `yi` and `vi` lack what an effect needs, as in `effect_sizes`.

    Warns
    -----
    EvidenceWarning
        If nothing about the file of the imported trials says that it is that review.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.check_claims()["apa-160-studies"].verdict
    'misattributed'
    """
    if imported is not None:
        warn_of_another_review(imported, review)
    if imported is not None and not {"yi", "vi"} <= set(imported.columns):
        imported = effect_sizes(imported)
    facts = Facts(brought=imported, brought_of=review)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvidenceWarning)  # rows excluded are counted in the pools' own report
        return ClaimReport(judgements=tuple(_judgement(row, facts) for _, row in claims().iterrows()))


def _judgement(row: pd.Series, facts: Facts) -> Judgement:
    claim = Claim(
        claim_id=row["claim_id"],
        number=int(row["number"]),
        statement=row["statement"],
        review_id=row["review_id"],
        judged_by=row["judged_by"],
        judged_why=row["judged_why"],
    )
    findings = tuple(RECIPES[claim.claim_id](facts))
    verdict, why = judge(findings, judged_by=claim.judged_by, source_kind=facts.stands_in(claim.review_id))
    return Judgement(
        claim=claim,
        verdict=verdict,
        why=why,
        findings=findings,
        missing=_missing(claim.claim_id),
        can_be_said=sentence(claim.claim_id, facts),
    )


def _missing(claim_id: str) -> tuple[str, ...]:
    """The numbers known to exist and not held that bear on a claim, one line for each kind and owner."""
    wanted = load("wanted")
    table = wanted[[claim_id in ids.split(";") for ids in wanted["claims"]]]
    table = table.assign(owner=table["trial_id"].where(table["trial_id"] != "", table["review_id"]))
    lines = []
    for (owner, what), rows in table.groupby(["owner", "what"], sort=False):
        outcomes = ", ".join(dict.fromkeys(word.replace("_", " ") for word in rows["outcome"] if word))
        windows = ", ".join(dict.fromkeys(word for word in rows["follow_up"] if word))
        about = " at ".join(part for part in (outcomes, windows) if part)
        lines.append(f"{owner}: {what}{f' ({about})' if about else ''}")
    return tuple(lines)
