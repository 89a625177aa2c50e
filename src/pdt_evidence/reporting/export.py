"""Tables and results as files for other programs; the ending of the name says which.

.csv tidy table · .R script for metafor, with its data · .json results with their schema ·
.ris and .bib references · a folder: a Frictionless data package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.evidence.package import fields as bundled_fields
from pdt_evidence.evidence.readers.writing import csv_text, write_all
from pdt_evidence.reporting.citations import as_bibtex, as_ris, citations
from pdt_evidence.reporting.metafor_script import effects_table, pooled_table, script
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["export", "results_schema"]

Exportable = pd.DataFrame | Synthesis
NUMBER = {"type": ["number", "null"]}
JSON_TYPES: Mapping[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": NUMBER,
    "tuple[float, float]": {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2},
    "tuple[str, ...]": {"type": "array", "items": {"type": "string"}},
    "NDArray[np.float64]": {"type": "array", "items": NUMBER},
    "Mapping[str, str]": {"type": "object", "additionalProperties": {"type": "string"}},
    "Mapping[str, tuple[Any, ...]]": {"type": "object", "additionalProperties": {"type": "array"}},
}
SETTINGS = ("by", "measure", "method", "test", "level", "dependence", "rho")


def export(what: Exportable, path: str | Path) -> list[Path]:
    """Write a table of trials or a synthesis in the format that the name of `path` asks for.

    Parameters
    ----------
    what : DataFrame or Synthesis
        A table of trials (as `trials`, `read_trials` or an import gives it), or what `synthesize` gives.
    path : str or Path
        - `name.csv`: a tidy table (of a synthesis: one row a stratum);
        - `name.R`: an R script that pools with metafor and stops unless it finds the same, beside
          `name_effects.csv` (yi, vi, slab) and `name_pooled.csv`; a table is synthesized first;
        - `name.json`: the results of a synthesis, and `name.schema.json`, which describes them;
        - `name.ris`, `name.bib`: the sources and trials of a table;
        - a folder: the table and its sources as a Frictionless data package.

    Returns
    -------
    list of Path
        The files written; all of them, or none.

    Raises
    ------
    EvidenceError
        If the ending is none of these, or does not fit what is exported, or nothing can be written.

    Examples
    --------
    >>> import tempfile
    >>> import pdt_evidence as pdt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(pdt.trials(comparison="pdt_vs_cbt"), f"{folder}/sources.ris")
    >>> [path.name for path in written]
    ['sources.ris']
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise EvidenceError(
            f"{path}: expected a name ending in {', '.join(filter(None, WRITERS))}, or a folder without an ending; "
            f"found {path.suffix!r}."
        )
    contents = WRITERS[ending](what, path)
    if ending == "":
        _make_folder(path)
    write_all(contents)
    return list(contents)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be made a folder: {error.strerror}.") from error


def _csv(what: Exportable, path: Path) -> dict[Path, bytes]:
    table = what.to_frame() if isinstance(what, Synthesis) else what
    return {path: csv_text(table).encode()}


def _metafor(what: Exportable, path: Path) -> dict[Path, bytes]:
    from pdt_evidence.analysis.synthesis import synthesize

    synthesis = what if isinstance(what, Synthesis) else synthesize(what)
    data, pooled = (path.with_name(f"{path.stem}_{part}.csv") for part in ("effects", "pooled"))
    return {
        path: script(synthesis, path.name, data.name, pooled.name).encode(),
        data: csv_text(effects_table(synthesis)).encode(),
        pooled: csv_text(pooled_table(synthesis)).encode(),
    }


def _json(what: Exportable, path: Path) -> dict[Path, bytes]:
    if not isinstance(what, Synthesis):
        raise RequestError(
            f"{path}: JSON holds results. Give what synthesize gives, or write the table as .csv."
        )
    schema = path.with_suffix(".schema.json")
    settings = {name: getattr(what, name) for name in SETTINGS}
    settings["by"] = list(what.by)
    settings["rho"] = None if what.rho != what.rho else what.rho
    content = {
        "$schema": schema.name,
        "settings": settings,
        "strata": [effect.to_dict() for _, effect in what.items()],
        "left_out": json.loads(what.left_out.to_json(orient="records")),
        "notes": list(what.notes),
    }
    return {path: _dumped(content), schema: _dumped(results_schema())}


def _dumped(content: Any) -> bytes:
    return (json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def results_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of exported results; null stands for what cannot be known."""
    effect = {item.name: JSON_TYPES[str(item.type)] for item in fields(PooledEffect)}
    settings = {
        "by": JSON_TYPES["tuple[str, ...]"],
        "measure": {"type": "string"},
        "method": {"type": "string"},
        "test": {"type": "string"},
        "level": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "dependence": {"type": "string"},
        "rho": NUMBER,
    }

    def of_object(properties: dict[str, Any]) -> dict[str, Any]:
        required = sorted(properties)
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    row = of_object({"row_id": {"type": "string"}, "reason": {"type": "string"}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Results of pdt_evidence",
        "description": "Pooled effects by strata; the names are those of PooledEffect, effects above 0 favour arm 1.",
        **of_object(
            {
                "$schema": {"type": "string"},
                "settings": of_object(settings),
                "strata": {"type": "array", "items": of_object(effect)},
                "left_out": {"type": "array", "items": row | {"additionalProperties": True}},
                "notes": JSON_TYPES["tuple[str, ...]"],
            }
        ),
    }


def _references(what: Exportable, path: Path) -> dict[Path, bytes]:
    if isinstance(what, Synthesis):
        raise RequestError(
            f"{path}: references belong to a table of trials. Give the table that was synthesized."
        )
    write = as_ris if path.suffix.lower() == ".ris" else as_bibtex
    return {path: write(citations(what)).encode()}


def _package(what: Exportable, path: Path) -> dict[Path, bytes]:
    """A data package of the selection: its rows, the sources they rest on, every column described."""
    from pdt_evidence.evidence import sources

    if isinstance(what, Synthesis):
        raise RequestError(
            f"{path}: a data package holds a table of trials. Give the table that was synthesized."
        )
    table = pd.DataFrame(what)
    used = sources(what)
    contents = {path / "trials.csv": csv_text(table).encode(), path / "sources.csv": csv_text(used).encode()}
    descriptor = {
        "profile": "tabular-data-package",
        "name": "pdt-evidence-selection",
        "title": "A selection of trials from pdt_evidence",
        "resources": [
            _resource("trials", contents[path / "trials.csv"], table),
            _resource("sources", contents[path / "sources.csv"], used),
        ],
    }
    return contents | {path / "datapackage.json": _dumped(descriptor)}


def _resource(name: str, content: bytes, table: pd.DataFrame) -> dict[str, Any]:
    described = {field.name: field.description for field in bundled_fields(name)}
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": {
            "fields": [
                {"name": str(column), "type": _type(table[column])}
                | ({"description": described[column]} if described.get(str(column)) else {})
                for column in table.columns
            ],
            "missingValues": [""],
        },
    }


def _type(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    return "string"


WRITERS: Mapping[str, Callable[[Exportable, Path], dict[Path, bytes]]] = {
    ".csv": _csv,
    ".r": _metafor,
    ".json": _json,
    ".ris": _references,
    ".bib": _references,
    "": _package,
}
