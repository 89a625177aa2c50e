"""Results, figures and claims -> files: the tables, the figures, one self-contained HTML page."""

from pdt_evidence.reporting.page import report
from pdt_evidence.reporting.reproduce import reproduce

__all__ = ["report", "reproduce"]


def __dir__() -> list[str]:
    return __all__  # what completion offers
