"""Sources and trials as RIS and BibTeX, for a reference manager.

Citations are held as one text each, as their sources give them. Those of a shape that leaves no doubt
are parted into authors, title and journal; all others go out whole, as the title.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pandas as pd

from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.readers.provenance import origin
from pdt_evidence.evidence.short_citations import short_citations
from pdt_evidence.reporting.references import parts_of, short_authors

__all__ = ["Citation", "as_bibtex", "as_ris", "citations", "named", "sources_line"]

RIS_TYPES = {
    "database": "DATA",
    "web_page": "ELEC",
    "press_release": "NEWS",
    "article": "MGZN",
    "guideline": "RPRT",
}
DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+")
BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One entry; "" where nothing is held."""

    key: str
    kind: str  # database, review, trial, ...
    text: str  # the title, or the whole reference
    parts: Mapping[str, str] = field(default_factory=dict)  # authors, journal, ... as `parts_of` names them
    year: str = ""
    doi: str = ""
    url: str = ""
    note: str = ""  # version and licence


def citations(table: pd.DataFrame) -> list[Citation]:
    """The sources and the trials of a table: sources as bundled, trials as the table cites them."""
    from pdt_evidence.evidence import sources

    found = [_with_reference(_of_source(row["source_id"], row)) for row in sources(table).to_dict("records")]
    used = {entry.key for entry in found}
    # A paper can be a source and a trial at once, under the same name.
    return found + [_with_doi(entry) for entry in _of_trials(table) if entry.key not in used]


def _with_reference(source: Citation) -> Citation:
    """A source that is a trial, with authors, title and journal as another source cites that trial."""
    trial = _bundled_trials().get(source.key)
    if trial is None or not trial.parts or trial.year != source.year or trial.doi not in ("", source.doi):
        return source
    note = source.note.partition("; a short citation")[0]
    return replace(source, text=trial.text, parts=trial.parts, note=note)


def _with_doi(trial: Citation) -> Citation:
    """A bundled trial with the DOI of its paper, where that is a source too; a trial of another table as it is."""
    same = _bundled_trials().get(trial.key)
    if trial.doi or not trial.parts or same is None or same.parts != trial.parts:
        return trial
    paper = next((row for row in load("sources").to_dict("records") if row["source_id"] == trial.key), None)
    if paper is None or _year(paper["year"]) != trial.year:
        return trial
    return replace(trial, doi=_text(paper["doi"]))


@cache
def _bundled_trials() -> dict[str, Citation]:
    return {entry.key: entry for entry in _of_trials(load("trials"))}


@cache
def named() -> dict[str, str]:
    """Each source's short citation, by its name in the tables: "Metapsy project, data-gad-psyctr 23.0.4".

    Examples
    --------
    >>> from pdt_evidence.reporting.citations import named
    >>> named()["metadat_linde2016"], named()["guthrie2001"]
    ('Linde et al. 2016', 'Guthrie et al. 2001')
    """
    return dict(short_citations())


def sources_line(table: pd.DataFrame) -> str:
    """The line under a figure of a table that was read from a file: its sources, and that file."""
    ids = [] if "source_id" not in table else list(dict.fromkeys(table["source_id"].astype(str)))
    known = [named()[name] for name in ids if name in named()]
    return f"Sources: {'; '.join(filter(None, [*known, origin(table, digits=12)]))}."


def _of_source(name: str, row: Mapping[Hashable, Any]) -> Citation:
    version, licence, file = (_text(row.get(column)) for column in ("version", "licence", "file"))
    text = f"read from {file}, {row.get('bytes')} bytes, SHA-256 {row.get('sha256')}"
    citation, kind = _text(row.get("citation")) or name, _text(row.get("kind"))
    authors = short_authors(citation) if kind in ("review", "trial") else ""
    short = authors and "a short citation: title and journal are not held"
    said = (version and f"version {version}", licence and f"licence {licence}", file and text, short)
    note = "; ".join(filter(None, said))
    return Citation(
        key=name,
        kind=kind,
        text=citation,
        parts={"authors": authors} if authors else {},
        year=_year(row.get("year")),
        doi=_text(row.get("doi")),
        url=_text(row.get("url")),
        note=note,
    )


def _of_trials(table: pd.DataFrame) -> list[Citation]:
    if not {"trial_id", "study"} <= set(table.columns):
        return []
    found = []
    for name, rows in table.groupby("trial_id", sort=True):
        references = list(filter(None, map(_text, rows.get("reference", []))))
        found.append(_of_trial(str(name), rows.iloc[0], references))
    return found


def _of_trial(name: str, row: pd.Series, references: list[str]) -> Citation:
    parted = [text for text in references if parts_of(text)]
    reference = next(iter([*parted, *references]), "")
    # A spreadsheet that was filled downwards counts a DOI up from row to row: then none is certain.
    dois = {_bare(doi) for text in references for doi in DOI.findall(text)}
    year = _year(row.get("year"))
    parts = parts_of(reference)
    if year and parts.get("year", year) != year:
        parts = {}
    return Citation(
        key=name,
        kind="trial",
        text=parts.get("title") or reference or _text(row["study"]),
        parts=parts,
        year=year or parts.get("year", ""),
        doi=dois.pop() if len(dois) == 1 else "",
        note="" if reference else "the table has no reference of this trial",
    )


def _bare(doi: str) -> str:
    """Without the mark that ends the sentence, or the bracket that it stands in."""
    doi = doi.rstrip(".,;")
    return doi.removesuffix(")") if doi.count(")") > doi.count("(") else doi


def _year(value: Any) -> str:
    return "" if value is None or pd.isna(value) else f"{float(value):.0f}"


def _text(value: object) -> str:
    return "" if value is None or value != value else " ".join(str(value).split())


def as_ris(entries: list[Citation]) -> str:
    """The entries in RIS, one tag a line."""
    records = []
    for entry in entries:
        tags = [
            ("TY", RIS_TYPES.get(entry.kind, "JOUR" if entry.kind in ("review", "trial") else "GEN")),
            ("ID", entry.key),
            *(("AU", author) for author in _authors(entry) if author != "others"),
            ("T1", entry.text),
            ("JO", entry.parts.get("journal")),
            ("VL", entry.parts.get("volume")),
            ("IS", entry.parts.get("issue")),
            *zip(("SP", "EP"), entry.parts.get("pages", "").split("-"), strict=False),
            ("PY", entry.year),
            ("DO", entry.doi),
            ("UR", entry.url),
            ("N1", entry.note),
        ]
        records.append("\n".join(f"{tag}  - {value}" for tag, value in tags if value) + "\nER  - \n")
    return "\n".join(records)


def as_bibtex(entries: list[Citation]) -> str:
    """The entries in BibTeX, titles in double braces so that their capitals stay."""
    records = []
    for entry in entries:
        fields = {
            "author": _escaped(" and ".join(_authors(entry))),
            "title": "{" + _escaped(entry.text) + "}",
            "journal": _escaped(entry.parts.get("journal", "")),
            "volume": entry.parts.get("volume"),
            "number": entry.parts.get("issue"),
            "pages": entry.parts.get("pages", "").replace("-", "--"),
            "year": entry.year,
            "doi": entry.doi,
            "url": entry.url,
            "note": _escaped(entry.note),
        }
        kind = "article" if entry.kind in ("review", "trial") else "misc"
        body = "".join(
            f",\n  {name} = {{{value}}}" for name, value in fields.items() if value and value != "{}"
        )
        records.append(f"@{kind}{{{re.sub(r'[^A-Za-z0-9:_-]', '_', entry.key)}{body}\n}}\n")
    return "\n".join(records)


def _authors(entry: Citation) -> list[str]:
    """The names, family name first; "others" at their end where the reference has "et al"."""
    return list(filter(None, entry.parts.get("authors", "").split("; ")))


def _escaped(text: str) -> str:
    return "".join(BIBTEX.get(letter, letter) for letter in text)
