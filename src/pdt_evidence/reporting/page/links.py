"""Addresses, DOIs and evidence rows in a text, as links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["linked"]

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
