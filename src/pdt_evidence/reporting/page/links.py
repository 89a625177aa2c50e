"""Addresses, DOIs and evidence rows in a text as links, and the way from a number to the rows behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from pdt_evidence.reporting.origins import Origin
    from pdt_evidence.results import Synthesis

__all__ = ["first_of", "led", "linked", "places"]

INSIDE = r"(?:\([^\s()]*\)|[^\s;,()<>\"])"  # a bracket belongs to an address only where the address closes it
FOUND = re.compile(
    rf"(?P<address>https?://(?P<host>[\w.-]+){INSIDE}*)|(?P<doi>\b10\.\d{{4,9}}/{INSIDE}+)|(?P<row>\b[RT]\d{{3,}}\b)"
)
ENDS = ".:"  # of a sentence, not of the address before it


def linked(text: str, anchors: Mapping[str, str] | None = None) -> Markup:
    """Text with its addresses as links that show their host alone (paper shows all), its DOIs, and rows of the page.

    Parameters
    ----------
    anchors : mapping of str to str, optional
        The id on the page of each evidence row that it shows.

    Examples
    --------
    >>> str(linked("seen at https://example.org/a?x=1&y=2; row T0001", {"T0001": "trial-T0001"}))[:77]
    'seen at <a class="at" href="https://example.org/a?x=1&amp;y=2">example.org</a'
    """
    from markupsafe import Markup

    made, end = [], 0
    for found in FOUND.finditer(text):
        made += [escape(text[end : found.start()], quote=False), _link(found, anchors or {})]
        end = found.end()
    return Markup("".join([*made, escape(text[end:], quote=False)]))


def _link(found: re.Match[str], anchors: Mapping[str, str]) -> str:
    said = found[0]
    if found["row"]:
        return f'<a href="#{anchors[said]}">{said}</a>' if said in anchors else said
    whole = said.rstrip(ENDS)
    after = said[len(whole) :]
    if found["doi"]:
        return f'<a href="https://doi.org/{escape(whole)}">{escape(whole)}</a>{after}'
    return f'<a class="at" href="{escape(whole)}">{found["host"].rstrip(ENDS)}</a>{after}'


def led(text: str, origins: Iterable[Origin]) -> Markup:
    """An answer with its links; a phrase that it does not have leads nowhere.

    Examples
    --------
    >>> from pdt_evidence.reporting.origins import Origin
    >>> str(led("g = 0.5 (17 trials); 2 & 3", [Origin("0.5 (17 trials)", "17 trials", "forest_1")]))
    'g = 0.5 (<a href="#forest_1">17 trials</a>); 2 &amp; 3'
    """
    from markupsafe import Markup

    made = escape(text, quote=False)
    for phrase, said, place in origins:
        inner = escape(said, quote=False)
        whole = escape(phrase, quote=False)
        made = made.replace(whole, whole.replace(inner, f'<a href="#{escape(place)}">{inner}</a>', 1), 1)
    return Markup(made)


def places(
    pooled: Iterable[Synthesis], forests: Iterable[tuple[str, str, Synthesis]], anchors: Mapping[str, str]
) -> dict[tuple[str, ...], str]:
    """Where the rows of each pool are found, by these rows: in its forest, or where the only one stands."""
    found = {effect.row_ids: name for name, _, part in forests for effect in part.strata.values()}
    alone = [effect.row_ids for syn in pooled for effect in syn.strata.values() if len(effect.row_ids) == 1]
    return found | {ids: place for ids in alone if (place := first_of(ids[0], anchors))}


def first_of(ids: str, anchors: Mapping[str, str]) -> str:
    """The anchor of a row, or of the first of several joined by "+"; a user's own id may have one in it."""
    parts = ids.split("+")
    joined = ("+".join(parts[: count + 1]) for count in range(len(parts)))
    return next((anchors[one] for one in (ids, *joined) if one in anchors), "")
