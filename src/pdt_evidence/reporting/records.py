"""What a machine reads of a run: the results as JSON, and what was made from what (RO-Crate).

`results.json` follows `results.schema.json`, which comes with the library. `ro-crate-metadata.json` describes
the run as a Process Run Crate: the program, the bundled tables with their hashes, and every file written. It says
no time of day, so that two runs on the same data give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from pdt_evidence.evidence import descriptor
from pdt_evidence.formatting import plain
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.results import PooledEffect

__all__ = ["CRATE", "RESULTS", "crate", "results", "results_schema", "write_records"]

RESULTS, CRATE = "results.json", "ro-crate-metadata.json"
SCHEMA_VERSION = "1"
EFFECT = (
    "k", "measure", "estimate", "se", "ci", "level", "p", "pi", "tau2", "tau2_ci", "I2", "I2_ci", "Q", "Q_df",
    "Q_p", "method", "test", "row_ids", "labels", "weights",
)  # fmt: skip
KINDS = {".csv": "text/csv", ".html": "text/html", ".json": "application/json", ".pdf": "application/pdf",
         ".png": "image/png", ".svg": "image/svg+xml"}  # fmt: skip
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")
ABOUT = "https://w3id.org/ro/crate/1.1"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"


def results_schema() -> dict[str, Any]:
    """The JSON Schema of `results.json`."""
    return json.loads((files("pdt_evidence.reporting") / "results.schema.json").read_text(encoding="utf-8"))


def results(contents: Contents) -> dict[str, Any]:
    """Pools and verdicts of a run as plain values; NaN is null."""
    pools = [
        {"comparison": comparison, "outcome": key[0], "follow_up": key[1], **_effect(effect)}
        for comparison, synthesis in contents.pooled.items()
        for key, effect in synthesis.strata.items()
    ]
    claims = [
        {
            "number": one.claim.number,
            "claim_id": one.claim.claim_id,
            "statement": one.claim.statement,
            "source_says": one.source_says,
            "numbers_say": one.numbers_say,
            "verdict": one.verdict,
            "why": one.why,
        }
        for one in contents.claims
    ]
    versions = {
        name: word for name, word in contents.versions.items() if name in ("pdt_evidence", "data (SHA-256)")
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "pdt_evidence": versions["pdt_evidence"],
        "data_sha256": versions["data (SHA-256)"],
        "sign": "above 0 favours psychodynamic therapy",
        "pools": pools,
        "claims": claims,
        "not_pooled": plain(contents.left_out().to_dict("records")),
    }


def _effect(effect: PooledEffect) -> dict[str, Any]:
    return {
        **{name: plain(getattr(effect, name)) for name in EFFECT},
        "notes": [str(note) for note in effect.notes],
    }


def crate(contents: Contents, folder: Path) -> dict[str, Any]:
    """The run in JSON-LD: which program made which files of `folder` from which tables."""
    package = descriptor()
    inputs = [
        {
            "@id": f"data/{one['path']}",
            "@type": "File",
            "name": one["name"],
            "sha256": one["hash"].split(":")[-1],
        }
        for one in package["resources"]
    ]
    made = [
        _file(path, folder) for path in sorted(folder.rglob("*")) if path.is_file() and path.name != CRATE
    ]
    program = {
        "@id": "https://pypi.org/project/pdt-evidence",
        "@type": "SoftwareApplication",
        "name": "pdt_evidence",
        "version": contents.versions["pdt_evidence"],
        "softwareRequirements": [
            f"{name} {word}"
            for name, word in contents.versions.items()
            if name in ("numpy", "scipy", "pandas", "matplotlib")
        ],
    }
    action = {
        "@id": "#reproduce",
        "@type": "CreateAction",
        "name": "pdt-evidence reproduce",
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "instrument": {"@id": program["@id"]},
        "object": [{"@id": one["@id"]} for one in inputs],
        "result": [{"@id": one["@id"]} for one in made],
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": package["title"],
        "description": "Tables, figures and report recomputed from the bundled evidence.",
        "datePublished": package["created"][:10],
        "license": {"@id": package["licenses"][0]["path"]},
        "conformsTo": {"@id": PROFILE},
        "hasPart": [{"@id": one["@id"]} for one in (*inputs, *made)],
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
        "@context": f"{ABOUT}/context",
        "@graph": [itself, root, profile, program, action, *inputs, *made],
    }


def _file(path: Path, folder: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "@id": path.relative_to(folder).as_posix(),
        "@type": "File",
        "encodingFormat": KINDS.get(path.suffix, "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def write_records(contents: Contents, folder: Path) -> None:
    """Write `results.json` and then, last of all files, the crate that lists them."""
    for name, made in ((RESULTS, results), (CRATE, lambda of: crate(of, folder))):
        text = json.dumps(made(contents), ensure_ascii=False, indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
