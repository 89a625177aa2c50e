"""Author and year of every publication that the tables name: sources, reviews, trials, also those not available."""

from __future__ import annotations

import re
from functools import cache

from pdt_evidence.evidence.package import load
from pdt_evidence.reporting.citations import named

__all__ = ["works"]

GUIDELINES = {"nice_ng222": "NICE guideline NG222"}
AUTHOR_AND_YEAR = re.compile(r"[^\W\d_a-z][^\d,;]* \d{4}\b")


@cache
def works() -> dict[str, str]:
    """Each publication's short citation, by its name in the tables: as its source has it, else as a table cites it.

    Examples
    --------
    >>> from pdt_evidence.reporting.works import works
    >>> works()["abbass2014"], works()["woll_schoenbrodt2020"], works()["storebo2020"]
    ('Abbass et al. 2014', 'Woll & Schönbrodt 2020', 'Storebø et al. 2020')
    """
    return _wanted() | _of_members() | _of_trials() | _of_reviews() | named() | GUIDELINES


def _of_reviews() -> dict[str, str]:
    return dict(load("reviews")[["review_id", "citation"]].itertuples(index=False))


def _of_trials() -> dict[str, str]:
    """The trials as the tables of trials and of members label them."""
    members = load("members")
    members = members[members["trial_id"] != ""]
    trials = load("trials")[["trial_id", "study"]]
    return dict(members[["trial_id", "study_label"]].itertuples(index=False)) | dict(
        trials.itertuples(index=False)
    )


def _of_members() -> dict[str, str]:
    """A review of which members alone are known, as the source of these."""
    table = load("members")[["review_id", "source_id"]]
    return {review: named()[source] for review, source in table.itertuples(index=False) if source in named()}


def _wanted() -> dict[str, str]:
    """What is not available at all, as the list of what is missing says where to find it."""
    table = load("wanted")
    found = {}
    for review, trial, where in table[["review_id", "trial_id", "where_to_find"]].itertuples(index=False):
        cited = AUTHOR_AND_YEAR.match(where)
        text = cited[0] if cited else where.partition(",")[0]
        found.setdefault(review or trial, text[:1].upper() + text[1:].replace(" and ", " & "))
    return found
