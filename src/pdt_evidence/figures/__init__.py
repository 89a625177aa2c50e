"""Figures of pooled evidence: results in, Axes out; each draws results and computes nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "alt": ["alt_text"],
    "files": ["save"],
    "forest_plot": ["forest", "forest_pages"],
    "funnels": ["funnel", "radial"],
    "influences": ["baujat", "drapery", "gosh_plot", "orchard"],
    "network_graph": ["network_plot"],
    "profiles": ["bias_summary", "tau2_profile"],
    "specification": ["specification_curve"],
    "styles": ["STYLES", "Style"],
    "summary": ["summary_forest"],
    "time_course": ["trajectory"],
    "twin": ["to_table"],
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
    from pdt_evidence.figures.funnels import funnel as funnel
    from pdt_evidence.figures.funnels import radial as radial
    from pdt_evidence.figures.influences import baujat as baujat
    from pdt_evidence.figures.influences import drapery as drapery
    from pdt_evidence.figures.influences import gosh_plot as gosh_plot
    from pdt_evidence.figures.influences import orchard as orchard
    from pdt_evidence.figures.network_graph import network_plot as network_plot
    from pdt_evidence.figures.profiles import bias_summary as bias_summary
    from pdt_evidence.figures.profiles import tau2_profile as tau2_profile
    from pdt_evidence.figures.specification import specification_curve as specification_curve
    from pdt_evidence.figures.styles import STYLES as STYLES
    from pdt_evidence.figures.styles import Style as Style
    from pdt_evidence.figures.summary import summary_forest as summary_forest
    from pdt_evidence.figures.time_course import trajectory as trajectory
    from pdt_evidence.figures.twin import to_table as to_table
