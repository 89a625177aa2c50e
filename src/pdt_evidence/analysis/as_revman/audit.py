"""The totals a review prints, computed again from its own rows and compared number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.as_revman.pooling import RevmanPool, pool_as_revman
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.models.fixed import common_effect
from pdt_evidence.showing import Brief, Cells, cells_of

if TYPE_CHECKING:
    from pdt_evidence.evidence.readers.imported import ImportedTrials

__all__ = ["Audit", "audit"]

NUMBERS = (
    "mean_t",
    "sd_t",
    "n_t",
    "mean_c",
    "sd_c",
    "n_c",
    "event_t",
    "event_c",
    "estimate",
    "se",
    "o_minus_e",
    "variance",
)
COUNTS = ("n_t", "n_c", "event_t", "event_c")
NOTHING = ("k", "Q", "Q_df", "I2", "tau2")  # what is 0 of a total without studies
SETTINGS = ("kind", "measure", "method", "random", "estimator", "interval", "level")
# Files carry up to 17 digits, but Review Manager's own normal quantiles and tails are good to about 7.
PRECISION = 1e-6
TAIL_PRECISION = 5e-7  # absolute, of its chi-squared tail


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Audit(Brief):
    """Every printed number of a review beside ours."""

    cells: pd.DataFrame  # one row a number
    file: str
    sha256: str

    @property
    def reproduced(self) -> pd.DataFrame:
        """The numbers that agree within the rounding they are printed with."""
        return self.cells[self.cells["reproduced"]]

    @property
    def not_reproduced(self) -> pd.DataFrame:
        """Those that do not."""
        return self.cells[~self.cells["reproduced"]]

    def to_frame(self) -> pd.DataFrame:
        """All numbers: printed, recomputed, difference, the rounding allowed for, and whether they agree."""
        return self.cells.copy()

    def summary(self) -> str:
        """How many numbers agree, and each that does not on a line of its own."""
        printed = self.cells[self.cells["study"] == ""]
        totals = printed.groupby(["analysis", "subgroup"], sort=False)["reproduced"].all()
        lines = [
            f"{self.file}: {len(self.reproduced)} of {len(self.cells)} printed numbers reproduced "
            f"({int(totals.sum())} of {len(totals)} totals in every number)."
        ]
        for row in self.not_reproduced.itertuples():
            within = "".join(f", {name}" for name in (row.subgroup, row.study) if name)
            lines.append(
                f"  {row.analysis}{within}: {row.cell} printed {row.printed:g}, recomputed {row.recomputed:g}"
            )
        return "\n".join(lines)

    def _cells(self) -> Cells:
        names = ("analysis", "subgroup", "study", "cell", "printed", "recomputed", "reproduced")
        return cells_of(self.cells, **{name: name for name in names})


@known_options
def audit(imported: ImportedTrials | str | Path) -> Audit:
    """Recompute every total that a review prints, as Review Manager computes it.

    Parameters
    ----------
    imported : ImportedTrials or path
        What `read_revman` gives, or the file itself.

    Returns
    -------
    Audit
        `.cells` has one row for each printed number. It is reproduced if ours differs by no more
        than half a unit of its last printed digit, or by one part in a million, the precision of
        Review Manager's own normal quantiles.

    Raises
    ------
    EvidenceError
        If the table did not come from a review with totals.

    Notes
    -----
    Rows are used as the review has them, before any arm or sign was turned. The statistic is
    compared without its sign, which reviews do not print. What a review leaves uncalculated is
    not compared. Weights have the name of their `study`; totals have none.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> export = '''Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,Effect Measure,\\
    ... Analysis Model,Mean 1,SD 1,Total 1,Mean 2,SD 2,Total 2,Effect Estimate,CI Start,CI End
    ... 1,0,0,STPP versus control,,,,,,,,,,,,,
    ... 1,1,0,Depression at the end of treatment,CON,IV,Mean Difference,Fixed,,,,,,,-3.00,-5.63,-0.37
    ... 1,1,0,Adler 1999,,,,,10,6,20,14,6,20,,,
    ... 1,1,0,Berger 2003,,,,,11,6,20,13,6,20,,,
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "review.csv")
    ...     _ = path.write_text(export, encoding="utf-8")
    ...     found = pdt.audit(pdt.read_revman(path, better="lower"))
    >>> found.cells[["cell", "printed", "recomputed", "reproduced"]].round(2).head(3).to_dict("records")
    [{'cell': 'estimate', 'printed': -3.0, 'recomputed': -3.0, 'reproduced': True}, {'cell': 'ci_low', 'printed':
    -5.63, 'recomputed': -5.63, 'reproduced': True}, {'cell': 'ci_high', 'printed': -0.37, 'recomputed': -0.37,
    'reproduced': True}]
    """
    if isinstance(imported, (str, Path)):
        from pdt_evidence.evidence.readers import read_any

        imported = read_any(imported)
    analyses, totals = getattr(imported, "analyses", None), getattr(imported, "totals", None)
    if analyses is None or totals is None:
        raise RequestError(_no_totals(getattr(imported, "source", None) or {}))
    if totals.empty:
        raise RequestError(
            f"audit: {imported.source['file']} prints no totals, so there is nothing to compare."
        )
    cells = pd.DataFrame([*_compare(analyses, totals), *_compare_weights(analyses)])
    return Audit(cells=cells, file=imported.source["file"], sha256=imported.source["sha256"])


def _no_totals(source: Mapping[str, Any]) -> str:
    """Why there is nothing to audit, and which file to give instead."""
    if not source:
        return "audit: expected what read_revman gives, found a table without printed totals."
    first = source.get("imported", {})
    if first.get("format", "").startswith("RevMan"):
        return (
            f"audit: {source['file']} is a table of trials, in which no totals are printed. Its totals are in "
            f"{first['file']}, from which it was imported: audit that file."
        )
    kind = "a Metapsy database" if "Metapsy" in source["format"] else "a table of trials"
    return (
        f"audit: {source['file']} is {kind}, in which no totals are printed: there is nothing to compare. "
        "Give the Review Manager file of a review (.rm5, or its data package .zip)."
    )


def _compare(analyses: pd.DataFrame, totals: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows_of: dict[Any, pd.DataFrame] = dict(iter(analyses.groupby("analysis", sort=False)))
    ours: dict[tuple[str, str], dict[str, tuple[float, ...]]] = {}
    for total in totals.to_dict("records"):
        number, subgroup, cell, printed = (
            total[name] for name in ("analysis", "subgroup", "cell", "printed")
        )
        rows = rows_of.get(number)
        if (number, subgroup) not in ours:
            ours[number, subgroup] = {} if rows is None else _recomputed(rows, subgroup)
        candidates = ours[number, subgroup].get(cell, (nan,))
        value = min(candidates, key=lambda found, printed=printed: _distance(found, printed))
        outcome = "" if rows is None else rows["outcome"].iloc[0]
        yield _cell(total | {"outcome": outcome, "study": ""}, value)


def _cell(found: Mapping[Any, Any], value: float) -> dict[str, Any]:
    """A printed number beside ours, and whether they agree."""
    printed = found["printed"]
    tolerance = max(0.5 * 10.0 ** -found["digits"], PRECISION * abs(printed))
    if found["cell"] in ("Q_p", "between_p"):
        tolerance = max(tolerance, TAIL_PRECISION)
    names = ("analysis", "subgroup", "outcome", "study", "cell", "printed")
    return {name: found[name] for name in names} | {
        "recomputed": value,
        "difference": value - printed,
        "tolerance": tolerance,
        "reproduced": bool(abs(value - printed) <= tolerance * (1 + 1e-9)),
        "line": found["line"],
    }


def _compare_weights(analyses: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The weights of the studies: in the total if one is shown, else in that of their subgroup."""
    for _, rows in analyses[analyses["weight"] > 0].groupby("analysis", sort=False):
        settings = rows.iloc[0]
        if not (settings["overall"] or settings["subtotals"]):
            continue  # without a total there is nothing they are shares of
        every = analyses[analyses["analysis"] == settings["analysis"]]
        shown = every[every["in_overall" if settings["overall"] else "in_subgroup"]]
        for _, part in shown.groupby(np.zeros(len(shown)) if settings["overall"] else "subgroup", sort=False):
            printed = part.assign(ours=_pool(part, settings).weights)
            for row in printed[printed["weight"] > 0].to_dict("records"):
                found = row | {"cell": "weight", "printed": row["weight"], "digits": row["weight_digits"]}
                yield _cell(found, row["ours"])


def _distance(found: float, printed: float) -> float:
    return math.inf if math.isnan(found) else abs(found - printed)


def _recomputed(rows: pd.DataFrame, subgroup: str) -> dict[str, tuple[float, ...]]:
    """Every cell of one total; several values where a review may count in several ways."""
    settings = rows.iloc[0]
    shown = (
        rows[rows["in_subgroup"] & (rows["subgroup"] == subgroup)] if subgroup else rows[rows["in_overall"]]
    )
    if shown.empty:  # a subtotal of no studies counts none
        none: dict[str, tuple[float, ...]] = dict.fromkeys((*COUNTS, *NOTHING), (0.0,))
        return none | {"Q_p": (1.0, 0.0), "p": (1.0, 0.0)}
    total = _pool(shown, settings)
    scale = math.exp if settings["log_scale"] else float
    cells: dict[str, tuple[float, ...]] = {
        "k": (float(shown["study"].nunique()), float(len(shown)), float(total.k)),
        "estimate": (_scaled(total.estimate, scale),),
        "ci_low": (_scaled(total.ci[0], scale),),
        "ci_high": (_scaled(total.ci[1], scale),),
        "statistic": (abs(total.statistic),),
    }
    cells |= {name: (getattr(total, name),) for name in ("p", "tau2", "Q", "Q_df", "Q_p", "I2")}
    if not total.Q_df > 0:  # with one study or none there is nothing to differ, which reviews print so
        cells |= {"tau2": (0.0,), "Q": (0.0,), "Q_df": (0.0,), "Q_p": (1.0, 0.0), "I2": (0.0,)}
    # A total over studies of which some are not estimable counts their persons or leaves them out.
    cells |= {
        name: (float(shown[name].sum()), float(shown[name][shown["estimable"]].sum())) for name in COUNTS
    }
    return cells if subgroup else cells | _between(shown, settings)


def _scaled(value: float, scale: Any) -> float:
    return nan if math.isnan(value) else scale(value)


def _pool(rows: pd.DataFrame, settings: pd.Series) -> RevmanPool:
    columns = {name: rows[name].to_numpy(dtype=float) for name in NUMBERS}
    if settings["swap_events"]:
        for arm in ("t", "c"):
            columns[f"event_{arm}"] = columns[f"n_{arm}"] - columns[f"event_{arm}"]
    sizes = (columns["n_t"] > 0) & (columns["n_c"] > 0)
    usable = rows["estimable"].to_numpy(dtype=bool)
    if settings["kind"] == "continuous":
        usable = usable & sizes & (columns["sd_t"] > 0) & (columns["sd_c"] > 0)
    elif settings["kind"] == "dichotomous":
        usable = usable & sizes
    columns = {name: np.where(usable, values, nan) for name, values in columns.items()}
    return pool_as_revman(columns, **{name: settings[name] for name in SETTINGS})


def _between(rows: pd.DataFrame, settings: pd.Series) -> dict[str, tuple[float, ...]]:
    """The test for differences between subgroups: heterogeneity of their totals."""
    parts = [
        _pool(part, settings) for _, part in rows[rows["subgroup"] != ""].groupby("subgroup", sort=False)
    ]
    if len(parts) < 2:
        return {}
    test = common_effect([part.estimate for part in parts], [part.se**2 for part in parts])
    return {"between_Q": (float(test.Q),), "between_p": (float(test.Q_p),), "between_I2": (float(test.I2),)}
