"""The typeface of the page: that of the figures, with the letters the page uses and no others."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from importlib.resources import files
from io import BytesIO

__all__ = ["faces"]

WEIGHTS = {"Regular": ("normal", 400), "Bold": ("normal", 700), "Italic": ("italic", 400)}


def faces(letters: Iterable[str]) -> str:
    """CSS rules that bring "Liberation Sans" along, as WOFF of the given letters."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    wanted = sorted(map(ord, set(letters)))
    rules = []
    for name, (style, weight) in WEIGHTS.items():
        path = files("pdt_evidence.figures.sheet") / "fonts" / f"LiberationSans-{name}.ttf"
        with path.open("rb") as file, TTFont(BytesIO(file.read()), recalcTimestamp=False) as font:
            options = Options()
            options.hinting, options.notdef_outline = False, True
            options.layout_features = ["kern"]
            options.drop_tables += ["FFTM"]  # times of FontForge
            for table in ("GSUB", "GPOS", "GDEF"):  # slow to read; the pairs to kern are in `kern` as well
                del font[table]
            subsetter = Subsetter(options)
            subsetter.populate(unicodes=wanted)
            subsetter.subset(font)
            font.flavor = "woff"
            made = BytesIO()
            font.save(made)
        data = base64.b64encode(made.getvalue()).decode()
        rules.append(
            f"@font-face{{font-family:'Liberation Sans';font-style:{style};font-weight:{weight};"
            f"src:url(data:font/woff;base64,{data}) format('woff')}}"
        )
    return "\n".join(rules)
