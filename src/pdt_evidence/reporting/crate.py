"""What was made from what, in JSON-LD: a Process Run Crate, a profile of Workflow Run RO-Crate.

It has the program, the tables it read with their hashes, and every file written. It says no time of day, so that
two runs on the same data give the same bytes (of a table of one's own: on the same day).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pdt_evidence.evidence import descriptor
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.own_table import OwnTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CRATE", "PROGRAM", "crate"]

CRATE = "ro-crate-metadata.json"
PROGRAM = "https://pypi.org/project/pdt-evidence"
KINDS = {".csv": "text/csv", ".html": "text/html", ".json": "application/json", ".pdf": "application/pdf",
         ".png": "image/png", ".svg": "image/svg+xml"}  # fmt: skip
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")
ABOUT = "https://w3id.org/ro/crate/1.1"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"


def crate(contents: Contents | OwnTable, folder: Path, made: Iterable[Path], command: str) -> dict[str, Any]:
    """The run of `command`: which program made which files `made`, below `folder`, from which tables."""
    inputs = _bundled_tables() if isinstance(contents, Contents) else [_own_table(contents)]
    if isinstance(contents, Contents) and contents.imported is not None:
        inputs.append(_imported(contents.imported))
    outputs = [_file(path, folder) for path in sorted(made)]
    program = _program(contents.versions)
    action = {
        "@id": f"#{command}",
        "@type": "CreateAction",
        "name": f"pdt-evidence {command}",
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "instrument": {"@id": program["@id"]},
        "object": [{"@id": one["@id"]} for one in inputs],
        "result": [{"@id": one["@id"]} for one in outputs],
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        **_about(contents),
        "conformsTo": {"@id": PROFILE},
        "hasPart": [{"@id": one["@id"]} for one in outputs],
        "mentions": {"@id": action["@id"]},
    }
    itself = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": ABOUT},
        "about": {"@id": "./"},
    }
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    return {
        "@context": [f"{ABOUT}/context", TERMS],
        "@graph": [itself, root, profile, program, action, *inputs, *outputs],
    }


def _about(contents: Contents | OwnTable) -> dict[str, Any]:
    """What every crate must say of itself: name, description, date, licence."""
    if isinstance(contents, OwnTable):
        return {
            "name": f"The numbers in {contents.name}",
            "description": "Report and results computed from a table of trials.",
            "datePublished": datetime.now(UTC).date().isoformat(),
            "license": "Not stated: the rights in the table are those of its owner.",
        }
    package = descriptor()
    return {
        "name": package["title"],
        "description": "Tables, figures and report recomputed from the bundled evidence.",
        "datePublished": package["created"][:10],
        "license": {"@id": package["licenses"][0]["path"]},
    }


def _program(versions: dict[str, str]) -> dict[str, Any]:
    return {
        "@id": PROGRAM,
        "@type": "SoftwareApplication",
        "name": "pdt_evidence",
        "version": versions["pdt_evidence"],
        "softwareRequirements": [f"{name} {versions[name]}" for name in LIBRARIES],
    }


def _bundled_tables() -> list[dict[str, Any]]:
    """The tables that come with the library: read by the run, and no part of what it made."""
    return [
        _input(f"#data/{one['path']}", one["name"], one["hash"].split(":")[-1])
        for one in descriptor()["resources"]
    ]


def _own_table(contents: OwnTable) -> dict[str, Any]:
    return _input("#table", contents.name, contents.data_sha256, contents.origin or "A table in memory.")


def _imported(table: pd.DataFrame) -> dict[str, Any]:
    about = OwnTable(table=table, by=())
    return _input("#imported", about.name, about.data_sha256, about.origin or "A table in memory.")


def _input(name: str, title: str, sha256: str, description: str = "") -> dict[str, Any]:
    about = {"description": description} if description else {}
    return {"@id": name, "@type": "CreativeWork", "name": title, **about, "sha256": sha256}


def _file(path: Path, folder: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "@id": quote(path.relative_to(folder).as_posix()),
        "@type": "File",
        "name": path.name,
        "encodingFormat": KINDS.get(path.suffix, "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
