"""What a machine reads of a run: the results as JSON, and what was made from what (RO-Crate).

`results.json` follows `results.schema.json`, which comes with the library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.writing import write_all
from pdt_evidence.formatting import plain
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.crate import CRATE, PROGRAM, crate
from pdt_evidence.reporting.own_opening import favoured
from pdt_evidence.reporting.own_table import OwnTable
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.records import Judgement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CRATE", "RESULTS", "refuse_others", "results", "results_schema", "write_records"]

RESULTS = "results.json"
SCHEMA_VERSION = "2"
STRATUM = ("comparison", "outcome", "follow_up")  # of the bundled strata
EFFECT = (
    "k", "measure", "estimate", "se", "ci", "level", "p", "pi", "tau2", "tau2_ci", "I2", "I2_ci", "Q", "Q_df",
    "Q_p", "method", "test", "row_ids", "labels", "weights",
)  # fmt: skip


def results_schema() -> dict[str, Any]:
    """The JSON Schema of `results.json`."""
    return json.loads((files("pdt_evidence.reporting") / "results.schema.json").read_text(encoding="utf-8"))


def results(contents: Contents | OwnTable) -> dict[str, Any]:
    """Pools and verdicts of a run as plain values; NaN is null."""
    own = isinstance(contents, OwnTable)
    return {
        "schema_version": SCHEMA_VERSION,
        "pdt_evidence": contents.versions["pdt_evidence"],
        "data": contents.origin or contents.name if own else "the evidence that comes with pdt_evidence",
        "data_sha256": contents.data_sha256 if own else contents.versions["data (SHA-256)"],
        "sign": favoured(contents.strata) if own else "above 0 favours psychodynamic therapy",
        "pools": [
            {**_of_stratum({"comparison": comparison, **effect.stratum}), **_effect(effect)}
            for comparison, synthesis in contents.pooled.items()
            for effect in synthesis.strata.values()
        ],
        "claims": [] if own else [_claim(one) for one in contents.claims],
        "not_pooled": _not_pooled(contents) if own else plain(contents.left_out().to_dict("records")),
    }


def _of_stratum(stratum: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a stratum with their words, those of the bundled strata by name: blank where there is none."""
    return {name: str(stratum.get(name, "")) for name in STRATUM} | {
        "stratum": {name: str(word) for name, word in stratum.items() if word != ""}
    }


def _claim(judged: Judgement) -> dict[str, Any]:
    return {
        "number": judged.claim.number,
        "claim_id": judged.claim.claim_id,
        "statement": judged.claim.statement,
        "source_says": judged.source_says,
        "numbers_say": judged.numbers_say,
        "verdict": judged.verdict,
        "why": judged.why,
    }


def _not_pooled(contents: OwnTable) -> list[dict[str, str]]:
    rows = contents.rows
    compared = (
        dict(zip(rows["row_id"], _words(rows["comparison"]), strict=True)) if "comparison" in rows else {}
    )
    return [{"comparison": compared.get(row["row_id"], ""), **row} for row in contents.left_out]


def _words(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


def _effect(effect: PooledEffect) -> dict[str, Any]:
    return {
        **{name: plain(getattr(effect, name)) for name in EFFECT},
        "notes": [str(note) for note in effect.notes],
    }


def refuse_others(folder: Path) -> None:
    """Stop where a file that would be replaced was not written by this library.

    Raises
    ------
    EvidenceError
        If `folder` has a `results.json` or a crate of another program.
    """
    for name, mark in ((RESULTS, '"pdt_evidence"'), (CRATE, PROGRAM)):
        path = folder / name
        if path.is_file() and mark not in path.read_text(encoding="utf-8", errors="replace"):
            raise EvidenceError(
                f"{path} was not written by pdt_evidence, and the report would replace it. Write the report to a "
                "folder of its own."
            )


def write_records(
    contents: Contents | OwnTable, folder: Path, made: Iterable[Path], command: str = "reproduce"
) -> None:
    """Write `results.json`, and the crate that lists it with what the run of `command` has `made` in `folder`."""
    write_all({folder / RESULTS: _dumped(results(contents))})
    everything = {*made, folder / RESULTS}
    write_all({folder / CRATE: _dumped(crate(contents, folder, everything, command))})


def _dumped(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
