"""Figures of pooled evidence: results in, Axes out; each draws results and computes nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "alt": ["alt_text"],
    "files": ["save"],
    "forest_plot": ["forest", "forest_pages"],
    "styles": ["STYLES", "Style"],
    "summary": ["summary_forest"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


if TYPE_CHECKING:
    from pdt_evidence.figures.alt import alt_text as alt_text
    from pdt_evidence.figures.files import save as save
    from pdt_evidence.figures.forest_plot import forest as forest
    from pdt_evidence.figures.forest_plot import forest_pages as forest_pages
    from pdt_evidence.figures.styles import STYLES as STYLES
    from pdt_evidence.figures.styles import Style as Style
    from pdt_evidence.figures.summary import summary_forest as summary_forest
