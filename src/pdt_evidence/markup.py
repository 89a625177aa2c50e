"""Texts as they stand in HTML and SVG; `xml.sax` would load what opens addresses of the net."""

from __future__ import annotations

__all__ = ["escape", "in_quotes"]


def escape(text: str) -> str:
    """A text between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_quotes(text: str) -> str:
    """A text as the value of an attribute, with its quotes."""
    return f'"{escape(text).replace(chr(34), "&quot;")}"'
