"""Writing a figure to a file: journal formats, text kept as text, the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "save"]

FORMATS = ("pdf", "svg", "png", "tiff")
_DATES: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "tiff": {},
}
_TEXT: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pdt_evidence",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "text.hinting": "no_hinting",
}


def save(fig: Figure | Axes, path: str | Path, *, dpi: float = 300.0, **options: Any) -> Path:
    """Write `fig` (a figure, or Axes in one) to `path`, whose ending names the format.

    Parameters
    ----------
    fig : Figure or Axes
    path : str or Path
        Ends in .pdf, .svg, .png or .tiff (.tif). Folders are not created.
    dpi : float
        Dots per inch of PNG and TIFF; journals ask for 300 (halftone) to 1000 (line art).
    **options
        Passed on to `Figure.savefig`.

    Returns
    -------
    Path

    Raises
    ------
    RequestError
        For another ending, or a folder that does not exist.

    Notes
    -----
    Files carry no date, so the same figure gives the same bytes. SVG keeps text as text and PDF
    embeds TrueType fonts, so that an editor can still change them.
    """
    import matplotlib

    path = Path(path)
    kind = {"tif": "tiff"}.get(path.suffix[1:].lower(), path.suffix[1:].lower())
    if kind not in FORMATS:
        raise RequestError(f"{path.name}: cannot write {kind or 'a file without ending'!r}. Use one of: "
                           f"{', '.join('.' + word for word in FORMATS)}.")  # fmt: skip
    if not path.parent.is_dir():
        raise RequestError(f"{path}: the folder {path.parent} does not exist. Create it first.")
    if kind == "tiff":
        options.setdefault("pil_kwargs", {"compression": "tiff_lzw"})
    metadata = {**_DATES[kind], **options.pop("metadata", {})} if kind != "tiff" else None
    figure: Any = fig if hasattr(fig, "savefig") else fig.get_figure(root=True)  # pyright: ignore
    with matplotlib.rc_context(_TEXT):
        options.setdefault("facecolor", "auto")
        figure.savefig(path, format=kind, dpi=dpi, metadata=metadata, **options)
    return path
