"""How a figure looks: one small record a style, so that a user's own is written the same way.

Sizes are in points, as journals ask for them. The colours keep apart for readers with a
colour vision deficiency (Okabe and Ito) and by lightness alone when printed in grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pdt_evidence.errors import require_choice
from pdt_evidence.formatting import Format

__all__ = ["MANY", "STYLES", "Style", "shrunk", "style_of", "suited"]

SANS = ("Liberation Sans",)  # comes with the package
SERIF = ("STIXGeneral",)  # comes with Matplotlib
_HUES = ("#d55e00", "#009e73", "#8f4d80", "#b08000", "#4a4f57", "#3fa0d6")  # after the first of a palette
OF_EVENTS = ("OR", "RR", "RD")
MANY, COMPACT = 60, 1.32  # studies, and the pitch of their rows beyond that
# Judgements of bias, apart in grey as well: not applicable is the lightest, then some, unclear, low, high, serious,
# critical.
_LIGHTS = {
    "low": "#45a873",
    "some": "#f0c341",
    "unclear": "#aab2bb",
    "high": "#a8241c",
    "serious": "#8c1d1a",
    "critical": "#4a0d0c",
    "inapplicable": "#e4e7ea",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Type, numbers and colours of a figure.

    Attributes
    ----------
    fonts : tuple of str
        Families in order of preference. The package brings Liberation Sans, as wide as Arial, and
        Matplotlib brings STIXGeneral and DejaVu, so figures in these look the same everywhere. Where
        another family is not installed, the next one or Liberation Sans is taken and a warning says so;
        it says as well which installed font sets text in a script that none of these covers.
    size, small, smallest : float
        Points: the text, the notes below, and what the text may shrink to in a narrow figure.
    scale : float
        Lines and the widths that a forest takes by itself, as a multiple of those of a journal page.
    columns : tuple of str
        The columns of studies in order, as in `forest`; those that a result lacks are passed over.
    pitch : float
        Height of a row as a multiple of `size`.
    interval : tuple of three str
        What stands before, between and after the two limits of an interval.
    decimal : str
        The decimal mark.
    leading_zero : bool
        Whether p values keep the zero before the decimal mark.
    marker : {"s", "o", "D"}
        Shape of a study's point estimate; its area is proportional to the weight.
    stripes : bool
        Whether every other study has a tinted background.
    study_head : str
        What stands over the names of the studies.
    model_in_head : bool
        Whether effect and interval are one column, with the model over it and over the plot, as Review Manager
        has them ("IV, Random, 95% CI").
    events : str
        Colour of the point estimates where outcomes are events; "" for that of others, `study`.
    """

    name: str
    fonts: tuple[str, ...] = SANS
    size: float = 8.0
    small: float = 7.0
    smallest: float = 6.0
    scale: float = 1.0
    columns: tuple[str, ...] = ("study", "n", "plot", "effect", "weight")
    pitch: float = 1.62
    interval: tuple[str, str, str] = ("[", ", ", "]")
    decimal: str = "."
    leading_zero: bool = True
    marker: str = "s"
    stripes: bool = False
    study_head: str = "Study"
    model_in_head: bool = False
    rules: bool = True
    paper: str = "#ffffff"
    ink: str = "#1b1f24"
    muted: str = "#59616b"
    faint: str = "#c3c8ce"
    stripe: str = "#f3f5f7"
    zone: str = "#e3e9ef"
    study: str = "#2f6d9e"
    events: str = ""
    study_line: str = "#1b1f24"
    pooled: str = "#12344d"
    prediction: str = "#c2571a"
    second: str = "#0b7d5c"
    on_light: str = "#ffffff"  # the signs of judgements
    lights: Mapping[str, str] = field(default_factory=lambda: dict(_LIGHTS))
    palette: tuple[str, ...] = ("#2f6d9e", *_HUES)

    @property
    def format(self) -> Format:
        """How numbers are printed in this style."""
        return Format(
            brackets=self.interval,
            decimal=self.decimal,
            leading_zero=self.leading_zero,
            p_digits=2,
            even=True,
        )


_BLACK = Style(name="black", study="#000000", study_line="#000000", pooled="#000000", ink="#000000")

STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style(name="default"),
        Style(
            name="dark",
            paper="#14181d",
            ink="#eef1f4",
            muted="#a9b2bc",
            faint="#4a535d",
            stripe="#1c2229",
            zone="#27303a",
            study="#6cb4ea",
            study_line="#eef1f4",
            pooled="#f2f5f8",
            prediction="#f0a04b",
            second="#4fd0a5",
            palette=("#6cb4ea", "#f0a04b", "#4fd0a5", "#d79ac6", "#e6c84f", "#b6bec7", "#a6dcff"),
        ),
        Style(
            name="revman",
            study="#1f8a3c",
            events="#2457a8",
            model_in_head=True,
            study_line="#000000",
            pooled="#000000",
            ink="#000000",
            prediction="#000000",
            columns=("study", "arms", "weight", "effect", "plot", "bias"),
        ),
        Style(
            name="jama",
            study="#1d2f6f",
            palette=("#1d2f6f", *_HUES),
            study_line="#000000",
            pooled="#8fc1dd",
            study_head="Source",
            ink="#000000",
            interval=("(", " to ", ")"),
            leading_zero=False,
            stripes=True,
            stripe="#f4f1e8",
            columns=("study", "effect", "plot"),
        ),
        Style(
            name="bmj",
            study="#2a6ebb",
            palette=("#2a6ebb", *_HUES),
            study_line="#2a6ebb",
            pooled="#2a6ebb",
            ink="#000000",
            interval=("(", " to ", ")"),
            prediction="#8aa9cf",
            columns=("study", "counts", "plot", "weight", "effect"),
        ),
        replace(
            _BLACK,
            name="lancet",
            fonts=SERIF,
            interval=("(", " to ", ")"),
            decimal="·",
            size=8.5,
            prediction="#b1182b",
        ),
        replace(_BLACK, name="apa", leading_zero=False, prediction="#000000"),
        Style(name="slide", size=16.0, small=13.0, smallest=12.0, scale=1.8),
    )
}


def style_of(style: str | Style) -> Style:
    """The style of that name, or the record itself.

    Examples
    --------
    >>> style_of("bmj").interval
    ('(', ' to ', ')')
    """
    if isinstance(style, Style):
        return style
    require_choice("style", style, list(STYLES))
    return STYLES[style]


def suited(style: Style, measure: str, studies: int) -> Style:
    """The style for an effect measure, with rows closer together where there are very many.

    Examples
    --------
    >>> style = style_of("revman")
    >>> suited(style, "OR", 9).study == style.events, suited(style, "SMD", 9) == style
    (True, True)
    >>> suited(style, "SMD", 80).pitch
    1.32
    """
    if style.events and measure in OF_EVENTS:
        style = replace(style, study=style.events)
    return replace(style, pitch=min(style.pitch, COMPACT)) if studies > MANY else style


def shrunk(style: Style, size: float) -> Style:
    """The same style at another text size; the notes shrink along."""
    return replace(style, size=size, small=min(style.small, max(size - 0.5, style.smallest)))
