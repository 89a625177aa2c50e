"""What the page on the bundled evidence and the page on a user's table have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pdt_evidence.reporting.corrections import LEAST, Corrections
from pdt_evidence.reporting.meanings import FEWEST, Meaning, Meanings
from pdt_evidence.reporting.page.filters import stratum
from pdt_evidence.reporting.page.svg import inline
from pdt_evidence.verdicts.words import true_minus

if TYPE_CHECKING:
    from pdt_evidence.results import Synthesis

__all__ = ["View", "common", "drawing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A page before its templates: title, sections in order, anchors of rows, and what the templates are given."""

    title: str
    sections: Mapping[str, str]  # template and id -> its name in the list of contents
    anchors: Mapping[str, str]  # row_id -> the id of its row on the page
    words: Mapping[str, Any]
    ours: bool  # whether all its prose is the library's own, and may be put into plain words


def common(
    pooled: Iterable[tuple[str, Synthesis]],
    corrections: Corrections,
    meanings: Meanings,
    pictures: Mapping[str, bytes],
) -> dict[str, Any]:
    """The sections that both pages have: pools by heading, what effects mean, publication bias."""
    pictured = meanings.pictured
    return {
        "pooled": [(heading, syn.by, list(syn.strata.values())) for heading, syn in pooled],
        "corrections": corrections,
        "least": LEAST,
        "meanings": meanings,
        "fewest_for_meaning": FEWEST,
        "people": None if pictured is None else _people(pictures, pictured),
    }


def _people(pictures: Mapping[str, bytes], row: Meaning) -> dict[str, Any] | None:
    from pdt_evidence.figures.alt.meanings import pictograph

    if row.people is None:
        return None
    title = f"A hundred patients in each arm, {stratum(row)}"
    return drawing(pictures, "pictograph", title, pictograph(row.people))


def drawing(
    pictures: Mapping[str, bytes],
    name: str,
    title: str,
    alt: str,
    links: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """A figure of the page: its name, its title, what it shows in words, and the SVG."""
    alt = true_minus(alt)
    return {
        "name": name,
        "title": title,
        "alt": alt,
        "svg": inline(pictures[f"{name}.svg"].decode(), name, title, alt, links),
    }
