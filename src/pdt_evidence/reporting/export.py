"""Tables and results as files for other programs; the ending of the name says which.

.csv tidy table · .R script for metafor, with its data · .json results with their schema ·
.ris and .bib references · a folder: a Frictionless data package.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.effects.inputs import BASES
from pdt_evidence.errors import EvidenceError, RequestError, known_options
from pdt_evidence.evidence import sources
from pdt_evidence.evidence.frames import found_in, numbers_given
from pdt_evidence.evidence.p_values import P_COLUMNS
from pdt_evidence.evidence.package import fields as bundled_fields
from pdt_evidence.evidence.readers.columns import trial_fields
from pdt_evidence.evidence.readers.writing import csv_text, write_all
from pdt_evidence.reporting.citations import as_bibtex, as_ris, citations
from pdt_evidence.reporting.metafor_script import metafor_files
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["POOLED", "export", "results_schema"]

POOLED = (".r", ".json")  # what holds a pool, not rows
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
    "Mapping[str, Any]": {"type": "object"},
    "Mapping[str, tuple[Any, ...]]": {"type": "object", "additionalProperties": {"type": "array"}},
}
SOURCE_COLUMNS = {  # in JSON, with the type of each
    "source_id": {"type": "string"},
    "citation": {"type": "string"},
    "doi": {"type": "string"},
    "licence": {"type": "string"},
    "file": {"type": "string"},
    "bytes": {"type": "integer"},
    "sha256": {"type": "string"},
    "imported_as": {"type": "string"},
}
SETTINGS = ("by", "measure", "method", "test", "level", "dependence", "rho")


@known_options
def export(what: Exportable, path: str | Path, **options: Any) -> list[Path]:
    """Write a table of trials or a synthesis in the format that the name of `path` asks for.

    Parameters
    ----------
    what : DataFrame or Synthesis
        A table of trials (as `trials`, `read_trials` or an import gives it), or what `synthesize` gives.
    path : str or Path
        - `name.csv`: a tidy table (of a synthesis: one row a stratum);
        - `name.R`: an R script that pools with metafor and stops unless it finds the same, beside
          `name_effects.csv` (yi, vi, slab) and `name_pooled.csv` (and, of models of several rows a trial,
          `name_covariances.csv`); a table is synthesized first;
        - `name.json`: the results of a synthesis, and `name.schema.json`, which describes them; a table is
          synthesized first;
        - `name.ris`, `name.bib`: the sources and trials of a table;
        - a folder: the table and its sources as a Frictionless data package.
    **options
        Of `synthesize`, for a table that is synthesized first.

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
    ...     written = pdt.export(pdt.trials(comparison="pdt_vs_cbt"), f"{folder}/sources.ris")
    >>> [path.name for path in written]
    ['sources.ris']
    """
    if not str(path).strip():
        raise RequestError("export() needs the name of a file or a folder; found none.")
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise EvidenceError(
            f"{path}: expected a name ending in {', '.join(filter(None, WRITERS))}, or a folder without an ending; "
            f"found {path.suffix!r}."
        )
    pools = ending in POOLED and not isinstance(what, Synthesis)
    if options and not pools:
        raise RequestError(f"{path}: {', '.join(options)} are options of a synthesis, and none is made here.")
    contents = WRITERS[ending](what, path, options)
    if ending == "":
        _make_folder(path)
    write_all(contents)
    return list(contents)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be made a folder: {error.strerror}.") from error


def _csv(what: Exportable, path: Path, _: Mapping[str, Any]) -> dict[Path, bytes]:
    table = what.to_frame() if isinstance(what, Synthesis) else _with_numbers(what)
    return {path: csv_text(table).encode()}


def _with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table, if what should be numbers of arms are, and such as could be read again; else every fault at once."""
    problems = []
    for field in trial_fields():
        if (
            field.type not in ("integer", "number")
            or field.name not in table.columns
            or field.name in P_COLUMNS
        ):
            continue
        numbers, wrong = numbers_given(table[field.name])
        expected = "a whole number" if field.type == "integer" else "a number"
        of_arms = field.name in (*BASES["means"], *BASES["events"])
        if field.type == "integer":
            wrong = wrong | (~np.isnan(numbers) & (numbers % 1 != 0))
        if field.name.startswith("sd_"):
            wrong, expected = wrong | (numbers <= 0), "an SD above 0"
        elif of_arms and field.minimum is not None:
            wrong, expected = wrong | (numbers < field.minimum), f"{expected}, {field.minimum:g} or more"
        problems += [found_in(table, field.name, at, expected) for at in np.flatnonzero(wrong).tolist()]
    if problems:
        raise EvidenceError.from_problems(problems, "the table to write")
    return table


def _metafor(what: Exportable, path: Path, options: Mapping[str, Any]) -> dict[Path, bytes]:
    files = metafor_files(_synthesized(what, options), path.stem)
    texts = {name: held if isinstance(held, str) else csv_text(held) for name, held in files.items()}
    return {
        path.with_name(name) if name != f"{path.stem}.R" else path: text.encode()
        for name, text in texts.items()
    }


def _synthesized(what: Exportable, options: Mapping[str, Any]) -> Synthesis:
    from pdt_evidence.analysis.synthesis import synthesize

    return what if isinstance(what, Synthesis) else synthesize(what, **options)


def _json(what: Exportable, path: Path, options: Mapping[str, Any]) -> dict[Path, bytes]:
    schema = path.with_suffix(".schema.json")
    synthesis = _synthesized(what, options)
    settings = {name: getattr(synthesis, name) for name in SETTINGS}
    settings["by"] = list(synthesis.by)
    settings["rho"] = None if synthesis.rho != synthesis.rho else synthesis.rho
    content = {
        "$schema": schema.name,
        "settings": settings,
        "sources": _sources(what),
        "strata": [_of_type(effect) for _, effect in synthesis.items()],
        "left_out": json.loads(synthesis.left_out.to_json(orient="records")),
        "notes": list(synthesis.notes),
    }
    return {path: _dumped(content), schema: _dumped(results_schema())}


def _of_type(effect: PooledEffect) -> dict[str, Any]:
    """What every pooled effect has; a model's own numbers stay with it."""
    values = effect.to_dict()
    return {item.name: values[item.name] for item in fields(PooledEffect)}


def _sources(what: Exportable) -> list[dict[str, Any]]:
    """The sources of the rows: of a table with the file it was read from, of a synthesis by their names."""
    if isinstance(what, Synthesis):
        named = [str(name) for _, effect in what.items() for name in effect.columns.get("source_id", ())]
        parts = sorted({part for name in named for part in re.split(r" / |\+", name)})
        what = pd.DataFrame({"source_id": parts}, dtype=object)
    table = sources(what)
    kept = [name for name in SOURCE_COLUMNS if name in table]
    return json.loads(table[kept].to_json(orient="records"))


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
                "sources": {
                    "type": "array",
                    "items": of_object(SOURCE_COLUMNS) | {"required": ["source_id"]},
                },
                "strata": {"type": "array", "items": of_object(effect)},
                "left_out": {"type": "array", "items": row | {"additionalProperties": True}},
                "notes": JSON_TYPES["tuple[str, ...]"],
            }
        ),
    }


def _references(what: Exportable, path: Path, _: Mapping[str, Any]) -> dict[Path, bytes]:
    if isinstance(what, Synthesis):
        raise RequestError(
            f"{path}: references belong to a table of trials. Give the table that was synthesized."
        )
    write = as_ris if path.suffix.lower() == ".ris" else as_bibtex
    return {path: write(citations(what)).encode()}


def _package(what: Exportable, path: Path, _: Mapping[str, Any]) -> dict[Path, bytes]:
    """A data package of the selection: its rows, the sources they rest on, every column described."""
    if isinstance(what, Synthesis):
        raise RequestError(
            f"{path}: a data package holds a table of trials. Give the table that was synthesized."
        )
    table = _with_numbers(pd.DataFrame(what))
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


WRITERS: Mapping[str, Callable[[Exportable, Path, Mapping[str, Any]], dict[Path, bytes]]] = {
    ".csv": _csv,
    ".r": _metafor,
    ".json": _json,
    ".ris": _references,
    ".bib": _references,
    "": _package,
}
