"""Figures of pooled evidence: results in, Axes out; each draws results and computes nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pdt_evidence.figures.registry import FIGURES

_OTHERS = {
    "alt_text": "alt.describe",
    "forest_pages": "forests.plot",
    "save": "sheet.files",
    "STYLES": "sheet.styles",
    "Style": "sheet.styles",
    "to_table": "forests.table",
}
HOMES = {name: figure.module for name, figure in FIGURES.items()} | _OTHERS

__all__ = sorted(HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__  # what completion offers


if TYPE_CHECKING:  # written by tools/list_figures.py
    from pdt_evidence.figures.alt.describe import alt_text as alt_text
    from pdt_evidence.figures.charts.bubbles import bubble as bubble
    from pdt_evidence.figures.charts.equivalences import equivalence_plot as equivalence_plot
    from pdt_evidence.figures.charts.funnels import funnel as funnel
    from pdt_evidence.figures.charts.funnels import radial as radial
    from pdt_evidence.figures.charts.influences import baujat as baujat
    from pdt_evidence.figures.charts.influences import drapery as drapery
    from pdt_evidence.figures.charts.influences import orchard as orchard
    from pdt_evidence.figures.charts.lights import traffic_lights as traffic_lights
    from pdt_evidence.figures.charts.network_funnel import network_funnel as network_funnel
    from pdt_evidence.figures.charts.network_graph import network_plot as network_plot
    from pdt_evidence.figures.charts.people import pictograph as pictograph
    from pdt_evidence.figures.charts.powers import power_curve as power_curve
    from pdt_evidence.figures.charts.profiles import bias_summary as bias_summary
    from pdt_evidence.figures.charts.profiles import tau2_profile as tau2_profile
    from pdt_evidence.figures.charts.publication import s_value_curve as s_value_curve
    from pdt_evidence.figures.charts.publication import selection_function as selection_function
    from pdt_evidence.figures.charts.specification import specification_curve as specification_curve
    from pdt_evidence.figures.charts.subsets import gosh_plot as gosh_plot
    from pdt_evidence.figures.charts.time_course import trajectory as trajectory
    from pdt_evidence.figures.charts.updates import update_plot as update_plot
    from pdt_evidence.figures.forests.plot import forest as forest
    from pdt_evidence.figures.forests.plot import forest_pages as forest_pages
    from pdt_evidence.figures.forests.summary import summary_forest as summary_forest
    from pdt_evidence.figures.forests.table import to_table as to_table
    from pdt_evidence.figures.sheet.files import save as save
    from pdt_evidence.figures.sheet.styles import STYLES as STYLES
    from pdt_evidence.figures.sheet.styles import Style as Style
