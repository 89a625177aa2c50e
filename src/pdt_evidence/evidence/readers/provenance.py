"""From a row to the file it came from: name, size and SHA-256, also after an import and a second reading.

`import_file` writes them into a JSON beside its CSV; `read_trials` finds them there again, and says so
where the rows are no longer those that were imported.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError, warn
from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.readers.safe import file_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FILE_COLUMNS",
    "about_import",
    "origin",
    "sha256",
    "sources_of",
    "warn_of_another_review",
    "with_import",
]

FILE_COLUMNS = ("file", "bytes", "sha256", "imported_as")
NEEDED = {
    "file": str,
    "bytes": int,
    "sha256": str,
    "format": str,
}  # of the record of a file that was imported
CHANGED = "was changed after it was imported"


def sha256(content: bytes | str) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


def about_import(table: Any, out: Path, written: str, rows: str) -> str:
    """What stands beside an imported CSV: the source, the hash of the table and of its rows, the log."""
    available = {"file": out.name, "rows": len(table), "sha256": sha256(written), "rows_sha256": sha256(rows)}
    log = json.loads(table.log.to_json(orient="records"))
    return json.dumps({"source": table.source, "table": available, "log": log}, indent=1) + "\n"


def with_import(path: Path, source: dict[str, Any], rows: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The source of a CSV with what it was imported from, and the log of that import; as it was without one.

    `rows` gives the table as canonical text; it is asked for only if the file is not byte for byte as written.
    """
    about = _record(path.with_suffix(".json"))
    if about is None:
        return source, []
    available, log = about["table"], about["log"]
    edited = available["sha256"] != source["sha256"] and available.get("rows_sha256") != sha256(rows())
    if edited:
        text = f"{path.name} {CHANGED} from {about['source']['file']}: its rows are no longer all those of that file."
        warn(f"{text} What is computed rests on the changed table.")
        log = [*log, {"line": None, "row": "", "action": "noted", "reason": text}]
    return source | {"imported": about["source"], "edited": edited}, log


def _record(path: Path) -> dict[str, Any] | None:
    """The JSON beside a table if it is the record of an import; None for any other file, or none."""
    if not path.is_file():
        return None
    try:
        about = json.loads(file_bytes(path))
    except (EvidenceError, ValueError, RecursionError):
        return None
    if not (isinstance(about, dict) and {"source", "table", "log"} <= set(about)):
        return None
    source, table, log = about["source"], about["table"], about["log"]
    right = (
        isinstance(source, dict)
        and all(isinstance(source.get(name), kind) for name, kind in NEEDED.items())
        and isinstance(table, dict)
        and isinstance(table.get("sha256"), str)
        and isinstance(log, list)
        and all(
            isinstance(entry, dict) and set(entry) == {"line", "row", "action", "reason"} for entry in log
        )
    )
    return about if right else None


def origin(table: pd.DataFrame, digits: int = 64) -> str:
    """The file that a table was read from, in one line: name, size, SHA-256, and what it was imported from."""
    source = _of_file(table)
    if source is None:
        return ""
    imported = source.get("imported")
    if not imported:
        return _file(source, digits)
    text = f"{source['file']}, imported from {_file(imported, digits)}"
    return f"{text}; changed since, SHA-256 now {source['sha256'][:digits]}" if source.get("edited") else text


def _of_file(table: pd.DataFrame) -> dict[str, Any] | None:
    """The record of the file a table was read from; None for a table in memory."""
    source = getattr(table, "source", None)
    return source if source and "sha256" in source else None


def _file(source: dict[str, Any], digits: int) -> str:
    return (
        f"{source['file']} ({source['format']}, {source['bytes']} bytes, SHA-256 {source['sha256'][:digits]})"
    )


def warn_of_another_review(table: pd.DataFrame, review: str) -> None:
    """Say so where nothing about a table tells that it is the review it is taken for, nor that it is not.

    The number of a Cochrane review must be in the name, the title or the DOI of the file it was read from.
    """
    cited = load("sources").set_index("source_id")["doi"].get(review, "") if review else ""
    number = re.search(r"CD\d{6}", str(cited))
    if number is None:
        return
    source = getattr(table, "source", None) or {}
    files = [source, source.get("imported") or {}]
    about = [str(file[name]) for file in files for name in ("file", "title", "doi") if file.get(name)]
    if number.group() not in " ".join(about):
        known = f"says {number.group()}: {'; '.join(about)}" if about else "is known"
        warn(
            f"this table is taken for {review}, but nothing about its file {known}. Make sure that it is that review: "
            "its claims are judged by it."
        )


def sources_of(table: pd.DataFrame) -> pd.DataFrame:
    """The sources that the rows of a table name, and of a table that was read from a file that file."""
    known = load("sources")
    names = sorted(set(table["source_id"].dropna().astype(str)) - {""}) if "source_id" in table else []
    source = _of_file(table)
    if source and not names:
        names = [Path(source["file"]).stem]
    found = known.set_index("source_id").reindex(names).rename_axis("source_id").reset_index()
    words = [name for name in known if known[name].dtype.kind not in "fib"]
    found = found.fillna(dict.fromkeys(words, ""))
    if not source:
        return found
    first = source.get("imported") or source
    about = {name: first.get(name, "") for name in ("title", "doi")}
    unknown = found["citation"] == ""
    found["kind"] = found["kind"].mask(unknown, "file")
    found["citation"] = found["citation"].mask(unknown, about["title"] or first["file"])
    found["doi"] = found["doi"].mask(unknown, about["doi"])
    last = source["file"] if source.get("imported") else ""
    available = (
        first["file"],
        first["bytes"],
        first["sha256"],
        f"{last}, changed since" if source.get("edited") else last,
    )
    return found.assign(**dict(zip(FILE_COLUMNS, available, strict=True)))
