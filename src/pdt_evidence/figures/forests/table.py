"""The table beside the figure: the rows and words of a forest plot for Word, LaTeX and HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, known_options, not_installed
from pdt_evidence.figures.forests.drawables import drawable
from pdt_evidence.figures.forests.plot import options_of
from pdt_evidence.figures.forests.records import ForestLayout, Row
from pdt_evidence.figures.forests.series import Series
from pdt_evidence.figures.forests.series_layout import THIN_LINES, columns_of_table

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.figures.forests.drawables import Drawable

__all__ = ["to_table"]

HEADS = {"study": "Result"}  # of a column that a figure needs no head for
UNBROKEN = re.compile(r"(?<=[\d,;]) (?=[−\d(\[]|to )|(?<=to) (?=[−\d])")  # between the numbers of one cell


@known_options
def to_table(result: Drawable, **options: Any) -> Any:
    """Set the rows of a forest plot as a table of great_tables.

    Parameters
    ----------
    result : any that `forest` draws
        Several results are a row each, by your names for them: ``{"Depression": fit, "Anxiety": other}``.
    **options
        As in `forest`: columns, digits, style, title, sort and the others that concern words.
        ``method=False, sources=""`` leaves out what stands below the table.

    Returns
    -------
    great_tables.GT
        With `as_raw_html()`, `as_latex()` and `save()`; every cell says what the figure says. great_tables
        writes no .docx: save the HTML as a file that ends in .html and open that in Word, which makes a Word
        table of it. The LaTeX holds signs such as τ and −, so it is for XeLaTeX or
        LuaLaTeX, and great_tables leaves out bold there.

    Raises
    ------
    RequestError
        As `forest`, or where great_tables is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool([0.6, 0.2], [0.04, 0.03], labels=["A 2001", "B 2004"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder, "forest.html")  # open it in Word, and save it there as .docx
    ...     page.write_text(pdt.to_table(fit).as_raw_html(make_page=True), encoding="utf-8") > 0
    True
    """
    try:
        from great_tables import GT, loc, style
    except ImportError as error:
        raise RequestError(f"to_table: {not_installed('great_tables', 'tables')}.") from error
    found = drawable(result)
    if isinstance(found, Series) and options.get("columns") is None:
        options = options | {"columns": columns_of_table(found)}
    layout = options_of(found, **options)[0]
    frame, kinds = _frame(layout)
    table = GT(frame)
    if layout.title:
        table = table.tab_header(title=layout.title)
    heads: dict[str, Any] = {
        column.key: column.head or ("" if column.over else HEADS.get(column.key, column.key))
        for column in layout.columns
    }
    table = table.cols_label(cases=heads)
    for over in dict.fromkeys(column.over for column in layout.columns if column.over):
        members = [column.key for column in layout.columns if column.over == over]
        table = table.tab_spanner(label=over, columns=members)
    for align in ("left", "center", "right"):
        members = [column.key for column in layout.columns if column.align == align]
        if members:
            # In the cells as well: Word does not read the classes of a style sheet that cells are set by.
            places: list[Any] = [loc.body(columns=members), loc.column_labels(columns=members)]
            table = table.cols_align(align=align, columns=members)
            table = table.tab_style(style=style.text(align=align), locations=places)
    line: Any = style.borders(sides="bottom", color="#333333", weight="1px")
    table = table.tab_style(style=line, locations=[loc.column_labels(), loc.body(rows=[len(kinds) - 1])])
    bold = [i for i, kind in enumerate(kinds) if kind in ("heading", "pooled")]
    if bold:
        table = table.tab_style(style=style.text(weight="bold"), locations=loc.body(rows=bold))
    for note in layout.notes_with(layout.columns, signs=False):
        if text := note.replace(THIN_LINES, "").strip():  # a table has none
            table = table.tab_source_note(source_note=text)
    return table


def _frame(layout: ForestLayout) -> tuple[pd.DataFrame, list[str]]:
    """One line a row of the figure, and what kind of row each is."""
    import pandas as pd

    rows = [row for row in layout.rows if row.kind != "gap"]
    keys = [column.key for column in layout.columns]
    cells = [{key: _cell(row, key) for key in keys} for row in rows]
    return pd.DataFrame(cells, columns=keys), [row.kind for row in rows]


def _cell(row: Row, key: str) -> str:
    if key != "study":
        return UNBROKEN.sub("\u00a0", row.cells.get(key, ""))
    text = " ".join(row.pieces) if row.kind == "note" else row.cells.get("study", "")
    return "\u2003" * row.indent + text  # an em space for every level that it is set in
