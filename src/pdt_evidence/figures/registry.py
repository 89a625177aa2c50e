"""Every figure once: where it is drawn, where it is put in words, what it draws, how large it is by itself.

`pdt_evidence` and `pdt_evidence.figures` take their names from here, `alt_text` its sentences; the stub, the
gallery, the pinned pictures and the tests are checked against it. It imports nothing, so that reading names
loads no drawing.
"""

from typing import NamedTuple

__all__ = ["FIGURES", "Figure"]


class Figure(NamedTuple):
    """One public function that draws.

    Attributes
    ----------
    module : str
        Where the function stands, below `pdt_evidence.figures`.
    words : str
        Where the function of the same name stands that says in sentences what is drawn.
    kinds : tuple of str
        Names of the classes of results that it draws, "Mapping" for any mapping; without one `alt_text` leaves
        it to the figure to refuse.
    size : tuple of two float or None
        Width and height of a new figure in mm unless given; None where what is drawn decides. Heights are the
        least ones of a figure that grows with its rows.
    """

    module: str
    words: str
    kinds: tuple[str, ...]
    size: tuple[float | None, float | None]


_FIT = ("PooledEffect",)
_ROWS = ("Synthesis", "PooledSeries", "Influence", "Network", "Bias", "HeadToHead", "Moderation", "Mapping")

FIGURES: dict[str, Figure] = {
    "forest": Figure("forests.plot", "alt.describe", (), (None, None)),
    "summary_forest": Figure("forests.summary", "alt.describe", _ROWS, (None, None)),
    "trajectory": Figure("charts.time_course", "alt.companions", ("Synthesis",), (150.0, 95.0)),
    "network_plot": Figure("charts.network_graph", "alt.companions", ("Network",), (120.0, 110.0)),
    "network_funnel": Figure("charts.network_funnel", "alt.meanings", ("Network",), (140.0, 110.0)),
    "orchard": Figure("charts.influences", "alt.companions", _FIT, (130.0, 55.0)),
    "drapery": Figure("charts.influences", "alt.companions", _FIT, (120.0, 85.0)),
    "funnel": Figure("charts.funnels", "alt.companions", _FIT, (120.0, 90.0)),
    "radial": Figure("charts.funnels", "alt.companions", _FIT, (110.0, 90.0)),
    "baujat": Figure("charts.influences", "alt.companions", _FIT, (110.0, 90.0)),
    "bias_summary": Figure("charts.profiles", "alt.companions", (*_FIT, "Mapping"), (150.0, None)),
    "traffic_lights": Figure("charts.lights", "alt.meanings", (*_FIT, "DataFrame"), (None, None)),
    "gosh_plot": Figure("charts.subsets", "alt.companions", ("Gosh",), (110.0, 90.0)),
    "bubble": Figure(
        "charts.bubbles",
        "alt.meanings",
        ("MetaRegression", "ClusteredMetaRegression", "LocationScale"),
        (130.0, 95.0),
    ),
    "tau2_profile": Figure("charts.profiles", "alt.companions", _FIT, (110.0, 80.0)),
    "pictograph": Figure("charts.people", "alt.meanings", ("Absolute",), (150.0, 85.0)),
    "power_curve": Figure("charts.powers", "alt.meanings", ("Power",), (120.0, 85.0)),
    "equivalence_plot": Figure(
        "charts.equivalences", "alt.meanings", ("Equivalence", "Mapping"), (150.0, None)
    ),
    "s_value_curve": Figure(
        "charts.publication", "alt.companions", ("PublicationSensitivity",), (120.0, 80.0)
    ),
    "selection_function": Figure("charts.publication", "alt.companions", ("SelectionModel",), (120.0, 80.0)),
    "update_plot": Figure("charts.updates", "alt.updates", ("Update",), (150.0, None)),
    "specification_curve": Figure(
        "charts.specification", "alt.companions", ("DataFrame", "Multiverse"), (160.0, None)
    ),
}
