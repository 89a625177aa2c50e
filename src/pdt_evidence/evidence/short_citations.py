"""Sources as a line under a figure names them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any

from pdt_evidence.evidence.package import load

__all__ = ["short_citations"]


@cache
def short_citations() -> Mapping[str, str]:
    """Each bundled source's short citation, by its name in the tables.

    Examples
    --------
    >>> short_citations()["metadat_linde2016"], short_citations()["guthrie2001"]
    ('Linde et al. 2016', 'Guthrie et al. 2001')
    """
    return {row["source_id"]: _short(row) for row in load("sources").to_dict("records")}


def _short(row: Mapping[Hashable, Any]) -> str:
    """The citation up to the first part that has a year or number in it; a release with its version."""
    parts, version = _text(row["citation"]).split(", "), _text(row.get("version"))
    if any(letter.isdigit() for letter in parts[0]):
        return re.sub(r"(\d{4}) \(.*", r"\1", parts[0])
    return ", ".join(parts[:2]) + (f" {version}" if version[:1].isdigit() else "")


def _text(value: object) -> str:
    return "" if value is None or value != value else " ".join(str(value).split())
