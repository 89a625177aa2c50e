"""From somebody's file to a table of trials on disk: the whole of it, or nothing.

`import_file` sees what a file is, reads it, and writes a CSV that `read_trials` accepts, beside a
JSON that says where it came from (name, size, SHA-256) and what was excluded or changed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pdt_evidence.errors import EvidenceError, RequestError, known_options, require_choice
from pdt_evidence.evidence.package import known_reviews
from pdt_evidence.evidence.readers.columns import of_metapsy
from pdt_evidence.evidence.readers.metapsy.reader import read_metapsy
from pdt_evidence.evidence.readers.provenance import about_import, warn_of_another_review
from pdt_evidence.evidence.readers.revman.reader import read_revman
from pdt_evidence.evidence.readers.safe import file_bytes
from pdt_evidence.evidence.readers.tabular.tables import delimited
from pdt_evidence.evidence.readers.trials import check_trials, read_trials
from pdt_evidence.evidence.readers.writing import csv_text, write_all

if TYPE_CHECKING:
    from pdt_evidence.evidence.readers.imported import ImportedTrials

SIGNS_OF_REVMAN = (("analysis group", "analysis number"), ("comparison number", "outcome number"))
WITHOUT_REVIEW = (
    "It says that the rows are those of a review that the article cites, whose claims they then answer for. Leave it "
    "out for any other file: a review that is not cited, a database, trials of your own."
)
__all__ = ["import_file", "kind_of", "read_any"]


def read_any(
    path: str | Path,
    *,
    review: str | None = None,
    mapping: str | Path | None = None,
    sign: str | None = None,
    better: str | None = None,
) -> ImportedTrials:
    """Read a file by whichever reader it is for: Review Manager, Metapsy, or a table of trials.

    `review`, `mapping`, `sign` and `better` are passed on to the readers that take them.
    """
    path = Path(path)
    kind = kind_of(path)
    if review:
        require_choice("review", review, known_reviews(), WITHOUT_REVIEW)
    if mapping is not None and kind not in ("revman", "metapsy"):
        raise RequestError(
            f"{path.name} is a table of trials, which takes no mapping: its columns have names."
        )
    if kind == "revman":
        return read_revman(path, review=review, mapping=mapping, better=better)
    if kind == "metapsy":
        return read_metapsy(path, review=review, mapping=mapping, sign=sign, better=better)
    table = read_trials(path)
    if review:
        table["source_id"] = review
    return table


@known_options
def import_file(
    path: str | Path,
    out: str | Path,
    review: str | None = None,
    *,
    mapping: str | Path | None = None,
    sign: str | None = None,
    better: str | None = None,
) -> ImportedTrials:
    """Read a file somebody sent and write it as a table of trials.

    Parameters
    ----------
    path : str or Path
        A Review Manager file, a Metapsy database, or a table of trials.
    out : str or Path
        The CSV to write; a JSON of the same name beside it takes the source, its SHA-256, and the log.
    review : str, optional
        The cited review that the rows are those of, such as "abbass2014": their `source_id`. Not for any other file.
    mapping, sign, better
        As in `read_revman` and `read_metapsy`.

    Returns
    -------
    ImportedTrials
        The table as it was written; `.log` has every row that was dropped, merged or changed.

    Raises
    ------
    EvidenceError
        If the file cannot be read, or the result cannot be written. Then nothing was written: files
        that were there before are as they were.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sheet = Path(folder, "sheet.csv")
    ...     _ = sheet.write_text("study,outcome,yi,vi\\nA 2001,depression,0.4,0.04\\n", encoding="utf-8")
    ...     imported = pdt.import_file(sheet, Path(folder, "mine.csv"))
    ...     written = sorted(path.name for path in Path(folder).iterdir())
    >>> written
    ['mine.csv', 'mine.json', 'sheet.csv']
    """
    out = Path(out)
    if out.suffix.lower() != ".csv":
        raise EvidenceError(f"{out}: expected the name of a .csv file to write, found {out.suffix!r}.")
    if out.exists() and any(out.samefile(read) for read in (path, mapping) if read and Path(read).exists()):
        raise EvidenceError(f"{out} is a file that is read. Give another name, so that it stays as it is.")
    table = read_any(path, review=review, mapping=mapping, sign=sign, better=better)
    warn_of_another_review(table, review or "")
    text = csv_text(table)
    back = check_trials(delimited(text.encode(), out.name), f"{Path(path).name}, as it would be written")
    about = about_import(table, out, text, csv_text(back))
    write_all({out: text.encode(), out.with_suffix(".json"): about.encode()})
    return table


def kind_of(path: Path) -> str:
    """Which reader a file is for, by its ending and header: "revman", "metapsy" or "trials"."""
    if path.is_dir():
        raise EvidenceError(f"{path} is a folder. Give the path of the file in it.")
    if path.suffix.lower() in (".rm5", ".zip"):
        return "revman"
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return "trials"
    start = file_bytes(path)[:20_000].replace(b"\0", b"")  # which UTF-16 has between the letters
    header = start.decode("utf-8-sig", errors="replace").lower().lstrip().split("\n", 1)[0]
    if any(first in header and second in header for first, second in SIGNS_OF_REVMAN):
        return "revman"
    return "metapsy" if of_metapsy(re.split(r"[,;\t]", header)) else "trials"
