"""The summary of findings as a table in HTML, LaTeX and Word: cells of text, notes below."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from pdt_evidence.errors import RequestError, not_installed

__all__ = ["html_table", "latex_table", "write_word"]

TITLE = "Summary of findings"
WIDTHS = (2.2, 2.0, 2.3, 1.8, 2.2, 3.0, 2.6, 2.9, 2.6, 2.8, 2.8)  # cm, of a landscape page
Cells = Sequence[str]


def html_table(head: Cells, rows: Sequence[Cells], notes: Sequence[str]) -> str:
    """A table that stands by itself, its notes below as a list."""
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{_html_row(cells)}</tr>" for cells in rows)
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        f"<table class='findings'><caption>{TITLE}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table><ol class='notes'>{items}</ol>"
    )


def _html_row(cells: Cells) -> str:
    first, *others = map(escape, cells)
    return f"<th scope='row'>{first}</th>" + "".join(f"<td>{cell}</td>" for cell in others)


def latex_table(head: Cells, rows: Sequence[Cells], notes: Sequence[str]) -> str:
    """A tabular with booktabs rules, its notes below as a list."""
    width = "l" + "p{2.2cm}" * (len(head) - 1)
    lines = [f"\\begin{{tabular}}{{{width}}}", "\\toprule", " & ".join(head) + " \\\\", "\\midrule"]
    lines += [" & ".join(map(_latex, cells)) + " \\\\" for cells in rows]
    lines += ["\\bottomrule", "\\end{tabular}", "\\begin{enumerate}"]
    return "\n".join([*lines, *(f"\\item {_latex(note)}" for note in notes), "\\end{enumerate}"])


def _latex(text: str) -> str:
    for sign in "&%#_$":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("²", "$^2$").replace("−", "$-$").replace("∞", "$\\infty$")


def write_word(path: Path, head: Cells, rows: Sequence[Cells], notes: Sequence[str]) -> None:
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
    for cells in [head, *rows]:
        _word_row(table, cells, cells is head, widths)
    for note in notes:
        document.add_paragraph(note, style="List Number")
    temporary = path.with_name(f".{path.name}.part")
    try:
        document.save(str(temporary))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _word_row(table: Any, texts: Cells, head: bool, widths: Sequence[Any]) -> None:
    """A row that stays on one page; a head that is repeated on each."""
    from docx.oxml import OxmlElement

    row = table.add_row()
    properties = row._tr.get_or_add_trPr()  # python-docx has no name of its own for these two
    properties.append(OxmlElement("w:cantSplit"))
    if head:
        properties.append(OxmlElement("w:tblHeader"))
    for cell, text, width in zip(row.cells, texts, widths, strict=True):
        cell.width, cell.text = width, text
        for run in cell.paragraphs[0].runs:
            run.font.bold = head
