"""The report: one HTML file that needs nothing else, the answer first and every number two clicks from its source."""

from pdt_evidence.reporting.page.writing import report, write_page

__all__ = ["report", "write_page"]
