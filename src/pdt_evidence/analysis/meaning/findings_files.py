"""The summary of findings as a table in HTML, LaTeX and Word: cells of text, notes below."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from pdt_evidence.errors import RequestError, not_installed

__all__ = ["TableNote", "html_table", "latex_table", "write_word"]

TITLE = "Summary of findings"
WIDTHS = (2.3, 1.8, 1.9, 1.8, 1.9, 2.4, 2.4, 2.4, 2.75, 2.5, 2.5, 2.6)  # cm, of a landscape page
NUMBERS = range(1, 6)  # columns: trials, effect, people without and with the treatment, their difference
Cells = Sequence[str]


STYLE = (
    "<style>.findings{border-collapse:collapse}.findings th,.findings td{border:1px solid #888;"
    "padding:.3em .5em;text-align:left;vertical-align:top}.findings thead th{border-bottom-width:2px}</style>"
)


class TableNote(NamedTuple):
    """A note below the table, and the cell that it is about: line (0 is the head) and column."""

    text: str
    cell: tuple[int, int]


def _marks(notes: Sequence[TableNote], line: int, column: int) -> str:
    """The numbers of the notes on a cell."""
    return ", ".join(str(n) for n, note in enumerate(notes, 1) if note.cell == (line, column))


def html_table(head: Cells, rows: Sequence[Cells], notes: Sequence[TableNote]) -> str:
    """A table with borders that stands by itself, its notes below as a list, their numbers in the cells."""

    def cell(tag: str, line: int, column: int, text: str) -> str:
        marks = _marks(notes, line, column)
        return f"<{tag}>{escape(text)}{f'<sup>[{marks}]</sup>' if marks else ''}</{tag.partition(' ')[0]}>"

    heads = "".join(cell("th scope='col'", 0, at, name) for at, name in enumerate(head))
    body = "".join(
        "<tr>"
        + "".join(cell("td" if at else "th scope='row'", n, at, text) for at, text in enumerate(row))
        + "</tr>"
        for n, row in enumerate(rows, 1)
    )
    items = "".join(f"<li>{escape(note.text)}</li>" for note in notes)
    return (
        f"{STYLE}<table class='findings'><caption>{TITLE}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table><ol class='notes'>{items}</ol>"
    )


def latex_table(head: Cells, rows: Sequence[Cells], notes: Sequence[TableNote]) -> str:
    """A tabular with booktabs rules, its notes below as a list, their numbers in the cells."""

    def cell(line: int, column: int, text: str) -> str:
        marks = _marks(notes, line, column)
        return f"{_latex(text)}{f'$^{{[{marks}]}}$' if marks else ''}"

    width = "l" + "p{2.2cm}" * (len(head) - 1)
    first, *others = (
        " & ".join(cell(n, at, text) for at, text in enumerate(row)) + " \\\\"
        for n, row in enumerate([head, *rows])
    )
    lines = [f"\\begin{{tabular}}{{{width}}}", "\\toprule", first, "\\midrule", *others]
    lines += ["\\bottomrule", "\\end{tabular}", "\\begin{enumerate}"]
    return "\n".join([*lines, *(f"\\item {_latex(note.text)}" for note in notes), "\\end{enumerate}"])


def _latex(text: str) -> str:
    for sign in "&%#_$":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("²", "$^2$").replace("−", "$-$").replace("∞", "$\\infty$")


def write_word(path: Path, head: Cells, rows: Sequence[Cells], notes: Sequence[TableNote]) -> None:
    """A Word document on landscape pages, whole or not at all.

    Raises
    ------
    RequestError
        Where python-docx is not installed, or the path does not end in .docx.
    """
    if path.suffix.lower() != ".docx":
        raise RequestError(f"path = {str(path)!r}: a Word document ends in .docx.")
    try:
        import docx
        from docx.shared import Cm, Pt
    except ImportError as error:
        raise RequestError(f"{path.name}: {not_installed('python-docx', 'word')}.") from error
    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(29.7), Cm(21.0)
    page.left_margin = page.right_margin = Cm(1.2)
    page.top_margin = page.bottom_margin = Cm(1.5)
    styles: Any = document.styles
    for name, size in (("Normal", 8), ("List Number", 8), ("Heading 1", 14)):
        styles[name].font.name, styles[name].font.size = "Arial", Pt(size)
    styles["List Number"].paragraph_format.space_after = Pt(1)
    document.add_heading(TITLE, 1)
    table = document.add_table(rows=0, cols=len(head), style="Table Grid")
    table.autofit = False
    widths = [Cm(width) for width in WIDTHS]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for line, cells in enumerate([head, *rows]):
        marks = [_marks(notes, line, column) for column in range(len(head))]
        _word_row(table, cells, marks, line == 0, widths)
    for note in notes:
        document.add_paragraph(note.text, style="List Number")
    temporary = path.with_name(f".{path.name}.part")
    try:
        document.save(str(temporary))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _word_row(table: Any, texts: Cells, marks: Cells, head: bool, widths: Sequence[Any]) -> None:
    """A row that stays on one page, its numbers on the right; a head that is repeated on each."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement

    row = table.add_row()
    properties = row._tr.get_or_add_trPr()  # python-docx has no name of its own for these two
    properties.append(OxmlElement("w:cantSplit"))
    if head:
        properties.append(OxmlElement("w:tblHeader"))
    for at, (cell, text, mark, width) in enumerate(zip(row.cells, texts, marks, widths, strict=True)):
        cell.width, cell.text = width, text
        if at in NUMBERS:
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if mark:
            cell.paragraphs[0].add_run(f"[{mark}]").font.superscript = True
        for run in cell.paragraphs[0].runs:
            run.font.bold = head
