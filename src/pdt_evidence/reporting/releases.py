"""What a run left behind, read back: the pools, rows and verdicts of `results.json`, of its folder or its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.analysis.updates.sides import Side
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_any
from pdt_evidence.reporting.records import RESULTS
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_release"]

BY = ("comparison", "outcome", "follow_up")
POOLED = {*BY, "estimate", "ci_low", "ci_high", "k"}  # columns of tables/pooled.csv
NEEDED = ("k", "measure", "estimate", "ci", "tau2", "method", "test", "level", "row_ids")
CLAIM = ("number", "claim_id", "statement", "source_says", "numbers_say", "verdict")
PAIRS = ("ci", "pi", "tau2_ci", "I2_ci")
NUMBERS = ("estimate", "se", "p", "tau2", "I2", "Q", "Q_p", "level")


def read_release(path: Path) -> Side | pd.DataFrame:
    """A folder that `reproduce` wrote, its `results.json`, its table of pools; or any table of trials.

    Raises
    ------
    EvidenceError
        For a path that is not there, a folder without `results.json`, or a file that is none of these.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == ".json":
        return _results(path)
    if path.suffix.lower() == ".csv" and path.is_file():
        import pandas as pd

        try:
            head = pd.read_csv(path, nrows=0)
        except ValueError:
            return _table(path)  # which says what is wrong with it
        if set(head.columns) >= POOLED and "row_id" not in head:
            return _pooled(path)
    return _table(path)


def _table(path: Path) -> pd.DataFrame:
    """A table of trials; the name of its file, which stands for a source that it does not name, is no cell of it."""
    table = read_any(path)
    if "source_id" in table and bool((table["source_id"] == path.stem).all()):
        return table.drop(columns="source_id")
    return table


def _folder(folder: Path) -> Side:
    if not (folder / RESULTS).is_file():
        raise EvidenceError(
            f"{folder} has no {RESULTS}: expected a folder that `pdt-evidence reproduce` wrote. Give such a "
            f"folder, its {RESULTS}, or a table of trials."
        )
    return _results(folder / RESULTS)


def _results(path: Path) -> Side:
    """Pools and verdicts; rows from the table of trials beside it, where there is one."""
    found = _read_json(path)
    problems = [f"no {name!r}" for name in ("pools", "claims") if not isinstance(found.get(name), list)]
    problems += [
        f"pool {at}: no {name!r}"
        for at, pool in enumerate(found.get("pools") or (), 1)
        for name in (*BY, *NEEDED)
        if not isinstance(pool, Mapping) or name not in pool
    ]
    problems += [
        f"claim {at}: no {name!r}"
        for at, claim in enumerate(found.get("claims") or (), 1)
        for name in CLAIM
        if not isinstance(claim, Mapping) or name not in claim
    ]
    if problems:
        raise EvidenceError(
            f"{path} is not what `pdt-evidence reproduce` writes as {RESULTS}: {'; '.join(problems[:5])}. Give such a "
            "file, its folder, or a table of trials."
        )
    import pandas as pd

    strata = {tuple(pool[name] for name in BY): _effect(pool) for pool in found["pools"]}
    trials = path.parent / "tables" / "trials.csv"
    verdicts = pd.DataFrame([{name: claim[name] for name in CLAIM} for claim in found["claims"]])
    return Side(
        name=f"release {found.get('pdt_evidence', '')}".strip(),
        by=BY,
        strata=strata,
        rules=_rules(strata),
        rows=read_any(trials) if trials.is_file() else None,
        verdicts=verdicts.reindex(columns=list(CLAIM)),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EvidenceError(
            f"{path} is not there. Give a folder that `pdt-evidence reproduce` wrote, its {RESULTS}, or a table of "
            "trials."
        ) from error
    except (ValueError, OSError) as error:
        raise EvidenceError(f"{path} cannot be read as JSON: {error}.") from error
    return found if isinstance(found, dict) else {}


def _effect(pool: Mapping[str, Any]) -> PooledEffect:
    """A pool of `results.json`; null is NaN, and what an older release does not say stays open."""
    values: dict[str, Any] = {name: _number(pool.get(name)) for name in NUMBERS}
    values |= {name: tuple(map(_number, pool.get(name) or (None, None))) for name in PAIRS}
    return PooledEffect(
        stratum={name: str(pool[name]) for name in BY},
        k=int(pool["k"]),
        measure=str(pool["measure"]),
        method=str(pool["method"]),
        test=str(pool["test"]),
        row_ids=tuple(map(str, pool["row_ids"])),
        labels=tuple(map(str, pool.get("labels") or ())),
        weights=np.array(pool.get("weights") or (), dtype=float),
        **values,
    )


def _number(value: Any) -> float:
    return nan if value is None else float(value)


def _pooled(path: Path) -> Side:
    """Estimates alone: a table of pools names neither its rows nor their weights."""
    import pandas as pd

    table = pd.read_csv(path)
    strata = {}
    for row in table.to_dict("records"):
        plain = {
            str(name): None if isinstance(cell, float) and np.isnan(cell) else cell
            for name, cell in row.items()
        }
        pairs = {name: (plain.get(f"{name}_low"), plain.get(f"{name}_high")) for name in PAIRS}
        rules = {"measure": "GEN", "method": "", "test": "", "level": 0.95, "row_ids": ()}
        strata[tuple(str(row[name]) for name in BY)] = _effect(rules | plain | pairs)
    return Side(
        name=path.name,
        by=BY,
        strata=strata,
        rules=_rules(strata),
        notes=(f"{path.name} has estimates only, so rows and weights are not compared.",),
    )


def _rules(strata: Mapping[Any, PooledEffect]) -> dict[str, object]:
    """The rules that all pools share; the way dependence is dealt with is that of every release so far."""
    names = ("method", "test", "level")
    said = {name: {getattr(fit, name) for fit in strata.values()} for name in names}
    return {name: values.pop() for name, values in said.items() if len(values) == 1} | {
        "dependence": "aggregate",
        "rho": 0.6,
    }
