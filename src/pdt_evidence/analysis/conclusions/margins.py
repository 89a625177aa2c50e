"""Margins of equivalence that others have published, by name."""

from __future__ import annotations

from dataclasses import dataclass

from pdt_evidence.errors import RequestError, did_you_mean

__all__ = ["CUIJPERS_2014", "MARGINS", "STEINERT_2017", "Margin", "margin_of"]


@dataclass(frozen=True, slots=True)
class Margin:
    """A difference too small to matter, and who says so."""

    value: float
    name: str
    doi: str
    meaning: str

    def __float__(self) -> float:
        return self.value


STEINERT_2017 = Margin(
    0.25,
    "Steinert 2017",
    "10.1176/appi.ajp.2017.17010057",
    "equivalence margin in g for psychodynamic therapy against established treatments",
)
"""Margin of equivalence of psychodynamic therapy with established treatments, Steinert et al. 2017: g = 0.25.

`doi:10.1176/appi.ajp.2017.17010057`

Examples
--------
>>> import pdt_evidence as pdt
>>> fit = pdt.pool([-0.10, 0.04, -0.02], [0.010, 0.012, 0.015])
>>> float(pdt.STEINERT_2017), pdt.equivalence(fit, margin=pdt.STEINERT_2017).equivalent
(0.25, True)
"""
CUIJPERS_2014 = Margin(
    0.24,
    "Cuijpers 2014",
    "10.1002/da.22249",
    "tentative minimal important difference of depression, as a standardised mean difference",
)
"""Tentative minimal important difference of depression, Cuijpers et al. 2014: a standardised mean difference of 0.24.

`doi:10.1002/da.22249`

Examples
--------
>>> import pdt_evidence as pdt
>>> fit = pdt.pool([-0.10, 0.04, -0.02], [0.010, 0.012, 0.015])
>>> float(pdt.CUIJPERS_2014), pdt.equivalence(fit, margin="CUIJPERS_2014").margin_source
(0.24, 'Cuijpers 2014, doi:10.1002/da.22249')
"""

MARGINS = {"STEINERT_2017": STEINERT_2017, "CUIJPERS_2014": CUIJPERS_2014}


def margin_of(margin: float | Margin | str) -> float | Margin:
    """The margin itself, or that of a name, as it is spelt or as it is printed ("Steinert 2017")."""
    if not isinstance(margin, str):
        return margin
    named = MARGINS.get(margin.strip().upper().replace(" ", "_"))
    if named is None:
        known = "; ".join(f"{word!r} ({held.value:g}, {held.meaning})" for word, held in MARGINS.items())
        hint = did_you_mean(margin, MARGINS)
        raise RequestError(
            f"margin = {margin!r} is not known.{hint} Give a number above 0, or one of: {known}."
        )
    return named
