"""What the article says, what the numbers say of it."""

from pdt_evidence.verdicts.check import check_claims
from pdt_evidence.verdicts.records import Claim, ClaimReport, Finding, Judgement
from pdt_evidence.verdicts.rules import Rules

__all__ = ["Claim", "ClaimReport", "Finding", "Judgement", "Rules", "check_claims"]


def __dir__() -> list[str]:
    return __all__  # what completion offers
