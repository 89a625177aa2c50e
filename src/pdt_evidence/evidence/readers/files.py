"""From somebody's file to a table of trials on disk: the whole of it, or nothing.

`import_file` sees what a file is, reads it, and writes a CSV that `read_trials` accepts, beside a
JSON that says where it came from (name, size, SHA-256) and what was left out or changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError, require_choice
from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.readers.metapsy import read_metapsy
from pdt_evidence.evidence.readers.revman import read_revman
from pdt_evidence.evidence.readers.safe import file_bytes
from pdt_evidence.evidence.readers.tabular import delimited
from pdt_evidence.evidence.readers.trials import check_trials, read_trials, trial_fields

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials

__all__ = ["csv_text", "import_file", "kind_of", "read_any", "write_all"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run


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
        require_choice("review", review, known_reviews())
    if mapping is not None and kind not in ("revman", "metapsy"):
        raise RequestError(
            f"{path.name} is a table of trials, which takes no mapping: its columns have names."
        )
    if kind == "revman":
        table = read_revman(path, review=review, mapping=mapping, better=better)
        _warn_of_another_review(table, review)
        return table
    if kind == "metapsy":
        return read_metapsy(path, review=review, mapping=mapping, sign=sign, better=better)
    table = read_trials(path)
    if review:
        table["source_id"] = review
    return table


def known_reviews() -> list[str]:
    """Names a file can be said to belong to: the reviews whose members, results or missing numbers are listed."""
    return sorted(
        {*load("members")["review_id"], *load("reviews")["review_id"], *load("wanted")["review_id"]} - {""}
    )


def _warn_of_another_review(table: ImportedTrials, review: str | None) -> None:
    """Say so where a review's file does not carry the number that the review has in the Cochrane Library."""
    cited = load("sources").set_index("source_id")["doi"].get(review, "") if review else ""
    number = re.search(r"CD\d{6}", str(cited))
    about = " ".join(str(table.source.get(name, "")) for name in ("file", "title", "doi"))
    if number and number.group() not in about:
        title = table.source.get("title") or "no title"
        warnings.warn(
            f"{table.source.get('file')} is read as {review}, but neither its name nor its title ({title}) nor its "
            f"DOI says {number.group()}. Make sure that it is that review: its claims will be judged by this file.",
            EvidenceWarning,
            stacklevel=3,
        )


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
        The review the rows belong to, such as "abbass2014": their `source_id`.
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
    """
    out = Path(out)
    if out.suffix.lower() != ".csv":
        raise EvidenceError(f"{out}: expected the name of a .csv file to write, found {out.suffix!r}.")
    table = read_any(path, review=review, mapping=mapping, sign=sign, better=better)
    text = csv_text(table)
    check_trials(delimited(text, out.name), f"{Path(path).name}, as it would be written")
    written = text.encode()
    about = {
        "source": table.source,
        "table": {"file": out.name, "rows": len(table), "sha256": hashlib.sha256(written).hexdigest()},
        "log": json.loads(table.log.to_json(orient="records")),
    }
    write_all({out: written, out.with_suffix(".json"): (json.dumps(about, indent=1) + "\n").encode()})
    return table


def kind_of(path: Path) -> str:
    """Which reader a file is for, by its ending and header: "revman", "metapsy" or "trials"."""
    if path.is_dir():
        raise EvidenceError(f"{path} is a folder. Give the path of the file in it.")
    if path.suffix.lower() in (".rm5", ".zip"):
        return "revman"
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return "trials"
    header = (
        file_bytes(path)[:20_000].decode("utf-8-sig", errors="replace").lower().lstrip().split("\n", 1)[0]
    )
    if "analysis group" in header and "analysis number" in header:
        return "revman"
    signs_of_metapsy = ("condition_arm1", "cond_spec_trt1", "condition_trt1", "cond_spec_ig")
    return "metapsy" if any(name in header for name in signs_of_metapsy) else "trials"


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV: whole numbers without a point, nothing that a spreadsheet would run as a formula."""
    whole = [
        field.name for field in trial_fields() if field.type == "integer" and field.name in table.columns
    ]
    plain = table.astype(dict.fromkeys(whole, "Int64"))
    for name in plain.columns:
        if plain[name].dtype == object or str(plain[name].dtype) in ("str", "string"):
            risky = plain[name].astype(str).str.startswith(FORMULA)
            plain[name] = plain[name].where(~risky, "'" + plain[name].astype(str))
    return plain.to_csv(index=False, lineterminator="\n")


def write_all(contents: dict[Path, bytes]) -> None:
    """Write several files, each replaced in one step; if one cannot be written, none is changed.

    Raises
    ------
    EvidenceError
        If a folder is missing or full, or a file cannot be replaced.
    """
    before: dict[Path, bytes | None] = {}
    made: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            made.append((_temporary(path, content), path))
        for temporary, path in made:
            before[path] = path.read_bytes() if path.exists() else None
            os.replace(temporary, path)
    except OSError as error:
        _undo(before, [temporary for temporary, _ in made])
        reason = error.strerror or str(error)
        raise EvidenceError(
            f"{error.filename or next(iter(contents))} cannot be written: {reason}. Nothing was changed."
        ) from error


def _temporary(path: Path, content: bytes) -> Path:
    """A finished file in the folder of `path`, so that it can take its place in one step."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)  # temporary files are private, the table is not
    except OSError:
        os.unlink(name)
        raise
    return Path(name)


def _undo(before: dict[Path, Any], temporaries: Sequence[Path]) -> None:
    for path, content in before.items():
        with suppress(OSError):
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
    for temporary in temporaries:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
