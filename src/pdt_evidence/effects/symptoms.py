"""Which outcomes are symptoms: what therapy is meant to better."""

from __future__ import annotations

import pandas as pd

from pdt_evidence.evidence.tables import NOT_SYMPTOMS

__all__ = ["NOT_SYMPTOMS", "symptom_rows"]


def symptom_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with an effect, of outcomes that therapy is meant to better (not dropout, not use of services)."""
    keep = table["yi"].notna() & table["vi"].notna() & ~table["outcome"].isin(NOT_SYMPTOMS)
    return table[keep].reset_index(drop=True)
