"""Figures inside the page: SVG as part of it, with letters that can be found and studies that lead to their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from typing import TYPE_CHECKING

from pdt_evidence.reporting.page.links import first_of
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["LOOKS", "inline", "links_of", "with_looks"]

HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</style>\s*</defs>\s*", re.S)
ROOT = re.compile(r'<svg [^>]*width="([\d.]+)pt" height="([\d.]+)pt"[^>]*>')
TEXT = re.compile(r"(<text [^>]*>)([^<]+)(</text>)")
ID = re.compile(r' id="([^"]*)"')
USED = re.compile(r'(?:url\(|href=")#([^")]*)')
FAMILY = "font-family: 'Liberation Sans', Arial, Helvetica, sans-serif; "  # that of the page
TAG = re.compile(r"<[^>]*>")
FINER = re.compile(r"(\d\.\d\d)\d+")  # than a hundredth of a point
PATH = re.compile(r'(?<= d=")[^"]*')
SHORTER = (  # spaces beside letters, then lines that go straight down or across
    (re.compile(r"\s*([CHLMQSVZz])\s*"), r"\1"),
    (re.compile(r"M([-.\d]+) ([-.\d]+)L\1 ([-.\d]+)(?![-.\d])"), r"M\1 \2V\3"),
    (re.compile(r"M([-.\d]+) ([-.\d]+)L([-.\d]+) \2(?![-.\d])"), r"M\1 \2H\3"),
)
LOOKS = "/* the looks of marks */"  # where their rules go, once all pictures are there
LOOK = re.compile(r' style="((?!--)[^"]*)"')
PICTURE = re.compile(r"<svg .*?</svg>", re.S)
ROTATED_BY_NOTHING = re.compile(r' transform="rotate\(-?0 [^)]*\)"')


def links_of(effects: Iterable[PooledEffect], anchors: Mapping[str, str]) -> dict[str, list[str]]:
    """By study, as a forest labels it, the anchors of the rows it stands for, in the order in which it comes."""
    found: dict[str, list[str]] = {}
    for effect in effects:
        for label, ids in zip(effect.labels, effect.row_ids, strict=True):
            if anchor := first_of(ids, anchors):
                found.setdefault(label, []).append(anchor)
    return found


def inline(
    drawn: str, name: str, title: str, description: str, links: Mapping[str, list[str]] | None = None
) -> Markup:
    """An SVG file as an element of the page.

    Names that it uses within get `name` before them, as several figures share one page, others go; coordinates are
    cut to a hundredth of a point, and paths are written short; text that is a study of `links` leads to its row, one
    row after the other where it comes again.
    """
    from markupsafe import Markup

    width = ROOT.search(drawn)
    drawn = HEAD.sub("", drawn)
    needed = {used for tag in TAG.findall(drawn) for used in USED.findall(tag)}
    wide, high = (FINER.sub(r"\1", side) for side in (width.groups() if width else ("", "")))
    box = f'viewBox="0 0 {wide} {high}" style="--w:{wide}"' if width else ""
    labels = f'role="group" aria-labelledby="{name}-title {name}-desc"'
    words = (
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    # In tags alone: between them are words and numbers that are read.
    drawn = TAG.sub(lambda tag: _short(tag[0], name, needed), drawn)
    drawn = ROOT.sub(f"<svg {box} {labels}>{words}", drawn)
    left = {label: list(rows) for label, rows in (links or {}).items()}

    def linked(found: re.Match[str]) -> str:
        rows = left.get(unescape(found[2]))
        if not rows:
            return found[0]
        row = rows.pop(0) if len(rows) > 1 else rows[0]
        return f'<a href="#{row}">{found[0]}</a>'

    return Markup(re.sub(r">\s+<", "><", TEXT.sub(linked, drawn)).strip())


def _short(tag: str, name: str, needed: set[str]) -> str:
    """A tag of the picture `name`: what is used within it has its name before it, what the page has goes."""
    tag = ROTATED_BY_NOTHING.sub("", tag.replace(FAMILY, "").replace("xlink:href", "href"))
    tag = ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in needed else "", tag)
    tag = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", tag)
    return PATH.sub(_shorter, FINER.sub(r"\1", tag))


def _shorter(path: re.Match[str]) -> str:
    text = path[0]
    for pattern, short in SHORTER:
        text = pattern.sub(short, text)
    return text


def with_looks(page: str) -> str:
    """A page whose pictures share their styles: each stands once, as a rule at `LOOKS`, and marks name it.

    Examples
    --------
    >>> mark = '<svg ><path style="fill: red"/></svg>'
    >>> with_looks(f"<style>{LOOKS}</style>{mark}{mark}")
    '<style>.k0{fill:red}</style><svg ><path class="k0"/></svg><svg ><path class="k0"/></svg>'
    """
    names: dict[str, str] = {}

    def named(look: re.Match[str]) -> str:
        return f' class="{names.setdefault(look[1], f"k{len(names)}")}"'

    # In tags alone: a text may read like a style.
    page = PICTURE.sub(lambda picture: TAG.sub(lambda tag: LOOK.sub(named, tag[0]), picture[0]), page)
    rules = "\n".join(
        f".{name}{{{unescape(look).replace(': ', ':').replace('; ', ';')}}}" for look, name in names.items()
    )
    return page.replace(LOOKS, rules, 1)
