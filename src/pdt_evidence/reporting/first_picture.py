"""How the first picture of a page is set, so that a telephone shows it whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

__all__ = ["narrow"]


def narrow() -> dict[str, Any]:
    """Width and style of a first picture that is read on a telephone: 366 pixels leave 11 for its smallest letters."""
    from pdt_evidence.figures.sheet.styles import STYLES

    return {"width": 95, "style": replace(STYLES["default"], size=8.25, small=8.25, smallest=8.25)}
