"""What was reported and where: the bundled data package, and tables that users bring."""

from pdt_evidence.evidence.package import data_version, descriptor, fields, load
from pdt_evidence.evidence.tables import claims, members, reviews, select_trials, sources, statements
from pdt_evidence.evidence.windows import WINDOW_EDGES, WINDOWS, follow_up_window

__all__ = [
    "WINDOWS",
    "WINDOW_EDGES",
    "claims",
    "data_version",
    "descriptor",
    "fields",
    "follow_up_window",
    "load",
    "members",
    "reviews",
    "select_trials",
    "sources",
    "statements",
]


def __dir__() -> list[str]:
    return __all__  # what completion offers
