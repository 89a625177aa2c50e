"""Writing a figure to a file: journal formats, text kept as text, the same bytes every time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from pdt_evidence.arguments import shown
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.evidence.readers.writing import write_all
from pdt_evidence.figures.sheet.families import ALIKE
from pdt_evidence.figures.sheet.measure import tidy
from pdt_evidence.figures.sheet.settings import described, plain_settings
from pdt_evidence.garbage import collected_seldom
from pdt_evidence.markup import in_quotes
from pdt_evidence.options import Number, check_options

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "file_of", "save"]

DOTS = Number(
    low=1,
    high=math.nextafter(2400, math.inf),
    with_low=True,
    expected="a number of dots per inch from 1 to 2400, such as 300",
)
FORMATS = ("pdf", "svg", "png", "tiff")
_DATES: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "tiff": {},
}
# Deflated as far as is quick: all that Pillow can takes three times as long for a file 3 % smaller.
_LOOK: dict[str, dict[str, Any]] = {
    "pdf": {"facecolor": "auto"},
    "svg": {"facecolor": "auto"},
    "png": {"facecolor": "auto", "pil_kwargs": {"compress_level": 1}},
    "tiff": {"facecolor": "auto"},
}
_TEXT: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pdt_evidence",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "text.hinting": "no_hinting",
}

_WRITING = (
    RLock()
)  # settings and the loader of fonts are of the whole process: one figure is written at a time
_LAYOUT = ("GSUB", "GPOS", "GDEF", "kern")  # tables of a font that say how to set its letters


@known_options
def save(
    fig: Figure | Axes | Sequence[Axes], path: str | Path, *, dpi: float = 300.0, **options: Any
) -> Path:
    """Write `fig` (a figure, Axes in one, or several for the pages of a PDF) to `path`.

    Parameters
    ----------
    fig : Figure, Axes, or sequence of Axes
        Several make a PDF of as many pages, as `forest_pages` gives them.
    path : str or Path
        Ends in .pdf, .svg, .png or .tiff (.tif). Folders are not created.
    dpi : float
        Dots per inch of PNG and TIFF, from 1 to 2400; journals ask for 300 (halftone) to 1000 (line art).
    **options
        Passed on to `Figure.savefig`.

    Returns
    -------
    Path

    Raises
    ------
    RequestError
        For what is no figure, for a `dpi` beyond those, another ending, a folder that does not exist,
        or pages in another format than PDF.
    EvidenceError
        If the file cannot be written; one that was there before then stays as it was.

    Notes
    -----
    Files carry no date, so the same figure gives the same bytes. Threads that save take turns.
    An SVG is marked as one image with what `alt_text`
    says of it as its label, a PDF has the figure's title as its own. SVG keeps text as text and PDF
    embeds TrueType fonts, so that an editor can still change them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> ax = pdt.forest(pdt.pool([0.6, 0.2], [0.04, 0.03]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = pdt.save(ax, Path(folder, "forest.pdf")).read_bytes()
    ...     again = pdt.save(ax, Path(folder, "again.pdf")).read_bytes()
    >>> first == again
    True
    """
    check_options(dpi=(dpi, DOTS))
    _require_figures(fig)
    path = Path(path)
    kind = {"tif": "tiff"}.get(path.suffix[1:].lower(), path.suffix[1:].lower())
    if kind not in FORMATS:
        raise RequestError(
            f"{path.name or 'No name'}: cannot write {kind or 'a file without ending'!r}. Use one of: "
            f"{', '.join('.' + word for word in FORMATS)}."
        )
    if not path.parent.is_dir():
        raise RequestError(f"{path}: the folder {path.parent} does not exist. Create it first.")
    if isinstance(fig, Sequence) and (kind != "pdf" or not fig):
        raise RequestError(f"{path.name}: {len(fig)} pages go into a .pdf; save them one by one as {kind!r}.")
    write_all({path: file_of(fig, kind, dpi, **options)})  # a drawing that fails midway leaves no half a file
    return path


def file_of(fig: Figure | Axes | Sequence[Axes], kind: str, dpi: float = 300.0, **options: Any) -> bytes:
    """What `save` writes, as bytes; `kind` is one of FORMATS."""
    import matplotlib

    drawn = BytesIO()
    without = _fonts_without_layout() if kind == "pdf" else nullcontext()
    with _WRITING, collected_seldom(), matplotlib.rc_context(plain_settings() | _TEXT), without:
        if isinstance(fig, Sequence):
            _pages(fig, drawn, options)
        elif kind == "tiff":
            _tiff(_root(fig), drawn, dpi, _LOOK[kind] | options)
        else:
            title = {"Title": title_of(_root(fig))} if kind == "pdf" else {}
            metadata = _DATES[kind] | title | options.pop("metadata", {})
            _root(fig).savefig(drawn, format=kind, dpi=dpi, metadata=metadata, **_LOOK[kind] | options)
    content = drawn.getvalue()
    if kind == "svg":
        content = _accessible(content, described(_root(fig)) or title_of(_root(fig)))
        for ours, alike in ((ours.encode(), alike.encode()) for ours, alike in ALIKE.items()):
            # Before Matplotlib 3.9 the family stands at the end of the property `font`.
            content = re.sub(rb"(\bfont(?:-family)?: [^;\"]*?)" + ours, rb"\1" + alike, content)
    return content


@contextmanager
def _fonts_without_layout() -> Iterator[None]:
    """Embed letters without the tables that say how to set them: a PDF says where each letter stands.

    Reading those tables is most of what writing a PDF takes. Matplotlib gives no say in it.
    """
    from fontTools import subset

    usual = subset.load_font

    def load_font(*args: Any, **options: Any) -> Any:
        font = usual(*args, **options)
        for table in _LAYOUT:
            if table in font:
                del font[table]
        return font

    subset.load_font = load_font
    try:
        yield
    finally:
        subset.load_font = usual


def title_of(figure: Any) -> str:
    """What stands above a figure, else above its first Axes; what it is where it has no title.

    Without one a reader of documents says the name of the file.
    """
    for ax in figure.axes:
        written = [text.get_text() for text in ax.texts if str(text.get_gid()).startswith("title:")]
        title = " ".join(written) or ax.get_title(loc="left") or ax.get_title()
        if title:
            return tidy(title)
    return described(figure).partition(":")[0] or "Figure"


def _accessible(content: bytes, words: str) -> bytes:
    """An SVG that is one image with a text in place of it, for those who do not see it."""
    label = in_quotes(tidy(words))
    return content.replace(b"<svg ", f'<svg role="img" aria-label={label} '.encode(), 1)


def _tiff(figure: Any, file: BytesIO, dpi: float, options: dict[str, Any]) -> None:
    """Colours alone, without the layer of transparency that journals refuse in a TIFF."""
    from PIL import Image

    options.pop("metadata", None)
    drawn = BytesIO()
    how = {"compression": "tiff_lzw"} | options.pop("pil_kwargs", {})
    figure.savefig(drawn, format="png", dpi=dpi, **options)
    with Image.open(drawn) as picture:
        picture.convert("RGB").save(file, format="TIFF", dpi=(dpi, dpi), **how)


def _require_figures(fig: Any) -> None:
    several = isinstance(fig, Sequence) and not isinstance(fig, (str, bytes))
    for one in fig if several else (fig,):
        if not (hasattr(one, "savefig") or hasattr(getattr(one, "figure", None), "canvas")):
            raise RequestError(f"save() takes a figure, Axes, or several of them, found {shown(one)}.")


def _root(fig: Any) -> Any:
    """The figure itself; that of Axes in a subfigure is the whole figure."""
    return fig if hasattr(fig, "savefig") else fig.figure.canvas.figure


def _pages(pages: Sequence[Axes], file: BytesIO, options: dict[str, Any]) -> None:
    from matplotlib.backends.backend_pdf import PdfPages

    with PdfPages(file, metadata=_DATES["pdf"] | {"Title": title_of(_root(pages[0]))}) as book:
        for page in pages:
            figure = _root(page)
            book.savefig(figure, facecolor=figure.get_facecolor(), **options)
