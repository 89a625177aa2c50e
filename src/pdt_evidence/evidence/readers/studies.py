"""The list of studies of a review, as reference managers and screening tools export it: RIS, or a table.

It has no effects: it is what a table of trials begins with, one row a study, to be filled in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError, SchemaError, known_options, not_installed, warn
from pdt_evidence.evidence.readers.letters import whole_letters
from pdt_evidence.evidence.readers.names import slug
from pdt_evidence.evidence.readers.safe import as_utf8, file_bytes
from pdt_evidence.evidence.readers.tabular.tables import read_table
from pdt_evidence.evidence.schema import listed
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_studies"]

RIS = (".ris", ".nbib", ".enw")
COLUMNS = (
    *("study", "trial_id", "year", "title", "authors", "journal", "doi", "record", "notes", "tags"),
    *("source_id", "line"),
)
# The heads that are read, whatever their case, blanks and signs; Covidence's first. It writes references as
# "Title,Authors,Abstract,Published Year,Published Month,Journal,Volume,Issue,Pages,Accession Number,DOI,Ref,
# Covidence #,Study,Notes,Tags" (review_283729_included_csv_20240320131744.csv in github.com/jonrhodes/nexus-4.3-review)
# and extracted data as "Covidence #,Study ID,Title,Reviewer Name,..." (review_283729_20230922170037.csv there);
# notes and tags: support.covidence.org/help/tagging. Zotero has "Key", "Publication Year" and "Publication Title".
HEADS: Mapping[str, tuple[str, ...]] = {
    "study": ("Study", "Study ID"),
    "year": ("Published Year", "Publication Year", "Year"),
    "title": ("Title",),
    "authors": ("Authors", "Author"),
    "journal": ("Journal", "Publication Title"),
    "doi": ("DOI",),
    "record": ("Covidence #", "Ref", "Accession Number", "Key", "ID"),
    "notes": ("Notes",),
    "tags": ("Tags",),
}
# Covidence fills it with the study ("Study ID" of its tables): documentation.cochrane.org/display/RMHELP/
# Import+references+for+studies. No tag of RIS itself.
STUDY_IN_RIS = "NS"
YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
DOI = re.compile(r"10\.\d{4,9}/\S+")


@known_options
def read_studies(path: str | Path) -> pd.DataFrame:
    """Read a list of studies exported from a reference manager or a screening tool.

    Parameters
    ----------
    path : str or Path
        RIS (`.ris`), as all of them write it; it needs rispy: ``pip install "pdt_evidence[ris]"``. Or a table (CSV,
        TSV, Excel) with one line a reference, as Covidence exports it. These columns are looked for, and others are
        not read: "Study" (or "Study ID"), "Published Year" ("Publication Year", "Year"), "Title", "Authors"
        ("Author"), "Journal" ("Publication Title"), "DOI", "Covidence #" ("Ref", "Accession Number", "Key", "ID"),
        "Notes" and "Tags". It has to have "Title" or "Study".

    Returns
    -------
    DataFrame
        One row a reference: `study` ("Adler 1999", from the export, else first author and year), `trial_id`, `year`
        (NaN where there is none), `title`, `authors` (with semicolons), `journal`, `doi`, `record` (its number in the
        export), `notes`, `tags`, `source_id` (the file) and `line`. No reference is dropped.

    Raises
    ------
    EvidenceError
        For a table with neither a column for the study nor the title, or with one twice; a file without references; a
        reference with neither study, title nor author, all of these at once; for RIS where rispy is not installed.

    Warns
    -----
    EvidenceWarning
        Where two references have one DOI or one title, or two studies one name; where broken letters are mended.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "included.csv")
    ...     _ = file.write_text("Title,Authors,Published Year,Covidence #\\nA trial,Adler; Berg,1999,#12\\n")
    ...     pdt.read_studies(file)[["study", "year", "record"]].values.tolist()
    [['Adler 1999', 1999.0, '#12']]
    """
    import pandas as pd

    path = Path(path)
    content = file_bytes(path)
    records = _of_ris(content, path.name) if path.suffix.lower() in RIS else _of_table(path, content)
    rows = [_row(record, path.stem) for record in records]
    problems = [
        f"line {row['line']}: expected a study, a title or an author, found none of them."
        for row in rows
        if not row["study"]
    ]
    if problems:
        raise EvidenceError.from_problems(problems, path.name)
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"year": float})
    _tell_repeats(table, path.name)
    return table


Record = dict[str, str]


def _of_ris(content: bytes, where: str) -> list[Record]:
    try:
        import rispy
    except ImportError:
        raise EvidenceError(f"{where}: {not_installed('rispy', 'ris')}.") from None
    read = as_utf8(content, where, []).decode("utf-8-sig").split("\n")
    text = "\n".join(_whole(read, where, "text"))
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines, 1) if re.match(r"TY  ?-", line)]
    ends = sum(re.match(r"ER  ?-", line) is not None for line in lines)
    if not starts:
        raise EvidenceError(
            f"{where}: expected references in RIS, each from 'TY  - ' to 'ER  - '; found none."
        )
    if ends != len(starts):
        raise EvidenceError(
            f"{where}: {counted(len(starts), 'reference')} begin ('TY'), {ends} end ('ER'). The file may be cut off; "
            "export it again."
        )
    try:
        entries: list[dict[str, Any]] = rispy.loads(text)
    except (OSError, ValueError, KeyError, IndexError, TypeError, rispy.parser.ParseError) as error:
        raise EvidenceError(f"{where}: this is no RIS that can be read: {error}.") from error
    if len(entries) != len(starts):
        raise EvidenceError(
            f"{where}: begin ('TY') and end ('ER') of references do not alternate. Export it again."
        )
    return [
        {
            "study": "; ".join(entry.get("unknown_tag", {}).get(STUDY_IN_RIS, [])),
            "year": str(entry.get("year") or entry.get("publication_year") or entry.get("date") or ""),
            "title": str(entry.get("title") or entry.get("primary_title") or ""),
            "authors": "; ".join(map(str, entry.get("authors") or entry.get("first_authors") or [])),
            "journal": str(
                entry.get("journal_name")
                or entry.get("secondary_title")
                or entry.get("alternate_title3")
                or ""
            ),
            "doi": str(entry.get("doi") or ""),
            "record": str(entry.get("id") or entry.get("accession_number") or ""),
            "notes": "; ".join(map(str, entry.get("notes") or [])),
            "tags": "; ".join(map(str, entry.get("keywords") or [])),
            "line": str(line),
        }
        for entry, line in zip(entries, starts, strict=True)
    ]


def _of_table(path: Path, content: bytes) -> list[Record]:
    text = read_table(path, content)
    own = list(map(str, text.data.columns))
    plain = list(map(_plain, own))
    found = {
        ours: own[plain.index(head)]
        for ours, heads in HEADS.items()
        if (head := next((h for h in map(_plain, heads) if h in plain), ""))
    }
    if not {"study", "title"} & set(found):
        looked_for = "; ".join(f"{heads[0]!r}" for heads in HEADS.values())
        raise SchemaError(
            f"{path.name}: expected a list of references with a column 'Title' or 'Study'; it has {listed(own)}. "
            f"Columns are known by these heads: {looked_for}. Name yours so."
        )
    if twice := sorted({name for name in found.values() if plain.count(_plain(name)) > 1}):
        raise SchemaError(
            f"{path.name}: more than one column is named {listed(twice)}. Keep the one to be read."
        )
    columns = {
        ours: _whole(text.data[name].astype(str).tolist(), path.name, f"column {name!r}")
        for ours, name in found.items()
    }
    return [
        {ours: cells[at].strip() for ours, cells in columns.items()} | {"line": str(line)}
        for at, line in enumerate(text.lines)
    ]


def _whole(words: list[str], where: str, what: str) -> list[str]:
    """The words with whole letters, and a warning where they were mended: a list of studies has no log."""
    whole, mended = whole_letters(words)
    if mended:
        warn(f"{where}, {what}: {mended}.")
    return whole


def _plain(head: str) -> str:
    return re.sub(r"[^a-z0-9]", "", head.lower())


def _row(record: Record, source: str) -> dict[str, Any]:
    year = YEAR.search(record.get("year", ""))
    study = record.get("study", "")
    if not study:
        author = re.split(r"[;,]| and ", record.get("authors", ""))[0].strip()
        words = record.get("title", "").split()
        study = " ".join(filter(None, (author or " ".join(words[:4]), year[0] if year else "")))
    doi = DOI.search(record.get("doi", ""))
    if year is None:
        year = YEAR.search(study)
    return {
        **{name: record.get(name, "") for name in ("title", "authors", "journal", "record", "notes", "tags")},
        "study": study,
        "trial_id": slug(study),
        "year": float(year[0]) if year else float("nan"),
        "doi": doi[0].rstrip(".,;") if doi else "",
        "source_id": source,
        "line": int(record["line"]),
    }


def _tell_repeats(table: pd.DataFrame, where: str) -> None:
    """Warn of references that are probably one, and of studies that share a name."""
    told: list[str] = []
    for name, what in (("doi", "the DOI"), ("title", "the title"), ("study", "the name")):
        key = table[name].str.lower().str.strip()
        repeated = key[(key != "") & key.duplicated(keep=False)]
        for value in dict.fromkeys(repeated):
            lines = _listed_lines(table.loc[repeated.index[repeated == value], "line"].tolist())
            told.append(f"lines {lines} have {what} {value!r}")
    if told:
        more = f" and {len(told) - 5} more" if len(told) > 5 else ""
        warn(f"{where}: {'; '.join(told[:5])}{more}. They may be one study: keep one, or name them apart.")


def _listed_lines(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines))
