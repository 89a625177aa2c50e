"""The typeface of the page: that of the figures, with the letters that texts use and no others.

The package brings it ready for the letters of European languages and the signs of statistics; a page with others
takes its letters out of the whole typeface. `tools/make_page_faces.py` makes what is ready.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from importlib.resources import files
from io import BytesIO

__all__ = ["READY", "WEIGHTS", "faces", "is_ready", "ready_name", "with_letters"]

WEIGHTS = {"Regular": ("normal", 400), "Bold": ("normal", 700), "Italic": ("italic", 400)}
# Latin with its accents, hats, Greek, dashes and quotation marks, raised digits, arrows, signs of mathematics.
READY = (
    *((0x20, 0x17F), (0x2C6, 0x2DD), (0x391, 0x3C9), (0x2010, 0x2044)),
    *((0x2070, 0x209C), (0x2190, 0x2199), (0x2200, 0x2265)),
)
# Line ends, and signs that pages use and this typeface lacks: there is nothing to bring along.
NOT_IN_IT = frozenset(map(ord, "\t\n\r✓✗"))


def faces(letters: Iterable[str]) -> str:
    """CSS rules that bring "Liberation Sans" along, as WOFF with the given letters."""
    wanted = set(map(ord, set(letters)))
    ready = is_ready(wanted)
    rules = []
    for name, (style, weight) in WEIGHTS.items():
        made = (
            files("pdt_evidence.reporting.page").joinpath(ready_name(name)).read_bytes()
            if ready
            else with_letters(name, wanted)
        )
        data = base64.b64encode(made).decode()
        rules.append(
            f"@font-face{{font-family:'Liberation Sans';font-style:{style};font-weight:{weight};"
            f"src:url(data:font/woff;base64,{data}) format('woff')}}"
        )
    return "\n".join(rules)


def is_ready(letters: Iterable[int]) -> bool:
    """Whether the package has these code points ready."""
    return all(letter in NOT_IN_IT or any(low <= letter <= high for low, high in READY) for letter in letters)


def ready_name(weight: str) -> str:
    """The file, in the folder of this module, that a weight has ready."""
    return f"faces/LiberationSans-{weight}.woff"


def with_letters(weight: str, letters: Iterable[int]) -> bytes:
    """One weight as WOFF, with the letters of these code points as far as it has them."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    path = files("pdt_evidence.figures.sheet") / "fonts" / f"LiberationSans-{weight}.ttf"
    with path.open("rb") as file, TTFont(BytesIO(file.read()), recalcTimestamp=False) as font:
        options = Options()
        options.hinting, options.notdef_outline = False, True
        options.layout_features = ["kern"]
        options.drop_tables += ["FFTM"]  # times of FontForge
        for table in ("GSUB", "GPOS", "GDEF"):  # slow to read; the pairs to kern are in `kern` as well
            del font[table]
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=sorted(letters))
        subsetter.subset(font)
        font.flavor = "woff"
        made = BytesIO()
        font.save(made)
    return made.getvalue()
