"""The bundled data package: where it is, whether it is intact, its tables.

`datapackage.json` describes every table (columns, types, words, units, hash); nothing about
them is written down a second time here. A table is read, hashed and checked once a process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError, require_choice
from pdt_evidence.evidence.schema import Coded, Field, check_table, sentences, typed_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "data_version",
    "descriptor",
    "fields",
    "known_reviews",
    "load",
    "read_csv_table",
    "table_names",
]


def _data_folder() -> Traversable:
    installed = files("pdt_evidence") / "data"
    if installed.is_dir():
        return installed
    checkout = Path(__file__).parents[3] / "data"  # an editable install: the wheel's folder is not made yet
    if checkout.is_dir():
        return checkout
    raise EvidenceError(
        "The data package is missing: neither the installed package nor its checkout has a data folder. "
        "Install pdt-evidence again."
    )


@cache
def descriptor() -> dict[str, Any]:
    """The parsed `datapackage.json`."""
    return json.loads((_data_folder() / "datapackage.json").read_text(encoding="utf-8"))


@cache
def _resources() -> dict[str, dict[str, Any]]:
    return {resource["name"]: resource for resource in descriptor()["resources"]}


def table_names() -> list[str]:
    """Names of the bundled tables."""
    return list(_resources())


@cache
def fields(name: str) -> tuple[Field, ...]:
    """Columns of the bundled table `name`, in order."""
    require_choice("table", name, table_names())
    return tuple(Field.from_descriptor(field) for field in _resources()[name]["schema"]["fields"])


@cache
def data_version() -> str:
    """SHA-256 over the hashes of all tables: two reports with the same one rest on the same data."""
    joined = "\n".join(f"{name} {resource['hash']}" for name, resource in sorted(_resources().items()))
    return hashlib.sha256(joined.encode()).hexdigest()


@cache
def _checked(name: str) -> pd.DataFrame:
    resource = _resources()[name]
    content = (_data_folder() / resource["path"]).read_bytes()
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if found != resource["hash"]:
        raise EvidenceError(
            f"{resource['path']} is not the file its package describes: expected {resource['hash']}, "
            f"found {found}. Restore the file, or refresh the hash if you meant to edit it (data/README.md)."
        )
    table, coded = read_csv_table(BytesIO(content), fields(name), where=resource["path"])
    check_table(table, fields(name), where=resource["path"], coded=coded)
    return table


def read_csv_table(
    stream: IO[bytes], fields: Sequence[Field], *, where: str
) -> tuple[pd.DataFrame, dict[str, Coded]]:
    """Read a CSV as text, then give every known column its type; and the words of its columns of words.

    "" is missing; columns that no field names stay text.

    Raises
    ------
    EvidenceError
        With all cells that do not fit their type.
    """
    import pandas as pd

    from pdt_evidence.evidence.frames import as_table, columns_of

    text = pd.read_csv(stream, dtype=object, keep_default_na=False, encoding="utf-8-sig")
    table, problems, coded = typed_columns(text, fields)
    if problems:
        raise EvidenceError.from_problems(sentences(problems), where)
    words = pd.Series(dtype="str").dtype
    dtypes = {name: words for name, dtype in table.dtypes.items() if dtype.kind == "O"}
    return as_table(columns_of(table), dtypes), coded


def load(name: str) -> pd.DataFrame:
    """A copy of the bundled table `name`, checked against its hash and schema.

    Text columns hold "" where nothing was reported, number columns NaN.

    Raises
    ------
    EvidenceError
        If there is no such table, or the file was changed, or does not fit its schema.
    """
    require_choice("table", name, table_names())
    return _checked(name).copy()


def known_reviews() -> list[str]:
    """Names a file can be said to belong to: the reviews whose members, results or missing numbers are listed."""
    return sorted(
        {*load("members")["review_id"], *load("reviews")["review_id"], *load("wanted")["review_id"]} - {""}
    )
